package testserver

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func containsFold(s, part string) bool {
	return strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

func (c *ecmCall) createRSI() ecmReply {
	name, status := c.text("name"), c.text("status")
	switch {
	case !c.may("rsi"):
		return verdict(http.StatusBadRequest, 0, "Insufficient Permissions")
	case name == "" || status == "":
		return verdict(http.StatusBadRequest, 0, "Missing required parameter")
	case !c.e.hasCode("rsi_status", status):
		return verdict(http.StatusBadRequest, 0, "Incorrect RSI status specified")
	case c.e.rsi(name) != nil:
		// The status says yes, the body says no: this happens.
		return verdict(http.StatusOK, 0, "RSI already exists")
	}
	r := &ECMRSI{ID: c.e.number("rsi"), Created: c.e.now(), Name: name}
	c.fillRSI(r)
	c.e.state.RSIs = append(c.e.state.RSIs, r)
	return verdict(http.StatusOK, r.ID, "")
}

func (c *ecmCall) fillRSI(r *ECMRSI) {
	for name, to := range map[string]*string{
		"status": &r.Status, "statusDate": &r.StatusDate, "description": &r.Description, "subject": &r.Subject, "title": &r.Title,
		"discontinueDate": &r.DiscontDate, "discontinueComment": &r.DiscontComment,
	} {
		if c.has(name) {
			*to = c.text(name)
		}
	}
	// Both flags are false unless they are sent, every time.
	r.DispControl, r.Discontinued = c.flag("dispcontrol"), c.flag("discontinue")
}

// namedRSI finds the RSI of a request by number or by name.
func (c *ecmCall) namedRSI() *ECMRSI {
	if id := c.id("id"); id > 0 {
		return c.e.rsiByID(id)
	}
	if id, isID := c.number("id"); isID {
		return c.e.rsiByID(id)
	}
	return c.e.rsi(c.text("name"))
}

func (c *ecmCall) updateRSI() ecmReply {
	r := c.namedRSI()
	switch {
	case r == nil || !c.may("rsi"):
		return verdict(http.StatusBadRequest, 0, "Incorrect RSI specified.")
	case c.has("status") && !c.e.hasCode("rsi_status", c.text("status")):
		return verdict(http.StatusBadRequest, r.ID, "Incorrect RSI status specified")
	}
	if to := c.text("newName"); to != "" && to != r.Name {
		if c.e.rsi(to) != nil {
			return verdict(http.StatusBadRequest, r.ID, "RSI already exists")
		}
		c.e.renameRSI(r.Name, to)
		r.Name = to
	}
	c.fillRSI(r)
	return c.rsiList(r.rows(), "rsis")
}

func (e *ECM) renameRSI(from, to string) {
	for _, n := range e.state.Nodes {
		for i := range n.RSIs {
			if n.RSIs[i] == from {
				n.RSIs[i] = to
			}
		}
		if n.Record != nil && n.Record.RSI == from {
			n.Record.RSI = to
		}
	}
}

func (c *ecmCall) deleteRSI() ecmReply {
	r := c.namedRSI()
	if r == nil || !c.may("rsi") {
		return verdict(http.StatusBadRequest, 0, "Incorrect RSI specified")
	}
	for _, n := range c.e.state.Nodes {
		if slices.Contains(n.RSIs, r.Name) || n.Record != nil && n.Record.RSI == r.Name {
			return verdict(http.StatusBadRequest, r.ID, "RSI is in use")
		}
	}
	c.e.state.RSIs = slices.DeleteFunc(c.e.state.RSIs, func(one *ECMRSI) bool { return one == r })
	return verdict(http.StatusOK, r.ID, "")
}

// fillStage reads a schedule's fields; the text says what is wrong.
func (c *ecmCall) fillStage(s *ECMStage) string {
	for name, to := range map[string]*int{
		"eventType": &s.EventType, "dateToUse": &s.DateToUse, "retentionYears": &s.Years, "retentionMonths": &s.Months, "retentionDays": &s.Days,
		"yearEndMonth": &s.YearEndMonth, "yearEndDay": &s.YearEndDay, "retentionIntervals": &s.Intervals, "actionCode": &s.Action, "minNumVersionsToKeep": &s.KeepVersions,
	} {
		if !c.has(name) || c.text(name) == "" {
			continue
		}
		n, err := strconv.Atoi(c.text(name))
		if err != nil || n < 0 {
			return "Invalid datatype specified for argument '" + name + "'"
		}
		*to = n
	}
	for name, to := range map[string]*string{
		"ruleCode": &s.RuleCode, "ruleComment": &s.Comment, "fixedDate": &s.FixedDate, "eventCondition": &s.EventCondition, "disposition": &s.Disposition,
		"description": &s.Description, "newStatus": &s.NewStatus, "objectType": &s.ObjectType,
	} {
		if c.has(name) {
			*to = c.text(name)
		}
	}
	for name, to := range map[string]*bool{"fixedRetention": &s.Fixed, "maximumRetention": &s.Maximum, "purgeSuperseded": &s.PurgeSuperseded, "markOfficialRendition": &s.MakeRendition} {
		if c.has(name) {
			*to = c.flag(name)
		}
	}
	if id, isID := c.number("categoryId"); isID {
		s.Category = id
		s.Attribute, _ = c.number("categoryAttributeId")
	}
	_, fixed := parseDay(s.FixedDate)
	switch {
	case s.ObjectType != "LIV" && s.ObjectType != "LRM":
		return "One or more parameters are invalid"
	case s.EventType < eventCalculated || s.EventType > eventPermanent, s.EventType == eventFixed && !fixed:
		return "One or more parameters are invalid"
	case s.EventType == eventCondition && !c.e.hasCode("event_conditions", s.EventCondition):
		return "Incorrect event condition specified"
	}
	return ""
}

func (c *ecmCall) createStage() ecmReply {
	r := c.e.rsiByID(c.id("id"))
	switch {
	case r == nil || !c.may("rsi"):
		return verdict(http.StatusBadRequest, 0, "Incorrect RSI specified")
	case c.text("objectType") == "" || c.text("stage") == "" || c.text("eventType") == "":
		return verdict(http.StatusBadRequest, 0, "Missing required parameter")
	case !c.e.hasCode("retention_stage", c.text("stage")):
		return verdict(http.StatusBadRequest, 0, "Incorrect stage specified")
	}
	s := ECMStage{Name: c.text("stage")}
	if text := c.fillStage(&s); text != "" {
		return verdict(http.StatusBadRequest, 0, text)
	}
	s.ID = c.e.number("schedule")
	r.Stages = append(r.Stages, s)
	return verdict(http.StatusOK, s.ID, "")
}

// stageOf finds the RSI and the schedule of a request.
func (c *ecmCall) stageOf() (*ECMRSI, *ECMStage) {
	r := c.e.rsiByID(c.id("id"))
	if r == nil || !c.may("rsi") {
		return nil, nil
	}
	return r, r.stage(c.id("stage"))
}

func (c *ecmCall) updateStage() ecmReply {
	_, s := c.stageOf()
	if s == nil {
		return verdict(http.StatusBadRequest, 0, "Incorrect RSI specified")
	}
	next := *s
	if text := c.fillStage(&next); text != "" {
		return verdict(http.StatusBadRequest, s.ID, text)
	}
	next.Approved = false
	*s = next
	return verdict(http.StatusOK, s.ID, "")
}

func (c *ecmCall) deleteStage() ecmReply {
	r, s := c.stageOf()
	if s == nil {
		return verdict(http.StatusBadRequest, 0, "Incorrect RSI specified")
	}
	id := s.ID
	r.Stages = slices.DeleteFunc(r.Stages, func(one ECMStage) bool { return one.ID == id })
	return verdict(http.StatusOK, id, "")
}

func (c *ecmCall) approveStage() ecmReply {
	_, s := c.stageOf()
	what := c.text("updateApproval")
	if s == nil || what != "updateapproval" && what != "removeapproval" {
		return verdict(http.StatusBadRequest, 0, "Incorrect RSI specified")
	}
	by, isID := c.number("approvedByUserID")
	if !isID {
		by = c.user.ID
	}
	s.Approved = what == "updateapproval"
	s.Approvals = append(s.Approvals, ecmApproval{User: by, Date: cmp.Or(c.text("approvedDate"), c.e.now().Format(time.DateOnly)), Comment: c.text("approvalComment"), At: c.e.now(), Removed: !s.Approved})
	return verdict(http.StatusOK, s.ID, "")
}

func (c *ecmCall) approvalHistory() ecmReply {
	r := c.e.rsiByID(c.id("id"))
	if r == nil {
		return fail(http.StatusBadRequest, "Insufficient Permissions")
	}
	rows := []any{}
	for _, s := range r.Stages {
		for _, a := range s.Approvals {
			name, _, _ := c.e.member(a.User)
			rows = append(rows, map[string]any{
				"user_id": a.User, "approved_date": moment(a.Date), "approval_comments": a.Comment, "approval_date": a.At.Format("2006-01-02T15:04:05"), "owner_id": c.user.ID,
				"ret_stage": s.Name, "max_period": 0, "space": "", "user_id_expand": map[string]any{"id": a.User, "name": name}, "owner_id_expand": nil,
				"approved_by_expand": map[string]any{"id": a.User, "name": name}, "approval_by_expand": nil,
			})
		}
	}
	c.perPage = 25
	some, paging := page(c, rows)
	return view(paging, some, map[string]any{"title": r.Name, "rsi_unique_id": r.ID})
}

func (c *ecmCall) rsiMaintenance() ecmReply {
	c.perPage = 25
	some, paging := page(c, c.e.state.RSIs)
	rows := []any{}
	for _, r := range some {
		rows = append(rows, map[string]any{
			"id": r.ID, "name": r.Name, "type": nil, "type_name": "RSI", "title": r.Title, "comment": r.Description, "rsistatus": r.Status, "statusdate": moment(r.StatusDate),
			"discont_flag": r.Discontinued, "disp_control": r.DispControl, "approval_flag": slices.ContainsFunc(r.Stages, func(s ECMStage) bool { return s.Approved }),
			"editable": c.may("rsi"), "deletable": c.may("rsi"), "openable": true, "container": false, "parent_id": rsisID, "childcount": len(r.Stages), "create_user_id": 1000,
			"create_date": r.Created.Format("2006-01-02T15:04:05"), "modify_date": r.Created.Format("2006-01-02T15:04:05"),
		})
	}
	return view(paging, rows, map[string]any{"title": "RSI Maintenance", "bCanEditRSI": c.may("rsi"), "bCanAddRSI": c.may("rsi"), "bApprovalEnabled": c.e.options.ApprovalEnabled})
}

// schedules lists the stages of an RSI: in lower case, as seen at real
// servers, or as published.
func (c *ecmCall) schedules() ecmReply {
	r := c.e.rsiByID(c.id("id"))
	if r == nil {
		return fail(http.StatusBadRequest, "Insufficient Permissions")
	}
	c.perPage = 25
	some, paging := page(c, r.Stages)
	rows := []any{}
	for i := range some {
		s := &some[i]
		if c.e.options.SpecShapes {
			rows = append(rows, r.row(s))
			continue
		}
		kind := "Classified Objects"
		if s.ObjectType == "LRM" {
			kind = "RM Classifications"
		}
		rows = append(rows, map[string]any{
			"id": s.ID, "name": s.Name, "object_type": kind, "rule_type": s.EventType, "date_to_use": s.DateToUse, "retyears": s.Years, "retmonths": s.Months, "retdays": s.Days,
			"action_code": s.Action, "actiondesc_e": s.Description, "rsirulecode": s.RuleCode, "eventrule": s.EventCondition, "yearendmonth": s.YearEndMonth,
			"yearendday": s.YearEndDay, "approval_flag": s.Approved, "disposition": s.Disposition,
		})
	}
	return view(paging, rows, map[string]any{
		"title": r.Name, "bCanEditRSI": c.may("rsi"), "bCanAddRSI": c.may("rsi"), "bCanDeleteRSI": c.may("rsi"), "bApprovalEnabled": c.e.options.ApprovalEnabled, "rsi_unique_id": r.ID,
	})
}

// items is a list of nodes as the item lists of Records Management have it.
func (c *ecmCall) items(keep func(*ecmNode) bool) ([]any, map[string]any) {
	var all []*ecmNode
	for _, n := range c.e.state.Nodes {
		if keep(n) && !c.e.gone(n) && c.sees(n) {
			all = append(all, n)
		}
	}
	sortNodes(all, c.text("sort"))
	c.perPage = 25
	some, paging := page(c, all)
	list := []any{}
	for _, n := range some {
		list = append(list, c.e.itemRow(n))
	}
	return list, map[string]any{"paging": shortPaging(paging), "sorting": map[string]any{"sort": []any{}}}
}

func (e *ECM) itemRow(n *ecmNode) map[string]any {
	p := e.properties(n)
	row := map[string]any{"comment": n.Description, "comments": 0, "openable": true, "original_id": 0, "original_id_expand": nil, "permissions_model": "advanced"}
	for _, k := range []string{
		"container", "create_date", "create_user_id", "description", "favorite", "hidden", "id", "mime_type", "modify_date", "modify_user_id", "name",
		"owner_user_id", "parent_id", "reserved_date", "reserved_user_id", "size", "size_formatted", "status", "type", "type_name",
	} {
		row[k] = p[k]
	}
	return row
}

func (c *ecmCall) rsiItems() ecmReply {
	r := c.e.rsiByID(c.id("id"))
	if r == nil {
		return fail(http.StatusBadRequest, "%s", textNoAccess)
	}
	list, collection := c.items(func(n *ecmNode) bool { return n.Record != nil && n.Record.RSI == r.Name })
	return ok(map[string]any{"collection": collection, "results": list})
}
