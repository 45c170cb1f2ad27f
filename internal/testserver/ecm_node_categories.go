package testserver

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// typeNumbers are the numbers of attribute types in metadata.
var typeNumbers = map[string]int{"string": -1, "integer": 2, "date": -7, "boolean": 5, "user": 14, "set": -18}

// definition describes a category and its attributes as metadata.
func (e *ECM) definition(category int64) map[string]any {
	n := e.state.Nodes[category]
	head := strconv.FormatInt(category, 10)
	out := map[string]any{head: map[string]any{"key": head, "name": n.Name, "persona": "category", "type": -18, "type_name": "Set", "multi_value": false}}
	one := func(key string, a ECMAttribute) {
		out[key] = map[string]any{
			"key": key, "name": a.Label, "type": typeNumbers[a.Type], "type_name": strings.ToUpper(a.Type[:1]) + a.Type[1:], "persona": map[bool]string{true: "user"}[a.Type == "user"],
			"multi_value": a.Multi, "max_length": a.MaxLength, "required": a.Required, "read_only": a.ReadOnly, "hidden": false,
		}
	}
	for _, a := range n.Attributes {
		one(attributeKey(category, a.ID), a)
		for _, inner := range a.Attributes {
			one(fmt.Sprintf("%d_%d_x_%d", category, a.ID, inner.ID), inner)
		}
	}
	return out
}

// categoryData is a category of a node, with metadata if asked.
func (c *ecmCall) categoryData(n *ecmNode, category int64) map[string]any {
	out := map[string]any{"data": map[string]any{"categories": n.Categories[category]}}
	if c.sent("metadata") {
		out["metadata"] = map[string]any{"categories": c.e.definition(category)}
		out["metadata_order"] = map[string]any{"categories": []any{strconv.FormatInt(category, 10)}}
	}
	return out
}

func (c *ecmCall) categories() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	}
	results := []any{}
	for _, id := range sortedKeys(n.Categories) {
		results = append(results, c.categoryData(n, id))
	}
	return ok(map[string]any{"links": c.links(), "results": results})
}

func (c *ecmCall) noCategory() ecmReply {
	return fail(http.StatusBadRequest, "Category ID '%s' is not a category on node '%s'", c.r.PathValue("category"), c.r.PathValue("id"))
}

func (c *ecmCall) category() ecmReply {
	n := c.node(c.id("id"))
	if n == nil || n.Categories[c.id("category")] == nil {
		return c.noCategory()
	}
	return ok(map[string]any{"links": c.links(), "results": []any{c.categoryData(n, c.id("category"))}})
}

// attributes are the attribute keys among the parameters, of form and body.
func (c *ecmCall) attributes() map[string]any {
	values := map[string]any{}
	for key, list := range c.form {
		_, a := c.e.attribute(key)
		if a == nil && (!strings.Contains(key, "_") || strings.Trim(key, "0123456789_") != "") {
			continue
		}
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
	case c.e.fixed(n), !c.can(n, "edit_attributes"), c.busy(n):
		return fail(http.StatusBadRequest, textNoAction, "categories-add")
	}
	values := c.attributes()
	values[attributeKey(id, 1)] = map[string]any{}
	if reply, bad := c.e.applyValues(n, values, id); bad {
		return reply
	}
	n.Token++
	c.audit(n, "Attribute Value Changed")
	return c.empty()
}

func (c *ecmCall) updateCategory() ecmReply {
	n := c.node(c.id("id"))
	id := c.id("category")
	switch {
	case n == nil:
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	case n.Categories[id] == nil:
		return c.noCategory()
	case c.e.fixed(n), !c.can(n, "edit_attributes"), c.busy(n):
		return fail(http.StatusBadRequest, textNoAction, "categories-update")
	}
	values := c.attributes()
	own := attributeKey(id, 1)
	head, _ := values[own].(map[string]any)
	delete(values, own)
	token, sent := head["metadata_token"]
	if sent && token != c.e.token("category", n) {
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
	c.audit(n, "Attribute Value Changed")
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"state": map[string]any{"categories": map[string]any{own: map[string]any{"metadata_token": c.e.token("category", n)}}}}})
}

func (c *ecmCall) removeCategory() ecmReply {
	n := c.node(c.id("id"))
	switch {
	case n == nil || n.Categories[c.id("category")] == nil:
		return c.noCategory()
	case c.e.locked(n), !c.can(n, "edit_attributes"):
		return fail(http.StatusBadRequest, textNoAction, "categories-remove")
	}
	delete(n.Categories, c.id("category"))
	c.audit(n, "Attribute Value Changed")
	return c.empty()
}

// inheritance turns it on and off; for a document it is an error.
func inheritance(on bool) ecmHandler {
	return func(c *ecmCall) ecmReply {
		n, id := c.node(c.id("id")), c.id("category")
		switch {
		case n == nil || n.Categories[id] == nil:
			return fail(http.StatusInternalServerError, "Could not find category ID %d on the node", id)
		case !container(n.Type):
			return fail(http.StatusBadRequest, textNoAction, "categories-inherit")
		}
		if n.Inherit == nil {
			n.Inherit = map[int64]bool{}
		}
		if n.Inherit[id] = on; !on {
			delete(n.Inherit, id)
		}
		return c.empty()
	}
}

// versionCategories lists the categories of a version: those of the node, as
// the fake keeps no older ones.
func (c *ecmCall) versionCategories() ecmReply {
	if n := c.node(c.id("id")); n == nil {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	} else if c.r.PathValue("version") != "0" && c.find(n) == nil {
		return fail(http.StatusBadRequest, "Error getting version for node")
	}
	return c.categories()
}

// categoryForm describes a category as a form.
func (c *ecmCall) categoryForm() ecmReply {
	node, _ := c.number("id")
	n := c.node(node)
	if n == nil {
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.text("id"))
	}
	id, _ := c.number("category_id")
	definition := c.e.state.Nodes[id]
	if definition == nil || definition.Type != 131 {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	data, fields, properties := formParts(strconv.FormatInt(id, 10)+"_", definition.Attributes)
	for k, v := range n.Categories[id] {
		if _, simple := data[k]; simple {
			data[k] = v
		}
	}
	return ok(map[string]any{"forms": []any{map[string]any{
		"data":    data,
		"options": map[string]any{"fields": fields, "form": map[string]any{"attributes": map[string]any{"action": "api/v2/nodes/" + c.text("id") + "/categories", "method": "POST"}}},
		"schema":  map[string]any{"properties": properties, "type": "object"},
	}}})
}

// formParts are data, options and schema of attributes; a set is an object of
// its own, or a list of them.
func formParts(prefix string, list []ECMAttribute) (data, fields, properties map[string]any) {
	data, fields, properties = map[string]any{}, map[string]any{}, map[string]any{}
	for i, a := range list {
		key := prefix + strconv.Itoa(a.ID)
		item := map[string]any{"type": a.Type, "readonly": a.ReadOnly, "required": a.Required, "title": a.Label}
		field := map[string]any{"hidden": false, "hideInitValidationError": true, "label": a.Label, "order": i, "readonly": a.ReadOnly, "type": "text"}
		if a.MaxLength > 0 {
			item["maxLength"] = a.MaxLength
		}
		if len(a.Choices) > 0 {
			item["enum"], field["type"] = a.Choices, "select"
		}
		switch a.Type {
		case "date":
			item["type"], item["format"], field["type"] = "string", "date", "date"
		case "user":
			item["type"], field["type"] = "otcs_user_picker", "otcs_user_picker"
		case "set":
			inner, innerFields, innerProperties := formParts(key+"_x_", a.Attributes)
			item = map[string]any{"type": "object", "properties": innerProperties, "title": a.Label, "readonly": false, "required": a.Required}
			field["type"], field["fields"] = "object", innerFields
			data[key] = inner
			if a.Rows > 1 {
				item = map[string]any{"type": "array", "items": item, "maxItems": a.Rows, "minItems": 1, "title": a.Label, "readonly": false}
				data[key] = []any{inner}
			}
			fields[key], properties[key] = field, item
			continue
		}
		if a.Multi {
			item = map[string]any{"type": "array", "items": item, "maxItems": 50, "minItems": 1, "title": a.Label, "required": a.Required, "readonly": a.ReadOnly}
		}
		data[key], fields[key], properties[key] = a.initial(), field, item
	}
	return data, fields, properties
}
