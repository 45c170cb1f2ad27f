package smint

import (
	"context"
	"encoding/json"

	"github.com/smintecm/sdk/internal/rest"
)

// MetadataService resolves the keys that purchases use.
type MetadataService service

// GenericMetadata names the keys of each list, as "license_types" or
// "license_geographies", in each culture.
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

// Generic reads the lists of the tenant.
//
// API: GET /sync/genericMetadata (path by configuration).
func (s *MetadataService) Generic(ctx context.Context) (GenericMetadata, error) {
	answer, err := rest.Do[map[string]json.RawMessage](ctx, s.clapi, rest.Request{Route: &s.routes.metadata})
	if err != nil {
		return nil, err
	}
	all := GenericMetadata{}
	for name, raw := range answer {
		var elements LocalizedElements
		if json.Unmarshal(raw, &elements) != nil {
			// Not one of the lists.
			continue
		}
		list := MetadataList{}
		for _, e := range elements {
			list[e.Element.Key] = append(list[e.Element.Key], LocalizedString{e.Culture, e.Element.Name})
		}
		all[name] = list
	}
	return all, nil
}
