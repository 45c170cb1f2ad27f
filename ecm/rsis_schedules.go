package ecm

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// Schedule is one stage of an RSI: a retention rule and what is done when it
// falls due.
type Schedule struct {
	RSIID      int64
	RSI        string
	Title      string
	ScheduleID int64
	// Stage is the code of the retention stage.
	Stage string
	// EventType says how the date is found: 1 calculated, 2 calendar, 3 event,
	// 4 fixed, 5 permanent.
	EventType           int
	Years, Months, Days int
	// ObjectType is "LIV" for classified objects, "LRM" for RM classifications.
	ObjectType   string
	Action       string
	Disposition  string
	RuleCode     string
	YearEndMonth int
	YearEndDay   int
	Approved     bool
	Discontinued bool
}

// wireSchedule has the names of both forms that servers use. Members that
// differ in case alone are one to the decoder.
type wireSchedule struct {
	RSIID        number          `json:"RSIID"`
	RSI          string          `json:"RSI"`
	Title        string          `json:"Title"`
	ScheduleID   number          `json:"RSIScheduleID"`
	LowerID      number          `json:"id"`
	Stage        string          `json:"RetStage"`
	LowerStage   string          `json:"name"`
	EventType    number          `json:"EventType"`
	Years        number          `json:"RetYears"`
	Months       number          `json:"RetMonths"`
	Days         number          `json:"RetDays"`
	ObjectType   json.RawMessage `json:"ObjectType"`
	LowerObject  json.RawMessage `json:"object_type"`
	Action       json.RawMessage `json:"ActionCode"`
	LowerAction  json.RawMessage `json:"action_code"`
	Disposition  string          `json:"Disposition"`
	RuleCode     string          `json:"RSIRuleCode"`
	YearEndMonth number          `json:"YearEndMonth"`
	YearEndDay   number          `json:"YearEndDay"`
	Approval     flag            `json:"ApprovalFlag"`
	LowerAppr    flag            `json:"approval_flag"`
	Discont      flag            `json:"DiscontFlag"`
}

func (w wireSchedule) schedule() Schedule {
	object := firstName(textOf(w.ObjectType), textOf(w.LowerObject))
	switch object {
	case "1", "Classified Objects":
		object = "LIV"
	case "2", "RM Classifications":
		object = "LRM"
	}
	return Schedule{
		RSIID: int64(w.RSIID), RSI: w.RSI, Title: w.Title, ScheduleID: int64(max(w.ScheduleID, w.LowerID)), Stage: firstName(w.Stage, w.LowerStage),
		EventType: int(w.EventType), Years: int(w.Years), Months: int(w.Months), Days: int(w.Days), ObjectType: object,
		Action: firstName(textOf(w.Action), textOf(w.LowerAction)), Disposition: w.Disposition, RuleCode: w.RuleCode,
		YearEndMonth: int(w.YearEndMonth), YearEndDay: int(w.YearEndDay), Approved: bool(w.Approval || w.LowerAppr), Discontinued: bool(w.Discont),
	}
}

func checkRSI(op string, rsi int64) error {
	var faults rest.Problems
	wantID(&faults, "rsi", rsi)
	return faults.Err(op)
}

// Get returns an RSI's schedules, one for each stage.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/rsis/{id}.
func (s *RSIsService) Get(ctx context.Context, id int64) ([]Schedule, error) {
	if err := checkRSI(routes.rsiGet.Name, id); err != nil {
		return nil, err
	}
	return collect(func(page int) ([]Schedule, int, error) {
		answer, err := get[v2[struct {
			RSIs oneOrMany[wireSchedule] `json:"rsis"`
			RSI  oneOrMany[wireSchedule] `json:"rsi"`
		}]](ctx, s.core, &routes.rsiGet, []any{id}, pageParams(page))
		var list []Schedule
		for _, r := range answer.Results {
			for _, w := range append(r.Data.RSIs, r.Data.RSI...) {
				list = append(list, w.schedule())
			}
		}
		return list, answer.Collection.Paging.pages(), err
	})
}

// Schedule reads one stage of an RSI.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/rsis/{rsiid}/schedules/{id}.
func (s *RSIsService) Schedule(ctx context.Context, rsi, schedule int64) (*Schedule, error) {
	var faults rest.Problems
	wantID(&faults, "rsi", rsi)
	wantID(&faults, "schedule", schedule)
	if err := faults.Err(routes.rsiSchedule.Name); err != nil {
		return nil, err
	}
	answer, err := get[struct {
		Schedule *wireSchedule `json:"schedule"`
	}](ctx, s.core, &routes.rsiSchedule, []any{rsi, schedule}, nil)
	if err == nil && answer.Schedule == nil {
		err = &Error{Op: routes.rsiSchedule.Name, Method: "GET", Route: routes.rsiSchedule.Template, StatusCode: 200, Message: "no such schedule", Err: ErrNotFound}
	}
	if err != nil {
		return nil, err
	}
	return new(answer.Schedule.schedule()), nil
}

// Schedules lists the stages of an RSI in the maintenance view.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/rsischedule/{id}.
func (s *RSIsService) Schedules(ctx context.Context, rsi int64) ([]Schedule, error) {
	if err := checkRSI(routes.rsiSchedules.Name, rsi); err != nil {
		return nil, err
	}
	return collect(func(page int) ([]Schedule, int, error) {
		answer, err := get[rows[wireSchedule]](ctx, s.core, &routes.rsiSchedules, []any{rsi}, pageParams(page))
		var list []Schedule
		for _, w := range answer.list() {
			list = append(list, w.schedule())
		}
		return list, answer.pages(), err
	})
}

// RSIEntry is an RSI in the maintenance view.
type RSIEntry struct {
	ID           int64
	Name         string
	Title        string
	Comment      string
	Status       string
	Discontinued bool
}

// Maintenance lists all RSIs as their administrators see them.
//
// Errors: ErrDenied.
//
// API: GET /v2/rsismaintenance.
func (s *RSIsService) Maintenance(ctx context.Context) ([]RSIEntry, error) {
	type wire struct {
		ID      number `json:"id"`
		Name    string `json:"name"`
		Title   string `json:"title"`
		Comment string `json:"comment"`
		Status  string `json:"rsistatus"`
		Discont flag   `json:"discont_flag"`
	}
	return collect(func(page int) ([]RSIEntry, int, error) {
		answer, err := get[rows[wire]](ctx, s.core, &routes.rsiMaintenance, nil, pageParams(page))
		var list []RSIEntry
		for _, w := range answer.list() {
			list = append(list, RSIEntry{int64(w.ID), w.Name, w.Title, w.Comment, w.Status, bool(w.Discont)})
		}
		return list, answer.pages(), err
	})
}

// rsiNames finds the names at either place where servers put them.
type rsiNames struct {
	Spec oneOrMany[named] `json:"fast:codes"`
	Data struct {
		Live oneOrMany[named] `json:"fast_codes"`
	} `json:"data"`
}

type named struct {
	Name string `json:"name"`
}

func (r rsiNames) names() []string {
	var list []string
	for _, n := range append(r.Spec, r.Data.Live...) {
		list = append(list, n.Name)
	}
	return list
}

// Names lists the names of all RSIs.
//
// Errors: ErrDenied.
//
// API: GET /v1/rsis.
func (s *RSIsService) Names(ctx context.Context) ([]string, error) {
	answer, err := get[rsiNames](ctx, s.core, &routes.rsiNames, nil, nil)
	return answer.names(), err
}

// Search lists the names that contain a text.
//
// Errors: ErrInvalid, ErrDenied.
//
// API: POST /v1/rsis.
func (s *RSIsService) Search(ctx context.Context, query string) ([]string, error) {
	var faults rest.Problems
	mayText(&faults, "query", query)
	if err := faults.Err(routes.rsiSearch.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[rsiNames](ctx, s.rest, rest.Request{Route: &routes.rsiSearch, Form: url.Values(params{}.always("query", query))})
	return answer.names(), err
}

// NewRSI is an RSI to be created, or what an update makes of one. The vendor
// calls the RSI itself a schedule in its paths; a schedule proper is a stage
// below it.
type NewRSI struct {
	Name        string
	Status      string
	StatusDate  time.Time
	Description string
	Subject     string
	Title       string
	// DispositionControl puts the RSI's records under disposition control.
	DispositionControl bool
	// Discontinued retires the RSI. An update that leaves it out makes a retired
	// RSI current again.
	Discontinued       bool
	DiscontinuedOn     time.Time
	DiscontinueComment string
	// SourceApp names the application that made the RSI, and only that; EditingApp
	// the one that changes it.
	SourceApp, EditingApp string
}

func (n NewRSI) check(faults *rest.Problems) {
	wantText(faults, "name", n.Name)
	wantText(faults, "status", n.Status)
	mayDay(faults, "status date", n.StatusDate)
	mayLines(faults, "description", n.Description)
	mayText(faults, "subject", n.Subject)
	mayText(faults, "title", n.Title)
	mayDay(faults, "discontinued on", n.DiscontinuedOn)
	mayLines(faults, "discontinue comment", n.DiscontinueComment)
	mayText(faults, "editing application", n.EditingApp)
	mayText(faults, "source application", n.SourceApp)
}

func (n NewRSI) form() params {
	return params{}.text("editingApp", n.EditingApp).text("status", n.Status).moment("statusDate", n.StatusDate).text("description", n.Description).
		text("subject", n.Subject).text("title", n.Title).flag("dispcontrol", n.DispositionControl)
}

// Create makes an RSI and returns its id.
//
// Errors: ErrInvalid, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v2/rsischedules.
func (s *RSIsService) Create(ctx context.Context, n NewRSI) (int64, error) {
	var faults rest.Problems
	n.check(&faults)
	if err := faults.Err(routes.rsiCreate.Name); err != nil {
		return 0, err
	}
	return s.do2(ctx, &routes.rsiCreate, nil, nil, n.form().text("name", n.Name).text("sourceApp", n.SourceApp))
}

func (n NewRSI) update(id int64, name string) params {
	form := n.form().number("id", id).text("name", name).flag("discontinue", n.Discontinued).
		moment("discontinueDate", n.DiscontinuedOn).text("discontinueComment", n.DiscontinueComment)
	if n.Name != name {
		form.text("newName", n.Name)
	}
	return form
}

// Update changes an RSI. Name is the present one; n.Name the one to have.
// An RSI that anything is under is refused with ErrInUse.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrInUse.
//
// API: PUT /v2/rsischedules/{id}.
func (s *RSIsService) Update(ctx context.Context, id int64, name string, n NewRSI, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "rsi", id)
	wantText(&faults, "present name", name)
	n.check(&faults)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.rsiUpdate.Name); err != nil {
		return err
	}
	if err := s.guardSchedule(ctx, routes.rsiUpdate.Name, id, skip); err != nil {
		return err
	}
	return s.do(ctx, rest.Request{Route: &routes.rsiUpdate, Path: []any{id}, Form: url.Values(n.update(id, name))})
}

// UpdateByName is Update for an RSI that is known by its name alone.
// An RSI that anything is under is refused with ErrInUse.
//
// Errors: ErrInvalid, ErrDenied, ErrInUse.
//
// API: PUT /v2/rsischedule.
func (s *RSIsService) UpdateByName(ctx context.Context, name string, n NewRSI, skip ...Unguarded) error {
	var faults rest.Problems
	wantText(&faults, "present name", name)
	n.check(&faults)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.rsiUpdateByName.Name); err != nil {
		return err
	}
	if err := s.guardScheduleByName(ctx, routes.rsiUpdateByName.Name, name, skip); err != nil {
		return err
	}
	return s.send(ctx, &routes.rsiUpdateByName, nil, n.update(0, name))
}

// Delete removes an RSI that is not in use.
// An RSI that anything is under is refused with ErrInUse.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrInUse, ErrOutcomeUnknown.
//
// API: DELETE /v2/rsischedules/{id}.
func (s *RSIsService) Delete(ctx context.Context, id int64, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "rsi", id)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.rsiDelete.Name); err != nil {
		return err
	}
	if err := s.guardSchedule(ctx, routes.rsiDelete.Name, id, skip); err != nil {
		return err
	}
	_, err := s.do2(ctx, &routes.rsiDelete, []any{id}, nil, nil)
	return err
}

// DeleteByName removes an RSI that is not in use.
// An RSI that anything is under is refused with ErrInUse.
//
// Errors: ErrInvalid, ErrDenied, ErrInUse, ErrOutcomeUnknown.
//
// API: DELETE /v2/rsischedules.
func (s *RSIsService) DeleteByName(ctx context.Context, name string, skip ...Unguarded) error {
	var faults rest.Problems
	wantText(&faults, "name", name)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.rsiDeleteByName.Name); err != nil {
		return err
	}
	if err := s.guardScheduleByName(ctx, routes.rsiDeleteByName.Name, name, skip); err != nil {
		return err
	}
	_, err := s.do2(ctx, &routes.rsiDeleteByName, nil, params{}.text("name", name), nil)
	return err
}

// Items returns everything that has an RSI. Of a large one, range over AllItems
// instead.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/rsiitems/{id}, GET /v2/rsiitems/{id}/page.
func (s *RSIsService) Items(ctx context.Context, rsi int64) ([]Node, error) {
	return gather(s.AllItems(ctx, rsi))
}

// AllItems walks what has an RSI page by page; it may be ranged again.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/rsiitems/{id}, GET /v2/rsiitems/{id}/page.
func (s *RSIsService) AllItems(ctx context.Context, rsi int64) iter.Seq2[Node, error] {
	if err := checkRSI(routes.rsiItems.Name, rsi); err != nil {
		return failed[Node](err)
	}
	return s.items(ctx, &routes.rsiItems, &routes.rsiItemsPage, rsi)
}

// Statistics counts the items of each RSI, by its name.
//
// Errors: ErrDenied.
//
// API: GET /v1/rmstatistics/rsis.
func (s *RSIsService) Statistics(ctx context.Context) (map[string]int64, error) {
	answer, err := get[v1[struct {
		RSI   string `json:"rsi"`
		Count number `json:"cnt"`
	}]](ctx, s.core, &routes.rsiStatistics, nil, nil)
	counts := map[string]int64{}
	for _, c := range answer.Data {
		counts[c.RSI] = int64(c.Count)
	}
	return counts, err
}

// Remove takes the RSI off a record's classification, which shortens its
// retention: final records are refused with ErrFinal, held ones with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied, ErrOnHold,
// ErrFinal, ErrOutcomeUnknown.
//
// API: DELETE /v1/nodes/{id}/rmclassifications/{class_id}/rsis.
func (s *RSIsService) Remove(ctx context.Context, id, class NodeID, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "class", class)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.rsiRemove.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.rsiRemove.Name, id, skip); err != nil {
		return err
	}
	return s.send(ctx, &routes.rsiRemove, []any{id, class}, nil)
}
