package smint

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// Login is how a client logs in: as an OAuth2 client, with a refresh token that
// a person's login left ([IdentityService.LoginInBrowser]) or that configuration
// brings.
type Login struct {
	ClientID     string
	ClientSecret Secret
	// RefreshToken begins the login if the store holds none, or only the note
	// that a login has ended that another one began.
	RefreshToken Secret
	// Store keeps the tokens. A refresh token is good for one use: the next
	// one is stored before it is used. Nil keeps them in memory, where a
	// restart loses the login.
	Store TokenStore
}

func (l Login) check(faults *rest.Problems) {
	if l.ClientID == "" {
		faults.Add("client id", "", "the OAuth2 client's id")
	}
	if l.ClientSecret == "" {
		faults.Add("client secret", "", "the OAuth2 client's secret")
	}
	if l.RefreshToken == "" && l.Store == nil {
		faults.Add("refresh token", "", "a refresh token, or a store that holds one")
	}
}

// IdentityService logs in and out. The access token of the login is refreshed
// in time, once for all calls that need it, and once more for each 401; a 403 is
// a permission that is missing, and no refresh mends that.
type IdentityService service

// Login makes sure that there is a valid access token, refreshing if need be.
// It is done by itself on the first call; ask for it to find dead grants early.
// A dead grant is ErrGrantDead.
//
// API: POST /connect/token.
func (s *IdentityService) Login(ctx context.Context) error {
	_, err := s.login.current(ctx)
	return err
}

// oauth holds the login's tokens and refreshes them. The gate lets one caller
// refresh while the others wait, each as long as its own context allows.
type oauth struct {
	login      Login
	core       *core
	gate       chan struct{}
	tokens     Tokens
	loaded     bool
	generation uint64
	// rejected is the access token that a server would not take.
	rejected Secret
}

func newOAuth(l Login, k *core) *oauth {
	if l.Store == nil {
		l.Store = NewMemoryTokenStore()
	}
	return &oauth{login: l, core: k, gate: make(chan struct{}, 1)}
}

// Authorize puts the access token on the request.
func (o *oauth) Authorize(ctx context.Context, r *http.Request) (uint64, error) {
	if err := o.enter(ctx); err != nil {
		return 0, err
	}
	defer o.leave()
	token, err := o.valid(ctx)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	return o.generation, nil
}

// Renew refreshes, unless another caller did since that generation.
func (o *oauth) Renew(ctx context.Context, generation uint64) error {
	if err := o.enter(ctx); err != nil {
		return err
	}
	defer o.leave()
	if generation != o.generation {
		return nil
	}
	o.reject()
	return o.refresh(ctx)
}

// reject drops the access token, and remembers it: a store may still hold it.
func (o *oauth) reject() {
	if o.tokens.AccessToken != "" {
		o.rejected, o.tokens.AccessToken = o.tokens.AccessToken, ""
	}
}

// Observe has nothing to see: tokens do not rotate in answers.
func (*oauth) Observe(*http.Response, uint64) {}

// current is the access token, for who presents it by other means.
func (o *oauth) current(ctx context.Context) (Secret, error) {
	if err := o.enter(ctx); err != nil {
		return "", err
	}
	defer o.leave()
	return o.valid(ctx)
}

func (o *oauth) enter(ctx context.Context) error {
	select {
	case o.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *oauth) leave() { <-o.gate }

// refreshEarly is how long before its expiry a token is no longer used.
const refreshEarly = 30 * time.Second

func (o *oauth) valid(ctx context.Context) (Secret, error) {
	if !o.loaded {
		if err := o.load(ctx); err != nil {
			return "", err
		}
	}
	if o.tokens.ending() {
		o.reject()
	}
	if o.tokens.AccessToken == "" {
		if err := o.refresh(ctx); err != nil {
			return "", err
		}
	}
	return o.tokens.AccessToken, nil
}

// ending tells that the access token is as good as expired.
func (t Tokens) ending() bool { return !t.Expires.IsZero() && time.Until(t.Expires) < refreshEarly }

// load takes the stored tokens, and the configured refresh token only where
// nothing is stored: a stored one is newer. The note that a login is dead holds
// for the login that it was: another refresh token begins another one.
func (o *oauth) load(ctx context.Context) error {
	tokens, err := o.login.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("smint: load the tokens: %w", err)
	}
	if seed := origin(o.login.RefreshToken); tokens.RefreshToken == "" && (!tokens.Dead || tokens.Origin != seed) {
		tokens.RefreshToken, tokens.Origin, tokens.Dead = o.login.RefreshToken, seed, false
	}
	o.tokens, o.loaded = tokens, true
	return nil
}
