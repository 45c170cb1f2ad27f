package sync

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// DispositionKind says what happened to a record, as far as access to it is
// concerned.
type DispositionKind string

// The kinds of events. Each is a hint to look: what holds is read anew.
const (
	// EventFirstUseEnded: nobody may begin to use it any more.
	EventFirstUseEnded DispositionKind = "first_use_ended"
	// EventLicenseEnded: its use must stop.
	EventLicenseEnded DispositionKind = "license_ended"
	// EventRightsChanged: its license was renewed, narrowed or read anew.
	EventRightsChanged DispositionKind = "rights_changed"
	// EventRetentionEnded: the day of its retention has come.
	EventRetentionEnded DispositionKind = "retention_ended"
	// EventDispositionDue: a disposition search of ECM lists it as due.
	EventDispositionDue DispositionKind = "disposition_due"
	// EventKept: a review left it as it is, or its retention was lengthened.
	EventKept DispositionKind = "kept"
	// EventHoldSet and EventHoldReleased: one hold, one event.
	EventHoldSet      DispositionKind = "hold_set"
	EventHoldReleased DispositionKind = "hold_released"
	// EventDisposed: ECM's disposition process carried out an action that ends
	// it.
	EventDisposed DispositionKind = "disposed"
	// EventTransferred: another custodian took it over.
	EventTransferred DispositionKind = "transferred"
	// EventGone: it is not where it stood, and nothing tells why.
	EventGone DispositionKind = "gone"
	// EventOutOfReach: it exists, and not where it belongs.
	EventOutOfReach DispositionKind = "out_of_reach"
	// EventReturned: it stands where it belongs again.
	EventReturned DispositionKind = "returned"
	// EventPurchaseCanceled: its purchase was canceled at Smint.io.
	EventPurchaseCanceled DispositionKind = "purchase_canceled"
	// EventSuperseded: another record takes its place.
	EventSuperseded DispositionKind = "superseded"
)

// eventRule says what an event claims, and what it may do.
type eventRule struct {
	// claims is the cause that must be found, if the event is true.
	claims AccessCause
	// grants: it may give access back. All others only take away.
	grants bool
	// holds: nothing is done about it while the holds are not known.
	holds bool
}

var eventRules = map[DispositionKind]eventRule{
	EventFirstUseEnded:    {claims: CauseFirstUseEnded},
	EventLicenseEnded:     {claims: CauseLicenseEnded},
	EventRightsChanged:    {grants: true},
	EventRetentionEnded:   {claims: CauseRetentionEnded, holds: true},
	EventDispositionDue:   {claims: CauseRetentionEnded, holds: true},
	EventKept:             {grants: true, holds: true},
	EventHoldSet:          {claims: CauseHeld, holds: true},
	EventHoldReleased:     {grants: true, holds: true},
	EventDisposed:         {claims: CauseDestroyed},
	EventTransferred:      {claims: CauseTransferred},
	EventGone:             {claims: CauseGone},
	EventOutOfReach:       {claims: CauseOutOfReach},
	EventReturned:         {grants: true},
	EventPurchaseCanceled: {claims: CauseCanceled},
	EventSuperseded:       {claims: CauseSuperseded},
}

// Known tells whether this version knows the kind.
func (k DispositionKind) Known() bool { _, ok := eventRules[k]; return ok }

// DispositionEvent is something that happened to a record in one of the two
// systems: plain data that any job engine can carry. It gives no orders: what
// is done rests on what is found when it is handled.
type DispositionEvent struct {
	// ID is a function of what happened, so that an event that comes twice is
	// known: see [DispositionEvent.Identify].
	ID     string            `json:"id"`
	Kind   DispositionKind   `json:"kind"`
	Record records.RecordKey `json:"record"`
	// Node is the record's node, as it was last seen; 0 if nobody knows.
	Node int64 `json:"node,omitempty"`
	// At is when it happened, by the clock of the system in which it did; where
	// that does not tell, when it was seen.
	At time.Time `json:"at"`
	// SeenAt is when it was seen, Seen where, in words.
	SeenAt time.Time `json:"seen_at"`
	Seen   string    `json:"seen"`
	// Evidence leads to what it rests on.
	Evidence DispositionEvidence `json:"evidence,omitzero"`
	// Policy is the version of the access policy that was in force when it was
	// seen, and by which it is decided, whenever that is. Empty is the one in
	// force when it is handled.
	Policy string `json:"policy,omitempty"`
	// Known is what was last read of the record while it stood.
	Known *AccessFacts `json:"known,omitempty"`
}

// DispositionEvidence names what an event rests on, so that it can be looked at
// again.
type DispositionEvidence struct {
	// Search and Snapshot are a disposition search and its dated run.
	Search   int64     `json:"search,omitempty"`
	Snapshot ecm.QDate `json:"snapshot,omitempty"`
	// Hold is the id of a hold.
	Hold int64 `json:"hold,omitempty"`
	// Transaction is a purchase, Continuation the place of the feed from which on
	// it was seen.
	Transaction  string `json:"transaction,omitempty"`
	Continuation string `json:"continuation,omitempty"`
	// Successor is the record that takes the place of this one.
	Successor records.RecordKey `json:"successor,omitzero"`
	// Why says in words what was seen.
	Why string `json:"why,omitempty"`
}

// Identify returns the event with the id that follows from what happened to
// which record, when and by what.
func (e DispositionEvent) Identify() DispositionEvent {
	parts := []string{
		string(e.Kind), e.Record.String(), e.At.UTC().Format(time.RFC3339Nano), fmt.Sprint(e.Evidence.Search), string(e.Evidence.Snapshot),
		fmt.Sprint(e.Evidence.Hold), e.Evidence.Transaction, e.Evidence.Successor.String(),
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	e.ID = string(e.Kind) + "-" + hex.EncodeToString(sum[:8])
	return e
}

// Validate returns nil, or an error that matches records.ErrInvalid and lists
// every fault.
func (e DispositionEvent) Validate() error {
	var faults records.Problems
	faults.Check(e.Kind.Known(), "kind", e.Kind, "a known kind of event")
	faults.Check(e.Record.IsValid(), "record", e.Record, "the record's key")
	faults.Check(!e.At.IsZero(), "at", e.At, "when it happened")
	faults.Check(e.ID != "", "id", e.ID, "the event's id: see Identify")
	faults.Check(e.Node >= 0, "node", e.Node, "a node, or 0")
	faults.Check(e.Kind != EventSuperseded || e.Evidence.Successor.IsValid() && e.Evidence.Successor != e.Record, "evidence.successor", e.Evidence.Successor, "the record that takes its place")
	own := e.Evidence.Transaction == e.Record.Item() && e.Record.Kind() != records.SourceAsset
	faults.Check(own || e.Evidence.Transaction == "" && e.Kind != EventPurchaseCanceled, "evidence.transaction", e.Evidence.Transaction, "the record's own purchase")
	if e.Known != nil {
		faults.Check(e.Known.Record == e.Record, "known.record", e.Known.Record, "the event's record")
	}
	return faults.Err("sync.DispositionEvent")
}

// String reads as one line.
func (e DispositionEvent) String() string {
	text := fmt.Sprintf("%s of %s at %s", e.Kind, e.Record, e.At.UTC().Format(time.RFC3339))
	if e.Seen != "" {
		text += ", seen in " + e.Seen
	}
	return text
}
