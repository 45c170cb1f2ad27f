package sync

import (
	"cmp"
	"slices"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint/adapter"
)

// Existence says whether a record is there.
type Existence string

// The answers. One that is not listed here, and none, is unknown.
const (
	// Exists: it stands where it belongs.
	Exists Existence = "exists"
	// Destroyed: its stub, or what was observed, says that it was destroyed.
	Destroyed Existence = "destroyed"
	// Gone: it is not where it stood. ECM does not tell why.
	Gone Existence = "gone"
	// OutOfReach: it exists, and not where it belongs.
	OutOfReach Existence = "out_of_reach"
)

// RightsSpan is what the license of a record comes to from one moment on.
type RightsSpan struct {
	// From is when the span begins; zero is the beginning of time.
	From time.Time `json:"from,omitzero"`
	// Causes are what stands against use in that span; none: it is licensed.
	Causes []RightsCause `json:"causes,omitempty"`
}

// RightsCause is one thing that stands against use.
type RightsCause struct {
	Cause AccessCause `json:"cause"`
	Why   string      `json:"why"`
}

// AccessFacts are what was found of one record, as far as access rests on it:
// plain values. The zero value knows nothing, and permits nothing.
type AccessFacts struct {
	Record records.RecordKey `json:"record"`
	// Node is the record's node, 0 if it is gone.
	Node int64 `json:"node,omitempty"`
	// At is when it was observed.
	At time.Time `json:"at"`
	// Existence tells whether it is there, Why how that is known.
	Existence Existence `json:"existence,omitempty"`
	Why       string    `json:"why,omitempty"`
	// Digest, Class and Schedule say what it is, Declared since when, as far as
	// ECM tells.
	Digest   records.Digest         `json:"digest,omitzero"`
	Class    records.Classification `json:"class,omitzero"`
	Schedule string                 `json:"schedule,omitempty"`
	Declared records.Date           `json:"declared,omitzero"`
	// State is where it stands in its lifecycle.
	State records.State `json:"state"`
	// Approved tells whether ECM says who approved it, and when.
	Approved rightsmap.Tri `json:"approved"`
	// Rights are the spans of its license, by time, without gaps; none: nothing
	// is known of it.
	Rights []RightsSpan `json:"rights,omitempty"`
	// Holds are those in force, or unknown. Released tells that there were others.
	Holds    records.HoldSet `json:"holds"`
	Released bool            `json:"released,omitempty"`
	// Retention is the day on which the record may be gone, as ECM reckons.
	Retention records.Due `json:"retention,omitzero"`
	// Superseded tells that another record took its place, SupersededBy which, if
	// that can be said.
	Superseded   bool              `json:"superseded,omitempty"`
	SupersededBy records.RecordKey `json:"superseded_by,omitzero"`
}

// Decide tells what may be done with the record at a moment. It is total, pure
// and deterministic: the same facts, policy and moment give the same answer, and
// it reads no clock. The narrowest state of all causes that apply holds; what
// neither facts nor policy know is hidden.
func (p AccessPolicy) Decide(f AccessFacts, at time.Time) AccessDecision {
	d := p.decide(f, at)
	for _, turn := range p.turns(f, at) {
		if then := p.decide(f, turn); then.Access != d.Access || then.Cause != d.Cause {
			d.Changes = turn
			break
		}
	}
	return d
}

func (p AccessPolicy) decide(f AccessFacts, at time.Time) AccessDecision {
	d := AccessDecision{
		Record: f.Record, Access: adapter.Full, Reason: "nothing stands against it", Policy: p.Version, At: at.UTC(), Held: f.Holds.Len() > 0,
	}
	for _, c := range p.causes(f, at) {
		access := p.of(c.Cause)
		if access == adapter.Superseded && !f.SupersededBy.IsValid() {
			access = adapter.Expired // nobody can say by what.
		}
		d.Causes = append(d.Causes, AccessReason{c.Cause, access, c.Why})
	}
	slices.SortStableFunc(d.Causes, func(a, b AccessReason) int { return rank(b.Access) - rank(a.Access) })
	if len(d.Causes) > 0 && d.Causes[0].Access != adapter.Full {
		d.Access, d.Cause, d.Reason = d.Causes[0].Access, d.Causes[0].Cause, d.Causes[0].Why
	}
	if d.Access == adapter.Superseded {
		d.ReplacedBy = f.SupersededBy
	}
	return d
}

// causes lists what applies at a moment.
func (p AccessPolicy) causes(f AccessFacts, at time.Time) []RightsCause {
	var list []RightsCause
	say := func(c AccessCause, why string) { list = append(list, RightsCause{c, why}) }
	switch f.Existence {
	case Exists:
	case Destroyed:
		say(CauseDestroyed, cmp.Or(f.Why, "the record was destroyed"))
		return list
	case Gone:
		say(CauseGone, cmp.Or(f.Why, "the record is not where it stood"))
		return list
	case OutOfReach:
		say(CauseOutOfReach, cmp.Or(f.Why, "the record is out of reach"))
		return list
	default:
		say(CauseUnknown, cmp.Or(f.Why, "nobody can tell whether the record exists"))
		return list
	}
	switch f.State {
	case records.StateDeclared, records.StateFinal:
	case records.StateTransferred:
		say(CauseTransferred, "the record was handed over, and that was acknowledged")
	case records.StateDestroyed:
		say(CauseDestroyed, "the record was destroyed")
	case records.StateAbsent, records.StateIncomplete:
		say(CauseIncomplete, "it is no complete record")
	case records.StateUnknown:
		say(CauseUnknown, "the state of the record is not known")
	default:
		say(CauseUnknown, "the state of the record is not known")
	}
	switch f.Approved {
	case rightsmap.Yes:
	case rightsmap.No:
		say(CauseNotApproved, "the record does not say who approved it, and when")
	case rightsmap.Unknown:
		say(CauseApprovalUnknown, "nobody can say whether it is approved")
	default:
		say(CauseApprovalUnknown, "nobody can say whether it is approved")
	}
	list = append(list, f.rightsAt(at)...)
	switch {
	case f.SupersededBy.IsValid():
		say(CauseSuperseded, "superseded by "+f.SupersededBy.String())
	case f.Superseded:
		say(CauseSuperseded, "superseded, by a record that cannot be named")
	}
	return append(list, p.keeping(f, at)...)
}

// keeping lists what retention and holds say.
func (p AccessPolicy) keeping(f AccessFacts, at time.Time) []RightsCause {
	var list []RightsCause
	switch {
	case f.Holds.Len() > 0:
		list = append(list, RightsCause{CauseHeld, "held: " + f.Holds.String() + "; that keeps the record and prolongs no right"})
	case !f.Holds.Known():
		list = append(list, RightsCause{CauseHoldUnknown, "its holds cannot be read"})
	case f.Released:
		list = append(list, RightsCause{CauseReleased, "its holds were released"})
	}
	// A hold suspends the end of retention, and so do holds nobody knows.
	if end := p.retentionEnd(f); f.Holds.Check() == nil && !end.IsZero() && !at.Before(end) {
		list = append(list, RightsCause{CauseRetentionEnded, "retention ended: " + f.Retention.String()})
	}
	return list
}

// rightsAt is the span in which a moment lies.
func (f AccessFacts) rightsAt(at time.Time) []RightsCause {
	for _, span := range slices.Backward(f.Rights) {
		if span.From.IsZero() || !at.Before(span.From) {
			return span.Causes
		}
	}
	return []RightsCause{{CauseRightsUnreadable, "nothing is known of its license"}}
}

// retentionEnd is the moment at which the day has come; zero if none is known.
func (p AccessPolicy) retentionEnd(f AccessFacts) time.Time {
	if f.Retention.Permanent || !f.Retention.On.IsValid() {
		return time.Time{}
	}
	zone := time.FixedZone("UTC-12", -12*3600) // where a day begins last.
	if p.RetentionZone != "" {
		if named, err := time.LoadLocation(p.RetentionZone); err == nil {
			zone = named
		}
	}
	return f.Retention.On.Start(zone).UTC()
}

// turns are the moments after at when the answer may change, in their order.
func (p AccessPolicy) turns(f AccessFacts, at time.Time) []time.Time {
	list := []time.Time{p.retentionEnd(f)}
	for _, span := range f.Rights {
		list = append(list, span.From)
	}
	list = slices.DeleteFunc(list, func(t time.Time) bool { return !t.After(at) })
	slices.SortFunc(list, time.Time.Compare)
	return list
}
