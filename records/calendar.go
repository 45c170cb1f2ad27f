package records

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// RightsWindow is the time in which a license can be used. A zero time is not
// said: a license without an end has none.
type RightsWindow struct {
	// Name says which license or term: "license 79468".
	Name string `json:"name"`
	// From is when use may start.
	From time.Time `json:"from,omitzero"`
	// Until is when use must stop.
	Until time.Time `json:"until,omitzero"`
	// FirstUseUntil is when the first use must have happened.
	FirstUseUntil time.Time `json:"first_use_until,omitzero"`
}

// PlannedUse is a use that is planned or goes on, a campaign for example.
type PlannedUse struct {
	Name string `json:"name"`
	From Date   `json:"from,omitzero"`
	// Until is the last day; invalid is open.
	Until Date `json:"until,omitzero"`
}

// PlannedAction is a disposition that is planned for a day.
type PlannedAction struct {
	Action Action `json:"action"`
	On     Date   `json:"on"`
}

// HoldSpan is a hold with its release, if it was released. The holds that still
// stand are the calendar's HoldSet.
type HoldSpan struct {
	Hold    Hold    `json:"hold"`
	Release Release `json:"release"`
}

// Calendar is one record's line of time: what its license, its retention, its
// holds and its planned disposition say, each by its own clock. It is a plain
// value; the questions read no clock.
type Calendar struct {
	Record RecordKey `json:"record"`
	// Zone is the IANA zone in which instants become days; nil is UTC. It only
	// shows; where a day without zone decides, nothing happens early.
	Zone     *time.Location  `json:"-"`
	Rights   []RightsWindow  `json:"rights,omitempty"`
	Uses     []PlannedUse    `json:"uses,omitempty"`
	Schedule Schedule        `json:"schedule"`
	Dates    map[string]Date `json:"dates,omitempty"`
	Holds    HoldSet         `json:"holds"`
	Released []HoldSpan      `json:"released,omitempty"`
	Planned  []PlannedAction `json:"planned,omitempty"`
}

// EntryKind says what happens on a calendar.
type EntryKind uint8

// The kinds of entries.
const (
	EntryUnknown       EntryKind = iota
	EntryLicenseBegins           // use may start
	EntryFirstUseEnds            // no first use, so no new download, from here on
	EntryLicenseEnds             // use must stop
	EntryUseBegins               // a planned use begins
	EntryUseEnds                 // the last day of a planned use
	EntryDate                    // a date of the record, or an event that happened
	EntryHold                    // a hold was applied
	EntryRelease                 // a hold was released
	EntryStageEnds               // a stage of the schedule is over: its action may happen
	EntryPlanned                 // a disposition is planned
)

var entryTexts = []string{
	"unknown", "license begins", "first use ends", "license ends", "use begins", "use ends", "date", "hold", "release",
	"stage ends", "disposition planned",
}

// String names the kind; it is total.
func (k EntryKind) String() string { return enumString(entryTexts, "EntryKind", k) }

// MarshalText returns the kind's name; a foreign number is an error.
func (k EntryKind) MarshalText() ([]byte, error) { return enumText(entryTexts, "EntryKind", k) }

// UnmarshalText reads exactly one of the kinds' names.
func (k *EntryKind) UnmarshalText(text []byte) (err error) {
	*k, err = enumParse[EntryKind](entryTexts, "entry", string(text))
	return err
}

// Entry is one point on the line.
type Entry struct {
	// On is the day, in the calendar's zone.
	On   Date      `json:"on"`
	Kind EntryKind `json:"kind"`
	// At is the instant, for entries that have one.
	At time.Time `json:"at,omitzero"`
	// Subject is whose entry it is: a license, a hold, a stage, a use.
	Subject string `json:"subject"`
	// Why says where the day comes from.
	Why string `json:"why"`
}

// String reads as one line.
func (e Entry) String() string {
	return fmt.Sprintf("%s %s: %s (%s)", e.On, e.Kind, e.Subject, e.Why)
}

// Entries returns all points of the line, by day, within a day those without an
// instant first, then by instant, kind and subject.
// What has no day, an open or permanent retention, a license without an end,
// is not among them; [Calendar.Open] names it.
func (c Calendar) Entries() []Entry {
	var out []Entry
	instant := func(t time.Time, kind EntryKind, subject, why string) {
		if !t.IsZero() {
			out = append(out, Entry{DateIn(t, c.Zone), kind, t.UTC(), subject, fmt.Sprintf("%s at %s", why, t.UTC().Format(time.RFC3339Nano))})
		}
	}
	day := func(d Date, kind EntryKind, subject, why string) {
		if d.IsValid() {
			out = append(out, Entry{On: d, Kind: kind, Subject: subject, Why: why})
		}
	}
	for _, w := range c.Rights {
		instant(w.From, EntryLicenseBegins, w.Name, "use may start")
		instant(w.FirstUseUntil, EntryFirstUseEnds, w.Name, "the first use must have happened")
		instant(w.Until, EntryLicenseEnds, w.Name, "use must stop")
	}
	for _, u := range c.Uses {
		day(u.From, EntryUseBegins, u.Name, "planned")
		day(u.Until, EntryUseEnds, u.Name, "last day planned")
	}
	for name, d := range c.Dates {
		day(d, EntryDate, name, "date of the record")
	}
	for _, h := range c.Holds.List() {
		instant(h.At, EntryHold, h.ID.String(), "applied for "+h.Matter)
	}
	for _, s := range c.Released {
		instant(s.Hold.At, EntryHold, s.Hold.ID.String(), "applied for "+s.Hold.Matter)
		instant(s.Release.At, EntryRelease, s.Hold.ID.String(), "released because "+s.Release.Reason)
	}
	for _, st := range c.Schedule.Stages {
		if due, err := st.Due(c.Dates); err == nil {
			day(due.On, EntryStageEnds, st.title(), due.Why)
		}
	}
	for _, p := range c.Planned {
		day(p.On, EntryPlanned, p.Action.String(), "planned")
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(a.On.Compare(b.On), a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Why, b.Why))
	})
	return out
}

// Open names in words what has no day: stages that wait for an event or a
// date, permanent ones, licenses without an end, and holds that stand.
func (c Calendar) Open() []string {
	var out []string
	for _, w := range c.Rights {
		if w.Until.IsZero() {
			out = append(out, w.Name+": the license has no end")
		}
	}
	for _, st := range c.Schedule.Stages {
		due, err := st.Due(c.Dates)
		switch {
		case err != nil:
			out = append(out, st.title()+": "+err.Error())
		case !due.On.IsValid():
			out = append(out, st.title()+": "+due.Why)
		}
	}
	for _, h := range c.Holds.List() {
		out = append(out, fmt.Sprintf("hold %s stands until it is released", h.ID))
	}
	if !c.Holds.Known() {
		out = append(out, "holds were not read")
	}
	return out
}

// Explain says why a day is what it is: every entry of that day with its
// source, and for a stage of the schedule the reckoning.
func (c Calendar) Explain(on Date) []string {
	var out []string
	for _, e := range c.Entries() {
		if on.IsValid() && e.On == on {
			out = append(out, fmt.Sprintf("%s, %s: %s", e.Kind, e.Subject, e.Why))
		}
	}
	return out
}

// title names a stage by its code and action.
func (s Stage) title() string {
	if s.Code == "" {
		return s.Action.String()
	}
	return s.Code + " " + s.Action.String()
}
