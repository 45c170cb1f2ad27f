package rightsmap

import (
	"strconv"
	"strings"
)

// Dimension is one of the seven ways in which a license limits a use by
// listing keys.
type Dimension uint8

// The dimensions, in the order of the terms.
const (
	Usages        Dimension = iota // the medium and kind of use
	Sizes                          // how large it is reproduced
	Placements                     // where in the medium it stands
	Distributions                  // through which channel it reaches people
	Geographies                    // where
	Industries                     // in whose business
	Languages                      // in which language
	dimensionCount
)

var dimensionTexts = []string{"usages", "sizes", "placements", "distributions", "geographies", "industries", "languages"}

// Dimensions returns all dimensions in order.
func Dimensions() []Dimension {
	out := make([]Dimension, dimensionCount)
	for i := range out {
		out[i] = Dimension(i)
	}
	return out
}

// String names the dimension as the terms do; it is total.
func (d Dimension) String() string { return text(dimensionTexts, "Dimension", d) }

// MarshalText returns the dimension's name; a foreign number is an error.
func (d Dimension) MarshalText() ([]byte, error) { return marshal(dimensionTexts, "Dimension", d) }

// UnmarshalText reads exactly one of the dimensions' names.
func (d *Dimension) UnmarshalText(b []byte) (err error) {
	*d, err = unmarshal[Dimension](dimensionTexts, "dimension", string(b))
	return err
}

// families holds, per dimension, what begins a known key. A family that ends
// in "_" is open: any key that continues it as the vendor writes keys belongs to
// it. The spelling errors are the vendor's.
var families = [dimensionCount][]string{
	Usages: {
		"advertising_", "digital_media_", "film_video_tv_", "internal_use_", "marketing_promotional_", "publishing_editorial_",
		"retail_product_packaging_",
	},
	Sizes: {
		"ad_any", "ad_eigth", "page_eigth", // eigth: the vendor writes it so
		"ad_quarter", "ad_half", "ad_full", "banner_any", "banner_side", "page_any", "page_sixteenth", "page_quarter", "page_half", "page_full", "page_double", "page_wrap_around", "resolution_any",
		"resolution_low", "resolution_medium", "resolution_high", "size_any", "size_small", "size_medium", "size_large", "size_mural",
	},
	Placements: {
		"circulation_", "exhibit_any", "exhibit_web", "page_any", "page_home", "page_front", "page_cover", "page_secondary",
		"page_inside", "page_repeated", "page_additional_material", "placement_any", "placement_prominent",
		"placement_prominent_multiple", "placement_background", "placement_background_multiple", "type_any", "type_documentary",
		"type_educational", "type_feature_entertainment",
	},
	Distributions: {
		"channel_any", "channel_app", "channel_closed_circuit_programming", "channel_digital", "channel_email", "channel_festival",
		"channel_print", "channel_theatrical", "channel_theatrical_limited", "channel_tv", "channel_web", "device_any",
		"device_mobile", "device_portable", "device_tablet", "external", "e_greeting", "location_any", "location_one",
		"location_two", "location_three", "location_ten", "media_any", "media_digital", "media_print", "social_media_any",
		"social_media_one", "social_media_two", "third_party_rights",
	},
	Geographies: {"africa_", "antarctica_", "asia_", "australia_", "europe_", "north_america_", "south_america_"},
	Industries:  {"industry_"},
	Languages:   {"language_"},
}

var exclusivities = []string{
	"any", "exclusive_usage", "exclusive_size", "exclusive_placement", "exclusive_distribution", "exclusive_geography",
	"exclusive_industry", "exclusive_language",
}

// Known reports whether key is one that this vocabulary understands in that
// dimension. An unknown key grants nothing but itself, to the letter; one that
// restricts leads to review.
func Known(d Dimension, key string) bool {
	if key == "any" {
		return d < dimensionCount
	}
	if d >= dimensionCount {
		return false
	}
	for _, f := range families[d] {
		rest, within := strings.CutPrefix(key, f)
		if key == f || within && strings.HasSuffix(f, "_") && rest != "" && !strings.ContainsFunc(rest, foreign) {
			return true
		}
	}
	return false
}

// foreign tells what no key of the vendor's has.
func foreign(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }

// Covers reports whether the wide key contains the narrow one in the vendor's
// hierarchy: every key contains itself, "any" contains all, and a key that
// ends in "_any" contains those that begin as it does before that. So
// europe_any contains europe_austria, and advertising_any contains
// advertising_print_any.
func Covers(wide, narrow string) bool {
	if wide == narrow {
		return wide != ""
	}
	if wide == "any" {
		return narrow != ""
	}
	stem, ok := strings.CutSuffix(wide, "any")
	return ok && strings.HasSuffix(stem, "_") && len(narrow) > len(stem) && strings.HasPrefix(narrow, stem)
}

// Overlaps reports whether two keys have anything in common: one contains the
// other.
func Overlaps(a, b string) bool { return Covers(a, b) || Covers(b, a) }

// LanguageKey returns the key of a language given by its ISO 639 code of two
// or three letters, as "de", "deu" or "ger"; it is empty for a language that
// the vocabulary lacks.
func LanguageKey(code string) string {
	switch strings.ToLower(code) {
	case "en", "eng":
		return "language_english"
	case "de", "deu", "ger":
		return "language_german"
	case "fr", "fra", "fre":
		return "language_french"
	case "es", "spa":
		return "language_spanish"
	case "zh", "zho", "chi", "cmn":
		return "language_mandarin_chinese"
	case "hns":
		return "language_hindustani"
	case "ar", "ara":
		return "language_arabic"
	case "ms", "msa", "may":
		return "language_malay"
	case "ru", "rus":
		return "language_russian"
	case "bn", "ben":
		return "language_bengali"
	case "pt", "por":
		return "language_portuguese"
	default:
		return ""
	}
}

// Unit says what a usage limit counts.
type Unit uint8

// The units of usage limits.
const (
	UnitUnknown Unit = iota
	Circulation      // copies in circulation, all together
	Displays         // displays or impressions
	Copies           // copies made
)

var unitTexts = []string{"unknown", "circulation", "displays", "copies"}

// String names the unit; it is total.
func (u Unit) String() string { return text(unitTexts, "Unit", u) }

// MarshalText returns the unit's name; a foreign number is an error.
func (u Unit) MarshalText() ([]byte, error) { return marshal(unitTexts, "Unit", u) }

// UnmarshalText reads exactly one of the units' names.
func (u *Unit) UnmarshalText(b []byte) (err error) {
	*u, err = unmarshal[Unit](unitTexts, "unit", string(b))
	return err
}

// UsageLimit is what a key of a term's usage limits says.
type UsageLimit struct {
	// Unit is what is counted; UnitUnknown for a key that isn't understood and,
	// with Unlimited, for the key "any".
	Unit Unit
	// Unlimited means that there is no limit.
	Unlimited bool
	// Max is the greatest number allowed.
	Max int64
}

var limitPrefixes = []struct {
	prefix string
	unit   Unit
	suffix string
}{
	{"quantity_", Circulation, "_total_circulation"},
	{"display_", Displays, "_displays"},
	{"copy_", Copies, "_copies"},
}

// ParseUsageLimit reads a key of a term's usage limits; ok is false for a key
// that isn't understood, which leads to review.
func ParseUsageLimit(key string) (limit UsageLimit, ok bool) {
	if key == "any" {
		return UsageLimit{Unlimited: true}, true
	}
	for _, l := range limitPrefixes {
		rest, found := strings.CutPrefix(key, l.prefix)
		if !found {
			continue
		}
		switch rest {
		case "any":
			return UsageLimit{Unit: l.unit, Unlimited: true}, true
		case "one_copy", "two_copies":
			if l.unit == Displays {
				return UsageLimit{}, false
			}
			return UsageLimit{Unit: l.unit, Max: map[string]int64{"one_copy": 1, "two_copies": 2}[rest]}, true
		}
		number, up := strings.CutPrefix(rest, "up_to_")
		number, end := strings.CutSuffix(number, l.suffix)
		n, err := strconv.ParseInt(number, 10, 64)
		plain := err == nil && strconv.FormatInt(n, 10) == number
		if up && end && plain && n > 0 {
			return UsageLimit{Unit: l.unit, Max: n}, true
		}
	}
	return UsageLimit{}, false
}
