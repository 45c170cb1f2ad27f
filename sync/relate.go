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

// RelateRequest asks for a cross-reference between two records of a scope.
type RelateRequest struct {
	From RecordRef `json:"from"`
	To   RecordRef `json:"to"`
	// Type is the code of a cross-reference type.
	Type    string `json:"type"`
	Comment string `json:"comment,omitempty"`
}

// RelateRecords cross-references two records. A relation that stands already
// is left as it is. Errors: ErrForeignScope, ErrVerify, and those of the ECM
// client.
func RelateRecords(ctx context.Context, s *Scope, req RelateRequest) (Receipt, error) {
	for _, ref := range []RecordRef{req.From, req.To} {
		if err := s.owns(ref); err != nil {
			return Receipt{}, err
		}
	}
	for _, ref := range []RecordRef{req.From, req.To} {
		if err := s.under(ctx, ref.node); err != nil {
			return Receipt{}, err
		}
	}
	t := &taking{s: s, primitive: "RelateRecords", key: req.From.key}
	r := Receipt{Primitive: t.primitive, Scope: s.id.String(), Policy: s.policy.Version, Record: req.From, Document: req.To, Name: req.Type, At: time.Now().UTC()}
	var faults records.Problems
	faults.Check(req.Type != "", "type", req.Type, "the code of a cross-reference type")
	err := faults.Err("RelateRecords")
	if err == nil {
		err = s.relate(ctx, t, req.From.node, req.To.node, req.Type, req.Comment)
	}
	r.Steps, r.Change = t.done, Unchanged
	if len(t.done) > 0 {
		r.Change = Created
	}
	if err != nil {
		r.Change, r.Reason = Incomplete, err.Error()
	}
	return r, err
}

// relate makes sure that a relation stands. No type: none is wanted.
func (s *Scope) relate(ctx context.Context, t *taking, from, to ecm.NodeID, kind, comment string) error {
	if kind == "" {
		return nil
	}
	var last error
	for attempt := 0; ; attempt++ {
		stands, err := s.related(ctx, from, to, kind)
		if err != nil || stands {
			return err
		}
		if attempt == maxAttempts {
			return errors.Join(fmt.Errorf("%w: the cross-reference %s from node %s to node %s does not stand", ErrVerify, kind, from, to), last)
		}
		step := Step{Do: "cross-reference", On: "node " + from.String(), With: kind + " to node " + to.String()}
		err = t.mutate(ctx, step, records.Digest{}, func() error {
			return s.ecm.CrossReferences.Assign(ctx, from, ecm.CrossReference{Type: kind, To: to, Comment: comment})
		})
		if err != nil && !errors.Is(err, ecm.ErrOutcomeUnknown) {
			return err
		}
		last = err
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
