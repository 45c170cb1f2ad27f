package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v4"
)

// Request is one call of a route.
type Request struct {
	Route *Route
	// Path holds the values of the template's placeholders, in order.
	Path  []any
	Query url.Values
	// At most one of Form, JSON and Body is sent.
	Form   url.Values
	JSON   any
	Body   *Body
	Header http.Header
	// Location, if set, replaces the route's path by an address that the
	// server handed out; it must lie at the client's own origin.
	Location string
	// NoCredential leaves the credential off, for logins.
	NoCredential bool
}

// Meta is what an answer says beside its body.
type Meta struct {
	Status    int
	Header    http.Header
	RequestID string
	// Date is the server's clock, zero if it did not tell.
	Date time.Time
}

// call is a request made ready: what every attempt of it shares.
type call struct {
	c       *Client
	req     Request
	url     string
	body    *Body
	renewed bool
	// loginFailed: the credential was not to be had, and getting it has its own
	// retries.
	loginFailed bool
}

func (c *Client) prepare(req Request) (*call, error) {
	target, err := c.target(req)
	if err != nil {
		return nil, err
	}
	body := req.Body
	switch {
	case req.JSON != nil:
		b, err := json.Marshal(req.JSON)
		if err != nil {
			return nil, fmt.Errorf("%s: encode the request: %w", req.Route.Name, err)
		}
		body = BytesBody(b, "application/json")
	case req.Form != nil:
		body = BytesBody([]byte(req.Form.Encode()), "application/x-www-form-urlencoded")
	}
	return &call{c: c, req: req, url: target, body: body}, nil
}

// target is the full address of the request.
func (c *Client) target(req Request) (string, error) {
	u := *c.base
	if req.Location != "" {
		ref, err := u.Parse(req.Location)
		if err != nil || !sameOrigin(ref, c.base) {
			return "", fmt.Errorf("%s: %w: the server named an address at another origin", req.Route.Name, ErrForeignRedirect)
		}
		return ref.String(), nil
	}
	path, err := req.Route.path(req.Path)
	if err != nil {
		return "", err
	}
	s := u.String() + path
	if len(req.Query) > 0 {
		s += "?" + req.Query.Encode()
	}
	return s, nil
}

// Stream sends the request and returns a 2xx answer with its body unread; the
// caller closes it. Failures are as for Do.
func Stream(ctx context.Context, c *Client, req Request) (*http.Response, error) {
	// A length is worth more than compression: it is checked at the end.
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header = req.Header.Clone()
	req.Header.Set("Accept-Encoding", "identity")
	return run(ctx, c, req, func(_ *call, resp *http.Response) (*http.Response, *Failure) { return resp, nil })
}

// run is the one request path: limit, credential, send, classify, decode, and
// the same again as route and evidence allow.
func run[T any](ctx context.Context, c *Client, req Request, decode func(*call, *http.Response) (T, *Failure)) (T, error) {
	var result T
	k, err := c.prepare(req)
	if err != nil {
		return result, err
	}
	if lane := req.Route.Lane; lane != "" {
		token := c.lane(lane)
		select {
		case token <- struct{}{}:
			defer func() { <-token }()
		case <-ctx.Done():
			return result, fmt.Errorf("%s: waiting for lane %s: %w", req.Route.Name, lane, ctx.Err())
		}
	}
	var last *Failure
	tries := 0
	attempt := func() error {
		tries++
		last = k.attempt(ctx, func(resp *http.Response) (f *Failure) {
			result, f = decode(k, resp)
			return f
		})
		switch {
		case last == nil:
			c.budget.refund()
			return nil
		case !last.Retryable || k.loginFailed || !k.replayable() || tries > c.cfg.Retries || ctx.Err() != nil:
			return backoff.Permanent(last)
		case !c.budget.spend():
			last.Err = errors.Join(last.Err, ErrRetryBudget)
			return backoff.Permanent(last)
		}
		return last
	}
	policy := backoff.WithContext(newBackOff(), ctx)
	err = backoff.RetryNotify(attempt, policy, func(err error, wait time.Duration) {
		c.log.WarnContext(ctx, "retry", "op", req.Route.Name, "route", req.Route.Template, "status", last.Status, "wait", wait, "reason", err.Error())
	})
	if err == nil {
		return result, nil
	}
	var zero T
	// On expiry backoff returns the bare context error; the cause is kept.
	if ctx.Err() != nil && !errors.Is(last, ctx.Err()) {
		last.Err = errors.Join(last.Err, ctx.Err())
	}
	return zero, c.cfg.Error(*last)
}

func (k *call) replayable() bool { return k.body == nil || k.body.replayable || !k.body.spent() }

// attempt sends the request once; a 401 renews the credential and sends it once
// more.
func (k *call) attempt(ctx context.Context, decode func(*http.Response) *Failure) *Failure {
	for {
		resp, generation, f := k.send(ctx) //nolint:bodyclose // refused and decode close it
		if f != nil {
			return f
		}
		if resp.StatusCode == http.StatusUnauthorized && k.mayRenew() {
			f := k.refused(resp)
			if !errors.Is(f.Err, ErrUnauthenticated) {
				return f // the act was refused, and not the login.
			}
			k.renewed = true
			if err := k.c.cfg.Credential.Renew(ctx, generation); err != nil {
				f.Err = errors.Join(ErrUnauthenticated, err)
				return f
			}
			if !k.replayable() {
				f.Err = fmt.Errorf("%w: %w; the credential was renewed: repeat the call with the content from its start", ErrUnauthenticated, errSpent)
				return f
			}
			continue
		}
		if resp.StatusCode < 200 || resp.StatusCode > 299 {
			return k.refused(resp)
		}
		k.c.gate.served()
		return decode(resp)
	}
}

func (k *call) mayRenew() bool {
	return !k.renewed && k.c.cfg.Credential != nil && !k.req.NoCredential
}

// send is one attempt up to the answer's headers.
func (k *call) send(ctx context.Context) (*http.Response, uint64, *Failure) {
	if err := k.c.admit(ctx); err != nil {
		return nil, 0, k.failure(0, err)
	}
	// The credential is made for a plain request and its headers are carried
	// over, so that it needs to know nothing of resty.
	probe, err := http.NewRequestWithContext(ctx, k.req.Route.Method, k.url, nil)
	if err != nil {
		return nil, 0, k.failure(0, err)
	}
	var generation uint64
	if k.c.cfg.Credential != nil && !k.req.NoCredential {
		if generation, err = k.c.cfg.Credential.Authorize(ctx, probe); err != nil {
			k.loginFailed = true
			f := k.failure(0, err)
			login, ok := errors.AsType[interface {
				error
				Retryable() bool
			}](err)
			f.Retryable = ok && login.Retryable()
			return nil, 0, f
		}
	}
	if k.body != nil {
		ctx = context.WithValue(ctx, bodyKey{}, k.body)
	}
	r := k.c.resty.R().SetContext(ctx).SetDoNotParseResponse(true)
	r.Header = k.headers(probe.Header)
	start := time.Now()
	answer, err := r.Execute(k.req.Route.Method, k.url)
	if err != nil {
		// Where an answer came all the same, a redirect refused, Go has closed it.
		return nil, generation, k.unanswered(ctx, err)
	}
	resp := answer.RawResponse
	k.c.log.DebugContext(ctx, "request", "op", k.req.Route.Name, "route", k.req.Route.Template,
		"status", resp.StatusCode, "request_id", requestID(resp.Header), "took", time.Since(start))
	if k.c.cfg.Credential != nil && !k.req.NoCredential {
		k.c.cfg.Credential.Observe(resp, generation)
	}
	return resp, generation, nil
}

func (k *call) headers(credential http.Header) http.Header {
	h := http.Header{"Accept": {"application/json"}}
	if k.c.cfg.UserAgent != "" {
		h.Set("User-Agent", k.c.cfg.UserAgent)
	}
	for name, values := range k.req.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	for name, values := range credential {
		h[name] = values
	}
	if k.body != nil && k.body.contentType != "" {
		h.Set("Content-Type", k.body.contentType)
	}
	return h
}

// drain empties a small rest of a body, so that the connection can be used
// again, and closes it.
func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 256<<10)
	_ = resp.Body.Close()
}
