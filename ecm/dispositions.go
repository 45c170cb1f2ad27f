package ecm

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// DispositionsService follows the server's own disposition process: searches
// find what is due, each run of one is a snapshot, people review its items,
// and then the actions are performed. Searches themselves are prepared in the
// browser.
type DispositionsService service

// QDate is the key of a snapshot, as the server writes it:
// "2026-02-01:00:00:00", with or without a "D/" before it.
type QDate string

// path is the form that stands in paths and in FinishReview.
func (q QDate) path() string { return strings.TrimPrefix(string(q), "D/") }

// body is the form that stands in other bodies.
func (q QDate) body() string { return "D/" + q.path() }

// DispositionEntry is a search or a group of searches.
type DispositionEntry struct {
	ID   NodeID
	Name string
	Type Subtype
}

// Container lists the searches and groups below a container, 0 for the root.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/dispositionscontainer/{id}.
func (s *DispositionsService) Container(ctx context.Context, id NodeID) ([]DispositionEntry, error) {
	var faults rest.Problems
	mayID(&faults, "id", id)
	if err := faults.Err(routes.dispContainer.Name); err != nil {
		return nil, err
	}
	return collect(func(page int) ([]DispositionEntry, int, error) {
		answer, err := get[rows[wireNode]](ctx, s.core, &routes.dispContainer, []any{id}, pageParams(page))
		var list []DispositionEntry
		for _, w := range answer.list() {
			list = append(list, DispositionEntry{NodeID(w.ID), w.Name, Subtype(w.Type)})
		}
		return list, answer.pages(), err
	})
}

// DispositionCriteria say what a search looks for. Empty fields are left out.
// That a search acts by itself on what it finds, without a review and without a
// look at holds, cannot be set here.
type DispositionCriteria struct {
	Container        NodeID
	Accession        string
	ObjectTypes      []int64
	ChangeStatusTo   string
	DefaultProcess   string
	MaximumRetention bool
	MultipleSnaps    bool
	RetentionStage   string
	RSIs             []string
	SavedQuery       NodeID
}

func (c DispositionCriteria) empty() bool {
	return len(c.ObjectTypes)+len(c.RSIs) == 0 && c.Container == 0 && c.Accession+c.ChangeStatusTo+c.DefaultProcess+c.RetentionStage == "" &&
		!c.MaximumRetention && !c.MultipleSnaps && c.SavedQuery == 0
}

func (c DispositionCriteria) check(faults *rest.Problems) {
	mayID(faults, "container", c.Container)
	mayIDs(faults, "object types", c.ObjectTypes)
	mayText(faults, "change status to", c.ChangeStatusTo)
	mayText(faults, "default process", c.DefaultProcess)
	mayText(faults, "retention stage", c.RetentionStage)
	mayText(faults, "accession", c.Accession)
	mayTexts(faults, "rsis", c.RSIs)
	mayID(faults, "saved query", c.SavedQuery)
}

// SetCriteria changes what a search looks for.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: PUT /v1/dispSearchCriteria/{id}.
func (s *DispositionsService) SetCriteria(ctx context.Context, search NodeID, c DispositionCriteria) error {
	var faults rest.Problems
	wantID(&faults, "search", search)
	if c.empty() {
		faults.Add("criteria", "none", "at least one")
	}
	c.check(&faults)
	if err := faults.Err(routes.dispCriteria.Name); err != nil {
		return err
	}
	form := params{}.flag("includeContainer", c.Container > 0).number("SelectContainer_ID", int64(c.Container)).text("changeStatusTo", c.ChangeStatusTo).
		text("defaultProcess", c.DefaultProcess).flag("maxRet", c.MaximumRetention).flag("multiSnap", c.MultipleSnaps).
		text("retStage", c.RetentionStage).text("accessionSearch", c.Accession).texts("rsi_list", c.RSIs).number("SelectSavedQuery_ID", int64(c.SavedQuery))
	return s.send(ctx, &routes.dispCriteria, []any{search}, many(form, "objectTypes_list", c.ObjectTypes))
}

// Configure sets one field of a search's configuration; tab is "notification",
// "reviewprocess" or "settings".
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: POST /v1/dispositionConfiguration/id/{id}/tab/{tab}.
func (s *DispositionsService) Configure(ctx context.Context, search NodeID, tab, field, value string) error {
	var faults rest.Problems
	wantID(&faults, "search", search)
	wantText(&faults, "tab", tab)
	wantText(&faults, "field", field)
	mayLines(&faults, "value", value)
	if err := faults.Err(routes.dispConfigure.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.dispConfigure, []any{search, tab}, params{}.text("field", field).always("value", value))
}

// Start runs a search. Its snapshot appears among Snapshots when it is ready.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied,
// ErrOutcomeUnknown.
//
// API: POST /v1/nodes/{id}/startdispsearch.
func (s *DispositionsService) Start(ctx context.Context, search NodeID) error {
	var faults rest.Problems
	wantID(&faults, "search", search)
	if err := faults.Err(routes.dispStart.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.dispStart, []any{search}, nil)
}

// StopSearch stops a running search.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: POST /v1/stopsearch/{id}/qdate/{qdate}.
func (s *DispositionsService) StopSearch(ctx context.Context, search NodeID, q QDate) error {
	return s.atSnapshot(ctx, &routes.dispStopSearch, search, q)
}

// StopActions stops the performing of a snapshot's actions.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: POST /v1/stopactions/{id}/qdate/{qdate}.
func (s *DispositionsService) StopActions(ctx context.Context, search NodeID, q QDate) error {
	return s.atSnapshot(ctx, &routes.dispStopActions, search, q)
}

// DeleteSnapshot removes a snapshot, not what it lists.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrOutcomeUnknown.
//
// API: DELETE /v1/disposition/{id}/qdate/{qdate}.
func (s *DispositionsService) DeleteSnapshot(ctx context.Context, search NodeID, q QDate) error {
	return s.atSnapshot(ctx, &routes.dispDeleteSnapshot, search, q)
}

func (s *DispositionsService) atSnapshot(ctx context.Context, route *rest.Route, search NodeID, q QDate) error {
	if err := checkSnapshot(route.Name, search, q); err != nil {
		return err
	}
	return s.send(ctx, route, []any{search, q.path()}, nil)
}

func checkSnapshot(op string, search NodeID, q QDate) error {
	var faults rest.Problems
	wantID(&faults, "search", search)
	q.check(&faults)
	return faults.Err(op)
}

// check wants a day at the beginning; what follows is the server's own.
func (q QDate) check(faults *rest.Problems) {
	text := q.path()
	mayText(faults, "qdate", text)
	if _, err := time.Parse(time.DateOnly, text[:min(len(text), len(time.DateOnly))]); err != nil || strings.ContainsAny(text, `/\?#%`) {
		faults.Add("qdate", q, "a key as 2026-02-01:00:00:00")
	}
}

// Snapshot is one dated run of a search.
type Snapshot struct {
	QDate QDate
	// Status and ReviewStatus are the server's words; no list is published.
	Status       string
	ReviewStatus string
	Records      int
	Actioned     int
	Deletable    bool
}

// Snapshots lists the runs of a search.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/snapshottable/{id}.
func (s *DispositionsService) Snapshots(ctx context.Context, search NodeID) ([]Snapshot, error) {
	var faults rest.Problems
	wantID(&faults, "search", search)
	if err := faults.Err(routes.dispSnapshots.Name); err != nil {
		return nil, err
	}
	type wire struct {
		QDate    QDate           `json:"qdate"`
		Status   json.RawMessage `json:"snapshot_status"`
		Review   json.RawMessage `json:"review_status"`
		Records  number          `json:"record_count"`
		Actioned number          `json:"actioned_count"`
		Delete   flag            `json:"deletable"`
	}
	return collect(func(page int) ([]Snapshot, int, error) {
		answer, err := get[rows[wire]](ctx, s.core, &routes.dispSnapshots, []any{search}, pageParams(page))
		var list []Snapshot
		for _, w := range answer.list() {
			list = append(list, Snapshot{w.QDate, textOf(w.Status), textOf(w.Review), int(w.Records), int(w.Actioned), bool(w.Delete)})
		}
		return list, answer.pages(), err
	})
}

// SnapshotStatus is a snapshot's state in the server's words.
type SnapshotStatus struct {
	Priority, Review, Snapshot string
}

// Status reads a snapshot's state, at little cost.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v1/disposition/{id}/qdate/{qdate}.
func (s *DispositionsService) Status(ctx context.Context, search NodeID, q QDate) (*SnapshotStatus, error) {
	if err := checkSnapshot(routes.dispStatus.Name, search, q); err != nil {
		return nil, err
	}
	return s.status(ctx, &routes.dispStatus, []any{search, q.path()})
}

// Reviewer is one reviewer at one step of a review.
type Reviewer struct {
	User UserID
	Step int
}

func (r Reviewer) check(op string, search NodeID, q QDate) error {
	var faults rest.Problems
	wantID(&faults, "search", search)
	q.check(&faults)
	wantID(&faults, "reviewer", r.User)
	wantLeast(&faults, "reviewer step", r.Step, 0)
	return faults.Err(op)
}

// ReviewerStatus reads a snapshot's state for one reviewer.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v1/disposition/{id}/qdate/{qdate}/reviewerid/{reviewerid}/reviewerstep/{reviewerstep}.
func (s *DispositionsService) ReviewerStatus(ctx context.Context, search NodeID, q QDate, r Reviewer) (*SnapshotStatus, error) {
	if err := r.check(routes.dispReviewerStatus.Name, search, q); err != nil {
		return nil, err
	}
	return s.status(ctx, &routes.dispReviewerStatus, []any{search, q.path(), r.User, r.Step})
}

func (s *DispositionsService) status(ctx context.Context, route *rest.Route, path []any) (*SnapshotStatus, error) {
	answer, err := get[struct {
		Priority json.RawMessage `json:"priority"`
		Review   json.RawMessage `json:"reviewStatus"`
		Snapshot json.RawMessage `json:"snapshotStatus"`
	}](ctx, s.core, route, path, nil)
	if err != nil {
		return nil, err
	}
	return &SnapshotStatus{textOf(answer.Priority), textOf(answer.Review), textOf(answer.Snapshot)}, nil
}

// ReviewDecision is what a reviewer decided.
type ReviewDecision int

// The decisions.
const (
	ReviewPending  ReviewDecision = 0
	ReviewApproved ReviewDecision = 1
	ReviewRejected ReviewDecision = 2
)

// DispositionItem is one item of a snapshot.
type DispositionItem struct {
	Node NodeID
	Name string
	Type Subtype
	// Class and Due are why it is here; Due is as the server writes it.
	Class NodeID
	Due   string
	// Action is the code of what is to be done, or its name.
	Action     string
	Performed  bool
	StageCount int
	Decision   ReviewDecision
	Comment    string
	Reviewer   Reviewer
	// OnHold is the server's flag. Read [HoldsService.OfNode] before anything
	// is done.
	OnHold   bool
	Official bool
}

// key is how lists of items name one.
func (i DispositionItem) key() string { return i.Node.String() + "_" + strconv.Itoa(i.StageCount) }

type wireItem struct {
	ID         number          `json:"id"`
	Name       string          `json:"name"`
	Type       number          `json:"type"`
	Class      number          `json:"class_id"`
	Due        string          `json:"calculated_date"`
	Action     json.RawMessage `json:"disp_action"`
	Performed  flag            `json:"action_performed"`
	StageCount number          `json:"stage_count"`
	Decision   number          `json:"review_decision"`
	Comment    string          `json:"review_comments"`
	Reviewer   number          `json:"reviewerid"`
	Step       number          `json:"reviewerstep"`
	Icons      struct {
		Hold     flag `json:"show_hold"`
		Official flag `json:"official"`
	} `json:"rmiconsdata"`
}

func (w wireItem) item() DispositionItem {
	return DispositionItem{
		Node: NodeID(w.ID), Name: w.Name, Type: Subtype(w.Type), Class: NodeID(w.Class), Due: w.Due, Action: textOf(w.Action), Performed: bool(w.Performed),
		StageCount: int(w.StageCount), Decision: ReviewDecision(w.Decision), Comment: w.Comment, Reviewer: Reviewer{UserID(w.Reviewer), int(w.Step)},
		OnHold: bool(w.Icons.Hold), Official: bool(w.Icons.Official),
	}
}

// Items returns the items of a snapshot.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v2/nodes/{id}/disposition-snapshots/qdate/{qdate}.
func (s *DispositionsService) Items(ctx context.Context, search NodeID, q QDate) ([]DispositionItem, error) {
	if err := checkSnapshot(routes.dispItems.Name, search, q); err != nil {
		return nil, err
	}
	return s.snapshotItems(ctx, &routes.dispItems, []any{search, q.path()})
}

// ReviewerItems returns the items that one reviewer has to decide.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v2/nodes/{id}/disposition-snapshots/qdate/{qdate}/reviewerid/{reviewerid}/reviewerstep/{reviewerstep}.
func (s *DispositionsService) ReviewerItems(ctx context.Context, search NodeID, q QDate, r Reviewer) ([]DispositionItem, error) {
	if err := r.check(routes.dispReviewerItems.Name, search, q); err != nil {
		return nil, err
	}
	return s.snapshotItems(ctx, &routes.dispReviewerItems, []any{search, q.path(), r.User, r.Step})
}

// snapshotItems reads the pages of a snapshot. The page parameters are not
// described: a server that ignores them repeats its one page, which is noticed
// by its items.
func (s *DispositionsService) snapshotItems(ctx context.Context, route *rest.Route, path []any) ([]DispositionItem, error) {
	var all []DispositionItem
	seen := map[string]bool{}
	for page := 1; ; page++ {
		query := params{}
		if page > 1 {
			query = pageParams(page)
		}
		answer, err := get[struct {
			Collection struct {
				Paging paging `json:"paging"`
			} `json:"collection"`
			Results struct {
				Data oneOrMany[row[wireItem]] `json:"data"`
			} `json:"results"`
		}](ctx, s.core, route, path, query)
		if err != nil {
			return nil, err
		}
		fresh := 0
		for _, r := range answer.Results.Data {
			if item := r.value.item(); !seen[item.key()] {
				seen[item.key()] = true
				all = append(all, item)
				fresh++
			}
		}
		if fresh == 0 || page >= answer.Collection.Paging.pages() {
			return all, nil
		}
	}
}

// Count is the number of items in all searches' results.
//
// Errors: ErrDenied.
//
// API: GET /v1/rmclassifications/dispositions.
func (s *DispositionsService) Count(ctx context.Context) (int64, error) {
	answer, err := get[struct {
		Count number `json:"dispositionsCnt"`
	}](ctx, s.core, &routes.dispCount, nil, nil)
	return int64(answer.Count), err
}

// UserAttribute is an attribute of a category that names a user, for reviews.
type UserAttribute struct {
	ID   string
	Type string
}

// UserAttributes lists the attributes of a category that can name a reviewer.
//
// Errors: ErrInvalid, ErrNotFound.
//
// API: GET /v1/category/userAttribute/{id}.
func (s *DispositionsService) UserAttributes(ctx context.Context, category NodeID) ([]UserAttribute, error) {
	var faults rest.Problems
	wantID(&faults, "category", category)
	if err := faults.Err(routes.userAttributes.Name); err != nil {
		return nil, err
	}
	answer, err := get[struct {
		Attributes []struct {
			ID   json.RawMessage `json:"ID"`
			Type json.RawMessage `json:"type"`
		} `json:"attributes"`
	}](ctx, s.core, &routes.userAttributes, []any{category}, nil)
	var list []UserAttribute
	for _, a := range answer.Attributes {
		list = append(list, UserAttribute{textOf(a.ID), textOf(a.Type)})
	}
	return list, err
}
