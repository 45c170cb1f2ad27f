package ecm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/smintecm/sdk/internal/rest"
)

// Secret is a string that shows itself nowhere: printed, logged or marshaled
// it is "[redacted]". Convert with Secret(s); Reveal gives the string back.
type Secret = rest.Secret

// Limiter grants one request at a time. A rate limit belongs to the account:
// several clients, or processes, may share one.
type Limiter interface {
	// Wait blocks until one request may be sent, or ctx ends.
	Wait(ctx context.Context) error
}

// NewLimiter grants perSecond requests a second, and burst at once after a
// rest.
func NewLimiter(perSecond float64, burst int) Limiter { return rest.NewLimiter(perSecond, burst) }

// Client talks to one Content Server as one user. It is immutable and safe for
// concurrent use.
type Client struct {
	// Authentication, and the server itself.
	Auth   *AuthService
	Server *ServerService

	// Content Server: nodes and what belongs to them.
	Nodes       *NodesService
	Versions    *VersionsService
	Content     *ContentService
	Uploads     *UploadsService
	Categories  *CategoriesService
	Permissions *PermissionsService
	Audit       *AuditService
	Volumes     *VolumesService
	RecycleBin  *RecycleBinService
	Search      *SearchService
	Members     *MembersService

	// Records Management: records, their schedules, holds and disposition.
	Classifications   *ClassificationsService
	RMClassifications *RMClassificationsService
	RSIs              *RSIsService
	Holds             *HoldsService
	CrossReferences   *CrossReferencesService
	Dispositions      *DispositionsService
	Queues            *QueuesService
	Codes             *CodesService
	Security          *SecurityService

	// Business Workspaces.
	Workspaces *WorkspacesService

	core *core
}

// core is what the services share.
type core struct {
	rest     *rest.Client
	settings Settings
	refused  func(context.Context, Refused)
	// side makes, when it is first needed, the way to a server beside Content
	// Server, where nothing of the client's own credential is sent.
	side func(baseURL string) func() (*rest.Client, error)
}

type service struct{ *core }

// Settings are the points in which servers differ or the vendor's description
// and observation disagree. The zero value is what was seen live.
type Settings struct {
	// StatusField is the name of the record status in writes: "file_status",
	// or "status" as the description has it.
	StatusField string
	// Places says where a write sends its parameters, by the write's name as
	// [Operations] lists it: {"Holds.Apply": InQuery}. Without an entry it is a
	// form where that was seen live, and where the description puts them
	// otherwise.
	Places map[string]Place
	// Lists is how several values of one parameter are sent, repeated by default.
	Lists ListEncoding
	// OfficialMeansFinal takes a record whose official flag is set for final
	// also where it could still be finalized.
	OfficialMeansFinal bool
	// FinalKeepsRemoval takes a record that can no longer be finalized for final
	// also if its class may still be removed. By default that reads as a record
	// which this user may not finalize.
	FinalKeepsRemoval bool
}

type options struct {
	transport http.RoundTripper
	limiter   Limiter
	logger    *slog.Logger
	retries   int
	agent     string
	settings  Settings
	errs      []error
}

// Option changes how a Client is built.
type Option func(*options)

// WithTransport carries the requests, for tests, proxies, metrics and traces.
func WithTransport(t http.RoundTripper) Option {
	return func(o *options) {
		if t == nil {
			o.errs = append(o.errs, errors.New("WithTransport: nil"))
		}
		o.transport = t
	}
}

// WithLimiter shares a limiter. Without it a client sends at most 50 requests
// a second, 10 of them at once.
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

// WithRetries bounds the attempts after the first; 0 turns retrying off.
func WithRetries(n int) Option {
	return func(o *options) {
		if n < 0 || n > 20 {
			o.errs = append(o.errs, fmt.Errorf("WithRetries: %d, want 0 to 20", n))
		}
		o.retries = n
	}
}

// WithUserAgent names the application to the server.
func WithUserAgent(name string) Option { return func(o *options) { o.agent = name } }

// WithSettings adapts the client to a server.
func WithSettings(s Settings) Option { return func(o *options) { o.settings = s } }

// beyondCGI is an address that goes on into the API.
var beyondCGI = regexp.MustCompile(`/api(/v[12])?/*$`)

// New makes a client for the server at baseURL, which is the address up to the
// CGI path, without "/api": https, or http to a loopback address. It does no
// I/O; all faults of its arguments are reported together and match ErrInvalid.
func New(baseURL string, cred Credentials, opts ...Option) (*Client, error) {
	o := options{retries: -1, agent: "smintecm-sdk", limiter: NewLimiter(50, 10), settings: Settings{}}
	for _, opt := range opts {
		if opt == nil {
			o.errs = append(o.errs, errors.New("nil"))
			continue
		}
		opt(&o)
	}
	var faults rest.Problems
	if beyondCGI.MatchString(baseURL) {
		faults.Add("base URL", baseURL, "the address up to the CGI path, without /api")
	}
	if cred == nil {
		faults.Add("credentials", "none", "for example ecm.PasswordLogin")
	} else {
		cred.check(&faults)
	}
	for _, err := range o.errs {
		faults.Add("option", err, "a valid option")
	}
	o.settings.check(&faults)
	o.settings.Places = maps.Clone(o.settings.Places)
	if o.settings.StatusField == "" {
		o.settings.StatusField = "file_status"
	}
	k := &core{settings: o.settings, refused: func(context.Context, Refused) {}}
	k.side = func(otherURL string) func() (*rest.Client, error) {
		return sync.OnceValues(func() (*rest.Client, error) {
			return rest.New(rest.Config{
				BaseURL: strings.TrimRight(otherURL, "/"), Transport: o.transport, Limiter: o.limiter, Retries: o.retries, Logger: o.logger,
				UserAgent: o.agent, Classify: classify, Error: newError,
			})
		})
	}
	var login rest.Credential
	if cred != nil {
		login = cred.bind(k)
	}
	client, err := rest.New(rest.Config{
		BaseURL: strings.TrimRight(baseURL, "/") + "/api", Transport: o.transport, Limiter: o.limiter, Retries: o.retries, Logger: o.logger,
		UserAgent: o.agent, Credential: login, Classify: classify, Error: newError,
	})
	if invalid, ok := errors.AsType[*rest.InvalidError](err); ok {
		for _, p := range invalid.Problems {
			faults.Add(p.Field, strings.TrimSuffix(p.Value, "/api"), p.Want)
		}
	}
	if err := faults.Err("ecm.New"); err != nil {
		return nil, err
	}
	k.rest = client
	return newClient(k), nil
}

func newClient(k *core) *Client {
	s := service{k}
	return &Client{
		Auth: (*AuthService)(&s), Server: (*ServerService)(&s), Nodes: (*NodesService)(&s), Versions: (*VersionsService)(&s), Uploads: (*UploadsService)(&s),
		Content: (*ContentService)(&s), Categories: (*CategoriesService)(&s), Volumes: (*VolumesService)(&s),
		RMClassifications: (*RMClassificationsService)(&s), RSIs: (*RSIsService)(&s), Holds: (*HoldsService)(&s),
		CrossReferences: (*CrossReferencesService)(&s), Classifications: (*ClassificationsService)(&s), Queues: (*QueuesService)(&s),
		Dispositions: (*DispositionsService)(&s), Security: (*SecurityService)(&s), Codes: (*CodesService)(&s),
		Search: (*SearchService)(&s), Audit: (*AuditService)(&s), Permissions: (*PermissionsService)(&s),
		RecycleBin: (*RecycleBinService)(&s), Members: (*MembersService)(&s), Workspaces: (*WorkspacesService)(&s), core: k,
	}
}

// NotifyRefused returns a client that shares everything with c and also calls
// notify, before it returns the error, whenever it refuses a destructive call
// on a held or final record. Nil tells nobody.
func (c *Client) NotifyRefused(notify func(context.Context, Refused)) *Client {
	k := *c.core
	if k.refused = notify; notify == nil {
		k.refused = func(context.Context, Refused) {}
	}
	return newClient(&k)
}
