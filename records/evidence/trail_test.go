package evidence_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// TestR46_EveryEntrySaysWhoWhatWhenWhereWhy, and none is accepted without.
func TestR46_EveryEntrySaysWhoWhatWhenWhereWhy(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	e := trailOutcome(w.append(trailIntent()))
	e.Previous, e.Reason, e.ClockSkew = records.DigestOf([]byte("before")), "replaced by the licensor", -3*time.Second
	w.append(e)
	_, entries := w.verified()
	require.Len(t, entries, 2)
	got := entries[1]
	require.Equal(t, int64(2), got.Number)
	require.Equal(t, trailScope, got.Scope)
	require.Equal(t, "Acme Ltd", got.Organization)
	require.Equal(t, "records-sync 1.0", got.Application)
	require.Equal(t, "DeclareRecord/upload", got.Event)
	require.Equal(t, e.Record, got.Record)
	require.Equal(t, e.Digest, got.Digest)
	require.Equal(t, e.Previous, got.Previous)
	require.Equal(t, e.Reason, got.Reason)
	require.Equal(t, e.ClockSkew, got.ClockSkew)
	for pseudonym, want := range map[string]string{got.User: "kim@acme.example", got.Subject: "Ada Model", got.Location: "203.0.113.7"} {
		who, known := w.people.Person(pseudonym)
		require.True(t, known)
		require.Equal(t, want, who)
	}

	w.config.Actor = evidence.TrailActor{}
	w.reopen()
	_, err := w.trail.Append(t.Context(), evidence.TrailEvent{Kind: evidence.TrailOutcome, Event: "a\nb"})
	var invalid *records.InvalidError
	require.ErrorAs(t, err, &invalid)
	var fields []string
	for _, p := range invalid.Problems {
		fields = append(fields, p.Field)
	}
	require.Equal(t, []string{"event", "organization", "user", "application", "location", "of", "result"}, fields)
}

// TestR10_TimeNeverRunsBackwards: a clock that is set back shows in the entry
// and does not disturb the order.
func TestR10_TimeNeverRunsBackwards(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(1)
	w.clock = w.clock.Add(-time.Hour)
	back := w.clock.Add(time.Second)
	w.append(trailIntent())
	w.reopen()
	w.clock = back.Add(-time.Minute)
	w.append(trailIntent())
	_, entries := w.verified()
	require.Equal(t, entries[1].Time, entries[2].Time)
	require.Equal(t, back, entries[2].Clock)
	require.Equal(t, entries[1].Time, entries[3].Time, "also after a restart")
	require.True(t, entries[1].Clock.IsZero())
}

// TestR17_ACorrectionRefersAndRewritesNothing.
func TestR17_ACorrectionRefersAndRewritesNothing(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(1)
	before := w.files()["entries/000/000.jsonl"].Data
	fix := evidence.TrailEvent{Kind: evidence.TrailCorrection, Of: 2, Event: "DeclareRecord/upload", Result: evidence.TrailFound, Detail: "it was node 42002"}
	_, err := w.trail.Append(t.Context(), fix)
	require.ErrorIs(t, err, records.ErrInvalid, "a correction says why")
	fix.Reason = "mistyped"
	w.append(fix)
	fix.Of = 9
	_, err = w.trail.Append(t.Context(), fix)
	require.ErrorIs(t, err, records.ErrInvalid, "it refers to an entry that stands")
	after := w.files()["entries/000/000.jsonl"].Data
	require.True(t, bytes.HasPrefix(after, before))
	_, entries := w.verified()
	require.Equal(t, int64(2), entries[2].Of)
}

// TestR48_OutcomesBelongToIntents: one each, also after a restart, and the
// verifier names what is open.
func TestR48_OutcomesBelongToIntents(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	first, second, third := w.append(trailIntent()), w.append(trailIntent()), w.append(trailIntent())
	done := w.append(trailOutcome(first))
	for _, of := range []int64{first, done, 99} {
		_, err := w.trail.Append(t.Context(), trailOutcome(of))
		require.ErrorIs(t, err, records.ErrInvalid, "of %d", of)
	}
	w.reopen()
	unknown := trailOutcome(second)
	unknown.Result, unknown.Detail = evidence.TrailUnknown, "the connection broke"
	w.append(unknown)
	_, err := w.trail.Append(t.Context(), trailOutcome(second))
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, of := range []int64{done, first} {
		_, err = w.trail.Append(t.Context(), trailOutcome(of))
		require.ErrorIs(t, err, records.ErrInvalid, "of %d, in the log that another writer left", of)
	}
	report, _ := w.verified()
	require.Equal(t, []int64{second, third}, report.Open)

	seen := trailOutcome(second)
	seen.Kind, seen.Result = evidence.TrailObservation, evidence.TrailAdopted
	w.append(seen)
	report, _ = w.verified()
	require.Equal(t, []int64{third}, report.Open, "an observation settles what was unknown")
}

// TestR48_WhatAWriterLeftOpenIsKnownToTheNext, until an observation settles it.
func TestR48_WhatAWriterLeftOpenIsKnownToTheNext(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	record := trailIntent().Record
	left := func() (numbers []int64) {
		t.Helper()
		list, err := w.trail.Left(t.Context(), record)
		require.NoError(t, err)
		for _, e := range list {
			require.Equal(t, record, e.Record)
			numbers = append(numbers, e.Number)
		}
		return numbers
	}
	w.fill(1)
	lost, unknown := w.append(trailIntent()), w.append(trailIntent())
	e := trailOutcome(unknown)
	e.Result = evidence.TrailUnknown
	w.append(e)
	other := trailIntent()
	other.Record = records.MustRecordKey("acme/purchase/2/1/1")
	w.append(other)
	require.Empty(t, left(), "what this writer has under way is its own to tell")
	w.reopen()
	own := w.append(trailIntent())
	require.Equal(t, []int64{lost, unknown}, left())
	seen := trailOutcome(lost)
	seen.Kind, seen.Result = evidence.TrailObservation, evidence.TrailFound
	w.append(seen)
	require.Equal(t, []int64{unknown}, left())
	seen.Of = unknown
	w.append(seen)
	require.Empty(t, left())
	w.append(trailOutcome(own))
	report, _ := w.verified()
	require.Equal(t, []int64{6}, report.Open, "that of the other record alone")
	w.reopen()
	require.Empty(t, left(), "settled once is settled")
}

// TestR49_PeopleCanReadIt, with names for those who may know them.
func TestR49_PeopleCanReadIt(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.append(trailIntent())
	e := trailOutcome(1)
	e.Result, e.Detail = evidence.TrailFailed, "no\nforged  9  line\u202e"
	w.append(e)
	var named, bare strings.Builder
	require.NoError(t, evidence.WriteTrailText(&named, w.trail.Entries(t.Context(), 1, 0), w.people.Person))
	require.NoError(t, evidence.WriteTrailText(&bare, w.trail.Entries(t.Context(), 1, 0), nil))
	require.Contains(t, named.String(), "1  2026-03-01T09:00:01Z  intent: DeclareRecord/upload\n")
	require.Contains(t, named.String(), "2  2026-03-01T09:00:02Z  outcome: DeclareRecord/upload (of entry 1): failed\n")
	require.Contains(t, named.String(), "kim@acme.example (person-")
	require.Contains(t, named.String(), "no forged  9  line \n", "a text cannot look like a line of its own")
	require.NotContains(t, bare.String(), "kim@")
}

// TestR50_TheTrailOutlivesItsRecords by the tail, never less.
func TestR50_TheTrailOutlivesItsRecords(t *testing.T) {
	t.Parallel()
	day := func(s string) records.Due { return records.Due{On: records.MustDate(s)} }
	got, err := evidence.RetainUntil(evidence.DefaultTrailTail(), day("2028-02-29"), day("2027-05-01"))
	require.NoError(t, err)
	require.Equal(t, "2034-03-01", got.On.String(), "the day after, where the month lacks the day")
	for name, open := range map[string]records.Due{"permanent": {Permanent: true}, "event to come": {Why: "until contract end"}} {
		got, err := evidence.RetainUntil(records.Period{Years: 6}, day("2027-05-01"), open)
		require.NoError(t, err)
		require.False(t, got.Reached(records.MustDate("9999-12-31")), name)
		require.Equal(t, open.Permanent, got.Permanent, name)
		require.Contains(t, got.Why, map[bool]string{true: "permanently", false: "until contract end"}[open.Permanent])
	}
	got, err = evidence.RetainUntil(records.Period{})
	require.NoError(t, err)
	require.False(t, got.Reached(records.MustDate("9999-12-31")))
	_, err = evidence.RetainUntil(records.Period{Years: -1}, day("2027-05-01"))
	require.ErrorIs(t, err, records.ErrInvalid)
}

// TestR51_NoSecretStandsInTheTrail, whatever a foreign error says.
func TestR51_NoSecretStandsInTheTrail(t *testing.T) {
	t.Parallel()
	const canary = "CANARY-s3cr3t"
	w := newTrailWorld(t)
	for _, text := range []string{
		"GET https://cdn.example/a.jpg?sig=" + canary + "&x=1: 403",
		"open https://u:" + canary + "@cdn.example/a.jpg",
		"see https://cdn.example/a#access_token=" + canary,
		"Authorization: Bearer " + canary + "abcdefgh",
		"OTCSTicket: " + canary,
		`{"access_token":"` + canary + `"}`,
		`body "{\"refresh_token\":\"` + canary + `\"}"`,
		"Cookie: LLCookie=abc; BrowseSettings=" + canary,
		"authorization: Custom a " + canary,
		"password = '" + canary + " with spaces'",
		"api_key=" + canary + ";next",
		"client_secret: " + canary,
		"jwt eyJhbGciOiJI" + canary + ".eyJzdWIi.c2ln",
		"mail to " + canary + "@acme.example bounced",
		"mail to " + canary + "%40acme.example bounced",
		"mail to " + canary + "@localhost bounced",
		"GET /files/79468-1?sig=" + canary + "&x=1: 403",
		`parse "//cdn.example/a?code=` + canary + `": no scheme`,
		"https://cdn.example/a;jsessionid=" + canary,
		"sig=" + canary + ", AccessKeyId: " + canary,
		"LLCookie=" + canary,
		"the token " + canary + "-0123456789 was refused",
		"OTCSTicket " + canary + "-0123456789",
		"ftp://kim:" + canary + "@host/a",
	} {
		e := trailIntent()
		e.Kind, e.Result, e.Detail, e.Reason, e.Target = evidence.TrailObservation, evidence.TrailFound, text, text, text
		n := w.append(e)
		line, err := json.Marshal(text)
		require.NoError(t, err)
		require.NotContains(t, string(w.files()["entries/000/000.jsonl"].Data), canary, "entry %d: %s", n, line)
	}
	for name, f := range w.files() {
		for _, secret := range []string{canary, "kim@acme", "Ada Model", "203.0.113.7", string(key(1).Seed())} {
			require.NotContains(t, string(f.Data), secret, name)
		}
	}
	for _, text := range []string{
		`upload "Hills & noon? no.jpg" in folder node 5`, "is it final? no", "node 42001, class 551, schedule MKT-07", "79468-1-v2 [040c48e120f7d8ee]",
		"the token was refused", "looked up: nothing stands under the name", "https://ecm.example/cs/api/v1/nodes: 503",
	} {
		e := trailIntent()
		e.Target = text
		w.append(e)
		require.Contains(t, string(w.files()["entries/000/000.jsonl"].Data), strings.ReplaceAll(text, `"`, `\"`), "what is harmless stays")
	}
	e := trailIntent()
	e.Target = strings.Repeat("ä", 4000)
	w.append(e)
	w.verified()
}

// TestR52_OneWriterOneSequence: across restarts, and a second writer is
// fenced off by the lock and, where the lock is gone, by the size.
func TestR52_OneWriterOneSequence(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(3)
	_, err := evidence.OpenTrailFolder(w.dir)
	require.ErrorIs(t, err, evidence.ErrTrailLocked)

	require.NoError(t, os.Remove(filepath.Join(w.dir, "lock")))
	second, err := evidence.OpenTrailFolder(w.dir)
	require.NoError(t, err, "without the lock file nothing tells at opening")
	c := w.config
	c.Store = second
	other, err := evidence.OpenTrail(t.Context(), c)
	require.NoError(t, err)
	_, err = other.Append(t.Context(), trailIntent())
	require.NoError(t, err)
	for range 2 {
		_, err = w.trail.Append(t.Context(), trailIntent())
		require.ErrorIs(t, err, evidence.ErrTrailFenced, "the size on the disk is not what this writer left")
	}
	require.NoError(t, second.Close())
	w.reopen()
	require.Equal(t, int64(8), w.append(trailIntent()), "and the sequence goes on without a gap")
	w.verified()
}

// TestR52_AnAppendNamesTheSizeItBuildsOn, and whoever is wrong about it changes
// nothing: so it is on disk, and so a database must have it.
func TestR52_AnAppendNamesTheSizeItBuildsOn(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(2)
	head, err := w.folder.Head(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(4), head.Size)
	before := w.files()
	for _, size := range []int64{0, 3, 5, 256} {
		err := w.folder.Append(t.Context(), size, evidence.TrailBatch{Entries: [][]byte{[]byte("{}")}, Checkpoint: head.Checkpoint, Durable: true})
		require.ErrorIs(t, err, evidence.ErrTrailFenced, "size %d", size)
	}
	require.Equal(t, before, w.files())
	require.Equal(t, int64(5), w.append(trailIntent()))
}

// TestR52_ManyAtOnceShareWrites and lose nothing, over the ends of files.
func TestR52_ManyAtOnceShareWrites(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				n, err := w.trail.Append(t.Context(), trailIntent())
				if err == nil {
					_, err = w.trail.Append(t.Context(), trailOutcome(n))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	w.append(trailIntent())
	report, entries := w.verified()
	require.Len(t, entries, 801)
	require.Less(t, report.Checkpoints, 801, "some share a write")
	require.Equal(t, []int64{801}, report.Open)
	w.reopen()
	require.Equal(t, int64(801), w.trail.Size())
	w.append(trailIntent())
	w.verified()
}

// TestR55_ErasureBreaksNoHash: after it nothing leads back to the person, and
// the trail verifies as before.
func TestR55_ErasureBreaksNoHash(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(2)
	_, entries := w.verified()
	old := entries[0].Subject
	before := w.trail.Checkpoint()
	known, err := w.people.Erase("Ada Model")
	require.NoError(t, err)
	require.True(t, known)
	known, err = w.people.Erase("Ada Model")
	require.NoError(t, err)
	require.False(t, known, "twice is once")
	_, ok := w.people.Person(old)
	require.False(t, ok)
	require.Equal(t, before, w.trail.Checkpoint())
	w.verified()
	w.append(trailIntent())
	_, entries = w.verified()
	require.NotEqual(t, old, entries[4].Subject, "the salt is gone: the same name does not lead to the old pseudonym")
	require.Equal(t, entries[0].User, entries[4].User, "others stay who they are")

	const latin1 = "J\xfcrgen"
	id, err := w.people.Pseudonym(t.Context(), latin1)
	require.NoError(t, err)
	known, err = w.people.Erase(latin1)
	require.NoError(t, err)
	require.True(t, known, "by the same bytes, though they are no UTF-8")
	_, ok = w.people.Person(id)
	require.False(t, ok)
}

// TestR55_PeopleSurviveRestarts, an erasure included.
func TestR55_PeopleSurviveRestarts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "people")
	p, err := evidence.OpenPeople(path)
	require.NoError(t, err)
	_, err = evidence.OpenPeople(path)
	require.ErrorIs(t, err, evidence.ErrTrailLocked)
	ada, err := p.Pseudonym(t.Context(), "Ada")
	require.NoError(t, err)
	bob, err := p.Pseudonym(t.Context(), "Bob \xff")
	require.NoError(t, err)
	_, err = p.Erase("Ada")
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.NoError(t, p.Close())
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(b), "Ada")
	require.NoError(t, os.WriteFile(path, append(b, `{"id":"per`...), 0o600))
	p, err = evidence.OpenPeople(path)
	require.NoError(t, err, "a torn last line is dropped")
	_, ok := p.Person(ada)
	require.False(t, ok)
	who, ok := p.Person(bob)
	require.True(t, ok)
	require.Equal(t, "Bob \uFFFD", who)
	require.NoError(t, p.Close())
	require.NoError(t, os.WriteFile(path, bytes.Replace(b, []byte("Bob"), []byte("Eve"), 1), 0o600))
	_, err = evidence.OpenPeople(path)
	require.ErrorIs(t, err, evidence.ErrTrailFormat, "a pseudonym belongs to its value")

	var twice []byte
	for _, name := range []string{"one", "two"} {
		other := filepath.Join(t.TempDir(), name)
		p, err = evidence.OpenPeople(other)
		require.NoError(t, err)
		_, err = p.Pseudonym(t.Context(), "Ada")
		require.NoError(t, err)
		require.NoError(t, p.Close())
		b, err := os.ReadFile(other)
		require.NoError(t, err)
		twice = append(twice, b...)
	}
	require.NoError(t, os.WriteFile(path, twice, 0o600))
	p, err = evidence.OpenPeople(path)
	require.NoError(t, err)
	known, err := p.Erase("Ada")
	require.NoError(t, err)
	require.True(t, known)
	require.NoError(t, p.Close())
	b, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Empty(t, b, "whoever was taken down twice is forgotten twice")
}

// TestR56_ATrailBelongsToItsScope.
func TestR56_ATrailBelongsToItsScope(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	e := trailIntent()
	e.Record = records.MustRecordKey("other/purchase/1/1/1")
	_, err := w.trail.Append(t.Context(), e)
	require.ErrorIs(t, err, records.ErrForeignScope)
	w.fill(1)
	c := w.config
	c.Scope = records.MustScopeID("other")
	_, err = evidence.OpenTrail(t.Context(), c)
	require.ErrorIs(t, err, evidence.ErrTrailSpliced)
	check := w.check()
	check.Scope = c.Scope
	_, err = evidence.VerifyTrail(w.files(), check)
	require.ErrorIs(t, err, evidence.ErrTrailSpliced)
}

func TestOpenTrail_ReportsAllThatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := evidence.OpenTrail(t.Context(), evidence.TrailConfig{})
	var invalid *records.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Problems, 4)
}

// TestR49_TheExportGoesWithTheRecord, and each of its entries is proven.
func TestR49_TheExportGoesWithTheRecord(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(2)
	other := trailIntent()
	other.Record = records.MustRecordKey("acme/purchase/2/1/1")
	w.append(other)
	files, err := w.trail.Export(t.Context(), trailIntent().Record, nil)
	require.NoError(t, err)
	byName := map[string]string{}
	for _, f := range files {
		byName[f.Name] = string(f.Content)
	}
	require.Equal(t, 4, strings.Count(byName["entries.jsonl"], "\n"))
	require.Equal(t, string(w.trail.Checkpoint()), byName["checkpoint"])
	require.Contains(t, byName["entries.txt"], "4  2026-03-01T09:00:04Z  outcome: DeclareRecord/upload (of entry 3): done")
	var proofs []evidence.TrailInclusion
	require.NoError(t, json.Unmarshal([]byte(byName["inclusion.json"]), &proofs))
	require.Len(t, proofs, 4)
	for i, p := range proofs {
		e, _, err := p.Verify(trailScope, w.check().Keys...)
		require.NoError(t, err)
		require.Equal(t, int64(i+1), e.Number)
	}
	p := sample()
	p.Trail = files
	require.NoError(t, p.Validate(), "a package takes it as it is")
	_, err = w.trail.Export(t.Context(), records.MustRecordKey("other/purchase/1/1/1"), nil)
	require.ErrorIs(t, err, records.ErrForeignScope)
}

// TestAppendAll_KeepsTheTruthOfEach.
func TestAppendAll_KeepsTheTruthOfEach(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.append(trailIntent())
	got, err := w.trail.AppendAll(t.Context(), []evidence.TrailEvent{trailOutcome(1), trailOutcome(1), trailIntent()})
	require.ErrorIs(t, err, records.ErrInvalid, "an intent has one outcome")
	require.Equal(t, []int64{2, 0, 3}, got)
	_, err = w.trail.AppendAll(t.Context(), []evidence.TrailEvent{trailIntent(), {}})
	require.ErrorIs(t, err, records.ErrInvalid)
	require.Equal(t, int64(3), w.trail.Size())
	w.append(trailIntent())
	got, err = w.trail.AppendAll(t.Context(), []evidence.TrailEvent{trailOutcome(3), trailOutcome(4)})
	require.NoError(t, err, "outcomes of two intents go together")
	require.Equal(t, []int64{5, 6}, got)
	report, _ := w.verified()
	require.Empty(t, report.Open)
}
