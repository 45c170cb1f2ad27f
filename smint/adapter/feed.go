package adapter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// FeedOptions say how a feed behaves.
type FeedOptions struct {
	// Contents opens the bytes of an asset; without it nothing can be
	// downloaded.
	Contents func(ctx context.Context, a Asset, item string) (*Content, error)
	// Owner names whose feed it is. It is kept in the log, and a log of another
	// owner is not opened.
	Owner string
	// Keep is how many changes are kept before the oldest are dropped, 100,000
	// by default. Who comes later crawls again.
	Keep int
	// Now is the clock, time.Now by default.
	Now func() time.Time
}

// Outcome says what became of a publication.
type Outcome string

// The outcomes.
const (
	// Applied: the feed now says so.
	Applied Outcome = "applied"
	// Unchanged: it said so already.
	Unchanged Outcome = "unchanged"
	// Stale: it knows something newer; nothing was changed.
	Stale Outcome = "stale"
)

// ErrConflict tells that the sequence was used for something else, or another process
// writes to the same folder.
var ErrConflict = errors.New("conflict")

// entry is one line of the change log, and the newest of an asset is its
// state. A nil asset is a tombstone.
type entry struct {
	N        int64  `json:"n"`
	ID       string `json:"id"`
	External string `json:"external_id"`
	Sequence int64  `json:"sequence"`
	Asset    *Asset `json:"asset,omitempty"`
	Reason   string `json:"reason,omitempty"`
	// Cause names the publication that led here, so that it is known again.
	Cause string `json:"cause,omitempty"`
	// At is when it was decided on: what turns later is a change of its own.
	At time.Time `json:"at"`
}

// Feed is a catalog with a durable change log in a folder. It is safe for
// concurrent use; one process at a time may write.
type Feed struct {
	options FeedOptions

	mu  sync.Mutex
	log *changeLog
	// state is the newest entry of each asset; changes are the ids in the order
	// in which they changed, from place first on.
	state   map[string]entry
	changes []Change
	first   int64
	next    int64
	// turn is the first instant at which an asset's decision changes by itself.
	turn time.Time
}

// OpenFeed opens the feed in a folder, made if it is missing; an empty path
// keeps it in memory. A last line that a crash cut off is dropped: its
// publication was never confirmed.
func OpenFeed(dir string, o FeedOptions) (*Feed, error) {
	if o.Keep <= 0 {
		o.Keep = 100_000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	f := &Feed{options: o, state: map[string]entry{}, first: 1, next: 1}
	var err error
	if f.log, err = openLog(dir, o.Owner, f.take); err != nil {
		return nil, fmt.Errorf("adapter: open the feed: %w", err)
	}
	f.first = max(f.first, f.log.head.First)
	f.next = max(f.next, f.log.head.First)
	return f, nil
}

// Close closes the log.
func (f *Feed) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Close()
}

// take puts an entry of the log into the state.
func (f *Feed) take(e entry, isState bool) {
	f.state[e.ID] = e
	f.turn = time.Time{}
	if !isState {
		f.changes = append(f.changes, Change{e.ID, e.Reason})
		f.next = e.N + 1
	}
}

// Publish says what an asset is from now on. It is idempotent by the asset's
// external id and the sequence, and durable when it returns. A sequence that
// was used for something else is ErrConflict; an asset that makes no sense is
// ErrInvalid, with everything that is wrong with it.
func (f *Feed) Publish(ctx context.Context, a Asset, sequence int64) (Outcome, error) {
	return f.put(ctx, entry{ID: a.ID, External: a.ExternalID, Sequence: sequence, Asset: &a}, nil)
}

// check reports everything that is wrong with a publication.
func (a Asset) check(sequence int64) error {
	list := a.faults()
	if sequence < 1 {
		list = append(list, "sequence is "+strconv.FormatInt(sequence, 10)+", want 1 or more")
	}
	if len(list) == 0 {
		return nil
	}
	return fmt.Errorf("adapter: publish '%s': %w: %s", a.ID, ErrInvalid, strings.Join(list, "; "))
}

// Remove takes an asset out of the feed and leaves a tombstone, which only a
// publication of a higher sequence lifts. Removing what was never there leaves
// one too. It is idempotent and durable as Publish.
func (f *Feed) Remove(ctx context.Context, id, externalID string, sequence int64, reason string) (Outcome, error) {
	if id == "" || externalID == "" || sequence < 1 {
		return "", fmt.Errorf("adapter: remove '%s': %w: id '%s', external id '%s' and sequence %d are needed, the sequence from 1", id, ErrInvalid, id, externalID, sequence)
	}
	return f.put(ctx, entry{ID: id, External: externalID, Sequence: sequence, Reason: reason}, nil)
}

// alter publishes what becomes of the asset that is there; none is ErrNotFound.
func (f *Feed) alter(ctx context.Context, id, externalID string, sequence int64, cause string, change func(*Asset)) (Outcome, error) {
	return f.put(ctx, entry{ID: id, External: externalID, Sequence: sequence, Cause: cause}, change)
}

// known tells what is clear before anybody says what the asset is by now: that
// the feed knows something newer, or this very publication.
func (f *Feed) known(id string, sequence int64, cause string) (Outcome, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state[id].known(sequence, cause)
}

func (e entry) known(sequence int64, cause string) (Outcome, bool) {
	switch {
	case sequence < e.Sequence:
		return Stale, true
	case sequence == e.Sequence && cause != "" && cause == e.Cause:
		return Unchanged, true
	}
	return "", false
}

func (f *Feed) put(ctx context.Context, e entry, change func(*Asset)) (Outcome, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old, there := f.state[e.ID]
	if change == nil && e.Asset != nil {
		if err := e.Asset.check(e.Sequence); err != nil {
			return "", err
		}
	}
	if there && old.External != e.External {
		return "", fmt.Errorf("adapter: '%s': %w: it is external id '%s', not '%s'", e.ID, ErrConflict, old.External, e.External)
	}
	if outcome, known := old.known(e.Sequence, e.Cause); known {
		return outcome, nil
	}
	if change != nil {
		if old.Asset == nil {
			return "", fmt.Errorf("%w: asset '%s'", ErrNotFound, e.ID)
		}
		a := *old.Asset
		change(&a)
		if err := a.check(e.Sequence); err != nil {
			return "", err
		}
		e.Asset = &a
	}
	if e.Asset != nil {
		a := e.Asset.normal()
		e.Asset = &a
	}
	if there && e.Sequence == old.Sequence {
		if same(old.Asset, e.Asset) {
			return Unchanged, nil
		}
		return "", fmt.Errorf("adapter: '%s': %w: sequence %d was used for something else", e.ID, ErrConflict, e.Sequence)
	}
	return Applied, f.append(e)
}

// normal is the asset as it reads after a restart: instants in UTC.
func (a Asset) normal() Asset {
	for _, t := range []*time.Time{&a.From, &a.Until, &a.FirstUseUntil} {
		*t = t.UTC().Round(0)
	}
	return a
}

// same compares what would be written.
func same(a, b *Asset) bool {
	one, err1 := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(one, other)
}

// append writes an entry and then believes it.
func (f *Feed) append(e entry) error {
	e.N, e.At = f.next, f.options.Now().UTC()
	if err := f.log.append(e); err != nil {
		return fmt.Errorf("adapter: write the change log: %w", err)
	}
	f.take(e, false)
	if len(f.changes) < 2*f.options.Keep {
		return nil
	}
	drop := len(f.changes) - f.options.Keep
	states := slices.SortedFunc(maps.Values(f.state), func(a, b entry) int { return int(a.N - b.N) })
	if err := f.log.rewrite(f.next, states); err != nil {
		return fmt.Errorf("adapter: shorten the change log: %w", err)
	}
	// The file keeps states only; the changes still in memory serve this process.
	f.changes, f.first = slices.Clone(f.changes[drop:]), f.first+int64(drop)
	return nil
}

// turns notes a change for each asset whose time has come since it was last
// decided on: nobody publishes the end of a license, it arrives.
func (f *Feed) turns() error {
	now := f.options.Now()
	if !f.turn.IsZero() && now.Before(f.turn) {
		return nil
	}
	var due []entry
	next := now.AddDate(100, 0, 0)
	for _, e := range f.state {
		if e.Asset == nil {
			continue
		}
		arrived := false
		for _, t := range e.Asset.turns() {
			switch {
			case t.After(now):
				if t.Before(next) {
					next = t
				}
			case t.After(e.At):
				arrived = true
			}
		}
		if arrived {
			due = append(due, e)
		}
	}
	slices.SortFunc(due, func(a, b entry) int { return strings.Compare(a.ID, b.ID) })
	for _, e := range due {
		if err := f.append(e); err != nil {
			return err
		}
	}
	f.turn = next
	return nil
}

// Changes lists what changed, what time has changed included.
func (f *Feed) Changes(_ context.Context, continuation string, limit int) (ChangePage, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.turns(); err != nil {
		return ChangePage{}, err
	}
	after := f.first - 1
	if continuation != "" {
		n, ok := f.log.place(continuation)
		if !ok || n < f.first-1 || n >= f.next {
			return ChangePage{}, fmt.Errorf("%w: %q", ErrTooOld, continuation)
		}
		after = n
	}
	rest := f.changes[after-f.first+1:]
	some := rest[:min(limit, len(rest))]
	return ChangePage{slices.Clone(some), f.log.continuation(after + int64(len(some))), len(rest) > len(some)}, nil
}

// Asset reads an asset's newest state; a tombstone is ErrNotFound.
func (f *Feed) Asset(_ context.Context, id string) (Asset, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, known := f.state[id]
	if !known || e.Asset == nil {
		return Asset{}, fmt.Errorf("%w: asset '%s'", ErrNotFound, id)
	}
	return *e.Asset, nil
}

// Sequence tells the highest sequence that an asset was published or removed
// with, 0 if it never was.
func (f *Feed) Sequence(id string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state[id].Sequence
}

// list returns the assets that fit, after a cursor, in the order of their ids.
func (f *Feed) list(cursor string, size int, fits func(Asset) bool) (some []Asset, next string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(f.state)) {
		a := f.state[id].Asset
		if a == nil || id <= cursor || !fits(*a) {
			continue
		}
		if len(some) == size {
			return some, some[size-1].ID
		}
		some = append(some, *a)
	}
	return some, ""
}

// Folder lists a folder: below the root stand those that assets name, and the
// assets that name none.
func (f *Feed) Folder(_ context.Context, folder, cursor string, size int) (FolderPage, error) {
	var names []string
	f.mu.Lock()
	for _, e := range f.state {
		if e.Asset != nil {
			names = append(names, e.Asset.Folders...)
		}
	}
	f.mu.Unlock()
	slices.Sort(names)
	names = slices.Compact(names)
	if folder != Root && !slices.Contains(names, folder) {
		return FolderPage{}, fmt.Errorf("%w: folder '%s'", ErrNotFound, folder)
	}
	var page FolderPage
	if folder == Root && cursor == "" {
		for _, name := range names {
			page.Folders = append(page.Folders, Folder{name, name})
		}
	}
	page.Assets, page.Next = f.list(cursor, size, func(a Asset) bool {
		return (folder == Root && len(a.Folders) == 0) || slices.Contains(a.Folders, folder)
	})
	return page, nil
}

// Search finds assets by a part of their name and by attributes.
func (f *Feed) Search(_ context.Context, q Query) (SearchPage, error) {
	var page SearchPage
	page.Assets, page.Next = f.list(q.Cursor, q.Size, func(a Asset) bool {
		named := q.Text == ""
		for _, n := range a.Name {
			named = named || strings.Contains(strings.ToLower(n.Value), strings.ToLower(q.Text))
		}
		for key, values := range q.Filters {
			if !slices.Contains(values, wire(a, a.Decide(f.options.Now())).Attributes[key]) {
				return false
			}
		}
		return named
	})
	return page, nil
}

// Open opens an asset's bytes.
func (f *Feed) Open(ctx context.Context, a Asset, item string) (*Content, error) {
	if f.options.Contents == nil || item != Original {
		return nil, fmt.Errorf("%w: item '%s'", ErrNotFound, item)
	}
	return f.options.Contents(ctx, a, item)
}
