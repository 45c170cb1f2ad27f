package testserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// disposing is a world with three records of which two are due.
func disposing(t *testing.T, change ...func(*ECMOptions)) (w *ecmWorld, search, a, b, later int64) {
	t.Helper()
	w = newECMWorld(t, change...)
	w.AddRSI(ECMRSI{Name: "SHORT", Stage: "FINAL", Days: 30, Action: 32})
	short := w.AddRMClassification("Short", "SHORT")
	search = w.AddDispositionSearch("Campaign media", ECMDispositionSearch{RSIs: []string{"SHORT"}})
	a, b, later = w.document("a"), w.document("b"), w.document("later")
	class := w.class
	w.class = short
	w.declare(a)
	w.declare(b)
	w.class = class
	w.declare(later)
	w.clock.Move(31 * 24 * time.Hour)
	w.ticket = w.login("svc-dam", "svc-dam-password")
	return w, search, a, b, later
}

// run starts a search and returns the snapshot's qdate.
func (w *ecmWorld) run(search int64) string {
	w.t.Helper()
	w.post(fmt.Sprintf("/v1/nodes/%d/startdispsearch", search)).ok()
	rows := w.get(fmt.Sprintf("/v2/snapshottable/%d", search), "page", 1, "limit", 100).ok().list("data")
	return rows[len(rows)-1].(map[string]any)["data"].(map[string]any)["qdate"].(string)
}

func (w *ecmWorld) perform(search int64, qdate string, kv ...any) *ecmAnswer {
	w.t.Helper()
	return w.post("/v1/members/1000/disposition/performactions", append([]any{"dispNodeID", search, "qdate", "D/" + qdate}, kv...)...)
}

func TestECM_DispositionFromSearchToDestruction(t *testing.T) {
	t.Parallel()
	w, search, a, b, later := disposing(t, func(o *ECMOptions) { o.QueueDelay = time.Minute })
	root := w.get("/v2/dispositionscontainer/0", "page", 1, "limit", 100).ok()
	require.Equal(t, search, root.id("data.0.data.id"))
	w.get(fmt.Sprintf("/v2/dispositionscontainer/%d", w.folder)).refused(400, "Insufficient See-Content access permissions")
	w.post(fmt.Sprintf("/v1/nodes/%d/startdispsearch", w.folder)).refused(400, "Insufficient Permissions")
	qdate := w.run(search)
	table := fmt.Sprintf("/v2/snapshottable/%d", search)
	require.Equal(t, snapshotSearching, w.get(table).ok().text("data.0.data.snapshot_status"))
	w.clock.Move(time.Minute)
	row := w.get(table).ok()
	require.EqualValues(t, 2, row.id("data.0.data.record_count"))
	require.Zero(t, row.id("data.0.data.actioned_count"))

	snapshot := fmt.Sprintf("/v2/nodes/%d/disposition-snapshots/qdate/%s", search, qdate)
	items := w.get(snapshot).ok()
	require.Equal(t, a, items.id("results.data.0.data.id"))
	require.Equal(t, "32", items.text("results.data.0.data.disp_action"))
	require.Equal(t, "2026-02-04", items.text("results.data.0.data.calculated_date"))
	require.Equal(t, "D/"+qdate, items.text("results.data.0.data.qdate"))
	require.Len(t, w.get(fmt.Sprintf("/v2/nodes/%d/disposition-snapshots/qdate/%s", search, pathEscape(qdate))).ok().list("results.data"), 2, "colons may be escaped")
	w.get(fmt.Sprintf("/v2/nodes/%d/disposition-snapshots/qdate/yesterday", search)).refused(400, "Could not get node")
	w.send("POST", fmt.Sprintf("/v1/stopsearch/%d/qdate/2026-02-30:00:00:00", search)).refused(400, "qdate is not a Date")

	w.AddHold("CASE-7", "LEGAL", b)
	require.Equal(t, "true", w.get(snapshot).ok().text("results.data.1.data.rmiconsdata.show_hold"))
	w.perform(search, qdate).refused(400, "Missing required parameter 'objIdList'")
	w.perform(search, qdate, "objIdList", "5_1").refused(400, "Missing required parameter 'objIdList'")
	w.post("/v1/members/77/disposition/performactions", "dispNodeID", search, "qdate", qdate, "applyto", "allPages").refused(400, "Could not get a member for 77")
	w.perform(search, qdate, "applyto", "allPages").ok()
	require.False(t, w.node(a).Destroyed, "actions take their time")
	w.clock.Move(time.Minute)
	status := w.get(fmt.Sprintf("/v1/disposition/%d/qdate/%s", search, qdate)).ok()
	require.Equal(t, snapshotActed, status.text("snapshotStatus"))
	require.True(t, w.node(a).Destroyed)
	require.False(t, w.node(b).Deleted, "what is held is left")
	require.False(t, w.node(later).Deleted)
	require.Empty(t, w.get("/v2/volumes/recyclebin/nodes").ok().list("results"), "a destroyed node bypasses the recycle bin")
	w.get(fmt.Sprintf("/v2/nodes/%d", a)).refused(400, "Could not get a node")
	require.EqualValues(t, 1, w.get(table).ok().id("data.0.data.actioned_count"))
	require.EqualValues(t, 2, w.get("/v1/rmclassifications/dispositions").ok().id("dispositionsCnt"))
	w.del(fmt.Sprintf("/v1/disposition/%d/qdate/%s", search, qdate)).ok()
	require.Empty(t, w.get(table).ok().list("data"))
}

func TestECM_DispositionUnderReview(t *testing.T) {
	t.Parallel()
	w, search, a, b, _ := disposing(t, func(o *ECMOptions) { o.RejectComment = true })
	ann := w.AddUser(ECMUser{Name: "ann", Password: "pw"})
	config := fmt.Sprintf("/v1/dispositionConfiguration/id/%d/tab/", search)
	w.post(config+"none", "field", "reviewType", "value", "1").refused(400, "Insufficient Permissions")
	w.post(config+"reviewprocess", "field", "specificUserID_1", "value", ann).ok()
	qdate := w.run(search)
	w.perform(search, qdate, "applyto", "allPages").ok()
	require.False(t, w.node(a).Destroyed, "nobody approved it")

	decide := func(kv ...any) *ecmAnswer {
		return w.as("ann").post(fmt.Sprintf("/v1/members/%d/disposition/changereviewdecision", ann), append([]any{"dispNodeID", search, "qDate", "D/" + qdate}, kv...)...)
	}
	decide("decision", "maybe", "applyTo", "allPages").refused(400, "One or more parameters are invalid")
	decide("decision", "reject", "objIdList", fmt.Sprintf("%d_1", b)).refused(400, "Missing required parameter 'reviewComment'")
	decide("decision", "reject", "objIdList", fmt.Sprintf("%d_1", b), "reviewComment", "still used").ok()
	decide("decision", "approve", "objIdList", fmt.Sprintf("%d_1", a)).ok()
	mine := fmt.Sprintf("/reviewerid/%d/reviewerstep/1", ann)
	items := w.get(fmt.Sprintf("/v2/nodes/%d/disposition-snapshots/qdate/%s", search, qdate) + mine).ok()
	require.EqualValues(t, 1, items.id("results.data.0.data.review_decision"))
	require.Equal(t, "still used", items.text("results.data.1.data.review_comments"))
	w.as("ann").post(fmt.Sprintf("/v1/members/%d/disposition/finishreview", ann), "dispNodeID", search, "qdate", qdate, "reviewerID", ann, "reviewerstep", 1).ok()
	require.Equal(t, "Finished", w.get(fmt.Sprintf("/v1/disposition/%d/qdate/%s", search, qdate)+mine).ok().text("reviewStatus"))
	w.perform(search, qdate, "applyto", "allPages").ok()
	require.True(t, w.node(a).Destroyed)
	require.False(t, w.node(b).Destroyed, "a rejected item is left")
}

func TestECM_DispositionActionsAndCriteria(t *testing.T) {
	t.Parallel()
	w, search, a, b, _ := disposing(t)
	qdate := w.run(search)
	change := func(kv ...any) *ecmAnswer {
		return w.post("/v1/members/1000/disposition/changeactions", append([]any{"dispNodeID", search, "qdate", qdate, "objIdList", fmt.Sprintf("%d_1", a)}, kv...)...)
	}
	change("dispAction", 77).refused(400, "One or more parameters are invalid")
	change("dispAction", 1, "statusCode", "NONE").refused(400, "One or more parameters are invalid")
	change("dispAction", 1, "statusCode", "CLOSED").ok()
	w.perform(search, qdate, "objIdList", fmt.Sprintf("%d_1", a)).ok()
	require.Equal(t, "CLOSED", w.node(a).FileStatus)
	require.False(t, w.node(b).Destroyed)
	hold := w.AddHold("CASE-7", "LEGAL")
	w.post("/v1/rmclassifications/dispositionholds", "dispNodeID", search, "qDate", qdate, "qdate", qdate, "objIdList", fmt.Sprintf("%d_1", b), "applyTo", "thisPage").refused(404, "Hold ID is not specified")
	w.post("/v1/rmclassifications/dispositionholds", "dispNodeID", search, "qDate", qdate, "qdate", qdate, "objIdList", fmt.Sprintf("%d_1", b), "applyTo", "thisPage", "holdID", hold).ok()
	require.Equal(t, []int64{hold}, w.node(b).Holds)
	w.post("/v1/rmclassifications/dispositionaccession", "dispNodeID", search, "qDate", qdate, "objIdList", fmt.Sprint(b), "accession", "ACC-1").ok()
	require.Equal(t, "ACC-1", w.get(fmt.Sprintf("/v1/nodes/%d/rmclassifications", b)).ok().text("data.0.accession"))
	w.send("POST", fmt.Sprintf("/v1/stopsearch/%d/qdate/%s", search, qdate)).ok()
	w.send("POST", fmt.Sprintf("/v1/stopactions/%d/qdate/%s", search, qdate)).ok()

	other := w.post("/v2/nodes", "type", 555, "parent_id", dispositionsID, "name", "Mine").ok().id("results.data.properties.id")
	criteria := fmt.Sprintf("/v1/dispSearchCriteria/%d", other)
	w.put(fmt.Sprintf("/v1/dispSearchCriteria/%d", w.folder), "retStage", "FINAL").refused(400, "ID is not an integer or is missing")
	w.put(criteria, "rsi_list", "SHORT", "retStage", "FINAL", "objectTypes_list", 0).ok()
	count := func() int64 {
		w.run(other)
		rows := w.get(fmt.Sprintf("/v2/snapshottable/%d", other)).ok()
		return rows.id(fmt.Sprintf("data.%d.data.record_count", len(rows.list("data"))-1))
	}
	require.Zero(t, count(), "no folders are due")
	w.put(criteria, "objectTypes_list", 144).ok()
	require.EqualValues(t, 2, count())
	w.put(criteria, "includeContainer", "true", "SelectContainer_ID", workspacesID).ok()
	require.Zero(t, count())
	cat := w.AddCategory("People", ECMAttribute{Label: "Reviewer", Type: "user"}, ECMAttribute{Label: "Note"})
	require.Len(t, w.get(fmt.Sprintf("/v1/category/userAttribute/%d", cat)).ok().list("attributes"), 1)
	w.get(fmt.Sprintf("/v1/category/userAttribute/%d", w.folder)).refused(400, "Category ID not specified")
}

func TestECM_OnlyApprovedStagesWhereApprovalIsOn(t *testing.T) {
	t.Parallel()
	w, search, _, _, _ := disposing(t, func(o *ECMOptions) { o.ApprovalEnabled = true })
	w.run(search)
	require.Zero(t, w.get(fmt.Sprintf("/v2/snapshottable/%d", search)).ok().id("data.0.data.record_count"))
	row := w.get("/v2/rsis").ok()
	w.put(fmt.Sprintf("/v2/rsischedules/%d/approve/%d", row.id("results.data.rsis.1.RSIID"), row.id("results.data.rsis.1.RSIScheduleID")), "updateApproval", "updateapproval").ok()
	w.run(search)
	require.EqualValues(t, 2, w.get(fmt.Sprintf("/v2/snapshottable/%d", search)).ok().id("data.1.data.record_count"))
}

func TestECM_ASeededSnapshotIsThereFromTheStart(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.AddRSI(ECMRSI{Name: "NOW", Stage: "FINAL", Action: 32})
	id, err := w.AddDocument(w.folder, "old", []byte("old"))
	require.NoError(t, err)
	w.Declare(id, w.AddRMClassification("Due", "NOW"))
	search := w.AddDispositionSearch("Due", ECMDispositionSearch{RSIs: []string{"NOW"}, Below: w.folder})
	qdate := w.RunDispositionSearch(search)
	a := w.get(fmt.Sprintf("/v2/nodes/%d/disposition-snapshots/qdate/%s", search, qdate)).ok()
	require.Equal(t, id, a.id("results.data.0.data.id"))
}
