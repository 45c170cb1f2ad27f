package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// observe reads what holds now.
func (p *PropagatePlan) observe(ctx context.Context) error {
	s, e := p.scope, p.Event
	var err error
	p.record, err = s.Record(ctx, e.Record)
	if errors.Is(err, ecm.ErrNotFound) {
		p.record, err = StoredRecord{Record: s.ref(e.Record, 0)}, nil
	}
	if err != nil {
		return err
	}
	if p.facts, err = s.AccessFacts(ctx, p.record); err != nil {
		return err
	}
	if p.facts.Existence == Gone && e.Node > 0 {
		if p.absence, err = s.absent(ctx, e.Record, ecm.NodeID(e.Node), e.Evidence, e.Known); err != nil {
			return err
		}
		p.facts.Existence, p.facts.Why = p.absence.existence, p.absence.why()
	}
	if err = p.versions(ctx); err != nil {
		return err
	}
	if e.Kind == EventTransferred && p.facts.Existence == Exists {
		if err := p.transferred(); err != nil {
			return err
		}
	}
	if e.Kind == EventSuperseded {
		return p.superseded()
	}
	if e.Evidence.Transaction != "" {
		return p.askFeed(ctx)
	}
	return nil
}

// versions reads which further versions of its asset the record holds. Which a
// record held that is no more is known to nobody.
func (p *PropagatePlan) versions(ctx context.Context) error {
	if p.scope.policy.Change.NewVersion != VersionInRecord {
		return nil
	}
	if p.anyVersion = p.facts.Existence != Exists; p.anyVersion {
		return nil
	}
	carried, err := p.scope.carried(ctx, p.record.Record.node)
	for _, v := range carried {
		p.carries = append(p.carries, v.key)
	}
	return err
}

// transferred takes a record for transferred if its custodian acknowledged it.
func (p *PropagatePlan) transferred() error {
	t := p.request.Transfer
	if t == nil {
		return fmt.Errorf("%w: the request names no transfer", records.ErrNotAcknowledged)
	}
	if t.Record != p.Key {
		return fmt.Errorf("%w: it is the transfer of %s", records.ErrNotAcknowledged, t.Record)
	}
	if err := t.Acknowledged(); err != nil {
		return err
	}
	p.facts.State = records.StateTransferred
	return nil
}

// superseded takes over the successor that an event names, unless ECM knows of
// one. ECM must be able to remember it: an event that came later would
// otherwise undo it.
func (p *PropagatePlan) superseded() error {
	next := p.Event.Evidence.Successor
	if err := next.In(p.scope.id); err != nil {
		return err
	}
	if p.facts.Existence != Exists || p.facts.Superseded {
		return nil
	}
	if p.scope.policy.Access.ReplacedReference == "" {
		return fmt.Errorf("%w: ECM has no mark of it, and the access policy names no replaced_reference to leave one", ErrSetup)
	}
	p.facts.Superseded, p.facts.SupersededBy, p.replaces = true, next, true
	return nil
}

// askFeed asks Smint.io what it says of the purchase now: what its feed shows of
// it last counts. A word that ECM does not have yet is kept there.
func (p *PropagatePlan) askFeed(ctx context.Context) error {
	s := p.scope
	if s.smint == nil {
		return fmt.Errorf("%w: the scope has no Smint.io client to ask about purchase %s", ErrSetup, p.Key.Item())
	}
	var last *smint.LicensePurchaseTransaction
	for t, err := range s.smint.LicensePurchaseTransactions.All(ctx, p.Event.Evidence.Continuation) {
		if err != nil && !errors.Is(err, smint.ErrBrokenItem) {
			return err
		}
		if t != nil && string(t.UUID) == p.Key.Item() {
			last = t
		}
	}
	if last == nil || p.facts.Existence != Exists {
		return nil
	}
	p.word = RightsRequest{Record: p.record.Record, Source: last.Raw}
	if p.record.Rights > 0 {
		has, err := s.rightsFiles(ctx, p.record.Rights)
		if err != nil && !errors.Is(err, ErrVerify) {
			return err
		}
		p.word.Original = has[originalFile]
		if err == nil && !asOf(last.Raw).After(asOf(has[sourceFile])) {
			p.word = RightsRequest{}
			return nil
		}
	}
	statement, err := readRights(p.word.Source, p.word.Original)
	if err != nil {
		return fmt.Errorf("%w: purchase %s: %w", ErrBroken, p.Key.Item(), err)
	}
	p.facts.Rights = rightsSpans(statement, s.policy.Combination, p.facts.At)
	return nil
}

// claim compares what the event says with what was found.
func (p *PropagatePlan) claim() {
	c := p.rule.claims
	p.True = c == "" || slices.ContainsFunc(p.Decision.Causes, func(r AccessReason) bool { return r.Cause == c })
	// What is certain about a record that is no more includes what was feared.
	if c == CauseGone || c == CauseOutOfReach || c == CauseDestroyed {
		p.True = p.True || p.facts.Existence != Exists
	}
	if !p.True {
		p.Findings = append(p.Findings, fmt.Sprintf("what the event says was not found: %s", p.Decision))
	}
	if p.facts.Existence == Destroyed && p.request.Transfer != nil {
		if err := p.request.Transfer.Acknowledged(); err != nil {
			p.Findings = append(p.Findings, "it was destroyed here before its transfer was acknowledged: "+err.Error())
		}
	}
	p.Findings = append(p.Findings, p.absence.notes...)
}
