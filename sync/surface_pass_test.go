package sync_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// reopen ends the process and starts it again.
func (w *surfaced) reopen() {
	w.t.Helper()
	require.NoError(w.t, w.surface.Close())
	w.scope = w.newScope()
	w.open()
}

// TestF4_ARestartLosesNothing: the reader's continuation goes on, what was
// published is not published again, and what was removed stays so.
func TestF4_ARestartLosesNothing(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	ids := []int64{w.approvedDocument("a.pdf", "a"), w.approvedDocument("b.pdf", "b"), w.approvedDocument("c.pdf", "c")}
	w.pass()
	w.poll()
	at := w.driver.Continuation()
	require.NotEmpty(t, at)

	w.reopen()
	receipt, _ := w.pass()
	require.Equal(t, recsync.Unchanged, receipt.Change, receipt.Reason)
	poll := w.poll()
	require.False(t, poll.Recrawled, "the continuation was lost")
	require.Zero(t, poll.Updated+poll.Deleted)
	require.Equal(t, at, w.driver.Continuation())

	w.fill(ids[0], "Approval", "withdrawn")
	w.ecm.Change(ids[1], func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	w.pass()
	w.reopen()
	receipt, _ = w.pass()
	require.Equal(t, recsync.Unchanged, receipt.Change, receipt.Reason)
	poll = w.poll()
	require.Equal(t, 2, poll.Deleted, "what was taken away before the restart is told after it")
	require.False(t, poll.Recrawled)
	require.Empty(t, w.shows(otcs(ids[0])))
	require.Empty(t, w.shows(otcs(ids[1])))
	require.NotEmpty(t, w.shows(otcs(ids[2])))

	w.fill(ids[0], "Approval", "released")
	_, items := w.pass()
	require.Equal(t, recsync.SurfacePublished, items[otcs(ids[0])].Outcome, "an approval that is given again is a newer word")
	w.poll()
	require.NotEmpty(t, w.shows(otcs(ids[0])))
}

// TestR41_AnOlderPassGrantsNothing: sequences are moments, and hold across
// processes. One whose clock is behind can take away, and cannot give.
func TestR41_AnOlderPassGrantsNothing(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	id := w.approvedDocument("a.pdf", "a")
	other, third := w.approvedDocument("b.pdf", "b"), w.approvedDocument("c.pdf", "c")
	w.fill(id, "Approval", "draft")
	w.pass()
	w.fill(id, "Approval", "approved")
	_, items := w.pass()
	w.fill(id, "Approval", "draft")
	w.pass()
	hidden, known := w.surface.Feed().State(otcs(id))
	require.True(t, known)
	require.Greater(t, hidden.Sequence, items[otcs(id)].Sequence)

	// Another process, an hour behind, comes by.
	w.config.Now = func() time.Time { return w.clock.Now().Add(-time.Hour) }
	w.reopen()
	w.fill(id, "Approval", "approved")
	w.fill(other, "Approval", "draft")
	w.fill(third, "Valid until", w.clock.Now().AddDate(0, 2, 0).UTC().Format(time.DateOnly))
	_, items = w.pass()
	require.Equal(t, recsync.SurfacePublished, items[otcs(third)].Outcome, "an end that comes takes something away: %s", items[otcs(third)].Reason)
	require.Equal(t, recsync.SurfaceStale, items[otcs(id)].Outcome, "its word is older than the withdrawal")
	require.Equal(t, recsync.SurfaceHidden, items[otcs(other)].Outcome, "what takes away is carried out, whatever its clock says")
	late, err := w.surface.Feed().Publish(t.Context(), *hidden.Asset, hidden.Sequence-1)
	require.NoError(t, err)
	require.Equal(t, adapter.Stale, late)
	status, _ := w.bytes(otcs(id))
	require.Equal(t, http.StatusNotFound, status)

	w.config.Now = w.clock.Now
	w.reopen()
	_, items = w.pass()
	require.Equal(t, recsync.SurfacePublished, items[otcs(id)].Outcome)
	require.Equal(t, recsync.SurfaceUnchanged, items[otcs(other)].Outcome)
}

// TestR37_WhatWasDisposedOfNeverComesBack: neither by a pass that finds the node
// again, nor by a publication that renders it.
func TestR37_WhatWasDisposedOfNeverComesBack(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	id := w.approvedDocument("a.pdf", "a")
	w.pass()
	feed := w.surface.Feed()
	state, _ := feed.State(otcs(id))
	_, err := feed.Remove(t.Context(), state.ID, state.ExternalID, state.Sequence+1, string(recsync.CauseDestroyed))
	require.NoError(t, err)
	w.clock.Move(time.Hour)
	for range 2 {
		_, items := w.pass()
		require.Equal(t, recsync.SurfaceUnchanged, items[otcs(id)].Outcome)
		require.Equal(t, adapter.Removed, items[otcs(id)].Access)
		require.Contains(t, items[otcs(id)].Reason, "disposed")
		w.reopen()
	}
	results, err := w.surface.Publisher(nil).Publish(t.Context(), smint.Publication{ExternalID: fmt.Sprint(id), Sequence: w.clock.Now().Add(time.Hour).UnixMicro(), Action: smint.ActPublish})
	require.NoError(t, err)
	require.Equal(t, smint.PublishNotFound, results[0].Status)
	require.Contains(t, results[0].Message, "disposed")
	status, _ := w.bytes(otcs(id))
	require.Equal(t, http.StatusNotFound, status)

	// One that lies in the recycle bin was not disposed of.
	other := w.approvedDocument("b.pdf", "b")
	w.pass()
	w.ecm.Change(other, func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	_, items := w.pass()
	require.Equal(t, recsync.SurfaceHidden, items[otcs(other)].Outcome)
	require.Contains(t, items[otcs(other)].Reason, "recycle bin")
	w.ecm.Change(other, func(_ *string, _ *int64, deleted *bool) { *deleted = false })
	w.clock.Move(time.Hour)
	_, items = w.pass()
	require.Equal(t, recsync.SurfacePublished, items[otcs(other)].Outcome)
}

// TestR37_AStubKeepsADeclaredRecordAway: the record that a stub stands for is
// not offered, whatever lies under its name.
func TestR37_AStubKeepsADeclaredRecordAway(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	stored := w.licensed("601", nil)
	key := stored.Record.Key()
	id := "otcs-" + recsync.ExternalID(key)
	_, items := w.pass()
	require.Equal(t, recsync.SurfacePublished, items[id].Outcome, items[id].Reason)
	folder, err := w.config.ECM.Nodes.FindChild(t.Context(), ecm.NodeID(w.root), key.Folder())
	require.NoError(t, err)
	_, err = w.config.ECM.Nodes.UploadDocument(t.Context(), ecm.Document{
		Parent: folder.ID, Name: key.CompanionName(records.CompanionStub), FileName: "stub.json", Content: strings.NewReader("{}"), Size: 2,
		Categories: ecm.CategoryValues{w.attribute("Record key"): ecm.Text(key.String()), w.attribute("Digest"): ecm.Text(stored.Field(recsync.FieldDigest))},
	})
	require.NoError(t, err)
	status, _ := w.bytes(id)
	require.Equal(t, http.StatusNotFound, status)
	_, items = w.pass()
	require.Equal(t, recsync.SurfaceRemoved, items[id].Outcome)
	require.Equal(t, recsync.CauseDestroyed, items[id].Cause)
	w.clock.Move(time.Hour)
	_, items = w.pass()
	require.Equal(t, recsync.SurfaceUnchanged, items[id].Outcome)
}

// TestSurfaceRecords_ThePlanIsWhatIsDone: a dry run publishes nothing, tells of
// every record, and is refused once it no longer holds.
func TestSurfaceRecords_ThePlanIsWhatIsDone(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	a, b := w.approvedDocument("a.pdf", "a"), w.drafted("b.pdf")
	plan, err := recsync.PlanSurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
	require.NoError(t, err)
	require.Equal(t, fmt.Sprintf(`offer the records of scope acme, by access policy default-1
  %s: published, full: nothing stands against it
  %s: withheld, hidden: attribute "Approval" is "draft", and the policy accepts ["approved" "released"]
  1. publish feed entry %[1]s: full: nothing stands against it`, otcs(a), otcs(b)), plan.String())
	require.Empty(t, w.surface.Feed().States())
	require.Empty(t, w.journal.all())
	receipt, err := plan.Apply(t.Context())
	require.NoError(t, err)
	if diff := cmp.Diff(plan.Steps, receipt.Steps); diff != "" {
		t.Fatalf("a dry run equals the real run, -planned +done:\n%s", diff)
	}
	require.Len(t, w.journal.all(), 2, "an intent before, an outcome after")
	_, err = plan.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan)
	text, err := json.Marshal(receipt)
	require.NoError(t, err)
	require.Contains(t, string(text), fmt.Sprintf(`"surfaced":[{"id":%q,"node":%d,"source":"references","outcome":"published"`, otcs(a), a))

	w.journal.refuse = func(recsync.JournalEntry) error { return http.ErrHandlerTimeout }
	w.fill(a, "Approval", "draft")
	_, err = recsync.SurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
	require.ErrorIs(t, err, http.ErrHandlerTimeout, "nothing is done that is not taken down")
	state, _ := w.surface.Feed().State(otcs(a))
	require.Equal(t, adapter.Full, state.Asset.Access)
}

// TestF4_CommandsTellSmintAtOnce: a creative need not wait for the poll. A
// command that is not taken is reported, the catalog says it all the same, and
// it can be sent again.
func TestF4_CommandsTellSmintAtOnce(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	require.NoError(t, w.surface.Close())
	w.open(&smint.CommandPublisher{Portals: w.config.Smint.Portals, Portal: smint.Portal{UUID: testserver.PortalUUID}})
	id := w.approvedDocument("a.pdf", "a", "Valid until", w.clock.Now().Add(30*24*time.Hour).UTC().Format(time.DateOnly))
	external := fmt.Sprint(id)
	receipt, _ := w.pass()
	require.Len(t, receipt.Steps, 2, "the catalog first, then the command")
	state, sequence := w.smint.CommandState(external)
	require.Equal(t, "published", state)
	entry, _ := w.surface.Feed().State(otcs(id))
	require.Equal(t, entry.Sequence, sequence)
	w.poll()
	require.NotEmpty(t, w.shows(otcs(id)))

	w.clock.Move(40 * 24 * time.Hour)
	w.pass()
	state, _ = w.smint.CommandState(external)
	require.Equal(t, "expired", state, "told without a poll")
	require.NotContains(t, w.shows(otcs(id)), "download_hires")

	w.fill(id, "Approval", "withdrawn")
	w.smint.Fail(testserver.Fault{Route: execute, Where: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "removeAccessAsync") }, Status: 400, Times: -1})
	receipt, err := recsync.SurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
	require.ErrorIs(t, err, smint.ErrInvalid)
	require.Equal(t, recsync.Incomplete, receipt.Change)
	require.Equal(t, recsync.SurfaceFailed, itemsOf(receipt)[otcs(id)].Outcome)
	w.smint.Heal()
	status, _ := w.bytes(otcs(id))
	require.Equal(t, http.StatusNotFound, status, "the catalog says it all the same")
	receipt, err = recsync.SurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{Resend: true})
	require.NoError(t, err)
	require.Equal(t, recsync.Changed, receipt.Change)
	require.Empty(t, w.shows(otcs(id)), "sent again, it is gone at once")

	w.smint.PlanTasks(testserver.SmintTaskPlan{Method: "removeAccessAsync", Result: `{"results":[{"externalId":"` + external + `","status":"rejected"}]}`})
	_, err = recsync.SurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{Resend: true})
	require.ErrorIs(t, err, recsync.ErrNotTaken, "an answer that is no yes is no success")
}

// TestF4_OneBadRecordStopsNoOther: it is taken away, and an outage takes nothing
// away.
func TestF4_OneBadRecordStopsNoOther(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	bad, good := w.approvedDocument("a.pdf", "a"), w.approvedDocument("b.pdf", "b")
	w.pass()
	of := func(id int64) func(*http.Request) bool {
		return func(r *http.Request) bool { return strings.Contains(r.URL.Path, fmt.Sprintf("/nodes/%d/", id)) }
	}
	w.ecm.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/rmclassifications", Where: of(bad), Status: 403, Times: -1})
	_, items := w.pass()
	require.Equal(t, recsync.SurfaceHidden, items[otcs(bad)].Outcome, "nobody can tell about it")
	require.Equal(t, recsync.CauseUnknown, items[otcs(bad)].Cause)
	require.Equal(t, recsync.SurfaceUnchanged, items[otcs(good)].Outcome)
	w.ecm.Heal()
	w.clock.Move(time.Minute)
	w.pass()

	before := w.surface.Feed().States()
	for _, route := range []string{"GET /v2/nodes/{id}/nodes", "GET /v1/nodes/{id}/rmclassifications"} {
		w.ecm.Fail(testserver.Fault{Route: route, Status: 401, Times: -1})
		receipt, err := recsync.SurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
		require.ErrorIs(t, err, ecm.ErrUnauthenticated)
		require.Equal(t, recsync.Incomplete, receipt.Change)
		w.ecm.Heal()
	}
	w.ecm.Change(w.references, func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	_, err := recsync.SurfaceRecords(t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
	require.ErrorIs(t, err, recsync.ErrSetup, "a folder that is out of sight is a fault of the set-up, not the end of its records")
	require.Equal(t, before, w.surface.Feed().States())
	status, _ := w.bytes(otcs(good))
	require.NotEqual(t, http.StatusOK, status)
}

// TestR56_SurfacesAreKeptApart: neither the surface nor the folder of another
// scope is used, and what another scope declared is not offered.
func TestR56_SurfacesAreKeptApart(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	id := w.approvedDocument("a.pdf", "a")
	foreign := w.approvedDocument("b.pdf", "b")
	require.NoError(t, w.config.ECM.Categories.Add(t.Context(), ecm.NodeID(foreign), ecm.NodeID(w.category), ecm.CategoryValues{
		w.attribute("Record key"): ecm.Text("other/purchase/1/1/1"), w.attribute("Digest"): ecm.Text(records.DigestOf(nil).String()),
	}))
	_, items := w.pass()
	require.Contains(t, items, otcs(id))
	require.NotContains(t, items, otcs(foreign))
	taken := w.approvedDocument("c.pdf", "c")
	w.pass()
	status, _ := w.bytes(otcs(taken))
	require.Equal(t, http.StatusOK, status)
	require.NoError(t, w.config.ECM.Categories.Add(t.Context(), ecm.NodeID(taken), ecm.NodeID(w.category), ecm.CategoryValues{
		w.attribute("Record key"): ecm.Text("other/purchase/2/1/1"), w.attribute("Digest"): ecm.Text(records.DigestOf(nil).String()),
	}))
	status, _ = w.bytes(otcs(taken))
	require.Equal(t, http.StatusNotFound, status, "it is another scope's record by now")

	config := w.config
	config.ID = records.MustScopeID("other")
	other, err := recsync.NewScope(config)
	require.NoError(t, err)
	w.ecm.Forget()
	_, err = recsync.SurfaceRecords(t.Context(), other, w.surface, recsync.SurfaceRequest{})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	_, err = recsync.SurfaceRecords(t.Context(), w.scope, nil, recsync.SurfaceRequest{})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	require.Empty(t, w.ecm.Exchanges())
	require.NoError(t, w.surface.Close())
	_, err = recsync.OpenSurface(other, w.dir, recsync.SurfaceOptions{})
	require.ErrorIs(t, err, adapter.ErrConflict)
	config.Policy.Surface = nil
	bare, err := recsync.NewScope(config)
	require.NoError(t, err)
	_, err = recsync.OpenSurface(bare, "", recsync.SurfaceOptions{})
	require.ErrorIs(t, err, recsync.ErrSetup)

	// A second process on the same folder is noticed.
	w.open()
	second, err := recsync.OpenSurface(w.scope, w.dir, recsync.SurfaceOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = second.Close() })
	w.fill(id, "Approval", "draft")
	w.pass()
	_, err = recsync.SurfaceRecords(t.Context(), w.scope, second, recsync.SurfaceRequest{})
	require.ErrorIs(t, err, adapter.ErrConflict)
	require.Equal(t, recsync.TroubleInUse, recsync.TroubleOf(err))
}

// TestF4_TrimmedToThoseWhoMaySeeItInECM: by the groups of the node, or of the
// policy; a record that no group may see is offered to nobody.
func TestF4_TrimmedToThoseWhoMaySeeItInECM(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, func(_ *surfaced, p *recsync.SurfacePolicy) { p.Sources[1].NodeGroups = true })
	id := w.approvedDocument("a.pdf", "a")
	legal := w.ecm.AddGroup("Legal")
	can := w.config.ECM.Permissions
	require.NoError(t, can.Add(t.Context(), ecm.NodeID(id), ecm.UserID(legal), ecm.MaySee, ecm.MaySeeContents))
	groups := func() []string {
		w.pass()
		state, _ := w.surface.Feed().State(otcs(id))
		return state.Asset.Groups
	}
	require.Empty(t, groups(), "everybody may see it")
	drop := func(path string) {
		plain := w.plainECM()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, fmt.Sprintf("%s/v2/nodes/%d/permissions/%s", plain.base, id, path), nil)
		require.NoError(t, err)
		r.Header.Set("OTCSTicket", plain.ticket)
		resp, err := plain.client.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode, path)
	}
	drop("public")
	require.Equal(t, []string{"1001", fmt.Sprint(legal)}, groups())
	drop("group")
	require.Equal(t, []string{fmt.Sprint(legal)}, groups())
	drop(fmt.Sprintf("custom/%d", legal))
	_, items := w.pass()
	require.Equal(t, recsync.SurfaceHidden, items[otcs(id)].Outcome, "no group is not everybody")
	require.Contains(t, items[otcs(id)].Reason, "no group")
}
