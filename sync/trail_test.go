package sync_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	recsync "github.com/smintecm/sdk/sync"
)

// trailed is a trail with its journal, and what fails its next appends.
type trailed struct {
	evidence.TrailStore
	t       *testing.T
	dir     string
	people  string
	close   func() error
	key     ed25519.PrivateKey
	journal *recsync.TrailJournal
	refuse  func(evidence.TrailBatch) error
}

func (w *trailed) Append(ctx context.Context, size int64, b evidence.TrailBatch) error {
	if w.refuse != nil {
		if err := w.refuse(b); err != nil {
			return err
		}
	}
	return w.TrailStore.Append(ctx, size, b)
}

func newTrailed(t *testing.T) *trailed {
	t.Helper()
	w := &trailed{t: t, dir: filepath.Join(t.TempDir(), "trail"), key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	w.people = filepath.Join(t.TempDir(), "people")
	w.reopen()
	t.Cleanup(func() { require.NoError(t, w.close()) })
	return w
}

// reopen is what the next process does after this one ended.
func (w *trailed) reopen() {
	w.t.Helper()
	if w.close != nil {
		require.NoError(w.t, w.close())
	}
	folder, err := evidence.OpenTrailFolder(w.dir)
	require.NoError(w.t, err)
	people, err := evidence.OpenPeople(w.people)
	require.NoError(w.t, err)
	w.TrailStore, w.refuse = folder, nil
	w.close = func() error { return errors.Join(folder.Close(), people.Close()) }
	trail, err := evidence.OpenTrail(w.t.Context(), evidence.TrailConfig{Scope: records.MustScopeID("acme"), Store: w, Signer: w.key, People: people})
	require.NoError(w.t, err)
	actor := evidence.TrailActor{Organization: "Acme Ltd", User: "svc-records", Application: "records-sync 1.0", Location: "Graz"}
	w.journal, err = recsync.NewTrailJournal(trail, actor, "campaign 2026-04")
	require.NoError(w.t, err)
}

// verified returns the entries after the files were checked offline.
func (w *trailed) verified() (evidence.TrailReport, []evidence.TrailEntry) {
	w.t.Helper()
	var entries []evidence.TrailEntry
	report, err := evidence.VerifyTrail(os.DirFS(w.dir), evidence.TrailCheck{
		Scope: records.MustScopeID("acme"), Keys: []ed25519.PublicKey{w.key.Public().(ed25519.PublicKey)},
		Each: func(e evidence.TrailEntry) { entries = append(entries, e) },
	})
	require.NoError(w.t, err)
	return report, entries
}

// TestR48_TheTrailHasEveryMutation: its intent before, its outcome after it and
// bound to it, in a log that verifies offline.
func TestR48_TheTrailHasEveryMutation(t *testing.T) {
	t.Parallel()
	trail := newTrailed(t)
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Journal = trail.journal })
	a := w.asset("79468", picture(10))
	r := mustDeclare(w, a)
	_, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("79468")})
	require.NoError(t, err)
	report, entries := trail.verified()
	require.Empty(t, report.Open)
	require.Len(t, entries, 2*len(w.writes()), "an intent and an outcome for each write the server got")
	for i := 0; i < len(entries); i += 2 {
		intent, outcome := entries[i], entries[i+1]
		require.Equal(t, evidence.TrailIntent, intent.Kind)
		require.Equal(t, evidence.TrailOutcome, outcome.Kind)
		require.Equal(t, intent.Number, outcome.Of)
		require.Equal(t, intent.Event, outcome.Event)
		require.Equal(t, evidence.TrailDone, outcome.Result)
		require.Equal(t, "Acme Ltd", intent.Organization)
		require.Equal(t, "campaign 2026-04", intent.Reason)
		require.True(t, strings.HasPrefix(intent.User, "person-"))
		require.Equal(t, "test-1", intent.Policy)
	}
	require.Equal(t, a.Key, entries[0].Record)
	_, err = w.scope.ECM().Nodes.Get(t.Context(), r.Record.Node())
	require.NoError(t, err)
	require.Error(t, w.scope.ECM().Nodes.Delete(t.Context(), r.Record.Node()))
	_, entries = trail.verified()
	refusal := entries[len(entries)-1]
	require.Equal(t, evidence.TrailRefusal, refusal.Kind)
	require.Equal(t, "Nodes.Delete/refused", refusal.Event)
	require.True(t, strings.HasPrefix(refusal.Reason, "campaign 2026-04: "))
}

// TestR48_NoPlaceInTheTrailNoMutation.
func TestR48_NoPlaceInTheTrailNoMutation(t *testing.T) {
	t.Parallel()
	trail := newTrailed(t)
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Journal = trail.journal })
	a := w.asset("79468", picture(10))
	full := errors.New("disk full")
	trail.refuse = func(evidence.TrailBatch) error { return full }
	w.ecm.Forget()
	_, err := w.declare(a)
	require.ErrorIs(t, err, full)
	require.ErrorIs(t, err, evidence.ErrTrailStore)
	require.Empty(t, w.writes())

	// An outcome that finds no place leaves its intent open for all to see.
	trail.refuse = func(b evidence.TrailBatch) error {
		if !b.Durable {
			return full
		}
		return nil
	}
	_, err = w.declare(a)
	require.ErrorIs(t, err, full)
	report, _ := trail.verified()
	require.Equal(t, []int64{1}, report.Open)
	trail.refuse = nil
	mustDeclare(w, a)
	trail.verified()
}

// TestR48_WhatACrashLeftOpenIsLookedAt: whichever outcome of a declaration or
// of its rights the writer did not live to tell, the next run looks, and the
// trail says what it found.
func TestR48_WhatACrashLeftOpenIsLookedAt(t *testing.T) {
	t.Parallel()
	crash := errors.New("killed")
	for told := 0; ; told++ {
		trail := newTrailed(t)
		w := newWorld(t, func(c *recsync.ScopeConfig) { c.Journal = trail.journal })
		a := w.asset("79468", picture(10))
		both := func() error {
			r, err := recsync.DeclareRecord(t.Context(), w.scope, recsync.DeclareRequest{Asset: a})
			if err == nil {
				_, err = recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("79468")})
			}
			return err
		}
		outcomes := 0
		trail.refuse = func(b evidence.TrailBatch) error {
			if b.Durable {
				return nil
			}
			if outcomes++; outcomes > told {
				return crash
			}
			return nil
		}
		err := both()
		if err == nil {
			require.Greater(t, told, 5, "all were told")
			return
		}
		require.ErrorIs(t, err, crash)
		report, _ := trail.verified()
		require.Len(t, report.Open, 1, "%d told", told)

		trail.reopen()
		w.config.Journal = trail.journal
		w.scope = w.newScope()
		require.NoError(t, both())
		settled := report.Open[0]
		report, entries := trail.verified()
		require.Empty(t, report.Open, "%d told", told)
		i := slices.IndexFunc(entries, func(e evidence.TrailEntry) bool { return e.Kind == evidence.TrailObservation && e.Of == settled })
		require.GreaterOrEqual(t, i, 0)
		require.Equal(t, entries[settled-1].Event, entries[i].Event)
		found := "^node [0-9]+ stands|^nothing stands under the name"
		if strings.HasPrefix(entries[i].Event, "TransferRights/") {
			found = "^rights document node|^no rights document"
		}
		require.Regexp(t, found, entries[i].Detail, "%s is for its own primitive to look at", entries[i].Event)
	}
}

// TestTrailJournal_PairsByName: outcomes and observations find their intent,
// what belongs elsewhere is refused.
func TestTrailJournal_PairsByName(t *testing.T) {
	t.Parallel()
	trail := newTrailed(t)
	record := func(e recsync.JournalEntry) error {
		e.Primitive, e.Step = "DeclareRecord", "upload: a/b"
		if e.Scope == "" {
			e.Scope = "acme"
		}
		return trail.journal.Record(t.Context(), e)
	}
	require.NoError(t, record(recsync.JournalEntry{Kind: recsync.Intent, Intent: "x"}))
	require.NoError(t, record(recsync.JournalEntry{Kind: recsync.Intent, Intent: "y"}))
	require.NoError(t, record(recsync.JournalEntry{Kind: recsync.Outcome, Intent: "x", Result: "unknown: connection broke"}))
	require.NoError(t, record(recsync.JournalEntry{Kind: recsync.Outcome, Intent: "y", Result: "done"}))
	require.NoError(t, record(recsync.JournalEntry{Kind: recsync.Observation, Intent: "x", Result: "looked up: nothing stands under the name"}))
	require.NoError(t, record(recsync.JournalEntry{Kind: recsync.Observation, Result: "seen"}))
	report, entries := trail.verified()
	require.Empty(t, report.Open)
	var of []int64
	for _, e := range entries {
		of = append(of, e.Of)
	}
	require.Equal(t, []int64{0, 0, 1, 2, 1, 0}, of)
	require.Equal(t, evidence.TrailUnknown, entries[2].Result)
	require.Equal(t, "connection broke", entries[2].Detail)
	require.Equal(t, "DeclareRecord/upload_ a_b", entries[0].Event)

	require.ErrorIs(t, record(recsync.JournalEntry{Kind: recsync.Intent, Intent: "z", Scope: "other"}), records.ErrForeignScope)
	require.ErrorIs(t, record(recsync.JournalEntry{Kind: recsync.Intent, Intent: "z", Record: "other/purchase/1/1/1"}), records.ErrForeignScope)
	for _, e := range []recsync.JournalEntry{
		{Kind: recsync.Intent},
		{Kind: recsync.Intent, Intent: "z", Record: "acme"},
		{Kind: recsync.Intent, Intent: "z", Digest: "sha256:xy"},
		{Kind: recsync.Outcome, Intent: "z", Result: "done"},
		{Kind: recsync.Outcome, Intent: "y", Result: "done"},
		{Kind: "guess"},
	} {
		require.ErrorIs(t, record(e), records.ErrInvalid, "%+v", e)
	}
	_, err := recsync.NewTrailJournal(nil, evidence.TrailActor{}, "")
	require.ErrorIs(t, err, records.ErrInvalid)
}
