package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// trailGolden has one folder for each released version of the format. What
// stands in them is never changed; a new version adds a folder.
const trailGolden = "testdata/trail"

// TestP19_TrailsOfEveryVersionVerifyForever, with the proof that was taken
// when they were written.
func TestP19_TrailsOfEveryVersionVerifyForever(t *testing.T) {
	t.Parallel()
	if *update {
		writeTrailGolden(t, filepath.Join(trailGolden, "v1"))
	}
	versions, err := os.ReadDir(trailGolden)
	require.NoError(t, err)
	require.Len(t, versions, evidence.TrailVersion)
	for _, v := range versions {
		dir := filepath.Join(trailGolden, v.Name())
		pub := key(1).Public().(ed25519.PublicKey)
		var text strings.Builder
		var entries []evidence.TrailEntry
		check := evidence.TrailCheck{Scope: trailScope, Keys: []ed25519.PublicKey{pub}, Each: func(e evidence.TrailEntry) { entries = append(entries, e) }}
		report, err := evidence.VerifyTrail(os.DirFS(filepath.Join(dir, "log")), check)
		require.NoError(t, err)
		require.Len(t, entries, 6)
		require.Equal(t, []int64{3}, report.Open)

		require.NoError(t, evidence.WriteTrailText(&text, func(yield func(evidence.TrailEntry, error) bool) {
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		}, nil))
		want, err := os.ReadFile(filepath.Join(dir, "trail.txt"))
		require.NoError(t, err)
		require.Equal(t, string(want), text.String())

		var proof evidence.TrailInclusion
		b, err := os.ReadFile(filepath.Join(dir, "inclusion.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &proof))
		e, _, err := proof.Verify(trailScope, pub)
		require.NoError(t, err)
		require.Equal(t, entries[1], e)
	}
}

// TestP19_WhatIsWrittenTodayIsTheGoldenForm: a change of the form needs a new
// version.
func TestP19_WhatIsWrittenTodayIsTheGoldenForm(t *testing.T) {
	t.Parallel()
	golden, err := os.ReadFile(filepath.Join(trailGolden, "v1", "log", filepath.FromSlash(trailSegment)))
	require.NoError(t, err)
	w := newTrailWorld(t)
	writeTrailSample(w)
	got := w.files()[trailSegment].Data
	// Salts are random, and with them pseudonyms, hashes and signatures.
	normal := func(b []byte) string {
		var out []string
		for line := range bytes.Lines(b) {
			if !bytes.HasPrefix(line, []byte(`{"checkpoint"`)) {
				out = append(out, personID.ReplaceAllString(string(line), "person"))
			}
		}
		return strings.Join(out, "")
	}
	require.Equal(t, normal(golden), normal(got))
}

func writeTrailSample(w *trailWorld) {
	w.t.Helper()
	w.append(trailIntent())
	e := trailOutcome(1)
	e.Previous, e.ClockSkew = records.DigestOf([]byte("before")), -1500000000
	w.append(e)
	w.append(trailIntent())
	e = trailOutcome(3)
	e.Result, e.Detail = evidence.TrailUnknown, "the \"connection\" to <ECM> \\ broke\tü\u2028"
	w.append(e)
	w.clock = w.clock.Add(-10 * 1e9)
	w.append(evidence.TrailEvent{Kind: evidence.TrailRefusal, Event: "Nodes.Delete", Target: "node 42001", Result: evidence.TrailRefused, Reason: "on hold"})
	w.append(evidence.TrailEvent{Kind: evidence.TrailCorrection, Of: 2, Event: "DeclareRecord/upload", Result: evidence.TrailFound, Reason: "the node was another"})
}

func writeTrailGolden(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	w := newTrailWorld(t)
	writeTrailSample(w)
	for name, f := range w.files() {
		path := filepath.Join(dir, "log", filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, f.Data, 0o600))
	}
	proof, err := w.trail.ProveInclusion(t.Context(), 2)
	require.NoError(t, err)
	b, err := json.MarshalIndent(proof, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "inclusion.json"), append(b, '\n'), 0o600))
	var text strings.Builder
	require.NoError(t, evidence.WriteTrailText(&text, w.trail.Entries(t.Context(), 1, 0), nil))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "trail.txt"), []byte(text.String()), 0o600))
}

// FuzzParseTrailEntry: what is accepted has one form, whatever comes.
func FuzzParseTrailEntry(f *testing.F) {
	file, err := os.Open(filepath.Join(trailGolden, "v1", "log", filepath.FromSlash(trailSegment)))
	require.NoError(f, err)
	golden, err := io.ReadAll(file)
	require.NoError(f, errors.Join(err, file.Close()))
	for line := range bytes.Lines(golden) {
		f.Add(bytes.TrimSpace(line))
	}
	f.Add([]byte(`{"v":1,"v":1}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := evidence.ParseTrailEntry(line)
		if err != nil {
			require.ErrorIs(t, err, evidence.ErrTrailFormat)
			return
		}
		require.Positive(t, e.Number)
		require.True(t, e.Scope.IsValid())
		require.True(t, e.Kind.Known())
		require.NotContains(t, string(line), "\n")
		_, err = evidence.ParseTrailEntry(append(bytes.Clone(line), ' '))
		require.Error(t, err, "the same entry in other bytes")
		_, err = evidence.ParseTrailEntry(append([]byte(" "), line...))
		require.Error(t, err)
	})
}
