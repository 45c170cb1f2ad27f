package ecm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

func TestNodes_ActionsAreThoseOfThisUser(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	folder := s.folder
	offered, err := s.c.Nodes.Actions(t.Context(), []ecm.NodeID{folder, 999_999}, ecm.ActionAddNode, ecm.ActionAudit)
	require.NoError(t, err)
	require.Equal(t, map[ecm.NodeID][]ecm.Action{folder: {ecm.ActionAddNode, ecm.ActionAudit}}, offered, "a node that is not there is not in the answer")
	s.Deny(s.Options().User, "create")
	offered, err = s.c.Nodes.Actions(t.Context(), []ecm.NodeID{folder})
	require.NoError(t, err)
	require.NotContains(t, offered[folder], ecm.ActionAddNode, "an action whose privilege is missing is not offered")
	require.Contains(t, offered[folder], ecm.ActionClassify)
	_, err = s.c.Nodes.Actions(t.Context(), nil)
	require.ErrorIs(t, err, ecm.ErrInvalid)
}
