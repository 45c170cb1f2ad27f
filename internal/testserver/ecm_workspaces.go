package testserver

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ECMWorkspaceType is a type of business workspaces with its templates.
type ECMWorkspaceType struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// RMEnabled tells that workspaces of the type can be records.
	RMEnabled bool          `json:"rm_enabled"`
	Templates []ECMTemplate `json:"templates"`
	// Folder is where workspaces are made when the request does not say so.
	Folder int64 `json:"folder"`
}

// ECMTemplate is a template of business workspaces.
type ECMTemplate struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// Roles that each workspace has; the first one leads.
	Roles []string `json:"roles"`
}

// ecmWorkspace is what makes a node a business workspace.
type ecmWorkspace struct {
	Type      int64         `json:"type"`
	Template  int64         `json:"template"`
	System    string        `json:"system"`
	Kind      string        `json:"kind"`
	Business  string        `json:"business"`
	Roles     []*ecmRole    `json:"roles"`
	Relations []ecmRelation `json:"relations"`
}

type ecmRelation struct {
	To   int64  `json:"to"`
	Kind string `json:"kind"`
}

// AddWorkspaceType adds a type of business workspaces and returns its number
// and those of its templates.
func (e *ECM) AddWorkspaceType(t ECMWorkspaceType) (id int64, templates []int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t.ID = e.number("type")
	t.Folder = cmp.Or(t.Folder, workspacesID)
	for i := range t.Templates {
		t.Templates[i].ID = e.add(&ecmNode{Parent: workspacesID, Type: 849, Name: t.Templates[i].Name})
		templates = append(templates, t.Templates[i].ID)
	}
	e.state.Types = append(e.state.Types, &t)
	return t.ID, templates
}

func (e *ECM) workspaceType(id int64) *ECMWorkspaceType {
	i := slices.IndexFunc(e.state.Types, func(t *ECMWorkspaceType) bool { return t.ID == id })
	if i < 0 {
		return nil
	}
	return e.state.Types[i]
}

func (c *ecmCall) typeData(t *ECMWorkspaceType) map[string]any {
	p := map[string]any{
		"wksp_type_id": t.ID, "wksp_type_name": t.Name, "wksp_type_names": map[string]any{"en": t.Name}, "rm_enabled": t.RMEnabled, "config_node_id": t.Folder, "wksp_creation_enabled": true,
		"wksp_copy_enabled": false, "wksp_policies_enabled": false, "add_creator_to_lead_role": true, "classification": map[string]any{"location": "None", "location_value": ""},
		"wksp_creation": map[string]any{"location": "StaticNodeId", "location_value": strconv.FormatInt(t.Folder, 10), "use_also_for_manual_creation": true},
	}
	if c.flag("expand_templates") {
		list := []any{}
		for _, one := range t.Templates {
			list = append(list, map[string]any{"id": one.ID, "name": one.Name, "subType": 848})
		}
		p["templates"] = list
	}
	data := map[string]any{"properties": p}
	if c.flag("expand_wksp_info") {
		data["wksp_info"] = map[string]any{"in_use": true, "indexing_status": "UpToDate", "wksp_type_icon": ""}
	}
	return data
}

func (c *ecmCall) workspaceTypes() ecmReply {
	if len(c.e.state.Types) == 0 {
		return fail(http.StatusInternalServerError, "No workspace types found")
	}
	results := []any{}
	for _, t := range c.e.state.Types {
		results = append(results, map[string]any{"data": c.typeData(t)})
	}
	return ok(map[string]any{"links": c.links(), "results": results})
}

func (c *ecmCall) oneWorkspaceType() ecmReply {
	t := c.e.workspaceType(c.id("type"))
	if t == nil {
		return fail(http.StatusNotFound, "The workspace type does not exist")
	}
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"data": c.typeData(t)}})
}

// template finds type and template that a request names, by either.
func (c *ecmCall) template() (*ECMWorkspaceType, *ECMTemplate) {
	template, byTemplate := c.number("template_id")
	kind, byKind := c.number("wksp_type_id")
	for _, t := range c.e.state.Types {
		for i := range t.Templates {
			if byTemplate && t.Templates[i].ID == template || !byTemplate && byKind && t.ID == kind {
				return t, &t.Templates[i]
			}
		}
	}
	return nil, nil
}

func (c *ecmCall) createWorkspace() ecmReply {
	t, template := c.template()
	if t == nil {
		return fail(http.StatusBadRequest, "Missing required parameter 'template_id'")
	}
	parent := t.Folder
	if id, isID := c.number("parent_id"); isID {
		parent = id
	}
	w := &ecmWorkspace{Type: t.ID, Template: template.ID, System: c.text("ext_system_id"), Kind: c.text("bo_type"), Business: c.text("bo_id")}
	name := c.text("name")
	if _, refused := c.place(parent, name); refused != nil {
		return *refused
	}
	if w.Business != "" && c.byBusiness(w.System, w.Kind, w.Business) != nil {
		return fail(http.StatusBadRequest, "A business workspace for the business object '%s' already exists.", w.Business)
	}
	n := &ecmNode{Parent: parent, Type: 848, Name: name, Description: c.text("description"), Owner: c.user.ID, Workspace: w}
	if reply, bad := c.roles(n); bad {
		return reply
	}
	if reply, bad := c.workspaceRecord(n); bad {
		return reply
	}
	c.e.add(n)
	for i, role := range template.Roles {
		w.Roles = append(w.Roles, &ecmRole{ID: c.e.newNumber(), Name: role, Leader: i == 0, Can: permissionNames})
	}
	if len(w.Roles) > 0 {
		w.Roles[0].Members = []int64{c.user.ID}
	}
	c.audit(n, "Create")
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"id": n.ID, "direct_open": true, "sub_folder_id": 0}})
}

// newNumber numbers what shares the nodes' numbering: roles are members.
func (e *ECM) newNumber() int64 {
	e.state.Next++
	return e.state.Next
}

// workspaceRecord applies an RM classification that comes at creation.
func (c *ecmCall) workspaceRecord(n *ecmNode) (ecmReply, bool) {
	roles, _ := c.body["roles"].(map[string]any)
	rm, _ := roles["rmclassifications"].(map[string]any)
	id, isID := asNumber(textOf(rm["class_id"])).(int64)
	if !isID {
		return ecmReply{}, false
	}
	class, t := c.node(id), c.e.workspaceType(n.Workspace.Type)
	if class == nil || class.Type != 551 || !t.RMEnabled || !c.may("classify") {
		return fail(http.StatusBadRequest, textRMDenied), true
	}
	n.Record = c.declared(n, class)
	return ecmReply{}, false
}

func (c *ecmCall) byBusiness(system, kind, id string) *ecmNode {
	for _, n := range c.e.state.Nodes {
		if w := n.Workspace; w != nil && !n.Deleted && w.Business == id && w.Kind == kind && w.System == system {
			return n
		}
	}
	return nil
}

// touch remembers that the user has just had a workspace open.
func (c *ecmCall) touch(n *ecmNode) {
	if n.Workspace == nil {
		return
	}
	list := slices.DeleteFunc(c.e.state.Recent[c.user.Name], func(id int64) bool { return id == n.ID })
	c.e.state.Recent[c.user.Name] = append(list, n.ID)
}

func (c *ecmCall) workspaceRow(n *ecmNode) map[string]any {
	p := c.e.properties(n)
	for k, v := range map[string]any{
		"create_date": n.Created.Format("2006-01-02T15:04:05"), "modify_date": n.Modified.Format("2006-01-02T15:04:05"), "wnf_wksp_type_id": n.Workspace.Type,
		"wnf_wksp_template_id": n.Workspace.Template, "rm_enabled": c.e.workspaceType(n.Workspace.Type).RMEnabled,
	} {
		p[k] = v
	}
	for perm, key := range map[string]string{
		"see": "perm_see", "see_contents": "perm_see_contents", "modify": "perm_modify", "edit_attributes": "perm_modify_attributes", "add_items": "perm_create", "reserve": "perm_reserve",
		"add_major_version": "perm_add_major_version", "delete_versions": "perm_delete_versions", "delete": "perm_delete", "edit_permissions": "perm_modify_permissions",
	} {
		p[key] = c.can(n, perm)
	}
	return p
}

// like matches a name filter: contains_, startswith_, or the beginning.
func like(filter, name string) bool {
	name = strings.ToLower(name)
	filter = strings.ToLower(filter)
	if part, found := strings.CutPrefix(filter, "contains_"); found {
		return strings.Contains(name, part)
	}
	return strings.HasPrefix(name, strings.TrimPrefix(filter, "startswith_"))
}

// workspaces lists workspaces; without expanded_view only those that the user
// has had open lately.
func (c *ecmCall) workspaces() ecmReply {
	kind, ofKind := c.number("where_workspace_type_id")
	var all []*ecmNode
	for _, n := range c.e.state.Nodes {
		w := n.Workspace
		if w == nil || c.node(n.ID) == nil || !c.flag("expanded_view") && !slices.Contains(c.e.state.Recent[c.user.Name], n.ID) {
			continue
		}
		same := func(name, value string) bool { return !c.has(name) || c.text(name) == value }
		if ofKind && w.Type != kind || !same("where_ext_system_id", w.System) || !same("where_bo_type", w.Kind) || !same("where_bo_id", w.Business) ||
			!like(c.text("where_name"), n.Name) || !like(c.text("where_workspace_type_name"), c.e.workspaceType(w.Type).Name) {
			continue
		}
		all = append(all, n)
	}
	return c.workspaceList(all, nil)
}

// workspaceList answers with workspaces; kinds tells how each is related.
func (c *ecmCall) workspaceList(all []*ecmNode, kinds map[int64]string) ecmReply {
	sortNodes(all, c.text("sort"))
	c.perPage = 500
	some, paging := page(c, all)
	results := []any{}
	for _, n := range some {
		row := c.workspaceRow(n)
		if kind := kinds[n.ID]; kind != "" {
			row["rel_type"] = "BO_" + strings.ToUpper(kind[:1]) + kind[1:]
		}
		results = append(results, map[string]any{"data": map[string]any{"properties": row}})
	}
	return ok(map[string]any{"links": c.links(), "paging": paging, "results": results, "wksp_info": map[string]any{"wksp_type_icon": nil}})
}

// workspace finds the workspace of a request's path.
func (c *ecmCall) workspace() (*ecmNode, *ecmReply) {
	n := c.node(c.id("id"))
	if n == nil || n.Workspace == nil {
		return nil, new(fail(http.StatusNotFound, "%s", textNoAccess))
	}
	return n, nil
}

func (c *ecmCall) getWorkspace() ecmReply {
	n, refused := c.workspace()
	if refused != nil {
		return *refused
	}
	c.touch(n)
	w := n.Workspace
	data := map[string]any{
		"properties": c.workspaceRow(n),
		"business_properties": map[string]any{
			"workspace_type_id": w.Type, "workspace_type_name": c.e.workspaceType(w.Type).Name, "isEarly": w.Business == "", "has_default_display": false, "has_default_search": false,
		},
		"workspace_references": []any{},
	}
	if w.Business != "" {
		data["workspace_references"] = []any{map[string]any{"external_system_id": w.System, "business_object_type": w.Kind, "business_object_id": w.Business}}
	}
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"data": data}})
}

func (c *ecmCall) workspaceByBusiness() ecmReply {
	var all []*ecmNode
	if n := c.byBusiness(c.r.PathValue("system"), c.r.PathValue("kind"), c.r.PathValue("business")); n != nil && c.node(n.ID) != nil {
		all = append(all, n)
	}
	return c.workspaceList(all, nil)
}

// enclosing finds the workspace that a node stands in.
func (c *ecmCall) enclosing() ecmReply {
	for at := c.node(c.id("id")); at != nil; at = c.e.state.Nodes[at.Parent] {
		if at.Workspace != nil {
			return ok(map[string]any{"id": at.ID, "isLinked": at.Workspace.Business != "", "type": 848, "workspace_type_id": at.Workspace.Type})
		}
	}
	return fail(http.StatusNotFound, "%s", textNoAccess)
}

// bulkWorkspaces makes or changes workspaces with a business object.
func (c *ecmCall) bulkWorkspaces() ecmReply {
	list, _ := c.body["bws_infos"].([]any)
	if len(list) == 0 {
		return fail(http.StatusBadRequest, "Argument 'bws_infos' is required")
	}
	results := []any{}
	for _, v := range list {
		info, _ := v.(map[string]any)
		delete(info, "parent_id")
		one := &ecmCall{e: c.e, r: c.r, user: c.user, form: c.form, body: info, perPage: c.perPage}
		result := map[string]any{"id": 0, "error_message": ""}
		if n := c.byBusiness(one.text("ext_system_id"), one.text("bo_type"), one.text("bo_id")); one.text("bo_id") == "" {
			result["error_message"] = "Argument 'bo_id' is required"
		} else if n != nil {
			result["id"] = n.ID
			n.Modified = c.e.now()
		} else if reply := one.createWorkspace(); reply.status == http.StatusOK {
			result["id"] = reply.body.(map[string]any)["results"].(map[string]any)["id"]
		} else {
			result["error_message"] = fmt.Sprint(reply.body.(map[string]any)["error"])
		}
		results = append(results, result)
	}
	return ok(results)
}
