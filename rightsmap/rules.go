package rightsmap

import (
	"fmt"
	"slices"
	"strings"
)

// The names of the rules.
const (
	ruleUse         = "use"
	ruleBasis       = "basis"
	ruleState       = "state"
	ruleFinding     = "finding"
	rulePurchase    = "purchased"
	ruleType        = "license-type"
	ruleRestrictive = "restrictive"
	ruleTerms       = "terms"
	ruleWords       = "provider-words"
	ruleRelease     = "release"
	ruleCategory    = "content-category"
	ruleConstraint  = "download-constraint"
	ruleReuse       = "reuse"
	ruleAI          = "ai"
	ruleFrom        = "valid-from"
	ruleUntil       = "valid-until"
	ruleFirstUse    = "to-be-used-until"
	ruleEditorial   = "editorial"
	ruleQuantity    = "usage-limit"
	ruleExclusive   = "exclusivity"
	ruleCombination = "combination"
	ruleNoGrant     = "no-grant"
)

// The license types that the rules know.
const (
	royaltyFree   = "royalty_free"
	rightsManaged = "rights_managed"
	rightsReady   = "rights_ready"
)

// Rule is one rule of the decision, for people to read.
type Rule struct {
	// ID is the name that clauses carry.
	ID string
	// Text says what the rule does.
	Text string
	ask  func(*inquiry)
}

// Rules returns the rules in the order in which they are asked.
func Rules() []Rule {
	var out []Rule
	for _, r := range append(append([]Rule(nil), assetRules...), termRules...) {
		out = append(out, Rule{ID: r.ID, Text: r.Text})
	}
	return append(out, Rule{ID: ruleNoGrant, Text: "What no clause grants needs review."})
}

// assetRules are asked once, in order.
var assetRules = []Rule{
	{ruleUse, "A use that isn't well-formed needs review.", askUse},
	{ruleBasis, "Only a license, read by this version of the rules, can be decided.", askBasis},
	{ruleState, "A cancelled purchase gives no license; one that isn't completed needs review.", askState},
	{ruleFinding, "What was unknown or contradictory in the terms needs review.", askFindings},
	{rulePurchase, "No use before the purchase.", askPurchase},
	{ruleType, "A royalty-free license without restrictive terms grants what it doesn't mention; a managed one must say what, where and until when; any other needs review.", askType},
	{ruleRestrictive, "Terms that are restrictive, or may be, and don't say how need review.", askRestrictive},
	{ruleTerms, "A license without terms needs review.", askTerms},
	{ruleWords, "Constraints in the provider's own words need review.", askWords},
	{ruleRelease, "Without model and property release there is no commercial use.", askReleases},
	{ruleCategory, "Editorial content that the terms don't call editorial, and content of an unknown category, needs review before other use.", askCategory},
	{ruleConstraint, "Downloads, users and reuses stay within their maximum.", askConstraints},
	{ruleReuse, "A reuse is allowed only as far as the reused license allows it.", askReuse},
	{ruleAI, "AI-generated content is to be labeled as such.", askAI},
	{ruleCombination, "Terms that no use can satisfy together need review.", askCombination},
}

// termRules are asked for each term, in order.
var termRules = []Rule{
	{ruleFrom, "No use before the term begins.", askFrom},
	{ruleUntil, "No use once the term has ended.", askUntil},
	{ruleFirstUse, "No first use after the last day for it.", askFirstUse},
	{ruleEditorial, "An editorial license allows no commercial use.", askEditorial},
	{"usages, sizes, placements, distributions, geographies, industries, languages", "A use must be covered by an allowed key and touch no restricted one.", askDimensions},
	{ruleQuantity, "Quantities stay within the usage limits.", askQuantities},
	{ruleExclusive, "What is licensed exclusively is noted.", askExclusive},
}

func askUse(q *inquiry) {
	if err := q.use.Validate(); err != nil {
		q.say(Doubts, "", "", strings.TrimPrefix(err.Error(), "rightsmap.Use: "))
	}
}

func askBasis(q *inquiry) {
	if q.s.Basis.Kind != BasisLicense {
		q.say(Doubts, "basis", q.s.Basis.Kind.String(), "the right rests on no license that rules can read")
	}
	if q.s.RuleSet != Version {
		q.say(Doubts, "rule_set", q.s.RuleSet, "the terms were read by another version of the rules: read them again")
	}
}

func askState(q *inquiry) {
	switch {
	case q.s.Cancelled():
		q.say(Forbids, "state", q.s.State, "the purchase was cancelled: no license exists")
	case q.s.State == "":
		q.say(Doubts, "state", "", "the state of the purchase is unknown")
	case q.s.State != "completed":
		q.say(Doubts, "state", q.s.State, "the purchase is not completed")
	}
}

func askFindings(q *inquiry) {
	for _, f := range q.s.Findings {
		if f.Severity != Notes {
			q.say(Doubts, f.Path, f.Value, f.Path+": "+f.Text)
		}
	}
}

func askPurchase(q *inquiry) {
	switch p := q.s.Purchased; {
	case p.IsZero():
		q.say(Doubts, "purchased_at", "", "the time of purchase is unknown")
	case q.use.From.Before(p):
		q.say(Withholds, "purchased_at", stamp(p), "not licensed before the purchase on "+moment(p))
	}
}

func askType(q *inquiry) {
	switch q.s.LicenseType {
	case royaltyFree:
		if q.s.Restrictive == No {
			q.say(Grants, "offering.license_type", q.s.LicenseType, "royalty-free without restrictive terms")
		} else {
			q.say(Grants, "offering.license_type", q.s.LicenseType, "royalty-free as far as its terms say")
		}
	case rightsManaged, rightsReady:
		q.say(Remarks, "offering.license_type", q.s.LicenseType, "licensed only as far as its terms say")
	case "":
		q.say(Doubts, "offering.license_type", "", "the type of license is unknown")
	default:
		q.say(Doubts, "offering.license_type", q.s.LicenseType, "no rule for this type of license")
	}
}

func askRestrictive(q *inquiry) {
	const path = "has_potentially_restrictive_license_terms"
	switch {
	case q.s.Restrictive == No:
	case q.s.Restrictive == Yes && q.s.explained():
		q.say(Remarks, path, "true", "restrictive terms, as listed")
	case q.s.Restrictive == Yes:
		q.say(Doubts, path, "true", "restrictive terms that the license doesn't list")
	default:
		q.say(Doubts, path, "", "it is unknown whether terms are restrictive")
	}
}

// explained reports whether the statement says anything that restricts. Every
// license begins once: when it does explains nothing.
func (s Statement) explained() bool {
	for _, t := range s.Terms {
		if !t.ValidUntil.IsZero() || !t.ToBeUsedUntil.IsZero() || t.Editorial == Yes {
			return true
		}
		if slices.ContainsFunc(t.UsageLimits, func(key string) bool { u, _ := ParseUsageLimit(key); return !u.Unlimited }) {
			return true
		}
		for _, l := range t.Limits {
			if len(l.Restricted) > 0 || len(l.Allowed) > 0 && !slices.Contains(l.Allowed, "any") {
				return true
			}
		}
	}
	return false
}

func askTerms(q *inquiry) {
	if len(q.s.Terms) == 0 {
		q.say(Doubts, "license_terms", "", "the license has no terms")
	}
}

func askWords(q *inquiry) {
	const path = "content_element.release_details."
	if t := q.s.Releases.UsageConstraints; len(t) > 0 {
		q.say(Doubts, path+"provider_usage_constraints", t.In("en"), "the provider constrains the use in words")
	}
	if t := q.s.Releases.AllowedUse; len(t) > 0 {
		q.say(Doubts, path+"provider_allowed_use_comment", t.In("en"), "the provider describes the allowed use in words")
	}
}

func askReleases(q *inquiry) {
	for _, r := range []struct{ field, state, name string }{
		{"model_release_state", q.s.Releases.Model, "model"},
		{"property_release_state", q.s.Releases.Property, "property"},
	} {
		path := "content_element.release_details." + r.field
		switch r.state {
		case "released", "no_release_required":
			continue
		case "not_released":
			q.commercial(path, r.state, "no "+r.name+" release: editorial use only", Withholds)
		default:
			q.commercial(path, r.state, "it is unknown whether there is a "+r.name+" release", Doubts)
		}
	}
}

// commercial adds the clause of something that stands against commercial use
// alone: a denial, or a doubt.
func (q *inquiry) commercial(path, value, reason string, against Effect) {
	switch {
	case q.use.Purpose == Editorial:
	case q.use.Purpose == Commercial:
		q.say(against, path, value, reason)
	case against == Doubts:
		q.say(Doubts, path, value, reason)
	default:
		q.say(q.open(), path, value, reason)
	}
}

func askCategory(q *inquiry) {
	if q.s.EditorialOffer == Yes {
		q.commercial("offering.is_editorial_use", "true", "editorial use only", Withholds)
	}
	if reason := q.s.unclearCategory(); reason != "" {
		q.commercial("content_element.content_category", q.s.Category, reason, Doubts)
	}
}

// unclearCategory says why the category of the content leaves in doubt whether
// more than editorial use is licensed; empty if it doesn't.
func (s Statement) unclearCategory() string {
	switch s.Category {
	case "", "creative":
		return ""
	case "editorial":
		if s.Editorial() == Yes {
			return ""
		}
		return "editorial content that the terms don't call editorial"
	default:
		return "no rule for this category of content"
	}
}

func askConstraints(q *inquiry) {
	c := q.s.Constraints
	for _, n := range []struct {
		field, name  string
		max, counted *int
		stated       int
	}{
		{"effective_max_downloads", "downloads", c.MaxDownloads, c.Downloads, q.use.Downloads},
		{"effective_max_users", "users", c.MaxUsers, c.Users, q.use.Users},
		{"effective_max_reuses", "reuses", c.MaxReuses, c.Reuses, q.use.Reuses},
	} {
		path := "license_download_constraints." + n.field
		count := n.stated
		if n.counted != nil {
			count = max(count, *n.counted)
		}
		switch {
		case n.max == nil && n.stated > 0:
			q.say(Doubts, path, "", "it is unknown how many "+n.name+" are licensed")
		case n.max == nil || *n.max <= 0:
		case count > *n.max:
			q.say(Withholds, path, fmt.Sprint(*n.max), fmt.Sprintf("%d of %d %s", count, *n.max, n.name))
		case n.counted == nil && n.stated == 0:
			q.say(q.open(), path, fmt.Sprint(*n.max), fmt.Sprintf("at most %d %s", *n.max, n.name))
		case q.standing:
			q.say(Limits, path, fmt.Sprint(*n.max), fmt.Sprintf("%d of %d %s", count, *n.max, n.name))
		default:
			q.say(Remarks, path, fmt.Sprint(*n.max), fmt.Sprintf("%d of %d %s", count, *n.max, n.name))
		}
	}
}

func askReuse(q *inquiry) {
	const path = "reused_license_purchase_transaction_uuid"
	reused := q.s.Source.Reused
	switch {
	case reused == "" && q.s.Original == nil:
	case q.s.Original == nil || q.s.Original.Source.Transaction != reused:
		q.say(Doubts, path, reused, "the reused license was not looked at")
	default:
		q.say(Remarks, path, reused, "reuses the license of transaction "+reused)
	}
}

func askAI(q *inquiry) {
	if q.s.AI == Yes {
		q.say(Remarks, "content_element.is_ai", "true", "label as AI-generated")
	}
}

// askCombination doubts several terms that must all hold and leave nothing in
// common: they may be meant as alternatives, which is not for us to assume. A
// use in particular is asked about term by term.
func askCombination(q *inquiry) {
	if q.policy != EveryTerm || !q.standing {
		return
	}
	for _, d := range Dimensions() {
		var limits []Limit
		var candidates []string
		for _, t := range q.s.Terms {
			if l := t.Limits[d]; !l.IsZero() {
				limits = append(limits, l)
				candidates = append(candidates, l.Allowed...)
			}
		}
		together := func(key string) bool {
			return !slices.ContainsFunc(limits, func(l Limit) bool { return !l.admits(key) })
		}
		if len(limits) > 1 && len(candidates) > 0 && !slices.ContainsFunc(candidates, together) {
			q.say(Doubts, "license_terms", d.String(), fmt.Sprintf("the terms have no %s in common: they may be alternatives", d))
		}
	}
}

// admits reports whether some use under key could pass: an allowed key, if
// there are any, contains it, and no restricted one contains it whole.
func (l Limit) admits(key string) bool {
	over := func(k string) bool { return Covers(k, key) }
	return (len(l.Allowed) == 0 || slices.ContainsFunc(l.Allowed, over)) && !slices.ContainsFunc(l.Restricted, over)
}
