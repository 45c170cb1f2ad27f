package smint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
		smint.WithPaths(smint.Paths{Binaries: "binaries/{one}"}), smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"https://x/"}}), nil)
	require.ErrorIs(t, err, smint.ErrInvalid)
	for _, part := range []string{"identity URL", "CLAPI URL", "client id", "client secret", "refresh token", "WithRetries", "binaries path", "hosts[0]", `option is "nil"`} {
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
	*smint.MemoryTokenStore
	fail   error
	stored []string
}

func (r *recorder) Swap(ctx context.Context, from smint.Secret, next smint.Tokens) error {
	if r.fail != nil {
		return r.fail
	}
	r.stored = append(r.stored, next.RefreshToken.Reveal())
	return r.MemoryTokenStore.Swap(ctx, from, next)
}

// TestLogin_TheNextTokenIsStoredBeforeItIsUsed: a token that cannot be stored
// is not used, and nothing is called with it.
func TestLogin_TheNextTokenIsStoredBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	full := errors.New("disk full")
	store := &recorder{MemoryTokenStore: smint.NewMemoryTokenStore(), fail: full}
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
	store := &recorder{MemoryTokenStore: smint.NewMemoryTokenStore()}
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

// TestLogin_DeadGrantsInAllTheirWords: a provider need not describe an error,
// and some send it with status 200.
func TestLogin_DeadGrantsInAllTheirWords(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]testserver.Fault{
		"described":    {Status: 400, Body: `{"error":"invalid_grant","error_description":"refresh token expired"}`},
		"bare":         {Status: 400, Body: `{"error":"invalid_grant"}`},
		"as an answer": {Status: 200, Body: `{"error":"invalid_grant","success":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTenant(t, nil)
			store := smint.NewMemoryTokenStore()
			c := w.client(t, store)
			fault.Route = tokenRoute
			w.Fail(fault)
			require.ErrorIs(t, c.Identity.Login(t.Context()), smint.ErrGrantDead)
			tokens, err := store.Load(t.Context())
			require.NoError(t, err)
			require.True(t, tokens.Dead)
			require.Empty(t, tokens.RefreshToken.Reveal(), "it is wiped")
		})
	}
	for name, fault := range map[string]testserver.Fault{
		"another error":   {Status: 400, Body: `{"error":"invalid_client"}`},
		"a page":          {Status: 200, Body: `<html>starting</html>`},
		"no access token": {Status: 200, Body: `{"token_type":"Bearer"}`},
		"an outage":       {Status: 502},
		"an answer lost":  {Kind: testserver.DropAfter},
		"throttled":       {Status: 429, Times: -1},
		"another as 200":  {Status: 200, Body: `{"error":"temporarily_unavailable"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTenant(t, nil)
			store := smint.NewMemoryTokenStore()
			c := w.client(t, store, smint.WithRetries(0))
			fault.Route = tokenRoute
			w.Fail(fault)
			err := c.Identity.Login(t.Context())
			require.Error(t, err)
			require.NotErrorIs(t, err, smint.ErrGrantDead)
			tokens, err := store.Load(t.Context())
			require.NoError(t, err)
			require.False(t, tokens.Dead, "only the provider's own word ends a login")
		})
	}
}

// TestLogin_OddAnswersLoseNoLogin: the refresh token is spent, so whatever
// comes beside its successor must not cost it.
func TestLogin_OddAnswersLoseNoLogin(t *testing.T) {
	t.Parallel()
	for _, expires := range []string{`"3600"`, `3600.5`, `null`, `"soon"`, `{}`, `-1`, `1e300`} {
		w := newTenant(t, nil)
		store := smint.NewMemoryTokenStore()
		c := w.client(t, store)
		w.Fail(testserver.Fault{Route: tokenRoute, Status: 200, Body: `{"access_token":"A","refresh_token":"R","expires_in":` + expires + `}`})
		require.NoError(t, c.Identity.Login(t.Context()), expires)
		tokens, err := store.Load(t.Context())
		require.NoError(t, err)
		require.Equal(t, "R", tokens.RefreshToken.Reveal(), expires)
		require.Equal(t, expires == `"3600"` || expires == `3600.5`, !tokens.Expires.IsZero(), expires)
	}
}

// TestLogin_RefreshesBeforeTheTokenEnds: no call is spent on finding out.
func TestLogin_RefreshesBeforeTheTokenEnds(t *testing.T) {
	t.Parallel()
	w := newTenant(t, func(o *testserver.SmintOptions) { o.TokenLifetime = 20 * time.Second })
	for range 3 {
		_, err := w.c.Metadata.Generic(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, 3, w.Count(tokenRoute), "20 seconds are as good as over")
	w.SetTokenLifetime(time.Hour)
	for range 3 {
		_, err := w.c.Metadata.Generic(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, 4, w.Count(tokenRoute))
	for _, e := range w.Exchanges() {
		require.NotEqual(t, 401, e.Status)
	}
}

// TestLogin_WhoGivesUpLosesNoLogin: a caller whose context ends while the
// refresh token is being spent still lets its successor be stored.
func TestLogin_WhoGivesUpLosesNoLogin(t *testing.T) {
	t.Parallel()
	w := newTenant(t, func(o *testserver.SmintOptions) { o.ReuseEndsLogin = true })
	store := smint.NewMemoryTokenStore()
	c := w.client(t, store)
	ctx, cancel := context.WithCancel(t.Context())
	w.Fail(testserver.Fault{Route: tokenRoute, Kind: testserver.Delay, Wait: time.Millisecond, Where: func(*http.Request) bool { cancel(); return true }})
	_, err := c.Metadata.Generic(ctx)
	require.ErrorIs(t, err, context.Canceled)
	tokens, err := store.Load(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, tokens.RefreshToken.Reveal(), "the successor came home")
	w.EndAccess()
	_, err = c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	before := w.Count(tokenRoute)
	require.ErrorIs(t, w.client(t, nil).Identity.Login(ctx), context.Canceled)
	require.Equal(t, before, w.Count(tokenRoute), "who has given up before spends nothing")
}

// TestLogin_ANewConfiguredTokenBeginsANewLogin: the note that a login is dead
// holds for that login.
func TestLogin_ANewConfiguredTokenBeginsANewLogin(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	store := smint.NewFileTokenStore(filepath.Join(t.TempDir(), "tokens.json"))
	w.EndLogin()
	require.ErrorIs(t, w.client(t, store).Identity.Login(t.Context()), smint.ErrGrantDead)
	before := w.Count(tokenRoute)
	require.ErrorIs(t, w.client(t, store).Identity.Login(t.Context()), smint.ErrGrantDead)
	require.Equal(t, before, w.Count(tokenRoute), "the same dead token is not sent again, after a restart too")
	o, ends := w.Options(), w.Endpoints()
	c, err := smint.New(smint.Endpoints{Identity: ends.Identity, CLAPI: ends.CLAPI}, smint.Login{
		ClientID: o.ClientID, ClientSecret: smint.Secret(o.ClientSecret), RefreshToken: smint.Secret(w.Grant(o.Scope)), Store: store,
	}, smint.WithTransport(w.Transport()), smint.WithLimiter(fast{}))
	require.NoError(t, err)
	require.NoError(t, c.Identity.Login(t.Context()))
}

func TestLogout_RevokesAndForgets(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	store := smint.NewMemoryTokenStore()
	c := w.client(t, store)
	_, err := c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	held, err := store.Load(t.Context())
	require.NoError(t, err)

	const revocation = "POST /connect/revocation"
	w.Fail(testserver.Fault{Route: revocation, Status: 503, Times: -1})
	require.ErrorIs(t, w.client(t, store, smint.WithRetries(0)).Identity.Logout(t.Context()), smint.ErrUnavailable)
	kept, err := store.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, held, kept, "what could not be revoked is not forgotten")
	w.Heal()

	require.NoError(t, c.Identity.Logout(t.Context()))
	_, err = c.Metadata.Generic(t.Context())
	require.ErrorIs(t, err, smint.ErrGrantDead)
	require.ErrorIs(t, w.client(t, store).Identity.Login(t.Context()), smint.ErrGrantDead, "the configured token does not log in again by itself")
	before := w.Count(revocation)
	require.NoError(t, c.Identity.Logout(t.Context()))
	require.Equal(t, before, w.Count(revocation), "there is nothing left to revoke")

	// The provider agrees: both tokens are dead there.
	thief := smint.NewMemoryTokenStore()
	held.Expires = time.Now().Add(time.Hour)
	require.NoError(t, thief.Swap(t.Context(), "", held))
	_, err = w.client(t, thief).Metadata.Generic(t.Context())
	require.ErrorIs(t, err, smint.ErrGrantDead)
}

// TestDiscover_TheIssuerMayDifferFromTheHost, and what is no description is an
// error.
func TestDiscover_TheIssuerMayDifferFromTheHost(t *testing.T) {
	t.Parallel()
	w := newTenant(t, func(o *testserver.SmintOptions) { o.Issuer = "https://login.elsewhere.example" })
	d, err := w.c.Identity.Discover(t.Context())
	require.NoError(t, err)
	require.Equal(t, "https://login.elsewhere.example", d.Issuer)
	require.Equal(t, w.Endpoints().Identity+"/connect/token", d.TokenEndpoint)
	require.Contains(t, d.CodeChallengeMethods, "S256")
	require.Contains(t, string(d.Raw), "jwks_uri")
	require.Zero(t, w.Count(tokenRoute), "it needs no login")
	for _, body := range []string{
		`{}`, `[]`, `{"issuer":"x"}`, `{"issuer":"x","authorization_endpoint":"https://a.example/","token_endpoint":"http://a.example/"}`,
		`{"issuer":1,"authorization_endpoint":"https://a.example/","token_endpoint":"https://a.example/"}`, `<html>`,
	} {
		w.Fail(testserver.Fault{Route: "GET /.well-known/openid-configuration", Status: 200, Body: body, Times: 3})
		_, err := w.c.Identity.Discover(t.Context())
		require.ErrorIs(t, err, smint.ErrBrokenReply, body)
		w.Heal()
	}
}

// TestLogout_EndsAPersonsLoginForGood: the token that configuration brings does
// not begin another one.
func TestLogout_EndsAPersonsLoginForGood(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	store := smint.NewMemoryTokenStore()
	c := w.client(t, store)
	b := &browser{tenant: w}
	require.NoError(t, c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: loopback, Open: b.open}))
	require.NoError(t, c.Identity.Logout(t.Context()))
	require.ErrorIs(t, w.client(t, store).Identity.Login(t.Context()), smint.ErrGrantDead)
	require.NoError(t, c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: loopback, Open: b.open}))
	_, err := w.client(t, store).Metadata.Generic(t.Context())
	require.NoError(t, err, "a person can log in again")
}

// overtaken is a store into which another process was faster to write, once.
type overtaken struct {
	*smint.MemoryTokenStore
	other smint.Tokens
}

func (o *overtaken) Swap(ctx context.Context, from smint.Secret, next smint.Tokens) error {
	if o.other.RefreshToken != "" {
		other := o.other
		o.other = smint.Tokens{}
		if err := o.MemoryTokenStore.Swap(ctx, from, other); err != nil {
			return err
		}
	}
	return o.MemoryTokenStore.Swap(ctx, from, next)
}

func TestLogin_WhoIsOvertakenTakesWhatIsStored(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	other := smint.Tokens{AccessToken: smint.Secret(w.AccessToken("")), RefreshToken: "another"}
	store := &overtaken{smint.NewMemoryTokenStore(), other}
	c := w.client(t, store)
	_, err := c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	stored, err := store.Load(t.Context())
	require.NoError(t, err)
	require.Equal(t, other, stored)
}
