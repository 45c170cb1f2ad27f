package rightsmap

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Effect is what a clause does to a decision.
type Effect uint8

// The effects of a clause, from the weakest to the strongest.
const (
	// Remarks changes nothing: a duty or a fact to know.
	Remarks Effect = iota
	// Grants allows the use as far as the clause reaches. Staying within a
	// number or a date grants nothing by itself.
	Grants
	// Limits allows only part of all uses; it stands in answers about no use in
	// particular.
	Limits
	// Doubts leads to review.
	Doubts
	// Withholds denies, because the term doesn't reach that far.
	Withholds
	// Forbids denies, because the term says so.
	Forbids
)

var effectTexts = []string{"remarks", "grants", "limits", "doubts", "withholds", "forbids"}

// String names the effect; it is total.
func (e Effect) String() string { return text(effectTexts, "Effect", e) }

// MarshalText returns the effect's name; a foreign number is an error.
func (e Effect) MarshalText() ([]byte, error) { return marshal(effectTexts, "Effect", e) }

// UnmarshalText reads exactly one of the effects' names.
func (e *Effect) UnmarshalText(b []byte) (err error) {
	*e, err = unmarshal[Effect](effectTexts, "effect", string(b))
	return err
}

// Clause is one reason of a decision: what the license says, and what follows
// for the use.
type Clause struct {
	Effect Effect `json:"effect"`
	// Rule names the rule, as [Rules] lists it.
	Rule string `json:"rule"`
	// Path is the field of the vendor's JSON that says so:
	// "license_terms[0].valid_until".
	Path string `json:"path"`
	// Value is what stands there.
	Value string `json:"value,omitzero"`
	// Reason says in words what follows.
	Reason string `json:"reason"`
}

// String reads as one line: rule, what follows, where it stands.
func (c Clause) String() string {
	return fmt.Sprintf("%s %s: %s [%s]", c.Rule, c.Effect, c.Reason, c.Path)
}

// Combination is a named policy for several terms of one license.
type Combination uint8

// The policies.
const (
	// EveryTerm is the cautious default: a use must be allowed by every term.
	EveryTerm Combination = iota
	// AnyTerm reads the terms as alternatives: one that allows the use is
	// enough, unless another forbids it outright.
	AnyTerm
)

var combinationTexts = []string{"every term", "any term"}

// String names the policy; it is total.
func (c Combination) String() string { return text(combinationTexts, "Combination", c) }

// MarshalText returns the policy's name; a foreign number is an error.
func (c Combination) MarshalText() ([]byte, error) {
	return marshal(combinationTexts, "Combination", c)
}

// UnmarshalText reads exactly one of the policies' names.
func (c *Combination) UnmarshalText(b []byte) (err error) {
	*c, err = unmarshal[Combination](combinationTexts, "combination", string(b))
	return err
}

// Decision is the answer about one use, or about all that can be done with an
// asset at one moment, with the clauses that decided.
type Decision struct {
	Verdict Verdict `json:"verdict"`
	// RuleSet is the [Version] that decided.
	RuleSet string `json:"rule_set"`
	// Combination is the policy for several terms.
	Combination Combination `json:"combination"`
	// At is the moment that was asked about.
	At time.Time `json:"at"`
	// Rule names the rule that settled the verdict.
	Rule string `json:"rule"`
	// Clauses are all reasons, in the order of the rules.
	Clauses []Clause `json:"clauses"`
	// Window is the time that the terms leave open.
	Window Window `json:"window"`
}

// Decisive returns the clauses that settled the verdict: those that deny, else
// those that doubt, else those that grant. What a license says outright comes
// before what it merely doesn't reach.
func (d Decision) Decisive() []Clause { return decisive(d.Clauses, d.Verdict) }

// Limits returns the clauses that bound what is allowed.
func (d Decision) Limits() []Clause {
	return slices.DeleteFunc(slices.Clone(d.Clauses), func(c Clause) bool { return c.Effect != Limits })
}

// Summary says the decision in one line for people.
func (d Decision) Summary() string {
	var b strings.Builder
	b.WriteString(d.Verdict.String())
	if d.Verdict != Allowed {
		why := distinct(d.Decisive())
		if len(why) == 0 {
			b.WriteString(": no clause grants it")
		}
		for i, c := range why {
			if i == 3 {
				b.WriteString("; …")
				break
			}
			b.WriteString(map[bool]string{true: ": ", false: "; "}[i == 0])
			b.WriteString(c.Reason)
		}
		return b.String()
	}
	if !d.Window.Until.IsZero() {
		b.WriteString(" until " + moment(d.Window.Until))
	}
	if limits := d.limits(); limits != "" {
		b.WriteString(": " + limits)
	}
	return b.String()
}

// limits lists what bounds the use: what holds for all of it, then what each
// term adds, joined by "or" where terms are alternatives.
func (d Decision) limits() string {
	var asset, order []string
	terms := map[string][]string{}
	for _, c := range d.Clauses {
		if c.Effect != Limits && (c.Effect != Remarks || c.Rule != ruleAI) {
			continue
		}
		term, _, ofTerm := strings.Cut(c.Path, "].")
		switch {
		case d.Combination != AnyTerm || !ofTerm:
			if !slices.Contains(asset, c.Reason) {
				asset = append(asset, c.Reason)
			}
			continue
		case terms[term] == nil:
			order = append(order, term)
		}
		terms[term] = append(terms[term], c.Reason)
	}
	var either []string
	for _, t := range order {
		either = append(either, strings.Join(terms[t], "; "))
	}
	if len(either) > 0 {
		asset = append(asset, strings.Join(either, ", or "))
	}
	return strings.Join(asset, "; ")
}

// decisive picks the clauses that make the verdict, the strongest first.
func decisive(clauses []Clause, v Verdict) []Clause {
	var effects []Effect
	switch v {
	case Denied:
		effects = []Effect{Forbids, Withholds}
	case NeedsReview:
		effects = []Effect{Doubts}
	case Allowed:
		effects = []Effect{Grants}
	default:
	}
	var out []Clause
	for _, e := range effects {
		for _, c := range clauses {
			if c.Effect == e {
				out = append(out, c)
			}
		}
	}
	return out
}

// distinct drops clauses whose reason was given before.
func distinct(clauses []Clause) []Clause {
	var out []Clause
	for _, c := range clauses {
		if !slices.ContainsFunc(out, func(o Clause) bool { return o.Reason == c.Reason }) {
			out = append(out, c)
		}
	}
	return out
}

// verdictOf returns the verdict of clauses that must all hold.
func verdictOf(clauses []Clause) Verdict {
	strongest, granted := Remarks, false
	for _, c := range clauses {
		strongest = max(strongest, c.Effect)
		granted = granted || c.Effect == Grants
	}
	switch {
	case strongest >= Withholds:
		return Denied
	case strongest == Doubts || !granted:
		return NeedsReview
	default:
		return Allowed
	}
}

// moment prints an instant as people read it, as exact as it is: the day alone
// at midnight UTC.
func moment(t time.Time) string {
	t = t.UTC()
	switch {
	case t.Equal(t.Truncate(24 * time.Hour)):
		return t.Format("2006-01-02")
	case t.Equal(t.Truncate(time.Minute)):
		return t.Format("2006-01-02 15:04 UTC")
	default:
		return t.Format("2006-01-02 15:04:05.999999999 UTC")
	}
}
