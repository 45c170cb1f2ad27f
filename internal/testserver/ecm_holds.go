package testserver

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// ecmHold is a hold: no node, with a numbering of its own.
type ecmHold struct {
	ID             int64         `json:"id"`
	Name           string        `json:"name"`
	Type           string        `json:"type"`
	Comment        string        `json:"comment"`
	Alternate      string        `json:"alternate"`
	Group          int64         `json:"group"`
	Active         bool          `json:"active"`
	Applied        string        `json:"applied"`
	ToRemove       string        `json:"to_remove"`
	Removed        string        `json:"removed"`
	RemovalComment string        `json:"removal_comment"`
	Patron         string        `json:"patron"`
	Remover        string        `json:"remover"`
	Editor         string        `json:"editor"`
	Edited         time.Time     `json:"edited,omitzero"`
	Users          []int64       `json:"users,omitempty"`
	Criteria       []ecmCriteria `json:"criteria,omitempty"`
}

type ecmCriteria struct {
	Status   int    `json:"status"`
	Start    string `json:"start"`
	End      string `json:"end"`
	Comments string `json:"comments"`
}

// ecmHeld tells how a hold came upon a node.
type ecmHeld struct {
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	User int64     `json:"user,omitempty"`
}

func (n *ecmNode) hold(id int64, h ecmHeld) {
	if n.Holds == nil {
		n.Holds = map[int64]ecmHeld{}
	}
	n.Holds[id] = h
}

func (h *ecmHold) full() map[string]any {
	row := map[string]any{
		"HoldID": h.ID, "HoldName": h.Name, "ActiveHold": bit(h.Active), "OBJECT": nil, "ApplyPatron": orNull(h.Patron), "DateApplied": moment(h.Applied),
		"HoldComment": orNull(h.Comment), "HoldType": h.Type, "DateToRemove": moment(h.ToRemove), "DateRemoved": moment(h.Removed), "RemovalPatron": orNull(h.Remover),
		"RemovalComment": orNull(h.RemovalComment), "EditDate": nil, "EditPatron": orNull(h.Editor), "AlternateHoldID": orNull(h.Alternate), "ParentID": nil,
	}
	if !h.Edited.IsZero() {
		row["EditDate"] = h.Edited.Format("2006-01-02T15:04:05")
	}
	if h.Group != 0 {
		row["ParentID"] = h.Group
	}
	return row
}

func (c *ecmCall) holdsV1() ecmReply {
	list := []any{}
	for _, id := range sortedKeys(c.e.state.Holds) {
		h := c.e.state.Holds[id]
		list = append(list, map[string]any{"HoldID": h.ID, "HoldName": h.Name, "ActiveHold": h.Active})
	}
	return ok(list)
}

func (c *ecmCall) holds() ecmReply {
	c.perPage = 25
	some, paging := page(c, sortedKeys(c.e.state.Holds))
	list := []any{}
	for _, id := range some {
		list = append(list, c.e.state.Holds[id].full())
	}
	return ok(map[string]any{"collection": map[string]any{"paging": shortPaging(paging)}, "results": map[string]any{"data": map[string]any{"holds": list}}})
}

func (c *ecmCall) holdByID() ecmReply {
	h := c.e.state.Holds[c.id("id")]
	if h == nil {
		return verdict(http.StatusBadRequest, 0, "Hold does not exist")
	}
	return ok(map[string]any{"hold": h.full()})
}

// namedHold finds the hold that the parameters id or holdname mean.
func (c *ecmCall) namedHold() *ecmHold {
	if id, isID := c.number("id"); isID {
		return c.e.state.Holds[id]
	}
	for _, id := range sortedKeys(c.e.state.Holds) {
		if h := c.e.state.Holds[id]; h.Name == c.text("holdname") {
			return h
		}
	}
	return nil
}

func (c *ecmCall) holdByName() ecmReply {
	h := c.namedHold()
	switch {
	case h == nil:
		return verdict(http.StatusBadRequest, 0, "Hold does not exist")
	case c.e.options.SpecShapes:
		return ok(map[string]any{"hold": h.full()})
	}
	return ok(map[string]any{"results": map[string]any{"data": map[string]any{"hold": h.full()}}})
}

// holdGroup reads the group of a hold; the root is absent, 0, or the
// maintenance node.
func (c *ecmCall) holdGroup(name string) (int64, bool) {
	if !c.has(name) || c.text(name) == "" {
		return 0, true
	}
	id, isID := c.number(name)
	if isID && (id == 0 || id == holdsID) {
		return 0, true
	}
	n := c.node(id)
	return id, n != nil && n.Type == 833
}

func (c *ecmCall) createHold() ecmReply {
	group, known := c.holdGroup("parent_id")
	_, dated := parseDay(c.text("date_applied"))
	if _, later := parseDay(c.text("date_to_remove")); !known || !dated || c.text("date_to_remove") != "" && !later ||
		c.text("name") == "" || !c.e.hasCode("hold_type", c.text("type")) || !c.may("hold") {
		return fail(http.StatusBadRequest, "Could not insert into the Hold Disposition table")
	}
	h := &ecmHold{
		ID: c.e.number("hold"), Name: c.text("name"), Type: c.text("type"), Comment: c.text("comment"), Alternate: c.text("alternate_id"), Group: group, Active: true,
		Applied: c.text("date_applied"), ToRemove: c.text("date_to_remove"), Patron: c.user.Name,
	}
	c.e.state.Holds[h.ID] = h
	return ok(map[string]any{"holdID": h.ID})
}

// updateHold changes a hold; with date_removed it is suspended, with an empty
// one reactivated.
func (c *ecmCall) updateHold() ecmReply {
	id, _ := c.number("id")
	h := c.e.state.Holds[id]
	if h == nil || !c.may("hold") || c.has("type") && !c.e.hasCode("hold_type", c.text("type")) {
		return fail(http.StatusBadRequest, "Could not update Hold Disposition table")
	}
	for _, name := range []string{"date_applied", "date_removed", "date_to_remove"} {
		if _, dated := parseDay(c.text(name)); c.text(name) != "" && !dated {
			return fail(http.StatusBadRequest, "Could not update Hold Disposition table")
		}
	}
	for name, to := range map[string]*string{
		"type": &h.Type, "name": &h.Name, "comment": &h.Comment, "alternate_id": &h.Alternate, "date_applied": &h.Applied, "date_to_remove": &h.ToRemove,
		"date_removed": &h.Removed, "removal_comment": &h.RemovalComment,
	} {
		if c.has(name) || name == "date_removed" && c.sent(name) {
			*to = c.text(name)
		}
	}
	if c.sent("date_removed") {
		h.Active = h.Removed == ""
		h.Remover = ""
		if !h.Active {
			h.Remover = c.user.Name
		}
	}
	h.Editor, h.Edited = c.user.Name, c.e.now()
	return ok(map[string]any{"holdID": h.ID})
}

// dropHold deletes a hold that nothing bears.
func (c *ecmCall) dropHold(h *ecmHold) bool {
	if h == nil || !c.may("hold") {
		return false
	}
	for _, n := range c.e.state.Nodes {
		if _, bears := n.Holds[h.ID]; bears && !n.Destroyed {
			return false
		}
	}
	delete(c.e.state.Holds, h.ID)
	return true
}

const textHoldInUse = "Error deleting Hold. Hold may not exist or is in use"

func (c *ecmCall) deleteHoldV1() ecmReply {
	if !c.dropHold(c.e.state.Holds[c.id("id")]) {
		return fail(http.StatusBadRequest, textHoldInUse)
	}
	return done()
}

func (c *ecmCall) deleteHold() ecmReply {
	h := c.namedHold()
	if !c.dropHold(h) {
		return verdict(http.StatusBadRequest, 0, textHoldInUse)
	}
	return verdict(http.StatusOK, h.ID, "")
}

func (c *ecmCall) moveHolds() ecmReply {
	group, known := c.holdGroup("holdGroupID")
	words := c.words("holdIDs")
	if !c.has("holdGroupID") || !known || len(words) == 0 {
		return fail(http.StatusBadRequest, "Missing data")
	}
	var list []*ecmHold
	for _, s := range words {
		id, _ := strconv.ParseInt(s, 10, 64)
		h := c.e.state.Holds[id]
		if h == nil {
			return fail(http.StatusBadRequest, "Missing data")
		}
		list = append(list, h)
	}
	for _, h := range list {
		h.Group = group
	}
	return done()
}

// holdMaintenance lists the groups and holds of a group; 0 is the root.
func (c *ecmCall) holdMaintenance() ecmReply {
	group := c.id("id")
	if group == holdsID {
		group = 0
	}
	if n := c.e.state.Nodes[group]; group != 0 && (n == nil || n.Type != 833) {
		return fail(http.StatusBadRequest, "Insufficient Permissions")
	}
	rows := []any{}
	if group == 0 {
		groups := slices.DeleteFunc(c.e.children(holdsID), func(n *ecmNode) bool { return n.Type != 833 })
		sortNodes(groups, "name")
		for _, n := range groups {
			count := 0
			for _, h := range c.e.state.Holds {
				count += bit(h.Group == n.ID)
			}
			rows = append(rows, holdRow(map[string]any{"id": n.ID, "name": n.Name, "type": 833, "type_name": "Hold Group", "container": true, "childcount": count, "parent_id": holdsID}))
		}
	}
	for _, id := range sortedKeys(c.e.state.Holds) {
		if h := c.e.state.Holds[id]; h.Group == group {
			rows = append(rows, holdRow(map[string]any{
				"id": h.ID, "name": h.Name, "type": nil, "type_name": "Hold", "container": false, "hold_type": h.Type, "active": bit(h.Active), "apply_patron": h.Patron,
				"comment": h.Comment, "date_to_remove": moment(h.ToRemove), "userholdenabled": true, "movable": true, "parent_id": group, "childcount": 0,
			}))
		}
	}
	c.perPage = 25
	some, paging := page(c, rows)
	return view(paging, some, map[string]any{"title": "Hold Maintenance", "parentid": group, "bCanAddHold": c.may("hold"), "bCanEditHold": c.may("hold")})
}

func holdRow(row map[string]any) map[string]any {
	for k, v := range map[string]any{"editable": true, "deletable": true, "openable": true, "movable": false, "userholdenabled": false, "comment": "", "hold_type": nil, "active": nil, "apply_patron": nil, "date_to_remove": nil} {
		if _, set := row[k]; !set {
			row[k] = v
		}
	}
	return row
}
