package testserver

import (
	"net/http"
	"slices"
)

// permissionNames are the permissions of a node, in the server's order.
var permissionNames = []string{"see", "see_contents", "modify", "edit_attributes", "add_items", "reserve", "add_major_version", "delete_versions", "delete", "edit_permissions"}

// ecmAccess is who may do what with a node. A node without one is open.
type ecmAccess struct {
	Owner    int64             `json:"owner"`
	OwnerCan []string          `json:"owner_can"`
	Group    int64             `json:"group"`
	GroupCan []string          `json:"group_can"`
	Public   []string          `json:"public"`
	Custom   []ecmGrant        `json:"custom,omitempty"`
	Dynamic  []ecmDynamicGrant `json:"dynamic,omitempty"`
	NoOwner  bool              `json:"no_owner,omitempty"`
	NoGroup  bool              `json:"no_group,omitempty"`
	NoPublic bool              `json:"no_public,omitempty"`
}

type ecmGrant struct {
	Right int64    `json:"right"`
	Can   []string `json:"can"`
}

type ecmDynamicGrant struct {
	Role    int64    `json:"role"`
	Can     []string `json:"can"`
	Cascade bool     `json:"cascade"`
}

func (a *ecmAccess) clone() *ecmAccess {
	if a == nil {
		return nil
	}
	return new(ecmAccess{
		Owner: a.Owner, OwnerCan: slices.Clone(a.OwnerCan), Group: a.Group, GroupCan: slices.Clone(a.GroupCan), Public: slices.Clone(a.Public),
		Custom: slices.Clone(a.Custom), Dynamic: slices.Clone(a.Dynamic), NoOwner: a.NoOwner, NoGroup: a.NoGroup, NoPublic: a.NoPublic,
	})
}

// open are the permissions of a node without any of its own.
func (n *ecmNode) open() *ecmAccess {
	return &ecmAccess{Owner: n.Owner, OwnerCan: permissionNames, Group: defaultGroup, GroupCan: permissionNames, Public: permissionNames}
}

// access is a node's own permissions, made explicit if it has none yet.
func (n *ecmNode) access() *ecmAccess {
	if n.Access == nil {
		n.Access = n.open()
	}
	return n.Access
}

// rights are the ids that count for a user: the user's own and the groups'.
func (e *ECM) rights(user int64) []int64 {
	ids := []int64{user}
	for _, g := range e.state.Groups {
		if slices.Contains(g.Members, user) {
			ids = append(ids, g.ID)
		}
	}
	return append(ids, e.rolesOf(user)...)
}

// effective are all permissions that ids have on a node.
func (n *ecmNode) effective(ids []int64) []string {
	if n.Access == nil {
		return permissionNames
	}
	a := n.Access
	var all []string
	if !a.NoOwner && slices.Contains(ids, a.Owner) {
		all = append(all, a.OwnerCan...)
	}
	if !a.NoGroup && slices.Contains(ids, a.Group) {
		all = append(all, a.GroupCan...)
	}
	if !a.NoPublic {
		all = append(all, a.Public...)
	}
	for _, g := range a.Custom {
		if slices.Contains(ids, g.Right) {
			all = append(all, g.Can...)
		}
	}
	return slices.DeleteFunc(slices.Clone(permissionNames), func(p string) bool { return !slices.Contains(all, p) })
}

// may tells whether the user has a right on the whole server.
func (c *ecmCall) may(action string) bool {
	return c.user.Admin && len(c.user.Denied) == 0 || !slices.Contains(c.user.Denied, action)
}

// can tells whether the user has a permission on a node.
func (c *ecmCall) can(n *ecmNode, permission string) bool {
	return c.user.Admin || n.Access == nil || slices.Contains(n.effective(c.e.rights(c.user.ID)), permission)
}

// node finds a node that the user may see.
func (c *ecmCall) node(id int64) *ecmNode {
	n := c.e.state.Nodes[id]
	if n == nil || c.e.gone(n) || !c.sees(n) {
		return nil
	}
	return n
}

// sees tells whether a node is visible to the user. What is forbidden looks
// like what does not exist.
func (c *ecmCall) sees(n *ecmNode) bool {
	switch {
	case c.user.Admin:
		return true
	case n.Clearance > c.user.Clearance:
		return false
	case slices.ContainsFunc(n.Markings, func(m string) bool { return !slices.Contains(c.user.Markings, m) }):
		return false
	case n.Record != nil && n.Record.Confidential && n.Owner != c.user.ID:
		return false
	case !c.can(n, "see"):
		return false
	case len(c.user.Roots) == 0, c.e.common(n):
		return true
	}
	for at := n; at != nil; at = c.e.state.Nodes[at.Parent] {
		if slices.Contains(c.user.Roots, at.ID) {
			return true
		}
	}
	return false
}

// common tells that a node is no client's own: a volume, a definition.
func (e *ECM) common(n *ecmNode) bool {
	return n.Parent == -1 || slices.Contains([]int{131, 132, 199, 196, 551, 552, 553, 554, 833}, n.Type)
}

// permissions lists a node's permissions as the server does.
func (c *ecmCall) permissionRows(n *ecmNode) []any {
	a := n.Access
	if a == nil {
		a = n.open()
	}
	row := func(kind string, right any, can []string) any {
		return map[string]any{"data": map[string]any{"permissions": map[string]any{"type": kind, "right_id": right, "permissions": can}}}
	}
	var rows []any
	if !a.NoOwner {
		rows = append(rows, row("owner", a.Owner, a.OwnerCan))
	}
	if !a.NoGroup {
		rows = append(rows, row("group", a.Group, a.GroupCan))
	}
	if !a.NoPublic {
		rows = append(rows, row("public", nil, a.Public))
	}
	for _, g := range a.Custom {
		rows = append(rows, row("custom", g.Right, g.Can))
	}
	return rows
}

func (c *ecmCall) permissions() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	some, paging := page(c, c.permissionRows(n))
	return c.listed(paging, some)
}
