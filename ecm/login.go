package ecm

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// OTDSLogin logs in at OpenText Directory Services by name and password and
// exchanges the ticket that they issue for one of Content Server, which is then
// presented, rotated and renewed as that of [PasswordLogin]. The password goes
// to the directory services alone.
//
// API: POST /otdsws/rest/authentication/credentials, GET /v1/auth.
type OTDSLogin struct {
	// OTDS is the address of the directory services up to the host, as
	// "https://otds.example".
	OTDS     string
	User     string
	Password Secret
	// V1 uses the newer root, /otdsws/v1, instead of /otdsws/rest.
	V1 bool
}

func (l OTDSLogin) check(faults *rest.Problems) {
	checkOTDS(faults, l.OTDS)
	PasswordLogin{User: l.User, Password: l.Password}.check(faults)
}

func checkOTDS(faults *rest.Problems, otds string) {
	if u := rest.CheckBase(faults, "otds", otds); u != nil && u.Path != "" {
		faults.Add("otds", u.Redacted(), "the address of the directory services up to the host")
	}
}

func (l OTDSLogin) bind(k *core) rest.Credential {
	directory := k.side(l.OTDS)
	route, body := &otdsRoutes.credentials, map[string]string{"userName": l.User, "password": l.Password.Reveal()}
	if l.V1 {
		route, body = &otdsRoutes.credentialsV1, map[string]string{"user_name": l.User, "password": l.Password.Reveal()}
	}
	return &ticketLogin{gate: make(chan struct{}, 1), login: func(ctx context.Context) (Secret, error) {
		client, err := directory()
		if err != nil {
			return "", err
		}
		answer, err := rest.Do[struct {
			Ticket Secret `json:"ticket"`
		}](ctx, client, rest.Request{Route: route, JSON: body, Header: http.Header{"Accept": {"application/json"}}})
		if err != nil {
			return "", err
		}
		if answer.Ticket == "" {
			return "", noToken(route, "ticket")
		}
		return k.exchange(ctx, http.Header{otdsHeader: {answer.Ticket.Reveal()}})
	}}
}

const otdsHeader = "OTDSTicket"

func noToken(route *rest.Route, what string) error {
	return &Error{Op: route.Name, Method: route.Method, Route: route.Template, StatusCode: 200, Message: "no " + what + " in the answer", Err: ErrBrokenReply}
}

// exchange turns a ticket of the directory services into one of Content
// Server, which answers it in a header.
func (c *core) exchange(ctx context.Context, proof http.Header) (Secret, error) {
	resp, err := rest.Stream(ctx, c.rest, rest.Request{Route: &routes.otcsTicket, Header: proof, NoCredential: true})
	if err != nil {
		return "", err
	}
	_ = resp.Body.Close()
	ticket := Secret(resp.Header.Get(ticketHeader))
	if ticket == "" {
		return "", noToken(&routes.otcsTicket, "ticket")
	}
	return ticket, nil
}

// ClientCredentials gets OAuth2 access tokens from OpenText Directory Services
// for a confidential client, or, with Subject, for a user whom that client may
// impersonate. A token is presented as a bearer and replaced before it ends.
//
// API: POST /otdsws/oauth2/token.
type ClientCredentials struct {
	// OTDS is the address of the directory services up to the host.
	OTDS         string
	ClientID     string
	ClientSecret Secret
	// Basic sends id and secret as HTTP Basic instead of form fields.
	Basic bool
	// Subject exchanges the client's right for a token of this user, as
	// "user@partition".
	Subject string
}

func (c ClientCredentials) check(faults *rest.Problems) {
	checkOTDS(faults, c.OTDS)
	if c.ClientID == "" {
		faults.Add("client id", c.ClientID, "the id of an OAuth2 client")
	}
	if c.ClientSecret == "" {
		faults.Add("client secret", "", "the secret of the OAuth2 client")
	}
}

func (c ClientCredentials) bind(k *core) rest.Credential {
	directory := k.side(c.OTDS)
	return &bearer{gate: make(chan struct{}, 1), now: time.Now, source: tokenFunc(func(ctx context.Context) (Token, error) {
		client, err := directory()
		if err != nil {
			return Token{}, err
		}
		answer, err := rest.Do[struct {
			Token   Secret `json:"access_token"`
			Expires number `json:"expires_in"`
		}](ctx, client, c.request())
		if err != nil {
			return Token{}, err
		}
		if answer.Token == "" {
			return Token{}, noToken(&otdsRoutes.token, "access token")
		}
		t := Token{Value: answer.Token}
		if answer.Expires > 0 {
			t.Expires = time.Now().Add(time.Duration(answer.Expires) * time.Second)
		}
		return t, nil
	})}
}

func (c ClientCredentials) request() rest.Request {
	form, header := url.Values{"grant_type": {"client_credentials"}}, http.Header{"Accept": {"application/json"}}
	if c.Subject != "" {
		form = url.Values{
			"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
			"subject_token_type": {"urn:opentext.com:oauth:string:user_id"}, "subject_token": {c.Subject},
		}
	}
	if c.Basic {
		r := http.Request{Header: header}
		r.SetBasicAuth(url.QueryEscape(c.ClientID), url.QueryEscape(c.ClientSecret.Reveal()))
		form.Set("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")
	} else {
		form.Set("client_id", c.ClientID)
		form.Set("client_secret", c.ClientSecret.Reveal())
	}
	return rest.Request{Route: &otdsRoutes.token, Form: form, Header: header}
}

// Token is a bearer token.
type Token struct {
	Value Secret
	// Expires is when it ends; zero if that is not known.
	Expires time.Time
}

// TokenSource gives bearer tokens: a login of the caller's own. It is asked
// when a client has none, when the last one ends within a minute, and once when
// the server refused one. A call never overlaps another of the same client.
type TokenSource interface {
	Token(ctx context.Context) (Token, error)
}

type tokenFunc func(ctx context.Context) (Token, error)

func (f tokenFunc) Token(ctx context.Context) (Token, error) { return f(ctx) }

// FromTokenSource presents the tokens of a source.
func FromTokenSource(source TokenSource) Credentials { return &sourceLogin{source: source} }

// BearerToken presents one token for as long as the server takes it.
func BearerToken(token Secret) Credentials {
	return &ownToken{token: token}
}

// ownToken is handled by its address: package fmt would show what an unexported
// field holds without asking it how it wants to be shown.
type ownToken struct {
	veiled
	token Secret
}

// veiled are credentials that show nothing of themselves, however printed.
type veiled struct{}

func (veiled) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

func (o *ownToken) check(faults *rest.Problems) {
	if o.token == "" {
		faults.Add("token", "", "a token")
	}
}

// bind gives each client a source of its own: that one client's token was
// refused says nothing of another's.
func (o *ownToken) bind(k *core) rest.Credential {
	return (&sourceLogin{source: &single{Token{Value: o.token}}}).bind(k)
}

// single is a source of one token. That the server refused it is final.
type single struct{ token Token }

func (s *single) Token(context.Context) (Token, error) {
	token := s.token
	s.token = Token{}
	if token.Value == "" {
		return Token{}, fmt.Errorf("ecm: the bearer token was refused or has ended: %w", ErrUnauthenticated)
	}
	return token, nil
}

type sourceLogin struct {
	veiled
	source TokenSource
}

func (l *sourceLogin) check(faults *rest.Problems) {
	if l.source == nil {
		faults.Add("token source", "none", "a source of tokens")
	}
}

func (l *sourceLogin) bind(*core) rest.Credential {
	return &bearer{gate: make(chan struct{}, 1), now: time.Now, source: l.source}
}

// renewAhead is how long before its end a token is replaced.
const renewAhead = time.Minute

// bearer presents the tokens of a source. The gate lets one caller ask for a
// token while the others wait, each as long as its own context allows.
type bearer struct {
	gate       chan struct{}
	now        func() time.Time
	source     TokenSource
	token      Token
	generation uint64
}

// Authorize puts the token on the request, after asking for one if need be.
func (b *bearer) Authorize(ctx context.Context, r *http.Request) (uint64, error) {
	if err := enter(ctx, b.gate); err != nil {
		return 0, err
	}
	defer func() { <-b.gate }()
	if b.token.Value == "" || (!b.token.Expires.IsZero() && b.now().Add(renewAhead).After(b.token.Expires)) {
		if err := b.renew(ctx); err != nil {
			return 0, err
		}
	}
	r.Header.Set("Authorization", "Bearer "+b.token.Value.Reveal())
	return b.generation, nil
}

// Renew asks for another token, unless another caller did since that
// generation.
func (b *bearer) Renew(ctx context.Context, generation uint64) error {
	if err := enter(ctx, b.gate); err != nil {
		return err
	}
	defer func() { <-b.gate }()
	if generation != b.generation {
		return nil
	}
	return b.renew(ctx)
}

func (b *bearer) renew(ctx context.Context) error {
	b.token = Token{}
	token, err := b.source.Token(ctx)
	if err != nil {
		return err
	}
	if token.Value == "" {
		return fmt.Errorf("ecm: the token source gave an empty token: %w", ErrUnauthenticated)
	}
	b.token = token
	b.generation++
	return nil
}

// Observe ignores tickets that a server may rotate: the token stays.
func (b *bearer) Observe(*http.Response, uint64) {}
