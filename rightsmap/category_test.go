package rightsmap_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
)

func mapping(attributes ...rightsmap.Attribute) rightsmap.Mapping {
	return rightsmap.Mapping{Name: "own", Version: "3", Attributes: attributes}
}

func TestMapping_SaysWhatAnAttributeCannotHold(t *testing.T) {
	t.Parallel()
	s := fixture(t, "managed.json")
	d := s.Standing(day("2026-03-01"))
	for _, c := range []struct {
		name      string
		attribute rightsmap.Attribute
		values    []string
		lossy     string
	}{
		{"text", rightsmap.Attribute{Field: "license_type"}, []string{"rights_managed"}, ""},
		{"text cut", rightsmap.Attribute{Field: "license_type", Length: 8}, []string{"rights_…"}, "cut to 8 characters"},
		{"list", rightsmap.Attribute{Field: "allowed.geographies", Multi: true}, []string{"europe_austria", "europe_germany"}, ""},
		{"list in one text", rightsmap.Attribute{Field: "allowed.geographies"}, []string{"europe_austria; europe_germany"}, "several values joined in one"},
		{"list in few rows", rightsmap.Attribute{Field: "allowed.geographies", Multi: true, Rows: 1}, []string{"europe_austria"}, "the attribute takes 1 values"},
		{"date", rightsmap.Attribute{Field: "window.until", Type: rightsmap.DateAttribute}, []string{"2027-01-01"}, ""},
		{"date in a zone", rightsmap.Attribute{Field: "window.until", Type: rightsmap.DateAttribute, Zone: "America/New_York"}, []string{"2026-12-31"}, "the time of day is dropped"},
		{"date of a time", rightsmap.Attribute{Field: "purchased", Type: rightsmap.DateAttribute}, []string{"2025-12-15"}, "the time of day is dropped"},
		{"no date", rightsmap.Attribute{Field: "license_type", Type: rightsmap.DateAttribute}, nil, "no date"},
		{"integer", rightsmap.Attribute{Field: "constraints.max_downloads", Type: rightsmap.IntegerAttribute}, []string{"10"}, ""},
		{"no integer", rightsmap.Attribute{Field: "state", Type: rightsmap.IntegerAttribute}, nil, "no integer"},
		{"boolean", rightsmap.Attribute{Field: "editorial", Type: rightsmap.BooleanAttribute}, []string{"false"}, ""},
		{"no boolean", rightsmap.Attribute{Field: "state", Type: rightsmap.BooleanAttribute}, nil, "no boolean"},
		{"several in one integer", rightsmap.Attribute{Field: "allowed.sizes", Type: rightsmap.IntegerAttribute}, nil, "no integer"},
		{"absent", rightsmap.Attribute{Field: "category.none"}, nil, "no such field"},
		{"not set", rightsmap.Attribute{Field: "source.reused"}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.attribute.Name = "A"
			values, findings := mapping(c.attribute).Apply(s, d)
			require.Len(t, values, 1)
			require.Equal(t, c.values, values[0].Values)
			if c.lossy == "" {
				require.Empty(t, findings)
				return
			}
			require.Len(t, findings, 1)
			require.Equal(t, "A", findings[0].Path)
			require.Equal(t, c.lossy, findings[0].Text)
			require.Equal(t, "lossy", findings[0].Rule)
		})
	}
}

func TestMapping_AnUnknownBooleanIsLeftOut(t *testing.T) {
	t.Parallel()
	s := fixture(t, "managed.json")
	s.AI = rightsmap.Unknown
	values, findings := mapping(rightsmap.Attribute{Name: "A", Field: "ai", Type: rightsmap.BooleanAttribute}).Apply(s, rightsmap.Decision{})
	require.Empty(t, values[0].Values, "unknown is neither true nor false")
	require.Len(t, findings, 1)
}

func TestMapping_EveryFieldHasAValueAndItsRule(t *testing.T) {
	t.Parallel()
	s := fixture(t, "managed.json")
	d := s.Standing(day("2026-03-01"))
	names := rightsmap.FieldNames()
	require.Greater(t, len(names), 50)
	for _, name := range names {
		m := mapping(rightsmap.Attribute{Name: "A", Field: name, Multi: true})
		require.NoError(t, m.Validate(), name)
		values, _ := m.Apply(s, d)
		if len(values[0].Values) > 0 {
			require.NotEmpty(t, values[0].Rule, "%s doesn't say which rule set it", name)
		}
	}
}

func TestMapping_ListsEveryFault(t *testing.T) {
	t.Parallel()
	require.NoError(t, rightsmap.DefaultMapping().Validate())
	err := rightsmap.Mapping{Attributes: []rightsmap.Attribute{
		{Name: "A", Field: "state"}, {Name: "A", Field: "stat", Type: 9, Length: -1, Rows: -1, Zone: "Middle/Earth"}, {},
	}}.Validate()
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, want := range []string{
		"name is", "version is", "attributes[1].name", "attributes[1].field", "attributes[1].type", "attributes[1].length", "attributes[1].rows",
		"attributes[1].zone", "attributes[2].name",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestMapping_ReadingBackFindsWhatWasChangedByHand(t *testing.T) {
	t.Parallel()
	s := fixture(t, "managed.json")
	m := rightsmap.DefaultMapping()
	values, _ := m.Apply(s, s.Standing(day("2026-03-01")))
	for i, v := range values {
		if v.Attribute == "License Ends" {
			values[i].Values = []string{"2037-01-01"}
		}
	}
	back, lost, err := m.Read(values)
	require.NoError(t, err)
	require.Len(t, lost, 1)
	require.Equal(t, rightsmap.Blocks, lost[0].Severity)
	require.Equal(t, "License Ends", lost[0].Path)
	require.Equal(t, day("2027-01-01"), back.Window().Until, "the statement stays what it was")
	e, ok := back.Why("terms[0].valid_until")
	require.True(t, ok)
	require.Equal(t, rightsmap.Explanation{Field: "terms[0].valid_until", Rule: "rights 1", From: "Rights Statement"}, e)
}

func TestMapping_ReadingBackLinesIsStrict(t *testing.T) {
	t.Parallel()
	m := mapping(rightsmap.Attribute{Name: "S", Field: "statement", Multi: true})
	for name, lines := range map[string][]string{
		"no place":         {"x"},
		"no value":         {"state="},
		"two values":       {`state="a" "b"`},
		"a place twice":    {`state="a"`, `state="b"`},
		"a gap in a list":  {`terms[1].number=1`},
		"two kinds":        {`terms[0]=1`, `terms[0].number=1`},
		"a foreign place":  {`mood="good"`},
		"a foreign enum":   {`ai="perhaps"`},
		"a negative index": {`terms[-1].number=1`},
		"a tail alone":     {`state+"b"`},
		"a wrong type":     {`state=7`},
	} {
		_, _, err := m.Read([]rightsmap.Value{{Attribute: "S", Values: lines}})
		require.ErrorIs(t, err, records.ErrInvalid, name)
	}
	s, _, err := m.Read([]rightsmap.Value{{Attribute: "S", Values: []string{`state="a"`, `state+"b"`, `terms[0].number=1`}}})
	require.NoError(t, err)
	require.Equal(t, "ab", s.State)
}

func TestMapping_WithoutTheStatementItsTermsAreLostAndThatBlocks(t *testing.T) {
	t.Parallel()
	s := fixture(t, "managed.json")
	m := rightsmap.DefaultMapping()
	m.Attributes = m.Attributes[:len(m.Attributes)-1]
	m.Attributes = append(m.Attributes, rightsmap.Attribute{Name: "Downloads", Field: "constraints.max_downloads", Type: rightsmap.IntegerAttribute})
	values, _ := m.Apply(s, s.Standing(day("2026-03-01")))
	back, lost, err := m.Read(values)
	require.NoError(t, err)
	require.Equal(t, rightsmap.Blocks, lost[0].Severity)
	require.Equal(t, "90412", back.Source.Transaction)
	require.Equal(t, "rights_managed", back.LicenseType)
	require.Equal(t, s.Raw, back.Raw)
	require.Equal(t, 10, *back.Constraints.MaxDownloads)
	require.Equal(t, rightsmap.NeedsReview, back.Standing(day("2026-03-01")).Verdict)

	for i := range values {
		if values[i].Attribute == "Downloads" {
			values[i].Values = []string{"ten"}
		}
	}
	_, _, err = m.Read(values)
	require.ErrorIs(t, err, records.ErrInvalid)
}

func TestMapping_LongTextsGoOnInMoreLines(t *testing.T) {
	t.Parallel()
	s := fixture(t, "royalty-free.json")
	long := strings.Repeat("Überall \"frei\" \\ <b>nur</b> hier\n", 400)
	s.Basis.Text = rightsmap.Texts{{Culture: "de", Value: long}}
	values, findings := rightsmap.DefaultMapping().Apply(s, s.Standing(day("2026-03-01")))
	require.False(t, contain(findings, "Rights Statement"))
	for _, line := range values[len(values)-1].Values {
		require.LessOrEqual(t, len([]rune(line)), 254)
	}
	back, lost, err := rightsmap.DefaultMapping().Read(values)
	require.NoError(t, err)
	require.Empty(t, lost)
	require.Equal(t, long, back.Basis.Text[0].Value)
}

func TestODRL_RefusesWhatIsNoIRI(t *testing.T) {
	t.Parallel()
	s := fixture(t, "royalty-free.json")
	_, err := s.ODRL(rightsmap.ODRLOptions{Target: "no iri", UID: "neither"})
	require.ErrorIs(t, err, records.ErrInvalid)
	require.ErrorContains(t, err, "target is")
	require.ErrorContains(t, err, "uid is")
	b, err := s.ODRL(rightsmap.ODRLOptions{Target: "urn:example:79468-1-v2"})
	require.NoError(t, err)
	require.Contains(t, string(b), `"uid": "urn:example:79468-1-v2#rights"`)
}

func TestODRL_ACancelledPurchaseForbidsAll(t *testing.T) {
	t.Parallel()
	s := fixture(t, "royalty-free.json")
	s.State = "cancelled"
	b, err := s.ODRL(rightsmap.ODRLOptions{})
	require.NoError(t, err)
	require.NotContains(t, string(b), "permission")
	require.False(t, permits(t, b, rightsmap.Use{From: day("2026-03-01")}))
}

// A line that names a place deep inside of places ends in an error and not in
// an overflow of the stack.
func TestMapping_ReadRefusesAPlaceThatIsTooDeep(t *testing.T) {
	t.Parallel()
	for _, line := range []string{strings.Repeat("a.", 1<<20) + "a=1", "a" + strings.Repeat("[0]", 1<<20) + "=1"} {
		_, _, err := rightsmap.DefaultMapping().Read([]rightsmap.Value{{Attribute: "Rights Statement", Multi: true, Values: []string{line}}})
		require.ErrorIs(t, err, records.ErrInvalid, "a place that is nested too deeply")
		require.Less(t, len(err.Error()), 1000, "an error that people can read")
	}
}
