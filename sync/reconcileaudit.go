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

// readTrail takes down when the trail tells of which record.
func (c *comparison) readTrail(ctx context.Context) error {
	c.told = map[records.RecordKey][]time.Time{}
	for e, err := range c.request.Trail.Entries(ctx, 1, 0) {
		if err != nil {
			return err
		}
		if e.Kind == evidence.TrailOutcome || e.Kind == evidence.TrailObservation {
			c.told[e.Record] = append(c.told[e.Record], e.Time)
		}
	}
	return nil
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
		told := slices.ContainsFunc(c.told[r.Record.key], func(t time.Time) bool { return t.Sub(e.At).Abs() <= clockTolerance })
		if told || !slices.ContainsFunc(changes, func(word string) bool { return strings.Contains(name, word) }) {
			continue
		}
		c.find(ReconcileFinding{
			Difference: DiffUntold, ID: r.Record.key.String(), Node: r.Record.node,
			What: fmt.Sprintf("user %s: %s at %s, and the trail tells nothing within %s of it", e.User, e.Name, e.At.Format(time.RFC3339), clockTolerance),
		})
	}
	return nil
}
