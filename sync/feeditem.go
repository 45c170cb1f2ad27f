package sync

import (
	"context"
	"errors"
	"fmt"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/smint"
)

// purchase declares all assets of one purchase. The error ends the pass; what
// concerns the purchase alone is in the results.
func (f *follower) purchase(ctx context.Context, t *smint.LicensePurchaseTransaction) ([]ItemResult, error) {
	whole := func(outcome ItemOutcome, queue, reason string) []ItemResult {
		return []ItemResult{{ID: string(t.UUID), Title: describe(t).Title, Outcome: outcome, Queue: queue, Reason: reason, source: t.Raw, tx: string(t.UUID)}}
	}
	switch {
	case t.State == smint.StateCancelled:
		return f.license(ctx, t, whole(ItemSkipped, "", "the purchase was cancelled: there is no license"))
	case !t.Syncable():
		return f.license(ctx, t, whole(ItemSkipped, QueueNotSyncable, fmt.Sprintf("not yet syncable (state %q); it comes again", t.State)))
	}
	original, err := f.original(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.Reused != "" && len(original) == 0 {
		return whole(ItemSkipped, QueueOriginal, fmt.Sprintf("it reuses transaction %s, which has no record yet", t.Reused)), nil
	}
	binaries, err := f.s.smint.Binaries.List(ctx, t.Cart, t.UUID)
	if err != nil && ends(ctx, err) {
		return nil, err
	}
	if err != nil || len(binaries) == 0 {
		reason := "it has no binaries"
		if err != nil {
			reason = short(err)
		}
		return whole(ItemQuarantined, QueueBroken, reason), nil
	}
	assets, err := f.s.PurchasedAssets(t, binaries)
	if err != nil {
		return whole(ItemQuarantined, QueueBroken, short(err)), nil
	}
	if len(original) > 0 {
		source, err := f.s.rightsSource(ctx, original[0])
		if err != nil && ends(ctx, err) {
			return nil, err
		}
		if err != nil {
			return whole(ItemQuarantined, QueueBroken, short(err)), nil
		}
		for i := range assets {
			assets[i].Original = source
		}
	}
	results, err := f.assets(ctx, t, assets, original)
	if err != nil {
		return nil, err
	}
	return f.license(ctx, t, results)
}

// original finds the records of the purchase that this one reuses.
func (f *follower) original(ctx context.Context, t *smint.LicensePurchaseTransaction) ([]RecordRef, error) {
	if t.Reused == "" {
		return nil, nil
	}
	return f.s.recordsOf(ctx, string(t.Reused))
}

// recordsOf finds the records of a purchase.
func (s *Scope) recordsOf(ctx context.Context, transaction string) ([]RecordRef, error) {
	all, err := s.ofItem(ctx, transaction)
	var refs []RecordRef
	for _, r := range all {
		refs = append(refs, r.Record)
	}
	return refs, err
}

// assets declares the binaries, then their aggregate.
func (f *follower) assets(ctx context.Context, t *smint.LicensePurchaseTransaction, assets []Asset, original []RecordRef) ([]ItemResult, error) {
	results := make([]ItemResult, 0, len(assets)+1)
	receipts := make([]Receipt, 0, len(assets))
	for _, a := range assets {
		r, err := f.asset(ctx, t, a)
		if err != nil {
			return nil, err
		}
		if r.Receipt != nil && r.done() {
			receipts = append(receipts, *r.Receipt)
			if err := f.relate(ctx, &r, original, f.s.policy.ReuseReference, "reuse of its license"); err != nil {
				return nil, err
			}
			if err := f.supersede(ctx, &r); err != nil {
				return nil, err
			}
		}
		if r.Plan != nil {
			// A dry run goes on to the aggregate by what it observed of the parts.
			receipts = append(receipts, Receipt{Digest: r.Plan.Observed.Digest, Size: r.Plan.Observed.Size})
		}
		results = append(results, r)
	}
	if len(assets) < 2 {
		return results, nil
	}
	if len(receipts) < len(assets) {
		// A compound asset is whole or not: its parts stand, the aggregate waits.
		if !f.opts.DryRun {
			results = append(results, f.left(t, string(t.UUID)+" (aggregate)", ItemQuarantined, QueueBroken, "not all of its parts are records"))
		}
		return results, nil
	}
	whole, err := f.s.AggregateAsset(t, assets, receipts)
	whole.Original = assets[0].Original
	if err != nil {
		return append(results, f.left(t, string(t.UUID)+" (aggregate)", ItemQuarantined, QueueBroken, short(err))), nil
	}
	r, err := f.asset(ctx, t, whole)
	if err != nil {
		return nil, err
	}
	if r.Receipt != nil && r.done() {
		var parts []RecordRef
		for _, p := range receipts {
			parts = append(parts, p.Record)
		}
		if err := f.relate(ctx, &r, parts, f.s.policy.PartReference, "part"); err != nil {
			return nil, err
		}
		if err := f.supersede(ctx, &r); err != nil {
			return nil, err
		}
	}
	return append(results, r), nil
}

func (r ItemResult) done() bool { return r.Outcome == ItemDeclared || r.Outcome == ItemUnchanged }

func (f *follower) left(t *smint.LicensePurchaseTransaction, id string, outcome ItemOutcome, queue, reason string) ItemResult {
	return ItemResult{ID: id, Title: describe(t).Title, Outcome: outcome, Queue: queue, Reason: reason, source: t.Raw, tx: string(t.UUID)}
}

// asset declares one asset and keeps its rights with it.
func (f *follower) asset(ctx context.Context, t *smint.LicensePurchaseTransaction, a Asset) (ItemResult, error) {
	r := f.left(t, a.Key.String(), "", "", "")
	r.Title = a.Title
	if f.opts.DryRun {
		return f.plan(ctx, r, a)
	}
	receipt, err := DeclareRecord(ctx, f.s, DeclareRequest{Asset: a})
	r.Receipt = &receipt
	if err != nil {
		return f.failed(ctx, r, err)
	}
	rights, err := TransferRights(ctx, f.s, RightsRequest{Record: receipt.Record, Source: t.Raw, Original: a.Original})
	r.Rights = &rights
	if err != nil {
		return f.failed(ctx, r, err)
	}
	if f.opts.Evidence {
		evidence, err := AttachEvidence(ctx, f.s, EvidenceRequest{Record: receipt.Record, Approval: receipt.Approval})
		r.Evidence = &evidence
		if err != nil {
			return f.failed(ctx, r, err)
		}
	}
	// A record that stands stays what it is, also when its license changed and
	// its rights document has a version more.
	r.Outcome = ItemUnchanged
	if receipt.Change != Unchanged || rights.Change == Created {
		r.Outcome = ItemDeclared
	}
	return r, nil
}

func (f *follower) plan(ctx context.Context, r ItemResult, a Asset) (ItemResult, error) {
	plan, err := PlanDeclareRecord(ctx, f.s, DeclareRequest{Asset: a})
	if err != nil {
		return f.failed(ctx, r, err)
	}
	r.Plan, r.Outcome = plan, ItemPlanned
	if len(plan.Steps) == 0 {
		r.Outcome = ItemUnchanged
	}
	return r, nil
}

// failed sorts a failure: it ends the pass, or it concerns this asset alone.
func (f *follower) failed(ctx context.Context, r ItemResult, err error) (ItemResult, error) {
	if ends(ctx, err) {
		return r, err
	}
	r.Reason = short(err)
	switch {
	case errors.Is(err, ErrDisposed), errors.Is(err, errElsewhere):
		r.Outcome = ItemSkipped
	case r.Receipt != nil && r.Receipt.Change == Incomplete:
		r.Outcome, r.Queue = ItemIncomplete, queueOf(err)
	case errors.Is(err, ecm.ErrOnHold):
		r.Outcome, r.Queue = ItemSkipped, QueueHeld
	default:
		r.Outcome, r.Queue = ItemQuarantined, queueOf(err)
	}
	return r, nil
}

// relate cross-references a declared asset with other records.
func (f *follower) relate(ctx context.Context, r *ItemResult, to []RecordRef, kind, comment string) error {
	if kind == "" {
		return nil
	}
	for _, other := range to {
		receipt, err := RelateRecords(ctx, f.s, RelateRequest{From: r.Receipt.Record, To: other, Type: kind, Comment: comment})
		r.Related = append(r.Related, receipt)
		if err != nil {
			failed, err := f.failed(ctx, *r, err)
			*r = failed
			return err
		}
	}
	return nil
}

// supersede marks the record of the version before, now that this one stands.
func (f *follower) supersede(ctx context.Context, r *ItemResult) error {
	if err := supersede(ctx, f.s, r); err != nil {
		*r, err = f.failed(ctx, *r, err)
		return err
	}
	return nil
}

// supersede is the composition of both runners: the source has this version
// now.
func supersede(ctx context.Context, s *Scope, r *ItemResult) error {
	if s.policy.SupersedesReference == "" {
		return nil
	}
	receipt, err := SupersedeRecord(ctx, s, SupersedeRequest{Record: r.Receipt.Record, Newest: true})
	r.Related = append(r.Related, receipt)
	return err
}
