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

func (c *ecmCall) versionData(n *ecmNode, v ecmVersion) map[string]any {
	row := map[string]any{
		"create_date": stamp(v.Created), "description": v.Description, "external_create_date": nil, "external_identity": "", "external_identity_type": "",
		"external_modify_date": nil, "external_source": "", "file_create_date": stamp(v.Created), "file_modify_date": stamp(v.Created),
		"file_name": v.FileName, "file_size": v.Blob.Size, "file_type": strings.TrimPrefix(path.Ext(v.FileName), "."), "has_generation": false,
		"id": n.ID, "locked": v.Locked != 0, "locked_date": nil, "locked_user_id": nil, "mime_type": v.MediaType, "modify_date": stamp(v.Created), "name": v.FileName,
		"owner_id": n.Owner, "provider_id": n.ID, "version_id": n.ID + int64(v.Number), "version_number": v.Number, "version_number_major": bit(v.Major),
		"version_number_minor": v.Number, "version_number_name": strconv.Itoa(v.Number),
	}
	if v.Locked != 0 {
		row["locked_user_id"], row["locked_date"] = v.Locked, stamp(n.Modified)
	}
	if c.e.options.SpecShapes {
		row["version_major_number"], row["version_minor_number"], row["locked"] = row["version_number_major"], row["version_number_minor"], bit(v.Locked != 0)
		delete(row, "version_number_major")
		delete(row, "version_number_minor")
	}
	return row
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
		results = append(results, map[string]any{"data": map[string]any{"versions": c.versionData(n, v)}})
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

// versionOf finds node and version of a request.
func (c *ecmCall) versionOf() (*ecmNode, *ecmVersion, *ecmReply) {
	n := c.node(c.id("id"))
	if n == nil {
		return nil, nil, new(fail(http.StatusBadRequest, "%s", textNoAccess))
	}
	v := c.find(n)
	if v == nil {
		return nil, nil, new(fail(http.StatusBadRequest, "Error getting version for node"))
	}
	return n, v, nil
}

func (c *ecmCall) version() ecmReply {
	n, v, refused := c.versionOf()
	if refused != nil {
		return *refused
	}
	return c.single(map[string]any{"versions": c.versionData(n, *v)})
}

func (c *ecmCall) latestVersion() ecmReply {
	n, v, refused := c.versionOf()
	if refused != nil {
		return *refused
	}
	return ok(map[string]any{"data": c.versionData(n, *v), "definitions": map[string]any{}})
}

// changeable tells that a node's content may change.
func (c *ecmCall) changeable(n *ecmNode) bool {
	return n.Type == 144 && !c.e.locked(n) && !c.busy(n) && c.may("create") && c.can(n, "modify")
}

func (c *ecmCall) addVersion() ecmReply {
	n := c.node(c.id("id"))
	switch {
	case n == nil:
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	case !c.changeable(n):
		return fail(http.StatusBadRequest, textNoAction, "addversion")
	case len(c.text("description")) > 255:
		return fail(http.StatusBadRequest, "One or more parameters are invalid")
	}
	v, refused := c.newVersion(n)
	if refused != nil {
		return *refused
	}
	n.Versions = append(n.Versions, v)
	n.NextVersion = v.Number + 1
	n.Modified = v.Created
	n.Token++
	c.audit(n, "Version Added")
	return c.single(map[string]any{"properties": c.e.properties(n), "versions": c.versionData(n, v)})
}

func (c *ecmCall) describeVersion() ecmReply {
	n, v, refused := c.versionOf()
	switch {
	case refused != nil:
		return *refused
	case c.e.locked(n), !c.can(n, "modify"), len(c.text("description")) > 255:
		return fail(http.StatusBadRequest, "One or more parameters are invalid")
	}
	v.Description = c.text("description")
	return c.single(map[string]any{"versions": c.versionData(n, *v)})
}

func (c *ecmCall) deleteVersion() ecmReply {
	n, v, refused := c.versionOf()
	switch {
	case refused != nil:
		return *refused
	case !c.changeable(n), !c.can(n, "delete_versions"), v.Locked != 0:
		return fail(http.StatusBadRequest, textNoAction, "versions-delete")
	}
	c.e.dropVersion(n, slices.IndexFunc(n.Versions, func(one ecmVersion) bool { return one.Number == v.Number }))
	c.audit(n, "Version Deleted")
	return c.empty()
}

// purgeVersions keeps the newest ones, a single one if no number is sent.
func (c *ecmCall) purgeVersions() ecmReply {
	n := c.node(c.id("id"))
	keep, isNumber := c.number("number_to_keep")
	switch {
	case !c.has("number_to_keep"):
		keep = 1
	case !isNumber || keep < 1:
		return fail(http.StatusInternalServerError, "Invalid value for NumberToKeep")
	}
	if n == nil || !c.changeable(n) || !c.can(n, "delete_versions") {
		return fail(http.StatusInternalServerError, "Error purging versions")
	}
	for i := 0; i < len(n.Versions)-int(keep); {
		if n.Versions[i].Locked != 0 {
			i++
			keep++
			continue
		}
		c.e.dropVersion(n, i)
	}
	return c.empty()
}

func (c *ecmCall) promoteVersion() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusInternalServerError, "%s", textNoAccess)
	}
	return fail(http.StatusInternalServerError, "You cannot promote a version for %s which is using standard versioning", n.Name)
}

// lockVersion locks one version, not the node, or unlocks it.
func lockVersion(on bool) ecmHandler {
	return func(c *ecmCall) ecmReply {
		n, v, refused := c.versionOf()
		if refused != nil || !c.can(n, "modify") || on == (v.Locked != 0) {
			return fail(http.StatusInternalServerError, "Could not lock version '%s' for node '%s'", c.r.PathValue("version"), c.r.PathValue("id"))
		}
		if v.Locked = 0; on {
			v.Locked = c.user.ID
		}
		return c.single(map[string]any{"versions": c.versionData(n, *v)})
	}
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
	if v == nil || !c.can(n, "see_contents") {
		return fail(http.StatusInternalServerError, "The version is not found")
	}
	return c.stream(v.Blob, v.FileName, v.MediaType)
}

// stream sends a content after the handler has given the lock back.
func (c *ecmCall) stream(blob Blob, name, kind string) ecmReply {
	rc, err := c.e.blobs.Open(blob)
	if err != nil {
		return fail(http.StatusInternalServerError, "The content cannot be read")
	}
	return ecmReply{status: http.StatusOK, stream: func(w http.ResponseWriter) {
		defer func() { _ = rc.Close() }()
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Length", fmt.Sprint(blob.Size))
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
		w.WriteHeader(http.StatusOK)
		if c.r.Method != http.MethodHead {
			_, _ = io.Copy(w, rc)
		}
	}}
}
