package adapter

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// State is what a feed has of one id.
type State struct {
	ID, ExternalID string
	// Sequence is the highest that it was published or removed with.
	Sequence int64
	// Asset is nil for a tombstone; Reason says why it was removed.
	Asset  *Asset
	Reason string
	// At is when that was decided.
	At time.Time
}

// Removed tells a tombstone.
func (s State) Removed() bool { return s.Asset == nil }

func (e entry) state() State {
	s := State{ID: e.ID, ExternalID: e.External, Sequence: e.Sequence, Reason: e.Reason, At: e.At}
	if e.Asset != nil {
		s.Asset = new(*e.Asset)
	}
	return s
}

// Owner tells whose feed it is, empty if nobody's.
func (f *Feed) Owner() string { return f.options.Owner }

// State reads what the feed has of an id, and whether it has anything.
func (f *Feed) State(id string) (State, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, known := f.state[id]
	return e.state(), known
}

// States lists what the feed has, tombstones included, in the order of ids.
func (f *Feed) States() []State {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := make([]State, 0, len(f.state))
	for e := range maps.Values(f.state) {
		list = append(list, e.state())
	}
	slices.SortFunc(list, func(a, b State) int { return strings.Compare(a.ID, b.ID) })
	return list
}
