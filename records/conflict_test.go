package records_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
)

// quiet is a calendar on which nothing clashes.
func quiet() records.Calendar {
	c := campaign()
	c.Rights[0].FirstUseUntil = time.Time{}
	c.Uses, c.Planned, c.Holds = nil, nil, records.NoHolds()
	c.Schedule = schedule(records.Stage{Code: "10", Kind: records.RetentionEvent, Event: records.EventLicenseEnd, Action: records.ActionDestroy})
	c.Dates[records.EventLicenseEnd] = records.MustDate("2027-05-06")
	return c
}

func kinds(c records.Calendar) []records.ConflictKind {
	var out []records.ConflictKind
	for _, conflict := range c.Conflicts() {
		out = append(out, conflict.Kind)
	}
	return out
}

// A license opens with its first moment and closes before its last: what
// begins in the same moment is inside, or too late.
func TestConflicts_MomentsThatMeet(t *testing.T) {
	t.Parallel()
	c := quiet()
	c.Uses = []records.PlannedUse{{Name: "spring", From: records.MustDate("2025-05-06"), Until: records.MustDate("2027-05-05")}}
	require.Empty(t, kinds(c), "it begins and ends with the license")
	c.Rights[0].FirstUseUntil = utc("2025-05-07")
	require.Empty(t, kinds(c), "its first use is in time")
	c.Rights[0].FirstUseUntil = utc("2025-05-06")
	require.Equal(t, []records.ConflictKind{records.ConflictFirstUseMissed}, kinds(c), "a first use must lie before that moment")
	c.Rights[0].FirstUseUntil = time.Time{}
	c.Uses[0].From, c.Uses[0].Until = records.MustDate("2025-05-05"), records.Date{}
	require.Equal(t, []records.ConflictKind{records.ConflictUseOutsideLicense, records.ConflictUseOutsideLicense}, kinds(c), "a day too early, and without an end")

	c.Rights = nil
	require.Equal(t, []records.ConflictKind{records.ConflictUseOutsideLicense}, kinds(c), "of a cancelled purchase nothing is licensed")
	require.False(t, c.At(utc("2026-01-01")).Use)
	c = quiet()
	begun := utc("2027-05-06").Add(12 * time.Hour) // everywhere
	for _, zone := range []*time.Location{nil, time.FixedZone("west", -11*3600)} {
		c.Zone = zone
		c.Rights[0].Until = begun
		require.Empty(t, kinds(c), "the record is kept while the license goes on")
		c.Rights[0].Until = begun.Add(time.Minute)
		require.Equal(t, []records.ConflictKind{records.ConflictRetentionBeforeLicense}, kinds(c), "the record may be gone in the license's last minute")
		require.Equal(t, records.Day{Use: true, FirstUse: true}, c.At(begun), "and so says that minute")
	}

	require.True(t, c.At(utc("2025-05-06")).Use)
	require.Empty(t, c.Explain(records.Date{}))
	c.Rights[0].From = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC)
	require.Empty(t, c.Explain(records.Date{}), "no day explains nothing, also where an instant has none")
}

// A hold stands against what removes, and outlasts a license only if it is
// known to stand.
func TestConflicts_AHoldClashesWithWhatItRefuses(t *testing.T) {
	t.Parallel()
	c := quiet()
	c.Schedule.Stages = append(c.Schedule.Stages, records.Stage{Code: "5", Kind: records.RetentionFixed, On: records.MustDate("2026-01-01"), Action: records.ActionReview})
	c.Planned = []records.PlannedAction{{Action: records.ActionReview, On: records.MustDate("2026-02-01")}}
	c.Holds = records.Holds(hold("13"))
	require.Equal(t, []records.ConflictKind{records.ConflictHoldOverDisposition, records.ConflictHoldOutlastsLicense}, kinds(c),
		"the end of retention; a review removes nothing and goes on")
	c.Holds = records.HoldSet{}
	require.Equal(t, []records.ConflictKind{records.ConflictHoldOverDisposition}, kinds(c), "of holds that were not read none is known to outlast the license")
}

// What is planned against the schedule clashes: without a stage for it, and
// where another stage keeps the record for good.
func TestConflicts_PlannedAgainstTheSchedule(t *testing.T) {
	t.Parallel()
	c := quiet()
	c.Planned = []records.PlannedAction{{Action: records.ActionTransfer, On: records.MustDate("2040-01-01")}}
	require.Equal(t, []records.ConflictKind{records.ConflictPlannedEarly}, kinds(c), "the schedule has no such stage")
	c.Planned[0].Action = records.ActionDestroy
	require.Empty(t, kinds(c))
	c.Schedule.Stages = append(c.Schedule.Stages, destroyAfter(records.RetentionPermanent, 0))
	require.Contains(t, kinds(c), records.ConflictPlannedEarly, "a permanent stage keeps it whatever others say")
}

// An event that only the end of a license brings is not in sight while the
// license has none.
func TestConflicts_ALicenseWithoutEndBringsNoEvent(t *testing.T) {
	t.Parallel()
	c := quiet()
	delete(c.Dates, records.EventLicenseEnd)
	require.NotContains(t, kinds(c), records.ConflictNoEvent, "the license will end")
	c.Rights[0].Until = time.Time{}
	require.Contains(t, kinds(c), records.ConflictNoEvent)
	require.Contains(t, c.Open(), "license 79468: the license has no end")
}

// On one day the line goes by the clock, and shows of a released hold both ends.
func TestCalendar_OneDayGoesByTheClock(t *testing.T) {
	t.Parallel()
	released := hold("2")
	released.At = utc("2026-11-20").Add(9 * time.Hour)
	c := records.Calendar{
		Rights:   []records.RightsWindow{{Name: "license", From: utc("2026-11-20").Add(12 * time.Hour)}},
		Released: []records.HoldSpan{{Hold: released, Release: records.Release{At: utc("2026-11-20").Add(10 * time.Hour)}}},
	}
	var got []records.EntryKind
	for _, e := range c.Entries() {
		got = append(got, e.Kind)
	}
	require.Equal(t, []records.EntryKind{records.EntryHold, records.EntryRelease, records.EntryLicenseBegins}, got)
}
