package ecm_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// TestCategories_AStaleTokenOverwritesNothing: what was decided on with an
// older state of the node is refused, and the newer value stays.
func TestCategories_AStaleTokenOverwritesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	client, tags := ecm.AttributeKey(s.category, 2), ecm.AttributeKey(s.category, 3)
	doc, err := s.c.Nodes.UploadDocument(t.Context(), ecm.Document{
		Parent: s.folder, Name: "a", Content: strings.NewReader("a"), Size: 1, Categories: ecm.CategoryValues{client: ecm.Text("Acme")},
	})
	require.NoError(t, err)

	seen, err := s.c.Categories.State(t.Context(), doc.ID, s.category)
	require.NoError(t, err)
	require.Equal(t, "Acme", seen.Values[client].String(), "values and token come of one answer")
	require.Equal(t, 1, s.Count("GET /v2/nodes/{id}"))
	require.NoError(t, s.c.Categories.Update(t.Context(), doc.ID, s.category, ecm.CategoryValues{client: ecm.Text("Bolt")}), "somebody else")

	err = s.c.Categories.UpdateSeen(t.Context(), doc.ID, s.category, ecm.CategoryValues{client: ecm.Text("Coil")}, *seen)
	require.ErrorIs(t, err, ecm.ErrEditConflict)
	require.ErrorIs(t, err, ecm.ErrConflict)
	fresh, err := s.c.Categories.State(t.Context(), doc.ID, s.category)
	require.NoError(t, err)
	require.Equal(t, "Bolt", fresh.Values[client].String())
	require.NotEqual(t, seen.Token, fresh.Token)

	require.NoError(t, s.c.Categories.UpdateSeen(t.Context(), doc.ID, s.category, ecm.CategoryValues{client: ecm.Text("Coil"), tags: ecm.Texts("x", "y")}, *fresh))
	after, err := s.c.Categories.OfNode(t.Context(), doc.ID)
	require.NoError(t, err)
	require.Equal(t, "Coil", after[client].String())
	require.Equal(t, []string{"x", "y"}, after[tags].All())
}

func TestCategories_StateWithoutATokenIsNone(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	own := ecm.AttributeKey(s.category, 1)
	answer := func(state string) (*ecm.CategoryState, error) {
		s.Fail(testserver.Fault{
			Route: "GET /v2/nodes/{id}", Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
			Body: `{"results":{"data":{"properties":{"id":7}},"state":` + state + `}}`,
		})
		return s.c.Categories.State(t.Context(), 7, s.category)
	}
	for _, state := range []string{
		`{"categories":{"metadata_token":"t1"}}`, fmt.Sprintf(`{"categories":{%q:{"metadata_token":"t1"}}}`, own),
		fmt.Sprintf(`{"categories":{"%d":{"metadata_token":"t1"},"metadata_token":"all"}}`, s.category),
		fmt.Sprintf(`{"categories":[{"9_1":{"metadata_token":"other"}},{%q:{"metadata_token":"t1"}}]}`, own),
	} {
		got, err := answer(state)
		require.NoError(t, err, state)
		require.Equal(t, "t1", got.Token, state)
	}
	for _, state := range []string{`null`, `{}`, `{"categories":null}`, `{"categories":{"9_1":{"metadata_token":"other"}}}`, `{"categories":{"metadata_token":7}}`} {
		_, err := answer(state)
		require.ErrorIs(t, err, ecm.ErrBrokenReply, state)
	}
	s.Forget()
	_, err := s.c.Categories.State(t.Context(), 0, 0)
	require.ErrorIs(t, err, ecm.ErrInvalid)
	for _, values := range []ecm.CategoryValues{nil, {own: ecm.Text("x")}, {"1_2": ecm.Text("x")}} {
		require.ErrorIs(t, s.c.Categories.UpdateSeen(t.Context(), 7, s.category, values, ecm.CategoryState{Token: "t"}), ecm.ErrInvalid)
	}
	err = s.c.Categories.UpdateSeen(t.Context(), 7, s.category, ecm.CategoryValues{ecm.AttributeKey(s.category, 2): ecm.Text("x")}, ecm.CategoryState{})
	require.ErrorIs(t, err, ecm.ErrInvalid)
	require.Empty(t, s.Exchanges())
}
