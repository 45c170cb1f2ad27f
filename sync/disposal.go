package sync

import (
	"context"
	"fmt"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// DisposalList reads exactly what a run of a disposition search is about to do
// to the scope's records and the documents beside them, with the holds on each:
// what people look at before they approve, and what their approval is held
// against again before anything is carried out. It changes nothing; to carry a
// disposal out is for ECM's own process, and its own people.
//
//	list, err := scope.DisposalList(ctx, search, run)    // look, approve list.Hash()
//	...
//	list, err = scope.DisposalList(ctx, search, run)     // look again
//	err = approval.Covers(list, executor, time.Now())    // nothing has changed
//	err = scope.ECM().Dispositions.PerformActions(ctx, items)
//
// What was carried out already is not listed. An item that is not of this scope
// matches ErrForeignScope: a run that reaches further than one client is not
// this one's to approve. Holds that cannot be read are unknown, which nothing
// covers. Other errors are those of the ECM client.
func (s *Scope) DisposalList(ctx context.Context, search ecm.NodeID, run ecm.QDate) (records.DisposalList, error) {
	list := records.DisposalList{Name: fmt.Sprintf("disposition search %s, run %s", search, run)}
	items, err := s.ecm.Dispositions.Items(ctx, search, run)
	if err != nil {
		return list, fmt.Errorf("%s: %w", list.Name, err)
	}
	for _, item := range items {
		if item.Performed {
			continue
		}
		one, err := s.disposalItem(ctx, item)
		if err != nil {
			return list, fmt.Errorf("%s: node %s: %w", list.Name, item.Node, err)
		}
		list.Items = append(list.Items, one)
	}
	return list, nil
}

func (s *Scope) disposalItem(ctx context.Context, item ecm.DispositionItem) (records.DisposalItem, error) {
	if err := s.under(ctx, item.Node); err != nil {
		return records.DisposalItem{}, err
	}
	c, err := s.category(ctx)
	if err != nil {
		return records.DisposalItem{}, err
	}
	values, err := s.ecm.Categories.OfNode(ctx, item.Node)
	if err != nil {
		return records.DisposalItem{}, err
	}
	key, err := records.ParseRecordKey(s.field(c, values, FieldKey))
	if err != nil {
		return records.DisposalItem{}, fmt.Errorf("%w: it carries no key: %w", ErrNotOurs, err)
	}
	if err := key.In(s.id); err != nil {
		return records.DisposalItem{}, err
	}
	details, err := s.ecm.RMClassifications.Get(ctx, item.Node)
	if err != nil {
		return records.DisposalItem{}, err
	}
	one := records.DisposalItem{
		Record: key, Object: item.Node.String(), Action: actionOf(item), Schedule: details.Primary().RSI, Stage: fmt.Sprint(item.StageCount),
	}
	// The day is asked for now: that of the run is as old as the run.
	stages, err := s.ecm.RSIs.Details(ctx, item.Node, one.Schedule)
	if err != nil {
		return records.DisposalItem{}, err
	}
	one.Due = kept(one.Schedule, stages).On                              // none: the list is not valid, and nothing covers it.
	one.Digest, _ = records.ParseDigest(s.field(c, values, FieldDigest)) // none: likewise.
	one.Holds, _, err = s.holdsInForce(ctx, item.Node)
	return one, err
}
