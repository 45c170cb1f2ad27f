package testserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestECM_RSIsAndTheirStages(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.post("/v2/rsischedules", "name", "X", "status", "NONE").refused(400, "Incorrect RSI status specified")
	id := w.post("/v2/rsischedules", "name", "PR 01/a", "status", "ACTIVE", "title", "Press").ok().id("results.id")
	again := w.post("/v2/rsischedules", "name", "PR 01/a", "status", "ACTIVE").ok()
	require.Equal(t, "false", again.text("results.ok"), "a status of 200 proves nothing")
	rows := w.get("/v2/rsis", "page", 1, "limit", 25).ok()
	require.Len(t, rows.list("results.data.rsis"), 2, "an RSI without schedules yields a row too")
	require.Nil(t, rows.at("results.data.rsis.1.RetStage"))

	stages := fmt.Sprintf("/v2/rsischedules/%d/stages", id)
	w.post(stages, "stage", "FINAL", "eventType", 1).refused(400, "Missing required parameter")
	w.post(stages, "objectType", "LIV", "stage", "NONE", "eventType", 1).refused(400, "Incorrect stage specified")
	w.post(stages, "objectType", "LIV", "stage", "FINAL", "eventType", 6).refused(400, "One or more parameters are invalid")
	w.post(stages, "objectType", "LIV", "stage", "FINAL", "eventType", 3, "eventCondition", "NONE").refused(400, "Incorrect event condition specified")
	active := w.post(stages, "objectType", "LIV", "stage", "ACTIVE", "eventType", 1, "dateToUse", 91, "retentionYears", 1, "actionCode", 7).ok().id("results.id")
	final := w.post(stages, "objectType", "LIV", "stage", "FINAL", "eventType", 4, "fixedDate", "2030-12-31T00:00:00", "actionCode", 32).ok().id("results.id")
	require.Len(t, w.get("/v2/rsis").ok().list("results.data.rsis"), 3, "a row for each RSI and schedule")
	require.Len(t, w.get(fmt.Sprintf("/v2/rsis/%d", id)).ok().list("results.data.rsi"), 2)
	require.Equal(t, "ACTIVE", w.get(fmt.Sprintf("/v2/rsis/%d/schedules/%d", id, active)).ok().text("schedule.RetStage"))
	w.put(fmt.Sprintf("%s/%d", stages, active), "retentionYears", 2).ok()
	listed := w.get(fmt.Sprintf("/v2/rsischedule/%d", id)).ok()
	require.EqualValues(t, 2, listed.id("data.0.data.retyears"))

	approve := fmt.Sprintf("/v2/rsischedules/%d/approve/%d", id, final)
	w.put(approve, "comment", "yes").refused(400, "Incorrect RSI specified")
	w.put(approve, "updateApproval", "updateapproval", "approvalComment", "yes", "approvedDate", "2026-01-05").ok()
	require.Equal(t, "yes", w.get(fmt.Sprintf("/v2/rsischedules/%d/approvalhistory", id)).ok().text("data.0.data.approval_comments"))
	require.Equal(t, "true", w.get("/v2/rsismaintenance").ok().text("data.1.data.approval_flag"))

	w.put(fmt.Sprintf("/v2/rsischedules/%d", id), "discontinue", "true", "discontinueDate", "2027-01-01T00:00:00").ok()
	w.put("/v2/rsischedule", "name", "PR 01/a", "newName", "PR-02").ok()
	require.Zero(t, w.get(fmt.Sprintf("/v2/rsis/%d", id)).ok().id("results.data.rsi.0.DiscontFlag"), "a flag that is not sent is false")
	require.Equal(t, "PR-02", w.post("/v1/rsis", "query", "pr").ok().text("data.fast_codes.0.name"))
	require.Len(t, w.get("/v1/rsis").ok().list("data.fast_codes"), 2)
	w.del(fmt.Sprintf("%s/%d", stages, active)).ok()
	w.del(fmt.Sprintf("/v2/rsischedules/%d", w.rsi)).refused(400, "RSI is in use")
	w.del("/v2/rsischedules", "name", "PR-02").ok()
	w.del(fmt.Sprintf("/v2/rsischedules/%d", id)).refused(400, "Incorrect RSI specified")
}

func TestECM_AClassHasTheSchedulesItWasGiven(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.AddRSI(ECMRSI{Name: "MKT-10", Stage: "FINAL", Permanent: true})
	rsis := func(node int64) []any { return w.get(fmt.Sprintf("/v1/nodes/%d/rsis", node)).ok().list("data") }
	require.Len(t, rsis(w.class), 1)
	w.SetRSIs(w.class)
	require.Empty(t, rsis(w.class))
	w.SetRSIs(w.class, "MKT-07", "MKT-10")
	require.Len(t, rsis(w.class), 2)
	id := w.record("a")
	path := fmt.Sprintf("/v1/nodes/%d/rmclassifications/%d/rsis", id, w.class)
	w.send("POST", path+"?rsi=NONE").refused(400, "Incorrect RSI specified.")
	w.send("POST", path+fmt.Sprintf("?rsi=%d", w.rsi)).refused(400, "Incorrect RSI specified.")
	w.send("POST", path+"?rsi=MKT-10").ok()
	require.Equal(t, "MKT-10", w.node(id).RSI)
	require.EqualValues(t, 1, w.get("/v1/rmstatistics/rsis").ok().id("data.1.cnt"))
	w.del(path).ok()
	require.Empty(t, rsis(id))
	w.del(fmt.Sprintf("/v1/nodes/%d/rmclassifications/%d/rsis", id, w.folder)).refused(400, "Cannot retrieve node")
	other := w.record("b")
	require.Equal(t, other, w.get(fmt.Sprintf("/v2/rsiitems/%d", w.rsi)).ok().id("results.0.id"))
	require.Len(t, w.get(fmt.Sprintf("/v2/rsiitems/%d/page", w.rsi), "page", 1, "limit", 1).ok().list("results"), 1)
	w.get("/v2/rsiitems/9").refused(400, "could not be accessed")
	require.Len(t, w.get(fmt.Sprintf("/v2/classifieditems/%d", w.class)).ok().list("results.contents"), 2)
	spare := w.AddRSI(ECMRSI{Name: "SPARE"})
	w.del(fmt.Sprintf("/v2/rsischedules/%d", spare)).ok()
}

func TestECM_StagesFallDueByTheirDates(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time { d, _ := time.Parse(time.DateOnly, s); return d }
	for name, c := range map[string]struct {
		stage ECMStage
		want  string
	}{
		"from creation":          {ECMStage{DateToUse: 91, Years: 1, Months: 2, Days: 3}, "2027-03-08"},
		"from the record date":   {ECMStage{DateToUse: 95, Years: 7}, "2031-06-30"},
		"after the year's end":   {ECMStage{EventType: eventCalendar, DateToUse: 91, YearEndMonth: 12, YearEndDay: 31, Years: 6}, "2032-12-31"},
		"on a fixed day":         {ECMStage{EventType: eventFixed, FixedDate: "2030-12-31"}, "2030-12-31"},
		"never":                  {ECMStage{EventType: eventPermanent}, ""},
		"not before its event":   {ECMStage{EventType: eventCondition, EventCondition: "NEVER_MET", Years: 1}, ""},
		"after its event":        {ECMStage{EventType: eventCondition, EventCondition: "LICENSE_END", Days: 10}, "2026-01-15"},
		"from an attribute":      {ECMStage{Attribute: 2, Months: 1}, "2029-03-01"},
		"not without a date yet": {ECMStage{DateToUse: 94, Years: 1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newECMWorld(t)
			cat := w.AddCategory("License", ECMAttribute{Label: "End", Type: "date"})
			c.stage.Name, c.stage.Action = "FINAL", 32
			if c.stage.Attribute != 0 {
				c.stage.Category = cat
			}
			w.AddRSI(ECMRSI{Name: name, Stages: []ECMStage{c.stage}})
			w.SetRSIs(w.class, name)
			w.MeetEvent("LICENSE_END")
			id := w.record(name)
			w.post(fmt.Sprintf("/v2/nodes/%d/categories", id), "category_id", cat, attributeKey(cat, 2), "2029-02-01").ok()
			w.put(fmt.Sprintf("/v1/nodes/%d/rmclassifications", id), "rm_metadataToken", w.token(id), "record_date", "2024-06-30").ok()
			a := w.get(fmt.Sprintf("/v1/nodes/%d/rsi/%s/GetRSIDetails", id, pathEscape(name))).ok()
			require.Equal(t, c.want, a.text("data.0.CalculatedDate"))
			require.Equal(t, "false", a.text("data.0.MetEventRule"))
			if c.want != "" {
				w.clock.Set(day(c.want))
				w.ticket = w.login("svc-dam", "svc-dam-password")
				require.Equal(t, "true", w.get(fmt.Sprintf("/v1/nodes/%d/rsi/%s/GetRSIDetails", id, pathEscape(name))).ok().text("data.0.MetEventRule"))
			}
		})
	}
	w := newECMWorld(t)
	w.get(fmt.Sprintf("/v1/nodes/%d/rsi/MKT-07/GetRSIDetails", w.folder)).refused(400, "Accessibility error")
}

func TestECM_CodesAreTheServersOwn(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.AddCode("hold_type", "PATENT", "Patent case")
	create := func(list string, kv ...any) *ecmAnswer { return w.post("/v1/recordsmanagement/rmcodes/"+list, kv...) }
	create("nothing", "code", "X").refused(400, "Could not get table description")
	create("hold_type", "code", "TAX").refused(400, "Missing required parameter")
	create("hold_type", "code", "TAX", "DefaultPeriod", 12, "description", "Tax audit").ok()
	create("hold_type", "code", "TAX", "DefaultPeriod", 12).refused(400, "Code already exists")
	create("xref_type", "code", "SEE", "relatedCode", "SEENBY").ok()
	all := w.get("/v2/recordsmanagement/rmcodes").ok()
	require.Contains(t, string(all.raw), `"code":"PATENT"`)
	require.Contains(t, string(all.raw), `"default_period":12`)
	require.Contains(t, string(all.raw), `"related_code":"SEENBY"`)
	require.Contains(t, string(w.get("/v1/recordsmanagement/rmcodes").ok().raw), `"holdtype":"LEGAL"`)
	w.post("/v1/holds", "type", "TAX", "name", "T", "date_applied", "2026-01-05").ok()

	for _, what := range []string{"/v1/recordsmanagement/importCodes", "/v1/recordsmanagement/importRSIs", "/v1/recordsmanagement/importSettings", "/v1/securityclearances/importCodes"} {
		w.post(what).refused(400, "Missing data")
		w.send("POST", what, fileBody("x.xml", []byte("no xml"))).refused(400, "Missing data")
		w.send("POST", what, fileBody("x.xml", []byte("<livelink><code/></livelink>"))).ok()
	}
	for _, path := range []string{"/v1/recordsmanagement/fieldinfos", "/v1/recordsmanagement/functionaccessinfos", "/v1/rmclassifications/settings", "/v1/members/1000/userpicklist", "/v1/members/1000/grouppicklist"} {
		w.get(path).ok()
	}
	w.get("/v1/members/5/userpicklist").refused(400, "Could not get a member for 5")
}
