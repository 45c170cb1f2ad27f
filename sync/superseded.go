package sync

import (
	"context"
	"fmt"
	"slices"

	"github.com/smintecm/sdk/ecm"
)

// marks are the records that one took the place of, and those that took its.
type marks struct{ older, newer []ecm.NodeID }

func (m marks) toNewer() []ecm.NodeID { return m.newer }
func (m marks) toOlder() []ecm.NodeID { return m.older }

// marks reads them from the cross-references of a record.
func (s *Scope) marks(ctx context.Context, id ecm.NodeID) (marks, error) {
	related, err := s.otherEnd(ctx, s.policy.SupersedesReference)
	if err != nil {
		return marks{}, err
	}
	list, err := s.ecm.CrossReferences.OfNode(ctx, id)
	if err != nil {
		return marks{}, fmt.Errorf("cross-references of node %s: %w", id, err)
	}
	var m marks
	for _, x := range list {
		switch x.Type {
		case s.policy.SupersedesReference:
			m.older = append(m.older, x.To)
		case related:
			m.newer = append(m.newer, x.To)
		}
	}
	return m, nil
}

// otherEnd is how a cross-reference type shows on the other record.
func (s *Scope) otherEnd(ctx context.Context, kind string) (string, error) {
	return s.known.references.get(kind, func() (string, error) {
		types, err := s.ecm.CrossReferences.Types(ctx)
		if err != nil {
			return "", fmt.Errorf("cross-reference types: %w", err)
		}
		for _, t := range types {
			switch kind {
			case t.Type:
				return t.Related, nil
			case t.Related:
				return t.Type, nil
			}
		}
		return "", fmt.Errorf("%w: cross-reference type %q does not exist", ErrSetup, kind)
	})
}

// SupersededBy returns the newest record that took the place of this one, the
// zero reference if none did. It reads the marks that [SupersedeRecord] leaves;
// where the policy names no type for them, nothing is superseded. A mark that
// leads out of the versions of the asset does not count.
//
// Errors: ErrForeignScope, ErrSetup, and those of the ECM client.
func (s *Scope) SupersededBy(ctx context.Context, record RecordRef) (RecordRef, error) {
	if err := s.owns(record); err != nil {
		return RecordRef{}, err
	}
	if s.policy.SupersedesReference == "" {
		return RecordRef{}, nil
	}
	newest, err := s.newestOver(ctx, record)
	if err != nil {
		return RecordRef{}, fmt.Errorf("what superseded %s: %w", record.key, err)
	}
	return newest, nil
}

// newestOver follows the marks from a record to where they end.
func (s *Scope) newestOver(ctx context.Context, record RecordRef) (RecordRef, error) {
	line, err := s.line(ctx, record.key)
	if err != nil || len(line) < 2 {
		return RecordRef{}, err
	}
	reached, err := s.reach(ctx, line, record.node, marks.toNewer)
	if err != nil || len(reached) == 0 {
		return RecordRef{}, err
	}
	var newest *StoredRecord
	for i, r := range line {
		if ends, ok := reached[r.Record.node]; ok && ends && (newest == nil || r.after(*newest)) {
			newest = &line[i]
		}
	}
	if newest == nil {
		return RecordRef{}, fmt.Errorf("%w: the marks lead around in a circle", ErrVerify)
	}
	return newest.Record, nil
}

// reach follows marks to one side as far as they lead within a line. It tells
// of each record reached whether they end there.
func (s *Scope) reach(ctx context.Context, line []StoredRecord, from ecm.NodeID, side func(marks) []ecm.NodeID) (map[ecm.NodeID]bool, error) {
	reached := map[ecm.NodeID]bool{}
	for todo := []ecm.NodeID{from}; len(todo) > 0; todo = todo[1:] {
		m, err := s.marks(ctx, todo[0])
		if err != nil {
			return nil, err
		}
		ends := true
		for _, id := range side(m) {
			if !slices.ContainsFunc(line, func(r StoredRecord) bool { return r.Record.node == id }) {
				continue
			}
			ends = false
			if _, seen := reached[id]; !seen && id != from {
				reached[id] = false
				todo = append(todo, id)
			}
		}
		if todo[0] != from {
			reached[todo[0]] = ends
		}
	}
	return reached, nil
}

// after tells that r comes after other: by its version, else by its node.
func (r StoredRecord) after(other StoredRecord) bool {
	if order, known := r.order(other); known {
		return order > 0
	}
	return r.Record.node > other.Record.node
}
