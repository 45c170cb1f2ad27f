package sync

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

const propagateDisposition = "PropagateDisposition"

// Propagation says how what happens to the records of a scope is carried to
// Smint.io.
type Propagation struct {
	// Places are all the places where Smint.io shows records of the scope.
	Places []Place
	// Deadline is how long a place may take until it is proven; 15 minutes by
	// default. Poll is the time between two read-backs; 10 seconds by default.
	Deadline, Poll time.Duration
	// Wait waits between two read-backs; by default it sleeps.
	Wait func(ctx context.Context, d time.Duration) error
	// Escalate is told of every place that is not proven. Without it, the error
	// of the call alone tells.
	Escalate func(ctx context.Context, e Escalation) error
	// Signers sign certificates of destruction. Without any, none is made.
	Signers []crypto.Signer
	// Uses tells who uses a record and for what; Route takes what has to be
	// replaced to them. Without Route nothing is routed.
	Uses  func(ctx context.Context, key records.RecordKey) (owner string, uses []records.PlannedUse, err error)
	Route func(ctx context.Context, r ReplacementRoute) error
}

// checked returns a copy with its defaults.
func (p *Propagation) checked(faults *records.Problems) Propagation {
	if p == nil {
		return Propagation{}
	}
	out := *p
	out.Places = slices.Clone(p.Places)
	faults.Check(out.Deadline >= 0, "propagation.deadline", out.Deadline, "a time, or 0 for 15 minutes")
	faults.Check(out.Poll >= 0, "propagation.poll", out.Poll, "a time, or 0 for 10 seconds")
	faults.Check(!slices.Contains(out.Places, nil), "propagation.places", "nil", "places")
	if out.Deadline == 0 {
		out.Deadline = 15 * time.Minute
	}
	if out.Poll == 0 {
		out.Poll = 10 * time.Second
	}
	if out.Wait == nil {
		out.Wait = sleep
	}
	return out
}

// Escalation tells a person of a place where it is not proven that Smint.io
// shows no more than it may.
type Escalation struct {
	Event  string            `json:"event"`
	Record records.RecordKey `json:"record"`
	Access adapter.Access    `json:"access"`
	Place  string            `json:"place"`
	ID     string            `json:"id"`
	Why    string            `json:"why"`
	Since  time.Time         `json:"since"`
	At     time.Time         `json:"at"`
}

// PropagateRequest asks for an event to be carried to Smint.io.
type PropagateRequest struct {
	Event DispositionEvent `json:"event"`
	// Disposal names who approved and executed a disposal, as far as the caller
	// knows; ECM does not tell. What is left open, the certificate calls not
	// observed.
	Disposal DisposalPeople `json:"disposal,omitzero"`
	// Transfer is the handing over, for EventTransferred.
	Transfer *records.Transfer `json:"transfer,omitempty"`
	// Replacement names owner and uses, where the scope's Uses does not.
	Replacement *ReplacementRequest `json:"replacement,omitempty"`
	// Told is that of the receipt of the last call for the same event, if there was
	// one: what is still as it was then is escalated, routed and taken down again
	// only once a day, and not by every call.
	Told map[string]time.Time `json:"told,omitempty"`
}

// DisposalPeople are the two people of a disposal, and on what ground they
// acted.
type DisposalPeople struct {
	ApprovedBy string `json:"approved_by,omitempty"`
	ExecutedBy string `json:"executed_by,omitempty"`
	Authority  string `json:"authority,omitempty"`
}

// PropagatePlan is what PropagateDisposition would do, and what it saw when it
// decided so.
type PropagatePlan struct {
	Scope    string            `json:"scope"`
	Policy   string            `json:"policy"`
	Key      records.RecordKey `json:"key"`
	Event    DispositionEvent  `json:"event"`
	Decision AccessDecision    `json:"decision"`
	// True tells that what the event claims was found.
	True   bool        `json:"true"`
	Places []PlacePlan `json:"places"`
	// Replacement is the route that will be taken; nil for none.
	Replacement *ReplacementRoute `json:"replacement,omitempty"`
	Steps       []Step            `json:"steps,omitempty"`
	Findings    []string          `json:"findings,omitempty"`

	scope   *Scope
	request PropagateRequest
	rule    eventRule
	facts   AccessFacts
	absence absence
	// carries and anyVersion go into the entry of each place.
	carries    []string
	anyVersion bool
	// word is what Smint.io says of the license, and ECM does not have yet.
	word RightsRequest
	// replaces tells that the successor is not marked in ECM yet.
	replaces bool
	// ownerless tells why what has to be replaced cannot be routed.
	ownerless error
	record    StoredRecord
}

// PlacePlan is what is to be done at one place.
type PlacePlan struct {
	Place string     `json:"place"`
	Entry PlaceEntry `json:"entry"`
	// Shows is what Smint.io showed there, in words.
	Shows string `json:"shows"`
	// Do is the change, empty for none; Why says why there is none.
	Do  smint.PublishAction `json:"do,omitempty"`
	Why string              `json:"why,omitempty"`

	place Place
}

// String prints the plan for a person.
func (p *PropagatePlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "carry %s to Smint.io\n  access: %s: %s, by access policy %s", p.Event, p.Decision.Access, p.Decision.Reason, p.Decision.Policy)
	for _, pl := range p.Places {
		fmt.Fprintf(&b, "\n  %s, %s: %s", pl.Place, pl.Entry.ID, pl.Shows)
		if pl.Why != "" {
			b.WriteString("; " + pl.Why)
		}
	}
	return printSteps(b.String(), p.Steps)
}

// PropagateDisposition carries what happened to a record to Smint.io. The event
// is a hint: what holds is read anew, access follows from it by the access
// policy of the event, and each place where Smint.io shows the asset is changed
// and then read back until it shows no more than that, or until the deadline.
//
// It only ever takes away, except for events that may give back, and those only
// what is found to hold now by the policy in force: an older event, or one that
// comes twice, never grants again, and nothing does after a disposal. A record
// that ECM destroyed leaves a stub beside where it stood and, if there are
// signers, a certificate of what was observed, which is all that it claims.
//
// Nothing is ever destroyed by it. The receipt says Changed, Unchanged, Skipped
// if the event is not, or no longer, true, and Incomplete with an error that
// matches ErrNotProven if a place is not proven; each such place is escalated.
// A place that nothing carries changes to stays open until it shows no more
// than it may. Other errors: ErrForeignScope, ErrNoPlace, records.ErrInvalid,
// records.ErrHoldUnknown if the event is about disposition or holds and they
// cannot be read, records.ErrNotAcknowledged for a transfer, ErrVerify, and
// those of the clients: nothing is granted then. It may be called again with
// the same event at any time.
func PropagateDisposition(ctx context.Context, s *Scope, req PropagateRequest) (Receipt, error) {
	plan, err := PlanPropagateDisposition(ctx, s, req)
	if err != nil {
		return Receipt{
			Primitive: propagateDisposition, Scope: s.id.String(), Policy: s.policy.Version, Record: s.ref(req.Event.Record, ecm.NodeID(req.Event.Node)),
			Name: req.Event.ID, Reason: err.Error(), At: time.Now().UTC(),
		}, err
	}
	return plan.apply(ctx)
}

// PlanPropagateDisposition observes and decides, and changes nothing. Its errors
// are those of PropagateDisposition.
func PlanPropagateDisposition(ctx context.Context, s *Scope, req PropagateRequest) (*PropagatePlan, error) {
	e := req.Event
	if err := e.Record.In(s.id); err != nil {
		return nil, err
	}
	if err := e.Validate(); err != nil {
		return nil, err
	}
	if len(s.carrying.Places) == 0 {
		return nil, fmt.Errorf("%w: scope %s, %s: set Places of its Propagation", ErrNoPlace, s.id, e)
	}
	policy, err := s.AccessPolicy(e.Policy)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e, err)
	}
	p := &PropagatePlan{Scope: s.id.String(), Policy: s.policy.Version, Key: e.Record, Event: e, scope: s, request: req, rule: eventRules[e.Kind]}
	if err := p.observe(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", e, err)
	}
	if p.rule.holds && p.facts.Existence == Exists && !p.facts.Holds.Known() {
		return nil, fmt.Errorf("%s: %w: nothing is changed until the holds of node %d can be read", e, records.ErrHoldUnknown, p.facts.Node)
	}
	p.Decision = policy.Decide(p.facts, p.facts.At)
	p.claim()
	for _, place := range s.carrying.Places {
		if err := p.look(ctx, place); err != nil {
			return nil, fmt.Errorf("%s: %w", e, err)
		}
	}
	if err := p.route(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", e, err)
	}
	p.Steps = p.steps()
	return p, nil
}

// mayGrant tells whether the event may give access back: it is of a kind that
// does, it is decided by the policy in force, and the record stands.
func (p *PropagatePlan) mayGrant() bool {
	return p.rule.grants && p.facts.Existence == Exists && p.Decision.Policy == p.scope.policy.Access.Version
}

// look reads a place and decides what to do there.
func (p *PropagatePlan) look(ctx context.Context, place Place) error {
	entry, err := place.Entry(ctx, p.Key)
	if err != nil {
		return err
	}
	entry.Carries, entry.AnyVersion = p.carries, p.anyVersion
	plan := PlacePlan{Place: place.Name(), Entry: entry, place: place}
	if entry.ID == "" {
		plan.Shows = "it never shows it"
		p.Places = append(p.Places, plan)
		return nil
	}
	back, err := place.ReadBack(ctx, entry)
	within := false
	switch {
	case err != nil && ctx.Err() != nil:
		return err
	case err != nil:
		plan.Shows = "nobody can tell: " + err.Error()
	default:
		within, plan.Shows = proves(p.Decision.Access, back)
	}
	plan.Do, plan.Why = p.needs(entry, within)
	p.Places = append(p.Places, plan)
	return nil
}

// needs is what has to be done at a place, or why nothing has. Within tells that
// it shows no more than it may.
func (p *PropagatePlan) needs(entry PlaceEntry, within bool) (smint.PublishAction, string) {
	d := p.Decision
	do := entry.action(d)
	switch {
	case entry.agrees(d):
		return "", "it was told so already"
	case entry.Says != "" && narrower(entry.Says, d.Access):
		if p.mayGrant() {
			return do, ""
		}
		return "", fmt.Sprintf("it was told less (%s): this event gives nothing back", entry.Says)
	case entry.Says != "":
		return do, ""
	case d.Access == adapter.Full:
		return "", "nothing is to be taken away"
	case within:
		return "", "it shows no more than it may"
	}
	return do, ""
}

// steps lists the mutations that lead to what was decided.
func (p *PropagatePlan) steps() []Step {
	var steps []Step
	for _, pl := range p.Places {
		if pl.Do != "" {
			steps = append(steps, pl.step())
		}
	}
	if p.word.Source != nil {
		steps = append(steps, Step{Do: "keep what the license says now", On: fmt.Sprintf("%q", p.Key.CompanionName(records.CompanionRights))})
	}
	if p.relates() {
		steps = append(steps, Step{Do: "cross-reference", On: "node " + p.record.Record.node.String(), With: p.scope.policy.Access.ReplacedReference + " to " + p.facts.SupersededBy.String()})
	}
	if p.leavesStub() {
		steps = append(steps, Step{Do: "leave a stub", On: fmt.Sprintf("%q", p.Key.CompanionName(records.CompanionStub))})
	}
	if r := p.Replacement; r != nil {
		steps = append(steps, r.step())
	}
	return steps
}

func (pl PlacePlan) step() Step {
	return Step{Do: "publish " + string(pl.Do), On: pl.Entry.ID, With: pl.Place}
}

// relates tells that ECM is to remember the successor.
func (p *PropagatePlan) relates() bool {
	return p.replaces
}

// leavesStub tells that the record was destroyed and left no stub yet.
func (p *PropagatePlan) leavesStub() bool {
	return p.absence.existence == Destroyed && p.record.Stub == 0 && p.record.Record.node == 0
}

// Apply carries out the plan, if what it was made from still holds; otherwise
// it is refused with ErrStalePlan. Its receipt and errors are those of
// PropagateDisposition.
func (p *PropagatePlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanPropagateDisposition(ctx, p.scope, p.request)
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() {
		return Receipt{}, fmt.Errorf("%w: %s; plan again", ErrStalePlan, p.Event)
	}
	return fresh.apply(ctx)
}
