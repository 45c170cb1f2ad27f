package rightsmap

import (
	"slices"
	"strconv"
	"time"
)

// Decide answers whether the use is allowed under the cautious default: every
// term must allow it. See [Statement.DecideBy].
func (s Statement) Decide(use Use) Decision { return s.DecideBy(EveryTerm, use) }

// DecideBy answers whether the use is allowed, with the clauses that say so
// and the rule that settled it. It is total, pure and deterministic: the same
// statement and use give the same answer, and it reads no clock.
//
//   - A prohibition wins over every permission.
//   - What a license limits and the use doesn't say leads to review.
//   - What the license doesn't say leads to review; only a royalty-free
//     license that the server calls free of restrictive terms grants by
//     silence.
//   - Unknown flags, keys and fields of the terms lead to review.
//   - A use that overlaps a restricted key is denied, one that no allowed key
//     contains too. One whose name can't be told apart from a restricted key's
//     leads to review.
func (s Statement) DecideBy(policy Combination, use Use) Decision {
	return s.decide(policy, use, false)
}

// Standing answers what can be done with the asset at one moment, without a
// use in particular. It is Denied if every use is, Allowed if the terms grant
// uses and leave no doubt, with what bounds them as clauses that limit; else
// it needs review.
func (s Statement) Standing(at time.Time) Decision { return s.StandingBy(EveryTerm, at) }

// StandingBy is [Statement.Standing] under another policy for several terms.
func (s Statement) StandingBy(policy Combination, at time.Time) Decision {
	return s.decide(policy, Use{From: at}, true)
}

func (s Statement) decide(policy Combination, use Use, standing bool) Decision {
	clauses, verdict := s.inquire(policy, use, standing, "")
	d := Decision{
		Verdict: verdict, RuleSet: Version, Combination: policy, At: use.From.UTC(),
		Clauses: clauses, Window: s.Window(),
	}
	if policy == AnyTerm && verdict == Allowed {
		d.Window = s.windowOf(use, standing)
	}
	if why := decisive(clauses, verdict); len(why) > 0 {
		d.Rule = why[0].Rule
	} else {
		d.Rule = ruleNoGrant
	}
	return d
}

// windowOf returns the window that those alternatives leave open together that
// allow the use: terms that have no say don't bound it either.
func (s Statement) windowOf(use Use, standing bool) Window {
	var w Window
	for _, alt := range s.alternatives(AnyTerm) {
		if _, v := alt.inquire(EveryTerm, use, standing, ""); v == Allowed {
			w = w.and(alt.Window())
		}
	}
	return w
}

// inquire runs the rules over the asset, then over each term, then over the
// reused original, and combines the verdicts.
func (s Statement) inquire(policy Combination, use Use, standing bool, prefix string) ([]Clause, Verdict) {
	q := inquiry{s: &s, use: use, policy: policy, standing: standing, prefix: prefix}
	malformed := use.Validate() != nil
	for _, r := range assetRules {
		if malformed && r.ID != ruleUse && r.ID != ruleState {
			continue // nothing can be said about a use that isn't one.
		}
		q.rule = r.ID
		r.ask(&q)
	}
	asset := q.clauses
	if malformed {
		return asset, verdictOf(asset)
	}
	var terms [][]Clause
	for i := range s.Terms {
		q.clauses, q.term = nil, i
		for _, r := range termRules {
			q.rule = r.ID
			r.ask(&q)
		}
		terms = append(terms, q.clauses)
	}
	clauses, verdict := combine(policy, asset, terms)
	if s.Original != nil && s.Source.Reused == s.Original.Source.Transaction {
		more, v := s.Original.inquire(policy, use, standing, prefix+"original.")
		clauses, verdict = append(clauses, more...), verdict.And(v)
	}
	return clauses, verdict
}

// combine joins the clauses of the asset with those of its terms. Under
// AnyTerm the clauses of terms that merely don't reach the use are dropped if
// another term allows it: they have no say then.
func combine(policy Combination, asset []Clause, terms [][]Clause) ([]Clause, Verdict) {
	all := slices.Clone(asset)
	if policy == AnyTerm {
		var allowing []Clause
		forbidden := false
		for _, t := range terms {
			if verdictOf(slices.Concat(asset, t)) == Allowed {
				allowing = append(allowing, t...)
			}
			forbidden = forbidden || slices.ContainsFunc(t, func(c Clause) bool { return c.Effect == Forbids })
		}
		if allowing != nil && !forbidden {
			all = append(all, allowing...)
			return all, verdictOf(all)
		}
		return anyTermRefused(all, terms)
	}
	for _, t := range terms {
		all = append(all, t...)
	}
	verdict := verdictOf(all)
	for _, t := range terms { // each term must grant on its own.
		if verdict == Allowed && verdictOf(slices.Concat(asset, t)) != Allowed {
			verdict = NeedsReview
		}
	}
	return all, verdict
}

// anyTermRefused is the answer where no term allows: denied if one forbids or
// none leaves a doubt.
func anyTermRefused(all []Clause, terms [][]Clause) ([]Clause, Verdict) {
	verdict, doubtful, forbidden := verdictOf(all), false, false
	for _, t := range terms {
		v := verdictOf(slices.Concat(all, t))
		doubtful = doubtful || v == NeedsReview
		forbidden = forbidden || slices.ContainsFunc(t, func(c Clause) bool { return c.Effect == Forbids })
	}
	denied := verdict == Denied || forbidden || len(terms) > 0 && !doubtful
	for _, t := range terms {
		all = append(all, t...)
	}
	if denied {
		return all, Denied
	}
	return all, NeedsReview
}

// inquiry is one run of the rules: what is asked, about what, and the clauses
// found so far.
type inquiry struct {
	s        *Statement
	use      Use
	policy   Combination
	standing bool
	prefix   string
	rule     string
	term     int
	clauses  []Clause
}

// say adds a clause about a field of the asset.
func (q *inquiry) say(e Effect, path, value, reason string) {
	q.clauses = append(q.clauses, Clause{e, q.rule, q.prefix + path, value, reason})
}

// sayTerm adds a clause about a field of the current term.
func (q *inquiry) sayTerm(e Effect, field, value, reason string) {
	q.say(e, "license_terms["+strconv.Itoa(q.term)+"]."+field, value, reason)
}

// open returns the effect of a limit that the use says nothing about: a doubt
// about a use, a limit of what can be done at all.
func (q *inquiry) open() Effect {
	if q.standing {
		return Limits
	}
	return Doubts
}

// silent returns the effect of a license that doesn't mention what the use
// says: only a royalty-free one without restrictive terms grants by silence.
func (q *inquiry) silent() Effect {
	if q.s.LicenseType == royaltyFree && q.s.Restrictive == No {
		return Grants
	}
	return Doubts
}
