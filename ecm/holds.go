package ecm

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// HoldsService reads holds.
type HoldsService service

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
}

// OfNode returns all holds on a node, direct and indirect ones.
//
// API: GET /v1/nodes/{id}/holds.
func (s *HoldsService) OfNode(ctx context.Context, id NodeID) ([]NodeHold, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.nodeHolds.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[v1[struct {
		ID        number `json:"hold_id"`
		Name      string `json:"hold_name"`
		Type      string `json:"hold_type"`
		Comment   string `json:"hold_comment"`
		Active    *flag  `json:"active"`
		AppliedBy string `json:"applied_by"`
		Applied   stamp  `json:"date_applied"`
		Removable flag   `json:"removable"`
	}]](ctx, s.rest, rest.Request{Route: &routes.nodeHolds, Path: []any{id}})
	if err != nil {
		return nil, err
	}
	var list []NodeHold
	for _, h := range answer.Data {
		list = append(list, NodeHold{
			HoldID: HoldID(h.ID), Name: h.Name, Type: h.Type, Comment: h.Comment,
			// A hold that does not say that it is suspended is in force.
			Active:    h.Active == nil || bool(*h.Active),
			AppliedBy: h.AppliedBy, Applied: time.Time(h.Applied), Removable: bool(h.Removable),
		})
	}
	return list, nil
}

// pageQuery asks for a page of 100.
func pageQuery(page int) url.Values {
	return url.Values{"page": {strconv.Itoa(page)}, "limit": {"100"}}
}
