package demo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	"github.com/smintecm/sdk/smint/sminttest"
	recsync "github.com/smintecm/sdk/sync"
)

const feedToken = "feed-token"

// Feed is what Smint.io is offered of a scope: the surface, served, and Smint.io's
// driver, which reads it when it polls.
type Feed struct {
	Surface *recsync.Surface
	// Dir is its folder.
	Dir    string
	story  *Story
	driver *sminttest.Driver
	scope  *recsync.Scope
	server *httptest.Server
}

// OpenFeed opens the surface of a scope whose policy has one, and serves it.
func (s *Story) OpenFeed(scope *recsync.Scope) (f *Feed, err error) {
	f = &Feed{story: s, scope: scope}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if f.Dir, err = os.MkdirTemp("", "feed"); err != nil {
		return f, err
	}
	if f.Surface, err = recsync.OpenSurface(scope, f.Dir, recsync.SurfaceOptions{}); err != nil {
		return f, err
	}
	handler, err := f.Surface.Handler(adapter.Options{Authenticate: adapter.Bearer(feedToken), Prefix: "/adapter/v1"})
	if err != nil {
		return f, err
	}
	f.server = httptest.NewServer(handler)
	f.driver = s.Smint.NewDriver(f.server.URL+"/adapter/v1", feedToken)
	return f, nil
}

// Close stops serving, and removes what the surface kept.
func (f *Feed) Close() error {
	var errs []error
	if f.server != nil {
		f.server.Close()
	}
	if f.Surface != nil {
		errs = append(errs, f.Surface.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(f.Dir))...)
}

// ReadBack asks the portal what it shows of an asset of the feed. An asset that
// is always there tells a portal that shows nothing from one that answers
// nothing.
func (s *Story) ReadBack(portals *smint.PortalsService) (*smint.PortalReadBack, error) {
	control, err := s.Smint.PutAsset(sminttest.PortalAsset{
		ID: "control", Version: "1", ETag: "1", Name: "Always there", ContentType: "image", FileName: "control.jpg", MediaType: "image/jpeg", Content: []byte("control"),
	})
	return &smint.PortalReadBack{
		Portals: portals, Portal: smint.Portal{UUID: sminttest.PortalUUID}, Now: s.Now, Control: control,
		// The id names the driver's instance, the kind of content and the id in the feed.
		AssetID: func(_ context.Context, external string) (smint.AssetID, error) {
			return smint.AssetID("77:image:otcs-" + external), nil
		},
	}, err
}

// Offer makes one pass over the scope's records and returns what became of each.
func (f *Feed) Offer(ctx context.Context) ([]recsync.SurfaceItem, error) {
	r, err := recsync.SurfaceRecords(ctx, f.scope, f.Surface, recsync.SurfaceRequest{})
	return r.Surfaced, err
}

// Poll has the driver read the feed.
func (f *Feed) Poll(ctx context.Context) error { return f.driver.Poll(ctx) }

// Seen is what creatives see of an asset in the portal, by its id in the feed.
func (f *Feed) Seen(id string) string {
	for _, sight := range f.story.Smint.Sights() {
		switch {
		case sight.ID != id || !sight.Read:
		case sight.Download:
			return "shown, can be downloaded"
		default:
			return "shown as " + sight.Indicator + ", cannot be downloaded"
		}
	}
	return "not shown"
}

// Fetch asks for an asset's bytes, as Smint.io does, and says what came.
func (f *Feed) Fetch(ctx context.Context, id, name string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.server.URL+"/adapter/v1/assets/"+id+"/content?itemId=Original", http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+feedToken)
	resp, err := f.server.Client().Do(r)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode == http.StatusOK {
		f.story.Say("Smint.io fetches the bytes of %s: %q.", name, content)
	} else {
		f.story.Say("Smint.io fetches the bytes of %s: refused, %s.", name, resp.Status)
	}
	return nil
}
