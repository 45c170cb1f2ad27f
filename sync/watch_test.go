package sync_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// watched is what a test sees of a runner that it has make single passes.
type watched struct {
	receipts []recsync.Receipt
	errs     []error
}

// watchOnce makes a runner over the stores in dir, as a new process would, and
// has it make one pass.
func watchOnce(t *testing.T, s *recsync.Scope, dir string, change func(*recsync.WatchConfig)) (recsync.RunnerStatus, watched) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var status recsync.RunnerStatus
	var seen watched
	c := recsync.WatchConfig{
		Events: recsync.NewFileWatchStore(filepath.Join(dir, "watch.json")), Open: recsync.NewFileFeedStore(filepath.Join(dir, "open.json")),
		OnReceipt: func(r recsync.Receipt, err error) {
			seen.receipts, seen.errs = append(seen.receipts, r), append(seen.errs, err)
		},
		OnPass: func(s recsync.RunnerStatus) { status = s; cancel() },
	}
	if change != nil {
		change(&c)
	}
	r, err := recsync.Watch(s, c)
	require.NoError(t, err)
	require.NoError(t, r.Run(ctx))
	return status, seen
}

func openEvents(t *testing.T, dir string) []recsync.FeedItem {
	t.Helper()
	state, err := recsync.NewFileFeedStore(filepath.Join(dir, "open.json")).Load(t.Context())
	require.NoError(t, err)
	return state.Pending
}

// TestWatch_WhatIsNotProvenStaysOpen, durably, and is proven by a later
// process: it is neither told twice nor forgotten.
func TestWatch_WhatIsNotProvenStaysOpen(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
	dir := t.TempDir()
	status, seen := watchOnce(t, s.scope, dir, nil)
	require.Equal(t, "events=0 proven=0 open=0", status.Summary)
	require.Empty(t, seen.receipts)

	s.clock.Move(days(2))
	s.asleep = true
	s.restart()
	status, seen = watchOnce(t, s.scope, dir, nil)
	require.True(t, status.Healthy(), "what is open about one event is no failure of the pass: %s", status.Trouble)
	require.Equal(t, "events=1 proven=0 open=1", status.Summary)
	require.Len(t, seen.errs, 1)
	require.ErrorIs(t, seen.errs[0], recsync.ErrNotProven)
	open := openEvents(t, dir)
	require.Len(t, open, 1)
	require.Equal(t, recsync.QueueOpen, open[0].Queue)
	require.NotEmpty(t, open[0].Reason)
	require.Equal(t, 1, s.downloads(portalID(r)), "the portal has not heard of it yet")

	// Another process tries again, in vain, and keeps when it began.
	s.restart()
	status, _ = watchOnce(t, s.scope, dir, nil)
	require.Equal(t, "events=0 proven=0 open=1", status.Summary, "it is told once and tried again")
	again := openEvents(t, dir)
	require.Len(t, again, 1)
	require.Equal(t, open[0].Since, again[0].Since, "it is open since it was first tried")

	s.asleep = false
	s.restart()
	status, seen = watchOnce(t, s.scope, dir, nil)
	require.Equal(t, "events=0 proven=1 open=0", status.Summary)
	require.Equal(t, []error{nil}, seen.errs)
	require.Empty(t, openEvents(t, dir))
	require.Equal(t, 0, s.downloads(portalID(r)), "access is gone")

	status, seen = watchOnce(t, s.scope, dir, nil)
	require.Equal(t, "events=0 proven=0 open=0", status.Summary)
	require.Empty(t, seen.receipts, "what is proven is left alone")
}

// sinceBubble is how far the clock of a test's bubble, which begins in 2000, is
// behind the purchases of the fakes.
const sinceBubble = 27 * 365 * 24 * time.Hour

// TestWatch_AnOutageEndsThePass: nothing is counted as told, and the next pass
// tells it once.
func TestWatch_AnOutageEndsThePass(t *testing.T) {
	t.Parallel()
	for name, side := range map[string]func(*shown) *testserver.Tap{
		"ECM":      func(s *shown) *testserver.Tap { return s.ecm.Tap },
		"Smint.io": func(s *shown) *testserver.Tap { return s.smint.Tap },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newShown(t, nil)
				s.clock.Move(sinceBubble)
				r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
				dir := t.TempDir()
				watchOnce(t, s.scope, dir, nil)
				s.clock.Move(days(2))
				s.restart()
				side(s).Fail(testserver.Fault{Times: -1, Kind: testserver.Refuse, Status: 503})
				for range 2 {
					status, _ := watchOnce(t, s.scope, dir, nil)
					if name == "ECM" {
						require.Equal(t, recsync.RunnerFailing, status.State)
						require.Equal(t, recsync.TroubleUnreachable, status.Kind, status.Trouble)
					}
					require.LessOrEqual(t, len(openEvents(t, dir)), 1, "an outage opens no event twice")
				}
				side(s).Heal()
				s.restart()
				status, seen := watchOnce(t, s.scope, dir, nil)
				require.True(t, status.Healthy(), status.Trouble)
				require.Contains(t, status.Summary, "proven=1 open=0")
				require.Len(t, slices.DeleteFunc(seen.receipts, func(r recsync.Receipt) bool { return r.Primitive != "PropagateDisposition" }), 1, "it is carried over once")
				require.Equal(t, 0, s.downloads(portalID(r)))
				status, _ = watchOnce(t, s.scope, dir, nil)
				require.Equal(t, "events=0 proven=0 open=0", status.Summary)
			})
		})
	}
}

// TestWatch_ProgressIsSeenWhileAPassGoesOn.
func TestWatch_ProgressIsSeenWhileAPassGoesOn(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	w.approvedDocument("a.pdf", "a")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var r *recsync.Runner
	var seen []string
	r, err := recsync.Watch(w.scope, recsync.WatchConfig{
		Events: recsync.NewFileWatchStore(filepath.Join(t.TempDir(), "watch.json")), Open: w.world.store(), Surface: w.surface,
		OnReceipt: func(recsync.Receipt, error) { seen = append(seen, r.Status().Progress) },
		OnPass:    func(recsync.RunnerStatus) { cancel() },
	})
	require.NoError(t, err)
	require.NoError(t, r.Run(ctx))
	require.Equal(t, []string{"events=0 proven=0 open=0"}, seen)
}

// TestWatch_AScopeWithoutPlacesIsInTrouble: what happened stays open, and the
// runner does not call itself healthy until somebody names the places.
func TestWatch_AScopeWithoutPlacesIsInTrouble(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
	places := s.carrying.Places
	s.carrying.Places = nil
	s.restart()
	dir := t.TempDir()
	status, _ := watchOnce(t, s.scope, dir, nil)
	require.True(t, status.Healthy(), "nothing has happened yet")
	s.clock.Move(days(2))
	for range 2 {
		status, seen := watchOnce(t, s.scope, dir, nil)
		require.False(t, status.Healthy(), "an event without a place is nobody's trouble")
		require.Contains(t, status.Trouble, "1 events stay open until its Propagation has Places")
		require.ErrorIs(t, errors.Join(seen.errs...), recsync.ErrNoPlace)
		require.Len(t, openEvents(t, dir), 1)
	}
	s.carrying.Places = places
	s.restart()
	status, _ = watchOnce(t, s.scope, dir, nil)
	require.True(t, status.Healthy(), status.Trouble)
	require.Empty(t, openEvents(t, dir))
}

// TestWatch_KeepsTheSurfaceTrue.
func TestWatch_KeepsTheSurfaceTrue(t *testing.T) {
	t.Parallel()
	w := newSurfaced(t, nil)
	id := w.approvedDocument("a.pdf", "a")
	dir := t.TempDir()
	pass := func() string {
		status, _ := watchOnce(t, w.scope, dir, func(c *recsync.WatchConfig) { c.Surface = w.surface })
		require.True(t, status.Healthy(), status.Trouble)
		_, surface, _ := strings.Cut(status.Summary, "; ")
		return surface
	}
	require.Equal(t, "surface: published=1", pass())
	require.Equal(t, "surface: unchanged=1", pass())
	w.fill(id, "Approval", "draft")
	require.Equal(t, "surface: hidden=1", pass())
	status, _ := w.bytes(otcs(id))
	require.NotEqual(t, 200, status, "what is not approved any more is not handed out")
}

// TestWatch_OneSideDownForAnHour: the flows that do not need it go on, the lag
// is visible, and everything is caught up afterwards without a double.
func TestWatch_OneSideDownForAnHour(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(*surfaced) *testserver.Tap{
		"ECM":      func(w *surfaced) *testserver.Tap { return w.ecm.Tap },
		"Smint.io": func(w *surfaced) *testserver.Tap { return w.smint.Tap },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				var runners []*recsync.Runner
				worlds := []*surfaced{newSurfaced(t, nil), newSurfaced(t, nil)}
				for _, w := range worlds {
					w.clock.Move(sinceBubble)
					follow, err := recsync.Follow(w.scope, recsync.FollowConfig{Purchases: w.world.store(), Now: w.clock.Now})
					require.NoError(t, err)
					watch, err := recsync.Watch(w.scope, recsync.WatchConfig{
						Events: recsync.NewFileWatchStore(filepath.Join(t.TempDir(), "watch.json")), Open: w.world.store(), Surface: w.surface, Now: w.clock.Now,
					})
					require.NoError(t, err)
					runners = append(runners, follow, watch)
				}
				ended := make(chan error, 1)
				go func() { ended <- recsync.RunAll(ctx, runners...) }()
				<-time.After(time.Minute)
				for _, r := range runners {
					require.True(t, r.Status().Healthy(), r.Status().Trouble)
				}

				// An hour of the fakes' clock, which is that of the test's bubble.
				sick, well := worlds[0], worlds[1]
				for _, w := range worlds {
					w.approvedDocument("a.pdf", "a")
				}
				down(sick).Fail(testserver.Fault{Times: -1, Kind: testserver.Refuse, Status: 503})
				for _, w := range worlds {
					w.buy("801", picture(100), nil)
					w.buy("802", picture(100), nil)
				}
				<-time.After(time.Hour)
				require.Len(t, well.records(), 3, "the other scope goes on")
				require.Len(t, well.surface.Feed().States(), 3)
				require.Len(t, sick.records(), 1, "but for the document of before")
				follow, watch := runners[0].Status(), runners[1].Status()
				require.Equal(t, recsync.TroubleUnreachable, follow.Kind, follow.Trouble)
				require.GreaterOrEqual(t, follow.Lag, time.Hour, "the lag is visible")
				require.False(t, follow.Healthy())
				require.GreaterOrEqual(t, watch.Lag, time.Hour, "cancellations are looked for at Smint.io too")
				if name == "Smint.io" {
					require.Len(t, sick.surface.Feed().States(), 1, "what needs ECM alone is done all the same")
				}
				for _, r := range runners[2:] {
					require.True(t, r.Status().Healthy(), r.Status().Trouble)
					require.LessOrEqual(t, r.Status().Lag, 6*time.Minute)
				}

				down(sick).Heal()
				<-time.After(15 * time.Minute)
				for _, r := range runners {
					require.True(t, r.Status().Healthy(), r.Status().Trouble)
					require.LessOrEqual(t, r.Status().Lag, 6*time.Minute, "the lag is made up for")
				}
				for _, w := range worlds {
					require.Len(t, w.records(), 3, "everything is caught up, and nothing twice")
					require.Len(t, w.surface.Feed().States(), 3)
				}
				cancel()
				require.NoError(t, <-ended)
			})
		})
	}
}

// asking is a transport that speaks to Smint.io at once, as one for commands
// does.
type asking struct {
	smint.Publisher
	s *shown
}

func (a asking) Publish(ctx context.Context, items ...smint.Publication) ([]smint.PublishResult, error) {
	if _, err := a.s.config.Smint.LicensePurchaseTransactions.List(ctx, "", 1); err != nil {
		return nil, err
	}
	var list []smint.PublishResult
	for _, i := range items {
		list = append(list, smint.PublishResult{ExternalID: i.ExternalID, Sequence: i.Sequence, Status: smint.PublishApplied})
	}
	return list, nil
}

// TestWatch_WhatHappensInECMIsCarriedWhileSmintIsDown: each record's event
// reaches the places that can be reached, none waits for another one's, and each
// is told once and proven when Smint.io is there again.
func TestWatch_WhatHappensInECMIsCarriedWhileSmintIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShown(t, nil)
		s.clock.Move(sinceBubble)
		soon := testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))}
		ended := []recsync.StoredRecord{s.surfaced("501", soon), s.surfaced("502", soon)}
		held := s.surfaced("503", testserver.SmintJSON{"valid_until": nil})
		place := s.source(nil)
		place.Publisher = asking{s: s}
		place.AssetOf = func(_ context.Context, key records.RecordKey) (smint.AssetID, error) {
			return smint.AssetID("98:image:otcs-" + recsync.ExternalID(key)), nil
		}
		s.carrying.Places = []recsync.Place{place, recsync.FeedPlace{Publisher: s.publisher}}
		s.restart()
		dir := t.TempDir()
		watchOnce(t, s.scope, dir, nil)

		s.smint.Fail(testserver.Fault{Times: -1, Kind: testserver.DropBefore})
		s.asleep = true
		s.clock.Move(days(2))
		s.ecm.AddHold("Smith v. Acme", "LEGAL", int64(held.Record.Node()))
		told := 0
		for range 3 { // an hour, in passes
			s.clock.Move(20 * time.Minute)
			status, seen := watchOnce(t, s.scope, dir, nil)
			require.Equal(t, recsync.TroubleUnreachable, status.Kind, "that Smint.io is down is seen: %s", status.Trouble)
			told = max(told, len(seen.receipts))
			for _, r := range ended {
				state, found := s.feed.State("otcs-" + recsync.ExternalID(r.Record.Key()))
				require.True(t, found)
				require.NotEqual(t, adapter.Full, state.Asset.Access, "%s: an event does not wait for Smint.io to be taken to our own feed", r.Record)
			}
			require.Len(t, openEvents(t, dir), 2, "what is not proven stays open, each event once")
		}
		require.Equal(t, 3, told, "two licenses and a hold")

		s.smint.Heal()
		s.asleep = false
		s.restart()
		sequences := func() (list []int64) {
			for _, r := range ended {
				state, _ := s.feed.State("otcs-" + recsync.ExternalID(r.Record.Key()))
				list = append(list, state.Sequence)
			}
			return list
		}
		before := sequences()
		status, _ := watchOnce(t, s.scope, dir, nil)
		require.True(t, status.Healthy(), status.Trouble)
		require.Equal(t, "events=0 proven=2 open=0", status.Summary, "%v", openEvents(t, dir))
		require.Equal(t, before, sequences(), "nothing is published twice")
		for _, r := range ended {
			require.Equal(t, 0, s.downloads(portalID(r)))
		}
		require.Equal(t, 1, s.downloads(portalID(held)), "a hold takes no access away")
	})
}

// TestWatch_AForeignOrNewerStateEndsIt: no later pass can mend it, so the runner
// ends at once, says which it is, and leaves the file as it was.
func TestWatch_AForeignOrNewerStateEndsIt(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want recsync.Trouble
	}{
		"of another scope":   {`{"format": 1, "scope": "other"}`, recsync.TroubleForeign},
		"of another version": {`{"format": 99, "scope": "acme"}`, recsync.TroubleState},
		"no state":           {`{"format"`, recsync.TroubleState},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, dir := newWorld(t, nil), t.TempDir()
			path := filepath.Join(dir, "watch.json")
			require.NoError(t, os.WriteFile(path, []byte(tc.text), 0o600))
			ctx, goesOn := context.WithCancel(t.Context())
			defer goesOn()
			r, err := recsync.Watch(w.scope, recsync.WatchConfig{
				Events: recsync.NewFileWatchStore(path), Open: w.store(), OnPass: func(recsync.RunnerStatus) { goesOn() },
			})
			require.NoError(t, err)
			err = r.Run(ctx)
			require.Equal(t, tc.want, recsync.TroubleOf(err), "%v", err)
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, tc.text, string(left), "what cannot be used is left alone")
		})
	}
}
