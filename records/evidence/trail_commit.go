package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/smintecm/sdk/records"
)

// write adds the items' entries, in batches that end where a tile ends. The
// caller holds commit.
func (t *Trail) write(ctx context.Context, items []*trailItem) {
	for len(items) > 0 {
		n := min(len(items), int(tileWidth-t.tree.size%tileWidth))
		t.writeBatch(ctx, items[:n])
		items = items[n:]
	}
}

func (t *Trail) writeBatch(ctx context.Context, items []*trailItem) {
	fail := func(err error) {
		for _, it := range items {
			if it.err == nil {
				it.entry.Number, it.err = 0, err
			}
		}
	}
	if err := t.ready(ctx); err != nil {
		fail(err)
		return
	}
	b, last := TrailBatch{Entries: t.lines[:0]}, t.last
	tree := t.tree.grown(t.spare)
	rows := tileRows{rows: t.rows[:0], run: tlog.HashSize * len(items)}
	buf := t.buf[:0]
	for i, it := range items {
		if it.err = t.checkReference(ctx, &it.entry.TrailEvent, t.tree.size, items[:i]); it.err != nil {
			continue
		}
		e := &it.entry
		e.Version, e.Number, e.Scope, e.Time = TrailVersion, tree.size+1, t.scope, t.now().UTC()
		if e.Time.Before(last) {
			e.Time, e.Clock = last, e.Time
		}
		last = e.Time
		start := len(buf)
		buf = appendTrailEntry(buf, e)
		tree.add(tlog.RecordHash(buf[start:]), rows.emit)
		b.Entries = append(b.Entries, buf[start:len(buf):len(buf)])
		b.Durable = b.Durable || e.Kind == TrailIntent || e.Kind == TrailRefusal
	}
	t.buf, t.lines, t.rows = buf, b.Entries, rows.rows
	if len(b.Entries) == 0 {
		return
	}
	c := TrailCheckpoint{Scope: t.scope, Size: tree.size, Hash: TrailHash(tree.hash()), Time: last}
	var err error
	if b.Checkpoint, err = t.signer.sign(c); err != nil {
		fail(fmt.Errorf("trail of scope %s: sign: %w", t.scope, err))
		return
	}
	b.Tiles = rows.rows
	if err := t.store.Append(ctx, t.tree.size, b); err != nil {
		fail(t.refused(err, b.Checkpoint))
		return
	}
	t.spare, t.tree, t.last, t.note = t.tree.edge, tree, last, b.Checkpoint
	t.settle(items)
}

// refused remembers that the store failed, and how.
func (t *Trail) refused(err error, tried []byte) error {
	if errors.Is(err, ErrTrailFenced) {
		t.failed = fmt.Errorf("trail of scope %s: %w", t.scope, err)
		return t.failed
	}
	t.doubt, t.tried = true, tried
	return fmt.Errorf("trail of scope %s: %w: %w", t.scope, ErrTrailStore, err)
}

// ready looks, after a failed append, whether the log is what this writer left
// or tried to leave; if it is neither, someone else writes.
func (t *Trail) ready(ctx context.Context) error {
	if t.failed != nil || !t.doubt {
		return t.failed
	}
	head, err := t.store.Head(ctx)
	if err != nil {
		return fmt.Errorf("trail of scope %s: %w: %w", t.scope, ErrTrailStore, err)
	}
	switch {
	case head.Size == t.tree.size && bytes.Equal(head.Checkpoint, t.note):
	case bytes.Equal(head.Checkpoint, t.tried):
		// It had been written after all. Nobody was told a number of these entries.
		if err := t.load(ctx); err != nil {
			return err
		}
		t.since = t.tree.size
		clear(t.open) // what was written may have had an outcome of one: the log tells.
		clear(t.old)
	default:
		t.failed = fmt.Errorf("trail of scope %s: the log has %d entries, not %d: %w", t.scope, head.Size, t.tree.size, ErrTrailFenced)
		return t.failed
	}
	t.doubt, t.tried = false, nil
	return nil
}

// checkReference holds what an entry refers to: an outcome to an intent that
// has none yet, an observation to an intent, a correction to any entry.
func (t *Trail) checkReference(ctx context.Context, e *TrailEvent, size int64, batch []*trailItem) error {
	if e.Of == 0 {
		return nil
	}
	if e.Of > size {
		return wrongReference(e.Of, "the number of an entry that stands")
	}
	if e.Kind == TrailCorrection {
		return nil
	}
	if e.Kind == TrailOutcome {
		again := t.old[e.Of] || e.Of > t.since && !t.open[e.Of]
		for _, it := range batch {
			again = again || it.err == nil && it.entry.Kind == TrailOutcome && it.entry.Of == e.Of
		}
		if again {
			return wrongReference(e.Of, "an intent without an outcome")
		}
	}
	if t.open[e.Of] {
		return nil
	}
	return t.wantIntent(ctx, e)
}

// wantIntent reads the entry that e refers to, which has to be an intent; for an
// outcome also what stood after it when the trail was opened, where another
// outcome of it may be.
func (t *Trail) wantIntent(ctx context.Context, e *TrailEvent) error {
	number, to := e.Of-1, e.Of
	if e.Kind == TrailOutcome {
		to = max(to, t.since)
	}
	refers := fmt.Appendf(nil, `,"of":%d,`, e.Of)
	for line, err := range t.store.Entries(ctx, number, to) {
		if err != nil {
			return fmt.Errorf("trail of scope %s: %w: %w", t.scope, ErrTrailStore, err)
		}
		if number++; number > e.Of && !bytes.Contains(line, refers) {
			continue
		}
		switch old, err := ParseTrailEntry(line); {
		case err != nil:
			return err
		case number == e.Of && old.Kind != TrailIntent:
			return wrongReference(e.Of, "the number of an intent")
		case number > e.Of && old.Kind == TrailOutcome && old.Of == e.Of:
			return wrongReference(e.Of, "an intent without an outcome")
		}
	}
	return nil
}

func wrongReference(of int64, want string) error {
	var p records.Problems
	p.Add("of", of, want)
	return p.Err("evidence.Trail")
}

// settle keeps account of intents without an outcome.
func (t *Trail) settle(items []*trailItem) {
	for _, it := range items {
		switch {
		case it.err != nil:
		case it.entry.Kind == TrailIntent:
			t.open[it.entry.Number] = true
		case it.entry.Kind == TrailOutcome:
			delete(t.open, it.entry.Of)
			if it.entry.Of <= t.since {
				t.old[it.entry.Of] = true
			}
		}
		if it.err == nil {
			t.left.settle(&it.entry.TrailEvent)
		}
	}
}
