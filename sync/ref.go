package sync

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// RecordRef is a reference to a record, or to a document beside one, of one
// scope. Only a scope makes it; its parts are unexported, so that a reference
// of one client cannot be turned into one of another. It marshals to text for
// storage, and comes back from there through [Scope.Bind]: a reference that
// was merely unmarshaled is refused everywhere, as is the zero value.
type RecordRef struct {
	key   records.RecordKey
	node  ecm.NodeID
	bound *Scope
}

// Key returns the record's key.
func (r RecordRef) Key() records.RecordKey { return r.key }

// Node returns the record's node in ECM.
func (r RecordRef) Node() ecm.NodeID { return r.node }

// IsZero reports whether r refers to nothing.
func (r RecordRef) IsZero() bool { return !r.key.IsValid() }

// String is the stored form: the key, an "@" and the node.
func (r RecordRef) String() string {
	if r.IsZero() {
		return ""
	}
	return r.key.String() + "@" + strconv.FormatInt(int64(r.node), 10)
}

// MarshalText returns the stored form.
func (r RecordRef) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the stored form. The reference is not bound to a scope
// by that: see [Scope.Bind].
func (r *RecordRef) UnmarshalText(text []byte) error {
	*r = RecordRef{}
	if len(text) == 0 {
		return nil
	}
	cut := strings.LastIndexByte(string(text), '@')
	if cut < 0 {
		return fmt.Errorf("record reference %q: %w: want KEY@NODE", text, records.ErrInvalid)
	}
	key, err := records.ParseRecordKey(string(text[:cut]))
	if err != nil {
		return fmt.Errorf("record reference %q: %w", text, err)
	}
	node, err := strconv.ParseInt(string(text[cut+1:]), 10, 64)
	if err != nil || node <= 0 {
		return fmt.Errorf("record reference %q: %w: want a positive node after the @", text, records.ErrInvalid)
	}
	r.key, r.node = key, ecm.NodeID(node)
	return nil
}

// Bind gives a stored reference back to its scope. It returns an error that
// matches ErrForeignScope, before any I/O, if the reference is another
// scope's. That the node still carries the key is checked when it is used.
func (s *Scope) Bind(stored RecordRef) (RecordRef, error) {
	if err := stored.key.In(s.id); err != nil {
		return RecordRef{}, err
	}
	stored.bound = s
	return stored, nil
}

// ref makes a reference of this scope.
func (s *Scope) ref(key records.RecordKey, node ecm.NodeID) RecordRef {
	return RecordRef{key: key, node: node, bound: s}
}

// owns refuses references that this scope did not make or bind.
func (s *Scope) owns(r RecordRef) error {
	if r.bound == s {
		return nil
	}
	if err := r.key.In(s.id); err != nil {
		return err
	}
	return fmt.Errorf("reference %s was not bound: give it to Scope.Bind first: %w", r, ErrForeignScope)
}
