package testserver

import (
	"net/http"
	"slices"
	"strings"
)

// memberRow is a user (type 0) or a group (type 1).
func (e *ECM) memberRow(id int64) map[string]any {
	name, group, found := e.member(id)
	if !found {
		return nil
	}
	row := map[string]any{
		"id": id, "name": name, "name_formatted": name, "type": bit(group), "type_name": "User", "initials": strings.ToUpper(name[:1]), "group_id": defaultGroup, "deleted": false,
		"first_name": name, "last_name": "", "middle_name": "", "display_name": name, "photo_id": nil, "photo_url": nil,
	}
	if group {
		row["type_name"] = "Group"
	}
	return row
}

func (c *ecmCall) members() ecmReply {
	kind, ofKind := c.number("where_type")
	name := strings.ToLower(c.text("where_name") + c.text("query"))
	var rows []any
	for _, id := range c.e.memberIDs() {
		row := c.e.memberRow(id)
		if strings.Contains(strings.ToLower(row["name"].(string)), name) && (!ofKind || int64(row["type"].(int)) == kind) {
			rows = append(rows, map[string]any{"data": map[string]any{"properties": row}})
		}
	}
	some, paging := page(c, rows)
	return c.flat(paging, some)
}

func (e *ECM) memberIDs() []int64 {
	var ids []int64
	for _, u := range e.state.Users {
		ids = append(ids, u.ID)
	}
	for _, g := range e.state.Groups {
		ids = append(ids, g.ID)
	}
	slices.Sort(ids)
	return ids
}

func (c *ecmCall) oneMember() ecmReply {
	row := c.e.memberRow(c.id("id"))
	if row == nil {
		return fail(http.StatusBadRequest, "Could not get a member for %s", c.r.PathValue("id"))
	}
	return c.single(map[string]any{"properties": row})
}

func (c *ecmCall) groupMembers() ecmReply {
	i := slices.IndexFunc(c.e.state.Groups, func(g *ecmGroup) bool { return g.ID == c.id("id") })
	if i < 0 {
		return fail(http.StatusBadRequest, "Could not get a member for %s", c.r.PathValue("id"))
	}
	var rows []any
	for _, id := range c.e.state.Groups[i].Members {
		rows = append(rows, map[string]any{"data": map[string]any{"properties": c.e.memberRow(id)}})
	}
	some, paging := page(c, rows)
	return c.flat(paging, some)
}

func (c *ecmCall) memberOf() ecmReply {
	var rows []any
	for _, g := range c.e.state.Groups {
		if slices.Contains(g.Members, c.id("id")) {
			rows = append(rows, map[string]any{"data": map[string]any{"properties": c.e.memberRow(g.ID)}})
		}
	}
	return c.several(rows)
}

// reservedNodes lists what the user has reserved.
func (c *ecmCall) reservedNodes() ecmReply {
	var all []*ecmNode
	for _, n := range c.e.state.Nodes {
		if n.Reserved != nil && n.Reserved.User == c.user.ID && c.node(n.ID) != nil {
			all = append(all, n)
		}
	}
	sortNodes(all, c.text("sort"))
	some, paging := page(c, all)
	var results []any
	for _, n := range some {
		results = append(results, map[string]any{"data": c.nodeData(n)})
	}
	return c.flat(paging, results)
}

func (c *ecmCall) sessions() ecmReply {
	recs := []any{}
	for _, login := range c.e.state.Tickets {
		if login.User == c.user.Name {
			at := stamp(login.Expires.Add(-c.e.options.TicketLifetime))
			recs = append(recs, map[string]any{"duration": 0, "create_time": at, "last_activity": at})
		}
	}
	return c.shaped(map[string]any{"links": c.links(), "results": map[string]any{
		"active_sessions": map[string]any{"ok": true, "recs": recs}, "previous_sessions": map[string]any{"ok": true, "recs": []any{}},
	}})
}

func (c *ecmCall) endSessions() ecmReply {
	for ticket, login := range c.e.state.Tickets {
		if login.User == c.user.Name {
			delete(c.e.state.Tickets, ticket)
		}
	}
	return ok(map[string]any{"links": c.links(), "results": map[string]any{"deleted": true}})
}
