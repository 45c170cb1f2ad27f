package testserver

import (
	"cmp"
	"net/http"
	"strconv"
)

const textNoPermission = "Insufficient permissions to perform that action"

func renditionData(n *ecmNode, v *ecmVersion, kind string, r ecmRendition) map[string]any {
	return map[string]any{
		"id": n.ID, "version_number": v.Number, "rendition_type": kind, "rendition_name": kind, "file_name": r.FileName, "file_size": r.Blob.Size, "mime_type": r.MediaType,
		"create_date": stamp(r.Created), "rendition_folder": nil, "rendition_type_id": 1,
	}
}

func (v *ecmVersion) renditionRows(n *ecmNode, only string) []any {
	rows := []any{}
	for _, kind := range sortedKeys(v.Renditions) {
		if only == "" || kind == only {
			rows = append(rows, renditionData(n, v, kind, v.Renditions[kind]))
		}
	}
	return rows
}

// renditions lists those of all versions, by version number.
func (c *ecmCall) renditions() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	data := map[string]any{}
	for i := range n.Versions {
		data[strconv.Itoa(n.Versions[i].Number)] = n.Versions[i].renditionRows(n, "")
	}
	return ok(map[string]any{"links": c.links(), "data": data})
}

func (c *ecmCall) versionRenditions() ecmReply {
	n, v, refused := c.versionOf()
	if refused != nil {
		return *refused
	}
	return ok(map[string]any{"links": c.links(), "data": v.renditionRows(n, c.text("rendition_type"))})
}

// putRendition adds a rendition; whether there may be one already is what PUT
// and POST differ in.
func putRendition(replace bool) ecmHandler {
	return func(c *ecmCall) ecmReply {
		n, v, refused := c.versionOf()
		kind := c.text("rendition_type")
		switch {
		case refused != nil:
			return *refused
		case kind == "":
			return fail(http.StatusBadRequest, `Argument "rendition_type" is required`)
		case c.file == nil:
			return fail(http.StatusBadRequest, `Argument "file" is required`)
		case !c.changeable(n):
			return fail(http.StatusUnauthorized, textNoPermission)
		}
		old, has := v.Renditions[kind]
		if has && !replace {
			return fail(http.StatusInternalServerError, "The rendition already exists")
		}
		if has {
			_ = c.e.blobs.Drop(old.Blob)
		}
		if v.Renditions == nil {
			v.Renditions = map[string]ecmRendition{}
		}
		r := ecmRendition{Blob: *c.file, FileName: c.fileName, MediaType: cmp.Or(c.text("file_type"), c.fileType), Created: c.e.now()}
		v.Renditions[kind] = r
		c.file = nil
		return ok(map[string]any{"links": c.links(), "results": []any{map[string]any{"data": renditionData(n, v, kind, r)}}})
	}
}

func (c *ecmCall) rendition() (*ecmNode, *ecmVersion, ecmRendition, *ecmReply) {
	n, v, refused := c.versionOf()
	if refused != nil {
		return nil, nil, ecmRendition{}, refused
	}
	if c.text("rendition_type") == "" {
		return nil, nil, ecmRendition{}, new(fail(http.StatusBadRequest, `Argument "rendition_type" is required`))
	}
	r, has := v.Renditions[c.text("rendition_type")]
	if !has {
		return nil, nil, r, new(fail(http.StatusInternalServerError, "The rendition is not found"))
	}
	return n, v, r, nil
}

func (c *ecmCall) deleteRendition() ecmReply {
	n, v, r, refused := c.rendition()
	switch {
	case refused != nil:
		return *refused
	case !c.changeable(n):
		return fail(http.StatusInternalServerError, textNoPermission)
	}
	_ = c.e.blobs.Drop(r.Blob)
	delete(v.Renditions, c.text("rendition_type"))
	return c.empty()
}

func (c *ecmCall) renditionContent() ecmReply {
	_, _, r, refused := c.rendition()
	if refused != nil {
		return *refused
	}
	return c.stream(r.Blob, r.FileName, r.MediaType)
}
