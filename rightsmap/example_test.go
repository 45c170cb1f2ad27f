package rightsmap_test

import (
	"fmt"
	"os"
	"time"

	"github.com/smintecm/sdk/rightsmap"
)

func Example() {
	raw, err := os.ReadFile("testdata/listed.json") // a transaction as Smint.io sent it.
	if err != nil {
		fmt.Println(err)
		return
	}
	statement, err := rightsmap.Read(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	today := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	fmt.Println(statement.Standing(today).Summary())

	use := rightsmap.Use{
		From: today, Purpose: rightsmap.Commercial, Usages: []string{"digital_media_social_media"},
		Distributions: []string{"channel_web"}, Geographies: []string{"europe_austria"}, Industries: []string{"industry_banking"},
	}
	fmt.Println(statement.Decide(use).Verdict)

	use.Industries = []string{"industry_tobacco"}
	decision := statement.Decide(use)
	fmt.Println(decision.Summary())
	fmt.Println(decision.Decisive()[0])
	// Output:
	// allowed until 2027-05-06: 3 of 10 downloads; label as AI-generated; usages digital_media_any; distributions channel_web; geographies europe_any; not industries industry_tobacco
	// allowed
	// denied: industries industry_tobacco is excluded
	// industries forbids: industries industry_tobacco is excluded [license_terms[0].restricted_industries]
}

// A category of one's own: three attributes, one of them too short.
func ExampleMapping() {
	raw, err := os.ReadFile("testdata/managed.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	statement, err := rightsmap.Read(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	mapping := rightsmap.Mapping{Name: "marketing", Version: "1", Attributes: []rightsmap.Attribute{
		{Name: "Nutzungsende", Field: "window.until", Type: rightsmap.DateAttribute, Zone: "Europe/Vienna"},
		{Name: "Gebiet", Field: "allowed.geographies", Multi: true, Length: 64},
		{Name: "Art", Field: "license_type", Length: 8},
	}}
	values, findings := mapping.Apply(statement, statement.Standing(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)))
	for _, v := range values {
		fmt.Println(v.Attribute, v.Values, "by", v.Rule)
	}
	for _, f := range findings {
		fmt.Println(f)
	}
	// Output:
	// Nutzungsende [2027-01-01] by earliest-of-terms
	// Gebiet [europe_austria europe_germany] by union-of-terms
	// Art [rights_…] by read-field
	// Nutzungsende: the time of day is dropped (2027-01-01T00:00:00Z)
	// Art: cut to 8 characters (rights_managed)
}
