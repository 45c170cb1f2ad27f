package sync

import (
	"context"

	"github.com/smintecm/sdk/ecm"
)

// orders reads the holds that stood for a record before it was there: after its
// bytes are in, so that an order given later meets the record itself.
func (d *declaration) orders(ctx context.Context) (err error) {
	d.standing, err = d.s.standing(ctx, d.Key, d.asset.fields(d.approval, d.s.policy.Version))
	return err
}

// firstSchedule is the schedule that the record gets together with its class.
// Where a hold stands for it, it may be held from its first moment on, and
// then no other schedule would be assigned any more.
func (d *declaration) firstSchedule() string {
	if len(d.standing) == 0 {
		return ""
	}
	return d.rule.Schedule
}

// hold puts the standing holds on the record, before it is final and its
// declaration a success, and on what an earlier call left beside it.
func (d *declaration) hold(ctx context.Context) error {
	holds := d.standing
	if len(holds) == 0 {
		return nil
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
