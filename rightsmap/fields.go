package rightsmap

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is one output of a statement with its decision, as text, with the rule
// that set it.
type field struct {
	values []string
	rule   string
	time   time.Time // for a point in time, which a date attribute shortens.
}

// fieldFunc computes one output field.
type fieldFunc func(s Statement, d Decision) field

// The fields that a mapping can name: computed ones, single texts, single
// numbers, and the keys of each dimension as "allowed." or "restricted." with
// the dimension's name.
var (
	computed = map[string]fieldFunc{
		"decision.verdict":  func(_ Statement, d Decision) field { return one(d.Verdict.String(), d.Rule) },
		"decision.summary":  func(_ Statement, d Decision) field { return one(d.Summary(), d.Rule) },
		"decision.rule":     func(_ Statement, d Decision) field { return one(d.Rule, d.Rule) },
		"decision.rule_set": func(_ Statement, d Decision) field { return one(d.RuleSet, "version") },
		"decision.at":       func(_ Statement, d Decision) field { return at(d.At, "asked") },

		"window.from":            func(s Statement, _ Decision) field { return at(s.Window().From, "latest-of-terms") },
		"window.until":           func(s Statement, _ Decision) field { return at(s.Window().Until, "earliest-of-terms") },
		"window.first_use_until": func(s Statement, _ Decision) field { return at(s.Window().FirstUseUntil, "earliest-of-terms") },
		"purchased":              func(s Statement, _ Decision) field { return s.explainedTime("purchased", s.Purchased) },
		"completed":              func(s Statement, _ Decision) field { return s.explainedTime("completed", s.Completed) },

		"editorial":      func(s Statement, _ Decision) field { return one(s.Editorial().String(), "editorial-of-terms") },
		"exclusivities":  func(s Statement, _ Decision) field { return union(s, func(t Term) []string { return t.Exclusivities }) },
		"usage_limits":   func(s Statement, _ Decision) field { return union(s, func(t Term) []string { return t.UsageLimits }) },
		"findings":       func(s Statement, _ Decision) field { return findingLines(s) },
		"provider_words": func(s Statement, _ Decision) field { return words(s) },
		"basis.urls":     func(s Statement, _ Decision) field { return urls(s) },
		"raw":            func(s Statement, _ Decision) field { return one(s.Raw.Hex(), "digest") },
		fieldStatement:   func(s Statement, _ Decision) field { return field{values: lines(s, 0), rule: ruleLines} },
	}
	single = map[string]func(Statement) string{
		"source.system":      func(s Statement) string { return s.Source.System },
		"source.transaction": func(s Statement) string { return s.Source.Transaction },
		"source.cart":        func(s Statement) string { return s.Source.Cart },
		"source.reused":      func(s Statement) string { return s.Source.Reused },
		"source.provider":    func(s Statement) string { return s.Source.Provider },
		"source.content":     func(s Statement) string { return s.Source.Content },
		"basis.kind":         func(s Statement) string { return s.Basis.Kind.String() },
		"basis.document":     func(s Statement) string { return s.Basis.Document },
		"basis.licensee":     func(s Statement) string { return s.Basis.Licensee },
		"basis.text":         func(s Statement) string { return s.Basis.Text.In("en") },
		"state":              func(s Statement) string { return s.State },
		"license_type":       func(s Statement) string { return s.LicenseType },
		"content_type":       func(s Statement) string { return s.ContentType },
		"category":           func(s Statement) string { return s.Category },
		"copyright":          func(s Statement) string { return s.Copyright.In("en") },
		"restrictive":        func(s Statement) string { return s.Restrictive.String() },
		"ai":                 func(s Statement) string { return s.AI.String() },
		"releases.model":     func(s Statement) string { return s.Releases.Model },
		"releases.property":  func(s Statement) string { return s.Releases.Property },

		"constraints.max_downloads": func(s Statement) string { return decimal(s.Constraints.MaxDownloads) },
		"constraints.max_users":     func(s Statement) string { return decimal(s.Constraints.MaxUsers) },
		"constraints.max_reuses":    func(s Statement) string { return decimal(s.Constraints.MaxReuses) },
	}
)

// output returns the function of a field, nil if there is none.
func output(name string) fieldFunc {
	if get := computed[name]; get != nil {
		return get
	}
	if get := single[name]; get != nil {
		return func(s Statement, _ Decision) field { return s.explainedField(name, get(s)) }
	}
	side, dimension, _ := strings.Cut(name, ".")
	i := slices.Index(dimensionTexts, dimension)
	if i < 0 || side != "allowed" && side != "restricted" {
		return nil
	}
	return func(s Statement, _ Decision) field {
		return union(s, func(t Term) []string {
			if side == "allowed" {
				return t.Limits[Dimension(i)].Allowed
			}
			return t.Limits[Dimension(i)].Restricted
		})
	}
}

// FieldNames returns the names of the fields that a mapping can use, sorted.
func FieldNames() []string {
	names := slices.Collect(maps.Keys(computed))
	names = slices.AppendSeq(names, maps.Keys(single))
	for _, d := range Dimensions() {
		names = append(names, "allowed."+d.String(), "restricted."+d.String())
	}
	slices.Sort(names)
	return names
}

func decimal(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func one(value, rule string) field {
	if value == "" {
		return field{}
	}
	return field{values: []string{value}, rule: rule}
}

func at(t time.Time, rule string) field {
	if t.IsZero() {
		return field{}
	}
	return field{values: []string{stamp(t)}, rule: rule, time: t}
}

// explainedField takes the rule from the statement's explanations.
func (s Statement) explainedField(name, value string) field {
	e, ok := s.Why(name)
	if !ok {
		e.Rule = "default"
	}
	return one(value, e.Rule)
}

func (s Statement) explainedTime(name string, t time.Time) field {
	f := at(t, "default")
	if e, ok := s.Why(name); ok && f.values != nil {
		f.rule = e.Rule
	}
	return f
}

// union joins the keys of all terms, for people and for search. Which term
// said what stands in the field "statement".
func union(s Statement, keys func(Term) []string) field {
	var all []string
	for _, t := range s.Terms {
		all = append(all, keys(t)...)
	}
	return field{values: sortedKeys(all), rule: "union-of-terms"}
}

func urls(s Statement) field {
	var out []string
	for _, l := range s.Basis.URLs {
		if !slices.Contains(out, l.URL) {
			out = append(out, l.URL)
		}
	}
	return field{values: out, rule: readField}
}

func words(s Statement) field {
	var out []string
	for _, t := range []Texts{s.Releases.UsageConstraints, s.Releases.AllowedUse, s.Releases.Comment} {
		if len(t) > 0 {
			out = append(out, t.In("en"))
		}
	}
	return field{values: out, rule: readField}
}

func findingLines(s Statement) field {
	var out []string
	for _, f := range s.Findings {
		out = append(out, f.String())
	}
	return field{values: out, rule: ruleFinding}
}
