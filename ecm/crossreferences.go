package ecm

import (
	"context"
	"net/url"

	"github.com/smintecm/sdk/internal/rest"
)

// CrossReferencesService relates records to each other.
type CrossReferencesService service

// CrossReferenceType is a kind of relation. Types come in pairs: what shows as
// Type on one record shows as Related on the other.
type CrossReferenceType struct {
	Type        string
	Description string
	Related     string
	Disabled    bool
}

// Types returns the types that the server knows.
//
// Errors: ErrDenied.
//
// API: GET /v1/xrefs.
func (s *CrossReferencesService) Types(ctx context.Context) ([]CrossReferenceType, error) {
	answer, err := rest.Do[v1[struct {
		Type        string `json:"xref_type"`
		Description string `json:"desc"`
		Related     string `json:"related_code"`
		Disabled    flag   `json:"disabled"`
	}]](ctx, s.rest, rest.Request{Route: &routes.xrefTypes})
	if err != nil {
		return nil, err
	}
	var list []CrossReferenceType
	for _, t := range answer.Data {
		list = append(list, CrossReferenceType{t.Type, t.Description, t.Related, bool(t.Disabled)})
	}
	return list, nil
}

// CrossReference is a relation of one record to another.
type CrossReference struct {
	Type    string
	To      NodeID
	Comment string
}

// OfNode returns the relations of a record.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v1/nodes/{id}/xrefs.
func (s *CrossReferencesService) OfNode(ctx context.Context, id NodeID) ([]CrossReference, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.nodeXrefs.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[v1[struct {
		Type    string `json:"xref_type"`
		To      number `json:"xref_id"`
		Comment string `json:"comment"`
	}]](ctx, s.rest, rest.Request{Route: &routes.nodeXrefs, Path: []any{id}})
	if err != nil {
		return nil, err
	}
	var list []CrossReference
	for _, x := range answer.Data {
		list = append(list, CrossReference{x.Type, NodeID(x.To), x.Comment})
	}
	return list, nil
}

// Assign relates two records. Both must be records; read the relations before,
// since what a second assignment does is not known.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied,
// ErrOutcomeUnknown.
//
// API: POST /v1/nodes/{id}/xrefs.
func (s *CrossReferencesService) Assign(ctx context.Context, id NodeID, x CrossReference) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "to", x.To)
	wantText(&faults, "type", x.Type)
	mayLines(&faults, "comment", x.Comment)
	if err := faults.Err(routes.xrefAssign.Name); err != nil {
		return err
	}
	// The comment must be there, also if it is empty.
	values := url.Values{"xref_type": {x.Type}, "xref_id": {x.To.String()}, "comment": {x.Comment}}
	return s.do(ctx, rest.Request{Route: &routes.xrefAssign, Path: []any{id}, Form: values})
}
