package ecm_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
)

// TestSettings_PlacesAndListsSwitch: whichever place and encoding a server
// reads, the call can send them so, and the fake, which takes them all, does
// the same.
func TestSettings_PlacesAndListsSwitch(t *testing.T) {
	t.Parallel()
	for _, place := range []ecm.Place{ecm.InForm, ecm.InQuery, ecm.InBody} {
		for _, lists := range []ecm.ListEncoding{ecm.ListRepeated, ecm.ListCommas, ecm.ListJSON} {
			s := newServer(t, nil)
			places := map[string]ecm.Place{}
			for _, name := range []string{"Holds.Create", "Holds.Apply", "Holds.ApplyMany", "Holds.Update", "RSIs.Assign", "CrossReferences.Assign", "CrossReferences.CreateType", "Queues.Add", "Holds.AddUsers", "RSIs.Create"} {
				places[name] = place
			}
			// Another name than the SDK's own: these are not the requests that are held
			// against the descriptions.
			c := s.client(t, "svc-dam", "svc-dam-password", ecm.WithUserAgent("placement"), ecm.WithSettings(ecm.Settings{Places: places, Lists: lists}))
			ctx, what := t.Context(), string(place)+", "+string(lists)
			a, b := s.record(t, "a"), s.record(t, "b")

			hold, err := c.Holds.Create(ctx, ecm.NewHold{Name: "CASE-7", Type: "LEGAL", Comment: "Case 7, part 1", Applied: someDay})
			require.NoError(t, err, what)
			require.NoError(t, c.Holds.Apply(ctx, a, hold), what)
			require.NoError(t, c.CrossReferences.CreateType(ctx, ecm.CrossReferenceType{Type: "C", Related: "D", Description: "c"}, "d", 0), what)
			require.NoError(t, c.CrossReferences.Assign(ctx, a, ecm.CrossReference{Type: "A", To: b}), what)
			require.NoError(t, c.Holds.ApplyMany(ctx, hold, a, b), what)
			require.NoError(t, c.Holds.Update(ctx, hold, ecm.HoldUpdate{Comment: "wider"}), what)
			require.NoError(t, c.Holds.AddUsers(ctx, hold, 1000), what)
			_, err = c.RSIs.Create(ctx, ecm.NewRSI{Name: "NEW", Status: "ACTIVE"})
			require.NoError(t, err, what)
			_, err = c.Queues.Add(ctx, s.record(t, "c"), ecm.TaskFinalize, false)
			require.NoError(t, err, what)

			items, err := c.Holds.Items(ctx, hold)
			require.NoError(t, err)
			require.Len(t, items, 2, what)
			got, err := c.Holds.Get(ctx, hold)
			require.NoError(t, err)
			require.Equal(t, "wider", got.Comment, what)
			bulk := s.last(t, "POST /v1/rmclassifications/applyhold")
			sent := bulk.Query + string(bulk.Request.Bytes)
			require.Equal(t, place == ecm.InQuery, len(bulk.Request.Bytes) == 0, "%s: %s", what, sent)
			require.Equal(t, place == ecm.InBody, strings.HasPrefix(sent, "body="), "%s: %s", what, sent)
			require.Equal(t, place != ecm.InBody && lists == ecm.ListRepeated, strings.Count(sent, "ids=") == 2, "%s: %s", what, sent)
		}
	}
}

// TestSettings_AreChecked when the client is made, all faults at once.
func TestSettings_AreChecked(t *testing.T) {
	t.Parallel()
	_, err := ecm.New("https://ecm.example/otcs/cs.exe", ecm.BearerToken("t"), ecm.WithSettings(ecm.Settings{
		StatusField: "state", Lists: "spaces", Places: map[string]ecm.Place{"Holds.Apply": "header", "Nodes.Get": ecm.InQuery, "No.Such": ecm.InForm},
	}))
	require.ErrorIs(t, err, ecm.ErrInvalid)
	for _, fault := range []string{"settings.status field", "settings.lists", "settings.places.Holds.Apply", `"Nodes.Get"`, `"No.Such"`} {
		require.ErrorContains(t, err, fault)
	}
	names := []string{}
	for _, o := range ecm.Operations() {
		names = append(names, o.Name)
	}
	require.True(t, slices.Contains(names, "Holds.Apply"))
}
