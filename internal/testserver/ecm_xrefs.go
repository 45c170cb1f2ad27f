package testserver

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

type ecmXref struct {
	Type    string `json:"type"`
	Related string `json:"related"`
	To      int64  `json:"to"`
	Comment string `json:"comment"`
}

func (x ECMXrefType) row() map[string]any {
	return map[string]any{"xref_type": x.Type, "desc": x.Description, "related_code": x.Related, "hold_id": x.Hold, "disabled": false}
}

func (c *ecmCall) xrefTypes() ecmReply {
	data := []any{}
	for _, x := range c.e.state.Xrefs {
		data = append(data, x.row())
	}
	return ok(map[string]any{"data": data, "definitions": map[string]any{}})
}

// xrefType finds a type by either of its codes.
func (e *ECM) xrefType(code string) int {
	return slices.IndexFunc(e.state.Xrefs, func(x ECMXrefType) bool { return code != "" && (x.Type == code || x.Related == code) })
}

func (c *ecmCall) oneXrefType() ecmReply {
	i := c.e.xrefType(c.r.PathValue("type"))
	if i < 0 {
		return fail(http.StatusBadRequest, "Could not get a Cross-Reference")
	}
	return ok(c.e.state.Xrefs[i].row())
}

func (c *ecmCall) createXrefType() ecmReply {
	hold, isID := c.number("hold_id")
	x := ECMXrefType{Type: c.text("xref_type"), Related: c.text("related_code"), Description: c.text("desc"), RelatedText: c.text("related_desc"), Hold: hold}
	switch {
	case !isID || hold != 0 && c.e.state.Holds[hold] == nil:
		return fail(http.StatusNotFound, "Please provide integer value for the Hold ID")
	case x.Type == "" || x.Related == "" || !c.sent("desc") || !c.sent("related_desc"):
		return fail(http.StatusBadRequest, "Please specify a Cross-Reference type")
	case c.e.xrefType(x.Type) >= 0 || c.e.xrefType(x.Related) >= 0:
		return fail(http.StatusBadRequest, "Cross-Reference already exists")
	}
	c.e.state.Xrefs = append(c.e.state.Xrefs, x)
	return done()
}

func (c *ecmCall) deleteXrefType() ecmReply {
	i := c.e.xrefType(c.r.PathValue("type"))
	if i < 0 {
		return fail(http.StatusNotFound, "Cross-Reference does not exist")
	}
	x := c.e.state.Xrefs[i]
	for _, n := range c.e.state.Nodes {
		if slices.ContainsFunc(n.Xrefs, func(one ecmXref) bool { return one.Type == x.Type || one.Type == x.Related }) {
			return fail(http.StatusBadRequest, "Please specify a Cross-Reference type")
		}
	}
	c.e.state.Xrefs = slices.Delete(c.e.state.Xrefs, i, i+1)
	return done()
}

func (c *ecmCall) nodeXrefs() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	data := []any{}
	for _, x := range n.Xrefs {
		to := c.node(x.To)
		if to == nil {
			continue
		}
		row := c.e.itemRow(to)
		delete(row, "favorite")
		for k, v := range map[string]any{
			"xref_id": strconv.FormatInt(x.To, 10), "xref_type": x.Type, "related_code": x.Related, "comment": x.Comment, "location": c.e.state.Nodes[to.Parent].Name,
			"ver_num": len(to.Versions), "removable": true,
		} {
			row[k] = v
		}
		data = append(data, row)
	}
	return ok(map[string]any{"data": data, "definitions": map[string]any{}, "showTab": true})
}

// relate relates two records, and no others. The text says why not.
func (c *ecmCall) relate(n, other *ecmNode, code, comment string) string {
	i := c.e.xrefType(code)
	if n == nil || other == nil || n.Record == nil || other.Record == nil || i < 0 || n == other {
		return textRMDenied
	}
	kind, related := c.e.state.Xrefs[i].Type, c.e.state.Xrefs[i].Related
	if code == related {
		kind, related = related, kind
	}
	if slices.ContainsFunc(n.Xrefs, func(x ecmXref) bool { return x.To == other.ID && x.Type == kind }) {
		return "Cross-Reference already exists"
	}
	n.Xrefs = append(n.Xrefs, ecmXref{kind, related, other.ID, comment})
	other.Xrefs = append(other.Xrefs, ecmXref{related, kind, n.ID, comment})
	c.audit(n, "Cross-Reference Assigned")
	return ""
}

// unrelate takes a cross-reference off both ends.
func (c *ecmCall) unrelate(n *ecmNode, to int64, code string) bool {
	i := slices.IndexFunc(n.Xrefs, func(x ecmXref) bool { return x.To == to && x.Type == code })
	if i < 0 {
		return false
	}
	x := n.Xrefs[i]
	n.Xrefs = slices.Delete(n.Xrefs, i, i+1)
	if other := c.e.state.Nodes[to]; other != nil {
		other.Xrefs = slices.DeleteFunc(other.Xrefs, func(o ecmXref) bool { return o.To == n.ID && o.Type == x.Related })
	}
	c.audit(n, "Cross-Reference Removed")
	return true
}

func (c *ecmCall) assignXref() ecmReply {
	to, isID := c.number("xref_id")
	for _, name := range []string{"xref_type", "xref_id", "comment"} {
		if !c.sent(name) {
			return fail(http.StatusBadRequest, "Missing required parameter '%s'", name)
		}
	}
	if !isID {
		return fail(http.StatusBadRequest, "Invalid datatype specified for argument 'xref_id'")
	}
	if text := c.relate(c.node(c.id("id")), c.node(to), c.text("xref_type"), c.text("comment")); text != "" {
		return fail(http.StatusBadRequest, "%s", text)
	}
	return done()
}

func (c *ecmCall) removeXref() ecmReply {
	n := c.node(c.id("id"))
	if n == nil || !c.unrelate(n, c.id("to"), c.r.PathValue("type")) {
		return fail(http.StatusBadRequest, "Cross-Reference does not exist")
	}
	return done()
}

// removeXrefs takes several off a node: "id1_type1 id2_type2".
func (c *ecmCall) removeXrefs() ecmReply {
	n := c.node(c.id("id"))
	if n == nil || !c.has("uniqueIDList") {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	for _, s := range c.words("uniqueIDList") {
		id, code, _ := strings.Cut(s, "_")
		to, _ := strconv.ParseInt(id, 10, 64)
		c.unrelate(n, to, code)
	}
	return done()
}

func (c *ecmCall) bulkAssignXref() ecmReply {
	ids, isList := c.numbers("ids")
	_, isID := c.number("xref_id")
	if !isList || len(ids) == 0 || !isID || c.text("xref_type") == "" {
		return fail(http.StatusNotFound, "ID is not specified or Cross-Reference type is not specified")
	}
	return c.bulk("assignxref")
}

func (c *ecmCall) runAssignXref() string {
	ids, _ := c.numbers("ids")
	to, _ := c.number("xref_id")
	for _, id := range ids {
		c.relate(c.node(id), c.node(to), c.text("xref_type"), c.text("comment"))
	}
	return ""
}

func (c *ecmCall) bulkRemoveXref() ecmReply {
	ids, isList := c.numbers("ids")
	if _, isID := c.number("xref_id"); !isList || len(ids) == 0 || !isID && c.text("xref_type") == "" {
		return fail(http.StatusNotFound, "ID is not specified or Cross-Reference type is not specified")
	}
	return c.bulk("removexref")
}

func (c *ecmCall) runRemoveXref() string {
	ids, _ := c.numbers("ids")
	to, isID := c.number("xref_id")
	code := c.text("xref_type")
	for _, id := range ids {
		n := c.node(id)
		if n == nil {
			continue
		}
		for _, x := range slices.Clone(n.Xrefs) {
			if (!isID || x.To == to) && (code == "" || x.Type == code) {
				c.unrelate(n, x.To, x.Type)
			}
		}
	}
	return ""
}
