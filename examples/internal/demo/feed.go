package demo

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/smintecm/sdk/smint/adapter"
	"github.com/smintecm/sdk/smint/sminttest"
	recsync "github.com/smintecm/sdk/sync"
)

const feedToken = "feed-token"

// Feed is what Smint.io is offered of a scope: the surface, served, and Smint.io's
// driver, which reads it when it polls.
type Feed struct {
	Surface *recsync.Surface
	story   *Story
	driver  *sminttest.Driver
	scope   *recsync.Scope
	server  *httptest.Server
	dir     string
}

// OpenFeed opens the surface of a scope whose policy has one, and serves it.
func (s *Story) OpenFeed(scope *recsync.Scope) (f *Feed, err error) {
	f = &Feed{story: s, scope: scope}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if f.dir, err = os.MkdirTemp("", "feed"); err != nil {
		return f, err
	}
	if f.Surface, err = recsync.OpenSurface(scope, f.dir, recsync.SurfaceOptions{}); err != nil {
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
	return errors.Join(append(errs, os.RemoveAll(f.dir))...)
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
