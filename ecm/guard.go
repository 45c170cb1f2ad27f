package ecm

import (
	"context"
	"errors"
	"fmt"

	"github.com/smintecm/sdk/internal/rest"
)

// Unguarded lets a destructive call skip the reading of holds and record
// state. The reason is what an auditor will ask for; without one nothing is
// skipped.
type Unguarded struct {
	Reason string
}

// Refused is a destructive call that was not sent.
type Refused struct {
	Op   string
	Node NodeID
	Err  error
}

// guard reads holds and record state of a node and refuses what would harm a
// held node or a record. State that cannot be read refuses as well.
func (c *core) guard(ctx context.Context, op string, id NodeID, skip []Unguarded) error {
	return c.guardBy(ctx, op, id, skip, c.mayDestroy)
}

// guardHolds is guard for what a disposition does: final records are what it is
// for, held ones are not.
func (c *core) guardHolds(ctx context.Context, op string, id NodeID, skip []Unguarded) error {
	return c.guardBy(ctx, op, id, skip, c.mayDispose)
}

func (c *core) guardBy(ctx context.Context, op string, id NodeID, skip []Unguarded, may func(context.Context, NodeID) error) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	for _, u := range skip {
		if u.Reason == "" {
			faults.Add("unguarded", "", "a reason")
		}
	}
	if err := faults.Err(op); err != nil || len(skip) > 0 {
		return err
	}
	err := may(ctx, id)
	if err == nil {
		return nil
	}
	refusal := &Error{Op: op, Message: fmt.Sprintf("node %s is left as it is", id), Err: err}
	c.refused(ctx, Refused{Op: op, Node: id, Err: refusal})
	return refusal
}

// mayDispose refuses what is held, or might be.
func (c *core) mayDispose(ctx context.Context, id NodeID) error {
	holds, err := (*HoldsService)(&service{c}).OfNode(ctx, id)
	if err != nil {
		return fmt.Errorf("%w: its holds could not be read: %w", ErrOnHold, err)
	}
	var reasons []error
	for _, h := range holds {
		if h.Active {
			reasons = append(reasons, fmt.Errorf("%w: hold %s %q", ErrOnHold, h.HoldID, h.Name))
		}
	}
	return errors.Join(reasons...)
}

func (c *core) mayDestroy(ctx context.Context, id NodeID) error {
	details, err := (*RMClassificationsService)(&service{c}).Get(ctx, id)
	if err != nil {
		return fmt.Errorf("%w: its record state could not be read: %w", ErrFinal, err)
	}
	reasons := []error{c.mayDispose(ctx, id)}
	if details.MayBeFinal() {
		reasons = append(reasons, fmt.Errorf("%w: class %s", ErrFinal, details.Class()))
	}
	return errors.Join(reasons...)
}
