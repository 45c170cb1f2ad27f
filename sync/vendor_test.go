package sync_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint/push"
	recsync "github.com/smintecm/sdk/sync"
)

// The vendor publishes integration cores of its own. What they do must be done
// here (TestMust…), and their weaknesses must not be shared (TestBetter…). The
// rows that concern a pass over the feed are in this file, those of the client
// beside it.

const feedRoute = "GET /consumer/v1/sync/licensePurchaseTransactions"

// asked are the queries of the feed's requests since the last Forget.
func (w *world) asked() []string {
	var queries []string
	for _, e := range w.smint.Exchanges() {
		if e.Route == feedRoute {
			queries = append(queries, e.Query)
		}
	}
	return queries
}

// TestMust1_ResumesFromADurableCheckpoint, opaque and chained; a reset sends
// everything again, and declares nothing again.
func TestMust1_ResumesFromADurableCheckpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	path := filepath.Join(t.TempDir(), "feed.json")
	for i := range 5 {
		w.buy(fmt.Sprint(i+1), picture(10+i), nil)
	}
	opts := recsync.FollowOptions{PageSize: 2}
	require.Equal(t, 5, w.follow(recsync.NewFileFeedStore(path), opts).Declared)
	state, err := recsync.NewFileFeedStore(path).Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, w.smint.Continuation(5), state.Continuation, "the server's own words, of the last page")

	w.smint.Forget()
	w.scope = w.newScope() // another process
	w.buy("6", picture(60), nil)
	require.Equal(t, 1, w.follow(recsync.NewFileFeedStore(path), opts).Declared)
	require.Contains(t, w.asked()[0], "continuationUuid="+w.smint.Continuation(5))

	require.NoError(t, os.Remove(path))
	w.smint.Forget()
	again := w.follow(recsync.NewFileFeedStore(path), opts)
	require.Equal(t, "declared=0 unchanged=6 incomplete=0 skipped=0 quarantined=0", again.String())
	require.Equal(t, "limit=2", w.asked()[0])
	require.Len(t, w.records(), 6)
}

// failingStore loses its disk for one save.
type failingStore struct {
	recsync.FeedStore
	fail int
}

func (f *failingStore) Save(ctx context.Context, s recsync.FeedState) error {
	if f.fail--; f.fail == 0 {
		return errors.New("disk full")
	}
	return f.FeedStore.Save(ctx, s)
}

// TestMust2_AtLeastOnceAndOneRecordEach: what was handled and not noted comes
// again, and is found by transaction and binary.
func TestMust2_AtLeastOnceAndOneRecordEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for i := range 4 {
		uuid := fmt.Sprint(i + 1)
		require.NoError(t, w.smint.Emit(w.purchase(uuid, nil).Payload(), w.file(uuid, "a", picture(20+i)), w.file(uuid, "b", picture(30+i))))
	}
	store := &failingStore{w.store(), 2}
	first, err := recsync.FollowPurchases(t.Context(), w.scope, store, recsync.FollowOptions{PageSize: 2})
	require.ErrorContains(t, err, "disk full")
	require.Equal(t, 12, first.Declared, "two files and their aggregate, of both pages")
	second := w.follow(store, recsync.FollowOptions{PageSize: 2})
	require.Zero(t, second.Declared, "the second page came again")
	require.Equal(t, 6, second.Unchanged)
	names := map[string]bool{}
	for _, n := range w.records() {
		names[n.Name] = true
	}
	require.Len(t, names, 12)
	require.Len(t, w.records(), 12)
}

// TestMust3_CompoundsVersionsAndReuses: originals before reuses, also when they
// come after them, on the same page or on a later one.
func TestMust3_CompoundsVersionsAndReuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	reuses := testserver.SmintJSON{"reused_license_purchase_transaction_uuid": "1"}
	w.buy("2", picture(10), reuses)
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), w.file("1", "a", picture(20)), w.file("1", "b", picture(30))))
	w.buy("3", picture(10), reuses)
	var order []string
	r := w.follow(store, recsync.FollowOptions{OnItem: func(i recsync.ItemResult) {
		if i.Outcome == recsync.ItemDeclared {
			order = append(order, strings.Split(i.ID, "/")[2])
		}
	}})
	require.Equal(t, 5, r.Declared, "two files, their aggregate and two reuses")
	require.Equal(t, []string{"1", "1", "1", "3", "2"}, order, "the original before whatever reuses it")
	require.Empty(t, r.Pending)
	require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "b", picture(31))))
	r = w.follow(store, recsync.FollowOptions{})
	require.Equal(t, 2, r.Declared, "the file's next version, and the aggregate that has it")
	for uuid, want := range map[string]int{"1": 5, "2": 1, "3": 1} {
		n := 0
		for _, node := range w.records() {
			if w.value(node, "Asset ID") == uuid {
				n++
			}
		}
		require.Equal(t, want, n, uuid)
	}
}

// TestMust6_PushesAndTimeTriggerPassesThatNeverOverlap: many notices are one
// more pass, time brings one without any, and no two run at once.
func TestMust6_PushesAndTimeTriggerPassesThatNeverOverlap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		o := w.smint.Options()
		options := push.Options{
			ChannelID: int64(o.ChannelID), URL: strings.Replace(w.smint.Endpoints().Pusher, "https:", "wss:", 1),
			Client: &http.Client{Transport: w.smint.Transport()},
		}
		passes := 0
		r, err := recsync.Follow(w.scope, recsync.FollowConfig{
			Purchases: w.store(), Every: 30 * time.Minute, OnPass: func(s recsync.RunnerStatus) {
				require.Empty(t, s.Trouble)
				passes++
			},
			Listen: func(ctx context.Context, pull func(context.Context) error) error {
				return push.Listen(ctx, w.config.Smint.Notifications, options, pull)
			},
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		synctest.Wait()
		first := passes
		require.Positive(t, first)

		// A pass that hangs: 200 notices meanwhile are one more pass, after it.
		hang := make(chan struct{})
		at, most := 0, 0
		w.smint.Fail(testserver.Fault{Route: feedRoute, Times: -1, Where: func(*http.Request) bool {
			at++
			most = max(most, at)
			<-hang
			at--
			return false
		}})
		w.buy("1", picture(10), nil)
		w.smint.Push("")
		synctest.Wait()
		for range 200 {
			w.smint.Push("")
		}
		synctest.Wait()
		require.Equal(t, first, passes)
		close(hang)
		synctest.Wait()
		require.Equal(t, 1, most, "no two passes run at once")
		require.Equal(t, first+2, passes)
		w.smint.Heal()

		w.buy("2", picture(10), nil) // and no notice of it
		<-time.After(31 * time.Minute)
		synctest.Wait()
		require.Len(t, w.records(), 2, "time finds what no notice told of")
		cancel()
		require.NoError(t, <-ended)
	})
}

// TestMust8_HooksCapabilitiesAndErrors: what is about to be done is told before,
// and can be refused; what became of each item is told after; what the target
// can do is asked first, all of it at once.
func TestMust8_HooksCapabilitiesAndErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	require.NoError(t, w.scope.Check(t.Context()), "the target can do what the policy needs")
	w.buy("1", picture(10), nil)
	w.buy("2", picture(20), nil)
	require.NoError(t, w.smint.Emit([]byte(`{"uuid":"3","purchased_at":"yesterday"}`)))
	var before, after int
	w.journal.refuse = func(e recsync.JournalEntry) error {
		switch e.Kind {
		case recsync.Intent:
			before++
		case recsync.Outcome:
			after++
		default:
		}
		return nil
	}
	var told []recsync.ItemResult
	r := w.follow(w.store(), recsync.FollowOptions{OnItem: func(i recsync.ItemResult) { told = append(told, i) }})
	require.Equal(t, 2, r.Declared)
	require.Len(t, told, 3, "each item is told, in order")
	require.Equal(t, recsync.ItemQuarantined, told[2].Outcome)
	require.NotEmpty(t, told[2].Reason)
	require.Positive(t, before)
	require.Equal(t, before, after, "an outcome for each intent")

	no := errors.New("not now")
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if e.Kind == recsync.Intent {
			return no
		}
		return nil
	}
	w.buy("4", picture(40), nil)
	w.ecm.Forget()
	_, err := recsync.FollowPurchases(t.Context(), w.scope, w.store(), recsync.FollowOptions{})
	require.ErrorIs(t, err, no)
	require.Empty(t, w.writes(), "what is refused before is not done")

	w.config.Policy.Category = 1 // a target that lacks something
	require.ErrorIs(t, w.newScope().Check(t.Context()), recsync.ErrSetup)
}

// TestBetter1_OneBadAssetStopsNoOther: it goes into quarantine with its reason,
// and the checkpoint moves on.
func TestBetter1_OneBadAssetStopsNoOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	w.buy("1", picture(10), nil)
	require.NoError(t, w.smint.Emit([]byte(`{"uuid":"2","license_terms":"none"}`)))
	broken := w.file("3", "1", picture(2000))
	broken.BreakAfter, broken.NoRanges = 100, true
	require.NoError(t, w.smint.Emit(w.purchase("3", nil).Payload(), broken))
	w.buy("4", picture(10), nil)
	r := w.follow(store, recsync.FollowOptions{PageSize: 1})
	require.Equal(t, "declared=2 unchanged=0 incomplete=0 skipped=0 quarantined=2", r.String())
	for _, item := range r.Quarantine {
		require.NotEmpty(t, item.Reason)
	}
	w.smint.Forget()
	w.follow(store, recsync.FollowOptions{PageSize: 1})
	require.Equal(t, []string{"continuationUuid=" + w.smint.Continuation(4) + "&limit=1"}, w.asked(), "nothing of it is read again")
}

// TestBetter2_PagesWithoutSyncableAssetsMoveTheCheckpoint.
func TestBetter2_PagesWithoutSyncableAssetsMoveTheCheckpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	for i := range 6 {
		w.buy(fmt.Sprint(i+1), picture(10), testserver.SmintJSON{"can_be_synced": false, "state": "purchase_phase_1"})
	}
	r := w.follow(store, recsync.FollowOptions{PageSize: 2})
	require.Equal(t, 6, r.Skipped)
	w.smint.Forget()
	w.follow(store, recsync.FollowOptions{PageSize: 2})
	require.Equal(t, []string{"continuationUuid=" + w.smint.Continuation(6) + "&limit=2"}, w.asked())
}

// TestBetter3_AFailedListOfBinariesLosesNothing: an outage ends the pass where
// it stands, a refusal is kept with its reason.
func TestBetter3_AFailedListOfBinariesLosesNothing(t *testing.T) {
	t.Parallel()
	const binaries = "GET /consumer/v1/sync/cartPurchaseTransactions/*"
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		store := w.store()
		for i := range 3 {
			w.buy(fmt.Sprint(i+1), picture(10+i), nil)
		}
		w.smint.Fail(testserver.Fault{Route: binaries, Skip: 2, Times: -1, Status: 500})
		r, err := recsync.FollowPurchases(t.Context(), w.scope, store, recsync.FollowOptions{})
		require.Error(t, err)
		require.Equal(t, 1, r.Declared)
		w.smint.Heal()
		require.Equal(t, 2, w.follow(store, recsync.FollowOptions{}).Declared, "the checkpoint did not pass over it")
		require.Len(t, w.records(), 3)

		w.buy("4", picture(14), nil)
		w.buy("5", picture(15), nil)
		w.smint.Fail(testserver.Fault{Route: binaries, Status: 404, Body: `{"error_code":"not_found","error_message":"gone"}`})
		r = w.follow(store, recsync.FollowOptions{})
		require.Equal(t, 1, r.Declared)
		require.Len(t, r.Quarantine, 1, "refused for good: kept, not dropped")
		require.Contains(t, r.Quarantine[0].Reason, "gone")
		require.Equal(t, 1, w.follow(store, recsync.FollowOptions{Retry: true}).Declared, "and taken up again when asked for")
		require.Len(t, w.records(), 5)
	})
}

// TestBetter8_WhatTheTargetChangedIsNotOverwritten: other bytes under the same
// version are refused, and a field that somebody edited in ECM stays so.
func TestBetter8_WhatTheTargetChangedIsNotOverwritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.KeepOpen = true })
	store := w.store()
	w.buy("1", picture(10), nil)
	w.follow(store, recsync.FollowOptions{})
	node := w.records()[0]
	require.NoError(t, w.overwrite(node.ID, "Title", "Edited in ECM"))
	require.NoError(t, w.smint.Update("1", testserver.SmintJSON{"project_name": testserver.SmintText("en", "Another campaign")}))
	w.follow(store, recsync.FollowOptions{})
	w.follow(store, recsync.FollowOptions{FromStart: true})
	require.Len(t, w.records(), 1)
	require.Equal(t, "Edited in ECM", w.value(w.records()[0], "Title"))

	other := w.file("1", "1", picture(11))
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), other))
	w.follow(store, recsync.FollowOptions{})
	require.Len(t, w.records(), 1)
	require.Equal(t, picture(10), w.storedBytes(w.records()[0].ID), "no blind overwrite")
}

// TestBetter11_ACompoundKnowsItsParts: the whole lists each of them.
func TestBetter11_ACompoundKnowsItsParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), w.file("1", "a", picture(10)), w.file("1", "b", picture(20)), w.file("1", "c", picture(30))))
	require.Equal(t, 4, w.follow(w.store(), recsync.FollowOptions{}).Declared)
	all := w.records()
	i := slices.IndexFunc(all, func(n testserver.ECMNode) bool { return strings.HasPrefix(n.Name, "1-all-") })
	require.GreaterOrEqual(t, i, 0)
	parts := string(w.storedBytes(all[i].ID))
	for j, n := range all {
		if j != i {
			require.Contains(t, parts, n.Name)
			require.Contains(t, parts, n.SHA256)
		}
	}
}

// TestBetter14_AReuseWaitsInItsListAndNotInASleep: no time goes by, nothing
// fails, and it is declared when its original is there.
func TestBetter14_AReuseWaitsInItsListAndNotInASleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		store := w.store()
		w.buy("2", picture(10), testserver.SmintJSON{"reused_license_purchase_transaction_uuid": "1"})
		w.buy("3", picture(20), nil)
		start := time.Now()
		r := w.follow(store, recsync.FollowOptions{})
		require.Equal(t, 1, r.Declared, "the others go on")
		require.Equal(t, recsync.QueueOriginal, r.Pending[0].Queue)
		w.buy("1", picture(10), nil)
		require.Equal(t, 2, w.follow(store, recsync.FollowOptions{}).Declared)
		require.Equal(t, start, time.Now(), "nobody has slept")
	})
}

// TestBetter16_CanceledPlannedAndTaken: a pass ends when it is told to, at any
// moment, and the next one completes it; a dry run writes nothing; each change
// is in the journal.
func TestBetter16_CanceledPlannedAndTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	for i := range 3 {
		w.buy(fmt.Sprint(i+1), picture(10+i), nil)
	}
	w.ecm.Forget()
	dry := w.follow(store, recsync.FollowOptions{DryRun: true})
	require.Equal(t, 3, dry.Planned)
	require.Empty(t, w.writes())
	require.Empty(t, w.journal.all())

	for moment := range 25 {
		ctx, cancel := context.WithCancel(t.Context())
		seen := 0
		step := func(*http.Request) bool {
			if seen++; seen > 2*moment {
				cancel()
			}
			return false
		}
		w.ecm.Fail(testserver.Fault{Where: step, Times: -1})
		w.smint.Fail(testserver.Fault{Where: step, Times: -1})
		_, err := recsync.FollowPurchases(ctx, w.scope, store, recsync.FollowOptions{})
		if err != nil {
			require.ErrorIs(t, err, context.Canceled, "moment %d", moment)
		}
		cancel()
		w.ecm.Heal()
		w.smint.Heal()
	}
	w.follow(store, recsync.FollowOptions{Retry: true})
	require.Len(t, w.records(), 3)
	for _, n := range w.records() {
		require.True(t, n.Final)
	}
	intents, outcomes := 0, 0
	for _, e := range w.journal.all() {
		switch e.Kind {
		case recsync.Intent:
			intents++
		case recsync.Outcome:
			outcomes++
		default:
		}
	}
	require.GreaterOrEqual(t, intents, 3)
	require.Equal(t, intents, outcomes, "an outcome for each intent, canceled or not")
}

// TestFollowPurchases_TenThousandPushesDeclareNothingTwice: notices are dropped,
// doubled and reordered while purchases come; every purchase becomes one record.
func TestFollowPurchases_TenThousandPushesDeclareNothingTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		w.smint.PlanPushes(testserver.SmintPushPlan{Drop: 300, Double: 200, Delay: 200, Seed: 3})
		o := w.smint.Options()
		options := push.Options{
			ChannelID: int64(o.ChannelID), URL: strings.Replace(w.smint.Endpoints().Pusher, "https:", "wss:", 1),
			Client: &http.Client{Transport: w.smint.Transport()}, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		}
		store, declared, pulls := w.store(), 0, 0
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- push.Listen(ctx, w.config.Smint.Notifications, options, func(ctx context.Context) error {
				pulls++
				r, err := recsync.FollowPurchases(ctx, w.scope, store, recsync.FollowOptions{})
				declared += r.Declared
				return err
			})
		}()
		events, purchases := 10_000/every(4), 100/every(4)
		dice := rand.New(rand.NewPCG(5, 6))
		bought := 0
		for i := range events {
			if i%(events/purchases) == 0 {
				bought++
				w.buy(fmt.Sprint(bought), picture(10+bought), nil)
			}
			w.smint.Push("")
			if dice.IntN(8) == 0 {
				synctest.Wait()
			}
			if i == events/2 {
				w.smint.ClosePushers(0, "")
			}
		}
		w.smint.ClosePushers(4200, "moved")
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Equal(t, purchases, declared, "every purchase is seen, none is declared twice")
		require.Len(t, w.records(), purchases)
		counts := w.smint.PushCounts()
		require.LessOrEqual(t, pulls, counts.Sent+counts.Subscribed)
		t.Logf("%d pushes: %d sent, %d dropped, %d doubled, %d delayed; %d subscriptions, %d pulls, %d records",
			counts.Pushed, counts.Sent, counts.Dropped, counts.Doubled, counts.Delayed, counts.Subscribed, pulls, declared)
	})
}

// TestMust4_ABinarysOwnWordsWin over those of its purchase, where it has any.
func TestMust4_ABinarysOwnWordsWin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	own, silent := w.file("1", "a", picture(10)), w.file("1", "b", picture(20))
	own.Fields = testserver.SmintJSON{
		"content_type": "document", "name": testserver.SmintText("en", "Release form"), "description": testserver.SmintText("en", "Signed"),
	}
	silent.Fields = testserver.SmintJSON{"content_type": nil, "name": []any{}, "description": nil}
	require.NoError(t, w.smint.Emit(w.purchase("1", testserver.SmintJSON{"content_element": testserver.SmintJSON{
		"name": testserver.SmintText("de", "Maus"), "description": testserver.SmintText("en", "A mouse"),
	}}).Payload(), own, silent))
	assets := w.assets("1")
	require.Equal(t, []string{"document", "Release form", "Signed"}, []string{assets[0].ContentType, assets[0].Title, assets[0].Description})
	require.Equal(t, []string{"image", "Maus", "A mouse"}, []string{assets[1].ContentType, assets[1].Title, assets[1].Description})
}
