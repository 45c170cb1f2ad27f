package report

import (
	"time"

	"github.com/smintecm/sdk/records"
)

// axis maps days to places.
type axis struct {
	width       int
	first, last records.Date
	days        int
}

// newAxis spans today and everything that has a day, with some air.
func newAxis(width int, today records.Date, lanes []lane, events records.History, zone *time.Location) axis {
	a := axis{width: width, first: today, last: today}
	take := func(d records.Date) {
		if d.IsValid() && d.Before(a.first) {
			a.first = d
		}
		if d.IsValid() && d.After(a.last) {
			a.last = d
		}
	}
	for _, l := range lanes {
		for _, s := range l.spans {
			take(s.from)
			take(s.until)
		}
	}
	for _, e := range events {
		take(records.DateIn(e.At, zone))
	}
	air := max(a.first.DaysUntil(a.last)/12, 30)
	if d, err := a.last.AddDays(air); err == nil {
		a.last = d
	}
	a.days = max(a.first.DaysUntil(a.last), 1)
	return a
}

func (a axis) x(d records.Date) int {
	return margin + a.first.DaysUntil(d)*(a.width-2*margin)/a.days
}

// years are the days that get a line: each first of January, or each tenth
// where there are many.
func (a axis) years() []records.Date {
	step := 1
	for (a.last.Year()-a.first.Year())/step > 12 {
		step *= 10
	}
	var out []records.Date
	for y := a.first.Year() + 1; y <= a.last.Year(); y++ {
		if y%step != 0 {
			continue
		}
		if d, err := records.NewDate(y, time.January, 1); err == nil {
			out = append(out, d)
		}
	}
	return out
}
