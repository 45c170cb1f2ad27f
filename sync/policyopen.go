package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// defaultRate is what an account may send a second, unless its system says
// otherwise.
const defaultRate = 10

// Environment is what a policy file leaves to the process that opens it.
type Environment struct {
	// Getenv reads the variables that hold the secrets, as os.Getenv does.
	Getenv func(name string) string
	// Tokens gives each scope the store of its Smint.io login; nil keeps tokens
	// in memory, where a restart loses the login.
	Tokens func(scope records.ScopeID) smint.TokenStore
	// ECM and Smint are further options of the clients, such as transports.
	ECM   []ecm.Option
	Smint []smint.Option
	// Config may complete a scope's configuration, with its journal, signers or
	// clock, before the scope is made.
	Config func(c *ScopeConfig) error
}

// Opener makes the scopes of a policy file. Scopes of one account share its
// rate. It is safe for concurrent use, if what the Environment holds is.
type Opener struct {
	file  *PolicyFile
	env   Environment
	rates guarded[map[string]Limiter]
}

// NewOpener opens scopes of a file that [LoadPolicyFile] has checked.
func NewOpener(file *PolicyFile, env Environment) *Opener {
	o := &Opener{file: file, env: env}
	o.rates.set(map[string]Limiter{})
	return o
}

// Open makes one scope: its clients with the scope's own credentials and share
// of the rate, and its root, which is made from its template if it is a
// workspace that is not there yet. The error matches records.ErrInvalid, with
// everything that is missing in the environment, or is one of the clients. It
// is safe to repeat.
func (o *Opener) Open(ctx context.Context, id records.ScopeID) (*Scope, error) {
	p, ok := o.file.Scope(id)
	if !ok {
		return nil, fmt.Errorf("open scope %s: %w: the policy has no such scope", id, records.ErrInvalid)
	}
	c := ScopeConfig{ID: p.ID, Of: p.ScopeOf, Policy: p.Policy}
	var faults records.Problems
	password := o.secret(p.ECM.PasswordEnv, &faults)
	login, portal := o.login(p, &faults)
	err := faults.Err("open scope " + id.String())
	if err != nil {
		return nil, err
	}
	if c.ECM, err = ecm.New(o.file.ECM[p.ECM.System].URL, ecm.PasswordLogin{User: p.ECM.User, Password: ecm.Secret(password), Domain: p.ECM.Domain},
		append([]ecm.Option{ecm.WithLimiter(o.limiter("ecm."+p.ECM.System, o.file.ECM[p.ECM.System].RequestsPerSecond, p.ECM.Share))}, o.env.ECM...)...); err != nil {
		return nil, fmt.Errorf("open scope %s: %w", id, err)
	}
	if p.Smint != nil {
		if c.Smint, err = o.smint(p, login); err != nil {
			return nil, fmt.Errorf("open scope %s: %w", id, err)
		}
		c.Portal = portal
	}
	if o.env.Config != nil {
		if err := o.env.Config(&c); err != nil {
			return nil, fmt.Errorf("open scope %s: %w", id, err)
		}
	}
	if c.Root == 0 {
		if c.Root, err = p.Root.Resolve(ctx, c.ID, c.ECM, c.Journal); err != nil {
			return nil, err
		}
	}
	return NewScope(c)
}

// secret reads a variable that must be there.
func (o *Opener) secret(name string, faults *records.Problems) string {
	value := ""
	if o.env.Getenv != nil {
		value = o.env.Getenv(name)
	}
	faults.Check(value != "", name, "", "a value: the policy names this environment variable")
	return value
}

func (o *Opener) login(p ScopePolicy, faults *records.Problems) (smint.Login, *PortalSource) {
	c := p.Smint
	if c == nil {
		return smint.Login{}, nil
	}
	login := smint.Login{ClientID: c.ClientID}
	if c.ClientSecretEnv != "" {
		login.ClientSecret = smint.Secret(o.secret(c.ClientSecretEnv, faults))
	}
	login.RefreshToken = smint.Secret(o.secret(c.RefreshTokenEnv, faults))
	if o.env.Tokens != nil {
		login.Store = o.env.Tokens(p.ID)
	}
	if c.Portal == nil {
		return login, nil
	}
	return login, &PortalSource{
		Portal: smint.Portal{UUID: c.Portal.UUID, Culture: c.Portal.Culture},
		Query:  smint.SearchQuery{Text: c.Portal.Text, Folders: c.Portal.Folders, ContentType: c.Portal.ContentType},
		Item:   c.Portal.Item, Project: c.Portal.Project,
	}
}

func (o *Opener) smint(p ScopePolicy, login smint.Login) (*smint.Client, error) {
	system := o.file.Smint[p.Smint.System]
	ends := smint.Endpoints{Identity: system.IdentityURL, CLAPI: system.CLAPIURL, Portals: system.PortalsURL}
	if system.Tenant != "" {
		var err error
		if ends, err = smint.Tenant(system.Tenant); err != nil {
			return nil, err
		}
	}
	options := []smint.Option{smint.WithLimiter(o.limiter("smint."+p.Smint.System, system.RequestsPerSecond, p.Smint.Share))}
	if len(system.DownloadHosts) > 0 {
		options = append(options, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: system.DownloadHosts}))
	}
	return smint.New(ends, login, append(options, o.env.Smint...)...)
}

// limiter is a scope's share of an account's rate.
func (o *Opener) limiter(account string, perSecond, share float64) Limiter {
	perSecond, share = cmp.Or(perSecond, defaultRate), cmp.Or(share, 1)
	var all Limiter
	o.rates.change(func(rates *map[string]Limiter) {
		if (*rates)[account] == nil {
			(*rates)[account] = ecm.NewLimiter(perSecond, max(1, int(perSecond)))
		}
		all = (*rates)[account]
	})
	if share == 1 {
		return all
	}
	return ShareLimiter(ecm.NewLimiter(perSecond*share, max(1, int(perSecond*share))), all)
}

// OpenAll makes every scope of the file. A scope that cannot be opened does not
// keep the others from it: its error names it, and all errors come joined.
func (o *Opener) OpenAll(ctx context.Context) ([]*Scope, error) {
	var scopes []*Scope
	var errs []error
	for _, p := range o.file.Scopes {
		s, err := o.Open(ctx, p.ID)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		scopes = append(scopes, s)
	}
	return scopes, errors.Join(errs...)
}
