package records_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/records"
)

func utc(s string) time.Time { return records.MustDate(s).Start(nil) }

// campaign is a calendar on which most things clash.
func campaign() records.Calendar {
	return records.Calendar{
		Record: records.MustRecordKey("acme/purchase/79468/1/2"),
		Rights: []records.RightsWindow{{
			Name: "license 79468", From: utc("2025-05-06"), Until: utc("2027-05-06"), FirstUseUntil: utc("2025-12-01"),
		}},
		Uses: []records.PlannedUse{{Name: "autumn campaign", From: records.MustDate("2026-09-01"), Until: records.MustDate("2027-06-30")}},
		Schedule: schedule(
			records.Stage{Code: "10", Kind: records.RetentionCalculated, From: "created", Period: records.Period{Years: 1}, Action: records.ActionDestroy},
			records.Stage{Code: "20", Kind: records.RetentionEvent, Event: "contract_end", Period: records.Period{Years: 1}, Action: records.ActionReview},
		),
		Dates:   map[string]records.Date{"created": records.MustDate("2025-05-06")},
		Holds:   records.Holds(hold("13")),
		Planned: []records.PlannedAction{{Action: records.ActionDestroy, On: records.MustDate("2026-01-01")}},
	}
}

func TestCalendar_ShowsEveryConflictBeforeItsDay(t *testing.T) {
	t.Parallel()
	var got []string
	for _, c := range campaign().Conflicts() {
		got = append(got, c.String())
	}
	want := []string{
		"2026-01-01 hold over disposition: destroy is planned for 2026-01-01 and will be refused while held by 13 (case 13)",
		"2026-01-01 disposition planned too early: destroy is planned for 2026-01-01: 2026-05-06: 1 year after created on 2025-05-06",
		"2026-05-06 retention ends before license: the record may be gone from 2026-05-06 on while license 79468 goes on until 2027-05-06 00:00 UTC",
		"2026-05-06 hold over disposition: retention ends on 2026-05-06, nothing is disposed of while held by 13 (case 13)",
		"2026-09-01 first use missed: autumn campaign begins on 2026-09-01, its first use under license 79468 had to happen before 2025-12-01 00:00 UTC",
		"2027-05-06 hold outlasts license: license 79468 ends on 2027-05-06; the hold by 13 (case 13) keeps the record and prolongs no right",
		"2027-05-06 use outside license: autumn campaign goes on until 2027-06-30, license 79468 ends at 2027-05-06 00:00 UTC",
		"no date no event in sight: 20 review waits for contract_end, which nothing on the calendar brings",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("-want +got:\n%s", diff)
	}
}

func TestCalendar_HasNoConflictWhereNothingClashes(t *testing.T) {
	t.Parallel()
	c := campaign()
	c.Rights[0].FirstUseUntil = time.Time{}
	c.Uses[0].Until = records.MustDate("2027-05-05")
	c.Schedule = schedule(records.Stage{Code: "10", Kind: records.RetentionEvent, Event: records.EventLicenseEnd, Action: records.ActionDestroy})
	c.Dates[records.EventLicenseEnd] = records.MustDate("2027-05-06")
	c.Planned[0].On = records.MustDate("2027-05-06")
	c.Holds = records.NoHolds()
	require.Empty(t, c.Conflicts())
}

func TestCalendar_LicenseThatEndsWhileTheRecordStaysIsAConflict(t *testing.T) {
	t.Parallel()
	c := campaign()
	c.Holds, c.Planned, c.Uses = records.NoHolds(), nil, nil
	for name, s := range map[string]records.Schedule{
		"a later day": schedule(destroyAfter(records.RetentionCalculated, 7)), "permanent": schedule(destroyAfter(records.RetentionPermanent, 0)),
	} {
		c.Schedule = s
		conflicts := c.Conflicts()
		require.Len(t, conflicts, 1, name)
		require.Equal(t, records.ConflictLicenseBeforeRetention, conflicts[0].Kind)
		require.Equal(t, "2027-05-06", conflicts[0].On.String())
	}
	c.Rights[0].Until = time.Time{}
	c.Schedule = schedule(destroyAfter(records.RetentionCalculated, 7))
	require.Equal(t, records.ConflictRetentionBeforeLicense, c.Conflicts()[0].Kind, "a license without an end outlasts every retention")
}

func TestCalendar_ExplainsItsDays(t *testing.T) {
	t.Parallel()
	c := campaign()
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	c.Zone = vienna
	c.Rights[0].Until = time.Date(2027, 5, 5, 22, 30, 0, 0, time.UTC) // 00:30 on the 6th in Vienna.
	require.Equal(t, []string{"license ends, license 79468: use must stop at 2027-05-05T22:30:00Z"}, c.Explain(records.MustDate("2027-05-06")))
	require.Equal(t, []string{"stage ends, 10 destroy: 1 year after created on 2025-05-06"}, c.Explain(records.MustDate("2026-05-06")))
	require.Empty(t, c.Explain(records.MustDate("2026-05-07")))
	require.Empty(t, c.Explain(records.Date{}))
	require.Equal(t, []string{
		"20 review: retained until contract_end has happened, then 1 year", "hold 13 stands until it is released",
	}, c.Open())
	c.Holds = records.HoldSet{}
	require.Contains(t, c.Open(), "holds were not read")
}

func TestCalendar_EntriesAreInOrderAndComplete(t *testing.T) {
	t.Parallel()
	c := campaign()
	c.Released = []records.HoldSpan{{Hold: hold("2"), Release: records.Release{ID: records.MustHoldID("2"), By: "ann", At: utc("2026-11-20"), Reason: "settled"}}}
	entries := c.Entries()
	seen := map[records.EntryKind]bool{}
	for i, e := range entries {
		seen[e.Kind] = true
		require.False(t, i > 0 && e.On.Before(entries[i-1].On), "%s before %s", entries[i], e)
		require.NotEmpty(t, e.Why)
	}
	for kind := records.EntryLicenseBegins; kind <= records.EntryPlanned; kind++ {
		require.True(t, seen[kind], "%s is missing", kind)
	}
}

func TestR42_FirstUseAndUseEndByTwoClocks(t *testing.T) {
	t.Parallel()
	c := campaign()
	for _, at := range []struct {
		at            string
		use, firstUse bool
	}{
		{"2025-05-05", false, false},
		{"2025-05-06", true, true},
		{"2025-11-30", true, true},
		{"2025-12-01", true, false},
		{"2027-05-05", true, false},
		{"2027-05-06", false, false},
	} {
		day := c.At(utc(at.at))
		require.Equal(t, at.use, day.Use, at.at)
		require.Equal(t, at.firstUse, day.FirstUse, at.at)
	}
	var kinds []records.EntryKind
	for _, e := range c.Entries() {
		if e.Subject == "license 79468" {
			kinds = append(kinds, e.Kind)
		}
	}
	require.Equal(t, []records.EntryKind{records.EntryLicenseBegins, records.EntryFirstUseEnds, records.EntryLicenseEnds}, kinds, "two events, not one")
}

func TestR26_RetentionThatEndsUnderAHoldKeepsTheRecord(t *testing.T) {
	t.Parallel()
	c := campaign()
	day := c.At(utc("2030-01-01"))
	require.True(t, day.Held)
	require.True(t, day.Keep)
	require.False(t, day.Use, "the hold keeps the record and prolongs no right")
	c.Holds = records.NoHolds()
	require.False(t, c.At(utc("2030-01-01")).Keep, "eligible again, for review")
	c.Holds = records.HoldSet{}
	require.True(t, c.At(utc("2030-01-01")).Keep, "unread holds keep")
}

func TestCalendar_NothingIsFreedBeforeItsDayHasBegunEverywhere(t *testing.T) {
	t.Parallel()
	c := campaign()
	c.Holds = records.NoHolds()
	due := records.MustDate("2026-05-06")
	require.True(t, c.At(due.Start(nil)).Keep, "the day has begun in Greenwich, not everywhere")
	require.False(t, c.At(due.Start(nil).Add(12*time.Hour)).Keep)
	require.False(t, records.Calendar{Holds: records.NoHolds()}.At(due.Start(nil)).Use, "what nobody licensed is not allowed")
	require.True(t, records.Calendar{Holds: records.NoHolds()}.At(due.Start(nil)).Keep, "no schedule keeps")
}

func TestCalendar_PropertyAHoldChangesNoRight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := campaign()
		at := genDate(t, "at").Start(nil)
		c.Holds = records.NoHolds()
		free := c.At(at)
		c.Holds = records.Holds(hold("13"))
		held := c.At(at)
		if held.Use != free.Use || held.FirstUse != free.FirstUse || !held.Keep {
			t.Fatalf("at %s: %+v without, %+v with a hold", at, free, held)
		}
	})
}
