package smint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"

	"github.com/smintecm/sdk/internal/rest"
)

// Limiter grants one request at a time. A rate limit belongs to the account:
// several clients, or processes, may share one.
type Limiter interface {
	// Wait blocks until one request may be sent, or ctx ends.
	Wait(ctx context.Context) error
}

// NewLimiter grants perSecond requests a second, and burst at once after a
// rest.
func NewLimiter(perSecond float64, burst int) Limiter { return rest.NewLimiter(perSecond, burst) }

// Endpoints are the base URLs of one tenant. One that is empty is that of no
// service, and its calls fail.
type Endpoints struct {
	// Identity is where logins live, as https://acme.smint.io.
	Identity string
	// CLAPI is the licensing API, as https://acme.clapi.smint.io/consumer/v1.
	CLAPI string
	// Portals is the portals' frontend API, as
	// https://acme.portalsapife.smint.io/frontend/v1.
	Portals string
	// Payload is the payload API at the portal's own host, as
	// https://portal.acme.example/portal/v1.
	Payload string
}

var tenantLabel = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// Tenant returns the endpoints of a tenant by its name, "acme" or
// "acme-staging". It returns an error that matches ErrInvalid for what is no
// DNS label.
func Tenant(name string) (Endpoints, error) {
	if !tenantLabel.MatchString(name) {
		var faults rest.Problems
		faults.Add("tenant", name, "the first label of the tenant's host, as acme in acme.smint.io")
		return Endpoints{}, faults.Err("smint.Tenant")
	}
	return Endpoints{
		Identity: "https://" + name + ".smint.io", CLAPI: "https://" + name + ".clapi.smint.io/consumer/v1",
		Portals: "https://" + name + ".portalsapife.smint.io/frontend/v1",
	}, nil
}

// Client talks to one tenant as one login. It is immutable and safe for
// concurrent use.
type Client struct {
	Identity                    *IdentityService
	Metadata                    *MetadataService
	LicensePurchaseTransactions *LicensePurchaseTransactionsService
	Binaries                    *BinariesService
	Downloads                   *DownloadsService
	Portals                     *PortalsService
	Notifications               *NotificationsService

	core *core
}

// core is what the services share.
type core struct {
	clapi    *rest.Client
	identity *rest.Client
	login    *oauth
	routes   routes
	paths    Paths
	fetch    *fetcher
	portal   portalCore
}

type service struct{ *core }

type options struct {
	transport http.RoundTripper
	limiter   Limiter
	logger    *slog.Logger
	retries   int
	agent     string
	paths     Paths
	policy    FetchPolicy
	portal    PortalSettings
	classify  func(*rest.Failure)
	errs      []error
}

// Option changes how a Client is built.
type Option func(*options)

// WithTransport carries the requests to Smint.io's own APIs, for tests,
// proxies, metrics and traces. Downloads do not use it: see [FetchPolicy].
func WithTransport(t http.RoundTripper) Option {
	return func(o *options) {
		if t == nil {
			o.errs = append(o.errs, errors.New("WithTransport: nil"))
		}
		o.transport = t
	}
}

// WithLimiter shares a limiter. Without it a client sends at most 20 requests
// a second, 5 of them at once.
func WithLimiter(l Limiter) Option {
	return func(o *options) {
		if l == nil {
			o.errs = append(o.errs, errors.New("WithLimiter: nil"))
		}
		o.limiter = l
	}
}

// WithLogger gets a debug line for each attempt and a warning for each retry;
// never a body, a query or a secret.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// WithRetries bounds the attempts after the first, for a download those since
// its last byte; 0 turns retrying off.
func WithRetries(n int) Option {
	return func(o *options) {
		if n < 0 || n > 20 {
			o.errs = append(o.errs, fmt.Errorf("WithRetries: %d, want 0 to 20", n))
		}
		o.retries = n
	}
}

// WithUserAgent names the application to the servers.
func WithUserAgent(name string) Option { return func(o *options) { o.agent = name } }

// WithPaths sets the paths of the licensing API.
func WithPaths(p Paths) Option { return func(o *options) { o.paths = p } }

// WithFetchPolicy says where downloads may come from.
func WithFetchPolicy(p FetchPolicy) Option { return func(o *options) { o.policy = p } }

// New makes a client for a tenant. It does no I/O; all faults of its arguments
// are reported together and match ErrInvalid. Base URLs are https, or http to
// a loopback address.
func New(endpoints Endpoints, login Login, opts ...Option) (*Client, error) {
	o := options{retries: -1, agent: "smintecm-sdk", limiter: NewLimiter(20, 5)}
	for _, opt := range opts {
		if opt == nil {
			o.errs = append(o.errs, errors.New("nil"))
			continue
		}
		opt(&o)
	}
	var faults rest.Problems
	for _, err := range o.errs {
		faults.Add("option", err, "a valid option")
	}
	o.paths = o.paths.withDefaults()
	o.paths.check(&faults)
	login.check(&faults)
	o.portal = o.portal.withDefaults()
	o.portal.check(&faults)
	k := &core{routes: newRoutes(o.paths, o.portal), paths: o.paths, fetch: newFetcher(o, &faults)}
	k.login = newOAuth(login, k)
	k.identity = o.client(&faults, "identity URL", endpoints.Identity, nil)
	k.clapi = o.client(&faults, "CLAPI URL", endpoints.CLAPI, k.login)
	k.portal = o.portalCore(&faults, endpoints, k.login)
	if err := faults.Err("smint.New"); err != nil {
		return nil, err
	}
	s := service{k}
	return &Client{
		Identity: (*IdentityService)(&s), Metadata: (*MetadataService)(&s), LicensePurchaseTransactions: (*LicensePurchaseTransactionsService)(&s),
		Binaries: (*BinariesService)(&s), Downloads: (*DownloadsService)(&s),
		Portals: (*PortalsService)(&s), Notifications: (*NotificationsService)(&s), core: k,
	}, nil
}

// client makes the request path to one of the tenant's APIs.
func (o options) client(faults *rest.Problems, field, base string, cred rest.Credential) *rest.Client {
	c, err := rest.New(rest.Config{
		BaseURL: base, Transport: o.transport, Limiter: o.limiter, Retries: o.retries, Logger: o.logger, UserAgent: o.agent,
		Credential: cred, Error: newError, Classify: o.classify,
	})
	if invalid, ok := errors.AsType[*rest.InvalidError](err); ok {
		for _, p := range invalid.Problems {
			faults.Add(field, p.Value, p.Want)
		}
	}
	return c
}
