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
)

// What a hold carries stands in ECM's own fields: its name is its name, the
// matter its alternate id, the rest its comment, line by line, so that a person
// reads it in ECM as it was written. The comment comes along with every node's
// holds, the alternate id does not: hence the matter stands in both. The scope
// that made it stands there too: a scope's user need not see what else lies under
// a hold, so that a hold of another scope is neither taken nor ended.
const (
	matterLine    = "Matter: "
	reasonLine    = "Reason: "
	authorityLine = "Authority: "
	byLine        = "Applied by: "
	releasedLine  = "Released by: "
	scopeLine     = "Scope: "
)

func (r HoldRequest) comment(scope records.ScopeID) string {
	return scopeLine + scope.String() + "\n" + matterLine + r.Matter + "\n" + reasonLine + r.Reason + "\n" + authorityLine + r.Authority + "\n" + byLine + r.By
}

// commentFields reads the lines of a comment. One that a person wrote in ECM
// has no such lines: all of it is the reason.
func commentFields(comment string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(comment) {
		line = strings.TrimSpace(line)
		for _, label := range []string{matterLine, reasonLine, authorityLine, byLine, releasedLine, scopeLine} {
			if text, is := strings.CutPrefix(line, label); is {
				fields[label] = text
			}
		}
	}
	if len(fields) == 0 && strings.TrimSpace(comment) != "" {
		fields[reasonLine] = strings.TrimSpace(comment)
	}
	return fields
}

// holdOf reads ECM's hold as one of ours.
func holdOf(h ecm.Hold) records.Hold {
	fields := commentFields(h.Comment)
	return holdFrom(h.ID, h.Name, first(h.AlternateID, fields[matterLine]), fields, h.AppliedBy, h.Applied)
}

// holdOn reads a hold as it lies on a node.
func holdOn(h ecm.NodeHold) records.Hold {
	fields := commentFields(h.Comment)
	return holdFrom(h.HoldID, h.Name, fields[matterLine], fields, h.AppliedBy, h.Applied)
}

func holdFrom(id ecm.HoldID, name, matter string, fields map[string]string, patron string, at time.Time) records.Hold {
	parsed, _ := records.ParseHoldID(id.String())
	return records.Hold{
		ID: parsed, Name: name, Matter: matter, Reason: fields[reasonLine], Authority: fields[authorityLine],
		AppliedBy: first(fields[byLine], patron), At: at.UTC(),
	}
}

// foreign tells that another scope made a hold, own that this one did. One that
// a person made in ECM is neither.
func (s *Scope) foreign(h ecm.Hold) bool {
	made := commentFields(h.Comment)[scopeLine]
	return made != "" && made != s.id.String()
}

func (s *Scope) own(h ecm.Hold) bool { return commentFields(h.Comment)[scopeLine] == s.id.String() }

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// findHold returns the hold in force of that name or, without a name, for that
// matter; nil if there is none. Names need not be unique in ECM: of several in
// force the oldest counts, for everyone in the scope; those of other scopes are
// theirs. Holds that have ended are history.
func (s *Scope) findHold(ctx context.Context, name, matter string) (*ecm.Hold, error) {
	names, err := s.ecm.Holds.Names(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: the list of holds could not be read: %w", ErrHoldUnknown, err)
	}
	for _, id := range standing(names, first(name, matter)) {
		hold, err := s.ecm.Holds.Get(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("%w: hold %s could not be read: %w", ErrHoldUnknown, id, err)
		}
		if s.foreign(*hold) {
			continue
		}
		if stands := holdOf(*hold).Matter; matter != "" && stands != "" && stands != matter {
			return nil, fmt.Errorf("%w: hold %s %q serves the matter %q, not %q: choose another name", ErrNotOurs, id, hold.Name, stands, matter)
		}
		return hold, nil
	}
	if name != "" {
		return nil, nil
	}
	var found *ecm.Hold
	for h, err := range s.ecm.Holds.All(ctx) {
		if err != nil {
			return nil, fmt.Errorf("%w: the list of holds could not be read: %w", ErrHoldUnknown, err)
		}
		if h.Active && !s.foreign(h) && holdOf(h).Matter == matter && (found == nil || h.ID < found.ID) {
			found = &h
		}
	}
	return found, nil
}

// standing are the holds in force of that name, the oldest first.
func standing(names []ecm.HoldName, name string) []ecm.HoldID {
	var ids []ecm.HoldID
	for _, h := range names {
		if h.Active && h.Name == name {
			ids = append(ids, h.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// makeHold finds the hold or makes it. ECM lets two callers make two of one
// name: each looks again after it made one, all settle on the oldest, and who
// made another takes its own back, which holds nothing yet.
func (h *holding) makeHold(ctx context.Context) error {
	var made ecm.HoldID
	step := Step{Do: "create hold", On: fmt.Sprintf("%q", h.Name), With: "matter " + h.Matter}
	for attempt := 1; ; attempt++ {
		found, err := h.s.findHold(ctx, h.request.Name, h.Matter)
		if err != nil {
			return errors.Join(err, h.withdraw(ctx, made))
		}
		if found != nil {
			h.hold, h.created = *found, attempt > 1 && (made == 0 || made == found.ID)
			return errors.Join(h.checkMade(made), h.withdraw(ctx, made))
		}
		if attempt > maxAttempts {
			return fmt.Errorf("%w: hold %q was made and is not among the holds", ErrVerify, h.Name)
		}
		err = h.mutate(ctx, step, records.Digest{}, func() error {
			id, err := h.s.ecm.Holds.Create(ctx, ecm.NewHold{
				Name: h.Name, Type: h.request.kind(), Comment: h.request.comment(h.s.id), AlternateID: h.Matter, Applied: h.s.now().UTC(),
			})
			made = id
			return err
		})
		if err != nil && !errors.Is(err, ecm.ErrOutcomeUnknown) {
			return err
		}
		if err != nil {
			if err := h.note(ctx, Observation, step, records.Digest{}, "looked up among the holds"); err != nil {
				return err
			}
		}
	}
}

// checkMade compares a hold that this call made with what was meant.
func (h *holding) checkMade(made ecm.HoldID) error {
	if made == 0 || made != h.hold.ID {
		return nil
	}
	var faults records.Problems
	faults.Check(h.hold.Name == h.Name, "name", h.hold.Name, h.Name)
	faults.Check(h.hold.Type == h.request.kind(), "type", h.hold.Type, h.request.kind())
	faults.Check(h.hold.AlternateID == h.Matter, "alternate id", h.hold.AlternateID, h.Matter)
	got := commentFields(h.hold.Comment)
	for label, want := range commentFields(h.request.comment(h.s.id)) {
		faults.Check(got[label] == want, "comment", got[label], want)
	}
	if err := faults.Err("read back hold " + h.hold.ID.String()); err != nil {
		return fmt.Errorf("%w: %w", ErrVerify, err)
	}
	return nil
}

// withdraw deletes a hold that this call made beside an older one of the same
// name. If that fails it is a remark: nothing lies under it.
func (h *holding) withdraw(ctx context.Context, made ecm.HoldID) error {
	if made == 0 || made == h.hold.ID {
		return nil
	}
	step := Step{Do: "withdraw second hold", On: "hold " + made.String(), With: "hold " + h.hold.ID.String() + " is older"}
	err := h.mutate(ctx, step, records.Digest{}, func() error { return h.s.ecm.Holds.Delete(ctx, made) })
	if err != nil && !errors.Is(err, errJournal) {
		h.Findings = append(h.Findings, fmt.Sprintf("hold %s was made beside hold %s and could not be deleted: it holds nothing; %v", made, h.hold.ID, err))
		return nil
	}
	return err
}

// heldBy reads what a hold holds, page by page.
func (s *Scope) heldBy(ctx context.Context, hold ecm.HoldID) (map[ecm.NodeID]ecm.Node, error) {
	held := map[ecm.NodeID]ecm.Node{}
	for n, err := range s.ecm.Holds.AllItems(ctx, hold) {
		if err != nil {
			return nil, fmt.Errorf("%w: the items of hold %s could not be read: %w", ErrHoldUnknown, hold, err)
		}
		held[n.ID] = n
	}
	return held, nil
}

// HoldsOn reads the holds in force over a record: those on itself and those
// that it comes under by what it lies in. An error matches ErrForeignScope,
// before any I/O, or ErrHoldUnknown; the set is then the unknown one, which
// refuses what a hold would refuse.
func (s *Scope) HoldsOn(ctx context.Context, ref RecordRef) (records.HoldSet, error) {
	if err := s.owns(ref); err != nil {
		return records.HoldSet{}, err
	}
	if err := s.isOf(ctx, ref); err != nil {
		return records.HoldSet{}, fmt.Errorf("%w: record %s: %w", ErrHoldUnknown, ref.key, err)
	}
	list, err := s.holdsOf(ctx, ref.node)
	if err != nil {
		return records.HoldSet{}, fmt.Errorf("record %s: %w", ref.key, err)
	}
	holds := make([]records.Hold, 0, len(list))
	for _, h := range list {
		holds = append(holds, holdOn(h))
	}
	return records.Holds(holds...), nil
}

// holdsOf reads the holds in force over a node.
func (s *Scope) holdsOf(ctx context.Context, id ecm.NodeID) ([]ecm.NodeHold, error) {
	list, err := s.ecm.Holds.OfNode(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%w: the holds of node %s could not be read: %w", ErrHoldUnknown, id, err)
	}
	return slices.DeleteFunc(list, func(h ecm.NodeHold) bool { return !h.Active }), nil
}
