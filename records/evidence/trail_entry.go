package evidence

import (
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
)

// TrailVersion is the version of the entry format that is written. Entries of
// every released version stay readable.
const TrailVersion = 1

// TrailKind says which part of an event an entry is.
type TrailKind string

// The kinds of entries.
const (
	// TrailIntent comes before a mutation.
	TrailIntent TrailKind = "intent"
	// TrailOutcome comes after a mutation and names its intent.
	TrailOutcome TrailKind = "outcome"
	// TrailRefusal tells that something was not done, and why.
	TrailRefusal TrailKind = "refusal"
	// TrailObservation tells what was found; it may name the intent whose
	// outcome it settles.
	TrailObservation TrailKind = "observation"
	// TrailCorrection says that an older entry was wrong or incomplete. The older
	// entry stays.
	TrailCorrection TrailKind = "correction"
)

// Known reports whether k is a kind of entry.
func (k TrailKind) Known() bool {
	switch k {
	case TrailIntent, TrailOutcome, TrailRefusal, TrailObservation, TrailCorrection:
		return true
	}
	return false
}

// TrailResult says how something ended.
type TrailResult string

// The results. An intent has none.
const (
	TrailDone    TrailResult = "done"
	TrailFailed  TrailResult = "failed"
	TrailUnknown TrailResult = "unknown" // a write left, no verdict came back
	TrailAdopted TrailResult = "adopted" // found done when looked up
	TrailRefused TrailResult = "refused"
	TrailFound   TrailResult = "found" // what an observation or a correction tells
)

// Known reports whether r is a result.
func (r TrailResult) Known() bool {
	switch r {
	case TrailDone, TrailFailed, TrailUnknown, TrailAdopted, TrailRefused, TrailFound:
		return true
	}
	return false
}

// TrailActor says who acts: on whose behalf, with what, and where from.
type TrailActor struct {
	Organization string
	// User is a person, or a service account. The trail stores a pseudonym.
	User        string
	Application string
	// Location is a site. A network address is stored as a pseudonym.
	Location string
}

// TrailEvent is what happened, or is about to happen, as the caller tells it.
// User, Subject and a network address as Location are plain here; the trail
// stores pseudonyms for them.
type TrailEvent struct {
	Kind TrailKind
	// Of is the number of the intent that an outcome or observation belongs to,
	// or of the entry that a correction is about; 0 for none.
	Of int64
	// Event is the type of event, in the words of the plan: up to 128 of
	// letters, digits, space and "._/-".
	Event string
	// TrailActor's empty fields are filled from the trail's own actor.
	TrailActor
	// Subject is the person whom it is about, if any.
	Subject string
	// Record is the record's key, of the trail's own scope; zero for none.
	Record records.RecordKey
	// Target is what the step works on, for example "node 42001".
	Target string
	// Digest is that of the bytes concerned, Previous that of what was there
	// before.
	Digest, Previous records.Digest
	// Policy is the version of the policy in force.
	Policy string
	// Result and Detail say how it ended. Detail, Target and Reason are freed of
	// URL queries, credentials and mail addresses, and cut at 512 bytes.
	Result TrailResult
	Detail string
	// Reason is why, where the event has a reason. Refusals (which may give it as
	// Detail) and corrections need one.
	Reason string
	// ClockSkew is the other system's clock minus ours, where it told.
	ClockSkew time.Duration
}

// TrailEntry is one entry as it stands in the log. User, Subject and, for a
// network address, Location are pseudonyms.
type TrailEntry struct {
	// Version is that of the entry's format.
	Version int
	// Number counts from 1 without a gap: entry n is the last of a tree of size n.
	Number int64
	Scope  records.ScopeID
	// Time never runs backwards from one entry to the next.
	Time time.Time
	// Clock is what the writer's clock showed, if it ran behind Time.
	Clock time.Time
	TrailEvent
}

const (
	maxTrailText  = 512
	maxTrailEvent = 128
)

// validate reports every fault of an event whose defaults are filled in.
func (e *TrailEvent) validate(scope records.ScopeID) error {
	var p records.Problems
	check(&p, e.Kind.Known(), "kind", e.Kind, "intent, outcome, refusal, observation or correction")
	check(&p, isEventName(e.Event), "event", e.Event, `1 to 128 letters, digits, spaces or "._/-"`)
	check(&p, e.Organization != "", "organization", e.Organization, "on whose behalf")
	check(&p, e.User != "", "user", "", "who did it")
	check(&p, e.Application != "", "application", e.Application, "with which application")
	check(&p, e.Location != "", "location", "", "where from: a site or network address")
	check(&p, e.Of >= 0, "of", e.Of, "the number of an entry")
	check(&p, e.Of > 0 || e.Kind != TrailOutcome && e.Kind != TrailCorrection, "of", e.Of, "the number of the entry that this one refers to")
	check(&p, e.Of == 0 || e.Kind != TrailIntent && e.Kind != TrailRefusal, "of", e.Of, "0: an intent or refusal refers to none")
	check(&p, (e.Result == "") == (e.Kind == TrailIntent) && (e.Result == "" || e.Result.Known()), "result", e.Result, "how it ended, but none on an intent")
	check(&p, e.Reason != "" || e.Kind != TrailCorrection, "reason", e.Reason, "why it is corrected")
	check(&p, e.Reason != "" || e.Detail != "" || e.Kind != TrailRefusal, "reason", e.Reason, "why it is refused")
	if err := p.Err("evidence.Trail"); err != nil {
		return err
	}
	if e.Record.IsValid() {
		return e.Record.In(scope)
	}
	return nil
}

// check notes a fault if ok is false. A good value costs nothing: it is not
// made into an interface first.
func check[T any](p *records.Problems, ok bool, field string, value T, want string) {
	if !ok {
		p.Add(field, value, want)
	}
}

func isEventName(s string) bool {
	if s == "" || len(s) > maxTrailEvent {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(" ._/-", c) >= 0) {
			return false
		}
	}
	return true
}
