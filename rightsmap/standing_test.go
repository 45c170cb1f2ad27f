package rightsmap_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

func fixture(t testing.TB, name string) rightsmap.Statement {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	s, err := rightsmap.Read(raw)
	require.NoError(t, err)
	return s
}

func day(s string) time.Time { return records.MustDate(s).Start(nil) }

func TestStanding_SaysInOneLineWhatMayBeDone(t *testing.T) {
	t.Parallel()
	free, listed := fixture(t, "royalty-free.json"), fixture(t, "listed.json")
	cancelled := free
	cancelled.State = "cancelled"
	for _, c := range []struct {
		name      string
		statement rightsmap.Statement
		at        string
		verdict   rightsmap.Verdict
		rule      string
		summary   string
	}{
		{"royalty-free", free, "2026-01-01", rightsmap.Allowed, "license-type", "allowed"},
		{"before purchase", free, "2025-05-01", rightsmap.Denied, "purchased", "denied: not licensed before the purchase on 2025-05-06 08:18:51.397267 UTC; the license begins on 2025-05-06 08:18:51.397267 UTC"},
		{"cancelled", cancelled, "2026-01-01", rightsmap.Denied, "state", "denied: the purchase was cancelled: no license exists"},
		{
			"listed", listed, "2026-01-01", rightsmap.Allowed, "license-type",
			"allowed until 2027-05-06: 3 of 10 downloads; label as AI-generated; usages digital_media_any; distributions channel_web; geographies europe_any; not industries industry_tobacco",
		},
		{"expired", listed, "2027-05-06", rightsmap.Denied, "valid-until", "denied: the license ended on 2027-05-06"},
		{"nothing known", rightsmap.Statement{}, "2026-01-01", rightsmap.NeedsReview, "basis", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := c.statement.Standing(day(c.at))
			require.Equal(t, c.verdict, d.Verdict, d.Summary())
			require.Equal(t, c.rule, d.Rule, d.Summary())
			if c.summary != "" {
				require.Equal(t, c.summary, d.Summary())
			}
		})
	}
}

func TestMapping_ReadsBackWhatItWrote(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"royalty-free.json", "listed.json"} {
		s := fixture(t, name)
		values, findings := rightsmap.DefaultMapping().Apply(s, s.Standing(day("2026-01-01")))
		for _, f := range findings {
			require.Equal(t, "lossy", f.Rule)
			require.Equal(t, rightsmap.Notes, f.Severity)
		}
		back, lost, err := rightsmap.DefaultMapping().Read(values)
		require.NoError(t, err)
		require.Empty(t, lost)
		back.Explained = s.Explained
		if diff := cmp.Diff(s, back, cmp.Comparer(func(a, b records.Digest) bool { return a == b })); diff != "" {
			t.Fatalf("%s (-wrote +read):\n%s", name, diff)
		}
	}
}

// TestMapping_ALineThatIsLostOrChangedIsSaid, whichever it is, and nothing is
// allowed by what is left: a line may be what forbids.
func TestMapping_ALineThatIsLostOrChangedIsSaid(t *testing.T) {
	t.Parallel()
	m, at := rightsmap.DefaultMapping(), day("2026-03-01")
	for _, name := range []string{"listed.json", "managed.json"} {
		s := fixture(t, name)
		values, _ := m.Apply(s, s.Standing(at))
		i := slices.IndexFunc(values, func(v rightsmap.Value) bool { return v.Field == "statement" })
		written := values[i].Values
		edit := func(what string, lines []string) {
			t.Helper()
			changed := slices.Clone(values)
			changed[i].Values = lines
			back, lost, err := m.Read(changed)
			if err != nil {
				require.ErrorIs(t, err, records.ErrInvalid, what)
				return
			}
			if back.Explained = s.Explained; len(lost) == 0 {
				require.Empty(t, cmp.Diff(s, back, cmp.Comparer(func(a, b records.Digest) bool { return a == b })), what)
				require.Contains(t, what, `="unknown"`, "a line that says nothing loses nothing")
				return
			}
			require.Equal(t, rightsmap.Blocks, lost[0].Severity, what)
			require.NotEqual(t, rightsmap.Allowed, back.Standing(at).Verdict, what)
		}
		for n, line := range written {
			edit("without "+line, slices.Delete(slices.Clone(written), n, n+1))
			edit("cut before "+line, written[:n])
			changed := slices.Clone(written)
			changed[n] = strings.Replace(line, "=\"", "=\"x", 1)
			if changed[n] != line {
				edit("other than "+line, changed)
			}
		}
		edit("one more", append(slices.Clone(written), `releases.comment[0].value="news"`))
		reversed := slices.Clone(written)
		slices.Reverse(reversed)
		values[i].Values = reversed
		back, lost, err := m.Read(values)
		require.NoError(t, err)
		require.Empty(t, lost, "ECM may keep values in another order")
		require.Equal(t, rightsmap.Allowed, back.Standing(at).Verdict)
	}
}

func TestStanding_AlternativesAreBoundByThoseThatHaveASay(t *testing.T) {
	t.Parallel()
	s := fixture(t, "managed.json")
	web := s.Terms[0]
	web.Number, web.ValidUntil, web.ToBeUsedUntil = 2, day("2029-01-01"), time.Time{}
	web.Limits = map[rightsmap.Dimension]rightsmap.Limit{
		rightsmap.Usages: {Allowed: []string{"digital_media_any"}}, rightsmap.Geographies: {Allowed: []string{"any"}},
	}
	s.Terms = append(s.Terms, web)

	require.Equal(t, "needs review: the terms have no usages in common: they may be alternatives", s.Standing(day("2026-03-01")).Summary())
	require.Equal(t, "allowed until 2027-01-01: 2 of 10 downloads; 1 of 5 users; first use before 2026-07-01; usages advertising_print_any; "+
		"sizes page_any; not sizes page_double; placements page_cover, page_inside; distributions channel_print; "+
		"geographies europe_austria, europe_germany; not industries industry_tobacco; languages language_german; at most 1000 copies, "+
		"or usages digital_media_any; at most 1000 copies", s.StandingBy(rightsmap.AnyTerm, day("2026-03-01")).Summary())
	require.Equal(t, "allowed until 2029-01-01: 2 of 10 downloads; 1 of 5 users; usages digital_media_any; at most 1000 copies",
		s.StandingBy(rightsmap.AnyTerm, day("2027-03-01")).Summary(), "the term that has ended bounds nothing")
	require.Equal(t, rightsmap.Denied, s.StandingBy(rightsmap.AnyTerm, day("2029-01-01")).Verdict)
}
