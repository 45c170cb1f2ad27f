package records

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// HoldID identifies a hold in the system that keeps it. It is comparable; the
// zero value is invalid. Extended ECM numbers holds; other systems may not, so
// the text is opaque: 1 to 128 bytes of UTF-8 without control characters.
type HoldID struct{ s string }

// ParseHoldID reads a hold's id. It returns an error that matches ErrInvalid.
func ParseHoldID(s string) (HoldID, error) {
	if s == "" || len(s) > 128 || !utf8.ValidString(s) || strings.IndexFunc(s, unicode.IsControl) >= 0 {
		var p Problems
		p.Add("hold", s, "1 to 128 bytes of UTF-8 without control characters")
		return HoldID{}, p.Err("records.ParseHoldID")
	}
	return HoldID{s}, nil
}

// MustHoldID is ParseHoldID for constants; it panics on a malformed id.
func MustHoldID(s string) HoldID {
	id, err := ParseHoldID(s)
	if err != nil {
		panic(err)
	}
	return id
}

// IsValid reports whether id was parsed.
func (id HoldID) IsValid() bool { return id.s != "" }

// String returns the text of id, "invalid hold" for the zero value.
func (id HoldID) String() string {
	if id.s == "" {
		return "invalid hold"
	}
	return id.s
}

// MarshalText returns the text of id, empty for the zero value.
func (id HoldID) MarshalText() ([]byte, error) { return []byte(id.s), nil }

// UnmarshalText parses text; empty text gives the zero value.
func (id *HoldID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = HoldID{}
		return nil
	}
	parsed, err := ParseHoldID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Hold is one hold over a record: the order to keep it, whatever the schedule
// says. It never prolongs a right of use.
type Hold struct {
	ID HoldID `json:"id"`
	// Name is what people call it.
	Name string `json:"name,omitzero"`
	// Matter is the reason: the case, audit or request that it serves.
	Matter string `json:"matter"`
	// Reason says more about why, in words.
	Reason string `json:"reason,omitzero"`
	// Authority is who ordered it.
	Authority string `json:"authority"`
	// AppliedBy is who put it on, at At in UTC.
	AppliedBy string    `json:"applied_by"`
	At        time.Time `json:"at,omitzero"`
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault. It is for a hold that is about to be applied; one that was read may
// lack what its system doesn't tell, and holds nevertheless.
func (h Hold) Validate() error {
	var p Problems
	p.Check(h.ID.IsValid(), "id", h.ID, "a hold's id")
	p.Check(h.Matter != "", "matter", h.Matter, "the reason of the hold")
	p.Check(h.Authority != "", "authority", h.Authority, "who ordered it")
	p.Check(h.AppliedBy != "", "applied_by", h.AppliedBy, "who applies it")
	p.Check(!h.At.IsZero(), "at", h.At, "when it is applied")
	return p.Err("records.Hold")
}

// Release is the end of one hold over a record.
type Release struct {
	ID     HoldID    `json:"id"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault.
func (r Release) Validate() error {
	var p Problems
	p.Check(r.ID.IsValid(), "id", r.ID, "a hold's id")
	p.Check(r.By != "", "by", r.By, "who releases it")
	p.Check(!r.At.IsZero(), "at", r.At, "when it is released")
	p.Check(r.Reason != "", "reason", r.Reason, "why it is released")
	return p.Err("records.Release")
}

// HoldSet is the set of holds over one record, by id. It is immutable: With
// and Without return another set. The zero value is unknown, which is not the
// same as empty: it refuses what a hold would refuse. Use [NoHolds] for a
// record whose holds were read and are none.
type HoldSet struct {
	known bool
	holds []Hold // by id
}

// NoHolds returns the set of a record whose holds were read and are none.
func NoHolds() HoldSet { return HoldSet{known: true} }

// Holds returns the set of holds that were read. An id that comes twice is one
// hold, the first one. A hold without a valid id cannot be told from others:
// the set is then unknown.
func Holds(holds ...Hold) HoldSet {
	s := NoHolds()
	for _, h := range holds {
		if !h.ID.IsValid() {
			return HoldSet{}
		}
		s, _ = s.With(h)
	}
	return s
}

// Known reports whether the holds were read.
func (s HoldSet) Known() bool { return s.known }

// Len returns the number of holds known.
func (s HoldSet) Len() int { return len(s.holds) }

// List returns the holds known, sorted by id.
func (s HoldSet) List() []Hold { return slices.Clone(s.holds) }

// Has reports whether that hold is in the set.
func (s HoldSet) Has(id HoldID) bool {
	_, found := s.find(id)
	return found
}

// With returns the set with h, and whether that changed it: the same hold
// twice is one hold. An unknown set stays unknown and remembers the hold.
func (s HoldSet) With(h Hold) (HoldSet, bool) {
	i, found := s.find(h.ID)
	if found || !h.ID.IsValid() {
		return s, false
	}
	return HoldSet{s.known, slices.Insert(slices.Clone(s.holds), i, h)}, true
}

// Without returns the set without that hold, and whether that changed it.
// Releasing a hold that isn't there is no error.
func (s HoldSet) Without(id HoldID) (HoldSet, bool) {
	i, found := s.find(id)
	if !found {
		return s, false
	}
	return HoldSet{s.known, slices.Delete(slices.Clone(s.holds), i, i+1)}, true
}

// Equal reports whether both sets are known alike and have the same holds by id.
func (s HoldSet) Equal(t HoldSet) bool {
	return s.known == t.known && slices.EqualFunc(s.holds, t.holds, func(a, b Hold) bool { return a.ID == b.ID })
}

// Check returns nil if the holds were read and are none. Else the error names
// the holds and matches ErrOnHold, or ErrHoldUnknown.
func (s HoldSet) Check() error {
	if why := s.against(); why != nil {
		return refuse(why, "holds: %s", s)
	}
	return nil
}

// against returns the sentinel of what stands against a disposition.
func (s HoldSet) against() error {
	switch {
	case len(s.holds) > 0:
		return ErrOnHold
	case !s.known:
		return ErrHoldUnknown
	default:
		return nil
	}
}

// String lists the holds with their matters.
func (s HoldSet) String() string {
	var parts []string
	for _, h := range s.holds {
		text := h.ID.String()
		if h.Matter != "" {
			text += " (" + h.Matter + ")"
		}
		parts = append(parts, text)
	}
	if !s.known {
		parts = append(parts, "unknown")
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// MarshalJSON writes an array of holds, or null for an unknown set. An unknown
// set that remembers holds is written as null too: what is read back must not
// claim to be complete.
func (s HoldSet) MarshalJSON() ([]byte, error) {
	if !s.known {
		return []byte("null"), nil
	}
	if len(s.holds) == 0 {
		return []byte("[]"), nil
	}
	return json.Marshal(s.holds)
}

// UnmarshalJSON reads an array of holds; null is the unknown set.
func (s *HoldSet) UnmarshalJSON(data []byte) error {
	var holds []Hold
	if err := json.Unmarshal(data, &holds); err != nil {
		return err
	}
	if holds == nil {
		*s = HoldSet{}
		return nil
	}
	*s = Holds(holds...)
	return nil
}

func (s HoldSet) find(id HoldID) (int, bool) {
	return slices.BinarySearchFunc(s.holds, id, func(h Hold, id HoldID) int { return strings.Compare(h.ID.s, id.s) })
}
