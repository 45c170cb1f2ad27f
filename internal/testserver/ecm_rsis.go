package testserver

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// How a stage's date comes about.
const (
	eventCalculated = 1
	eventCalendar   = 2
	eventCondition  = 3
	eventFixed      = 4
	eventPermanent  = 5
)

// ECMRSI is a record series identifier. Stage and the fields after it describe
// its only stage, unless Stages are given.
type ECMRSI struct {
	ID          int64  `json:"id"`
	Name        string `json:"name"`
	Title       string `json:"title"`
	Subject     string `json:"subject"`
	Description string `json:"description"`
	Status      string `json:"status"`
	Stage       string `json:"stage"`
	// Years, Months and Days after DateToUse ("create" or "record") the Action
	// falls due.
	Years     int    `json:"years"`
	Months    int    `json:"months"`
	Days      int    `json:"days"`
	DateToUse string `json:"date_to_use"`
	Action    int    `json:"action"`
	Permanent bool   `json:"permanent"`

	Stages         []ECMStage `json:"stages"`
	DispControl    bool       `json:"disp_control"`
	Discontinued   bool       `json:"discontinued"`
	DiscontDate    string     `json:"discont_date"`
	DiscontComment string     `json:"discont_comment"`
	StatusDate     string     `json:"status_date"`
	Created        time.Time  `json:"created"`
}

// ECMStage is one schedule of a record series identifier, by the numbers of
// the wire.
type ECMStage struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// ObjectType is "LIV" for classified objects, "LRM" for classifications.
	ObjectType string `json:"object_type"`
	// EventType: 1 calculated, 2 calendar, 3 event, 4 fixed date, 5 permanent.
	EventType int    `json:"event_type"`
	RuleCode  string `json:"rule_code"`
	Comment   string `json:"comment"`
	// DateToUse: 91 created, 93 modified, 94 status, 95 record, 131 last version,
	// 133 source creation, and so on.
	DateToUse       int    `json:"date_to_use"`
	Years           int    `json:"years"`
	Months          int    `json:"months"`
	Days            int    `json:"days"`
	YearEndMonth    int    `json:"year_end_month"`
	YearEndDay      int    `json:"year_end_day"`
	Intervals       int    `json:"intervals"`
	Fixed           bool   `json:"fixed"`
	Maximum         bool   `json:"maximum"`
	FixedDate       string `json:"fixed_date"`
	EventCondition  string `json:"event_condition"`
	Disposition     string `json:"disposition"`
	Action          int    `json:"action"`
	Description     string `json:"description"`
	NewStatus       string `json:"new_status"`
	Category        int64  `json:"category"`
	Attribute       int64  `json:"attribute"`
	KeepVersions    int    `json:"keep_versions"`
	PurgeSuperseded bool   `json:"purge_superseded"`
	MakeRendition   bool   `json:"make_rendition"`
	Approved        bool   `json:"approved"`

	Approvals []ecmApproval `json:"approvals,omitempty"`
}

type ecmApproval struct {
	User    int64     `json:"user"`
	Date    string    `json:"date"`
	Comment string    `json:"comment"`
	At      time.Time `json:"at"`
	Removed bool      `json:"removed"`
}

var dateNames = map[int]string{
	91: "Create Date", 92: "Reserved Date", 93: "Modification Date", 94: "Status Date", 95: "Record Date", 122: "Last Addition", 131: "Last Version Added",
	132: "Version Create Date", 133: "Source Create Date", 134: "Source Create Date of the Last Version",
}

// AddRSI adds a record series identifier and returns its own number.
func (e *ECM) AddRSI(r ECMRSI) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(r.Stages) == 0 && r.Stage != "" {
		s := ECMStage{Name: r.Stage, EventType: eventCalculated, DateToUse: 91, Years: r.Years, Months: r.Months, Days: r.Days, Action: r.Action}
		if r.DateToUse == "record" {
			s.DateToUse = 95
		}
		if r.Permanent {
			s.EventType = eventPermanent
		}
		r.Stages = []ECMStage{s}
	}
	r.ID, r.Created, r.Status, r.DispControl = e.number("rsi"), e.now(), cmp.Or(r.Status, "ACTIVE"), true
	for i := range r.Stages {
		s := &r.Stages[i]
		s.ID, s.ObjectType, s.EventType = e.number("schedule"), cmp.Or(s.ObjectType, "LIV"), cmp.Or(s.EventType, eventCalculated)
	}
	e.state.RSIs = append(e.state.RSIs, &r)
	return r.ID
}

func (e *ECM) rsi(name string) *ECMRSI {
	i := slices.IndexFunc(e.state.RSIs, func(r *ECMRSI) bool { return r.Name == name })
	if name == "" || i < 0 {
		return nil
	}
	return e.state.RSIs[i]
}

func (e *ECM) rsiByID(id int64) *ECMRSI {
	i := slices.IndexFunc(e.state.RSIs, func(r *ECMRSI) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return e.state.RSIs[i]
}

func (r *ECMRSI) stage(id int64) *ECMStage {
	for i := range r.Stages {
		if r.Stages[i].ID == id {
			return &r.Stages[i]
		}
	}
	return nil
}

// moment is a date of the tables of Records Management.
func moment(s string) any {
	day, known := parseDay(s)
	if !known {
		return nil
	}
	return day.Format("2006-01-02T15:04:05")
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// row is one RSI with one schedule; without one, the schedule's columns are
// empty.
func (r *ECMRSI) row(s *ECMStage) map[string]any {
	row := map[string]any{
		"RSIID": r.ID, "RSI": r.Name, "Title": r.Title, "Subject": r.Subject, "Description": r.Description, "CreateDate": r.Created.Format("2006-01-02T15:04:05"),
		"RSIStatus": r.Status, "StatusDate": moment(r.StatusDate), "DiscontFlag": bit(r.Discontinued), "DiscontDate": moment(r.DiscontDate),
		"DiscontComment": orNull(r.DiscontComment), "Active": bit(!r.Discontinued), "DispControl": bit(r.DispControl),
	}
	for _, k := range []string{
		"RSIScheduleID", "RetStage", "RecordType", "EventType", "RSIRuleCode", "DateToUse", "YearEndMonth", "YearEndDay", "RetYears", "RetMonths", "RetDays",
		"RetIntervals", "EventRuleDate", "EventRule", "EventComment", "StageAction", "FixedRet", "ActionCode", "ActionDescription", "Disposition", "ApprovalFlag", "MaximumRet",
		"ObjectType", "MakeRendition",
	} {
		row[k] = nil
	}
	if s == nil {
		return row
	}
	for k, v := range map[string]any{
		"RSIScheduleID": s.ID, "RetStage": s.Name, "RecordType": 0, "EventType": s.EventType, "RSIRuleCode": s.RuleCode, "DateToUse": fmt.Sprint(s.DateToUse),
		"YearEndMonth": s.YearEndMonth, "YearEndDay": s.YearEndDay, "RetYears": s.Years, "RetMonths": s.Months, "RetDays": s.Days, "RetIntervals": s.Intervals,
		"EventRuleDate": moment(s.FixedDate), "EventRule": s.EventCondition, "EventComment": s.Comment, "StageAction": s.NewStatus, "FixedRet": bit(s.Fixed),
		"ActionCode": fmt.Sprint(s.Action), "ActionDescription": s.Description, "Disposition": s.Disposition, "ApprovalFlag": bit(s.Approved), "MaximumRet": bit(s.Maximum),
		"ObjectType": s.ObjectType, "MakeRendition": bit(s.MakeRendition),
	} {
		row[k] = v
	}
	return row
}

func (r *ECMRSI) rows() []any {
	if len(r.Stages) == 0 {
		return []any{r.row(nil)}
	}
	rows := []any{}
	for i := range r.Stages {
		rows = append(rows, r.row(&r.Stages[i]))
	}
	return rows
}

func (c *ecmCall) rsiList(rows []any, key string) ecmReply {
	some, paging := page(c, rows)
	return ok(map[string]any{"collection": map[string]any{"paging": shortPaging(paging)}, "results": map[string]any{"data": map[string]any{key: orEmpty(some)}}})
}

func (c *ecmCall) rsis() ecmReply {
	rows := []any{}
	for _, r := range c.e.state.RSIs {
		rows = append(rows, r.rows()...)
	}
	c.perPage = 25
	return c.rsiList(rows, "rsis")
}

func (c *ecmCall) oneRSI() ecmReply {
	r := c.e.rsiByID(c.id("id"))
	if r == nil {
		return verdict(http.StatusBadRequest, 0, "Incorrect RSI specified.")
	}
	key := "rsi"
	if c.e.options.SpecShapes {
		key = "rsis"
	}
	return c.rsiList(r.rows(), key)
}

func (c *ecmCall) oneSchedule() ecmReply {
	if r := c.e.rsiByID(c.id("rsi")); r != nil {
		if s := r.stage(c.id("id")); s != nil {
			return ok(map[string]any{"schedule": r.row(s)})
		}
	}
	return verdict(http.StatusBadRequest, 0, "Incorrect RSI specified.")
}

// rsiNames lists the names, those that contain the parameter query.
func (c *ecmCall) rsiNames() ecmReply {
	names := []any{}
	for _, r := range c.e.state.RSIs {
		if containsFold(r.Name, c.text("query")) {
			names = append(names, map[string]any{"name": r.Name})
		}
	}
	if c.e.options.SpecShapes {
		return ok(map[string]any{"fast:codes": names})
	}
	return ok(map[string]any{"data": map[string]any{"fast_codes": names}})
}

func (c *ecmCall) nodeRSIs() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	data := []any{}
	for _, name := range n.RSIs {
		data = append(data, map[string]any{"class_id": n.ID, "rsi": name})
	}
	if n.Record != nil {
		for _, m := range append([]ecmMoreClass{{n.Record.Class, n.Record.RSI}}, n.Record.More...) {
			if m.RSI != "" {
				data = append(data, map[string]any{"class_id": m.Class, "rsi": m.RSI})
			}
		}
	}
	return ok(map[string]any{"data": data, "definitions": map[string]any{}})
}

func (c *ecmCall) assignRSI() ecmReply {
	n := c.node(c.id("id"))
	if n == nil || n.Record == nil || n.Record.Class != c.id("class") {
		return fail(http.StatusBadRequest, "Cannot retrieve node")
	}
	name := c.text("rsi")
	if c.e.rsi(name) == nil || !slices.Contains(c.e.state.Nodes[n.Record.Class].RSIs, name) || n.final() {
		return fail(http.StatusBadRequest, "Incorrect RSI specified.")
	}
	n.Record.RSI = name
	n.RecordToken++
	return done()
}

func (c *ecmCall) removeRSI() ecmReply {
	n := c.node(c.id("id"))
	if n == nil || n.Record == nil || n.Record.Class != c.id("class") || n.final() {
		return fail(http.StatusBadRequest, "Cannot retrieve node")
	}
	n.Record.RSI = ""
	n.RecordToken++
	return done()
}

func (c *ecmCall) rsiDetails() ecmReply {
	n := c.node(c.id("id"))
	r := c.e.rsi(c.r.PathValue("rsi"))
	if n == nil || n.Record == nil || r == nil || n.Record.RSI != r.Name {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	rows := []any{}
	for i := range r.Stages {
		if r.Stages[i].ObjectType == "LIV" {
			rows = append(rows, c.stageDetails(n, &r.Stages[i]))
		}
	}
	return ok(map[string]any{"data": rows})
}

func (c *ecmCall) stageDetails(n *ecmNode, s *ECMStage) map[string]any {
	from, at, known := c.e.due(n, s)
	row := map[string]any{
		"Stage": s.Name, "RetentionRule": cmp.Or(dateNames[s.DateToUse], s.EventCondition), "MetEventRule": known && !c.e.now().Before(at), "CalculatedDate": "",
		"ActionToPerform": s.Action, "Disposition": s.Disposition, "Comment": s.Comment, "RuleCode": s.RuleCode, "DateToUse": dateNames[s.DateToUse], "DateToUseValue": "",
		"RetentionYears": s.Years, "RetentionMonths": s.Months, "RetentionDays": s.Days, "Year-EndMonth": s.YearEndMonth, "Year-EndDay": s.YearEndDay,
		"Intervals": s.Intervals, "EventBased": s.EventType == eventCondition, "FixedDate": s.EventType == eventFixed, "Permanent": s.EventType == eventPermanent,
		"AutomaticProcess": "", "ActionInfo": s.NewStatus, "DisplayEvent": s.EventCondition, "ActionInt": fmt.Sprint(s.Action), "NumVersToKeep": s.KeepVersions,
		"MakeRendition": s.MakeRendition,
	}
	if known {
		row["CalculatedDate"], row["DateToUseValue"] = at.Format(time.DateOnly), from.Format(time.DateOnly)
	}
	return row
}
