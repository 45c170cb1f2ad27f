package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// maxAttempts bounds how often a primitive tries one mutation whose outcome
// was unknown or that ran into someone else's.
const maxAttempts = 3

// errJournal ends a feed's pass: nothing is done without being taken down.
var errJournal = errors.New("the journal took no entry")

// taking takes down what one call of a primitive does.
type taking struct {
	s         *Scope
	primitive string
	key       records.RecordKey
	done      []Step
	// intent names the last one: observations are about it.
	intent string
}

func (t *taking) entry(kind EntryKind, step Step, digest records.Digest, result string) JournalEntry {
	e := JournalEntry{
		Kind: kind, Time: time.Now().UTC(), Scope: t.s.id.String(), Record: t.key.String(), Primitive: t.primitive,
		Step: step.Do, Target: step.On, Policy: t.s.policy.Version, Result: result, Intent: t.intent,
	}
	if digest.IsValid() {
		e.Digest = digest.String()
	}
	return e
}

// mutate makes one mutation: its intent is taken down before, its outcome
// after, also if the caller's context has ended meanwhile.
func (t *taking) mutate(ctx context.Context, step Step, digest records.Digest, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.looked(ctx, "the next step is to "+step.Do); err != nil {
		return err
	}
	t.intent = rand.Text()
	if err := t.s.journal.Record(ctx, t.entry(Intent, step, digest, "")); err != nil {
		return fmt.Errorf("nothing was done: %w: the intent to %s: %w", errJournal, step.Do, err)
	}
	err := do()
	if err == nil {
		t.done = append(t.done, step)
	}
	return errors.Join(err, t.note(ctx, Outcome, step, digest, outcome(err)))
}

// outcome says what became of a mutation.
func outcome(err error) string {
	switch {
	case errors.Is(err, ecm.ErrOutcomeUnknown):
		return "unknown: " + err.Error()
	case err != nil:
		return "failed: " + err.Error()
	}
	return "done"
}

// note takes down what was observed or refused.
func (t *taking) note(ctx context.Context, kind EntryKind, step Step, digest records.Digest, result string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := t.s.journal.Record(ctx, t.entry(kind, step, digest, result)); err != nil {
		return fmt.Errorf("%w: the %s of %s: %w", errJournal, kind, step.Do, err)
	}
	return nil
}

// looked tells what was found of the record to a journal that has intents of
// an earlier run without an outcome. Whatever a primitive does next rests on
// having looked, so the first step it takes says so too.
func (t *taking) looked(ctx context.Context, found string) error {
	settler, ok := t.s.journal.(Settler)
	if !ok || !t.key.IsValid() {
		return nil
	}
	if err := settler.Settle(ctx, t.entry(Observation, Step{Do: "look"}, records.Digest{}, found)); err != nil {
		return fmt.Errorf("nothing was done: %w: what was found: %w", errJournal, err)
	}
	return nil
}

// writeValues writes attributes of a record's category and reads them back. An
// answer that was lost is settled by that reading too.
func (t *taking) writeValues(ctx context.Context, step Step, digest records.Digest, id ecm.NodeID, values ecm.CategoryValues) error {
	err := t.mutate(ctx, step, digest, func() error { return t.s.ecm.Categories.Update(ctx, id, t.s.policy.Category, values) })
	if err != nil && !errors.Is(err, ecm.ErrOutcomeUnknown) {
		return err
	}
	stored, readErr := t.s.ecm.Categories.OfNode(ctx, id)
	if readErr != nil {
		return errors.Join(err, readErr)
	}
	if left := differing(values, stored); len(left) > 0 {
		return errors.Join(err, fmt.Errorf("%w: %d attributes of node %s", ErrVerify, len(left), id))
	}
	return nil
}
