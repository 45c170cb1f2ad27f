package ecm

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"slices"

	"github.com/smintecm/sdk/internal/rest"
)

// CodesService reads Records Management's code lists, fields and rights, and
// takes them over from another system.
type CodesService service

// Code is one entry of a code list.
type Code struct {
	Code        string
	Description string
}

// CodeLists are code lists by their name, as "storage" or "hold_type".
type CodeLists map[string][]Code

// wireCode is a code under the name "code", or, in the older form, under a name
// that differs from list to list.
type wireCode map[string]json.RawMessage

func (w wireCode) code() Code {
	c := Code{Code: textOf(w["code"]), Description: textOf(w["description"])}
	for _, name := range slices.Sorted(maps.Keys(w)) {
		if c.Code == "" && name != "description" {
			c.Code = textOf(w[name])
		}
	}
	return c
}

func codesOf(list []wireCode) []Code {
	var out []Code
	for _, w := range list {
		out = append(out, w.code())
	}
	return out
}

// All reads every code list. Compare a policy's codes with it before anything
// is written.
//
// Errors: ErrDenied.
//
// API: GET /v2/recordsmanagement/rmcodes.
func (s *CodesService) All(ctx context.Context) (CodeLists, error) {
	answer, err := get[v2[map[string]json.RawMessage]](ctx, s.core, &routes.codesV2, nil, nil)
	lists := CodeLists{}
	for _, r := range answer.Results {
		for name, raw := range r.Data {
			var list struct {
				Values []wireCode `json:"values"`
			}
			if json.Unmarshal(raw, &list) == nil {
				lists[name] = codesOf(list.Values)
			}
		}
	}
	return lists, err
}

// Lists reads the code lists in the form of older servers, under their own
// names, as "rmstorage".
//
// Errors: ErrDenied.
//
// API: GET /v1/recordsmanagement/rmcodes.
func (s *CodesService) Lists(ctx context.Context) (CodeLists, error) {
	answer, err := get[map[string]json.RawMessage](ctx, s.core, &routes.codesV1, nil, nil)
	lists := CodeLists{}
	for name, raw := range answer {
		var list []wireCode
		if json.Unmarshal(raw, &list) == nil {
			lists[name] = codesOf(list)
		}
	}
	return lists, err
}

// NewCode is a code to be created. The last four fields belong to the lists
// that their comments name.
type NewCode struct {
	Code        string
	Description string
	// Vital is for "essential".
	Vital *bool
	// DefaultPeriod is for "hold_type".
	DefaultPeriod int
	// RelatedCode and RelatedDescription are for "xref_type".
	RelatedCode, RelatedDescription string
	// StageOrder is for "stage".
	StageOrder int
}

// Create adds a code to a list: file_status, storage, accession, essential,
// hold_type, xref_type, rsi_status, stage or rule_code.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrOutcomeUnknown.
//
// API: POST /v1/recordsmanagement/rmcodes/{name}.
func (s *CodesService) Create(ctx context.Context, list string, c NewCode) error {
	var faults rest.Problems
	wantText(&faults, "list", list)
	wantText(&faults, "code", c.Code)
	mayLines(&faults, "description", c.Description)
	wantLeast(&faults, "default period", c.DefaultPeriod, 0)
	mayText(&faults, "related code", c.RelatedCode)
	mayLines(&faults, "related description", c.RelatedDescription)
	wantLeast(&faults, "stage order", c.StageOrder, 0)
	// Each list has its own further field, and cannot do without it.
	switch list {
	case "essential":
		if c.Vital == nil {
			faults.Add("vital", "none", "true or false, for this list")
		}
	case "hold_type":
		wantLeast(&faults, "default period", c.DefaultPeriod, 1)
	case "xref_type":
		wantText(&faults, "related code", c.RelatedCode)
	case "stage":
		wantLeast(&faults, "stage order", c.StageOrder, 1)
	}
	if err := faults.Err(routes.codeCreate.Name); err != nil {
		return err
	}
	form := params{}.text("code", c.Code).text("description", c.Description).number("DefaultPeriod", int64(c.DefaultPeriod)).
		text("relatedCode", c.RelatedCode).text("relatedDescription", c.RelatedDescription).number("stageOrder", int64(c.StageOrder))
	if c.Vital != nil {
		form.always("vitalRec", *c.Vital)
	}
	return s.send(ctx, &routes.codeCreate, []any{list}, form)
}

// RMField is a metadata field of Records Management.
type RMField struct {
	Name  string
	Label string
	// Required tells whether declaring needs it.
	Required bool
}

// Fields lists the metadata fields.
//
// Errors: ErrDenied.
//
// API: GET /v1/recordsmanagement/fieldinfos.
func (s *CodesService) Fields(ctx context.Context) ([]RMField, error) {
	answer, err := get[struct {
		Fields []struct {
			Name     string `json:"name"`
			Label    string `json:"label"`
			Required flag   `json:"addreq"`
		} `json:"rmfield"`
	}](ctx, s.core, &routes.fieldInfos, nil, nil)
	var list []RMField
	for _, f := range answer.Fields {
		list = append(list, RMField{f.Name, f.Label, bool(f.Required)})
	}
	return list, err
}

// FunctionAccess tells, by the server's function ids, what this user may do.
//
// Errors: ErrDenied.
//
// API: GET /v1/recordsmanagement/functionaccessinfos.
func (s *CodesService) FunctionAccess(ctx context.Context) (map[string]bool, error) {
	answer, err := get[v1[struct {
		Function json.RawMessage `json:"funcid"`
		Value    flag            `json:"value"`
	}]](ctx, s.core, &routes.functionAccess, nil, nil)
	access := map[string]bool{}
	for _, f := range answer.Data {
		access[textOf(f.Function)] = bool(f.Value)
	}
	return access, err
}

// Import takes code tables from an export of another system. To update codes
// that exist needs an Unguarded, else it is ErrNeedsReason: records may be under
// them.
//
// Errors: ErrInvalid, ErrDenied, ErrSource, ErrNeedsReason, ErrOutcomeUnknown.
//
// API: POST /v1/recordsmanagement/importCodes.
func (s *CodesService) Import(ctx context.Context, export io.Reader, size int64, update bool, skip ...Unguarded) error {
	if err := checkImport(routes.codesImport.Name, export, size, skip); err != nil {
		return err
	}
	if update {
		if err := s.guardSweeping(ctx, routes.codesImport.Name, "codes that exist are left as they are", skip); err != nil {
			return err
		}
	}
	return s.importFile(ctx, &routes.codesImport, export, size, params{}.flag("updateExistingCodes", update))
}

// ImportRSIs takes RSIs from an export of another system. To update those that
// exist, or to delete their schedules, needs an Unguarded, else it is
// ErrNeedsReason: retention may get shorter.
//
// Errors: ErrInvalid, ErrDenied, ErrSource, ErrNeedsReason, ErrOutcomeUnknown.
//
// API: POST /v1/recordsmanagement/importRSIs.
func (s *CodesService) ImportRSIs(ctx context.Context, export io.Reader, size int64, update, deleteSchedules bool, skip ...Unguarded) error {
	if err := checkImport(routes.rsisImport.Name, export, size, skip); err != nil {
		return err
	}
	if update || deleteSchedules {
		if err := s.guardSweeping(ctx, routes.rsisImport.Name, "RSIs that exist are left as they are", skip); err != nil {
			return err
		}
	}
	return s.importFile(ctx, &routes.rsisImport, export, size, params{}.flag("updateExistingRSIs", update).flag("deleteSchedules", deleteSchedules))
}

// ImportSettings takes the system settings from an export of another system.
// Without an Unguarded it is ErrNeedsReason: every record is under them.
//
// Errors: ErrInvalid, ErrDenied, ErrSource, ErrNeedsReason, ErrOutcomeUnknown.
//
// API: POST /v1/recordsmanagement/importSettings.
func (s *CodesService) ImportSettings(ctx context.Context, export io.Reader, size int64, skip ...Unguarded) error {
	if err := checkImport(routes.settingsImport.Name, export, size, skip); err != nil {
		return err
	}
	if err := s.guardSweeping(ctx, routes.settingsImport.Name, "the settings are left as they are", skip); err != nil {
		return err
	}
	return s.importFile(ctx, &routes.settingsImport, export, size, params{})
}

func checkImport(op string, export io.Reader, size int64, skip []Unguarded) error {
	var faults rest.Problems
	wantContent(&faults, "export", export, size, 1)
	mayReasons(&faults, skip)
	return faults.Err(op)
}

// importFile sends an export as multipart: the description's form cannot carry
// a file.
func (c *core) importFile(ctx context.Context, route *rest.Route, export io.Reader, size int64, fields params) error {
	var parts []rest.Part
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, rest.Part{Name: name, Body: rest.BytesBody([]byte(fields[name][0]), "")})
	}
	parts = append(parts, rest.Part{Name: "file", FileName: "import.xml", ContentType: "text/xml", Body: rest.ReaderBody(export, size, "text/xml")})
	body, err := rest.Multipart(parts...)
	if err != nil {
		return err
	}
	return c.do(ctx, rest.Request{Route: route, Body: body})
}

// PicklistEntry is a classification that a user picks from.
type PicklistEntry struct {
	ID         NodeID
	Name       string
	FileNumber string
	Selectable bool
}

// UserPicklist lists the classifications that a user has picked.
//
// Errors: ErrInvalid, ErrNotFound.
//
// API: GET /v1/members/{id}/userpicklist.
func (s *CodesService) UserPicklist(ctx context.Context, user UserID) ([]PicklistEntry, error) {
	return s.picklist(ctx, &routes.userPicklist, user)
}

// GroupPicklist lists the classifications that a user's groups have picked.
//
// Errors: ErrInvalid, ErrNotFound.
//
// API: GET /v1/members/{id}/grouppicklist.
func (s *CodesService) GroupPicklist(ctx context.Context, user UserID) ([]PicklistEntry, error) {
	return s.picklist(ctx, &routes.groupPicklist, user)
}

func (s *CodesService) picklist(ctx context.Context, route *rest.Route, user UserID) ([]PicklistEntry, error) {
	var faults rest.Problems
	wantID(&faults, "user", user)
	if err := faults.Err(route.Name); err != nil {
		return nil, err
	}
	answer, err := get[v1[struct {
		ID         number `json:"id"`
		Name       string `json:"name"`
		FileNumber string `json:"file_number"`
		Selectable flag   `json:"selectable"`
	}]](ctx, s.core, route, []any{user}, nil)
	var list []PicklistEntry
	for _, p := range answer.Data {
		list = append(list, PicklistEntry{NodeID(p.ID), p.Name, p.FileNumber, bool(p.Selectable)})
	}
	return list, err
}
