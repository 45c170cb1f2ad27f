package sync

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint/adapter"
)

// ReplacementRequest names who uses a record and for what.
type ReplacementRequest struct {
	Owner string               `json:"owner"`
	Uses  []records.PlannedUse `json:"uses,omitempty"`
}

// ReplacementRoute asks somebody to replace what may not be used any more: who,
// in which uses, from which day on.
type ReplacementRoute struct {
	// ID is that of the event: whoever takes routes does so once for each.
	ID     string            `json:"id"`
	Record records.RecordKey `json:"record"`
	Title  string            `json:"title,omitempty"`
	// Owner is who has to see to it, Uses what is affected.
	Owner string               `json:"owner"`
	Uses  []records.PlannedUse `json:"uses,omitempty"`
	// On is the day from which on it must not be used so any more.
	On     records.Date   `json:"on"`
	Access adapter.Access `json:"access"`
	Reason string         `json:"reason"`
	// Successor is the record to use instead, if there is one.
	Successor records.RecordKey `json:"successor,omitzero"`
}

// String reads as one line.
func (r ReplacementRoute) String() string {
	uses := "no use is known"
	if len(r.Uses) > 0 {
		names := make([]string, 0, len(r.Uses))
		for _, u := range r.Uses {
			names = append(names, u.Name)
		}
		uses = "used in " + strings.Join(names, ", ")
	}
	text := fmt.Sprintf("%s: replace %s from %s on, %s: %s", r.Owner, cmp.Or(r.Title, r.Record.String()), r.On, uses, r.Reason)
	if r.Successor.IsValid() {
		text += "; use " + r.Successor.String()
	}
	return text
}

func (r ReplacementRoute) step() Step {
	return Step{Do: "route for replacement", On: r.Record.String(), With: "to " + r.Owner + ", from " + r.On.String() + " on"}
}

// route makes the route of an event, none if nothing has to be replaced: it is
// still allowed, or the event is not true.
func (p *PropagatePlan) route(ctx context.Context) error {
	if p.scope.carrying.Route == nil || !p.True || p.Decision.Access == adapter.Full || p.rule.grants && p.Event.Kind != EventRightsChanged {
		return nil
	}
	r := &ReplacementRoute{
		ID: p.Event.ID, Record: p.Key, Title: p.record.Field(FieldTitle), On: records.DateIn(p.Event.At, nil),
		Access: p.Decision.Access, Reason: p.Decision.Reason, Successor: p.facts.SupersededBy,
	}
	if named := p.request.Replacement; named != nil {
		r.Owner, r.Uses = named.Owner, slices.Clone(named.Uses)
	}
	if find := p.scope.carrying.Uses; find != nil && r.Owner == "" {
		owner, uses, err := find(ctx, p.Key)
		if err != nil {
			return fmt.Errorf("who uses %s: %w", p.Key, err)
		}
		r.Owner, r.Uses = owner, append(r.Uses, uses...)
	}
	// Uses that were over by then are not affected.
	r.Uses = slices.DeleteFunc(r.Uses, func(u records.PlannedUse) bool { return u.Until.Before(r.On) })
	if r.Owner == "" {
		p.ownerless = fmt.Errorf("%w: %s, from %s on: set Uses of the scope's Propagation, or Replacement of the request", ErrNoOwner, p.Key, r.On)
		return nil
	}
	p.Replacement = r
	return nil
}
