package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint/adapter"
)

// offer is a record as Smint.io would be offered it at one moment, or why it
// would not.
type offer struct {
	// external is its id outside.
	external string
	source   *SurfaceSource
	// record is a declared record, with what stands in ECM of it.
	record StoredRecord
	node   ecm.Node
	facts  AccessFacts
	// decision is what the access policy makes of the facts.
	decision AccessDecision
	details  *ecm.RecordDetails
	// successor took the place of a record that has no key.
	successor ecm.NodeID
	// asset is what is offered, nil if it may not be shown; version is the one
	// in ECM whose content it is.
	asset   *adapter.Asset
	version int
}

// declared tells that the scope declared the record.
func (o *offer) declared() bool { return o.record.Record.key.IsValid() }

// visible tells that a decision leaves anything to be seen.
func visible(a adapter.Access) bool { return rank(a) < rank(adapter.Hidden) }

// decide asks the policy in force.
func (o *offer) decide(s *Scope) { o.decision = s.policy.Access.Decide(o.facts, o.facts.At) }

// withhold keeps a record back whatever the access policy says.
func (o *offer) withhold(format string, args ...any) {
	o.decision.Access, o.decision.Cause, o.decision.Reason = adapter.Hidden, CauseOutOfReach, fmt.Sprintf(format, args...)
	o.asset = nil
}

// nodeExternalID is the id outside of a record that this scope did not declare.
func nodeExternalID(id ecm.NodeID) string { return id.String() }

// offerDeclared weighs a record of the scope: by the approval and the rights
// that stand with it.
func (s *Scope) offerDeclared(ctx context.Context, src *SurfaceSource, r StoredRecord) (*offer, error) {
	o := &offer{external: ExternalID(r.Record.key), source: src, record: r, node: ecm.Node{ID: r.Record.node, Name: r.Record.key.NodeName(), Size: r.Size, Categories: r.values}}
	var err error
	if o.facts, err = s.AccessFacts(ctx, r); err != nil {
		return nil, err
	}
	c, err := s.categoryOf(ctx, src.Category)
	if err != nil {
		return nil, err
	}
	approved, why, err := src.approved(c, r.values)
	if err != nil {
		return nil, err
	}
	// The declaration was approved. A word to the contrary takes that back, no
	// word does not.
	withdrawn := approved != rightsmap.Yes && src.Approval.Attribute != "" && why != ""
	if o.facts.Existence == Exists && withdrawn {
		o.facts.Approved = approved
	}
	o.decide(s)
	if o.decision.Cause == CauseNotApproved && withdrawn {
		o.decision.Reason = why
	}
	switch {
	case !visible(o.decision.Access):
		return o, nil
	case r.Record.key.Kind() == records.SourceAggregate:
		o.withhold("an aggregate is the list of its parts; those are offered")
		return o, nil
	case r.Field(FieldSize) != "" && r.Field(FieldSize) != itoa(r.Size):
		o.withhold("its content has %d bytes, and the record says %s", r.Size, r.Field(FieldSize))
		return o, nil
	}
	if o.details, err = s.ecm.RMClassifications.Get(ctx, r.Record.node); err != nil {
		return nil, err
	}
	if class := o.details.Class(); !src.takes(class) {
		o.withhold("class %s is none that source %q offers", class, src.Name)
		return o, nil
	}
	return o, s.render(ctx, o)
}

// offerNode weighs a record that was in ECM without us: by the attributes that
// the policy names.
func (s *Scope) offerNode(ctx context.Context, src *SurfaceSource, n ecm.Node) (*offer, error) {
	o := &offer{external: nodeExternalID(n.ID), source: src, node: n}
	c, err := s.categoryOf(ctx, src.Category)
	if err != nil {
		return nil, err
	}
	approved, why, err := src.approved(c, n.Categories)
	if err != nil {
		return nil, err
	}
	o.facts = AccessFacts{Node: int64(n.ID), At: s.now().UTC(), Existence: Exists, State: records.StateDeclared, Approved: approved, Rights: []RightsSpan{{}}}
	if approved != rightsmap.Yes {
		// Nothing else needs to be known: nobody is shown what is not approved.
		o.decide(s)
		o.decision.Reason = why
		return o, nil
	}
	if err := s.nodeFacts(ctx, o, c); err != nil {
		return nil, err
	}
	o.decide(s)
	if !visible(o.decision.Access) {
		return o, nil
	}
	if class := o.details.Class(); !src.takes(class) {
		o.withhold("class %s is none that source %q offers", class, src.Name)
		return o, nil
	}
	return o, s.render(ctx, o)
}

// nodeFacts reads what access rests on, beyond the approval.
func (s *Scope) nodeFacts(ctx context.Context, o *offer, c *ecm.Category) error {
	f := &o.facts
	details, err := s.ecm.RMClassifications.Get(ctx, o.node.ID)
	if isMissing(err) {
		f.Existence, f.State, f.Why = Gone, records.StateAbsent, fmt.Sprintf("node %s is there no more", o.node.ID)
		return nil
	}
	if err != nil {
		return err
	}
	o.details = details
	switch {
	case len(details.Entries) == 0:
		f.State = records.StateIncomplete
	case slices.Contains(s.policy.Access.TransferredStatuses, details.Primary().Status):
		f.State = records.StateTransferred
	case details.Final:
		f.State = records.StateFinal
	}
	f.Rights = o.source.spans(c, o.node.Categories)
	stored := StoredRecord{Record: RecordRef{node: o.node.ID, bound: s}}
	for _, read := range []func(context.Context, StoredRecord, *ecm.RecordDetails, *AccessFacts) error{s.readRetention, s.readHolds} {
		if err := read(ctx, stored, details, f); err != nil {
			return err
		}
	}
	o.successor, err = s.nodeSuccessor(ctx, o.node.ID)
	f.Superseded = o.successor != 0
	return err
}

// nodeSuccessor finds what took the place of a record that has no key, by the
// access policy's cross-reference; 0 if nothing did.
func (s *Scope) nodeSuccessor(ctx context.Context, id ecm.NodeID) (ecm.NodeID, error) {
	kind := s.policy.Access.ReplacedReference
	if kind == "" {
		return 0, nil
	}
	list, err := s.ecm.CrossReferences.OfNode(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("cross-references of node %s: %w", id, err)
	}
	for _, x := range list {
		if x.Type == kind {
			return x.To, nil
		}
	}
	return 0, nil
}

// offerNow weighs one record from what ECM says in this moment. Key is that of
// a declared record.
func (s *Scope) offerNow(ctx context.Context, external string, key records.RecordKey) (*offer, error) {
	if !key.IsValid() {
		return s.offerNodeNow(ctx, external)
	}
	if err := key.In(s.id); err != nil {
		return nil, err
	}
	r, err := s.Record(ctx, key)
	if errors.Is(err, ecm.ErrNotFound) && !errors.Is(err, ErrForeignScope) {
		r, err = StoredRecord{Record: s.ref(key, 0)}, nil
	}
	if err != nil {
		return nil, err
	}
	sources := s.policy.Surface.Sources
	i := slices.IndexFunc(sources, func(src SurfaceSource) bool { return src.Declared })
	if i < 0 {
		o := &offer{external: external, record: r, facts: AccessFacts{Record: key, At: s.now().UTC()}}
		o.decide(s)
		o.withhold("no source of the policy offers declared records")
		return o, nil
	}
	return s.offerDeclared(ctx, &sources[i], r)
}

func (s *Scope) offerNodeNow(ctx context.Context, external string) (*offer, error) {
	var id ecm.NodeID
	if _, err := fmt.Sscan(external, &id); err != nil || id <= 0 || nodeExternalID(id) != external {
		return nil, fmt.Errorf("%w: '%s' is the id of no record", adapter.ErrNotFound, external)
	}
	o := &offer{external: external, node: ecm.Node{ID: id}, facts: AccessFacts{Node: int64(id), At: s.now().UTC()}}
	n, err := s.ecm.Nodes.Get(ctx, id, ecm.WithCategories)
	var way []ecm.Ancestor
	if err == nil {
		way, err = s.ecm.Nodes.Ancestors(ctx, id)
	}
	switch {
	case isMissing(err):
		o.facts.Existence, o.facts.State, o.facts.Why = Gone, records.StateAbsent, fmt.Sprintf("node %s is there no more", id)
		o.decide(s)
		return o, nil
	case errors.Is(err, ecm.ErrDenied):
		o.facts.Existence, o.facts.Why = OutOfReach, err.Error()
		o.decide(s)
		return o, nil
	case err != nil:
		return nil, err
	}
	src := s.sourceAt(way)
	if src == nil || n.Type != ecm.SubtypeDocument || s.carriesKey(ctx, n) {
		names := make([]string, 0, len(way))
		for _, a := range way {
			names = append(names, a.Name)
		}
		o.facts.Existence, o.facts.Why = OutOfReach, fmt.Sprintf("node %s at %s is in no source of the policy", id, strings.Join(names, "/"))
		o.decide(s)
		return o, nil
	}
	return s.offerNode(ctx, src, *n)
}

// carriesKey tells what somebody declared: it is no reference document.
func (s *Scope) carriesKey(ctx context.Context, n *ecm.Node) bool {
	c, err := s.category(ctx)
	return err != nil || s.field(c, n.Categories, FieldKey) != ""
}

// sourceAt is the source in whose folders a place lies, nil if it lies in none.
func (s *Scope) sourceAt(way []ecm.Ancestor) *SurfaceSource {
	sources := s.policy.Surface.Sources
	for i := range sources {
		if sources[i].Declared {
			continue
		}
		for _, folder := range s.foldersOf(&sources[i]) {
			at := slices.IndexFunc(way, func(a ecm.Ancestor) bool { return a.ID == folder })
			if at >= 0 && at < len(way)-1 && (folder != s.root || !isKeyFolder(way[at+1].Name)) {
				return &sources[i]
			}
		}
	}
	return nil
}

func (s *Scope) foldersOf(src *SurfaceSource) []ecm.NodeID {
	if len(src.Folders) == 0 {
		return []ecm.NodeID{s.root}
	}
	return src.Folders
}
