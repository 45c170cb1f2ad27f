package rightsmap

import (
	"fmt"
	"time"

	"github.com/smintecm/sdk/records"
)

// Use is a use that someone wants to make of an asset. What it leaves open is
// not assumed: where a license limits what the use doesn't say, the answer is
// review.
//
// Lists hold the vendor's keys; a use that spans several countries or media
// names them all, and all must be allowed.
type Use struct {
	// From is when the use begins, or the moment asked about. It is required.
	From time.Time `json:"from"`
	// Until is the first moment after it; zero asks about the moment From alone.
	Until time.Time `json:"until,omitzero"`
	// Phase says whether this is the first use under the license.
	Phase Phase `json:"phase,omitzero"`
	// Purpose says whether it is editorial or commercial.
	Purpose Purpose `json:"purpose,omitzero"`

	Usages        []string `json:"usages,omitempty"` // medium and kind of use
	Sizes         []string `json:"sizes,omitempty"`
	Placements    []string `json:"placements,omitempty"`
	Distributions []string `json:"distributions,omitempty"`
	Geographies   []string `json:"geographies,omitempty"`
	Industries    []string `json:"industries,omitempty"`
	Languages     []string `json:"languages,omitempty"`

	// Circulation, Displays and Copies are totals, this use included; 0 is not
	// said.
	Circulation int64 `json:"circulation,omitzero"`
	Displays    int64 `json:"displays,omitzero"`
	Copies      int64 `json:"copies,omitzero"`
	// Downloads, Users and Reuses are totals, this use included; 0 means that
	// the use adds none to what the vendor counted.
	Downloads int `json:"downloads,omitzero"`
	Users     int `json:"users,omitzero"`
	Reuses    int `json:"reuses,omitzero"`
}

// Keys returns the use's keys in one dimension.
func (u Use) Keys(d Dimension) []string {
	switch d {
	case Usages:
		return u.Usages
	case Sizes:
		return u.Sizes
	case Placements:
		return u.Placements
	case Distributions:
		return u.Distributions
	case Geographies:
		return u.Geographies
	case Industries:
		return u.Industries
	case Languages:
		return u.Languages
	case dimensionCount:
	default:
	}
	return nil
}

// Validate returns nil, or an error that matches records.ErrInvalid and lists
// every fault. An invalid use is never allowed.
func (u Use) Validate() error {
	var p records.Problems
	p.Check(!u.From.IsZero(), "from", u.From, "when the use begins")
	p.Check(u.Until.IsZero() || u.Until.After(u.From), "until", u.Until, "a time after the beginning")
	p.Check(int(u.Phase) < len(phaseTexts), "phase", u.Phase, "a known phase")
	p.Check(int(u.Purpose) < len(purposeTexts), "purpose", u.Purpose, "a known purpose")
	for _, d := range Dimensions() {
		for i, key := range u.Keys(d) {
			p.Check(key != "", fmt.Sprintf("%s[%d]", d, i), key, "a key")
		}
	}
	for _, n := range []struct {
		field string
		value int64
	}{
		{"circulation", u.Circulation},
		{"displays", u.Displays},
		{"copies", u.Copies},
		{"downloads", int64(u.Downloads)},
		{"users", int64(u.Users)},
		{"reuses", int64(u.Reuses)},
	} {
		p.Check(n.value >= 0, n.field, n.value, "no negative number")
	}
	return p.Err("rightsmap.Use")
}

// amount returns the use's total in a unit.
func (u Use) amount(unit Unit) int64 {
	switch unit {
	case Circulation:
		return u.Circulation
	case Displays:
		return u.Displays
	case Copies:
		return u.Copies
	case UnitUnknown:
	default:
	}
	return 0
}
