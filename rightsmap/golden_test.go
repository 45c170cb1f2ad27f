package rightsmap_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/rightsmap"
)

// golden is one decision that people settled by reading the license.
type golden struct {
	Clause      string                 `json:"clause"`
	Name        string                 `json:"name"`
	License     string                 `json:"license"`
	Patch       object                 `json:"patch"`
	Original    object                 `json:"original"`
	Use         rightsmap.Use          `json:"use"`
	Combination *rightsmap.Combination `json:"combination"`
	Want        rightsmap.Verdict      `json:"want"`
	Rule        string                 `json:"rule"`
	Path        string                 `json:"path"`
}

func goldens(t testing.TB) []golden {
	t.Helper()
	raw, err := os.ReadFile("testdata/decisions.json")
	require.NoError(t, err)
	var out []golden
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

// merge lays patch over base as RFC 7396 says, but keeps null: to the vendor
// null says "unknown".
func merge(base, patch object) object {
	out := maps.Clone(base)
	for k, v := range patch {
		inner, isObject := v.(object)
		old, wasObject := out[k].(object)
		if isObject && wasObject {
			v = merge(old, inner)
		}
		out[k] = v
	}
	return out
}

func (g golden) statement(t testing.TB) rightsmap.Statement {
	t.Helper()
	base := object{}
	raw, err := os.ReadFile(filepath.Join("testdata", g.License))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &base))
	s, err := read(merge(base, g.Patch))
	require.NoError(t, err)
	if g.Original != nil {
		original, err := read(merge(base, g.Original))
		require.NoError(t, err)
		s, err = s.WithOriginal(original)
		require.NoError(t, err)
	}
	return s
}

func (g golden) decide(t testing.TB) rightsmap.Decision {
	t.Helper()
	if g.Combination != nil {
		return g.statement(t).DecideBy(*g.Combination, g.Use)
	}
	return g.statement(t).Decide(g.Use)
}

func TestDecide_Golden(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t) {
		t.Run(g.Clause+"/"+g.Name, func(t *testing.T) {
			t.Parallel()
			d := g.decide(t)
			require.Equal(t, g.Want, d.Verdict, d.Summary())
			require.Equal(t, g.Rule, d.Rule, d.Summary())
			clauses := d.Decisive()
			if g.Want == rightsmap.Allowed { // what is kept says so by a remark.
				clauses = d.Clauses
			}
			var paths []string
			for _, c := range clauses {
				paths = append(paths, c.Path)
			}
			require.Contains(t, paths, g.Path, "the clause that decided: %s", d.Summary())
		})
	}
}

// The goldens reach every rule and every part of a use, and both ways.
func TestDecide_GoldenReachesEveryClauseAndEveryDimension(t *testing.T) {
	t.Parallel()
	verdicts := map[rightsmap.Verdict]int{}
	clauses, reached := map[string]bool{}, map[string]bool{}
	for _, g := range goldens(t) {
		verdicts[g.Want]++
		clauses[g.Clause] = true
		d := g.decide(t)
		for _, c := range d.Clauses {
			reached[c.Rule] = true
		}
		reached[d.Rule] = true
	}
	total := verdicts[rightsmap.Allowed] + verdicts[rightsmap.Denied] + verdicts[rightsmap.NeedsReview]
	require.GreaterOrEqual(t, 3*verdicts[rightsmap.Allowed], total, "a third allowed: %v", verdicts)
	require.GreaterOrEqual(t, 3*verdicts[rightsmap.Denied], total, "a third denied: %v", verdicts)
	for _, r := range rightsmap.Rules() {
		for id := range strings.SplitSeq(r.ID, ", ") {
			if id == "basis" || id == "no-grant" { // no transaction is without them: see TestR13 and TestDecide_GrantsNothingByDefault.
				continue
			}
			require.True(t, clauses[id] || reached[id], "no golden reaches rule %s", id)
			require.NotEmpty(t, r.Text)
		}
	}
	require.False(t, slices.ContainsFunc(goldens(t), func(g golden) bool { return g.Rule == "" || g.Path == "" && g.Clause != "use" }))
	for part, clauses := range map[string][]string{
		"from": {"valid-from", "purchased"}, "until": {"valid-until"}, "phase": {"to-be-used-until"}, "purpose": {"editorial", "release", "content-category"},
		"usages": nil, "sizes": nil, "placements": nil, "distributions": nil, "geographies": nil, "industries": nil, "languages": nil,
		"circulation": {"usage-limit"}, "displays": {"usage-limit"}, "copies": {"usage-limit"},
		"downloads": {"download-constraint"}, "users": {"download-constraint"}, "reuses": {"download-constraint"},
	} {
		if clauses == nil {
			clauses = []string{part}
		}
		for _, want := range []rightsmap.Verdict{rightsmap.Allowed, rightsmap.Denied} {
			require.True(t, slices.ContainsFunc(goldens(t), func(g golden) bool {
				return g.Want == want && slices.Contains(clauses, g.Clause) && states(t, g.Use, part) && (want == rightsmap.Allowed || slices.Contains(clauses, g.Rule))
			}), "no golden is %s by what it states as %s", want, part)
		}
	}
}

// states reports whether a use states that part of it.
func states(t *testing.T, u rightsmap.Use, part string) bool {
	t.Helper()
	b, err := json.Marshal(u)
	require.NoError(t, err)
	var parts object
	require.NoError(t, json.Unmarshal(b, &parts))
	return parts[part] != nil
}

// What a golden denies, its ODRL policy doesn't permit, and the other way
// round where nothing but the policy is asked.
func TestODRL_GoldenAgrees(t *testing.T) {
	t.Parallel()
	agreed := 0
	for _, g := range goldens(t) {
		policy := rightsmap.EveryTerm
		if g.Combination != nil {
			policy = *g.Combination
		}
		b, err := g.statement(t).ODRL(rightsmap.ODRLOptions{Combination: policy})
		require.NoError(t, err)
		if g.Use.Validate() != nil {
			continue
		}
		if permits(t, b, g.Use) {
			require.Equal(t, rightsmap.Allowed, g.Want, "%s/%s is permitted by\n%s", g.Clause, g.Name, b)
			agreed++
		}
	}
	require.Greater(t, agreed, 20, "policies that permit nothing prove nothing")
}
