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
	0: "Folder", 131: "Category", 133: "Categories Volume", 141: "Enterprise Workspace", 142: "Personal Workspace", 144: "Document",
	198: "Classification Volume", 550: "Records Management", 551: "RM Classification", 848: "Business Workspace", 862: "Business Workspaces",
}

func container(kind int) bool { return kind != 144 && kind != 131 && kind != 551 }

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
		"description": n.Description, "container": container(n.Type), "container_size": 0, "create_date": stamp(n.Created), "create_user_id": n.Owner,
		"modify_date": stamp(n.Modified), "modify_user_id": n.Owner, "owner_user_id": n.Owner, "owner_group_id": 1001, "reserved": false,
		"reserved_date": nil, "reserved_user_id": 0, "versionable": n.Type == 144, "versions_control_advanced": false, "favorite": false,
		"hidden": false, "guid": nil, "status": nil, "external_create_date": nil, "external_identity": "", "external_identity_type": "",
		"external_modify_date": nil, "external_source": "",
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

// nodeData is a node with the parts that were asked for.
func (c *ecmCall) nodeData(n *ecmNode) map[string]any {
	data := map[string]any{"properties": c.e.properties(n)}
	for _, f := range c.r.URL.Query()["fields"] {
		switch {
		case strings.HasPrefix(f, "categories"):
			list := []any{}
			for _, id := range sortedKeys(n.Categories) {
				list = append(list, n.Categories[id])
			}
			data["categories"] = list
		case strings.HasPrefix(f, "versions") && n.newest() != nil:
			data["versions"] = n.versionData(*n.newest())
		}
	}
	return data
}

func (c *ecmCall) serverInfo() ecmReply {
	return ok(map[string]any{
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
	data := c.nodeData(n)
	results := map[string]any{"data": data}
	if c.form.Has("state") {
		results["state"] = map[string]any{"properties": map[string]any{"metadata_token": c.e.token("node", n)}}
	}
	return ok(map[string]any{"links": c.links(), "results": results})
}

// nameFault is what the server itself refuses in a name.
func nameFault(name string) bool {
	return name == "" || utf8.RuneCountInString(name) > 248 || strings.Contains(name, ":")
}

// taken finds the child of that name; names are compared without case.
func (e *ECM) taken(parent int64, name string, except int64) *ecmNode {
	for _, n := range e.state.Nodes {
		if n.Parent == parent && !n.Deleted && n.ID != except && strings.EqualFold(n.Name, name) {
			return n
		}
	}
	return nil
}

func (c *ecmCall) createNodeV1() ecmReply {
	reply := c.createNode()
	if reply.status == http.StatusInternalServerError {
		reply.status = http.StatusBadRequest
	}
	if reply.status != http.StatusOK {
		return reply
	}
	data := reply.body.(map[string]any)["results"].(map[string]any)["data"].(map[string]any)
	return ok(map[string]any{"id": data["properties"].(map[string]any)["id"]})
}

func (c *ecmCall) createNode() ecmReply {
	for _, name := range []string{"type", "parent_id", "name"} {
		if !c.has(name) {
			return fail(http.StatusBadRequest, "Missing required parameter '%s'", name)
		}
	}
	kind, isKind := c.number("type")
	parentID, isID := c.number("parent_id")
	name := c.text("name")
	parent := c.node(parentID)
	switch {
	case !isKind || !isID:
		return fail(http.StatusBadRequest, "Invalid datatype specified for argument 'parent_id'")
	case kind != 0 && kind != 144:
		return fail(http.StatusBadRequest, "Subtype %d not registered", kind)
	case parent == nil || !container(parent.Type) || !c.may("create"):
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	case nameFault(name):
		return fail(http.StatusBadRequest, "Could not create a new %s", typeNames[int(kind)])
	case c.e.taken(parentID, name, 0) != nil:
		return fail(http.StatusInternalServerError, textNameTaken, name)
	case kind == 144 && c.file == nil:
		return fail(http.StatusBadRequest, "Missing required parameter 'File'")
	}
	n := &ecmNode{Parent: parentID, Type: int(kind), Name: name, Description: c.text("description"), Owner: c.user.ID, External: c.external()}
	if roles, found := c.body["roles"].(map[string]any); found {
		values, _ := roles["categories"].(map[string]any)
		if reply, bad := c.e.applyValues(n, values, 0); bad {
			return reply
		}
	}
	if c.file != nil {
		n.Versions = []ecmVersion{{Number: 1, Blob: *c.file, FileName: c.fileName, MediaType: cmp.Or(c.fileType, "application/octet-stream"), Created: c.e.now()}}
	}
	c.e.add(n)
	parent.Modified = c.e.now()
	return c.single(map[string]any{"properties": c.e.properties(n)})
}

func (c *ecmCall) external() map[string]any {
	out := map[string]any{}
	for _, k := range []string{"external_create_date", "external_modify_date", "external_source", "external_identity", "external_identity_type"} {
		if c.has(k) {
			out[k] = c.text(k)
		}
	}
	return out
}

func (c *ecmCall) updateNode() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	if c.has("metadata_token") && c.text("metadata_token") != c.e.token("node", n) {
		return fail(http.StatusConflict, textConflict)
	}
	parent, name := n.Parent, n.Name
	if c.has("parent_id") {
		to, _ := c.number("parent_id")
		if target := c.node(to); target == nil || !container(target.Type) {
			return fail(http.StatusBadRequest, "%s", textNoAccess)
		}
		if n.locked() {
			return fail(http.StatusBadRequest, textNoAction, "move")
		}
		parent = to
	}
	if c.has("name") {
		if name = c.text("name"); nameFault(name) {
			return fail(http.StatusBadRequest, "One or more parameters are invalid")
		}
	}
	if c.e.taken(parent, name, n.ID) != nil {
		return fail(http.StatusInternalServerError, textNameTaken, name)
	}
	n.Parent, n.Name = parent, name
	if c.has("description") {
		n.Description = c.text("description")
	}
	n.Modified = c.e.now()
	n.Token++
	return c.empty()
}

// locked tells that a node is final or held, so that it cannot go away.
func (n *ecmNode) locked() bool {
	return len(n.Holds) > 0 || (n.Record != nil && n.Record.Final)
}

// keeps tells whether something in a node's tree forbids to remove it.
func (e *ECM) keeps(n *ecmNode) bool {
	if n.locked() {
		return true
	}
	for _, child := range e.state.Nodes {
		if child.Parent == n.ID && !child.Deleted && e.keeps(child) {
			return true
		}
	}
	return false
}

func (c *ecmCall) deleteNode() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	}
	if c.e.keeps(n) || !c.may("delete") || n.Parent == -1 {
		return fail(http.StatusBadRequest, textNoAction, "delete")
	}
	n.Deleted = true
	return c.empty()
}

func (c *ecmCall) listNodes() ecmReply {
	ids, isList := c.numbers("ids")
	switch {
	case !c.has("ids"):
		return fail(http.StatusBadRequest, "The parameter 'ids' is not specified")
	case !isList:
		return fail(http.StatusBadRequest, "Invalid datatype specified for argument 'ids'")
	case len(ids) > 250:
		return fail(http.StatusBadRequest, "Too many items specified for parameter 'ids'")
	}
	results := []any{}
	for _, id := range ids {
		if n := c.node(id); n != nil {
			results = append(results, map[string]any{"data": c.nodeData(n)})
		}
	}
	return ok(map[string]any{"links": c.links(), "results": results})
}

func (c *ecmCall) children() ecmReply {
	parent := c.node(c.id("id"))
	if parent == nil {
		return fail(http.StatusInternalServerError, "Could not get a node for %s", c.r.PathValue("id"))
	}
	if !container(parent.Type) {
		return fail(http.StatusInternalServerError, textNoAction, "browse")
	}
	types, _ := c.numbers("where_type")
	name := strings.ToLower(c.text("where_name"))
	var all []*ecmNode
	for _, n := range c.e.state.Nodes {
		if n.Parent != parent.ID || n.Deleted || !c.sees(n) || !strings.Contains(strings.ToLower(n.Name), name) {
			continue
		}
		if len(types) == 0 || slices.ContainsFunc(types, func(t int64) bool {
			return int64(n.Type) == t || (t == -1 && container(n.Type)) || (t == -3 && !container(n.Type))
		}) {
			all = append(all, n)
		}
	}
	sortNodes(all, c.text("sort"))
	some, paging := page(c, all)
	var results []any
	for _, n := range some {
		results = append(results, map[string]any{"data": c.nodeData(n)})
	}
	return c.listed(paging, results)
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
	names, _ := c.body["names"].([]any)
	for _, name := range names {
		if n := c.e.taken(parent, fmt.Sprint(name), 0); n != nil {
			results = append(results, map[string]any{"id": n.ID, "name": name})
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
	return ok(map[string]any{"links": c.links(), "results": results})
}

func (c *ecmCall) volume() ecmReply {
	kind := c.id("type")
	for _, n := range c.e.state.Nodes {
		if n.Parent == -1 && int64(n.Type) == kind {
			return c.single(c.nodeData(n))
		}
	}
	if typeNames[int(kind)] == "" {
		return fail(http.StatusInternalServerError, "Subtype %s not registered", c.r.PathValue("type"))
	}
	return fail(http.StatusInternalServerError, "Subtype %s is not a root subtype", c.r.PathValue("type"))
}

func (c *ecmCall) classificationVolume() ecmReply {
	return ok(map[string]any{"id": 2046, "name": c.e.state.Nodes[2046].Name, "type": 198})
}
