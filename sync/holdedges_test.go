package sync_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// TestR23_AMatterReachesWhatStandsShortened: an attribute that is too short for
// what a matter is about has only its beginning. What began so is held, at once
// and when it comes later; what began otherwise is not.
func TestR23_AMatterReachesWhatStandsShortened(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) {
		c.Policy.Attributes = recsync.DefaultAttributes()
		c.Policy.Attributes[recsync.FieldProject] = "Owner" // has room for 40 characters.
	})
	long := "Spring campaign of the northern provinces, second wave"
	project := func(name string) testserver.SmintJSON {
		return testserver.SmintJSON{"project_name": testserver.SmintText("en", name)}
	}
	w.buy("501", picture(200), project(long))
	w.buy("502", picture(200), project("Autumn campaign of the northern provinces, second wave"))
	w.declared()
	require.True(t, strings.HasSuffix(w.allStored()["501"].Field(recsync.FieldProject), "…"), "it stands there shortened")
	w.hold(order("CASE-7", recsync.HoldTarget{About: map[recsync.Field]string{recsync.FieldProject: strings.ToUpper(long)}}))
	check := func() {
		t.Helper()
		for uuid, r := range w.allStored() {
			for _, id := range r.Documents() {
				require.Equal(t, uuid != "502", len(w.holdsOn(id)) == 1, "node %s of %s", id, uuid)
			}
		}
	}
	check()
	w.buy("503", picture(200), project(long))
	w.declared()
	check()
}

// TestR20_ALicenseHoldsNoPortalAsset of the same id: it holds what it was told
// to, and nothing else.
func TestR20_ALicenseHoldsNoPortalAsset(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	id := string(w.finish("kv-1", "1", "e1", picture(10), approved(nil)))
	store := w.store()
	_, _ = w.followPortal(store, recsync.FollowOptions{})
	w.hold(order("CASE-7", recsync.HoldTarget{License: id}))
	w.finish("kv-1", "2", "e2", picture(20), approved(nil))
	result, _ := w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, 1, result.Declared)
	require.Len(t, w.records(), 2)
	for _, n := range w.records() {
		require.Empty(t, n.Holds, "a portal asset came under the hold of a license")
	}
}

// TestR22_AHoldThatReadsBackOtherwiseIsNoHold: what a server made of it is
// compared with what was ordered, before anything is put under it.
func TestR22_AHoldThatReadsBackOtherwiseIsNoHold(t *testing.T) {
	t.Parallel()
	for name, u := range map[string]ecm.HoldUpdate{"type": {Type: "AUDIT"}, "comment": {Comment: "Matter: CASE-7\nReason: something else"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			stored := w.declared("501")["501"]
			w.journal.refuse = func(e recsync.JournalEntry) error {
				if e.Kind != recsync.Outcome || e.Step != "create hold" {
					return nil
				}
				names, err := w.config.ECM.Holds.Names(t.Context())
				require.NoError(t, err)
				require.Len(t, names, 1)
				return w.config.ECM.Holds.Update(t.Context(), names[0].ID, u)
			}
			r, err := recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{License: "501"}))
			require.ErrorIs(t, err, recsync.ErrVerify)
			require.ErrorContains(t, err, name)
			require.Equal(t, recsync.Incomplete, r.Change)
			require.Empty(t, w.holdsOn(stored.Record.Node()))
		})
	}
}

// TestR24_AHoldThatWasEndedMeanwhileHoldsNothing, whatever lies under it.
func TestR24_AHoldThatWasEndedMeanwhileHoldsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501")["501"]
	ended := false
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if ended || e.Kind != recsync.Outcome || e.Step != "hold" || !strings.Contains(e.Target, stored.Rights.String()) {
			return nil
		}
		ended = true
		names, err := w.config.ECM.Holds.Names(t.Context())
		require.NoError(t, err)
		return w.config.ECM.Holds.Update(t.Context(), names[0].ID, ecm.HoldUpdate{Removed: w.clock.Now(), RemovalComment: "by mistake"})
	}
	r, err := recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{Records: []recsync.RecordRef{stored.Record}}))
	require.True(t, ended)
	require.ErrorIs(t, err, recsync.ErrPartial, "%+v", r.Items)
	require.Equal(t, recsync.Incomplete, r.Change)
	require.Equal(t, len(r.Items), results(r)[recsync.HoldFailed], "an ended hold holds nothing: %+v", r.Items)
	set, err := w.scope.HoldsOn(t.Context(), stored.Record)
	require.NoError(t, err)
	require.NotErrorIs(t, set.Check(), records.ErrOnHold)
}

// TestR20_AnotherOrderOfTheSameHoldKeeps: of one hold a record is released by
// name, and a license that the same hold stands for keeps it; so does the whole
// scope's order when the license is released.
func TestR20_AnotherOrderOfTheSameHoldKeeps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501", "502")
	license, everything := recsync.HoldTarget{License: "501"}, recsync.HoldTarget{Scope: true}
	w.hold(order("CASE-7", license))
	w.hold(order("CASE-7", recsync.HoldTarget{Records: refs(stored, "502")}))
	r := w.release(releaseOf("CASE-7", recsync.HoldTarget{Records: refs(stored, "501", "502")}))
	require.Equal(t, map[recsync.HoldResult]int{recsync.HoldKept: 2, recsync.HoldReleased: 2}, results(r), "%+v", r.Items)
	for _, i := range r.Items {
		require.Equal(t, i.Record == stored["501"].Record.Key(), strings.Contains(i.Reason, `"license 501 [`), "who asked is told by which order it stays: %+v", i)
	}
	w.hold(order("CASE-7", everything))
	r = w.release(releaseOf("CASE-7", license))
	require.Equal(t, 2, results(r)[recsync.HoldKept], "%+v", r.Items)
	for _, one := range stored {
		require.Len(t, w.holdsOn(one.Record.Node()), 1)
	}
	w.release(releaseOf("CASE-7", everything))
	for _, one := range stored {
		require.Empty(t, w.holdsOn(one.Record.Node()))
	}
}

// TestR20_AHoldStaysInForceForWhatItHoldsElsewhere: a person puts something else
// under a hold that this scope made. All of the scope is released, and the hold
// goes on holding the rest.
func TestR20_AHoldStaysInForceForWhatItHoldsElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501")["501"]
	id := holdID(t, w.hold(order("CASE-7", recsync.HoldTarget{Scope: true})))
	minutes, err := w.ecm.AddDocument(2000, "minutes.txt", []byte("x"))
	require.NoError(t, err)
	require.NoError(t, w.config.ECM.Holds.Apply(t.Context(), ecm.NodeID(minutes), ecm.HoldID(id)))
	r := w.release(releaseOf("CASE-7", recsync.HoldTarget{}))
	require.Empty(t, w.holdsOn(stored.Record.Node()))
	require.Contains(t, strings.Join(r.Findings, "\n"), "stays in force")
	require.Equal(t, []int64{id}, w.holdsOn(ecm.NodeID(minutes)))
	hold, err := w.config.ECM.Holds.Get(t.Context(), ecm.HoldID(id))
	require.NoError(t, err)
	require.True(t, hold.Active, "a hold was ended that holds something")
}

// TestR26_AnApprovalThatCannotBeVoidedKeepsTheHold: the server takes the call
// and does nothing, or the approval stands in a search deep in groups.
func TestR26_AnApprovalThatCannotBeVoidedKeepsTheHold(t *testing.T) {
	t.Parallel()
	for name, void := range map[string]bool{"it does nothing": false, "it voids it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			stored := w.declared("501")["501"]
			group := w.ecm.AddDispositionGroup("2034", w.ecm.AddDispositionGroup("Marketing", 0))
			search := w.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{Reviewers: []int64{1000}, Group: group})
			w.clock.Move(8 * 366 * 24 * time.Hour)
			run := w.ecm.RunDispositionSearch(search)
			w.plainECM().decide(search, run, "approve")
			w.hold(order("CASE-7", recsync.HoldTarget{License: "501"}))
			if !void {
				w.ecm.Fail(testserver.Fault{Route: "POST /v1/members/{id}/disposition/changereviewdecision", Times: -1, Status: 200, Body: `{"results":{}}`})
			}
			r, err := recsync.ReleaseHold(t.Context(), w.scope, releaseOf("CASE-7", recsync.HoldTarget{}))
			if void {
				require.NoError(t, err)
				w.plainECM().perform(search, run)
			} else {
				require.ErrorIs(t, err, recsync.ErrVerify, "%+v", r)
				require.NotEmpty(t, w.holdsOn(stored.Record.Node()), "it was released, and an old approval stands")
			}
			require.False(t, w.node(stored.Record.Node()).Destroyed, "it fires late")
		})
	}
}

// TestR48_AnOrderStopsWhereTheJournalTakesNothing: what cannot be taken down is
// not done, and nothing after it.
func TestR48_AnOrderStopsWhereTheJournalTakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501")["501"]
	full := errors.New("the disk is full")
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if e.Kind == recsync.Intent && e.Step == "hold" {
			return full
		}
		return nil
	}
	w.ecm.Forget()
	r, err := recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{Records: []recsync.RecordRef{stored.Record}}))
	require.ErrorIs(t, err, full)
	require.NotErrorIs(t, err, recsync.ErrPartial, "it is no matter of single documents")
	require.Equal(t, recsync.Incomplete, r.Change)
	require.Equal(t, []string{"POST /v1/holds"}, w.writes(), "something was done that the journal does not know of")
	require.Equal(t, len(r.Items), results(r)[recsync.HoldFailed], "each document says that it is not held")
}

// TestR24_ANameWithoutARecordIsToldToWhoOrdersIt: record and rights are gone,
// nothing stands there that could be held.
func TestR24_ANameWithoutARecordIsToldToWhoOrdersIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("501", "502")
	for _, id := range stored["501"].Documents() {
		w.ecm.Change(int64(id), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	}
	r, err := recsync.ApplyHold(t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{Records: refs(stored, "501", "502")}))
	require.ErrorIs(t, err, recsync.ErrPartial)
	require.ErrorContains(t, err, "acme/purchase/501/1/1")
	require.Equal(t, map[recsync.HoldResult]int{recsync.HoldFailed: 1, recsync.HoldApplied: 2}, results(r), "%+v", r.Items)
	r = w.release(releaseOf("CASE-7", recsync.HoldTarget{Records: refs(stored, "501", "502")}))
	require.Equal(t, map[recsync.HoldResult]int{recsync.HoldAbsent: 1, recsync.HoldReleased: 2}, results(r), "what is gone needs no release: %+v", r.Items)
}
