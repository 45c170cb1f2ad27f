package records

import (
	"fmt"
	"strings"
	"time"
)

// Period is a span of the calendar. Years and months are counted on the
// calendar, not in days.
type Period struct {
	Years  int `json:"years,omitzero"`
	Months int `json:"months,omitzero"`
	Days   int `json:"days,omitzero"`
}

// IsZero reports whether the period is empty.
func (p Period) IsZero() bool { return p == Period{} }

// String reads "6 years 1 month"; an empty period reads "0 days".
func (p Period) String() string {
	var parts []string
	for _, u := range []struct {
		n    int
		name string
	}{{p.Years, "year"}, {p.Months, "month"}, {p.Days, "day"}} {
		switch u.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+u.name)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", u.n, u.name))
		}
	}
	if parts == nil {
		return "0 days"
	}
	return strings.Join(parts, " ")
}

// MissingDay says which day stands for one that the calendar lacks, as a year
// after 29 February.
type MissingDay uint8

// The two neighbors of a missing day.
const (
	// DayAfter takes the first day of the next month, so that nothing that
	// waits for the day happens early. Retention counts so.
	DayAfter MissingDay = iota
	// DayBefore takes the last day of the month, so that nothing that ends on
	// the day lasts too long. Rights count so.
	DayBefore
)

// Add returns the day a period later: years and months first, then, if the
// month has no such day, its neighbor as missing says, then days. It returns
// an error that matches ErrInvalid for an invalid date, a negative period and
// a result after 9999-12-31.
func (d Date) Add(p Period, missing MissingDay) (Date, error) {
	var probs Problems
	probs.Check(d.IsValid(), "date", d, "a day")
	probs.Check(p.Years >= 0 && p.Months >= 0 && p.Days >= 0, "period", fmt.Sprint(p), "no negative part")
	const bound = 9999 * 366
	probs.Check(p.Years <= 9999 && p.Months <= 9999*12 && p.Days <= bound, "period", fmt.Sprint(p), "at most 9999 years")
	if err := probs.Err("records.Date.Add"); err != nil {
		return Date{}, err
	}
	months := int(d.month) - 1 + p.Months
	year, month := int(d.year)+p.Years+months/12, time.Month(months%12+1)
	day, extra := int(d.day), 0
	if last := daysIn(year, month); day > last {
		day = last
		if missing != DayBefore {
			extra = 1
		}
	}
	base, err := NewDate(year, month, day)
	if err != nil {
		return Date{}, err
	}
	return base.AddDays(p.Days + extra)
}

// AddDays returns the day n days later, or earlier if n is negative. It
// returns an error that matches ErrInvalid if d is invalid or the result lies
// outside the years 1 to 9999.
func (d Date) AddDays(n int) (Date, error) {
	const span = 9999 * 366
	if d.IsValid() && n >= -span && n <= span {
		if out, ok := fromOrdinal(d.ordinal() + n); ok {
			return out, nil
		}
	}
	var p Problems
	p.Add("days", fmt.Sprintf("%s %+d", d, n), "a day of the years 1 to 9999")
	return Date{}, p.Err("records.Date.AddDays")
}

// DaysUntil returns the number of days from d to e, negative if e lies before
// d. Both must be valid, else it is 0.
func (d Date) DaysUntil(e Date) int {
	if !d.IsValid() || !e.IsValid() {
		return 0
	}
	return e.ordinal() - d.ordinal()
}

// ordinal numbers the days from 0001-01-01, which is 1; an invalid date is 0.
func (d Date) ordinal() int {
	if !d.IsValid() {
		return 0
	}
	y := int(d.year) - 1
	n := y*365 + y/4 - y/100 + y/400
	for m := time.January; m < time.Month(d.month); m++ {
		n += daysIn(int(d.year), m)
	}
	return n + int(d.day)
}

func fromOrdinal(n int) (Date, bool) {
	if n < 1 {
		return Date{}, false
	}
	year := (n-1)*400/146097 + 1 // exact or one too high or low; settled below.
	first := func(y int) int { return Date{int16(y), 1, 1}.ordinal() }
	if year > 10000 {
		return Date{}, false
	}
	for year > 1 && first(year) > n {
		year--
	}
	for year < 10000 && first(year+1) <= n {
		year++
	}
	if year > 9999 {
		return Date{}, false
	}
	rest, month := n-first(year)+1, time.January
	for rest > daysIn(year, month) {
		rest -= daysIn(year, month)
		month++
	}
	return Date{int16(year), uint8(month), uint8(rest)}, true
}
