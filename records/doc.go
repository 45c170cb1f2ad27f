// Package records is the domain: what a record, its key, its approval, its
// classification, its retention, a hold and a disposition are. It holds pure
// values and questions about them; it does no I/O and imports no third party.
//
// The rule above all others: a hold beats every disposition, and it never
// prolongs a right of use.
package records
