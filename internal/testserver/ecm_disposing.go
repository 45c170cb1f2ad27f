package testserver

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// heldTree tells that a hold lies on a node or on something in its tree.
func (e *ECM) heldTree(n *ecmNode) bool {
	return e.held(n) || slices.ContainsFunc(e.children(n.ID), e.heldTree)
}

// bodySnapshot finds search and snapshot that the parameters name. The path
// names the acting member.
func (c *ecmCall) bodySnapshot() (*ecmNode, *ecmSnapshot, *ecmReply) {
	if id := c.r.PathValue("id"); id != "" {
		if _, group, found := c.e.member(c.id("id")); !found || group || c.id("id") != c.user.ID && !c.user.Admin {
			return nil, nil, new(fail(http.StatusBadRequest, "Could not get a member for %s", id))
		}
	}
	search, isID := c.number("dispNodeID")
	n := c.search(search)
	qdate := c.text("qdate")
	if qdate == "" {
		qdate = c.text("qDate")
	}
	if !isID || n == nil {
		return nil, nil, new(fail(http.StatusBadRequest, "Missing required parameter 'dispNodeID'"))
	}
	s := c.e.snapshot(n.ID, qdate)
	if s == nil {
		return nil, nil, new(fail(http.StatusBadRequest, "Missing required parameter 'qdate'"))
	}
	return n, s, nil
}

// chosen are the items that the parameters name: all, or those of the list
// "node_stage node_stage".
func (c *ecmCall) chosen(s *ecmSnapshot) ([]*ecmItem, bool) {
	where := c.text("applyTo") + c.text("applyto")
	if where == "allPages" {
		return s.Items, true
	}
	var list []*ecmItem
	for _, word := range c.words("objIdList") {
		id, stage, _ := strings.Cut(word, "_")
		node, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return nil, false
		}
		i := slices.IndexFunc(s.Items, func(item *ecmItem) bool {
			return item.Node == node && (stage == "" || strconv.Itoa(item.Stage) == stage)
		})
		if i < 0 {
			return nil, false
		}
		list = append(list, s.Items[i])
	}
	return list, len(list) > 0 && (where == "" || where == "thisPage")
}

func (c *ecmCall) changeDecision() ecmReply {
	_, s, refused := c.bodySnapshot()
	if refused != nil {
		return *refused
	}
	items, known := c.chosen(s)
	decision, isDecision := map[string]int{"pending": 0, "approve": 1, "reject": 2}[c.text("decision")]
	switch {
	case !known:
		return fail(http.StatusBadRequest, "Missing required parameter 'objIdList'")
	case !isDecision:
		return fail(http.StatusBadRequest, "One or more parameters are invalid")
	case decision == 2 && c.e.options.RejectComment && strings.TrimSpace(c.text("reviewComment")) == "":
		return fail(http.StatusBadRequest, "Missing required parameter 'reviewComment'")
	}
	for _, item := range items {
		item.Decision, item.Comment = decision, c.text("reviewComment")
	}
	return done()
}

func (c *ecmCall) changeActions() ecmReply {
	_, s, refused := c.bodySnapshot()
	if refused != nil {
		return *refused
	}
	items, known := c.chosen(s)
	action, isAction := c.number("dispAction")
	switch {
	case !known:
		return fail(http.StatusBadRequest, "Missing required parameter 'objIdList'")
	case c.has("dispAction") && (!isAction || !slices.ContainsFunc(c.e.state.Codes["action_code"], func(code ecmCode) bool { return code.Code == strconv.FormatInt(action, 10) })):
		return fail(http.StatusBadRequest, "One or more parameters are invalid")
	case action == 1 && !c.e.hasCode("status", c.text("statusCode")):
		return fail(http.StatusBadRequest, "One or more parameters are invalid")
	}
	for _, item := range items {
		if isAction && !item.Performed {
			item.Action, item.NewStatus = int(action), c.text("statusCode")
		}
		if c.has("makeRendition") {
			item.Rendition = c.flag("makeRendition")
		}
	}
	return done()
}

func (c *ecmCall) finishReview() ecmReply {
	n, s, refused := c.bodySnapshot()
	if refused != nil {
		return *refused
	}
	reviewer, isID := c.number("reviewerID")
	if !isID {
		reviewer = c.user.ID
	}
	if !slices.Contains(s.Finished, reviewer) {
		s.Finished = append(s.Finished, reviewer)
	}
	s.Review = "In Review"
	if !slices.ContainsFunc(n.Search.Reviewers, func(id int64) bool { return !slices.Contains(s.Finished, id) }) {
		s.Review = "Finished"
	}
	return done()
}

func (c *ecmCall) performActions() ecmReply {
	n, s, refused := c.bodySnapshot()
	if refused != nil {
		return *refused
	}
	if _, known := c.chosen(s); !known {
		return fail(http.StatusBadRequest, "Missing required parameter 'objIdList'")
	}
	s.Acting, s.Status = true, snapshotActing
	c.form.Set("search", fmt.Sprint(n.ID))
	c.form.Set("run", s.QDate)
	c.later("actions", c.e.options.QueueDelay)
	return done()
}

func (c *ecmCall) runActions() string {
	id, _ := c.number("search")
	n, s := c.e.state.Nodes[id], c.e.snapshot(id, c.text("run"))
	if n == nil || s == nil || !s.Acting {
		return "Insufficient Permissions"
	}
	items, _ := c.chosen(s)
	c.perform(n.Search, s, items)
	return ""
}

// perform acts on items. What is held, rejected, or not approved although
// somebody has to, is left as it is.
func (c *ecmCall) perform(search *ecmSearch, s *ecmSnapshot, items []*ecmItem) {
	for _, item := range items {
		n := c.e.state.Nodes[item.Node]
		if item.Performed || n.Destroyed || c.e.heldTree(n) || item.Decision == 2 || len(search.Reviewers) > 0 && item.Decision != 1 {
			continue
		}
		item.Performed = true
		c.act(n, item)
	}
	s.Acting, s.Status = false, snapshotActed
}

func (c *ecmCall) act(n *ecmNode, item *ecmItem) {
	r := n.Record
	switch item.Action {
	case 1:
		r.FileStatus = item.NewStatus
	case 7:
		r.FileStatus = "CLOSED"
	case 8:
		c.makeFinal(n)
	case 9:
		r.Official = true
	case 12:
		c.dropVersions(n, 0)
	case 15:
		c.dropVersions(n, max(item.KeepVersions, 1))
	case 32:
		c.destroy(n)
		return
	}
	n.RecordToken++
	c.audit(n, "Disposition Performed")
}

// destroy removes a node and its tree for good.
func (c *ecmCall) destroy(n *ecmNode) {
	c.e.below(n, func(one *ecmNode) {
		c.dropVersions(one, 0)
		c.audit(one, "Destroyed")
	})
	var all []*ecmNode
	c.e.below(n, func(one *ecmNode) { all = append(all, one) })
	for _, one := range all {
		c.e.unlink(one)
		one.Deleted, one.Destroyed, one.DeletedAt, one.DeletedBy = true, true, c.e.now(), c.user.ID
	}
}

// dropVersions removes all versions but the newest ones.
func (c *ecmCall) dropVersions(n *ecmNode, keep int) {
	for len(n.Versions) > keep {
		c.e.dropVersion(n, 0)
	}
}

func (e *ECM) dropVersion(n *ecmNode, i int) {
	_ = e.blobs.Drop(n.Versions[i].Blob)
	for _, r := range n.Versions[i].Renditions {
		_ = e.blobs.Drop(r.Blob)
	}
	n.NextVersion = max(n.NextVersion, n.Versions[i].Number+1)
	n.Versions = slices.Delete(n.Versions, i, i+1)
}

// dispositionItems are the items that a bulk operation on a snapshot names.
func (c *ecmCall) dispositionItems() ([]*ecmItem, *ecmReply) {
	_, s, refused := c.bodySnapshot()
	if refused != nil {
		return nil, new(fail(http.StatusNotFound, "ID is not an integer or is missing"))
	}
	items, known := c.chosen(s)
	if !known {
		return nil, new(fail(http.StatusNotFound, "ID is not an integer or is missing"))
	}
	return items, nil
}

func (c *ecmCall) dispositionHolds() ecmReply {
	id, _ := c.number("holdID")
	h := c.e.state.Holds[id]
	if h == nil {
		return fail(http.StatusNotFound, "Hold ID is not specified")
	}
	items, refused := c.dispositionItems()
	if refused != nil {
		return *refused
	}
	for _, item := range items {
		n := c.e.state.Nodes[item.Node]
		if _, has := n.Holds[id]; !has && !n.Destroyed {
			c.putHold(n, h, 0)
		}
	}
	return done()
}

func (c *ecmCall) dispositionAccession() ecmReply {
	items, refused := c.dispositionItems()
	if refused != nil {
		return *refused
	}
	for _, item := range items {
		if n := c.e.state.Nodes[item.Node]; n.Record != nil && !c.e.fixed(n) {
			if n.Record.Details == nil {
				n.Record.Details = map[string]string{}
			}
			n.Record.Details["accession"] = c.text("accession")
			n.RecordToken++
		}
	}
	return done()
}

func (c *ecmCall) countDispositions() ecmReply {
	count := 0
	for _, list := range c.e.state.Snapshots {
		for _, s := range list {
			count += len(s.Items)
		}
	}
	return ok(map[string]any{"dispositionsCnt": count})
}

func (c *ecmCall) updateCriteria() ecmReply {
	n := c.search(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "ID is not an integer or is missing")
	}
	types, isList := c.numbers("objectTypes_list")
	if !isList {
		return fail(http.StatusBadRequest, "Invalid datatype specified for argument 'objectTypes_list'")
	}
	s := n.Search
	if c.sent("objectTypes_list") {
		s.Types = types
	}
	if c.sent("rsi_list") {
		s.RSIs = c.list("rsi_list")
	}
	if c.has("retStage") {
		s.Stage = c.text("retStage")
	}
	if c.has("includeContainer") || c.has("SelectContainer_ID") {
		s.Below = 0
		if id, isID := c.number("SelectContainer_ID"); isID && c.flag("includeContainer") {
			s.Below = id
		}
	}
	if action, err := strconv.Atoi(c.text("defaultProcess")); err == nil {
		s.Action, s.HasAction, s.NewStatus = action, true, c.text("changeStatusTo")
	}
	if c.has("autoProcess") {
		s.Auto = c.flag("autoProcess")
	}
	return done()
}

// dispositionTabs are the tabs of a search's configuration and their fields.
var dispositionTabs = map[string][]string{
	"notification": {"EMAIL_UserID", "EMAIL_GroupID", "EMAIL_OtherRecipients"},
	"reviewprocess": {
		"reviewType", "daysForReminders", "assignmentPriority", "defaultDecision", "Workflow_ID", "autoNotification", "propagateRejected", "overdueNotification",
		"Workflow_Enabled", "dispReviewer_1", "dispReviewer_2", "specificUserID_1", "specificUserID_2", "attrID_1", "attrID_2",
	},
	"settings": {"exportVersions", "exportRenditions", "restrictBoxByContents", "disp_status_change_subitems", "disp_mark_official_subitems", "disp_finalize_subitems"},
}

func (c *ecmCall) configure() ecmReply {
	n := c.search(c.id("id"))
	field := c.text("field")
	if n == nil || !slices.Contains(dispositionTabs[c.r.PathValue("tab")], field) {
		return fail(http.StatusBadRequest, "Insufficient Permissions")
	}
	if n.Search.Config == nil {
		n.Search.Config = map[string]string{}
	}
	n.Search.Config[field] = c.text("value")
	if strings.HasPrefix(field, "specificUserID_") {
		n.Search.Reviewers = nil
		for _, k := range []string{"specificUserID_1", "specificUserID_2"} {
			if id, err := strconv.ParseInt(n.Search.Config[k], 10, 64); err == nil {
				n.Search.Reviewers = append(n.Search.Reviewers, id)
			}
		}
	}
	return done()
}

// userAttributes lists the attributes of a category that name a user.
func (c *ecmCall) userAttributes() ecmReply {
	n := c.node(c.id("id"))
	if n == nil || n.Type != 131 {
		return fail(http.StatusBadRequest, "Category ID not specified")
	}
	list := []any{}
	for _, a := range n.Attributes {
		if a.Type == "user" {
			list = append(list, map[string]any{"ID": a.ID, "type": 14})
		}
	}
	return ok(map[string]any{"categoryID": n.ID, "categoryPath": c.e.state.Nodes[categoriesID].Name + ":" + n.Name, "attributes": list})
}
