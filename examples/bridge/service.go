package main

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// bridge is every scope of a policy file, open and at work.
type bridge struct {
	settings
	file    *recsync.PolicyFile
	getenv  func(string) string
	out     *printer
	fakes   *fakes
	tenants map[records.ScopeID]*tenant
	all     []*tenant
	runners []*recsync.Runner
}

// open opens every scope; a server that cannot be reached yet keeps none from
// it, as nothing but a workspace that is still to be made asks for one.
func (b *bridge) open(ctx context.Context) error {
	b.tenants = map[records.ScopeID]*tenant{}
	offers := map[records.ScopeID]*adapter.Publisher{}
	env := recsync.Environment{
		Getenv: b.getenv,
		Tokens: func(id records.ScopeID) smint.TokenStore {
			return smint.NewFileTokenStore(filepath.Join(b.state, id.String(), "tokens.json"))
		},
		Config: func(c *recsync.ScopeConfig) (err error) {
			t := b.tenants[c.ID]
			if c.Journal, err = recsync.NewTrailJournal(t.trail, evidence.TrailActor{}, ""); err != nil {
				return err
			}
			c.Signers = []crypto.Signer{t.key}
			c.Propagation = b.places(c, offers[c.ID])
			return nil
		},
	}
	if b.fakes != nil {
		env.Smint = append(env.Smint, smint.WithPortals(smint.PortalSettings{Polling: smint.TaskPolling{Wait: demo.Pause}}))
	}
	opener := recsync.NewOpener(b.file, env)
	var errs []error
	for _, p := range b.file.Scopes {
		offers[p.ID] = &adapter.Publisher{}
		t, err := b.openTenant(ctx, p, opener, offers[p.ID])
		if err == nil {
			err = b.makeRunners(t, p)
		}
		if err != nil {
			errs = append(errs, explain(err))
			continue
		}
		b.all = append(b.all, t)
		b.runners = append(b.runners, t.runners...)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	policy, err := b.policyRunner()
	b.runners = append(b.runners, policy)
	return err
}

// places are where Smint.io shows records of a scope: our feed, and the portal
// that an asset came from. The portal has no transport: it stays open and is
// escalated until it shows no more than it may.
func (b *bridge) places(c *recsync.ScopeConfig, offers *adapter.Publisher) *recsync.Propagation {
	p := &recsync.Propagation{
		// A portal reads the feed in its own time, however often there are passes.
		Deadline: max(b.every, 10*time.Second), Poll: b.every / 4, Signers: c.Signers,
		Escalate: func(_ context.Context, e recsync.Escalation) error {
			b.out.printf("%s: ESCALATED: %s at %s shows more than %s: %s", c.ID, e.Record, e.Place, e.Access, e.Why)
			return nil
		},
	}
	if c.Policy.Surface != nil {
		p.Places = append(p.Places, recsync.FeedPlace{Title: "feed of " + c.ID.String(), Publisher: offers})
	}
	if c.Portal != nil {
		source := recsync.SourcePlace{Portals: c.Smint.Portals, Portal: c.Portal.Portal}
		offers.Back = &smint.PortalReadBack{Portals: c.Smint.Portals, Portal: c.Portal.Portal}
		if b.fakes != nil {
			source.Control, offers.Back.Control = b.fakes.control, b.fakes.control
			source.AssetOf, offers.Back.AssetID = unshown, assetID
		}
		p.Places = append(p.Places, source)
	}
	return p
}

// explain says what to do about an error.
func explain(err error) error {
	if advice := recsync.TroubleOf(err).Advice(); advice != "" {
		return fmt.Errorf("%w\n  next step: %s", err, advice)
	}
	return err
}

// check prints what each scope still lacks.
func (b *bridge) check(ctx context.Context) error {
	var errs []error
	for _, t := range b.all {
		report, err := b.ask(ctx, t)
		b.out.printf("%s", report)
		errs = append(errs, err, report.Err())
	}
	return errors.Join(errs...)
}

// ask checks one scope, and that its root lies in no other one's.
func (b *bridge) ask(ctx context.Context, t *tenant) (recsync.CheckReport, error) {
	var o recsync.CheckOptions
	for _, other := range b.all {
		if other.system == t.system {
			o.Beside = append(o.Beside, other.scope)
		}
	}
	return recsync.Check(ctx, t.scope, o)
}

// serve runs everything until ctx ends. A scope that lacks something says so
// and is run all the same: it goes on by itself when that is there.
func (b *bridge) serve(ctx context.Context) error {
	listener, err := net.Listen("tcp", b.listen)
	if err != nil {
		return fmt.Errorf("%w: give another -listen", err)
	}
	for _, t := range b.all {
		if report, err := b.ask(ctx, t); err == nil && report.Err() != nil {
			b.out.printf("%s", report)
		}
	}
	server := &http.Server{Handler: b.handler(), ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	b.out.printf("listening at http://%s", listener.Addr())
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			b.out.printf("serving ended: %v", err)
			cancel()
		}
	})
	if b.fakes != nil {
		running.Go(func() { b.fakes.people(ctx, "http://"+listener.Addr().String(), b.every, b.carried(), b.out) })
	}
	if err = recsync.RunAll(ctx, b.runners...); err != nil {
		err = explain(err)
	}
	// Each pass ends where it stands; what it left is gone on with next time.
	stopping, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	cancel()
	if server.Shutdown(stopping) != nil {
		// Somebody is connected and asks nothing, or reads too slowly: no reason
		// not to stop.
		err = errors.Join(err, server.Close())
	}
	running.Wait()
	b.out.printf("stopped")
	return err
}

// carried makes a question that is answered by yes when every runner between the
// systems has begun and ended a pass since the last yes. One that is stopped or
// in trouble is not waited for.
func (b *bridge) carried() func() bool {
	since := map[*recsync.Runner]int{}
	return func() bool {
		now := map[*recsync.Runner]int{}
		for _, r := range b.runners {
			s := r.Status()
			now[r] = s.Passes
			idle := s.Name == "reconcile" || s.State == recsync.RunnerStopped || s.Failures > 0
			// The pass that was under way may have passed by what came then.
			if before, asked := since[r]; asked && !idle && s.Passes < before+2 {
				return false
			}
		}
		since = now
		return true
	}
}

func (b *bridge) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /runners", func(w http.ResponseWriter, _ *http.Request) { b.statuses(w, http.StatusOK) })
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { b.statuses(w, http.StatusServiceUnavailable) })
	for _, t := range b.all {
		if t.feed != nil {
			mux.Handle("/scopes/"+t.scope.ID().String()+"/adapter/", t.feed)
		}
	}
	return mux
}

// statuses tells how each runner is doing, with the code sick if one is not
// well.
func (b *bridge) statuses(w http.ResponseWriter, sick int) {
	list, code, healthy := make([]recsync.RunnerStatus, 0, len(b.runners)), http.StatusOK, true
	for _, r := range b.runners {
		list = append(list, r.Status())
		if !list[len(list)-1].Healthy() {
			code, healthy = sick, false
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"healthy": healthy, "runners": list})
}

// policyRunner notices a policy that is edited while the bridge runs. What was
// read at the start stays in force: events are decided by the version that they
// name, and a restart takes the new one up.
func (b *bridge) policyRunner() (*recsync.Runner, error) {
	read := func() (records.Digest, error) {
		text, err := os.ReadFile(b.policy)
		return records.DigestOf(text), err
	}
	began, err := read()
	if err != nil {
		return nil, err
	}
	return recsync.NewRunner(recsync.RunnerConfig{Name: "policy", Every: b.every, OnPass: b.out.pass, Pass: func(context.Context) (string, error) {
		now, err := read()
		switch {
		case err != nil:
			return "cannot be read any more (" + err.Error() + "); what was read at the start stays in force", nil
		case now == began:
			return "in force", nil
		}
		if _, err := recsync.LoadPolicyFile(b.policy); err != nil {
			return "was edited and has faults; what was read at the start stays in force: " + err.Error(), nil
		}
		return "was edited; what was read at the start stays in force until a restart", nil
	}})
}

func (b *bridge) close() error {
	var errs []error
	for _, t := range b.tenants {
		errs = append(errs, t.close())
	}
	return errors.Join(errs...)
}

// printer writes whole lines from several runners.
type printer struct {
	mu   sync.Mutex
	w    io.Writer
	last map[string]string
}

func (p *printer) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.w, format+"\n", args...)
}

// pass says what a pass came to, where that is news.
func (p *printer) pass(s recsync.RunnerStatus) {
	line := s.Summary
	if s.Trouble != "" {
		line = s.Trouble + "\n  next step: " + s.Advice
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == nil {
		p.last = map[string]string{}
	}
	if id := strings.TrimSpace(s.Scope + " " + s.Name); p.last[id] != line {
		p.last[id] = line
		_, _ = fmt.Fprintf(p.w, "%s: %s\n", id, line)
	}
}
