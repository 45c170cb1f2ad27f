package sync

import (
	"context"

	"github.com/smintecm/sdk/ecm"
)

// hold puts the holds on a record that stood for it before it was there. It
// comes after the schedule, which a held record's would not be changed, and
// before the record is final or its declaration a success: a hold that is
// ordered while the bytes go in is read here, one that is ordered later meets
// the record. What an earlier call left beside the record is held with it.
func (d *declaration) hold(ctx context.Context) error {
	holds, err := d.s.standing(ctx, d.Key, d.asset.fields(d.approval, d.s.policy.Version))
	if err != nil || len(holds) == 0 {
		return err
	}
	nodes := []ecm.NodeID{d.id}
	if !d.created {
		stored, err := d.s.recordsIn(ctx, d.folder, d.Key.Short())
		if err != nil {
			return err
		}
		for _, r := range stored {
			if r.Record.key == d.Key {
				nodes = r.Documents()
			}
		}
	}
	for _, id := range nodes {
		if err := d.s.keepHeld(ctx, &d.taking, id, holds); err != nil {
			return err
		}
	}
	return nil
}

// holdLike has a document that has just come beside a record held by all that
// holds the record.
func (s *Scope) holdLike(ctx context.Context, t *taking, record, document ecm.NodeID) error {
	holds, err := s.holdsOf(ctx, record)
	if err != nil {
		return err
	}
	return s.keepHeld(ctx, t, document, holds)
}
