package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-resty/resty/v2"
)

// Credential puts a client's credential on requests to its own origin.
type Credential interface {
	// Authorize sets the credential on r and names its generation. It may log
	// in first, once for all callers that wait.
	Authorize(ctx context.Context, r *http.Request) (generation uint64, err error)
	// Renew is called after the server answered 401 to that generation. It
	// renews once for all callers that saw the same one; nil means that the
	// request may be sent again, once.
	Renew(ctx context.Context, generation uint64) error
	// Observe sees every answer, for credentials that rotate in headers.
	Observe(resp *http.Response, generation uint64)
}

// Config is what New builds a Client from.
type Config struct {
	// BaseURL is where the routes' templates begin: https, or http to a
	// loopback address.
	BaseURL string
	// Transport carries the requests; nil means one of our own with TLS 1.2 or
	// later.
	Transport http.RoundTripper
	// Limiter is asked before every attempt; nil means no limit.
	Limiter Limiter
	// Retries bounds the attempts after the first; below zero means the
	// default of 4.
	Retries int
	// Logger gets Debug per attempt and Warn per retry; nil is silent.
	Logger    *slog.Logger
	UserAgent string
	// Credential may be nil.
	Credential Credential
	// Classify reads the vendor's own texts: it may set Err and Retryable.
	Classify func(*Failure)
	// Error makes the client's own error; nil keeps the *Failure.
	Error func(Failure) error
	// MaxReply bounds a decoded reply in bytes; 0 means 32 MiB.
	MaxReply int64
}

// Client sends the requests of one client of one account. It is safe for
// concurrent use.
type Client struct {
	cfg     Config
	base    *url.URL
	resty   *resty.Client
	limiter Limiter
	log     *slog.Logger
	gate    gate
	budget  budget

	lanesMu sync.Mutex
	lanes   map[string]chan struct{}
}

type unlimited struct{}

func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }

// New checks the configuration, all of it, and builds a client. It does no I/O.
func New(cfg Config) (*Client, error) {
	var faults Problems
	base := CheckBase(&faults, "base URL", cfg.BaseURL)
	if err := faults.Err("New"); err != nil {
		return nil, err
	}
	if cfg.Transport == nil {
		cfg.Transport = newTransport()
	}
	if cfg.Limiter == nil {
		cfg.Limiter = unlimited{}
	}
	if cfg.Retries < 0 {
		cfg.Retries = 4
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MaxReply <= 0 {
		cfg.MaxReply = 32 << 20
	}
	if cfg.Error == nil {
		cfg.Error = func(f Failure) error { return &f }
	}
	c := &Client{cfg: cfg, base: base, limiter: cfg.Limiter, log: cfg.Logger, lanes: map[string]chan struct{}{}}
	// NewWithClient: resty.New would add a cookie jar, and one caller's login
	// cookie would ride on the next one's request.
	c.resty = resty.NewWithClient(&http.Client{Transport: cfg.Transport, CheckRedirect: c.checkRedirect})
	c.resty.SetRetryCount(0).SetLogger(silent{}).SetPreRequestHook(attachBody)
	return c, nil
}

// CheckBase parses the address of a server, nil where it is none, and notes
// everything that would send a credential in the clear.
func CheckBase(faults *Problems, field, raw string) *url.URL {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "":
		faults.Add(field, raw, "an absolute URL such as https://host/path")
		return nil
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		faults.Add(field, u.Redacted(), "a URL without user, query or fragment")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		faults.Add(field, raw, "https (plain http goes to loopback addresses only)")
	case u.Scheme != "http" && u.Scheme != "https":
		faults.Add(field, raw, "scheme https")
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func newTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	t.ResponseHeaderTimeout = 5 * time.Minute
	t.MaxResponseHeaderBytes = 1 << 20
	t.MaxIdleConnsPerHost = 16
	return t
}

// checkRedirect keeps credentials and bodies at their origin. Go itself would
// forward any header but a few to a foreign host, turn a redirected write into
// a GET whose 200 then passes for success, and send a body again.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case !sameOrigin(req.URL, first.URL):
		return fmt.Errorf("%w: from %s to another origin, %s", ErrForeignRedirect, origin(first.URL), origin(req.URL))
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return fmt.Errorf("%w: a %s is not repeated at another address", ErrForeignRedirect, first.Method)
	case len(via) >= 5:
		return fmt.Errorf("%w: after 5 redirects", ErrForeignRedirect)
	}
	return nil
}

func sameOrigin(a, b *url.URL) bool { return origin(a) == origin(b) }

// origin is scheme, host and port, the port spelled out.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// silent keeps resty's own logger, which prints URLs with their query, quiet.
type silent struct{}

func (silent) Errorf(string, ...any) {}
func (silent) Warnf(string, ...any)  {}
func (silent) Debugf(string, ...any) {}

type bodyKey struct{}

// attachBody puts the body on the request below resty, which would read every
// io.Reader whole and send it without a length.
func attachBody(_ *resty.Client, r *http.Request) error {
	body, ok := r.Context().Value(bodyKey{}).(*Body)
	if !ok {
		return nil
	}
	rc, err := body.open()
	if err != nil {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	r.Body = &exact{r: rc, left: body.length, size: body.length}
	r.ContentLength = body.length
	if body.length == 0 {
		_ = r.Body.Close()
		r.Body = http.NoBody
	}
	return nil
}

// errNotSent marks failures that happened before anything left.
var errNotSent = errors.New("nothing was sent")

// SameOrigin tells whether u lies at the client's own origin, the one that its
// credential is for.
func (c *Client) SameOrigin(u *url.URL) bool { return sameOrigin(u, c.base) }

// URL is the full address of a route without placeholders, for those who call
// it by other means.
func (c *Client) URL(r *Route, query url.Values) string {
	return c.base.String() + r.Template + "?" + query.Encode()
}
