package testserver

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// ecmRole is a role of a business workspace.
type ecmRole struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Leader      bool     `json:"leader"`
	Can         []string `json:"can"`
	Members     []int64  `json:"members"`
}

// permissionBits are the permissions as an integer mask.
var permissionBits = map[string]int64{
	"see": 130, "see_contents": 36865, "modify": 65536, "edit_attributes": 131072, "add_items": 4, "reserve": 8192, "add_major_version": 4194304, "delete_versions": 16384, "delete": 8, "edit_permissions": 16,
}

// rolesOf are the workspace roles of a user.
func (e *ECM) rolesOf(user int64) []int64 {
	if len(e.state.Types) == 0 {
		return nil
	}
	var ids []int64
	for _, n := range e.state.Nodes {
		if n.Workspace == nil {
			continue
		}
		for _, r := range n.Workspace.Roles {
			if slices.Contains(r.Members, user) {
				ids = append(ids, r.ID)
			}
		}
	}
	return ids
}

func (r *ecmRole) row() map[string]any {
	mask := int64(0)
	for _, p := range r.Can {
		mask |= permissionBits[p]
	}
	return map[string]any{"id": r.ID, "name": r.Name, "leader": r.Leader, "perms": mask, "description": r.Description, "inherited_from_id": nil}
}

func (c *ecmCall) workspaceRoles() ecmReply {
	n, refused := c.workspace()
	if refused != nil {
		return *refused
	}
	results := []any{}
	for _, r := range n.Workspace.Roles {
		results = append(results, map[string]any{"data": map[string]any{"properties": r.row()}})
	}
	return ok(map[string]any{"links": c.links(), "results": results})
}

func (c *ecmCall) roleReply(r *ecmRole) ecmReply {
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"data": map[string]any{"properties": r.row()}}})
}

// fillRole reads a role's fields; false tells that one is wrong.
func (c *ecmCall) fillRole(r *ecmRole) bool {
	for name, to := range map[string]*string{"name": &r.Name, "description": &r.Description} {
		if c.has(name) {
			*to = c.text(name)
		}
	}
	if c.sent("permissions") {
		r.Can = nil
		for _, p := range c.list("permissions") {
			if p == "edit" {
				p = "edit_permissions"
			}
			if _, known := permissionBits[p]; !known {
				return false
			}
			r.Can = append(r.Can, p)
		}
	} else if mask, isMask := c.number("perms"); isMask {
		r.Can = slices.DeleteFunc(slices.Clone(permissionNames), func(p string) bool { return mask&permissionBits[p] != permissionBits[p] })
	}
	if c.sent("members") {
		ids, isList := c.numbers("members")
		if !isList || slices.ContainsFunc(ids, func(id int64) bool { return c.e.memberRow(id) == nil }) {
			return false
		}
		r.Members = ids
	}
	if c.has("leader") {
		r.Leader = c.flag("leader")
	}
	return r.Name != ""
}

func (c *ecmCall) createRole() ecmReply {
	n, refused := c.workspace()
	if refused != nil {
		return *refused
	}
	r := &ecmRole{ID: c.e.newNumber()}
	w := n.Workspace
	switch {
	case !c.can(n, "edit_permissions"):
		return fail(http.StatusBadRequest, "%s", textNoPermission)
	case !c.fillRole(r):
		return fail(http.StatusBadRequest, "One or more parameters are invalid")
	case slices.ContainsFunc(w.Roles, func(o *ecmRole) bool { return strings.EqualFold(o.Name, r.Name) }):
		return fail(http.StatusBadRequest, textNameTaken, r.Name)
	}
	if r.Leader {
		for _, o := range w.Roles {
			o.Leader = false
		}
	}
	w.Roles = append(w.Roles, r)
	return c.roleReply(r)
}

// role finds workspace and role of a request's path.
func (c *ecmCall) role() (*ecmNode, *ecmRole, *ecmReply) {
	n, refused := c.workspace()
	if refused != nil {
		return nil, nil, refused
	}
	i := slices.IndexFunc(n.Workspace.Roles, func(r *ecmRole) bool { return r.ID == c.id("role") })
	if i < 0 {
		return nil, nil, new(fail(http.StatusNotFound, "The role does not exist"))
	}
	if c.r.Method != http.MethodGet && !c.can(n, "edit_permissions") {
		return nil, nil, new(fail(http.StatusBadRequest, "%s", textNoPermission))
	}
	return n, n.Workspace.Roles[i], nil
}

func (c *ecmCall) getRole() ecmReply {
	_, r, refused := c.role()
	if refused != nil {
		return *refused
	}
	return c.roleReply(r)
}

func (c *ecmCall) updateRole() ecmReply {
	_, r, refused := c.role()
	if refused != nil {
		return *refused
	}
	next := *r
	if !c.fillRole(&next) {
		return fail(http.StatusBadRequest, "One or more parameters are invalid")
	}
	*r = next
	return c.roleReply(r)
}

func (c *ecmCall) noResults() ecmReply {
	return ok(map[string]any{"links": c.links(), "results": map[string]any{}})
}

func (c *ecmCall) deleteRole() ecmReply {
	n, r, refused := c.role()
	switch {
	case refused != nil:
		return *refused
	case r.Leader:
		return fail(http.StatusBadRequest, "The lead role cannot be deleted")
	}
	n.Workspace.Roles = slices.DeleteFunc(n.Workspace.Roles, func(o *ecmRole) bool { return o == r })
	return c.noResults()
}

func (e *ECM) roleMember(id int64) map[string]any {
	row := e.memberRow(id)
	return map[string]any{
		"id": id, "name": row["name"], "display_name": row["name"], "first_name": row["name"], "last_name": "", "middle_name": "", "group_id": defaultGroup, "group_name": "DefaultGroup",
	}
}

func (c *ecmCall) roleMembers() ecmReply {
	_, r, refused := c.role()
	if refused != nil {
		return *refused
	}
	results := []any{}
	for _, id := range r.Members {
		results = append(results, map[string]any{"data": map[string]any{"properties": c.e.roleMember(id)}})
	}
	return ok(map[string]any{"links": c.links(), "results": results})
}

func (c *ecmCall) addRoleMember() ecmReply {
	_, r, refused := c.role()
	id, isID := c.number("id")
	switch {
	case refused != nil:
		return *refused
	case !isID || c.e.memberRow(id) == nil:
		return fail(http.StatusBadRequest, "Argument 'id' is required")
	case slices.Contains(r.Members, id):
		return fail(http.StatusBadRequest, "The member belongs to the role already")
	}
	r.Members = append(r.Members, id)
	return c.memberReply(id)
}

func (c *ecmCall) memberReply(id int64) ecmReply {
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"data": map[string]any{"properties": c.e.roleMember(id)}}})
}

func (c *ecmCall) getRoleMember() ecmReply {
	_, r, refused := c.role()
	switch {
	case refused != nil:
		return *refused
	case !slices.Contains(r.Members, c.id("member")):
		return fail(http.StatusNotFound, "The member does not belong to the role")
	}
	return c.memberReply(c.id("member"))
}

func (c *ecmCall) removeRoleMember() ecmReply {
	_, r, refused := c.role()
	switch {
	case refused != nil:
		return *refused
	case !slices.Contains(r.Members, c.id("member")):
		return fail(http.StatusNotFound, "The member does not belong to the role")
	}
	r.Members = slices.DeleteFunc(r.Members, func(id int64) bool { return id == c.id("member") })
	return c.noResults()
}

// workspaceMembers lists the roles with their first members.
func (c *ecmCall) workspaceMembers() ecmReply {
	n, refused := c.workspace()
	if refused != nil {
		return *refused
	}
	limit := int64(10)
	if k, isNumber := c.number("limit_members"); isNumber && k > 0 {
		limit = k
	}
	some, paging := page(c, n.Workspace.Roles)
	results := []any{}
	for _, r := range some {
		members := []any{}
		for _, id := range r.Members[:min(int64(len(r.Members)), limit)] {
			row := c.e.memberRow(id)
			members = append(members, map[string]any{"id": id, "initials": row["initials"], "name": row["name"], "name_formatted": row["name"], "photo_id": nil, "photo_url": nil, "type": row["type"], "type_name": row["type_name"]})
		}
		results = append(results, map[string]any{"actions": map[string]any{"data": map[string]any{}, "map": map[string]any{}, "order": []any{}}, "data": map[string]any{
			"properties": map[string]any{"id": r.ID, "name": r.Name, "leader": r.Leader, "inherited_from_id": nil, "type": 848, "type_formatted": "Role"}, "members": members,
		}})
	}
	return ok(map[string]any{"links": c.links(), "collection": map[string]any{"paging": paging}, "results": results})
}

// related lists related workspaces.
func (c *ecmCall) related() ecmReply {
	n, refused := c.workspace()
	if refused != nil {
		return *refused
	}
	kinds := append(c.list("where_rel_types"), c.list("where_relationtype")...)
	types, _ := c.numbers("where_workspace_type_ids")
	if id, isID := c.number("where_workspace_type_id"); isID {
		types = append(types, id)
	}
	var all []*ecmNode
	byNode := map[int64]string{}
	for _, r := range n.Workspace.Relations {
		to := c.node(r.To)
		if to == nil || len(types) > 0 && !slices.Contains(types, to.Workspace.Type) || !like(c.text("where_name"), to.Name) {
			continue
		}
		if len(kinds) == 0 || slices.ContainsFunc(kinds, func(k string) bool { return strings.Trim(k, "' ") == r.Kind }) {
			all = append(all, to)
			byNode[to.ID] = r.Kind
		}
	}
	return c.workspaceList(all, byNode)
}

var otherKind = map[string]string{"child": "parent", "parent": "child"}

func (c *ecmCall) relateWorkspaces() ecmReply {
	n, refused := c.workspace()
	if refused != nil {
		return *refused
	}
	id, _ := c.number("rel_bw_id")
	kind := c.text("rel_type")
	if kind == "" {
		kind = "child"
	}
	other := c.node(id)
	switch {
	case other == nil || other.Workspace == nil || other == n:
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	case otherKind[kind] == "":
		return fail(http.StatusBadRequest, "One or more parameters are invalid")
	case slices.Contains(n.Workspace.Relations, ecmRelation{id, kind}):
		return fail(http.StatusBadRequest, "The relation exists already")
	}
	n.Workspace.Relations = append(n.Workspace.Relations, ecmRelation{id, kind})
	other.Workspace.Relations = append(other.Workspace.Relations, ecmRelation{n.ID, otherKind[kind]})
	return c.noResults()
}

func (c *ecmCall) unrelateWorkspaces() ecmReply {
	n, refused := c.workspace()
	if refused != nil {
		return *refused
	}
	to, kind := c.id("to"), c.text("rel_type")
	before := len(n.Workspace.Relations)
	n.Workspace.Relations = slices.DeleteFunc(n.Workspace.Relations, func(r ecmRelation) bool { return r.To == to && (kind == "" || r.Kind == kind) })
	if len(n.Workspace.Relations) == before {
		return fail(http.StatusNotFound, "The relation does not exist")
	}
	if other := c.e.state.Nodes[to]; other != nil && other.Workspace != nil {
		other.Workspace.Relations = slices.DeleteFunc(other.Workspace.Relations, func(r ecmRelation) bool { return r.To == n.ID && (kind == "" || r.Kind == otherKind[kind]) })
	}
	return c.noResults()
}

// addableRoles lists the roles that can get access to a node.
func (c *ecmCall) addableRoles() ecmReply {
	id, isID := c.number("addable_to_node_id")
	n := c.node(id)
	if !isID || n == nil {
		return fail(http.StatusBadRequest, "Argument 'addable_to_node_id' is required")
	}
	var rows []any
	for at := n; at != nil; at = c.e.state.Nodes[at.Parent] {
		if at.Workspace == nil {
			continue
		}
		for _, r := range at.Workspace.Roles {
			if containsFold(r.Name, c.text("query")) {
				rows = append(rows, map[string]any{"data": map[string]any{
					"id": r.ID, "name": r.Name, "name_formatted": r.Name, "initials": r.Name[:1], "leader_id": nil, "node_id": at.ID, "type": 848, "type_name": "Role", "deleted": false,
				}})
			}
		}
	}
	c.perPage = 10
	some, paging := page(c, rows)
	delete(paging, "links")
	return ok(map[string]any{"collection": map[string]any{"paging": paging, "sorting": map[string]any{"sort": []any{}}}, "links": c.links(), "results": orEmpty(some)})
}

// grantRole gives a workspace role permissions on a node.
func (c *ecmCall) grantRole() ecmReply {
	n := c.node(c.id("id"))
	role, isID := c.number("role_id")
	r := &ecmRole{Name: "?"}
	if n == nil || !isID || !c.can(n, "edit_permissions") || !c.fillRole(r) {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	n.access().grant(role, r.Can)
	c.audit(n, "Permission Changed")
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"success": 1, "failure": 0}})
}

// workspaceForm describes what a new workspace needs.
func (c *ecmCall) workspaceForm() ecmReply {
	t, template := c.template()
	if t == nil {
		return fail(http.StatusBadRequest, "Missing required parameter 'template_id'")
	}
	form := func(role string, properties map[string]any) any {
		return map[string]any{"role_name": role, "data": map[string]any{}, "options": map[string]any{"fields": map[string]any{}}, "schema": map[string]any{"properties": properties}}
	}
	forms := []any{form("general", map[string]any{"name": map[string]any{"type": "string", "required": true, "maxLength": 248}, "description": map[string]any{"type": "string"}})}
	categories := map[string]any{}
	for _, id := range sortedKeys(c.e.state.Nodes[template.ID].Categories) {
		_, _, properties := formParts(fmt.Sprintf("%d_", id), c.e.state.Nodes[id].Attributes)
		categories[fmt.Sprint(id)] = map[string]any{"type": "object", "properties": properties}
	}
	forms = append(forms, form("categories", categories))
	if t.RMEnabled {
		forms = append(forms, form("rmclassifications", map[string]any{"class_id": map[string]any{"type": "integer"}}))
	}
	return ok(map[string]any{"forms": forms})
}
