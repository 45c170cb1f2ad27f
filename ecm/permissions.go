package ecm

import (
	"context"
	"iter"
	"slices"

	"github.com/smintecm/sdk/internal/rest"
)

// PermissionsService reads and changes who may do what with a node.
type PermissionsService service

// Permission is one right on a node, by the server's name. The list is open.
type Permission string

// The permissions of a node.
const (
	MaySee             Permission = "see"
	MaySeeContents     Permission = "see_contents"
	MayModify          Permission = "modify"
	MayEditAttributes  Permission = "edit_attributes"
	MayAddItems        Permission = "add_items"
	MayReserve         Permission = "reserve"
	MayAddMajorVersion Permission = "add_major_version"
	MayDeleteVersions  Permission = "delete_versions"
	MayDelete          Permission = "delete"
	MayEditPermissions Permission = "edit_permissions"
)

// Grant is what one user or group, or everybody, may do with a node.
type Grant struct {
	// Kind is "owner", "group", "public" or "custom".
	Kind string
	// Right is the user or group; 0 for the public.
	Right       UserID
	Permissions []Permission
}

// Has tells whether the grant holds a permission.
func (g Grant) Has(p Permission) bool { return slices.Contains(g.Permissions, p) }

type wireGrants = v2[struct {
	Permissions oneOrMany[struct {
		Type        string       `json:"type"`
		Right       number       `json:"right_id"`
		Permissions []Permission `json:"permissions"`
	}] `json:"permissions"`
}]

func grants(w wireGrants) []Grant {
	var list []Grant
	for _, r := range w.Results {
		for _, p := range r.Data.Permissions {
			list = append(list, Grant{p.Type, UserID(p.Right), p.Permissions})
		}
	}
	return list
}

// OfNode reads one page of a node's grants, 100 a page from page 1 on.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v2/nodes/{id}/permissions.
func (s *PermissionsService) OfNode(ctx context.Context, id NodeID, page int) (*Page[Grant], error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantLeast(&faults, "page", page, 1)
	if err := faults.Err(routes.permissions.Name); err != nil {
		return nil, err
	}
	answer, err := get[wireGrants](ctx, s.core, &routes.permissions, []any{id}, params(pageQuery(page)))
	if err != nil {
		return nil, err
	}
	return &Page[Grant]{Items: grants(answer), Number: page, Pages: answer.Collection.Paging.pages(), Total: answer.Collection.Paging.Total}, nil
}

// All walks a node's grants.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v2/nodes/{id}/permissions.
func (s *PermissionsService) All(ctx context.Context, id NodeID) iter.Seq2[Grant, error] {
	return pages(ctx, 1, func(ctx context.Context, page int) (*Page[Grant], error) { return s.OfNode(ctx, id, page) })
}

// Effective tells what a user or group may do with a node, all memberships
// taken together. It is the way to prove that one client's user has nothing on
// another client's node.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: GET /v2/nodes/{id}/permissions/effective/{right_id}.
func (s *PermissionsService) Effective(ctx context.Context, id NodeID, right UserID) ([]Permission, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "right", right)
	if err := faults.Err(routes.permissionsEffective.Name); err != nil {
		return nil, err
	}
	answer, err := get[wireGrants](ctx, s.core, &routes.permissionsEffective, []any{id, right}, nil)
	if err != nil {
		return nil, err
	}
	var all []Permission
	for _, g := range grants(answer) {
		all = append(all, g.Permissions...)
	}
	return all, nil
}

// Add grants a user or group permissions on a node, that node alone. A repeat
// replaces what was granted before.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: POST /v2/nodes/{id}/permissions/custom.
func (s *PermissionsService) Add(ctx context.Context, id NodeID, right UserID, can ...Permission) error {
	return s.write(ctx, &routes.permissionAdd, []any{id}, id, right, map[string]any{"permissions": can, "right_id": right})
}

// Update replaces the permissions that were granted to a user or group.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: PUT /v2/nodes/{id}/permissions/custom/{right_id}.
func (s *PermissionsService) Update(ctx context.Context, id NodeID, right UserID, can ...Permission) error {
	return s.write(ctx, &routes.permissionUpdate, []any{id, right}, id, right, map[string]any{"permissions": can})
}

func (s *PermissionsService) write(ctx context.Context, route *rest.Route, path []any, id NodeID, right UserID, keys map[string]any) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "right", right)
	can, _ := keys["permissions"].([]Permission)
	if len(can) == 0 {
		faults.Add("permissions", "none", "at least one; take a grant away with Remove")
	}
	mayTexts(&faults, "permissions", can)
	if err := faults.Err(route.Name); err != nil {
		return err
	}
	form, err := bodyJSON(keys)
	if err != nil {
		return err
	}
	return s.do(ctx, rest.Request{Route: route, Path: path, Form: form})
}

// Remove takes a grant of a user or group away. Repeating is safe.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrDenied.
//
// API: DELETE /v2/nodes/{id}/permissions/custom/{right_id}.
func (s *PermissionsService) Remove(ctx context.Context, id NodeID, right UserID) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "right", right)
	if err := faults.Err(routes.permissionRemove.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.permissionRemove, []any{id, right}, nil)
}
