package ecm

import (
	"context"

	"github.com/smintecm/sdk/internal/rest"
)

// ClassificationsService reads and sets standard classifications. They order
// nodes; they declare nothing as a record: see [RMClassificationsService].
type ClassificationsService service

// NodeClassification is a standard classification of a node.
type NodeClassification struct {
	ID         NodeID
	Name       string
	Selectable bool
}

// OfNode returns the standard classifications of a node.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v1/nodes/{id}/classifications.
func (s *ClassificationsService) OfNode(ctx context.Context, id NodeID) ([]NodeClassification, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.classifications.Name); err != nil {
		return nil, err
	}
	answer, err := get[v1[struct {
		ID         number `json:"id"`
		Name       string `json:"name"`
		Selectable flag   `json:"selectable"`
	}]](ctx, s.core, &routes.classifications, []any{id}, nil)
	var list []NodeClassification
	for _, c := range answer.Data {
		list = append(list, NodeClassification{NodeID(c.ID), c.Name, bool(c.Selectable)})
	}
	return list, err
}

// Set replaces the whole set of a node's standard classifications.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrOutcomeUnknown.
//
// API: POST /v1/nodes/{id}/classifications.
func (s *ClassificationsService) Set(ctx context.Context, id NodeID, classes ...NodeID) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantIDs(&faults, "classes", classes)
	if err := faults.Err(routes.classificationsSet.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.classificationsSet, []any{id}, many(params{}, "class_id", classes))
}

// Clear takes all standard classifications off a node.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: DELETE /v1/nodes/{id}/classifications.
func (s *ClassificationsService) Clear(ctx context.Context, id NodeID) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.classificationsClear.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.classificationsClear, []any{id}, nil)
}

// Remove takes one standard classification off a node.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrOutcomeUnknown.
//
// API: DELETE /v1/nodes/{id}/classifications/{class_id}.
func (s *ClassificationsService) Remove(ctx context.Context, id, class NodeID) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "class", class)
	if err := faults.Err(routes.classificationRemove.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.classificationRemove, []any{id, class}, nil)
}

// MayAdd tells whether this user may classify a node.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v1/nodes/{id}/classificationmenuitems/addclassification.
func (s *ClassificationsService) MayAdd(ctx context.Context, id NodeID) (bool, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.classificationMenu.Name); err != nil {
		return false, err
	}
	answer, err := get[struct {
		Enabled flag `json:"enabled"`
	}](ctx, s.core, &routes.classificationMenu, []any{id}, nil)
	return bool(answer.Enabled), err
}

// ClassificationSettings tell what is classified.
type ClassificationSettings struct {
	Volume NodeID
	// Managed are the subtypes that can be classified.
	Managed []Subtype
}

// Settings reads them.
//
// Errors: ErrUnauthenticated.
//
// API: GET /v1/classifications/settings.
func (s *ClassificationsService) Settings(ctx context.Context) (*ClassificationSettings, error) {
	answer, err := get[struct {
		Managed []number `json:"managedList"`
		Volume  number   `json:"classvolumeid"`
	}](ctx, s.core, &routes.classificationSettings, nil, nil)
	if err != nil {
		return nil, err
	}
	settings := &ClassificationSettings{Volume: NodeID(answer.Volume)}
	for _, m := range answer.Managed {
		settings.Managed = append(settings.Managed, Subtype(m))
	}
	return settings, nil
}

// CreateInfo tells whether this user may classify objects of a subtype.
//
// Errors: ErrInvalid.
//
// API: GET /v1/classifications/createinfo.
func (s *ClassificationsService) CreateInfo(ctx context.Context, kind Subtype) (CreateInfo, error) {
	var faults rest.Problems
	wantLeast(&faults, "kind", kind, 0)
	if err := faults.Err(routes.classificationCreateInfo.Name); err != nil {
		return CreateInfo{}, err
	}
	answer, err := get[struct {
		Can    flag   `json:"canclassify"`
		Volume number `json:"classvolumeid"`
	}](ctx, s.core, &routes.classificationCreateInfo, nil, params{}.always("objType", int(kind)))
	return CreateInfo{CanClassify: bool(answer.Can), Volume: NodeID(answer.Volume)}, err
}

// Volume finds the root of all classifications. Its id differs from server to
// server.
//
// Errors: ErrUnauthenticated.
//
// API: GET /v2/classificationvolume.
func (s *ClassificationsService) Volume(ctx context.Context) (*Node, error) {
	answer, err := get[wireNode](ctx, s.core, &routes.classificationVolume, nil, nil)
	if err != nil {
		return nil, err
	}
	return new(answer.node()), nil
}
