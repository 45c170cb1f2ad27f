package ecm

import (
	"context"
	"fmt"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// Stage is a stage to be created or changed.
type Stage struct {
	// ObjectType is "LIV" or "LRM"; Stage the code of the retention stage, which
	// an update does not change; EventType as in [Schedule].
	ObjectType  string
	Stage       string
	EventType   int
	RuleCode    string
	RuleComment string
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
	// Intervals is the code of the retention intervals.
	Intervals int
	// Fixed and Maximum mark a retention that is fixed, or the longest allowed.
	Fixed, Maximum bool
	// Action is a code: 32 destroys.
	Action      int
	Description string
	// NewStatus is the status that StageActionChangeStatus sets.
	NewStatus string
	// KeepVersions, PurgeSuperseded and PurgeMajors are for StageActionPurgeVersions.
	KeepVersions                 int
	PurgeSuperseded, PurgeMajors bool
	// MarkOfficialRendition is for StageActionMarkOfficial.
	MarkOfficialRendition bool
}

// How a stage finds the date that its period begins at.
const (
	StageEventCalculated = 1
	StageEventCalendar   = 2
	StageEventOccurs     = 3
	StageEventFixedDate  = 4
	StageEventPermanent  = 5
)

// What is done when a stage falls due.
const (
	StageActionNone             = 0
	StageActionChangeStatus     = 1
	StageActionClose            = 7
	StageActionFinalize         = 8
	StageActionMarkOfficial     = 9
	StageActionExport           = 10
	StageActionUpdateStorage    = 11
	StageActionDeleteElectronic = 12
	StageActionPurgeVersions    = 15
	StageActionMakeRendition    = 16
	StageActionDestroy          = 32
)

// check notes what no stage may have; what is empty may be left out.
func (t Stage) check(faults *rest.Problems) {
	if t.ObjectType != "" && t.ObjectType != "LIV" && t.ObjectType != "LRM" {
		faults.Add("object type", t.ObjectType, "LIV or LRM")
	}
	if t.EventType < 0 || t.EventType > StageEventPermanent {
		faults.Add("event type", t.EventType, "1 to 5")
	}
	for field, text := range map[string]string{
		"stage": t.Stage, "rule code": t.RuleCode, "event condition": t.EventCondition, "disposition": t.Disposition, "new status": t.NewStatus,
	} {
		mayText(faults, field, text)
	}
	mayLines(faults, "rule comment", t.RuleComment)
	mayLines(faults, "description", t.Description)
	for field, n := range map[string]int{
		"date to use": t.DateToUse, "years": t.Years, "months": t.Months, "days": t.Days, "attribute": t.Attribute, "intervals": t.Intervals,
		"action": t.Action, "keep versions": t.KeepVersions, "year end month": t.YearEndMonth, "year end day": t.YearEndDay,
	} {
		wantLeast(faults, field, n, 0)
	}
	if t.YearEndMonth > 12 || t.YearEndDay > 31 {
		faults.Add("year end", fmt.Sprintf("month %d, day %d", t.YearEndMonth, t.YearEndDay), "a day of the year")
	}
	mayID(faults, "category", t.Category)
	if (t.Category > 0) != (t.Attribute > 0) {
		faults.Add("category and attribute", fmt.Sprintf("%s, %d", t.Category, t.Attribute), "both, or none of them")
	}
	mayDay(faults, "fixed date", t.FixedDate)
	if t.EventType == StageEventFixedDate && t.FixedDate.IsZero() {
		faults.Add("fixed date", "none", "the date, for this event type")
	}
	if t.EventType == StageEventOccurs && t.EventCondition == "" {
		faults.Add("event condition", "", "the code of the event, for this event type")
	}
}

func (t Stage) form() params {
	return params{}.text("objectType", t.ObjectType).number("eventType", int64(t.EventType)).text("ruleCode", t.RuleCode).
		number("dateToUse", int64(t.DateToUse)).number("retentionYears", int64(t.Years)).number("retentionMonths", int64(t.Months)).
		number("retentionDays", int64(t.Days)).number("categoryId", int64(t.Category)).number("categoryAttributeId", int64(t.Attribute)).
		number("yearEndMonth", int64(t.YearEndMonth)).number("yearEndDay", int64(t.YearEndDay)).moment("fixedDate", t.FixedDate).
		text("eventCondition", t.EventCondition).text("disposition", t.Disposition).number("actionCode", int64(t.Action)).text("description", t.Description).
		text("ruleComment", t.RuleComment).number("retentionIntervals", int64(t.Intervals)).flag("fixedRetention", t.Fixed).flag("maximumRetention", t.Maximum).
		text("newStatus", t.NewStatus).number("minNumVersionsToKeep", int64(t.KeepVersions)).flag("purgeSuperseded", t.PurgeSuperseded).
		flag("purgeMajors", t.PurgeMajors).flag("markOfficialRendition", t.MarkOfficialRendition)
}

// CreateStage adds a stage to an RSI and returns its id.
// An RSI that anything is under is refused with ErrInUse.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrInUse, ErrOutcomeUnknown.
//
// API: POST /v2/rsischedules/{id}/stages.
func (s *RSIsService) CreateStage(ctx context.Context, rsi int64, t Stage, skip ...Unguarded) (int64, error) {
	var faults rest.Problems
	wantID(&faults, "rsi", rsi)
	wantText(&faults, "object type", t.ObjectType)
	wantText(&faults, "stage", t.Stage)
	wantLeast(&faults, "event type", t.EventType, StageEventCalculated)
	t.check(&faults)
	mayReasons(&faults, skip)
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
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrInUse.
//
// API: PUT /v2/rsischedules/{id}/stages/{stageId}.
func (s *RSIsService) UpdateStage(ctx context.Context, rsi, stage int64, t Stage, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "rsi", rsi)
	wantID(&faults, "stage", stage)
	wantSome(&faults, t)
	t.check(&faults)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.stageUpdate.Name); err != nil {
		return err
	}
	if err := s.guardSchedule(ctx, routes.stageUpdate.Name, rsi, skip); err != nil {
		return err
	}
	_, err := s.do2(ctx, &routes.stageUpdate, []any{rsi, stage}, nil, t.form())
	return err
}

// DeleteStage removes a stage.
// An RSI that anything is under is refused with ErrInUse.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrInUse, ErrOutcomeUnknown.
//
// API: DELETE /v2/rsischedules/{id}/stages/{stageId}.
func (s *RSIsService) DeleteStage(ctx context.Context, rsi, stage int64, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "rsi", rsi)
	wantID(&faults, "stage", stage)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.stageDelete.Name); err != nil {
		return err
	}
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
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrInUse.
//
// API: PUT /v2/rsischedules/{id}/approve/{stageId}.
func (s *RSIsService) Approve(ctx context.Context, rsi, stage int64, a StageApproval, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "rsi", rsi)
	wantID(&faults, "stage", stage)
	mayID(&faults, "by", a.By)
	mayDay(&faults, "on", a.On)
	mayLines(&faults, "comment", a.Comment)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.stageApprove.Name); err != nil {
		return err
	}
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
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/rsischedules/{id}/approvalhistory.
func (s *RSIsService) ApprovalHistory(ctx context.Context, rsi int64) ([]ApprovalEntry, error) {
	if err := checkRSI(routes.approvalHistory.Name, rsi); err != nil {
		return nil, err
	}
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
