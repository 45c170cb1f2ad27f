package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/smintecm/sdk/smint"
)

// FeedState is how far a feed was followed and what is left over: all that a
// runner needs to go on after a crash.
type FeedState struct {
	Format int    `json:"format"`
	Scope  string `json:"scope"`
	Feed   string `json:"feed"`
	// Continuation is the cursor behind which everything is settled.
	Continuation string `json:"continuation"`
	// Pending are items that can be declared later.
	Pending []FeedItem `json:"pending,omitempty"`
	// Quarantine are items that a person has to look at.
	Quarantine []FeedItem `json:"quarantine,omitempty"`
	// Seen are the assets of a portal that are settled in the revision that they
	// were seen in. What is missing here is only looked at again.
	Seen    map[string]smint.Revision `json:"seen,omitempty"`
	SavedAt time.Time                 `json:"saved_at"`
}

// FeedItem is an item that was not declared, with its reason and its source.
type FeedItem struct {
	ID string `json:"id"`
	// Queue groups items by what a person can do about them, as "unclassified".
	Transaction string    `json:"transaction,omitempty"`
	Queue       string    `json:"queue"`
	Reason      string    `json:"reason"`
	Since       time.Time `json:"since"`
	// Source is the item byte for byte: as a JSON value it would be formatted
	// anew.
	Source []byte `json:"source,omitempty"`
}

// FeedStore keeps a feed's state. Save replaces it as a whole, durably, before
// it returns.
type FeedStore interface {
	// Load returns the state, or a zero state if there is none yet.
	Load(ctx context.Context) (FeedState, error)
	Save(ctx context.Context, state FeedState) error
}

const feedFormat = 1

// FileFeedStore keeps the state in one JSON file, replaced atomically and
// synced, so that lists and checkpoint cannot part.
type FileFeedStore struct{ path string }

// NewFileFeedStore uses the file at path; its folder must exist.
func NewFileFeedStore(path string) *FileFeedStore { return &FileFeedStore{path} }

// Load reads the state. A file that is not a feed state is an error and is
// left alone.
func (s *FileFeedStore) Load(context.Context) (FeedState, error) {
	return readState(s.path, "checkpoint", "nothing is declared twice", feedFormat, func(f FeedState) int { return f.Format })
}

// readState reads a file of the state folder; one that is not there is a zero
// state. What cannot be read matches ErrState.
func readState[T any](path, what, startingOver string, format int, formatOf func(T) int) (T, error) {
	var state, none T
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &state)
	}
	if err == nil && formatOf(state) != format {
		err = fmt.Errorf("it has format %d, this version reads %d", formatOf(state), format)
	}
	if err != nil {
		return none, fmt.Errorf("%w: the %s %s (move it away to start over; %s): %w", ErrState, what, path, startingOver, err)
	}
	return state, nil
}

// Save writes a new file beside the old one, syncs it and puts it in its
// place.
func (s *FileFeedStore) Save(_ context.Context, state FeedState) error {
	state.Format = feedFormat
	b, err := json.MarshalIndent(state, "", "\t")
	if err != nil {
		return err
	}
	if err := writeAtomically(s.path, append(b, '\n')); err != nil {
		return fmt.Errorf("write the checkpoint %s: %w", s.path, err)
	}
	return nil
}

func writeAtomically(path string, content []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the renaming itself durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
