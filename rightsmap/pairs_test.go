package rightsmap_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

var update = flag.Bool("update", false, "write the golden pairs anew")

// pair is all that is made of one transaction.
type pair struct {
	Summary   string              `json:"summary"`
	Statement rightsmap.Statement `json:"statement"`
	Values    []rightsmap.Value   `json:"values"`
	Lossy     []rightsmap.Finding `json:"lossy"`
	ODRL      json.RawMessage     `json:"odrl"`
	XMP       []string            `json:"xmp"`
	XMPLossy  []rightsmap.Finding `json:"xmp_lossy"`
}

// One pair per type of clause: what comes in, and the statement, the category
// values and the renderings that come out of it. Review a change as a diff;
// then run with -update.
func TestRead_GoldenPairs(t *testing.T) {
	t.Parallel()
	inputs, err := filepath.Glob("testdata/pairs/*.in.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(inputs), 30)
	for _, in := range inputs {
		t.Run(strings.TrimSuffix(filepath.Base(in), ".in.json"), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(in)
			require.NoError(t, err)
			s, err := rightsmap.Read(raw)
			require.NoError(t, err)
			got := render(t, s)
			out := strings.TrimSuffix(in, ".in.json") + ".out.json"
			if *update {
				require.NoError(t, os.WriteFile(out, got, 0o600))
			}
			want, err := os.ReadFile(out)
			require.NoError(t, err)
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Fatalf("-want +got:\n%s", diff)
			}
		})
	}
}

func render(t *testing.T, s rightsmap.Statement) []byte {
	t.Helper()
	d := s.Standing(day("2026-03-01"))
	p := pair{Summary: d.Summary(), Statement: s}
	p.Values, p.Lossy = rightsmap.DefaultMapping().Apply(s, d)
	odrl, err := s.ODRL(rightsmap.ODRLOptions{})
	require.NoError(t, err)
	p.ODRL = odrl
	xmp, lossy := s.XMP()
	wellFormed(t, xmp)
	p.XMP, p.XMPLossy = strings.Split(strings.TrimSpace(string(xmp)), "\n"), lossy
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	require.NoError(t, enc.Encode(p))
	return b.Bytes()
}

// A policy is checked against the license alone: the golden ones hold, and none
// does that differs in a byte, permits more, is about something else, or whose
// license is another.
func TestODRLOptions_CheckTakesThePolicyOfTheLicenseAlone(t *testing.T) {
	t.Parallel()
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join("testdata", "pairs", name+".in.json"))
		require.NoError(t, err)
		return raw
	}
	plain, other := read("dimension-usages"), read("dimension-geographies")
	policy := func(o rightsmap.ODRLOptions, source []byte, originals ...[]byte) []byte {
		s, err := rightsmap.Read(source)
		require.NoError(t, err)
		for _, raw := range originals {
			original, err := rightsmap.Read(raw)
			require.NoError(t, err)
			s, err = s.WithOriginal(original)
			require.NoError(t, err)
		}
		odrl, err := s.ODRL(o)
		require.NoError(t, err)
		return odrl
	}
	var o rightsmap.ODRLOptions
	odrl := policy(o, plain)
	require.NoError(t, o.Check(plain, nil, odrl))
	for name, changed := range map[string][]byte{
		"cut":                  odrl[:len(odrl)-2],
		"a line more":          append(bytes.Clone(odrl), "{}\n"...),
		"white space":          bytes.Replace(odrl, []byte("\n  "), []byte("\n\t"), 1),
		"wider":                bytes.Replace(odrl, []byte(`"isAnyOf"`), []byte(`"isNoneOf"`), 1),
		"of other rules":       bytes.Replace(odrl, []byte(`"smx:ruleSet": "1"`), []byte(`"smx:ruleSet": "0"`), 1),
		"of another license":   policy(o, other),
		"about something else": policy(rightsmap.ODRLOptions{Target: "urn:else"}, plain),
		"nothing":              nil,
	} {
		require.NotEqual(t, string(odrl), string(changed), name)
		err := o.Check(plain, nil, changed)
		require.ErrorIs(t, err, records.ErrInvalid, name)
		require.ErrorContains(t, err, "as the license has it", name)
	}
	require.ErrorContains(t, o.Check(plain, nil, bytes.Replace(odrl, []byte(`"Agreement"`), []byte(`"Offer"`), 1)), "odrl line 8", "the line is named")
	reuse := read("reuse")
	require.NoError(t, o.Check(reuse, plain, policy(o, reuse, plain)))
	require.NoError(t, o.Check(reuse, nil, policy(o, reuse)))
	require.Error(t, o.Check(reuse, plain, policy(o, reuse)), "the reused license bounds it too")
	require.Error(t, o.Check([]byte("{}"), nil, odrl), "a license that can't be read")
	require.Error(t, o.Check(plain, other, odrl), "one that reuses none beside another")
	require.Error(t, rightsmap.ODRLOptions{Target: "none"}.Check(plain, nil, odrl), "no IRI")
}
