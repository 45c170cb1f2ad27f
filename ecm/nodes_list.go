package ecm

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"

	"github.com/smintecm/sdk/internal/rest"
)

// ListOptions filter and order a folder's children. The zero value is all of
// them by name, 100 a page.
type ListOptions struct {
	// Name keeps items whose name contains it.
	Name string
	// Types keeps items of these subtypes.
	Types []Subtype
	// Sort is as "asc_name" or "desc_modify_date".
	Sort string
	// Page begins at 1. Limit is the page size.
	Page, Limit int
	With        []Part
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	// Number is this page's, from 1; Pages and Total are the server's count.
	Number, Pages, Total int
}

// More tells whether a further page exists. A page beyond the end is never
// asked for: servers answer it with results again.
func (p Page[T]) More() bool { return p.Number < p.Pages }

func (o ListOptions) query() url.Values {
	q := fields(o.With)
	q.Set("page", strconv.Itoa(max(o.Page, 1)))
	q.Set("limit", strconv.Itoa(cmpOr(o.Limit, 100)))
	q.Set("sort", firstName(o.Sort, "asc_name"))
	if o.Name != "" {
		q.Set("where_name", o.Name)
	}
	for _, t := range o.Types {
		q.Add("where_type", strconv.Itoa(int(t)))
	}
	return q
}

func cmpOr(a, b int) int {
	if a == 0 {
		return b
	}
	return a
}

// List reads one page of a folder's children. Nil options mean the defaults.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrInvalidAction.
//
// API: GET /v2/nodes/{id}/nodes.
func (s *NodesService) List(ctx context.Context, folder NodeID, opts *ListOptions) (*Page[Node], error) {
	if opts == nil {
		opts = &ListOptions{}
	}
	var faults rest.Problems
	wantID(&faults, "folder", folder)
	mayText(&faults, "name", opts.Name)
	mayText(&faults, "sort", opts.Sort)
	mayTexts(&faults, "with", opts.With)
	mayPage(&faults, opts.Page, opts.Limit)
	for i, t := range opts.Types {
		// The server has three groups of subtypes below zero.
		wantLeast(&faults, fmt.Sprintf("types[%d]", i), t, -3)
	}
	if err := faults.Err(routes.nodeChildren.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[v2[nodeData]](ctx, s.rest, rest.Request{Route: &routes.nodeChildren, Path: []any{folder}, Query: opts.query()})
	if err != nil {
		return nil, err
	}
	p := &Page[Node]{Number: max(opts.Page, 1), Pages: answer.Collection.Paging.pages(), Total: answer.Collection.Paging.Total}
	for _, r := range answer.Results {
		if n, ok := r.Data.node(); ok {
			p.Items = append(p.Items, n)
		}
	}
	return p, nil
}

// All walks a folder's children page by page; it may be ranged again.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrInvalidAction.
//
// API: GET /v2/nodes/{id}/nodes.
func (s *NodesService) All(ctx context.Context, folder NodeID, opts *ListOptions) iter.Seq2[Node, error] {
	o := ListOptions{}
	if opts != nil {
		o = *opts
	}
	return pages(ctx, o.Page, func(ctx context.Context, page int) (*Page[Node], error) {
		o := o
		o.Page = page
		return s.List(ctx, folder, &o)
	})
}

// FindChild returns the child of exactly that name, or ErrNotFound. The
// server's own filter only narrows the search.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrInvalidAction.
//
// API: GET /v2/nodes/{id}/nodes.
func (s *NodesService) FindChild(ctx context.Context, folder NodeID, name string, with ...Part) (*Node, error) {
	var faults rest.Problems
	wantID(&faults, "folder", folder)
	wantText(&faults, "name", name)
	mayTexts(&faults, "with", with)
	if err := faults.Err("Nodes.FindChild"); err != nil {
		return nil, err
	}
	for n, err := range s.All(ctx, folder, &ListOptions{Name: name, With: with}) {
		if err != nil {
			return nil, err
		}
		if n.Name == name {
			return &n, nil
		}
	}
	return nil, &Error{Op: "Nodes.FindChild", Method: "GET", Route: routes.nodeChildren.Template, Message: "no such child", Err: ErrNotFound}
}

const maxNodeList = 250

// GetMany reads many nodes, 250 a request. Nodes that are missing or that the
// user may not see are missing from the answer.
//
// Errors: ErrInvalid.
//
// API: POST /v2/nodes/list.
func (s *NodesService) GetMany(ctx context.Context, ids ...NodeID) (map[NodeID]Node, error) {
	var faults rest.Problems
	for i, id := range ids {
		wantID(&faults, fmt.Sprintf("ids[%d]", i), id)
	}
	if err := faults.Err(routes.nodeList.Name); err != nil {
		return nil, err
	}
	found := make(map[NodeID]Node, len(ids))
	for some := range slices.Chunk(ids, maxNodeList) {
		form, err := bodyJSON(map[string]any{"ids": some})
		if err != nil {
			return nil, err
		}
		answer, err := rest.Do[v2[nodeData]](ctx, s.rest, rest.Request{Route: &routes.nodeList, Form: form})
		if err != nil {
			return nil, err
		}
		for _, r := range answer.Results {
			if n, ok := r.Data.node(); ok {
				found[n.ID] = n
			}
		}
	}
	return found, nil
}

// ValidateNames returns the names that are taken in a folder, with the node
// that has each. It reserves nothing.
//
// Errors: ErrInvalid.
//
// API: POST /v1/validation/nodes/names.
func (s *NodesService) ValidateNames(ctx context.Context, parent NodeID, names ...string) (map[string]NodeID, error) {
	var faults rest.Problems
	wantID(&faults, "parent", parent)
	if len(names) == 0 {
		faults.Add("names", "none", "at least one name")
	}
	for i, name := range names {
		checkName(&faults, fmt.Sprintf("names[%d]", i), name)
	}
	if err := faults.Err(routes.namesValidate.Name); err != nil {
		return nil, err
	}
	form, err := bodyJSON(map[string]any{"parent_id": parent, "names": names})
	if err != nil {
		return nil, err
	}
	answer, err := rest.Do[struct {
		Results []struct {
			ID   number `json:"id"`
			Name string `json:"name"`
		} `json:"results"`
	}](ctx, s.rest, rest.Request{Route: &routes.namesValidate, Form: form})
	if err != nil {
		return nil, err
	}
	taken := map[string]NodeID{}
	for _, r := range answer.Results {
		taken[r.Name] = NodeID(r.ID)
	}
	return taken, nil
}

// Ancestor is one step on the way from the root to a node.
type Ancestor struct {
	ID       NodeID
	Name     string
	Type     Subtype
	ParentID NodeID
}

// Ancestors returns the way from the root to the node, the node itself last.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v1/nodes/{id}/ancestors.
func (s *NodesService) Ancestors(ctx context.Context, id NodeID) ([]Ancestor, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.nodeAncestors.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[struct {
		Ancestors []wireNode `json:"ancestors"`
	}](ctx, s.rest, rest.Request{Route: &routes.nodeAncestors, Path: []any{id}})
	if err != nil {
		return nil, err
	}
	list := make([]Ancestor, 0, len(answer.Ancestors))
	for _, a := range answer.Ancestors {
		list = append(list, Ancestor{NodeID(a.ID), a.Name, Subtype(a.Type), NodeID(a.ParentID)})
	}
	return list, nil
}
