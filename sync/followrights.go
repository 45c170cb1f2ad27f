package sync

import (
	"context"
	"slices"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// relicensing brings one word about a license to the records that rest on it.
type relicensing struct {
	*follower
	t       *smint.LicensePurchaseTransaction
	results []ItemResult
}

// license keeps what a purchase now says of its license with the records that
// it has and that no result tells of yet: those of older versions, and all of
// them if it declares nothing any more. Records that reuse the license follow.
func (f *follower) license(ctx context.Context, t *smint.LicensePurchaseTransaction, results []ItemResult) ([]ItemResult, error) {
	l := &relicensing{f, t, results}
	err := l.run(ctx)
	return l.results, err
}

func (l *relicensing) run(ctx context.Context) error {
	standing, err := l.s.recordsOf(ctx, string(l.t.UUID))
	if err != nil || len(standing) == 0 {
		return err
	}
	source, err := l.originalSource(ctx, l.t)
	if err != nil {
		return l.refused(ctx, string(l.t.Reused), err)
	}
	known := len(l.results)
	for _, ref := range standing {
		told := slices.IndexFunc(l.results[:known], func(r ItemResult) bool { return r.Rights != nil && r.Rights.Record.key == ref.key })
		if told < 0 {
			err = l.renew(ctx, RightsRequest{Record: ref, Source: l.t.Raw, Original: source})
		}
		// A record that was just declared has no reuse yet.
		if err == nil && (told < 0 || l.results[told].Outcome != ItemDeclared) {
			err = l.reuses(ctx, ref)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refused notes a failure that concerns one record alone; any other is
// returned and ends the pass.
func (l *relicensing) refused(ctx context.Context, id string, err error) error {
	r, err := l.failed(ctx, l.left(l.t, id, "", "", ""), err)
	if err == nil {
		l.results = append(l.results, r)
	}
	return err
}

// renew keeps the word with one record. Only what it changed, or failed to, is
// told.
func (l *relicensing) renew(ctx context.Context, req RightsRequest) error {
	id := req.Record.key.String()
	if l.opts.DryRun {
		plan, err := PlanTransferRights(ctx, l.s, req)
		if err != nil {
			return l.refused(ctx, id, err)
		}
		if len(plan.Steps) > 0 {
			r := l.left(l.t, id, ItemPlanned, "", "rights: "+plan.Rights)
			r.RightsPlan = plan
			l.results = append(l.results, r)
		}
		return nil
	}
	receipt, err := TransferRights(ctx, l.s, req)
	if err != nil {
		return l.refused(ctx, id, err)
	}
	if receipt.Change != Unchanged {
		r := l.left(l.t, id, ItemUpdated, "", "rights: "+receipt.Rights)
		r.Rights = &receipt
		l.results = append(l.results, r)
	}
	return nil
}

// reuses brings the word to the records that reuse the license of this one:
// their rights rest on both.
func (l *relicensing) reuses(ctx context.Context, original RecordRef) error {
	kind := l.s.policy.ReuseReference
	if kind == "" {
		return nil
	}
	nodes, err := l.s.referring(ctx, original.node, kind)
	if err != nil || len(nodes) == 0 {
		return err
	}
	license, err := l.s.rightsSource(ctx, original)
	if err != nil {
		return l.refused(ctx, original.key.String(), err)
	}
	for _, id := range nodes {
		reuse, ours, err := l.s.refOf(ctx, id)
		if err != nil {
			return err
		}
		if !ours || l.told(reuse) {
			continue
		}
		own, err := l.s.rightsSource(ctx, reuse)
		switch {
		case err != nil:
			err = l.refused(ctx, reuse.key.String(), err)
		case own != nil && license != nil:
			err = l.renew(ctx, RightsRequest{Record: reuse, Source: own, Original: license})
		}
		// One without rights of its own gets both when it comes.
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *relicensing) told(ref RecordRef) bool {
	return slices.ContainsFunc(l.results, func(r ItemResult) bool { return r.ID == ref.key.String() })
}

// originalSource is what is kept of the license that a purchase reuses.
func (f *follower) originalSource(ctx context.Context, t *smint.LicensePurchaseTransaction) ([]byte, error) {
	original, err := f.original(ctx, t)
	if err != nil || len(original) == 0 {
		return nil, err
	}
	return f.s.rightsSource(ctx, original[0])
}

// referring are the nodes that refer to this one by that type.
func (s *Scope) referring(ctx context.Context, id ecm.NodeID, kind string) ([]ecm.NodeID, error) {
	related, err := s.otherEnd(ctx, kind)
	if err != nil {
		return nil, err
	}
	list, err := s.ecm.CrossReferences.OfNode(ctx, id)
	var nodes []ecm.NodeID
	for _, x := range list {
		if x.Type == related {
			nodes = append(nodes, x.To)
		}
	}
	return nodes, err
}

// refOf reads which record of this scope a node is. Whether it stands under
// that record's name is asked where it is used.
func (s *Scope) refOf(ctx context.Context, id ecm.NodeID) (ref RecordRef, ours bool, err error) {
	c, err := s.category(ctx)
	if err != nil {
		return RecordRef{}, false, err
	}
	values, err := s.ecm.Categories.OfNode(ctx, id)
	if isMissing(err) {
		return RecordRef{}, false, nil
	}
	if err != nil {
		return RecordRef{}, false, err
	}
	key, err := records.ParseRecordKey(s.field(c, values, FieldKey))
	if err != nil || key.In(s.id) != nil {
		return RecordRef{}, false, nil
	}
	return s.ref(key, id), true, nil
}
