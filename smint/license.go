package smint

import (
	"encoding/json"
	"fmt"
	"time"
)

// LicenseTerms is one of the terms under which a content was licensed: an
// immutable snapshot taken at the purchase. A missing list, a missing date and
// a missing flag mean that the terms do not say; they never mean "all" or
// "no".
type LicenseTerms struct {
	// Sequence is unique within the asset and begins at 1; nil if not sent.
	Sequence                *int          `json:"sequence_number"`
	Name                    LocalizedText `json:"name"`
	Exclusivities           []string      `json:"exclusivities"`
	UsageLimits             []string      `json:"usage_limits"`
	AllowedUsages           []string      `json:"allowed_usages"`
	RestrictedUsages        []string      `json:"restricted_usages"`
	AllowedSizes            []string      `json:"allowed_sizes"`
	RestrictedSizes         []string      `json:"restricted_sizes"`
	AllowedPlacements       []string      `json:"allowed_placements"`
	RestrictedPlacements    []string      `json:"restricted_placements"`
	AllowedDistributions    []string      `json:"allowed_distributions"`
	RestrictedDistributions []string      `json:"restricted_distributions"`
	AllowedGeographies      []string      `json:"allowed_geographies"`
	RestrictedGeographies   []string      `json:"restricted_geographies"`
	AllowedIndustries       []string      `json:"allowed_industries"`
	RestrictedIndustries    []string      `json:"restricted_industries"`
	AllowedLanguages        []string      `json:"allowed_languages"`
	RestrictedLanguages     []string      `json:"restricted_languages"`
	// ValidFrom is when use may start, ValidUntil when it must stop.
	ValidFrom  *time.Time `json:"valid_from"`
	ValidUntil *time.Time `json:"valid_until"`
	// ToBeUsedUntil is when the first use must have happened.
	ToBeUsedUntil  *time.Time `json:"to_be_used_until"`
	IsEditorialUse *bool      `json:"is_editorial_use"`
	// Unknown are members that this version does not know, as they came.
	Unknown map[string]json.RawMessage `json:"-"`
}

var licenseTermsNames = names("sequence_number", "name", "exclusivities", "usage_limits", "allowed_usages", "restricted_usages",
	"allowed_sizes", "restricted_sizes", "allowed_placements", "restricted_placements", "allowed_distributions",
	"restricted_distributions", "allowed_geographies", "restricted_geographies", "allowed_industries", "restricted_industries",
	"allowed_languages", "restricted_languages", "valid_from", "valid_until", "to_be_used_until", "is_editorial_use")

// UnmarshalJSON keeps what it does not know.
func (t *LicenseTerms) UnmarshalJSON(b []byte) (err error) {
	type plain LicenseTerms
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("license terms: %w", err)
	}
	*t = LicenseTerms(p)
	t.Unknown, err = unknownFields(b, licenseTermsNames)
	return err
}

// DownloadConstraints bound how often and by how many a content may be used.
// Nil means that nothing is said; 0 or less means no restriction.
type DownloadConstraints struct {
	MaxDownloads *int `json:"effective_max_downloads"`
	MaxUsers     *int `json:"effective_max_users"`
	MaxReuses    *int `json:"effective_max_reuses"`
	// Unknown are members that this version does not know, as they came.
	Unknown map[string]json.RawMessage `json:"-"`
}

var constraintNames = names("effective_max_downloads", "effective_max_users", "effective_max_reuses")

// UnmarshalJSON keeps what it does not know.
func (c *DownloadConstraints) UnmarshalJSON(b []byte) (err error) {
	type plain DownloadConstraints
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("license download constraints: %w", err)
	}
	*c = DownloadConstraints(p)
	if string(b) == "null" {
		return nil
	}
	c.Unknown, err = unknownFields(b, constraintNames)
	return err
}

// ReleaseDetails say whether models and owners have agreed.
type ReleaseDetails struct {
	ModelRelease      ReleaseState               `json:"model_release_state"`
	PropertyRelease   ReleaseState               `json:"property_release_state"`
	AllowedUseComment LocalizedText              `json:"provider_allowed_use_comment"`
	ReleaseComment    LocalizedText              `json:"provider_release_comment"`
	UsageConstraints  LocalizedText              `json:"provider_usage_constraints"`
	Unknown           map[string]json.RawMessage `json:"-"`
}

var releaseNames = names("model_release_state", "property_release_state", "provider_allowed_use_comment", "provider_release_comment", "provider_usage_constraints")

// UnmarshalJSON keeps what it does not know.
func (r *ReleaseDetails) UnmarshalJSON(b []byte) (err error) {
	type plain ReleaseDetails
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return fmt.Errorf("release details: %w", err)
	}
	*r = ReleaseDetails(p)
	if string(b) == "null" {
		return nil
	}
	r.Unknown, err = unknownFields(b, releaseNames)
	return err
}

// ReleaseState is the state of a release. The list is open: Known tells
// whether this version knows the value.
type ReleaseState string

// The release states.
const (
	ReleaseAll         ReleaseState = "all"
	ReleaseNotReleased ReleaseState = "not_released"
	ReleaseNotRequired ReleaseState = "no_release_required"
	ReleaseReleased    ReleaseState = "released"
)

// Known tells whether this version knows the value.
func (s ReleaseState) Known() bool {
	switch s {
	case ReleaseAll, ReleaseNotReleased, ReleaseNotRequired, ReleaseReleased:
		return true
	}
	return false
}

// LicenseType is the type of a license. The list is open.
type LicenseType string

// The license types.
const (
	LicenseAll           LicenseType = "all"
	LicenseRoyaltyFree   LicenseType = "royalty_free"
	LicenseRightsManaged LicenseType = "rights_managed"
	LicenseRightsReady   LicenseType = "rights_ready"
)

// Known tells whether this version knows the value.
func (t LicenseType) Known() bool {
	switch t {
	case LicenseAll, LicenseRoyaltyFree, LicenseRightsManaged, LicenseRightsReady:
		return true
	}
	return false
}
