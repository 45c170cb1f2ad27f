package rightsmap

import (
	"slices"
	"strconv"
	"strings"

	"github.com/smintecm/sdk/records"
)

func valuesOf(values []Value, attribute string) []string {
	for _, v := range values {
		if v.Attribute == attribute {
			return v.Values
		}
	}
	return nil
}

// explainedBy explains every field by the attribute that it was read from.
func explainedBy(s Statement, rule, attribute string) []Explanation {
	var out []Explanation
	for _, line := range lines(s, 0) {
		if place, _, ok := strings.Cut(line, "="); ok && place != linesDigest {
			out = append(out, Explanation{place, rule, attribute})
		}
	}
	return out
}

// compare reports attributes that don't say what the statement says.
func (m Mapping) compare(s Statement, values []Value) []Finding {
	var out []Finding
	want, _ := m.Apply(s, Decision{})
	for i, a := range m.Attributes {
		if a.Field == fieldStatement || strings.HasPrefix(a.Field, "decision.") {
			continue
		}
		if got := valuesOf(values, a.Name); !slices.Equal(got, want[i].Values) {
			out = append(out, Finding{
				Blocks, ruleReadBack, a.Name, clip(strings.Join(got, "; ")),
				"the statement says " + clip(strings.Join(want[i].Values, "; ")),
			})
		}
	}
	return out
}

// readFields makes what it can of a statement from single attributes. Without
// the statement's own lines the terms are lost, so the result blocks.
func (m Mapping) readFields(values []Value) (Statement, []Finding, error) {
	s := Statement{RuleSet: Version}
	s.Source.System = "smint.io"
	rule := m.Name + " " + m.Version
	set := map[string]func(string) error{
		"source.transaction": func(v string) error { s.Source.Transaction = v; return nil },
		"source.cart":        func(v string) error { s.Source.Cart = v; return nil },
		"source.reused":      func(v string) error { s.Source.Reused = v; return nil },
		"source.provider":    func(v string) error { s.Source.Provider = v; return nil },
		"source.content":     func(v string) error { s.Source.Content = v; return nil },
		"basis.kind":         func(v string) error { return s.Basis.Kind.UnmarshalText([]byte(v)) },
		"basis.document":     func(v string) error { s.Basis.Document = v; return nil },
		"basis.licensee":     func(v string) error { s.Basis.Licensee = v; return nil },
		"state":              func(v string) error { s.State = v; return nil },
		"license_type":       func(v string) error { s.LicenseType = v; return nil },
		"content_type":       func(v string) error { s.ContentType = v; return nil },
		"category":           func(v string) error { s.Category = v; return nil },
		"releases.model":     func(v string) error { s.Releases.Model = v; return nil },
		"releases.property":  func(v string) error { s.Releases.Property = v; return nil },
		"restrictive":        func(v string) error { return s.Restrictive.UnmarshalText([]byte(v)) },
		"ai":                 func(v string) error { return s.AI.UnmarshalText([]byte(v)) },
		"raw":                func(v string) error { return s.Raw.UnmarshalText([]byte("sha256:" + v)) },

		"constraints.max_downloads": number(&s.Constraints.MaxDownloads),
		"constraints.max_users":     number(&s.Constraints.MaxUsers),
		"constraints.max_reuses":    number(&s.Constraints.MaxReuses),
	}
	findings := []Finding{{Blocks, ruleLossy, "terms", "", "no attribute holds the statement: its terms are lost"}}
	var p records.Problems
	for _, a := range m.Attributes {
		got := valuesOf(values, a.Name)
		switch put := set[a.Field]; {
		case len(got) == 0:
		case put == nil:
			findings = append(findings, Finding{Notes, ruleLossy, a.Name, clip(strings.Join(got, "; ")), "not read back"})
		default:
			if err := put(got[0]); err != nil {
				p.Add(a.Name, got[0], "a value of "+a.Field)
				continue
			}
			s.Explained = append(s.Explained, Explanation{a.Field, rule, a.Name})
		}
	}
	if err := p.Err("rightsmap.Mapping.Read"); err != nil {
		return Statement{}, nil, err
	}
	s.Findings = slices.Clone(findings)
	return s, findings, nil
}

func number(out **int) func(string) error {
	return func(v string) error {
		n, err := strconv.Atoi(v)
		if err == nil {
			*out = &n
		}
		return err
	}
}
