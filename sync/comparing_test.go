package sync_test

import (
	"crypto/ed25519"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

func mustReconcile(t *testing.T, s *recsync.Scope, req recsync.ReconcileRequest) *recsync.ReconcilePlan {
	t.Helper()
	p, err := recsync.PlanReconcile(t.Context(), s, req)
	require.NoError(t, err)
	return p
}

func openTrailOf(t *testing.T, scope string, clock *testserver.Clock) *evidence.Trail {
	t.Helper()
	folder, err := evidence.OpenTrailFolder(filepath.Join(t.TempDir(), "trail"))
	require.NoError(t, err)
	people, err := evidence.OpenPeople(filepath.Join(t.TempDir(), "people"))
	require.NoError(t, err)
	t.Cleanup(func() { _, _ = folder.Close(), people.Close() })
	trail, err := evidence.OpenTrail(t.Context(), evidence.TrailConfig{
		Scope: records.MustScopeID(scope), Store: folder, Signer: ed25519.NewKeyFromSeed(make([]byte, 32)), People: people, Now: clock.Now,
	})
	require.NoError(t, err)
	return trail
}

// TestReconcile_AuditVersusTrail: what ECM says that somebody did to a record
// and the trail does not tell of is found; what we did is not.
func TestReconcile_AuditVersusTrail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.KeepOpen = true })
	trail := openTrailOf(t, "acme", w.clock)
	var err error
	w.config.Journal, err = recsync.NewTrailJournal(trail, evidence.TrailActor{Organization: "Acme Ltd", User: "svc", Application: "records-sync 1.0", Location: "Graz"}, "a test")
	require.NoError(t, err)
	w.scope = w.newScope()
	r := w.licensed("501", nil)
	w.licensed("502", nil)
	req := recsync.ReconcileRequest{Purchases: true, Trail: trail}
	require.Empty(t, mustReconcile(t, w.scope, req).Findings, "our own writes are told of")

	w.clock.Move(time.Hour)
	ann := w.ecm.AddUser(testserver.ECMUser{Name: "ann", Password: "pw"})
	other, err := ecm.New("https://ecm.example"+w.ecm.Options().Base, ecm.PasswordLogin{User: "ann", Password: "pw"}, ecm.WithTransport(w.ecm.Transport()), ecm.WithLimiter(fast{}))
	require.NoError(t, err)
	edit := func(value string) {
		require.NoError(t, other.Categories.Update(t.Context(), r.Record.Node(), ecm.NodeID(w.category), ecm.CategoryValues{w.attribute("Project"): ecm.Text(value)}))
	}
	edit("Autumn")
	edit("Spring campaign")
	plan := mustReconcile(t, w.scope, req)
	require.NotEmpty(t, plan.Findings)
	for _, f := range plan.Findings {
		require.Equal(t, recsync.DiffUntold, f.Difference, f.String())
		require.Equal(t, "acme/purchase/501/1/1", f.ID)
		require.Contains(t, f.What, fmt.Sprintf("user %d", ann))
		require.Empty(t, f.Repair, "nobody but a person can say whether that was right")
	}
	require.Len(t, plan.Findings, 2, "each edit, also where nothing is left of it: %s", plan)

	require.NoError(t, plan.Apply(t.Context()))
	w.ecm.Deny(w.ecm.Options().User, "audit")
	w.scope = w.newScope()
	plan = mustReconcile(t, w.scope, req)
	require.Len(t, plan.Findings, 2)
	for _, f := range plan.Findings {
		require.Equal(t, recsync.DiffUnknown, f.Difference, "an audit that cannot be read proves nothing: %s", f)
	}
}

// TestReconcile_WhatARunnerDoesMeanwhileIsNoDifference: a record that is declared
// while both sides are compared, at whichever moment, is neither one that its
// source does not list nor a change that the trail does not tell of.
func TestReconcile_WhatARunnerDoesMeanwhileIsNoDifference(t *testing.T) {
	t.Parallel()
	for moment, last := 0, 1; moment < last; moment += every(4) {
		w := newWorld(t, nil)
		trail := openTrailOf(t, "acme", w.clock)
		var err error
		w.config.Journal, err = recsync.NewTrailJournal(trail, evidence.TrailActor{Organization: "Acme Ltd", User: "svc", Application: "records-sync 1.0", Location: "Graz"}, "a test")
		require.NoError(t, err)
		w.scope = w.newScope()
		store := w.store()
		w.buy("before", picture(40), nil)
		w.follow(store, recsync.FollowOptions{})
		w.clock.Move(time.Hour)
		hook := &beforeEach{inner: w.ecm.Transport(), do: func(n int) {
			if n == moment {
				w.buy("meanwhile", picture(40), nil)
				w.follow(store, recsync.FollowOptions{})
			}
		}}
		c := w.config
		c.ECM = w.ecmClientOver(hook)
		s, err := recsync.NewScope(c)
		require.NoError(t, err)
		plan := mustReconcile(t, s, recsync.ReconcileRequest{Purchases: true, Bytes: true, Trail: trail})
		require.Empty(t, plan.Open(), "moment %d: %s", moment, plan)
		last = hook.count
		if moment == 0 {
			require.Greater(t, last, 10)
		}
		require.Less(t, last, 200)
	}
}

// TestReconcile_AFinalRecordKeepsItsAttributes: what the source says by now is
// kept beside it, and the difference is left to a person.
func TestReconcile_AFinalRecordKeepsItsAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.licensed("501", nil)
	require.NoError(t, w.smint.Update("501", testserver.SmintJSON{"project_name": testserver.SmintText("en", "Autumn")}))
	req := recsync.ReconcileRequest{Purchases: true}
	plan, err := recsync.Reconcile(t.Context(), w.scope, req)
	require.NoError(t, err, "what cannot be repaired is not tried")
	require.Len(t, plan.Findings, 2, "the attribute, and what is kept of the license: %s", plan)
	require.Equal(t, 1, plan.Repairs())
	plan = mustReconcile(t, w.scope, req)
	require.Zero(t, plan.Repairs())
	require.Len(t, plan.Open(), 1)
	require.Contains(t, plan.Open()[0].What, "final")
}

// TestReconcile_WhatCannotBeRepairedIsSaid: one item stops no other, and is not
// counted among what was repaired.
func TestReconcile_WhatCannotBeRepairedIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		breaks := w.file("1", "1", picture(9000))
		breaks.BreakAfter, breaks.NoRanges = 10, true
		require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), breaks))
		w.buy("2", picture(50), nil)
		plan, err := recsync.Reconcile(t.Context(), w.scope, recsync.ReconcileRequest{Purchases: true})
		require.NoError(t, err)
		require.Equal(t, 2, plan.Repairs(), plan.String())
		require.Len(t, w.records(), 1)
		require.Len(t, plan.Failed, 1)
		require.Equal(t, "acme/purchase/1/1/1", plan.Failed[0].ID)
		require.Contains(t, plan.Failed[0].Reason, "download ended early")
		require.NoError(t, plan.Apply(t.Context()))
		require.Len(t, plan.Failed, 1, "of the last time alone")
	})
}

// TestReconcile_ACutContentIsSeenWithoutReadingIt: its size tells.
func TestReconcile_ACutContentIsSeenWithoutReadingIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r := w.licensed("501", nil)
	require.NoError(t, w.ecm.Corrupt(int64(r.Record.Node()), func(b []byte) []byte { return b[:len(b)-1] }))
	for _, whole := range []bool{false, true} {
		plan := mustReconcile(t, w.scope, recsync.ReconcileRequest{Bytes: whole})
		require.Len(t, plan.Findings, 1, plan.String())
		require.Equal(t, recsync.DiffDiffering, plan.Findings[0].Difference)
		require.Contains(t, plan.Findings[0].What, "and the record says")
		require.Len(t, plan.Open(), 1, "what was lost cannot be written anew")
	}
}

// TestReconcile_PlacesAreReadBack: what a portal shows of a record is held
// against what may be done with it.
func TestReconcile_PlacesAreReadBack(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
	s.surfaced("502", nil)
	req := recsync.ReconcileRequest{Places: true}
	require.Empty(t, mustReconcile(t, s.scope, req).Findings)
	s.clock.Move(days(2))
	plan := mustReconcile(t, s.scope, req)
	require.Len(t, plan.Findings, 1, "%s", plan)
	f := plan.Findings[0]
	require.Equal(t, recsync.DiffAccessible, f.Difference)
	require.Equal(t, r.Record.Key().String(), f.ID)
	require.Contains(t, f.What, string(adapter.Expired))
	s.surface(r)
	require.Empty(t, mustReconcile(t, s.scope, req).Findings)
}

// TestReconcile_ForeignOnesAreRefused before any I/O.
func TestReconcile_ForeignOnesAreRefused(t *testing.T) {
	t.Parallel()
	w, other := newSurfaced(t, nil), newSurfaced(t, nil)
	foreign := openTrailOf(t, "zenith", w.clock)
	w.ecm.Forget()
	w.smint.Forget()
	for name, req := range map[string]recsync.ReconcileRequest{"surface": {Purchases: true, Surface: other.surface}, "trail": {Purchases: true, Trail: foreign}} {
		_, err := recsync.PlanReconcile(t.Context(), w.scope, req)
		require.ErrorIs(t, err, recsync.ErrForeignScope, name)
		_, err = recsync.Reconcile(t.Context(), w.scope, req)
		require.ErrorIs(t, err, recsync.ErrForeignScope, name)
	}
	_, err := recsync.PlanReconcile(t.Context(), w.scope, recsync.ReconcileRequest{Portal: true, Places: true})
	require.ErrorIs(t, err, records.ErrInvalid)
	require.ErrorContains(t, err, "portal")
	require.ErrorContains(t, err, "places", "all that is wrong is said at once")
	require.Empty(t, w.ecm.Exchanges())
	require.Empty(t, w.smint.Exchanges())
}
