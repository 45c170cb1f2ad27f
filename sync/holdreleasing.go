package sync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// releasing carries out a ReleasePlan.
type releasing struct {
	*ReleasePlan
	taking
	sweep   sweep
	release *records.Release
}

func (p *ReleasePlan) apply(ctx context.Context) (Receipt, error) {
	r := &releasing{ReleasePlan: p, taking: taking{s: p.scope, primitive: releaseHold}}
	r.sweep = sweep{
		taking: &r.taking, hold: p.Hold, do: "release", wanted: false, was: HoldAbsent, become: HoldReleased,
		list: func(ctx context.Context, held map[ecm.NodeID]ecm.Node) ([]HoldItem, error) {
			return r.s.releasable(ctx, held, p.Target)
		},
		many: func(ctx context.Context, ids []ecm.NodeID) error {
			return r.s.ecm.Holds.RemoveMany(ctx, p.Hold, p.request.comment(), ids...)
		},
		one: func(ctx context.Context, id ecm.NodeID) error { return r.s.ecm.Holds.Remove(ctx, id, p.Hold, nil) },
	}
	var err error
	if p.Hold > 0 {
		if err = r.run(ctx); err != nil {
			err = fmt.Errorf("release hold %q: %w", p.Name, err)
		}
	}
	return r.receipt(err), err
}

func (r *releasing) run(ctx context.Context) error {
	if err := r.noted(ctx); err != nil {
		return err
	}
	if err := r.void(ctx, r.reviewed, r.leaving); err != nil {
		return fmt.Errorf("nothing was released: %w", err)
	}
	held, err := r.sweep.run(ctx)
	r.tellDue()
	if err != nil {
		return err
	}
	if err := r.lookAgain(ctx); err != nil {
		return err
	}
	if err := failures(r.sweep.items); err != nil {
		return err
	}
	id, _ := records.ParseHoldID(r.Hold.String())
	r.release = &records.Release{ID: id, By: r.request.By, At: time.Now().UTC(), Reason: r.request.Reason}
	if !r.Target.IsZero() {
		return nil
	}
	if len(held) > 0 {
		r.Findings = append(r.Findings, fmt.Sprintf("hold %s holds %d documents elsewhere and stays in force for them", r.Hold, len(held)))
		return nil
	}
	if !r.s.own(r.hold) {
		r.Findings = append(r.Findings, fmt.Sprintf("hold %s was not made by this scope and stays in force: what else it holds need not be seen from here", r.Hold))
		return nil
	}
	return r.end(ctx)
}

// end suspends a hold that holds nothing any more, which is how ECM says who
// removed it, when and why. It keeps its name and history.
func (r *releasing) end(ctx context.Context) error {
	on := r.s.now().UTC()
	err := r.mutate(ctx, endStep(r.hold), records.Digest{}, func() error {
		return r.s.ecm.Holds.Update(ctx, r.Hold, ecm.HoldUpdate{Removed: on, RemovalComment: r.request.comment()})
	})
	if err := fatal(ctx, err); err != nil {
		return err
	}
	fresh, readErr := r.s.ecm.Holds.Get(ctx, r.Hold)
	if readErr != nil {
		return fmt.Errorf("%w: read back hold %s: %w", ErrHoldUnknown, r.Hold, readErr)
	}
	if r.hold = *fresh; fresh.Active {
		r.Findings = append(r.Findings, fmt.Sprintf("hold %s holds nothing and could not be ended: %v", r.Hold, err))
		return nil
	}
	fields := commentFields(fresh.RemovalComment)
	r.release.By, r.release.Reason = first(fields[releasedLine], r.release.By), first(fields[reasonLine], r.release.Reason)
	if !fresh.Removed.IsZero() {
		r.release.At = fresh.Removed.UTC()
	}
	return nil
}

// receipt says what the call did and what stands now.
func (r *releasing) receipt(err error) Receipt {
	out := Receipt{
		Primitive: releaseHold, Scope: r.ReleasePlan.Scope, Policy: r.Policy, Name: r.Name, Items: r.sweep.report(r.ReleasePlan.Items, err),
		Release: r.release, Steps: r.done, Findings: r.Findings, At: time.Now().UTC(),
	}
	if r.Hold > 0 {
		out.Hold = new(holdOf(r.hold))
	}
	kept := 0
	for _, i := range out.Items {
		if i.Result == HoldKept {
			kept++
		}
	}
	switch {
	case err != nil:
		out.Change, out.Reason = Incomplete, err.Error()
	case r.Hold == 0:
		out.Change, out.Reason = Skipped, r.Absent
	case len(r.done) > 0:
		out.Change = Changed
	default:
		out.Change, out.Reason = Skipped, "the hold holds none of them"
	}
	if err == nil && kept > 0 {
		out.Reason = fmt.Sprintf("%d documents stay held by another order under the same hold", kept)
	}
	return out
}

func sortedNodes(held map[ecm.NodeID]ecm.Node) []ecm.NodeID {
	return slices.Sorted(maps.Keys(held))
}
