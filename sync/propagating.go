package sync

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

// PlaceResult is what became of one place.
type PlaceResult struct {
	Place string `json:"place"`
	ID    string `json:"id"`
	// Did is what was published, empty for nothing.
	Did smint.PublishAction `json:"did,omitempty"`
	// Proven tells that Smint.io's side was seen to show no more than it may, at
	// At; Evidence says how, or why it could not be shown.
	Proven   bool      `json:"proven"`
	Evidence string    `json:"evidence"`
	At       time.Time `json:"at,omitzero"`
	// Open tells that nothing carries changes there: somebody has to see to it.
	Open bool `json:"open,omitempty"`
	// Escalated tells that somebody was told.
	Escalated bool `json:"escalated,omitempty"`
}

// propagation carries out a PropagatePlan.
type propagation struct {
	*PropagatePlan
	taking
	began   time.Time
	results []PlaceResult
	errs    []error
	stub    ecm.NodeID
	// certificate is the id of the certificate that was left.
	certificate string
	routed      *ReplacementRoute
	// changed tells that something was written, apart from a route.
	changed bool
	// told is what was told, now or before.
	told map[string]time.Time
}

// tellAgain is how long what does not change is not told of again.
const tellAgain = 24 * time.Hour

// news has something told of, unless it was told before and nothing has changed
// since. What tell fails at is told again by the next call.
func (c *propagation) news(what string, tell func() error) error {
	at, known := c.request.Told[what]
	if !known || c.s.now().Sub(at) >= tellAgain {
		if err := tell(); err != nil {
			return err
		}
		at = c.s.now().UTC()
	}
	c.told[what] = at
	return nil
}

func (p *PropagatePlan) apply(ctx context.Context) (Receipt, error) {
	c := &propagation{PropagatePlan: p, taking: taking{s: p.scope, primitive: propagateDisposition, key: p.Key}, began: p.scope.now(), told: map[string]time.Time{}}
	c.change(ctx)
	// What is to be remembered is written also if a place could not be changed.
	for _, keep := range []func(context.Context) error{c.keep, c.relate, c.leaveStub} {
		c.fail(keep(ctx))
	}
	c.prove(ctx)
	c.escalate(ctx)
	c.changed = len(c.done) > 0
	c.replace(ctx)
	err := errors.Join(c.errs...)
	if err != nil {
		err = fmt.Errorf("%s: %w", p.Event, err)
	}
	return c.receipt(err), err
}

func (c *propagation) fail(err error) {
	if err != nil {
		c.errs = append(c.errs, err)
	}
}

// change publishes to all places, one after another. One that fails stops no
// other.
func (c *propagation) change(ctx context.Context) {
	c.results = make([]PlaceResult, len(c.Places))
	for i, pl := range c.Places {
		r := PlaceResult{Place: pl.Place, ID: pl.Entry.ID}
		if pl.Do != "" {
			var err error
			if place, ok := pl.place.(Unreacher); ok {
				err = place.Unreached(pl.Entry)
			}
			if err == nil {
				err = c.mutate(ctx, pl.step(), records.Digest{}, func() error { return pl.place.Change(ctx, pl.Entry, c.Decision) })
			}
			switch {
			case errors.Is(err, ErrNoTransport):
				r.Open, r.Evidence = true, err.Error()
			case err != nil:
				r.Evidence = err.Error()
				c.fail(err)
			default:
				r.Did = pl.Do
			}
		}
		c.results[i] = r
	}
}

// prove reads all places back until each shows no more than it may, or the
// deadline has come.
func (c *propagation) prove(ctx context.Context) {
	until := c.began.Add(c.s.carrying.Deadline)
	for {
		waiting := false
		for i := range c.results {
			if r := &c.results[i]; !r.Proven {
				waiting = c.readBack(ctx, c.Places[i], r) || waiting
			}
		}
		if !waiting || ctx.Err() != nil || !c.s.now().Before(until) {
			break
		}
		if err := c.s.carrying.Wait(ctx, c.s.carrying.Poll); err != nil {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		c.fail(err)
	}
}

// readBack asks a place once, and tells whether asking again makes sense.
func (c *propagation) readBack(ctx context.Context, pl PlacePlan, r *PlaceResult) (again bool) {
	if pl.Entry.ID == "" {
		r.Proven, r.Evidence, r.At = true, "it never shows it", c.s.now().UTC()
		return false
	}
	if c.Decision.Access == adapter.Full && r.Did == "" {
		// Nothing may be too much, and nothing was said.
		r.Proven, r.Evidence, r.At = true, "full access: nothing to take away", c.s.now().UTC()
		return false
	}
	back, err := pl.place.ReadBack(ctx, pl.Entry)
	if err != nil {
		if r.Evidence == "" || !r.Open {
			r.Evidence = err.Error()
		}
		return !errors.Is(err, smint.ErrCannotAsk) && !r.Open
	}
	ok, evidence := proves(c.Decision.Access, back)
	r.Evidence, r.At = evidence, back.At
	step := Step{Do: "read back", On: pl.Entry.ID, With: pl.Place}
	if !ok {
		return !r.Open
	}
	r.Proven, r.Open = true, false
	c.fail(c.news(fmt.Sprintf("%s proven in %s: %s", c.Decision.Access, pl.Place, pl.Entry.ID), func() error {
		return c.note(ctx, Observation, step, records.Digest{}, fmt.Sprintf("%s proven in %s: %s", c.Decision.Access, pl.Place, evidence))
	}))
	return false
}

// escalate tells of every place that is not proven.
func (c *propagation) escalate(ctx context.Context) {
	for i := range c.results {
		r := &c.results[i]
		if r.Proven {
			continue
		}
		why := r.Evidence
		if r.Open {
			why = "nothing carries changes there: " + why
		}
		c.fail(fmt.Errorf("%w: %s, %s should be %s: %s", ErrNotProven, r.Place, r.ID, c.Decision.Access, why))
		c.fail(c.news(fmt.Sprintf("%s not proven in %s: %s, open %t", c.Decision.Access, r.Place, r.ID, r.Open), func() (err error) {
			r.Escalated, err = c.tell(ctx, Escalation{Place: r.Place, ID: r.ID, Why: why})
			return err
		}))
	}
}

// tell escalates once, and takes it down. It says whether somebody was told.
func (c *propagation) tell(ctx context.Context, e Escalation) (bool, error) {
	e.Event, e.Record, e.Access, e.Since, e.At = c.Event.ID, c.Key, c.Decision.Access, c.Event.At, c.s.now().UTC()
	err := c.note(ctx, Observation, Step{Do: "escalate", On: e.ID, With: e.Place}, records.Digest{}, "escalated: "+e.Place+": "+e.Why)
	if c.s.carrying.Escalate == nil {
		return false, err
	}
	if failed := c.s.carrying.Escalate(context.WithoutCancel(ctx), e); failed != nil {
		return false, errors.Join(err, fmt.Errorf("escalate %s: %w", e.Place, failed))
	}
	return true, err
}

// replace routes what has to be replaced to whom it concerns. It may come more
// than once: the route's id says so.
func (c *propagation) replace(ctx context.Context) {
	if c.ownerless != nil {
		c.fail(c.ownerless)
		c.fail(c.news("ownerless: "+c.ownerless.Error(), func() error {
			_, err := c.tell(ctx, Escalation{Place: "replacement", ID: c.Key.String(), Why: c.ownerless.Error()})
			return err
		}))
	}
	if c.Replacement == nil {
		return
	}
	if err := c.news("routed: "+c.Replacement.ID, func() error {
		return c.mutate(ctx, c.Replacement.step(), records.Digest{}, func() error { return c.s.carrying.Route(ctx, *c.Replacement) })
	}); err != nil {
		c.fail(fmt.Errorf("route for replacement: %w", err))
		return
	}
	c.routed = c.Replacement
}

// keep has ECM remember what the license says now: no older word takes it back.
func (c *propagation) keep(ctx context.Context) error {
	if c.word.Source == nil {
		return nil
	}
	r, err := TransferRights(ctx, c.s, c.word)
	c.done = append(c.done, r.Steps...)
	if err != nil {
		return fmt.Errorf("keep what the license says now: %w", err)
	}
	return nil
}

// relate has ECM remember the successor.
func (c *propagation) relate(ctx context.Context) error {
	if !c.relates() {
		return nil
	}
	next, err := c.s.Record(ctx, c.facts.SupersededBy)
	if err != nil {
		return fmt.Errorf("successor: %w", err)
	}
	if next.Gone() {
		return fmt.Errorf("successor: %w: %s", ErrDisposed, c.facts.SupersededBy)
	}
	return c.s.relate(ctx, &c.taking, c.record.Record.node, next.Record.node, c.s.policy.Access.ReplacedReference, "takes its place")
}

func (c *propagation) receipt(err error) Receipt {
	r := Receipt{
		Primitive: propagateDisposition, Scope: c.Scope, Policy: c.Policy, Record: c.record.Record, Name: c.Event.ID,
		Access: &c.Decision, Places: c.results, Told: c.told, Certificate: c.certificate, Replacement: c.routed, Steps: c.done, Findings: c.Findings, At: time.Now().UTC(),
		Before: Observed{Node: int64(c.record.Record.node), Disposed: c.facts.Existence == Destroyed},
	}
	r.After = r.Before
	if c.stub > 0 {
		r.Document = c.s.ref(c.Key, c.stub)
	}
	switch {
	case err != nil:
		r.Change, r.Reason = Incomplete, err.Error()
	case c.changed:
		r.Change = Changed
	case !c.True:
		r.Change, r.Reason = Skipped, "the event is not, or no longer, true: "+c.Decision.Reason
	default:
		r.Change = Unchanged
	}
	return r
}
