package rightsmap_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint"
)

// oddly is a transaction with white space, key order, number forms and fields
// that nobody knows at every level.
const oddly = "{ \"uuid\":\t\"79468\",\n  \"zeta\" : 1.50, \"license_terms\":[{\"is_editorial_use\":false,\"moral_rights\":{\"b\":1,\"a\":null}," +
	"\"name\":[{\"culture\":\"en\",\"value\":\"Default\",\"tone\":\"warm\"}]}], \"license_download_constraints\":{\"effective_max_pets\":2}," +
	"\"content_element\":{\"release_details\":{\"pet_release_state\":\"released\"}} }\r\n"

func TestR12_TermsTravelLosslesslyAndUnknownKeysSurvive(t *testing.T) {
	t.Parallel()
	tx, err := smint.DecodeTransaction(json.RawMessage(oddly))
	require.NoError(t, err)
	s, err := rightsmap.FromTransaction(tx)
	require.NoError(t, err)
	require.Equal(t, records.DigestOf([]byte(oddly)), s.Raw, "the statement names the vendor's own bytes")

	want := map[string]string{
		"zeta": "1.50", "license_terms[0].moral_rights": `{"a":null,"b":1}`, "license_terms[0].name[0].tone": `"warm"`,
		"license_download_constraints.effective_max_pets": "2", "content_element.release_details.pet_release_state": `"released"`,
	}
	got := map[string]string{}
	for _, u := range s.Unknown {
		got[u.Path] = u.Value
	}
	require.Equal(t, want, got)

	odrl, err := s.ODRL(rightsmap.ODRLOptions{})
	require.NoError(t, err)
	_, xmpLost := s.XMP()
	values, _ := rightsmap.DefaultMapping().Apply(s, s.Standing(day("2026-03-01")))
	back, lost, err := rightsmap.DefaultMapping().Read(values)
	require.NoError(t, err)
	require.Empty(t, lost)
	require.Equal(t, s.Unknown, back.Unknown, "through category values")
	for path := range want {
		require.Contains(t, string(odrl), path, "in the policy")
		require.True(t, contain(xmpLost, path), "the sidecar says that it can't hold %s", path)
		require.True(t, contain(s.Findings, path), "and the statement reports it")
	}
	_, err = rightsmap.FromTransaction(&smint.LicensePurchaseTransaction{UUID: "79468"})
	require.ErrorIs(t, err, records.ErrInvalid, "without the vendor's bytes there is no statement")
	_, err = rightsmap.FromTransaction(nil)
	require.ErrorIs(t, err, records.ErrInvalid)
}

func contain(findings []rightsmap.Finding, path string) bool {
	for _, f := range findings {
		if f.Path == path {
			return true
		}
	}
	return false
}

func TestR13_TheBasisOfTheRightIsExplicit(t *testing.T) {
	t.Parallel()
	s := fixture(t, "managed.json")
	require.Equal(t, rightsmap.BasisLicense, s.Basis.Kind)
	require.Equal(t, "lic-8812", s.Basis.Document)
	require.Equal(t, "Acme GmbH", s.Basis.Licensee)
	require.Equal(t, "2026-01-01", records.DateIn(s.Window().From, nil).String())
	require.Equal(t, "2027-01-01", records.DateIn(s.Window().Until, nil).String())
	for _, field := range []string{"basis.kind", "basis.document", "basis.licensee", "terms[0].valid_until"} {
		e, ok := s.Why(field)
		require.True(t, ok, field)
		require.NotEmpty(t, e.Rule)
	}
	for _, kind := range []rightsmap.BasisKind{rightsmap.BasisUnknown, rightsmap.BasisStatute, rightsmap.BasisPolicy, rightsmap.BasisDonor} {
		s.Basis.Kind = kind
		require.Equal(t, rightsmap.NeedsReview, s.Standing(day("2026-03-01")).Verdict, "no rule reads a right that rests on %s", kind)
	}
}

func TestR16_MissingRightsInformationIsNeverAPermission(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/managed.json")
	require.NoError(t, err)
	use := rightsmap.Use{
		From: day("2026-03-01"), Phase: rightsmap.FirstUse, Purpose: rightsmap.Commercial, Usages: []string{"advertising_print_magazine"},
		Sizes: []string{"page_full"}, Placements: []string{"page_cover"}, Distributions: []string{"channel_print"},
		Geographies: []string{"europe_austria"}, Industries: []string{"industry_banking"}, Languages: []string{"language_german"}, Copies: 800,
	}
	s, err := rightsmap.Read(raw)
	require.NoError(t, err)
	require.Equal(t, rightsmap.Allowed, s.Decide(use).Verdict, s.Decide(use).Summary())
	for _, path := range []string{
		"state", "purchased_at", "has_potentially_restrictive_license_terms", "license_terms", "offering", "offering.license_type",
		"content_element", "content_element.release_details", "content_element.release_details.model_release_state",
		"content_element.release_details.property_release_state", "license_terms.0", "license_terms.0.is_editorial_use",
		"license_terms.0.valid_until", "license_terms.0.usage_limits", "license_terms.0.allowed_usages", "license_terms.0.allowed_sizes",
		"license_terms.0.allowed_placements", "license_terms.0.allowed_distributions", "license_terms.0.allowed_geographies",
		"license_terms.0.allowed_industries", "license_terms.0.allowed_languages",
	} {
		for _, form := range []string{"absent", "null"} {
			var tx object
			require.NoError(t, json.Unmarshal(raw, &tx))
			blank(tx, strings.Split(path, "."), form == "null")
			s, err := read(tx)
			require.NoError(t, err)
			d := s.Decide(use)
			require.Equal(t, rightsmap.NeedsReview, d.Verdict, "%s %s: %s", path, form, d.Summary())
			require.NotEqual(t, rightsmap.Allowed, s.Standing(use.From).Verdict.And(d.Verdict))
		}
	}
}

// blank takes a field away, or makes it null.
func blank(v any, path []string, null bool) {
	switch v := v.(type) {
	case object:
		switch {
		case len(path) > 1:
			blank(v[path[0]], path[1:], null)
		case null:
			v[path[0]] = nil
		default:
			delete(v, path[0])
		}
	case []any:
		if len(path) > 1 {
			blank(v[0], path[1:], null)
			return
		}
		v[0] = nil // a list can't lack its first item.
	}
}

func TestR42_FirstUseAndUseEndSeparately(t *testing.T) {
	t.Parallel()
	s := fixture(t, "managed.json")
	use := rightsmap.Use{
		Purpose: rightsmap.Commercial, Usages: []string{"advertising_print_magazine"}, Sizes: []string{"page_full"},
		Placements: []string{"page_cover"}, Distributions: []string{"channel_print"}, Geographies: []string{"europe_austria"},
		Industries: []string{"industry_banking"}, Languages: []string{"language_german"}, Copies: 1,
	}
	for _, c := range []struct {
		at               string
		first, continued rightsmap.Verdict
	}{
		{"2026-06-30", rightsmap.Allowed, rightsmap.Allowed},
		{"2026-07-01", rightsmap.Denied, rightsmap.Allowed},
		{"2026-12-31", rightsmap.Denied, rightsmap.Allowed},
		{"2027-01-01", rightsmap.Denied, rightsmap.Denied},
	} {
		use.From, use.Phase = day(c.at), rightsmap.FirstUse
		require.Equal(t, c.first, s.Decide(use).Verdict, "first use on %s: %s", c.at, s.Decide(use).Summary())
		use.Phase = rightsmap.ContinuedUse
		require.Equal(t, c.continued, s.Decide(use).Verdict, "continued use on %s: %s", c.at, s.Decide(use).Summary())
	}
	w := s.Window()
	require.Equal(t, day("2026-07-01"), w.FirstUseUntil)
	require.Equal(t, day("2027-01-01"), w.Until)
}

func TestDecide_GrantsNothingByDefault(t *testing.T) {
	t.Parallel()
	var none rightsmap.Statement
	require.Equal(t, rightsmap.NeedsReview, none.Standing(day("2026-03-01")).Verdict)
	require.Equal(t, rightsmap.NeedsReview, none.Decide(rightsmap.Use{From: day("2026-03-01")}).Verdict)
	require.Equal(t, rightsmap.NeedsReview, rightsmap.Verdict(0), "the zero verdict permits nothing")

	// A term that bounds everything and grants nothing: numbers and dates kept are no permission.
	s := fixture(t, "managed.json")
	s.Terms[0].Limits = map[rightsmap.Dimension]rightsmap.Limit{}
	s.Terms[0].UsageLimits = []string{"copy_up_to_1000_copies"}
	d := s.Decide(rightsmap.Use{From: day("2026-03-01"), Purpose: rightsmap.Commercial, Phase: rightsmap.FirstUse, Copies: 5})
	require.Equal(t, rightsmap.NeedsReview, d.Verdict, d.Summary())
	require.NotEqual(t, "needs review", d.Summary(), "a verdict always says why")

	s = fixture(t, "royalty-free.json")
	s.RuleSet = "0"
	require.Equal(t, rightsmap.NeedsReview, s.Standing(day("2026-03-01")).Verdict, "read by another version of the rules")
}

func TestVerdict_And(t *testing.T) {
	t.Parallel()
	const r, d, a = rightsmap.NeedsReview, rightsmap.Denied, rightsmap.Allowed
	for _, c := range [][3]rightsmap.Verdict{{a, a, a}, {a, r, r}, {a, d, d}, {r, r, r}, {r, d, d}, {d, d, d}, {77, a, r}, {77, d, d}} {
		require.Equal(t, c[2], c[0].And(c[1]))
		require.Equal(t, c[2], c[1].And(c[0]))
	}
}

func TestCovers_FollowsTheVendorsHierarchy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		wide, narrow string
		want         bool
	}{
		{"any", "europe_austria", true},
		{"any", "any", true},
		{"europe_any", "europe_austria", true},
		{"europe_any", "europe_any", true},
		{"europe_any", "any", false},
		{"europe_austria", "europe_any", false},
		{"europe_any", "asia_japan", false},
		{"advertising_any", "advertising_print_any", true},
		{"advertising_any", "advertising_print_magazine", true},
		{"advertising_print_any", "advertising_tv_any", false},
		{"north_america_any", "north_america_united_states", true},
		{"america_any", "north_america_united_states", false},
		{"media_any", "digital_media_app", false},
		{"europe_any", "europe_", false},
		{"germany", "germany_east", false},
		{"many", "many_more", false},
		{"_any", "_x", true},
		{"any", "", false},
		{"", "", false},
		{"emea", "emea", true},
	} {
		require.Equal(t, c.want, rightsmap.Covers(c.wide, c.narrow), "%s covers %s", c.wide, c.narrow)
	}
}

// A family that the vocabulary lacks is no hierarchy: its keys may mean
// anything.
func TestR16_AnUnknownKeyGrantsItselfAlone(t *testing.T) {
	t.Parallel()
	s := fixture(t, "listed.json")
	s.Terms[0].Limits[rightsmap.Geographies] = rightsmap.Limit{Allowed: []string{"moon_any", "mars_crater"}}
	use := rightsmap.Use{
		From: day("2026-03-01"), Purpose: rightsmap.Commercial, Usages: []string{"digital_media_app"}, Distributions: []string{"channel_web"},
		Industries: []string{"industry_banking"}, Downloads: 4,
	}
	b, err := s.ODRL(rightsmap.ODRLOptions{})
	require.NoError(t, err)
	for key, want := range map[string]rightsmap.Verdict{
		"mars_crater": rightsmap.Allowed, "moon_any": rightsmap.Allowed,
		"moon_north": rightsmap.NeedsReview, "mars_crater_rim": rightsmap.NeedsReview, "europe_austria": rightsmap.NeedsReview,
	} {
		use.Geographies = []string{key}
		d := s.Decide(use)
		require.Equal(t, want, d.Verdict, "%s: %s", key, d.Summary())
		require.False(t, want != rightsmap.Allowed && permits(t, b, use), "the policy permits %s:\n%s", key, b)
	}
	use.Geographies = []string{"mars_crater"}
	require.True(t, permits(t, b, use), "and the policy keeps what it can say")
}

func TestStatement_WithOriginalTakesTheOneThatItNames(t *testing.T) {
	t.Parallel()
	original := fixture(t, "royalty-free.json")
	reuse := original
	reuse.Source.Transaction, reuse.Source.Reused = "95000", "79468"

	both, err := reuse.WithOriginal(original)
	require.NoError(t, err)
	require.Equal(t, rightsmap.Allowed, both.Standing(day("2026-03-01")).Verdict)
	require.Nil(t, reuse.Original, "the statement itself stays as it was")

	_, err = reuse.WithOriginal(fixture(t, "managed.json"))
	require.ErrorContains(t, err, `original is "90412", want transaction 79468`)
	_, err = original.WithOriginal(reuse)
	require.ErrorContains(t, err, "reused is", "this one reuses nothing")

	circle := original
	circle.Original, circle.Source.Reused = &reuse, "95000"
	_, err = reuse.WithOriginal(circle)
	require.ErrorContains(t, err, "no circle of reuses")
	require.ErrorIs(t, err, records.ErrInvalid)
}

func TestRead_AFieldThatNobodyKnowsBlocksWhereverRightsStand(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/royalty-free.json")
	require.NoError(t, err)
	for path, want := range map[string]rightsmap.Verdict{
		"license_terms.0.x":                 rightsmap.NeedsReview,
		"license_download_constraints.x":    rightsmap.NeedsReview,
		"content_element.release_details.x": rightsmap.NeedsReview,
		"content_element.x":                 rightsmap.Allowed,
		"offering.x":                        rightsmap.Allowed,
		"x":                                 rightsmap.Allowed,
		"License_Terms":                     rightsmap.NeedsReview, // other readers ignore case.
		"content_element.RELEASE_DETAILS":   rightsmap.NeedsReview,
	} {
		var tx object
		require.NoError(t, json.Unmarshal(raw, &tx))
		put(tx, strings.Split(path, "."), "news")
		s, err := read(tx)
		require.NoError(t, err)
		require.Len(t, s.Unknown, 1, path)
		require.Equal(t, want, s.Standing(day("2026-03-01")).Verdict, path)
	}
}

func put(v any, path []string, value any) {
	if list, ok := v.([]any); ok {
		put(list[0], path[1:], value)
		return
	}
	o := v.(object)
	if len(path) == 1 {
		o[path[0]] = value
		return
	}
	put(o[path[0]], path[1:], value)
}

func TestStatement_StandsOnTheRecordsCalendar(t *testing.T) {
	t.Parallel()
	s := fixture(t, "managed.json")
	require.Equal(t, []records.RightsWindow{{
		Name: "license 90412 term 1", From: day("2026-01-01"), Until: day("2027-01-01"), FirstUseUntil: day("2026-07-01"),
	}}, s.RightsWindows())
	calendar := records.Calendar{
		Rights: s.RightsWindows(), Holds: records.NoHolds(), Dates: map[string]records.Date{"created": records.MustDate("2026-01-05")},
		Schedule: records.Schedule{Name: "MKT-7", Stages: []records.Stage{{
			Code: "10", Kind: records.RetentionCalculated, From: "created", Period: records.Period{Years: 7}, Action: records.ActionDestroy,
		}}},
	}
	require.Equal(t, records.ConflictLicenseBeforeRetention, calendar.Conflicts()[0].Kind)
	for _, at := range []string{"2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01", "2026-12-31", "2027-01-01"} {
		on := calendar.At(day(at))
		require.Equal(t, s.Standing(day(at)).Verdict == rightsmap.Denied, !on.Use, "decision and calendar agree on %s", at)
	}
	s.State = "cancelled"
	require.Empty(t, s.RightsWindows())

	reuse := fixture(t, "royalty-free.json")
	reuse.Source.Reused = "90412"
	both, err := reuse.WithOriginal(fixture(t, "managed.json"))
	require.NoError(t, err)
	windows := both.RightsWindows()
	require.Len(t, windows, 2, "the original's window bounds the reuse")
	require.Equal(t, reuse.Purchased, windows[0].From)
}
