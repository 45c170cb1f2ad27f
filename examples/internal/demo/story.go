package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/sminttest"
	recsync "github.com/smintecm/sdk/sync"
)

// TaskTime is how long the fake portal's background tasks take here.
const TaskTime = 2 * time.Millisecond

// Main runs an example as a program, until it ends or is interrupted.
func Main(name string, run func(ctx context.Context, args []string, stdout, stderr io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}

// Story is an example that tells what people do and what comes of it.
type Story struct {
	*World
	out   io.Writer
	steps int
}

// Tell starts empty fakes for an example that takes no arguments; about is what
// -h says of it.
func Tell(name, about string, args []string, stdout, stderr io.Writer, change ...func(*Options)) (*Story, error) {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		_, _ = fmt.Fprintf(stderr, "usage: go run ./examples/%s\n\n%s\nIt runs on the fakes, needs no configuration and leaves nothing behind.\n", name, about)
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		f.Usage()
		return nil, fmt.Errorf("takes no arguments, got %q", f.Args())
	}
	o := Options{Empty: true}
	for _, c := range change {
		c(&o)
	}
	return Begin(stdout, o)
}

// Begin starts the fakes for an example that reads its arguments itself.
func Begin(stdout io.Writer, o Options) (*Story, error) {
	w, err := Start(o)
	if err != nil {
		return nil, err
	}
	return &Story{World: w, out: stdout}, nil
}

// Step begins a step: what somebody does, in which system.
func (s *Story) Step(format string, args ...any) {
	s.steps++
	_, _ = fmt.Fprintf(s.out, "%d. %s\n", s.steps, fmt.Sprintf(format, args...))
}

// Say says what comes of the step.
func (s *Story) Say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.out, "   %s\n", fmt.Sprintf(format, args...))
}

// Next ends the story with what to look at next.
func (s *Story) Next(text string) { _, _ = fmt.Fprintf(s.out, "\nNext: %s\n", text) }

// Now is the time of both fakes, and of the scopes over them.
func (w *World) Now() time.Time { return time.Now().Add(time.Duration(w.moved.Load())) }

// MoveClock lets time pass, for both fakes and the scopes over them.
func (w *World) MoveClock(by time.Duration) {
	w.moved.Add(int64(by))
	w.ECM.MoveClock(by)
	w.Smint.MoveClock(by)
}

// Pause is how long to wait between questions about a task of the fake portal,
// whose tasks are done at once; real ones are asked about every few seconds.
func Pause(ctx context.Context, _ time.Duration) error {
	timer := time.NewTimer(TaskTime)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Config is a scope over both fakes, by the examples' policy.
func (w *World) Config(id string) (c recsync.ScopeConfig, err error) {
	ecmClient, ecmErr := w.ECM.Client()
	smintClient, smintErr := w.Smint.Client(smint.WithPortals(smint.PortalSettings{Polling: smint.TaskPolling{Wait: Pause}}))
	if err := errors.Join(ecmErr, smintErr); err != nil {
		return c, err
	}
	policy := Policy(w.Category, w.Class)
	policy.RightsReference = Rights
	return recsync.ScopeConfig{ID: records.MustScopeID(id), Root: w.Root, Policy: policy, ECM: ecmClient, Smint: smintClient, Now: w.Now}, nil
}

// License reads the license that lies in a rights document in ECM, as Smint.io
// sent it.
func (w *World) License(document ecm.NodeID) (s rightsmap.Statement, err error) {
	r, err := w.ECM.OpenContent(document)
	if err != nil {
		return s, err
	}
	content, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return s, err
	}
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return s, err
	}
	source, err := fs.ReadFile(archive, "source.json")
	if err != nil {
		return s, err
	}
	return rightsmap.Read(source)
}

// Scope opens a scope by the examples' policy, once change has altered it.
func (w *World) Scope(id string, change func(*recsync.ScopeConfig)) (*recsync.Scope, error) {
	c, err := w.Config(id)
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(&c)
	}
	return recsync.NewScope(c)
}

// Name is the name of a document that stands in ECM.
func (w *World) Name(node ecm.NodeID) string {
	for _, d := range w.ECM.Documents() {
		if d.Node == node {
			return d.Name
		}
	}
	return "nothing"
}

// Buy has somebody buy one picture in Smint.io. License is laid over the one
// term of the license, which allows everything by itself.
func (w *World) Buy(uuid, title string, license map[string]any) error {
	return w.Smint.Purchase(uuid, title, map[string]any{"license_terms": []any{Term(license)}}, Picture(uuid, "picture "+uuid))
}

// Picture is the one file of a purchase.
func Picture(uuid, content string) sminttest.File {
	return sminttest.File{UUID: "1", FileName: uuid + ".jpg", MediaType: "image/jpeg", Content: []byte(content)}
}

// Term is a license term that allows everything but for what is laid over it.
func Term(over map[string]any) map[string]any {
	term := map[string]any{"sequence_number": 1, "is_editorial_use": false, "exclusivities": []any{}, "usage_limits": []any{}}
	for _, of := range []string{"usages", "sizes", "placements", "distributions", "geographies", "industries", "languages"} {
		term["allowed_"+of], term["restricted_"+of] = []any{"any"}, []any{}
	}
	for k, v := range over {
		term[k] = v
	}
	return term
}

// Follow makes one pass over the purchases, and tells what became of each.
func (s *Story) Follow(ctx context.Context, scope *recsync.Scope, store recsync.FeedStore) error {
	_, err := recsync.FollowPurchases(ctx, scope, store, recsync.FollowOptions{OnItem: s.Became})
	return err
}

// Became tells what became of an item of a feed.
func (s *Story) Became(r recsync.ItemResult) {
	switch {
	case r.Outcome != recsync.ItemDeclared && r.Rights != nil && r.Rights.Change == recsync.Changed:
		s.Say("The record of %s stays, its rights changed.", r.ID)
	case r.Outcome == recsync.ItemDeclared:
		s.Say("ECM has the record %s of %q: schedule %s, final %t.", r.Receipt.Name, r.Title, r.Receipt.Schedule, r.Receipt.Final)
	case r.Reason != "":
		s.Say("%s: %s: %s.", r.ID, r.Outcome, r.Reason)
	default:
		s.Say("%s: %s.", r.ID, r.Outcome)
	}
}

// Outcome says in words what a call came to.
func Outcome(err error) string {
	switch {
	case err == nil:
		return "done"
	case errors.Is(err, ecm.ErrOnHold):
		return "refused, it is on hold"
	case errors.Is(err, recsync.ErrForeignScope):
		return "refused, it is another client's"
	default:
		return err.Error()
	}
}

// Memory keeps a feed's checkpoint for as long as an example runs.
type Memory struct {
	mu    sync.Mutex
	state recsync.FeedState
}

// Load returns what was saved.
func (m *Memory) Load(context.Context) (recsync.FeedState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state, nil
}

// Save replaces it.
func (m *Memory) Save(_ context.Context, state recsync.FeedState) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.state = state
	return nil
}
