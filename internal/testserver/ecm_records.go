package testserver

import (
	"crypto/md5" //nolint:gosec // the server's tokens have this form; nothing rests on it
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ecmRecord is what makes a node a record.
type ecmRecord struct {
	Class        int64  `json:"class"`
	RSI          string `json:"rsi"`
	FileNumber   string `json:"file_number"`
	FileStatus   string `json:"file_status"`
	Essential    string `json:"essential"`
	Storage      string `json:"storage"`
	Official     bool   `json:"official"`
	Final        bool   `json:"final"`
	Confidential bool   `json:"confidential,omitempty"`
	// Dates and texts by the wire's own names.
	Details map[string]string `json:"details,omitempty"`
	// More are further classifications, where the server allows them.
	More []ecmMoreClass `json:"more,omitempty"`
}

type ecmMoreClass struct {
	Class int64  `json:"class"`
	RSI   string `json:"rsi"`
}

func (r *ecmRecord) clone() *ecmRecord {
	out := *r
	out.Details, out.More = maps.Clone(r.Details), slices.Clone(r.More)
	return &out
}

// in tells whether a record has a classification, as leading one or not.
func (r *ecmRecord) in(class int64) bool {
	return r != nil && (r.Class == class || slices.ContainsFunc(r.More, func(m ecmMoreClass) bool { return m.Class == class }))
}

// token is one of the server's 32 digit tokens for a state of a node.
func (e *ECM) token(kind string, n *ecmNode) string {
	version := n.Token
	if kind == "record" {
		version = n.RecordToken
	}
	sum := md5.Sum(fmt.Appendf(nil, "%s %d %d", kind, n.ID, version)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

var recordDates = []string{"record_date", "status_date", "received_date", "next_review_date", "last_review_date"}

var recordTexts = []string{"accession", "subject", "originator", "addressee", "sent_to", "establishment"}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// classifiable tells which subtypes can become records.
func classifiable(kind int) bool { return slices.Contains([]int{0, 136, 144, 848}, kind) }

func (c *ecmCall) recordDetails() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	}
	record, open := n.Record != nil, n.Record != nil && !n.final()
	data := []any{}
	if record {
		data = append(data, c.recordRow(n, n.Record.Class, n.Record.RSI, true))
		for _, m := range n.Record.More {
			data = append(data, c.recordRow(n, m.Class, m.RSI, false))
		}
	}
	return ok(map[string]any{
		"canBeUnclassified": open, "canFinalize": open && c.may("finalize"), "canRemoveClass": open,
		"canRMClassify": c.may("classify") && classifiable(n.Type), "classVolumeID": classVolumeID, "data": data, "definitions": map[string]any{},
		"fields_order": []any{"rmclassification_id", "file_number", "rsi", "record_date", "file_status"}, "fields_to_show": map[string]any{},
		"haveFAtoClassify": c.may("classify"), "inherit_from": false,
		"inheritanceMetadataUpdate": map[string]any{"essential": true, "file_status": true, "official": true, "reclassify_rsi": true, "rsi": true, "status_date": true, "storage": true},
		"multiClass":                c.e.options.MultiClass, "rm_metadataToken": c.e.token("record", n), "showTab": true, "updateRSIWithRecordType": 0, "vitalRecordCodes": []any{},
	})
}

func (c *ecmCall) recordRow(n *ecmNode, class int64, rsi string, primary bool) map[string]any {
	r := n.Record
	row := map[string]any{
		"inherited_rmclassification_id": nil, "default_rmclassification_id": nil, "rmclassification_id": class, "file_number": fileNumber(class),
		"rsi": orNull(rsi), "file_status": orNull(r.FileStatus), "essential": orNull(r.Essential), "storage": orNull(r.Storage), "official": r.Official,
		"record_officer_id": nil, "records_manager_id": nil, "secondary_class_ids": nil, "name": c.e.state.Nodes[class].Name, "type": 551,
		"class_selectable": true, "management_type": "Manual", "score": 0, "is_primary": primary, "record_type": 0, "record_officer_name": nil,
		"records_manager_name": nil, "inherit_from": false, "extradata": nil, "cycle_period": nil,
		"multiple_classifications": []any{map[string]any{"classNumber": class, "fileNumber": fileNumber(class), "primary": primary, "rsi": orNull(rsi)}},
	}
	for _, k := range recordDates {
		row[k] = nil
		if day, known := parseDay(r.Details[k]); known {
			row[k] = day.Format("2006-01-02T15:04:05")
		}
	}
	for _, k := range recordTexts {
		row[k] = orNull(r.Details[k])
	}
	if v := r.Details["cycle_period"]; v != "" {
		row["cycle_period"] = asNumber(v)
	}
	return row
}

func fileNumber(class int64) string { return fmt.Sprintf("008-%d", class) }

// details reads record details from the parameters into a record.
func (c *ecmCall) details(r *ecmRecord) (ecmReply, bool) {
	if v := strings.ToLower(c.text("official")); c.has("official") && v != "true" && v != "1" && !(c.r.Method == http.MethodPut && (v == "false" || v == "0")) {
		return fail(http.StatusBadRequest, "Invalid datatype specified for argument 'official'"), true
	}
	if v := c.text("cycle_period"); v != "" && !slices.Contains([]string{"365", "7", "1", "3", "2", "12"}, v) {
		return fail(http.StatusBadRequest, "Incorrect Cycle Period specified"), true
	}
	if r.Details == nil {
		r.Details = map[string]string{}
	}
	for _, k := range recordDates {
		if !c.has(k) {
			continue
		}
		if _, err := time.Parse(time.DateOnly, c.text(k)); err != nil && c.text(k) != "" {
			return fail(http.StatusBadRequest, "Invalid datatype specified for argument '%s'", k), true
		}
		r.Details[k] = c.text(k)
	}
	for _, k := range append([]string{"cycle_period"}, recordTexts...) {
		if c.has(k) {
			r.Details[k] = c.text(k)
		}
	}
	for k, to := range map[string]*string{"file_status": &r.FileStatus, "status": &r.FileStatus, "essential": &r.Essential, "storage": &r.Storage} {
		if c.has(k) && c.text(k) != "" {
			*to = c.text(k)
		}
	}
	if c.has("official") {
		r.Official = c.flag("official")
	}
	return ecmReply{}, false
}

// declared is the record that a node becomes under a class.
func (c *ecmCall) declared(n *ecmNode, class *ecmNode) *ecmRecord {
	rsi := ""
	if len(class.RSIs) > 0 {
		rsi = class.RSIs[0]
	}
	if n.Record == nil {
		return &ecmRecord{Class: class.ID, RSI: rsi, FileNumber: fileNumber(class.ID), FileStatus: "ACTIVE", Storage: "EL"}
	}
	r := n.Record.clone()
	if c.e.options.MultiClass && !r.in(class.ID) {
		r.More = append(r.More, ecmMoreClass{class.ID, rsi})
		return r
	}
	r.Class, r.RSI, r.FileNumber = class.ID, rsi, fileNumber(class.ID)
	return r
}

func (c *ecmCall) classify() ecmReply {
	n := c.node(c.id("id"))
	classID, isID := c.number("class_id")
	class := c.node(classID)
	switch {
	case n == nil:
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	case !isID:
		return fail(http.StatusBadRequest, "Missing required parameter 'class_id'")
	case class == nil || class.Type != 551:
		return fail(http.StatusBadRequest, "Could not get node for %s", c.text("class_id"))
	case !c.may("classify") || !classifiable(n.Type) || !c.can(n, "edit_attributes"):
		return fail(http.StatusBadRequest, textRMDenied)
	case c.has("rm_metadataToken") && c.text("rm_metadataToken") != c.e.token("record", n):
		return fail(http.StatusConflict, textConflict)
	case !c.has("rm_metadataToken") && (n.Record != nil || c.e.options.TokenOnFirst):
		return fail(http.StatusBadRequest, "Argument 'rm_metadataToken' is required")
	case n.final():
		return fail(http.StatusBadRequest, textNoAction, "classify")
	}
	r := c.declared(n, class)
	if reply, bad := c.details(r); bad {
		return reply
	}
	if rsi := c.text("rsi"); rsi != "" {
		if c.e.rsi(rsi) == nil || !slices.Contains(class.RSIs, rsi) {
			return fail(http.StatusBadRequest, "Incorrect RSI specified.")
		}
		r.RSI = rsi
	}
	n.Record = r
	n.RecordToken++
	n.Modified = c.e.now()
	c.audit(n, "Classification Applied")
	return done()
}

func (c *ecmCall) updateRecord() ecmReply {
	n := c.node(c.id("id"))
	switch {
	case n == nil || n.Record == nil:
		return fail(http.StatusBadRequest, "Cannot retrieve node")
	case !c.has("rm_metadataToken"):
		return fail(http.StatusBadRequest, "Argument 'rm_metadataToken' is required")
	case c.text("rm_metadataToken") != c.e.token("record", n):
		return fail(http.StatusConflict, textConflict)
	case c.e.fixed(n), !c.can(n, "edit_attributes"):
		return fail(http.StatusBadRequest, textNoAction, "rmclassify")
	}
	r := n.Record.clone()
	if reply, bad := c.details(r); bad {
		return reply
	}
	n.Record = r
	n.RecordToken++
	c.audit(n, "Record Details Changed")
	return done()
}

func (c *ecmCall) unclassify() ecmReply {
	n, class := c.node(c.id("id")), c.id("class")
	switch {
	case n == nil || !n.Record.in(class) || c.e.locked(n) || !c.may("classify"):
		return fail(http.StatusBadRequest, "Could not delete records in table RM_PartRecords")
	case c.text("rm_metadataToken") != c.e.token("record", n):
		return fail(http.StatusConflict, textConflict)
	}
	c.leave(n, class)
	return done()
}

// leave takes a node out of a class; the next one leads, or none.
func (c *ecmCall) leave(n *ecmNode, class int64) {
	n.RecordToken++
	c.audit(n, "Classification Removed")
	r := n.Record.clone()
	r.More = slices.DeleteFunc(r.More, func(m ecmMoreClass) bool { return m.Class == class })
	switch {
	case r.Class != class:
		n.Record = r
	case len(r.More) > 0:
		r.Class, r.RSI, r.FileNumber = r.More[0].Class, r.More[0].RSI, fileNumber(r.More[0].Class)
		r.More = r.More[1:]
		n.Record = r
	default:
		n.Record = nil
	}
}
