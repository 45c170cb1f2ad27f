package testserver

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// attribute finds the definition behind a key such as "12345_7".
func (e *ECM) attribute(key string) (category int64, a *ECMAttribute) {
	parts := strings.Split(key, "_")
	if len(parts) != 2 {
		return 0, nil
	}
	category, _ = strconv.ParseInt(parts[0], 10, 64)
	n := e.state.Nodes[category]
	if n == nil || n.Type != 131 {
		return category, nil
	}
	for i := range n.Attributes {
		if strconv.Itoa(n.Attributes[i].ID) == parts[1] {
			return category, &n.Attributes[i]
		}
	}
	return category, nil
}

// fits checks a value against its definition.
func (a *ECMAttribute) fits(value any) bool {
	many, isList := value.([]any)
	if isList != a.Multi && value != nil {
		return false
	}
	if !isList {
		many = []any{value}
	}
	return !slices.ContainsFunc(many, func(v any) bool { return !a.fitsOne(v) })
}

func (a *ECMAttribute) fitsOne(v any) bool {
	text := ""
	if v != nil {
		text = fmt.Sprint(v)
	}
	if text == "" {
		return true
	}
	switch a.Type {
	case "integer":
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	case "boolean":
		return slices.Contains([]string{"true", "false", "True", "False", "1", "0"}, text)
	case "date":
		for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", time.RFC3339} {
			if _, err := time.Parse(layout, text); err == nil {
				return true
			}
		}
		return false
	}
	return a.MaxLength == 0 || utf8.RuneCountInString(text) <= a.MaxLength
}

// applyValues checks all values, then writes them. Only is the one category
// that may be touched, 0 for any, which then are applied too.
func (e *ECM) applyValues(n *ecmNode, values map[string]any, only int64) (ecmReply, bool) {
	touched := map[int64]bool{}
	for _, key := range sortedKeys(values) {
		category, a := e.attribute(key)
		if only != 0 && category != only {
			return fail(http.StatusBadRequest, "Category ID '%d' non-matching attribute ('%s') was found", only, key), true
		}
		if strings.HasSuffix(key, "_1") && e.state.Nodes[category] != nil {
			touched[category] = true
			continue
		}
		if a == nil {
			return fail(http.StatusBadRequest, "Category ID '%d' non-matching attribute ('%s') was found", category, key), true
		}
		if !a.fits(values[key]) {
			return fail(http.StatusInternalServerError, "Invalid attribute entry found"), true
		}
		touched[category] = true
	}
	for _, category := range sortedKeys(touched) {
		for _, a := range e.state.Nodes[category].Attributes {
			key := fmt.Sprintf("%d_%d", category, a.ID)
			value, sent := values[key]
			if !sent && n.Categories[category] != nil {
				value = n.Categories[category][key]
			}
			if a.Required && empty(value) {
				return fail(http.StatusBadRequest, "Missing required parameter '%s'", a.Label), true
			}
		}
	}
	if n.Categories == nil {
		n.Categories = map[int64]map[string]any{}
	}
	for category := range touched {
		if n.Categories[category] == nil {
			n.Categories[category] = map[string]any{}
			for _, a := range e.state.Nodes[category].Attributes {
				n.Categories[category][fmt.Sprintf("%d_%d", category, a.ID)] = a.unset()
			}
		}
	}
	for key, value := range values {
		if category, a := e.attribute(key); a != nil {
			n.Categories[category][key] = a.stored(value)
		}
	}
	return ecmReply{}, false
}

func (a *ECMAttribute) unset() any {
	if a.Multi {
		return []any{}
	}
	return nil
}

// stored is how the server gives a value back: dates with a time, integers as
// numbers.
func (a *ECMAttribute) stored(v any) any {
	if v == nil || v == "" {
		return a.unset()
	}
	if list, isList := v.([]any); isList {
		return list
	}
	switch text := fmt.Sprint(v); a.Type {
	case "date":
		if len(text) == len(time.DateOnly) {
			return text + "T00:00:00"
		}
		return text
	case "integer":
		n, _ := strconv.ParseInt(text, 10, 64)
		return n
	case "boolean":
		return strings.EqualFold(text, "true") || text == "1"
	default:
		return text
	}
}

func empty(v any) bool {
	list, isList := v.([]any)
	return v == nil || v == "" || (isList && len(list) == 0)
}

func (c *ecmCall) categories() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	}
	results := []any{}
	for _, id := range sortedKeys(n.Categories) {
		results = append(results, map[string]any{"data": map[string]any{"categories": n.Categories[id]}})
	}
	return ok(map[string]any{"links": c.links(), "results": results})
}

func (c *ecmCall) category() ecmReply {
	n := c.node(c.id("id"))
	if n == nil || n.Categories[c.id("category")] == nil {
		return fail(http.StatusBadRequest, "Category ID '%s' is not a category on node '%s'", c.r.PathValue("category"), c.r.PathValue("id"))
	}
	return ok(map[string]any{"links": c.links(), "results": []any{map[string]any{"data": map[string]any{"categories": n.Categories[c.id("category")]}}}})
}

// attributes are the attribute keys among the parameters, of form and body.
func (c *ecmCall) attributes() map[string]any {
	values := map[string]any{}
	for key, list := range c.form {
		if _, a := c.e.attribute(key); a != nil || strings.Count(key, "_") == 1 && strings.Trim(key, "0123456789_") == "" {
			if a != nil && a.Multi {
				many := []any{}
				for _, v := range list {
					many = append(many, v)
				}
				values[key] = many
				continue
			}
			values[key] = list[0]
		}
	}
	for key, v := range c.body {
		if key != "category_id" {
			values[key] = v
		}
	}
	return values
}

func (c *ecmCall) addCategory() ecmReply {
	n := c.node(c.id("id"))
	id, isID := c.number("category_id")
	definition := c.e.state.Nodes[id]
	switch {
	case n == nil:
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	case !isID || definition == nil || definition.Type != 131:
		return fail(http.StatusBadRequest, "No permissions to access the attribute definition node")
	case n.Categories[id] != nil:
		return fail(http.StatusBadRequest, "The attribute group '%s' already exists", definition.Name)
	case n.Record != nil && n.Record.Final && !c.e.options.OpenAttributes:
		return fail(http.StatusBadRequest, textNoAction, "categories-add")
	}
	values := c.attributes()
	values[fmt.Sprintf("%d_1", id)] = map[string]any{}
	if reply, bad := c.e.applyValues(n, values, id); bad {
		return reply
	}
	n.Token++
	return c.empty()
}

func (c *ecmCall) updateCategory() ecmReply {
	n := c.node(c.id("id"))
	id := c.id("category")
	switch {
	case n == nil:
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	case n.Categories[id] == nil:
		return fail(http.StatusBadRequest, "Category ID '%d' is not a category on node '%d'", id, n.ID)
	case n.Record != nil && n.Record.Final && !c.e.options.OpenAttributes:
		return fail(http.StatusBadRequest, textNoAction, "categories-update")
	}
	values := c.attributes()
	own := fmt.Sprintf("%d_1", id)
	head, _ := values[own].(map[string]any)
	delete(values, own)
	if token, sent := head["metadata_token"]; sent && token != c.e.token("category", n) {
		return fail(http.StatusConflict, textConflict)
	}
	if len(values) == 0 {
		return fail(http.StatusBadRequest, "Parameters are required for PUT, POST, and PATCH methods")
	}
	if reply, bad := c.e.applyValues(n, values, id); bad {
		return reply
	}
	n.Token++
	n.Modified = c.e.now()
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"state": map[string]any{"categories": map[string]any{own: map[string]any{"metadata_token": c.e.token("category", n)}}}}})
}

func (c *ecmCall) removeCategory() ecmReply {
	n := c.node(c.id("id"))
	switch {
	case n == nil || n.Categories[c.id("category")] == nil:
		return fail(http.StatusBadRequest, "Category ID '%s' is not a category on node '%s'", c.r.PathValue("category"), c.r.PathValue("id"))
	case n.locked():
		return fail(http.StatusBadRequest, textNoAction, "categories-remove")
	}
	delete(n.Categories, c.id("category"))
	return c.empty()
}

// categoryForm describes a category as a form.
func (c *ecmCall) categoryForm() ecmReply {
	node, _ := c.number("id")
	if c.node(node) == nil {
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.text("id"))
	}
	id, _ := c.number("category_id")
	definition := c.e.state.Nodes[id]
	if definition == nil || definition.Type != 131 {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	data, fields, properties := map[string]any{}, map[string]any{}, map[string]any{}
	for i, a := range definition.Attributes {
		key := fmt.Sprintf("%d_%d", id, a.ID)
		item := map[string]any{"type": a.Type, "readonly": false, "required": a.Required, "title": a.Label}
		field := map[string]any{"hidden": false, "hideInitValidationError": true, "label": a.Label, "order": i, "readonly": false, "type": "text"}
		if a.MaxLength > 0 {
			item["maxLength"] = a.MaxLength
		}
		if a.Type == "date" {
			item["type"], item["format"], field["type"] = "string", "date", "date"
		}
		if a.Multi {
			item = map[string]any{"type": "array", "items": item, "maxItems": 50, "minItems": 1, "title": a.Label, "required": a.Required, "readonly": false}
		}
		data[key], fields[key], properties[key] = a.unset(), field, item
	}
	form := map[string]any{
		"data": data, "options": map[string]any{"fields": fields, "form": map[string]any{"attributes": map[string]any{"action": "api/v2/nodes/" + c.text("id") + "/categories", "method": "POST"}}},
		"schema": map[string]any{"properties": properties, "type": "object"},
	}
	return ok(map[string]any{"forms": []any{form}})
}
