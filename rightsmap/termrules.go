package rightsmap

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func (q *inquiry) current() *Term { return &q.s.Terms[q.term] }

func askFrom(q *inquiry) {
	from := q.current().ValidFrom
	if !from.IsZero() && q.use.From.Before(from) {
		q.sayTerm(Withholds, "valid_from", stamp(from), "the license begins on "+moment(from))
	}
}

func askUntil(q *inquiry) {
	const field = "valid_until"
	switch until := q.current().ValidUntil; {
	case until.IsZero() && q.s.LicenseType == royaltyFree:
	case until.IsZero():
		q.sayTerm(Doubts, field, "", "the license doesn't say when it ends")
	case !q.use.From.Before(until):
		q.sayTerm(Withholds, field, stamp(until), "the license ended on "+moment(until))
	case q.use.Until.After(until):
		q.sayTerm(Withholds, field, stamp(until), "the use goes on after the license ends on "+moment(until))
	}
}

func askFirstUse(q *inquiry) {
	const field = "to_be_used_until"
	last := q.current().ToBeUsedUntil
	if last.IsZero() {
		return
	}
	if q.use.From.Before(last) {
		if q.standing {
			q.sayTerm(Limits, field, stamp(last), "first use before "+moment(last))
		}
		return
	}
	switch q.use.Phase {
	case FirstUse:
		q.sayTerm(Withholds, field, stamp(last), "no first use after "+moment(last))
	case ContinuedUse:
		q.sayTerm(Remarks, field, stamp(last), "use goes on that began before "+moment(last))
	case PhaseUnknown:
		q.sayTerm(Doubts, field, stamp(last), "a first use had to happen before "+moment(last))
	default:
		q.sayTerm(Doubts, field, stamp(last), "a first use had to happen before "+moment(last))
	}
}

func askEditorial(q *inquiry) {
	const field = "is_editorial_use"
	switch q.current().Editorial {
	case No:
		q.sayTerm(Remarks, field, "false", "not bound to editorial use")
	case Yes:
		switch q.use.Purpose {
		case Editorial:
			q.sayTerm(Remarks, field, "true", "editorial use")
		case Commercial:
			q.sayTerm(Withholds, field, "true", "editorial use only")
		case PurposeUnknown:
			q.sayTerm(q.open(), field, "true", "editorial use only")
		default:
			q.sayTerm(Doubts, field, "true", "editorial use only")
		}
	case Unknown:
		q.editorialUnknown(field)
	default:
		q.editorialUnknown(field)
	}
}

// editorialUnknown doubts everything but editorial use, which both possible
// answers allow.
func (q *inquiry) editorialUnknown(field string) {
	if q.use.Purpose != Editorial {
		q.sayTerm(Doubts, field, "", "it is unknown whether editorial use alone is licensed")
	}
}

func askDimensions(q *inquiry) {
	for _, d := range Dimensions() {
		q.rule = d.String()
		limit := q.current().Limits[d]
		if keys := q.use.Keys(d); len(keys) > 0 {
			for _, key := range keys {
				q.askKey(d, limit, key)
			}
		} else {
			q.askOpen(d, limit)
		}
	}
}

// askKey asks about one key of the use.
func (q *inquiry) askKey(d Dimension, limit Limit, key string) {
	allowed, restricted := "allowed_"+d.String(), "restricted_"+d.String()
	for _, r := range limit.Restricted {
		switch {
		case Overlaps(r, key):
			q.sayTerm(Forbids, restricted, r, fmt.Sprintf("%s %s is excluded", d, both(key, r)))
		case !Known(d, r):
			q.sayTerm(Doubts, restricted, r, fmt.Sprintf("unknown restriction %s of %s", r, d))
		case !Known(d, key):
			q.sayTerm(Doubts, restricted, r, fmt.Sprintf("unknown %s %s may fall under %s, which is excluded", d, key, r))
		case continues(key, r) || continues(r, key):
			q.sayTerm(Doubts, restricted, r, fmt.Sprintf("%s %s may overlap %s, which is excluded", d, key, r))
		}
	}
	if len(limit.Allowed) == 0 {
		effect, reason := q.silent(), fmt.Sprintf("the license doesn't mention %s %s", d, key)
		if len(limit.Restricted) > 0 && q.s.LicenseType == royaltyFree {
			effect, reason = Grants, fmt.Sprintf("%s %s is not among those excluded", d, key)
		}
		q.sayTerm(effect, allowed, "", reason)
		return
	}
	if i := slices.IndexFunc(limit.Allowed, func(a string) bool { return grants(d, a, key) }); i >= 0 {
		q.sayTerm(Grants, allowed, limit.Allowed[i], fmt.Sprintf("%s %s is allowed", d, both(key, limit.Allowed[i])))
		return
	}
	list := strings.Join(limit.Allowed, ", ")
	if i := slices.IndexFunc(limit.Allowed, func(a string) bool { return !Known(d, a) }); i >= 0 {
		q.sayTerm(Doubts, allowed, list, fmt.Sprintf("unknown permission %s of %s may or may not cover %s", limit.Allowed[i], d, key))
		return
	}
	q.sayTerm(Withholds, allowed, list, fmt.Sprintf("%s %s is not allowed, only %s", d, key, list))
}

// continues reports whether a key goes on where another ends, as
// channel_theatrical_limited does: the hierarchy doesn't say that one contains
// the other, nor their names that they are apart.
func continues(long, short string) bool { return strings.HasPrefix(long, short+"_") }

// grants reports whether an allowed key contains the use's: one that the
// vocabulary lacks contains itself alone, whatever its name looks like.
func grants(d Dimension, allowed, key string) bool {
	return allowed == key && key != "" || Known(d, allowed) && Covers(allowed, key)
}

// askOpen asks about a dimension that the use doesn't mention.
func (q *inquiry) askOpen(d Dimension, limit Limit) {
	allowed, restricted := "allowed_"+d.String(), "restricted_"+d.String()
	managed := q.s.LicenseType != royaltyFree
	switch {
	case limit.IsZero() && managed && (d == Usages || d == Geographies):
		q.sayTerm(Doubts, allowed, "", fmt.Sprintf("the license mentions no %s", d))
		return
	case slices.Contains(limit.Restricted, "any"):
		q.sayTerm(Forbids, restricted, "any", fmt.Sprintf("all %s are excluded", d))
		return
	case nothingLeft(limit):
		q.sayTerm(Withholds, restricted, strings.Join(limit.Restricted, ", "), fmt.Sprintf("all %s that are allowed are excluded too", d))
		return
	}
	if len(limit.Allowed) > 0 {
		list := strings.Join(limit.Allowed, ", ")
		switch {
		case slices.Contains(limit.Allowed, "any"):
			q.sayTerm(Grants, allowed, "any", fmt.Sprintf("all %s are allowed", d))
		case q.standing:
			q.sayTerm(Limits, allowed, list, fmt.Sprintf("%s %s", d, list))
			q.sayTerm(Grants, allowed, list, fmt.Sprintf("%s %s allowed", d, list))
		default:
			q.sayTerm(Doubts, allowed, list, fmt.Sprintf("the use doesn't say its %s, allowed are %s", d, list))
		}
	}
	for _, r := range limit.Restricted {
		switch {
		case !Known(d, r):
			q.sayTerm(Doubts, restricted, r, fmt.Sprintf("unknown restriction %s of %s", r, d))
		case q.standing:
			q.sayTerm(Limits, restricted, r, fmt.Sprintf("not %s %s", d, r))
		default:
			q.sayTerm(Doubts, restricted, r, fmt.Sprintf("the use doesn't say its %s, %s is excluded", d, r))
		}
	}
}

// nothingLeft reports whether the restricted keys contain all that is allowed.
func nothingLeft(l Limit) bool {
	covered := func(a string) bool {
		return slices.ContainsFunc(l.Restricted, func(r string) bool { return Covers(r, a) })
	}
	return len(l.Allowed) > 0 && !slices.ContainsFunc(l.Allowed, func(a string) bool { return !covered(a) })
}

func askQuantities(q *inquiry) {
	const field = "usage_limits"
	limited := map[Unit]bool{}
	for _, key := range q.current().UsageLimits {
		limit, ok := ParseUsageLimit(key)
		if !ok {
			q.sayTerm(Doubts, field, key, "unknown usage limit "+key)
			continue
		}
		limited[limit.Unit] = true
		if limit.Unlimited {
			continue
		}
		n := q.use.amount(limit.Unit)
		switch bound := fmt.Sprintf("at most %d %s", limit.Max, limit.Unit); {
		case n == 0:
			q.sayTerm(q.open(), field, key, bound)
		case n > limit.Max:
			q.sayTerm(Withholds, field, key, fmt.Sprintf("%d %s, %s", n, limit.Unit, bound))
		default:
			q.sayTerm(Remarks, field, key, fmt.Sprintf("%d %s, %s", n, limit.Unit, bound))
		}
	}
	for _, unit := range []Unit{Circulation, Displays, Copies} {
		if q.use.amount(unit) > 0 && !limited[unit] && !limited[UnitUnknown] {
			q.sayTerm(q.silent(), field, "", fmt.Sprintf("the license doesn't limit %s", unit))
		}
	}
}

func askExclusive(q *inquiry) {
	for _, key := range q.current().Exclusivities {
		q.sayTerm(Remarks, "exclusivities", key, "licensed exclusively: "+key)
	}
}

// both names a key of the use and the key of the license that contains it.
func both(use, license string) string {
	if use == license {
		return use
	}
	return use + " (" + license + ")"
}

// stamp prints an instant for clauses, exactly.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
