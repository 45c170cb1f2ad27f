package rest

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// TestRetryAfter_IsReadAsItWasMeant: a date is one of the server's own clock, a
// server that is down is left alone as one that throttles, and no advice holds
// a client up for hours.
func TestRetryAfter_IsReadAsItWasMeant(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		status  int
		headers func(now time.Time) []string
		want    time.Duration
	}{
		{"a date, by a clock that is an hour ahead", 429, func(now time.Time) []string {
			ahead := now.Add(time.Hour).UTC()
			return []string{"Date", ahead.Format(http.TimeFormat), "Retry-After", ahead.Add(30 * time.Second).Format(http.TimeFormat)}
		}, 30 * time.Second},
		{"a date, by a clock that is an hour behind", 429, func(now time.Time) []string {
			behind := now.Add(-time.Hour).UTC()
			return []string{"Date", behind.Format(http.TimeFormat), "Retry-After", behind.Add(30 * time.Second).Format(http.TimeFormat)}
		}, 30 * time.Second},
		{"a server that is down", 503, func(time.Time) []string { return []string{"Retry-After", "30"} }, 30 * time.Second},
		{"a whole day", 429, func(time.Time) []string { return []string{"Retry-After", "86400"} }, maxPause},
		{"a time that is over", 429, func(now time.Time) []string {
			return []string{"Retry-After", now.Add(-time.Hour).UTC().Format(http.TimeFormat)}
		}, 0},
		{"less than nothing", 429, func(time.Time) []string { return []string{"Retry-After", "-30"} }, 0},
		{"no time at all", 429, func(time.Time) []string { return []string{"Retry-After", "soon"} }, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, _ := mocked(t, Config{}, func(r *http.Request) (*http.Response, error) {
					return answer(tc.status, "", tc.headers(time.Now())...)(r)
				}, answer(200, `{"id":7}`))
				start := time.Now()
				_, err := getNode(t.Context(), c)
				require.NoError(t, err)
				require.GreaterOrEqual(t, time.Since(start), tc.want, "it came back before the server wanted it")
				require.Less(t, time.Since(start), tc.want+2*time.Second, "it waited longer than the server asked for")
			})
		})
	}
}

// opens tells how long a gate stays shut for one that comes now.
func opens(t *testing.T, g *gate) time.Duration {
	t.Helper()
	start := time.Now()
	require.NoError(t, g.wait(t.Context()))
	return time.Since(start)
}

func TestGate_GrowsWithoutAdviceAndOpensStepByStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g gate
		for _, want := range []time.Duration{250, 500, 1000, 2000, 4000, 8000, 16000, 16000} {
			g.throttled(0)
			require.Equal(t, want*time.Millisecond, opens(t, &g), "each refusal without advice doubles the pause, up to a bound")
		}
		g.served()
		g.throttled(0)
		require.Equal(t, 2*time.Second, opens(t, &g), "one success forgets half of the refusals, and not all of them")
		for range 3 {
			g.served()
		}
		g.throttled(0)
		require.Equal(t, 250*time.Millisecond, opens(t, &g))
	})
}

func TestGate_StaysShutForTheLongestAdvice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g gate
		g.throttled(time.Minute)
		g.throttled(time.Second)
		require.Equal(t, time.Minute, opens(t, &g), "a shorter advice to another call took the longer one back")

		g.throttled(10 * time.Second)
		time.AfterFunc(5*time.Second, func() { g.throttled(time.Minute) })
		require.Equal(t, 65*time.Second, opens(t, &g), "who waits already is held up by an advice that comes meanwhile")
	})
}

// TestBudget_IsEarnedBackByWhatSucceeds: ten calls that succeed give back one
// retry, and no number of them gives more than the whole budget.
func TestBudget_IsEarnedBackByWhatSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var script []httpmock.Responder
		add := func(n int, r httpmock.Responder) {
			for range n {
				script = append(script, r)
			}
		}
		ok, down := answer(200, `{"id":7}`), answer(502, "")
		add(100, ok)
		add(budgetSize+1, down) // a call with as many retries as there are
		add(1, down)            // and none is left
		add(11, ok)
		add(1, down)
		add(1, ok) // earned back
		c, attempts := mocked(t, Config{Retries: 1000}, script...)
		call := func() error { _, err := getNode(t.Context(), c); return err }
		for range 100 {
			require.NoError(t, call())
		}
		require.ErrorIs(t, call(), ErrRetryBudget, "a hundred good calls do not widen the budget")
		require.Equal(t, 100+budgetSize+1, *attempts)
		require.ErrorIs(t, call(), ErrRetryBudget)
		for range 11 {
			require.NoError(t, call())
		}
		require.NoError(t, call(), "what succeeds earns retries back")
	})
}

// TestLane_GivesUpWithItsCaller: who waits for a lane is not held beyond its
// own time by whoever is in it.
func TestLane_GivesUpWithItsCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, attempts := mocked(t, Config{})
		c.lane("holds") <- struct{}{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := Do[None](ctx, c, Request{Route: lane, Path: []any{7}})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "waiting for lane holds")
		require.Zero(t, *attempts)
	})
}

func TestP1_AnOriginIsOneHoweverItIsSpelled(t *testing.T) {
	t.Parallel()
	c, _ := mocked(t, Config{})
	for raw, same := range map[string]bool{
		"https://ecm.example/x": true, "https://ecm.example:443/x": true, "https://ECM.Example/x": true,
		"http://ecm.example/x": false, "http://ecm.example:443/x": false, "https://ecm.example:80/x": false, "https://ecm.example.thief.example/x": false,
	} {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		require.Equal(t, same, c.SameOrigin(u), raw)
	}
}

// TestTrap_ABrokenLoginAnswerIsNotQuoted: what is cut short, or is not JSON, may
// hold the credential all the same.
func TestTrap_ABrokenLoginAnswerIsNotQuoted(t *testing.T) {
	t.Parallel()
	login := &Route{Name: "Auth.Login", Method: "POST", Template: "/v1/auth", Repeat: Harmless, Secret: true}
	for _, body := range []string{`{"ticket":"canary"`, "canary", `{"ticket":["canary"]}`} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := mocked(t, Config{Retries: 1}, answer(200, body), answer(200, body))
			_, err := Do[struct{ Ticket string }](t.Context(), c, Request{Route: login})
			require.ErrorIs(t, err, ErrBrokenReply)
			require.NotContains(t, err.Error(), "canary")
			f := err.(*Failure) //nolint:errorlint // the type itself is looked into
			require.Empty(t, f.Body)
			require.NotContains(t, f.Message, "canary")
		})
	}
}

// TestFailure_KeepsLittleOfALongAnswer: a page of an error is evidence, and not
// a load.
func TestFailure_KeepsLittleOfALongAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		long := strings.Repeat("word ", 1<<20)
		c, _ := mocked(t, Config{}, answer(404, long), answer(404, `{"error":"`+strings.Repeat("a", 9000)+`"}`))
		for range 2 {
			_, err := getNode(t.Context(), c)
			f := err.(*Failure) //nolint:errorlint // the type itself is looked into
			require.Len(t, f.Body, maxFailureBody)
			require.Less(t, len(f.Error()), 400)
		}
	})
}

// counted counts what is read of it.
type counted struct {
	io.Reader
	n *int
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	*c.n += n
	return n, err
}

// TestFailure_ReadsLittleOfALongAnswer: an error that never ends holds nobody up.
func TestFailure_ReadsLittleOfALongAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		read := 0
		c, _ := mocked(t, Config{}, func(r *http.Request) (*http.Response, error) {
			resp, err := answer(404, "")(r)
			resp.Body = io.NopCloser(counted{strings.NewReader(strings.Repeat("word ", 1<<20)), &read})
			return resp, err
		})
		_, err := getNode(t.Context(), c)
		require.ErrorIs(t, err, ErrNotFound)
		require.LessOrEqual(t, read, 512<<10)
	})
}
