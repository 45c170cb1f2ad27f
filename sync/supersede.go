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

const supersedeRecord = "SupersedeRecord"

// SupersedeRequest asks for a record to be put in its place among the versions
// of its asset.
type SupersedeRequest struct {
	Record RecordRef `json:"record"`
	// Newest tells that the source has this version now: where versions do not
	// tell their order, all others are older.
	Newest bool `json:"newest,omitempty"`
}

// SupersedePlan is what SupersedeRecord would do, and what it saw when it
// decided so.
type SupersedePlan struct {
	Scope  string            `json:"scope"`
	Policy string            `json:"policy"`
	Key    records.RecordKey `json:"key"`
	// Older are the records whose place this one takes, Newer those that take
	// its place: its neighbors among the versions that stand.
	Older    []RecordRef `json:"older,omitempty"`
	Newer    []RecordRef `json:"newer,omitempty"`
	Steps    []Step      `json:"steps,omitempty"`
	Findings []string    `json:"findings,omitempty"`

	scope   *Scope
	request SupersedeRequest
	links   []link
}

// link is a cross-reference to be made.
type link struct{ from, to RecordRef }

// String prints the plan for a person.
func (p *SupersedePlan) String() string {
	text := func(refs []RecordRef) string {
		if len(refs) == 0 {
			return "none"
		}
		var keys []string
		for _, r := range refs {
			keys = append(keys, r.key.String())
		}
		return strings.Join(keys, ", ")
	}
	return printSteps(fmt.Sprintf("place %s among its versions\n  older: %s\n  newer: %s", p.Key, text(p.Older), text(p.Newer)), p.Steps)
}

// SupersedeRecord puts a record in its place among the versions of the same
// asset: the next older one that stands gets marked as superseded by it, and
// it itself as superseded by the next newer one, whichever was declared first.
// The mark is a cross-reference of the type that the policy names; without one
// there is none, and the receipt says Skipped. A mark that stands is left as it
// is. [Scope.SupersededBy] reads the marks.
//
// Errors: ErrForeignScope, ErrPending if it is no record yet, ErrVerify, and
// those of the ECM client.
func SupersedeRecord(ctx context.Context, s *Scope, req SupersedeRequest) (Receipt, error) {
	plan, err := PlanSupersedeRecord(ctx, s, req)
	if err != nil {
		return Receipt{Primitive: supersedeRecord, Scope: s.id.String(), Policy: s.policy.Version, Record: req.Record, At: time.Now().UTC()}, err
	}
	return plan.apply(ctx)
}

// PlanSupersedeRecord observes and decides, and writes nothing. Its errors are
// those of SupersedeRecord.
func PlanSupersedeRecord(ctx context.Context, s *Scope, req SupersedeRequest) (*SupersedePlan, error) {
	if err := s.owns(req.Record); err != nil {
		return nil, err
	}
	p := &SupersedePlan{Scope: s.id.String(), Policy: s.policy.Version, Key: req.Record.key, scope: s, request: req}
	if s.policy.SupersedesReference == "" {
		return p, nil
	}
	if err := p.observe(ctx); err != nil {
		return nil, fmt.Errorf("supersede with %s: %w", p.Key, err)
	}
	return p, nil
}

// observe finds the neighbors, and which marks stand.
func (p *SupersedePlan) observe(ctx context.Context) error {
	s := p.scope
	line, err := s.line(ctx, p.Key)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(line, func(r StoredRecord) bool { return r.Record.node == p.request.Record.node })
	if i < 0 {
		return fmt.Errorf("%w: node %s is not record %s of scope %s", ErrForeignScope, p.request.Record.node, p.Key, s.id)
	}
	own := line[i]
	if line = slices.Delete(line, i, i+1); len(line) == 0 {
		return nil
	}
	marks, err := s.marks(ctx, own.Record.node)
	if err != nil {
		return err
	}
	older, newer, err := p.sides(ctx, own, line)
	if err != nil {
		return err
	}
	if older, err = p.nearest(ctx, older, 1); err == nil {
		newer, err = p.nearest(ctx, newer, -1)
	}
	if err != nil {
		return err
	}
	return p.decide(ctx, own, marks, older, newer)
}

// sides tells the older ones of a line from the newer ones: by their versions,
// else by the marks that stand, which are never turned around, else by what the
// source has now.
func (p *SupersedePlan) sides(ctx context.Context, own StoredRecord, line []StoredRecord) (older, newer []StoredRecord, err error) {
	var doubtful []StoredRecord
	for _, r := range line {
		switch order, known := r.order(own); {
		case !known:
			doubtful = append(doubtful, r)
		case order < 0:
			older = append(older, r)
		case order > 0:
			newer = append(newer, r)
		}
	}
	if len(doubtful) == 0 {
		return older, newer, nil
	}
	before, err := p.scope.reach(ctx, line, own.Record.node, marks.toOlder)
	if err != nil {
		return nil, nil, err
	}
	after, err := p.scope.reach(ctx, line, own.Record.node, marks.toNewer)
	if err != nil {
		return nil, nil, err
	}
	for _, r := range doubtful {
		_, isBefore := before[r.Record.node]
		_, isAfter := after[r.Record.node]
		switch {
		case isAfter:
			newer = append(newer, r)
		case isBefore, p.request.Newest:
			older = append(older, r)
		default:
			p.Findings = append(p.Findings, fmt.Sprintf("whether %s is older or newer cannot be told from the versions", r.Record.key))
		}
	}
	return older, newer, nil
}

// nearest leaves of several records those that no other one of them stands
// between: side is 1 for the newest of them, -1 for the oldest.
func (p *SupersedePlan) nearest(ctx context.Context, among []StoredRecord, side int) ([]StoredRecord, error) {
	var left []StoredRecord
	for _, r := range among {
		covered := false
		for _, other := range among {
			order, known := other.order(r)
			if !known {
				marks, err := p.scope.marks(ctx, r.Record.node)
				if err != nil {
					return nil, err
				}
				beyond := marks.newer
				if side < 0 {
					beyond = marks.older
				}
				known, order = slices.Contains(beyond, other.Record.node), side
			}
			covered = covered || known && order == side
		}
		if !covered {
			left = append(left, r)
		}
	}
	return left, nil
}

func (p *SupersedePlan) decide(ctx context.Context, own StoredRecord, marks marks, older, newer []StoredRecord) error {
	declared, err := p.declared(ctx, own)
	if err != nil {
		return err
	}
	if !declared {
		return fmt.Errorf("%w: node %s is no record yet", ErrPending, own.Record.node)
	}
	for _, side := range []struct {
		of    []StoredRecord
		stand []ecm.NodeID
		into  *[]RecordRef
		make  func(r RecordRef) link
	}{
		{older, marks.older, &p.Older, func(r RecordRef) link { return link{own.Record, r} }},
		{newer, marks.newer, &p.Newer, func(r RecordRef) link { return link{r, own.Record} }},
	} {
		for _, r := range side.of {
			*side.into = append(*side.into, r.Record)
			if slices.Contains(side.stand, r.Record.node) {
				continue
			}
			if declared, err := p.declared(ctx, r); err != nil {
				return err
			} else if !declared {
				p.Findings = append(p.Findings, fmt.Sprintf("%s is no record yet and gets no mark", r.Record.key))
				continue
			}
			l := side.make(r.Record)
			p.links = append(p.links, l)
			p.Steps = append(p.Steps, Step{Do: "cross-reference", On: "record " + l.to.key.String(), With: "superseded by " + l.from.key.String()})
		}
	}
	return nil
}

// declared tells that a node is a record: others cannot be cross-referenced.
func (p *SupersedePlan) declared(ctx context.Context, r StoredRecord) (bool, error) {
	details, err := p.scope.ecm.RMClassifications.Get(ctx, r.Record.node)
	return err == nil && len(details.Entries) > 0, err
}

// Apply carries out the plan, if what it was made from still holds; otherwise
// it is refused with ErrStalePlan.
func (p *SupersedePlan) Apply(ctx context.Context) (Receipt, error) {
	fresh, err := PlanSupersedeRecord(ctx, p.scope, p.request)
	if err != nil {
		return Receipt{}, err
	}
	if fresh.String() != p.String() {
		return Receipt{}, fmt.Errorf("%w: supersede with %s; plan again", ErrStalePlan, p.Key)
	}
	return fresh.apply(ctx)
}

func (p *SupersedePlan) apply(ctx context.Context) (Receipt, error) {
	t := &taking{s: p.scope, primitive: supersedeRecord, key: p.Key}
	r := Receipt{
		Primitive: supersedeRecord, Change: Unchanged, Scope: p.Scope, Policy: p.Policy, Record: p.request.Record, Name: p.scope.policy.SupersedesReference,
		Findings: p.Findings, At: time.Now().UTC(),
	}
	if r.Name == "" {
		r.Change, r.Reason = Skipped, "the policy names no cross-reference type for superseded records"
		return r, nil
	}
	var err error
	for _, l := range p.links {
		if one := p.scope.relate(ctx, t, l.from.node, l.to.node, r.Name, "takes its place"); one != nil {
			err = errors.Join(err, fmt.Errorf("supersede %s with %s: %w", l.to.key, l.from.key, one))
		}
	}
	if len(p.Older) > 0 {
		r.Document = p.Older[0]
	}
	r.Steps = t.done
	switch {
	case err != nil:
		r.Change, r.Reason = Incomplete, err.Error()
	case len(t.done) > 0:
		r.Change = Changed
	}
	return r, err
}
