package ecm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// TestGuard_ForeignAnswersArePermissionsForNothing: a gateway or a page for
// maintenance that answers 200, with JSON of its own, says nothing of holds, of
// record state or of what a folder contains.
func TestGuard_ForeignAnswersArePermissionsForNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	c := s.client(t, "svc-dam", "svc-dam-password", ecm.WithRetries(0))
	document := s.upload(t, "a", []byte("x")).ID
	full := ecm.NodeID(s.AddFolder(int64(s.folder), "full"))
	s.AddFolder(int64(full), "inner")
	for _, body := range []string{`{"maintenance":true}`, `{"error":""}`, `{}`, `null`, `[]`, `"ok"`, `true`} {
		for route, node := range map[string]ecm.NodeID{
			"GET /v1/nodes/{id}/holds": document, "GET /v1/nodes/{id}/rmclassifications": document,
			"GET /v2/nodes/{id}": full, "GET /v2/nodes/{id}/nodes": full,
		} {
			s.Fail(testserver.Fault{Route: route, Status: 200, Body: body})
			err := c.Nodes.Delete(t.Context(), node)
			require.ErrorIs(t, err, ecm.ErrBrokenReply, "%s answers %s", route, body)
			_, there := s.Node(int64(node))
			require.True(t, there)
		}
		s.Fail(testserver.Fault{Route: "GET /v2/holds", Status: 200, Body: body})
		_, err := c.Holds.List(t.Context())
		require.ErrorIs(t, err, ecm.ErrBrokenReply, body)
		s.Fail(testserver.Fault{Route: "GET /v2/hold", Status: 200, Body: body})
		_, err = c.Holds.Find(t.Context(), "CASE-1")
		require.ErrorIs(t, err, ecm.ErrBrokenReply, body)
		s.Fail(testserver.Fault{Route: "GET /v2/holdmaintenance/{id}", Status: 200, Body: body})
		_, err = c.Holds.Maintenance(t.Context(), 0)
		require.ErrorIs(t, err, ecm.ErrBrokenReply, body)
	}
	require.NoError(t, c.Nodes.Delete(t.Context(), document), "nothing of that is left")
}

// TestNodes_GetTakesNoOtherNode: what a cache keeps of another one would be taken
// for the state of this.
func TestNodes_GetTakesNoOtherNode(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	s.Fail(testserver.Fault{Route: "GET /v2/nodes/{id}", Status: 200, Body: `{"results":{"data":{"properties":{"id":7,"name":"other","container":false}}}}`})
	_, err := s.c.Nodes.Get(t.Context(), s.folder)
	require.ErrorIs(t, err, ecm.ErrBrokenReply)
	require.ErrorContains(t, err, "the answer is about node 7")
}

// TestGuard_RefusesWithNobodyToTell, and asks for the reason by its name.
func TestGuard_RefusesWithNobodyToTell(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	full := ecm.NodeID(s.AddFolder(int64(s.folder), "full"))
	s.AddFolder(int64(full), "inner")
	require.ErrorIs(t, s.c.NotifyRefused(nil).Nodes.Delete(t.Context(), full), ecm.ErrInUse)
	require.EqualError(t, s.c.Nodes.Delete(t.Context(), full, ecm.Unguarded{Reason: " "}), `Nodes.Delete: invalid input: unguarded is " ", want a reason: an auditor will ask for it`)
}
