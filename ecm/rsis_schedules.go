package ecm

import (
	"context"
	"encoding/json"
	"fmt"
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

// Get returns an RSI's schedules, one for each stage.
//
// API: GET /v2/rsis/{id}.
func (s *RSIsService) Get(ctx context.Context, id int64) ([]Schedule, error) {
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
		return list, answer.Collection.Paging.PageTotal, err
	})
}

// Schedule reads one stage of an RSI.
//
// API: GET /v2/rsis/{rsiid}/schedules/{id}.
func (s *RSIsService) Schedule(ctx context.Context, rsi, schedule int64) (*Schedule, error) {
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
// API: GET /v2/rsischedule/{id}.
func (s *RSIsService) Schedules(ctx context.Context, rsi int64) ([]Schedule, error) {
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
// API: GET /v1/rsis.
func (s *RSIsService) Names(ctx context.Context) ([]string, error) {
	answer, err := get[rsiNames](ctx, s.core, &routes.rsiNames, nil, nil)
	return answer.names(), err
}

// Search lists the names that contain a text.
//
// API: POST /v1/rsis.
func (s *RSIsService) Search(ctx context.Context, query string) ([]string, error) {
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
}

func (n NewRSI) check(op string) error {
	var faults rest.Problems
	wantText(&faults, "name", n.Name)
	wantText(&faults, "status", n.Status)
	return faults.Err(op)
}

func (n NewRSI) form() params {
	return params{}.text("status", n.Status).moment("statusDate", n.StatusDate).text("description", n.Description).
		text("subject", n.Subject).text("title", n.Title).flag("dispcontrol", n.DispositionControl)
}

// Create makes an RSI and returns its id.
//
// API: POST /v2/rsischedules.
func (s *RSIsService) Create(ctx context.Context, n NewRSI) (int64, error) {
	if err := n.check(routes.rsiCreate.Name); err != nil {
		return 0, err
	}
	return s.do2(ctx, &routes.rsiCreate, nil, nil, n.form().text("name", n.Name))
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
// API: PUT /v2/rsischedules/{id}.
func (s *RSIsService) Update(ctx context.Context, id int64, name string, n NewRSI, skip ...Unguarded) error {
	if err := n.check(routes.rsiUpdate.Name); err != nil {
		return err
	}
	if err := s.guardSchedule(ctx, routes.rsiUpdate.Name, id, skip); err != nil {
		return err
	}
	_, err := rest.Do[rest.None](ctx, s.rest, rest.Request{Route: &routes.rsiUpdate, Path: []any{id}, Form: url.Values(n.update(id, name))})
	return err
}

// UpdateByName is Update for an RSI that is known by its name alone.
// An RSI that anything is under is refused with ErrInUse.
//
// API: PUT /v2/rsischedule.
func (s *RSIsService) UpdateByName(ctx context.Context, name string, n NewRSI, skip ...Unguarded) error {
	if err := n.check(routes.rsiUpdateByName.Name); err != nil {
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
// API: DELETE /v2/rsischedules/{id}.
func (s *RSIsService) Delete(ctx context.Context, id int64, skip ...Unguarded) error {
	if err := s.guardSchedule(ctx, routes.rsiDelete.Name, id, skip); err != nil {
		return err
	}
	_, err := s.do2(ctx, &routes.rsiDelete, []any{id}, nil, nil)
	return err
}

// DeleteByName removes an RSI that is not in use.
// An RSI that anything is under is refused with ErrInUse.
//
// API: DELETE /v2/rsischedules.
func (s *RSIsService) DeleteByName(ctx context.Context, name string, skip ...Unguarded) error {
	var faults rest.Problems
	wantText(&faults, "name", name)
	if err := faults.Err(routes.rsiDeleteByName.Name); err != nil {
		return err
	}
	if err := s.guardScheduleByName(ctx, routes.rsiDeleteByName.Name, name, skip); err != nil {
		return err
	}
	_, err := s.do2(ctx, &routes.rsiDeleteByName, nil, params{}.text("name", name), nil)
	return err
}

// Stage is a stage to be created or changed.
type Stage struct {
	// ObjectType is "LIV" or "LRM"; Stage the code of the retention stage, which
	// an update does not change; EventType as in [Schedule].
	ObjectType string
	Stage      string
	EventType  int
	RuleCode   string
	// DateToUse is the code of the date that the period begins at, as 91 for the
	// creation.
	DateToUse           int
	Years, Months, Days int
	// Category and Attribute name a category attribute that holds the date.
	Category     NodeID
	Attribute    int
	YearEndMonth int
	YearEndDay   int
	FixedDate    time.Time
	// EventCondition is the code of the event, for EventType 3.
	EventCondition string
	Disposition    string
	// Action is a code: 32 destroys.
	Action      int
	Description string
}

func (t Stage) form() params {
	return params{}.text("objectType", t.ObjectType).number("eventType", int64(t.EventType)).text("ruleCode", t.RuleCode).
		number("dateToUse", int64(t.DateToUse)).number("retentionYears", int64(t.Years)).number("retentionMonths", int64(t.Months)).
		number("retentionDays", int64(t.Days)).number("categoryId", int64(t.Category)).number("categoryAttributeId", int64(t.Attribute)).
		number("yearEndMonth", int64(t.YearEndMonth)).number("yearEndDay", int64(t.YearEndDay)).moment("fixedDate", t.FixedDate).
		text("eventCondition", t.EventCondition).text("disposition", t.Disposition).number("actionCode", int64(t.Action)).text("description", t.Description)
}

// CreateStage adds a stage to an RSI and returns its id.
// An RSI that anything is under is refused with ErrInUse.
//
// API: POST /v2/rsischedules/{id}/stages.
func (s *RSIsService) CreateStage(ctx context.Context, rsi int64, t Stage, skip ...Unguarded) (int64, error) {
	var faults rest.Problems
	if t.ObjectType != "LIV" && t.ObjectType != "LRM" {
		faults.Add("object type", t.ObjectType, "LIV or LRM")
	}
	wantText(&faults, "stage", t.Stage)
	if t.EventType < 1 || t.EventType > 5 {
		faults.Add("event type", t.EventType, "1 to 5")
	}
	if err := faults.Err(routes.stageCreate.Name); err != nil {
		return 0, err
	}
	if err := s.guardSchedule(ctx, routes.stageCreate.Name, rsi, skip); err != nil {
		return 0, err
	}
	return s.do2(ctx, &routes.stageCreate, []any{rsi}, nil, t.form().text("stage", t.Stage))
}

// UpdateStage changes a stage; empty fields are left out.
// An RSI that anything is under is refused with ErrInUse.
//
// API: PUT /v2/rsischedules/{id}/stages/{stageId}.
func (s *RSIsService) UpdateStage(ctx context.Context, rsi, stage int64, t Stage, skip ...Unguarded) error {
	if err := s.guardSchedule(ctx, routes.stageUpdate.Name, rsi, skip); err != nil {
		return err
	}
	_, err := s.do2(ctx, &routes.stageUpdate, []any{rsi, stage}, nil, t.form())
	return err
}

// DeleteStage removes a stage.
// An RSI that anything is under is refused with ErrInUse.
//
// API: DELETE /v2/rsischedules/{id}/stages/{stageId}.
func (s *RSIsService) DeleteStage(ctx context.Context, rsi, stage int64, skip ...Unguarded) error {
	if err := s.guardSchedule(ctx, routes.stageDelete.Name, rsi, skip); err != nil {
		return err
	}
	_, err := s.do2(ctx, &routes.stageDelete, []any{rsi, stage}, nil, nil)
	return err
}

// StageApproval approves a stage, or takes an approval back.
type StageApproval struct {
	Remove  bool
	By      UserID
	On      time.Time
	Comment string
}

// Approve approves a stage.
// What is approved takes effect: an RSI that anything is under is refused with ErrInUse.
//
// API: PUT /v2/rsischedules/{id}/approve/{stageId}.
func (s *RSIsService) Approve(ctx context.Context, rsi, stage int64, a StageApproval, skip ...Unguarded) error {
	if err := s.guardSchedule(ctx, routes.stageApprove.Name, rsi, skip); err != nil {
		return err
	}
	what := "updateapproval"
	if a.Remove {
		what = "removeapproval"
	}
	form := params{}.text("updateApproval", what).number("approvedByUserID", int64(a.By)).date("approvedDate", a.On).text("approvalComment", a.Comment)
	_, err := s.do2(ctx, &routes.stageApprove, []any{rsi, stage}, nil, form)
	return err
}

// ApprovalEntry is one approval of an RSI's stage.
type ApprovalEntry struct {
	User    UserID
	Date    time.Time
	Comment string
	Stage   string
}

// ApprovalHistory lists the approvals of an RSI's stages.
//
// API: GET /v2/rsischedules/{id}/approvalhistory.
func (s *RSIsService) ApprovalHistory(ctx context.Context, rsi int64) ([]ApprovalEntry, error) {
	type wire struct {
		User     number `json:"user_id"`
		Approved stamp  `json:"approved_date"`
		Date     stamp  `json:"approval_date"`
		Comment  string `json:"approval_comments"`
		Stage    string `json:"ret_stage"`
	}
	return collect(func(page int) ([]ApprovalEntry, int, error) {
		answer, err := get[rows[wire]](ctx, s.core, &routes.approvalHistory, []any{rsi}, pageParams(page))
		var list []ApprovalEntry
		for _, w := range answer.list() {
			at := time.Time(w.Approved)
			if at.IsZero() {
				at = time.Time(w.Date)
			}
			list = append(list, ApprovalEntry{UserID(w.User), at, w.Comment, w.Stage})
		}
		return list, answer.pages(), err
	})
}

// Items returns everything that has an RSI. Of a large one, range over AllItems
// instead.
//
// API: GET /v2/rsiitems/{id}, GET /v2/rsiitems/{id}/page.
func (s *RSIsService) Items(ctx context.Context, rsi int64) ([]Node, error) {
	return gather(s.AllItems(ctx, rsi))
}

// AllItems walks what has an RSI page by page; it may be ranged again.
//
// API: GET /v2/rsiitems/{id}, GET /v2/rsiitems/{id}/page.
func (s *RSIsService) AllItems(ctx context.Context, rsi int64) iter.Seq2[Node, error] {
	var faults rest.Problems
	wantID(&faults, "rsi", rsi)
	if err := faults.Err(routes.rsiItems.Name); err != nil {
		return failed[Node](err)
	}
	return s.items(ctx, &routes.rsiItems, &routes.rsiItemsPage, rsi)
}

// Statistics counts the items of each RSI, by its name.
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
// API: DELETE /v1/nodes/{id}/rmclassifications/{class_id}/rsis.
func (s *RSIsService) Remove(ctx context.Context, id, class NodeID, skip ...Unguarded) error {
	if err := s.guard(ctx, routes.rsiRemove.Name, id, skip); err != nil {
		return err
	}
	if class <= 0 {
		return fmt.Errorf("ecm: %s: %w: class is %d", routes.rsiRemove.Name, ErrInvalid, class)
	}
	return s.send(ctx, &routes.rsiRemove, []any{id, class}, nil)
}
