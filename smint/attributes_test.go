package smint_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

func newAttributes(t *testing.T) (*portalTenant, *smint.AttributeCommand, smint.AssetID) {
	t.Helper()
	p := newPortalTenant(t, func(o *testserver.SmintOptions) { o.AttributeCommands, o.FixedAttributes = true, []string{"locked"} }, nil)
	id := p.put(t, "kv-1", "image", testserver.SmintJSON{"attributes": testserver.SmintJSON{"campaign": "Spring"}}, nil)
	return p, &smint.AttributeCommand{Portals: p.c.Portals, Portal: portal, Interface: "IEcmRecordAssets", Method: testserver.AttributeMethod}, id
}

// TestAttributeCommand_WritesOnlyOverWhatWasSeen: a value that somebody changed
// meanwhile stays, and what the component refuses is not taken for written.
func TestAttributeCommand_WritesOnlyOverWhatWasSeen(t *testing.T) {
	t.Parallel()
	p, c, id := newAttributes(t)
	seen, err := p.c.Portals.GetAsset(t.Context(), portal, id, nil)
	require.NoError(t, err)
	update := smint.AttributeUpdate{
		Asset: id, Seen: seen.Revision(), Values: map[string]string{"campaign": "Summer", "rights": "cleared"}, Expected: map[string]string{"campaign": "Spring"},
	}
	require.NoError(t, c.WriteAttributes(t.Context(), update))
	back, err := p.c.Portals.GetAsset(t.Context(), portal, id, nil)
	require.NoError(t, err)
	require.Equal(t, "Summer", back.Attributes("campaign")[0].Text())
	require.Equal(t, "cleared", back.Attributes("rights")[0].Text())

	require.ErrorIs(t, c.WriteAttributes(t.Context(), update), smint.ErrConflict, "another value stands there than what was seen")
	update.Expected = map[string]string{"campaign": "Summer", "rights": "cleared"}
	update.Seen.Version += "1"
	require.ErrorIs(t, c.WriteAttributes(t.Context(), update), smint.ErrConflict, "it is another version")
	require.ErrorIs(t, c.WriteAttributes(t.Context(), smint.AttributeUpdate{Asset: id, Values: map[string]string{"locked": "x"}}), smint.ErrInvalid)
	require.ErrorIs(t, c.WriteAttributes(t.Context(), smint.AttributeUpdate{Asset: "99:image:none", Values: map[string]string{"a": "x"}}), smint.ErrNotFound)
	require.Equal(t, "Summer", p.Attributes("kv-1")["campaign"])
	require.NotContains(t, p.Attributes("kv-1"), "locked")
}

func TestAttributeCommand_BadInputAndBrokenAnswers(t *testing.T) {
	t.Parallel()
	p, c, id := newAttributes(t)
	p.Forget()
	err := (&smint.AttributeCommand{}).WriteAttributes(t.Context(), smint.AttributeUpdate{Values: map[string]string{"": "x"}})
	require.ErrorIs(t, err, smint.ErrInvalid)
	for _, field := range []string{"portals", "interface and method", "asset", "values"} {
		require.ErrorContains(t, err, field, "all faults are told at once")
	}
	require.ErrorIs(t, c.WriteAttributes(t.Context(), smint.AttributeUpdate{Asset: id}), smint.ErrInvalid)
	require.Empty(t, p.Exchanges())

	one := smint.AttributeUpdate{Asset: id, Values: map[string]string{"a": "x"}}
	for _, result := range []string{`{"results":[]}`, `{"results":[{"assetId":"other","status":"applied"}]}`, `[]`, `{"results":[{"assetId":"99:image:kv-1","status":"maybe"}]}`} {
		p.PlanTasks(testserver.SmintTaskPlan{Method: testserver.AttributeMethod, Result: result})
		err := c.WriteAttributes(t.Context(), one)
		require.ErrorIs(t, err, smint.ErrBrokenReply, result)
		require.ErrorIs(t, err, smint.ErrOutcomeUnknown, "an answer that nobody understands says nothing about the write")
	}
	p.Forget()
	p.Fail(testserver.Fault{Route: "POST /frontend/*", Kind: testserver.DropAfter})
	require.ErrorIs(t, c.WriteAttributes(t.Context(), one), smint.ErrOutcomeUnknown)
	require.Equal(t, 1, p.executes(), "an update without a verdict is not sent again")
}
