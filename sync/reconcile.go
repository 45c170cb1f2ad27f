package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

const reconcile = "Reconcile"

// Difference says in what way the two sides of a scope differ.
type Difference string

// The differences.
const (
	// DiffMissing: the source has it, and there is no record.
	DiffMissing Difference = "missing"
	// DiffIncomplete: something stands in ECM that is no complete record yet, or a
	// document or relation beside it is missing.
	DiffIncomplete Difference = "incomplete"
	// DiffDiffering: both sides have it and say different things.
	DiffDiffering Difference = "differing"
	// DiffExtra: it stands where only records of the scope stand, and is none; or
	// it is a record whose purchase the feed does not list.
	DiffExtra Difference = "extra"
	// DiffGone: only what stood beside a record is left.
	DiffGone Difference = "gone"
	// DiffAccessible: Smint.io shows more of it than may be done with it.
	DiffAccessible Difference = "wrongly accessible"
	// DiffWithheld: Smint.io should be offered it, and is not, or as something
	// else.
	DiffWithheld Difference = "withheld"
	// DiffUntold: ECM's own audit has a change that the trail does not tell of.
	DiffUntold Difference = "untold by the trail"
	// DiffUnknown: it could not be compared.
	DiffUnknown Difference = "unknown"
)

// ReconcileFinding is one difference.
type ReconcileFinding struct {
	Difference Difference `json:"difference"`
	// ID is the record key, or what else names it.
	ID   string     `json:"id"`
	Node ecm.NodeID `json:"node,omitempty"`
	// What says in words what differs.
	What string `json:"what"`
	// Repair says what Apply does about it; empty: a person has to.
	Repair string `json:"repair,omitempty"`

	fields ecm.CategoryValues
	source string
}

// String is the finding on one line.
func (f ReconcileFinding) String() string {
	line := fmt.Sprintf("%s: %s: %s", f.Difference, f.ID, f.What)
	if f.Repair != "" {
		return line + "; repair: " + f.Repair
	}
	return line + "; for a person"
}

// ReconcileRequest says which sides are compared.
type ReconcileRequest struct {
	// Purchases and Portal compare the records with that source.
	Purchases bool `json:"purchases,omitempty"`
	Portal    bool `json:"portal,omitempty"`
	// Bytes reads every record's content whole and holds it against its digest.
	Bytes bool `json:"bytes,omitempty"`
	// Places asks Smint.io, at each place of the scope's Propagation, what it
	// shows of each record.
	Places bool `json:"places,omitempty"`
	// Surface, if set, is compared with what ECM has.
	Surface *Surface `json:"-"`
	// Trail, if set, is compared with ECM's own audit of the records.
	Trail *evidence.Trail `json:"-"`
}

// ReconcilePlan is what was found, and what would be done about it.
type ReconcilePlan struct {
	Scope  string    `json:"scope"`
	Policy string    `json:"policy"`
	At     time.Time `json:"at"`
	// Records and Items count what was compared in ECM and at the sources.
	Records  int                `json:"records"`
	Items    int                `json:"items"`
	Findings []ReconcileFinding `json:"findings,omitempty"`
	// Failed are the items that the last Apply could not repair, as one whose
	// download breaks off, each with its reason.
	Failed []FeedItem `json:"failed,omitempty"`

	scope   *Scope
	request ReconcileRequest
}

// Open are the findings that only a person can settle.
func (p *ReconcilePlan) Open() []ReconcileFinding {
	return slices.DeleteFunc(slices.Clone(p.Findings), func(f ReconcileFinding) bool { return f.Repair != "" })
}

// Repairs counts the findings that Apply does something about.
func (p *ReconcilePlan) Repairs() int { return len(p.Findings) - len(p.Open()) }

// String prints the plan for a person.
func (p *ReconcilePlan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "scope %s: %d records and %d items compared, %d differences, %d to repair", p.Scope, p.Records, p.Items, len(p.Findings), p.Repairs())
	for _, f := range p.Findings {
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

// PlanReconcile walks both sides of a scope and reports in what they differ. It
// asks only, and changes nothing on either side. One item that cannot be
// compared is a finding; what would make every other fail too is an error:
// ErrForeignScope for a surface or trail of another scope, before any I/O,
// records.ErrInvalid, and those of the clients.
func PlanReconcile(ctx context.Context, s *Scope, req ReconcileRequest) (*ReconcilePlan, error) {
	if err := req.check(s); err != nil {
		return nil, err
	}
	p := &ReconcilePlan{Scope: s.id.String(), Policy: s.policy.Version, At: time.Now().UTC(), scope: s, request: req}
	c := &comparison{ReconcilePlan: p, s: s, sourced: map[string]bool{}}
	if err := c.run(ctx); err != nil {
		return nil, fmt.Errorf("reconcile scope %s: %w", s.id, err)
	}
	slices.SortStableFunc(p.Findings, func(a, b ReconcileFinding) int {
		return strings.Compare(string(a.Difference)+a.ID, string(b.Difference)+b.ID)
	})
	return p, nil
}

func (r ReconcileRequest) check(s *Scope) error {
	if r.Surface != nil && r.Surface.scope != s {
		return fmt.Errorf("%w: the surface is that of scope %s", ErrForeignScope, r.Surface.scope.id)
	}
	if r.Trail != nil && r.Trail.Scope() != s.id {
		return fmt.Errorf("%w: the trail is that of scope %s", ErrForeignScope, r.Trail.Scope())
	}
	var faults records.Problems
	faults.Check(!r.Purchases || s.smint != nil, "purchases", r.Purchases, "a scope with a Smint.io client")
	faults.Check(!r.Portal || s.portal != nil, "portal", r.Portal, "a scope with a portal source")
	faults.Check(!r.Places || len(s.carrying.Places) > 0, "places", r.Places, "a scope with places in its Propagation")
	return faults.Err("sync.Reconcile")
}

// Reconcile compares both sides and repairs what can be repaired. A second call
// finds only what a person has to settle.
func Reconcile(ctx context.Context, s *Scope, req ReconcileRequest) (*ReconcilePlan, error) {
	p, err := PlanReconcile(ctx, s, req)
	if err != nil {
		return p, err
	}
	return p, p.Apply(ctx)
}

// Apply repairs what was found, by the primitives that would have kept it from
// differing: each looks anew before it writes, so that applying a plan twice, or
// late, changes nothing that holds. Nothing is deleted. What keeps one item of a
// source from being repaired is in Failed; all other errors come joined.
func (p *ReconcilePlan) Apply(ctx context.Context) error {
	var errs []error
	follow := map[string]bool{}
	for _, f := range p.Findings {
		switch {
		case f.Repair == "":
		case f.fields != nil:
			errs = append(errs, p.rewrite(ctx, f))
		case f.source != "":
			follow[f.source] = true
		}
		if ctx.Err() != nil {
			return errors.Join(append(errs, ctx.Err())...)
		}
	}
	p.Failed = nil
	if follow[purchaseFeed] {
		result, err := FollowPurchases(ctx, p.scope, &passingStore{}, FollowOptions{FromStart: true})
		errs = append(errs, err)
		p.failed(purchaseFeed, result.Quarantine)
	}
	if follow[portalFeed] {
		result, err := FollowPortal(ctx, p.scope, &passingStore{}, FollowOptions{FromStart: true})
		errs = append(errs, err)
		p.failed(portalFeed, result.Quarantine)
	}
	// What was repaired may be offered again, or otherwise.
	if p.request.Surface != nil && p.Repairs() > 0 {
		_, err := SurfaceRecords(ctx, p.scope, p.request.Surface, SurfaceRequest{})
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("reconcile scope %s: %w", p.scope.id, err)
	}
	return nil
}

// failed keeps which findings of a feed are still open after its walk.
func (p *ReconcilePlan) failed(feed string, left []FeedItem) {
	for _, item := range left {
		if slices.ContainsFunc(p.Findings, func(f ReconcileFinding) bool { return f.source == feed && f.ID == item.ID }) {
			p.Failed = append(p.Failed, item)
		}
	}
}

// rewrite gives attributes the values of the source again, those that still
// differ, and reads them back.
func (p *ReconcilePlan) rewrite(ctx context.Context, f ReconcileFinding) error {
	key, err := records.ParseRecordKey(f.ID)
	if err != nil {
		return err
	}
	stored, err := p.scope.ecm.Categories.OfNode(ctx, f.Node)
	if err != nil {
		return fmt.Errorf("%s: %w", f.ID, err)
	}
	fields := differing(f.fields, stored)
	if len(fields) == 0 {
		return nil
	}
	t := &taking{s: p.scope, primitive: reconcile, key: key}
	step := Step{Do: "write attributes", On: "node " + f.Node.String(), With: itoa(int64(len(fields))) + " values"}
	if err := t.writeValues(ctx, step, records.Digest{}, f.Node, fields); err != nil {
		return fmt.Errorf("%s: %w", f.ID, err)
	}
	return nil
}

// passingStore is the checkpoint of a walk over the whole feed that nobody goes
// on from.
type passingStore struct{ state FeedState }

func (s *passingStore) Load(context.Context) (FeedState, error) { return s.state, nil }

func (s *passingStore) Save(_ context.Context, state FeedState) error {
	s.state = state
	return nil
}
