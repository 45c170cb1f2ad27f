package rightsmap_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/rightsmap"
)

// termOf patches the one term of the royalty-free license.
func termOf(t *testing.T, fields object) rightsmap.Statement {
	t.Helper()
	g := golden{License: "royalty-free.json"}
	term := object{"is_editorial_use": false, "valid_from": "2025-05-06T08:18:51Z"}
	for k, v := range fields {
		term[k] = v
	}
	g.Patch = object{"license_terms": []any{term}}
	return g.statement(t)
}

func commercial(keys ...string) rightsmap.Use {
	return rightsmap.Use{
		From: time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC), Purpose: rightsmap.Commercial, Geographies: keys,
	}
}

// What is excluded stays excluded by whatever name the use calls it: a name
// that the vocabulary cannot place beside an exclusion is a doubt.
func TestDecide_ANameThatCannotBePlacedDoesNotEscapeAnExclusion(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		excluded, use string
		want          rightsmap.Verdict
	}{
		{"europe_austria", "europe_austria", rightsmap.Denied},
		{"europe_austria", "europe_any", rightsmap.Denied},
		{"europe_austria", "europe_france", rightsmap.Allowed},
		{"europe_austria", "austria", rightsmap.NeedsReview},
		{"europe_austria", "AT", rightsmap.NeedsReview},
		{"europe_austria", " europe_austria", rightsmap.NeedsReview},
		{"europe_austria", "europe_Austria", rightsmap.NeedsReview},
		{"europe_austria", "europe_austria_vienna", rightsmap.NeedsReview},
		{"europe_austria_vienna", "europe_austria", rightsmap.NeedsReview},
		{"Europe_Any", "europe_austria", rightsmap.NeedsReview},
		{"europe_Any", "europe_austria", rightsmap.NeedsReview},
	} {
		for _, allowed := range [][]string{nil, {"any"}} {
			s := termOf(t, object{"allowed_geographies": allowed, "restricted_geographies": []string{test.excluded}})
			d := s.Decide(commercial(test.use))
			require.Equal(t, test.want, d.Verdict, "excluded is %s, used in %q, allowed are %v: %s", test.excluded, test.use, allowed, d.Summary())
		}
	}
}

// Terms that are called restrictive and restrict nothing are not explained by
// the day on which they begin, nor by lists that allow all.
func TestDecide_RestrictiveTermsAreExplainedOnlyByWhatRestricts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		terms object
		want  rightsmap.Verdict
	}{
		{"only a beginning", object{}, rightsmap.NeedsReview},
		{"lists that allow all", object{"allowed_geographies": []string{"any"}, "usage_limits": []string{"any", "copy_any"}}, rightsmap.NeedsReview},
		{"an end", object{"valid_until": "2027-01-01T00:00:00Z"}, rightsmap.Allowed},
		{"a last day for first use", object{"to_be_used_until": "2027-01-01T00:00:00Z"}, rightsmap.Allowed},
		{"an exclusion", object{"allowed_geographies": []string{"any"}, "restricted_geographies": []string{"asia_japan"}}, rightsmap.Allowed},
		{"a list that allows some", object{"allowed_geographies": []string{"europe_any"}}, rightsmap.Allowed},
	} {
		s := termOf(t, test.terms)
		s.Restrictive = rightsmap.Yes
		d := s.Decide(commercial("europe_austria"))
		if test.terms["allowed_geographies"] == nil && test.want == rightsmap.Allowed {
			d = s.Decide(commercial())
		}
		require.Equal(t, test.want, d.Verdict, "restrictive, explained by %s: %s", test.name, d.Summary())
	}
}

// A category that no rule knows is no permission for commercial use.
func TestDecide_AnUnknownContentCategoryNeedsReview(t *testing.T) {
	t.Parallel()
	for category, want := range map[string]rightsmap.Verdict{
		"creative": rightsmap.Allowed, "editorial": rightsmap.NeedsReview, "Editorial": rightsmap.NeedsReview, "news": rightsmap.NeedsReview,
	} {
		g := golden{License: "royalty-free.json", Patch: object{"content_element": object{"content_category": category}}}
		s := g.statement(t)
		require.Equal(t, want, s.Decide(commercial()).Verdict, "content category %s", category)
		if category != "creative" {
			u := commercial()
			u.Purpose = rightsmap.Editorial
			require.Equal(t, rightsmap.Allowed, s.Decide(u).Verdict, "editorial use of content category %s", category)
		}
	}
}
