package sminttest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

// Options are the settings of a fake. The zero value is a tenant with a login
// that works and an empty feed.
type Options struct {
	// Listen is the address to listen at, by default a free loopback port.
	Listen string
	// SeparateStorage serves the files from a host and port of their own, as
	// the vendor may.
	SeparateStorage bool
	// TaskTime is how long the portal's background tasks take, by default 2 s.
	TaskTime time.Duration
}

// Server is a fake Smint.io at a loopback address. It is safe for concurrent
// use.
type Server struct {
	Endpoints smint.Endpoints
	// Host and StorageHost are where downloads come from, as host:port.
	Host, StorageHost string
	base              string
	fake              *testserver.Smint
	clock             *testserver.Clock
	stop              []func() error
}

// NewServer starts a fake. Close it after use.
func NewServer(o Options) (*Server, error) {
	clock := &testserver.Clock{}
	return start(o, clock, testserver.NewSmint(testserver.SmintOptions{Clock: clock, RefreshToken: login(), TaskTime: o.TaskTime}))
}

// Load starts a fake that goes on where the one that Save wrote to dir ended.
// The error matches fs.ErrNotExist if there is none.
func Load(dir string, o Options) (*Server, error) {
	clock := &testserver.Clock{}
	fake, err := testserver.LoadSmint(dir, testserver.SmintOptions{Clock: clock, RefreshToken: login(), TaskTime: o.TaskTime})
	if err != nil {
		return nil, err
	}
	return start(o, clock, fake)
}

// login is the first refresh token of one fake: no other one has the same.
func login() string { return "RT0-" + rand.Text() }

func start(o Options, clock *testserver.Clock, fake *testserver.Smint) (*Server, error) {
	s := &Server{fake: fake, clock: clock}
	base, stop, err := testserver.ServeAt(o.Listen, fake)
	if err != nil {
		return nil, err
	}
	s.base, s.stop = base, append(s.stop, stop)
	storage := base
	if o.SeparateStorage {
		if storage, stop, err = testserver.ServeAt("", fake.StorageHandler()); err != nil {
			_ = s.Close()
			return nil, err
		}
		s.stop = append(s.stop, stop)
		fake.StorageAt(storage)
	}
	ends := fake.EndpointsAt(base)
	s.Endpoints = smint.Endpoints{Identity: ends.Identity, CLAPI: ends.CLAPI, Portals: ends.Portals, Payload: ends.Payload}
	s.Host, s.StorageHost = hostOf(base), hostOf(storage)
	return s, nil
}

func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Host
}

// Close stops the server and removes its temporary files.
func (s *Server) Close() error {
	var first error
	for _, stop := range append(s.stop, s.fake.Close) {
		if err := stop(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Login is one that works.
func (s *Server) Login() smint.Login {
	o := s.fake.Options()
	return smint.Login{ClientID: o.ClientID, ClientSecret: smint.Secret(o.ClientSecret), RefreshToken: smint.Secret(o.RefreshToken)}
}

// FetchPolicy allows downloads from the fake's own hosts.
func (s *Server) FetchPolicy() smint.FetchPolicy {
	return smint.FetchPolicy{Hosts: []string{s.Host, s.StorageHost}}
}

// Client makes a client that is logged in and may download.
func (s *Server) Client(opts ...smint.Option) (*smint.Client, error) {
	return smint.New(s.Endpoints, s.Login(), append([]smint.Option{smint.WithFetchPolicy(s.FetchPolicy())}, opts...)...)
}

// Save writes the state to a folder.
func (s *Server) Save(dir string) error { return s.fake.Save(dir) }

// WriteTraffic writes every exchange from now on to w, one JSON object a line.
func (s *Server) WriteTraffic(w io.Writer) { s.fake.WriteTraffic(testserver.NewTraffic(w)) }

// MoveClock moves the server's clock.
func (s *Server) MoveClock(by time.Duration) { s.clock.Move(by) }

// Catalog sizes the built-in feed.
type Catalog struct {
	// LargeMiB is the length of the film in MiB; 0 leaves it out.
	LargeMiB int
	// AssetsDir, if set, takes the files of a folder instead of the built-in
	// ones, each with a royalty-free license or the one in NAME.license.json
	// beside it.
	AssetsDir string
}

// SeedCatalog fills the feed: pictures, a document and a film under licenses
// of every kind, among them one that is cancelled, one that is not syncable
// until later, a reuse that comes before its original, and one whose download
// breaks off.
func (s *Server) SeedCatalog(c Catalog) error {
	return testserver.SeedCatalog(s.fake, testserver.CatalogOptions{LargeMiB: c.LargeMiB, AssetsDir: c.AssetsDir})
}

// File is a file of a purchase.
type File struct {
	UUID      string
	FileName  string
	MediaType string
	Content   []byte
}

func (f File) binary() testserver.SmintBinary {
	return testserver.SmintBinary{UUID: f.UUID, SmintVersion: testserver.SmintVersion{
		FileName: f.FileName, MediaType: f.MediaType, Content: testserver.SmintBytes(f.Content),
	}}
}

// Purchase puts a completed, royalty-free purchase of these files into the
// feed. License, if not nil, is laid over the transaction's JSON; its members
// are those of the licensing API.
func (s *Server) Purchase(uuid, title string, license map[string]any, files ...File) error {
	license, err := plain(uuid, license)
	if err != nil {
		return err
	}
	all := map[string]any{}
	for _, d := range []string{"usages", "sizes", "placements", "distributions", "geographies", "industries", "languages"} {
		all["allowed_"+d] = []any{"any"}
	}
	var binaries []testserver.SmintBinary
	for _, f := range files {
		binaries = append(binaries, f.binary())
	}
	p := testserver.SmintPurchase{UUID: uuid, Title: title, Terms: []testserver.SmintJSON{testserver.SmintTerm(1, "Royalty free", all)}, Patch: license}
	return s.fake.Emit(p.Payload(), binaries...)
}

// NextVersion gives a purchased file, by its UUID, a next version; the purchase
// comes again in the feed.
func (s *Server) NextVersion(uuid string, next File) error {
	return s.fake.AddBinaryVersion(uuid, next.binary())
}

// Update lays new license data over a purchase's JSON, as when a license is
// narrowed or extended; it comes again in the feed.
func (s *Server) Update(uuid string, license map[string]any) error {
	license, err := plain(uuid, license)
	if err != nil {
		return err
	}
	return s.fake.Update(uuid, license)
}

// plain makes plain JSON values of whatever a caller builds.
func plain(uuid string, license map[string]any) (map[string]any, error) {
	if license == nil {
		return nil, nil
	}
	b, err := json.Marshal(license)
	if err != nil {
		return nil, fmt.Errorf("sminttest: license of %s: %w", uuid, err)
	}
	var out map[string]any
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("sminttest: license of %s: %w", uuid, err)
	}
	return out, nil
}

// Cancel withdraws a purchase; it comes again in the feed.
func (s *Server) Cancel(uuid string) error { return s.fake.Cancel(uuid) }
