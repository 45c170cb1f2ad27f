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
