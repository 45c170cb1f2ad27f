package sync

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// PolicyFile is what an administrator writes: the systems, and every scope
// that a service keeps, each with its own root, policy and credentials. Secrets
// never stand in it: it names the environment variables that hold them. Its
// form is published as docs/policy.schema.json.
type PolicyFile struct {
	// Schema may name the JSON Schema, for editors.
	Schema string `json:"$schema,omitempty"`
	// Format is 1.
	Format int                    `json:"format"`
	ECM    map[string]ECMSystem   `json:"ecm"`
	Smint  map[string]SmintSystem `json:"smint"`
	Scopes []ScopePolicy          `json:"scopes"`
}

// ECMSystem is a Content Server.
type ECMSystem struct {
	// URL goes up to the CGI path, without /api.
	URL string `json:"url"`
	// RequestsPerSecond is what the account may send, for all scopes together.
	// Defaults to 10.
	RequestsPerSecond float64 `json:"requests_per_second,omitempty"`
}

// SmintSystem is a Smint.io tenant, by its name or by its addresses.
type SmintSystem struct {
	Tenant      string `json:"tenant,omitempty"`
	IdentityURL string `json:"identity_url,omitempty"`
	CLAPIURL    string `json:"clapi_url,omitempty"`
	PortalsURL  string `json:"portals_url,omitempty"`
	// DownloadHosts are the hosts that downloads may come from, as in
	// smint.FetchPolicy.
	DownloadHosts     []string `json:"download_hosts,omitempty"`
	RequestsPerSecond float64  `json:"requests_per_second,omitempty"`
}

// ScopePolicy is one scope of a policy file.
type ScopePolicy struct {
	ID records.ScopeID `json:"id"`
	ScopeOf
	Root  RootPolicy  `json:"root"`
	ECM   ScopeECM    `json:"ecm"`
	Smint *ScopeSmint `json:"smint,omitempty"`
	// Policy is what the scope decides.
	Policy Policy `json:"policy"`
}

// ScopeECM is how a scope logs in to ECM.
type ScopeECM struct {
	// System is a name from the file's ecm.
	System string `json:"system"`
	User   string `json:"user"`
	Domain string `json:"domain,omitempty"`
	// PasswordEnv names the environment variable that holds the password.
	PasswordEnv string `json:"password_env"`
	// Share is the scope's part of the account's rate, above 0 and up to 1.
	// Defaults to 1.
	Share float64 `json:"share,omitempty"`
}

// ScopeSmint is how a scope logs in to Smint.io.
type ScopeSmint struct {
	System   string `json:"system"`
	ClientID string `json:"client_id"`
	// ClientSecretEnv and RefreshTokenEnv name environment variables.
	ClientSecretEnv string  `json:"client_secret_env,omitempty"`
	RefreshTokenEnv string  `json:"refresh_token_env,omitempty"`
	Share           float64 `json:"share,omitempty"`
	// Portal, if set, is where portal assets come from.
	Portal *ScopePortal `json:"portal,omitempty"`
}

// ScopePortal narrows a portal to the scope's assets.
type ScopePortal struct {
	UUID    smint.PortalUUID `json:"uuid"`
	Culture string           `json:"culture,omitempty"`
	// Text, Folders and ContentType narrow the assets.
	Text        string            `json:"text,omitempty"`
	Folders     []string          `json:"folders,omitempty"`
	ContentType smint.ContentType `json:"content_type,omitempty"`
	// Item is the form that is recorded, Project the key of the attribute that
	// names the campaign.
	Item    string `json:"item,omitempty"`
	Project string `json:"project,omitempty"`
}

// maxPolicyFile bounds a policy file, in bytes.
const maxPolicyFile = 8 << 20

// policyFormat is the form that this version reads.
const policyFormat = 1

// PolicyFileError lists every fault of a policy file, each with its line and
// field. It matches records.ErrInvalid.
type PolicyFileError struct {
	// Name is the file's, if it has one.
	Name   string
	Faults []FieldFault
}

// Error lists the faults, one a line.
func (e *PolicyFileError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "policy %s: %d faults", e.Name, len(e.Faults))
	for _, f := range e.Faults {
		fmt.Fprintf(&b, "\n  %s", f)
	}
	return b.String()
}

// Is matches records.ErrInvalid.
func (e *PolicyFileError) Is(target error) bool { return target == records.ErrInvalid }

// LoadPolicyFile reads a policy file and checks all of it. The error is a
// *PolicyFileError with every fault, or one of reading the file.
func LoadPolicyFile(path string) (*PolicyFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	defer func() { _ = f.Close() }()
	p, err := ReadPolicyFile(f)
	if faults, ok := errors.AsType[*PolicyFileError](err); ok {
		faults.Name = path
	}
	return p, err
}

// ReadPolicyFile reads a policy from r and checks all of it: its form first
// (unknown and doubled names, wrong types), then what it says (gaps and
// contradictions). The error is a *PolicyFileError with every fault of the
// first kind, or of the second, or one of reading.
func ReadPolicyFile(r io.Reader) (*PolicyFile, error) {
	doc, err := io.ReadAll(io.LimitReader(r, maxPolicyFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	if len(doc) > maxPolicyFile {
		return nil, fmt.Errorf("read the policy: %w: it is longer than %d MiB", records.ErrInvalid, maxPolicyFile>>20)
	}
	l := layOut(doc, reflect.TypeFor[PolicyFile]())
	if len(l.faults) > 0 {
		return nil, &PolicyFileError{Faults: l.faults}
	}
	var p PolicyFile
	d := json.NewDecoder(bytes.NewReader(doc))
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("read the policy: %w: %w", records.ErrInvalid, err)
	}
	var faults records.Problems
	p.check(&faults)
	if list := faults.List(); len(list) > 0 {
		e := &PolicyFileError{}
		for _, f := range list {
			if isSecretName(f.Field) {
				f.Value = redacted
			}
			e.Faults = append(e.Faults, FieldFault{l.line(f.Field), f})
		}
		slices.SortStableFunc(e.Faults, func(a, b FieldFault) int { return a.Line - b.Line })
		return nil, e
	}
	return &p, nil
}

// Scope finds a scope by its id.
func (p *PolicyFile) Scope(id records.ScopeID) (ScopePolicy, bool) {
	i := slices.IndexFunc(p.Scopes, func(s ScopePolicy) bool { return s.ID == id })
	if i < 0 {
		return ScopePolicy{}, false
	}
	return p.Scopes[i], true
}

func (p *PolicyFile) check(faults *records.Problems) {
	faults.Check(p.Format == policyFormat, "format", p.Format, fmt.Sprintf("%d, which this version reads", policyFormat))
	for _, name := range slices.Sorted(maps.Keys(p.ECM)) {
		s, field := p.ECM[name], "ecm."+name
		checkAddress(field+".url", s.URL, "the address up to the CGI path, without /api", faults)
		faults.Check(s.RequestsPerSecond >= 0, field+".requests_per_second", s.RequestsPerSecond, "a rate above 0")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Smint)) {
		p.Smint[name].check("smint."+name, faults)
	}
	faults.Check(len(p.Scopes) > 0, "scopes", "none", "at least one scope")
	for i, s := range p.Scopes {
		s.check(p, fmt.Sprintf("scopes[%d]", i), faults)
		p.contradict(i, faults)
	}
}

func (s SmintSystem) check(field string, faults *records.Problems) {
	urls := s.IdentityURL != "" && s.CLAPIURL != ""
	faults.Check((s.Tenant != "") != urls, field+".tenant", s.Tenant, "either a tenant's name or identity_url and clapi_url")
	if s.Tenant != "" {
		_, err := smint.Tenant(s.Tenant)
		faults.Check(err == nil, field+".tenant", s.Tenant, "a tenant's name, a DNS label")
	}
	for name, address := range map[string]string{"identity_url": s.IdentityURL, "clapi_url": s.CLAPIURL, "portals_url": s.PortalsURL} {
		if address != "" {
			checkAddress(field+"."+name, address, "an absolute URL", faults)
		}
	}
	faults.Check(s.RequestsPerSecond >= 0, field+".requests_per_second", s.RequestsPerSecond, "a rate above 0")
}

// checkAddress notes what the clients would refuse, where it is written.
func checkAddress(field, text, want string, faults *records.Problems) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		if strings.Contains(text, "@") {
			text = redacted // it may hold a password.
		}
		faults.Add(field, text, want+", as https://host/path")
		return
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	faults.Check(u.User == nil && u.RawQuery == "" && u.Fragment == "", field, u.Redacted(), want+", without user, query or fragment")
	faults.Check(u.Scheme == "https" || u.Scheme == "http" && loopback, field, u.Redacted(), want+", by https; plain http goes to loopback addresses only")
}

func (s ScopePolicy) check(p *PolicyFile, field string, faults *records.Problems) {
	faults.Check(s.ID.IsValid(), field+".id", s.ID, "a scope id")
	s.Root.check(field+".root", faults)
	_, ok := p.ECM[s.ECM.System]
	faults.Check(ok, field+".ecm.system", s.ECM.System, "a name from the file's ecm")
	faults.Check(s.ECM.User != "", field+".ecm.user", s.ECM.User, "a user name")
	faults.Check(isEnvName(s.ECM.PasswordEnv), field+".ecm.password_env", s.ECM.PasswordEnv, "the name of the environment variable that holds the password")
	checkShare(field+".ecm.share", s.ECM.Share, faults)
	if c := s.Smint; c != nil {
		_, ok := p.Smint[c.System]
		faults.Check(ok, field+".smint.system", c.System, "a name from the file's smint")
		faults.Check(c.ClientID != "", field+".smint.client_id", c.ClientID, "an OAuth2 client's id")
		faults.Check(c.ClientSecretEnv == "" || isEnvName(c.ClientSecretEnv), field+".smint.client_secret_env", c.ClientSecretEnv, "the name of an environment variable")
		faults.Check(isEnvName(c.RefreshTokenEnv), field+".smint.refresh_token_env", c.RefreshTokenEnv, "the name of the environment variable that holds the first refresh token")
		checkShare(field+".smint.share", c.Share, faults)
		if c.Portal != nil {
			faults.Check(c.Portal.UUID != "", field+".smint.portal.uuid", c.Portal.UUID, "the uuid of a portal")
		}
	}
	var own records.Problems
	s.Policy.withDefaults().check(&own)
	s.Policy.checkFor(s.ScopeOf, &own)
	if a := s.Policy.Approval; a.Source == records.ApprovalByAttribute {
		own.Check(s.Smint != nil && s.Smint.Portal != nil, "policy.approval.source", a.Source, "a smint.portal: the attribute is that of a portal asset")
		own.Check(a.Person != "" && a.Time != "", "policy.approval.person", a.Person, "person and time: the keys of the attributes that say who approved, and when")
	}
	if s.Smint == nil || s.Smint.Portal == nil {
		own.Check(s.Policy.Metadata == nil, "policy.metadata", "no portal", "a smint.portal: metadata is kept in step with its assets")
		own.Check(s.Policy.Jurisdiction.Attribute == "", "policy.jurisdiction.attribute", s.Policy.Jurisdiction.Attribute, "a smint.portal: the attribute is that of a portal asset")
	}
	for _, f := range own.List() {
		f.Field = field + "." + f.Field
		faults.AddProblem(f)
	}
}

// contradict notes what scope i and one before it cannot both be.
func (p *PolicyFile) contradict(i int, faults *records.Problems) {
	s, field := p.Scopes[i], fmt.Sprintf("scopes[%d]", i)
	for j, other := range p.Scopes[:i] {
		faults.Check(s.ID != other.ID, field+".id", s.ID, "an id of its own: another scope has it")
		same := p.server(s) == p.server(other)
		if same {
			s.offersNothingOf(other, field, faults)
			other.offersNothingOf(s, fmt.Sprintf("scopes[%d]", j), faults)
		}
		faults.Check(!same || s.Root.Folder == 0 || s.Root.Folder != other.Root.Folder, field+".root.folder", s.Root.Folder, fmt.Sprintf("a root of its own: scope %s has that one", other.ID))
		if s.Root.Workspace != nil && other.Root.Workspace != nil {
			faults.Check(!same || *s.Root.Workspace != *other.Root.Workspace, field+".root.workspace", s.Root.Workspace.ObjectID, fmt.Sprintf("a workspace of its own: scope %s has that one", other.ID))
		}
		clients := s.Client != "" && other.Client != "" && s.Client != other.Client
		faults.Check(!same || !clients || s.ECM.User != other.ECM.User, field+".ecm.user", s.ECM.User, fmt.Sprintf("credentials of its own: client %q uses these", other.Client))
		login := s.Smint != nil && other.Smint != nil && s.Smint.RefreshTokenEnv == other.Smint.RefreshTokenEnv
		faults.Check(!login || !clients, field+".smint.refresh_token_env", redacted, fmt.Sprintf("credentials of its own: client %q uses these", other.Client))
	}
}

// server is where a scope's records go, whatever name the file gives it.
func (p *PolicyFile) server(s ScopePolicy) string {
	return strings.ToLower(strings.TrimSuffix(p.ECM[s.ECM.System].URL, "/"))
}

// offersNothingOf notes folders to be offered that are the root of another scope.
func (s ScopePolicy) offersNothingOf(other ScopePolicy, field string, faults *records.Problems) {
	if s.Policy.Surface == nil || other.Root.Folder == 0 || s.ID == other.ID {
		return
	}
	for k, src := range s.Policy.Surface.Sources {
		for n, folder := range src.Folders {
			faults.Check(folder != other.Root.Folder, fmt.Sprintf("%s.policy.surface.sources[%d].folders[%d]", field, k, n), folder,
				fmt.Sprintf("a folder of this scope: it is the root of scope %s", other.ID))
		}
	}
}

func checkShare(field string, share float64, faults *records.Problems) {
	faults.Check(share >= 0 && share <= 1, field, share, "a part of the account's rate, above 0 and up to 1")
}

// isEnvName also refuses what looks like the secret itself.
func isEnvName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && strings.Trim(s[:1], "0123456789") != ""
}
