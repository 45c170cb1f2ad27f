package ecm

import (
	"context"
	"net/http"
	"net/url"

	"github.com/smintecm/sdk/internal/rest"
)

// Credentials log a client in. They are sent to the client's own origin and
// nowhere else.
type Credentials interface {
	check(faults *rest.Problems)
	bind(k *core) rest.Credential
}

// PasswordLogin logs in by name and password and then presents the ticket that
// the server issued. An expired ticket is renewed once for all calls that meet
// it; a ticket that the server rotates in its answers is taken over.
//
// API: POST /v1/auth.
type PasswordLogin struct {
	User     string
	Password Secret
	// Domain may be empty.
	Domain string
}

func (p PasswordLogin) check(faults *rest.Problems) {
	if p.User == "" {
		faults.Add("user", p.User, "a user name")
	}
	if p.Password == "" {
		faults.Add("password", "", "a password")
	}
}

func (p PasswordLogin) bind(k *core) rest.Credential {
	return &ticketLogin{gate: make(chan struct{}, 1), login: func(ctx context.Context) (Secret, error) {
		form := url.Values{"username": {p.User}, "password": {p.Password.Reveal()}}
		if p.Domain != "" {
			form.Set("domain", p.Domain)
		}
		answer, err := rest.Do[struct {
			Ticket Secret `json:"ticket"`
		}](ctx, k.rest, rest.Request{Route: &routes.login, Form: form, NoCredential: true})
		if err == nil && answer.Ticket == "" {
			err = noAnswer(&routes.login, "no ticket in the answer")
		}
		return answer.Ticket, err
	}}
}

const ticketHeader = "OTCSTicket"

// ticketLogin holds the current ticket. The gate lets one caller log in while
// the others wait, each as long as its own context allows.
type ticketLogin struct {
	gate       chan struct{}
	login      func(context.Context) (Secret, error)
	ticket     Secret
	generation uint64
}

func (t *ticketLogin) enter(ctx context.Context) error { return enter(ctx, t.gate) }

// enter waits at a gate for as long as the caller's context allows.
func enter(ctx context.Context, gate chan struct{}) error {
	select {
	case gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *ticketLogin) leave() { <-t.gate }

// Authorize puts the ticket on the request, after a first login if need be.
func (t *ticketLogin) Authorize(ctx context.Context, r *http.Request) (uint64, error) {
	if err := t.enter(ctx); err != nil {
		return 0, err
	}
	defer t.leave()
	if t.ticket == "" {
		if err := t.renew(ctx); err != nil {
			return 0, err
		}
	}
	r.Header.Set(ticketHeader, t.ticket.Reveal())
	return t.generation, nil
}

// Renew logs in again, unless another caller did since that generation.
func (t *ticketLogin) Renew(ctx context.Context, generation uint64) error {
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.leave()
	if generation != t.generation {
		return nil
	}
	t.ticket = ""
	return t.renew(ctx)
}

func (t *ticketLogin) renew(ctx context.Context) error {
	ticket, err := t.login(ctx)
	if err != nil {
		return err
	}
	t.ticket = ticket
	t.generation++
	return nil
}

// Observe takes over a rotated ticket, unless a newer login happened meanwhile.
func (t *ticketLogin) Observe(resp *http.Response, generation uint64) {
	fresh := resp.Header.Get(ticketHeader)
	if fresh == "" || resp.StatusCode == http.StatusUnauthorized {
		return
	}
	// While another caller logs in, the call that brought this ticket waits no
	// longer than its own context allows.
	ctx := context.Background()
	if resp.Request != nil {
		ctx = resp.Request.Context()
	}
	if t.enter(ctx) != nil {
		return
	}
	defer t.leave()
	if generation == t.generation && t.ticket != "" {
		t.ticket = Secret(fresh)
	}
}

// AuthService checks and ends the client's session.
type AuthService service

// Login makes sure that the credential works. It is done by itself on the
// first call; ask for it to find wrong credentials early. Repeating is safe.
//
// Errors: ErrUnauthenticated.
//
// API: HEAD /v1/auth.
func (s *AuthService) Login(ctx context.Context) error {
	resp, err := rest.Stream(ctx, s.rest, rest.Request{Route: &routes.session})
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// Logout ends the session on the server. A later call logs in again.
//
// Errors: ErrUnauthenticated.
//
// API: DELETE /v1/auth.
func (s *AuthService) Logout(ctx context.Context) error {
	return s.do(ctx, rest.Request{Route: &routes.logout})
}
