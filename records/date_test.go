package records_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/records"
)

func TestDate_RefusesWhatTheCalendarLacks(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "2026-02-29", "2100-02-29", "2026-04-31", "2026-00-01", "2026-13-01", "2026-01-00", "0000-01-01", "10000-01-01",
		"2026-1-1", "2026/01/01", "20260101", "2026-01-01T00:00:00", " 2026-01-01", "2026-01-01 ", "+026-01-01", "2026-0١-01", "-001-01-01",
	} {
		_, err := records.ParseDate(s)
		require.ErrorIs(t, err, records.ErrInvalid, s)
	}
	for _, s := range []string{"0001-01-01", "2000-02-29", "2024-02-29", "9999-12-31"} {
		d, err := records.ParseDate(s)
		require.NoError(t, err, s)
		require.Equal(t, s, d.String())
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"2026-02-29", "2024-02-29", "0001-01-01", "9999-12-31", "2026-1-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := records.ParseDate(s)
		std, stdErr := time.Parse("2006-01-02", s)
		ok := stdErr == nil && std.Year() >= 1
		if (err == nil) != ok {
			t.Fatalf("%q: %v, the standard library says %v", s, err, stdErr)
		}
		if err == nil && (d.String() != s || !d.Start(nil).Equal(std)) {
			t.Fatalf("%q reads as %s", s, d)
		}
	})
}

func genDate(t *rapid.T, label string) records.Date {
	d, err := records.MustDate("0001-01-01").AddDays(rapid.IntRange(0, 9999*365).Draw(t, label))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDate_CountsDaysAsTheStandardLibraryDoes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, n := genDate(t, "day"), rapid.IntRange(-800_000, 800_000).Draw(t, "n")
		std := d.Start(nil).AddDate(0, 0, n)
		got, err := d.AddDays(n)
		if (err == nil) != (std.Year() >= 1 && std.Year() <= 9999) {
			t.Fatalf("%s %+d: %v, the standard library says %s", d, n, err, std)
		}
		if err == nil && (!got.Start(nil).Equal(std) || d.DaysUntil(got) != n) {
			t.Fatalf("%s %+d is %s, the standard library says %s", d, n, got, std)
		}
	})
}

func TestDate_NeverEndsRetentionEarlyNorARightLate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from          string
		period        records.Period
		after, before string
	}{
		{"2024-02-29", records.Period{Years: 1}, "2025-03-01", "2025-02-28"},
		{"2024-02-29", records.Period{Years: 4}, "2028-02-29", "2028-02-29"},
		{"2024-02-29", records.Period{Years: 76}, "2100-03-01", "2100-02-28"},
		{"2026-01-31", records.Period{Months: 1}, "2026-03-01", "2026-02-28"},
		{"2026-08-31", records.Period{Months: 1}, "2026-10-01", "2026-09-30"},
		{"2026-08-31", records.Period{Months: 18, Days: 1}, "2028-03-02", "2028-03-01"}, // February 2028 has 29 days.
		{"2026-12-31", records.Period{Days: 1}, "2027-01-01", "2027-01-01"},
		{"2026-11-29", records.Period{Years: 1, Months: 3}, "2028-02-29", "2028-02-29"},
		{"2026-11-24", records.Period{}, "2026-11-24", "2026-11-24"},
	} {
		after, err := records.MustDate(c.from).Add(c.period, records.DayAfter)
		require.NoError(t, err)
		before, err := records.MustDate(c.from).Add(c.period, records.DayBefore)
		require.NoError(t, err)
		require.Equal(t, c.after, after.String(), "%s + %s", c.from, c.period)
		require.Equal(t, c.before, before.String(), "%s + %s", c.from, c.period)
	}
	_, err := records.MustDate("9999-12-31").Add(records.Period{Days: 1}, records.DayAfter)
	require.ErrorIs(t, err, records.ErrInvalid)
	_, err = records.MustDate("2026-01-01").Add(records.Period{Years: -1}, records.DayAfter)
	require.ErrorIs(t, err, records.ErrInvalid)
}

func TestDate_PeriodsAreMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, e := genDate(t, "d"), genDate(t, "e")
		p := records.Period{Years: rapid.IntRange(0, 100).Draw(t, "y"), Months: rapid.IntRange(0, 30).Draw(t, "m"), Days: rapid.IntRange(0, 400).Draw(t, "d")}
		for _, missing := range []records.MissingDay{records.DayAfter, records.DayBefore} {
			a, errA := d.Add(p, missing)
			b, errB := e.Add(p, missing)
			if errA != nil || errB != nil {
				continue // beyond the year 9999.
			}
			if d.Before(e) && a.After(b) {
				t.Fatalf("%s comes before %s, but %s later %s after %s", d, e, p, a, b)
			}
			if a.Before(d) {
				t.Fatalf("%s later than %s is %s", p, d, a)
			}
		}
	})
}

func TestDate_BecomesAnInstantOnlyInAZone(t *testing.T) {
	t.Parallel()
	d := records.MustDate("2026-11-24")
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	require.Equal(t, "2026-11-23T23:00:00Z", d.Start(vienna).UTC().Format(time.RFC3339))
	require.Equal(t, "2026-11-24T00:00:00Z", d.Start(nil).Format(time.RFC3339))
	require.Equal(t, d, records.DateIn(d.Start(vienna), vienna))

	// Where a clock change swallows midnight, the day begins with its first instant.
	santiago, err := time.LoadLocation("America/Santiago")
	require.NoError(t, err)
	spring := records.MustDate("2024-09-08")
	require.Equal(t, spring, records.DateIn(spring.Start(santiago), santiago))
	require.NotEqual(t, spring, records.DateIn(spring.Start(santiago).Add(-time.Nanosecond), santiago))

	// Where one makes two midnights, it begins with the first.
	for name, first := range map[string][2]string{
		"Asia/Amman": {"2021-10-29", "2021-10-28T21:00:00Z"}, "America/Havana": {"2026-11-01", "2026-11-01T04:00:00Z"}, "Atlantic/Azores": {"2026-10-25", "2026-10-25T00:00:00Z"},
	} {
		zone, err := time.LoadLocation(name)
		require.NoError(t, err)
		day := records.MustDate(first[0])
		require.Equal(t, first[1], day.Start(zone).UTC().Format(time.RFC3339), name)
		require.Equal(t, day.Start(zone).Add(25*time.Hour), day.End(zone), "%s: a long day", name)
	}

	apia, err := time.LoadLocation("Pacific/Apia")
	require.NoError(t, err)
	never := records.MustDate("2011-12-30")
	require.Equal(t, "2011-12-31T00:00:00+14:00", never.Start(apia).Format(time.RFC3339), "Samoa never had that day")
	require.True(t, never.Start(apia).Equal(never.End(apia)))

	first := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) // 24 November in Kiritimati.
	last := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)  // and on Baker Island.
	require.True(t, d.BegunSomewhere(first))
	require.False(t, d.BegunSomewhere(first.Add(-1)))
	require.True(t, d.BegunEverywhere(last))
	require.False(t, d.BegunEverywhere(last.Add(-1)))
	require.True(t, d.OverEverywhere(last.Add(24*time.Hour)))
	require.False(t, d.OverEverywhere(last.Add(24*time.Hour-1)))

	require.Equal(t, d, records.DateEverywhere(last))
	require.Equal(t, "2026-11-23", records.DateEverywhere(last.Add(-1)).String())

	var none records.Date
	require.False(t, none.BegunEverywhere(last))
	require.False(t, none.OverEverywhere(last))
	require.True(t, none.Start(nil).IsZero())
	require.False(t, none.Before(d), "a missing date proves nothing")
	require.False(t, none.After(d))
}

func TestDate_SurvivesEveryZoneOfTheYear(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Europe/Vienna", "America/Santiago", "Asia/Beirut", "Pacific/Apia", "America/Havana", "Africa/Cairo", "Asia/Kathmandu"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Skip(err)
		}
		d, err := records.MustDate("1990-01-01").AddDays(rapid.IntRange(0, 50*365).Draw(t, "day"))
		if err != nil {
			t.Fatal(err)
		}
		start := d.Start(zone)
		if zone.String() == "Pacific/Apia" && d.String() == "2011-12-30" { // a day that Samoa never had.
			if records.DateIn(start, zone).String() != "2011-12-31" || records.DateIn(start.Add(-1), zone).String() != "2011-12-29" {
				t.Fatalf("%s in %s begins at %s", d, zone, start)
			}
			return
		}
		if records.DateIn(start, zone) != d || records.DateIn(start.Add(-1), zone) == d {
			t.Fatalf("%s in %s begins at %s", d, zone, start)
		}
	})
}

func TestDate_RoundTripsThroughJSON(t *testing.T) {
	t.Parallel()
	type wrapper struct {
		D records.Date `json:"d"`
	}
	b, err := json.Marshal(wrapper{records.MustDate("2024-02-29")})
	require.NoError(t, err)
	require.JSONEq(t, `{"d":"2024-02-29"}`, string(b))
	var back wrapper
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, records.MustDate("2024-02-29"), back.D)
	require.NoError(t, json.Unmarshal([]byte(`{"d":""}`), &back))
	require.False(t, back.D.IsValid())
	require.ErrorIs(t, json.Unmarshal([]byte(`{"d":"2023-02-29"}`), &back), records.ErrInvalid)
}

func TestDate_TheCalendarHasTwoEnds(t *testing.T) {
	t.Parallel()
	last := records.MustDate("9999-12-31")
	require.Equal(t, last.Start(nil).Add(24*time.Hour), last.End(nil), "the last day lasts a day too")
	require.False(t, records.DateIn(last.End(nil), nil).IsValid(), "after it there is none")
	require.False(t, records.DateIn(time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), nil).IsValid())
	for _, n := range []int{math.MaxInt / 300, math.MinInt / 300} {
		_, err := last.AddDays(n)
		require.ErrorIs(t, err, records.ErrInvalid, "at once, and not after counting")
	}
}
