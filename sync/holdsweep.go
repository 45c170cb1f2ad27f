package sync

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// holdChunk is how many documents go into one bulk call, holdSingly up to how
// many are dealt with one by one, which tells at once what became of each.
const (
	holdChunk  = 100
	holdSingly = 3
)

// sweep puts one hold on documents, or takes it off. The hold calls themselves
// tell nothing: what counts is what reads back among the hold's items.
type sweep struct {
	*taking
	hold ecm.HoldID
	// do is the word of the step. wanted is how it shall be: held or not. was is
	// the result of what is so already, becomes that of what is so now.
	do     string
	wanted bool
	was    HoldResult
	become HoldResult
	// list reads anew what the call is about; many and one send.
	list func(ctx context.Context, held map[ecm.NodeID]ecm.Node) ([]HoldItem, error)
	many func(ctx context.Context, ids []ecm.NodeID) error
	one  func(ctx context.Context, id ecm.NodeID) error

	items []HoldItem
	state map[itemKey]*itemState
}

type itemKey struct {
	record records.RecordKey
	node   ecm.NodeID
}

type itemState struct {
	at, tried int
	err       error
}

// run walks the list and does what is to be done, until it meets nothing more.
// held is what the hold holds in the end.
func (w *sweep) run(ctx context.Context) (held map[ecm.NodeID]ecm.Node, err error) {
	w.state = map[itemKey]*itemState{}
	waited := true
	for {
		if held, err = w.look(ctx); err != nil {
			return held, err
		}
		fresh, again := w.open(held)
		if len(again) > 0 && !waited {
			// A server may have taken a bulk call into its queue.
			waited = true
			if err := w.settle(ctx, again); err != nil {
				return held, err
			}
			continue
		}
		if len(fresh) <= holdSingly {
			fresh, again = nil, slices.Concat(fresh, again)
		}
		again = slices.DeleteFunc(again, w.hopeless)
		if len(fresh) == 0 && len(again) == 0 {
			return held, nil
		}
		waited = len(fresh) == 0
		for some := range slices.Chunk(fresh, holdChunk) {
			if err := w.send(ctx, some, 1, func() error { return w.many(ctx, nodesOf(some)) }); err != nil {
				return held, err
			}
		}
		for _, i := range again {
			if err := w.send(ctx, []HoldItem{i}, alone, func() error { return w.one(ctx, i.Node) }); err != nil {
				return held, err
			}
		}
	}
}

// look reads what the hold holds and what the call is about.
func (w *sweep) look(ctx context.Context) (map[ecm.NodeID]ecm.Node, error) {
	held, err := w.s.heldBy(ctx, w.hold)
	if err != nil {
		return nil, err
	}
	list, err := w.list(ctx, held)
	if err != nil {
		return held, err
	}
	for _, i := range list {
		key := itemKey{i.Record, i.Node}
		if w.state[key] != nil {
			continue
		}
		if _, is := held[i.Node]; is == w.wanted && i.Result == "" {
			i.Result = w.was
		}
		w.state[key] = &itemState{at: len(w.items)}
		w.items = append(w.items, i)
	}
	return held, nil
}

// open settles the items that are as they shall be. Of the others, fresh ones
// were not tried yet.
func (w *sweep) open(held map[ecm.NodeID]ecm.Node) (fresh, again []HoldItem) {
	for n, i := range w.items {
		_, is := held[i.Node]
		switch state := w.state[itemKey{i.Record, i.Node}]; {
		case i.Result == HoldFailed || i.Result == HoldKept:
		case is == w.wanted:
			if i.Result != w.was {
				w.items[n].Result = w.become
			}
		case state.tried == 0:
			fresh = append(fresh, i)
		default:
			again = append(again, i)
		}
	}
	return fresh, again
}

// hopeless gives up on an item that was tried by itself and got a verdict, and
// on one that was tried often.
func (w *sweep) hopeless(i HoldItem) bool {
	state := w.state[itemKey{i.Record, i.Node}]
	unsettled := errors.Is(state.err, ecm.ErrOutcomeUnknown) || errors.Is(state.err, ecm.ErrThrottled)
	if state.tried < alone || unsettled && state.tried <= maxAttempts {
		return false
	}
	reason := "it does not read back as " + string(w.become)
	if state.err != nil {
		reason = state.err.Error()
	}
	w.items[state.at].Result, w.items[state.at].Reason = HoldFailed, reason
	return true
}

// alone counts for more than a try among others: it gives a verdict.
const alone = 2

// send makes one call about items. A failure is kept with each, for the case
// that it does not read back; only what stops the whole call is returned.
func (w *sweep) send(ctx context.Context, items []HoldItem, weight int, call func() error) error {
	err := w.mutateEach(ctx, w.do, items, call)
	for _, i := range items {
		state := w.state[itemKey{i.Record, i.Node}]
		state.err = err
		state.tried = max(state.tried+1, weight)
	}
	return fatal(ctx, err)
}

// fatal picks out what ends a call; all else is a matter of the items.
func fatal(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return errors.Join(err, ctx.Err())
	case errors.Is(err, errJournal), errors.Is(err, ecm.ErrUnauthenticated):
		return err
	}
	return nil
}

// settle waits while a bulk call still takes effect: until all is as it shall
// be, or nothing changes any more.
func (w *sweep) settle(ctx context.Context, items []HoldItem) error {
	last := -1
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		held, err := w.s.heldBy(ctx, w.hold)
		if err != nil {
			return err
		}
		done := 0
		for _, i := range items {
			if _, is := held[i.Node]; is == w.wanted {
				done++
			}
		}
		if done == len(items) || done > 0 && done == last || pause > 2*time.Second {
			return nil
		}
		last = done
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func nodesOf(items []HoldItem) []ecm.NodeID {
	ids := make([]ecm.NodeID, 0, len(items))
	for _, i := range items {
		ids = append(ids, i.Node)
	}
	return ids
}

// report is what became of each item. After an error, those that are not
// settled count as failed.
func (w *sweep) report(planned []HoldItem, err error) []HoldItem {
	items := w.items
	if w.state == nil && err != nil {
		items = slices.Clone(planned)
	}
	for n, i := range items {
		if err != nil && i.Result == "" {
			items[n].Result, items[n].Reason = HoldFailed, "the call ended before it was "+string(w.become)
		}
	}
	return items
}

// mutateEach makes one mutation of several documents: an intent for each is
// taken down before, an outcome for each after.
func (t *taking) mutateEach(ctx context.Context, do string, items []HoldItem, send func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	each := make([]taking, len(items))
	for n, i := range items {
		each[n] = taking{s: t.s, primitive: t.primitive, key: i.Record, intent: rand.Text()}
		if err := t.s.journal.Record(ctx, each[n].entry(Intent, i.step(do), records.Digest{}, "")); err != nil {
			err = fmt.Errorf("nothing was done: %w: the intent to %s node %s: %w", errJournal, do, i.Node, err)
			for m := range n {
				err = errors.Join(err, each[m].note(ctx, Outcome, items[m].step(do), records.Digest{}, "failed: nothing was done"))
			}
			return err
		}
	}
	err := send()
	errs := []error{err}
	for n, i := range items {
		errs = append(errs, each[n].note(ctx, Outcome, i.step(do), records.Digest{}, outcome(err)))
		if err == nil {
			t.done = append(t.done, i.step(do))
		}
	}
	return errors.Join(errs...)
}
