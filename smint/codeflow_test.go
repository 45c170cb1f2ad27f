package smint_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

// browser plays the person: it asks the identity provider in-process, and
// brings what that answers to the receiver's real address. Pages on the way
// may change the answer.
type browser struct {
	*tenant
	asked  url.Values
	change func(answer url.Values)
	before func(receiver *url.URL)
	status int
	page   string
}

func (b *browser) open(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	b.asked = u.Query()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := b.Transport().RoundTrip(q)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusFound {
		return fmt.Errorf("the provider answers %d", resp.StatusCode)
	}
	back, err := url.Parse(resp.Header.Get("Location"))
	if err != nil {
		return err
	}
	if b.before != nil {
		b.before(back)
	}
	if b.change != nil {
		answer := back.Query()
		b.change(answer)
		back.RawQuery = answer.Encode()
	}
	b.status, b.page, err = visit(ctx, back.String(), "")
	return err
}

func visit(ctx context.Context, address, host string) (int, string, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	q.Host = host
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(q)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(page), err
}

func newBrowser(t *testing.T, change func(*testserver.SmintOptions)) (*browser, *smint.Client, smint.TokenStore) {
	t.Helper()
	w := newTenant(t, change)
	w.EndLogin() // only a person can log in
	store := smint.NewMemoryTokenStore()
	return &browser{tenant: w}, w.client(t, store), store
}

const loopback = "http://127.0.0.1:0"

func TestCodeFlow_APersonLogsIn(t *testing.T) {
	t.Parallel()
	b, c, store := newBrowser(t, func(o *testserver.SmintOptions) { o.Issuer = "https://login.smint.io" })
	require.ErrorIs(t, c.Identity.Login(t.Context()), smint.ErrGrantDead)
	require.NoError(t, c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: loopback, Open: b.open}))
	require.Equal(t, http.StatusOK, b.status)
	require.Contains(t, b.page, "close this window")
	require.NotContains(t, b.page, b.asked.Get("state"), "nothing of the answer is shown")

	require.Equal(t, "S256", b.asked.Get("code_challenge_method"))
	require.Len(t, b.asked.Get("code_challenge"), 43)
	for _, secret := range []string{"state", "nonce"} {
		require.Len(t, b.asked.Get(secret), 43, "256 bits of %s", secret)
	}
	require.Equal(t, "smintio.full openid profile offline_access", b.asked.Get("scope"))
	require.Empty(t, b.asked.Get("client_secret"))

	_, err := c.Metadata.Generic(t.Context())
	require.NoError(t, err, "the login works")
	tokens, err := store.Load(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, tokens.RefreshToken.Reveal())
	b.EndAccess()
	_, err = c.Metadata.Generic(t.Context())
	require.NoError(t, err, "and is refreshed")

	_, page, err := visit(t.Context(), b.asked.Get("redirect_uri"), "")
	require.True(t, err != nil || !strings.Contains(page, "Login"), "the receiver is gone")
}

// TestCodeFlow_WhatIsNotToThisLoginChangesNothing: any page of the browser can
// send requests to the receiver. Each is refused, and the login goes on.
func TestCodeFlow_WhatIsNotToThisLoginChangesNothing(t *testing.T) {
	t.Parallel()
	b, c, _ := newBrowser(t, nil)
	forged := map[string]int{}
	b.before = func(right *url.URL) {
		try := func(name string, want int, change func(u *url.URL, query url.Values), host string) {
			u, query := *right, right.Query()
			change(&u, query)
			u.RawQuery = query.Encode()
			status, page, err := visit(t.Context(), u.String(), host)
			if err != nil || status != want || strings.Contains(page, "canary") {
				t.Errorf("%s: %d %q %v, want %d", name, status, page, err, want)
			}
			forged[name] = status
		}
		try("no state", 400, func(_ *url.URL, q url.Values) { q.Del("state") }, "")
		try("another state", 400, func(_ *url.URL, q url.Values) { q.Set("state", "canary") }, "")
		try("two states", 400, func(_ *url.URL, q url.Values) { q.Add("state", "canary") }, "")
		try("no code", 400, func(_ *url.URL, q url.Values) { q.Del("code") }, "")
		try("two codes", 400, func(_ *url.URL, q url.Values) { q.Add("code", "canary") }, "")
		try("code and error", 400, func(_ *url.URL, q url.Values) { q.Set("error", "canary") }, "")
		try("a forged refusal", 400, func(_ *url.URL, q url.Values) { q.Del("code"); q.Set("error", "access_denied"); q.Set("state", "x") }, "")
		try("another path", 404, func(u *url.URL, _ url.Values) { u.Path = "/canary" }, "")
		try("another name of this machine", 403, func(*url.URL, url.Values) {}, "rebound.example:"+right.Port())
		resp, err := http.PostForm(right.String(), right.Query())
		if err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("a form: %v %v", resp, err)
			return
		}
		_ = resp.Body.Close()
	}
	require.NoError(t, c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: loopback, Open: b.open}))
	require.Len(t, forged, 9)
	_, err := c.Metadata.Generic(t.Context())
	require.NoError(t, err)
}

// TestCodeFlow_ErrorAnswers tell a refusal from an outage.
func TestCodeFlow_ErrorAnswers(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]error{
		"access_denied": smint.ErrDenied, "consent_required": smint.ErrDenied, "temporarily_unavailable": smint.ErrUnavailable,
		"server_error": smint.ErrUnavailable, "invalid_scope": smint.ErrInvalid, "something_new": smint.ErrInvalid,
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			b, c, store := newBrowser(t, nil)
			b.change = func(answer url.Values) {
				answer.Del("code")
				answer.Set("error", code)
				answer.Set("error_description", "said by the provider\r\nforged line")
			}
			err := c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: loopback, Open: b.open})
			require.ErrorIs(t, err, want)
			e, ok := errors.AsType[*smint.Error](err)
			require.True(t, ok)
			require.Equal(t, code, e.Code)
			require.Equal(t, "said by the provider", e.Message)
			require.Equal(t, errors.Is(err, smint.ErrUnavailable), e.Retryable())
			tokens, err := store.Load(t.Context())
			require.NoError(t, err)
			require.Empty(t, tokens.RefreshToken.Reveal())
		})
	}
}

// TestCodeFlow_AStolenCodeIsNoLogin: a code that was given for another login is
// refused by PKCE, and tokens that were made for another one by their nonce.
func TestCodeFlow_AStolenCodeIsNoLogin(t *testing.T) {
	t.Parallel()
	b, c, store := newBrowser(t, nil)
	flow := smint.CodeFlow{RedirectURL: loopback, Open: b.open}
	b.change = func(answer url.Values) {
		// The attacker's own login, with a challenge of the attacker's.
		query := url.Values{}
		for name, values := range b.asked {
			query[name] = values
		}
		query.Set("code_challenge", strings.Repeat("A", 43))
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Endpoints().Identity+"/connect/authorize?"+query.Encode(), http.NoBody)
		require.NoError(t, err)
		resp, err := b.Transport().RoundTrip(q)
		require.NoError(t, err)
		_ = resp.Body.Close()
		back, err := resp.Location()
		require.NoError(t, err)
		answer.Set("code", back.Query().Get("code"))
	}
	err := c.Identity.LoginInBrowser(t.Context(), flow)
	require.ErrorContains(t, err, "invalid_grant")
	b.change = nil

	claims := func(text string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(text)) + ".c2ln"
	}
	for name, token := range map[string]string{
		"another nonce":  claims(`{"nonce":"another","aud":"acme-ecm"}`),
		"no nonce":       claims(`{"aud":["acme-ecm"]}`),
		"another client": claims(`{"nonce":"NONCE","aud":["another"]}`),
		"no JWT":         "opaque",
	} {
		// The nonce is known only when the browser opens: the fault is made then.
		flow.Open = func(ctx context.Context, address string) error {
			u, err := url.Parse(address)
			require.NoError(t, err)
			body := token
			if strings.Contains(name, "client") {
				body = claims(`{"nonce":"` + u.Query().Get("nonce") + `","aud":["another"]}`)
			}
			b.Fail(testserver.Fault{Route: tokenRoute, Status: 200, Body: `{"access_token":"AT","refresh_token":"RT","id_token":"` + body + `"}`})
			return b.open(ctx, address)
		}
		err := c.Identity.LoginInBrowser(t.Context(), flow)
		require.ErrorIs(t, err, smint.ErrBrokenReply, name)
	}
	flow.Open = func(ctx context.Context, address string) error {
		b.Fail(testserver.Fault{Route: tokenRoute, Status: 200, Body: `{"access_token":"AT"}`})
		return b.open(ctx, address)
	}
	require.ErrorContains(t, c.Identity.LoginInBrowser(t.Context(), flow), "offline_access", "a login that would end in an hour is no login")
	tokens, err := store.Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, tokens.RefreshToken.Reveal(), "nothing of it is stored")
}

func TestCodeFlow_EndsWithoutAPerson(t *testing.T) {
	t.Parallel()
	_, c, _ := newBrowser(t, nil)
	nobody := func(context.Context, string) error { return nil }
	err := c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: loopback, Open: nobody, Timeout: time.Millisecond})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "nobody has logged in")
	ctx, cancel := context.WithCancel(t.Context())
	err = c.Identity.LoginInBrowser(ctx, smint.CodeFlow{RedirectURL: loopback, Open: func(context.Context, string) error { cancel(); return nil }})
	require.ErrorIs(t, err, context.Canceled)
	none := errors.New("no browser")
	err = c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: loopback, Open: func(context.Context, string) error { return none }})
	require.ErrorIs(t, err, none)

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	err = c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: "http://" + taken.Addr().String(), Open: nobody})
	require.ErrorContains(t, err, "listen at")
}

// TestCodeFlow_ListensOnLoopbackOnly: other addresses are refused as settings,
// and the listener is not reached by the machine's other addresses.
func TestCodeFlow_ListensOnLoopbackOnly(t *testing.T) {
	t.Parallel()
	b, c, _ := newBrowser(t, nil)
	for _, bad := range []string{
		"", "https://127.0.0.1:1", "http://127.0.0.1", "http://0.0.0.0:0", "http://[::]:0", "http://192.168.0.1:0", "http://acme.example:0", "http://127.0.0.1.acme.example:0",
		"http://user@127.0.0.1:0", "http://127.0.0.1:0/?a=b", "http://127.0.0.1:0/#a", "127.0.0.1:0", "http://2130706433:0", "http://127.0.0.1:x",
	} {
		err := c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: bad, Timeout: -1})
		require.ErrorIs(t, err, smint.ErrInvalid, bad)
		for _, what := range []string{"redirect URL", "open", "timeout"} {
			require.ErrorContains(t, err, what, "everything that is wrong is said")
		}
	}
	others, err := net.InterfaceAddrs()
	require.NoError(t, err)
	b.before = func(receiver *url.URL) {
		for _, a := range others {
			n, ok := a.(*net.IPNet)
			if !ok || n.IP.IsLoopback() || n.IP.IsLinkLocalUnicast() {
				continue
			}
			conn, err := net.DialTimeout("tcp", net.JoinHostPort(n.IP.String(), receiver.Port()), time.Second)
			if err == nil {
				_ = conn.Close()
				t.Errorf("the receiver is reached at %s", n.IP)
			}
		}
	}
	require.NoError(t, c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: loopback, Open: b.open}))
}

// TestCodeFlow_ByTheNameLocalhost at a path: a browser may take either family.
func TestCodeFlow_ByTheNameLocalhost(t *testing.T) {
	t.Parallel()
	_, c, _ := newBrowser(t, nil)
	err := c.Identity.LoginInBrowser(t.Context(), smint.CodeFlow{RedirectURL: "http://localhost:0/local", Open: func(ctx context.Context, address string) error {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		back, err := url.Parse(u.Query().Get("redirect_uri"))
		if err != nil {
			return err
		}
		require.Equal(t, "/local", back.Path)
		query := url.Values{"state": {u.Query().Get("state")}, "code": {"canary-code"}}
		status, _, err := visit(ctx, "http://127.0.0.1:"+back.Port()+"/local?"+query.Encode(), back.Host)
		require.Equal(t, http.StatusOK, status)
		return err
	}})
	require.ErrorContains(t, err, "invalid_grant", "the receiver took it, and the provider knows no such code")
	require.NotContains(t, fmt.Sprintf("%+v %#v", err, err), "canary")
}
