package ecm

import (
	"context"
	"errors"
	"fmt"
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
// held node or a record. State that cannot be read refuses as well. Callers have
// seen to it that every Unguarded has a reason.
func (c *core) guard(ctx context.Context, op string, id NodeID, skip []Unguarded) error {
	return c.guardBy(ctx, op, id, skip, c.mayDestroy)
}

// guardHolds is guard for what a disposition does: final records are what it is
// for, held ones are not.
func (c *core) guardHolds(ctx context.Context, op string, id NodeID, skip []Unguarded) error {
	return c.guardBy(ctx, op, id, skip, c.mayDispose)
}

func (c *core) guardBy(ctx context.Context, op string, id NodeID, skip []Unguarded, may func(context.Context, NodeID) error) error {
	if len(skip) > 0 {
		return nil
	}
	err := may(ctx, id)
	if err == nil {
		return nil
	}
	return c.refuse(ctx, op, id, fmt.Sprintf("node %s is left as it is", id), err)
}

// refuse makes the error of a call that is not sent, and tells of it.
func (c *core) refuse(ctx context.Context, op string, id NodeID, message string, err error) error {
	refusal := &Error{Op: op, Message: message, Err: err}
	c.refused(ctx, Refused{Op: op, Node: id, Err: refusal})
	return refusal
}

// guardTree is guard for what takes along all that a container contains. Only
// of an empty one it is known that this harms no record.
func (c *core) guardTree(ctx context.Context, op string, id NodeID, skip []Unguarded) error {
	return c.guardBy(ctx, op, id, skip, func(ctx context.Context, id NodeID) error {
		if err := c.mayDestroy(ctx, id); err != nil {
			return err
		}
		return c.mayTakeAlong(ctx, id)
	})
}

// mayTakeAlong refuses a container that is not empty, or might not be.
func (c *core) mayTakeAlong(ctx context.Context, id NodeID) error {
	nodes := (*NodesService)(&service{c})
	n, err := nodes.Get(ctx, id)
	if err == nil && !n.Container {
		return nil
	}
	var page *Page[Node]
	if err == nil {
		page, err = nodes.List(ctx, id, &ListOptions{Limit: 1})
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w, or may be: what it contains could not be read: %w", ErrInUse, err)
	case len(page.Items) > 0:
		return fmt.Errorf("%w, or may be: it contains node %s %q, which would go with it: empty it first", ErrInUse, page.Items[0].ID, page.Items[0].Name)
	}
	return nil
}

// guardSchedule refuses to change an RSI that anything is under: a period might
// get shorter, for held and final records too.
func (c *core) guardSchedule(ctx context.Context, op string, rsi int64, skip []Unguarded) error {
	if len(skip) > 0 {
		return nil
	}
	answer, err := get[itemList](ctx, c, &routes.rsiItems, []any{rsi}, params{}.always("limit", 1).always("sort", "asc_name"))
	var under []Node
	if err == nil {
		under, err = answer.nodes()
	}
	switch {
	case err != nil:
		err = fmt.Errorf("%w: what is under it could not be read: %w", ErrInUse, err)
	case len(under) > 0:
		err = fmt.Errorf("%w: node %s and perhaps more", ErrInUse, under[0].ID)
	default:
		return nil
	}
	return c.refuse(ctx, op, 0, fmt.Sprintf("RSI %d is left as it is", rsi), err)
}

// guardScheduleByName is guardSchedule for an RSI that is known by its name
// alone.
func (c *core) guardScheduleByName(ctx context.Context, op, name string, skip []Unguarded) error {
	if len(skip) > 0 {
		return nil
	}
	list, err := (*RSIsService)(&service{c}).List(ctx)
	if err != nil {
		return c.refuse(ctx, op, 0, fmt.Sprintf("RSI '%s' is left as it is", name), fmt.Errorf("%w: it could not be looked up: %w", ErrInUse, err))
	}
	for _, r := range list {
		if r.Name == name {
			return c.guardSchedule(ctx, op, r.ID, nil)
		}
	}
	return nil
}

// guardSweeping refuses a call that may reach any record of the system.
func (c *core) guardSweeping(ctx context.Context, op, what string, skip []Unguarded) error {
	if len(skip) > 0 {
		return nil
	}
	return c.refuse(ctx, op, 0, what, ErrNeedsReason)
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

// mayReschedule refuses to change the RSI of a final or held record. One that
// has none yet, or that one already, loses nothing.
func (c *core) mayReschedule(ctx context.Context, id NodeID, rsi string) error {
	details, err := (*RMClassificationsService)(&service{c}).Get(ctx, id)
	if err != nil {
		return fmt.Errorf("%w: its record state could not be read: %w", ErrFinal, err)
	}
	if now := details.Primary().RSI; now == "" || now == rsi {
		return nil
	}
	return c.mayDestroyRecord(ctx, id, details)
}

// mayReclassify refuses to give a final or held record another class. A node
// that is no record yet loses nothing.
func (c *core) mayReclassify(ctx context.Context, id NodeID) error {
	details, err := (*RMClassificationsService)(&service{c}).Get(ctx, id)
	if err != nil {
		return fmt.Errorf("%w: its record state could not be read: %w", ErrFinal, err)
	}
	if len(details.Entries) == 0 {
		return nil
	}
	return c.mayDestroyRecord(ctx, id, details)
}

func (c *core) mayDestroy(ctx context.Context, id NodeID) error {
	details, err := (*RMClassificationsService)(&service{c}).Get(ctx, id)
	if err != nil {
		return fmt.Errorf("%w: its record state could not be read: %w", ErrFinal, err)
	}
	return c.mayDestroyRecord(ctx, id, details)
}

func (c *core) mayDestroyRecord(ctx context.Context, id NodeID, details *RecordDetails) error {
	reasons := []error{c.mayDispose(ctx, id)}
	if details.MayBeFinal() {
		reasons = append(reasons, fmt.Errorf("%w: class %s", ErrFinal, details.Class()))
	}
	return errors.Join(reasons...)
}
