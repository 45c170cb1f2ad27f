package testserver

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type ecmAudit struct {
	ID   int64     `json:"id"`
	Type int       `json:"type"`
	At   time.Time `json:"at"`
	User int64     `json:"user"`
}

// auditTypes are the server's own numbers of events; 9, 10, 92 and 264 were
// seen at real ones.
var auditTypes = map[string]int{
	"Create": 1, "Delete": 2, "Move": 3, "Rename": 4, "Version Added": 6, "Version Deleted": 7, "Permission Changed": 9, "Attribute Value Changed": 10, "Restore": 12, "Create from Copy": 92,
	"Classification Applied": 264, "Classification Removed": 265, "Record Details Changed": 266, "Record Finalized": 267, "Hold Applied": 270, "Hold Removed": 271,
	"Cross-Reference Assigned": 275, "Cross-Reference Removed": 276, "Disposition Performed": 280, "Destroyed": 281, "Security Changed": 285,
}

func auditName(kind int) string {
	for name, number := range auditTypes {
		if number == kind {
			return name
		}
	}
	return ""
}

// audit takes down what happened to a node.
func (c *ecmCall) audit(n *ecmNode, event string) {
	user := int64(1000)
	if c.user != nil {
		user = c.user.ID
	}
	n.Audit = append(n.Audit, ecmAudit{ID: c.e.number("audit"), Type: auditTypes[event], At: c.e.now(), User: user})
}

func (c *ecmCall) auditTrail() ecmReply {
	n := c.node(c.id("id"))
	switch {
	case n == nil:
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	case !c.may("audit"):
		return fail(http.StatusBadRequest, textNoAction, "audit-list")
	}
	kind, ofKind := c.number("where_type")
	user, ofUser := c.number("where_user_id")
	start, hasStart := parseDay(c.text("where_audit_date_start"))
	end, hasEnd := parseDay(c.text("where_audit_date_end"))
	var all []ecmAudit
	for _, a := range n.Audit {
		if (!ofKind || int64(a.Type) == kind) && (!ofUser || a.User == user) && (!hasStart || !a.At.Before(start)) && (!hasEnd || a.At.Before(end.AddDate(0, 0, 1))) {
			all = append(all, a)
		}
	}
	if strings.HasPrefix(c.text("sort"), "desc") {
		slices.Reverse(all)
	}
	some, paging := page(c, all)
	rows, types, seen := []any{}, []any{}, map[int]bool{}
	for _, a := range some {
		rows = append(rows, map[string]any{
			"id": a.ID, "event_type": a.Type, "audit_date": stamp(a.At), "user_id": a.User, "agent_id": nil, "audit_language_code": nil, "target_user_id": nil, "audit_name": auditName(a.Type),
		})
	}
	for _, a := range n.Audit {
		if !seen[a.Type] {
			seen[a.Type] = true
			types = append(types, map[string]any{"id": a.Type, "name": auditName(a.Type)})
		}
	}
	return ok(map[string]any{
		"collection": map[string]any{"paging": paging, "sorting": map[string]any{"sort": []any{}}}, "links": c.links(),
		"results": map[string]any{"data": map[string]any{"audit": rows, "audit_event_types": types}},
	})
}

// recycled lists what was deleted and can come back. Without a prefix, the
// order is descending, here alone.
func (c *ecmCall) recycled() ecmReply {
	if !c.may("recyclebin") {
		return fail(http.StatusForbidden, "%s", textNoPermission)
	}
	mode, name := c.text("mode"), strings.ToLower(c.text("where_name"))
	today := c.e.now().Truncate(24 * time.Hour)
	var all []*ecmNode
	for _, n := range c.e.state.Nodes {
		if !n.Deleted || n.Destroyed || !c.sees(n) || !strings.HasPrefix(strings.ToLower(n.Name), name) {
			continue
		}
		if strings.HasPrefix(mode, "user_") && n.DeletedBy != c.user.ID || strings.HasSuffix(mode, "_today") && n.DeletedAt.Before(today) {
			continue
		}
		all = append(all, n)
	}
	order := c.text("sort")
	if order == "" || !strings.HasPrefix(order, "asc_") && !strings.HasPrefix(order, "desc_") {
		order = "desc_" + order
	}
	sortNodes(all, order)
	some, paging := page(c, all)
	var results []any
	for _, n := range some {
		data := c.nodeData(n)
		p := data["properties"].(map[string]any)
		p["deleted_user_id"], p["deleted_date"], p["purged_date"] = n.DeletedBy, stamp(n.DeletedAt), stamp(n.DeletedAt.AddDate(0, 0, 60))
		results = append(results, map[string]any{"data": data})
	}
	return c.flat(paging, results)
}

// recycle does something to each of the named nodes in the recycle bin. If one
// fails, the status says so, although the others are done.
func (c *ecmCall) recycle(one func(n *ecmNode) string) ecmReply {
	ids, isList := c.numbers("ids")
	if !isList || len(ids) == 0 {
		return fail(http.StatusBadRequest, "The parameter 'ids' is not specified")
	}
	success, failure, errs := []any{}, []any{}, map[string]any{}
	for _, id := range ids {
		n := c.e.state.Nodes[id]
		text := textNoAccess
		if n != nil && n.Deleted && !n.Destroyed && c.sees(n) && c.may("recyclebin") {
			text = one(n)
		}
		if text == "" {
			success = append(success, id)
			continue
		}
		failure = append(failure, id)
		errs[strconv.FormatInt(id, 10)] = map[string]any{"message": text}
	}
	reply := ok(map[string]any{"links": c.links(), "results": map[string]any{"success": map[string]any{"ids": success}, "failure": map[string]any{"ids": failure, "errors": errs}}})
	if len(failure) > 0 {
		reply.status = http.StatusBadRequest
	}
	return reply
}

func (c *ecmCall) purge() ecmReply {
	return c.recycle(func(n *ecmNode) string {
		if c.e.locked(n) || !c.may("delete") {
			return textNoPermission
		}
		n.Deleted = true
		c.dropVersions(n, 0)
		n.Destroyed = true
		return ""
	})
}

func (c *ecmCall) restore() ecmReply {
	return c.recycle(func(n *ecmNode) string {
		parent := c.node(n.Parent)
		switch {
		case parent == nil:
			return textNoAccess
		case c.e.taken(n.Parent, n.Name, n.ID) != nil:
			return "An item with the name '" + n.Name + "' already exists."
		}
		n.Deleted, n.DeletedAt, n.DeletedBy = false, time.Time{}, 0
		c.e.link(n)
		c.audit(n, "Restore")
		return ""
	})
}
