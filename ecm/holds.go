package ecm

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// HoldsService sets, reads and releases holds. Writes run one at a time: the
// endpoints do not bear more. No bulk call answers item by item: read
// [HoldsService.OfNode] or [HoldsService.Items] to know what is held.
type HoldsService service

// Hold is a legal or administrative freeze. It is no node.
type Hold struct {
	ID      HoldID
	Name    string
	Active  bool
	Type    string
	Comment string
	// AlternateID is the natural place for the id of the case elsewhere.
	AlternateID string
	// ParentID is the hold group, 0 at the root.
	ParentID NodeID
	// AppliedBy is a person's display name.
	AppliedBy      string
	Applied        time.Time
	ToRemove       time.Time
	Removed        time.Time
	RemovalComment string
}

type wireHold struct {
	ID             number          `json:"HoldID"`
	Name           string          `json:"HoldName"`
	Active         flag            `json:"ActiveHold"`
	Type           string          `json:"HoldType"`
	Comment        string          `json:"HoldComment"`
	AlternateID    json.RawMessage `json:"AlternateHoldID"`
	ParentID       number          `json:"ParentID"`
	AppliedBy      string          `json:"ApplyPatron"`
	Applied        stamp           `json:"DateApplied"`
	ToRemove       stamp           `json:"DateToRemove"`
	Removed        stamp           `json:"DateRemoved"`
	RemovalComment string          `json:"RemovalComment"`
}

func (w wireHold) hold() Hold {
	return Hold{
		ID: HoldID(w.ID), Name: w.Name, Active: bool(w.Active), Type: w.Type, Comment: w.Comment, AlternateID: textOf(w.AlternateID),
		ParentID: NodeID(w.ParentID), AppliedBy: w.AppliedBy, Applied: time.Time(w.Applied), ToRemove: time.Time(w.ToRemove),
		Removed: time.Time(w.Removed), RemovalComment: w.RemovalComment,
	}
}

// textOf is a text that some servers send as a number.
func textOf(raw json.RawMessage) string {
	var s string
	if len(raw) == 0 || string(raw) == "null" {
		return ""
	}
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// HoldName is a hold's id, name and whether it is in force.
type HoldName struct {
	ID     HoldID
	Name   string
	Active bool
}

// Names lists all holds in short.
//
// Errors: ErrDenied.
//
// API: GET /v1/holds.
func (s *HoldsService) Names(ctx context.Context) ([]HoldName, error) {
	answer, err := get[[]wireHold](ctx, s.core, &routes.holdNames, nil, nil)
	if err != nil {
		return nil, err
	}
	var list []HoldName
	for _, h := range answer {
		list = append(list, HoldName{HoldID(h.ID), h.Name, bool(h.Active)})
	}
	return list, nil
}

// List returns all holds.
//
// Errors: ErrDenied.
//
// API: GET /v2/holds.
func (s *HoldsService) List(ctx context.Context) ([]Hold, error) {
	return gather(s.All(ctx))
}

// All walks the holds page by page; it may be ranged again.
//
// Errors: ErrDenied.
//
// API: GET /v2/holds.
func (s *HoldsService) All(ctx context.Context) iter.Seq2[Hold, error] {
	return pages(ctx, 1, func(ctx context.Context, page int) (*Page[Hold], error) {
		answer, err := get[v2[struct {
			Holds oneOrMany[wireHold] `json:"holds"`
		}]](ctx, s.core, &routes.holdList, nil, pageParams(page))
		var list []Hold
		for _, r := range answer.Results {
			for _, h := range r.Data.Holds {
				list = append(list, h.hold())
			}
		}
		return &Page[Hold]{Items: list, Number: page, Pages: answer.Collection.Paging.pages(), Total: answer.Collection.Paging.Total}, err
	})
}

// oneHold finds the hold at either place where servers put it.
type oneHold struct {
	Hold    *wireHold `json:"hold"`
	Results struct {
		Data struct {
			Hold *wireHold `json:"hold"`
		} `json:"data"`
	} `json:"results"`
}

func (o *oneHold) UnmarshalJSON(b []byte) error {
	type plain oneHold
	err := json.Unmarshal(b, (*plain)(o))
	if err == nil && o.Hold == nil && o.Results.Data.Hold == nil {
		err = says(b, "hold", "results")
	}
	return err
}

func (o oneHold) hold(route *rest.Route, err error) (*Hold, error) {
	w := o.Hold
	if w == nil {
		w = o.Results.Data.Hold
	}
	if err == nil && (w == nil || w.ID == 0) {
		err = &Error{Op: route.Name, Method: route.Method, Route: route.Template, StatusCode: 200, Message: "no such hold", Err: ErrNotFound}
	}
	if err != nil {
		return nil, err
	}
	return new(w.hold()), nil
}

// Get reads a hold. One that does not exist is ErrNotFound.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/holds/{id}.
func (s *HoldsService) Get(ctx context.Context, id HoldID) (*Hold, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.holdGet.Name); err != nil {
		return nil, err
	}
	answer, err := get[oneHold](ctx, s.core, &routes.holdGet, []any{id}, nil)
	return answer.hold(&routes.holdGet, err)
}

// Find returns the hold of that name, ErrNotFound if there is none. Names need
// not be unique: look before you create.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/hold.
func (s *HoldsService) Find(ctx context.Context, name string) (*Hold, error) {
	var faults rest.Problems
	wantText(&faults, "name", name)
	if err := faults.Err(routes.holdFind.Name); err != nil {
		return nil, err
	}
	answer, err := get[oneHold](ctx, s.core, &routes.holdFind, nil, params{}.text("holdname", name))
	return answer.hold(&routes.holdFind, err)
}

// NewHold is a hold to be created.
type NewHold struct {
	Name string
	// Type is a code of the server's hold types, as "LEGAL".
	Type    string
	Comment string
	// AlternateID is the id of the case elsewhere.
	AlternateID string
	// Group is the hold group, 0 for the root.
	Group    NodeID
	Applied  time.Time
	ToRemove time.Time
}

// Create makes a hold and returns its id. It holds nothing yet. Without a
// verdict the error matches ErrOutcomeUnknown: find it by name before
// repeating.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v1/holds, GET /v2/hold.
func (s *HoldsService) Create(ctx context.Context, h NewHold) (HoldID, error) {
	var faults rest.Problems
	wantText(&faults, "name", h.Name)
	wantText(&faults, "type", h.Type)
	wantDay(&faults, "applied", h.Applied)
	maySpan(&faults, "applied", "to remove", h.Applied, h.ToRemove)
	mayLines(&faults, "comment", h.Comment)
	mayText(&faults, "alternate id", h.AlternateID)
	mayID(&faults, "group", h.Group)
	if err := faults.Err(routes.holdCreate.Name); err != nil {
		return 0, err
	}
	form := params{}.text("type", h.Type).text("name", h.Name).text("comment", h.Comment).text("alternate_id", h.AlternateID).
		number("parent_id", int64(h.Group)).date("date_applied", h.Applied).date("date_to_remove", h.ToRemove)
	req, err := s.settings.placed(rest.Request{Route: &routes.holdCreate, Form: url.Values(form)})
	if err != nil {
		return 0, err
	}
	answer, err := rest.Do[struct {
		ID number `json:"holdID"`
	}](ctx, s.rest, req)
	if err == nil && answer.ID == 0 {
		found, findErr := s.Find(ctx, h.Name)
		if findErr != nil {
			return 0, fmt.Errorf("%w: the server did not tell the new hold's id: %w", ErrOutcomeUnknown, findErr)
		}
		return found.ID, nil
	}
	return HoldID(answer.ID), err
}

// HoldUpdate changes a hold. Empty fields stay as they are.
type HoldUpdate struct {
	Name, Type, Comment, AlternateID string
	Applied, ToRemove                time.Time
	// Removed suspends the hold from that day, for the reason in
	// RemovalComment.
	Removed        time.Time
	RemovalComment string
}

// Update changes a hold. A repeat changes nothing more.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: PUT /v1/holds.
func (s *HoldsService) Update(ctx context.Context, id HoldID, u HoldUpdate) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantSome(&faults, u)
	if !u.Removed.IsZero() && strings.TrimSpace(u.RemovalComment) == "" {
		faults.Add("removal comment", u.RemovalComment, "why the hold is suspended")
	}
	mayText(&faults, "name", u.Name)
	mayText(&faults, "type", u.Type)
	mayLines(&faults, "comment", u.Comment)
	mayText(&faults, "alternate id", u.AlternateID)
	maySpan(&faults, "applied", "to remove", u.Applied, u.ToRemove)
	maySpan(&faults, "applied", "removed", u.Applied, u.Removed)
	mayLines(&faults, "removal comment", u.RemovalComment)
	if err := faults.Err(routes.holdUpdate.Name); err != nil {
		return err
	}
	query := params{}.number("id", int64(id)).text("type", u.Type).text("name", u.Name).text("comment", u.Comment).text("alternate_id", u.AlternateID).
		date("date_applied", u.Applied).date("date_removed", u.Removed).date("date_to_remove", u.ToRemove).text("removal_comment", u.RemovalComment)
	return s.sendQuery(ctx, &routes.holdUpdate, nil, query)
}

// Delete removes a hold that holds nothing. The server has one sentence for a
// hold that is in use and one that does not exist, so its items are read
// first: one that still holds something is ErrConflict.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrConflict, ErrOutcomeUnknown.
//
// API: DELETE /v1/holds/{id}, GET /v2/holditems/{id},
// GET /v2/holditems/{id}/page.
func (s *HoldsService) Delete(ctx context.Context, id HoldID) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.holdDelete.Name); err != nil {
		return err
	}
	if err := s.unused(ctx, routes.holdDelete.Name, id); err != nil {
		return err
	}
	return s.send(ctx, &routes.holdDelete, []any{id}, nil)
}

// DeleteByName is Delete for a hold's name.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrOutcomeUnknown.
//
// API: DELETE /v2/hold, GET /v2/hold, GET /v2/holditems/{id},
// GET /v2/holditems/{id}/page.
func (s *HoldsService) DeleteByName(ctx context.Context, name string) error {
	found, err := s.Find(ctx, name)
	if err != nil {
		return err
	}
	if err := s.unused(ctx, routes.holdDeleteByName.Name, found.ID); err != nil {
		return err
	}
	_, err = s.do2(ctx, &routes.holdDeleteByName, nil, params{}.text("holdname", name), nil)
	return err
}

func (s *HoldsService) unused(ctx context.Context, op string, id HoldID) error {
	items, err := s.Items(ctx, id)
	if err == nil && len(items) > 0 {
		err = &Error{Op: op, Message: fmt.Sprintf("hold %s still holds %d items: remove it from them first", id, len(items)), Err: ErrConflict}
	}
	return err
}

// Move puts holds into a hold group.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: PUT /v1/holds/move.
func (s *HoldsService) Move(ctx context.Context, group NodeID, ids ...HoldID) error {
	var faults rest.Problems
	wantID(&faults, "group", group)
	wantIDs(&faults, "ids", ids)
	if err := faults.Err(routes.holdMove.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.holdMove, nil, many(params{}.number("holdGroupID", int64(group)), "holdIDs", ids))
}

// HoldEntry is a hold or a hold group in the maintenance view.
type HoldEntry struct {
	ID       int64
	Name     string
	Type     string
	HoldType string
	Active   bool
	Children int
}

// Maintenance lists the holds and hold groups below a group, 0 for the root.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/holdmaintenance/{id}.
func (s *HoldsService) Maintenance(ctx context.Context, group NodeID) ([]HoldEntry, error) {
	var faults rest.Problems
	mayID(&faults, "group", group)
	if err := faults.Err(routes.holdMaintenance.Name); err != nil {
		return nil, err
	}
	type wire struct {
		ID       number          `json:"id"`
		Name     string          `json:"name"`
		Type     json.RawMessage `json:"type"`
		HoldType string          `json:"hold_type"`
		Active   flag            `json:"active"`
		Children number          `json:"childcount"`
	}
	return collect(func(page int) ([]HoldEntry, int, error) {
		answer, err := get[rows[wire]](ctx, s.core, &routes.holdMaintenance, []any{group}, pageParams(page))
		var list []HoldEntry
		for _, w := range answer.list() {
			list = append(list, HoldEntry{int64(w.ID), w.Name, textOf(w.Type), w.HoldType, bool(w.Active), int(w.Children)})
		}
		return list, answer.pages(), err
	})
}

// HoldCounts are numbers over all holds.
type HoldCounts struct {
	// Direct is the number of holds on items, Total that of all items in the
	// system.
	Direct, Total int64
}

// Statistics counts.
//
// Errors: ErrDenied.
//
// API: GET /v1/rmstatistics/holds.
func (s *HoldsService) Statistics(ctx context.Context) (HoldCounts, error) {
	answer, err := get[struct {
		Direct number `json:"directHoldsCount"`
		Total  number `json:"totalCount"`
	}](ctx, s.core, &routes.holdStatistics, nil, nil)
	return HoldCounts{int64(answer.Direct), int64(answer.Total)}, err
}

// pageQuery asks for a page of 100.
func pageQuery(page int) url.Values {
	return url.Values{"page": {strconv.Itoa(page)}, "limit": {"100"}}
}
