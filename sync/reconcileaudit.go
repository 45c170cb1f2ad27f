package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// clockTolerance is how far apart the two clocks may be.
const clockTolerance = 5 * time.Minute

// changes are the words in the names of audit events that change a node.
var changes = []string{"delete", "rename", "move", "update", "edit", "version", "attribute", "classif", "hold", "permission", "finaliz"}

// readTrail takes down when the trail tells of which record, in the entries that
// came since it was last read. What is intended counts too: it is told before it
// is done, and what became of it a moment after.
func (c *comparison) readTrail(ctx context.Context) error {
	if c.told == nil {
		c.told = map[records.RecordKey][]time.Time{}
	}
	if c.request.Trail.Size() == c.entries {
		return nil
	}
	for e, err := range c.request.Trail.Entries(ctx, c.entries+1, 0) {
		if err != nil {
			return err
		}
		c.entries = e.Number
		if e.Kind == evidence.TrailIntent || e.Kind == evidence.TrailOutcome || e.Kind == evidence.TrailObservation {
			c.told[e.Record] = append(c.told[e.Record], e.Time)
		}
	}
	return nil
}

// tells whether the trail tells of a record at about a time. A runner may have
// written to both sides since the trail was read.
func (c *comparison) tells(ctx context.Context, key records.RecordKey, at time.Time) (bool, error) {
	told := func() bool {
		return slices.ContainsFunc(c.told[key], func(t time.Time) bool { return t.Sub(at).Abs() <= clockTolerance })
	}
	if told() {
		return true, nil
	}
	err := c.readTrail(ctx)
	return told(), err
}

// audit compares ECM's own audit of a record with what the trail tells of it.
func (c *comparison) audit(ctx context.Context, r StoredRecord) error {
	if c.request.Trail == nil || r.Gone() {
		return nil
	}
	for e, err := range c.s.ecm.Audit.All(ctx, r.Record.node, nil) {
		if errors.Is(err, ecm.ErrDenied) || errors.Is(err, ecm.ErrInvalidAction) || isMissing(err) {
			c.find(ReconcileFinding{Difference: DiffUnknown, ID: r.Record.key.String(), Node: r.Record.node, What: "its audit cannot be read: " + short(err)})
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.ToLower(e.Name)
		if !slices.ContainsFunc(changes, func(word string) bool { return strings.Contains(name, word) }) {
			continue
		}
		told, err := c.tells(ctx, r.Record.key, e.At)
		if err != nil {
			return err
		}
		if told {
			continue
		}
		c.find(ReconcileFinding{
			Difference: DiffUntold, ID: r.Record.key.String(), Node: r.Record.node,
			What: fmt.Sprintf("user %s: %s at %s, and the trail tells nothing within %s of it", e.User, e.Name, e.At.Format(time.RFC3339), clockTolerance),
		})
	}
	return nil
}
