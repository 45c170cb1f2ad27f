package smint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/smintecm/sdk/internal/rest"
)

// UploadUUID identifies a temporary file of a portal.
type UploadUUID string

// Upload is a file for a portal.
type Upload struct {
	FileName, MediaType string
	// Content is read once, and again for another attempt only if it is an
	// io.ReaderAt and an io.Seeker. It must have exactly Size bytes.
	Content io.Reader
	Size    int64
}

// Upload brings a temporary file to a portal, for use as an argument of a
// method. Nothing is buffered. Repeating it makes another temporary file.
//
// API: POST /portals/{portalUuid}/portalsContext/uploadFile.
func (s *PortalsService) Upload(ctx context.Context, p Portal, f Upload) (UploadUUID, error) {
	route := &s.routes.portals.upload
	if err := s.ready(route.Name); err != nil {
		return "", err
	}
	var faults rest.Problems
	if p.UUID == "" {
		faults.Add("portal uuid", p.UUID, "the uuid of a portal")
	}
	if f.FileName == "" {
		faults.Add("file name", f.FileName, "a name")
	}
	if f.Content == nil || f.Size < 0 {
		faults.Add("content", fmt.Sprintf("%T, %d bytes", f.Content, f.Size), "a reader and its length")
	}
	if err := faults.Err(route.Name); err != nil {
		return "", err
	}
	body, err := rest.Multipart(rest.Part{Name: s.portal.UploadField, FileName: f.FileName, ContentType: f.MediaType, Body: rest.ReaderBody(f.Content, f.Size, "")})
	if err != nil {
		return "", err
	}
	answer, err := rest.Do[struct {
		UUID json.RawMessage `json:"uuid"`
	}](ctx, s.portal.frontend, rest.Request{Route: route, Path: []any{string(p.UUID)}, Query: p.query(), Header: p.header(), Body: body})
	if err != nil {
		return "", err
	}
	uuid, err := opaque(answer.UUID)
	if err != nil || uuid == "" {
		return "", s.broken(*route, "no uuid", err)
	}
	return UploadUUID(uuid), nil
}

// Payload tells where a portal's services are and which pages it has.
type Payload struct {
	// FrontendURL is the base of the portals' frontend API: see Endpoints.Portals.
	FrontendURL string
	Portal      PortalUUID
	Pages       []Page
	// Raw is the payload as it came, byte for byte.
	Raw json.RawMessage
}

// Page is a page of a portal.
type Page struct {
	UUID PageUUID `json:"uuid"`
	// Type is such as "page-type-assets-search".
	Type string `json:"page_type"`
}

// PageAssetsSearch is the type of a portal's search page.
const PageAssetsSearch = "page-type-assets-search"

// Page returns the first page of a type, as [PageAssetsSearch].
func (p *Payload) Page(kind string) (PageUUID, bool) {
	for _, page := range p.Pages {
		if page.Type == kind {
			return page.UUID, true
		}
	}
	return "", false
}

// Payload discovers the portal behind Endpoints.Payload.
//
// API: GET /portalsPayload (path by configuration).
func (s *PortalsService) Payload(ctx context.Context, culture string) (*Payload, error) {
	route := s.routes.portals.payload
	if s.portal.payload == nil {
		return nil, &Error{Op: route.Name, Err: fmt.Errorf("%w: the client has no Payload endpoint", ErrInvalid)}
	}
	q := url.Values{}
	if culture != "" {
		q.Set("culture", culture)
	}
	raw, err := rest.Do[json.RawMessage](ctx, s.portal.payload, rest.Request{Route: &route, Query: q})
	if err != nil {
		return nil, err
	}
	var wire struct {
		Tenant *struct {
			URL string `json:"backend_api_url"`
		} `json:"current_tenant"`
		Portal *struct {
			UUID  PortalUUID `json:"uuid"`
			Pages []Page     `json:"page_router_infos"`
		} `json:"current_portal_info"`
	}
	if err := json.Unmarshal(raw, &wire); err != nil {
		return nil, s.broken(route, "", err)
	}
	if wire.Portal == nil || wire.Portal.UUID == "" {
		return nil, s.broken(route, "", errors.New("it names no portal"))
	}
	p := &Payload{Portal: wire.Portal.UUID, Pages: wire.Portal.Pages, Raw: bytes.Clone(raw)}
	if wire.Tenant != nil {
		p.FrontendURL = wire.Tenant.URL
	}
	return p, nil
}
