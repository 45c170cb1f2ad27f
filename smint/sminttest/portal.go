package sminttest

import (
	"context"
	"io"
	"net/http"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

// PortalUUID is that of the fake's one portal.
const PortalUUID smint.PortalUUID = testserver.PortalUUID

// PortalAsset is an asset as a person finishes it in the portal.
type PortalAsset struct {
	// ID is its id at its source. Version and ETag tell its states apart.
	ID, Version, ETag string
	Name              string
	// ContentType is "image", "document", "video" or "audio".
	ContentType         string
	FileName, MediaType string
	// Attributes are raw attributes by their keys, as those that tell its
	// approval.
	Attributes map[string]any
	Content    []byte
}

// PutAsset shows an asset in the portal, or its next version, and returns its
// id there.
func (s *Server) PutAsset(a PortalAsset) (smint.AssetID, error) {
	err := s.fake.PutAsset(testserver.SmintJSON{
		"id": a.ID, "external_id": a.ID, "version": a.Version, "etag": a.ETag, "content_type": a.ContentType, "name": testserver.SmintText("x-default", a.Name),
		"permissions": []any{"search", "read_details", "download_layout", "download_hires"}, "attributes": a.Attributes,
		"file": testserver.SmintJSON{"file_name": a.FileName, "media_type": a.MediaType, "file_size_in_bytes": len(a.Content)},
	}, testserver.SmintBytes(a.Content))
	return smint.AssetID("99:" + a.ContentType + ":" + a.ID), err
}

// SetAttributes changes raw attributes of an asset, as a person in the portal
// does, by its id at its source. It panics for one that was not put.
func (s *Server) SetAttributes(id string, attributes map[string]any) {
	s.fake.SetAttributes(id, attributes)
}

// RemoveAsset takes an asset out of the portal, by its id at its source. It
// panics for one that is not there.
func (s *Server) RemoveAsset(id string) { s.fake.RemoveAsset(id) }

// Driver plays Smint.io's side of an adapter feed: what a creative sees of the
// feed changes only when it polls.
type Driver struct{ driver *testserver.SmintDriver }

// NewDriver makes a driver that keeps the portal's index from the feed at base,
// such as http://host/adapter/v1, with a bearer token.
func (s *Server) NewDriver(base string, token smint.Secret) *Driver {
	return &Driver{s.fake.NewDriver(testserver.SmintDriverOptions{
		Feed: base, Instance: "77", Header: http.Header{"Authorization": {"Bearer " + token.Reveal()}},
	})}
}

// Poll crawls the feed at first, and reads its changes after that.
func (d *Driver) Poll(ctx context.Context) error {
	_, err := d.driver.Poll(ctx)
	return err
}

// Original downloads an asset's bytes through the portal, by its id in the feed.
func (d *Driver) Original(ctx context.Context, id string) (io.ReadCloser, error) {
	return d.driver.Original(ctx, id)
}

// Sight is what a creative sees of one asset.
type Sight struct {
	// ID is its id in the feed, or at its source.
	ID string
	// Asset is its id in the portal.
	Asset smint.AssetID
	// Read and Download tell whether it is shown, and can be downloaded.
	Read, Download bool
	// Indicator is what the portal says of it, such as that it has expired.
	Indicator string
}

// Sights tells what a creative sees now.
func (s *Server) Sights() []Sight {
	seen := s.fake.Sights()
	list := make([]Sight, 0, len(seen))
	for _, one := range seen {
		list = append(list, Sight{ID: one.ID, Asset: smint.AssetID(one.ScopedID), Read: one.Read, Download: one.Hires, Indicator: one.Indicator})
	}
	return list
}
