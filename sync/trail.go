package sync

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// TrailJournal is a [Journal] that writes to a scope's trail: every intent is
// signed and on the disk before its mutation is made, every outcome names its
// intent. It is safe for concurrent use.
type TrailJournal struct {
	trail  *evidence.Trail
	actor  evidence.TrailActor
	reason string

	mu   sync.Mutex
	open map[string]int64 // intents by name, until they are settled
	// settled are intents with an outcome other than done: an observation may
	// still tell what became of them. The oldest are forgotten.
	settled []string
}

// maxSettled bounds how many intents wait for an observation.
const maxSettled = 1024

// NewTrailJournal makes a journal of a trail. Who acts is taken from actor and,
// where that is empty, from the trail's own; reason, if any, says why all this
// is done, for example the order behind it. It returns an error that matches
// records.ErrInvalid without a trail.
func NewTrailJournal(trail *evidence.Trail, actor evidence.TrailActor, reason string) (*TrailJournal, error) {
	var faults records.Problems
	faults.Check(trail != nil, "trail", "none", "an open trail")
	if err := faults.Err("sync.NewTrailJournal"); err != nil {
		return nil, err
	}
	return &TrailJournal{trail: trail, actor: actor, reason: reason, open: map[string]int64{}}, nil
}

// Record appends the entry. It returns an error that matches
// records.ErrForeignScope if the entry is of another scope than the trail,
// records.ErrInvalid if it cannot stand in a trail, and otherwise those of
// [evidence.Trail.Append].
func (j *TrailJournal) Record(ctx context.Context, e JournalEntry) error {
	_, err := j.append(ctx, e)
	return err
}

// append is Record with the entry's number.
func (j *TrailJournal) append(ctx context.Context, e JournalEntry) (number int64, err error) {
	if e.Scope != j.trail.Scope().String() {
		return 0, fmt.Errorf("the trail is that of scope %s, the entry of scope %s: %w", j.trail.Scope(), e.Scope, records.ErrForeignScope)
	}
	event, err := j.event(e)
	if err != nil {
		return 0, err
	}
	if number, err = j.trail.Append(ctx, event); err != nil {
		return 0, err
	}
	j.settle(e, event, number)
	return number, nil
}

// Settle adds what was found to each intent that stood without a known outcome
// when the trail was opened and is of the entry's record and primitive. Errors
// are those of [TrailJournal.Record].
func (j *TrailJournal) Settle(ctx context.Context, e JournalEntry) error {
	if e.Scope != j.trail.Scope().String() {
		return fmt.Errorf("the trail is that of scope %s, the entry of scope %s: %w", j.trail.Scope(), e.Scope, records.ErrForeignScope)
	}
	observed, err := j.event(e)
	if err != nil {
		return err
	}
	left, err := j.trail.Left(ctx, observed.Record)
	if err != nil {
		return err
	}
	primitive, _, _ := strings.Cut(observed.Event, "/")
	for _, intent := range left {
		if of, _, _ := strings.Cut(intent.Event, "/"); of != primitive {
			continue
		}
		seen := observed
		seen.Of, seen.Event, seen.Target, seen.Digest = intent.Number, intent.Event, intent.Target, intent.Digest
		if _, err := j.trail.Append(ctx, seen); err != nil {
			return err
		}
	}
	return nil
}

func (j *TrailJournal) event(e JournalEntry) (evidence.TrailEvent, error) {
	event := evidence.TrailEvent{
		Event: eventName(e.Primitive) + "/" + eventName(e.Step), TrailActor: j.actor, Target: e.Target, Policy: e.Policy,
		Reason: j.reason, ClockSkew: e.ClockSkew,
	}
	var faults records.Problems
	var err error
	if e.Record != "" && e.Record != (records.RecordKey{}).String() {
		event.Record, err = records.ParseRecordKey(e.Record)
		faults.Merge("record", err)
	}
	if e.Digest != "" {
		event.Digest, err = records.ParseDigest(e.Digest)
		faults.Merge("digest", err)
	}
	switch e.Kind {
	case Intent:
		event.Kind = evidence.TrailIntent
		faults.Check(e.Intent != "", "intent", e.Intent, "the intent's name")
	case Outcome:
		event.Kind = evidence.TrailOutcome
		event.Of = j.number(e.Intent)
		faults.Check(event.Of > 0, "intent", e.Intent, "the name of an intent that was taken down here")
	case Refusal:
		event.Kind, event.Reason = evidence.TrailRefusal, strings.TrimPrefix(j.reason+": "+e.Result, ": ")
		event.Result = evidence.TrailRefused
	case Observation:
		event.Kind, event.Of = evidence.TrailObservation, j.number(e.Intent)
	default:
		faults.Add("kind", e.Kind, "intent, outcome, refusal or observation")
	}
	if e.Kind == Outcome || e.Kind == Observation {
		event.Result, event.Detail = trailResult(e.Result)
	}
	return event, faults.Err("sync.TrailJournal")
}

// trailResult splits "unknown: the connection broke" into class and detail. A
// sentence without a class is what was found.
func trailResult(text string) (result evidence.TrailResult, detail string) {
	class, detail, _ := strings.Cut(text, ": ")
	if r := evidence.TrailResult(class); r.Known() && r != evidence.TrailFound {
		return r, detail
	}
	return evidence.TrailFound, text
}

// eventName leaves of a step's words what may stand in an event's name.
func eventName(s string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(" ._-", r) {
			return r
		}
		return '_'
	}, s)
	return name[:min(len(name), 63)]
}

func (j *TrailJournal) number(intent string) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.open[intent]
}

// settle keeps account of the intents that something may still refer to.
func (j *TrailJournal) settle(e JournalEntry, event evidence.TrailEvent, number int64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case e.Kind == Intent:
		j.open[e.Intent] = number
	case e.Kind == Outcome && event.Result == evidence.TrailDone:
		delete(j.open, e.Intent)
	case e.Kind == Outcome:
		j.settled = append(j.settled, e.Intent)
		if len(j.settled) > maxSettled {
			delete(j.open, j.settled[0])
			j.settled = j.settled[1:]
		}
	}
}
