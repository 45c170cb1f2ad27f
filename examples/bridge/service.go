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
	"slices"
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
	file   *recsync.PolicyFile
	began  records.Digest // of the policy file
	getenv func(string) string
	out    *printer
	fakes  *fakes
	opener *recsync.Opener
	// opening are the tenants that the opener completes, by scope.
	opening sync.Map
	runners []*recsync.Runner
	// unopened are the errors of scopes that could not be opened at the start.
	unopened []error

	mu  sync.Mutex
	all []*tenant // those that are open
	// late are the tenants of scopes that could not be opened at the start, once
	// they are open, by the runner that opens them.
	late map[*recsync.Runner]*tenant
}

// open opens every scope. One that cannot be opened keeps no other from it: it
// is tried again while they work. Only where the policy or its environment is at
// fault, or another bridge is at work, there is nothing to begin with.
func (b *bridge) open(ctx context.Context) error {
	b.late = map[*recsync.Runner]*tenant{}
	env := recsync.Environment{
		Getenv: b.getenv,
		Tokens: func(id records.ScopeID) smint.TokenStore {
			return smint.NewFileTokenStore(filepath.Join(b.state, id.String(), "tokens.json"))
		},
		Config: func(c *recsync.ScopeConfig) (err error) {
			opening, _ := b.opening.Load(c.ID)
			t := opening.(*tenant)
			if c.Journal, err = recsync.NewTrailJournal(t.trail, evidence.TrailActor{}, ""); err != nil {
				return err
			}
			c.Signers = []crypto.Signer{t.key}
			c.Propagation = b.places(c, t.offers)
			return nil
		},
	}
	if b.fakes != nil {
		env.Smint = append(env.Smint, smint.WithPortals(smint.PortalSettings{Polling: smint.TaskPolling{Wait: demo.Pause}}))
	}
	b.opener = recsync.NewOpener(b.file, env)
	var errs []error
	for _, p := range b.file.Scopes {
		t, err := b.openTenant(ctx, p)
		switch {
		case err == nil:
			b.all, b.runners = append(b.all, t), append(b.runners, t.runners...)
			continue
		case errors.Is(err, records.ErrInvalid), recsync.TroubleOf(err) == recsync.TroubleInUse:
			errs = append(errs, explain(err))
			continue
		}
		b.unopened = append(b.unopened, explain(err))
		r, err := b.opens(p)
		if err != nil {
			return err
		}
		b.runners = append(b.runners, r)
	}
	policy, err := b.policyRunner()
	b.runners = append(b.runners, policy)
	return errors.Join(append(errs, err)...)
}

// opens makes the runner that opens a scope, and then runs what the scope has.
func (b *bridge) opens(p recsync.ScopePolicy) (r *recsync.Runner, err error) {
	r, err = recsync.NewRunner(recsync.RunnerConfig{Name: "open", Scope: p.ID, Every: b.every, OnPass: b.out.pass, Pass: func(ctx context.Context) (string, error) {
		t, err := b.openTenant(ctx, p)
		if recsync.TroubleOf(err) == recsync.TroubleInUse {
			// Somebody looks at it meanwhile, as -check does: no reason to give it up.
			return "", errors.New(err.Error())
		}
		if err != nil {
			return "", err
		}
		b.mu.Lock()
		b.all, b.late[r] = append(b.all, t), t
		b.mu.Unlock()
		b.out.printf("%s open: it is there now", p.ID)
		return "", recsync.RunAll(ctx, t.runners...)
	}})
	return r, err
}

// opened are the scopes that can be worked with.
func (b *bridge) opened() []*tenant {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.all)
}

// working are the runners that are at work, or should be.
func (b *bridge) working() (list []*recsync.Runner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.runners {
		if t := b.late[r]; t != nil {
			list = append(list, t.runners...)
		} else {
			list = append(list, r)
		}
	}
	return list
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

// explain says what to do about an error that ends the bridge; where it has no
// class, its message says all that there is to say.
func explain(err error) error {
	if trouble := recsync.TroubleOf(err); trouble != recsync.TroubleNone && trouble != recsync.TroubleOther {
		return fmt.Errorf("%w\n  next step: %s", err, trouble.Advice())
	}
	return err
}

// check prints what each scope still lacks.
func (b *bridge) check(ctx context.Context) error {
	errs := b.unopened
	for _, t := range b.opened() {
		report, err := b.ask(ctx, t)
		b.out.printf("%s", report)
		errs = append(errs, err, report.Err())
	}
	return errors.Join(errs...)
}

// ask checks one scope, and that its root lies in no other one's.
func (b *bridge) ask(ctx context.Context, t *tenant) (recsync.CheckReport, error) {
	var o recsync.CheckOptions
	for _, other := range b.opened() {
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
	for _, t := range b.opened() {
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
		running.Go(func() { b.fakes.people(ctx, "http://"+listener.Addr().String(), b) })
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
		for _, r := range b.working() {
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
	mux.HandleFunc("/scopes/{id}/adapter/", b.feed)
	return mux
}

// feed serves what a scope offers. Of one that is not open yet nothing is known:
// that it has nothing to offer would be another answer.
func (b *bridge) feed(w http.ResponseWriter, r *http.Request) {
	for _, t := range b.opened() {
		if t.feed != nil && t.scope.ID().String() == r.PathValue("id") {
			t.feed.ServeHTTP(w, r)
			return
		}
	}
	for _, p := range b.file.Scopes {
		if p.Policy.Surface != nil && p.ID.String() == r.PathValue("id") {
			http.Error(w, "the scope is not open yet", http.StatusServiceUnavailable)
			return
		}
	}
	http.NotFound(w, r)
}

// statuses tells how each runner is doing, with the code sick if one is not
// well.
func (b *bridge) statuses(w http.ResponseWriter, sick int) {
	list, code, healthy := []recsync.RunnerStatus{}, http.StatusOK, true
	for _, r := range b.working() {
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
	return recsync.NewRunner(recsync.RunnerConfig{Name: "policy", Every: b.every, OnPass: b.out.pass, Pass: func(context.Context) (string, error) {
		text, err := os.ReadFile(b.policy)
		switch {
		case err != nil:
			return "cannot be read any more (" + err.Error() + "); what was read at the start stays in force", nil
		case records.DigestOf(text) == b.began:
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
	for _, t := range b.opened() {
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
