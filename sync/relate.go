package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

const relateRecords = "RelateRecords"

// RelateRequest asks for a cross-reference between two records of a scope.
type RelateRequest struct {
	From RecordRef `json:"from"`
	To   RecordRef `json:"to"`
	// Type is the code of a cross-reference type.
	Type    string `json:"type"`
	Comment string `json:"comment,omitempty"`
}

// RelatePlan is what RelateRecords would do, and what it saw when it decided so.
type RelatePlan struct {
	Scope  string            `json:"scope"`
	Policy string            `json:"policy"`
	From   records.RecordKey `json:"from"`
	To     records.RecordKey `json:"to"`
	Type   string            `json:"type"`
	Steps  []Step            `json:"steps,omitempty"`

	scope   *Scope
	request RelateRequest
}

// String prints the plan for a person.
func (p *RelatePlan) String() string {
	return printSteps(fmt.Sprintf("relate %s to %s by %q", p.From, p.To, p.Type), p.Steps)
}

// RelateRecords cross-references two records. A relation that stands already
// is left as it is, and one that is made is read back. A call may be repeated.
//
// Errors: records.ErrInvalid, ErrForeignScope, ErrVerify, and those of the ECM
// client.
func RelateRecords(ctx context.Context, s *Scope, req RelateRequest) (Receipt, error) {
	plan, err := PlanRelateRecords(ctx, s, req)
	if err != nil {
		return Receipt{
			Primitive: relateRecords, Scope: s.id.String(), Policy: s.policy.Version, Record: req.From, Document: req.To, Name: req.Type,
			Reason: err.Error(), At: time.Now().UTC(),
		}, err
	}
	return plan.apply(ctx)
}

// PlanRelateRecords observes and decides, and writes nothing. Its errors are
// those of RelateRecords.
func PlanRelateRecords(ctx context.Context, s *Scope, req RelateRequest) (*RelatePlan, error) {
	both := []RecordRef{req.From, req.To}
	for _, ref := range both {
		if err := s.owns(ref); err != nil {
			return nil, err
		}
	}
	var faults records.Problems
	faults.Check(req.Type != "", "type", req.Type, "the code of a cross-reference type")
	faults.Check(req.From.node != req.To.node, "to", req.To, "another document: none relates to itself")
	if err := faults.Err(relateRecords); err != nil {
		return nil, err
	}
	for _, ref := range both {
		if err := s.isOf(ctx, ref); err != nil {
			return nil, fmt.Errorf("relate %s to %s: %w", req.From.key, req.To.key, err)
		}
	}
	p := &RelatePlan{Scope: s.id.String(), Policy: s.policy.Version, From: req.From.key, To: req.To.key, Type: req.Type, scope: s, request: req}
	stands, err := s.related(ctx, req.From.node, req.To.node, req.Type)
	if err != nil {
		return nil, fmt.Errorf("relate %s to %s: %w", p.From, p.To, err)
	}
	if !stands {
		p.Steps = []Step{relateStep(req.From.node, req.To.node, req.Type)}
	}
	return p, nil
}

// Apply carries out the plan, if what it was made from still holds; otherwise
// it is refused with ErrStalePlan.
func (p *RelatePlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanRelateRecords(ctx, p.scope, p.request)
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() {
		return Receipt{}, fmt.Errorf("%w: relate %s to %s; plan again", ErrStalePlan, p.From, p.To)
	}
	return fresh.apply(ctx)
}

func (p *RelatePlan) apply(ctx context.Context) (Receipt, error) {
	s, req := p.scope, p.request
	t := &taking{s: s, primitive: relateRecords, key: p.From}
	r := Receipt{
		Primitive: relateRecords, Change: Unchanged, Scope: p.Scope, Policy: p.Policy, Record: req.From, Document: req.To, Name: req.Type, At: time.Now().UTC(),
	}
	var err error
	if len(p.Steps) > 0 {
		err = s.makeRelation(ctx, t, req.From.node, req.To.node, req.Type, req.Comment)
	}
	r.Steps = t.done
	switch {
	case err != nil:
		err = fmt.Errorf("relate %s to %s: %w", p.From, p.To, err)
		r.Change, r.Reason = Incomplete, err.Error()
	case len(t.done) > 0:
		r.Change = Created
	}
	return r, err
}

func relateStep(from, to ecm.NodeID, kind string) Step {
	return Step{Do: "cross-reference", On: "node " + from.String(), With: kind + " to node " + to.String()}
}

// relate makes sure that a relation stands. No type: none is wanted.
func (s *Scope) relate(ctx context.Context, t *taking, from, to ecm.NodeID, kind, comment string) error {
	if kind == "" {
		return nil
	}
	stands, err := s.related(ctx, from, to, kind)
	if err != nil || stands {
		return err
	}
	return s.makeRelation(ctx, t, from, to, kind, comment)
}

// makeRelation makes a relation and reads it back.
func (s *Scope) makeRelation(ctx context.Context, t *taking, from, to ecm.NodeID, kind, comment string) error {
	for attempt := 1; ; attempt++ {
		last := t.mutate(ctx, relateStep(from, to, kind), records.Digest{}, func() error {
			return s.ecm.CrossReferences.Assign(ctx, from, ecm.CrossReference{Type: kind, To: to, Comment: comment})
		})
		if last != nil && !errors.Is(last, ecm.ErrOutcomeUnknown) {
			return last
		}
		stands, err := s.related(ctx, from, to, kind)
		if err != nil || stands {
			return err
		}
		if attempt == maxAttempts {
			return errors.Join(fmt.Errorf("%w: the cross-reference %s from node %s to node %s does not stand", ErrVerify, kind, from, to), last)
		}
	}
}

// related reads whether a relation stands.
func (s *Scope) related(ctx context.Context, from, to ecm.NodeID, kind string) (bool, error) {
	if kind == "" {
		return false, nil
	}
	list, err := s.ecm.CrossReferences.OfNode(ctx, from)
	return slices.ContainsFunc(list, func(x ecm.CrossReference) bool { return x.To == to && x.Type == kind }), err
}
