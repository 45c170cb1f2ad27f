package push_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/push"
)

type fast struct{}

func (fast) Wait(ctx context.Context) error { return ctx.Err() }

// rig is the fake, a client, and a listener to it.
type rig struct {
	*testserver.Smint
	c       *smint.Client
	clock   *testserver.Clock
	options push.Options

	mu     sync.Mutex
	pauses []time.Duration
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{clock: &testserver.Clock{}}
	r.Smint = testserver.NewSmint(testserver.SmintOptions{Clock: r.clock})
	t.Cleanup(func() { _ = r.Close() })
	o, ends := r.Options(), r.Endpoints()
	var err error
	r.c, err = smint.New(smint.Endpoints{Identity: ends.Identity, CLAPI: ends.CLAPI, Portals: ends.Portals},
		smint.Login{ClientID: o.ClientID, ClientSecret: smint.Secret(o.ClientSecret), RefreshToken: smint.Secret(o.RefreshToken)},
		smint.WithTransport(r.Transport()), smint.WithLimiter(fast{}))
	require.NoError(t, err)
	r.options = push.Options{
		ChannelID: int64(o.ChannelID), URL: strings.Replace(ends.Pusher, "https:", "wss:", 1), Client: &http.Client{Transport: r.Transport()},
		Wait: func(ctx context.Context, d time.Duration) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.pauses = append(r.pauses, d)
			return ctx.Err()
		},
	}
	return r
}

// listen runs a listener; stop ends it and returns its error.
func (r *rig) listen(t *testing.T, pull func(context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- push.Listen(ctx, r.c.Notifications, r.options, pull) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-ended })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func await(t *testing.T, what string, ready <-chan struct{}) {
	t.Helper()
	select {
	case <-ready:
	case <-time.After(5 * time.Minute):
		t.Fatalf("waited 5 minutes for %s", what)
	}
}

// TestListen_TenThousandPushesDroppedDoubledAndReordered: every state of every
// purchase is seen, each once, as soon as any push for it or after it arrives,
// and there are no more pulls than pushes and subscriptions.
func TestListen_TenThousandPushesDroppedDoubledAndReordered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.PlanPushes(testserver.SmintPushPlan{Drop: 300, Double: 200, Delay: 200, Seed: 7})
		r.PushOnChange(true)
		const purchases, events = 100, 10_000
		pulls, places, continuation, seen := 0, 0, "", map[string]int{}
		stop := r.listen(t, func(ctx context.Context) error {
			pulls++
			for page, err := range r.c.LicensePurchaseTransactions.Pages(ctx, continuation, 100) {
				if err != nil {
					t.Error(err)
					return nil
				}
				for _, item := range page.Items {
					seen[string(item.Transaction.UUID)]++
					places++
				}
				continuation = page.Continuation
			}
			return nil
		})
		dice := rand.New(rand.NewPCG(1, 2))
		connections, burst := 1, 0
		for i := range events {
			sent := r.PushCounts().Sent
			require.NoError(t, r.Emit(fmt.Appendf(nil, `{"uuid":"%d","version":%d}`, i%purchases, i)))
			if burst--; burst > 0 {
				continue
			}
			burst = dice.IntN(6)
			synctest.Wait()
			if r.PushCounts().Sent > sent {
				require.Equal(t, i+1, places, "a push arrived: all that was bought until then is seen")
			}
			if dice.IntN(500) == 0 {
				r.ClosePushers([]int{4200, 4100, 0, 1001}[dice.IntN(4)], "moved")
				synctest.Wait()
				connections++
				require.Equal(t, i+1, places, "a new subscription covers what was missed")
			}
		}
		r.ClosePushers(4200, "moved") // whatever was lost last
		synctest.Wait()
		require.ErrorIs(t, stop(), context.Canceled)
		require.Equal(t, events, places)
		for uuid, n := range seen {
			require.Equal(t, events/purchases, n, "purchase %s: each of its places in the feed is seen once", uuid)
		}
		require.Len(t, seen, purchases)
		counts := r.PushCounts()
		require.Equal(t, connections+1, counts.Subscribed)
		require.Positive(t, counts.Dropped)
		require.Positive(t, counts.Doubled)
		require.Positive(t, counts.Delayed)
		require.LessOrEqual(t, pulls, counts.Sent+counts.Subscribed, "no more pulls than pushes and subscriptions")
		t.Logf("%d events, %d pushes sent, %d dropped, %d doubled, %d delayed, %d subscriptions, %d pulls",
			events, counts.Sent, counts.Dropped, counts.Doubled, counts.Delayed, counts.Subscribed, pulls)
	})
}

// pulled is a pull that tells of each call, one at a time.
func pulled() (pull func(context.Context) error, calls chan struct{}) {
	calls = make(chan struct{})
	return func(ctx context.Context) error {
		select {
		case calls <- struct{}{}:
		case <-ctx.Done():
		}
		return nil
	}, calls
}

// TestBetter17_EachConnectionIsAuthorizedAnew: the token that the first one was
// authorized with has ended when the next one comes; and a first attempt that
// fails is not the last.
func TestBetter17_EachConnectionIsAuthorizedAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.Fail(testserver.Fault{Where: func(q *http.Request) bool { return strings.HasPrefix(q.URL.Path, "/app/") }, Status: 503})
	pull, calls := pulled()
	stop := r.listen(t, pull)
	await(t, "the pull after the first subscription", calls)
	for i, code := range []int{4200, 4100, 0, 1001} {
		r.clock.Move(24 * time.Hour) // every access token has ended
		r.ClosePushers(code, "moved")
		await(t, "the pull after a resubscription", calls)
		require.Equal(t, i+2, r.PushCounts().Subscribed, "code %d", code)
	}
	require.ErrorIs(t, stop(), context.Canceled)
	require.Contains(t, r.PushChannel(), "-1077", "the channel's number has no separators")
	r.mu.Lock()
	defer r.mu.Unlock()
	require.GreaterOrEqual(t, len(r.pauses), 5)
	for _, d := range r.pauses {
		require.LessOrEqual(t, d, 30*time.Second)
	}
	require.Contains(t, r.pauses, time.Duration(0), "4200 to 4299: at once")
}

// TestP14_APushIsAHintAndNoOrder: whatever is in it, and whoever sent it, all
// it does is to have the truth pulled.
func TestP14_APushIsAHintAndNoOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	pull, calls := pulled()
	r.listen(t, pull)
	await(t, "the first pull", calls)
	for _, data := range []string{"", "TEST", `{"uuid":"1","state":"completed"}`, strings.Repeat("x", 100_000), "\x00"} {
		r.Push(data)
		await(t, "a pull", calls)
	}
	before := r.PushCounts().Pings
	for _, odd := range []string{
		"", "no JSON", "[]", `{"event":5}`, `{"event":"global-transaction-history-update","channel":"private-2-9999","data":""}`,
		`{"event":"global-transaction-history-update"}`, `{"event":"pusher:error","data":{"code":null}}`, `{"event":"pusher_internal:subscription_succeeded","channel":"private-2-1077"}`,
		`{"event":"delete-everything","channel":"private-2-1077","data":""}`,
	} {
		r.SendFrame(odd)
	}
	r.PingPushers()
	r.Push("")
	await(t, "the pull for the one push that counts", calls)
	select {
	case <-calls:
		t.Fatal("a frame that is no push caused a pull")
	default:
	}
	// The answer was sent before the pull, and arrives when it does.
	require.Eventually(t, func() bool { return r.PushCounts().Pongs == 1 }, time.Minute, time.Millisecond, "a ping is answered")
	require.Equal(t, before, r.PushCounts().Pings)
}

// TestListen_Coalesces: many pushes while a pull runs are one more pull.
func TestListen_Coalesces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		gate, running, pulls := make(chan struct{}), 0, 0
		stop := r.listen(t, func(ctx context.Context) error {
			if running++; running > 1 {
				t.Error("two pulls run at once")
			}
			defer func() { running-- }()
			pulls++
			select {
			case <-gate:
			case <-ctx.Done():
			}
			return nil
		})
		for range 500 {
			r.Push("")
		}
		synctest.Wait()
		require.Equal(t, 1, pulls, "the pull of the subscription runs")
		for range 500 {
			r.Push("")
		}
		synctest.Wait()
		gate <- struct{}{}
		synctest.Wait()
		require.Equal(t, 2, pulls, "500 pushes that came meanwhile are one more")
		gate <- struct{}{}
		synctest.Wait()
		require.Equal(t, 2, pulls, "and that one covers them all")
		require.ErrorIs(t, stop(), context.Canceled)
	})
}

// TestListen_PullsInTimeToo: with Every there is a pull at the start and as
// often as asked for, while the push service cannot be reached and while it
// loses notices; a pull for a push starts the wait anew.
func TestListen_PullsInTimeToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.options.Every, r.options.Wait = 30*time.Minute, nil
		r.Fail(testserver.Fault{Where: func(q *http.Request) bool { return strings.HasPrefix(q.URL.Path, "/app/") }, Status: 503, Times: -1})
		var at []time.Duration
		start := time.Now()
		stop := r.listen(t, func(context.Context) error { at = append(at, time.Since(start)); return nil })
		elapse(61 * time.Minute)
		synctest.Wait()
		require.Equal(t, []time.Duration{0, 30 * time.Minute, time.Hour}, at, "no push service, no harm")
		r.Heal()
		r.PlanPushes(testserver.SmintPushPlan{Drop: 1000})
		elapse(9 * time.Minute)
		synctest.Wait()
		require.Len(t, at, 4, "the pull of the subscription")
		subscribed := at[3]
		for range 10 {
			r.Push("")
		}
		elapse(35 * time.Minute)
		synctest.Wait()
		require.Equal(t, subscribed+30*time.Minute, at[len(at)-1], "what was lost is found in time")
		require.Len(t, at, 5)
		require.ErrorIs(t, stop(), context.Canceled)
	})
}

// TestListen_ASubscriptionThatNeverComes: a service that answers pings and does
// not subscribe is connected to anew; so is one that refuses the subscription
// without ending the connection, and one that tells of an error.
func TestListen_ASubscriptionThatNeverComes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.IgnoreSubscriptions(2)
		pulls := 0
		stop := r.listen(t, func(context.Context) error { pulls++; return nil })
		elapse(59 * time.Second)
		synctest.Wait()
		require.Zero(t, pulls)
		require.Equal(t, 2, r.PushCounts().Connected)
		elapse(2 * time.Second)
		synctest.Wait()
		require.Equal(t, 1, pulls)
		for i, frame := range []string{
			`{"event":"pusher:subscription_error","channel":"private-2-1077","data":{"type":"AuthError","status":401}}`,
			`{"event":"pusher:error","data":"{\"code\":4201,\"message\":\"Pong reply not received\"}"}`,
			`{"event":"pusher:error","data":{"code":4100,"message":"Over capacity"}}`,
		} {
			r.SendFrame(frame)
			synctest.Wait()
			require.Equal(t, i+2, pulls, frame)
		}
		r.SendFrame(`{"event":"pusher:error","data":{"code":4009,"message":"Not authorized"}}`)
		synctest.Wait()
		require.ErrorIs(t, stop(), push.ErrRefused)
	})
}

// TestListen_AHastyServiceIsMetWithPauses: one that ends every connection as
// soon as it is subscribed does not cause connections, and pulls, as fast as
// they go.
func TestListen_AHastyServiceIsMetWithPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.options.Wait = nil
		pulls := 0
		stop := r.listen(t, func(context.Context) error {
			pulls++
			r.ClosePushers(4200, "moved")
			return nil
		})
		elapse(10 * time.Minute)
		synctest.Wait()
		require.Greater(t, pulls, 10, "at first it is connected to at once")
		require.Less(t, pulls, 60, "in ten minutes")
		require.ErrorIs(t, stop(), context.Canceled)
	})
}

// elapse lets virtual time go by.
func elapse(d time.Duration) { <-time.After(d) }

// TestListen_LeavesNothingBehind: whatever it began has ended when it returns,
// at whichever moment it is told to.
func TestListen_LeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for moment := range 24 {
		r := newRig(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var seen atomic.Int64
		step := func() {
			if int(seen.Add(1)) > moment {
				cancel()
			}
		}
		r.Fail(testserver.Fault{Where: func(*http.Request) bool { step(); return false }, Times: -1})
		mark := pprof.Labels("listener", fmt.Sprint(t.Name(), moment))
		pprof.Do(ctx, mark, func(ctx context.Context) {
			err := push.Listen(ctx, r.c.Notifications, r.options, func(ctx context.Context) error {
				step()
				r.ClosePushers(4200, "moved")
				return ctx.Err()
			})
			require.ErrorIs(t, err, context.Canceled)
		})
		// One that has told that it is done may take a moment to be gone.
		require.Eventually(t, func() bool {
			var profile strings.Builder
			return pprof.Lookup("goroutine").WriteTo(&profile, 1) == nil && !slices.ContainsFunc(strings.Split(profile.String(), "\n\n"), func(stack string) bool {
				return strings.Contains(stack, fmt.Sprintf("%q", fmt.Sprint(t.Name(), moment))) && strings.Contains(stack, "smint/push.")
			})
		}, time.Minute, time.Millisecond, "moment %d", moment)
	}
}

func TestListen_EndsWhereConnectingAgainDoesNotHelp(t *testing.T) {
	t.Parallel()
	none := func(context.Context) error { return nil }
	r := newRig(t)
	r.options.Key = "another"
	require.ErrorIs(t, push.Listen(t.Context(), r.c.Notifications, r.options, none), push.ErrRefused, "4001")
	r = newRig(t)
	r.options.ChannelID++
	require.ErrorIs(t, push.Listen(t.Context(), r.c.Notifications, r.options, none), smint.ErrDenied, "another tenant's channel")
	r = newRig(t)
	r.EndLogin()
	require.ErrorIs(t, push.Listen(t.Context(), r.c.Notifications, r.options, none), smint.ErrGrantDead)
	r = newRig(t)
	full := errors.New("disk full")
	require.ErrorIs(t, push.Listen(t.Context(), r.c.Notifications, r.options, func(context.Context) error { return full }), full)
	err := push.Listen(t.Context(), r.c.Notifications, push.Options{URL: "ws://push.example"}, none)
	require.ErrorIs(t, err, smint.ErrInvalid)
	require.ErrorContains(t, err, "channel id")
	require.ErrorContains(t, push.Listen(t.Context(), r.c.Notifications, push.Options{ChannelID: 1, Every: -1}, none), "every")
	require.ErrorContains(t, err, "url", "everything that is wrong is said")
}

// TestListen_ASilentServiceIsAskedAndGivenUp: one that answers is kept, however
// long it has nothing to say; a connection that is dead and does not know it is
// replaced after two silences.
func TestListen_ASilentServiceIsAskedAndGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.options.Silence = 20 * time.Second
		pulls := 0
		stop := r.listen(t, func(context.Context) error { pulls++; return nil })
		elapse(time.Hour)
		synctest.Wait()
		require.Equal(t, 179, r.PushCounts().Pings, "a ping into each silence")
		require.Equal(t, 1, r.PushCounts().Subscribed, "a service that answers is kept")
		require.Equal(t, 1, pulls)
		r.IgnorePings(true)
		elapse(41 * time.Second)
		synctest.Wait()
		require.Equal(t, 2, r.PushCounts().Connected, "one that does not is connected to anew")
		require.Equal(t, 2, pulls, "and what it may have lost is looked for")
		require.ErrorIs(t, stop(), context.Canceled)
	})
}

// TestListen_WaitsForThePullThatRuns, even for one that does not look at its
// context.
func TestListen_WaitsForThePullThatRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		gate, ended := make(chan struct{}), false
		ctx, cancel := context.WithCancel(t.Context())
		returned := make(chan error, 1)
		go func() {
			returned <- push.Listen(ctx, r.c.Notifications, r.options, func(context.Context) error {
				<-gate
				ended = true
				return nil
			})
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		require.Empty(t, returned)
		close(gate)
		require.ErrorIs(t, <-returned, context.Canceled)
		require.True(t, ended)
	})
}
