package sync

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// findFolder returns the node of a key's folder below the root, 0 if it does
// not exist yet.
func (s *Scope) findFolder(ctx context.Context, key records.RecordKey) (ecm.NodeID, error) {
	return s.folder(ctx, key.Folder())
}

// folder returns the node of a folder below the root, 0 if it does not exist
// yet. Only where it lies is remembered, never that there is none.
func (s *Scope) folder(ctx context.Context, name string) (ecm.NodeID, error) {
	id, err := s.known.folders.get(name, func() (ecm.NodeID, error) {
		n, err := s.ecm.Nodes.FindChild(ctx, s.root, name)
		if err != nil {
			return 0, err
		}
		if !n.Container {
			return 0, fmt.Errorf("%w: node %s %q is not a folder", ErrNotOurs, n.ID, n.Name)
		}
		return n.ID, nil
	})
	if errors.Is(err, ecm.ErrNotFound) {
		return 0, nil
	}
	return id, err
}

// makeFolder makes the folder of a key if it is missing.
func (s *Scope) makeFolder(ctx context.Context, t *taking, key records.RecordKey) (ecm.NodeID, error) {
	return s.makeFolderNamed(ctx, t, key.Folder())
}

// makeFolderNamed makes a folder below the root if it is missing.
func (s *Scope) makeFolderNamed(ctx context.Context, t *taking, name string) (ecm.NodeID, error) {
	step := Step{Do: "create folder", On: name, With: "below node " + s.root.String()}
	return makeOnce(ctx, t, step, func() (ecm.NodeID, error) { return s.folder(ctx, name) }, func() error {
		_, err := s.ecm.Nodes.CreateFolder(ctx, s.root, name)
		return err
	})
}

// makeOnce finds a node, or makes it and finds it then. A name that is taken
// meanwhile and an answer that was lost are both settled by looking again.
func makeOnce(ctx context.Context, t *taking, step Step, find func() (ecm.NodeID, error), create func() error) (ecm.NodeID, error) {
	for attempt := 1; ; attempt++ {
		id, err := find()
		if err != nil || id > 0 {
			return id, err
		}
		err = t.mutate(ctx, step, records.Digest{}, create)
		settled := err == nil || errors.Is(err, ecm.ErrNameTaken) || errors.Is(err, ecm.ErrOutcomeUnknown)
		if !settled || attempt == maxAttempts {
			return 0, err
		}
	}
}

// found is what stands under the names of a key. Of several rights documents or
// packages it is the newest; earlier are those before it, the oldest first.
type found struct {
	record, rights, evidence, stub *ecm.Node
	earlier, earlierEvidence       []*ecm.Node
}

// look reads what stands under the names of a key, with its attributes, in one
// request. The search index is never asked: names are unique in a folder at
// once.
func (s *Scope) look(ctx context.Context, folder ecm.NodeID, key records.RecordKey) (found, error) {
	var f found
	if folder == 0 {
		return f, nil
	}
	series := map[records.Companion]map[int]*ecm.Node{records.CompanionRights: {}, records.CompanionEvidence: {}}
	for n, err := range s.ecm.Nodes.All(ctx, folder, &ecm.ListOptions{Name: key.Short(), With: []ecm.Part{ecm.WithCategories}}) {
		if err != nil {
			return found{}, err
		}
		switch n.Name {
		case key.NodeName():
			f.record = &n
		case key.CompanionName(records.CompanionStub):
			f.stub = &n
		default:
			for kind, of := range series {
				if number := key.CompanionNumber(kind, n.Name); number > 0 {
					of[number] = &n
				}
			}
		}
	}
	f.rights, f.earlier = newestOf(series[records.CompanionRights])
	f.evidence, f.earlierEvidence = newestOf(series[records.CompanionEvidence])
	return f, nil
}

// newestOf parts the newest of a numbered series from those before it.
func newestOf(series map[int]*ecm.Node) (newest *ecm.Node, earlier []*ecm.Node) {
	for _, number := range slices.Sorted(maps.Keys(series)) {
		if newest != nil {
			earlier = append(earlier, newest)
		}
		newest = series[number]
	}
	return newest, earlier
}

// observation is what ECM holds of a record, and what the plan rests on.
type observation struct {
	Observed
	found
	values  ecm.CategoryValues
	details *ecm.RecordDetails
}

// observe reads all that is known of a key. A node under its name that does
// not carry the key is ErrNotOurs.
func (s *Scope) observe(ctx context.Context, key records.RecordKey) (observation, error) {
	folder, err := s.findFolder(ctx, key)
	if err != nil {
		return observation{}, err
	}
	o := observation{Observed: Observed{Folder: int64(folder)}}
	if o.found, err = s.look(ctx, folder, key); err != nil {
		return observation{}, err
	}
	if o.record == nil {
		// What is left of a record that is gone: it was disposed of, and a
		// replayed feed must not bring it back.
		o.Disposed = o.rights != nil || o.evidence != nil || o.stub != nil
		return o, nil
	}
	// A stub outlives what somebody restores under the name.
	o.Disposed = o.stub != nil
	return o, s.readRecord(ctx, key, &o)
}

// readRecord reads a record's link to its asset and its record details.
func (s *Scope) readRecord(ctx context.Context, key records.RecordKey, o *observation) error {
	id := o.record.ID
	c, err := s.category(ctx)
	if err != nil {
		return err
	}
	if o.values, err = s.attributes(ctx, o.record); err != nil {
		return err
	}
	if carried := s.field(c, o.values, FieldKey); carried != key.String() {
		return fmt.Errorf("%w: node %s %q carries the key %q, not %s; rename it or move it away", ErrNotOurs, id, key.NodeName(), carried, key)
	}
	if o.details, err = s.ecm.RMClassifications.Get(ctx, id); err != nil {
		return err
	}
	o.Node, o.Size, o.Digest = int64(id), o.record.Size, s.field(c, o.values, FieldDigest)
	o.Observed.read(o.details)
	return nil
}

// attributes are a listed node's category values. Where none came along, the
// node itself is asked: a server may leave them out of a list.
func (s *Scope) attributes(ctx context.Context, listed *ecm.Node) (ecm.CategoryValues, error) {
	if len(listed.Categories) > 0 {
		return listed.Categories, nil
	}
	return s.ecm.Categories.OfNode(ctx, listed.ID)
}

func (o *Observed) read(d *ecm.RecordDetails) {
	e := d.Primary()
	o.Class, o.Schedule, o.Status, o.Official, o.Final = int64(e.Class), e.RSI, e.Status, e.Official, d.Final
}

// stage is where the record stands in its lifecycle.
func (o Observed) stage() records.State {
	switch {
	case o.Disposed:
		return records.StateDestroyed
	case o.Node == 0:
		return records.StateAbsent
	case o.Digest == "" || o.Class == 0 || o.Schedule == "":
		return records.StateIncomplete
	case o.Final:
		return records.StateFinal
	}
	return records.StateDeclared
}

// under checks that a node lies below the scope's root.
func (s *Scope) under(ctx context.Context, id ecm.NodeID) error {
	way, err := s.ecm.Nodes.Ancestors(ctx, id)
	if err != nil {
		return err
	}
	var names []string
	for _, a := range way {
		if a.ID == s.root {
			return nil
		}
		names = append(names, a.Name)
	}
	return fmt.Errorf("%w: node %s lies at %s, not below root %s of scope %s", ErrForeignScope, id, strings.Join(names, "/"), s.root, s.id)
}

// isOf checks that the node of a reference lies below the root, and is the
// record that the reference names, or a document beside it.
func (s *Scope) isOf(ctx context.Context, ref RecordRef) error {
	if err := s.under(ctx, ref.node); err != nil {
		return err
	}
	is, err := s.isNodeOf(ctx, ref.key, ref.node)
	if err == nil && !is {
		err = fmt.Errorf("%w: node %s is not record %s of scope %s, nor beside it", ErrForeignScope, ref.node, ref.key, s.id)
	}
	return err
}
