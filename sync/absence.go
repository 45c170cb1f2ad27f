package sync

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// absence is what was found of a node that is not where it stood: everything
// that ECM lets this user look at, and what it does not.
type absence struct {
	// record is whose node it should be; none: nobody can say.
	record records.RecordKey
	known  *AccessFacts
	// another tells that the node is another document.
	another   bool
	existence Existence
	// looked says in words what was looked at, notes what could not be.
	looked, notes []string
	// item is ECM's own word that it carried out an action on it.
	item   *ecm.DispositionItem
	search string
}

func (a absence) why() string { return strings.Join(a.looked, "; ") }

// absent looks for a node everywhere: by its id, in its versions, in the recycle
// bin, and in the run of a disposition search that may have ended it. That the
// node does not answer is the same for what was destroyed, what was purged and
// what this user may not see any more; only a disposition run that says so, and
// nothing that contradicts it, makes it destroyed. Who names the node may err, or
// lie: of a node that is another document nothing follows for the record. Known
// is what was read of the record while it stood, nil if nobody did.
func (s *Scope) absent(ctx context.Context, record records.RecordKey, node ecm.NodeID, e DispositionEvidence, known *AccessFacts) (absence, error) {
	a := absence{record: record, existence: Gone, known: known}
	for _, look := range []func(context.Context, ecm.NodeID, *absence) error{s.lookByID, s.lookInVersions, s.lookInRecycleBin} {
		if err := look(ctx, node, &a); err != nil {
			return absence{}, err
		}
		if a.existence != Gone || a.another {
			return a, nil
		}
	}
	if err := s.lookInSnapshot(ctx, node, e, &a); err != nil {
		return absence{}, err
	}
	if a.existence == Gone {
		a.looked = append(a.looked, "ECM does not tell whether it was destroyed, purged, or is out of this user's sight")
	}
	return a, nil
}

func (s *Scope) lookByID(ctx context.Context, node ecm.NodeID, a *absence) error {
	n, err := s.ecm.Nodes.Get(ctx, node)
	switch {
	case isMissing(err):
		found, err := s.ecm.Nodes.GetMany(ctx, node)
		if err != nil {
			return err
		}
		if _, listed := found[node]; listed {
			return fmt.Errorf("%w: node %s is listed, and cannot be read", ErrVerify, node)
		}
		a.looked = append(a.looked, fmt.Sprintf("node %s answers no read and is in no list", node))
		return nil
	case errors.Is(err, ecm.ErrDenied):
		a.existence = OutOfReach
		a.looked = append(a.looked, fmt.Sprintf("node %s is there, and this user may not see it: %v", node, err))
		return nil
	case err != nil:
		return err
	}
	if is, err := s.isNodeOf(ctx, a.record, node); err != nil {
		return err
	} else if !is {
		a.another = true
		a.looked = append(a.looked, fmt.Sprintf("it is not where it stood, and node %s is another document", node))
		return nil
	}
	a.existence = OutOfReach
	place := "somewhere else"
	if way, err := s.ecm.Nodes.Ancestors(ctx, node); err == nil {
		names := make([]string, 0, len(way))
		for _, one := range way {
			names = append(names, one.Name)
		}
		place = "at " + strings.Join(names, "/")
	}
	a.looked = append(a.looked, fmt.Sprintf("node %s stands %s, as %q", node, place, n.Name))
	return nil
}

// isNodeOf tells whether a node carries a record's key, or no key is known.
func (s *Scope) isNodeOf(ctx context.Context, record records.RecordKey, node ecm.NodeID) (bool, error) {
	if !record.IsValid() {
		return true, nil
	}
	c, err := s.category(ctx)
	if err != nil {
		return false, err
	}
	values, err := s.ecm.Categories.OfNode(ctx, node)
	if isMissing(err) || errors.Is(err, ecm.ErrDenied) {
		return false, nil
	}
	return err == nil && s.field(c, values, FieldKey) == record.String(), err
}

func (s *Scope) lookInVersions(ctx context.Context, node ecm.NodeID, a *absence) error {
	versions, err := s.ecm.Versions.List(ctx, node)
	switch {
	case isMissing(err), err == nil && len(versions) == 0:
		a.looked = append(a.looked, "it has no versions")
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: node %s cannot be read, and has %d versions", ErrVerify, node, len(versions))
}

func (s *Scope) lookInRecycleBin(ctx context.Context, node ecm.NodeID, a *absence) error {
	for n, err := range s.ecm.RecycleBin.All(ctx) {
		if err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			a.notes = append(a.notes, "the recycle bin cannot be looked into: "+err.Error())
			return nil
		}
		if n.ID == node {
			a.existence = OutOfReach
			a.looked = append(a.looked, fmt.Sprintf("node %s lies in the recycle bin", node))
			return nil
		}
	}
	a.looked = append(a.looked, "it is not in the recycle bin")
	return nil
}

// lookInSnapshot asks the run of a disposition search what became of the node.
func (s *Scope) lookInSnapshot(ctx context.Context, node ecm.NodeID, e DispositionEvidence, a *absence) error {
	if e.Search == 0 || e.Snapshot == "" {
		return nil
	}
	name := fmt.Sprintf("disposition search %d, run %s", e.Search, e.Snapshot)
	items, err := s.ecm.Dispositions.Items(ctx, ecm.NodeID(e.Search), e.Snapshot)
	if err != nil && ctx.Err() != nil {
		return err
	}
	if err != nil {
		a.notes = append(a.notes, name+" cannot be read any more: "+err.Error())
		return nil
	}
	for _, item := range items {
		if item.Node != node || !ended(item) {
			continue
		}
		renamed, is := a.is(item)
		if !is {
			a.notes = append(a.notes, fmt.Sprintf("%s ended node %s as %q, and nothing shows that this was the record", name, node, item.Name))
			return nil
		}
		a.existence, a.item, a.search = Destroyed, &item, name+renamed
		a.looked = append(a.looked, fmt.Sprintf("ECM's %s performed %q on it%s", name, actionOf(item), renamed))
		return nil
	}
	a.notes = append(a.notes, name+" does not say that it ended it")
	return nil
}

// keyed finds in a node's name the short hash of the key that it follows from.
var keyed = regexp.MustCompile(`\[([0-9a-f]{16})\]`)

// is tells whether what a run ended was the record: its name follows from the
// key, or it is the node, in the class, that was read as the record while that
// stood. A person may rename a record; renamed says so. A node that bears the
// name of another key is never the record.
func (a *absence) is(item ecm.DispositionItem) (renamed string, is bool) {
	if !a.record.IsValid() || item.Name == a.record.NodeName() {
		return "", true
	}
	k := a.known
	if name := keyed.FindStringSubmatch(item.Name); k == nil || name != nil && name[1] != a.record.Short() {
		return "", false
	}
	sameClass := item.Class == 0 || k.Class.ID == item.Class.String()
	return fmt.Sprintf(", as %q", item.Name), k.Node == int64(item.Node) && sameClass
}

// ended tells that ECM carried out an action on an item that ends the record.
func ended(item ecm.DispositionItem) bool {
	action := actionOf(item)
	return item.Performed && (action == records.ActionDestroy || action == records.ActionDeleteElectronic)
}

// endedRuns is what the runs of the disposition searches say was ended, by the
// names of the nodes, and what could not be looked at.
type endedRuns struct {
	at     time.Time
	byName map[string]runItem
	blind  []string
}

// endedRunsKept is for how long it is not read again: a feed that is walked from
// the start asks for each of its records.
const endedRunsKept = time.Minute

func (s *Scope) endedRuns(ctx context.Context) (*endedRuns, error) {
	now := s.now()
	if known := s.known.ended.Load(); known != nil && !now.Before(known.at) && now.Sub(known.at) < endedRunsKept {
		return known, nil
	}
	found := &endedRuns{at: now, byName: map[string]runItem{}}
	w := &watch{s: s, opts: WatchOptions{Blind: func(why string) { found.blind = append(found.blind, why) }}}
	if _, err := w.runs(ctx); err != nil {
		return nil, err
	}
	for _, item := range w.items {
		if item.Performed && actionOf(item.DispositionItem).EndsRecord() {
			found.byName[item.Name] = item
		}
	}
	s.known.ended.Store(found)
	return found, nil
}

// unseen refuses a record whose folder stands without it and that a run of a
// disposition search has ended: nobody may have seen that yet, so that no stub
// stands, and its rights document may have gone with it. Searches that this user
// may not see are a finding.
func (p *DeclarePlan) unseen(ctx context.Context) error {
	o := p.observed
	if o.Folder == 0 || o.record != nil || o.Disposed {
		return nil
	}
	ended, err := p.scope.endedRuns(ctx)
	if err != nil {
		return fmt.Errorf("was it destroyed? %w", err)
	}
	p.Findings = append(p.Findings, ended.blind...)
	if item, is := ended.byName[p.Name]; is {
		return fmt.Errorf("%w: %s performed %q on node %s", ErrDisposed, item.evidence.Why, actionOf(item.DispositionItem), item.Node)
	}
	return nil
}

// actionOf reads an item's action, which servers send as code or name.
func actionOf(item ecm.DispositionItem) records.Action {
	if code, err := strconv.Atoi(item.Action); err == nil {
		return records.ActionOfCode(code)
	}
	var named records.Action
	text := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(item.Action)), " ", "_")
	if named.UnmarshalText([]byte(text)) != nil {
		return records.ActionUnknown
	}
	return named
}
