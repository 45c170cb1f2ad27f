package smint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// Login is how a client logs in: as an OAuth2 client, with a refresh token that
// a person's login left or that configuration brings.
type Login struct {
	ClientID     string
	ClientSecret Secret
	// RefreshToken begins the login if the store holds none.
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

// IdentityService logs in and out.
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
	o.tokens.AccessToken = ""
	return o.refresh(ctx)
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
	if o.tokens.AccessToken == "" || (!o.tokens.Expires.IsZero() && time.Until(o.tokens.Expires) < refreshEarly) {
		if err := o.refresh(ctx); err != nil {
			return "", err
		}
	}
	return o.tokens.AccessToken, nil
}

// load takes the stored tokens, and the configured refresh token only where
// nothing is stored: a stored one is newer.
func (o *oauth) load(ctx context.Context) error {
	tokens, err := o.login.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("smint: load the tokens: %w", err)
	}
	if tokens.RefreshToken == "" && !tokens.Dead {
		tokens.RefreshToken = o.login.RefreshToken
	}
	o.tokens, o.loaded = tokens, true
	return nil
}

type tokenAnswer struct {
	AccessToken  Secret `json:"access_token"`
	RefreshToken Secret `json:"refresh_token"`
	ExpiresIn    int64  `json:"expires_in"`
}

// refresh spends the refresh token. What comes back is stored before it is
// used: a crash in between would otherwise lose the login.
func (o *oauth) refresh(ctx context.Context) error {
	if err := o.adopt(ctx); err != nil || o.tokens.AccessToken != "" {
		return err
	}
	if o.tokens.Dead || o.tokens.RefreshToken == "" {
		return fmt.Errorf("smint: %w: a new login is needed", ErrGrantDead)
	}
	before := o.tokens
	answer, err := rest.Do[tokenAnswer](ctx, o.core.identity, rest.Request{Route: &o.core.routes.token, NoCredential: true, Form: url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {before.RefreshToken.Reveal()},
		"client_id": {o.login.ClientID}, "client_secret": {o.login.ClientSecret.Reveal()},
	}})
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "invalid_grant" {
		return o.died(ctx, before, e)
	}
	if err != nil {
		return err
	}
	if answer.AccessToken == "" {
		return &Error{Op: o.core.routes.token.Name, Method: "POST", Route: o.core.routes.token.Template, StatusCode: 200, Message: "no access token in the answer", Err: ErrBrokenReply}
	}
	next := Tokens{AccessToken: answer.AccessToken, RefreshToken: answer.RefreshToken}
	if next.RefreshToken == "" {
		next.RefreshToken = before.RefreshToken
	}
	if answer.ExpiresIn > 0 {
		next.Expires = time.Now().Add(time.Duration(answer.ExpiresIn) * time.Second)
	}
	if err := o.login.Store.Swap(ctx, before.RefreshToken, next); err != nil {
		return fmt.Errorf("smint: store the new tokens: %w", err)
	}
	o.tokens = next
	o.generation++
	return nil
}

// adopt takes what another process of the same login has stored meanwhile.
func (o *oauth) adopt(ctx context.Context) error {
	stored, err := o.login.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("smint: load the tokens: %w", err)
	}
	if stored.RefreshToken == "" || stored.RefreshToken == o.tokens.RefreshToken {
		return nil
	}
	o.tokens = stored
	o.generation++
	if !stored.Expires.IsZero() && time.Until(stored.Expires) < refreshEarly {
		o.tokens.AccessToken = ""
	}
	return nil
}

// died notes that the grant is dead, unless another process has spent the same
// refresh token and stored its successor.
func (o *oauth) died(ctx context.Context, before Tokens, cause *Error) error {
	if err := o.adopt(ctx); err == nil && o.tokens.RefreshToken != before.RefreshToken && o.tokens.AccessToken != "" {
		return nil
	}
	o.tokens = Tokens{Dead: true}
	cause.Err = errors.Join(ErrGrantDead, cause.Err)
	if err := o.login.Store.Swap(ctx, before.RefreshToken, o.tokens); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}
