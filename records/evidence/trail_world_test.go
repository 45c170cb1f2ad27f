package evidence_test

import (
	"crypto/ed25519"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

var trailScope = records.MustScopeID("acme")

// trailWorld is a trail in a folder, with its people beside it.
type trailWorld struct {
	t      *testing.T
	dir    string
	config evidence.TrailConfig
	folder *evidence.TrailFolder
	people *evidence.People
	trail  *evidence.Trail
	mu     sync.Mutex
	clock  time.Time
}

func newTrailWorld(t *testing.T) *trailWorld {
	t.Helper()
	w := &trailWorld{t: t, dir: filepath.Join(t.TempDir(), "trail"), clock: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	var err error
	w.people, err = evidence.OpenPeople(filepath.Join(t.TempDir(), "people"))
	require.NoError(t, err)
	w.config = evidence.TrailConfig{
		Scope: trailScope, Signer: key(1), People: w.people, Now: w.now,
		Actor: evidence.TrailActor{Organization: "Acme Ltd", User: "kim@acme.example", Application: "records-sync 1.0", Location: "203.0.113.7"},
	}
	w.reopen()
	t.Cleanup(func() {
		require.NoError(t, w.folder.Close())
		require.NoError(t, w.people.Close())
	})
	return w
}

// now advances by a second each time it is asked.
func (w *trailWorld) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(time.Second)
	return w.clock
}

func (w *trailWorld) reopen() {
	w.t.Helper()
	if w.folder != nil {
		require.NoError(w.t, w.folder.Close())
	}
	var err error
	w.folder, err = evidence.OpenTrailFolder(w.dir)
	require.NoError(w.t, err)
	w.config.Store = w.folder
	w.trail, err = evidence.OpenTrail(w.t.Context(), w.config)
	require.NoError(w.t, err)
}

func (w *trailWorld) append(e evidence.TrailEvent) int64 {
	w.t.Helper()
	n, err := w.trail.Append(w.t.Context(), e)
	require.NoError(w.t, err)
	return n
}

func trailIntent() evidence.TrailEvent {
	return evidence.TrailEvent{
		Kind: evidence.TrailIntent, Event: "DeclareRecord/upload", Record: records.MustRecordKey("acme/purchase/79468/1/2"), Target: "node 42001",
		Digest: records.DigestOf([]byte("bytes")), Policy: "2026-1", Subject: "Ada Model",
	}
}

func trailOutcome(of int64) evidence.TrailEvent {
	e := trailIntent()
	e.Kind, e.Of, e.Result = evidence.TrailOutcome, of, evidence.TrailDone
	return e
}

// fill appends pairs of intents and outcomes.
func (w *trailWorld) fill(pairs int) {
	w.t.Helper()
	for range pairs {
		w.append(trailOutcome(w.append(trailIntent())))
	}
}

func (w *trailWorld) check() evidence.TrailCheck {
	return evidence.TrailCheck{Scope: trailScope, Keys: []ed25519.PublicKey{key(1).Public().(ed25519.PublicKey)}}
}

// verified holds the folder against the offline verifier and returns what it
// says and all entries.
func (w *trailWorld) verified() (evidence.TrailReport, []evidence.TrailEntry) {
	w.t.Helper()
	var entries []evidence.TrailEntry
	check := w.check()
	check.Each = func(e evidence.TrailEntry) { entries = append(entries, e) }
	report, err := evidence.VerifyTrail(os.DirFS(w.dir), check)
	require.NoError(w.t, err)
	return report, entries
}

// files is the folder as it is, to tamper with.
func (w *trailWorld) files() fstest.MapFS {
	w.t.Helper()
	out := fstest.MapFS{}
	require.NoError(w.t, filepath.WalkDir(w.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		rel, _ := filepath.Rel(w.dir, name)
		out[filepath.ToSlash(rel)] = &fstest.MapFile{Data: b}
		return err
	}))
	return out
}
