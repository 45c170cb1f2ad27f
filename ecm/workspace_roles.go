package ecm

import (
	"context"

	"github.com/smintecm/sdk/internal/rest"
)

// WorkspaceRole is a role of one workspace.
type WorkspaceRole struct {
	ID          int64
	Name        string
	Description string
	Leader      bool
}

type roleData struct {
	Properties oneOrMany[struct {
		ID          number `json:"id"`
		Name        string `json:"name"`
		Description string `json:"description"`
		Leader      flag   `json:"leader"`
	}] `json:"properties"`
}

func roles(answer v2[roleData]) []WorkspaceRole {
	var list []WorkspaceRole
	for _, r := range answer.Results {
		for _, p := range r.Data.Properties {
			list = append(list, WorkspaceRole{int64(p.ID), p.Name, p.Description, bool(p.Leader)})
		}
	}
	return list
}

// Roles lists the roles of a workspace.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v2/businessworkspaces/{bw_id}/roles.
func (s *WorkspacesService) Roles(ctx context.Context, workspace NodeID) ([]WorkspaceRole, error) {
	var faults rest.Problems
	wantID(&faults, "workspace", workspace)
	if err := faults.Err(routes.workspaceRoles.Name); err != nil {
		return nil, err
	}
	answer, err := get[v2[roleData]](ctx, s.core, &routes.workspaceRoles, []any{workspace}, nil)
	return roles(answer), err
}

// CreateRole adds a role with permissions on the workspace and what lies in
// it. A repeat makes a second one or is refused: list the roles first.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrOutcomeUnknown.
//
// API: POST /v2/businessworkspaces/{bw_id}/roles.
func (s *WorkspacesService) CreateRole(ctx context.Context, workspace NodeID, name string, can ...Permission) (*WorkspaceRole, error) {
	var faults rest.Problems
	wantID(&faults, "workspace", workspace)
	wantText(&faults, "name", name)
	if len(can) == 0 {
		faults.Add("permissions", "none", "at least one")
	}
	mayTexts(&faults, "permissions", can)
	if err := faults.Err(routes.roleCreate.Name); err != nil {
		return nil, err
	}
	named := make([]string, len(can))
	for i, p := range can {
		if named[i] = string(p); p == MayEditPermissions {
			named[i] = "edit" // This operation's own word for it.
		}
	}
	form, err := bodyJSON(map[string]any{"name": name, "permissions": named, "apply_to": 2})
	if err != nil {
		return nil, err
	}
	answer, err := rest.Do[v2[roleData]](ctx, s.rest, rest.Request{Route: &routes.roleCreate, Path: []any{workspace}, Form: form})
	if err != nil {
		return nil, err
	}
	for _, r := range roles(answer) {
		return &r, nil
	}
	return nil, noAnswer(&routes.roleCreate, "no role in the answer")
}

// DeleteRole removes a role; its members lose what it gave them.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: DELETE /v2/businessworkspaces/{bw_id}/roles/{role_id}.
func (s *WorkspacesService) DeleteRole(ctx context.Context, workspace NodeID, role int64) error {
	return s.ofRole(ctx, &routes.roleDelete, workspace, role, nil, nil, []any{workspace, role})
}

// ofRole is a write about a role, and a member of it if there is one.
func (s *WorkspacesService) ofRole(ctx context.Context, route *rest.Route, workspace NodeID, role int64, member *UserID, form params, path []any) error {
	var faults rest.Problems
	wantID(&faults, "workspace", workspace)
	wantID(&faults, "role", role)
	if member != nil {
		wantID(&faults, "member", *member)
	}
	if err := faults.Err(route.Name); err != nil {
		return err
	}
	return s.send(ctx, route, path, form)
}

// RoleMembers lists who has a role.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v2/businessworkspaces/{bw_id}/roles/{role_id}/members.
func (s *WorkspacesService) RoleMembers(ctx context.Context, workspace NodeID, role int64) ([]Member, error) {
	var faults rest.Problems
	wantID(&faults, "workspace", workspace)
	wantID(&faults, "role", role)
	if err := faults.Err(routes.roleMembers.Name); err != nil {
		return nil, err
	}
	answer, err := get[v2[memberData]](ctx, s.core, &routes.roleMembers, []any{workspace, role}, nil)
	var list []Member
	for _, r := range answer.Results {
		list = append(list, r.Data.list()...)
	}
	return list, err
}

// AddMember gives a user or group a role.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: POST /v2/businessworkspaces/{bw_id}/roles/{role_id}/members.
func (s *WorkspacesService) AddMember(ctx context.Context, workspace NodeID, role int64, member UserID) error {
	return s.ofRole(ctx, &routes.roleMemberAdd, workspace, role, &member, params{}.number("id", int64(member)), []any{workspace, role})
}

// RemoveMember takes a role from a user or group.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: DELETE /v2/businessworkspaces/{bw_id}/roles/{role_id}/members/{member_id}.
func (s *WorkspacesService) RemoveMember(ctx context.Context, workspace NodeID, role int64, member UserID) error {
	return s.ofRole(ctx, &routes.roleMemberRemove, workspace, role, &member, nil, []any{workspace, role, member})
}
