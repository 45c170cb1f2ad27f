package testserver

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

var typeNames = map[int]string{
	0: "Folder", 1: "Shortcut", 131: "Category", 132: "Category Folder", 133: "Categories Volume", 136: "Compound Document", 140: "URL", 141: "Enterprise Workspace",
	142: "Personal Workspace", 144: "Document", 196: "Classification Tree", 198: "Classification Volume", 199: "Classification", 298: "Collection", 550: "Records Management",
	551: "RM Classification", 552: "Hold Maintenance", 553: "RSI Maintenance", 554: "Dispositions", 555: "Disposition Search", 602: "Disposition Group", 833: "Hold Group",
	848: "Business Workspace", 849: "Business Workspace Template", 862: "Business Workspaces",
}

// creatable are the subtypes that POST /v2/nodes makes, with the subtype that
// they have to stand in; 0 means any container.
var creatable = map[int64]int{0: 0, 1: 0, 131: 0, 132: 0, 136: 0, 140: 0, 144: 0, 298: 0, 555: 554, 602: 554, 833: 552}

func container(kind int) bool {
	return !slices.Contains([]int{1, 131, 140, 144, 199, 551, 555}, kind)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func (e *ECM) volumeOf(n *ecmNode) int64 {
	at := n
	for at.Parent > 0 && e.state.Nodes[at.Parent] != nil {
		at = e.state.Nodes[at.Parent]
	}
	return -at.ID
}

// properties are those of a node as v2 answers have them.
func (e *ECM) properties(n *ecmNode) map[string]any {
	p := map[string]any{
		"id": n.ID, "name": n.Name, "type": n.Type, "type_name": typeNames[n.Type], "parent_id": n.Parent, "volume_id": e.volumeOf(n),
		"description": n.Description, "container": container(n.Type), "container_size": len(e.tree.kids[n.ID]), "create_date": stamp(n.Created), "create_user_id": n.Owner,
		"modify_date": stamp(n.Modified), "modify_user_id": n.Owner, "owner_user_id": n.Owner, "owner_group_id": defaultGroup, "reserved": false,
		"reserved_date": nil, "reserved_user_id": 0, "versionable": n.Type == 144, "versions_control_advanced": false, "favorite": false,
		"hidden": false, "guid": nil, "status": nil, "external_create_date": nil, "external_identity": "", "external_identity_type": "",
		"external_modify_date": nil, "external_source": "",
	}
	if n.Reserved != nil {
		p["reserved"], p["reserved_date"], p["reserved_user_id"] = true, stamp(n.Reserved.At), n.Reserved.User
	}
	for k, v := range n.External {
		p[k] = v
	}
	if v := n.newest(); v != nil {
		p["size"], p["mime_type"], p["size_formatted"] = v.Blob.Size, v.MediaType, fmt.Sprintf("%d KB", (v.Blob.Size+1023)/1024)
	}
	return p
}

func (n *ecmNode) newest() *ecmVersion {
	if len(n.Versions) == 0 {
		return nil
	}
	return &n.Versions[len(n.Versions)-1]
}

// fields are the parts that the client asked for.
func (c *ecmCall) fields() []string {
	list := c.form["fields"]
	switch v := c.body["fields"].(type) {
	case []any:
		for _, one := range v {
			list = append(list, fmt.Sprint(one))
		}
	case string:
		list = append(list, v)
	}
	return list
}

// nodeData is a node with the parts that were asked for.
func (c *ecmCall) nodeData(n *ecmNode) map[string]any {
	data := map[string]any{"properties": c.e.properties(n)}
	for _, f := range c.fields() {
		name, selected, _ := strings.Cut(strings.TrimSuffix(f, "}"), "{")
		switch name, _, _ = strings.Cut(name, "."); name {
		case "properties":
			if selected == "" {
				continue
			}
			some := map[string]any{}
			for k := range strings.SplitSeq(selected, ",") {
				if v, known := c.e.properties(n)[strings.TrimSpace(k)]; known {
					some[strings.TrimSpace(k)] = v
				}
			}
			data["properties"] = some
		case "categories":
			list := []any{}
			for _, id := range sortedKeys(n.Categories) {
				list = append(list, n.Categories[id])
			}
			data["categories"] = list
		case "permissions":
			list := []any{}
			for _, row := range c.permissionRows(n) {
				list = append(list, row.(map[string]any)["data"].(map[string]any)["permissions"])
			}
			data["permissions"] = list
		case "versions":
			if n.newest() != nil {
				data["versions"] = c.versionData(n, *n.newest())
			}
		}
	}
	return data
}

func (c *ecmCall) ping() ecmReply {
	api := map[string]any{"build": 2, "href": "api/v1", "version": 1}
	if c.e.options.SpecShapes {
		return ok(api)
	}
	return ok(map[string]any{"rest_api": []any{api}})
}

func (c *ecmCall) serverInfo() ecmReply {
	return c.shaped(map[string]any{
		"server": map[string]any{"version": "23.3", "current_date": stamp(c.e.now()), "time_zone_offset_enabled": true},
		"sessions": map[string]any{
			"enabled": true, "expire_after_last_request": true, "expire_after_last_login": false, "session_timeout": c.e.options.TicketLifetime.Milliseconds(),
			"session_inactivity": 0, "session_reaction_time": 0, "logout_url": "",
		},
	})
}

func (c *ecmCall) getNode() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "Could not get a node for %s", c.r.PathValue("id"))
	}
	results := map[string]any{"data": c.nodeData(n)}
	if c.form.Has("state") {
		results["state"] = map[string]any{"properties": map[string]any{"metadata_token": c.e.token("node", n)}, "categories": map[string]any{"metadata_token": c.e.token("category", n)}}
	}
	c.touch(n)
	return c.shaped(map[string]any{"links": c.links(), "results": results})
}

func (c *ecmCall) getNodeV1() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "Could not get a node for %s", c.r.PathValue("id"))
	}
	actions := []any{}
	for _, a := range c.offered(n) {
		actions = append(actions, map[string]any{"parameterless": false, "read_only": false, "type": a, "type_name": a, "webnode_signature": nil})
	}
	return ok(map[string]any{
		"data": c.e.properties(n), "type": n.Type, "type_name": typeNames[n.Type], "type_info": map[string]any{"advanced_versioning": false, "container": container(n.Type)},
		"definitions": map[string]any{}, "definitions_base": []any{}, "definitions_order": []any{}, "available_actions": actions, "available_roles": []any{}, "addable_types": []any{},
	})
}

// nameFault is what the server itself refuses in a name.
func nameFault(name string) bool {
	return name == "" || utf8.RuneCountInString(name) > 248 || strings.Contains(name, ":")
}

// taken finds the child of that name; names are compared without case.
func (e *ECM) taken(parent int64, name string, except int64) *ecmNode {
	if id := e.tree.names[placeOf(parent, name)]; id != except {
		return e.state.Nodes[id]
	}
	return nil
}

// busy tells that somebody else has reserved the node.
func (c *ecmCall) busy(n *ecmNode) bool { return n.Reserved != nil && n.Reserved.User != c.user.ID }

// reserve reads the parameter that reserves a node or frees it.
func (c *ecmCall) reserve(n *ecmNode) *ecmReply {
	id, isID := c.number("reserved_user_id")
	switch {
	case !c.can(n, "reserve"), c.busy(n) && !c.user.Admin:
		return new(fail(http.StatusBadRequest, textNoAction, "reserve"))
	case isID && id != 0:
		if _, _, found := c.e.member(id); !found {
			return new(fail(http.StatusBadRequest, "One or more parameters are invalid"))
		}
		n.Reserved = &ecmReservation{User: id, At: c.e.now()}
	default:
		n.Reserved = nil
	}
	return nil
}

func (c *ecmCall) updateNode() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	if c.has("metadata_token") && c.text("metadata_token") != c.e.token("node", n) {
		return fail(http.StatusConflict, textConflict)
	}
	if c.sent("reserved_user_id") {
		if refused := c.reserve(n); refused != nil {
			return *refused
		}
		n.Token++
		return c.empty()
	}
	parent, name, refused := c.newPlace(n)
	if refused != nil {
		return *refused
	}
	if parent != n.Parent {
		c.audit(n, "Move")
	}
	if name != n.Name {
		c.audit(n, "Rename")
	}
	c.e.unlink(n)
	n.Parent, n.Name = parent, name
	c.e.link(n)
	if c.sent("description") {
		n.Description = c.text("description")
	}
	n.Modified = c.e.now()
	n.Token++
	return c.empty()
}

// newPlace reads where a node goes and what it is called then.
func (c *ecmCall) newPlace(n *ecmNode) (parent int64, name string, refused *ecmReply) {
	parent, name = n.Parent, n.Name
	if !c.can(n, "modify") || c.busy(n) || n.Parent == -1 {
		return 0, "", new(fail(http.StatusBadRequest, textNoAction, "properties"))
	}
	if c.has("parent_id") {
		to, _ := c.number("parent_id")
		target := c.node(to)
		if target == nil || !container(target.Type) || !c.can(target, "add_items") || c.e.within(target, n.ID) {
			return 0, "", new(fail(http.StatusBadRequest, "%s", textNoAccess))
		}
		if to != n.Parent && c.e.keeps(n) {
			return 0, "", new(fail(http.StatusBadRequest, textNoAction, "move"))
		}
		parent = to
	}
	if c.has("name") {
		if name = c.text("name"); nameFault(name) {
			return 0, "", new(fail(http.StatusBadRequest, "One or more parameters are invalid"))
		}
	}
	if (name != n.Name || c.sent("description") && c.text("description") != n.Description) && (c.e.fixed(n) || c.e.held(n)) {
		return 0, "", new(fail(http.StatusBadRequest, textNoAction, "rename"))
	}
	if c.e.taken(parent, name, n.ID) != nil {
		return 0, "", new(fail(http.StatusInternalServerError, textNameTaken, name))
	}
	return parent, name, nil
}

func (c *ecmCall) deleteNode() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	}
	if c.e.keeps(n) || !c.may("delete") || n.Parent == -1 || !c.can(n, "delete") || c.busy(n) || c.e.common(n) && c.e.inUse(n) {
		return fail(http.StatusBadRequest, textNoAction, "delete")
	}
	c.e.unlink(n)
	n.Deleted, n.DeletedAt, n.DeletedBy = true, c.e.now(), c.user.ID
	c.audit(n, "Delete")
	return c.empty()
}

// inUse tells that a definition serves something.
func (e *ECM) inUse(n *ecmNode) bool {
	if slices.Contains([]int{552, 553, 554}, n.Type) || len(e.tree.kids[n.ID]) > 0 {
		return true
	}
	for _, h := range e.state.Holds {
		if h.Group == n.ID {
			return true
		}
	}
	for _, one := range e.state.Nodes {
		if one.Record.in(n.ID) || one.Categories[n.ID] != nil || slices.Contains(one.Classes, n.ID) {
			return true
		}
	}
	return false
}

func (c *ecmCall) listNodes() ecmReply {
	ids, isList := c.numbers("ids")
	switch {
	case !c.sent("ids"):
		return fail(http.StatusBadRequest, "The parameter 'ids' is not specified")
	case !isList:
		return fail(http.StatusBadRequest, "Invalid datatype specified for argument 'ids'")
	case len(ids) > 250:
		return fail(http.StatusBadRequest, "Too many items specified for parameter 'ids'")
	}
	var results []any
	for _, id := range ids {
		if n := c.node(id); n != nil {
			results = append(results, map[string]any{"data": c.nodeData(n)})
		}
	}
	return c.several(results)
}

// listChildren finds what a container holds, filtered and sorted.
func (c *ecmCall) listChildren(parent *ecmNode) []*ecmNode {
	types, _ := c.numbers("where_type")
	name := strings.ToLower(c.text("where_name"))
	var all []*ecmNode
	for _, n := range c.e.children(parent.ID) {
		if !strings.Contains(strings.ToLower(n.Name), name) || n.Type == 833 || !c.sees(n) {
			continue
		}
		if len(types) == 0 || slices.ContainsFunc(types, func(t int64) bool {
			return int64(n.Type) == t || t == -2 || (t == -1 && container(n.Type)) || (t == -3 && !container(n.Type))
		}) {
			all = append(all, n)
		}
	}
	sortNodes(all, c.text("sort"))
	return all
}

func (c *ecmCall) browse(parent *ecmNode, listed func(map[string]any, []any) ecmReply) ecmReply {
	if !container(parent.Type) || !c.can(parent, "see_contents") {
		return fail(http.StatusInternalServerError, textNoAction, "browse")
	}
	some, paging := page(c, c.listChildren(parent))
	var results []any
	for _, n := range some {
		results = append(results, map[string]any{"data": c.nodeData(n)})
	}
	return listed(paging, results)
}

func (c *ecmCall) childNodes() ecmReply {
	parent := c.node(c.id("id"))
	if parent == nil {
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	}
	return c.browse(parent, c.listed)
}

func sortNodes(all []*ecmNode, order string) {
	key := strings.TrimPrefix(strings.TrimPrefix(order, "asc_"), "desc_")
	slices.SortFunc(all, func(a, b *ecmNode) int {
		var by int
		switch key {
		case "modify_date":
			by = a.Modified.Compare(b.Modified)
		case "create_date":
			by = a.Created.Compare(b.Created)
		case "id":
		case "type":
			by = cmp.Compare(a.Type, b.Type)
		case "size":
			by = cmp.Compare(a.size(), b.size())
		default:
			by = strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
		}
		by = cmp.Or(by, cmp.Compare(a.ID, b.ID))
		if strings.HasPrefix(order, "desc_") {
			return -by
		}
		return by
	})
}

func (n *ecmNode) size() int64 {
	if v := n.newest(); v != nil {
		return v.Blob.Size
	}
	return 0
}
