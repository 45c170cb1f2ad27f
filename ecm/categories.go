package ecm

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// CategoriesService reads category definitions and writes attribute values.
type CategoriesService service

// Category is the definition of a category: what its attributes are called and
// what they take. Definitions come into a server by its administrators.
type Category struct {
	ID         NodeID
	Attributes []Attribute
}

// Attribute is one attribute of a category.
type Attribute struct {
	// Key is how values address it: "12345_7". Of an attribute in a set it is
	// "12345_39_x_40", with an x in place of the row; see [Attribute.Row].
	Key string
	// Name is its label; of an attribute in a set the set's, a slash and its own.
	Name string
	// Rows is how many rows the set has that it belongs to, 0 outside of sets.
	Rows int
	// Type is the form's type: "string", "integer", "boolean", "date" or what
	// else the server says.
	Type string
	// MaxLength in characters, 0 if not limited.
	MaxLength  int
	MultiValue bool
	Required   bool
	ReadOnly   bool
	// Choices are the accepted values, if it is a list.
	Choices []string
	// Default is the value that it begins with.
	Default Value
}

// Attribute finds an attribute by its name.
func (c Category) Attribute(name string) (Attribute, bool) {
	i := slices.IndexFunc(c.Attributes, func(a Attribute) bool { return a.Name == name })
	if i < 0 {
		return Attribute{}, false
	}
	return c.Attributes[i], true
}

// Row is the key of the attribute in one row of its set, from 1; outside of
// sets it is the key.
func (a Attribute) Row(row int) string {
	return strings.Replace(a.Key, "_x_", "_"+strconv.Itoa(row)+"_", 1)
}

type formProperty struct {
	Title     string          `json:"title"`
	Type      string          `json:"type"`
	Format    string          `json:"format"`
	MaxLength number          `json:"maxLength"`
	Required  flag            `json:"required"`
	ReadOnly  flag            `json:"readonly"`
	Enum      []any           `json:"enum"`
	Items     json.RawMessage `json:"items"`
	// Properties are those of a set; MaxItems is how many rows it has.
	Properties map[string]formProperty `json:"properties"`
	MaxItems   number                  `json:"maxItems"`
}

type formField struct {
	Label    string `json:"label"`
	Type     string `json:"type"`
	ReadOnly flag   `json:"readonly"`
	// Fields are those of a set. Their form differs with the set's.
	Fields json.RawMessage `json:"fields"`
}

// Definition reads a category's definition, from the form that would apply it
// to the node given: any folder that the user may add items to.
//
// Errors: ErrInvalid.
//
// API: GET /v1/forms/nodes/categories/create.
func (s *CategoriesService) Definition(ctx context.Context, node, category NodeID) (*Category, error) {
	var faults rest.Problems
	wantID(&faults, "node", node)
	wantID(&faults, "category", category)
	if err := faults.Err(routes.categoryForm.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[struct {
		Forms oneOrMany[struct {
			Data    json.RawMessage `json:"data"`
			Options struct {
				Fields map[string]formField `json:"fields"`
			} `json:"options"`
			Schema struct {
				Properties map[string]formProperty `json:"properties"`
			} `json:"schema"`
		}] `json:"forms"`
	}](ctx, s.rest, rest.Request{Route: &routes.categoryForm, Query: url.Values{"id": {node.String()}, "category_id": {category.String()}}})
	if err != nil {
		return nil, err
	}
	c := &Category{ID: category}
	prefix := category.String() + "_"
	for _, form := range answer.Forms {
		var begins map[string]Value
		_ = json.Unmarshal(form.Data, &begins)
		for _, key := range slices.Sorted(maps.Keys(form.Schema.Properties)) {
			if strings.HasPrefix(key, prefix) && key != prefix+"1" {
				list := attributes(key, form.Schema.Properties[key], form.Options.Fields[key])
				if list[0].Key == key {
					list[0].Default = begins[key]
				}
				c.Attributes = append(c.Attributes, list...)
			}
		}
	}
	if len(c.Attributes) == 0 {
		return nil, &Error{
			Op: routes.categoryForm.Name, Method: "GET", Route: routes.categoryForm.Template, StatusCode: 200,
			Message: fmt.Sprintf("category %s has no attributes, or it is none", category), Err: ErrNotFound,
		}
	}
	return c, nil
}

// attributes are an attribute, or those of a set.
func attributes(key string, p formProperty, f formField) []Attribute {
	inner, rows := p, 1
	if p.Type == "array" {
		inner, rows = formProperty{}, int(p.MaxItems)
		_ = json.Unmarshal(p.Items, &inner)
	}
	if len(inner.Properties) == 0 {
		return []Attribute{attribute(key, p, f)}
	}
	fields := map[string]formField{}
	_ = json.Unmarshal(f.Fields, &fields)
	if item, wrapped := fields["item"]; wrapped && len(fields) == 1 {
		fields = map[string]formField{}
		_ = json.Unmarshal(item.Fields, &fields)
	}
	set := firstName(f.Label, p.Title, key)
	var list []Attribute
	for _, k := range slices.Sorted(maps.Keys(inner.Properties)) {
		a := attribute(k, inner.Properties[k], fields[k])
		a.Name, a.Rows = set+"/"+a.Name, max(rows, 1)
		list = append(list, a)
	}
	return list
}

func attribute(key string, p formProperty, f formField) Attribute {
	a := Attribute{Key: key, Name: firstName(f.Label, p.Title), Type: p.Type, MaxLength: int(p.MaxLength), Required: bool(p.Required), ReadOnly: bool(p.ReadOnly || f.ReadOnly)}
	item := p
	if p.Type == "array" {
		a.MultiValue = true
		item = formProperty{}
		_ = json.Unmarshal(p.Items, &item)
		a.Type = item.Type
		a.MaxLength = max(a.MaxLength, int(item.MaxLength))
	}
	if f.Type == "date" || f.Type == "datetime" || item.Format == "date" || item.Format == "datetime" || item.Format == "date-time" {
		a.Type = "date"
	}
	for _, choice := range slices.Concat(p.Enum, item.Enum) {
		if text := fmt.Sprint(choice); choice != nil && !slices.Contains(a.Choices, text) {
			a.Choices = append(a.Choices, text)
		}
	}
	return a
}

// OfNode reads the attribute values of all categories on a node.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing.
//
// API: GET /v2/nodes/{id}/categories.
func (s *CategoriesService) OfNode(ctx context.Context, id NodeID) (CategoryValues, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.categories.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[v2[struct {
		Categories oneOrMany[CategoryValues] `json:"categories"`
	}]](ctx, s.rest, rest.Request{Route: &routes.categories, Path: []any{id}})
	if err != nil {
		return nil, err
	}
	values := CategoryValues{}
	for _, r := range answer.Results {
		for _, c := range r.Data.Categories {
			maps.Copy(values, c)
		}
	}
	return values, nil
}

// Add applies a category with its values to a node. One that is there already
// is ErrConflict.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrConflict,
// ErrOutcomeUnknown.
//
// API: POST /v2/nodes/{id}/categories.
func (s *CategoriesService) Add(ctx context.Context, id, category NodeID, values CategoryValues) error {
	return s.write(ctx, &routes.categoryAdd, rest.Problems{}, map[string]any{"category_id": category}, id, category, values)
}

// Update writes the values given and leaves the others. It is refused for
// attributes of a final record where the server protects them.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrOutcomeUnknown.
//
// API: PUT /v2/nodes/{id}/categories/{category_id}/.
func (s *CategoriesService) Update(ctx context.Context, id, category NodeID, values CategoryValues) error {
	return s.write(ctx, &routes.categoryUpdate, rest.Problems{}, map[string]any{}, id, category, values)
}

// write sends values, unless they or what was noted before are at fault.
func (s *CategoriesService) write(ctx context.Context, route *rest.Route, faults rest.Problems, keys map[string]any, id, category NodeID, values CategoryValues) error {
	wantID(&faults, "id", id)
	wantID(&faults, "category", category)
	if len(values) == 0 {
		faults.Add("values", "none", "at least one value")
	}
	mayValues(&faults, "values", values)
	for key, value := range values {
		if !strings.HasPrefix(key, category.String()+"_") || key == category.String()+"_1" {
			faults.Add("values", key, "a key of an attribute of category "+category.String())
		}
		keys[key] = value
	}
	if err := faults.Err(route.Name); err != nil {
		return err
	}
	form, err := bodyJSON(keys)
	if err != nil {
		return err
	}
	path := []any{id, category}
	if route == &routes.categoryAdd {
		path = path[:1]
	}
	return s.do(ctx, rest.Request{Route: route, Path: path, Form: form})
}

// Remove takes a category with its values off a node. A final record is
// refused with ErrFinal, a held node with ErrOnHold.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrOnHold, ErrFinal,
// ErrOutcomeUnknown.
//
// API: DELETE /v2/nodes/{id}/categories/{category_id}/.
func (s *CategoriesService) Remove(ctx context.Context, id, category NodeID, skip ...Unguarded) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "category", category)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.categoryRemove.Name); err != nil {
		return err
	}
	if err := s.guard(ctx, routes.categoryRemove.Name, id, skip); err != nil {
		return err
	}
	return s.do(ctx, rest.Request{Route: &routes.categoryRemove, Path: []any{id, category}})
}
