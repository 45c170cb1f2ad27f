package testserver

import (
	"crypto/md5" //nolint:gosec // the server's tokens have this form; nothing rests on it
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ecmRecord is what makes a node a record.
type ecmRecord struct {
	Class      int64  `json:"class"`
	RSI        string `json:"rsi"`
	FileNumber string `json:"file_number"`
	FileStatus string `json:"file_status"`
	Essential  string `json:"essential"`
	Storage    string `json:"storage"`
	Official   bool   `json:"official"`
	Final      bool   `json:"final"`
	// Dates and texts by the wire's own names.
	Details map[string]string `json:"details,omitempty"`
	Token   int64             `json:"token"`
}

// token is one of the server's 32 digit tokens for a state of a node.
func (e *ECM) token(kind string, n *ecmNode) string {
	version := n.Token
	if kind == "record" {
		version = 0
		if n.Record != nil {
			version = n.Record.Token
		}
	}
	sum := md5.Sum(fmt.Appendf(nil, "%s %d %d", kind, n.ID, version)) //nolint:gosec // see the import
	return hex.EncodeToString(sum[:])
}

var recordDates = []string{"record_date", "status_date", "received_date", "next_review_date", "last_review_date"}

var recordTexts = []string{"accession", "subject", "originator", "addressee", "sent_to", "establishment", "cycle_period"}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (c *ecmCall) recordDetails() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	}
	record := n.Record != nil
	final := record && n.Record.Final
	data := []any{}
	if record {
		data = append(data, c.recordRow(n))
	}
	return ok(map[string]any{
		"canBeUnclassified": record && !final, "canFinalize": record && !final && c.may("finalize"), "canRemoveClass": record && !final,
		"canRMClassify": c.may("classify") && n.Type == 144, "classVolumeID": 2046, "data": data, "definitions": map[string]any{},
		"fields_order": []any{"rmclassification_id", "file_number", "rsi", "record_date", "file_status"}, "fields_to_show": map[string]any{},
		"haveFAtoClassify": c.may("classify"), "inherit_from": false, "inheritanceMetadataUpdate": map[string]any{}, "multiClass": false,
		"rm_metadataToken": c.e.token("record", n), "showTab": true, "updateRSIWithRecordType": 0, "vitalRecordCodes": []any{},
	})
}

func (c *ecmCall) recordRow(n *ecmNode) map[string]any {
	r := n.Record
	row := map[string]any{
		"inherited_rmclassification_id": nil, "default_rmclassification_id": nil, "rmclassification_id": r.Class, "file_number": r.FileNumber,
		"rsi": orNull(r.RSI), "file_status": orNull(r.FileStatus), "essential": orNull(r.Essential), "storage": orNull(r.Storage), "official": r.Official,
		"record_officer_id": nil, "records_manager_id": nil, "secondary_class_ids": nil, "name": c.e.state.Nodes[r.Class].Name, "type": 551,
		"class_selectable": true, "management_type": "Manual", "score": 0, "is_primary": true, "record_type": 0, "inherit_from": false, "extradata": nil,
		"multiple_classifications": []any{map[string]any{"classNumber": r.Class, "fileNumber": r.FileNumber, "primary": true, "rsi": orNull(r.RSI)}},
	}
	for _, k := range recordDates {
		row[k] = nil
		if v := r.Details[k]; v != "" {
			row[k] = v + "T00:00:00"
		}
	}
	for _, k := range recordTexts {
		row[k] = orNull(r.Details[k])
	}
	return row
}

// details reads record details from the parameters into a record.
func (c *ecmCall) details(r *ecmRecord) (ecmReply, bool) {
	for _, k := range []string{"official"} {
		if v := strings.ToLower(c.text(k)); c.has(k) && v != "true" && v != "1" && !(c.r.Method == http.MethodPut && v == "false") {
			return fail(http.StatusBadRequest, "Invalid datatype specified for argument '%s'", k), true
		}
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
	for _, k := range recordTexts {
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
		r.Official = strings.EqualFold(c.text("official"), "true") || c.text("official") == "1"
	}
	return ecmReply{}, false
}

func (c *ecmCall) classify() ecmReply {
	n := c.node(c.id("id"))
	classID, isID := c.number("class_id")
	class := c.e.state.Nodes[classID]
	switch {
	case n == nil:
		return fail(http.StatusBadRequest, "Could not get node for %s", c.r.PathValue("id"))
	case !isID:
		return fail(http.StatusBadRequest, "Missing required parameter 'class_id'")
	case class == nil || class.Type != 551:
		return fail(http.StatusBadRequest, "Could not get node for %s", c.text("class_id"))
	case !c.may("classify") || n.Type != 144:
		return fail(http.StatusBadRequest, textRMDenied)
	case c.has("rm_metadataToken") && c.text("rm_metadataToken") != c.e.token("record", n):
		return fail(http.StatusConflict, textConflict)
	case !c.has("rm_metadataToken") && (n.Record != nil || c.e.options.TokenOnFirst):
		return fail(http.StatusBadRequest, "Argument 'rm_metadataToken' is required")
	case n.Record != nil && n.Record.Final:
		return fail(http.StatusBadRequest, textNoAction, "classify")
	}
	r := &ecmRecord{Class: classID, FileNumber: fmt.Sprintf("008-%d", classID), FileStatus: "ACTIVE", Storage: "EL"}
	if n.Record != nil {
		r.Token = n.Record.Token
	}
	if len(class.RSIs) > 0 {
		r.RSI = class.RSIs[0]
	}
	if reply, bad := c.details(r); bad {
		return reply
	}
	r.Token++
	n.Record = r
	n.Modified = c.e.now()
	return ok(map[string]any{})
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
	case n.Record.Final && !c.e.options.OpenAttributes:
		return fail(http.StatusBadRequest, textNoAction, "rmclassify")
	}
	if reply, bad := c.details(n.Record); bad {
		return reply
	}
	n.Record.Token++
	return ok(map[string]any{})
}

func (c *ecmCall) unclassify() ecmReply {
	n := c.node(c.id("id"))
	switch {
	case n == nil || n.Record == nil || n.Record.Class != c.id("class") || n.locked():
		return fail(http.StatusBadRequest, "Could not delete records in table RM_PartRecords")
	case c.text("rm_metadataToken") != c.e.token("record", n):
		return fail(http.StatusConflict, textConflict)
	}
	n.Record = nil
	return ok(map[string]any{})
}

func (c *ecmCall) finalize() ecmReply {
	ids, isList := c.numbers("ids")
	if !isList || len(ids) == 0 {
		return fail(http.StatusNotFound, "ID is not an integer or is missing")
	}
	for _, id := range ids {
		if n := c.node(id); n == nil || n.Record == nil || !c.may("finalize") {
			return fail(http.StatusBadRequest, textRMDenied)
		}
	}
	for _, id := range ids {
		r := c.e.state.Nodes[id].Record
		if !r.Final {
			r.Final = true
			r.Token++
		}
	}
	return ok(map[string]any{})
}

func (e *ECM) rsi(name string) *ECMRSI {
	i := slices.IndexFunc(e.state.RSIs, func(r *ECMRSI) bool { return r.Name == name })
	if i < 0 {
		return nil
	}
	return e.state.RSIs[i]
}

func (c *ecmCall) rsis() ecmReply {
	some, paging := page(c, c.e.state.RSIs)
	rows := []any{}
	for _, r := range some {
		rows = append(rows, map[string]any{
			"RSIID": r.ID, "RSI": r.Name, "Title": r.Title, "RSIStatus": "ACTIVE", "Active": 1, "DispControl": 1, "RSIScheduleID": r.ID + 1, "RetStage": r.Stage,
			"RetYears": r.Years, "RetMonths": r.Months, "RetDays": r.Days, "ActionCode": fmt.Sprint(r.Action), "ObjectType": "LIV", "DiscontFlag": 0,
		})
	}
	return ok(map[string]any{"collection": map[string]any{"paging": paging}, "links": c.links(), "results": map[string]any{"data": map[string]any{"rsis": rows}}})
}

func (c *ecmCall) nodeRSIs() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	data := []any{}
	for _, name := range n.RSIs {
		data = append(data, map[string]any{"class_id": n.ID, "rsi": name})
	}
	if n.Record != nil && n.Record.RSI != "" {
		data = append(data, map[string]any{"class_id": n.Record.Class, "rsi": n.Record.RSI})
	}
	return ok(map[string]any{"data": data, "definitions": map[string]any{}})
}

func (c *ecmCall) assignRSI() ecmReply {
	n := c.node(c.id("id"))
	if n == nil || n.Record == nil || n.Record.Class != c.id("class") {
		return fail(http.StatusBadRequest, "Cannot retrieve node")
	}
	name := c.text("rsi")
	if c.e.rsi(name) == nil || !slices.Contains(c.e.state.Nodes[n.Record.Class].RSIs, name) || n.Record.Final {
		return fail(http.StatusBadRequest, "Incorrect RSI specified.")
	}
	n.Record.RSI = name
	n.Record.Token++
	return ok(map[string]any{})
}

func (c *ecmCall) rsiDetails() ecmReply {
	n := c.node(c.id("id"))
	r := c.e.rsi(c.r.PathValue("rsi"))
	if n == nil || n.Record == nil || r == nil || n.Record.RSI != r.Name {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	start := n.Created
	if recorded, err := time.Parse(time.DateOnly, n.Record.Details["record_date"]); err == nil && r.DateToUse == "record" {
		start = recorded
	}
	due := start.AddDate(r.Years, r.Months, r.Days)
	row := map[string]any{
		"Stage": r.Stage, "RetentionRule": "Create Date", "MetEventRule": !r.Permanent && !c.e.now().Before(due), "CalculatedDate": due.Format(time.DateOnly),
		"ActionToPerform": r.Action, "Disposition": "", "Comment": "", "RuleCode": "", "DateToUse": "Create Date", "DateToUseValue": start.Format(time.DateOnly),
		"RetentionYears": r.Years, "RetentionMonths": r.Months, "RetentionDays": r.Days, "Intervals": 0, "EventBased": false, "FixedDate": false,
		"Permanent": r.Permanent, "AutomaticProcess": false, "ActionInfo": "", "DisplayEvent": "", "ActionInt": fmt.Sprint(r.Action), "NumVersToKeep": 0, "MakeRendition": false,
	}
	if r.Permanent {
		row["CalculatedDate"] = ""
	}
	return ok(map[string]any{"data": []any{row}})
}

func (c *ecmCall) nodeHolds() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	data := []any{}
	for _, id := range sortedKeys(n.Holds) {
		h := c.e.state.Holds[id]
		data = append(data, map[string]any{
			"id": n.ID, "name": n.Name, "subtype": n.Type, "parent_id": n.Parent, "hold_id": h.ID, "hold_name": h.Name, "hold_type": h.Type, "hold_comment": h.Comment,
			"hold_appliedmethod": nil, "userid": nil, "docxreftyp": nil, "queryid": nil, "active": h.Active, "applied_by": n.Holds[id],
			"date_applied": h.Applied.Format("2006-01-02T15:04:05"), "removable": true,
		})
	}
	return ok(map[string]any{"data": data, "definitions": map[string]any{}})
}

func (c *ecmCall) xrefTypes() ecmReply {
	data := []any{}
	for _, x := range c.e.state.Xrefs {
		data = append(data, map[string]any{"xref_type": x.Type, "desc": x.Description, "related_code": x.Related, "hold_id": 0, "disabled": false})
	}
	return ok(map[string]any{"data": data})
}

func (c *ecmCall) nodeXrefs() ecmReply {
	n := c.node(c.id("id"))
	if n == nil {
		return fail(http.StatusBadRequest, textRMDenied)
	}
	data := []any{}
	for _, x := range n.Xrefs {
		to := c.e.state.Nodes[x.To]
		if to == nil || !c.sees(to) {
			continue
		}
		data = append(data, map[string]any{
			"xref_id": strconv.FormatInt(x.To, 10), "xref_type": x.Type, "related_code": x.Related, "comment": x.Comment, "location": "", "ver_num": 0, "removable": true,
			"id": to.ID, "name": to.Name, "type": to.Type, "parent_id": to.Parent,
		})
	}
	return ok(map[string]any{"data": data, "definitions": map[string]any{}, "showTab": true})
}

// assignXref relates two records, and no others.
func (c *ecmCall) assignXref() ecmReply {
	n := c.node(c.id("id"))
	to, isID := c.number("xref_id")
	other := c.node(to)
	i := slices.IndexFunc(c.e.state.Xrefs, func(x ECMXrefType) bool { return x.Type == c.text("xref_type") || x.Related == c.text("xref_type") })
	switch {
	case !c.has("comment") || !c.has("xref_type") || !isID:
		return fail(http.StatusBadRequest, "Missing required parameter 'comment'")
	case n == nil || other == nil || n.Record == nil || other.Record == nil || i < 0 || n == other:
		return fail(http.StatusBadRequest, textRMDenied)
	}
	kind, related := c.e.state.Xrefs[i].Type, c.e.state.Xrefs[i].Related
	if c.text("xref_type") == related {
		kind, related = related, kind
	}
	if slices.ContainsFunc(n.Xrefs, func(x ecmXref) bool { return x.To == to && x.Type == kind }) {
		return fail(http.StatusBadRequest, "Cross-Reference already exists")
	}
	n.Xrefs = append(n.Xrefs, ecmXref{kind, related, to, c.text("comment")})
	other.Xrefs = append(other.Xrefs, ecmXref{related, kind, n.ID, c.text("comment")})
	return ok(map[string]any{})
}
