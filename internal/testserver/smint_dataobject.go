package testserver

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// smintProperty is one element of a data object's properties. The vendor does
// not publish its form; this is the default of the contract: the value stands
// under the name of its type.
func smintProperty(key, dataType string, value any) SmintJSON {
	parts := strings.Split(strings.TrimSuffix(dataType, "_model"), "_")
	for i, part := range parts[1:] {
		parts[i+1] = strings.ToUpper(part[:1]) + part[1:]
	}
	return SmintJSON{"key": key, "dataType": dataType, strings.Join(parts, "") + "Value": value}
}

// smintAttribute is a property of the raw data, with the type that its value
// has.
func smintAttribute(key string, value any) SmintJSON {
	switch value := value.(type) {
	case bool:
		return smintProperty(key, "boolean", value)
	case json.Number:
		if _, err := value.Int64(); err == nil {
			return smintProperty(key, "int", value)
		}
		return smintProperty(key, "decimal", value)
	case int, int64:
		return smintProperty(key, "int", value)
	case float64:
		return smintProperty(key, "decimal", value)
	case []any, []string:
		return smintProperty(key, "string_array", value)
	case SmintJSON:
		return smintObjectProperty(key, value)
	default:
		return smintProperty(key, "string", value)
	}
}

func smintObjectProperty(key string, members SmintJSON) SmintJSON {
	return smintProperty(key, "data_object", smintDataObject(key, members))
}

func smintDataObject(uuid string, members SmintJSON) SmintJSON {
	properties := []any{}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		properties = append(properties, smintAttribute(key, members[key]))
	}
	return SmintJSON{"uuid": uuid, "properties": properties}
}

// dataObject is an asset as the portal shows it.
func (e *smintIndexed) dataObject(asset SmintJSON) SmintJSON {
	scoped := e.scoped()
	properties := []any{
		smintProperty("id", "string", scoped),
		smintProperty("contentType", "enum", smintString(asset, "content_type")),
		smintProperty("name", "localized_strings_model", smintCultures(asset["name"])),
	}
	if texts := smintCultures(asset["description"]); len(texts) > 0 {
		properties = append(properties, smintProperty("description", "localized_strings_model", texts))
	}
	for member, key := range map[string]string{"external_id": "externalId", "version": "version", "etag": "eTag"} {
		if text := smintString(asset, member); text != "" {
			properties = append(properties, smintProperty(key, "string", text))
		}
	}
	for member, key := range map[string]string{"publish_from": "publishFrom", "publish_until": "publishUntil", "modified_at": "modifiedAt"} {
		if text := smintString(asset, member); text != "" {
			properties = append(properties, smintProperty(key, "date_time", text))
		}
	}
	for member, key := range map[string]string{"permissions": "permissionUuids", "external_security_group_ids": "externalSecurityGroupIds"} {
		if list, ok := asset[member].([]any); ok {
			properties = append(properties, smintProperty(key, "string_array", list))
		}
	}
	if indicator, ok := asset["indicator"].(SmintJSON); ok {
		properties = append(properties, smintProperty("indicator", "data_object", SmintJSON{"uuid": "indicator", "properties": []any{
			smintProperty("icon", "string", indicator["icon"]), smintProperty("color", "string", indicator["color"]),
			smintProperty("text", "localized_strings_model", smintCultures(indicator["text"])),
		}}))
	}
	if len(e.Folders) > 0 {
		properties = append(properties, smintProperty("parentFolderIds", "string_array", e.Folders))
	}
	if file, ok := asset["file"].(SmintJSON); ok {
		properties = append(properties, smintObjectProperty("fileMetadata", smintCamelled(file)))
	}
	attributes, _ := asset["attributes"].(SmintJSON)
	properties = append(properties, smintProperty("rawData", "data_object_array", []any{smintDataObject(scoped+"#raw", attributes)}))
	slices.SortStableFunc(properties, func(a, b any) int {
		return strings.Compare(smintString(a.(SmintJSON), "key"), smintString(b.(SmintJSON), "key"))
	})
	return SmintJSON{"uuid": scoped, "properties": properties}
}

// smintCamelled writes the members' names as the portal does.
func smintCamelled(object SmintJSON) SmintJSON {
	camelled := SmintJSON{}
	for name, value := range object {
		parts := strings.Split(name, "_")
		for i := 1; i < len(parts); i++ {
			if parts[i] != "" {
				parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
			}
		}
		camelled[strings.Join(parts, "")] = value
	}
	return camelled
}
