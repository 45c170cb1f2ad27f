package testserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// member finds a user or a group.
func (e *ECM) member(id int64) (name string, group bool, found bool) {
	for _, u := range e.state.Users {
		if u.ID == id {
			return u.Name, false, true
		}
	}
	for _, g := range e.state.Groups {
		if g.ID == id {
			return g.Name, true, true
		}
	}
	return "", false, false
}

// permissionKind returns the kind of the route: owner, group or public.
func (c *ecmCall) permissionKind() string {
	parts := strings.Split(c.r.URL.Path, "/")
	return parts[5]
}

func (c *ecmCall) onePermission() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	kind, right := c.permissionKind(), c.id("right")
	for _, row := range c.permissionRows(n) {
		p := row.(map[string]any)["data"].(map[string]any)["permissions"].(map[string]any)
		if p["type"] == kind && (kind != "custom" || p["right_id"] == right) {
			return c.several([]any{row})
		}
	}
	return c.several(nil)
}

func (c *ecmCall) effectivePermissions() ecmReply {
	n := c.node(c.id("id"))
	right := c.id("right")
	_, _, found := c.e.member(right)
	if n == nil || !found {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	ids := []int64{right}
	can := n.effective(append(ids, c.e.rights(right)...))
	for _, u := range c.e.state.Users {
		if u.ID == right && u.Admin {
			can = permissionNames
		} else if u.ID == right && !(&ecmCall{e: c.e, user: u, r: c.r}).sees(n) {
			can = []string{}
		}
	}
	return c.several([]any{map[string]any{"data": map[string]any{"permissions": map[string]any{"type": "custom", "right_id": right, "permissions": can}}}})
}

// scope checks what a write of permissions goes to; the nodes it touches come
// back.
func (c *ecmCall) scope() ([]*ecmNode, *ecmReply) {
	n := c.node(c.id("id"))
	if n == nil {
		return nil, new(fail(http.StatusInternalServerError, "%s", textNoAccess))
	}
	if !c.can(n, "edit_permissions") {
		return nil, new(fail(http.StatusInternalServerError, "Insufficient permissions to perform that action"))
	}
	for _, p := range c.list("permissions") {
		if !slices.Contains(permissionNames, p) {
			return nil, new(fail(http.StatusBadRequest, "One or more parameters are invalid"))
		}
	}
	to, _ := c.number("apply_to")
	if to != 0 && !container(n.Type) {
		return nil, new(fail(http.StatusBadRequest, "One or more parameters are invalid"))
	}
	var list []*ecmNode
	if to != 1 {
		list = append(list, n)
	}
	kinds, _ := c.numbers("include_sub_types")
	take := func(one *ecmNode) {
		if one != n && (len(kinds) == 0 || slices.Contains(kinds, int64(one.Type))) {
			list = append(list, one)
		}
	}
	switch to {
	case 1, 2:
		c.e.below(n, take)
	case 3:
		for _, child := range c.e.children(n.ID) {
			take(child)
		}
	}
	return list, nil
}

// change writes the permissions of all nodes that the request goes to.
func (c *ecmCall) change(f func(a *ecmAccess)) ecmReply {
	nodes, refused := c.scope()
	if refused != nil {
		return *refused
	}
	for _, n := range nodes {
		f(n.access())
		n.Modified = c.e.now()
		c.audit(n, "Permission Changed")
	}
	return c.empty()
}

func (c *ecmCall) setPermission() ecmReply {
	can, kind := c.list("permissions"), c.permissionKind()
	right, hasRight := c.number("right_id")
	if _, _, found := c.e.member(right); hasRight && !found {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	return c.change(func(a *ecmAccess) {
		switch kind {
		case "owner":
			a.OwnerCan, a.NoOwner = can, false
			if hasRight {
				a.Owner = right
			}
		case "group":
			a.GroupCan, a.NoGroup = can, false
			if hasRight {
				a.Group = right
			}
		case "public":
			a.Public, a.NoPublic = can, false
		}
	})
}

func (c *ecmCall) dropPermission() ecmReply {
	kind := c.permissionKind()
	return c.change(func(a *ecmAccess) {
		switch kind {
		case "owner":
			a.NoOwner = true
		case "group":
			a.NoGroup = true
		case "public":
			a.NoPublic = true
		}
	})
}

func (a *ecmAccess) grant(right int64, can []string) {
	a.revoke(right)
	a.Custom = append(a.Custom, ecmGrant{right, can})
}

func (a *ecmAccess) revoke(right int64) bool {
	before := len(a.Custom)
	a.Custom = slices.DeleteFunc(a.Custom, func(g ecmGrant) bool { return g.Right == right })
	return len(a.Custom) < before
}

func (c *ecmCall) addCustom() ecmReply {
	right, hasRight := c.number("right_id")
	if _, _, found := c.e.member(right); !hasRight || !found {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	if reply := c.change(func(a *ecmAccess) { a.grant(right, c.list("permissions")) }); reply.status != http.StatusOK {
		return reply
	}
	return c.several(c.permissionRows(c.e.state.Nodes[c.id("id")]))
}

func (c *ecmCall) addCustoms() ecmReply {
	var grants []struct {
		Right int64    `json:"right_id"`
		Can   []string `json:"permissions"`
	}
	text := c.text("permissions_array")
	if list, isList := c.body["permissions_array"].([]any); isList {
		text = string(marshal(list))
	}
	if json.Unmarshal([]byte(text), &grants) != nil || len(grants) == 0 {
		return fail(http.StatusBadRequest, "Argument 'permissions_array' is required")
	}
	for _, g := range grants {
		if _, _, found := c.e.member(g.Right); !found {
			return fail(http.StatusInternalServerError, "%s", textNoAccess)
		}
	}
	reply := c.change(func(a *ecmAccess) {
		for _, g := range grants {
			a.grant(g.Right, g.Can)
		}
	})
	if reply.status != http.StatusOK {
		return reply
	}
	return c.several(c.permissionRows(c.e.state.Nodes[c.id("id")]))
}

func (c *ecmCall) setCustom() ecmReply {
	right := c.id("right")
	n := c.node(c.id("id"))
	if n == nil || !slices.ContainsFunc(n.access().Custom, func(g ecmGrant) bool { return g.Right == right }) {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	return c.change(func(a *ecmAccess) { a.grant(right, c.list("permissions")) })
}

func (c *ecmCall) dropCustom() ecmReply {
	return c.change(func(a *ecmAccess) { a.revoke(c.id("right")) })
}
