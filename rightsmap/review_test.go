package rightsmap_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

// No line may be added to those of a statement unseen: not behind a value, not
// under a name in another case, not where nothing is read from.
func TestMapping_ALineThatIsAddedIsSaid(t *testing.T) {
	t.Parallel()
	m, s := rightsmap.DefaultMapping(), fixture(t, "listed.json")
	values, _ := m.Apply(s, s.Standing(day("2026-03-01")))
	i := slices.IndexFunc(values, func(v rightsmap.Value) bool { return v.Field == "statement" })
	written := values[i].Values
	for _, line := range []string{`STATE="cancelled"`, `State="cancelled"`, `explained[0].field="state"`, `terms[0].Editorial="yes"`} {
		values[i].Values = append(slices.Clone(written), line)
		back, lost, err := m.Read(values)
		require.NoError(t, err, line)
		require.NotEmpty(t, lost, line)
		require.Equal(t, rightsmap.NeedsReview, back.Standing(day("2026-03-01")).Verdict, line)
	}
	for _, end := range []string{"]", "}", "]junk", " 1"} {
		values[i].Values = slices.Clone(written)
		values[i].Values[0] += end
		_, _, err := m.Read(values)
		require.ErrorIs(t, err, records.ErrInvalid, "behind a value stands %q", end)
	}
}

// What the asset itself bounds to editorial use, the sidecar says too, and so of
// a reused original.
func TestXMP_SaysWhatTheAssetBounds(t *testing.T) {
	t.Parallel()
	s := fixture(t, "royalty-free.json")
	b, _ := s.XMP()
	require.NotContains(t, string(b), "editorial use only")
	offer := s
	offer.EditorialOffer = rightsmap.Yes
	b, _ = offer.XMP()
	require.Contains(t, string(b), "editorial use only", "the offering's own flag")

	original := fixture(t, "listed.json")
	original.EditorialOffer = rightsmap.Yes
	original.Unknown = []rightsmap.UnknownField{{Path: "license_terms[0].moral_rights", Value: `"x"`}}
	s.Source.Reused = original.Source.Transaction
	reuse, err := s.WithOriginal(original)
	require.NoError(t, err)
	b, findings := reuse.XMP()
	require.Contains(t, string(b), "editorial use only")
	require.Contains(t, string(b), "europe_any", "the original's regions bound the reuse")
	require.Contains(t, string(b), "industry_tobacco", "and its exclusions")
	require.True(t, contain(findings, "license_terms[0].moral_rights"), "what the original says and nobody knows is said")

	original.State = "cancelled"
	reuse, err = s.WithOriginal(original)
	require.NoError(t, err)
	b, _ = reuse.XMP()
	require.Contains(t, string(b), "no license: the purchase was cancelled")
	require.Empty(t, reuse.RightsWindows(), "where the original was cancelled nothing is licensed")
	policy, err := reuse.ODRL(rightsmap.ODRLOptions{})
	require.NoError(t, err)
	require.NotContains(t, string(policy), `"permission"`)
}

func TestStatement_TheEarliestAndTheStrictestOfItsTermsCount(t *testing.T) {
	t.Parallel()
	s := rightsmap.Statement{Purchased: day("2026-03-01"), Terms: []rightsmap.Term{
		{ValidFrom: day("2026-01-01"), ToBeUsedUntil: day("2027-01-01"), Editorial: rightsmap.Yes},
		{ValidFrom: day("2026-02-01"), ToBeUsedUntil: day("2026-06-01"), Editorial: rightsmap.No},
		{ToBeUsedUntil: day("2026-09-01")},
	}}
	require.Equal(t, rightsmap.Window{From: day("2026-02-01"), FirstUseUntil: day("2026-06-01")}, s.Window())
	require.Equal(t, rightsmap.Yes, s.Editorial(), "one that says no doesn't undo it")
	for _, w := range s.RightsWindows() {
		require.Equal(t, day("2026-03-01"), w.From, "none begins before the purchase")
	}
	texts := rightsmap.Texts{{Culture: "de", Value: "nur"}, {Culture: "en", Value: "only"}}
	require.Equal(t, "only", texts.In("fr"), "English where the language is missing")
}

// Alternatives that leave a doubt don't bound the window of those that allow.
func TestDecide_ADoubtfulAlternativeBoundsNoWindow(t *testing.T) {
	t.Parallel()
	s := fixture(t, "royalty-free.json")
	sure := rightsmap.Term{Number: 1, ValidUntil: day("2030-01-01"), Editorial: rightsmap.No}
	doubtful := rightsmap.Term{Number: 2, ValidUntil: day("2028-01-01")}
	s.Terms = []rightsmap.Term{sure, doubtful}
	d := s.DecideBy(rightsmap.AnyTerm, rightsmap.Use{From: day("2026-03-01"), Purpose: rightsmap.Commercial})
	require.Equal(t, rightsmap.Allowed, d.Verdict, d.Summary())
	require.Equal(t, day("2030-01-01"), d.Window.Until)
}

// Silence grants only where the server itself calls the terms unrestrictive,
// and a maximum below zero is none.
func TestDecide_SilenceGrantsOnlyWithoutRestrictiveTerms(t *testing.T) {
	t.Parallel()
	s := fixture(t, "royalty-free.json")
	use := rightsmap.Use{From: day("2026-03-01"), Purpose: rightsmap.Editorial, Usages: []string{"digital_media_any"}, Downloads: 3}
	none := -1
	s.Constraints.MaxDownloads = &none
	require.Equal(t, rightsmap.Allowed, s.Decide(use).Verdict, s.Decide(use).Summary())
	s.Restrictive = rightsmap.Unknown
	found := false
	for _, c := range s.Decide(use).Clauses {
		found = found || c.Rule == "usages" && c.Effect == rightsmap.Doubts
	}
	require.True(t, found, "an unknown flag is no grant by silence")
}

func TestParseUsageLimit_TakesNumbersAsTheVendorWritesThem(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"copy_up_to_0_copies", "copy_up_to_-1_copies", "copy_up_to_+5_copies", "copy_up_to_005_copies", "display_one_copy", "display_two_copies",
	} {
		_, ok := rightsmap.ParseUsageLimit(key)
		require.False(t, ok, key)
	}
	for _, code := range []string{"zh", "ZHO", "chi", "cmn"} {
		require.Equal(t, "language_mandarin_chinese", rightsmap.LanguageKey(code), code)
	}
}

// The editorial flag that says yes wins, wherever it stands; what is no key, and
// a term that ends as it begins, block.
func TestRead_ContradictionsNeverPermit(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{"uuid":"1","offering":{"is_editorial_use":true},"content_element":{"is_editorial":false}}`,
		`{"uuid":"1","offering":{"is_editorial_use":false},"content_element":{"is_editorial":true}}`,
	} {
		s, err := rightsmap.Read([]byte(raw))
		require.NoError(t, err)
		require.Equal(t, rightsmap.Yes, s.EditorialOffer, raw)
	}
	for _, term := range []string{
		`{"allowed_usages":[7]}`, `{"allowed_usages":[""]}`, `{"valid_from":"2026-01-01T00:00:00Z","valid_until":"2026-01-01T00:00:00Z"}`,
		`{"sequence_number":"7"}`, `{"valid_until":"0001-01-01T00:00:00Z"}`,
	} {
		s, err := rightsmap.Read([]byte(`{"uuid":"1","license_terms":[` + term + `]}`))
		require.NoError(t, err)
		blocks := slices.ContainsFunc(s.Findings, func(f rightsmap.Finding) bool { return f.Severity == rightsmap.Blocks })
		require.True(t, blocks, term)
	}
	s, err := rightsmap.Read([]byte(`{"uuid":"1","offering":{"license_uuid":"L","contract_uuid":"C"}}`))
	require.NoError(t, err)
	require.Equal(t, "L", s.Basis.Document, "the license before the contract that it falls under")
}

// What a sidecar cannot hold is a finding.
func TestXMP_SaysWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	s := fixture(t, "royalty-free.json")
	s.Copyright = rightsmap.Texts{{Culture: "en", Value: "one"}, {Culture: "en", Value: "two"}, {Culture: `e"n`, Value: "three"}}
	s.Basis.URLs = []rightsmap.Link{{URL: "https://a.example"}, {URL: "https://a.example"}, {URL: "https://b.example"}}
	_, findings := s.XMP()
	var got []string
	for _, f := range findings {
		got = append(got, f.Path+": "+f.Value)
	}
	require.Contains(t, got, "dc:rights: en")
	require.Contains(t, got, `dc:rights: e"n`)
	require.Contains(t, got, "basis.urls: https://b.example")
	require.NotContains(t, got, "basis.urls: https://a.example", "the address that stands there is not lost")
	require.NotEqual(t, time.Time{}, s.Purchased)
}

// What a finding shows of a value is short, and cut between characters.
func TestRead_AFindingShowsAShortValue(t *testing.T) {
	t.Parallel()
	shown := func(text string) string {
		s, err := read(object{"uuid": "1", "license_terms": []any{object{"moral_rights": text}}})
		require.NoError(t, err)
		i := slices.IndexFunc(s.Findings, func(f rightsmap.Finding) bool { return f.Path == "license_terms[0].moral_rights" })
		require.GreaterOrEqual(t, i, 0)
		return s.Findings[i].Value
	}
	whole := strings.Repeat("x", 198)
	require.Equal(t, `"`+whole+`"`, shown(whole), "200 bytes with its quotes")
	require.Equal(t, `"`+whole+"x…", shown(whole+"x"))
	require.Equal(t, `"`+strings.Repeat("ü", 99)+"…", shown(strings.Repeat("ü", 120)), "and no half of a character")
}
