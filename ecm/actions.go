package ecm

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/smintecm/sdk/internal/rest"
)

// Action is something that the server offers to do with a node, by the server's
// own name for it. The list is open.
type Action string

// The actions that this package knows by name.
const (
	ActionAddNode     Action = "addnode"
	ActionAudit       Action = "audit"
	ActionClassify    Action = "AddRMClassifications"
	ActionDelete      Action = "delete"
	ActionMove        Action = "move"
	ActionPermissions Action = "editpermissions"
	ActionRename      Action = "rename"
	ActionAddVersion  Action = "addversion"
)

// Known tells whether this package knows the action by name.
func (a Action) Known() bool {
	return slices.Contains([]Action{ActionAddNode, ActionAudit, ActionClassify, ActionDelete, ActionMove, ActionPermissions, ActionRename, ActionAddVersion}, a)
}

// Actions tells what the server offers to this user to do with nodes now: of
// the actions asked for those that are offered, or all without any. Nodes that
// are missing or that the user may not see are missing from the answer. It
// changes nothing.
//
// Errors: ErrInvalid.
//
// API: POST /v2/nodes/actions.
func (s *NodesService) Actions(ctx context.Context, ids []NodeID, actions ...Action) (map[NodeID][]Action, error) {
	var faults rest.Problems
	wantIDs(&faults, "ids", ids)
	mayTexts(&faults, "actions", actions)
	if err := faults.Err(routes.nodeActions.Name); err != nil {
		return nil, err
	}
	ask := map[string]any{"ids": ids}
	if len(actions) > 0 {
		ask["actions"] = actions
	}
	form, err := bodyJSON(ask)
	if err != nil {
		return nil, err
	}
	answer, err := rest.Do[struct {
		Results map[string]struct {
			Data map[Action]json.RawMessage `json:"data"`
		} `json:"results"`
	}](ctx, s.rest, rest.Request{Route: &routes.nodeActions, Form: form})
	if err != nil {
		return nil, err
	}
	offered := make(map[NodeID][]Action, len(answer.Results))
	for text, r := range answer.Results {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			continue
		}
		list := make([]Action, 0, len(r.Data))
		for a := range r.Data {
			list = append(list, a)
		}
		slices.Sort(list)
		offered[NodeID(id)] = list
	}
	return offered, nil
}
