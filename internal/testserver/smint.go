package testserver

import (
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	smintScopeFull   = "smintio.full"
	smintScopePortal = "smintio.portals.frontend"

	smintOwn     = "own"
	smintStorage = "storage"
)

// SmintPaths are the paths of the licensing API, which the vendor does not
// publish. The zero value means the defaults that the clients have too.
type SmintPaths struct {
	Metadata, Transactions, Binaries string
	// ContinuationParameter and LimitParameter are the names of the two query
	// parameters of Transactions.
	ContinuationParameter, LimitParameter string
}

// SmintOptions are the settings of a fake. The zero value is a tenant "acme"
// with a login that works.
type SmintOptions struct {
	// Tenant is the first label of the in-process host names.
	Tenant string
	// ClientID and ClientSecret are the OAuth client, RefreshToken its first
	// refresh token, Scope what that token was granted.
	ClientID, ClientSecret, RefreshToken, Scope string
	// Redirects are the addresses that the authorization may go back to.
	Redirects []string
	// Issuer is the issuer that discovery and identity tokens name, by default
	// the identity address itself.
	Issuer string
	// TokenLifetime is the life of an access token, by default an hour.
	TokenLifetime time.Duration
	// OmitRefreshToken leaves refresh_token out of refresh answers: the old one
	// stays good. KeepRefreshToken answers the old one again.
	OmitRefreshToken, KeepRefreshToken bool
	// ReuseEndsLogin makes the second use of a rotated refresh token end the
	// whole login, as providers do that take it for a theft.
	ReuseEndsLogin bool
	// Secret signs tokens, continuations and addresses.
	Secret string
	// AddressLifetime is the life of a download address, by default an hour.
	AddressLifetime time.Duration
	// PageLimit is the page size when none is asked for, MaxPageLimit the most.
	PageLimit, MaxPageLimit int
	// Paths are the paths of the licensing API.
	Paths SmintPaths
	// ChannelID is the tenant's number in the name of its push channel, PushKey
	// the public key of the push service.
	ChannelID int
	PushKey   string
	// BodyForm is the only form of execute bodies that the portal takes, "A" or
	// "B"; empty takes both.
	BodyForm string
	// TaskTime is how long the long-running methods take, by default 2 s.
	// StrictPolling answers 429 to whoever polls a task faster than once a
	// second.
	TaskTime      time.Duration
	StrictPolling bool
	// Missing is how an asset that isn't there is answered.
	Missing SmintMissing
	// EnforcePublication hides assets outside of their dates of publication.
	// The vendor doesn't say whether Smint.io does so; by default it doesn't.
	EnforcePublication bool
	// Groups are the external groups of the portal's user; none means all.
	Groups []string
	// UploadField is the form field of uploads, by default "file".
	UploadField string
	// CommandInterface is the name of the custom interface that takes our
	// commands, by default IEcmRecordAssets; "-" is a portal without it.
	CommandInterface string
	// AttributeCommands adds [AttributeMethod] to the custom interface. Of the
	// attributes in FixedAttributes it sets none.
	AttributeCommands bool
	FixedAttributes   []string
	// Clock is the fake's time. By default it is the machine's.
	Clock *Clock
	// Dir is the folder for contents above 64 KiB, by default a temporary one
	// that [Smint.Close] removes.
	Dir string
}

func (o SmintOptions) withDefaults() SmintOptions {
	text := func(value *string, fallback string) {
		if *value == "" {
			*value = fallback
		}
	}
	text(&o.Tenant, "acme")
	text(&o.ClientID, "acme-ecm")
	text(&o.ClientSecret, "acme-ecm-secret")
	text(&o.RefreshToken, "RT0-first-login")
	text(&o.Scope, smintScopeFull+" "+smintScopePortal+" openid profile offline_access")
	text(&o.Secret, "the fake's own key")
	text(&o.Paths.Metadata, "/sync/genericMetadata")
	text(&o.Paths.Transactions, "/sync/licensePurchaseTransactions")
	text(&o.Paths.Binaries, "/sync/cartPurchaseTransactions/{cartPurchaseTransactionUuid}/licensePurchaseTransactions/{licensePurchaseTransactionUuid}/binaries")
	text(&o.Paths.ContinuationParameter, "continuationUuid")
	text(&o.Paths.LimitParameter, "limit")
	text(&o.UploadField, "file")
	text(&o.CommandInterface, "IEcmRecordAssets")
	if o.TaskTime == 0 {
		o.TaskTime = 2 * time.Second
	}
	text(&o.PushKey, "32f31c26a83e09dc401b")
	if o.ChannelID == 0 {
		o.ChannelID = 1077
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = time.Hour
	}
	if o.AddressLifetime == 0 {
		o.AddressLifetime = time.Hour
	}
	if o.PageLimit == 0 {
		o.PageLimit = 10
	}
	if o.MaxPageLimit == 0 {
		o.MaxPageLimit = 100
	}
	if o.Redirects == nil {
		o.Redirects = []string{"http://127.0.0.1:7587", "http://127.0.0.1", "http://localhost:43450/local"}
	}
	if o.Clock == nil {
		o.Clock = &Clock{}
	}
	return o
}

// Smint is a fake Smint.io: identity, content licensing and portals of one
// tenant. It is an http.Handler for all of them; requests to one of the
// vendor's host names reach only the paths of that host. It is safe for
// concurrent use.
//
// Routes bear their pattern as name, such as "POST /connect/token" or
// "GET /storage/{transaction}/{binary}/{version}"; [Tap.Fail] and [Tap.Count]
// take them.
type Smint struct {
	*Tap
	options SmintOptions
	mux     *http.ServeMux
	storage atomic.Pointer[string]

	mu          sync.Mutex
	identity    smintIdentity
	feed        smintFeed
	downloads   []SmintDownload
	omitRefresh bool
	blobs       *Blobs
	pusher      smintPusher
	portal      smintPortal
	plans       []*SmintTaskPlan
	tasks       map[string]*smintTask
	tickets     map[string]smintTicket
	drivers     []*SmintDriver
}

// NewSmint makes a fake with the built-in generic metadata and an empty feed.
func NewSmint(options SmintOptions) *Smint {
	s := &Smint{options: options.withDefaults()}
	s.identity = smintIdentity{
		Access: map[string]smintAccess{}, Grants: map[string]*smintGrant{}, Codes: map[string]smintCode{}, Refused: map[string]bool{},
		Lifetime: s.options.TokenLifetime,
	}
	s.identity.Grants[s.options.RefreshToken] = &smintGrant{Scope: s.options.Scope, Family: "first"}
	s.omitRefresh = s.options.OmitRefreshToken
	s.feed = smintFeed{Purchases: map[string]*smintPurchase{}, Metadata: map[string]json.RawMessage{}}
	s.portal, s.tasks, s.tickets = newSmintPortal(), map[string]*smintTask{}, map[string]smintTicket{}
	for name, list := range smintMetadata() {
		s.feed.Metadata[name], _ = smintRaw(list)
	}
	s.routes()
	s.Tap = NewTap(http.HandlerFunc(s.serve), s.route, s.now)
	return s
}

// Now is the fake's time.
func (s *Smint) Now() time.Time { return s.now() }

func (s *Smint) now() time.Time { return s.options.Clock.Now() }

// Options returns the settings with all defaults filled in: what a client
// needs for its login.
func (s *Smint) Options() SmintOptions { return s.options }

// SetTokenLifetime changes the life of the access tokens given from now on.
func (s *Smint) SetTokenLifetime(life time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identity.Lifetime = life
}

// EndAccess makes every access token given so far expire at once.
func (s *Smint) EndAccess() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.identity.Access)
}

// EndLogin makes every refresh token given so far answer invalid_grant.
func (s *Smint) EndLogin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, grant := range s.identity.Grants {
		s.identity.Refused[grant.Family] = true
	}
}

// Grant makes a new login and returns its refresh token.
func (s *Smint) Grant(scope string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := s.mint("RT")
	s.identity.Grants[token] = &smintGrant{Scope: scope, Family: s.mint("F")}
	return token
}

// AccessToken makes an access token of the given scope without a login, for
// calls by hand. An empty scope means all.
func (s *Smint) AccessToken(scope string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if scope == "" {
		scope = s.options.Scope
	}
	token := s.mint("AT")
	s.identity.Access[token] = smintAccess{Scope: scope, Expires: s.now().Add(s.identity.Lifetime), Family: "by hand"}
	return token
}
