package ecm

import (
	"context"
	"fmt"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// Type reads one cross-reference type.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v1/xrefs/{xref_type}.
func (s *CrossReferencesService) Type(ctx context.Context, code string) (*CrossReferenceType, error) {
	var faults rest.Problems
	wantText(&faults, "type", code)
	if err := faults.Err(routes.xrefType.Name); err != nil {
		return nil, err
	}
	t, err := get[struct {
		Type        string `json:"xref_type"`
		Description string `json:"desc"`
		Related     string `json:"related_code"`
		Disabled    flag   `json:"disabled"`
	}](ctx, s.core, &routes.xrefType, []any{code}, nil)
	if err != nil {
		return nil, err
	}
	return &CrossReferenceType{t.Type, t.Description, t.Related, bool(t.Disabled)}, nil
}

// CreateType makes a pair of cross-reference codes: what shows as code on one
// record shows as related on the other. A hold, if not 0, is applied along the
// reference.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v1/xrefs.
func (s *CrossReferencesService) CreateType(ctx context.Context, t CrossReferenceType, relatedDescription string, hold HoldID) error {
	var faults rest.Problems
	wantText(&faults, "type", t.Type)
	wantText(&faults, "related", t.Related)
	wantText(&faults, "description", t.Description)
	wantText(&faults, "related description", relatedDescription)
	mayID(&faults, "hold", hold)
	if err := faults.Err(routes.xrefCreateType.Name); err != nil {
		return err
	}
	query := params{}.text("xref_type", t.Type).text("related_code", t.Related).always("hold_id", int64(hold)).
		text("desc", t.Description).text("related_desc", relatedDescription)
	return s.sendQuery(ctx, &routes.xrefCreateType, nil, query)
}

// DeleteType removes a type. No call tells which records use it: without an
// Unguarded it is ErrNeedsReason.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrNeedsReason, ErrOutcomeUnknown.
//
// API: DELETE /v1/xrefs/{xref_type}.
func (s *CrossReferencesService) DeleteType(ctx context.Context, code string, skip ...Unguarded) error {
	var faults rest.Problems
	wantText(&faults, "type", code)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.xrefDeleteType.Name); err != nil {
		return err
	}
	if err := s.guardSweeping(ctx, routes.xrefDeleteType.Name, "the type is left as it is", skip); err != nil {
		return err
	}
	return s.send(ctx, &routes.xrefDeleteType, []any{code}, nil)
}

// Remove takes one relation off a record: what ties it to its rights or its
// original. A final record is refused with ErrFinal, a held one with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrOnHold,
// ErrFinal, ErrOutcomeUnknown.
//
// API: DELETE /v1/nodes/{id}/xrefs/{xref_type}/refnodes/{xref_id}.
func (s *CrossReferencesService) Remove(ctx context.Context, id NodeID, x CrossReference, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "to", x.To)
	wantText(&faults, "type", x.Type)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.xrefRemove.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.xrefRemove.Name, id, skip); err != nil {
		return err
	}
	return s.send(ctx, &routes.xrefRemove, []any{id, x.Type, x.To}, nil)
}

// RemoveSeveral takes several relations off a record in one call. It refuses
// what Remove refuses.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrOnHold,
// ErrFinal.
//
// API: PUT /v1/nodes/{id}/xrefs.
func (s *CrossReferencesService) RemoveSeveral(ctx context.Context, id NodeID, list []CrossReference, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if len(list) == 0 {
		faults.Add("list", "none", "at least one relation")
	}
	keys := make([]string, 0, len(list))
	for i, x := range list {
		wantID(&faults, fmt.Sprintf("list[%d].to", i), x.To)
		mayCodes(&faults, fmt.Sprintf("list[%d].type", i), []string{x.Type}, " _")
		keys = append(keys, x.To.String()+"_"+x.Type)
	}
	mayReasons(&faults, skip)
	if err := faults.Err(routes.xrefRemoveSeveral.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.xrefRemoveSeveral.Name, id, skip); err != nil {
		return err
	}
	return s.send(ctx, &routes.xrefRemoveSeveral, []any{id}, params{}.text("uniqueIDList", strings.Join(keys, " ")))
}

// AssignMany relates several records to one.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v1/rmclassifications/assignxref.
func (s *CrossReferencesService) AssignMany(ctx context.Context, x CrossReference, ids ...NodeID) error {
	var faults rest.Problems
	wantIDs(&faults, "ids", ids)
	wantID(&faults, "to", x.To)
	wantText(&faults, "type", x.Type)
	mayLines(&faults, "comment", x.Comment)
	if err := faults.Err(routes.xrefAssignMany.Name); err != nil {
		return err
	}
	form := params{}.number("xref_id", int64(x.To)).text("xref_type", x.Type).always("comment", x.Comment)
	return s.send(ctx, &routes.xrefAssignMany, nil, many(form, "ids", ids))
}

// RemoveMany takes the relations of a type, or to a record, off several
// records. If one of them is final or held, nothing is sent.
//
// Errors: ErrInvalid, ErrDenied, ErrOnHold, ErrFinal.
//
// API: POST /v1/rmclassifications/removexref.
func (s *CrossReferencesService) RemoveMany(ctx context.Context, x CrossReference, ids []NodeID, skip ...Unguarded) error {
	var faults rest.Problems
	wantIDs(&faults, "ids", ids)
	if x.Type == "" && x.To == 0 {
		faults.Add("type and to", "none", "at least one of them")
	}
	mayText(&faults, "type", x.Type)
	mayID(&faults, "to", x.To)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.xrefRemoveMany.Name); err != nil {
		return err
	}
	if err := s.guardAll(ctx, routes.xrefRemoveMany.Name, ids, skip, s.mayDestroy); err != nil {
		return err
	}
	return s.send(ctx, &routes.xrefRemoveMany, nil, many(params{}.number("xref_id", int64(x.To)).text("xref_type", x.Type), "ids", ids))
}
