package smint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/smintecm/sdk/internal/rest"
)

// MetadataService resolves the keys that purchases use.
type MetadataService service

// GenericMetadata names the keys of each list, as [ListLicenseTypes], in each
// culture.
type GenericMetadata map[string]MetadataList

// MetadataList is one of the lists: key to culture to name.
type MetadataList map[string]LocalizedText

// Name resolves a key; an unknown one is its own name.
func (l MetadataList) Name(key, culture string) string {
	if name := l[key].In(culture); name != "" {
		return name
	}
	return key
}

// The lists.
const (
	ListProviders            = "providers"
	ListContentTypes         = "content_types"
	ListBinaryTypes          = "binary_types"
	ListContentCategories    = "content_categories"
	ListLicenseTypes         = "license_types"
	ListReleaseStates        = "release_states"
	ListLicenseExclusivities = "license_exclusivities"
	ListLicenseUsages        = "license_usages"
	ListLicenseSizes         = "license_sizes"
	ListLicensePlacements    = "license_placements"
	ListLicenseDistributions = "license_distributions"
	ListLicenseGeographies   = "license_geographies"
	ListLicenseIndustries    = "license_industries"
	ListLicenseLanguages     = "license_languages"
	ListLicenseUsageLimits   = "license_usage_limits"
)

var knownLists = names(ListProviders, ListContentTypes, ListBinaryTypes, ListContentCategories, ListLicenseTypes, ListReleaseStates,
	ListLicenseExclusivities, ListLicenseUsages, ListLicenseSizes, ListLicensePlacements, ListLicenseDistributions, ListLicenseGeographies,
	ListLicenseIndustries, ListLicenseLanguages, ListLicenseUsageLimits)

// Generic reads the lists of the tenant; null is a list without keys. Lists
// that are malformed are reported together, beside the others, in an error
// that matches ErrBrokenItem. Elements without a key name nothing and are left
// out.
//
// API: GET /sync/genericMetadata (path by configuration).
func (s *MetadataService) Generic(ctx context.Context) (GenericMetadata, error) {
	answer, err := rest.Do[map[string]json.RawMessage](ctx, s.clapi, rest.Request{Route: &s.routes.metadata})
	if err != nil {
		return nil, err
	}
	all := GenericMetadata{}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(answer)) {
		var elements LocalizedElements
		if err := json.Unmarshal(answer[name], &elements); err != nil {
			if knownLists[name] {
				faults = append(faults, fmt.Errorf("smint: %w: generic metadata, list %s: %w", ErrBrokenItem, name, err))
			}
			continue
		}
		list := MetadataList{}
		for _, e := range elements {
			if e.Element.Key != "" {
				list[e.Element.Key] = append(list[e.Element.Key], LocalizedString{e.Culture, e.Element.Name})
			}
		}
		all[name] = list
	}
	return all, errors.Join(faults...)
}
