// Package rightsmap turns license terms into a rights statement, answers
// whether a use is allowed with the clauses that say so, and renders the
// statement for other systems. It is total, pure and explained: the same terms
// give the same answer, and what is missing is never a permission.
//
// # From terms to a statement
//
// [Read] takes a license purchase transaction as the vendor sent it, byte for
// byte, and [FromTransaction] one that the client decoded. Every field of the
// terms becomes a field of the [Statement], with the rule that set it
// ([Statement.Why]). What isn't understood is kept and is a [Finding]: a field
// that nobody knows, a key that comes twice, a value of the wrong type. A
// finding that blocks keeps every use from being allowed.
//
// # From a statement to a decision
//
// [Statement.Decide] answers about one [Use], [Statement.Standing] about all
// that can be done at one moment. The answer is Allowed, Denied or NeedsReview,
// with all clauses and the rule that settled it; [Rules] lists the rules.
//
//   - A prohibition wins over every permission.
//   - An empty list is not "all". Only a royalty-free license that the server
//     calls free of restrictive terms grants by silence.
//   - The vendor's hierarchies hold: europe_any covers europe_austria.
//   - Two clocks: valid_until ends all use, to_be_used_until the first use.
//   - Several terms must all allow, unless the caller names [AnyTerm].
//   - Unknown flags, states and fields of the terms need review; an unknown key
//     grants itself to the letter and nothing else, and what a use calls by
//     one beside an exclusion needs review.
//
// # From a statement to other systems
//
// [Mapping] writes category values by a declarative, replaceable table and
// reads them back; what an attribute can't hold is a finding.
// [Statement.ODRL] writes an ODRL 2.2 policy, in RightsML and the profile of
// docs/odrl-profile.md. [Statement.XMP] writes a sidecar with PLUS and IPTC
// properties. Each is deterministic to the byte and never more permissive than
// the decision.
//
// [Version] names all these rules. What decides is the license and these rules;
// neither is legal advice.
package rightsmap
