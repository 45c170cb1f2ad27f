package sync

import (
	"context"
	"errors"
	"fmt"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
)

// RootPolicy says where a scope's records go: a folder, or a business workspace
// that is found by what it stands for and made from a template if it is
// missing.
type RootPolicy struct {
	Folder    ecm.NodeID       `json:"folder,omitempty"`
	Workspace *WorkspacePolicy `json:"workspace,omitempty"`
}

// WorkspacePolicy describes a business workspace. Its business object is its
// natural key: the server keeps one workspace for each.
type WorkspacePolicy struct {
	// Template and Type are the node of the template and the id of the workspace
	// type that it is made from.
	Template ecm.NodeID `json:"template"`
	Type     int64      `json:"type"`
	Name     string     `json:"name"`
	// Parent is where it goes if the type leaves that open.
	Parent ecm.NodeID `json:"parent,omitempty"`
	// System, ObjectType and ObjectID are what it stands for.
	System     string `json:"system"`
	ObjectType string `json:"object_type"`
	ObjectID   string `json:"object_id"`
}

func (r RootPolicy) check(field string, faults *records.Problems) {
	faults.Check((r.Folder > 0) != (r.Workspace != nil), field, fmt.Sprintf("folder %s, workspace %t", r.Folder, r.Workspace != nil), "either the node id of a folder or a workspace")
	w := r.Workspace
	if w == nil {
		return
	}
	field += ".workspace"
	faults.Check(w.Template > 0, field+".template", w.Template, "the node id of a workspace template")
	faults.Check(w.Type > 0, field+".type", w.Type, "the id of the workspace type")
	faults.Check(w.Name != "" && ecm.CheckName(w.Name) == nil, field+".name", w.Name, "a node name")
	faults.Check(w.System != "" && w.ObjectType != "" && w.ObjectID != "", field+".object_id", w.System+"/"+w.ObjectType+"/"+w.ObjectID, "system, object_type and object_id: the workspace is found by them")
}

// Resolve returns the root's node. A workspace is found by its business
// object, and made if there is none; whether a creation without a verdict has
// happened is settled by looking again. A node of the workspace's name that
// stands for something else matches ErrNotOurs. It is safe to repeat. The
// creation, like every mutation, has its intent and outcome in the journal,
// which may be nil.
//
// API: GET /v2/businessworkspaces, POST /v2/businessworkspaces.
func (r RootPolicy) Resolve(ctx context.Context, scope records.ScopeID, client *ecm.Client, journal Journal) (ecm.NodeID, error) {
	var faults records.Problems
	r.check("root", &faults)
	if err := faults.Err("sync.RootPolicy"); err != nil {
		return 0, err
	}
	if r.Folder > 0 {
		return r.Folder, nil
	}
	if journal == nil {
		journal = discard{}
	}
	w := r.Workspace
	t := &taking{s: &Scope{id: scope, journal: journal}, primitive: "ResolveRoot"}
	object := ecm.BusinessObject{System: w.System, Type: w.ObjectType, ID: w.ObjectID}
	var last error
	for range maxAttempts {
		found, err := client.Workspaces.Find(ctx, object)
		if err == nil {
			return found.ID, nil
		}
		if !errors.Is(err, ecm.ErrNotFound) {
			return 0, fmt.Errorf("root of scope %s: %w", scope, err)
		}
		if errors.Is(last, ecm.ErrNameTaken) {
			return 0, fmt.Errorf("root of scope %s: %w: a node %q is there and stands for another object: %w", scope, ErrNotOurs, w.Name, last)
		}
		step := Step{Do: "create workspace", On: w.Name, With: fmt.Sprintf("from template %s for %s/%s/%s", w.Template, w.System, w.ObjectType, w.ObjectID)}
		last = t.mutate(ctx, step, records.Digest{}, func() error {
			_, err := client.Workspaces.Create(ctx, ecm.NewWorkspace{Template: w.Template, TypeID: w.Type, Name: w.Name, Parent: w.Parent, Object: object})
			return err
		})
		// Created or not, the workspace is looked for again: a 200 proves nothing.
		if last != nil && !errors.Is(last, ecm.ErrOutcomeUnknown) && !errors.Is(last, ecm.ErrNameTaken) {
			return 0, fmt.Errorf("root of scope %s: %w", scope, last)
		}
	}
	if last == nil {
		last = errors.New("it was created and is not found by its business object")
	}
	return 0, fmt.Errorf("root of scope %s: %w: %w", scope, ErrVerify, last)
}
