package testserver

import (
	"net/http"
	"slices"
	"time"
)

// nodeHolds lists what holds a node: its own holds, and those of what stands
// above it.
func (c *ecmCall) nodeHolds() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	data := []any{}
	for at := n; at != nil; at = c.e.state.Nodes[at.Parent] {
		for _, id := range sortedKeys(at.Holds) {
			h, held := c.e.state.Holds[id], at.Holds[id]
			row := map[string]any{
				"id": n.ID, "name": n.Name, "subtype": n.Type, "parent_id": n.Parent, "hold_id": h.ID, "hold_name": h.Name, "hold_type": h.Type, "hold_comment": h.Comment,
				"hold_appliedmethod": nil, "userid": nil, "docxreftyp": nil, "queryid": nil, "active": h.Active, "applied_by": held.By,
				"date_applied": held.At.Format("2006-01-02T15:04:05"), "removable": at == n && c.may("hold"),
			}
			if held.User != 0 {
				row["hold_appliedmethod"], row["userid"] = "User", held.User
			}
			if at != n {
				row["hold_appliedmethod"] = "Inherited"
			}
			data = append(data, row)
		}
	}
	return ok(map[string]any{"data": data, "definitions": map[string]any{}})
}

func (c *ecmCall) applyHold() ecmReply {
	n := c.node(c.id("id"))
	id, isID := c.number("hold_id")
	h := c.e.state.Holds[id]
	switch {
	case !isID:
		return fail(http.StatusBadRequest, "Missing LLPARAMS_LIST")
	case n == nil || h == nil || !c.may("hold"):
		return fail(http.StatusBadRequest, textRMDenied)
	}
	if _, has := n.Holds[id]; has {
		return fail(http.StatusBadRequest, "Object already has this Hold")
	}
	c.putHold(n, h, 0)
	return done()
}

func (c *ecmCall) putHold(n *ecmNode, h *ecmHold, user int64) {
	n.hold(h.ID, ecmHeld{By: c.user.Name, At: c.e.now(), User: user})
	c.audit(n, "Hold Applied")
}

func (c *ecmCall) removeHold() ecmReply {
	n, id := c.node(c.id("id")), c.id("hold")
	if n == nil || !c.may("hold") {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	held, has := n.Holds[id]
	// An indirect hold goes away only for who names its origin.
	if user, _ := c.number("userID"); !has || held.User != 0 && held.User != user {
		return fail(http.StatusBadRequest, "Object does not have this Hold")
	}
	c.takeHold(n, id)
	return done()
}

func (c *ecmCall) takeHold(n *ecmNode, id int64) {
	delete(n.Holds, id)
	c.audit(n, "Hold Removed")
}

// bulkHold checks a bulk operation on holds.
func (c *ecmCall) bulkHold(op string) ecmReply {
	id, isID := c.number("holdID")
	ids, isList := c.numbers("ids")
	switch {
	case !isID || c.e.state.Holds[id] == nil:
		return fail(http.StatusNotFound, "Hold ID is not specified")
	case !isList || len(ids) == 0:
		return fail(http.StatusNotFound, "ID is not specified")
	case !c.may("hold"):
		return fail(http.StatusNotFound, textRMDenied)
	}
	return c.bulk(op)
}

func (c *ecmCall) bulkApplyHold() ecmReply  { return c.bulkHold("applyhold") }
func (c *ecmCall) bulkRemoveHold() ecmReply { return c.bulkHold("removehold") }

func (c *ecmCall) runApplyHold() string {
	id, _ := c.number("holdID")
	ids, _ := c.numbers("ids")
	h := c.e.state.Holds[id]
	if h == nil {
		return textRMDenied
	}
	for _, one := range ids {
		if n := c.node(one); n != nil {
			if _, has := n.Holds[id]; !has {
				c.putHold(n, h, 0)
			}
		}
	}
	return ""
}

func (c *ecmCall) runRemoveHold() string {
	id, _ := c.number("holdID")
	ids, _ := c.numbers("ids")
	for _, one := range ids {
		if n := c.node(one); n != nil {
			if held, has := n.Holds[id]; has && held.User == 0 {
				c.takeHold(n, id)
			}
		}
	}
	return ""
}

func (c *ecmCall) holdItems() ecmReply {
	id := c.id("id")
	if c.e.state.Holds[id] == nil {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	list, collection := c.items(func(n *ecmNode) bool { _, has := n.Holds[id]; return has })
	if c.e.options.SpecShapes {
		return ok(map[string]any{"collection": collection, "results": list})
	}
	return ok(map[string]any{"collection": collection, "results": map[string]any{"contents": list}})
}

func (c *ecmCall) holdUsers() ecmReply {
	h := c.e.state.Holds[c.id("id")]
	if h == nil {
		return fail(http.StatusBadRequest, "Hold ID is not specified")
	}
	users, criteria := []any{}, []any{}
	for _, id := range h.Users {
		name, _, _ := c.e.member(id)
		users = append(users, map[string]any{"id": id, "name": name})
	}
	for _, k := range h.Criteria {
		criteria = append(criteria, map[string]any{"HoldID": h.ID, "Status": k.Status, "StartDate": moment(k.Start), "EndDate": moment(k.End), "Comments": k.Comments})
	}
	return ok(map[string]any{"assignedUsers": users, "holdCriteria": criteria, "auditEnabled": true, "criteriaExist": len(criteria) > 0})
}

// holdOf finds the hold of a call on user holds.
func (c *ecmCall) holdOf() *ecmHold {
	id, _ := c.number("holdID")
	if !c.may("hold") {
		return nil
	}
	return c.e.state.Holds[id]
}

func (c *ecmCall) changeHoldUsers(change func(h *ecmHold, ids []int64)) ecmReply {
	h := c.holdOf()
	if h == nil {
		return fail(http.StatusBadRequest, "Missing required parameter 'holdID'")
	}
	ids, isList := c.numbers("userIDs")
	if !isList || len(ids) == 0 || slices.ContainsFunc(ids, func(id int64) bool { _, _, found := c.e.member(id); return !found }) {
		return fail(http.StatusBadRequest, "Missing required parameter 'userIDs'")
	}
	change(h, ids)
	return done()
}

func (c *ecmCall) addHoldUsers() ecmReply {
	return c.changeHoldUsers(func(h *ecmHold, ids []int64) { h.addUsers(ids) })
}

func (c *ecmCall) removeHoldUsers() ecmReply {
	return c.changeHoldUsers(func(h *ecmHold, ids []int64) { h.removeUsers(ids) })
}

func (h *ecmHold) addUsers(ids []int64) {
	h.removeUsers(ids)
	h.Users = append(h.Users, ids...)
}

func (h *ecmHold) removeUsers(ids []int64) {
	h.Users = slices.DeleteFunc(h.Users, func(id int64) bool { return slices.Contains(ids, id) })
}

func (c *ecmCall) processHold() ecmReply {
	h := c.holdOf()
	if h == nil {
		return fail(http.StatusBadRequest, "Missing required parameter 'holdID'")
	}
	for _, name := range []string{"startDate", "endDate"} {
		if _, dated := parseDay(c.text(name)); c.text(name) != "" && !dated {
			return fail(http.StatusBadRequest, "Invalid datatype specified for argument '%s'", name)
		}
	}
	h.Criteria = append(h.Criteria, ecmCriteria{Status: 1, Start: c.text("startDate"), End: c.text("endDate")})
	c.later("userhold", c.e.options.QueueDelay)
	return done()
}

// runUserHold puts a hold on what its users created or changed in a range of
// days.
func (c *ecmCall) runUserHold() string {
	h := c.holdOf()
	if h == nil {
		return textRMDenied
	}
	start, hasStart := parseDay(c.text("startDate"))
	end, hasEnd := parseDay(c.text("endDate"))
	within := func(t time.Time) bool {
		return (!hasStart || !t.Before(start)) && (!hasEnd || t.Before(end.AddDate(0, 0, 1)))
	}
	for _, id := range sortedKeys(c.e.state.Nodes) {
		n := c.e.state.Nodes[id]
		if _, has := n.Holds[h.ID]; has || !slices.Contains(h.Users, n.Owner) || c.e.gone(n) || c.e.common(n) {
			continue
		}
		if within(n.Created) || within(n.Modified) {
			c.putHold(n, h, n.Owner)
		}
	}
	return ""
}

func (c *ecmCall) updateHoldUsers() ecmReply {
	h := c.holdOf()
	if h == nil {
		return fail(http.StatusBadRequest, "Hold ID is not specified")
	}
	added, okAdded := c.numbers("addedUsers")
	removed, okRemoved := c.numbers("removedUsers")
	if !okAdded || !okRemoved {
		return fail(http.StatusBadRequest, "Invalid datatype specified for argument 'addedUsers'")
	}
	h.addUsers(added)
	h.removeUsers(removed)
	if c.text("startProcessDate") != "" || c.text("endProcessDate") != "" {
		c.form.Set("startDate", c.text("startProcessDate"))
		c.form.Set("endDate", c.text("endProcessDate"))
		h.Criteria = append(h.Criteria, ecmCriteria{Status: 1, Start: c.text("startProcessDate"), End: c.text("endProcessDate"), Comments: c.text("processComments")})
		c.later("userhold", c.e.options.QueueDelay)
	}
	return done()
}
