package smint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// tokenAnswer is what a token request is answered with. Beside the tokens
// nothing in it may fail: the refresh token that it cost is spent.
type tokenAnswer struct {
	AccessToken  Secret          `json:"access_token"`
	RefreshToken Secret          `json:"refresh_token"`
	ExpiresIn    json.RawMessage `json:"expires_in"`
	IDToken      json.RawMessage `json:"id_token"`
	// Code and Description are an error's, whatever the status.
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// tokens are those of the answer, with a refresh token that it leaves out kept.
func (a tokenAnswer) tokens(kept Secret, seed string) Tokens {
	next := Tokens{AccessToken: a.AccessToken, RefreshToken: a.RefreshToken, Origin: seed}
	if next.RefreshToken == "" {
		next.RefreshToken = kept
	}
	seconds, err := strconv.ParseFloat(string(bytes.Trim(a.ExpiresIn, `"`)), 64)
	if err == nil && seconds > 0 && seconds < 1e9 {
		next.Expires = time.Now().Add(time.Duration(seconds * float64(time.Second)))
	}
	return next
}

// ask sends one token request.
func (o *oauth) ask(ctx context.Context, form url.Values) (tokenAnswer, error) {
	route := &o.core.routes.token
	form.Set("client_id", o.login.ClientID)
	form.Set("client_secret", o.login.ClientSecret.Reveal())
	answer, err := rest.Do[tokenAnswer](ctx, o.core.identity, rest.Request{Route: route, NoCredential: true, Form: form})
	fault := &Error{Op: route.Name, Method: route.Method, Route: route.Template, StatusCode: http.StatusOK}
	switch {
	case err != nil:
		return answer, err
	case answer.Code != "":
		fault.Code, fault.Message, fault.Err = answer.Code, answer.Description, ErrInvalid
		return answer, fault
	case answer.AccessToken == "":
		fault.Message, fault.Err = "no access token in the answer", ErrBrokenReply
		return answer, fault
	}
	return answer, nil
}

// refresh spends the refresh token. What comes back is stored before it is
// used: a crash in between would otherwise lose the login. Only one process at
// a time gets there, if the store lets them take turns; without turns, whoever
// was late goes on with what the other one stored.
func (o *oauth) refresh(ctx context.Context) error {
	unlock, err := o.turn(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for attempt := range maxLate {
		late := attempt > 0
		// Who was late lets the other one go ahead, or both go on in step.
		if late && pause(ctx, rand.N(time.Millisecond<<min(attempt, 6))) != nil {
			return ctx.Err()
		}
		if err := o.adopt(ctx, late); err != nil || o.tokens.AccessToken != "" {
			return err
		}
		if o.tokens.Dead || o.tokens.RefreshToken == "" {
			return fmt.Errorf("smint: %w: a new login is needed", ErrGrantDead)
		}
		if late, err := o.spend(ctx); !late {
			return err
		}
	}
	return fmt.Errorf("smint: refresh the tokens: %w, %d times in a row", ErrTokensMoved, maxLate)
}

// maxLate is how often others may be faster.
const maxLate = 20

// spend makes the one request that the refresh token is good for. It tells
// whether another process has spent the token and stored its successor.
func (o *oauth) spend(ctx context.Context) (late bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	before := o.tokens
	ctx, end := homecoming(ctx)
	defer end()
	answer, err := o.ask(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {before.RefreshToken.Reveal()}})
	if e, ok := errors.AsType[*Error](err); ok && e.oauth() == "invalid_grant" {
		if o.moved(ctx, before) {
			return true, nil
		}
		e.Err = errors.Join(ErrGrantDead, e.Err)
		return false, errors.Join(e, o.end(ctx, before))
	}
	if err != nil {
		return false, err
	}
	next := answer.tokens(before.RefreshToken, before.Origin)
	err = o.login.Store.Swap(ctx, before.RefreshToken, next)
	switch {
	case errors.Is(err, ErrTokensMoved):
		return true, nil
	case err != nil:
		return false, fmt.Errorf("smint: store the new tokens: %w", err)
	}
	o.take(next)
	return false, nil
}

func (o *oauth) take(next Tokens) {
	o.tokens, o.loaded, o.rejected = next, true, ""
	o.generation++
}

// oauth is the code of an OAuth2 error: without a description it reads like a
// message.
func (e *Error) oauth() string {
	if e.Code == "" {
		return e.Message
	}
	return e.Code
}

// homecoming is a context that outlives ctx by a little: a request that has
// spent a refresh token is let bring its successor home, even if nobody waits
// for the call any more.
func homecoming(ctx context.Context) (context.Context, func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var late *time.Timer
	armed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		late = time.AfterFunc(homecomingTime, cancel)
		close(armed)
	})
	return longer, func() {
		if !stop() {
			<-armed
			late.Stop()
		}
		cancel()
	}
}

const homecomingTime = 5 * time.Second

// turn waits for this process's turn at refreshing.
func (o *oauth) turn(ctx context.Context) (func(), error) {
	locker, ok := o.login.Store.(TokenLocker)
	if !ok {
		return func() {}, nil
	}
	unlock, err := locker.Lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("smint: wait for the turn to refresh: %w", err)
	}
	return unlock, nil
}

// adopt takes what another process of the same login has stored meanwhile. Who
// was late takes it however soon it expires: it was issued just now.
func (o *oauth) adopt(ctx context.Context, late bool) error {
	stored, err := o.login.Store.Load(ctx)
	if err != nil {
		return fmt.Errorf("smint: load the tokens: %w", err)
	}
	newer := stored.RefreshToken != o.tokens.RefreshToken || (stored.AccessToken != o.tokens.AccessToken && stored.AccessToken != o.rejected)
	if stored.RefreshToken == "" || !newer {
		return nil
	}
	o.take(stored)
	if stored.ending() && (!late || !time.Now().Before(stored.Expires)) {
		o.reject()
	}
	return nil
}

// moved tells whether the store holds another refresh token by now. Where
// processes take no turns, another one may have the answer already and not have
// stored it yet.
func (o *oauth) moved(ctx context.Context, before Tokens) bool {
	looks := []time.Duration{0}
	if _, turns := o.login.Store.(TokenLocker); !turns {
		looks = []time.Duration{0, 50 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond, time.Second}
	}
	for _, wait := range looks {
		if wait > 0 && pause(ctx, wait) != nil {
			return false
		}
		stored, err := o.login.Store.Load(ctx)
		if err == nil && stored.RefreshToken != "" && stored.RefreshToken != before.RefreshToken {
			return true
		}
	}
	return false
}

// end notes in the store that the login is over.
func (o *oauth) end(ctx context.Context, before Tokens) error {
	o.take(Tokens{Dead: true, Origin: before.Origin})
	if err := o.login.Store.Swap(ctx, before.RefreshToken, o.tokens); err != nil && !errors.Is(err, ErrTokensMoved) {
		return fmt.Errorf("smint: note that the login has ended: %w", err)
	}
	return nil
}
