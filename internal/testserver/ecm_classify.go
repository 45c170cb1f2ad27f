package testserver

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// classifications lists the standard classifications of a node.
func (c *ecmCall) classifications() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	}
	data := []any{}
	for _, id := range n.Classes {
		data = append(data, map[string]any{
			"id": id, "name": c.e.state.Nodes[id].Name, "type": 199, "selectable": true, "management_type": "Manual", "score": 0, "inherit_flag": false,
			"classvolumeid": classVolumeID, "parent_managed": false,
		})
	}
	return ok(map[string]any{"data": data, "definitions": map[string]any{}, "definitions_map": map[string]any{}, "definitions_order": []any{"id", "name"}})
}

// setClassifications replaces the whole set; an empty list clears it.
func (c *ecmCall) setClassifications() ecmReply {
	n := c.node(c.id("id"))
	ids, isList := c.numbers("class_id")
	switch {
	case n == nil:
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	case !c.sent("class_id") || !isList:
		return fail(http.StatusBadRequest, "Missing required parameter")
	}
	for _, id := range ids {
		if class := c.node(id); class == nil || class.Type != 199 {
			return fail(http.StatusBadRequest, "Could not get node for %d", id)
		}
	}
	n.Classes = ids
	c.audit(n, "Classification Applied")
	return done()
}

func (c *ecmCall) clearClassifications() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	}
	n.Classes = nil
	return done()
}

func (c *ecmCall) removeClassification() ecmReply {
	n := c.node(c.id("id"))
	if n == nil || !slices.Contains(n.Classes, c.id("class")) {
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	}
	n.Classes = slices.DeleteFunc(n.Classes, func(id int64) bool { return id == c.id("class") })
	return done()
}

func (c *ecmCall) classificationMenu() ecmReply {
	n := c.node(c.id("id"))
	return ok(map[string]any{"canAccessClassVolume": true, "classificationVolDataId": classVolumeID, "enabled": n != nil && classifiable(n.Type), "errMsg": ""})
}

func (c *ecmCall) rmClassificationMenu() ecmReply {
	n := c.node(c.id("id"))
	return ok(map[string]any{"default_rmclassification_id": nil, "enabled": n != nil && classifiable(n.Type) && c.may("classify") && !n.final()})
}

func (c *ecmCall) classificationSettings() ecmReply {
	return ok(map[string]any{"managedList": []int{0, 136, 144, 848}, "classvolumeid": classVolumeID})
}

func (c *ecmCall) classificationCreateInfo() ecmReply {
	kind, isKind := c.number("objType")
	if !isKind {
		return fail(http.StatusBadRequest, "Missing required parameter 'objType'")
	}
	return ok(map[string]any{"canclassify": classifiable(int(kind)), "classvolumeid": classVolumeID})
}

func (c *ecmCall) rmCreateInfo() ecmReply {
	kind, isKind := c.number("objType")
	if _, isID := c.number("parentId"); !isKind || !isID {
		return fail(http.StatusBadRequest, "Missing required parameter 'objType'")
	}
	return ok(map[string]any{
		"canrmclassify": classifiable(int(kind)) && c.may("classify"), "classvolumeid": classVolumeID, "multiclass": c.e.options.MultiClass,
		"records_details": map[string]any{"fields_order": map[string]any{}, "definitions": map[string]any{}},
	})
}

// batch checks a bulk operation that only needs items.
func (c *ecmCall) batch(op, missing string) ecmReply {
	if ids, isList := c.numbers("ids"); !isList || len(ids) == 0 {
		return fail(http.StatusNotFound, "%s", missing)
	}
	return c.bulk(op)
}

func (c *ecmCall) batchAddClass() ecmReply {
	id, _ := c.number("classID")
	if class := c.node(id); class == nil || class.Type != 199 && class.Type != 551 {
		return fail(http.StatusNotFound, "ID is not specified")
	}
	return c.batch("addclass", "ID is not specified")
}

func (c *ecmCall) batchRemoveClass() ecmReply { return c.batch("removeclass", "ID is not specified") }

// runAddClass classifies what it may; the rest it leaves out.
func (c *ecmCall) runAddClass() string {
	id, _ := c.number("classID")
	ids, _ := c.numbers("ids")
	class := c.node(id)
	if class == nil {
		return textRMDenied
	}
	for _, one := range ids {
		n := c.node(one)
		switch {
		case n == nil || !classifiable(n.Type) || !c.can(n, "edit_attributes"):
		case class.Type == 199:
			if !slices.Contains(n.Classes, id) {
				n.Classes = append(n.Classes, id)
			}
		case !n.final() && c.may("classify") && !n.Record.in(id):
			n.Record = c.declared(n, class)
			n.RecordToken++
			c.audit(n, "Classification Applied")
		}
	}
	return ""
}

func (c *ecmCall) runRemoveClass() string {
	id, _ := c.number("classID")
	ids, _ := c.numbers("ids")
	for _, one := range ids {
		n := c.node(one)
		if n == nil {
			continue
		}
		n.Classes = slices.DeleteFunc(n.Classes, func(class int64) bool { return class == id })
		if n.Record.in(id) && !c.e.locked(n) && c.may("classify") {
			c.leave(n, id)
		}
	}
	return ""
}

func (c *ecmCall) bulkMetadata() ecmReply {
	for _, name := range []string{"docDate", "nextReviewDate", "statusDate"} {
		if _, dated := parseDay(c.text(name)); c.text(name) != "" && !dated {
			return fail(http.StatusNotFound, "Invalid datatype specified for argument '%s'", name)
		}
	}
	if rsi := c.text("rsi"); rsi != "" && c.e.rsi(rsi) == nil {
		return fail(http.StatusNotFound, "Incorrect RSI specified.")
	}
	if v := c.text("official"); v != "" && v != "0" && v != "1" {
		return fail(http.StatusNotFound, "Invalid datatype specified for argument 'official'")
	}
	return c.batch("metadata", "ID is required")
}

// runMetadata writes the same details to many records.
func (c *ecmCall) runMetadata() string {
	ids, _ := c.numbers("ids")
	for _, id := range ids {
		n := c.node(id)
		if n == nil || n.Record == nil || c.e.fixed(n) || !c.can(n, "edit_attributes") {
			continue
		}
		r := n.Record.clone()
		if r.Details == nil {
			r.Details = map[string]string{}
		}
		for from, to := range map[string]string{"accession": "accession", "docDate": "record_date", "nextReviewDate": "next_review_date", "statusDate": "status_date", "vitalRecordCycle": "cycle_period"} {
			if c.text(from) == "" {
				continue
			}
			r.Details[to] = c.text(from)
			if day, dated := parseDay(c.text(from)); dated {
				r.Details[to] = day.Format(time.DateOnly)
			}
		}
		for from, to := range map[string]*string{"fileStatus": &r.FileStatus, "essential": &r.Essential, "storage": &r.Storage, "rsi": &r.RSI} {
			if c.text(from) != "" {
				*to = c.text(from)
			}
		}
		if c.has("official") {
			r.Official = c.flag("official")
		}
		if c.flag("rsiRemove") {
			r.RSI = ""
		}
		n.Record = r
		n.RecordToken++
		c.audit(n, "Record Details Changed")
	}
	return ""
}

func (c *ecmCall) classifiedItems() ecmReply {
	class := c.node(c.id("id"))
	if class == nil {
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	}
	list, collection := c.items(func(n *ecmNode) bool { return n.Record.in(class.ID) || slices.Contains(n.Classes, class.ID) })
	ancestors := []any{}
	for at := class; at != nil; at = c.e.state.Nodes[at.Parent] {
		ancestors = append(ancestors, c.e.itemRow(at))
	}
	slices.Reverse(ancestors)
	return ok(map[string]any{"collection": collection, "results": map[string]any{"ancestors": ancestors, "contents": list}})
}

// count counts the nodes that stand and fit.
func (c *ecmCall) count(keep func(*ecmNode) bool) int {
	count := 0
	for _, n := range c.e.state.Nodes {
		if !n.Deleted && keep(n) {
			count++
		}
	}
	return count
}

func (c *ecmCall) countRecords() ecmReply {
	return ok(map[string]any{"managedRecordsCnt": c.count(func(n *ecmNode) bool { return n.Record != nil })})
}

func (c *ecmCall) compliance() ecmReply {
	old := c.e.now().AddDate(-20, 0, 0)
	return ok(map[string]any{
		"oldCnt":       c.count(func(n *ecmNode) bool { return n.Record != nil && n.Created.Before(old) }),
		"retentionCnt": c.count(func(n *ecmNode) bool { return n.Record != nil && n.Record.RSI != "" }),
		"totalCnt":     c.count(func(n *ecmNode) bool { return n.Record != nil }),
	})
}

func (c *ecmCall) holdStatistics() ecmReply {
	return ok(map[string]any{
		"directHoldsCount": c.count(func(n *ecmNode) bool { return len(n.Holds) > 0 }), "totalCount": c.count(func(*ecmNode) bool { return true }),
	})
}

func (c *ecmCall) rsiStatistics() ecmReply {
	data := []any{}
	for _, r := range c.e.state.RSIs {
		data = append(data, map[string]any{"rsi": r.Name, "cnt": c.count(func(n *ecmNode) bool { return n.Record != nil && n.Record.RSI == r.Name })})
	}
	return ok(map[string]any{"data": data})
}

// pickList is the list of RM classifications that a member chooses from.
func (c *ecmCall) pickList() ecmReply {
	if _, _, found := c.e.member(c.id("id")); !found {
		return fail(http.StatusBadRequest, "Could not get a member for %s", c.r.PathValue("id"))
	}
	data := []any{}
	for _, id := range sortedKeys(c.e.state.Nodes) {
		if n := c.e.state.Nodes[id]; n.Type == 551 && !n.Deleted {
			data = append(data, map[string]any{"id": n.ID, "subtype": n.Type, "parent_id": n.Parent, "file_number": fileNumber(n.ID), "name": n.Name, "title": n.Name, "class_level": 1, "selectable": true})
		}
	}
	return ok(map[string]any{"data": data, "definitions": map[string]any{}, "definitions_map": map[string]any{}, "definitions_order": []any{"name"}})
}

func (c *ecmCall) classificationVolume() ecmReply {
	return ok(map[string]any{"id": classVolumeID, "name": c.e.state.Nodes[classVolumeID].Name, "type": 198})
}

func asNumber(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	return s
}
