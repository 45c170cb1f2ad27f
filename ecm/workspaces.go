package ecm

import (
	"context"
	"iter"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// WorkspacesService finds, makes and relates business workspaces. A workspace
// is a node: it is moved, renamed and deleted as one.
type WorkspacesService service

// WorkspaceType is a type of business workspaces, set up by administrators.
type WorkspaceType struct {
	ID   int64
	Name string
	// RMEnabled tells that workspaces of the type can be records.
	RMEnabled bool
	Templates []WorkspaceTemplate
}

// WorkspaceTemplate is what a workspace is made from.
type WorkspaceTemplate struct {
	ID   NodeID
	Name string
}

// Types lists the types with their templates. A server without any answers
// with an error that it does not tell from others.
//
// Errors: ErrUnauthenticated.
//
// API: GET /v2/businessworkspacetypes.
func (s *WorkspacesService) Types(ctx context.Context) ([]WorkspaceType, error) {
	answer, err := get[v2[struct {
		Properties oneOrMany[struct {
			ID        number `json:"wksp_type_id"`
			Name      string `json:"wksp_type_name"`
			RMEnabled flag   `json:"rm_enabled"`
			Templates []struct {
				ID   number `json:"id"`
				Name string `json:"name"`
			} `json:"templates"`
		}] `json:"properties"`
	}]](ctx, s.core, &routes.workspaceTypes, nil, params{}.flag("expand_templates", true))
	var list []WorkspaceType
	for _, r := range answer.Results {
		for _, p := range r.Data.Properties {
			t := WorkspaceType{ID: int64(p.ID), Name: p.Name, RMEnabled: bool(p.RMEnabled)}
			for _, one := range p.Templates {
				t.Templates = append(t.Templates, WorkspaceTemplate{NodeID(one.ID), one.Name})
			}
			list = append(list, t)
		}
	}
	return list, err
}

// BusinessObject is what a workspace stands for in another system. It is the
// natural key of a workspace: the server keeps one for each.
type BusinessObject struct {
	// System is the external system, Type the business object type, both as an
	// administrator has set them up; ID is the object's own.
	System, Type, ID string
}

// IsZero tells that there is none.
func (b BusinessObject) IsZero() bool { return b == BusinessObject{} }

func (b BusinessObject) check(faults *rest.Problems) {
	wantText(faults, "business object.system", b.System)
	wantText(faults, "business object.type", b.Type)
	wantText(faults, "business object.id", b.ID)
}

// Workspace is a business workspace.
type Workspace struct {
	Node
	TypeID    int64
	Template  NodeID
	RMEnabled bool
	// Relation is, in a list of related workspaces, how it is related.
	Relation string
}

type workspaceData struct {
	Properties oneOrMany[struct {
		wireNode
		TypeID    number `json:"wnf_wksp_type_id"`
		Template  number `json:"wnf_wksp_template_id"`
		RMEnabled flag   `json:"rm_enabled"`
		Relation  string `json:"rel_type"`
	}] `json:"properties"`
}

func (d workspaceData) list() []Workspace {
	var list []Workspace
	for _, p := range d.Properties {
		list = append(list, Workspace{p.node(), int64(p.TypeID), NodeID(p.Template), bool(p.RMEnabled), p.Relation})
	}
	return list
}

// workspaceList is a list whose paging stands at the top level.
type workspaceList struct {
	Paging  oneOrMany[paging]      `json:"paging"`
	Results results[workspaceData] `json:"results"`
}

func (l workspaceList) page(number int) *Page[Workspace] {
	p := &Page[Workspace]{Number: number}
	for _, one := range l.Paging {
		p.Pages, p.Total = one.pages(), one.Total
	}
	for _, r := range l.Results {
		p.Items = append(p.Items, r.Data.list()...)
	}
	return p
}

// WorkspaceQuery says which workspaces are asked for. The zero value is all of
// them that the user may see.
type WorkspaceQuery struct {
	TypeID int64
	// Name keeps workspaces whose name contains it.
	Name   string
	Object BusinessObject
	// Page begins at 1. Limit is the page size, 100 by default.
	Page, Limit int
}

// List reads one page of workspaces, also of those that the user has not had
// open lately: expanded_view is always sent.
//
// Errors: ErrInvalid.
//
// API: GET /v2/businessworkspaces.
func (s *WorkspacesService) List(ctx context.Context, q WorkspaceQuery) (*Page[Workspace], error) {
	var faults rest.Problems
	wantLeast(&faults, "type", q.TypeID, 0)
	mayText(&faults, "name", q.Name)
	mayPage(&faults, q.Page, q.Limit)
	if !q.Object.IsZero() {
		q.Object.check(&faults)
	}
	if err := faults.Err(routes.workspaces.Name); err != nil {
		return nil, err
	}
	query := params{}.flag("expanded_view", true).number("where_workspace_type_id", q.TypeID).text("where_ext_system_id", q.Object.System).
		text("where_bo_type", q.Object.Type).text("where_bo_id", q.Object.ID).number("page", int64(max(q.Page, 1))).number("limit", int64(cmpOr(q.Limit, 100)))
	if q.Name != "" {
		query.text("where_name", "contains_"+q.Name)
	}
	answer, err := get[workspaceList](ctx, s.core, &routes.workspaces, nil, query)
	if err != nil {
		return nil, err
	}
	return answer.page(max(q.Page, 1)), nil
}

// All walks workspaces page by page; it may be ranged again.
//
// Errors: ErrInvalid.
//
// API: GET /v2/businessworkspaces.
func (s *WorkspacesService) All(ctx context.Context, q WorkspaceQuery) iter.Seq2[Workspace, error] {
	return pages(ctx, q.Page, func(ctx context.Context, page int) (*Page[Workspace], error) {
		q := q
		q.Page = page
		return s.List(ctx, q)
	})
}

// Find returns the workspace of a business object, or ErrNotFound.
//
// Errors: ErrInvalid, ErrNotFound.
//
// API: GET /v2/businessworkspaces.
func (s *WorkspacesService) Find(ctx context.Context, object BusinessObject) (*Workspace, error) {
	var faults rest.Problems
	object.check(&faults)
	if err := faults.Err("Workspaces.Find"); err != nil {
		return nil, err
	}
	for w, err := range s.All(ctx, WorkspaceQuery{Object: object}) {
		if err != nil {
			return nil, err
		}
		return &w, nil
	}
	return nil, &Error{Op: "Workspaces.Find", Method: "GET", Route: routes.workspaces.Template, Message: "no workspace of that business object", Err: ErrNotFound}
}

// Get reads a workspace.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v2/businessworkspaces/{bw_id}.
func (s *WorkspacesService) Get(ctx context.Context, id NodeID) (*Workspace, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.workspace.Name); err != nil {
		return nil, err
	}
	answer, err := get[v2[workspaceData]](ctx, s.core, &routes.workspace, []any{id}, nil)
	if err != nil {
		return nil, err
	}
	for _, r := range answer.Results {
		for _, w := range r.Data.list() {
			return &w, nil
		}
	}
	return nil, noAnswer(&routes.workspace, "no workspace in the answer")
}

// NewWorkspace is a workspace to be made.
type NewWorkspace struct {
	Template    NodeID
	TypeID      int64
	Name        string
	Description string
	// Parent is where it goes if the type leaves that open.
	Parent NodeID
	// Object, if set, is what it stands for.
	Object BusinessObject
	// Categories are applied in the same call.
	Categories CategoryValues
	// Class is the RM classification that makes it a record, 0 for none.
	Class NodeID
}

// Create makes a workspace and returns its node. Without a verdict the error
// matches ErrOutcomeUnknown: look it up, by its business object or its name,
// before repeating. One that exists is ErrNameTaken.
//
// Errors: ErrInvalid, ErrNameTaken, ErrOutcomeUnknown.
//
// API: POST /v2/businessworkspaces.
func (s *WorkspacesService) Create(ctx context.Context, w NewWorkspace) (NodeID, error) {
	var faults rest.Problems
	wantID(&faults, "template", w.Template)
	checkName(&faults, "name", w.Name)
	wantLeast(&faults, "type", w.TypeID, 0)
	mayLines(&faults, "description", w.Description)
	mayID(&faults, "parent", w.Parent)
	mayID(&faults, "class", w.Class)
	mayValues(&faults, "categories", w.Categories)
	if !w.Object.IsZero() {
		w.Object.check(&faults)
	}
	if err := faults.Err(routes.workspaceCreate.Name); err != nil {
		return 0, err
	}
	keys := map[string]any{"template_id": w.Template, "name": w.Name}
	for key, value := range map[string]string{"description": w.Description, "ext_system_id": w.Object.System, "bo_type": w.Object.Type, "bo_id": w.Object.ID} {
		if value != "" {
			keys[key] = value
		}
	}
	if w.TypeID > 0 {
		keys["wksp_type_id"] = w.TypeID
	}
	if w.Parent > 0 {
		keys["parent_id"] = w.Parent
	}
	roles := map[string]any{}
	if len(w.Categories) > 0 {
		roles["categories"] = nested(w.Categories)
	}
	if w.Class > 0 {
		roles["rmclassifications"] = map[string]any{"class_id": w.Class}
	}
	if len(roles) > 0 {
		keys["roles"] = roles
	}
	form, err := bodyJSON(keys)
	if err != nil {
		return 0, err
	}
	answer, err := rest.Do[struct {
		Results oneOrMany[struct {
			ID number `json:"id"`
		}] `json:"results"`
	}](ctx, s.rest, rest.Request{Route: &routes.workspaceCreate, Form: form})
	if err != nil {
		return 0, err
	}
	for _, r := range answer.Results {
		if r.ID > 0 {
			return NodeID(r.ID), nil
		}
	}
	return 0, noAnswer(&routes.workspaceCreate, "no workspace in the answer")
}

// nested groups values by category, as this one operation has them.
func nested(values CategoryValues) map[string]CategoryValues {
	groups := map[string]CategoryValues{}
	for key, value := range values {
		id, _, _ := strings.Cut(key, "_")
		if groups[id] == nil {
			groups[id] = CategoryValues{}
		}
		groups[id][key] = value
	}
	return groups
}

// Enclosing returns the workspace that a node lies in and its type, or
// ErrAccessOrMissing if it lies in none. Ask it before a write that must stay
// within one client's workspace.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v1/nodes/{id}/businessworkspace.
func (s *WorkspacesService) Enclosing(ctx context.Context, id NodeID) (workspace NodeID, typeID int64, err error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.workspaceOf.Name); err != nil {
		return 0, 0, err
	}
	answer, err := get[struct {
		ID     number `json:"id"`
		TypeID number `json:"workspace_type_id"`
	}](ctx, s.core, &routes.workspaceOf, []any{id}, nil)
	return NodeID(answer.ID), int64(answer.TypeID), err
}

// WorkspaceRelation says how one workspace is related to another.
type WorkspaceRelation string

// The relations.
const (
	RelationChild  WorkspaceRelation = "child"
	RelationParent WorkspaceRelation = "parent"
)

// Related walks the workspaces that are related to one.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v2/businessworkspaces/{bw_id}/relateditems.
func (s *WorkspacesService) Related(ctx context.Context, workspace NodeID) iter.Seq2[Workspace, error] {
	return pages(ctx, 1, func(ctx context.Context, page int) (*Page[Workspace], error) {
		var faults rest.Problems
		wantID(&faults, "workspace", workspace)
		if err := faults.Err(routes.workspaceRelated.Name); err != nil {
			return nil, err
		}
		answer, err := get[workspaceList](ctx, s.core, &routes.workspaceRelated, []any{workspace}, params(pageQuery(page)))
		if err != nil {
			return nil, err
		}
		return answer.page(page), nil
	})
}

// Relate makes another workspace a child, or the parent, of one. A relation
// that exists already is refused with ErrInvalid.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrOutcomeUnknown.
//
// API: POST /v2/businessworkspaces/{bw_id}/relateditems.
func (s *WorkspacesService) Relate(ctx context.Context, workspace, other NodeID, as WorkspaceRelation) error {
	if err := wantRelation(routes.workspaceRelate.Name, workspace, other, as); err != nil {
		return err
	}
	return s.send(ctx, &routes.workspaceRelate, []any{workspace}, params{}.number("rel_bw_id", int64(other)).text("rel_type", string(as)))
}

func wantRelation(op string, workspace, other NodeID, as WorkspaceRelation) error {
	var faults rest.Problems
	wantID(&faults, "workspace", workspace)
	wantID(&faults, "other", other)
	if as != RelationChild && as != RelationParent {
		faults.Add("relation", as, "child or parent")
	}
	return faults.Err(op)
}

// Unrelate ends a relation.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: DELETE /v2/businessworkspaces/{bw_id}/relateditems/{rel_bw_id}.
func (s *WorkspacesService) Unrelate(ctx context.Context, workspace, other NodeID, as WorkspaceRelation) error {
	if err := wantRelation(routes.workspaceUnrelate.Name, workspace, other, as); err != nil {
		return err
	}
	return s.sendQuery(ctx, &routes.workspaceUnrelate, []any{workspace, other}, params{}.text("rel_type", string(as)))
}
