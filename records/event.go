package records

import (
	"fmt"
	"time"
)

// EventKind says what happened to a record.
type EventKind uint8

// The kinds of events in a record's life.
const (
	EventUnknown     EventKind = iota
	EventCaptured              // bytes were taken from the source and stored
	EventDeclared              // class, schedule and details were given
	EventFinalized             // the content became immutable
	EventRights                // rights were read and written
	EventEvidence              // an evidence package was attached
	EventHeld                  // a hold was applied
	EventReleased              // a hold was released
	EventReviewed              // a disposition review ended with keeping it
	EventTransferred           // handed over and acknowledged
	EventDestroyed             // destroyed, and looked for
	EventRefused               // a step was asked for and refused
	EventCorrected             // an older event was wrong or incomplete
)

var eventTexts = []string{
	"unknown", "captured", "declared", "finalized", "rights", "evidence", "held", "released", "reviewed", "transferred",
	"destroyed", "refused", "corrected",
}

// String names the kind; it is total.
func (k EventKind) String() string { return enumString(eventTexts, "EventKind", k) }

// MarshalText returns the kind's name; a foreign number is an error.
func (k EventKind) MarshalText() ([]byte, error) { return enumText(eventTexts, "EventKind", k) }

// UnmarshalText reads exactly one of the kinds' names.
func (k *EventKind) UnmarshalText(text []byte) (err error) {
	*k, err = enumParse[EventKind](eventTexts, "event", string(text))
	return err
}

// Event is the evidence of one thing that happened to a record: who did what,
// with which application, when, where and why.
type Event struct {
	// ID names the event within its record.
	ID     string    `json:"id"`
	Record RecordKey `json:"record"`
	Kind   EventKind `json:"kind"`
	// Organization is on whose behalf, User who, Application with what.
	Organization string `json:"organization"`
	User         string `json:"user"`
	Application  string `json:"application"`
	// At is when, in UTC.
	At time.Time `json:"at"`
	// Location is where from: a site or a network address.
	Location string `json:"location"`
	// Reason is why. Some kinds need one.
	Reason string `json:"reason,omitzero"`
	// Corrects is the id of the older event that this one corrects.
	Corrects string `json:"corrects,omitzero"`
}

// needsReason reports whether an event of that kind must say why.
func (k EventKind) needsReason() bool {
	switch k {
	case EventHeld, EventReleased, EventReviewed, EventTransferred, EventDestroyed, EventRefused, EventCorrected:
		return true
	case EventUnknown, EventCaptured, EventDeclared, EventFinalized, EventRights, EventEvidence:
		return false
	default:
		return true
	}
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault.
func (e Event) Validate() error {
	var p Problems
	p.Check(e.ID != "", "id", e.ID, "the event's id")
	p.Check(e.Record.IsValid(), "record", e.Record, "the record's key")
	p.Check(e.Kind != EventUnknown && int(e.Kind) < len(eventTexts), "kind", e.Kind, "a known kind of event")
	p.Check(e.Organization != "", "organization", e.Organization, "on whose behalf")
	p.Check(e.User != "", "user", e.User, "who did it")
	p.Check(e.Application != "", "application", e.Application, "with which application")
	p.Check(!e.At.IsZero(), "at", e.At, "when it happened")
	p.Check(e.Location != "", "location", e.Location, "where from: a site or network address")
	p.Check(e.Reason != "" || !e.Kind.needsReason(), "reason", e.Reason, "why, for this kind of event")
	p.Check((e.Corrects != "") == (e.Kind == EventCorrected), "corrects", e.Corrects, "the id of the corrected event, on corrections alone")
	return p.Err("records.Event")
}

// History is the events of one record in the order in which they were noted.
// It only grows.
type History []Event

// Append returns the history with one more event. The history itself is never
// changed: a correction is a new event that names an older one, which stays.
// It returns an error that matches ErrInvalid if the event is incomplete, if
// its id is taken, if it is about another record, or if it corrects an event
// that isn't there.
func (h History) Append(e Event) (History, error) {
	var p Problems
	p.Merge("event", e.Validate())
	corrected := e.Corrects == ""
	for _, old := range h {
		p.Check(old.ID != e.ID, "event.id", e.ID, "an id that no other event has")
		corrected = corrected || old.ID == e.Corrects
	}
	p.Check(corrected, "event.corrects", e.Corrects, "the id of an older event")
	if len(h) > 0 {
		p.Check(h[0].Record == e.Record, "event.record", e.Record, fmt.Sprintf("the history's record %s", h[0].Record))
	}
	if err := p.Err("records.History"); err != nil {
		return h, err
	}
	return append(h[:len(h):len(h)], e), nil
}

// Corrections returns the events that correct the one with that id, oldest
// first, including corrections of corrections.
func (h History) Corrections(id string) []Event {
	chain := map[string]bool{id: true}
	var out []Event
	for _, e := range h {
		if e.Corrects != "" && chain[e.Corrects] {
			out = append(out, e)
			chain[e.ID] = true
		}
	}
	return out
}
