package ecm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"

	"github.com/smintecm/sdk/internal/rest"
)

// CategoryState are the attribute values of a node at one moment, and the
// token that names this moment.
type CategoryState struct {
	Values CategoryValues
	// Token is stale after each change of the node's categories.
	Token string
}

// State reads the attribute values of all categories on a node together with
// the metadata token of one of them, in one request. A server that names no
// token is ErrBrokenReply: without it a change in between cannot be noticed.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrBrokenReply.
//
// API: GET /v2/nodes/{id}.
func (s *CategoriesService) State(ctx context.Context, id, category NodeID) (*CategoryState, error) {
	route := &routes.nodeGet
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantID(&faults, "category", category)
	if err := faults.Err("Categories.State"); err != nil {
		return nil, err
	}
	answer, err := rest.Do[struct {
		Results oneOrMany[struct {
			Data  oneOrMany[nodeData] `json:"data"`
			State oneOrMany[struct {
				Categories json.RawMessage `json:"categories"`
			}] `json:"state"`
		}] `json:"results"`
	}](ctx, s.rest, rest.Request{Route: route, Path: []any{id}, Query: url.Values{"fields": {"properties", "categories"}, "state": {""}}})
	if err != nil {
		return nil, err
	}
	state := &CategoryState{Values: CategoryValues{}}
	for _, r := range answer.Results {
		for _, d := range r.Data {
			for _, c := range d.Categories {
				maps.Copy(state.Values, c)
			}
		}
		for _, st := range r.State {
			state.Token = cmp.Or(state.Token, tokenIn(st.Categories, category.String()))
		}
	}
	if state.Token == "" {
		return nil, &Error{
			Op: "Categories.State", Method: route.Method, Route: route.Template, StatusCode: 200,
			Message: fmt.Sprintf("no metadata token for category %s", category), Err: ErrBrokenReply,
		}
	}
	return state, nil
}

// tokenIn finds the token of a category, or the one of all. No source shows
// where in the state it stands: beside the categories, or in each of them,
// under its id or under the key of the whole category.
func tokenIn(raw json.RawMessage, category string) string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, one := range list {
			if token := tokenIn(one, category); token != "" {
				return token
			}
		}
		return ""
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return ""
	}
	var token string
	_ = json.Unmarshal(members["metadata_token"], &token)
	for _, key := range []string{category + "_1", category} {
		if inner := tokenIn(members[key], category); inner != "" {
			token = inner
		}
	}
	return token
}

// UpdateSeen is Update for values that were decided on with a state of the
// node before one's eyes. If the categories were changed since, it is
// ErrEditConflict and nothing is written: read the state again.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrEditConflict,
// ErrOutcomeUnknown.
//
// API: PUT /v2/nodes/{id}/categories/{category_id}/.
func (s *CategoriesService) UpdateSeen(ctx context.Context, id, category NodeID, values CategoryValues, seen CategoryState) error {
	var faults rest.Problems
	wantText(&faults, "seen.token", seen.Token)
	keys := map[string]any{category.String() + "_1": map[string]string{"metadata_token": seen.Token}}
	return s.write(ctx, &routes.categoryUpdate, faults, keys, id, category, values)
}
