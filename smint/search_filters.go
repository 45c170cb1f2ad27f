package smint

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/smintecm/sdk/internal/rest"
)

// SearchFeatures tell what a portal's search can do; nil means that it does
// not say.
type SearchFeatures struct {
	RandomAccess      *bool `json:"isRandomAccessSupported"`
	FullTextProposals *bool `json:"isFullTextSearchProposalsSupported"`
	FolderNavigation  *bool `json:"isFolderNavigationSupported"`
}

// SearchFeatures asks what the portal's search can do.
//
// API: POST .../IAssetsSearch/execute/getFeatureSupportAsync.
func (s *PortalsService) SearchFeatures(ctx context.Context, p Portal) (SearchFeatures, error) {
	return read[SearchFeatures](ctx, s, p, InterfaceSearch, "getFeatureSupportAsync", nil)
}

// FilterGroup is a group of the filters that a portal offers.
type FilterGroup struct {
	ID         string             `json:"id"`
	Name       LocalizedMap       `json:"name"`
	IsDefault  *bool              `json:"isDefaultGroup"`
	IsModified *bool              `json:"isModified"`
	Items      []FilterDefinition `json:"formItemDefinitions"`
	// Raw is the group as it came, byte for byte.
	Raw json.RawMessage `json:"-"`
}

// FilterDefinition is one filter.
type FilterDefinition struct {
	ID                   string          `json:"id"`
	Name                 LocalizedMap    `json:"name"`
	Visibility           json.RawMessage `json:"itemVisibility"`
	DataType             DataType        `json:"dataType"`
	SortOrder            *int            `json:"sortOrder"`
	CurrentValue         json.RawMessage `json:"currentValue"`
	DefaultValue         json.RawMessage `json:"defaultValue"`
	AllowedValues        []AllowedValue  `json:"allowedValues"`
	IsModified           *bool           `json:"isModified"`
	IsInherited          *bool           `json:"isInherited"`
	IsOverridden         *bool           `json:"isOverridden"`
	IsAutoDiscovered     *bool           `json:"isAutoDiscovered"`
	IsRequired           *bool           `json:"isRequired"`
	IsArray              *bool           `json:"isArrayType"`
	DynamicAllowedValues *bool           `json:"isDynamicAllowedValues"`
	ServerSideValidation *bool           `json:"requiresServerSideValidation"`
}

// AllowedValue is a value that a filter offers.
type AllowedValue struct {
	Value struct {
		Text     string   `json:"stringValue"`
		DataType DataType `json:"dataType"`
	} `json:"value"`
	Name LocalizedMap `json:"name"`
	// Count is how many assets have it.
	Count *int64 `json:"count"`
}

func filterGroups(raws []json.RawMessage) ([]FilterGroup, error) {
	groups := make([]FilterGroup, 0, len(raws))
	for _, raw := range raws {
		var g FilterGroup
		if err := json.Unmarshal(raw, &g); err != nil {
			return nil, err
		}
		g.Raw = bytes.Clone(raw)
		groups = append(groups, g)
	}
	return groups, nil
}

// AllowedValues reads the values that a filter offers for a search, most of
// them at the most, those that begin with prefix; and how many there are.
//
// API: POST .../IAssetsSearch/execute/getFormItemDefinitionAllowedValuesAsync.
func (s *PortalsService) AllowedValues(ctx context.Context, p Portal, q SearchQuery, filter, prefix string, most int) ([]AllowedValue, int64, error) {
	const method = "getFormItemDefinitionAllowedValuesAsync"
	argument, err := q.about(method, most, filter != "", filter)
	if err != nil {
		return nil, 0, err
	}
	argument.Item, argument.ItemText = filter, &prefix
	answer, err := read[struct {
		Values []AllowedValue `json:"allowedValues"`
		Total  int64          `json:"allowedValuesTotalCount"`
	}](ctx, s, p, InterfaceSearch, method, argument)
	return answer.Values, answer.Total, err
}

// Proposals completes the text of a search, with most proposals at the most.
//
// API: POST .../IAssetsSearch/execute/getFullTextSearchProposalsAsync.
func (s *PortalsService) Proposals(ctx context.Context, p Portal, q SearchQuery, most int) ([]string, error) {
	const method = "getFullTextSearchProposalsAsync"
	argument, err := q.about(method, most, true, "")
	if err != nil {
		return nil, err
	}
	answer, err := read[struct {
		Proposals []string `json:"fullTextProposals"`
	}](ctx, s, p, InterfaceSearch, method, argument)
	return answer.Proposals, err
}

// about is the argument of a question about a search.
func (q SearchQuery) about(method string, most int, filtered bool, filter string) (searchArgument, error) {
	var faults rest.Problems
	a := q.argument(&faults)
	if !filtered {
		faults.Add("filter", filter, "the id of a filter")
	}
	if most < 1 {
		faults.Add("most", most, "1 or more")
	}
	a.Page, a.PageSize, a.SearchText, a.Most = nil, nil, &a.Text, &most
	return a, faults.Err("Portals." + method)
}
