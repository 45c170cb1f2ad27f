package sync

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

const surfaceRecords = "SurfaceRecords"

// Surface is what Smint.io is offered of a scope's records: a catalog that is
// kept durable in a folder, with the bytes in ECM. What it lists is decided by
// [SurfaceRecords]; whether bytes are served is decided again, by what ECM says
// in that moment, and refused if ECM does not answer. It is safe for concurrent
// use; one process at a time may write.
type Surface struct {
	scope    *Scope
	feed     *adapter.Feed
	commands []smint.Publisher
}

// SurfaceOptions change how a surface is kept.
type SurfaceOptions struct {
	// Keep is how many changes are kept: see adapter.FeedOptions.
	Keep int
	// Commands are told of each change too, where Smint.io should not wait for
	// its next poll of the feed. They carry references, never content.
	Commands []smint.Publisher
}

// OpenSurface opens the surface of a scope in a folder, made if it is missing;
// an empty path keeps it in memory. The folder of another scope matches
// adapter.ErrConflict, a scope whose policy has no surface ErrSetup. Close it
// after use.
func OpenSurface(s *Scope, dir string, o SurfaceOptions) (*Surface, error) {
	if s.policy.Surface == nil {
		return nil, fmt.Errorf("%w: scope %s: the policy offers no records", ErrSetup, s.id)
	}
	feed, err := adapter.OpenFeed(dir, adapter.FeedOptions{Owner: s.id.String(), Keep: o.Keep, Now: s.now, Contents: s.surfacedContent})
	if err != nil {
		return nil, fmt.Errorf("surface of scope %s: %w", s.id, err)
	}
	return &Surface{scope: s, feed: feed, commands: o.Commands}, nil
}

// Feed is the catalog.
func (f *Surface) Feed() *adapter.Feed { return f.feed }

// Close closes the catalog.
func (f *Surface) Close() error { return f.feed.Close() }

// Handler serves the catalog as the feed that a data adapter reads, with the
// policy's metamodel and the scope's clock.
func (f *Surface) Handler(o adapter.Options) (http.Handler, error) {
	own := f.scope.policy.Surface.Metamodel()
	o.Metamodel = append(own[:len(own):len(own)], o.Metamodel...)
	if o.Now == nil {
		o.Now = f.scope.now
	}
	return adapter.NewHandler(f.feed, o)
}

// Publisher carries publications into the catalog, rendered from what ECM says
// then. Back, if set, reads back through a portal.
func (f *Surface) Publisher(back *smint.PortalReadBack) *adapter.Publisher {
	return &adapter.Publisher{Feed: f.feed, Render: f.Render, ID: feedID, Back: back}
}

// Render says what the record of a publication is by now. One that may not be
// shown, or was disposed of, matches adapter.ErrNotFound. It changes nothing.
func (f *Surface) Render(ctx context.Context, p smint.Publication) (adapter.Asset, error) {
	refuse := func(why string) (adapter.Asset, error) {
		return adapter.Asset{}, fmt.Errorf("%w: '%s': %s", adapter.ErrNotFound, p.ExternalID, why)
	}
	state, known := f.feed.State(feedID(p.ExternalID))
	if known && disposedFor(state) {
		return refuse(disposedReason)
	}
	key, err := f.keyOf(ctx, p.ExternalID, state)
	if err != nil {
		return adapter.Asset{}, err
	}
	o, err := f.scope.offerNow(ctx, p.ExternalID, key)
	switch {
	case err != nil:
		return adapter.Asset{}, err
	case o.asset == nil:
		return refuse(o.decision.Reason)
	}
	return *o.asset, nil
}

// keyOf finds the key of a declared record by its external id: in what the
// catalog lists, or among the records of the scope. Other records have none.
func (f *Surface) keyOf(ctx context.Context, external string, state adapter.State) (records.RecordKey, error) {
	if !state.Removed() {
		if text := state.Asset.Attributes[KeyRecord]; text != "" {
			return records.ParseRecordKey(text)
		}
	}
	if len(external) != shortLength || strings.Trim(external, "0123456789abcdef") != "" {
		return records.RecordKey{}, nil
	}
	for r, err := range f.scope.Records(ctx) {
		if err != nil {
			return records.RecordKey{}, err
		}
		if ExternalID(r.Record.key) == external {
			return r.Record.key, nil
		}
	}
	return records.RecordKey{}, nil
}

// shortLength is that of the ids of declared records. Node ids are shorter.
const shortLength = 16

// disposedReason is why a tombstone stays.
const disposedReason = "it was disposed of, and nothing brings it back"

// disposedFor tells a tombstone that stays for ever.
func disposedFor(s adapter.State) bool {
	cause := AccessCause(s.Reason)
	return s.Removed() && (cause == CauseDestroyed || cause == CauseTransferred)
}

// SurfaceRequest asks for the records of a scope to be offered as ECM has them.
type SurfaceRequest struct {
	// Resend sends commands for what has not changed too: after some were lost.
	Resend bool `json:"resend,omitempty"`
}

// SurfaceOutcome says what became of a record in a pass.
type SurfaceOutcome string

// The outcomes.
const (
	// SurfacePublished: it is offered anew, or as something else than before.
	SurfacePublished SurfaceOutcome = "published"
	// SurfaceUnchanged: it is offered as before, or was taken away before.
	SurfaceUnchanged SurfaceOutcome = "unchanged"
	// SurfaceHidden: it was offered, and is not any more. It may come back.
	SurfaceHidden SurfaceOutcome = "hidden"
	// SurfaceRemoved: it was offered, and a tombstone stands in its place.
	SurfaceRemoved SurfaceOutcome = "removed"
	// SurfaceWithheld: it never was offered, and still is not.
	SurfaceWithheld SurfaceOutcome = "withheld"
	// SurfaceStale: the catalog knows something newer, which stays.
	SurfaceStale SurfaceOutcome = "stale"
	// SurfaceFailed: it could not be carried out; the reason says what is missing.
	SurfaceFailed SurfaceOutcome = "failed"
)

// SurfaceItem is one record and what became of it, or would.
type SurfaceItem struct {
	// ID is that in the feed, Node the one in ECM, 0 if it is gone.
	ID   string `json:"id"`
	Node int64  `json:"node,omitempty"`
	// Record is set for records that the scope declared.
	Record records.RecordKey `json:"record,omitzero"`
	// Source is the policy's, empty for what lies in none.
	Source   string         `json:"source,omitempty"`
	Outcome  SurfaceOutcome `json:"outcome"`
	Access   adapter.Access `json:"access"`
	Cause    AccessCause    `json:"cause,omitempty"`
	Reason   string         `json:"reason"`
	Sequence int64          `json:"sequence,omitempty"`

	// restricts: what is published gives less than the catalog did.
	restricts bool
}

// String is the item on one line.
func (i SurfaceItem) String() string {
	return fmt.Sprintf("%s: %s, %s: %s", i.ID, i.Outcome, i.Access, i.Reason)
}

// SurfacePlan is what SurfaceRecords would do, and why.
type SurfacePlan struct {
	Scope string `json:"scope"`
	// Policy is the version of the scope's policy, Access that of its access
	// policy.
	Policy string        `json:"policy"`
	Access string        `json:"access"`
	Items  []SurfaceItem `json:"items,omitempty"`
	Steps  []Step        `json:"steps,omitempty"`

	to      *Surface
	request SurfaceRequest
}

// String prints the plan for a person.
func (p *SurfacePlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "offer the records of scope %s, by access policy %s", p.Scope, p.Access)
	for _, i := range p.Items {
		b.WriteString("\n  " + i.String())
	}
	return printSteps(b.String(), p.Steps)
}

// SurfaceRecords offers the records of a scope to Smint.io, as its
// [SurfacePolicy] and access policy say, from what ECM says now: those that the
// scope declared, and those that were in ECM without it. Only what is approved,
// in its time and not disposed of is offered. What is listed and no longer may
// be is taken away; what was disposed of never comes back. A pass that finds
// nothing changed publishes nothing.
//
// It is monotone by the moment of each decision: what takes access away is
// always carried out, what gives some only if the catalog knows nothing newer.
// The receipt has every record, with what became of it and why. One bad record
// does not stop the others: it is taken away, as nobody can tell about it. Only
// what would make every other record fail too ends the pass, and then nothing
// more is changed.
//
// Errors: ErrForeignScope, before any I/O; ErrSetup; ErrNotTaken for commands
// that were not taken; adapter.ErrConflict if another process writes to the same
// catalog; and those of the ECM client.
func SurfaceRecords(ctx context.Context, s *Scope, to *Surface, req SurfaceRequest) (Receipt, error) {
	p, err := newSurfacePass(s, to, req)
	if err != nil {
		return Receipt{Primitive: surfaceRecords, Scope: s.id.String(), Policy: s.policy.Version, Reason: err.Error(), At: time.Now().UTC()}, err
	}
	p.do = p.carryOut
	err = p.run(ctx)
	return p.receipt(err), err
}

// PlanSurfaceRecords observes and decides, and publishes nothing. Its errors are
// those of SurfaceRecords.
func PlanSurfaceRecords(ctx context.Context, s *Scope, to *Surface, req SurfaceRequest) (*SurfacePlan, error) {
	p, err := newSurfacePass(s, to, req)
	if err != nil {
		return nil, err
	}
	p.do = p.intend
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	return &SurfacePlan{Scope: s.id.String(), Policy: s.policy.Version, Access: s.policy.Access.Version, Items: p.items, Steps: p.steps, to: to, request: req}, nil
}

// Apply carries out the plan, if what it was made from still holds; otherwise
// it is refused with ErrStalePlan.
func (p *SurfacePlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanSurfaceRecords(ctx, p.to.scope, p.to, p.request)
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() {
		return Receipt{}, fmt.Errorf("%w: surface of scope %s; plan again", ErrStalePlan, p.Scope)
	}
	return SurfaceRecords(ctx, p.to.scope, p.to, p.request)
}
