package sync_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

func TestRunner_KeepsOnThroughAnOutageAndStopsWhenAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var mu sync.Mutex
		down := true
		var at []time.Duration
		r, err := recsync.NewRunner(recsync.RunnerConfig{
			Name: "follow", Scope: records.MustScopeID("acme"), Every: time.Minute,
			Pass: func(context.Context) (string, error) {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Since(begin).Round(time.Second))
				if down {
					return "", fmt.Errorf("read the feed: %w", ecm.ErrUnavailable)
				}
				return "declared=1", nil
			},
		})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()

		<-time.After(10 * time.Minute)
		s := r.Status()
		require.Equal(t, recsync.RunnerFailing, s.State)
		require.Equal(t, recsync.TroubleUnreachable, s.Kind)
		require.NotEmpty(t, s.Advice)
		require.GreaterOrEqual(t, s.Lag, 10*time.Minute-time.Second, "the lag of an outage is visible")
		mu.Lock()
		first := slices.Clone(at[:7])
		mu.Unlock()
		require.Equal(t, []time.Duration{0, 2 * time.Second, 6 * time.Second, 14 * time.Second, 30 * time.Second, 62 * time.Second, 122 * time.Second}, first,
			"the pause after a failure grows up to the time between passes")
		require.False(t, s.Healthy())
		text, err := json.Marshal(s)
		require.NoError(t, err)
		require.Contains(t, string(text), `"trouble":"read the feed: `)

		mu.Lock()
		down = false
		mu.Unlock()
		<-time.After(time.Minute)
		s = r.Status()
		require.True(t, s.Healthy(), "%+v", s)
		require.Equal(t, "declared=1", s.Summary)
		require.Less(t, s.Lag, 2*time.Minute)

		mu.Lock()
		before := len(at)
		mu.Unlock()
		r.Hint()
		r.Hint()
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		require.Len(t, at, before+1, "hints bring one pass forward, however many")
		cancel()
		require.NoError(t, <-ended, "a stop that was asked for is no error")
		require.Equal(t, recsync.RunnerStopped, r.Status().State)
		<-time.After(time.Hour)
		require.GreaterOrEqual(t, r.Status().Lag, time.Hour, "one that is stopped falls behind too")
	})
}

// TestRunner_IsNotWellWhileItTriesAgain: a pass that is under way does not hide
// that the one before it failed.
func TestRunner_IsNotWellWhileItTriesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate, passes := make(chan struct{}), 0
		r, err := recsync.NewRunner(recsync.RunnerConfig{Name: "follow", Every: time.Minute, Pass: func(context.Context) (string, error) {
			if passes++; passes == 1 {
				return "", ecm.ErrUnavailable
			}
			<-gate
			return "declared=1", nil
		}})
		require.NoError(t, err)
		require.False(t, r.Status().Healthy(), "one that was not started does not work")
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		<-time.After(10 * time.Second)
		require.Equal(t, recsync.RunnerRunning, r.Status().State)
		require.False(t, r.Status().Healthy())
		require.Equal(t, recsync.TroubleUnreachable, r.Status().Kind)
		close(gate)
		synctest.Wait()
		require.True(t, r.Status().Healthy())
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestRunner_HintsThatEndLeaveTheClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		passes := 0
		r, err := recsync.NewRunner(recsync.RunnerConfig{
			Name: "follow", Scope: records.MustScopeID("acme"), Every: time.Minute,
			Pass: func(context.Context) (string, error) { passes++; return "", nil },
			Listen: func(ctx context.Context, pull func(context.Context) error) error {
				<-time.After(10 * time.Second)
				require.NoError(t, pull(ctx))
				return errors.New("refused for good")
			},
		})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		require.NoError(t, r.Run(ctx))
		require.Equal(t, 6, passes, "one at the start, one by the hint, and one each minute after it")
		require.Contains(t, r.Status().Hints, "refused for good")
	})
}

// TestRunner_EndsWhereTryingAgainChangesNothing, and nowhere else: what passes by
// itself, or by an administrator, is waited for.
func TestRunner_EndsWhereTryingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	for err, ends := range map[error]bool{
		evidence.ErrTrailFenced: true, adapter.ErrConflict: true, recsync.ErrState: true,
		ecm.ErrUnavailable: false, ecm.ErrDenied: false, ecm.ErrUnauthenticated: false, recsync.ErrSetup: false, syscall.ENOSPC: false, errors.New("x"): false,
	} {
		synctest.Test(t, func(t *testing.T) {
			passes := 0
			r, fault := recsync.NewRunner(recsync.RunnerConfig{Name: "follow", Scope: records.MustScopeID("acme"), Every: time.Minute, Pass: func(context.Context) (string, error) {
				passes++
				return "", fmt.Errorf("pass: %w", err)
			}})
			require.NoError(t, fault)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			got := r.Run(ctx)
			if !ends {
				require.NoError(t, got, "%v", err)
				require.Greater(t, passes, 50)
				return
			}
			require.ErrorIs(t, got, err)
			require.ErrorContains(t, got, "runner acme follow")
			require.Equal(t, 1, passes, "%v", err)
			require.Equal(t, recsync.RunnerStopped, r.Status().State)
			require.NotEmpty(t, r.Status().Advice)
		})
	}
}

// TestRunAll_NoneStopsTheOthers: each error is told, when all have ended.
func TestRunAll_NoneStopsTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		passes := 0
		runner := func(name string, err error) *recsync.Runner {
			r, fault := recsync.NewRunner(recsync.RunnerConfig{Name: name, Every: time.Minute, Pass: func(context.Context) (string, error) {
				if err == nil {
					passes++
				}
				return "", err
			}})
			require.NoError(t, fault)
			return r
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		err := recsync.RunAll(ctx, runner("well", nil), runner("unreadable", recsync.ErrState), runner("fenced", evidence.ErrTrailFenced))
		require.ErrorIs(t, err, recsync.ErrState)
		require.ErrorIs(t, err, evidence.ErrTrailFenced)
		require.GreaterOrEqual(t, passes, 59, "the third one goes on")
	})
}

// TestTrouble_IsToldApart: each way in which a service can be stuck is a class
// of its own with its next step.
func TestTrouble_IsToldApart(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]recsync.Trouble{
		&os.PathError{Op: "write", Path: "feed.json", Err: syscall.ENOSPC}: recsync.TroubleDisk,
		&os.PathError{Op: "write", Path: "feed.json", Err: syscall.EDQUOT}: recsync.TroubleDisk,
		&os.PathError{Op: "open", Path: "feed.json", Err: syscall.EACCES}:  recsync.TroubleState,
		fmt.Errorf("x: %w", evidence.ErrTrailLocked):                       recsync.TroubleInUse,
		fmt.Errorf("x: %w", evidence.ErrTrailFenced):                       recsync.TroubleInUse,
		fmt.Errorf("x: %w", adapter.ErrConflict):                           recsync.TroubleInUse,
		&tls.CertificateVerificationError{Err: errors.New("expired")}:      recsync.TroubleUnreachable,
		fmt.Errorf("x: %w", recsync.ErrState):                              recsync.TroubleState,
		fmt.Errorf("x: %w", smint.ErrGrantDead):                            recsync.TroubleLogin,
		fmt.Errorf("x: %w", ecm.ErrUnauthenticated):                        recsync.TroubleLogin,
		fmt.Errorf("x: %w", ecm.ErrThrottled):                              recsync.TroubleThrottled,
		fmt.Errorf("x: %w", ecm.ErrUnavailable):                            recsync.TroubleUnreachable,
		fmt.Errorf("x: %w", recsync.ErrSetup):                              recsync.TroubleSetup,
		fmt.Errorf("x: %w", ecm.ErrDenied):                                 recsync.TroubleDenied,
		&net.DNSError{Err: "no such host", Name: "ecm.example"}:            recsync.TroubleUnreachable,
		errors.New("x"): recsync.TroubleOther,
	} {
		got := recsync.TroubleOf(err)
		require.Equal(t, want, got, "%v", err)
		require.NotEmpty(t, got.Advice(), "%s says what to do", got)
	}
	require.Equal(t, recsync.TroubleNone, recsync.TroubleOf(nil))
}

func TestFollow_DeclaresWhatComesAndRefusesAForeignCheckpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The test is the clock: each wait for the next pass is answered by it.
	turns := make(chan time.Duration)
	follow := func(store recsync.FeedStore) *recsync.Runner {
		r, err := recsync.Follow(w.scope, recsync.FollowConfig{
			Purchases: store, Now: w.clock.Now, Every: time.Minute,
			Wait: telling(turns),
		})
		require.NoError(t, err)
		return r
	}
	dir := t.TempDir()
	r := follow(recsync.NewFileFeedStore(filepath.Join(dir, "feed.json")))
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	require.Equal(t, time.Minute, <-turns)
	require.Contains(t, r.Status().Summary, "declared=0")

	w.buy("801", picture(100), nil)
	r.Hint()
	<-turns
	require.Contains(t, r.Status().Summary, "purchases: declared=1")
	require.Len(t, w.records(), 1)

	// An outage of ECM: the other side waits, nothing is lost or doubled.
	w.buy("802", picture(100), nil)
	w.ecm.Fail(testserver.Fault{Times: -1, Kind: testserver.Refuse, Status: 503})
	r.Hint()
	require.Less(t, <-turns, time.Minute, "a failed pass is tried again sooner")
	require.Equal(t, recsync.TroubleUnreachable, r.Status().Kind, r.Status().Trouble)
	w.ecm.Heal()
	r.Hint()
	<-turns
	require.True(t, r.Status().Healthy(), r.Status().Trouble)
	require.Len(t, w.records(), 2)
	cancel()
	require.NoError(t, <-ended)

	t.Run("checkpoint of another scope", func(t *testing.T) {
		other := recsync.NewFileFeedStore(filepath.Join(dir, "other.json"))
		require.NoError(t, other.Save(t.Context(), recsync.FeedState{Scope: "other", Feed: "license purchase transactions"}))
		err := follow(other).Run(t.Context())
		require.ErrorIs(t, err, recsync.ErrForeignScope)
		require.Equal(t, recsync.TroubleForeign, recsync.TroubleOf(err), "no later pass can mend it, so the runner ends and says so")
	})
	t.Run("checkpoint of another version", func(t *testing.T) {
		path := filepath.Join(dir, "new.json")
		require.NoError(t, os.WriteFile(path, []byte(`{"format": 99}`), 0o600))
		err := follow(recsync.NewFileFeedStore(path)).Run(t.Context())
		require.Equal(t, recsync.TroubleState, recsync.TroubleOf(err), "%v", err)
		require.ErrorContains(t, err, "format 99")
	})
}

// followOnce runs a Follow for one pass.
func followOnce(t *testing.T, s *recsync.Scope, c recsync.FollowConfig) recsync.RunnerStatus {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var status recsync.RunnerStatus
	c.OnPass = func(s recsync.RunnerStatus) { status = s; cancel() }
	r, err := recsync.Follow(s, c)
	require.NoError(t, err)
	require.NoError(t, r.Run(ctx))
	return status
}

// TestFollow_EachSourceHasItsTurn: what one fails at does not keep the other
// from it, and is told all the same.
func TestFollow_EachSourceHasItsTurn(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	w.finish("kv1", "1", "e", picture(40), approved(nil))
	w.smint.Fail(testserver.Fault{Route: feedRoute, Times: -1, Status: 403})
	status := followOnce(t, w.scope, recsync.FollowConfig{Purchases: w.store(), Portal: w.store()})
	require.ErrorIs(t, status.Err(), smint.ErrDenied)
	require.Equal(t, recsync.TroubleDenied, status.Kind)
	require.NotEmpty(t, w.records(), "the portal has its turn")
}

// TestFollow_ProgressIsSeenWhileAPassGoesOn: a pass over a long feed takes hours.
func TestFollow_ProgressIsSeenWhileAPassGoesOn(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	w.buy("801", picture(100), nil)
	w.buy("802", picture(100), nil)
	w.finish("kv1", "1", "e", picture(40), approved(nil))
	var r *recsync.Runner
	var seen []string
	c := recsync.FollowConfig{Purchases: w.store(), Portal: w.store(), Options: recsync.FollowOptions{OnItem: func(recsync.ItemResult) { seen = append(seen, r.Status().Progress) }}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.OnPass = func(s recsync.RunnerStatus) {
		require.Empty(t, s.Progress, "the summary says it then")
		cancel()
	}
	r, err := recsync.Follow(w.scope, c)
	require.NoError(t, err)
	require.NoError(t, r.Run(ctx))
	require.Len(t, seen, 3)
	require.Regexp(t, `^purchases: declared=0 .* quarantined=1$`, seen[0], "the rule asks for an attribute, which no purchase has")
	require.Regexp(t, `^purchases: declared=0 .* quarantined=2$`, seen[1])
	require.Regexp(t, `^purchases: declared=0 .* quarantined=2; portal: declared=1 `, seen[2])
}

// telling is a wait that tells how long it would be, and ends when it is woken.
func telling(turns chan<- time.Duration) func(context.Context, time.Duration, <-chan struct{}) error {
	return func(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
		select {
		case turns <- d:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-wake:
		case <-ctx.Done():
		}
		return ctx.Err()
	}
}

// TestFollow_TakesQuarantineUpAgainInTime: once an hour, and after an hour that
// an outage took as soon as it is over.
func TestFollow_TakesQuarantineUpAgainInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.buy("1", picture(10), nil)
	w.ecm.Deny(w.ecm.Options().User, "create")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	turns := make(chan time.Duration)
	r, err := recsync.Follow(w.scope, recsync.FollowConfig{Purchases: w.store(), Now: w.clock.Now, Wait: telling(turns)})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	pass := func() string {
		r.Hint()
		<-turns
		return r.Status().Summary
	}
	<-turns
	require.Contains(t, r.Status().Summary, "quarantined=1")
	w.ecm.Deny(w.ecm.Options().User)
	require.Contains(t, pass(), "declared=0", "what waits for a person is not tried at each turn")
	w.clock.Move(61 * time.Minute)
	w.ecm.Fail(testserver.Fault{Times: -1, Status: 401})
	pass()
	require.Equal(t, recsync.TroubleLogin, r.Status().Kind, r.Status().Trouble)
	w.ecm.Heal()
	require.Contains(t, pass(), "declared=1", "the turn that failed does not count")
	cancel()
	require.NoError(t, <-ended)
}
