package testserver

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

func (n *ecmNode) versionData(v ecmVersion) map[string]any {
	return map[string]any{
		"create_date": stamp(v.Created), "description": v.Description, "external_create_date": nil, "external_identity": "", "external_identity_type": "",
		"external_modify_date": nil, "external_source": "", "file_create_date": stamp(v.Created), "file_modify_date": stamp(v.Created),
		"file_name": v.FileName, "file_size": v.Blob.Size, "file_type": strings.TrimPrefix(path.Ext(v.FileName), "."), "has_generation": false,
		"id": n.ID, "locked": false, "locked_date": nil, "locked_user_id": nil, "mime_type": v.MediaType, "modify_date": stamp(v.Created), "name": v.FileName,
		"owner_id": n.Owner, "provider_id": n.ID, "version_id": n.ID + int64(v.Number), "version_number": v.Number, "version_number_major": 0,
		"version_number_minor": v.Number, "version_number_name": strconv.Itoa(v.Number),
	}
}

func (c *ecmCall) versions() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	all := slices.Clone(n.Versions)
	if c.text("order") == "desc" {
		slices.Reverse(all)
	}
	some, paging := page(c, all)
	var results []any
	for _, v := range some {
		results = append(results, map[string]any{"data": map[string]any{"versions": n.versionData(v)}})
	}
	return c.listed(paging, results)
}

// find picks a version by the path, the newest without one.
func (c *ecmCall) find(n *ecmNode) *ecmVersion {
	number := c.r.PathValue("version")
	if number == "" || number == "latest" {
		return n.newest()
	}
	for i := range n.Versions {
		if strconv.Itoa(n.Versions[i].Number) == number {
			return &n.Versions[i]
		}
	}
	return nil
}

func (c *ecmCall) version() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	v := c.find(n)
	if v == nil {
		return fail(http.StatusBadRequest, "Error getting version for node")
	}
	return c.single(map[string]any{"versions": n.versionData(*v)})
}

func (c *ecmCall) addVersion() ecmReply {
	n := c.node(c.id("id"))
	switch {
	case n == nil:
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	case c.file == nil:
		return fail(http.StatusBadRequest, "Missing required parameter 'File'")
	case n.Type != 144 || n.locked() || !c.may("create"):
		return fail(http.StatusBadRequest, textNoAction, "addversion")
	case len(c.text("description")) > 255:
		return fail(http.StatusBadRequest, "One or more parameters are invalid")
	}
	v := ecmVersion{Number: len(n.Versions) + 1, Blob: *c.file, FileName: c.fileName, MediaType: c.fileType, Description: c.text("description"), Created: c.e.now()}
	n.Versions = append(n.Versions, v)
	n.Modified = v.Created
	return c.single(map[string]any{"properties": c.e.properties(n), "versions": n.versionData(v)})
}

// content streams a version. HEAD answers the same headers.
func (c *ecmCall) content() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		if strings.HasPrefix(c.r.URL.Path, "/v1/") {
			return fail(http.StatusInternalServerError, "Could not locate node: %s", c.r.PathValue("id"))
		}
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	v := c.find(n)
	if v == nil {
		return fail(http.StatusInternalServerError, "The version is not found")
	}
	rc, err := c.e.blobs.Open(v.Blob)
	if err != nil {
		return fail(http.StatusInternalServerError, "The content cannot be read")
	}
	one := *v
	return ecmReply{stream: func(w http.ResponseWriter) {
		defer func() { _ = rc.Close() }()
		w.Header().Set("Content-Type", one.MediaType)
		w.Header().Set("Content-Length", fmt.Sprint(one.Blob.Size))
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": one.FileName}))
		w.WriteHeader(http.StatusOK)
		if c.r.Method != http.MethodHead {
			_, _ = io.Copy(w, rc)
		}
	}}
}
