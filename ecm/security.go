package ecm

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// SecurityService reads and sets security clearance levels and supplemental
// markings, of nodes and of users.
type SecurityService service

// ClearanceLevel is a level of the server's list.
type ClearanceLevel struct {
	Level       int
	Name        string
	Description string
}

// Marking is a supplemental marking of the server's list.
type Marking struct {
	Code        string
	Description string
}

// SecurityCodes are the server's lists.
type SecurityCodes struct {
	Levels   []ClearanceLevel
	Markings []Marking
}

type wireLevel struct {
	Level       number `json:"security_level"`
	Name        string `json:"name"`
	Description string `json:"desc"`
}

type wireMarking struct {
	Code        string `json:"supplemental_marking"`
	Description string `json:"desc"`
}

func levels(list []wireLevel) (out []ClearanceLevel) {
	for _, w := range list {
		out = append(out, ClearanceLevel{int(w.Level), w.Name, w.Description})
	}
	return out
}

func markings(list []wireMarking) (out []Marking) {
	for _, w := range list {
		out = append(out, Marking(w))
	}
	return out
}

// Codes reads the lists.
//
// Errors: ErrDenied.
//
// API: GET /v1/securityclearances.
func (s *SecurityService) Codes(ctx context.Context) (*SecurityCodes, error) {
	answer, err := get[struct {
		Data struct {
			Levels   v1[wireLevel]   `json:"clearance_levels"`
			Markings v1[wireMarking] `json:"supplemental_markings"`
		} `json:"data"`
	}](ctx, s.core, &routes.clearances, nil, nil)
	if err != nil {
		return nil, err
	}
	return &SecurityCodes{levels(answer.Data.Levels.Data), markings(answer.Data.Markings.Data)}, nil
}

// Settings tells whether security is enabled.
//
// Errors: ErrDenied.
//
// API: GET /v1/securityclearances/settings.
func (s *SecurityService) Settings(ctx context.Context) (enabled bool, err error) {
	answer, err := get[struct {
		Enabled flag `json:"security_enabled"`
	}](ctx, s.core, &routes.clearanceSettings, nil, nil)
	return bool(answer.Enabled), err
}

// Clearance is what a node demands.
type Clearance struct {
	Level    int
	Markings []string
	// Editable tells whether this user may change it.
	Editable bool
}

// OfNode reads what a node demands.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v1/nodes/{id}/securityclearances.
func (s *SecurityService) OfNode(ctx context.Context, id NodeID) (*Clearance, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.nodeClearance.Name); err != nil {
		return nil, err
	}
	answer, err := get[struct {
		Data struct {
			Level    number            `json:"clearance_level"`
			Markings []json.RawMessage `json:"supplemental_markings"`
			Editable flag              `json:"can_user_edit_security"`
		} `json:"data"`
	}](ctx, s.core, &routes.nodeClearance, []any{id}, nil)
	if err != nil {
		return nil, err
	}
	c := &Clearance{Level: int(answer.Data.Level), Editable: bool(answer.Data.Editable)}
	for _, raw := range answer.Data.Markings {
		var object wireMarking
		if json.Unmarshal(raw, &object) == nil && object.Code != "" {
			c.Markings = append(c.Markings, object.Code)
		} else {
			c.Markings = append(c.Markings, textOf(raw))
		}
	}
	return c, nil
}

// SetNode sets what a node demands. Without codes its markings stay as they
// are.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: PUT /v1/nodes/{id}/securityclearances.
func (s *SecurityService) SetNode(ctx context.Context, id NodeID, level int, codes ...string) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantLeast(&faults, "level", level, 0)
	mayTexts(&faults, "codes", codes)
	if err := faults.Err(routes.nodeClearanceSet.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.nodeClearanceSet, []any{id}, params{}.always("clearance_level", level).texts("supplemental_markings", codes))
}

// SetLevelMany sets the level of several nodes.
//
// Errors: ErrInvalid, ErrDenied.
//
// API: POST /v1/UpdateSecurityClearanceLevel.
func (s *SecurityService) SetLevelMany(ctx context.Context, level int, ids ...NodeID) error {
	var faults rest.Problems
	wantIDs(&faults, "ids", ids)
	wantLeast(&faults, "level", level, 0)
	if err := faults.Err(routes.clearanceMany.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.clearanceMany, nil, many(params{}.always("currentSecurity", level), "ids", ids))
}

// SetMarkingsMany assigns markings to several nodes, or removes them.
//
// Errors: ErrInvalid, ErrDenied.
//
// API: POST /v1/UpdateSupplementalMarkings.
func (s *SecurityService) SetMarkingsMany(ctx context.Context, remove bool, codes []string, ids ...NodeID) error {
	var faults rest.Problems
	wantIDs(&faults, "ids", ids)
	if len(codes) == 0 {
		faults.Add("codes", "none", "at least one marking")
	}
	mayCodes(&faults, "codes", codes, ",")
	if err := faults.Err(routes.markingsMany.Name); err != nil {
		return err
	}
	action := 2
	if remove {
		action = 3
	}
	form := params{}.always("action", action).text("supplemental_markings", strings.Join(codes, ","))
	return s.send(ctx, &routes.markingsMany, nil, many(form, "ids", ids))
}

// OwnSecurity is what the user who is logged in may see.
type OwnSecurity struct {
	Level       int
	LevelName   string
	Dynamic     int
	DynamicName string
}

// Own reads it.
//
// Errors: ErrDenied.
//
// API: GET /v2/members/usersecurity/simple.
func (s *SecurityService) Own(ctx context.Context) (*OwnSecurity, error) {
	type plain struct {
		Level       number `json:"securityLevel"`
		LevelName   string `json:"securityLevelName"`
		Dynamic     number `json:"dynamicSecurity"`
		DynamicName string `json:"dynamicSecurityName"`
	}
	w, err := get[plain](ctx, s.core, &routes.ownClearance, nil, nil)
	if err != nil {
		return nil, err
	}
	return &OwnSecurity{int(w.Level), w.LevelName, int(w.Dynamic), w.DynamicName}, nil
}

// OfUser reads a user's level.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/members/usersecurity/{userID}/securityclearancelevel.
func (s *SecurityService) OfUser(ctx context.Context, user UserID) ([]ClearanceLevel, error) {
	var faults rest.Problems
	wantID(&faults, "user", user)
	if err := faults.Err(routes.userClearance.Name); err != nil {
		return nil, err
	}
	answer, err := get[v1[wireLevel]](ctx, s.core, &routes.userClearance, []any{user}, nil)
	return levels(answer.Data), err
}

// SetUser sets a user's level.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: POST /v2/members/usersecurity/{userID}/securityclearancelevel.
func (s *SecurityService) SetUser(ctx context.Context, user UserID, level int) error {
	var faults rest.Problems
	wantID(&faults, "user", user)
	wantLeast(&faults, "level", level, 0)
	if err := faults.Err(routes.userClearanceSet.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.userClearanceSet, []any{user}, params{}.always("securityLevel", level))
}

// UserMarkings reads a user's markings.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v2/members/usersecurity/{userID}/supplementalmarkings.
func (s *SecurityService) UserMarkings(ctx context.Context, user UserID) ([]Marking, error) {
	var faults rest.Problems
	wantID(&faults, "user", user)
	if err := faults.Err(routes.userMarkings.Name); err != nil {
		return nil, err
	}
	answer, err := get[v1[wireMarking]](ctx, s.core, &routes.userMarkings, []any{user}, nil)
	return markings(answer.Data), err
}

// SetUserMarkings sets a user's markings.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: POST /v2/members/usersecurity/{userID}/supplementalmarkings.
func (s *SecurityService) SetUserMarkings(ctx context.Context, user UserID, codes ...string) error {
	var faults rest.Problems
	wantID(&faults, "user", user)
	mayCodes(&faults, "codes", codes, " ")
	if err := faults.Err(routes.userMarkingsSet.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.userMarkingsSet, []any{user}, params{}.always("suppMarks", strings.Join(codes, " ")))
}

// ImportCodes takes levels and markings from an export of another system.
//
// Errors: ErrInvalid, ErrDenied, ErrSource, ErrOutcomeUnknown.
//
// API: POST /v1/securityclearances/importCodes.
func (s *SecurityService) ImportCodes(ctx context.Context, export io.Reader, size int64, users bool) error {
	if err := checkImport(routes.clearanceImport.Name, export, size, nil); err != nil {
		return err
	}
	return s.importFile(ctx, &routes.clearanceImport, export, size, params{}.flag("includeusers", users))
}
