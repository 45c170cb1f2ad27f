package records

import (
	"fmt"
	"time"
)

// Date is a calendar day without time or zone. It is comparable; the zero
// value is invalid. Only days that exist between 0001-01-01 and 9999-12-31 can
// be made: an impossible day is an error and is never turned into another.
type Date struct {
	year  int16
	month uint8
	day   uint8
}

// The zones in which a day begins first and ends last. Where the zone of a day
// is unknown, they bound it.
var (
	firstZone = time.FixedZone("UTC+14", 14*3600)
	lastZone  = time.FixedZone("UTC-12", -12*3600)
)

// NewDate returns the day, or an error that matches ErrInvalid if the calendar
// has no such day.
func NewDate(year int, month time.Month, day int) (Date, error) {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		var p Problems
		p.Add("date", fmt.Sprintf("%04d-%02d-%02d", year, int(month), day), "a day of the calendar between 0001-01-01 and 9999-12-31")
		return Date{}, p.Err("records.NewDate")
	}
	return Date{int16(year), uint8(month), uint8(day)}, nil
}

// ParseDate reads YYYY-MM-DD and nothing else. It returns an error that
// matches ErrInvalid.
func ParseDate(s string) (Date, error) {
	if d, ok := parseDate(s); ok {
		return d, nil
	}
	var p Problems
	p.Add("date", s, "a day of the calendar as YYYY-MM-DD")
	return Date{}, p.Err("records.ParseDate")
}

// MustDate is ParseDate for constants; it panics on a malformed date.
func MustDate(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// DateIn returns the day that it is at t in zone. A nil zone is UTC. An
// instant outside the years 1 to 9999 gives the zero Date.
func DateIn(t time.Time, zone *time.Location) Date {
	if zone == nil {
		zone = time.UTC
	}
	y, m, d := t.In(zone).Date()
	if y < 1 || y > 9999 {
		return Date{}
	}
	return Date{int16(y), uint8(m), uint8(d)}
}

// DateEverywhere returns the latest day that has begun in every zone at t. Ask
// [CanDispose] about it where the zone of a schedule's days is not known:
// nothing happens early then.
func DateEverywhere(t time.Time) Date { return DateIn(t, lastZone) }

// IsValid reports whether d is a day.
func (d Date) IsValid() bool { return d.month != 0 }

// Year returns the year, 0 for the zero value.
func (d Date) Year() int { return int(d.year) }

// Month returns the month, 0 for the zero value.
func (d Date) Month() time.Month { return time.Month(d.month) }

// Day returns the day of the month, 0 for the zero value.
func (d Date) Day() int { return int(d.day) }

// Compare orders days as cmp.Compare does; the zero value comes first.
func (d Date) Compare(e Date) int {
	switch a, b := d.ordinal(), e.ordinal(); {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// Before reports whether d lies before e. It is false if either is invalid, so
// that a missing date proves nothing.
func (d Date) Before(e Date) bool { return d.IsValid() && e.IsValid() && d.Compare(e) < 0 }

// After reports whether d lies after e. It is false if either is invalid.
func (d Date) After(e Date) bool { return d.IsValid() && e.IsValid() && d.Compare(e) > 0 }

// Start returns the first instant of the day in zone. A nil zone is UTC. Where
// a clock change leaves no midnight, it is the first instant there is, and where
// it makes two, the first; for a day that a zone left out altogether, it is the
// end of the day before.
func (d Date) Start(zone *time.Location) time.Time {
	if !d.IsValid() {
		return time.Time{}
	}
	if zone == nil {
		zone = time.UTC
	}
	t := time.Date(int(d.year), time.Month(d.month), int(d.day), 0, 0, 0, 0, zone)
	begin, end := t.ZoneBounds()
	switch got := DateIn(t, zone); { // midnight was skipped: t lies on one side of the gap.
	case got.Before(d):
		return end.In(zone)
	case got.After(d):
		return begin.In(zone)
	}
	if !begin.IsZero() {
		_, offset := t.Zone()
		_, before := begin.Add(-1).Zone()
		if first := t.Add(time.Duration(offset-before) * time.Second); first.Before(begin) {
			return first // the clock was set back over midnight.
		}
	}
	return t
}

// End returns the first instant after the day in zone: the start of the next
// day. A nil zone is UTC.
func (d Date) End(zone *time.Location) time.Time {
	if !d.IsValid() {
		return time.Time{}
	}
	if next, err := d.AddDays(1); err == nil {
		return next.Start(zone)
	}
	return d.Start(zone).Add(24 * time.Hour)
}

// BegunEverywhere reports whether at t the day has begun in every zone. A
// disposition that is due on a day of unknown zone waits for it.
func (d Date) BegunEverywhere(t time.Time) bool {
	return d.IsValid() && !t.Before(d.Start(lastZone))
}

// OverEverywhere reports whether at t the day is over in every zone.
func (d Date) OverEverywhere(t time.Time) bool {
	return d.IsValid() && !t.Before(d.End(lastZone))
}

// BegunSomewhere reports whether at t the day has begun in at least one zone.
// A right that ends on a day of unknown zone can't be relied on after it.
func (d Date) BegunSomewhere(t time.Time) bool {
	return d.IsValid() && !t.Before(d.Start(firstZone))
}

// String returns YYYY-MM-DD, "no date" for the zero value.
func (d Date) String() string {
	if !d.IsValid() {
		return "no date"
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
}

// MarshalText returns YYYY-MM-DD, empty for the zero value.
func (d Date) MarshalText() ([]byte, error) {
	if !d.IsValid() {
		return []byte{}, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText parses text; empty text gives the zero value.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

func parseDate(s string) (Date, bool) {
	if len(s) != len("2006-01-02") || s[4] != '-' || s[7] != '-' {
		return Date{}, false
	}
	number := func(text string) int {
		n := 0
		for i := range len(text) {
			if text[i] < '0' || text[i] > '9' {
				return -1
			}
			n = n*10 + int(text[i]-'0')
		}
		return n
	}
	d, err := NewDate(number(s[:4]), time.Month(number(s[5:7])), number(s[8:]))
	return d, err == nil
}

func isLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

func daysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if isLeap(year) {
			return 29
		}
		return 28
	case time.January, time.March, time.May, time.July, time.August, time.October, time.December:
		return 31
	default:
		return 0
	}
}
