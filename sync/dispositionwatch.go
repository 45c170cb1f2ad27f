package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// WatchState is what the last pass of [DispositionEvents] saw: what is new is
// told by comparing with it. What it lacks is seen as if for the first time.
type WatchState struct {
	Format int    `json:"format"`
	Scope  string `json:"scope"`
	// At is the moment of the last pass.
	At time.Time `json:"at"`
	// Records are the facts of each record, by its key.
	Records map[string]AccessFacts `json:"records,omitempty"`
	// Runs are the runs of disposition searches, by search and date, with how
	// many of their items were carried out.
	Runs map[string]int `json:"runs,omitempty"`
	// Continuation is the place of the purchase feed behind which all is told.
	Continuation string `json:"continuation,omitempty"`
}

// WatchStore keeps a watch's state. Save replaces it as a whole, durably, before
// it returns.
type WatchStore interface {
	// Load returns the state, or a zero state if there is none yet.
	Load(ctx context.Context) (WatchState, error)
	Save(ctx context.Context, state WatchState) error
}

// FileWatchStore keeps the state in one JSON file, replaced atomically and
// synced.
type FileWatchStore struct{ path string }

// NewFileWatchStore uses the file at path; its folder must exist.
func NewFileWatchStore(path string) *FileWatchStore { return &FileWatchStore{path} }

const watchFormat = 1

// Load reads the state. A file that is not one is an error and is left alone.
func (s *FileWatchStore) Load(context.Context) (WatchState, error) {
	return readState(s.path, "watch", "what holds is told again", watchFormat, func(w WatchState) int { return w.Format })
}

// Save writes a new file beside the old one, syncs it and puts it in its place.
func (s *FileWatchStore) Save(_ context.Context, state WatchState) error {
	state.Format = watchFormat
	b, err := json.Marshal(state)
	if err == nil {
		err = writeAtomically(s.path, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("write the watch %s: %w", s.path, err)
	}
	return nil
}

// WatchOptions change a pass.
type WatchOptions struct {
	// Blind, if set, is told of what could not be looked at, and why: the pass
	// goes on without it.
	Blind func(why string)
}

// DispositionEvents looks at both systems once and tells what happened to the
// records of the scope since the pass before: licenses, first use and
// retention that ended by the clock, holds set and released, what ECM's
// disposition searches list and carried out, records that are gone or out of
// reach, successors, and purchases that were canceled. Neither system has a
// feed of that; it is found by comparing.
//
// An event counts as handled when the next one is asked for: a pass that is
// broken off, or whose process dies, tells the rest again, and perhaps one or
// more twice. What was told is saved at the end of the pass and when it is
// broken off. The first pass tells of all that stands against access already.
// One pass at a time may use a store.
//
// An error ends the pass: ErrForeignScope for the store of another scope, and
// those of the store and the clients. It changes nothing in either system.
func DispositionEvents(ctx context.Context, s *Scope, store WatchStore, opts WatchOptions) iter.Seq2[DispositionEvent, error] {
	return func(yield func(DispositionEvent, error) bool) {
		w := &watch{s: s, opts: opts, now: s.now().UTC(), yield: yield}
		err := w.pass(ctx, store)
		if err != nil && !errors.Is(err, errBrokenOff) {
			yield(DispositionEvent{}, fmt.Errorf("watch scope %s: %w", s.id, err))
		}
	}
}

// errBrokenOff tells that nobody asked for more.
var errBrokenOff = errors.New("broken off")

// watch is one pass.
type watch struct {
	s     *Scope
	opts  WatchOptions
	now   time.Time
	state WatchState
	yield func(DispositionEvent, error) bool
	// items are what disposition searches say of a node, by the newest run.
	items map[ecm.NodeID]runItem
}

// runItem is an item of a run that is new, or has gone on.
type runItem struct {
	ecm.DispositionItem
	evidence DispositionEvidence
}

func (w *watch) pass(ctx context.Context, store WatchStore) (err error) {
	if w.state, err = store.Load(ctx); err != nil {
		return err
	}
	if w.state.Scope != "" && w.state.Scope != w.s.id.String() {
		return fmt.Errorf("%w: %w: the store is that of scope %s", ErrForeignScope, errCheckpoint, w.state.Scope)
	}
	w.state.Scope = w.s.id.String()
	if w.state.Records == nil {
		w.state.Records = map[string]AccessFacts{}
	}
	runs, err := w.runs(ctx)
	if err != nil {
		return err
	}
	err = w.look(ctx)
	if err == nil {
		w.state.Runs, w.state.At = runs, w.now
		err = w.purchases(ctx)
	}
	if ctx.Err() == nil {
		err = errors.Join(err, store.Save(ctx, w.state))
	}
	return err
}

func (w *watch) blind(format string, args ...any) {
	if w.opts.Blind != nil {
		w.opts.Blind(fmt.Sprintf(format, args...))
	}
}

// look walks the records that stand, and then those that were there.
func (w *watch) look(ctx context.Context) error {
	met := map[string]bool{}
	for r, err := range w.s.Records(ctx) {
		if err != nil {
			return err
		}
		met[r.Record.key.String()] = true
		facts, err := w.s.AccessFacts(ctx, r)
		if err != nil {
			return err
		}
		if err := w.compare(ctx, facts); err != nil {
			return err
		}
	}
	for _, text := range slices.Sorted(maps.Keys(w.state.Records)) {
		if met[text] {
			continue
		}
		facts := w.state.Records[text]
		if facts, err := w.s.AccessFactsOf(ctx, facts.Record); err != nil {
			return err
		} else if err := w.compare(ctx, facts); err != nil {
			return err
		}
	}
	return nil
}

// compare tells what is new of a record, and remembers it when that is handled.
func (w *watch) compare(ctx context.Context, facts AccessFacts) error {
	before, known := w.state.Records[facts.Record.String()]
	node := ecm.NodeID(max(facts.Node, before.Node))
	evidence := w.items[node].evidence
	if facts.Existence == Gone && node > 0 {
		if before.Existence == Destroyed {
			return nil // nothing new can be found of it.
		}
		a, err := w.s.absent(ctx, facts.Record, node, evidence, &before)
		if err != nil {
			return err
		}
		facts.Existence, facts.Why = a.existence, a.why()
		for _, note := range a.notes {
			w.blind("%s: %s", facts.Record, note)
		}
	}
	if !known {
		before = AccessFacts{Record: facts.Record, Existence: Exists, Holds: records.NoHolds()}
	}
	for _, e := range w.events(before, facts, known) {
		e.Record, e.Node, e.SeenAt, e.Policy = facts.Record, int64(node), w.now, w.s.policy.Access.Version
		if e.At.IsZero() || e.At.After(w.now) {
			e.At = w.now
		}
		if known {
			e.Known = &before
		}
		if e.Evidence.Search == 0 && e.Evidence.Hold == 0 {
			e.Evidence.Search, e.Evidence.Snapshot = evidence.Search, evidence.Snapshot
		}
		if !w.yield(e.Identify(), nil) {
			return errBrokenOff
		}
	}
	// What a record was stays known when it is gone.
	if facts.Existence != Exists {
		facts.Node, facts.Digest, facts.Class, facts.Schedule, facts.Declared = int64(node), before.Digest, before.Class, before.Schedule, before.Declared
	}
	w.state.Records[facts.Record.String()] = facts
	return nil
}
