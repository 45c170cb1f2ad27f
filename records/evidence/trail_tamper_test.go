package evidence_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

const trailSegment = "entries/000/000.jsonl"

// with returns the files with one replaced, or removed if data is nil.
func with(files fstest.MapFS, name string, data []byte) fstest.MapFS {
	out := maps.Clone(files)
	if out[name] = (&fstest.MapFile{Data: data}); data == nil {
		delete(out, name)
	}
	return out
}

// TestP12_EveryByteOfATrailCounts: flipped, each byte of each file is found,
// for a reason that fits the file.
func TestP12_EveryByteOfATrailCounts(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(2)
	files := w.files()
	allowed := map[string][]error{
		"checkpoint": {evidence.ErrTrailSignature, evidence.ErrTrailFormat},
		trailSegment: {
			evidence.ErrTrailEdited, evidence.ErrTrailSignature, evidence.ErrTrailFormat, evidence.ErrTrailTruncated,
		},
		"tiles/0/000/000": {evidence.ErrTrailEdited},
	}
	// A changed scope or number makes it another's entry, or another one.
	identity := regexp.MustCompile(`trail/acme|"scope":"acme","n":[0-9]+`)
	delete(files, "lock")
	require.ElementsMatch(t, slices.Collect(maps.Keys(allowed)), slices.Collect(maps.Keys(files)))
	for name, f := range files {
		for i := 0; i < len(f.Data); i += stride {
			want := allowed[name]
			if slices.ContainsFunc(identity.FindAllIndex(f.Data, -1), func(at []int) bool { return at[0] <= i && i < at[1] }) {
				want = append(slices.Clone(want), evidence.ErrTrailSpliced, evidence.ErrTrailDropped, evidence.ErrTrailReordered)
			}
			for _, mask := range []byte{0x01, 0x20, 0xff} {
				data := bytes.Clone(f.Data)
				data[i] ^= mask
				_, err := evidence.VerifyTrail(with(files, name, data), w.check())
				if !slices.ContainsFunc(want, func(want error) bool { return errors.Is(err, want) }) {
					t.Fatalf("%s byte %d ^ %#x: %v", name, i, mask, err)
				}
			}
		}
	}
}

// TestR47_EachTamperingHasItsReason.
func TestR47_EachTamperingHasItsReason(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(3)
	older := w.files()
	w.fill(130) // into a second file
	files := w.files()
	_, err := evidence.VerifyTrail(files, w.check())
	require.NoError(t, err)
	lines := bytes.SplitAfter(files[trailSegment].Data, []byte("\n"))
	// Each append left two lines: the entry and its checkpoint.
	edit := func(change func(l [][]byte) [][]byte) fstest.MapFS {
		return with(files, trailSegment, bytes.Join(change(slices.Clone(lines)), nil))
	}
	renumbered := func(l [][]byte) [][]byte {
		l = slices.Delete(l, 4, 6) // entry 3
		for i := 4; i < len(l); i += 2 {
			l[i] = bytes.Replace(l[i], fmt.Appendf(nil, `"n":%d,`, i/2+2), fmt.Appendf(nil, `"n":%d,`, i/2+1), 1)
		}
		return l
	}
	stranger := newTrailWorld(t)
	stranger.config.Scope = records.MustScopeID("other")
	require.NoError(t, stranger.folder.Close())
	stranger.dir += "-other"
	stranger.folder = nil
	stranger.reopen()
	foreign := evidence.TrailEvent{Kind: evidence.TrailIntent, Event: "x"}
	stranger.append(foreign)
	strange := bytes.SplitAfter(stranger.files()[trailSegment].Data, []byte("\n"))

	for name, c := range map[string]struct {
		files fs.FS
		want  error
	}{
		"text of an entry edited":               {edit(func(l [][]byte) [][]byte { l[2] = bytes.Replace(l[2], []byte("42001"), []byte("42002"), 1); return l }), evidence.ErrTrailEdited},
		"entry dropped":                         {edit(func(l [][]byte) [][]byte { return slices.Delete(l, 4, 5) }), evidence.ErrTrailDropped},
		"entry dropped, checkpoint too":         {edit(func(l [][]byte) [][]byte { return slices.Delete(l, 4, 6) }), evidence.ErrTrailDropped},
		"entry dropped and the rest renumbered": {edit(renumbered), evidence.ErrTrailDropped},
		"last entry of a file dropped":          {edit(func(l [][]byte) [][]byte { return l[:510] }), evidence.ErrTrailDropped},
		"first file dropped":                    {with(files, trailSegment, nil), evidence.ErrTrailDropped},
		"last file dropped":                     {with(files, "entries/000/001.jsonl", nil), evidence.ErrTrailRolledBack},
		"two entries swapped":                   {edit(func(l [][]byte) [][]byte { l[4], l[6] = l[6], l[4]; return l }), evidence.ErrTrailReordered},
		"checkpoints swapped":                   {edit(func(l [][]byte) [][]byte { l[5], l[7] = l[7], l[5]; return l }), evidence.ErrTrailDropped},
		"entry twice":                           {edit(func(l [][]byte) [][]byte { return slices.Insert(l, 5, l[4]) }), evidence.ErrTrailSpliced},
		"checkpoint twice":                      {edit(func(l [][]byte) [][]byte { return slices.Insert(l, 5, l[5]) }), evidence.ErrTrailReordered},
		"entry of another scope":                {edit(func(l [][]byte) [][]byte { return slices.Insert(l, 4, strange[0]) }), evidence.ErrTrailSpliced},
		"checkpoint of another scope":           {edit(func(l [][]byte) [][]byte { l[1] = strange[1]; return l }), evidence.ErrTrailSpliced},
		"unsigned entry appended": {with(files, "entries/000/001.jsonl", append(bytes.Clone(files["entries/000/001.jsonl"].Data),
			bytes.Replace(lines[0], []byte(`"n":1,"time":"2026-03`), []byte(`"n":267,"time":"2027-03`), 1)...)), evidence.ErrTrailTruncated},
		"end torn":             {with(files, "entries/000/001.jsonl", files["entries/000/001.jsonl"].Data[:900]), evidence.ErrTrailTruncated},
		"tile missing":         {with(files, "tiles/0/000/000", nil), evidence.ErrTrailTruncated},
		"tile of level 1":      {with(files, "tiles/1/000/000", bytes.Repeat([]byte{1}, 32)), evidence.ErrTrailEdited},
		"checkpoint missing":   {with(files, "checkpoint", nil), evidence.ErrTrailTruncated},
		"a file of nobody's":   {with(files, "entries/000/note.txt", []byte("x")), evidence.ErrTrailFormat},
		"something in lock":    {with(files, "lock", []byte("x")), evidence.ErrTrailFormat},
		"entries cut to older": {with(older, "checkpoint", files["checkpoint"].Data), evidence.ErrTrailRolledBack},
	} {
		_, err := evidence.VerifyTrail(c.files, w.check())
		require.ErrorIs(t, err, c.want, "%s: %v", name, err)
		var detail *evidence.TrailError
		require.ErrorAs(t, err, &detail, name)
	}
	_, err = evidence.VerifyTrail(fstest.MapFS{"trail/checkpoint": files["checkpoint"]}, w.check())
	require.ErrorIs(t, err, evidence.ErrTrailTruncated)
	require.ErrorContains(t, err, "want the folder of a trail", "who gives the folder around it learns so")
}

// TestP5_ATrailIsOfPlainFiles: nothing else is opened, where a pipe would keep
// the verifier waiting for ever, and none that is longer than a trail's is read.
func TestP5_ATrailIsOfPlainFiles(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(1)
	files := w.files()
	for name := range files {
		if name == "lock" {
			continue // it is not read.
		}
		for what, strange := range map[string]*fstest.MapFile{
			"pipe": {Data: files[name].Data, Mode: fs.ModeNamedPipe}, "socket": {Data: files[name].Data, Mode: fs.ModeSocket},
			"device": {Data: files[name].Data, Mode: fs.ModeDevice}, "folder": {Mode: fs.ModeDir},
			"33554433 bytes": {Data: make([]byte, 32<<20+1)},
		} {
			changed := maps.Clone(files)
			changed[name] = strange
			_, err := evidence.VerifyTrail(changed, w.check())
			require.ErrorIs(t, err, evidence.ErrTrailFormat, "%s: %s", name, what)
			require.ErrorContains(t, err, what)
			require.ErrorContains(t, err, name)
		}
	}
}

// TestR47_AWitnessFindsRollbackAndSplitView: what the log alone cannot show.
func TestR47_AWitnessFindsRollbackAndSplitView(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(3)
	older, early := w.files(), w.trail.Checkpoint()
	w.fill(3)
	late := w.trail.Checkpoint()
	check := w.check()
	check.Witnessed = [][]byte{early, late}
	_, err := evidence.VerifyTrail(w.files(), check)
	require.NoError(t, err)
	_, err = evidence.VerifyTrail(older, check)
	require.ErrorIs(t, err, evidence.ErrTrailRolledBack)

	// The same key, from the same beginning, tells another story.
	other := newTrailWorld(t)
	other.append(trailIntent())
	e := trailOutcome(1)
	e.Result = evidence.TrailFailed
	other.append(e)
	other.fill(5)
	_, err = evidence.VerifyTrail(other.files(), check)
	require.ErrorIs(t, err, evidence.ErrTrailSplitView)

	c, err := w.trail.ProveConsistency(t.Context(), early)
	require.NoError(t, err)
	pub := key(1).Public().(ed25519.PublicKey)
	from, to, err := c.Verify(trailScope, pub)
	require.NoError(t, err)
	require.Equal(t, []int64{6, 12}, []int64{from.Size, to.Size})
	_, err = other.trail.ProveConsistency(t.Context(), early)
	require.ErrorIs(t, err, evidence.ErrTrailSplitView)
	c.Newer = string(other.trail.Checkpoint())
	_, _, err = c.Verify(trailScope, pub)
	require.ErrorIs(t, err, evidence.ErrTrailSplitView)
	c.Older, c.Newer = string(late), string(early)
	_, _, err = c.Verify(trailScope, pub)
	require.ErrorIs(t, err, evidence.ErrTrailRolledBack)
}

// TestP12_SwappedKeysAreFound, and a planned change of keys is not one.
func TestP12_SwappedKeysAreFound(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(1)
	pub := func(seed byte) ed25519.PublicKey { return key(seed).Public().(ed25519.PublicKey) }
	check := w.check()
	check.Keys = []ed25519.PublicKey{pub(2)}
	_, err := evidence.VerifyTrail(w.files(), check)
	require.ErrorIs(t, err, evidence.ErrTrailSignature)

	w.config.Signer = key(2)
	_, err = evidence.OpenTrail(t.Context(), w.config)
	require.ErrorIs(t, err, evidence.ErrTrailSignature)
	w.config.Former = []ed25519.PublicKey{pub(1)}
	w.reopen()
	w.fill(1)
	_, err = evidence.VerifyTrail(w.files(), w.check())
	require.ErrorIs(t, err, evidence.ErrTrailSignature)
	check.Keys = []ed25519.PublicKey{pub(1), pub(2)}
	_, err = evidence.VerifyTrail(w.files(), check)
	require.NoError(t, err)
}

// TestP12_InclusionIsProvenToWhoeverHasTheKey.
func TestP12_InclusionIsProvenToWhoeverHasTheKey(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(140)
	pub := key(1).Public().(ed25519.PublicKey)
	for _, n := range []int64{1, 2, 255, 256, 257, 280} {
		p, err := w.trail.ProveInclusion(t.Context(), n)
		require.NoError(t, err)
		e, c, err := p.Verify(trailScope, pub)
		require.NoError(t, err)
		require.Equal(t, n, e.Number)
		require.Equal(t, int64(280), c.Size)

		forged := p
		forged.Entry = strings.Replace(p.Entry, "42001", "42002", 1)
		_, _, err = forged.Verify(trailScope, pub)
		require.ErrorIs(t, err, evidence.ErrTrailProof)
		forged = p
		forged.Proof = slices.Clone(p.Proof)
		forged.Proof[0][0] ^= 1
		_, _, err = forged.Verify(trailScope, pub)
		require.ErrorIs(t, err, evidence.ErrTrailProof)
		_, _, err = p.Verify(records.MustScopeID("other"), pub)
		require.ErrorIs(t, err, evidence.ErrTrailSpliced)
		_, _, err = p.Verify(trailScope, key(2).Public().(ed25519.PublicKey))
		require.ErrorIs(t, err, evidence.ErrTrailSignature)
	}
	for _, n := range []int64{0, -1, 281} {
		_, err := w.trail.ProveInclusion(t.Context(), n)
		require.ErrorIs(t, err, records.ErrInvalid)
	}
	// Lost or damaged tiles are computed again.
	require.NoError(t, os.WriteFile(filepath.Join(w.dir, "tiles/0/000/000"), make([]byte, 8192), 0o600))
	_, err := w.trail.ProveInclusion(t.Context(), 7)
	require.NoError(t, err)
	w.verified()
	require.NoError(t, w.folder.Close())
	require.NoError(t, os.RemoveAll(filepath.Join(w.dir, "tiles")))
	w.reopen()
	w.fill(1)
	w.verified()
}

// TestR52_ATornTailIsRepairedAndReported, wherever the crash cut.
func TestR52_ATornTailIsRepairedAndReported(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(2)
	checkpoint := w.files()["checkpoint"].Data
	name := filepath.Join(w.dir, filepath.FromSlash(trailSegment))
	whole, err := os.ReadFile(name)
	require.NoError(t, err)
	w.append(trailIntent())
	require.NoError(t, w.folder.Close())
	longer, err := os.ReadFile(name)
	require.NoError(t, err)
	for cut := len(whole) + 1; cut < len(longer); cut++ {
		require.NoError(t, os.WriteFile(name, longer[:cut], 0o600))
		// The checkpoint beside the log is written after the log is durable.
		require.NoError(t, os.WriteFile(filepath.Join(w.dir, "checkpoint"), checkpoint, 0o600))
		f, err := evidence.OpenTrailFolder(w.dir)
		require.NoError(t, err)
		entries := bytes.Count(longer[len(whole):cut], []byte("\n"))
		require.Equal(t, evidence.TrailRepair{Entries: entries, Bytes: int64(cut - len(whole))}, f.Repaired())
		require.NoError(t, f.Close())
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, whole, b)
	}
	w.folder = nil
	w.reopen()
	w.verified()
	require.Equal(t, int64(5), w.append(trailIntent()))
	w.verified()

	// What was acknowledged and is gone is no torn tail.
	require.NoError(t, w.folder.Close())
	require.NoError(t, os.WriteFile(name, whole, 0o600))
	w.folder, err = evidence.OpenTrailFolder(w.dir)
	require.NoError(t, err)
	w.config.Store = w.folder
	_, err = evidence.OpenTrail(t.Context(), w.config)
	require.ErrorIs(t, err, evidence.ErrTrailRolledBack)
	// Nor is a damaged line before the end.
	require.NoError(t, w.folder.Close())
	damaged := bytes.Clone(longer)
	damaged[10] ^= 1
	require.NoError(t, os.WriteFile(name, damaged, 0o600))
	_, err = evidence.OpenTrailFolder(w.dir)
	require.ErrorIs(t, err, evidence.ErrTrailEdited)
}

// TestR52_ATornFirstLineOfAFile leaves no file behind.
func TestR52_ATornFirstLineOfAFile(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(128)
	require.NoError(t, w.folder.Close())
	name := filepath.Join(w.dir, "entries/000/001.jsonl")
	require.NoError(t, os.WriteFile(name, []byte(`{"v":1,"scope":"ac`), 0o600))
	w.reopen()
	require.Equal(t, evidence.TrailRepair{Bytes: 18}, w.folder.Repaired())
	require.Equal(t, int64(257), w.append(trailIntent()))
	w.verified()
}

// flaky is a store that fails as told.
type flaky struct {
	evidence.TrailStore
	before, after error
}

func (f *flaky) Append(ctx context.Context, size int64, b evidence.TrailBatch) error {
	if f.before != nil {
		return f.before
	}
	return errors.Join(f.TrailStore.Append(ctx, size, b), f.after)
}

func (f *flaky) Entries(ctx context.Context, from, to int64) iter.Seq2[[]byte, error] {
	return f.TrailStore.Entries(ctx, from, to)
}

// TestR48_AFailedAppendIsLookedUp before the next: it may have happened.
func TestR48_AFailedAppendIsLookedUp(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	w := newTrailWorld(t)
	store := &flaky{TrailStore: w.folder}
	w.config.Store = store
	var err error
	w.trail, err = evidence.OpenTrail(t.Context(), w.config)
	require.NoError(t, err)
	first := w.append(trailIntent())
	for _, fail := range []func(){func() { store.before = full }, func() { store.after = full }} {
		fail()
		n, err := w.trail.Append(t.Context(), trailIntent())
		require.ErrorIs(t, err, evidence.ErrTrailStore)
		require.ErrorIs(t, err, full)
		require.Zero(t, n)
		store.before, store.after = nil, nil
	}
	store.after = full
	_, err = w.trail.Append(t.Context(), trailOutcome(first))
	require.ErrorIs(t, err, full)
	store.after = nil
	_, err = w.trail.Append(t.Context(), trailOutcome(first))
	require.ErrorIs(t, err, records.ErrInvalid, "entry 3 had been written after all: a second outcome would break the log for good")
	require.Equal(t, int64(4), w.append(trailOutcome(2)), "entry 2 had been written after all")
	report, _ := w.verified()
	require.Empty(t, report.Open)
}

// careless is a store that finds an intent everywhere, so that a writer can be
// made to break the rules.
type careless struct {
	*evidence.TrailFolder
	line []byte
}

func (c careless) Entries(context.Context, int64, int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) { yield(c.line, nil) }
}

// TestR47_AWriterThatBreaksTheRulesIsFound, although all of it is signed.
func TestR47_AWriterThatBreaksTheRulesIsFound(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(1)
	line, _, _ := bytes.Cut(w.files()[trailSegment].Data, []byte("\n"))
	w.config.Store = careless{w.folder, line}
	var err error
	w.trail, err = evidence.OpenTrail(t.Context(), w.config)
	require.NoError(t, err)
	w.append(trailOutcome(1))
	_, err = evidence.VerifyTrail(w.files(), w.check())
	require.ErrorIs(t, err, evidence.ErrTrailOrder)
	require.ErrorContains(t, err, "second outcome of 1")
}

var personID = regexp.MustCompile(`person-[0-9a-f]{32}`)

// TestP12_ANoteHasNoRoomForStrangers: a signature that nobody knows, or a
// known one twice, are bytes that nobody vouches for.
func TestP12_ANoteHasNoRoomForStrangers(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(1)
	files := w.files()
	good := files["checkpoint"].Data
	at := bytes.Index(good, []byte("— "))
	stranger := newTrailWorld(t)
	stranger.config.Signer = key(2)
	stranger.reopen()
	stranger.fill(1)
	foreign := stranger.trail.Checkpoint()
	for name, c := range map[string]struct {
		line []byte
		want error
	}{
		"a stranger's signature": {foreign[bytes.Index(foreign, []byte("— ")):], evidence.ErrTrailSignature},
		"the signature twice":    {good[at:], evidence.ErrTrailFormat},
	} {
		_, err := evidence.VerifyTrail(with(files, "checkpoint", append(bytes.Clone(good), c.line...)), w.check())
		require.ErrorIs(t, err, c.want, name)
	}
}
