package sync_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// heldModel is what holds should be: for each hold its standing orders and the
// documents that it holds.
type heldModel struct {
	orders    map[string]map[string]bool
	documents map[string]map[ecm.NodeID]bool
}

// TestR20_OverlappingHoldsAreSets: holds are ordered and released by scope,
// license and list, records are declared in between, in any order. Each hold
// holds what it was told to and nothing else, and in the end ECM's disposition
// takes exactly those documents that the last hold was released from.
func TestR20_OverlappingHoldsAreSets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.KeepOpen = true })
		m := heldModel{orders: map[string]map[string]bool{}, documents: map[string]map[ecm.NodeID]bool{}}
		licenses := []string{"501", "502"}
		w.declared("501")
		matters := []string{"A", "B", "C"}
		for _, x := range matters {
			m.orders[x], m.documents[x] = map[string]bool{}, map[ecm.NodeID]bool{}
		}
		declared := 1
		for range rapid.IntRange(1, 6).Draw(rt, "steps") {
			matter := rapid.SampledFrom(matters).Draw(rt, "matter")
			name := rapid.SampledFrom([]string{"scope", "501", "502", "list 501", "all"}).Draw(rt, "target")
			switch do := rapid.SampledFrom([]string{"hold", "hold", "release", "declare"}).Draw(rt, "do"); {
			case do == "declare" && declared < len(licenses):
				w.declared(licenses[declared])
				declared++
				for x := range m.orders {
					m.covered(x, w.allStored())
				}
			case do == "hold" && name != "all":
				w.hold(order(matter, w.targetNamed(name)))
				m.hold(matter, name, w.allStored())
			case do == "release":
				target := recsync.HoldTarget{}
				if name != "all" {
					target = w.targetNamed(name)
				}
				w.release(releaseOf(matter, target))
				m.release(matter, name, w.allStored())
			}
			m.check(rt, w)
		}
		w.disposeOfAllDue()
		for _, r := range w.allStored() {
			for _, id := range r.Documents() {
				require.Equal(rt, m.held(id), !w.node(id).Destroyed, "disposition resumes when the last hold is released, and not before")
			}
		}
	})
}

func (w *world) targetNamed(name string) recsync.HoldTarget {
	switch name {
	case "scope":
		return recsync.HoldTarget{Scope: true}
	case "list 501":
		return recsync.HoldTarget{Records: refs(w.allStored(), "501")}
	}
	return recsync.HoldTarget{License: name}
}

func (m heldModel) hold(x, name string, stored map[string]recsync.StoredRecord) {
	if name == "list 501" {
		for _, id := range stored["501"].Documents() {
			m.documents[x][id] = true
		}
		return
	}
	m.orders[x][name] = true
	m.covered(x, stored)
}

// covered holds what the orders of a hold are about.
func (m heldModel) covered(x string, stored map[string]recsync.StoredRecord) {
	for license, r := range stored {
		for _, id := range r.Documents() {
			if m.orders[x]["scope"] || m.orders[x][license] {
				m.documents[x][id] = true
			}
		}
	}
}

func (m heldModel) release(x, name string, stored map[string]recsync.StoredRecord) {
	if name == "all" {
		m.orders[x], m.documents[x] = map[string]bool{}, map[ecm.NodeID]bool{}
		return
	}
	if name == "scope" {
		m.documents[x] = map[ecm.NodeID]bool{}
	}
	for _, id := range stored[strings.TrimPrefix(name, "list ")].Documents() {
		delete(m.documents[x], id)
	}
	delete(m.orders[x], name)
	m.covered(x, stored)
}

func (m heldModel) held(id ecm.NodeID) bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(m.documents)), func(held map[ecm.NodeID]bool) bool { return held[id] })
}

func (m heldModel) check(rt *rapid.T, w *world) {
	names, err := w.config.ECM.Holds.Names(w.t.Context())
	require.NoError(rt, err)
	ids := map[string]int64{}
	for _, n := range names {
		if n.Active {
			require.Zero(rt, ids[n.Name], "one hold a matter")
			ids[n.Name] = int64(n.ID)
		}
	}
	for license, r := range w.allStored() {
		for _, id := range r.Documents() {
			for x, held := range m.documents {
				require.Equal(rt, held[id], slices.Contains(w.holdsOn(id), ids[x]), "hold %s on node %s of %s", x, id, license)
			}
		}
	}
}

// disposeOfAllDue is ECM's own process, some years later: a search finds what
// is due, and its actions are performed.
func (w *world) disposeOfAllDue() {
	w.t.Helper()
	w.clock.Move(8 * 366 * 24 * time.Hour)
	search := w.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{})
	run := w.ecm.RunDispositionSearch(search)
	w.plainECM().perform(search, run)
}

// perform has the server carry out the actions of a run, whatever it lists.
func (p *plainECM) perform(search int64, run string) {
	p.t.Helper()
	p.post("/v1/members/1000/disposition/performactions", map[string]string{"dispNodeID": fmt.Sprint(search), "qdate": "D/" + run, "applyto": "allPages"})
}

// TestR22_AHoldSaysWhyByWhoseOrderAndWhen, in ECM's own fields, where a person
// reads it; and so does its release.
func TestR22_AHoldSaysWhyByWhoseOrderAndWhen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501")["501"]
	r := order("CASE-7", recsync.HoldTarget{Scope: true})
	r.Name = "Smith: freeze"
	applied := w.hold(r)
	day := w.clock.Now().UTC().Format(time.DateOnly)
	check := func(h records.Hold) {
		t.Helper()
		require.Equal(t, "Smith: freeze", h.Name)
		require.Equal(t, "CASE-7", h.Matter)
		require.Equal(t, "Smith v. Acme, discovery", h.Reason)
		require.Equal(t, "General Counsel", h.Authority)
		require.Equal(t, "A. Lawyer", h.AppliedBy)
		require.Equal(t, day, h.At.Format(time.DateOnly))
		require.NoError(t, h.Validate())
	}
	check(*applied.Hold)
	set, err := w.scope.HoldsOn(t.Context(), stored.Record)
	require.NoError(t, err)
	require.True(t, set.Known())
	require.Equal(t, 1, set.Len())
	check(set.List()[0])
	w.plainECM().says("/v2/holds/"+applied.Hold.ID.String(), `"AlternateHoldID":"CASE-7"`, "Reason: Smith v. Acme, discovery", "Authority: General Counsel", "Applied by: A. Lawyer")

	w.ecm.Forget()
	out := releaseOf("CASE-7", recsync.HoldTarget{})
	out.Authority = "District Court"
	released := w.release(out)
	require.NoError(t, released.Release.Validate())
	require.Equal(t, "B. Lawyer", released.Release.By)
	require.Equal(t, "settled out of court", released.Release.Reason)
	require.Equal(t, day, released.Release.At.Format(time.DateOnly))
	w.plainECM().says("/v2/holds/"+applied.Hold.ID.String(), `"ActiveHold":0`, "Released by: B. Lawyer", "Reason: settled out of court", "Authority: District Court", `"DateRemoved":"`+day)
	bulk := 0
	for _, e := range w.ecm.Exchanges() {
		if e.Route == "POST /v1/rmclassifications/removehold" {
			bulk++
			require.Contains(t, string(e.Request.Bytes), "removeComments=Reason%3A+settled")
		}
	}
	require.Positive(t, bulk, "the reason goes along with each removal")
	for _, e := range w.journal.all() {
		require.NotContains(t, e.Result+e.Target, "Lawyer", "who it was is not told to the trail, which is for good")
	}
}

// beside puts a document with the record's key beside a record.
func (w *world) beside(r recsync.StoredRecord, name string) ecm.NodeID {
	w.t.Helper()
	n, err := w.config.ECM.Nodes.UploadDocument(w.t.Context(), ecm.Document{
		Parent: ecm.NodeID(w.node(r.Record.Node()).Parent), Name: name, FileName: "x.bin", Content: strings.NewReader("x"), Size: 1,
		Categories: ecm.CategoryValues{w.attribute("Record key"): ecm.Text(r.Record.Key().String())},
	})
	require.NoError(w.t, err)
	return n.ID
}

// TestR23_WhatStandsBesideARecordIsHeldWithIt: rights, evidence, stub, whatever
// carries its key, and the copies of the trail; what does not is left alone.
func TestR23_WhatStandsBesideARecordIsHeldWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501", "502")
	key := stored["501"].Record.Key()
	with := []ecm.NodeID{
		stored["501"].Record.Node(), stored["501"].Rights, w.beside(stored["501"], key.CompanionName(records.CompanionEvidence)),
		w.beside(stored["501"], key.CompanionNameOf(records.CompanionEvidence, 2)), w.beside(stored["501"], key.CompanionName(records.CompanionStub)),
		w.beside(stored["501"], "a person's copy.jpg"),
	}
	trail, err := w.ecm.AddDocument(w.root, "trail 2026-11", []byte("log"))
	require.NoError(t, err)
	stranger, err := w.ecm.AddDocument(w.node(with[0]).Parent, "minutes.txt", []byte("x"))
	require.NoError(t, err)
	memo, err := w.ecm.AddDocument(w.root, "memo.txt", []byte("x"))
	require.NoError(t, err)

	r := w.hold(order("CASE-7", recsync.HoldTarget{Records: refs(stored, "501")}))
	for _, id := range append(with, ecm.NodeID(trail)) {
		require.Contains(t, w.holdsOn(id), holdID(t, r), "node %s is held with the record", id)
	}
	for _, id := range []ecm.NodeID{ecm.NodeID(stranger), ecm.NodeID(memo), stored["502"].Record.Node(), stored["502"].Rights} {
		require.Empty(t, w.holdsOn(id), "node %s is none of it", id)
	}
	what := map[string]int{}
	for _, i := range r.Items {
		what[i.What]++
	}
	require.Equal(t, map[string]int{"record": 1, "rights": 1, "evidence": 1, "stub": 1, "document": 2, "trail": 1}, what)

	// The trail stays held while the hold holds anything else.
	w.hold(order("CASE-7", recsync.HoldTarget{Records: refs(stored, "502")}))
	part := w.release(releaseOf("CASE-7", recsync.HoldTarget{Records: refs(stored, "501")}))
	require.Equal(t, 1, results(part)[recsync.HoldKept])
	require.NotEmpty(t, part.Reason, "what stays held is told")
	require.NotEmpty(t, w.holdsOn(ecm.NodeID(trail)))
	require.Empty(t, w.holdsOn(with[0]))
	w.release(releaseOf("CASE-7", recsync.HoldTarget{Records: refs(stored, "502")}))
	require.Empty(t, w.holdsOn(ecm.NodeID(trail)))

	all := w.hold(order("CASE-8", recsync.HoldTarget{Scope: true}))
	require.Contains(t, w.holdsOn(ecm.NodeID(memo)), holdID(t, all), "everything below the root is in the scope")
	require.Contains(t, w.holdsOn(ecm.NodeID(w.root)), holdID(t, all), "and so is the root: ECM itself holds what comes into it")
}

// TestR24_ABulkHoldReportsEveryDocument: held, already, or failed and why; and a
// part is no success.
func TestR24_ABulkHoldReportsEveryDocument(t *testing.T) {
	t.Parallel()
	synctest.Test(t, aBulkHoldReportsEveryDocument)
}

func aBulkHoldReportsEveryDocument(t *testing.T) {
	w := newWorld(t, nil)
	stored := w.declared("501", "502", "503", "504")
	w.hold(order("CASE-7", recsync.HoldTarget{License: "501"}))
	bad := stored["503"].Rights
	// The bulk call does nothing for one document, and says 200; asked alone, the
	// server tells why.
	w.ecm.Fail(testserver.Fault{Route: "POST /v1/nodes/{id}/holds", Times: -1, Status: 400, Body: `{"error":"Accessibility error. Not enough permissions"}`, Where: func(r *http.Request) bool {
		return strings.Contains(r.URL.Path, "/"+bad.String()+"/")
	}})
	w.ecm.Fail(testserver.Fault{Route: "POST /v1/rmclassifications/applyhold", Times: -1, Status: 200, Body: `{}`})
	r, err := recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{Scope: true}))
	require.ErrorIs(t, err, recsync.ErrPartial)
	require.ErrorContains(t, err, bad.String())
	require.Equal(t, recsync.Incomplete, r.Change, "a part reads as no success")
	for _, i := range r.Items {
		switch {
		case i.Node == bad:
			require.Equal(t, recsync.HoldFailed, i.Result)
			require.Contains(t, i.Reason, "Not enough permissions", "it says why")
		case i.Record == stored["501"].Record.Key():
			require.Equal(t, recsync.HoldStood, i.Result)
		default:
			require.Equal(t, recsync.HoldApplied, i.Result, "%s", i)
		}
	}
	for _, one := range stored {
		for _, id := range one.Documents() {
			require.Equal(t, id != bad, len(w.holdsOn(id)) == 1, "the others are held all the same")
		}
	}
	w.ecm.Heal()
	r, err = recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{Scope: true}))
	require.NoError(t, err, "called again, it continues from what it finds")
	require.Equal(t, map[recsync.HoldResult]int{recsync.HoldApplied: 1, recsync.HoldStood: len(r.Items) - 1}, results(r))

	gone := stored["504"].Record
	w.ecm.Change(int64(gone.Node()), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	r, err = recsync.ApplyHold(t.Context(), w.scope, order("CASE-9", recsync.HoldTarget{Records: []recsync.RecordRef{gone, stored["502"].Record}}))
	require.ErrorIs(t, err, recsync.ErrPartial, "a record that is gone cannot be held, and who ordered it must know")
	require.Equal(t, 1, results(r)[recsync.HoldFailed])
	require.Equal(t, 3, results(r)[recsync.HoldApplied], "what is left of it, and the other record with its rights, are held")
}

// TestR24_AHoldInAQueueIsWaitedFor: bulk calls answer before they take effect.
func TestR24_AHoldInAQueueIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil, func(_ *world, o *testserver.ECMOptions) { o.BulkDelay = time.Second })
		stored := w.declared("501", "502", "503")
		w.ecm.Forget()
		r := w.hold(order("CASE-7", recsync.HoldTarget{Scope: true}))
		require.Empty(t, results(r)[recsync.HoldFailed])
		require.LessOrEqual(t, w.ecm.Count("POST /v1/nodes/{id}/holds"), 1, "waited for, and not sent again one by one: only the standing order is held by itself")
		for _, one := range stored {
			for _, id := range one.Documents() {
				require.Len(t, w.holdsOn(id), 1)
			}
		}
		w.release(releaseOf("CASE-7", recsync.HoldTarget{}))
		for _, one := range stored {
			require.Empty(t, w.holdsOn(one.Record.Node()))
		}
	})
}

// TestR25_HoldsThatCannotBeReadRefuse: a declaration, an order, a release and
// the question itself, whatever keeps the server from answering.
func TestR25_HoldsThatCannotBeReadRefuse(t *testing.T) {
	t.Parallel()
	for manner, fault := range map[string]testserver.Fault{
		"500": {Status: 500, Body: `{"error":"Out of order"}`}, "503": {Status: 503}, "dropped": {Kind: testserver.DropBefore}, "a page": {Kind: testserver.HTML},
		"cut off": {Kind: testserver.Truncate}, "denied": {Status: 400, Body: `{"error":"Accessibility error. Not enough permissions"}`}, "late": {Kind: testserver.Delay, Wait: time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			stored := w.declared("501")["501"]
			w.hold(order("CASE-7", recsync.HoldTarget{Scope: true}))
			a := w.asset("502", picture(100))
			for _, route := range []string{"GET /v1/nodes/{id}/holds", "GET /v2/holditems/{id}", "GET /v1/holds"} {
				f := fault
				f.Route, f.Times = route, -1
				w.ecm.Fail(f)
				w.ecm.Forget()
				if route == "GET /v1/nodes/{id}/holds" {
					set, err := w.scope.HoldsOn(t.Context(), stored.Record)
					require.ErrorIs(t, err, recsync.ErrHoldUnknown, manner)
					require.ErrorIs(t, set.Check(), records.ErrHoldUnknown, "an unknown set refuses what a hold would refuse: %s", manner)
					r, err := w.declare(a)
					require.ErrorIs(t, err, recsync.ErrHoldUnknown, manner)
					require.Equal(t, recsync.Incomplete, r.Change)
				} else {
					_, err := recsync.ReleaseHold(t.Context(), w.scope, releaseOf("CASE-7", recsync.HoldTarget{}))
					require.ErrorIs(t, err, recsync.ErrHoldUnknown, "%s %s", route, manner)
					_, err = recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{License: "501"}))
					require.ErrorIs(t, err, recsync.ErrHoldUnknown, "%s %s", route, manner)
					require.Empty(t, w.writes(), "%s %s: nothing is released or ordered blindly", route, manner)
				}
				w.ecm.Heal()
			}
			require.NotEmpty(t, w.holdsOn(stored.Record.Node()))
		})
	}
}

// TestR26_WhatFellDueUnderAHoldIsReviewedAtItsRelease: an approval that was
// given before is not carried out late; whoever performs the old run after the
// release finds it pending. Once it is reviewed anew, the record goes.
func TestR26_WhatFellDueUnderAHoldIsReviewedAtItsRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501", "502")
	search := w.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{Reviewers: []int64{1000}})
	w.clock.Move(8 * 366 * 24 * time.Hour)
	run := w.ecm.RunDispositionSearch(search)
	w.plainECM().decide(search, run, "approve")
	w.hold(order("CASE-7", recsync.HoldTarget{License: "501"}))
	w.plainECM().perform(search, run)
	require.False(t, w.node(stored["501"].Record.Node()).Destroyed, "a hold beats an approved disposition")
	require.True(t, w.node(stored["502"].Record.Node()).Destroyed, "what nobody holds goes its way")

	w.ecm.Forget()
	r := w.release(releaseOf("CASE-7", recsync.HoldTarget{}))
	require.Equal(t, 1, w.ecm.Count("POST /v1/members/{id}/disposition/changereviewdecision"), "the approvals that were given before are void")
	due := 0
	for _, i := range r.Items {
		if i.Record == stored["501"].Record.Key() {
			require.Contains(t, i.Reason, "review", "the receipt tells what fell due")
			due++
		}
	}
	require.Equal(t, 2, due)
	require.False(t, w.node(stored["501"].Record.Node()).Destroyed, "a release disposes of nothing")
	w.plainECM().perform(search, run)
	require.False(t, w.node(stored["501"].Record.Node()).Destroyed, "it does not fire late")

	w.plainECM().decide(search, run, "approve")
	w.plainECM().perform(search, run)
	require.True(t, w.node(stored["501"].Record.Node()).Destroyed, "reviewed anew, it goes")
}

// TestR26_WithoutALookAtDispositionsNothingIsReleased: neither while they cannot
// be read nor by a user who has no right to, unless the order says who sees to
// the review instead; that is kept.
func TestR26_WithoutALookAtDispositionsNothingIsReleased(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		stored := w.declared("501")["501"]
		w.hold(order("CASE-7", recsync.HoldTarget{Scope: true}))
		refused := func(want error) {
			t.Helper()
			w.ecm.Forget()
			_, err := recsync.ReleaseHold(t.Context(), w.scope, releaseOf("CASE-7", recsync.HoldTarget{}))
			require.ErrorIs(t, err, want)
			require.NotEmpty(t, w.holdsOn(stored.Record.Node()))
			require.Empty(t, w.writes(), "something was written")
		}
		w.ecm.Fail(testserver.Fault{Route: "GET /v2/dispositionscontainer/{id}", Times: -1, Status: 503})
		refused(ecm.ErrUnavailable)
		w.ecm.Heal()
		w.ecm.Deny(w.ecm.Options().User, "dispose")
		refused(recsync.ErrUnreviewed)
		req := releaseOf("CASE-7", recsync.HoldTarget{})
		req.ReviewBy = "Rita Records"
		r, err := recsync.ReleaseHold(t.Context(), w.scope, req)
		require.NoError(t, err)
		require.Contains(t, strings.Join(r.Findings, "\n"), "Rita Records has approvals that were given before the release reviewed again")
		require.Empty(t, w.holdsOn(stored.Record.Node()))
		require.True(t, slices.ContainsFunc(w.journal.all(), func(e recsync.JournalEntry) bool {
			return e.Step == "release order" && strings.Contains(e.Result, "Rita Records")
		}), "the journal does not say who answers for the review")
	})
}

// TestR26_ThePlanTellsWhichApprovalsAreVoided: the dry run of a release is the
// real run, also where it makes approvals pending again.
func TestR26_ThePlanTellsWhichApprovalsAreVoided(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.declared("501", "502")
	search := w.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{Reviewers: []int64{1000}})
	w.clock.Move(8 * 366 * 24 * time.Hour)
	run := w.ecm.RunDispositionSearch(search)
	w.plainECM().decide(search, run, "approve")
	w.clock.Move(time.Hour)
	w.plainECM().decide(search, w.ecm.RunDispositionSearch(search), "approve")
	w.hold(order("CASE-7", recsync.HoldTarget{License: "501"}))
	plan, err := recsync.PlanReleaseHold(t.Context(), w.scope, releaseOf("CASE-7", recsync.HoldTarget{}))
	require.NoError(t, err)
	require.Contains(t, plan.String(), "1. void approval")
	require.Contains(t, plan.String(), "4. void approval")
	w.ecm.Forget()
	r, err := plan.Apply(t.Context())
	require.NoError(t, err)
	require.Equal(t, dos(plan.Steps), dos(r.Steps), "the dry run is the real run")
	require.Equal(t, 2, w.ecm.Count("POST /v1/members/{id}/disposition/changereviewdecision"), "one call for each run and reviewer")

	w.hold(order("CASE-8", recsync.HoldTarget{License: "501"}))
	plan, err = recsync.PlanReleaseHold(t.Context(), w.scope, releaseOf("CASE-8", recsync.HoldTarget{}))
	require.NoError(t, err)
	w.plainECM().decide(search, run, "approve")
	_, err = plan.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan, "what was approved since is in no plan")
}

// TestR26_AnApprovalBetweenReviewAndReleaseIsReviewedToo: a reviewer approves, or
// ECM acts, at each moment at which the release waits for an answer. What was
// approved under the hold is pending once it is gone, and what was carried out
// is told.
func TestR26_AnApprovalBetweenReviewAndReleaseIsReviewedToo(t *testing.T) {
	t.Parallel()
	pending, told := 0, 0
	for moment := 0; ; moment += every(3) {
		w := newWorld(t, nil)
		stored := w.declared("501")["501"]
		search := w.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{Reviewers: []int64{1000}})
		w.clock.Move(8 * 366 * 24 * time.Hour)
		run := w.ecm.RunDispositionSearch(search)
		w.hold(order("CASE-7", recsync.HoldTarget{License: "501"}))
		came, held, acts := false, true, moment%2 == 1
		w.config.ECM = w.ecmClientOver(&beforeEach{inner: w.ecm.Transport(), do: func(n int) {
			if n != moment/2 {
				return
			}
			came, held = true, len(w.holdsOn(stored.Record.Node())) > 0
			w.plainECM().decide(search, run, "approve")
			if acts {
				w.plainECM().perform(search, run)
			}
		}})
		r, err := recsync.ReleaseHold(t.Context(), w.newScope(), releaseOf("CASE-7", recsync.HoldTarget{}))
		require.NoError(t, err, "moment %d", moment)
		if !came {
			break
		}
		if w.node(stored.Record.Node()).Destroyed {
			require.False(t, held, "moment %d: it was destroyed under the hold", moment)
			told += strings.Count(strings.Join(r.Findings, "\n"), "at the moment of the release")
			continue
		}
		w.plainECM().perform(search, run)
		if held {
			require.False(t, w.node(stored.Record.Node()).Destroyed, "moment %d: an approval that was given under the hold is carried out after it", moment)
			pending++
		}
	}
	require.Positive(t, pending, "no approval came between")
	require.Positive(t, told, "what ECM carried out meanwhile is not told")
}

// decide is a reviewer who decides all items of a run.
func (p *plainECM) decide(search int64, run, decision string) {
	p.t.Helper()
	p.post("/v1/members/1000/disposition/changereviewdecision", map[string]string{"dispNodeID": fmt.Sprint(search), "qDate": "D/" + run, "applyTo": "allPages", "decision": decision})
}
