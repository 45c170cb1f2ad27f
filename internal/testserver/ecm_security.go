package testserver

import (
	"net/http"
	"slices"
	"strings"
)

type ecmLevel struct {
	Level int64  `json:"level"`
	Name  string `json:"name"`
	Text  string `json:"text"`
}

type ecmMarking struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func (l ecmLevel) row() any {
	return map[string]any{"security_level": l.Level, "name": l.Name, "desc": l.Text}
}

func (m ecmMarking) row() any {
	return map[string]any{"supplemental_marking": m.Code, "desc": m.Text}
}

func (e *ECM) markingRows(codes []string) []any {
	rows := []any{}
	for _, m := range e.state.Markings {
		if slices.Contains(codes, m.Code) {
			rows = append(rows, m.row())
		}
	}
	return rows
}

func (e *ECM) level(n int64) int {
	return slices.IndexFunc(e.state.Levels, func(l ecmLevel) bool { return l.Level == n })
}

// knownMarkings tells whether all codes exist.
func (e *ECM) knownMarkings(codes []string) bool {
	return !slices.ContainsFunc(codes, func(code string) bool {
		return !slices.ContainsFunc(e.state.Markings, func(m ecmMarking) bool { return m.Code == code })
	})
}

func (c *ecmCall) clearances() ecmReply {
	levels, markings := []any{}, []any{}
	for _, l := range c.e.state.Levels {
		levels = append(levels, l.row())
	}
	for _, m := range c.e.state.Markings {
		markings = append(markings, m.row())
	}
	none := map[string]any{}
	return ok(map[string]any{
		"definitions": map[string]any{"clearance_levels": none, "supplemental_markings": none},
		"data": map[string]any{
			"clearance_levels": map[string]any{"definitions": none, "data": levels}, "supplemental_markings": map[string]any{"definitions": none, "data": markings},
		},
	})
}

func (c *ecmCall) clearanceSettings() ecmReply {
	return ok(map[string]any{"security_enabled": len(c.e.state.Levels)+len(c.e.state.Markings) > 0})
}

func (c *ecmCall) nodeClearance() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	return ok(map[string]any{
		"data": map[string]any{
			"clearance_level": n.Clearance, "supplemental_markings": c.e.markingRows(n.Markings), "can_user_edit_security": c.can(n, "edit_permissions"),
			"has_user_security_codes": c.user.Clearance > 0 || len(c.user.Markings) > 0, "inherit_from": false,
			"applyToSettings": map[string]any{"bUpdateBoxContents": false, "secLevelOpts": "", "suppMarkOpts": ""},
		},
		"definitions": map[string]any{"clearance_level": "", "supplemental_markings": ""}, "NumSecLevel": len(c.e.state.Levels),
	})
}

func (c *ecmCall) setNodeClearance() ecmReply {
	n := c.node(c.id("id"))
	level, isLevel := c.number("clearance_level")
	markings := c.list("supplemental_markings")
	if n == nil || !c.can(n, "edit_permissions") || c.has("clearance_level") && (!isLevel || level != 0 && c.e.level(level) < 0) || !c.e.knownMarkings(markings) {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	if isLevel {
		n.Clearance = level
	}
	if c.sent("supplemental_markings") {
		n.Markings = markings
	}
	c.audit(n, "Security Changed")
	return done()
}

const textFormat = "Missing parameter or format not correct"

func (c *ecmCall) bulkClearance() ecmReply {
	ids, isList := c.numbers("ids")
	level, isLevel := c.number("currentSecurity")
	if !isList || len(ids) == 0 || !isLevel || level != 0 && c.e.level(level) < 0 {
		return fail(http.StatusNotFound, textFormat)
	}
	for _, id := range ids {
		if n := c.node(id); n != nil && c.can(n, "edit_permissions") {
			n.Clearance = level
		}
	}
	return done()
}

// bulkMarkings assigns (2) or removes (3) markings.
func (c *ecmCall) bulkMarkings() ecmReply {
	ids, isList := c.numbers("ids")
	action, _ := c.number("action")
	markings := c.list("supplemental_markings")
	if !isList || len(ids) == 0 || action != 2 && action != 3 || len(markings) == 0 || !c.e.knownMarkings(markings) {
		return fail(http.StatusNotFound, textFormat)
	}
	for _, id := range ids {
		n := c.node(id)
		if n == nil || !c.can(n, "edit_permissions") {
			continue
		}
		n.Markings = slices.DeleteFunc(n.Markings, func(m string) bool { return slices.Contains(markings, m) })
		if action == 2 {
			n.Markings = append(n.Markings, markings...)
		}
	}
	return done()
}

func (e *ECM) levelName(level int64) string {
	if i := e.level(level); i >= 0 {
		return e.state.Levels[i].Name
	}
	return ""
}

func (c *ecmCall) ownSecurity() ecmReply {
	return ok(map[string]any{
		"securityLevel": c.user.Clearance, "securityLevelName": c.e.levelName(c.user.Clearance), "dynamicSecurity": c.user.Clearance, "dynamicSecurityName": c.e.levelName(c.user.Clearance),
	})
}

func (c *ecmCall) member() *ECMUser {
	for _, u := range c.e.state.Users {
		if u.ID == c.id("user") {
			return u
		}
	}
	return nil
}

func (c *ecmCall) userClearance() ecmReply {
	u := c.member()
	if u == nil {
		return fail(http.StatusBadRequest, "Could not get a member for %s", c.r.PathValue("user"))
	}
	data := []any{}
	if i := c.e.level(u.Clearance); i >= 0 {
		data = append(data, c.e.state.Levels[i].row())
	}
	return ok(map[string]any{"data": data})
}

func (c *ecmCall) setUserClearance() ecmReply {
	u := c.member()
	level, isLevel := c.number("securityLevel")
	if u == nil || !isLevel || level != 0 && c.e.level(level) < 0 || !c.user.Admin {
		return fail(http.StatusBadRequest, "Could not update user Security Clearance Level")
	}
	u.Clearance = level
	return done()
}

func (c *ecmCall) userMarkings() ecmReply {
	u := c.member()
	if u == nil {
		return fail(http.StatusBadRequest, "Could not get a member for %s", c.r.PathValue("user"))
	}
	return ok(map[string]any{"data": c.e.markingRows(u.Markings), "definitions": map[string]any{}})
}

func (c *ecmCall) setUserMarkings() ecmReply {
	u := c.member()
	var markings []string
	for _, s := range c.list("suppMarks") {
		markings = append(markings, strings.Fields(s)...)
	}
	if u == nil || !c.sent("suppMarks") || !c.e.knownMarkings(markings) || !c.user.Admin {
		return fail(http.StatusBadRequest, "Could not set user Supplemental Markings")
	}
	u.Markings = markings
	return done()
}
