package testserver

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func textOf(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func (c *ecmCall) ancestors() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	var way []any
	for at := n; at != nil; at = c.e.state.Nodes[at.Parent] {
		way = append(way, map[string]any{"id": at.ID, "name": at.Name, "parent_id": at.Parent, "type": at.Type, "type_name": typeNames[at.Type], "volume_id": c.e.volumeOf(at)})
	}
	slices.Reverse(way)
	return ok(map[string]any{"ancestors": way})
}

func (c *ecmCall) validateNames() ecmReply {
	parent, isID := c.number("parent_id")
	names, isList := c.body["names"].([]any)
	if !isList {
		for _, name := range c.form["names"] {
			names = append(names, name)
		}
	}
	switch {
	case !c.has("parent_id"):
		return fail(http.StatusBadRequest, "Body Parameter 'parent_id' is missing")
	case !isID:
		return fail(http.StatusBadRequest, "Body Parameter 'parent_id' is invalid")
	case !c.has("names"):
		return fail(http.StatusBadRequest, "Body Parameter 'names' is missing")
	case c.node(parent) == nil:
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	results := []any{}
	for _, name := range names {
		if n := c.e.taken(parent, fmt.Sprint(name), 0); n != nil {
			results = append(results, map[string]any{"id": n.ID, "name": name})
		}
	}
	return ok(map[string]any{"results": results})
}

// enforcement lists which of the given nodes have required attributes.
func (c *ecmCall) enforcement() ecmReply {
	ids, isList := c.numbers("ids")
	if !c.has("ids") || !isList {
		return fail(http.StatusBadRequest, "Body Parameter 'ids' is missing")
	}
	results := []any{}
	for _, id := range ids {
		n := c.node(id)
		if n == nil {
			return fail(http.StatusBadRequest, "%s", textNoAccess)
		}
		for category := range n.Categories {
			if slices.ContainsFunc(c.e.state.Nodes[category].Attributes, func(a ECMAttribute) bool { return a.Required }) {
				results = append(results, map[string]any{"id": id})
				break
			}
		}
	}
	return ok(map[string]any{"results": results})
}

func (c *ecmCall) volumes() ecmReply {
	var results []any
	for _, id := range sortedKeys(c.e.state.Nodes) {
		if n := c.e.state.Nodes[id]; n.Parent == -1 {
			results = append(results, map[string]any{"data": c.nodeData(n)})
		}
	}
	return c.several(results)
}

// volumeNode finds a volume by its subtype.
func (c *ecmCall) volumeNode() (*ecmNode, *ecmReply) {
	kind := c.id("type")
	for _, id := range sortedKeys(c.e.state.Nodes) {
		if n := c.e.state.Nodes[id]; n.Parent == -1 && int64(n.Type) == kind {
			return n, nil
		}
	}
	if typeNames[int(kind)] == "" {
		return nil, new(fail(http.StatusInternalServerError, "Subtype %s not registered", c.r.PathValue("type")))
	}
	return nil, new(fail(http.StatusInternalServerError, "Subtype %s is not a root subtype", c.r.PathValue("type")))
}

func (c *ecmCall) volume() ecmReply {
	n, refused := c.volumeNode()
	if refused != nil {
		return *refused
	}
	return c.single(c.nodeData(n))
}

func (c *ecmCall) volumeChildren() ecmReply {
	n, refused := c.volumeNode()
	if refused != nil {
		return *refused
	}
	return c.browse(n, c.flat)
}

func (c *ecmCall) byNickname() ecmReply {
	name := c.r.PathValue("nickname")
	for _, id := range sortedKeys(c.e.state.Nodes) {
		if n := c.e.state.Nodes[id]; n.Nickname != "" && strings.EqualFold(n.Nickname, name) && c.node(id) != nil {
			return c.single(c.nodeData(n))
		}
	}
	return fail(http.StatusNotFound, "Sorry, no exact match was found for an item with the Nickname '%s'.", name)
}

func (c *ecmCall) setNickname() ecmReply {
	n := c.node(c.id("id"))
	name := c.text("nickname")
	_, notNumber := strconv.Atoi(name)
	switch {
	case n == nil:
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	case name == "" || utf8.RuneCountInString(name) > 248:
		return fail(http.StatusInternalServerError, "Nickname length must be between 1 and 248 characters")
	case notNumber == nil:
		return fail(http.StatusInternalServerError, "Nickname cannot be a number")
	case strings.ContainsAny(name, "!%()-{}[]\";'<>?,./\\# "):
		return fail(http.StatusInternalServerError, "Nickname contains an invalid character")
	}
	for _, other := range c.e.state.Nodes {
		if other != n && !other.Deleted && strings.EqualFold(other.Nickname, name) {
			return fail(http.StatusInternalServerError, "Nicknames must be unique")
		}
	}
	n.Nickname = name
	return c.empty()
}

// offered are the actions that the user may do with a node now.
func (c *ecmCall) offered(n *ecmNode) []string {
	list := []string{"open", "properties", "permissions"}
	if n.Type == 144 {
		list = append(list, "download", "versions")
	}
	add := func(action string, may bool) {
		if may {
			list = append(list, action)
		}
	}
	add("browse", container(n.Type) && c.can(n, "see_contents"))
	add("addnode", container(n.Type) && c.may("create") && c.can(n, "add_items"))
	add("copy", true)
	add("rename", c.can(n, "modify") && !c.e.locked(n) && !c.busy(n))
	add("move", c.can(n, "modify") && !c.e.keeps(n) && !c.busy(n) && n.Parent != -1)
	add("delete", c.can(n, "delete") && !c.e.keeps(n) && !c.busy(n) && n.Parent != -1 && c.may("delete"))
	add("addversion", n.Type == 144 && c.can(n, "modify") && !c.e.locked(n) && !c.busy(n))
	add("reserve", n.Reserved == nil && c.can(n, "reserve"))
	add("unreserve", n.Reserved != nil && !c.busy(n))
	add("audit", c.may("audit"))
	add("editpermissions", c.can(n, "edit_permissions"))
	add("AddRMClassifications", classifiable(n.Type) && c.may("classify") && !n.final())
	return list
}

// actions tells which of the asked actions are offered for each node.
func (c *ecmCall) actions() ecmReply {
	ids, isList := c.numbers("ids")
	switch {
	case !c.has("ids"):
		return fail(http.StatusBadRequest, "The parameter 'ids' is not specified")
	case !isList:
		return fail(http.StatusBadRequest, "Invalid datatype specified for argument 'ids'")
	case c.r.Method == http.MethodGet && len(ids) > 100:
		return fail(http.StatusBadRequest, "Too many items specified for parameter 'ids'")
	}
	asked := c.list("actions")
	results := map[string]any{}
	for _, id := range ids {
		n := c.node(id)
		if n == nil {
			continue
		}
		data, order := map[string]any{}, []any{}
		for _, action := range c.offered(n) {
			if len(asked) > 0 && !slices.Contains(asked, action) {
				continue
			}
			body := ""
			if action == "AddRMClassifications" {
				body = `{"displayPrompt":false,"enabled":true,"inheritfrom":false,"managed":true}`
			}
			data[action] = map[string]any{"body": body, "content_type": "", "form_href": "", "href": fmt.Sprintf("/api/v2/nodes/%d", id), "method": "GET", "name": action}
			order = append(order, action)
		}
		results[strconv.FormatInt(id, 10)] = map[string]any{"data": data, "map": map[string]any{"default_action": "open"}, "order": order}
	}
	return ok(map[string]any{"links": c.links(), "results": results})
}
