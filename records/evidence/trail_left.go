package evidence

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/smintecm/sdk/records"
)

// leftWithin is how far back an opened trail looks for what its last writer
// left without an outcome: what was under way when it ended stands at the end.
const leftWithin = 4096

// trailLeft keeps the intents that stood without a known outcome when the trail
// was opened, by record. It is asked often and rarely knows any, and so waits
// for no write.
type trailLeft struct {
	mu       sync.Mutex
	looked   bool
	byRecord map[records.RecordKey][]TrailEntry
}

// Left returns the intents about a record that stood without a known outcome
// when the trail was opened, and that nothing has settled since: their writer
// ended, or lost the answer, before it could tell what became of them. Whoever
// has looked says so by an observation of each. It looks at the newest 4096
// entries, once; [VerifyTrail] reports all.
func (t *Trail) Left(ctx context.Context, record records.RecordKey) ([]TrailEntry, error) {
	l := &t.left
	l.mu.Lock()
	if l.looked {
		defer l.mu.Unlock()
		return slices.Clone(l.byRecord[record]), nil
	}
	l.mu.Unlock()
	t.commit.Lock()
	defer t.commit.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.looked {
		left, err := t.lookLeft(ctx)
		if err != nil {
			return nil, err
		}
		l.looked, l.byRecord = true, left
	}
	return slices.Clone(l.byRecord[record]), nil
}

// lookLeft reads the end of the log as it stands now: what this writer settled
// since it opened the trail is settled in it.
func (t *Trail) lookLeft(ctx context.Context) (map[records.RecordKey][]TrailEntry, error) {
	left := map[records.RecordKey][]TrailEntry{}
	for line, err := range t.store.Entries(ctx, max(t.opened-leftWithin, 0), t.tree.size) {
		if err != nil {
			return nil, fmt.Errorf("trail of scope %s: %w: %w", t.scope, ErrTrailStore, err)
		}
		e, err := ParseTrailEntry(line)
		if err != nil {
			return nil, err
		}
		if e.Kind == TrailIntent && e.Number <= t.opened {
			left[e.Record] = append(left[e.Record], e)
		}
		settleLeft(left, &e.TrailEvent)
	}
	return left, nil
}

// settle drops the intent that an event tells the outcome of.
func (l *trailLeft) settle(e *TrailEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.byRecord) > 0 {
		settleLeft(l.byRecord, e)
	}
}

func settleLeft(left map[records.RecordKey][]TrailEntry, e *TrailEvent) {
	if e.Of == 0 || e.Kind != TrailOutcome && e.Kind != TrailObservation || e.Result == TrailUnknown {
		return
	}
	for record, list := range left {
		if i := slices.IndexFunc(list, func(x TrailEntry) bool { return x.Number == e.Of }); i >= 0 {
			if left[record] = slices.Delete(list, i, i+1); len(left[record]) == 0 {
				delete(left, record)
			}
			return
		}
	}
}
