package records

import (
	"fmt"
	"time"
)

// RetentionKind says how the end of a retention stage is found. The numbers
// are the event types of Extended ECM's schedules.
type RetentionKind uint8

// The kinds of retention.
const (
	RetentionUnknown    RetentionKind = 0
	RetentionCalculated RetentionKind = 1 // a period from one of the record's dates
	RetentionCalendar   RetentionKind = 2 // a period from the end of the calendar or fiscal year of that date
	RetentionEvent      RetentionKind = 3 // a period from an event; before the event it is open
	RetentionFixed      RetentionKind = 4 // a given day
	RetentionPermanent  RetentionKind = 5 // never
)

var retentionTexts = []string{"unknown", "calculated", "calendar", "event", "fixed", "permanent"}

// String names the kind; it is total.
func (k RetentionKind) String() string { return enumString(retentionTexts, "RetentionKind", k) }

// MarshalText returns the kind's name; a foreign number is an error.
func (k RetentionKind) MarshalText() ([]byte, error) {
	return enumText(retentionTexts, "RetentionKind", k)
}

// UnmarshalText reads exactly one of the kinds' names.
func (k *RetentionKind) UnmarshalText(text []byte) (err error) {
	*k, err = enumParse[RetentionKind](retentionTexts, "retention kind", string(text))
	return err
}

// YearEnd is the last day of the calendar or fiscal year. The zero value is 31
// December. 29 February stands for the last day of February in every year.
type YearEnd struct {
	Month time.Month `json:"month,omitzero"`
	Day   int        `json:"day,omitzero"`
}

// OnOrAfter returns the first year's end that does not lie before d.
func (e YearEnd) OnOrAfter(d Date) (Date, error) {
	month, day := e.Month, e.Day
	if month == 0 && day == 0 {
		month, day = time.December, 31
	}
	for year := d.Year(); d.IsValid() && year <= d.Year()+1; year++ {
		end := day
		if month == time.February && day == 29 {
			end = daysIn(year, month)
		}
		out, err := NewDate(year, month, end)
		if err != nil {
			return Date{}, err
		}
		if !out.Before(d) {
			return out, nil
		}
	}
	var p Problems
	p.Add("date", d, "a day")
	return Date{}, p.Err("records.YearEnd")
}

// Stage is one stage of a schedule: how long, and what then.
type Stage struct {
	// Code is the stage's code in the schedule.
	Code string `json:"code"`
	// Kind says how the end is found.
	Kind RetentionKind `json:"kind"`
	// From names the record's date that the period starts at, for calculated
	// and calendar stages: "created", "record", "license_end" …
	From string `json:"from,omitzero"`
	// Event names what starts the period of an event stage: "campaign_end" …
	Event string `json:"event,omitzero"`
	// Period is how long, for calculated, calendar and event stages.
	Period Period `json:"period,omitzero"`
	// YearEnd is that of a calendar stage.
	YearEnd YearEnd `json:"year_end,omitzero"`
	// On is the day of a fixed stage.
	On Date `json:"on,omitzero"`
	// Action is what happens when the stage is over.
	Action Action `json:"action"`
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault.
func (s Stage) Validate() error {
	var p Problems
	p.Check(int(s.Action) < len(actionTexts) && s.Action != ActionUnknown, "action", s.Action, "a known action")
	p.Check(s.Period.Years >= 0 && s.Period.Months >= 0 && s.Period.Days >= 0, "period", s.Period, "no negative part")
	switch s.Kind {
	case RetentionCalculated, RetentionCalendar:
		p.Check(s.From != "", "from", s.From, "the name of the date that the period starts at")
		if _, err := s.YearEnd.OnOrAfter(Date{2001, 1, 1}); err != nil {
			p.Add("year_end", fmt.Sprint(s.YearEnd), "a day of the calendar")
		}
	case RetentionEvent:
		p.Check(s.Event != "", "event", s.Event, "the name of the event that the period starts at")
	case RetentionFixed:
		p.Check(s.On.IsValid(), "on", s.On, "a day")
	case RetentionPermanent:
		p.Check(!s.Action.Removes(), "action", s.Action, "none that removes a permanent record")
	case RetentionUnknown:
		p.Add("kind", s.Kind, "calculated, calendar, event, fixed or permanent")
	default:
		p.Add("kind", s.Kind, "calculated, calendar, event, fixed or permanent")
	}
	return p.Err("records.Stage")
}

// Due is the outcome of a stage for one record: the first day on which its
// action may happen, or why there is none yet.
type Due struct {
	// On is that day; invalid if there is none or none yet.
	On Date `json:"on,omitzero"`
	// Permanent means that the day never comes.
	Permanent bool `json:"permanent,omitzero"`
	// Why says in words how the day was found, or what it waits for.
	Why string `json:"why"`
}

// Reached reports whether the action may happen on a day. An open or permanent
// retention is never reached.
func (d Due) Reached(on Date) bool {
	return !d.Permanent && d.On.IsValid() && on.IsValid() && !on.Before(d.On)
}

// String returns the day and its reason.
func (d Due) String() string {
	if d.On.IsValid() {
		return d.On.String() + ": " + d.Why
	}
	return d.Why
}

// Due says when the stage is over, given the record's dates and the events
// that happened, by name. What is missing leaves it open: a record whose date
// or event is unknown is kept. It returns an error that matches ErrInvalid if
// the stage is malformed.
func (s Stage) Due(dates map[string]Date) (Due, error) {
	if err := s.Validate(); err != nil {
		return Due{}, err
	}
	switch s.Kind {
	case RetentionPermanent:
		return Due{Permanent: true, Why: "kept permanently"}, nil
	case RetentionFixed:
		return Due{On: s.On, Why: "fixed date of the schedule"}, nil
	case RetentionEvent:
		start := dates[s.Event]
		if !start.IsValid() {
			return Due{Why: fmt.Sprintf("retained until %s has happened, then %s", s.Event, s.Period)}, nil
		}
		return s.after(start, fmt.Sprintf("%s after %s on %s", s.Period, s.Event, start))
	case RetentionCalculated:
		start := dates[s.From]
		if !start.IsValid() {
			return Due{Why: fmt.Sprintf("retained while the date %s is not known", s.From)}, nil
		}
		return s.after(start, fmt.Sprintf("%s after %s on %s", s.Period, s.From, start))
	case RetentionCalendar:
		start := dates[s.From]
		if !start.IsValid() {
			return Due{Why: fmt.Sprintf("retained while the date %s is not known", s.From)}, nil
		}
		end, err := s.YearEnd.OnOrAfter(start)
		if err != nil {
			return Due{}, err
		}
		next, err := end.AddDays(1)
		if err != nil {
			return Due{}, err
		}
		return s.after(next, fmt.Sprintf("%s after the year's end %s that follows %s on %s", s.Period, end, s.From, start))
	case RetentionUnknown:
	}
	return Due{}, ErrInvalid // unreachable after Validate.
}

func (s Stage) after(start Date, why string) (Due, error) {
	on, err := start.Add(s.Period, DayAfter)
	if err != nil {
		return Due{}, err
	}
	return Due{On: on, Why: why}, nil
}
