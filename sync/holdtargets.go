package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// holdPlaces is what lies directly below the root.
type holdPlaces struct {
	// folder is that of standing orders, 0 if there is none; orders are those in
	// it.
	folder ecm.NodeID
	orders []standingOrder
	// records are the folders of records, papers all else: the copies of the
	// trail first of all.
	records map[ecm.NodeID]string
	papers  []HoldItem
}

// order is the node of a standing order, 0 if there is none of that name.
func (p holdPlaces) order(name string) ecm.NodeID {
	for _, o := range p.orders {
		if o.name == name {
			return o.node
		}
	}
	return 0
}

// holdPlaces reads them, in no more than a walk over the root's children and one
// over the standing orders.
func (s *Scope) holdPlaces(ctx context.Context) (holdPlaces, error) {
	p := holdPlaces{records: map[ecm.NodeID]string{}}
	for n, err := range s.ecm.Nodes.All(ctx, s.root, nil) {
		switch {
		case err != nil:
			return p, fmt.Errorf("below root %s: %w", s.root, err)
		case n.Container && n.Name == ordersFolder:
			p.folder = n.ID
		case n.Container && isKeyFolder(n.Name):
			p.records[n.ID] = n.Name
		case n.Name == trailName || strings.HasPrefix(n.Name, trailName+" "):
			p.papers = append(p.papers, HoldItem{Node: n.ID, What: "trail"})
		default:
			p.papers = append(p.papers, HoldItem{Node: n.ID, What: "document"})
		}
	}
	if p.folder == 0 {
		return p, nil
	}
	var err error
	p.orders, err = s.ordersIn(ctx, p.folder)
	return p, err
}

// target is one document that a hold is about, with what its record says.
type target struct {
	HoldItem
	fields map[Field][]string
}

func itemsOf(found []target) []HoldItem {
	items := make([]HoldItem, 0, len(found))
	for _, t := range found {
		items = append(items, t.HoldItem)
	}
	return items
}

// targets lists the documents that a hold is about. All of them were met below
// the root, on the way from it.
func (s *Scope) targets(ctx context.Context, p holdPlaces, t HoldTarget) ([]target, error) {
	var items []target
	if node := p.order(t.order(s.id)); node > 0 {
		items = append(items, target{HoldItem: HoldItem{Node: node, What: "standing order"}})
	}
	if t.Scope {
		items = append(items, target{HoldItem: HoldItem{Node: s.root, What: "root"}})
	}
	for _, paper := range p.papers {
		if t.Scope || paper.What == "trail" {
			items = append(items, target{HoldItem: paper})
		}
	}
	if len(t.Records) > 0 {
		named, err := s.named(ctx, p, t.Records)
		return append(items, named...), err
	}
	keep := func(StoredRecord) bool { return true }
	folders := p.folderNames()
	switch {
	case t.License != "":
		one, err := records.NewPurchaseKey(s.id, t.License, "1", 1)
		if err != nil {
			return nil, err
		}
		folders = slices.DeleteFunc(folders, func(name string) bool { return name != one.Folder() })
		keep = func(r StoredRecord) bool {
			key := r.Record.key
			return key.Kind() != records.SourceAsset && key.Item() == t.License
		}
	case len(t.About) > 0:
		keep = func(r StoredRecord) bool { return matches(t.About, r.Fields) }
	}
	for _, name := range folders {
		stored, err := s.recordsIn(ctx, p.folderNamed(name), "")
		if err != nil {
			return nil, fmt.Errorf("records in folder %q: %w", name, err)
		}
		for _, r := range stored {
			if keep(r) {
				items = append(items, r.targets()...)
			}
		}
	}
	return items, nil
}

func (p holdPlaces) folderNames() []string {
	var names []string
	for _, name := range p.records {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (p holdPlaces) folderNamed(name string) ecm.NodeID {
	for id, n := range p.records {
		if n == name {
			return id
		}
	}
	return 0
}

// named lists the documents of records that are named one by one. What is not
// there is an item that failed: who ordered it has to know.
func (s *Scope) named(ctx context.Context, p holdPlaces, refs []RecordRef) ([]target, error) {
	folders := map[string]map[records.RecordKey]StoredRecord{}
	var items []target
	gone := func(ref RecordRef, node ecm.NodeID, why string) target {
		return target{HoldItem: HoldItem{Record: ref.key, Node: node, What: "record", Result: HoldFailed, Reason: why}}
	}
	done := map[records.RecordKey]bool{}
	for _, ref := range refs {
		if folder := ref.key.Folder(); folders[folder] == nil {
			folders[folder] = map[records.RecordKey]StoredRecord{}
			if id := p.folderNamed(folder); id > 0 {
				stored, err := s.recordsIn(ctx, id, "")
				if err != nil {
					return nil, fmt.Errorf("records in folder %q: %w", folder, err)
				}
				for _, r := range stored {
					folders[folder][r.Record.key] = r
				}
			}
		}
		r, there := folders[ref.key.Folder()][ref.key]
		switch {
		case there && !r.Gone() && !slices.Contains(r.Documents(), ref.node):
			return nil, fmt.Errorf("%w: node %s is not record %s of scope %s, nor beside it", ErrForeignScope, ref.node, ref.key, s.id)
		case done[ref.key]:
			continue
		case !there:
			items = append(items, gone(ref, ref.node, "nothing stands under its name in the scope"))
		case r.Gone():
			items = append(items, gone(ref, 0, "the record itself is gone; what is left beside it is dealt with"))
		}
		done[ref.key] = true
		items = append(items, r.targets()...)
	}
	return items, nil
}

// targets are the documents of a record, the record first.
func (r StoredRecord) targets() []target {
	kinds := map[ecm.NodeID]string{r.Record.node: "record", r.Rights: records.CompanionRights.String(), r.Evidence: records.CompanionEvidence.String(), r.Stub: records.CompanionStub.String()}
	var items []target
	for _, id := range r.Documents() {
		what := kinds[id]
		if what == "" {
			what = "document"
		}
		items = append(items, target{HoldItem{Record: r.Record.key, Node: id, What: what}, r.Fields})
	}
	return items
}

// inScope tells whether a node that a hold holds is one of the scope's.
func (s *Scope) inScope(p holdPlaces, n ecm.Node) bool {
	_, among := p.records[n.ParentID]
	return n.ID == s.root || among || n.ParentID == s.root || p.folder > 0 && n.ParentID == p.folder
}

// failures joins what failed, up to a number that a person can read.
func failures(items []HoldItem) error {
	const most = 20
	var errs []error
	count := 0
	for _, i := range items {
		if i.Result != HoldFailed {
			continue
		}
		if count++; count <= most {
			errs = append(errs, fmt.Errorf("%s: %s", i, i.Reason))
		}
	}
	if count == 0 {
		return nil
	}
	if count > most {
		errs = append(errs, fmt.Errorf("and %d more", count-most))
	}
	return fmt.Errorf("%w: %d of %d failed: %w", ErrPartial, count, len(items), errors.Join(errs...))
}
