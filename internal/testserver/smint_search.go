package testserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// assetIDs reads a list of ids, which are objects or plain strings.
func (c *smintCall) assetIDs(name string) []string {
	list, _ := c.member(name).([]any)
	ids := make([]string, 0, len(list))
	for _, one := range list {
		ids = append(ids, smintIDOf(one))
	}
	return ids
}

func smintIDOf(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	object, _ := value.(SmintJSON)
	return smintMemberText(object, "id")
}

func (s *Smint) runGetAsset(call *smintCall) {
	id := smintIDOf(call.member("assetId"))
	if id == "" {
		call.refuse(400, "invalid_argument", "assetId is expected")
		return
	}
	entry, seen := s.lookup(id)
	if entry == nil || !seen.Read {
		call.missing, call.failed, call.result = true, 1, SmintJSON{"assetDataObject": nil}
		return
	}
	call.result = SmintJSON{"assetDataObject": entry.dataObject(s.commanded(entry.Asset))}
}

func (s *Smint) runGetAssets(call *smintCall) {
	ids := call.assetIDs("assetIds")
	if len(ids) == 0 {
		call.refuse(400, "invalid_argument", "assetIds are expected")
		return
	}
	objects := []any{}
	for _, id := range ids {
		if entry, seen := s.lookup(id); entry != nil && seen.Read {
			objects = append(objects, entry.dataObject(s.commanded(entry.Asset)))
		}
	}
	call.steps, call.failed, call.missing = len(ids), len(ids)-len(objects), len(objects) == 0
	call.result = SmintJSON{"assetDataObjects": objects}
}

func (s *Smint) runFeatures(call *smintCall) {
	call.result = SmintJSON{"isRandomAccessSupported": true, "isFullTextSearchProposalsSupported": true, "isFolderNavigationSupported": true}
}

var smintContentTypes = []string{"image", "document", "video", "audio"}

// found are the assets that a search or one of its relatives is about, by id.
func (s *Smint) found(call *smintCall, query string) []*smintIndexed {
	mode, kind := call.number("resourceAssetMode", 0), call.number("contentType", -1)
	if strings.Contains(call.method, "ResourceAssets") {
		mode = 1
	}
	folders := call.assetIDs("parentFolderIds")
	filters, _ := call.member("currentFilters").(SmintJSON)
	values, _ := smintMember(filters, "values").([]any)
	var list []*smintIndexed
	for _, id := range slices.Sorted(maps.Keys(s.portal.Index)) {
		entry := s.portal.Index[id]
		asset := s.commanded(entry.Asset)
		switch {
		case !s.sight(entry, s.options.Groups).Search:
		case mode == 0 && entry.Resource, mode == 1 && !entry.Resource:
		case kind >= 0 && (kind >= len(smintContentTypes) || smintContentTypes[kind] != smintString(asset, "content_type")):
		case len(folders) > 0 && !slices.ContainsFunc(folders, func(folder string) bool { return slices.Contains(entry.Folders, folder) }):
		case !smintMatches(asset, query):
		case slices.ContainsFunc(values, func(value any) bool { return !smintFilterHolds(asset, value) }):
		default:
			list = append(list, entry)
		}
	}
	return list
}

// smintMatches is the full-text search: every word occurs in the name, the
// external id or an attribute.
func smintMatches(asset SmintJSON, query string) bool {
	raw, _ := json.Marshal([]any{smintCultures(asset["name"]), smintCultures(asset["description"]), asset["external_id"], asset["attributes"]})
	text := strings.ToLower(string(raw))
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if word != "*" && !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func smintFilterHolds(asset SmintJSON, filter any) bool {
	value, _ := filter.(SmintJSON)
	wanted := smintStrings(smintMember(value, "stringArrayValue"))
	if text := smintMemberText(value, "stringValue"); text != "" {
		wanted = append(wanted, text)
	}
	if len(wanted) == 0 {
		return true
	}
	return slices.ContainsFunc(smintAttributeTexts(asset, smintMemberText(value, "id")), func(text string) bool { return slices.Contains(wanted, text) })
}

func smintAttributeTexts(asset SmintJSON, id string) []string {
	if id == "contentType" {
		return []string{smintString(asset, "content_type")}
	}
	attributes, _ := asset["attributes"].(SmintJSON)
	switch value := attributes[id].(type) {
	case nil:
		return nil
	case []any:
		return smintStrings(value)
	default:
		return []string{fmt.Sprint(value)}
	}
}

func (s *Smint) runSearch(call *smintCall) {
	list := s.found(call, smintTextOr(call.member("queryString")))
	page, size := call.number("page", 0), call.number("pageSize", 50)
	if page < 0 || size < 1 || size > 1000 {
		call.refuse(400, "invalid_argument", "page or pageSize is out of range")
		return
	}
	begin := min(page*size, len(list))
	part := list[begin:min(begin+size, len(list))]
	objects := make([]any, 0, len(part))
	for _, entry := range part {
		objects = append(objects, entry.dataObject(s.commanded(entry.Asset)))
	}
	set := smintTextOr(call.member("searchResultSetUuid"))
	if set == "" {
		set = "set-" + s.sign("search", fmt.Sprint(call.arguments))[:8]
	}
	call.result = SmintJSON{
		"details": SmintJSON{
			"searchResultSetId": set, "currentPage": page, "currentItemsPerPage": len(part), "maxPages": (len(list) + size - 1) / size,
			"totalResults": len(list), "hasMoreResults": begin+len(part) < len(list), "dataAdapterInstanceKey": "da:99",
		},
		"filterModel":      SmintJSON{"formGroupDefinitions": []any{s.filterModel(list)}},
		"assetDataObjects": objects,
	}
}

func smintTextOr(value any) string {
	text, _ := value.(string)
	return text
}

// filterModel offers a filter for every attribute of the assets found.
func (s *Smint) filterModel(list []*smintIndexed) SmintJSON {
	counts := map[string]map[string]int{}
	for _, entry := range list {
		asset := s.commanded(entry.Asset)
		attributes, _ := asset["attributes"].(SmintJSON)
		for id := range attributes {
			for _, text := range smintAttributeTexts(asset, id) {
				if counts[id] == nil {
					counts[id] = map[string]int{}
				}
				counts[id][text]++
			}
		}
	}
	items := []any{}
	for i, id := range slices.Sorted(maps.Keys(counts)) {
		items = append(items, SmintJSON{
			"id": id, "name": SmintJSON{"x-default": id}, "itemVisibility": "visible", "isModified": false, "isInherited": false, "isOverridden": false,
			"isAutoDiscovered": true, "isRequired": false, "sortOrder": i, "dataType": "string_array", "currentValue": nil, "defaultValue": nil,
			"allowedValues": smintAllowed(counts[id], "", 20), "isArrayType": true, "isDynamicAllowedValues": true, "requiresServerSideValidation": false,
		})
	}
	return SmintJSON{"id": "default", "name": SmintJSON{"x-default": "Filters"}, "isDefaultGroup": true, "isModified": false, "formItemDefinitions": items}
}

func smintAllowed(counts map[string]int, prefix string, most int) []any {
	values := []any{}
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		if len(values) < most && strings.HasPrefix(strings.ToLower(text), strings.ToLower(prefix)) {
			values = append(values, SmintJSON{
				"value": SmintJSON{"stringValue": text, "dataType": "string"}, "name": SmintJSON{"x-default": text}, "count": counts[text],
			})
		}
	}
	return values
}

func (s *Smint) runAllowedValues(call *smintCall) {
	id := smintTextOr(call.member("formItemDefinitionId"))
	counts := map[string]int{}
	for _, entry := range s.found(call, smintTextOr(call.member("searchQueryString"))) {
		for _, text := range smintAttributeTexts(s.commanded(entry.Asset), id) {
			counts[text]++
		}
	}
	all := smintAllowed(counts, smintTextOr(call.member("formItemDefinitionQueryString")), len(counts))
	call.result = SmintJSON{"allowedValues": all[:min(len(all), max(call.number("maxResultCount", 20), 0))], "allowedValuesTotalCount": len(all)}
}

func (s *Smint) runProposals(call *smintCall) {
	names := map[string]bool{}
	for _, entry := range s.found(call, smintTextOr(call.member("searchQueryString"))) {
		names[smintLocalized(entry.Asset["name"])] = true
	}
	list := slices.Sorted(maps.Keys(names))
	proposals := make([]any, 0, len(list))
	for _, name := range list[:min(len(list), max(call.number("maxResultCount", 10), 0))] {
		proposals = append(proposals, name)
	}
	call.result = SmintJSON{"fullTextProposals": proposals}
}

// runRandom takes another start at every call, so that it is random enough to
// look at and the same in every run.
func (s *Smint) runRandom(call *smintCall) {
	if call.member("contentType") == nil {
		call.arguments["contentType"] = json.Number("0")
	}
	list := s.found(call, "")
	objects := []any{}
	for i := range min(max(call.number("max", 1), 0), len(list)) {
		entry := list[(s.portal.Minted+i)%len(list)]
		objects = append(objects, entry.dataObject(s.commanded(entry.Asset)))
	}
	call.result = SmintJSON{"assetDataObjects": objects}
}
