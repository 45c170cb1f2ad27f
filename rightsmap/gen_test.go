package rightsmap_test

import (
	"encoding/json"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/smintecm/sdk/rightsmap"
)

// vocabulary has a few keys of each dimension, wide and narrow ones and one
// that nobody knows.
var vocabulary = map[rightsmap.Dimension][]string{
	rightsmap.Usages:        {"any", "advertising_any", "advertising_print_any", "advertising_print_magazine", "digital_media_any", "digital_media_app", "holograms", "holograms_any"},
	rightsmap.Sizes:         {"any", "page_any", "page_full", "page_half", "tiny"},
	rightsmap.Placements:    {"any", "page_any", "page_cover", "page_inside", "sky"},
	rightsmap.Distributions: {"any", "channel_any", "channel_web", "channel_theatrical", "channel_theatrical_limited", "e_greeting", "pigeon", "pigeon_any", "pigeon_post"},
	rightsmap.Geographies:   {"any", "europe_any", "europe_austria", "asia_any", "asia_japan", "emea", "moon_any", "moon_north"},
	rightsmap.Industries:    {"any", "industry_tobacco", "industry_banking", "smoking"},
	rightsmap.Languages:     {"any", "language_german", "language_english", "klingon"},
}

var limitKeys = []string{"any", "copy_any", "copy_one_copy", "copy_up_to_1000_copies", "display_up_to_500_displays", "quantity_up_to_2000_total_circulation", "many"}

type object = map[string]any

func genKeys(t *rapid.T, d rightsmap.Dimension, label string, most int) []string {
	return rapid.SliceOfN(rapid.SampledFrom(vocabulary[d]), 0, most).Draw(t, label)
}

// genTime draws a day of a few years, or nothing.
func genTime(t *rapid.T, label string) any {
	n := rapid.IntRange(-6, 40).Draw(t, label)
	if n < 0 {
		return nil
	}
	return month(n).Format(time.RFC3339)
}

func month(n int) time.Time {
	return time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, n, 0)
}

func genBool(t *rapid.T, label string) any {
	return rapid.SampledFrom([]any{true, false, false, nil}).Draw(t, label)
}

func genTerm(t *rapid.T, i int) object {
	term := object{
		"sequence_number": i + 1, "valid_from": genTime(t, "valid_from"), "valid_until": genTime(t, "valid_until"),
		"to_be_used_until": genTime(t, "to_be_used_until"), "is_editorial_use": genBool(t, "editorial"),
		"usage_limits": rapid.SliceOfN(rapid.SampledFrom(limitKeys), 0, 2).Draw(t, "usage_limits"),
	}
	for _, d := range rightsmap.Dimensions() {
		if rapid.IntRange(0, 2).Draw(t, "mentions "+d.String()) > 0 {
			term["allowed_"+d.String()] = genKeys(t, d, "allowed", 2)
			term["restricted_"+d.String()] = genKeys(t, d, "restricted", 1)
		}
	}
	if rapid.IntRange(0, 19).Draw(t, "surprise") == 0 {
		term["moral_rights"] = "reserved"
	}
	return term
}

// genTransaction draws a transaction as the vendor would send it, most of them
// well-formed enough to allow something.
func genTransaction(t *rapid.T) object {
	var terms []object
	for i := range rapid.IntRange(0, 3).Draw(t, "terms") {
		terms = append(terms, genTerm(t, i))
	}
	maximum := func(label string) any { return rapid.SampledFrom([]any{nil, 0, 3}).Draw(t, label) }
	releases := []any{"released", "released", "no_release_required", "not_released", "all", nil}
	tx := object{
		"uuid": "79468", "state": rapid.SampledFrom([]any{"completed", "completed", "completed", "cancelled", "finalizing", nil}).Draw(t, "state"),
		"offering": object{
			"license_type":     rapid.SampledFrom([]any{"royalty_free", "royalty_free", "rights_managed", "rights_ready", "all", nil}).Draw(t, "type"),
			"is_editorial_use": genBool(t, "offer"),
		},
		"content_element": object{
			"content_category": rapid.SampledFrom([]any{"creative", "creative", "editorial", nil}).Draw(t, "category"),
			"is_ai":            genBool(t, "ai"),
			"release_details": object{
				"model_release_state":    rapid.SampledFrom(releases).Draw(t, "model"),
				"property_release_state": rapid.SampledFrom(releases).Draw(t, "property"),
			},
		},
		"license_terms": terms,
		"license_download_constraints": object{
			"effective_max_downloads": maximum("downloads"), "effective_max_users": maximum("users"), "effective_max_reuses": maximum("reuses"),
		},
		"has_potentially_restrictive_license_terms": genBool(t, "restrictive"),
		"current_downloads":                         rapid.SampledFrom([]any{nil, 0, 2, 5}).Draw(t, "downloaded"),
		"purchased_at":                              "2025-01-01T00:00:00Z",
	}
	if rapid.IntRange(0, 9).Draw(t, "words") == 0 {
		tx["content_element"].(object)["release_details"].(object)["provider_usage_constraints"] = []object{{"culture": "en", "value": "not in bad taste"}}
	}
	return tx
}

func genUse(t *rapid.T) rightsmap.Use {
	keys := func(d rightsmap.Dimension) []string { return genKeys(t, d, "use "+d.String(), 2) }
	amount := func(label string) int64 { return rapid.SampledFrom([]int64{0, 0, 1, 400, 1500}).Draw(t, label) }
	from := rapid.IntRange(0, 36).Draw(t, "from")
	u := rightsmap.Use{
		From: month(from), Phase: rightsmap.Phase(rapid.Uint8Range(0, 2).Draw(t, "phase")), Purpose: rightsmap.Purpose(rapid.Uint8Range(0, 2).Draw(t, "purpose")),
		Usages: keys(rightsmap.Usages), Sizes: keys(rightsmap.Sizes), Placements: keys(rightsmap.Placements),
		Distributions: keys(rightsmap.Distributions), Geographies: keys(rightsmap.Geographies), Industries: keys(rightsmap.Industries),
		Languages: keys(rightsmap.Languages), Circulation: amount("circulation"), Displays: amount("displays"), Copies: amount("copies"),
		Downloads: int(amount("n downloads") % 5), Users: int(amount("n users") % 5), Reuses: int(amount("n reuses") % 5),
	}
	if rapid.Bool().Draw(t, "lasts") {
		u.Until = month(from + rapid.IntRange(1, 12).Draw(t, "until"))
	}
	return u
}

func read(tx object) (rightsmap.Statement, error) {
	raw, err := json.Marshal(tx)
	if err != nil {
		return rightsmap.Statement{}, fmt.Errorf("test input: %w", err)
	}
	return rightsmap.Read(raw)
}
