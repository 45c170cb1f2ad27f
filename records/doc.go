// Package records is the domain: what a record, its key, its approval, its
// classification, its retention, a hold and a disposition are. It holds pure
// values and questions about them; it does no I/O and imports no third party.
//
// The rule above all others: a hold beats every disposition, and it never
// prolongs a right of use.
//
// # Vocabulary
//
// A [ScopeID] names one client, brand, campaign or jurisdiction; it is part of
// every identity, so that what belongs to one client cannot be taken for what
// belongs to another. A [RecordKey] names what is declared by the ids of its
// source, never by a title; node name and folder follow from the key alone. A
// [Digest] names its algorithm. An [Approval] says who approved which version.
// A [Classification] resolves to exactly one [Schedule]. A [HoldSet] is either
// read or unknown, and unknown refuses.
//
// # Identifiers
//
// Identifiers are comparable values in the manner of net/netip: parsed once,
// usable as map keys, round trips through text, and the zero value is invalid
// and says so. Two kinds of identifier never mix.
//
// # Time
//
// Calendar days are [Date]; nothing is normalized, an impossible day is an
// error. A day becomes an instant only when a zone is named. Where none is
// known, [Date.BegunEverywhere] and [Date.OverEverywhere] answer so that
// nothing irreversible happens early.
//
// # Errors
//
// A refusal is an error that matches a sentinel (ErrOnHold, ErrFinal,
// ErrNotDue …) and says what stands in the way. Bad input is reported whole:
// [Problems] collects each fault with its field, its value and what was
// expected; the result matches ErrInvalid.
package records
