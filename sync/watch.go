package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// openFeed names the list of events that are not proven yet.
const openFeed = "open dispositions"

// QueueOpen lists what happened in ECM and is not proven at Smint.io yet.
const QueueOpen = "not proven"

// WatchConfig says how a scope is watched.
type WatchConfig struct {
	// Events keep what was seen of each record.
	Events WatchStore
	// Open keeps the events that are not proven yet: each pass tries them again.
	Open FeedStore
	// Surface, if set, is kept as ECM has its records.
	Surface *Surface
	// Metadata has the metadata of records and portal assets kept in step.
	Metadata bool
	// Blind is told of what could not be looked at; OnReceipt of what was done
	// about each event, record and surface.
	Blind     func(why string)
	OnReceipt func(Receipt, error)
	// Every, Retry, OnPass, Now and Wait are those of [RunnerConfig].
	Every  time.Duration
	Retry  time.Duration
	OnPass func(RunnerStatus)
	Now    func() time.Time
	Wait   func(ctx context.Context, d time.Duration, wake <-chan struct{}) error
}

// Watch makes the runner from ECM to Smint.io: what happens to records is found
// by [DispositionEvents] and carried over by [PropagateDisposition], what is
// offered is kept true by [SurfaceRecords], and metadata in step by
// [SyncMetadata]. An event that is not proven stays open, durably, and is tried
// again in each pass. While Smint.io is down, what happened in ECM goes on being
// taken to the places that can be reached. Of a scope without places a pass fails
// with ErrNoPlace as long as an event is open. The error of Watch itself matches
// records.ErrInvalid.
func Watch(s *Scope, c WatchConfig) (*Runner, error) {
	var faults records.Problems
	faults.Check(c.Events != nil, "events", "none", "a store for what was seen")
	faults.Check(c.Open != nil, "open", "none", "a store for the events that are not proven yet")
	if err := faults.Err("sync.Watch"); err != nil {
		return nil, err
	}
	w := &watching{s: s, c: c}
	return NewRunner(RunnerConfig{Name: "watch", Scope: s.id, Pass: w.pass, Progress: w.progress.get, Every: c.Every, Retry: c.Retry, OnPass: c.OnPass, Now: c.Now, Wait: c.Wait})
}

// watching is the work of one Watch; its passes come one after another.
type watching struct {
	s    *Scope
	c    WatchConfig
	open FeedState
	said watchCounts
	// progress is what the pass under way has come to.
	progress guarded[string]
}

// watchCounts are what a pass came to.
type watchCounts struct {
	events, proven, conflicts, synced int
	surface                           string
}

func (w *watching) pass(ctx context.Context) (string, error) {
	w.said = watchCounts{}
	if err := w.load(ctx); err != nil {
		return "", err
	}
	w.progress.set(w.summary())
	// Access is taken away first; what is offered, and described, comes after.
	errs := []error{w.again(ctx), w.events(ctx)}
	if n := len(w.open.Pending); n > 0 && len(w.s.carrying.Places) == 0 {
		errs = append(errs, fmt.Errorf("%w: scope %s: %d events stay open until its Propagation has Places", ErrNoPlace, w.s.id, n))
	}
	if w.c.Surface != nil && ctx.Err() == nil {
		r, err := SurfaceRecords(ctx, w.s, w.c.Surface, SurfaceRequest{})
		w.tell(r, err)
		errs = append(errs, err)
		w.said.surface = "; " + surfaced(r)
	}
	if w.c.Metadata && ctx.Err() == nil {
		errs = append(errs, w.metadata(ctx))
	}
	return w.summary(), errors.Join(errs...)
}

// summary says what the pass has come to so far.
func (w *watching) summary() string {
	text := fmt.Sprintf("events=%d proven=%d open=%d", w.said.events, w.said.proven, len(w.open.Pending)) + w.said.surface
	if w.c.Metadata {
		text += fmt.Sprintf("; metadata: synced=%d conflicts=%d", w.said.synced, w.said.conflicts)
	}
	return text
}

// tell tells of what was done, and what the pass had come to before that.
func (w *watching) tell(r Receipt, err error) {
	w.progress.set(w.summary())
	if w.c.OnReceipt != nil {
		w.c.OnReceipt(r, err)
	}
}

// surfaced counts a surface's records by what became of them.
func surfaced(r Receipt) string {
	counts := map[SurfaceOutcome]int{}
	for _, i := range r.Surfaced {
		counts[i.Outcome]++
	}
	parts := []string{"surface:"}
	for _, o := range []SurfaceOutcome{SurfacePublished, SurfaceUnchanged, SurfaceHidden, SurfaceRemoved, SurfaceWithheld, SurfaceStale, SurfaceFailed} {
		if counts[o] > 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", o, counts[o]))
		}
	}
	return strings.Join(parts, " ")
}

func (w *watching) load(ctx context.Context) error {
	state, err := loadFeed(ctx, w.s, w.c.Open, openFeed)
	w.open = state
	return err
}

func (w *watching) save(ctx context.Context) error {
	w.open.SavedAt = time.Now().UTC()
	return w.c.Open.Save(ctx, w.open)
}

// again takes up the events that were not proven.
func (w *watching) again(ctx context.Context) error {
	for _, item := range slices.Clone(w.open.Pending) {
		var e openEvent
		if err := json.Unmarshal(item.Source, &e); err != nil {
			return fmt.Errorf("%w: the open event %s: %w", ErrState, item.ID, err)
		}
		if err := w.propagate(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// events carries over what happened since the last pass. An event is counted
// as told only when it is proven, or in the list of open ones.
func (w *watching) events(ctx context.Context) error {
	for e, err := range DispositionEvents(ctx, w.s, w.c.Events, WatchOptions{Blind: w.c.Blind}) {
		if err != nil {
			return err
		}
		w.said.events++
		if err := w.propagate(ctx, openEvent{DispositionEvent: e}); err != nil {
			return err
		}
	}
	return nil
}

// openEvent is an event that is not proven yet, with what was told of it.
type openEvent struct {
	DispositionEvent
	Told map[string]time.Time `json:"told,omitempty"`
}

// propagate carries one event over. Its error ends the pass; what concerns the
// event alone leaves it open.
func (w *watching) propagate(ctx context.Context, e openEvent) error {
	r, err := PropagateDisposition(ctx, w.s, PropagateRequest{Event: e.DispositionEvent, Told: e.Told})
	if r.Told != nil {
		e.Told = r.Told
	}
	w.tell(r, err)
	if err != nil && ends(ctx, err) && !ofSmint(ctx, err) {
		return err
	}
	drop := func(i FeedItem) bool { return i.ID == e.ID }
	i := slices.IndexFunc(w.open.Pending, drop)
	switch {
	case err == nil && i < 0:
		w.said.proven++
		return nil
	case err == nil:
		w.said.proven++
		w.open.Pending = slices.Delete(w.open.Pending, i, i+1)
	default:
		source, marshal := json.Marshal(e)
		if marshal != nil {
			return marshal
		}
		item := FeedItem{ID: e.ID, Queue: QueueOpen, Reason: short(err), Since: time.Now().UTC(), Source: source}
		if i < 0 {
			w.open.Pending = append(w.open.Pending, item)
		} else {
			item.Since = w.open.Pending[i].Since
			w.open.Pending[i] = item
		}
	}
	return w.save(ctx)
}

// ofSmint tells an outage of Smint.io alone: such an event stays open, and what
// happened to other records is carried to the places that can be reached.
func ofSmint(ctx context.Context, err error) bool {
	_, other := errors.AsType[*ecm.Error](err)
	_, its := errors.AsType[*smint.Error](err)
	return its && !other && ctx.Err() == nil && !errors.Is(err, errJournal)
}

// metadata keeps each record of a portal asset in step. A conflict is reported
// and left to people.
func (w *watching) metadata(ctx context.Context) error {
	for stored, err := range w.s.Records(ctx) {
		if err != nil {
			return err
		}
		if stored.Gone() || stored.Record.key.Kind() != records.SourceAsset {
			continue
		}
		r, err := SyncMetadata(ctx, w.s, MetadataRequest{Record: stored.Record})
		w.tell(r, err)
		switch {
		case err == nil && r.Change == Changed:
			w.said.synced++
		case err == nil:
		case ends(ctx, err):
			return err
		default:
			w.said.conflicts++
		}
	}
	return nil
}
