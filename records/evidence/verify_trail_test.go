package evidence_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// tell appends what a trail has about the sample's record: its upload, and
// something about another one in between.
func (w *trailWorld) tell(about records.RecordKey, d records.Digest) {
	w.t.Helper()
	intent := trailIntent()
	intent.Record, intent.Digest = about, d
	n := w.append(intent)
	w.fill(1)
	outcome := intent
	outcome.Kind, outcome.Of, outcome.Result = evidence.TrailOutcome, n, evidence.TrailDone
	w.append(outcome)
}

// trailPackage is the sample with an export of the trail, as a zip.
func trailPackage(t *testing.T, files []evidence.TrailFile) []byte {
	t.Helper()
	signers, _ := keys(1)
	p := sample()
	p.Trail = files
	return zipped(t, p, evidence.WriteOptions{Signers: signers})
}

// told is a trail that tells of the sample, signed by a key of its own, and the
// package with its export.
func told(t *testing.T) (w *trailWorld, export []evidence.TrailFile, zip []byte) {
	t.Helper()
	w = newTrailWorld(t)
	w.config.Signer = key(7)
	w.reopen()
	w.tell(sample().Record, records.DigestOf(picture))
	export, err := w.trail.Export(t.Context(), sample().Record, nil)
	require.NoError(t, err)
	return w, export, trailPackage(t, export)
}

func trailCheckOf(t *testing.T, v *evidence.Verification) evidence.Check {
	t.Helper()
	i := slices.IndexFunc(v.Checks, func(c evidence.Check) bool { return c.Name == evidence.CheckTrail })
	require.GreaterOrEqual(t, i, 0)
	return v.Checks[i]
}

// TestVerify_TheTrailTellsOfThePackage: by the proofs that the package brings,
// and by the log itself, whose key the package's signer vouches for.
func TestVerify_TheTrailTellsOfThePackage(t *testing.T) {
	t.Parallel()
	_, public := keys(1)
	w, _, b := told(t)
	c := trailCheckOf(t, verifyZip(t, b, evidence.VerifyOptions{Keys: public}))
	require.Equal(t, evidence.Passed, c.Status, c)
	require.Equal(t, "2 entries about the record proven under 4; the log itself was not given", c.Detail)

	w.fill(3)
	c = trailCheckOf(t, verifyZip(t, b, evidence.VerifyOptions{Keys: public, Trail: w.files()}))
	require.Equal(t, "2 entries about the record proven under 4; 2 of the log's 10 entries, under 10 checkpoints, are about it", c.Detail)
	require.Equal(t, evidence.Passed, c.Status)

	open := trailIntent()
	open.Record = sample().Record
	w.append(open)
	own := key(7).Public().(ed25519.PublicKey)
	without := trailPackage(t, nil)
	v := verifyZip(t, without, evidence.VerifyOptions{Keys: public, Trail: w.files(), TrailKeys: []ed25519.PublicKey{own}})
	require.NoError(t, v.Err(), "a log without an export in the package")
	require.Equal(t, "the package has no proven export; 3 of the log's 11 entries, under 11 checkpoints, are about it; without a known outcome: 11", trailCheckOf(t, v).Detail)
	c = trailCheckOf(t, verifyZip(t, without, evidence.VerifyOptions{Keys: public}))
	require.Equal(t, evidence.Skipped, c.Status, "neither export nor log")
	v = verifyZip(t, without, evidence.VerifyOptions{Keys: public, Trail: w.files()})
	require.ErrorIs(t, v.Err(), evidence.ErrTrailSignature, "nobody vouches for the log's key then")
}

// TestP12_APackageFindsARolledBackOrSecondLog: the checkpoint that it brings is
// one that the log's writer cannot take back.
func TestP12_APackageFindsARolledBackOrSecondLog(t *testing.T) {
	t.Parallel()
	_, public := keys(1)
	w := newTrailWorld(t)
	w.tell(sample().Record, records.DigestOf(picture))
	older := w.files()
	w.fill(2)
	export, err := w.trail.Export(t.Context(), sample().Record, nil)
	require.NoError(t, err)
	b := trailPackage(t, export)
	files := w.files()

	second := newTrailWorld(t)
	second.tell(sample().Record, records.DigestOf(picture))
	second.fill(9)
	silent, other := newTrailWorld(t), newTrailWorld(t)
	silent.fill(8)
	other.tell(sample().Record, records.DigestOf([]byte("other bytes")))
	strange := newTrailWorld(t)
	strange.config.Signer = key(2)
	strange.reopen()
	strange.tell(sample().Record, records.DigestOf(picture))
	foreign := newTrailWorld(t)
	require.NoError(t, foreign.folder.Close())
	foreign.dir += "-foreign"
	foreign.folder, foreign.config.Scope = nil, records.MustScopeID("other")
	foreign.reopen()
	foreign.append(evidence.TrailEvent{Kind: evidence.TrailIntent, Event: "x"})
	lines := bytes.SplitAfter(files[trailSegment].Data, []byte("\n"))

	for name, c := range map[string]struct {
		zip  []byte
		log  fs.FS
		want error
	}{
		"as it was":               {b, files, nil},
		"rolled back":             {b, older, evidence.ErrTrailRolledBack},
		"another view":            {b, second.files(), evidence.ErrTrailSplitView},
		"another's key":           {b, strange.files(), evidence.ErrTrailSignature},
		"another scope's":         {b, foreign.files(), evidence.ErrTrailSpliced},
		"nothing there":           {b, fstest.MapFS{}, evidence.ErrTrailTruncated},
		"no entry about it":       {trailPackage(t, nil), silent.files(), evidence.ErrTrailProof},
		"about other bytes":       {trailPackage(t, nil), other.files(), evidence.ErrTrailProof},
		"an entry dropped":        {b, with(files, trailSegment, bytes.Join(slices.Delete(slices.Clone(lines), 2, 3), nil)), evidence.ErrTrailDropped},
		"an entry twice":          {b, with(files, trailSegment, bytes.Join(slices.Insert(slices.Clone(lines), 2, lines[0]), nil)), evidence.ErrTrailSpliced},
		"two entries exchanged":   {b, with(files, trailSegment, bytes.Join(slices.Concat(lines[2:3], lines[1:2], lines[0:1], lines[3:]), nil)), evidence.ErrTrailReordered},
		"the end of it cut off":   {b, with(files, trailSegment, bytes.Join(lines[:len(lines)-2], nil)), evidence.ErrTrailTruncated},
		"the middle of it erased": {b, with(files, trailSegment, bytes.Replace(files[trailSegment].Data, []byte("42001"), []byte("42002"), 1)), evidence.ErrTrailEdited},
	} {
		v := verifyZip(t, c.zip, evidence.VerifyOptions{Keys: public, Trail: c.log})
		require.ErrorIs(t, v.Err(), c.want, "%s: %v", name, v.Err())
		if c.want != nil {
			require.Equal(t, evidence.CheckTrail, first(v), name)
		}
	}
	for i := 0; i < len(files[trailSegment].Data); i += 11 { // each byte: TestP12_EveryByteOfATrailCounts
		data := bytes.Clone(files[trailSegment].Data)
		data[i] ^= 1 << (i % 8)
		v := verifyZip(t, b, evidence.VerifyOptions{Trail: with(files, trailSegment, data)})
		require.Error(t, v.Err(), "byte %d of the log", i)
		require.Equal(t, evidence.CheckTrail, first(v))
	}
	broken := errors.New("disk is gone")
	v := verifyZip(t, b, evidence.VerifyOptions{Trail: failingFS{files, broken}})
	require.ErrorIs(t, v.Err(), broken, "a log that cannot be read is no log that was checked")
}

// failingFS fails where the log's entries are read.
type failingFS struct {
	fs.FS
	err error
}

func (f failingFS) Open(name string) (fs.File, error) {
	if name == trailSegment {
		return nil, &fs.PathError{Op: "open", Path: name, Err: f.err}
	}
	return f.FS.Open(name)
}

// TestP12_ASignerCannotMakeAnExportUp: he signs for the package, and the log's
// key for the entries.
func TestP12_ASignerCannotMakeAnExportUp(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	w, export, _ := told(t)
	byName := map[string][]byte{}
	for _, f := range export {
		byName[f.Name] = f.Content
	}
	later := w.trail.Checkpoint()
	w.fill(1)
	again, err := w.trail.Export(t.Context(), sample().Record, nil)
	require.NoError(t, err)
	require.NotEqual(t, later, w.trail.Checkpoint())
	foreign, err := w.trail.Export(t.Context(), trailIntent().Record, nil)
	require.NoError(t, err)
	named := func(files []evidence.TrailFile, name string) []byte {
		return files[slices.IndexFunc(files, func(f evidence.TrailFile) bool { return f.Name == name })].Content
	}
	pub := func(seed byte) []byte {
		b, err := evidence.MarshalPublicKey(key(seed).Public())
		require.NoError(t, err)
		return b
	}
	edit := func(name, old, with string) map[string][]byte {
		require.Contains(t, string(byName[name]), old)
		return map[string][]byte{name: bytes.Replace(byName[name], []byte(old), []byte(with), 1)}
	}
	for name, c := range map[string]struct {
		files map[string][]byte
		want  error
	}{
		"as it was":               {nil, nil},
		"an entry of other words": {edit("inclusion.json", "node 42001", "node 42002"), evidence.ErrTrailProof},
		"a proof of other hashes": {edit("inclusion.json", `"proof": [
      "`, `"proof": [
      "AAAA`), evidence.ErrMalformed},
		"lines other than proven": {edit("entries.jsonl", "node 42001", "node 42002"), evidence.ErrTrailProof},
		"a line more than proven": {map[string][]byte{"entries.jsonl": append(bytes.Clone(byName["entries.jsonl"]), "{}\n"...)}, evidence.ErrTrailProof},
		"no lines":                {map[string][]byte{"entries.jsonl": nil}, evidence.ErrMissing},
		"no checkpoint":           {map[string][]byte{"checkpoint": nil}, evidence.ErrMissing},
		"another checkpoint":      {map[string][]byte{"checkpoint": named(again, "checkpoint")}, evidence.ErrTrailProof},
		"a checkpoint of no key":  {edit("checkpoint", "\n4\n", "\n5\n"), evidence.ErrTrailSignature},
		"another key":             {map[string][]byte{"keys.pem": pub(8)}, evidence.ErrTrailSignature},
		"no key":                  {map[string][]byte{"keys.pem": nil}, evidence.ErrTrailSignature},
		"what is no key":          {map[string][]byte{"keys.pem": []byte("x")}, evidence.ErrMalformed},
		"another record's":        {map[string][]byte{"inclusion.json": named(foreign, "inclusion.json"), "checkpoint": named(foreign, "checkpoint")}, evidence.ErrTrailSpliced},
		"in another form":         {edit("inclusion.json", "\n  {", "\n {"), evidence.ErrNotCanonical},
		"a checkpoint of nothing": {map[string][]byte{
			"checkpoint":     {},
			"inclusion.json": regexp.MustCompile(`"checkpoint": ".*"`).ReplaceAll(byName["inclusion.json"], []byte(`"checkpoint": ""`)),
		}, evidence.ErrTrailProof},
		"no proofs":                   {map[string][]byte{"inclusion.json": []byte("{}\n")}, evidence.ErrMalformed},
		"all of it for other keys":    {map[string][]byte{"keys.pem": append(pub(8), byName["keys.pem"]...)}, nil},
		"the package's key signed it": {map[string][]byte{"keys.pem": pub(1)}, evidence.ErrTrailSignature},
	} {
		files := maps.Clone(byName)
		maps.Copy(files, c.files)
		p := sample()
		p.Trail = nil
		for _, n := range slices.Sorted(maps.Keys(files)) {
			if files[n] != nil {
				p.Trail = append(p.Trail, evidence.TrailFile{Name: n, Content: files[n]})
			}
		}
		v := verifyZip(t, zipped(t, p, evidence.WriteOptions{Signers: signers}), evidence.VerifyOptions{Keys: public})
		require.ErrorIs(t, v.Err(), c.want, "%s: %v", name, v.Err())
		if c.want != nil {
			require.Equal(t, evidence.CheckTrail, first(v), name)
		}
	}
	p := sample()
	p.Trail = []evidence.TrailFile{{Name: "keys.pem", Content: bytes.Repeat(pub(1), 600)}}
	_, err = p.WriteZip(t.Context(), io.Discard, evidence.WriteOptions{Signers: signers})
	require.ErrorIs(t, err, evidence.ErrTooLarge, "more keys than a trail ever has: each would be tried")
	v := verifyZip(t, trailPackage(t, export), evidence.VerifyOptions{TrailKeys: []ed25519.PublicKey{key(8).Public().(ed25519.PublicKey)}})
	require.ErrorIs(t, v.Err(), evidence.ErrTrailSignature, "a key from outside comes before those of the package")
}

// TestR49_AnExportHasOneCheckpoint, also of a record that the log doesn't know.
func TestR49_AnExportHasOneCheckpoint(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	export, err := w.trail.Export(t.Context(), sample().Record, nil)
	require.NoError(t, err)
	v := verifyZip(t, trailPackage(t, export), evidence.VerifyOptions{})
	require.NoError(t, v.Err(), "of an empty log")
	require.Equal(t, evidence.Skipped, trailCheckOf(t, v).Status)
	w.fill(2)
	export, err = w.trail.Export(t.Context(), sample().Record, nil)
	require.NoError(t, err)
	v = verifyZip(t, trailPackage(t, export), evidence.VerifyOptions{})
	require.NoError(t, v.Err())
	require.Contains(t, trailCheckOf(t, v).Detail, "no entry about the record")
	v = verifyZip(t, trailPackage(t, export), evidence.VerifyOptions{Trail: os.DirFS(w.dir)})
	require.ErrorIs(t, v.Err(), evidence.ErrTrailProof, "with the log, the record must be in it")

	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			if _, err := w.trail.Append(t.Context(), trailIntent()); err != nil {
				t.Error(err)
			}
		}
	}()
	for range 20 {
		export, err := w.trail.Export(t.Context(), trailIntent().Record, nil)
		require.NoError(t, err)
		i := slices.IndexFunc(export, func(f evidence.TrailFile) bool { return f.Name == "inclusion.json" })
		var proofs []evidence.TrailInclusion
		require.NoError(t, json.Unmarshal(export[i].Content, &proofs))
		for _, p := range proofs {
			require.Equal(t, proofs[0].Checkpoint, p.Checkpoint, "while others append")
		}
	}
	<-done
}

// A verification that is given up ends before the next file of the log.
func TestVerify_ALogIsReadNoFurtherOnceGivenUp(t *testing.T) {
	t.Parallel()
	_, public := keys(1)
	w, _, b := told(t)
	ctx, stop := context.WithCancel(t.Context())
	log := opening{w.files(), stop}
	v, err := evidence.VerifyZip(ctx, bytes.NewReader(b), int64(len(b)), evidence.VerifyOptions{Keys: public, Trail: log})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, trailCheckOf(t, v).Err, context.Canceled, "the check itself ended by it")
}

// opening tells when a file is opened.
type opening struct {
	fs.FS
	opened func()
}

func (o opening) Open(name string) (fs.File, error) {
	o.opened()
	return o.FS.Open(name)
}
