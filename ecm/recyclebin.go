package ecm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/smintecm/sdk/internal/rest"
)

// RecycleBinService reads what was deleted, restores it, or destroys it.
type RecycleBinService service

// List reads one page of what the user may see of the recycle bin, 100 a page
// from page 1 on, the newest first.
//
// Errors: ErrInvalid, ErrDenied.
//
// API: GET /v2/volumes/recyclebin/nodes.
func (s *RecycleBinService) List(ctx context.Context, page int) (*Page[Node], error) {
	var faults rest.Problems
	wantLeast(&faults, "page", page, 1)
	if err := faults.Err(routes.recycled.Name); err != nil {
		return nil, err
	}
	answer, err := get[v2[nodeData]](ctx, s.core, &routes.recycled, nil, params(pageQuery(page)).text("sort", "desc_name"))
	if err != nil {
		return nil, err
	}
	p := &Page[Node]{Number: page, Pages: answer.Collection.Paging.pages(), Total: answer.Collection.Paging.Total}
	for _, r := range answer.Results {
		if n, ok := r.Data.node(); ok {
			p.Items = append(p.Items, n)
		}
	}
	return p, nil
}

// All walks the recycle bin.
//
// Errors: ErrDenied.
//
// API: GET /v2/volumes/recyclebin/nodes.
func (s *RecycleBinService) All(ctx context.Context) iter.Seq2[Node, error] {
	return pages(ctx, 1, s.List)
}

// PartialError tells which nodes of a call failed; the others are done.
type PartialError struct {
	Op     string
	Failed map[NodeID]string
	// Err holds the classes of the failures.
	Err error
}

// Error lists the nodes and the server's words.
func (e *PartialError) Error() string {
	text := "ecm: " + e.Op + ": not all nodes:"
	for _, id := range slices.Sorted(maps.Keys(e.Failed)) {
		text += fmt.Sprintf(" %s %q;", id, e.Failed[id])
	}
	return text[:len(text)-1]
}

// Unwrap gives the classes.
func (e *PartialError) Unwrap() error { return e.Err }

// Restore puts nodes back where they were deleted. If some cannot be, the
// error is a *PartialError that names them, and the others are back.
//
// Errors: ErrInvalid, ErrDenied, ErrNameTaken, ErrOutcomeUnknown.
//
// API: POST /v2/volumes/recyclebin/nodes/restore.
func (s *RecycleBinService) Restore(ctx context.Context, ids ...NodeID) error {
	return s.write(ctx, &routes.restore, ids)
}

// Purge destroys nodes in the recycle bin for good. It reads holds and record
// state of each right before it sends, as deleting does; a server that does
// not tell them for a deleted node is a refusal. If some cannot be purged, the
// error is a *PartialError that names them, and the others are gone.
//
// Errors: ErrInvalid, ErrDenied, ErrOnHold, ErrFinal, ErrOutcomeUnknown.
//
// API: POST /v2/volumes/recyclebin/nodes/purge.
func (s *RecycleBinService) Purge(ctx context.Context, ids []NodeID, skip ...Unguarded) error {
	var faults rest.Problems
	wantIDs(&faults, "ids", ids)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.purge.Name); err != nil {
		return err
	}
	if err := s.guardAll(ctx, routes.purge.Name, ids, skip, s.mayDestroy); err != nil {
		return err
	}
	return s.write(ctx, &routes.purge, ids)
}

// write sends the ids. A partial failure comes as a refusal with the result in
// its body.
func (s *RecycleBinService) write(ctx context.Context, route *rest.Route, ids []NodeID) error {
	var faults rest.Problems
	wantIDs(&faults, "ids", ids)
	if err := faults.Err(route.Name); err != nil {
		return err
	}
	form, err := bodyJSON(map[string]any{"ids": ids})
	if err != nil {
		return err
	}
	err = s.do(ctx, rest.Request{Route: route, Form: form})
	refused, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	var answer struct {
		Results oneOrMany[struct {
			Failure oneOrMany[struct {
				Errors map[string]struct {
					Message string `json:"message"`
				} `json:"errors"`
			}] `json:"failure"`
		}] `json:"results"`
	}
	if json.Unmarshal(refused.body, &answer) != nil {
		return err
	}
	partial := &PartialError{Op: route.Name, Failed: map[NodeID]string{}}
	for _, r := range answer.Results {
		for _, f := range r.Failure {
			for id, e := range f.Errors {
				n, _ := strconv.ParseInt(id, 10, 64)
				partial.Failed[NodeID(n)] = e.Message
				partial.Err = errors.Join(partial.Err, classOf(e.Message))
			}
		}
	}
	if len(partial.Failed) == 0 {
		return err
	}
	return partial
}
