package sync_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// order is a hold request for a matter.
func order(matter string, target recsync.HoldTarget) recsync.HoldRequest {
	return recsync.HoldRequest{Matter: matter, Reason: "Smith v. Acme, discovery", Authority: "General Counsel", By: "A. Lawyer", Target: target}
}

func releaseOf(matter string, target recsync.HoldTarget) recsync.ReleaseRequest {
	return recsync.ReleaseRequest{Matter: matter, Reason: "settled out of court", By: "B. Lawyer", Target: target}
}

func (w *world) hold(r recsync.HoldRequest) recsync.Receipt {
	w.t.Helper()
	receipt, err := recsync.ApplyHold(w.t.Context(), w.scope, r)
	require.NoError(w.t, err)
	require.NotNil(w.t, receipt.Hold)
	return receipt
}

// release releases, and returns what became of it.
func (w *world) release(r recsync.ReleaseRequest) recsync.Receipt {
	w.t.Helper()
	receipt, err := recsync.ReleaseHold(w.t.Context(), w.scope, r)
	require.NoError(w.t, err)
	return receipt
}

// declared buys pictures and has each declared, with its rights document.
func (w *world) declared(uuids ...string) map[string]recsync.StoredRecord {
	w.t.Helper()
	for _, uuid := range uuids {
		w.buy(uuid, picture(200), nil)
	}
	report, err := recsync.FollowPurchases(w.t.Context(), w.scope, w.store(), recsync.FollowOptions{})
	require.NoError(w.t, err)
	require.Empty(w.t, report.Quarantined, "%+v", report)
	return w.allStored()
}

// allStored are the scope's records by transaction.
func (w *world) allStored() map[string]recsync.StoredRecord {
	w.t.Helper()
	all := map[string]recsync.StoredRecord{}
	for _, r := range w.all() {
		all[r.Record.Key().Item()] = r
	}
	return all
}

// holdsOn are the ids of the holds that lie on a node itself, asked at the fake.
func (w *world) holdsOn(id ecm.NodeID) []int64 {
	w.t.Helper()
	n, found := w.ecm.Node(int64(id))
	require.True(w.t, found)
	return n.Holds
}

// results count what became of the documents.
func results(r recsync.Receipt) map[recsync.HoldResult]int {
	counts := map[recsync.HoldResult]int{}
	for _, i := range r.Items {
		counts[i.Result]++
	}
	return counts
}

func refs(stored map[string]recsync.StoredRecord, uuids ...string) []recsync.RecordRef {
	var list []recsync.RecordRef
	for _, u := range uuids {
		list = append(list, stored[u].Record)
	}
	return list
}

func TestApplyHold_ByEachTarget(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.buy("501", picture(200), nil)
	w.buy("502", picture(200), testserver.SmintJSON{"project_name": testserver.SmintText("en", "Spring: a/b & more")})
	stored := w.declared("503")
	require.Len(t, slices.Collect(maps.Keys(stored)), 3)
	for name, tc := range map[string]struct {
		target recsync.HoldTarget
		held   []string
	}{
		"scope":   {recsync.HoldTarget{Scope: true}, []string{"501", "502", "503"}},
		"license": {recsync.HoldTarget{License: "503"}, []string{"503"}},
		"about":   {recsync.HoldTarget{About: map[recsync.Field]string{recsync.FieldProject: "spring: A/B & more"}}, []string{"502"}},
		"records": {recsync.HoldTarget{Records: refs(stored, "501", "502")}, []string{"501", "502"}},
	} {
		r := w.hold(order("CASE "+name, tc.target))
		require.Equal(t, recsync.Created, r.Change)
		for uuid, one := range stored {
			for _, id := range one.Documents() {
				require.Equal(t, slices.Contains(tc.held, uuid), slices.Contains(w.holdsOn(id), holdID(t, r)), "%s: node %s of %s: a hold is on the documents that it is about and on no others", name, id, uuid)
			}
		}
		require.Empty(t, results(r)[recsync.HoldFailed])
		for _, i := range r.Items {
			require.Equal(t, recsync.HoldApplied, i.Result, "%s: %s", name, i)
		}

		released := w.release(releaseOf("CASE "+name, recsync.HoldTarget{}))
		require.Equal(t, recsync.Changed, released.Change)
		require.Equal(t, len(r.Items), results(released)[recsync.HoldReleased], "%s: all that was held is released", name)
		for _, one := range stored {
			for _, id := range one.Documents() {
				require.Empty(t, w.holdsOn(id))
			}
		}
	}
}

func holdID(t *testing.T, r recsync.Receipt) int64 {
	t.Helper()
	var id int64
	_, err := fmt.Sscan(r.Hold.ID.String(), &id)
	require.NoError(t, err)
	return id
}

// TestApplyHold_RefusesBeforeAnyRequest what is not this scope's, and what is
// incomplete: with everything that is wrong.
func TestApplyHold_RefusesBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501")
	other := w.config
	other.ID = records.MustScopeID("other")
	foreign, err := recsync.NewScope(other)
	require.NoError(t, err)
	var unbound recsync.RecordRef
	require.NoError(t, unbound.UnmarshalText([]byte(stored["501"].Record.String())))
	w.ecm.Forget()

	_, err = recsync.ApplyHold(t.Context(), foreign, order("CASE-7", recsync.HoldTarget{Records: refs(stored, "501")}))
	require.ErrorIs(t, err, recsync.ErrForeignScope, "another scope's reference")
	_, err = recsync.ReleaseHold(t.Context(), foreign, releaseOf("CASE-7", recsync.HoldTarget{Records: refs(stored, "501")}))
	require.ErrorIs(t, err, recsync.ErrForeignScope, "another scope's reference")
	_, err = recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{Records: []recsync.RecordRef{unbound}}))
	require.ErrorIs(t, err, recsync.ErrForeignScope, "a reference that was not bound")
	_, err = foreign.HoldsOn(t.Context(), stored["501"].Record)
	require.ErrorIs(t, err, recsync.ErrForeignScope)

	_, err = recsync.ApplyHold(t.Context(), w.scope, recsync.HoldRequest{Matter: "a\nb", Target: recsync.HoldTarget{Scope: true, License: "1"}})
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, field := range []string{"matter", "reason", "authority", "by", "target"} {
		require.ErrorContains(t, err, field, "everything that is wrong is said at once")
	}
	_, err = recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{}))
	require.ErrorIs(t, err, records.ErrInvalid, "a hold on nothing")
	_, err = recsync.ReleaseHold(t.Context(), w.scope, recsync.ReleaseRequest{})
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, field := range []string{"name", "reason", "by"} {
		require.ErrorContains(t, err, field)
	}
	require.Empty(t, w.ecm.Exchanges(), "it is refused before anything is asked")
}

// TestApplyHold_AForgedReferenceIsRefused: a key of this scope with somebody
// else's node.
func TestApplyHold_AForgedReferenceIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501", "502")
	var forged recsync.RecordRef
	require.NoError(t, forged.UnmarshalText([]byte(stored["501"].Record.Key().String()+"@"+stored["502"].Record.Node().String())))
	forged, err := w.scope.Bind(forged)
	require.NoError(t, err)
	w.ecm.Forget()
	_, err = recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{Records: []recsync.RecordRef{forged}}))
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	require.Empty(t, w.writes())
}

// TestApplyHold_APlanIsTheDryRun: printed, it writes nothing; applied, it does
// what it said; stale, it is refused.
func TestApplyHold_APlanIsTheDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.declared("501", "502")
	w.ecm.Forget()
	plan, err := recsync.PlanApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{License: "501"}))
	require.NoError(t, err)
	require.Empty(t, w.writes(), "a plan writes nothing")
	require.Contains(t, plan.String(), `create hold "CASE-7"`)
	require.Contains(t, plan.String(), "record of acme/purchase/501/1/1")
	stale := *plan

	r, err := plan.Apply(t.Context())
	require.NoError(t, err)
	require.Equal(t, dos(plan.Steps), dos(r.Steps), "the dry run is what is done")
	require.Len(t, w.writes(), len(plan.Steps), "each step is one write")
	_, err = stale.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan)

	end, err := recsync.PlanReleaseHold(t.Context(), w.scope, releaseOf("CASE-7", recsync.HoldTarget{}))
	require.NoError(t, err)
	staleEnd := *end
	r, err = end.Apply(t.Context())
	require.NoError(t, err)
	require.Equal(t, dos(end.Steps), dos(r.Steps), "the dry run is what is done")
	_, err = staleEnd.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan)
}

func dos(steps []recsync.Step) []string {
	var list []string
	for _, s := range steps {
		list = append(list, s.Do)
	}
	return list
}

// TestR21_TheSameHoldTwiceIsOneHold, and to release one that is not there is a
// report and no error.
func TestR21_TheSameHoldTwiceIsOneHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501", "502")
	first := w.hold(order("CASE-7", recsync.HoldTarget{Scope: true}))
	w.ecm.Forget()
	again := w.hold(order("CASE-7", recsync.HoldTarget{Scope: true}))
	require.Equal(t, recsync.Unchanged, again.Change)
	require.Equal(t, first.Hold.ID, again.Hold.ID)
	require.Empty(t, w.writes(), "what is held is not held again")
	require.Equal(t, len(again.Items), results(again)[recsync.HoldStood], "each document is held already")

	released := w.release(releaseOf("CASE-7", recsync.HoldTarget{}))
	require.Equal(t, recsync.Changed, released.Change)
	w.ecm.Forget()
	for _, r := range []recsync.ReleaseRequest{releaseOf("CASE-7", recsync.HoldTarget{}), releaseOf("CASE-8", recsync.HoldTarget{Records: refs(stored, "501")})} {
		absent := w.release(r)
		require.Equal(t, recsync.Skipped, absent.Change)
		require.NotEmpty(t, absent.Reason, "it says why there was nothing to do")
	}
	require.Empty(t, w.writes())
	require.Contains(t, w.release(releaseOf("CASE-7", recsync.HoldTarget{})).Reason, "settled out of court", "and who ended it, when and why")

	w.hold(order("CASE-9", recsync.HoldTarget{License: "501"}))
	none := w.release(releaseOf("CASE-9", recsync.HoldTarget{License: "502"}))
	require.Equal(t, recsync.Skipped, none.Change)
	require.Equal(t, len(none.Items), results(none)[recsync.HoldAbsent])
	require.NotEmpty(t, w.holdsOn(stored["501"].Record.Node()), "what was not named stays held")
}

// TestR21_TwoCallersAtOnceMakeOneHold, in whatever order their calls interleave.
func TestR21_TwoCallersAtOnceMakeOneHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501", "502")
	var wg sync.WaitGroup
	receipts, errs := make([]recsync.Receipt, 6), make([]error, 6)
	for i := range errs {
		config := w.config
		config.ECM = w.ecmClient() // a process of its own: it shares no lane
		s, err := recsync.NewScope(config)
		require.NoError(t, err)
		wg.Go(func() {
			receipts[i], errs[i] = recsync.ApplyHold(t.Context(), s, order("CASE-7", recsync.HoldTarget{Scope: true}))
		})
	}
	wg.Wait()
	for i, err := range errs {
		require.NoError(t, err)
		require.Equal(t, receipts[0].Hold.ID, receipts[i].Hold.ID, "all mean one hold")
	}
	names, err := w.config.ECM.Holds.Names(t.Context())
	require.NoError(t, err)
	require.Len(t, names, 1, "who made a second one took it back")
	for _, r := range stored {
		require.Len(t, w.holdsOn(r.Record.Node()), 1)
	}
}

// TestR21_AHoldWhoseAnswerWasLostIsLookedUp and not made again; so is each of
// the writes that put it on.
func TestR21_AHoldWhoseAnswerWasLostIsLookedUp(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"POST /v1/holds", "POST /v1/nodes/{id}/holds", "POST /v1/rmclassifications/applyhold", "POST /v2/nodes"} {
		for _, kind := range []testserver.FaultKind{testserver.DropAfter, testserver.DropBefore, testserver.HTML} {
			t.Run(fmt.Sprint(route, kind), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, nil)
				w.declared("501", "502")
				w.ecm.Forget()
				w.ecm.Fail(testserver.Fault{Route: route, Kind: kind})
				r := w.hold(order("CASE-7", recsync.HoldTarget{Scope: true}))
				require.Positive(t, w.ecm.Count(route), "the fault happened")
				require.Empty(t, results(r)[recsync.HoldFailed])
				names, err := w.config.ECM.Holds.Names(t.Context())
				require.NoError(t, err)
				require.Len(t, names, 1, "an unknown outcome is looked up, never blindly repeated")
				for _, one := range w.allStored() {
					for _, id := range one.Documents() {
						require.Len(t, w.holdsOn(id), 1)
					}
				}
			})
		}
	}
}

// TestApplyHold_AnotherMattersNameIsRefused; a person's hold without a matter is
// used as it is.
func TestApplyHold_AnotherMattersNameIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.declared("501")
	r := order("CASE-7", recsync.HoldTarget{Scope: true})
	r.Name = "Freeze"
	w.hold(r)
	r.Matter = "CASE-8"
	_, err := recsync.ApplyHold(t.Context(), w.scope, r)
	require.ErrorIs(t, err, recsync.ErrNotOurs)
	require.ErrorContains(t, err, "CASE-7")

	id := w.ecm.AddHold("By hand", "LEGAL")
	r.Name = "By hand"
	got := w.hold(r)
	require.Equal(t, fmt.Sprint(id), got.Hold.ID.String(), "the hold of that name is the hold")
	require.NotEmpty(t, got.Findings, "what it says otherwise is told, and left as it is")
	byMatter := w.release(recsync.ReleaseRequest{Matter: "CASE-7", Reason: "over", By: "B. Lawyer"})
	require.Equal(t, "Freeze", byMatter.Name, "a hold is found by its matter")
}

// TestR23_WhatIsDeclaredLaterIsHeld under each kind of standing order, with its
// rights document, by a process that knows nothing of the order.
func TestR23_WhatIsDeclaredLaterIsHeld(t *testing.T) {
	t.Parallel()
	for name, target := range map[string]recsync.HoldTarget{
		"scope": {Scope: true}, "license": {License: "601"}, "about": {About: map[recsync.Field]string{recsync.FieldTitle: "picture 601"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			held := holdID(t, w.hold(order("CASE-7", target)))
			second := holdID(t, w.hold(order("CASE-8", target)))
			w.scope = w.newScope()
			stored := w.declared("601", "602")
			for _, id := range stored["601"].Documents() {
				require.ElementsMatch(t, []int64{held, second}, w.holdsOn(id), "what comes later is held by every hold that stands for it: node %s", id)
			}
			require.Len(t, stored["601"].Documents(), 2, "record and rights document")
			for _, id := range stored["602"].Documents() {
				require.Equal(t, name == "scope", len(w.holdsOn(id)) > 0, "and what no order is about is not")
			}
			w.release(releaseOf("CASE-7", recsync.HoldTarget{}))
			w.release(releaseOf("CASE-8", recsync.HoldTarget{}))
			for uuid, r := range w.declared("603") {
				for _, id := range r.Documents() {
					require.Empty(t, w.holdsOn(id), "no order stands for %s any more", uuid)
				}
			}
		})
	}
}

// TestR23_ADeclarationIsNoSuccessBeforeItsHold: the order is read after the
// bytes are in, and what cannot be read refuses (R25).
func TestR23_ADeclarationIsNoSuccessBeforeItsHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("601", picture(100))
	var held int64
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if e.Kind == recsync.Outcome && e.Step == "upload" && held == 0 {
			held = -1
			// The order comes from another process, while this one uploads.
			held = holdID(t, w.hold(order("CASE-7", recsync.HoldTarget{Scope: true})))
		}
		return nil
	}
	w.journal.unlocked = true
	r, err := w.declare(a)
	require.NoError(t, err)
	require.Contains(t, w.holdsOn(r.Record.Node()), held, "an order that came while the bytes went in")

	for manner, fault := range map[string]testserver.Fault{
		"the list of orders": {Route: "GET /v2/nodes/{id}/nodes", Where: func(q *http.Request) bool { return !strings.Contains(q.URL.RawQuery, "where_name") }},
		"the order's holds":  {Route: "GET /v1/nodes/{id}/holds"},
	} {
		fault.Times, fault.Status, fault.Body = -1, 400, `{"error":"Accessibility error. Not enough permissions"}`
		w.ecm.Fail(fault)
		b := w.asset("700"+fmt.Sprint(len(manner)), picture(50))
		got, err := w.declare(b)
		require.ErrorIs(t, err, recsync.ErrHoldUnknown, "%s cannot be read: not declared", manner)
		require.Equal(t, recsync.Incomplete, got.Change)
		w.ecm.Heal()
		got, err = w.declare(b)
		require.NoError(t, err)
		require.Contains(t, w.holdsOn(got.Record.Node()), held, "called again it continues from what it finds")
	}
}

// TestR23_AScopeWithoutOrdersCostsOneRead for a declaration, no more.
func TestR23_AScopeWithoutOrdersCostsOneRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, err := w.declare(w.asset("1", picture(100))) // learns category and class
	require.NoError(t, err)
	a := w.asset("2", picture(100))
	w.ecm.Forget()
	_, err = w.declare(a)
	require.NoError(t, err)
	looks := 0
	for _, e := range w.ecm.Exchanges() {
		if strings.Contains(e.Query, "where_name=holds") || strings.HasSuffix(e.Path, "/holds") {
			looks++
		}
	}
	require.Equal(t, 1, looks)
}
