package rightsmap_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/rightsmap"
)

// A policy is no emptier than it must be: what the golden decisions allow it
// permits, once the use states all that the license counts.
func TestODRL_PermitsWhatIsAllowed(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		s, o := g.statement(t), rightsmap.ODRLOptions{}
		if g.Combination != nil {
			o.Combination = *g.Combination
		}
		for st := &s; st != nil; st = st.Original {
			for _, n := range []struct {
				max    *int
				stated *int
			}{{st.Constraints.MaxDownloads, &g.Use.Downloads}, {st.Constraints.MaxUsers, &g.Use.Users}, {st.Constraints.MaxReuses, &g.Use.Reuses}} {
				if n.max != nil && *n.max > 0 && *n.stated == 0 {
					*n.stated = 1
				}
			}
		}
		policy, err := s.ODRL(o)
		require.NoError(t, err)
		if s.DecideBy(o.Combination, g.Use).Verdict == rightsmap.Allowed {
			require.True(t, permits(t, policy, g.Use), "%s/%s: %s", g.Clause, g.Name, policy)
		}
	}
}

// policyOf is a policy as its JSON has it.
func policyOf(t *testing.T, s rightsmap.Statement, o rightsmap.ODRLOptions) (p struct {
	Type       string            `json:"@type"`
	Assigner   map[string]string `json:"assigner"`
	Assignee   map[string]string `json:"assignee"`
	Doubts     []string          `json:"smx:doubt"`
	Permission []struct {
		Term []int `json:"smx:term"`
	} `json:"permission"`
},
) {
	t.Helper()
	odrl, err := s.ODRL(o)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(odrl, &p))
	return p
}

// Under AnyTerm there is one permission for each term, or pair of terms where a
// license reuses another; else one for all of them.
func TestODRL_HasOnePermissionForEachAlternative(t *testing.T) {
	t.Parallel()
	term := func(n int) object { return object{"sequence_number": n, "is_editorial_use": false} }
	statement := func(patch, original object) rightsmap.Statement {
		return golden{License: "royalty-free.json", Patch: patch, Original: original}.statement(t)
	}
	two := object{"license_terms": []any{term(1), term(2)}}
	reuse := object{"license_terms": []any{term(3), term(4)}, "uuid": "2", "reused_license_purchase_transaction_uuid": "1"}
	original := object{"license_terms": []any{term(1), term(2)}, "uuid": "1"}
	none := object{"license_terms": []any{}}
	for name, tc := range map[string]struct {
		s         rightsmap.Statement
		every, or [][]int
	}{
		"two terms":                     {statement(two, nil), [][]int{{1, 2}}, [][]int{{1}, {2}}},
		"a reuse":                       {statement(reuse, original), [][]int{{3, 4, 1, 2}}, [][]int{{3, 1}, {3, 2}, {4, 1}, {4, 2}}},
		"no terms":                      {statement(none, nil), [][]int{nil}, [][]int{nil}},
		"a cancelled reuse":             {statement(merge(reuse, object{"state": "cancelled"}), original), nil, nil},
		"a reuse of what was cancelled": {statement(reuse, merge(original, object{"state": "cancelled"})), nil, nil},
	} {
		for combination, want := range map[rightsmap.Combination][][]int{rightsmap.EveryTerm: tc.every, rightsmap.AnyTerm: tc.or} {
			var got [][]int
			for _, p := range policyOf(t, tc.s, rightsmap.ODRLOptions{Combination: combination}).Permission {
				got = append(got, p.Term)
			}
			require.Equal(t, want, got, "%s, %s", name, combination)
		}
	}
}

// Two parties make an agreement; with one of them, or none, it is a set.
func TestODRL_PartiesMakeAnAgreement(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		patch object
		kind  string
	}{
		"both":     {nil, "Agreement"},
		"provider": {object{"licensee_uuid": nil}, "Set"},
		"licensee": {object{"content_element": object{"provider": nil}}, "Set"},
		"nobody":   {object{"licensee_uuid": nil, "content_element": object{"provider": nil}}, "Set"},
	} {
		p := policyOf(t, golden{License: "royalty-free.json", Patch: tc.patch}.statement(t), rightsmap.ODRLOptions{})
		require.Equal(t, tc.kind, p.Type, name)
		require.Equal(t, name == "both" || name == "provider", p.Assigner != nil, name)
		require.Equal(t, name == "both" || name == "licensee", p.Assignee != nil, name)
	}
	odrl, err := golden{License: "royalty-free.json", Patch: object{"licensee_name": "Söhne & <Töchter>"}}.statement(t).ODRL(rightsmap.ODRLOptions{})
	require.NoError(t, err)
	require.Contains(t, string(odrl), `"smx:name": "Söhne & <Töchter>"`, "people read it too")
}

// The doubts are the license's own, also where it has no beginning to ask about.
func TestODRL_DoubtsAreThoseOfTheLicense(t *testing.T) {
	t.Parallel()
	doubts := func(patch object) []string {
		return policyOf(t, golden{License: "royalty-free.json", Patch: patch}.statement(t), rightsmap.ODRLOptions{}).Doubts
	}
	require.Empty(t, doubts(nil))
	timeless := []any{object{"is_editorial_use": false}}
	require.Equal(t, []string{"the time of purchase is unknown"}, doubts(object{"purchased_at": nil, "license_terms": timeless}))

	term := func(fields object) object {
		return merge(object{"is_editorial_use": false, "valid_from": "2040-01-01T00:00:00Z", "valid_until": "2041-01-01T00:00:00Z"}, fields)
	}
	require.Equal(t, []string{"no clause grants a use"}, doubts(object{
		"offering": object{"license_type": "rights_managed"}, "license_terms": []any{
			term(object{"allowed_usages": []any{"any"}, "allowed_geographies": []any{"any"}}),
			term(object{"restricted_usages": []any{"advertising_any"}, "restricted_geographies": []any{"asia_any"}}),
		},
	}), "a term that only excludes, of a license that grants nothing by silence, asked about when it begins")
}
