package sync

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

// surfacePass is one pass over the records of a scope.
type surfacePass struct {
	s   *Scope
	to  *Surface
	req SurfaceRequest
	// do carries a change out, or writes it down.
	do func(ctx context.Context, c *surfaceChange) error
	// met are the external ids that the pass has come by.
	met      map[string]bool
	items    []SurfaceItem
	steps    []Step
	findings []string
	failed   []error
}

func newSurfacePass(s *Scope, to *Surface, req SurfaceRequest) (*surfacePass, error) {
	if to == nil || to.scope != s {
		return nil, fmt.Errorf("%w: the surface is not that of scope %s", ErrForeignScope, s.id)
	}
	return &surfacePass{s: s, to: to, req: req, met: map[string]bool{}}, nil
}

func (p *surfacePass) run(ctx context.Context) error {
	sources := p.s.policy.Surface.Sources
	for i := range sources {
		walk := p.folders
		if sources[i].Declared {
			walk = p.declared
		}
		if err := walk(ctx, &sources[i]); err != nil {
			return fmt.Errorf("surface %s of scope %s: %w", sources[i].Name, p.s.id, err)
		}
	}
	// What is listed and was not met lies elsewhere by now, or is gone.
	for _, state := range p.to.feed.States() {
		if state.Removed() || p.met[state.ExternalID] {
			continue
		}
		o, err := p.s.offerAgain(ctx, *state.Asset)
		if err == nil {
			err = p.whereabouts(ctx, o)
		}
		if err := p.take(ctx, state.ExternalID, o, err); err != nil {
			return fmt.Errorf("surface of scope %s: %s: %w", p.s.id, state.ID, err)
		}
	}
	return errors.Join(p.failed...)
}

// whereabouts looks for a record without a key that is not where it stood: one
// in the recycle bin may come back.
func (p *surfacePass) whereabouts(ctx context.Context, o *offer) error {
	if o.declared() || o.facts.Existence != Gone {
		return nil
	}
	a, err := p.s.absent(ctx, records.RecordKey{}, o.node.ID, DispositionEvidence{}, nil)
	if err != nil {
		return err
	}
	o.facts.Existence, o.facts.Why = a.existence, a.why()
	o.decide(p.s)
	return nil
}

func (p *surfacePass) declared(ctx context.Context, src *SurfaceSource) error {
	for r, err := range p.s.Records(ctx) {
		if err != nil {
			return err
		}
		o, err := p.s.offerDeclared(ctx, src, r)
		if err := p.take(ctx, ExternalID(r.Record.key), o, err); err != nil {
			return fmt.Errorf("record %s: %w", r.Record.key, err)
		}
	}
	return nil
}

// folders walks the documents below the folders of a source.
func (p *surfacePass) folders(ctx context.Context, src *SurfaceSource) error {
	seen := map[ecm.NodeID]bool{}
	for _, folder := range p.s.foldersOf(src) {
		for open := []ecm.NodeID{folder}; len(open) > 0; {
			at := open[len(open)-1]
			if open = open[:len(open)-1]; seen[at] {
				continue
			}
			seen[at] = true
			below, err := p.folder(ctx, src, at)
			switch {
			case at == folder && (isMissing(err) || errors.Is(err, ecm.ErrInvalidAction) || errors.Is(err, ecm.ErrDenied)):
				return fmt.Errorf("%w: folder %s does not exist, or is none, or the user may not see it: %w", ErrSetup, folder, err)
			case isMissing(err):
				p.findings = append(p.findings, fmt.Sprintf("folder %s went away, or out of sight, while it was read", at))
			case err != nil:
				return fmt.Errorf("folder %s: %w", at, err)
			}
			open = append(open, below...)
		}
	}
	return nil
}

// folder takes the documents of one folder and returns the folders in it.
func (p *surfacePass) folder(ctx context.Context, src *SurfaceSource, at ecm.NodeID) (below []ecm.NodeID, err error) {
	for n, err := range p.s.ecm.Nodes.All(ctx, at, &ecm.ListOptions{With: []ecm.Part{ecm.WithCategories}}) {
		if err != nil {
			return nil, err
		}
		switch {
		case n.Container && !(at == p.s.root && isKeyFolder(n.Name)):
			below = append(below, n.ID)
		case n.Type == ecm.SubtypeDocument && !p.met[nodeExternalID(n.ID)] && !p.s.carriesKey(ctx, &n):
			o, err := p.s.offerNode(ctx, src, n)
			if err := p.take(ctx, nodeExternalID(n.ID), o, err); err != nil {
				return nil, fmt.Errorf("node %s: %w", n.ID, err)
			}
		}
	}
	return below, nil
}

// take settles what becomes of one record. Its error ends the pass.
func (p *surfacePass) take(ctx context.Context, external string, o *offer, err error) error {
	p.met[external] = true
	if err != nil {
		if ends(ctx, err) || isSetup(err) {
			return err
		}
		// Nobody can tell about this one.
		o = &offer{external: external, facts: AccessFacts{At: p.s.now().UTC(), Why: short(err)}}
		o.decide(p.s)
	}
	c := p.weigh(o)
	if c.step.Do == "" {
		p.items = append(p.items, c.item)
		return nil
	}
	return p.do(ctx, c)
}

// surfaceChange is what becomes of one record in the catalog.
type surfaceChange struct {
	offer *offer
	item  SurfaceItem
	// asset is what is published, nil to remove.
	asset *adapter.Asset
	// step is empty if nothing is to be done; resend: only commands are.
	step   Step
	resend bool
}

// weigh compares what is offered now with what the catalog says.
func (p *surfacePass) weigh(o *offer) *surfaceChange {
	d := o.decision
	c := &surfaceChange{offer: o, item: SurfaceItem{
		ID: feedID(o.external), Node: o.facts.Node, Record: o.record.Record.key, Outcome: SurfaceUnchanged,
		Access: d.Access, Cause: d.Cause, Reason: d.Reason,
	}}
	if o.source != nil {
		c.item.Source = o.source.Name
	}
	state, known := p.to.feed.State(c.item.ID)
	visible := o.asset != nil
	switch {
	case !visible && !known:
		c.item.Outcome = SurfaceWithheld
	case known && disposedFor(state):
		c.item.Access = adapter.Removed
		if visible {
			c.item.Reason = disposedReason
		}
	case d.Access == adapter.Removed && !state.Removed(), d.Access == adapter.Removed && disposes(d.Cause):
		c.set(SurfaceRemoved, nil, max(d.Sequence(), state.Sequence+1))
	case !visible && !state.Removed() && visibleNow(state):
		hidden := *state.Asset
		hidden.Access = adapter.Hidden
		c.set(SurfaceHidden, &hidden, max(d.Sequence(), state.Sequence+1))
	case visible && (!known || !sameAsset(o.asset, state.Asset)):
		c.publish(o.asset, d.Sequence(), state, known)
	}
	if known {
		c.item.Sequence = max(c.item.Sequence, state.Sequence)
	}
	if c.step.Do == "" && known && p.req.Resend && len(p.to.commands) > 0 {
		c.resend, c.asset = true, state.Asset
		c.step = Step{Do: "send again", On: "commands for " + c.item.ID, With: string(c.item.Access)}
	}
	return c
}

// disposes tells a cause for which a tombstone stays for ever.
func disposes(c AccessCause) bool { return c == CauseDestroyed || c == CauseTransferred }

// visibleNow tells that a state of the catalog leaves anything to be seen.
func visibleNow(s adapter.State) bool { return s.Asset.Approved && visible(s.Asset.Access) }

func (c *surfaceChange) set(outcome SurfaceOutcome, a *adapter.Asset, sequence int64) {
	do := map[SurfaceOutcome]string{SurfacePublished: "publish", SurfaceHidden: "hide", SurfaceRemoved: "remove"}[outcome]
	c.item.Outcome, c.item.Sequence, c.asset = outcome, sequence, a
	c.step = Step{Do: do, On: "feed entry " + c.item.ID, With: string(c.item.Access) + ": " + c.item.Reason}
}

// publish offers an asset. What takes something away is carried out whatever
// the catalog knows: it was found in ECM just now. What gives something is, if
// its moment is newer than all that the catalog knows.
func (c *surfaceChange) publish(a *adapter.Asset, sequence int64, state adapter.State, known bool) {
	c.item.restricts = known && !state.Removed() && visibleNow(state) && restricts(*state.Asset, *a)
	if known && sequence <= state.Sequence {
		if state.Removed() || !restricts(*state.Asset, *a) {
			c.item.Outcome, c.item.Reason = SurfaceStale, fmt.Sprintf("the catalog knows something newer, of sequence %d", state.Sequence)
			return
		}
		sequence = state.Sequence + 1
	}
	c.set(SurfacePublished, a, sequence)
}

// restricts tells that one asset gives less than the one before, in anything.
func restricts(before, now adapter.Asset) bool {
	earlier := func(a, b time.Time) bool { return !b.IsZero() && (a.IsZero() || b.Before(a)) }
	trimmed := len(now.Groups) > 0 && (len(before.Groups) == 0 || slices.ContainsFunc(before.Groups, func(g string) bool { return !slices.Contains(now.Groups, g) }))
	return narrower(now.Access, before.Access) || earlier(before.Until, now.Until) || earlier(before.FirstUseUntil, now.FirstUseUntil) || trimmed
}

// sameAsset compares assets as they are kept.
func sameAsset(a, b *adapter.Asset) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// intend writes down what would be done.
func (p *surfacePass) intend(_ context.Context, c *surfaceChange) error {
	p.items, p.steps = append(p.items, c.item), append(p.steps, c.step)
	return nil
}

// carryOut changes the catalog, and tells those who take commands. Its error
// ends the pass.
func (p *surfacePass) carryOut(ctx context.Context, c *surfaceChange) error {
	t := taking{s: p.s, primitive: surfaceRecords, key: c.item.Record}
	err := p.change(ctx, &t, c)
	if err == nil && c.item.Outcome != SurfaceStale && c.item.Outcome != SurfaceFailed {
		err = p.command(ctx, &t, c)
	}
	p.items, p.steps = append(p.items, c.item), append(p.steps, t.done...)
	return err
}

func (p *surfacePass) change(ctx context.Context, t *taking, c *surfaceChange) error {
	if c.resend {
		return nil
	}
	var outcome adapter.Outcome
	err := t.mutate(ctx, c.step, records.Digest{}, func() (err error) {
		if c.asset == nil {
			outcome, err = p.to.feed.Remove(ctx, c.item.ID, c.offer.external, c.item.Sequence, string(c.item.Cause))
		} else {
			outcome, err = p.to.feed.Publish(ctx, *c.asset, c.item.Sequence)
		}
		return err
	})
	if errors.Is(err, adapter.ErrInvalid) && !errors.Is(err, errJournal) {
		// It cannot be offered as it is; what was offered before may not stay.
		c.item.Outcome, c.item.Reason = SurfaceFailed, short(err)
		p.failed = append(p.failed, err)
		return p.hide(ctx, t, c)
	}
	if err == nil && outcome == adapter.Stale {
		c.item.Outcome, c.item.Reason = SurfaceStale, "another process published something newer meanwhile"
	}
	return err
}

func (p *surfacePass) hide(ctx context.Context, t *taking, c *surfaceChange) error {
	state, known := p.to.feed.State(c.item.ID)
	if !known || state.Removed() {
		return nil
	}
	hidden := *state.Asset
	hidden.Access = adapter.Hidden
	return t.mutate(ctx, Step{Do: "hide", On: "feed entry " + c.item.ID}, records.Digest{}, func() error {
		_, err := p.to.feed.Publish(ctx, hidden, max(c.item.Sequence, state.Sequence)+1)
		return err
	})
}

// command tells Smint.io at once what the catalog says. A command that is not
// taken does not stop the pass: the catalog says it all the same.
func (p *surfacePass) command(ctx context.Context, t *taking, c *surfaceChange) error {
	item := smint.Publication{ExternalID: c.offer.external, Sequence: c.item.Sequence, Action: smint.ActRemoveAccess, Reason: string(c.item.Cause)}
	if a := c.asset; a != nil && a.Approved && visible(a.Access) {
		item.Version, item.Action = a.Version, action(a.Access)
		if item.Action == smint.ActReplace {
			item.Replacement = a.ReplacedBy
		}
	}
	for _, to := range p.to.commands {
		step := Step{Do: "command " + string(item.Action), On: "asset " + item.ExternalID, With: string(c.item.Access)}
		err := t.mutate(ctx, step, records.Digest{}, func() error {
			results, err := to.Publish(ctx, item)
			if err == nil && (len(results) != 1 || !(results[0].Status.Accepted() || (results[0].Status == smint.PublishNotFound && item.Action != smint.ActPublish))) {
				err = fmt.Errorf("%w: %s %s: %+v", ErrNotTaken, item.Action, item.ExternalID, results)
			}
			return err
		})
		if errors.Is(err, errJournal) || ctx.Err() != nil {
			return err
		}
		if err != nil {
			c.item.Reason += "; the catalog says it, a command was not taken: " + short(err)
			c.item.Outcome = SurfaceFailed
			p.failed = append(p.failed, err)
		}
	}
	return nil
}

func (p *surfacePass) receipt(err error) Receipt {
	r := Receipt{
		Primitive: surfaceRecords, Scope: p.s.id.String(), Policy: p.s.policy.Version, Change: Unchanged, Steps: p.steps, Surfaced: p.items,
		Findings: p.findings, At: time.Now().UTC(),
	}
	counts := map[SurfaceOutcome]int{}
	for _, i := range p.items {
		counts[i.Outcome]++
	}
	var words []string
	for _, o := range []SurfaceOutcome{SurfacePublished, SurfaceUnchanged, SurfaceHidden, SurfaceRemoved, SurfaceWithheld, SurfaceStale, SurfaceFailed} {
		if counts[o] > 0 {
			words = append(words, fmt.Sprintf("%s %d", o, counts[o]))
		}
	}
	r.Reason = strings.Join(words, ", ")
	switch {
	case err != nil:
		r.Change, r.Reason = Incomplete, strings.Trim(r.Reason+": "+short(err), ": ")
	case len(p.steps) > 0:
		r.Change = Changed
	}
	return r
}
