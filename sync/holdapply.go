package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// holding carries out a HoldPlan.
type holding struct {
	*HoldPlan
	taking
	hold    ecm.Hold
	created bool
	// ordered is the standing order's node if this call put the hold on it.
	ordered ecm.NodeID
	sweep   sweep
}

func (p *HoldPlan) apply(ctx context.Context) (Receipt, error) {
	h := &holding{HoldPlan: p, taking: taking{s: p.scope, primitive: applyHold}}
	h.sweep = sweep{
		taking: &h.taking, do: "hold", wanted: true, was: HoldStood, become: HoldApplied, list: h.list,
		many: func(ctx context.Context, ids []ecm.NodeID) error {
			return h.s.ecm.Holds.ApplyMany(ctx, h.hold.ID, ids...)
		},
		one: func(ctx context.Context, id ecm.NodeID) error { return h.s.ecm.Holds.Apply(ctx, id, h.hold.ID) },
	}
	err := h.run(ctx)
	if err != nil {
		err = fmt.Errorf("hold %q: %w", p.Name, err)
	}
	return h.receipt(err), err
}

// run first makes the order stand, and then holds what is there. What is
// declared in between finds the order; what stands beside a record after it was
// held follows it; so the walk ends when it meets nothing that is not held.
func (h *holding) run(ctx context.Context) error {
	if err := h.makeHold(ctx); err != nil {
		return err
	}
	h.sweep.hold = h.hold.ID
	order := Step{Do: "order", On: fmt.Sprintf("hold %s %q", h.hold.ID, h.hold.Name), With: h.Target.String()}
	told := fmt.Sprintf("found: matter: %s; reason: %s; authority: %s; about: %s", h.Matter, h.request.Reason, h.request.Authority, h.Target)
	if err := h.note(ctx, Observation, order, records.Digest{}, told); err != nil {
		return err
	}
	if err := h.stand(ctx); err != nil {
		return err
	}
	if _, err := h.sweep.run(ctx); err != nil {
		return err
	}
	fresh, err := h.s.ecm.Holds.Get(ctx, h.hold.ID)
	if err != nil {
		return fmt.Errorf("%w: read back hold %s: %w", ErrHoldUnknown, h.hold.ID, err)
	}
	if h.hold = *fresh; !h.hold.Active {
		for n := range h.sweep.items {
			h.sweep.items[n].Result, h.sweep.items[n].Reason = HoldFailed, "the hold was ended meanwhile"
		}
	}
	return failures(h.sweep.items)
}

// list reads what the target is now.
func (h *holding) list(ctx context.Context, _ map[ecm.NodeID]ecm.Node) ([]HoldItem, error) {
	places, err := h.s.holdPlaces(ctx)
	if err != nil {
		return nil, err
	}
	found, err := h.s.targets(ctx, places, h.Target)
	items := itemsOf(found)
	for n, i := range items {
		if i.Node == h.ordered {
			items[n].Result = HoldApplied
		}
	}
	return items, err
}

// stand makes the standing order, if the target is one, and puts the hold on
// it, before anything else is held.
func (h *holding) stand(ctx context.Context) error {
	if h.Order == "" {
		return nil
	}
	folder, err := h.s.makeFolderNamed(ctx, &h.taking, ordersFolder)
	if err != nil {
		return fmt.Errorf("folder of standing orders: %w", err)
	}
	if err := h.s.under(ctx, folder); err != nil {
		return err
	}
	step := Step{Do: "create standing order", On: fmt.Sprintf("%q", h.Order)}
	node, err := makeOnce(ctx, &h.taking, step, func() (ecm.NodeID, error) {
		n, err := h.s.ecm.Nodes.FindChild(ctx, folder, h.Order)
		if errors.Is(err, ecm.ErrNotFound) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		return n.ID, nil
	}, func() error {
		_, err := h.s.ecm.Nodes.CreateFolder(ctx, folder, h.Order)
		return err
	})
	if err != nil {
		return fmt.Errorf("standing order %q: %w", h.Order, err)
	}
	before := len(h.done)
	if err := h.s.keepHeld(ctx, &h.taking, node, []ecm.NodeHold{{HoldID: h.hold.ID, Name: h.hold.Name}}); err != nil {
		return fmt.Errorf("standing order %q: %w", h.Order, err)
	}
	if len(h.done) > before {
		h.ordered = node
	}
	return nil
}

// receipt says what the call did and what stands now.
func (h *holding) receipt(err error) Receipt {
	r := Receipt{
		Primitive: applyHold, Scope: h.HoldPlan.Scope, Policy: h.Policy, Name: h.Name, Items: h.sweep.report(h.HoldPlan.Items, err),
		Steps: h.done, Findings: h.Findings, At: time.Now().UTC(),
	}
	if h.hold.ID > 0 {
		r.Hold = new(holdOf(h.hold))
	}
	switch {
	case err != nil:
		r.Change, r.Reason = Incomplete, err.Error()
	case h.created:
		r.Change = Created
	case len(h.done) > 0:
		r.Change = Changed
	default:
		r.Change = Unchanged
	}
	return r
}
