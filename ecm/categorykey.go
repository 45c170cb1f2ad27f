package ecm

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// AttributeKey is the key of an attribute of a category: "12345_7".
func AttributeKey(category NodeID, attribute int) string {
	return category.String() + "_" + strconv.Itoa(attribute)
}

// checkPath wants a name for each step.
func checkPath(faults *rest.Problems, steps []string) {
	for _, step := range steps {
		if strings.TrimSpace(step) == "" {
			faults.Add("path", strings.Join(steps, "/"), "names with slashes between them")
		}
		mayText(faults, "path", step)
	}
}

// Find finds a category by its way of names below the volume of categories:
// "Smint.io Source", or "Marketing/Smint.io Source" in a folder of it. There
// is no look-up by path on the server: each step is one listing. What is not
// there is ErrNotFound.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v2/volumes/{type}, GET /v2/nodes/{id}/nodes.
func (s *CategoriesService) Find(ctx context.Context, path string) (*Node, error) {
	steps := strings.Split(path, "/")
	var faults rest.Problems
	checkPath(&faults, steps)
	if err := faults.Err("Categories.Find"); err != nil {
		return nil, err
	}
	at, err := (*VolumesService)(s).Get(ctx, SubtypeCategoriesVolume)
	for _, step := range steps {
		if err != nil {
			return nil, err
		}
		at, err = (*NodesService)(s).FindChild(ctx, at.ID, step)
	}
	if err == nil && at.Type != SubtypeCategory {
		err = &Error{Op: "Categories.Find", Message: "'" + path + "' is no category", Err: ErrNotFound}
	}
	return at, err
}

// walk follows a way until it comes to a category; the rest names one of its
// attributes.
func (s *CategoriesService) walk(ctx context.Context, path string) (*Node, string, error) {
	at, err := (*VolumesService)(s).Get(ctx, SubtypeCategoriesVolume)
	for rest := path; err == nil && rest != ""; {
		var step string
		step, rest, _ = strings.Cut(rest, "/")
		if at, err = (*NodesService)(s).FindChild(ctx, at.ID, step); err == nil && at.Type == SubtypeCategory {
			return at, rest, nil
		}
	}
	if err == nil {
		err = &Error{Op: "Categories.Resolve", Message: "no category on the way '" + path + "'", Err: ErrNotFound}
	}
	return nil, "", err
}

// Resolve finds an attribute by category and name, as
// "Smint.io Source/License end", or "Smint.io Source/Releases/Country" in a
// set, and returns its definition with the key that values have: "12345_7", or
// "12345_39_x_40" with an x for the row. The node is any folder that the user may add items
// to. What is not there is ErrNotFound, and says what is.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v2/volumes/{type}, GET /v2/nodes/{id}/nodes,
// GET /v1/forms/nodes/categories/create.
func (s *CategoriesService) Resolve(ctx context.Context, node NodeID, path string) (Attribute, error) {
	var faults rest.Problems
	wantID(&faults, "node", node)
	steps := strings.Split(path, "/")
	if len(steps) < 2 {
		faults.Add("path", path, "a category, a slash and the name of an attribute")
	}
	checkPath(&faults, steps)
	if err := faults.Err("Categories.Resolve"); err != nil {
		return Attribute{}, err
	}
	category, name, err := s.walk(ctx, path)
	if err != nil {
		return Attribute{}, err
	}
	definition, err := s.Definition(ctx, node, category.ID)
	if err != nil {
		return Attribute{}, err
	}
	a, ok := definition.Attribute(name)
	if !ok {
		var names []string
		for _, a := range definition.Attributes {
			names = append(names, "'"+a.Name+"'")
		}
		return Attribute{}, &Error{Op: "Categories.Resolve", Message: fmt.Sprintf("category '%s' has no attribute '%s'; it has %s", category.Name, name, strings.Join(names, ", ")), Err: ErrNotFound}
	}
	return a, nil
}
