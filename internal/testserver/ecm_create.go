package testserver

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// externalSources are the origins that a node can name.
var externalSources = strings.Fields("file_system mobile_device scanner fax ftp shared_drive removable_disk backup_media optical_disk onedrive cloud_storage camera email_server elink " +
	"opentext_core edocs sap document_management exchange_mailbox notes_mailbox outlook_pst file_stream mailbox_other")

func (c *ecmCall) createNodeV1() ecmReply {
	reply := c.createNode()
	if reply.status == http.StatusInternalServerError {
		reply.status = http.StatusBadRequest
	}
	if reply.status != http.StatusOK {
		return reply
	}
	return ok(map[string]any{"id": c.e.state.Next})
}

// createNode makes a folder, a document or another plain node, or copies one.
func (c *ecmCall) createNode() ecmReply {
	if c.has("original_id") {
		return c.copyNode()
	}
	for _, name := range []string{"type", "parent_id", "name"} {
		if !c.has(name) {
			return fail(http.StatusBadRequest, "Missing required parameter '%s'", name)
		}
	}
	kind, isKind := c.number("type")
	parentID, isID := c.number("parent_id")
	parent, refused := c.place(parentID, c.text("name"))
	inside, known := creatable[kind]
	switch {
	case !isKind || !isID:
		return fail(http.StatusBadRequest, "Invalid datatype specified for argument 'parent_id'")
	case !known:
		return fail(http.StatusBadRequest, "Subtype %d not registered", kind)
	case refused != nil:
		return *refused
	case inside != 0 && parent.Type != inside && !(inside == 554 && parent.Type == 602):
		return fail(http.StatusBadRequest, "Could not create a new %s", typeNames[int(kind)])
	}
	n := &ecmNode{Parent: parentID, Type: int(kind), Name: c.text("name"), Description: c.text("description"), Owner: c.user.ID, External: c.external()}
	if kind == 555 {
		n.Search = &ecmSearch{}
	}
	if source, sent := n.External["external_source"]; sent && source != "" && !slices.Contains(externalSources, source.(string)) {
		return fail(http.StatusBadRequest, "External source not found")
	}
	if reply, bad := c.roles(n); bad {
		return reply
	}
	if kind == 144 {
		v, refused := c.newVersion(n)
		if refused != nil {
			return *refused
		}
		n.Versions = []ecmVersion{v}
	}
	c.e.add(n)
	c.audit(n, "Create")
	parent.Modified = c.e.now()
	return c.single(map[string]any{"properties": c.e.properties(n)})
}

// place checks that a node of that name may stand in a container.
func (c *ecmCall) place(parentID int64, name string) (*ecmNode, *ecmReply) {
	parent := c.node(parentID)
	switch {
	case parent == nil || !container(parent.Type) || !c.may("create") || !c.can(parent, "add_items"):
		return nil, new(fail(http.StatusBadRequest, "%s", textNoAccess))
	case nameFault(name):
		return nil, new(fail(http.StatusBadRequest, "One or more parameters are invalid"))
	case c.e.taken(parentID, name, 0) != nil:
		return nil, new(fail(http.StatusInternalServerError, textNameTaken, name))
	}
	return parent, nil
}

// roles applies categories and classifications that come with a new node. They
// are flat in the second version, nested by category in the first.
func (c *ecmCall) roles(n *ecmNode) (ecmReply, bool) {
	roles, _ := c.body["roles"].(map[string]any)
	values := map[string]any{}
	given, _ := roles["categories"].(map[string]any)
	for k, v := range given {
		if nested, isObject := v.(map[string]any); isObject && !strings.Contains(k, "_") {
			values[k+"_1"] = map[string]any{}
			maps.Copy(values, nested)
			continue
		}
		values[k] = v
	}
	if reply, bad := c.e.applyValues(n, values, 0); bad {
		return reply, true
	}
	classes, _ := roles["classifications"].(map[string]any)
	for _, key := range []string{"create_id", "id"} {
		list, _ := classes[key].([]any)
		for _, v := range list {
			id, _ := asNumber(textOf(v)).(int64)
			class := c.node(id)
			if class == nil || class.Type != 199 {
				return fail(http.StatusBadRequest, "%s", textNoAccess), true
			}
			if !slices.Contains(n.Classes, id) {
				n.Classes = append(n.Classes, id)
			}
		}
	}
	return ecmReply{}, false
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

// newVersion is the content that came with the request: a file, or an upload
// in parts.
func (c *ecmCall) newVersion(n *ecmNode) (ecmVersion, *ecmReply) {
	v := ecmVersion{Number: max(n.NextVersion, 1), Description: c.text("description"), Created: c.e.now(), Major: c.flag("add_major_version")}
	for _, old := range n.Versions {
		v.Number = max(v.Number, old.Number+1)
	}
	if key := c.text("upload_key"); key != "" {
		u := c.e.state.Uploads[key]
		if u == nil || !u.Closed || u.User != c.user.Name {
			return v, new(fail(http.StatusBadRequest, "Error: File could not be found within the upload directory."))
		}
		v.Blob, v.FileName, v.MediaType = *u.Whole, u.Name, cmp.Or(u.Type, "application/octet-stream")
		delete(c.e.state.Uploads, key)
		return v, nil
	}
	if c.file == nil {
		return v, new(fail(http.StatusBadRequest, "Missing required parameter 'File'"))
	}
	v.Blob, v.FileName, v.MediaType = *c.file, cmp.Or(c.fileName, c.text("name")), cmp.Or(c.fileType, "application/octet-stream")
	c.file = nil
	return v, nil
}

// copyNode copies a node and what stands in it. A copy is no record.
func (c *ecmCall) copyNode() ecmReply {
	id, _ := c.number("original_id")
	parentID, isID := c.number("parent_id")
	n := c.node(id)
	if n == nil || !isID || !slices.Contains([]int{0, 1, 136, 140, 144}, n.Type) {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	name := cmp.Or(c.text("name"), n.Name)
	if _, refused := c.place(parentID, name); refused != nil {
		return *refused
	}
	if c.e.within(c.e.state.Nodes[parentID], n.ID) {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	made, err := c.duplicate(n, parentID, name)
	if err != nil {
		return fail(http.StatusInternalServerError, "Could not create a new %s", typeNames[n.Type])
	}
	return c.single(map[string]any{"properties": c.e.properties(made)})
}

func (c *ecmCall) duplicate(n *ecmNode, parent int64, name string) (*ecmNode, error) {
	made := &ecmNode{Parent: parent, Type: n.Type, Name: name, Description: n.Description, Owner: c.user.ID, External: maps.Clone(n.External), Classes: slices.Clone(n.Classes)}
	if n.Categories != nil {
		made.Categories = map[int64]map[string]any{}
		for k, v := range n.Categories {
			made.Categories[k] = maps.Clone(v)
		}
	}
	if v := n.newest(); v != nil {
		rc, err := c.e.blobs.Open(v.Blob)
		if err != nil {
			return nil, err
		}
		defer func() { _ = rc.Close() }()
		blob, err := c.e.blobs.Put(rc)
		if err != nil {
			return nil, err
		}
		made.Versions = []ecmVersion{{Number: 1, Blob: blob, FileName: v.FileName, MediaType: v.MediaType, Created: c.e.now()}}
	}
	c.e.add(made)
	c.audit(made, "Create from Copy")
	for _, child := range c.e.children(n.ID) {
		if c.sees(child) {
			if _, err := c.duplicate(child, made.ID, child.Name); err != nil {
				return nil, err
			}
		}
	}
	return made, nil
}
