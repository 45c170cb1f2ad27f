package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm/ecmtest"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// running is a bridge on the fakes, in this process.
type running struct {
	t     *testing.T
	base  string
	stop  context.CancelFunc
	ended chan error
	once  sync.Once
	err   error
	out   *tail
}

// tail takes what a bridge prints and tells where it listens.
type tail struct {
	printer
	text strings.Builder
	at   chan string
}

var listening = regexp.MustCompile(`listening at (http://\S+)`)

func (l *tail) Write(b []byte) (int, error) {
	if m := listening.FindSubmatch(b); m != nil {
		l.at <- string(m[1])
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func start(t *testing.T, policy, state string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{t: t, stop: stop, ended: make(chan error, 1), out: &tail{at: make(chan string, 1)}}
	args := []string{"-policy", policy, "-fakes", "-state", state, "-listen", "127.0.0.1:0", "-every", "300ms"}
	go func() { r.ended <- run(ctx, args, func(string) string { return "" }, r.out, io.Discard) }()
	select {
	case r.base = <-r.out.at:
	case err := <-r.ended:
		t.Fatalf("it did not start: %v\n%s", err, r.out)
	}
	// One that a test has given up ends before its folder is taken away.
	t.Cleanup(func() { _ = r.wait() })
	return r
}

// wait stops the bridge and tells how it ended.
func (r *running) wait() error {
	r.stop()
	r.once.Do(func() { r.err = <-r.ended })
	return r.err
}

func (r *running) end() {
	r.t.Helper()
	require.NoError(r.t, r.wait(), r.out.String())
}

type status struct {
	Healthy bool
	Runners []recsync.RunnerStatus
}

func (r *running) ask(path string) (int, status) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.base+path, nil)
	require.NoError(r.t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(r.t, err)
	defer func() { _ = resp.Body.Close() }()
	var s status
	require.NoError(r.t, json.NewDecoder(resp.Body).Decode(&s))
	return resp.StatusCode, s
}

// until asks again and again until the statuses are as wanted. How long that
// takes is the machine's affair: only a bridge that does not get there at all
// is given up.
func (r *running) until(what string, wanted func(status) bool) {
	r.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(5 * time.Minute); ; <-tick.C {
		_, s := r.ask("/runners")
		if wanted(s) {
			return
		}
		if time.Now().After(end) {
			require.Fail(r.t, "it never came to this: "+what, "%+v\n%s", s, r.out)
		}
	}
}

// says waits for words in what the bridge prints.
func (r *running) says(what, pattern string) {
	r.t.Helper()
	words := regexp.MustCompile(pattern)
	r.until(what, func(status) bool { return words.MatchString(r.out.String()) })
}

func copyPolicy(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("policy.json")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

// TestBridge_StoppedAndStartedLosesNothing runs all flows, stops, starts again,
// and counts what stands in the end.
func TestBridge_StoppedAndStartedLosesNothing(t *testing.T) {
	t.Parallel()
	policy, state := copyPolicy(t), t.TempDir()
	for range 2 {
		r := start(t, policy, state)
		r.until("each runner makes good passes", func(s status) bool {
			for _, one := range s.Runners {
				if one.Passes < 6 && (one.Name != "reconcile" || one.Passes < 1) {
					return false
				}
			}
			return len(s.Runners) == 7
		})
		code, s := r.ask("/healthz")
		require.Equal(t, http.StatusOK, code, "%+v\n%s", s, r.out)
		require.True(t, s.Healthy)
		for what, pattern := range map[string]string{
			"people's work becomes records": "declared=[1-9]", "what happened to records is proven at Smint.io": "proven=[1-9]", "records are offered": "published=", "both sides are compared": "reconcile: records=",
			"metadata that a person changes in the portal reaches the record": "synced=[1-9]",
		} {
			r.says(what, pattern)
		}
		// A place that is slow is escalated, and proven in a later pass.
		r.until("everything that was taken away is proven", func(s status) bool {
			open := false
			for _, one := range s.Runners {
				open = open || one.Name == "watch" && !strings.Contains(one.Summary, "open=0")
			}
			return !open
		})
		r.end()
	}
	server, err := ecmtest.Load(filepath.Join(state, "fakes"), ecmtest.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	names := map[string]int{}
	for _, d := range server.Documents() {
		names[d.Name]++
		require.Equal(t, 1, names[d.Name], "one record for each asset, across the restart: %s", d.Name)
	}
	require.Greater(t, len(names), 4)
}

func TestBridge_APolicyEditedWhileItRunsIsNoticed(t *testing.T) {
	t.Parallel()
	policy, state := copyPolicy(t), t.TempDir()
	r := start(t, policy, state)
	says := func(want string) {
		r.until(want, func(s status) bool {
			for _, one := range s.Runners {
				if one.Name == "policy" && strings.Contains(one.Summary, want) {
					return true
				}
			}
			return false
		})
	}
	says("in force")
	text, err := os.ReadFile(policy)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(policy, []byte(strings.Replace(string(text), "acme-2026-11", "acme-2026-12", 1)), 0o600))
	says("stays in force until a restart")
	require.NoError(t, os.WriteFile(policy, text[:len(text)/2], 0o600))
	says("has faults")

	t.Run("two bridges on one state folder", func(t *testing.T) {
		err := run(t.Context(), []string{"-policy", copyPolicy(t), "-fakes", "-state", state}, os.Getenv, io.Discard, io.Discard)
		require.Error(t, err)
		require.Equal(t, recsync.TroubleInUse, recsync.TroubleOf(err), "%v", err)
		require.ErrorContains(t, err, "next step: stop the other process")
		require.NoFileExists(t, filepath.Join(state, "fakes", "ecm.json"), "the one that is refused writes nothing of its own")
	})

	silent, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(r.base, "http://"))
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	require.FileExists(t, filepath.Join(state, "fakes", unsaved), "should it be killed")
	// Whoever is connected and asks nothing does not turn a stop into a failure.
	r.end()
	require.NoFileExists(t, filepath.Join(state, "fakes", unsaved))
}

// TestBridge_FakesThatWereKilledAreNotTakenForTheSystems that the bridge knows.
func TestBridge_FakesThatWereKilledAreNotTakenForTheSystems(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	check := func() error {
		return run(t.Context(), []string{"-policy", copyPolicy(t), "-fakes", "-state", state, "-check"}, os.Getenv, io.Discard, io.Discard)
	}
	require.NoError(t, check())
	require.NoError(t, check(), "they were stopped and saved")
	require.NoError(t, os.WriteFile(filepath.Join(state, "fakes", unsaved), nil, 0o600))
	require.ErrorContains(t, check(), "Remove the folder or give another -state", "the next step")
}

func TestBridge_BadInputIsToldApart(t *testing.T) {
	t.Parallel()
	call := func(args ...string) error {
		return run(t.Context(), args, func(string) string { return "" }, io.Discard, io.Discard)
	}
	require.ErrorContains(t, call(), "want -policy FILE")
	require.ErrorIs(t, call("-policy", "no-such-file"), os.ErrNotExist)
	require.ErrorContains(t, call("-policy", "policy.json", "-every", "0s"), "-every")
	err := call("-policy", "policy.json", "-state", t.TempDir())
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, name := range []string{"ACME_ECM_PASSWORD", "GLOBEX_SMINT_TOKEN"} {
		require.ErrorContains(t, err, name, "every secret that is missing is named at once")
	}
	require.NotContains(t, err.Error(), "again by itself", "what ends is not tried again")
	broken := filepath.Join(t.TempDir(), "policy.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"format": 1, "scopes": [{"id": "A b"}]}`), 0o600))
	require.ErrorContains(t, call("-policy", broken), "line 1: scopes[0].id")
}

func TestBridge_ACheckpointOfAnotherScopeEndsThatRunnerAndSaysSo(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(state, "acme"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(state, "acme", "purchases.json"), []byte(`{"format": 1, "scope": "globex", "feed": "license purchase transactions"}`), 0o600))
	r := start(t, copyPolicy(t), state)
	r.until("the other runners go on", func(s status) bool {
		stopped, well := 0, 0
		for _, one := range s.Runners {
			if one.State == recsync.RunnerStopped {
				stopped++
			} else if one.Passes > 1 {
				well++
			}
		}
		return stopped == 1 && well >= 4
	})
	code, _ := r.ask("/healthz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	code, s := r.ask("/runners")
	require.Equal(t, http.StatusOK, code)
	require.False(t, s.Healthy, "/runners says so too")
	err := r.wait()
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	require.ErrorContains(t, err, "next step: give each scope")
}
