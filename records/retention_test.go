package records_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/records"
)

func schedule(stages ...records.Stage) records.Schedule {
	return records.Schedule{Name: "MKT-7", Stages: stages}
}

func destroyAfter(kind records.RetentionKind, years int) records.Stage {
	s := records.Stage{Code: "10", Kind: kind, Period: records.Period{Years: years}, Action: records.ActionDestroy}
	switch kind {
	case records.RetentionEvent:
		s.Event = "campaign_end"
	case records.RetentionFixed:
		s.On = records.MustDate("2030-01-01")
	case records.RetentionPermanent:
		s.Action = records.ActionNone
	case records.RetentionUnknown, records.RetentionCalculated, records.RetentionCalendar:
		s.From = "created"
	}
	return s
}

func TestR28_EveryKindOfRetentionHasItsEnd(t *testing.T) {
	t.Parallel()
	calendar, fiscal := destroyAfter(records.RetentionCalendar, 2), destroyAfter(records.RetentionCalendar, 2)
	fiscal.YearEnd = records.YearEnd{Month: time.March, Day: 31}
	leap := destroyAfter(records.RetentionCalendar, 1)
	leap.YearEnd = records.YearEnd{Month: time.February, Day: 29}
	for _, c := range []struct {
		name    string
		stage   records.Stage
		created string
		want    string
		why     string
	}{
		{"calculated", destroyAfter(records.RetentionCalculated, 7), "2020-06-15", "2027-06-15", "7 years after created on 2020-06-15"},
		{"calculated from a leap day", destroyAfter(records.RetentionCalculated, 1), "2024-02-29", "2025-03-01", "1 year after created on 2024-02-29"},
		{"calculated from no date", destroyAfter(records.RetentionCalculated, 7), "", "", "retained while the date created is not known"},
		{"calendar", calendar, "2020-06-15", "2023-01-01", "2 years after the year's end 2020-12-31 that follows created on 2020-06-15"},
		{"calendar on the last day", calendar, "2020-12-31", "2023-01-01", "2 years after the year's end 2020-12-31 that follows created on 2020-12-31"},
		{"fiscal year", fiscal, "2020-06-15", "2023-04-01", "2 years after the year's end 2021-03-31 that follows created on 2020-06-15"},
		{"leap year end", leap, "2020-02-29", "2021-03-01", "1 year after the year's end 2020-02-29 that follows created on 2020-02-29"},
		{"leap year end in a common year", leap, "2021-01-01", "2022-03-01", "1 year after the year's end 2021-02-28 that follows created on 2021-01-01"},
		{"fixed", destroyAfter(records.RetentionFixed, 0), "2020-06-15", "2030-01-01", "fixed date of the schedule"},
		{"permanent", destroyAfter(records.RetentionPermanent, 0), "2020-06-15", "", "kept permanently"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dates := map[string]records.Date{}
			if c.created != "" {
				dates["created"] = records.MustDate(c.created)
			}
			due, err := c.stage.Due(dates)
			require.NoError(t, err)
			require.Equal(t, c.why, due.Why)
			if c.want == "" {
				require.False(t, due.On.IsValid())
				require.False(t, due.Reached(records.MustDate("9999-12-31")), "what has no end is never reached")
				return
			}
			require.Equal(t, c.want, due.On.String())
			before, err := due.On.AddDays(-1)
			require.NoError(t, err)
			require.False(t, due.Reached(before))
			require.True(t, due.Reached(due.On))
			require.False(t, due.Reached(records.Date{}), "an unknown day reaches nothing")
		})
	}
}

func TestR27_AnEventStartsThePeriodAndBeforeItTheRecordStays(t *testing.T) {
	t.Parallel()
	r := disposable()
	r.Schedule = schedule(destroyAfter(records.RetentionEvent, 6))
	require.ErrorIs(t, records.CanDispose(r, records.ActionDestroy, records.MustDate("9999-12-31")), records.ErrNotDue)
	r.Dates["campaign_end"] = records.MustDate("2020-02-29")
	require.ErrorIs(t, records.CanDispose(r, records.ActionDestroy, records.MustDate("2026-02-28")), records.ErrNotDue)
	require.NoError(t, records.CanDispose(r, records.ActionDestroy, records.MustDate("2026-03-01")))
}

func TestR28_PermanentIsNeverEligible(t *testing.T) {
	t.Parallel()
	forever := records.Stage{Code: "20", Kind: records.RetentionPermanent, Action: records.ActionNone}
	rapid.Check(t, func(t *rapid.T) {
		r := disposable()
		r.Schedule = schedule(destroyAfter(records.RetentionCalculated, rapid.IntRange(0, 10).Draw(t, "years")), forever)
		if err := records.CanDispose(r, records.ActionDestroy, genDate(t, "today")); err == nil {
			t.Fatal("a permanent record was eligible")
		}
	})
	r := disposable()
	r.Schedule = schedule(destroyAfter(records.RetentionCalculated, 1), forever)
	require.ErrorIs(t, records.CanDispose(r, records.ActionDestroy, records.MustDate("9999-12-31")), records.ErrPermanent)
	forever.Action = records.ActionDestroy
	require.ErrorIs(t, forever.Validate(), records.ErrInvalid, "a permanent stage can't destroy")
}

func TestR29_RetentionIsLengthenedFreelyAndShortenedOnlyWithAuthority(t *testing.T) {
	t.Parallel()
	dates := map[string]records.Date{"created": records.MustDate("2026-01-01")}
	warrant := records.Warrant{Authority: "Records board", Reason: "new law"}
	six, seven := schedule(destroyAfter(records.RetentionCalculated, 6)), schedule(destroyAfter(records.RetentionCalculated, 7))
	event := schedule(destroyAfter(records.RetentionEvent, 1))
	forever := schedule(destroyAfter(records.RetentionPermanent, 0))
	staged := schedule(records.Stage{Code: "1", Kind: records.RetentionCalculated, From: "created", Period: records.Period{Years: 5}, Action: records.ActionTransfer},
		destroyAfter(records.RetentionCalculated, 10))
	besides := schedule(destroyAfter(records.RetentionCalculated, 6), forever.Stages[0])
	sooner := schedule(staged.Stages[0], destroyAfter(records.RetentionCalculated, 6))
	regulatory := func(s records.Schedule) records.Schedule {
		s.Regulatory = true
		return s
	}
	for _, c := range []struct {
		name     string
		from, to records.Schedule
		warrant  records.Warrant
		want     error
	}{
		{"longer", six, seven, records.Warrant{}, nil},
		{"same", six, six, records.Warrant{}, nil},
		{"to an open end", six, event, records.Warrant{}, nil},
		{"to permanent", six, forever, records.Warrant{}, nil},
		{"shorter without a warrant", seven, six, records.Warrant{}, records.ErrShortened},
		{"shorter without a reason", seven, six, records.Warrant{Authority: "Records board"}, records.ErrShortened},
		{"shorter with authority and reason", seven, six, warrant, nil},
		{"open end to a day", event, seven, records.Warrant{}, records.ErrShortened},
		{"permanent to a day", forever, seven, records.Warrant{}, records.ErrShortened},
		{"permanent to an open end", forever, event, records.Warrant{}, records.ErrShortened},
		{"permanent beside a day, to that day", besides, six, records.Warrant{}, records.ErrShortened},
		{"a day to an earlier one beside permanent", seven, besides, records.Warrant{}, nil},
		{"a later stage brought forward", staged, sooner, records.Warrant{}, records.ErrShortened},
		{"regulatory, longer", regulatory(six), regulatory(seven), records.Warrant{}, nil},
		{"regulatory, shorter with a warrant", regulatory(seven), regulatory(six), warrant, records.ErrShortened},
		{"regulatory to ordinary", regulatory(six), seven, warrant, records.ErrShortened},
		{"ordinary to regulatory", six, regulatory(seven), records.Warrant{}, nil},
		{"malformed", six, records.Schedule{}, warrant, records.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, c.from.CanReplace(c.to, dates, c.warrant), c.want)
		})
	}
}

func TestR28_TheLongestStageThatEndsTheRecordKeepsIt(t *testing.T) {
	t.Parallel()
	dates := map[string]records.Date{"created": records.MustDate("2026-01-01")}
	one, seven, event := destroyAfter(records.RetentionCalculated, 1), destroyAfter(records.RetentionCalculated, 7), destroyAfter(records.RetentionEvent, 1)
	for _, s := range []records.Schedule{schedule(one, seven), schedule(seven, one)} {
		kept, err := s.Kept(dates)
		require.NoError(t, err)
		require.Equal(t, "2033-01-01", kept.On.String(), "whichever stands first")
	}
	for _, s := range []records.Schedule{schedule(event, seven), schedule(seven, event)} {
		kept, err := s.Kept(dates)
		require.NoError(t, err)
		require.False(t, kept.On.IsValid(), "an open end is later than any day")
	}
	require.False(t, records.Due{Permanent: true, On: dates["created"]}.Reached(records.MustDate("9999-12-31")), "whatever else is written beside permanent")
	one.Period = records.Period{Days: -1}
	require.ErrorIs(t, one.Validate(), records.ErrInvalid)
}

func TestR4_AClassResolvesToExactlyOneSchedule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		class records.Classification
		want  error
	}{
		{"one", records.Classification{ID: "551", Schedules: []string{"MKT-7"}}, nil},
		{"one, named twice", records.Classification{ID: "551", Schedules: []string{"MKT-7", "MKT-7"}}, nil},
		{"none", records.Classification{ID: "551", Name: "Marketing"}, records.ErrNoSchedule},
		{"an empty name", records.Classification{ID: "551", Schedules: []string{""}}, records.ErrNoSchedule},
		{"two", records.Classification{ID: "551", Schedules: []string{"MKT-7", "LEG-10"}}, records.ErrSchedules},
		{"no class", records.Classification{Schedules: []string{"MKT-7"}}, records.ErrNotClassified},
	} {
		name, err := c.class.Schedule()
		require.ErrorIs(t, err, c.want, c.name)
		if c.want == nil {
			require.Equal(t, "MKT-7", name)
		}
	}
}

func TestCanDispose_GoesByTheScheduleAlone(t *testing.T) {
	t.Parallel()
	today := records.MustDate("2026-11-24")
	edit := func(change func(*records.Record)) records.Record {
		r := disposable()
		change(&r)
		return r
	}
	transferable := edit(func(r *records.Record) {
		r.Schedule.Stages = append(r.Schedule.Stages, records.Stage{
			Code: "5", Kind: records.RetentionCalculated, From: "created", Period: records.Period{Years: 3}, Action: records.ActionTransfer,
		})
		r.Dates["created"] = records.MustDate("2022-01-01")
	})
	twice := edit(func(r *records.Record) {
		r.Schedule.Stages = append(r.Schedule.Stages, destroyAfter(records.RetentionCalculated, 20))
	})
	for _, c := range []struct {
		name   string
		record records.Record
		action records.Action
		want   error
	}{
		{"due", disposable(), records.ActionDestroy, nil},
		{"another action", disposable(), records.ActionDeleteElectronic, records.ErrNotScheduled},
		{"unknown action", disposable(), records.ActionUnknown, records.ErrInvalid},
		{"foreign action", disposable(), 99, records.ErrInvalid},
		{"already destroyed", edit(func(r *records.Record) { r.State = records.StateDestroyed }), records.ActionDestroy, records.ErrDisposed},
		{"incomplete", edit(func(r *records.Record) { r.State = records.StateIncomplete }), records.ActionDestroy, records.ErrNotClassified},
		{"absent", edit(func(r *records.Record) { r.State = records.StateAbsent }), records.ActionDestroy, records.ErrTransition},
		{"unknown", edit(func(r *records.Record) { r.State = records.StateUnknown }), records.ActionDestroy, records.ErrStateUnknown},
		{"purge of a final record", disposable(), records.ActionPurgeVersions, records.ErrFinal},
		{"no class", edit(func(r *records.Record) { r.Class = records.Classification{} }), records.ActionDestroy, records.ErrNotClassified},
		{"another schedule than its class", edit(func(r *records.Record) { r.Schedule.Name = "LEG-10" }), records.ActionDestroy, records.ErrSchedules},
		{"malformed schedule", edit(func(r *records.Record) { r.Schedule.Stages[0].From = "" }), records.ActionDestroy, records.ErrInvalid},
		{"not due", edit(func(r *records.Record) { r.Dates["created"] = records.MustDate("2020-01-01") }), records.ActionDestroy, records.ErrNotDue},
		{"transfer before the end", transferable, records.ActionTransfer, nil},
		{"destroy after transfer is due", transferable, records.ActionDestroy, records.ErrNotDue},
		{"two stages, the longer decides", twice, records.ActionDestroy, records.ErrNotDue},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			require.ErrorIs(t, records.CanDispose(c.record, c.action, today), c.want)
		})
	}
}

func TestStage_ListsEveryFault(t *testing.T) {
	t.Parallel()
	err := records.Schedule{Stages: []records.Stage{
		{},
		{Kind: records.RetentionEvent, Action: records.ActionDestroy, Period: records.Period{Years: -1}},
		{Kind: records.RetentionFixed, Action: records.ActionDestroy},
		{Kind: records.RetentionCalendar, From: "created", YearEnd: records.YearEnd{Month: 2, Day: 30}, Action: 77},
	}}.Validate()
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, want := range []string{
		"name is", "stages[0].action", "stages[0].kind", "stages[1].event", "stages[1].period", "stages[2].on", "stages[3].year_end", "stages[3].action",
	} {
		require.ErrorContains(t, err, want)
	}
}
