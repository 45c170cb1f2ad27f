package ecm

import (
	"context"
	"io"
	"net/url"

	"github.com/smintecm/sdk/internal/rest"
)

// Rendition is another form of a version's content, as a PDF of a text.
type Rendition struct {
	Node      NodeID
	Version   int
	Type      string
	Name      string
	FileName  string
	MediaType string
	Size      int64
}

type wireRendition struct {
	ID        number `json:"id"`
	Version   number `json:"version_number"`
	Type      string `json:"rendition_type"`
	Name      string `json:"rendition_name"`
	FileName  string `json:"file_name"`
	MediaType string `json:"mime_type"`
	Size      number `json:"file_size"`
}

// Renditions lists the renditions of one version.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v2/nodes/{id}/versions/{version_number}/renditions.
func (s *VersionsService) Renditions(ctx context.Context, id NodeID, version int) ([]Rendition, error) {
	if err := wantVersion(routes.renditions.Name, id, version); err != nil {
		return nil, err
	}
	answer, err := get[v1[wireRendition]](ctx, s.core, &routes.renditions, []any{id, version}, nil)
	var list []Rendition
	for _, w := range answer.Data {
		list = append(list, Rendition{NodeID(w.ID), int(w.Version), w.Type, w.Name, w.FileName, w.MediaType, int64(w.Size)})
	}
	return list, err
}

func wantVersion(op string, id NodeID, version int) error {
	var faults rest.Problems
	checkVersion(&faults, id, version)
	return faults.Err(op)
}

func checkVersion(faults *rest.Problems, id NodeID, version int) {
	wantID(faults, "id", id)
	wantLeast(faults, "version", version, 1)
}

// OpenRendition opens a rendition's content.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v2/nodes/{id}/versions/{version_number}/renditions/content.
func (s *ContentService) OpenRendition(ctx context.Context, id NodeID, version int, kind string) (*Content, error) {
	var faults rest.Problems
	checkVersion(&faults, id, version)
	wantText(&faults, "rendition type", kind)
	if err := faults.Err(routes.renditionContent.Name); err != nil {
		return nil, err
	}
	return s.open(ctx, rest.Request{Route: &routes.renditionContent, Path: []any{id, version}, Query: url.Values{"rendition_type": {kind}}})
}

// PutRendition adds a rendition to a version, or replaces that of its type.
// Content and size are as in [Document]. A final record is refused with
// ErrFinal, a held node with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrSource,
// ErrOnHold, ErrFinal, ErrOutcomeUnknown.
//
// API: PUT /v2/nodes/{id}/versions/{version_number}/renditions.
func (s *VersionsService) PutRendition(ctx context.Context, id NodeID, version int, kind, fileName string, content io.Reader, size int64, skip ...Unguarded) error {
	var faults rest.Problems
	checkVersion(&faults, id, version)
	wantText(&faults, "rendition type", kind)
	checkName(&faults, "file name", fileName)
	wantContent(&faults, "content", content, size, 0)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.renditionPut.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.renditionPut.Name, id, skip); err != nil {
		return err
	}
	body, err := rest.Multipart(
		rest.Part{Name: "rendition_type", Body: rest.BytesBody([]byte(kind), "")},
		rest.Part{Name: "file", FileName: fileName, ContentType: "application/octet-stream", Body: rest.ReaderBody(content, size, "")},
	)
	if err != nil {
		return err
	}
	return s.do(ctx, rest.Request{Route: &routes.renditionPut, Path: []any{id, version}, Body: body})
}

// DeleteRendition removes a rendition. A final record is refused with
// ErrFinal, a held node with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrOnHold,
// ErrFinal, ErrOutcomeUnknown.
//
// API: DELETE /v2/nodes/{id}/versions/{version_number}/renditions.
func (s *VersionsService) DeleteRendition(ctx context.Context, id NodeID, version int, kind string, skip ...Unguarded) error {
	var faults rest.Problems
	checkVersion(&faults, id, version)
	wantText(&faults, "rendition type", kind)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.renditionDelete.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.renditionDelete.Name, id, skip); err != nil {
		return err
	}
	return s.sendQuery(ctx, &routes.renditionDelete, []any{id, version}, params{}.text("rendition_type", kind))
}
