package smint_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

const tokenRoute = "POST /connect/token"

func TestNew_ReportsEveryFault(t *testing.T) {
	t.Parallel()
	_, err := smint.New(smint.Endpoints{Identity: "http://acme.smint.io", CLAPI: "clapi"}, smint.Login{}, smint.WithRetries(99),
		smint.WithPaths(smint.Paths{Binaries: "binaries/{one}"}), smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"https://x/"}}))
	require.ErrorIs(t, err, smint.ErrInvalid)
	for _, part := range []string{"identity URL", "CLAPI URL", "client id", "client secret", "refresh token", "WithRetries", "binaries path", "hosts[0]"} {
		require.ErrorContains(t, err, part)
	}
	for _, bad := range []string{"", "acme.smint.io", "Acme", "a/b", "-a"} {
		_, err := smint.Tenant(bad)
		require.ErrorIs(t, err, smint.ErrInvalid, bad)
	}
	ends, err := smint.Tenant("acme-staging")
	require.NoError(t, err)
	require.Equal(t, "https://acme-staging.clapi.smint.io/consumer/v1", ends.CLAPI)
}

func TestLogin_RefreshesOnceForAllWhoWait(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	all := func() {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := w.c.Metadata.Generic(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	all()
	require.Equal(t, 1, w.Count(tokenRoute))
	w.EndAccess()
	all()
	require.Equal(t, 2, w.Count(tokenRoute))
}

// recorder is a store that notes what is stored, and can fail.
type recorder struct {
	smint.TokenStore
	fail   error
	stored []string
}

func (r *recorder) Swap(ctx context.Context, from smint.Secret, next smint.Tokens) error {
	if r.fail != nil {
		return r.fail
	}
	r.stored = append(r.stored, next.RefreshToken.Reveal())
	return r.TokenStore.Swap(ctx, from, next)
}

// TestLogin_TheNextTokenIsStoredBeforeItIsUsed: a token that cannot be stored
// is not used, and nothing is called with it.
func TestLogin_TheNextTokenIsStoredBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	full := errors.New("disk full")
	store := &recorder{TokenStore: smint.NewMemoryTokenStore(), fail: full}
	c := w.client(t, store)
	_, err := c.Metadata.Generic(t.Context())
	require.ErrorIs(t, err, full)
	require.Zero(t, w.Count("GET /consumer/*"))
}

func TestLogin_RotatesAndSurvivesARestart(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	store := smint.NewFileTokenStore(filepath.Join(t.TempDir(), "tokens.json"))
	for range 3 {
		c := w.client(t, store)
		require.NoError(t, c.Identity.Login(t.Context()))
		w.EndAccess()
		require.NoError(t, c.Identity.Login(t.Context()))
		_, err := c.Metadata.Generic(t.Context())
		require.NoError(t, err)
	}
}

func TestLogin_AnOmittedRefreshTokenKeepsTheOldOne(t *testing.T) {
	t.Parallel()
	w := newTenant(t, func(o *testserver.SmintOptions) { o.OmitRefreshToken = true })
	for range 3 {
		_, err := w.c.Metadata.Generic(t.Context())
		require.NoError(t, err)
		w.EndAccess()
	}
	require.Equal(t, 3, w.Count(tokenRoute))
}

// TestLogin_ADeadGrantIsToldFromAnOutage: the one needs a person, the other
// time.
func TestLogin_ADeadGrantIsToldFromAnOutage(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	store := &recorder{TokenStore: smint.NewMemoryTokenStore()}
	c := w.client(t, store)
	w.Fail(testserver.Fault{Route: tokenRoute, Status: 503})
	err := c.Identity.Login(t.Context())
	require.ErrorIs(t, err, smint.ErrUnavailable)
	require.NotErrorIs(t, err, smint.ErrGrantDead)
	require.NoError(t, c.Identity.Login(t.Context()), "the login lives on")

	w.EndLogin()
	w.EndAccess()
	_, err = c.Metadata.Generic(t.Context())
	require.ErrorIs(t, err, smint.ErrGrantDead)
	before := w.Count(tokenRoute)
	_, err = c.Metadata.Generic(t.Context())
	require.ErrorIs(t, err, smint.ErrGrantDead)
	require.Equal(t, before, w.Count(tokenRoute), "a dead token is not sent again")
	require.NotContains(t, fmt.Sprintf("%+v", err), "RT")
}

// TestLogin_AnotherProcessesTokensAreTakenOver: two clients share one store;
// neither loses the login when the other one refreshes.
func TestLogin_AnotherProcessesTokensAreTakenOver(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	path := filepath.Join(t.TempDir(), "tokens.json")
	a, b := w.client(t, smint.NewFileTokenStore(path)), w.client(t, smint.NewFileTokenStore(path))
	for i := range 20 {
		for _, c := range []*smint.Client{a, b} {
			_, err := c.Metadata.Generic(t.Context())
			require.NoError(t, err, "round %d", i)
		}
		w.EndAccess()
	}
}

func TestFileTokenStore_IsOursAloneAndComparesBeforeItSwaps(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tokens.json")
	s := smint.NewFileTokenStore(path)
	tokens, err := s.Load(t.Context())
	require.NoError(t, err)
	require.Zero(t, tokens)
	next := smint.Tokens{AccessToken: "A", RefreshToken: "R1", Expires: time.Now().Add(time.Hour).UTC()}
	require.NoError(t, s.Swap(t.Context(), "R0", next))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.ErrorIs(t, s.Swap(t.Context(), "R0", smint.Tokens{RefreshToken: "R2"}), smint.ErrTokensMoved)
	tokens, err = s.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, "R1", tokens.RefreshToken.Reveal())
	require.NoError(t, os.Chmod(path, 0o644))
	_, err = s.Load(t.Context())
	require.ErrorContains(t, err, "0600")
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = s.Load(t.Context())
	require.ErrorContains(t, err, path)
}
