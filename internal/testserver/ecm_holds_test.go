package testserver

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestECM_HoldsHaveTheirOwnLife(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	group := w.post("/v2/nodes", "type", 833, "parent_id", holdsID, "name", "Cases").ok().id("results.data.properties.id")
	require.Empty(t, w.get(fmt.Sprintf("/v2/nodes/%d/nodes", holdsID)).ok().list("results"), "hold groups cannot be browsed")
	create := func(kv ...any) *ecmAnswer { return w.send("POST", "/v1/holds?"+pairs(kv).Encode()) }
	create("type", "NONE", "name", "x", "date_applied", "2026-01-05").refused(400, "Could not insert into the Hold Disposition table")
	create("type", "LEGAL", "name", "x").refused(400, "Could not insert into the Hold Disposition table")
	id := w.post("/v1/holds", "type", "LEGAL", "name", "CASE-7", "date_applied", "2026-01-05T10:00:00", "alternate_id", "ext-7", "parent_id", group, "comment", "c").ok().id("holdID")
	a := w.get("/v2/hold", "holdname", "CASE-7").ok()
	require.Equal(t, id, a.id("results.data.hold.HoldID"))
	require.Equal(t, "ext-7", a.text("results.data.hold.AlternateHoldID"))
	require.Nil(t, a.at("results.data.hold.DateRemoved"))
	require.Equal(t, group, a.id("results.data.hold.ParentID"))
	require.Equal(t, "false", w.get("/v2/hold", "holdname", "none").text("results.ok"))
	require.Len(t, w.get("/v2/holdmaintenance/0").ok().list("data"), 1)
	require.Equal(t, "CASE-7", w.get(fmt.Sprintf("/v2/holdmaintenance/%d", group)).ok().text("data.0.data.name"))
	w.put("/v1/holds/move", "holdGroupID", 0, "holdIDs", fmt.Sprintf("%d %d", id, 99)).refused(400, "Missing data")
	w.put("/v1/holds/move", "holdGroupID", 0, "holdIDs", fmt.Sprint(id)).ok()
	require.Len(t, w.get("/v2/holdmaintenance/0").ok().list("data"), 2)

	node := w.document("a")
	w.post(fmt.Sprintf("/v1/nodes/%d/holds", node), "hold_id", id).ok()
	w.send("PUT", fmt.Sprintf("/v1/holds?id=%d&date_removed=2026-01-06&removal_comment=over", id)).ok()
	suspended := w.get(fmt.Sprintf("/v2/holds/%d", id)).ok()
	require.Zero(t, suspended.id("hold.ActiveHold"))
	require.Equal(t, "svc-dam", suspended.text("hold.RemovalPatron"))
	require.Equal(t, []int64{id}, w.node(node).Holds, "a suspended hold keeps its items")
	w.put("/v1/holds", "id", id, "date_removed", "").ok()
	require.EqualValues(t, 1, w.get("/v2/holds", "page", 1, "limit", 25).ok().id("results.data.holds.0.ActiveHold"))
	w.put("/v1/holds", "id", 99).refused(400, "Could not update Hold Disposition table")

	w.del(fmt.Sprintf("/v1/holds/%d", id)).refused(400, "Error deleting Hold. Hold may not exist or is in use")
	w.del("/v2/hold", "id", id).refused(400, "Error deleting Hold. Hold may not exist or is in use")
	w.del(fmt.Sprintf("/v1/nodes/%d/holds/%d", node, id)).ok()
	w.del(fmt.Sprintf("/v1/nodes/%d/holds/%d", node, id)).refused(400, "Object does not have this Hold")
	require.Equal(t, "true", w.del("/v2/hold", "holdname", "CASE-7").ok().text("results.ok"))
	require.Empty(t, w.get("/v1/holds").ok().body)
	spare := w.AddHold("SPARE", "LEGAL")
	w.del(fmt.Sprintf("/v1/holds/%d", spare)).ok()
	w.del(fmt.Sprintf("/v1/holds/%d", spare)).refused(400, "Error deleting Hold. Hold may not exist or is in use")
}

func TestECM_WhatIsHeldStays(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.document("a")
	inner := w.AddFolder(w.folder, "inner")
	path := fmt.Sprintf("/v1/nodes/%d/holds", id)
	hold := w.AddHold("CASE-7", "LEGAL")
	second := w.AddHold("CASE-8", "LEGAL")
	w.post(path).refused(400, "Missing LLPARAMS_LIST")
	w.send("POST", path, jsonField(map[string]any{"hold_id": hold})).ok()
	w.post(path, "hold_id", hold).refused(400, "Object already has this Hold")
	w.post(path, "hold_id", second).ok()
	w.del(fmt.Sprintf("/v1/nodes/%d/holds/%d", id, second)).ok()
	gone := func(node int64) *ecmAnswer { return w.del(fmt.Sprintf("/v2/nodes/%d", node)) }
	gone(id).refused(400, "invalid action 'delete'")
	gone(w.folder).refused(400, "invalid action 'delete'")
	w.put(fmt.Sprintf("/v2/nodes/%d", id), "parent_id", inner).refused(400, "invalid action 'move'")
	w.put(fmt.Sprintf("/v2/nodes/%d", w.folder), "parent_id", workspacesID).refused(400, "invalid action 'move'")
	w.send("POST", fmt.Sprintf("/v2/nodes/%d/versions", id), fileBody("b", []byte("b"))).refused(400, "invalid action")
	require.Equal(t, "svc-dam", w.get(path).ok().text("data.0.applied_by"))
	w.put("/v1/holds", "id", hold, "date_removed", "2026-01-06").ok()
	gone(id).ok()

	w.post(fmt.Sprintf("/v1/nodes/%d/holds", w.folder), "hold_id", second).ok()
	gone(inner).refused(400, "invalid action 'delete'")
	inherited := w.get(fmt.Sprintf("/v1/nodes/%d/holds", inner)).ok()
	require.Equal(t, "Inherited", inherited.text("data.0.hold_appliedmethod"))
	require.Equal(t, "false", inherited.text("data.0.removable"))
}

func TestECM_BulkHoldsGiveNoReport(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.AddUser(ECMUser{Name: "ann", Password: "pw", Denied: []string{"hold"}})
	a, b := w.document("a"), w.document("b")
	hold := w.AddHold("CASE-7", "LEGAL", a)
	w.post("/v1/rmclassifications/applyhold", "ids", a, "hold_id", hold).refused(404, "Hold ID is not specified")
	w.as("ann").post("/v1/rmclassifications/applyhold", "ids", a, "holdID", hold).refused(404, "Accessibility error")
	w.post("/v1/rmclassifications/applyhold", "ids", a, "ids", b, "ids", 5, "holdID", hold).ok()
	items := w.get(fmt.Sprintf("/v2/holditems/%d", hold), "limit", 1, "sort", "asc_name").ok()
	require.Equal(t, a, items.id("results.contents.0.id"))
	require.EqualValues(t, 2, items.id("collection.paging.page_total"))
	require.Equal(t, b, w.get(fmt.Sprintf("/v2/holditems/%d/page", hold), "limit", 1, "page", 2).ok().id("results.contents.0.id"))
	w.get("/v2/holditems/99").refused(400, "could not be accessed")
	require.EqualValues(t, 2, w.get("/v1/rmstatistics/holds").ok().id("directHoldsCount"))
	w.post("/v1/rmclassifications/removehold", "ids", a, "ids", b, "holdID", hold, "removeComments", "over").ok()
	require.Empty(t, w.node(a).Holds)
}

func TestECM_UserHolds(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.QueueDelay = time.Minute })
	ann := w.AddUser(ECMUser{Name: "ann", Password: "pw"})
	mine, hers := w.document("mine"), w.as("ann").document("hers")
	hold := w.AddHold("CASE-7", "LEGAL")
	w.send("POST", fmt.Sprintf("/v2/userholds/addusers?hold_id=%d&userIDs=%d", hold, ann)).refused(400, "Missing required parameter 'holdID'")
	w.send("POST", fmt.Sprintf("/v2/userholds/addusers?holdID=%d&userIDs=%d", hold, ann)).ok()
	w.send("POST", fmt.Sprintf("/v2/userholds/processhold?holdID=%d&startDate=2026-01-01&endDate=2026-01-31", hold)).ok()
	require.Empty(t, w.node(hers).Holds)
	w.clock.Move(time.Minute)
	a := w.get(fmt.Sprintf("/v2/userholds/getusers/%d", hold)).ok()
	require.Equal(t, ann, a.id("assignedUsers.0.id"))
	require.Equal(t, "2026-01-31T00:00:00", a.text("holdCriteria.0.EndDate"))
	require.Equal(t, []int64{hold}, w.node(hers).Holds)
	require.Empty(t, w.node(mine).Holds)
	path := fmt.Sprintf("/v1/nodes/%d/holds/%d", hers, hold)
	w.del(path).refused(400, "Object does not have this Hold")
	w.del(path, "userID", ann).ok()
	w.send("POST", fmt.Sprintf("/v2/userholds/removeusers?holdID=%d&userIDs=%d", hold, ann)).ok()
	w.post("/v2/userholds/updateusershold", "holdID", hold, "addedUsers", ann, "startProcessDate", "2026-01-01", "endProcessDate", "2026-12-31").ok()
	w.clock.Move(time.Minute)
	w.get("/v1/holds").ok()
	require.Equal(t, []int64{hold}, w.node(hers).Holds)
}

// A web server in front of the real one refused hold writes that came while
// another one ran.
func TestECM_HoldWritesOneAfterAnother(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.SerialHolds = true })
	id, hold := w.document("a"), w.AddHold("CASE-7", "LEGAL")
	body, feed := io.Pipe()
	done := make(chan int)
	go func() {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", "http://x/otcs/cs.exe/api/v1/holds", body)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("OTCSTicket", w.ticket)
		resp, err := w.c.Do(r)
		if err != nil {
			done <- 0
			return
		}
		_ = resp.Body.Close()
		done <- resp.StatusCode
	}()
	_, err := io.WriteString(feed, "type=LEGAL&name=B&")
	require.NoError(t, err)
	w.post(fmt.Sprintf("/v1/nodes/%d/holds", id), "hold_id", hold).refused(503, "Service Unavailable")
	_, err = io.Copy(feed, strings.NewReader("date_applied=2026-01-05"))
	require.NoError(t, err)
	require.NoError(t, feed.Close())
	require.Equal(t, 200, <-done)
	w.post(fmt.Sprintf("/v1/nodes/%d/holds", id), "hold_id", hold).ok()
}
