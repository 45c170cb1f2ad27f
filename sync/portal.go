package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// PortalSource says which assets of a portal belong to a scope and how they
// are fetched.
type PortalSource struct {
	Portal smint.Portal
	// Query narrows the assets; by default all that the login may see. Its page
	// size is that of the walk, its page and result set do not count.
	Query smint.SearchQuery
	// Item is the form that is recorded. Defaults to smint.ItemOriginal.
	Item string
	// Project, if set, is the key of the raw attribute that names the campaign.
	Project string
}

// checked returns a copy that nobody else can change.
func (p PortalSource) checked(client bool, faults *records.Problems) *PortalSource {
	faults.Check(client, "smint", "none", "a Smint.io client: portal assets come from there")
	faults.Check(p.Portal.UUID != "", "portal.portal.uuid", p.Portal.UUID, "the uuid of a portal")
	if p.Item == "" {
		p.Item = smint.ItemOriginal
	}
	p.Query.Page, p.Query.ResultSet = 0, ""
	return &p
}

// PortalItem is one asset of the scope's portal, or why it cannot be one.
type PortalItem struct {
	// ID is the asset's id in the portal, as far as it could be read.
	ID smint.AssetID
	// Revision tells a change of the content, without which nothing has to be
	// done again.
	Revision smint.Revision
	Asset    Asset
	// Err matches ErrBroken and concerns this item alone. Source is the item as
	// it came.
	Err    error
	Source []byte
}

// PortalAssets walks the assets of the scope's portal, as its [PortalSource]
// narrows them. An item that cannot be an asset has an error of its own; any
// other error ends the walk. What a portal shows while it changes is no
// snapshot: walk again for what moved meanwhile.
func (s *Scope) PortalAssets(ctx context.Context) iter.Seq2[PortalItem, error] {
	return func(yield func(PortalItem, error) bool) {
		if s.portal == nil {
			yield(PortalItem{}, fmt.Errorf("%w: scope %s has no portal", ErrSetup, s.id))
			return
		}
		for a, err := range s.smint.Portals.All(ctx, s.portal.Portal, s.portal.Query) {
			if broken, ok := errors.AsType[*smint.AssetError](err); ok && errors.Is(err, smint.ErrBrokenItem) {
				if !yield(PortalItem{ID: broken.ID, Source: broken.Raw, Err: fmt.Errorf("%w: %w", ErrBroken, err)}, nil) {
					return
				}
				continue
			}
			if err != nil {
				yield(PortalItem{}, fmt.Errorf("portal assets of scope %s: %w", s.id, err))
				return
			}
			item := PortalItem{ID: a.ID, Revision: a.Revision(), Source: a.Raw}
			item.Asset, item.Err = s.PortalAsset(a)
			if !yield(item, nil) {
				return
			}
		}
	}
}

// PortalAsset describes an asset of a portal as an asset of the scope: its id
// and version are the key. It does no I/O. An asset without a version matches
// ErrBroken: a later one could not be told from it.
func (s *Scope) PortalAsset(a *smint.Asset) (Asset, error) {
	key, err := records.NewAssetKey(s.id, string(a.ID), a.Version)
	if err != nil {
		return Asset{}, fmt.Errorf("%w: portal asset %q in version %q: %w", ErrBroken, a.ID, a.Version, err)
	}
	d := Asset{
		Key: key, Title: a.Name.In("en"), Description: a.Description.In("en"), ContentType: string(a.ContentType), Raw: a.Raw,
	}
	if f := a.File; f != nil {
		d.FileName, d.MediaType = cmp.Or(f.FileName, f.Name), f.MediaType
	}
	if d.FileName != "" {
		d.MediaType = cmp.Or(d.MediaType, mediaType(d.FileName))
	}
	if s.portal != nil && s.portal.Project != "" {
		if named := a.Attributes(s.portal.Project); len(named) == 1 {
			d.Project = named[0].Text()
		}
	}
	return d, nil
}

// revisionOf reads the revision that an asset's own description names.
func revisionOf(portals *smint.PortalsService, a Asset) (*smint.Asset, error) {
	described, err := portals.DecodeAsset(a.Raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: its description: %w", ErrBroken, a.Key, err)
	}
	if string(described.ID) != a.Key.Item() || described.Version != a.Key.Version() {
		return nil, fmt.Errorf("%w: %s: its description is that of %q in version %q", ErrBroken, a.Key, described.ID, described.Version)
	}
	return described, nil
}

// portalContents opens the files of portal assets.
type portalContents struct {
	client *smint.Client
	source *PortalSource
}

// Open downloads the asset, in exactly the revision that is described: a portal
// gives its newest one. Whether that was it to the end is asked when the last
// byte was read; if not, the read ends in ErrDigest.
func (p portalContents) Open(ctx context.Context, a Asset) (io.ReadCloser, int64, error) {
	if p.source == nil {
		return nil, 0, fmt.Errorf("%w: %s: the scope has no portal; set Portal or Contents", ErrSetup, a.Key)
	}
	described, err := revisionOf(p.client.Portals, a)
	if err != nil {
		return nil, 0, err
	}
	c, err := p.client.Portals.OpenAsset(ctx, p.source.Portal, described.ID, p.source.Item, nil)
	if err != nil {
		return nil, 0, err
	}
	return &pinned{ReadCloser: c, same: func() error { return p.same(ctx, described) }}, c.Size, nil
}

// same asks whether the portal still has that revision.
func (p portalContents) same(ctx context.Context, described *smint.Asset) error {
	now, err := p.client.Portals.GetAsset(ctx, p.source.Portal, described.ID, nil)
	if err != nil {
		return err
	}
	if now.Revision() != described.Revision() {
		return fmt.Errorf("%w: portal asset %s is now version %q, ETag %q, and was version %q, ETag %q", ErrDigest, described.ID,
			now.Version, now.ETag, described.Version, described.ETag)
	}
	return nil
}

// pinned ends well only if the revision is the same at its end.
type pinned struct {
	io.ReadCloser
	same  func() error
	asked bool
}

func (p *pinned) Read(b []byte) (int, error) {
	n, err := p.ReadCloser.Read(b)
	if err != io.EOF || p.asked {
		return n, err
	}
	if changed := p.same(); changed != nil {
		return n, changed
	}
	p.asked = true
	return n, io.EOF
}
