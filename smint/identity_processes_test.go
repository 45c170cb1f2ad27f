package smint_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

// refresherEnv makes the test binary a process of its own that refreshes a
// shared login: its value is the identity URL.
const refresherEnv = "SMINT_TEST_REFRESHER"

func TestMain(m *testing.M) {
	if os.Getenv(refresherEnv) != "" {
		os.Exit(refresher())
	}
	os.Exit(m.Run())
}

func refresher() int {
	times, err := strconv.Atoi(os.Getenv(refresherEnv + "_TIMES"))
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err != nil {
		return fail(err)
	}
	base := os.Getenv(refresherEnv)
	c, err := smint.New(smint.Endpoints{Identity: base, CLAPI: base + "/consumer/v1"}, smint.Login{
		ClientID: "acme-ecm", ClientSecret: "acme-ecm-secret", RefreshToken: "RT0-first-login",
		Store: smint.NewFileTokenStore(os.Getenv(refresherEnv + "_FILE")),
	}, smint.WithLimiter(fast{}), smint.WithRetries(0))
	if err != nil {
		return fail(err)
	}
	for i := range times {
		if err := c.Identity.Login(context.Background()); err != nil {
			return fail(fmt.Errorf("refresh %d: %w", i+1, err))
		}
	}
	return 0
}

// TestLogin_TwoProcessesRefreshOneLogin: access tokens end before they are
// used, so that every call spends the refresh token; the provider takes the
// second use of one for a theft and ends the login. Two processes share the
// file, and neither loses the login.
func TestLogin_TwoProcessesRefreshOneLogin(t *testing.T) {
	t.Parallel()
	const each = 1000
	fake := testserver.NewSmint(testserver.SmintOptions{ReuseEndsLogin: true, TokenLifetime: 10 * time.Second})
	t.Cleanup(func() { _ = fake.Close() })
	base, stop := testserver.Serve(fake)
	t.Cleanup(stop)
	file := filepath.Join(t.TempDir(), "tokens.json")
	self, err := os.Executable()
	require.NoError(t, err)
	start := time.Now()
	var wg sync.WaitGroup
	for p := range 2 {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), refresherEnv+"="+base, refresherEnv+"_FILE="+file, refresherEnv+"_TIMES="+strconv.Itoa(each))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %d lost the login: %v\n%s", p, err, out)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 2*each, fake.Count(tokenRoute), "every call refreshed, none twice")
	for _, e := range fake.Exchanges() {
		require.Equal(t, 200, e.Status, "no refresh token was spent twice")
	}
	tokens, err := smint.NewFileTokenStore(file).Load(t.Context())
	require.NoError(t, err)
	require.False(t, tokens.Dead)
	t.Logf("2 processes, %d refreshes each, in %s", each, time.Since(start).Round(time.Millisecond))
}

// swapOnly is a store without turns: only its compare-and-swap keeps two
// clients apart.
type swapOnly struct{ smint.TokenStore }

// TestLogin_CompareAndSwapAloneLosesNoLogin, where the provider takes the
// second use of a refresh token for what it is: whoever was late finds the
// tokens of the other one.
func TestLogin_CompareAndSwapAloneLosesNoLogin(t *testing.T) {
	t.Parallel()
	w := newTenant(t, func(o *testserver.SmintOptions) { o.TokenLifetime = 10 * time.Second })
	w.Fail(testserver.Fault{Route: tokenRoute, Kind: testserver.Delay, Wait: time.Millisecond, Times: -1}) // so that they meet
	store := swapOnly{smint.NewMemoryTokenStore()}
	var wg sync.WaitGroup
	for range 2 {
		c := w.client(t, store)
		wg.Go(func() {
			for i := range 200 {
				if err := c.Identity.Login(t.Context()); err != nil {
					t.Errorf("call %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	late := 0
	for _, e := range w.Exchanges() {
		if e.Status == 400 {
			late++
		}
	}
	require.Positive(t, late, "they did meet")
	tokens, err := store.Load(t.Context())
	require.NoError(t, err)
	require.False(t, tokens.Dead)
	t.Logf("%d refreshes, %d of them too late", w.Count(tokenRoute), late)
}

// TestFileTokenStore_TurnsEndWithTheirHolder: one at a time, and who no longer
// waits gets none.
func TestFileTokenStore_TurnsEndWithTheirHolder(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.json")
	for name, stores := range map[string][2]smint.TokenLocker{
		"file":   {smint.NewFileTokenStore(path), smint.NewFileTokenStore(path)},
		"memory": twice(smint.NewMemoryTokenStore()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unlock, err := stores[0].Lock(t.Context())
			require.NoError(t, err)
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			_, err = stores[1].Lock(gone)
			require.ErrorIs(t, err, gone.Err())
			unlock()
			again, err := stores[1].Lock(t.Context())
			require.NoError(t, err)
			again()
		})
	}
}

func twice(s smint.TokenLocker) [2]smint.TokenLocker { return [2]smint.TokenLocker{s, s} }
