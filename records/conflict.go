package records

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ConflictKind says what clashes on a calendar.
type ConflictKind uint8

// The kinds of conflicts.
const (
	ConflictUnknown ConflictKind = iota
	// ConflictRetentionBeforeLicense: the record may be gone while the license
	// goes on, and with it the proof of lawful use.
	ConflictRetentionBeforeLicense
	// ConflictLicenseBeforeRetention: use must stop while the record must stay.
	// Access is to be taken away, the record is not.
	ConflictLicenseBeforeRetention
	// ConflictHoldOverDisposition: a hold stands, or may, over a disposition
	// that is due or planned. It will not happen; after the release it is
	// reviewed again.
	ConflictHoldOverDisposition
	// ConflictHoldOutlastsLicense: the license ends under a hold, which keeps
	// the record and prolongs no right.
	ConflictHoldOutlastsLicense
	// ConflictUseOutsideLicense: a planned use begins before or goes on after
	// the license, or there is none.
	ConflictUseOutsideLicense
	// ConflictFirstUseMissed: a planned use begins after the last moment for a
	// first use.
	ConflictFirstUseMissed
	// ConflictPlannedEarly: a disposition is planned before retention ends,
	// while its end is open, or against a permanent retention.
	ConflictPlannedEarly
	// ConflictNoEvent: retention waits for an event that no date and no license
	// on the calendar will bring.
	ConflictNoEvent
)

var conflictTexts = []string{
	"unknown", "retention ends before license", "license ends before retention", "hold over disposition",
	"hold outlasts license", "use outside license", "first use missed", "disposition planned too early", "no event in sight",
}

// String names the kind; it is total.
func (k ConflictKind) String() string { return enumString(conflictTexts, "ConflictKind", k) }

// MarshalText returns the kind's name; a foreign number is an error.
func (k ConflictKind) MarshalText() ([]byte, error) {
	return enumText(conflictTexts, "ConflictKind", k)
}

// UnmarshalText reads exactly one of the kinds' names.
func (k *ConflictKind) UnmarshalText(text []byte) (err error) {
	*k, err = enumParse[ConflictKind](conflictTexts, "conflict", string(text))
	return err
}

// Conflict is something that will clash, or does.
type Conflict struct {
	Kind ConflictKind `json:"kind"`
	// On is the first day on which it clashes; invalid if it has none.
	On Date `json:"on,omitzero"`
	// Subject is what clashes: a license, a hold, a use, an action.
	Subject string `json:"subject"`
	// Text says it in words with both sides' days.
	Text string `json:"text"`
}

// String reads as one line.
func (c Conflict) String() string { return fmt.Sprintf("%s %s: %s", c.On, c.Kind, c.Text) }

// Conflicts returns what clashes on the calendar, known from today's facts and
// so before its day comes. They are sorted by day, those without a day last.
func (c Calendar) Conflicts() []Conflict {
	var out []Conflict
	kept, err := c.Schedule.Kept(c.Dates)
	if err == nil {
		out = append(out, c.retentionConflicts(kept)...)
	}
	out = append(out, c.plannedConflicts()...)
	out = append(out, c.useConflicts()...)
	out = append(out, c.holdConflicts(kept)...)
	slices.SortFunc(out, func(a, b Conflict) int {
		rank := func(d Date) int {
			if d.IsValid() {
				return d.ordinal()
			}
			return 1 << 30
		}
		return cmp.Or(rank(a.On)-rank(b.On), cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Text, b.Text))
	})
	return out
}

// retentionConflicts compares each license with the end of the record.
func (c Calendar) retentionConflicts(kept Due) []Conflict {
	var out []Conflict
	for _, w := range c.Rights {
		ends := DateIn(w.Until, c.Zone)
		switch {
		case w.Until.IsZero() && kept.On.IsValid():
			out = append(out, Conflict{
				ConflictRetentionBeforeLicense, kept.On, w.Name,
				fmt.Sprintf("the record may be gone from %s on while %s has no end", kept.On, w.Name),
			})
		case w.Until.IsZero():
		case kept.On.IsValid() && (kept.On.Before(ends) || kept.On.Start(lastZone).Before(w.Until)): // see At
			out = append(out, Conflict{
				ConflictRetentionBeforeLicense, kept.On, w.Name,
				fmt.Sprintf("the record may be gone from %s on while %s goes on until %s", kept.On, w.Name, instant(w.Until)),
			})
		case !kept.On.IsValid() || kept.On.After(ends):
			out = append(out, Conflict{
				ConflictLicenseBeforeRetention, ends, w.Name,
				fmt.Sprintf("use under %s must stop on %s while the record stays: %s", w.Name, ends, kept),
			})
		}
	}
	for _, st := range c.Schedule.Stages {
		if due, err := st.Due(c.Dates); err == nil && st.Kind == RetentionEvent && !due.On.IsValid() && !c.brings(st.Event) {
			out = append(out, Conflict{
				ConflictNoEvent,
				Date{},
				st.title(),
				fmt.Sprintf("%s waits for %s, which nothing on the calendar brings", st.title(), st.Event),
			})
		}
	}
	return out
}

// EventLicenseEnd is the name of the event that the end of a license is.
const EventLicenseEnd = "license_end"

// brings reports whether something on the calendar will bring the event.
func (c Calendar) brings(event string) bool {
	return event == EventLicenseEnd && slices.ContainsFunc(c.Rights, func(w RightsWindow) bool { return !w.Until.IsZero() })
}

func (c Calendar) plannedConflicts() []Conflict {
	var out []Conflict
	for _, p := range c.Planned {
		_, due, err := c.Schedule.Stage(p.Action, c.Dates)
		if err == nil && p.Action.Removes() && c.Schedule.permanent() {
			due = Due{Permanent: true, Why: "kept permanently"}
		}
		why := due.String()
		if err != nil {
			why = err.Error()
		}
		if err != nil || !due.Reached(p.On) {
			out = append(out, Conflict{
				ConflictPlannedEarly, p.On, p.Action.String(),
				fmt.Sprintf("%s is planned for %s: %s", p.Action, p.On, why),
			})
		}
	}
	return out
}

func (c Calendar) useConflicts() []Conflict {
	var out []Conflict
	for _, u := range c.Uses {
		begins, over := u.From.Start(c.Zone), u.Until.End(c.Zone)
		if len(c.Rights) == 0 {
			out = append(out, Conflict{ConflictUseOutsideLicense, u.From, u.Name, fmt.Sprintf("%s is planned, and nothing on the calendar licenses it", u.Name)})
		}
		for _, w := range c.Rights {
			add := func(kind ConflictKind, on Date, format string, args ...any) {
				out = append(out, Conflict{kind, on, u.Name, fmt.Sprintf(format, args...)})
			}
			if u.From.IsValid() && !w.From.IsZero() && begins.Before(w.From) {
				add(ConflictUseOutsideLicense, u.From, "%s begins on %s, %s at %s", u.Name, u.From, w.Name, instant(w.From))
			}
			if !w.Until.IsZero() && (!u.Until.IsValid() || over.After(w.Until)) {
				add(ConflictUseOutsideLicense, DateIn(w.Until, c.Zone), "%s goes on %s, %s ends at %s", u.Name, lasting(u.Until), w.Name, instant(w.Until))
			}
			if u.From.IsValid() && !w.FirstUseUntil.IsZero() && !begins.Before(w.FirstUseUntil) {
				add(ConflictFirstUseMissed, u.From, "%s begins on %s, its first use under %s had to happen before %s", u.Name, u.From, w.Name, instant(w.FirstUseUntil))
			}
		}
	}
	return out
}

func (c Calendar) holdConflicts(kept Due) []Conflict {
	if c.Holds.Check() == nil {
		return nil
	}
	var out []Conflict
	if kept.On.IsValid() {
		out = append(out, Conflict{
			ConflictHoldOverDisposition, kept.On, c.Holds.String(),
			fmt.Sprintf("retention ends on %s, nothing is disposed of while held by %s", kept.On, c.Holds),
		})
	}
	for _, p := range c.Planned {
		if p.Action.Removes() {
			out = append(out, Conflict{
				ConflictHoldOverDisposition, p.On, c.Holds.String(),
				fmt.Sprintf("%s is planned for %s and will be refused while held by %s", p.Action, p.On, c.Holds),
			})
		}
	}
	for _, w := range c.Rights {
		if !w.Until.IsZero() && c.Holds.Len() > 0 {
			on := DateIn(w.Until, c.Zone)
			out = append(out, Conflict{
				ConflictHoldOutlastsLicense, on, w.Name,
				fmt.Sprintf("%s ends on %s; the hold by %s keeps the record and prolongs no right", w.Name, on, c.Holds),
			})
		}
	}
	return out
}

func lasting(until Date) string {
	if !until.IsValid() {
		return "without an end"
	}
	return "until " + until.String()
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Day is what may and must be done with a record at one moment.
type Day struct {
	// Use and FirstUse say whether every license on the calendar is open for
	// use, and for a first use. Without a license both are false: what nobody
	// licensed is not allowed.
	Use      bool `json:"use"`
	FirstUse bool `json:"first_use"`
	// Held says that a hold stands, or that holds are unknown.
	Held bool `json:"held"`
	// Keep says that the record must be kept: retention has not ended
	// everywhere, or it is held.
	Keep bool `json:"keep"`
}

// At answers what may and must be done at t. License and retention are asked
// by their own clocks: a hold keeps the record and grants no use, a license
// grants use and keeps nothing.
func (c Calendar) At(t time.Time) Day {
	d := Day{Use: len(c.Rights) > 0, FirstUse: len(c.Rights) > 0}
	for _, w := range c.Rights {
		if t.Before(w.From) || !w.Until.IsZero() && !t.Before(w.Until) {
			d.Use, d.FirstUse = false, false
		}
		if !w.FirstUseUntil.IsZero() && !t.Before(w.FirstUseUntil) {
			d.FirstUse = false
		}
	}
	d.Held = c.Holds.Check() != nil
	kept, err := c.Schedule.Kept(c.Dates)
	d.Keep = d.Held || err != nil || kept.Permanent || !kept.On.BegunEverywhere(t)
	return d
}
