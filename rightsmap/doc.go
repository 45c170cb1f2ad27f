// Package rightsmap turns license terms into a rights statement, answers
// whether a use is allowed with the clauses that say so, and renders the
// statement for other systems. It is total, pure and explained: the same terms
// give the same answer, and what is missing is never a permission.
package rightsmap
