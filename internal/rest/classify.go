package rest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

func (k *call) failure(status int, err error) *Failure {
	r := k.req.Route
	return &Failure{Op: r.Name, Method: r.Method, Route: r.Template, Status: status, Err: err}
}

// unanswered classifies an attempt that brought no answer: it was never sent,
// or it was a read, or nobody knows what became of it.
func (k *call) unanswered(ctx context.Context, err error) *Failure {
	// A *url.Error quotes the whole URL, query and all.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	f := k.failure(0, err)
	switch {
	case errors.Is(err, ErrForeignRedirect):
		// The answer was a redirect: the request itself did nothing that we
		// asked for, and nothing went to the other address.
	case neverSent(err):
		f.Retryable = !errors.Is(err, errSpent) && !permanent(err)
	case k.req.Route.Repeat == Harmless:
		f.Retryable = !errors.Is(err, ErrSource)
	default:
		f.Err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	if ctx.Err() != nil {
		f.Retryable = false
	}
	return f
}

// neverSent asks for positive proof that not one byte left. A transport that
// cannot prove it gets the cautious answer.
func neverSent(err error) bool {
	if errors.Is(err, errNotSent) || permanent(err) {
		return true
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "dial" || op.Op == "proxyconnect") {
		return true
	}
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

// permanent tells failures of the handshake that time does not mend.
func permanent(err error) bool {
	_, cert := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	return cert || authority || host
}

// refused classifies an answer that is no success.
func (k *call) refused(resp *http.Response) *Failure {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	drain(resp)
	f := k.failure(resp.StatusCode, nil)
	f.read(resp, body)
	f.Err = classOf(resp.StatusCode)
	throttled := resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable
	if throttled {
		k.c.gate.throttled(f.RetryAfter)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests:
		f.Retryable = true
	case resp.StatusCode < 500:
	case resp.StatusCode == http.StatusInternalServerError && f.JSON:
		// Content Server answers 500 where others answer 4xx: a verdict.
	case k.req.Route.Repeat == Harmless:
		f.Retryable = true
	default:
		f.Err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, f.Err)
	}
	if k.c.cfg.Classify != nil {
		k.c.cfg.Classify(f)
	}
	return f
}

// classOf is the class that a status means where the vendor says nothing else.
func classOf(status int) error {
	switch {
	case status < 400:
		return ErrBrokenReply
	case status == http.StatusUnauthorized:
		return ErrUnauthenticated
	case status == http.StatusForbidden:
		return ErrDenied
	case status == http.StatusNotFound, status == http.StatusGone:
		return ErrNotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return ErrConflict
	case status == http.StatusTooManyRequests:
		return ErrThrottled
	case status < 500:
		return ErrInvalid
	default:
		return ErrUnavailable
	}
}

// broken classifies a success whose body is not what it should be. For a write
// that leaves the outcome open.
func (k *call) broken(resp *http.Response, body []byte, cause error) *Failure {
	if k.req.Route.Secret {
		// What was cut short, or is not JSON, may hold the credential all the same.
		cause = fmt.Errorf("expected JSON with a credential, got %d bytes that are not shown", len(body))
		body = nil
	}
	f := k.failure(resp.StatusCode, nil)
	f.read(resp, body)
	f.Err = fmt.Errorf("%w: %w", ErrBrokenReply, cause)
	if k.req.Route.Repeat == Harmless {
		f.Retryable = !errors.Is(cause, ErrTooLarge)
	} else {
		f.Err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, f.Err)
	}
	return f
}
