package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/sminttest"
	recsync "github.com/smintecm/sdk/sync"
)

const environmentHelp = `Environment, for real systems or any stand-in (all of one side, or the fakes are used):
  ECM_URL               address up to the CGI path, without /api
  ECM_USER, ECM_PASSWORD
  ECM_ROOT              node id of the folder that the records go below
  ECM_CATEGORY          node id of the record category
  ECM_CLASS             node id of the RM classification, which has exactly one RSI
  SMINT_TENANT          or SMINT_IDENTITY_URL, SMINT_CLAPI_URL and SMINT_PORTALS_URL
  SMINT_CLIENT_ID, SMINT_CLIENT_SECRET, SMINT_REFRESH_TOKEN
  SMINT_DOWNLOAD_HOSTS  host[:port], comma-separated, that downloads may come from`

// world is the two systems that a run works on, and where its state lies.
type world struct {
	config  recsync.ScopeConfig
	store   recsync.FeedStore
	resumed bool
	fakes   *demo.World
	journal io.Closer
}

// open takes the systems from the environment, or starts the fakes.
func open(ctx context.Context, s settings, env func(string) string, stdout io.Writer) (*world, error) {
	w := &world{config: recsync.ScopeConfig{ID: records.MustScopeID("acme")}}
	real, err := w.fromEnvironment(s, env)
	if err == nil && !real {
		err = w.fromFakes(s, stdout)
	}
	if err == nil {
		err = w.openState(s)
	}
	if err == nil {
		err = w.references(ctx, stdout)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() error {
	var errs []error
	if w.journal != nil {
		errs = append(errs, w.journal.Close())
	}
	if w.fakes != nil {
		errs = append(errs, w.fakes.Close())
	}
	return errors.Join(errs...)
}

func (w *world) save(dir string) error {
	if w.fakes == nil {
		return nil
	}
	return w.fakes.Save(dir)
}

// openState puts checkpoint and journal into the state folder, or into one
// that is gone at the end.
func (w *world) openState(s settings) error {
	if s.state == "" {
		w.store = &memoryStore{}
		return nil
	}
	path := filepath.Join(s.state, "feed.json")
	_, err := os.Stat(path)
	w.resumed = err == nil
	w.store = recsync.NewFileFeedStore(path)
	journal, closer, err := recsync.OpenJSONJournal(filepath.Join(s.state, "journal.jsonl"))
	if err != nil {
		return err
	}
	w.config.Journal, w.journal = journal, closer
	return nil
}

// memoryStore is the checkpoint of a run that keeps no state.
type memoryStore struct{ state recsync.FeedState }

func (m *memoryStore) Load(context.Context) (recsync.FeedState, error) { return m.state, nil }

func (m *memoryStore) Save(_ context.Context, state recsync.FeedState) error {
	m.state = state
	return nil
}

func (w *world) fromFakes(s settings, stdout io.Writer) error {
	fakes, err := demo.Start(demo.Options{StateDir: s.state, Catalog: sminttest.Catalog{LargeMiB: s.large, AssetsDir: s.assets}})
	if err != nil {
		return err
	}
	w.fakes = fakes
	fmt.Fprintf(stdout, "fakes: ECM at %s, Smint.io at %s\n", fakes.ECM.URL, fakes.Smint.Endpoints.Identity)
	if w.config.ECM, err = fakes.ECM.Client(); err != nil {
		return err
	}
	if w.config.Smint, err = fakes.Smint.Client(); err != nil {
		return err
	}
	w.config.Root, w.config.Policy = fakes.Root, demo.Policy(fakes.Category, fakes.Class)
	return nil
}

// fromEnvironment reports everything that is missing or malformed at once.
func (w *world) fromEnvironment(s settings, env func(string) string) (bool, error) {
	e := &environment{get: env}
	if !e.any("ECM_URL", "ECM_USER", "ECM_PASSWORD", "ECM_ROOT", "ECM_CATEGORY", "ECM_CLASS", "SMINT_TENANT", "SMINT_IDENTITY_URL", "SMINT_CLAPI_URL", "SMINT_CLIENT_ID", "SMINT_REFRESH_TOKEN") {
		return false, nil
	}
	if s.assets != "" {
		e.note("-assets", s.assets, "no environment: own files go through the fake Smint.io")
	}
	url, user, password := e.text("ECM_URL"), e.text("ECM_USER"), e.text("ECM_PASSWORD")
	root, category, class := e.id("ECM_ROOT"), e.id("ECM_CATEGORY"), e.id("ECM_CLASS")
	ends := e.endpoints()
	login := smint.Login{
		ClientID: e.text("SMINT_CLIENT_ID"), ClientSecret: smint.Secret(e.text("SMINT_CLIENT_SECRET")), RefreshToken: smint.Secret(e.text("SMINT_REFRESH_TOKEN")),
	}
	if s.state != "" {
		// A refresh token is good for one use: its successor must survive.
		login.Store = smint.NewFileTokenStore(filepath.Join(s.state, "tokens.json"))
	}
	if err := e.faults.Err("environment"); err != nil {
		return true, err
	}
	var hosts []string
	for _, h := range strings.Split(env("SMINT_DOWNLOAD_HOSTS"), ",") {
		if h = strings.TrimSpace(h); h != "" {
			hosts = append(hosts, h)
		}
	}
	var err, smintErr error
	w.config.ECM, err = ecm.New(url, ecm.PasswordLogin{User: user, Password: ecm.Secret(password)})
	w.config.Smint, smintErr = smint.New(ends, login, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: hosts}))
	w.config.Root, w.config.Policy = root, demo.Policy(category, class)
	return true, errors.Join(err, smintErr)
}

// environment reads variables and notes what is wrong with them.
type environment struct {
	get    func(string) string
	faults records.Problems
}

func (e *environment) any(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return e.get(n) != "" })
}

func (e *environment) note(name, value, want string) { e.faults.Add(name, value, want) }

func (e *environment) text(name string) string {
	v := e.get(name)
	e.faults.Check(v != "", name, v, "a value; see -h")
	return v
}

func (e *environment) id(name string) ecm.NodeID {
	n, err := strconv.ParseInt(e.get(name), 10, 64)
	e.faults.Check(err == nil && n > 0, name, e.get(name), "a node id, a positive number")
	return ecm.NodeID(n)
}

// endpoints come from the tenant's name, or one by one.
func (e *environment) endpoints() smint.Endpoints {
	if tenant := e.get("SMINT_TENANT"); tenant != "" {
		ends, err := smint.Tenant(tenant)
		e.faults.Merge("SMINT_TENANT", err)
		return ends
	}
	return smint.Endpoints{Identity: e.text("SMINT_IDENTITY_URL"), CLAPI: e.text("SMINT_CLAPI_URL"), Portals: e.get("SMINT_PORTALS_URL")}
}

// references takes the cross-reference types that the server has: the
// examples' own codes, else the first enabled one for all, else none.
func (w *world) references(ctx context.Context, stdout io.Writer) error {
	types, err := w.config.ECM.CrossReferences.Types(ctx)
	if err != nil {
		return fmt.Errorf("read the cross-reference types: %w", err)
	}
	pick := func(code string) string {
		fallback := ""
		for _, t := range types {
			if t.Type == code && !t.Disabled {
				return code
			}
			if fallback == "" && !t.Disabled {
				fallback = t.Type
			}
		}
		return fallback
	}
	p := &w.config.Policy
	p.RightsReference, p.ReuseReference, p.PartReference = pick(demo.Rights), pick(demo.Reuses), pick(demo.Part)
	if p.RightsReference == "" {
		fmt.Fprintln(stdout, "the server has no cross-reference type: rights documents lie beside their records without one")
	}
	return nil
}
