package ecm

import (
	"context"
	"net/url"

	"github.com/smintecm/sdk/internal/rest"
)

// RSIsService reads and assigns record series identifiers, which are the
// schedules.
type RSIsService service

// NodeRSI is an RSI that a node has by one of its classifications.
type NodeRSI struct {
	Class NodeID
	RSI   string
}

// OfNode returns the RSIs of a node, or, for an RM classification, those that
// it brings to its records.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v1/nodes/{id}/rsis.
func (s *RSIsService) OfNode(ctx context.Context, id NodeID) ([]NodeRSI, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.nodeRSIs.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[v1[struct {
		Class number `json:"class_id"`
		RSI   string `json:"rsi"`
	}]](ctx, s.rest, rest.Request{Route: &routes.nodeRSIs, Path: []any{id}})
	if err != nil {
		return nil, err
	}
	var list []NodeRSI
	for _, r := range answer.Data {
		if r.RSI != "" {
			list = append(list, NodeRSI{NodeID(r.Class), r.RSI})
		}
	}
	return list, nil
}

// Assign gives a record an RSI, by name, under one of its classifications. A
// record that has another one already is refused with ErrFinal if it is final
// and with ErrOnHold if it is held: its retention might get shorter.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrOnHold,
// ErrFinal, ErrOutcomeUnknown.
//
// API: POST /v1/nodes/{id}/rmclassifications/{class_id}/rsis.
func (s *RSIsService) Assign(ctx context.Context, id, class NodeID, rsi string, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "class", class)
	wantText(&faults, "rsi", rsi)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.rsiAssign.Name); err != nil {
		return err
	}
	if err := s.guardBy(ctx, routes.rsiAssign.Name, id, skip, func(ctx context.Context, id NodeID) error { return s.mayReschedule(ctx, id, rsi) }); err != nil {
		return err
	}
	return s.do(ctx, rest.Request{Route: &routes.rsiAssign, Path: []any{id, class}, Query: url.Values{"rsi": {rsi}}})
}

// RSIStage is one stage of a schedule, as it stands for one node.
type RSIStage struct {
	Stage string
	Rule  string
	// Met tells that the rule's condition holds.
	Met bool
	// Due is when the node is ready for the stage's action, as the server
	// writes it; empty before it can be said.
	Due         string
	Action      int
	Disposition string
	EventBased  bool
	Permanent   bool
}

// Details tells for one node when each stage of its schedule falls due.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v1/nodes/{id}/rsi/{rsi}/GetRSIDetails.
func (s *RSIsService) Details(ctx context.Context, id NodeID, rsi string) ([]RSIStage, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantText(&faults, "rsi", rsi)
	if err := faults.Err(routes.rsiDetails.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[v1[struct {
		Stage       string `json:"Stage"`
		Rule        string `json:"RetentionRule"`
		Met         flag   `json:"MetEventRule"`
		Due         string `json:"CalculatedDate"`
		Action      number `json:"ActionToPerform"`
		Disposition string `json:"Disposition"`
		EventBased  flag   `json:"EventBased"`
		Permanent   flag   `json:"Permanent"`
	}]](ctx, s.rest, rest.Request{Route: &routes.rsiDetails, Path: []any{id, rsi}})
	if err != nil {
		return nil, err
	}
	var list []RSIStage
	for _, r := range answer.Data {
		list = append(list, RSIStage{r.Stage, r.Rule, bool(r.Met), r.Due, int(r.Action), r.Disposition, bool(r.EventBased), bool(r.Permanent)})
	}
	return list, nil
}

// RSI is a row of the list of RSIs: one for each RSI and schedule stage.
type RSI struct {
	ID    int64
	Name  string
	Title string
	Stage string
}

// List returns all RSIs with their stages.
//
// Errors: ErrDenied.
//
// API: GET /v2/rsis.
func (s *RSIsService) List(ctx context.Context) ([]RSI, error) {
	type row struct {
		ID    number `json:"RSIID"`
		Name  string `json:"RSI"`
		Title string `json:"Title"`
		Stage string `json:"RetStage"`
	}
	var list []RSI
	for page := 1; ; page++ {
		answer, err := rest.Do[v2[struct {
			RSIs oneOrMany[row] `json:"rsis"`
		}]](ctx, s.rest, rest.Request{Route: &routes.rsiList, Query: pageQuery(page)})
		if err != nil {
			return nil, err
		}
		for _, r := range answer.Results {
			for _, w := range r.Data.RSIs {
				list = append(list, RSI{int64(w.ID), w.Name, w.Title, w.Stage})
			}
		}
		if page >= answer.Collection.Paging.pages() {
			return list, nil
		}
	}
}
