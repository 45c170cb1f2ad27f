package sync_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

func (s *shown) watchStore() *recsync.FileWatchStore {
	return recsync.NewFileWatchStore(filepath.Join(s.t.TempDir(), "watch.json"))
}

// watch makes one pass, and tells what it saw.
func (s *shown) watch(store recsync.WatchStore) []recsync.DispositionEvent {
	s.t.Helper()
	var list []recsync.DispositionEvent
	for e, err := range recsync.DispositionEvents(s.t.Context(), s.scope, store, recsync.WatchOptions{}) {
		require.NoError(s.t, err)
		require.NoError(s.t, e.Validate(), "%s", e)
		list = append(list, e)
	}
	return list
}

func kindsOf(list []recsync.DispositionEvent) []string {
	var kinds []string
	for _, e := range list {
		kinds = append(kinds, fmt.Sprintf("%s %s", e.Kind, e.Record.Item()))
	}
	slices.Sort(kinds)
	return kinds
}

// TestF8_DispositionComesBack: a date passes, or ECM's own process destroys;
// nobody makes an event by hand; and the portal is asked with nothing but
// net/http in the end.
func TestF8_DispositionComesBack(t *testing.T) {
	t.Parallel()
	t.Run("a license ends", func(t *testing.T) {
		t.Parallel()
		s := newShown(t, nil)
		r := s.surfaced("501", testserver.SmintJSON{"to_be_used_until": testserver.SmintTime(s.clock.Now().Add(days(10))), "valid_until": testserver.SmintTime(s.clock.Now().Add(days(30)))})
		other := s.surfaced("502", nil)
		store := s.watchStore()
		require.Empty(t, s.watch(store), "nothing has happened yet")
		for _, c := range []struct {
			passed int
			kind   recsync.DispositionKind
			access adapter.Access
		}{{11, recsync.EventFirstUseEnded, adapter.NoFirstUse}, {20, recsync.EventLicenseEnded, adapter.Expired}} {
			s.clock.Move(days(c.passed))
			s.restart()
			events := s.watch(store)
			require.Equal(t, []string{string(c.kind) + " 501"}, kindsOf(events))
			require.True(t, events[0].At.Before(s.clock.Now().Add(-1)), "it says when it happened, not when it was seen")
			require.Equal(t, c.access, s.mustPropagate(events[0]).Access.Access)
			require.Equal(t, 0, s.downloads(portalID(r)), "access is not gone")
			require.Empty(t, s.watch(store), "it is told once")
		}
		require.Equal(t, 1, s.downloads(portalID(other)), "the other one is not touched")
	})
	t.Run("ECM disposes", func(t *testing.T) {
		t.Parallel()
		s := newShown(t, nil)
		r := s.surfaced("501", nil)
		store := s.watchStore()
		require.Empty(t, s.watch(store))
		s.retire(r)
		search := s.ecm.AddDispositionSearch("Due images", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}})
		s.ecm.RunDispositionSearch(search)
		events := s.watch(store)
		require.Equal(t, []string{"disposition_due 501", "retention_ended 501"}, kindsOf(events))
		for _, e := range events {
			s.mustPropagate(e)
		}
		require.Equal(t, -1, s.downloads(portalID(r)), "what is due is withdrawn")

		s.dispose(search)
		events = s.watch(store)
		require.Equal(t, []string{"disposed 501"}, kindsOf(events))
		receipt := s.mustPropagate(events[0])
		require.Equal(t, recsync.CauseDestroyed, receipt.Access.Cause)
		require.Equal(t, -1, s.downloads(portalID(r)))
		stub, err := evidence.VerifyCertificate(s.plainECM().content(int64(s.stored("501").Stub)), s.public, 0)
		require.NoError(t, err)
		require.Equal(t, records.DigestOf(picture(200)), stub.Digest, "the watch remembers what the record was")
		require.Empty(t, s.watch(store))
	})
	t.Run("a hold is set and released", func(t *testing.T) {
		t.Parallel()
		s := newShown(t, func(c *recsync.ScopeConfig) { c.Policy.Access.Access[recsync.CauseHeld] = adapter.Hidden })
		r := s.surfaced("501", nil)
		store := s.watchStore()
		require.Empty(t, s.watch(store))
		hold := s.ecm.AddHold("Acme v. Zenith", "LEGAL", int64(r.Record.Node()))
		events := s.watch(store)
		require.Equal(t, []string{"hold_set 501"}, kindsOf(events))
		require.Equal(t, hold, events[0].Evidence.Hold)
		s.mustPropagate(events[0])
		require.Equal(t, -1, s.downloads(portalID(r)))
		require.NoError(t, s.config.ECM.Holds.Remove(t.Context(), r.Record.Node(), ecm.HoldID(hold), nil))
		events = s.watch(store)
		require.Equal(t, []string{"hold_released 501"}, kindsOf(events))
		s.mustPropagate(events[0])
		s.poll()
		require.Equal(t, 1, s.downloads(portalID(r)))
	})
	t.Run("a purchase is canceled", func(t *testing.T) {
		t.Parallel()
		s := newShown(t, nil)
		r := s.surfaced("501", nil)
		store := s.watchStore()
		require.Empty(t, s.watch(store))
		s.cancel("501")
		events := s.watch(store)
		require.Equal(t, []string{"purchase_canceled 501"}, kindsOf(events))
		require.NotEmpty(t, events[0].Evidence.Continuation)
		s.mustPropagate(events[0])
		require.Equal(t, -1, s.downloads(portalID(r)))
	})
}

// TestDispositionEvents_AreToldUntilTheyAreHandled: a pass that is broken off
// tells the rest again, and what was handled stays handled.
func TestDispositionEvents_AreToldUntilTheyAreHandled(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	term := testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))}
	for _, uuid := range []string{"501", "502", "503"} {
		s.licensed(uuid, term)
	}
	store := s.watchStore()
	require.Empty(t, s.watch(store))
	s.clock.Move(days(2))
	handled := map[string]int{}
	for range 3 {
		n := 0
		for e, err := range recsync.DispositionEvents(t.Context(), s.scope, store, recsync.WatchOptions{}) {
			require.NoError(t, err)
			if n++; n == 2 {
				break // it dies while it handles the second one.
			}
			handled[e.ID]++
		}
	}
	require.Len(t, handled, 3)
	for id, n := range handled {
		require.Equal(t, 1, n, id)
	}
	require.Empty(t, s.watch(store))
	// Without its store it tells again what holds, under the same ids.
	again := s.watch(s.watchStore())
	require.Len(t, again, 3)
	for _, e := range again {
		require.Contains(t, handled, e.ID, "an event is known by what happened")
	}
}

// TestDispositionEvents_SayWhatCannotBeSeen: gone and out of reach are told
// apart as far as ECM allows, and so is what this user may not look at.
func TestDispositionEvents_SayWhatCannotBeSeen(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	for _, uuid := range []string{"501", "502"} {
		s.licensed(uuid, nil)
	}
	store := s.watchStore()
	require.Empty(t, s.watch(store))
	s.ecm.Change(int64(s.stored("501").Record.Node()), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	events := s.watch(store)
	require.Equal(t, []string{"out_of_reach 501"}, kindsOf(events))
	require.Contains(t, events[0].Evidence.Why, "recycle bin")
	require.Equal(t, records.DigestOf(picture(200)), events[0].Known.Digest)
	node := events[0].Node
	s.ecm.Change(node, func(_ *string, _ *int64, deleted *bool) { *deleted = false })
	require.Equal(t, []string{"returned 501"}, kindsOf(s.watch(store)))

	s.ecm.Deny(s.ecm.Options().User, "recyclebin", "dispose")
	s.ecm.Change(node, func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	var blind, kinds []string
	for e, err := range recsync.DispositionEvents(t.Context(), s.scope, store, recsync.WatchOptions{Blind: func(why string) { blind = append(blind, why) }}) {
		require.NoError(t, err)
		kinds = append(kinds, string(e.Kind))
	}
	require.Equal(t, []string{"gone"}, kinds)
	require.Len(t, blind, 2, "what cannot be looked at is said: %v", blind)

	other := *s.watchStore()
	require.NoError(t, other.Save(t.Context(), recsync.WatchState{Scope: "other"}))
	for _, err := range recsync.DispositionEvents(t.Context(), s.scope, &other, recsync.WatchOptions{}) {
		require.ErrorIs(t, err, recsync.ErrForeignScope)
	}
}

// TestDispositionEvents_ASearchOutOfSightHidesNoOther: of two searches this user
// may not look into one. What the other did is told, what could not be seen is
// said, and told once it can be.
func TestDispositionEvents_ASearchOutOfSightHidesNoOther(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"GET /v2/snapshottable/{id}", "GET /v2/nodes/{id}/disposition-snapshots/qdate/{qdate}"} {
		s := newShown(t, nil)
		for _, uuid := range []string{"501", "502"} {
			s.licensed(uuid, nil)
		}
		store := s.watchStore()
		require.Empty(t, s.watch(store))
		s.retire(s.stored("501"))
		s.dispose(s.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}, Below: s.root}))
		s.ecm.AddDispositionSearch("Others", testserver.ECMDispositionSearch{RSIs: []string{"NONE"}})
		s.ecm.Fail(testserver.Fault{Route: route, Status: 400, Body: `{"error":"Insufficient Permissions"}`})
		var blind []string
		pass := func() (kinds []string) {
			for e, err := range recsync.DispositionEvents(t.Context(), s.scope, store, recsync.WatchOptions{Blind: func(why string) { blind = append(blind, why) }}) {
				require.NoError(t, err, "%s", route)
				kinds = append(kinds, string(e.Kind))
			}
			return kinds
		}
		require.Equal(t, []string{"gone", "gone"}, pass(), "%s: nobody sees who ended them", route)
		require.NotEmpty(t, blind)
		require.Contains(t, blind[0], `"Due"`, "%s", route)
		require.Equal(t, []string{"disposed", "disposed"}, pass(), "%s: it is never told who ended them", route)
	}
}
