package sync

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// StoredRecord is what stands in ECM under the names of one key: the record,
// or what is left of it, and the documents beside it. It is read from ECM and
// nowhere else.
type StoredRecord struct {
	// Record is the record itself; its node is 0 if the record is gone.
	Record RecordRef `json:"record"`
	// Fields are what the record's category says, by the policy's fields. Of a
	// record that is gone it is what is left beside it.
	Fields map[Field][]string `json:"fields,omitempty"`
	// Size is the content's, in bytes.
	Size int64 `json:"size,omitempty"`
	// Rights, Evidence and Stub are the documents beside the record, 0 if there
	// is none. Of several of a kind it is the newest.
	Rights   ecm.NodeID `json:"rights,omitempty"`
	Evidence ecm.NodeID `json:"evidence,omitempty"`
	Stub     ecm.NodeID `json:"stub,omitempty"`
	// Others are further documents that carry the record's key: older ones of a
	// kind, and what a look by name may not meet, since its name is none of
	// the key's own.
	Others []ecm.NodeID `json:"others,omitempty"`

	values ecm.CategoryValues
	// series are the numbers of the newest documents of their kinds.
	series map[records.Companion]int
}

// Gone tells that the record is there no more, and only what stood beside it
// is left. It was disposed of, or lies where the user cannot see it: ECM does
// not tell the two apart.
func (r StoredRecord) Gone() bool { return r.Record.node == 0 }

// Field is the first value of a field, empty if it has none.
func (r StoredRecord) Field(f Field) string {
	if len(r.Fields[f]) == 0 {
		return ""
	}
	return r.Fields[f][0]
}

// Documents are the nodes of the record and of all that stands beside it.
func (r StoredRecord) Documents() []ecm.NodeID {
	return slices.DeleteFunc(append([]ecm.NodeID{r.Record.node, r.Rights, r.Evidence, r.Stub}, r.Others...), func(id ecm.NodeID) bool { return id == 0 })
}

// Records walks all records of the scope, in the order of their folders and
// names, those that are gone and left something beside them included. Each
// folder is read when the walk comes to it; ranging again reads anew. What does
// not carry a key of this scope is passed over. It changes nothing.
//
// An error ends the walk: one of the ECM client.
func (s *Scope) Records(ctx context.Context) iter.Seq2[StoredRecord, error] {
	return func(yield func(StoredRecord, error) bool) {
		for folder, err := range s.ecm.Nodes.All(ctx, s.root, nil) {
			if err != nil {
				yield(StoredRecord{}, fmt.Errorf("records of scope %s: %w", s.id, err))
				return
			}
			if !folder.Container || !isKeyFolder(folder.Name) {
				continue
			}
			stored, err := s.recordsIn(ctx, folder.ID, "")
			if err != nil {
				yield(StoredRecord{}, fmt.Errorf("records of scope %s in folder %q: %w", s.id, folder.Name, err))
				return
			}
			for _, r := range stored {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// Record reads what stands under the names of one key. The error matches
// ErrForeignScope for a key of another scope, before any I/O, and
// ecm.ErrNotFound if nothing stands there; [StoredRecord.Gone] tells whether
// the record itself does.
func (s *Scope) Record(ctx context.Context, key records.RecordKey) (StoredRecord, error) {
	if err := key.In(s.id); err != nil {
		return StoredRecord{}, err
	}
	folder, err := s.findFolder(ctx, key)
	if err != nil {
		return StoredRecord{}, fmt.Errorf("record %s: %w", key, err)
	}
	if folder > 0 {
		stored, err := s.recordsIn(ctx, folder, key.Short())
		if err != nil {
			return StoredRecord{}, fmt.Errorf("record %s: %w", key, err)
		}
		for _, r := range stored {
			if r.Record.key == key {
				return r, nil
			}
		}
	}
	return StoredRecord{}, fmt.Errorf("record %s: %w: nothing stands under its name", key, ecm.ErrNotFound)
}

// isKeyFolder tells the folders that keys name from all else below the root.
func isKeyFolder(name string) bool {
	return len(name) == 2 && strings.Trim(name, "0123456789abcdef") == ""
}

// recordsIn groups what stands in a folder by the key that it carries. Names
// are held against keys: what carries a key under another name is not ours.
func (s *Scope) recordsIn(ctx context.Context, folder ecm.NodeID, name string) ([]StoredRecord, error) {
	c, err := s.category(ctx)
	if err != nil {
		return nil, err
	}
	all, others := map[records.RecordKey]*StoredRecord{}, map[records.RecordKey][]ecm.NodeID{}
	for n, err := range s.ecm.Nodes.All(ctx, folder, &ecm.ListOptions{Name: name, With: []ecm.Part{ecm.WithCategories}}) {
		if err != nil {
			return nil, err
		}
		key, err := records.ParseRecordKey(s.field(c, n.Categories, FieldKey))
		if err != nil || key.In(s.id) != nil {
			continue
		}
		r := all[key]
		if r == nil {
			r = &StoredRecord{Record: s.ref(key, 0)}
		}
		if r.take(s, c, key, n) {
			all[key] = r
		} else {
			others[key] = append(others[key], n.ID)
		}
	}
	for key, r := range all {
		r.Others = append(r.Others, others[key]...)
	}
	return slices.SortedFunc(func(yield func(StoredRecord) bool) {
		for _, r := range all {
			if !yield(*r) {
				return
			}
		}
	}, func(a, b StoredRecord) int {
		return strings.Compare(a.Record.key.NodeName(), b.Record.key.NodeName())
	}), nil
}

// take puts a node in its place, if its name is one of the key's.
func (r *StoredRecord) take(s *Scope, c *ecm.Category, key records.RecordKey, n ecm.Node) bool {
	switch n.Name {
	case key.NodeName():
		r.Record, r.Size, r.values, r.Fields = s.ref(key, n.ID), n.Size, n.Categories, s.fieldsOf(c, n.Categories)
		return true
	case key.CompanionName(records.CompanionStub):
		r.Stub = n.ID
	default:
		if !r.takeSeries(records.CompanionRights, &r.Rights, key, n) && !r.takeSeries(records.CompanionEvidence, &r.Evidence, key, n) {
			return false
		}
	}
	if r.Fields == nil {
		r.Fields = s.fieldsOf(c, n.Categories)
	}
	return true
}

// takeSeries puts one of several documents of a kind in its place: the newest
// one, or among the others.
func (r *StoredRecord) takeSeries(kind records.Companion, newest *ecm.NodeID, key records.RecordKey, n ecm.Node) bool {
	number := key.CompanionNumber(kind, n.Name)
	if number == 0 {
		return false
	}
	if r.series == nil {
		r.series = map[records.Companion]int{}
	}
	older := n.ID
	if number > r.series[kind] {
		older, *newest, r.series[kind] = *newest, n.ID, number
	}
	if older > 0 {
		r.Others = append(r.Others, older)
	}
	return true
}

// fieldsOf reads the policy's fields from category values.
func (s *Scope) fieldsOf(c *ecm.Category, values ecm.CategoryValues) map[Field][]string {
	fields := map[Field][]string{}
	for field, name := range s.policy.Attributes {
		if a, ok := c.Attribute(name); ok {
			if texts := values[a.Key].All(); len(texts) > 0 {
				fields[field] = texts
			}
		}
	}
	return fields
}
