package smint_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

func TestPortals_Presence(t *testing.T) {
	t.Parallel()
	for _, how := range []testserver.SmintMissing{testserver.SmintMissingStatus, testserver.SmintMissingObject, testserver.SmintMissingTask, testserver.SmintMissingNull} {
		p := newPortalTenant(t, func(o *testserver.SmintOptions) { o.Missing = how }, nil)
		id, other := p.put(t, "otcs-1", "image", nil, nil), p.put(t, "otcs-2", "image", nil, nil)
		seen, err := p.c.Portals.Presence(t.Context(), portal, id, "")
		require.NoError(t, err)
		require.Equal(t, smint.PresenceShown, seen.Presence)
		require.Equal(t, "3", seen.Asset.Version)

		p.RemoveAsset("otcs-1")
		for _, control := range []smint.AssetID{"", id, other} {
			seen, err = p.c.Portals.Presence(t.Context(), portal, id, control)
			require.NoError(t, err, "missing by %q", how)
			require.Equal(t, smint.PresenceGone, seen.Presence)
			require.Equal(t, other, seen.Control, "the same portal shows another asset in the same way")
			require.Error(t, seen.Answer)
			require.NotEmpty(t, seen.Evidence)
		}
		p.RemoveAsset("otcs-2")
		seen, err = p.c.Portals.Presence(t.Context(), portal, id, "")
		if how == testserver.SmintMissingNull {
			require.Error(t, err, "null with a failed step is not said in so many words")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, smint.PresenceGone, seen.Presence)
	}
}

// TestPortals_Presence_NothingElsePassesForGone: a removal is proven by it, so
// a portal that cannot answer must never look like one that has nothing.
func TestPortals_Presence_NothingElsePassesForGone(t *testing.T) {
	t.Parallel()
	const route = "POST /frontend/v1/portals/{portal}/portalsContext/{interface}/execute/{method}"
	refusal := `{"error_code":"forbidden","error_message":"no"}`
	for name, row := range map[string]struct {
		fault  *testserver.Fault
		plan   *testserver.SmintTaskPlan
		portal smint.Portal
	}{
		"another portal's id":         {portal: smint.Portal{UUID: "346"}},
		"a login without rights":      {fault: &testserver.Fault{Route: route, Times: -1, Status: 403, Body: refusal}},
		"a bare 403":                  {fault: &testserver.Fault{Route: route, Times: -1, Status: 403}},
		"a portal that is down":       {fault: &testserver.Fault{Route: route, Times: -1, Status: 503}},
		"a page of HTML":              {fault: &testserver.Fault{Route: route, Times: -1, Kind: testserver.HTML}},
		"a body form that is refused": {fault: &testserver.Fault{Route: route, Times: -1, Status: 400, Body: `{"error_code":"invalid_argument"}`}},
		"a source that is down":       {plan: &testserver.SmintTaskPlan{Method: "getAssetAsync", Times: -1, Error: "the connector's host was not found"}},
		"a task that never ends":      {plan: &testserver.SmintTaskPlan{Method: "getAssetAsync", Times: -1, Stuck: true}},
		"a result that is no asset":   {plan: &testserver.SmintTaskPlan{Method: "getAssetAsync", Times: -1, Result: "[]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortalTenant(t, nil, nil)
			id := p.put(t, "otcs-1", "image", nil, nil)
			p.put(t, "otcs-2", "image", nil, nil)
			at := portal
			if row.portal.UUID != "" {
				at = row.portal
			}
			if row.fault != nil {
				p.Fail(*row.fault)
			}
			if row.plan != nil {
				p.PlanTasks(*row.plan)
			}
			seen, err := p.c.Portals.Presence(t.Context(), at, id, "")
			require.Error(t, err, "the asset is there all the time")
			require.Equal(t, smint.PresenceUnknown, seen.Presence)
			require.Equal(t, "unknown", seen.Presence.String())
		})
	}
}

func TestPortals_Presence_ARefusalThatIsAboutThisAssetAlone(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	id := p.put(t, "otcs-1", "image", nil, nil)
	p.Fail(testserver.Fault{Route: "POST *", Where: isGetAsset, Status: http.StatusForbidden, Body: `{"error_code":"forbidden"}`})
	seen, err := p.c.Portals.Presence(t.Context(), portal, id, "")
	require.Error(t, err, "there is no other asset to compare with")
	require.Equal(t, smint.PresenceUnknown, seen.Presence)
	p.put(t, "otcs-2", "image", nil, nil)
	p.Fail(testserver.Fault{Route: "POST *", Where: isGetAsset, Status: http.StatusForbidden, Body: `{"error_code":"forbidden"}`})
	seen, err = p.c.Portals.Presence(t.Context(), portal, id, "")
	require.NoError(t, err)
	require.Equal(t, "gone", seen.Presence.String(), "this user is not shown the asset, and is shown another")
}

func isGetAsset(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/getAssetAsync") }

func TestPortals_Presence_FollowsTheIndex(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	id := p.put(t, "otcs-1", "image", nil, nil)
	p.put(t, "otcs-2", "image", nil, nil)
	task, err := p.c.Portals.Run(t.Context(), portal, smint.Call{Interface: "IEcmRecordAssets", Method: "removeAccessAsync", Harmless: true, Arguments: []any{
		map[string]any{"commandId": "8c1e", "items": []any{map[string]any{"externalId": "1", "sequence": 1042, "reason": "disposition"}}},
	}})
	require.NoError(t, err)
	require.Contains(t, *task.Result, `"applied"`)
	seen, err := p.c.Portals.Presence(t.Context(), portal, id, "")
	require.NoError(t, err)
	require.Equal(t, smint.PresenceGone, seen.Presence)
}
