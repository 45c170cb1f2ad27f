package ecm

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// NodeHold is a hold on a node.
type NodeHold struct {
	HoldID    HoldID
	Name      string
	Type      string
	Comment   string
	Active    bool
	AppliedBy string
	Applied   time.Time
	// Removable tells whether this user may remove it.
	Removable bool
	// Method is what an indirect hold came by, in the server's words; a hold
	// that lies on the node itself has none.
	Method string
	// By is what an indirect hold came by, as Remove wants it; nil where the
	// server names nothing.
	By *Indirect
}

// OfNode returns all holds on a node, direct and indirect ones.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v1/nodes/{id}/holds.
func (s *HoldsService) OfNode(ctx context.Context, id NodeID) ([]NodeHold, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.nodeHolds.Name); err != nil {
		return nil, err
	}
	answer, err := get[v1[struct {
		ID        number `json:"hold_id"`
		Name      string `json:"hold_name"`
		Type      string `json:"hold_type"`
		Comment   string `json:"hold_comment"`
		Active    *flag  `json:"active"`
		AppliedBy string `json:"applied_by"`
		Applied   stamp  `json:"date_applied"`
		Removable flag   `json:"removable"`
		Method    string `json:"hold_appliedmethod"`
		Query     number `json:"queryid"`
		User      number `json:"userid"`
		Xref      string `json:"docxreftyp"`
	}]](ctx, s.core, &routes.nodeHolds, []any{id}, nil)
	if err != nil {
		return nil, err
	}
	var list []NodeHold
	for _, h := range answer.Data {
		var by *Indirect
		if i := (Indirect{int64(h.Query), UserID(h.User), h.Xref}); i != (Indirect{}) {
			by = &i
		}
		list = append(list, NodeHold{
			HoldID: HoldID(h.ID), Name: h.Name, Type: h.Type, Comment: h.Comment,
			// A hold that does not say that it is suspended is in force.
			Active:    h.Active == nil || bool(*h.Active),
			AppliedBy: h.AppliedBy, Applied: time.Time(h.Applied), Removable: bool(h.Removable), Method: h.Method, By: by,
		})
	}
	return list, nil
}

// Apply puts a hold on a node. What a second call does is not known: read
// OfNode before.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied,
// ErrOutcomeUnknown.
//
// API: POST /v1/nodes/{id}/holds.
func (s *HoldsService) Apply(ctx context.Context, id NodeID, hold HoldID) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "hold", hold)
	if err := faults.Err(routes.holdApply.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.holdApply, []any{id}, params{}.number("hold_id", int64(hold)))
}

// Remove takes a hold off a node. An indirect hold needs what it came by.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied,
// ErrOutcomeUnknown.
//
// API: DELETE /v1/nodes/{id}/holds/{hold_id}.
func (s *HoldsService) Remove(ctx context.Context, id NodeID, hold HoldID, by *Indirect) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "hold", hold)
	if by != nil {
		mayID(&faults, "by.query", by.Query)
		mayID(&faults, "by.user", by.User)
		mayText(&faults, "by.cross-reference", by.CrossReference)
	}
	if err := faults.Err(routes.holdRemove.Name); err != nil {
		return err
	}
	query := params{}
	if by != nil {
		query.number("queryID", by.Query).number("userID", int64(by.User)).text("docxreftyp", by.CrossReference)
	}
	return s.sendQuery(ctx, &routes.holdRemove, []any{id, hold}, query)
}

// Indirect tells what an indirect hold came by.
type Indirect struct {
	Query          int64
	User           UserID
	CrossReference string
}

// ApplyMany puts a hold on several nodes. The answer does not tell what became
// of each.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v1/rmclassifications/applyhold.
func (s *HoldsService) ApplyMany(ctx context.Context, hold HoldID, ids ...NodeID) error {
	return s.several(ctx, &routes.holdApplyMany, hold, ids, "")
}

// RemoveMany takes a hold off several nodes.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v1/rmclassifications/removehold.
func (s *HoldsService) RemoveMany(ctx context.Context, hold HoldID, comment string, ids ...NodeID) error {
	return s.several(ctx, &routes.holdRemoveMany, hold, ids, comment)
}

func (s *HoldsService) several(ctx context.Context, route *rest.Route, hold HoldID, ids []NodeID, comment string) error {
	var faults rest.Problems
	wantID(&faults, "hold", hold)
	wantIDs(&faults, "ids", ids)
	mayLines(&faults, "comment", comment)
	if err := faults.Err(route.Name); err != nil {
		return err
	}
	return s.send(ctx, route, nil, many(params{}.text("removeComments", comment).number("holdID", int64(hold)), "ids", ids))
}

// Items returns everything that a hold holds. Of a large hold, range over
// AllItems instead.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/holditems/{id}, GET /v2/holditems/{id}/page.
func (s *HoldsService) Items(ctx context.Context, id HoldID) ([]Node, error) {
	return gather(s.AllItems(ctx, id))
}

// AllItems walks what a hold holds page by page; it may be ranged again.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/holditems/{id}, GET /v2/holditems/{id}/page.
func (s *HoldsService) AllItems(ctx context.Context, id HoldID) iter.Seq2[Node, error] {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.holdItems.Name); err != nil {
		return failed[Node](err)
	}
	return s.items(ctx, &routes.holdItems, &routes.holdItemsPage, id)
}

// itemList finds items as a list, under "contents", flat or wrapped.
type itemList struct {
	Collection collection      `json:"collection"`
	Results    json.RawMessage `json:"results"`
}

func (l itemList) nodes() ([]Node, error) {
	var contents struct {
		Contents []row[wireNode] `json:"contents"`
	}
	var list []row[wireNode]
	if json.Unmarshal(l.Results, &list) != nil {
		if err := json.Unmarshal(l.Results, &contents); err != nil {
			return nil, fmt.Errorf("%w: items: %w", ErrBrokenReply, err)
		}
		list = contents.Contents
	}
	nodes := make([]Node, 0, len(list))
	for _, r := range list {
		nodes = append(nodes, r.value.node())
	}
	return nodes, nil
}

// items reads the first page from one path and the others from another.
func (c *core) items(ctx context.Context, first, further *rest.Route, id any) iter.Seq2[Node, error] {
	return pages(ctx, 1, func(ctx context.Context, page int) (*Page[Node], error) {
		route, query := first, params{}.always("limit", 100).always("sort", "asc_name")
		if page > 1 {
			route, query = further, query.always("page", page)
		}
		answer, err := get[itemList](ctx, c, route, []any{id}, query)
		if err != nil {
			return nil, err
		}
		nodes, err := answer.nodes()
		return &Page[Node]{Items: nodes, Number: page, Pages: answer.Collection.Paging.pages(), Total: answer.Collection.Paging.Total}, err
	})
}
