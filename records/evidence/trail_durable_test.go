package evidence

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
)

// watched is a trail in a folder whose syncs are counted and can fail.
type watched struct {
	dir    string
	folder *TrailFolder
	people *People
	trail  *Trail
	synced [][]byte // the newest file of entries at each sync
	fail   error
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{dir: filepath.Join(t.TempDir(), "trail")}
	var err error
	w.people, err = OpenPeople(filepath.Join(t.TempDir(), "people"))
	require.NoError(t, err)
	w.open(t)
	t.Cleanup(func() { _ = errors.Join(w.folder.Close(), w.people.Close()) })
	return w
}

func (w *watched) open(t *testing.T) {
	t.Helper()
	var err error
	w.folder, err = OpenTrailFolder(w.dir)
	require.NoError(t, err)
	w.folder.sync = func(f *os.File) error {
		b, err := os.ReadFile(f.Name())
		w.synced = append(w.synced, b)
		return errors.Join(err, w.fail)
	}
	w.trail, err = OpenTrail(t.Context(), TrailConfig{
		Scope: records.MustScopeID("acme"), Store: w.folder, Signer: ed25519.NewKeyFromSeed(make([]byte, 32)), People: w.people,
		Actor: TrailActor{Organization: "Acme Ltd", User: "kim", Application: "test", Location: "Graz"},
	})
	require.NoError(t, err)
}

func (w *watched) check() error {
	_, err := VerifyTrail(os.DirFS(w.dir), TrailCheck{
		Scope: records.MustScopeID("acme"), Keys: []ed25519.PublicKey{ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)},
	})
	return err
}

// TestR48_AnIntentIsOnTheDiskBeforeItCounts, and with it all that came before;
// a refusal too, while an outcome waits for the next of them.
func TestR48_AnIntentIsOnTheDiskBeforeItCounts(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	entry := func(kind TrailKind, of int64) TrailEvent {
		e := TrailEvent{Kind: kind, Event: "upload", Of: of}
		if kind != TrailIntent {
			e.Result, e.Reason = TrailDone, "why"
		}
		return e
	}
	n, err := w.trail.Append(t.Context(), entry(TrailIntent, 0))
	require.NoError(t, err)
	require.Len(t, w.synced, 1, "an intent is synced")
	require.Contains(t, string(w.synced[0]), `"n":1,`, "with its entry written,")
	require.Contains(t, string(w.synced[0]), `{"checkpoint":`, "and what signs it")
	_, err = w.trail.Append(t.Context(), entry(TrailOutcome, n))
	require.NoError(t, err)
	_, err = w.trail.Append(t.Context(), entry(TrailObservation, 0))
	require.NoError(t, err)
	require.Len(t, w.synced, 1, "outcomes and observations wait")
	_, err = w.trail.Append(t.Context(), entry(TrailRefusal, 0))
	require.NoError(t, err)
	require.Len(t, w.synced, 2, "a refusal is synced")
	require.Contains(t, string(w.synced[1]), `"n":2,`, "with what waited")

	w.fail = errors.New("disk is gone")
	_, err = w.trail.Append(t.Context(), entry(TrailIntent, 0))
	require.ErrorIs(t, err, w.fail)
	require.ErrorIs(t, err, ErrTrailStore, "an intent that is not on the disk doesn't count")
	w.fail = nil
	_, err = w.trail.Append(t.Context(), entry(TrailIntent, 0))
	require.ErrorIs(t, err, ErrTrailStore, "nor does any after it: what the disk holds is not known")
	require.NoError(t, w.folder.Close())
	w.open(t)
	require.GreaterOrEqual(t, w.trail.Size(), int64(4), "opened again, what was acknowledged is there")
	n, err = w.trail.Append(t.Context(), entry(TrailIntent, 0))
	require.NoError(t, err)
	require.Equal(t, w.trail.Size(), n)
	require.NoError(t, w.check())
}

// TestR52_ATornCheckpointBesideTheLogIsMended, wherever the crash cut it, and a
// whole one is not: it may tell of a log that was longer.
func TestR52_ATornCheckpointBesideTheLogIsMended(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	_, err := w.trail.Append(t.Context(), TrailEvent{Kind: TrailIntent, Event: "one"})
	require.NoError(t, err)
	older := bytes.Clone(w.trail.Checkpoint())
	w.trail.now = func() time.Time { return time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC) } // a shorter time
	_, err = w.trail.Append(t.Context(), TrailEvent{Kind: TrailIntent, Event: "two"})
	require.NoError(t, err)
	newer := bytes.Clone(w.trail.Checkpoint())
	require.Less(t, len(newer), len(older))
	require.NoError(t, w.folder.Close())
	name := filepath.Join(w.dir, trailCheckpointFile)
	torn := [][]byte{append(bytes.Clone(newer), older[len(newer):]...), bytes.Repeat([]byte{0}, len(newer)), nil}
	for cut := range newer {
		torn = append(torn, newer[:cut])
	}
	for _, b := range torn {
		require.NoError(t, os.Remove(name))
		if b != nil {
			require.NoError(t, os.WriteFile(name, b, 0o600))
		}
		require.Error(t, w.check())
		f, err := OpenTrailFolder(w.dir)
		require.NoError(t, err)
		require.Equal(t, TrailRepair{Checkpoint: true}, f.Repaired(), "%q", b)
		require.NoError(t, f.Close())
		require.NoError(t, w.check(), "%q", b)
	}
	for _, b := range [][]byte{older, newer} {
		require.NoError(t, os.WriteFile(name, b, 0o600))
		f, err := OpenTrailFolder(w.dir)
		require.NoError(t, err)
		require.Zero(t, f.Repaired())
		require.NoError(t, f.Close())
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, b, got)
	}
}
