package smint_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

var portal = smint.Portal{UUID: testserver.PortalUUID, Culture: "en"}

// portalTenant is a tenant whose clock the polls move.
type portalTenant struct {
	*tenant
	waits []time.Duration
}

func newPortalTenant(t *testing.T, change func(*testserver.SmintOptions), settings func(*smint.PortalSettings)) *portalTenant {
	t.Helper()
	p := &portalTenant{tenant: newTenant(t, change)}
	s := smint.PortalSettings{Polling: smint.TaskPolling{Now: p.clock.Now, Wait: func(ctx context.Context, d time.Duration) error {
		p.waits = append(p.waits, d)
		p.clock.Move(d)
		return ctx.Err()
	}}}
	if settings != nil {
		settings(&s)
	}
	p.c = p.portalClient(t, s, func(*smint.Endpoints) {})
	return p
}

func (p *portalTenant) portalClient(t *testing.T, s smint.PortalSettings, change func(*smint.Endpoints)) *smint.Client {
	t.Helper()
	o, at := p.Options(), p.Endpoints()
	ends := smint.Endpoints{Identity: at.Identity, CLAPI: at.CLAPI, Portals: at.Portals, Payload: at.Payload}
	change(&ends)
	c, err := smint.New(ends, smint.Login{ClientID: o.ClientID, ClientSecret: smint.Secret(o.ClientSecret), RefreshToken: smint.Secret(p.Grant(o.Scope))},
		smint.WithTransport(p.Transport()), smint.WithLimiter(fast{}), smint.WithRetries(2), smint.WithPortals(s),
		smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"storage.acme.example"}, Transport: p.Transport()}))
	require.NoError(t, err)
	return c
}

// put puts an asset into the portal that everybody may search, read and
// download.
func (p *portalTenant) put(t *testing.T, id, kind string, patch testserver.SmintJSON, content []byte) smint.AssetID {
	t.Helper()
	asset := testserver.SmintMerge(testserver.SmintJSON{
		"id": id, "external_id": strings.TrimPrefix(id, "otcs-"), "version": "3", "etag": "sha1:9f2c", "content_type": kind,
		"name":        testserver.SmintText("x-default", "Asset "+id, "de", "Inhalt "+id),
		"permissions": []any{"search", "read_details", "download_layout", "download_hires"},
		"attributes":  testserver.SmintJSON{"ecm_approval_state": "approved", "campaign": "Spring", "takes": 7, "final": true, "tags": []any{"a", "b"}},
		"file":        testserver.SmintJSON{"file_name": id + ".jpg", "media_type": "image/jpeg", "file_size_in_bytes": len(content), "sha1_hash": "9f2c"},
		"modified_at": "2025-05-06T08:18:51.397267+02:00", "publish_until": "2025-06-30T00:00:00Z",
		"indicator":  testserver.SmintJSON{"icon": "alert", "color": "#ff9800", "text": testserver.SmintText("en", "Expired")},
		"folder_ids": []any{"f"},
	}, patch)
	require.NoError(t, p.PutAsset(asset, testserver.SmintBytes(content)))
	return smint.AssetID("99:" + kind + ":" + id)
}

// answers makes the next tasks of a method return this result.
func (p *portalTenant) answers(method, result string) {
	p.PlanTasks(testserver.SmintTaskPlan{Method: method, Result: result})
}

func TestPortals_GetAsset_KeepsEverything(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	id := p.put(t, "otcs-1", "image", nil, []byte("one"))
	a, err := p.c.Portals.GetAsset(t.Context(), portal, id, &smint.ReadOptions{PageEvent: true})
	require.NoError(t, err)
	require.Equal(t, id, a.ID)
	require.Equal(t, "1", a.ExternalID)
	require.Equal(t, smint.Revision{Version: "3", ETag: "sha1:9f2c"}, a.Revision())
	require.Equal(t, "Inhalt otcs-1", a.Name.In("de-AT"))
	require.Equal(t, "Asset otcs-1", a.Name.In("fr"), "x-default stands for a culture that is missing")
	require.Equal(t, time.Date(2025, 5, 6, 6, 18, 51, 397267000, time.UTC), *a.ModifiedAt)
	require.Nil(t, a.PublishFrom, "what was not sent is nil")
	require.Equal(t, "Expired", a.Indicator.Text.In("en"))
	require.EqualValues(t, 3, *a.File.Size)
	require.Equal(t, "image/jpeg", a.File.MediaType)
	require.Equal(t, "9f2c", a.File.SHA1)
	require.Equal(t, "Spring", a.Attributes("CAMPAIGN")[0].Text())
	require.EqualValues(t, 7, *a.Attributes("takes")[0].Int())
	require.True(t, *a.Attributes("final")[0].Bool())
	require.Equal(t, []string{"a", "b"}, a.Attributes("tags")[0].Texts())
	require.Nil(t, a.Flag("isPdfPreviewAvailable"), "a flag that is absent is not false")
	require.True(t, *p.c.Portals.May(a, smint.MayDownloadHires))
	require.Empty(t, a.Faults)

	again, err := p.c.Portals.DecodeAsset(a.Raw)
	require.NoError(t, err)
	require.Equal(t, a, again, "an asset is read back from its own bytes")
	last := p.Exchanges()[len(p.Exchanges())-1]
	require.JSONEq(t, `["{\"assetId\":{\"id\":\"99:image:otcs-1\"},\"isPageEvent\":true}"]`, string(last.Request.Bytes))
}

func TestPortals_GetAsset_MissingHoweverThePortalSaysIt(t *testing.T) {
	t.Parallel()
	for _, how := range []testserver.SmintMissing{testserver.SmintMissingStatus, testserver.SmintMissingObject, testserver.SmintMissingTask, testserver.SmintMissingNull} {
		p := newPortalTenant(t, func(o *testserver.SmintOptions) { o.Missing = how }, nil)
		_, err := p.c.Portals.GetAsset(t.Context(), portal, "99:image:gone", nil)
		require.ErrorIs(t, err, smint.ErrNotFound, "missing by %q", how)
	}
}

func TestPortals_GetAssets_EachHasItsOwnAnswer(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	one, two := p.put(t, "otcs-1", "image", nil, nil), p.put(t, "otcs-2", "document", nil, nil)
	items, err := p.c.Portals.GetAssets(t.Context(), portal, []smint.AssetID{two, one}, nil)
	require.NoError(t, err)
	require.Equal(t, []smint.AssetID{two, one}, []smint.AssetID{items[0].Asset.ID, items[1].Asset.ID})
	require.Equal(t, []time.Duration{5 * time.Second}, p.waits, "a long-running method is polled, every 5 seconds")

	items, err = p.c.Portals.GetAssets(t.Context(), portal, []smint.AssetID{one, "99:image:gone"}, nil)
	require.NoError(t, err)
	require.NoError(t, items[0].Err)
	require.ErrorIs(t, items[1].Err, smint.ErrFailedSteps, "a step failed: nobody can say whether it is gone")
	failed, ok := errors.AsType[*smint.TaskError](items[1].Err)
	require.True(t, ok)
	require.Equal(t, smint.TaskCompleted, failed.Task.State)

	three := p.put(t, "otcs-3", "image", nil, nil)
	p.answers("getAssetsAsync", `{"assetDataObjects":[null,{"uuid":"99:image:otcs-1","properties":7},{"uuid":"99:document:otcs-2","properties":[]}]}`)
	items, err = p.c.Portals.GetAssets(t.Context(), portal, []smint.AssetID{one, two, three}, nil)
	require.NoError(t, err)
	require.ErrorIs(t, items[0].Err, smint.ErrBrokenItem)
	require.NoError(t, items[1].Err, "the others go on")
	require.ErrorIs(t, items[2].Err, smint.ErrBrokenItem, "one of those without an id may be it")
	_, err = p.c.Portals.GetAssets(t.Context(), portal, []smint.AssetID{"", one}, nil)
	require.ErrorIs(t, err, smint.ErrInvalid)
	require.ErrorContains(t, err, "asset ids[0]")
}

func TestPortals_BodyForms(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		takes string
		form  smint.BodyForm
		calls int
	}{{"", smint.BodyArray, 2}, {"B", smint.BodyText, 2}, {"", smint.BodyText, 2}, {"A", smint.BodyEither, 2}, {"B", smint.BodyEither, 3}} {
		p := newPortalTenant(t, func(o *testserver.SmintOptions) { o.BodyForm = row.takes }, func(s *smint.PortalSettings) { s.BodyForm = row.form })
		id := p.put(t, `otcs-"\<&é`, "image", nil, nil)
		for range 2 {
			a, err := p.c.Portals.GetAsset(t.Context(), portal, id, nil)
			require.NoError(t, err, "portal takes %q, client sends %d", row.takes, row.form)
			require.Equal(t, id, a.ID, "quotes, backslashes and the rest arrive as they are")
		}
		require.Equal(t, row.calls, p.executes(), "the form is found out once")
	}
	p := newPortalTenant(t, func(o *testserver.SmintOptions) { o.BodyForm = "B" }, nil)
	_, err := p.c.Portals.GetAsset(t.Context(), portal, "99:image:1", nil)
	require.ErrorIs(t, err, smint.ErrInvalid, "without the option there is no second try")
	require.Equal(t, 1, p.executes())
}

// executes counts the calls of methods.
func (p *portalTenant) executes() int {
	n := 0
	for _, e := range p.Exchanges() {
		if strings.Contains(e.Route, "/execute/") {
			n++
		}
	}
	return n
}

func TestPortals_Execute_AnyMethodAtAnyPlace(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	p.put(t, "otcs-1", "image", nil, nil)
	bound := portal
	bound.Preview, bound.ContextURL, bound.ContextSession = "pv", "https://portal.acme.example/search", "s-1"
	bound.Binding = smint.Binding{Page: testserver.PageUUID, Property: "assetsSearch"}
	page, err := p.c.Portals.Search(t.Context(), bound, smint.SearchQuery{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1)
	last := p.Exchanges()[len(p.Exchanges())-1]
	require.Equal(t, "/frontend/v1/portals/345/pageConfigurations/77/assetsSearch/0/execute/searchAssetsAsync", last.Path)
	require.Equal(t, "culture=en&previewUuid=pv", last.Query)
	require.Equal(t, "s-1", last.RequestHeader.Get("X-Frontend-Context-Session-Id"))
	bound.Binding.Component, bound.Binding.Property = "9", "backgroundImageRandomAsset"
	items, err := p.c.Portals.Random(t.Context(), bound, smint.SearchQuery{}, 3)
	require.NoError(t, err)
	require.Len(t, items, 1)

	order := map[string]any{"commandId": "8c1e", "items": []any{map[string]any{"externalId": "1", "sequence": 1042, "reason": "disposition"}}}
	task, err := p.c.Portals.Run(t.Context(), portal, smint.Call{Interface: "IEcmRecordAssets", Method: "removeAccessAsync", Arguments: []any{order}})
	require.NoError(t, err, "a custom interface is called in the same way")
	require.Contains(t, *task.Result, `"applied"`)

	_, err = p.c.Portals.Execute(t.Context(), smint.Portal{Binding: smint.Binding{Property: "x"}}, smint.Call{})
	for _, part := range []string{"portal uuid", "method", "binding"} {
		require.ErrorContains(t, err, part, "all faults are told at once")
	}
	_, err = p.c.Portals.Execute(t.Context(), portal, smint.Call{Interface: "I", Method: "m", Arguments: []any{func() {}}})
	require.ErrorIs(t, err, smint.ErrInvalid)
}

func TestPortals_ALostAnswerIsRepeatedOnlyWhereThatIsHarmless(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	id := p.put(t, "otcs-1", "image", nil, nil)
	const route = "POST /frontend/v1/portals/{portal}/portalsContext/{interface}/execute/{method}"
	p.Fail(testserver.Fault{Route: route, Kind: testserver.DropAfter})
	_, err := p.c.Portals.GetAsset(t.Context(), portal, id, nil)
	require.NoError(t, err)
	order := map[string]any{"commandId": "8c1e", "items": []any{map[string]any{"externalId": "1", "sequence": 1, "reason": "disposition"}}}
	for _, kind := range []testserver.FaultKind{testserver.DropAfter, testserver.HTML, testserver.Truncate} {
		p.Forget()
		p.Fail(testserver.Fault{Route: route, Kind: kind})
		_, err = p.c.Portals.Run(t.Context(), portal, smint.Call{Interface: "IEcmRecordAssets", Method: "removeAccessAsync", Arguments: []any{order}})
		require.ErrorIs(t, err, smint.ErrOutcomeUnknown)
		require.Equal(t, 1, p.executes())
	}
}

func TestPortals_WithoutAnEndpointSaysSo(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	c := p.portalClient(t, smint.PortalSettings{}, func(e *smint.Endpoints) { e.Portals, e.Payload = "", "" })
	_, err := c.Portals.GetAsset(t.Context(), portal, "99:image:1", nil)
	require.ErrorIs(t, err, smint.ErrInvalid)
	_, err = c.Portals.Payload(t.Context(), "")
	require.ErrorIs(t, err, smint.ErrInvalid)
	_, err = c.Portals.Upload(t.Context(), portal, smint.Upload{})
	require.ErrorIs(t, err, smint.ErrInvalid)
}

func TestPortals_UploadAndPayload(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	content := bytes.Repeat([]byte("xyz"), 50_000)
	uuid, err := p.c.Portals.Upload(t.Context(), portal, smint.Upload{FileName: "a.csv", MediaType: "text/csv", Content: bytes.NewReader(content), Size: int64(len(content))})
	require.NoError(t, err)
	got, reader, err := p.tenant.Upload(string(uuid))
	require.NoError(t, err)
	stored, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	require.Equal(t, "text/csv", got.MediaType)
	require.True(t, bytes.Equal(content, stored))

	payload, err := p.c.Portals.Payload(t.Context(), "en")
	require.NoError(t, err)
	require.Equal(t, portal.UUID, payload.Portal)
	require.Equal(t, p.Endpoints().Portals, payload.FrontendURL)
	page, ok := payload.Page(smint.PageAssetsSearch)
	require.True(t, ok)
	require.EqualValues(t, testserver.PageUUID, page)

	_, err = p.c.Portals.Upload(t.Context(), smint.Portal{}, smint.Upload{Size: -1})
	for _, part := range []string{"portal uuid", "file name", "content"} {
		require.ErrorContains(t, err, part)
	}
}

func TestPortals_SettingsAreChecked(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	o, at := p.Options(), p.Endpoints()
	_, err := smint.New(smint.Endpoints{Identity: at.Identity, CLAPI: at.CLAPI, Portals: "http://portal.example"},
		smint.Login{ClientID: o.ClientID, ClientSecret: smint.Secret(o.ClientSecret), RefreshToken: "r"},
		smint.WithPortals(smint.PortalSettings{BodyForm: 7, Polling: smint.TaskPolling{Interval: 999 * time.Millisecond, Deadline: time.Millisecond}, PayloadPath: "x"}))
	require.ErrorIs(t, err, smint.ErrInvalid)
	for _, part := range []string{"body form", "interval", "deadline", "payload path", "portals URL"} {
		require.ErrorContains(t, err, part)
	}
}
