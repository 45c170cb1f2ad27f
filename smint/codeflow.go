package smint

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// CodeFlow is a login of a person with a browser on the same machine: OAuth2
// code flow with PKCE, answered at a loopback address (RFC 8252).
type CodeFlow struct {
	// RedirectURL is where the browser comes back to: http, a loopback address
	// (127.0.0.1, [::1] or localhost) and a port, as "http://127.0.0.1:7587". The
	// vendor lists the addresses that he allows. Port 0 takes a free one, for
	// providers that allow any.
	RedirectURL string
	// Scope defaults to "smintio.full openid profile offline_access"; for users
	// of portals it is "smintio.portals.frontend openid profile
	// offline_access".
	Scope string
	// Open shows the address to the person, for example by starting the
	// browser. It is called once, and the login waits for it to return.
	Open func(ctx context.Context, address string) error
	// Timeout bounds the wait for the person. Defaults to 5 minutes.
	Timeout time.Duration
}

const defaultScope = "smintio.full openid profile offline_access"

func (f CodeFlow) check(op string) (CodeFlow, *url.URL, error) {
	var faults rest.Problems
	const want = "http, a loopback address and a port, without user, query and fragment"
	u, err := url.Parse(f.RedirectURL)
	if err != nil {
		u = &url.URL{}
	}
	host := u.Hostname()
	if u.Scheme != "http" || u.Port() == "" || (host != "localhost" && host != "127.0.0.1" && host != "::1") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		faults.Add("redirect URL", f.RedirectURL, want)
	}
	if f.Open == nil {
		faults.Add("open", nil, "a function that shows the address to the person")
	}
	if f.Timeout < 0 {
		faults.Add("timeout", f.Timeout, "more than 0")
	}
	if f.Timeout == 0 {
		f.Timeout = 5 * time.Minute
	}
	if f.Scope == "" {
		f.Scope = defaultScope
	}
	return f, u, faults.Err(op)
}

// LoginInBrowser has a person log in with a browser, exchanges what comes back
// for tokens and stores them in place of whatever was stored. The receiver
// listens on loopback only and is gone when the call returns. Errors: ErrDenied
// if the person or the provider refused, context.DeadlineExceeded if nobody
// came in time, ErrBrokenReply for an answer that is not to this login.
//
// API: GET /connect/authorize (by the browser), POST /connect/token.
func (s *IdentityService) LoginInBrowser(ctx context.Context, f CodeFlow) error {
	route := s.routes.authorize
	f, redirect, err := f.check(route.Name)
	if err != nil {
		return err
	}
	attempt := codeAttempt{state: randomText(), nonce: randomText(), verifier: randomText()}
	r, err := newReceiver(ctx, redirect, attempt.state)
	if err != nil {
		return &Error{Op: route.Name, Err: fmt.Errorf("listen at %s: %w", redirect.Host, err)}
	}
	defer r.close(ctx)
	attempt.redirect = r.address
	waiting, cancel := context.WithTimeoutCause(ctx, f.Timeout, fmt.Errorf("nobody has logged in within %s: %w", f.Timeout, context.DeadlineExceeded))
	defer cancel()
	if err := f.Open(waiting, s.identity.URL(&route, attempt.query(s.login.login.ClientID, f.Scope))); err != nil {
		return &Error{Op: route.Name, Err: fmt.Errorf("show the login to the person: %w", err)}
	}
	code, err := r.wait(waiting)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			e.Op, e.Method, e.Route = route.Name, route.Method, route.Template
			return e
		}
		return &Error{Op: route.Name, Err: err}
	}
	return s.login.exchange(ctx, attempt, code, f.Scope)
}

// codeAttempt is what binds an answer to one login.
type codeAttempt struct{ state, nonce, verifier, redirect string }

// randomText has 256 bits; rand.Read never fails.
func randomText() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (a codeAttempt) query(clientID, scope string) url.Values {
	challenge := sha256.Sum256([]byte(a.verifier))
	return url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {a.redirect}, "scope": {scope}, "state": {a.state}, "nonce": {a.nonce},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
}

// exchange spends the code and stores the tokens.
func (o *oauth) exchange(ctx context.Context, a codeAttempt, code Secret, scope string) error {
	if err := o.enter(ctx); err != nil {
		return err
	}
	defer o.leave()
	unlock, err := o.turn(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	answer, err := o.ask(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code.Reveal()}, "redirect_uri": {a.redirect}, "code_verifier": {a.verifier},
	})
	if err != nil {
		return err
	}
	next := answer.tokens("", "")
	err = answer.mine(a.nonce, o.login.ClientID)
	if err == nil && next.RefreshToken == "" && strings.Contains(scope, "offline_access") {
		err = errors.New("no refresh token in the answer, though the scope asks for offline_access")
	}
	if err != nil {
		route := o.core.routes.token
		return &Error{Op: route.Name, Method: route.Method, Route: route.Template, StatusCode: http.StatusOK, Err: fmt.Errorf("%w: %w", ErrBrokenReply, err)}
	}
	stored, err := o.login.Store.Load(ctx)
	if err == nil {
		err = o.login.Store.Swap(ctx, stored.RefreshToken, next)
	}
	if err != nil {
		return fmt.Errorf("smint: store the new tokens: %w", err)
	}
	o.take(next)
	return nil
}

// mine tells whether the identity token is for this login. It came from the
// provider itself, so that its signature adds nothing; an issuer that differs
// from the host is none of our business.
func (a tokenAnswer) mine(nonce, clientID string) error {
	var token string
	if json.Unmarshal(a.IDToken, &token) != nil || token == "" {
		return nil
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return errors.New("the identity token is no JWT")
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("the identity token: %w", err)
	}
	var claims struct {
		Nonce    string          `json:"nonce"`
		Audience json.RawMessage `json:"aud"`
	}
	if err := json.Unmarshal(body, &claims); err != nil {
		return fmt.Errorf("the identity token: %w", err)
	}
	var audience []string
	if json.Unmarshal(claims.Audience, &audience) != nil {
		var one string
		_ = json.Unmarshal(claims.Audience, &one)
		audience = []string{one}
	}
	if claims.Nonce != nonce {
		return errors.New("the identity token is for another login")
	}
	for _, a := range audience {
		if a == clientID {
			return nil
		}
	}
	return errors.New("the identity token is for another client")
}

// listen opens the loopback address, and for a name both of its families.
func listen(ctx context.Context, redirect *url.URL) ([]net.Listener, error) {
	var config net.ListenConfig
	host, port := redirect.Hostname(), redirect.Port()
	first := host
	if host == "localhost" {
		first = "127.0.0.1"
	}
	l, err := config.Listen(ctx, "tcp", net.JoinHostPort(first, port))
	if err != nil {
		return nil, err
	}
	all := []net.Listener{l}
	if host != "localhost" {
		return all, nil
	}
	_, port, _ = net.SplitHostPort(l.Addr().String())
	if six, err := config.Listen(ctx, "tcp", net.JoinHostPort("::1", port)); err == nil {
		all = append(all, six)
	}
	return all, nil
}
