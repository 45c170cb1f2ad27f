package testserver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// AttributeMethod is the method of the custom interface that sets attributes of
// assets. Smint.io publishes none: it stands for a component that a tenant has
// written, and is there only if [SmintOptions.AttributeCommands] says so.
const AttributeMethod = "setAttributesAsync"

// SetAttributes changes raw attributes of an asset, as a person in the portal
// does. [SmintAbsent] takes one away. An asset that the index does not have is
// a fault of the test: it panics.
func (s *Smint) SetAttributes(id string, patch SmintJSON) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustIndex(id).setAttributes(patch)
}

func (s *Smint) mustIndex(id string) *smintIndexed {
	entry := s.portal.Index[id]
	if entry == nil {
		panic(fmt.Sprintf("testserver: the portal's index has no asset %q: want the id that it was put with", id))
	}
	return entry
}

func (e *smintIndexed) setAttributes(patch SmintJSON) {
	e.Asset = SmintMerge(e.Asset, SmintJSON{"attributes": patch})
}

// Attributes are the raw attributes of an asset in the index.
func (s *Smint) Attributes(id string) SmintJSON {
	s.mu.Lock()
	defer s.mu.Unlock()
	if entry := s.portal.Index[id]; entry != nil {
		attributes, _ := entry.Asset["attributes"].(SmintJSON)
		return maps.Clone(attributes)
	}
	return nil
}

// runAttributes sets attributes of assets, each only if version, ETag and the
// values that are expected are those of the index.
func (s *Smint) runAttributes(call *smintCall) {
	items, ok := call.member("items").([]any)
	if !ok || smintMemberText(call.arguments, "commandId") == "" {
		call.refuse(400, "invalid_argument", "commandId and items are expected")
		return
	}
	results := make([]any, 0, len(items))
	for _, one := range items {
		item, _ := one.(SmintJSON)
		named, _ := smintMember(item, "assetId").(SmintJSON)
		id := smintMemberText(named, "id")
		verdict := s.attributesOrdered(id, item)
		if verdict.status == "rejected" || verdict.status == "not_found" {
			call.failed++
		}
		results = append(results, SmintJSON{
			"assetId": id, "status": verdict.status, "errorCode": smintOrNull(verdict.code), "errorMessage": smintOrNull(verdict.message),
		})
	}
	call.steps, call.result = len(items), SmintJSON{"results": results}
}

func (s *Smint) attributesOrdered(id string, item SmintJSON) smintVerdict {
	entry, seen := s.lookup(id)
	if entry == nil || !seen.Read {
		return smintVerdict{"not_found", "asset_not_found", "The asset is unknown"}
	}
	for _, member := range []string{"version", "eTag"} {
		if sent := smintMemberText(item, member); sent != "" && sent != smintString(entry.Asset, strings.ToLower(member)) {
			return smintVerdict{"stale", "", ""}
		}
	}
	list, _ := smintMember(item, "attributes").([]any)
	patch := SmintJSON{}
	for _, one := range list {
		attribute, _ := one.(SmintJSON)
		key, value := smintMemberText(attribute, "key"), smintMemberText(attribute, "value")
		if key == "" || value == "" || slices.Contains(s.options.FixedAttributes, key) {
			return smintVerdict{"rejected", "attribute_read_only", "The attribute '" + key + "' cannot be set"}
		}
		if smintMemberText(attribute, "expected") != strings.Join(smintAttributeTexts(entry.Asset, key), ",") {
			return smintVerdict{"stale", "", ""}
		}
		patch[key] = value
	}
	if len(patch) == 0 {
		return smintVerdict{"rejected", "invalid_argument", "attributes are expected"}
	}
	entry.setAttributes(patch)
	return smintVerdict{status: "applied"}
}
