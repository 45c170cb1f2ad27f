package rightsmap

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
)

// The names of the ODRL rendering; docs/odrl-profile.md says what they mean.
const (
	odrlContext     = "http://www.w3.org/ns/odrl.jsonld"
	rightsMLProfile = "https://iptc.org/std/RightsML/odrl-profile/"
	// ODRLProfile identifies the profile for what ODRL and RightsML lack. A
	// processor that doesn't know it must not evaluate the policy.
	ODRLProfile = "https://github.com/smintecm/sdk/odrl-profile/1"
	odrlPrefix  = "smx"
	odrlSpace   = "https://github.com/smintecm/sdk/odrl-profile/1#"
)

// ODRLOptions say how a statement is rendered as an ODRL policy.
type ODRLOptions struct {
	// Target is the IRI of the asset; empty names the purchase.
	Target string
	// UID is the IRI of the policy; empty derives it from the target.
	UID string
	// Combination is the policy for several terms.
	Combination Combination
}

// ODRL renders the statement as an ODRL 2.2 policy in JSON-LD, deterministic to
// the byte. It uses the RightsML profile and, for what that lacks, our own. It
// never permits more than [Statement.DecideBy] allows: what is in doubt carries
// a constraint that only a review satisfies.
//
// It returns an error that matches records.ErrInvalid for a target or uid that
// is no IRI.
func (s Statement) ODRL(o ODRLOptions) ([]byte, error) {
	if o.Target == "" {
		o.Target = "urn:smint.io:license-purchase-transaction:" + iriPart(s.Source.Transaction)
	}
	if o.UID == "" {
		o.UID = o.Target + "#rights"
	}
	var p records.Problems
	p.Check(isIRI(o.Target), "target", o.Target, "an IRI")
	p.Check(isIRI(o.UID), "uid", o.UID, "an IRI")
	if err := p.Err("rightsmap.ODRL"); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s.policy(o)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

type odrlPolicy struct {
	Context     []any         `json:"@context"`
	Type        string        `json:"@type"`
	UID         string        `json:"uid"`
	Profile     []string      `json:"profile"`
	Conflict    string        `json:"conflict"`
	RuleSet     string        `json:"smx:ruleSet"`
	LicenseType string        `json:"smx:licenseType,omitzero"`
	Raw         string        `json:"smx:sourceDigest,omitzero"`
	Assigner    *odrlParty    `json:"assigner,omitempty"`
	Assignee    *odrlParty    `json:"assignee,omitempty"`
	Permission  []odrlRule    `json:"permission,omitempty"`
	Prohibition []odrlRule    `json:"prohibition,omitempty"`
	Doubts      []string      `json:"smx:doubt,omitempty"`
	Unknown     []odrlUnknown `json:"smx:unknownField,omitempty"`
}

type odrlParty struct {
	Type string `json:"@type"`
	UID  string `json:"uid"`
	Name string `json:"smx:name,omitzero"`
}

type odrlRule struct {
	Target     string           `json:"target"`
	Action     string           `json:"action"`
	Term       []int            `json:"smx:term,omitempty"`
	Exclusive  []string         `json:"smx:exclusivity,omitempty"`
	Constraint []odrlConstraint `json:"constraint,omitempty"`
	Duty       []odrlDuty       `json:"duty,omitempty"`
}

type odrlConstraint struct {
	Left     string `json:"leftOperand"`
	Operator string `json:"operator"`
	Right    any    `json:"rightOperand"`
}

type odrlDuty struct {
	Action string   `json:"action"`
	Text   []string `json:"smx:text,omitempty"`
}

type odrlID struct {
	ID string `json:"@id"`
}

type odrlValue struct {
	Value string `json:"@value"`
	Type  string `json:"@type"`
}

type odrlUnknown struct {
	Path  string `json:"smx:path"`
	Value string `json:"smx:value"`
}

// leftOperands are ODRL's own where it has one, else ours.
var leftOperands = [dimensionCount]string{
	Usages: "smx:usage", Sizes: "smx:size", Placements: "smx:placement", Distributions: "deliveryChannel",
	Geographies: "spatial", Industries: "industry", Languages: "language",
}

func (s Statement) policy(o ODRLOptions) odrlPolicy {
	p := odrlPolicy{
		Context: []any{odrlContext, map[string]string{odrlPrefix: odrlSpace}}, Type: "Set", UID: o.UID,
		Profile: []string{rightsMLProfile, ODRLProfile}, Conflict: "prohibit", RuleSet: Version, LicenseType: s.LicenseType,
	}
	if s.Raw.IsValid() {
		p.Raw = s.Raw.String()
	}
	if s.Source.Provider != "" {
		p.Assigner = &odrlParty{"Party", "urn:smint.io:provider:" + iriPart(s.Source.Provider), s.Source.Provider}
	}
	if id := s.Basis.LicenseeID; id != "" {
		p.Assignee = &odrlParty{"Party", "urn:smint.io:licensee:" + iriPart(id), s.Basis.Licensee}
	}
	if p.Assigner != nil && p.Assignee != nil {
		p.Type = "Agreement"
	}
	for st := &s; st != nil; st = st.Original {
		for _, u := range st.Unknown {
			p.Unknown = append(p.Unknown, odrlUnknown(u))
		}
		if st.Cancelled() {
			p.Permission, p.Prohibition = nil, []odrlRule{{Target: o.Target, Action: "use"}}
			return p
		}
	}
	for _, alt := range s.alternatives(o.Combination) {
		doubts := alt.unsettled()
		for _, d := range doubts {
			if !slices.Contains(p.Doubts, d) {
				p.Doubts = append(p.Doubts, d)
			}
		}
		p.Permission = append(p.Permission, alt.permission(o.Target, len(doubts) > 0))
	}
	for st := &s; st != nil; st = st.Original {
		p.Prohibition = append(p.Prohibition, st.prohibitions(o.Target)...)
	}
	return p
}

// alternatives returns the statements of which one must allow a use: under
// EveryTerm the statement itself, under AnyTerm one for each of its terms.
func (s Statement) alternatives(policy Combination) []Statement {
	out := []Statement{s}
	if policy == AnyTerm && len(s.Terms) > 0 {
		out = nil
		for _, t := range s.Terms {
			alt := s
			alt.Terms = []Term{t}
			out = append(out, alt)
		}
	}
	if s.Original == nil {
		return out
	}
	var both []Statement
	for _, alt := range out {
		for _, o := range s.Original.alternatives(policy) {
			alt.Original = new(o)
			both = append(both, alt)
		}
	}
	return both
}

// unsettled returns what stands in doubt whatever the use is.
func (s Statement) unsettled() []string {
	start := s.Purchased
	if from := s.Window().From; from.After(start) {
		start = from
	}
	if start.IsZero() {
		start = time.Unix(0, 0)
	}
	clauses, verdict := s.inquire(EveryTerm, Use{From: start, Purpose: Editorial, Phase: ContinuedUse}, true, "")
	var out []string
	for _, c := range clauses {
		if c.Effect == Doubts && !slices.Contains(out, c.Reason) {
			out = append(out, c.Reason)
		}
	}
	if verdict == NeedsReview && out == nil {
		out = []string{"no clause grants a use"}
	}
	return out
}

// permission renders the constraints of all terms together.
func (s Statement) permission(target string, doubtful bool) odrlRule {
	r := odrlRule{Target: target, Action: "use", Exclusive: s.exclusive(), Duty: s.duties()}
	for st := &s; st != nil; st = st.Original {
		r.Constraint = append(r.Constraint, st.assetConstraints()...)
		for _, t := range st.Terms {
			r.Term = append(r.Term, t.Number)
			r.Constraint = append(r.Constraint, st.termConstraints(t)...)
		}
	}
	if doubtful {
		r.Constraint = append(r.Constraint, odrlConstraint{"smx:reviewed", "eq", true})
	}
	r.Constraint = distinctConstraints(r.Constraint)
	return r
}

func (s Statement) exclusive() []string {
	var out []string
	for _, t := range s.Terms {
		out = append(out, t.Exclusivities...)
	}
	return sortedKeys(out)
}

func (s Statement) duties() []odrlDuty {
	var out []odrlDuty
	if len(s.Copyright) > 0 {
		var texts []string
		for _, t := range s.Copyright {
			texts = append(texts, t.Value)
		}
		out = append(out, odrlDuty{"attribute", texts})
	}
	if s.AI == Yes {
		out = append(out, odrlDuty{"smx:labelAsAI", nil})
	}
	return out
}

// assetConstraints are those that don't depend on a term.
func (s Statement) assetConstraints() []odrlConstraint {
	var out []odrlConstraint
	if !s.Purchased.IsZero() {
		out = append(out, timeConstraint("dateTime", "gteq", s.Purchased))
	}
	if s.editorialAtMost() {
		out = append(out, odrlConstraint{"purpose", "isAnyOf", []odrlID{{"smx:editorial"}}})
	}
	var silent []string
	for _, n := range []struct {
		name string
		max  *int
	}{{"smx:downloads", s.Constraints.MaxDownloads}, {"smx:users", s.Constraints.MaxUsers}, {"smx:reuses", s.Constraints.MaxReuses}} {
		switch {
		case n.max == nil:
			silent = append(silent, n.name)
		case *n.max > 0:
			out = append(out, odrlConstraint{n.name, "lteq", *n.max})
		}
	}
	return append(out, unstated(silent)...)
}

// unstated keeps what the license doesn't mention from being permitted by
// silence: a use must not state it.
func unstated(operands []string) []odrlConstraint {
	if len(operands) == 0 {
		return nil
	}
	ids := make([]odrlID, len(operands))
	for i, o := range operands {
		if !strings.Contains(o, ":") {
			o = "odrl:" + o
		}
		ids[i] = odrlID{o}
	}
	return []odrlConstraint{{"smx:statedOperand", "isNoneOf", ids}}
}

// editorialAtMost reports whether anything but the terms' own flag keeps a
// commercial use from being allowed.
func (s Statement) editorialAtMost() bool {
	released := func(state string) bool { return state == "released" || state == "no_release_required" }
	return !released(s.Releases.Model) || !released(s.Releases.Property) || s.EditorialOffer == Yes || s.unclearCategory() != ""
}

func (s Statement) termConstraints(t Term) []odrlConstraint {
	var out []odrlConstraint
	if !t.ValidFrom.IsZero() {
		out = append(out, timeConstraint("dateTime", "gteq", t.ValidFrom))
	}
	if !t.ValidUntil.IsZero() {
		out = append(out, timeConstraint("dateTime", "lt", t.ValidUntil))
	}
	if !t.ToBeUsedUntil.IsZero() {
		out = append(out, timeConstraint("smx:firstUse", "lt", t.ToBeUsedUntil))
	}
	if t.Editorial != No {
		out = append(out, odrlConstraint{"purpose", "isAnyOf", []odrlID{{"smx:editorial"}}})
	}
	grants := s.LicenseType == royaltyFree && s.Restrictive == No
	var silent []string
	for _, d := range Dimensions() {
		l := t.Limits[d]
		switch {
		case slices.Contains(l.Allowed, "any"): // bounds nothing.
		case len(l.Allowed) > 0:
			out = append(out, odrlConstraint{leftOperands[d], "isAnyOf", keyIRIs(d, permitted(d, l.Allowed))})
		case !grants && (len(l.Restricted) == 0 || s.LicenseType != royaltyFree):
			silent = append(silent, leftOperands[d])
		}
		if len(l.Restricted) > 0 {
			out = append(out, odrlConstraint{leftOperands[d], "isNoneOf", keyIRIs(d, l.Restricted)})
		}
	}
	quantities, quiet := t.quantities()
	out = append(out, quantities...)
	if !grants {
		silent = append(silent, quiet...)
	}
	return append(out, unstated(silent)...)
}

// permitted leaves out what a processor would read as wider than it is: a key
// of an unknown family contains itself alone.
func permitted(d Dimension, keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return strings.HasSuffix(k, "_any") && !Known(d, k) })
}

// quantities renders the usage limits, and names the units without one.
func (t Term) quantities() (out []odrlConstraint, quiet []string) {
	limited := map[Unit]bool{}
	for _, key := range t.UsageLimits {
		limit, ok := ParseUsageLimit(key)
		if !ok {
			continue // a doubt: the review constraint stands for it.
		}
		limited[limit.Unit] = true
		if !limit.Unlimited {
			out = append(out, odrlConstraint{"smx:" + limit.Unit.String(), "lteq", limit.Max})
		}
	}
	for _, u := range []Unit{Circulation, Displays, Copies} {
		if !limited[u] && !limited[UnitUnknown] {
			quiet = append(quiet, "smx:"+u.String())
		}
	}
	return out, quiet
}

// prohibitions says outright what is restricted, for whoever reads prohibitions
// alone. The permissions exclude it already.
func (s Statement) prohibitions(target string) []odrlRule {
	var out []odrlRule
	for _, t := range s.Terms {
		for _, d := range Dimensions() {
			keys := t.Limits[d].Restricted
			if len(keys) == 0 {
				continue
			}
			r := odrlRule{Target: target, Action: "use", Term: []int{t.Number}}
			if !slices.Contains(keys, "any") { // that one forbids every use.
				r.Constraint = []odrlConstraint{{leftOperands[d], "smx:overlapsAnyOf", keyIRIs(d, keys)}}
			}
			out = append(out, r)
		}
	}
	return out
}

func timeConstraint(left, op string, t time.Time) odrlConstraint {
	return odrlConstraint{left, op, odrlValue{stamp(t), "xsd:dateTime"}}
}

// keyIRIs names vendor keys: "smx:geographies/europe_any".
func keyIRIs(d Dimension, keys []string) []odrlID {
	out := make([]odrlID, len(keys))
	for i, k := range keys {
		out[i] = odrlID{"smx:" + d.String() + "/" + iriPart(k)}
	}
	return out
}

func distinctConstraints(in []odrlConstraint) []odrlConstraint {
	var out []odrlConstraint
	var seen []string
	for _, c := range in {
		b, err := json.Marshal(c)
		if err != nil || slices.Contains(seen, string(b)) {
			continue
		}
		out, seen = append(out, c), append(seen, string(b))
	}
	return out
}

// iriPart escapes foreign text for use inside an IRI.
func iriPart(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~:", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// isIRI reports whether s has a scheme and no character that an IRI can't have.
func isIRI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	return ok && scheme != "" && rest != "" && strings.IndexFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune("<>\"{}|\\^`", r)
	}) < 0
}
