package testserver

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// ecmCode is a code of one of the lists of Records Management.
type ecmCode struct {
	Code    string `json:"code"`
	Text    string `json:"text"`
	Vital   bool   `json:"vital,omitempty"`
	Period  int    `json:"period,omitempty"`
	Related string `json:"related,omitempty"`
	Order   int    `json:"order,omitempty"`
}

// standardCodes are those of a server that was just set up.
func standardCodes() map[string][]ecmCode {
	list := func(pairs ...string) []ecmCode {
		var out []ecmCode
		for i := 0; i+1 < len(pairs); i += 2 {
			out = append(out, ecmCode{Code: pairs[i], Text: pairs[i+1]})
		}
		return out
	}
	return map[string][]ecmCode{
		"accession": nil, "cross_reference": nil, "disposition": list("D", "Destroy", "T", "Transfer"), "essential": list("NR", "Not required", "VR", "Vital record"),
		"action_code": list("0", "None", "1", "Change Status", "7", "Close", "8", "Finalize", "9", "Mark Official", "10", "Export", "11", "Update Storage Provider",
			"12", "Delete Electronic Format", "15", "Purge Versions", "16", "Make Rendition", "32", "Destroy"),
		"cycle_period": list("365", "Daily", "7", "Weekly", "1", "Monthly", "3", "Quarterly", "2", "Semi-Annual", "12", "Annual"),
		"date_to_use":  list("91", "Create Date", "92", "Reserved Date", "93", "Modification Date", "94", "Status Date", "95", "Record Date", "131", "Last Version Added", "133", "Source Create Date"),
		"event_type":   list("1", "Calculated Date", "2", "Calendar Calculation", "3", "Event Based", "4", "Fixed Date", "5", "Permanent"),
		"hold_type":    list("LEGAL", "Legal", "FOIA", "Freedom of information", "AUDIT", "Audit"), "event_conditions": list("LICENSE_END", "License ended"),
		"jurisdiction": nil, "provenance_type": nil, "retention": nil, "retention_intervals": list("0", "None"),
		"retention_stage": list("ACTIVE", "Active", "SEMI", "Semi-active", "FINAL", "Final"), "rsi_rule": list("FIXED", "Fixed period"),
		"rsi_status": list("ACTIVE", "Active", "DRAFT", "Draft", "RETIRED", "Retired"), "status": list("ACTIVE", "Active", "CLOSED", "Closed"),
		"storage": list("EL", "Electronic", "PA", "Paper"),
	}
}

func (e *ECM) hasCode(list, code string) bool {
	return code != "" && slices.ContainsFunc(e.state.Codes[list], func(c ecmCode) bool { return c.Code == code })
}

// codesV1 lists the codes as the first generation does.
func (c *ecmCall) codesV1() ecmReply {
	out := map[string]any{}
	for key, from := range map[string][2]string{
		"rmaccession": {"accession", "accession"}, "rmcycleperiod": {"cycle_period", "cycleperiod"}, "rmesscode": {"essential", "essential"}, "rmholdtype": {"hold_type", "holdtype"},
		"rmstatuscode": {"status", "status"}, "rmstorage": {"storage", "storage"},
	} {
		rows := []any{}
		for _, code := range c.e.state.Codes[from[0]] {
			row := map[string]any{from[1]: code.Code, "description": code.Text}
			if key == "rmcycleperiod" {
				row[from[1]] = asNumber(code.Code)
			}
			rows = append(rows, row)
		}
		out[key] = rows
	}
	rsis, xrefs := []any{}, []any{}
	for _, r := range c.e.state.RSIs {
		rsis = append(rsis, map[string]any{"rsi": r.Name, "description": r.Title})
	}
	for _, x := range c.e.state.Xrefs {
		xrefs = append(xrefs, map[string]any{"docxref": x.Type, "description": x.Description, "relatedcode": x.Related})
	}
	out["rmrsi"], out["rmdocxreftyp"] = rsis, xrefs
	return ok(out)
}

func (c *ecmCall) codes() ecmReply {
	data := map[string]any{}
	for list, codes := range c.e.state.Codes {
		numeric := slices.Contains([]string{"action_code", "cycle_period", "date_to_use", "event_type", "retention_intervals"}, list)
		values := []any{}
		for _, code := range codes {
			row := map[string]any{"code": code.Code, "description": code.Text}
			if numeric {
				row["code"] = asNumber(code.Code)
			}
			switch list {
			case "essential":
				row["vital"] = code.Vital
			case "hold_type":
				row["default_period"] = code.Period
			case "retention_stage":
				row["ret_stage_order"] = code.Order
			}
			values = append(values, row)
		}
		data[list] = map[string]any{"default_value": nil, "values": values}
	}
	xrefs, groups := []any{}, []any{}
	for _, x := range c.e.state.Xrefs {
		xrefs = append(xrefs, map[string]any{"code": x.Type, "description": x.Description, "related_code": x.Related, "hold_id": x.Hold})
	}
	for _, n := range c.e.children(holdsID) {
		groups = append(groups, map[string]any{"code": n.ID, "description": n.Name})
	}
	data["cross_reference"] = map[string]any{"default_value": nil, "values": xrefs}
	data["hold_groups"] = map[string]any{"default_value": nil, "values": groups}
	return ok(map[string]any{"results": map[string]any{"data": data}})
}

// createCode adds a code; the name says to which list.
func (c *ecmCall) createCode() ecmReply {
	list, known := map[string]string{
		"file_status": "status", "storage": "storage", "accession": "accession", "essential": "essential", "hold_type": "hold_type", "xref_type": "cross_reference",
		"rsi_status": "rsi_status", "stage": "retention_stage", "rule_code": "rsi_rule",
	}[c.r.PathValue("name")]
	code := ecmCode{Code: c.text("code"), Text: c.text("description"), Vital: c.flag("vitalRec"), Related: c.text("relatedCode")}
	code.Period, _ = strconv.Atoi(c.text("DefaultPeriod"))
	code.Order, _ = strconv.Atoi(c.text("stageOrder"))
	needs := map[string]string{"essential": "vitalRec", "hold_type": "DefaultPeriod", "cross_reference": "relatedCode", "retention_stage": "stageOrder"}[list]
	switch {
	case !known:
		return fail(http.StatusBadRequest, "Could not get table description")
	case code.Code == "" || needs != "" && !c.has(needs):
		return fail(http.StatusBadRequest, "Missing required parameter 'code'")
	case c.e.hasCode(list, code.Code), list == "cross_reference" && c.e.xrefType(code.Code) >= 0:
		return fail(http.StatusBadRequest, "Code already exists")
	}
	if list == "cross_reference" {
		c.e.state.Xrefs = append(c.e.state.Xrefs, ECMXrefType{Type: code.Code, Description: code.Text, Related: code.Related, RelatedText: c.text("relatedDescription")})
	} else {
		c.e.state.Codes[list] = append(c.e.state.Codes[list], code)
	}
	return ok(map[string]any{"code": code.Code, "description": code.Text})
}

// imports takes an XML export of another system. No source shows its form, so
// the fake only checks that it is XML and counts it.
// importKinds are the routes that take exports of another system.
var importKinds = map[string]string{
	"POST /v1/recordsmanagement/importCodes": "codes", "POST /v1/recordsmanagement/importRSIs": "rsis",
	"POST /v1/recordsmanagement/importSettings": "settings", "POST /v1/securityclearances/importCodes": "clearances",
}

func imports(kind string) ecmHandler {
	return func(c *ecmCall) ecmReply {
		if c.file == nil {
			return fail(http.StatusBadRequest, "Missing data")
		}
		rc, err := c.e.blobs.Open(*c.file)
		if err != nil {
			return fail(http.StatusInternalServerError, "Missing data")
		}
		defer func() { _ = rc.Close() }()
		d, elements := xml.NewDecoder(rc), 0
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) && elements > 0 {
				break
			}
			if err != nil {
				return ecmReply{status: http.StatusBadRequest, body: map[string]any{"error": "Missing data", "errorDetail": "not XML"}}
			}
			if _, isStart := token.(xml.StartElement); isStart {
				elements++
			}
		}
		if c.e.state.Imports == nil {
			c.e.state.Imports = map[string]int{}
		}
		c.e.state.Imports[kind]++
		return done()
	}
}

func (c *ecmCall) fieldInfos() ecmReply {
	fields := []any{}
	for i, name := range []string{"rsi", "record_date", "file_status", "status_date", "essential", "official", "storage", "accession", "subject", "originator", "addressee"} {
		fields = append(fields, map[string]any{"name": name, "label": name, "inputtype": "text", "order": i + 1, "add": true, "addreq": false, "tabreq": false})
	}
	return ok(map[string]any{"rmfield": fields, "rmvitalcode": "VR", "userecordversion": false, "versioncode": "", "xreference": true})
}

func (c *ecmCall) functionAccess() ecmReply {
	data := []any{}
	for _, action := range []string{"classify", "finalize", "hold", "dispose", "rsi"} {
		data = append(data, map[string]any{"funcid": action, "value": c.may(action)})
	}
	return ok(map[string]any{"data": data})
}

func (c *ecmCall) rmSettings() ecmReply {
	out := map[string]any{
		"adminAuthority_Name": c.e.options.User, "bCanRMClassify": c.may("classify"), "default_classification_id": nil, "default_classification_path": "",
		"default_prov_location_id": nil, "default_prov_location_path": "", "defaultClassBySubType": map[string]any{}, "dispButtons": map[string]any{}, "fn_sep": "-",
		"inheritList": map[string]any{}, "managedTypes": map[string]any{"0": true, "136": true, "144": true, "848": true}, "num_results": 25, "rejectCommentRequired": c.e.options.RejectComment,
		"thes_name": false,
	}
	for _, k := range []string{
		"apply_hold_button", "classfy_button", "declare_record_button", "licensingConfirmation", "remove_class_button", "remove_hold_button", "rm_metadata_button",
		"xref_button", "hold_icon", "official_icon", "classified_icon",
	} {
		out[k] = true
	}
	for _, k := range []string{"catalog_mode", "rsi_standard_browse", "thes_at_front", "thes_titling"} {
		out[k] = false
	}
	return ok(out)
}
