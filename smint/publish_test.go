package smint_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

func (p *portalTenant) commands() *smint.CommandPublisher {
	return &smint.CommandPublisher{Portals: p.c.Portals, Portal: portal, Back: &smint.PortalReadBack{
		Portals: p.c.Portals, Portal: portal, Now: p.clock.Now,
		AssetID: func(_ context.Context, external string) (smint.AssetID, error) {
			return smint.AssetID("99:document:otcs-" + external), nil
		},
	}}
}

func (p *portalTenant) send(t *testing.T, c *smint.CommandPublisher, items ...smint.Publication) (statuses []smint.PublishStatus) {
	t.Helper()
	results, err := c.Publish(t.Context(), items...)
	require.NoError(t, err)
	for i, r := range results {
		require.Equal(t, items[i].ExternalID, r.ExternalID)
		statuses = append(statuses, r.Status)
	}
	return statuses
}

// TestCommandPublisher_WhatIsToldIsReadBack: a removal is gone, an expiry has
// nothing to download, and an older word changes nothing.
func TestCommandPublisher_WhatIsToldIsReadBack(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	c := p.commands()
	for _, id := range []string{"1", "2", "3"} {
		p.put(t, "otcs-"+id, "document", testserver.SmintJSON{"external_id": id}, []byte("content"))
	}
	p.put(t, "otcs-9", "document", testserver.SmintJSON{"external_id": "9"}, []byte("content"))
	shown, err := c.ReadBack(t.Context(), "1")
	require.NoError(t, err)
	require.Equal(t, smint.PresenceShown, shown.Presence)
	require.NotEmpty(t, shown.Downloads)

	require.Equal(t, []smint.PublishStatus{smint.PublishApplied, smint.PublishApplied, smint.PublishApplied}, p.send(t, c,
		smint.Publication{ExternalID: "1", Sequence: 10, Action: smint.ActRemoveAccess, Reason: "disposition"},
		smint.Publication{ExternalID: "2", Sequence: 10, Action: smint.ActExpire, EffectiveAt: p.clock.Now().Add(-time.Hour)},
		smint.Publication{ExternalID: "3", Sequence: 10, Action: smint.ActReplace, Replacement: "9"}))
	gone, err := c.ReadBack(t.Context(), "1")
	require.NoError(t, err)
	require.Equal(t, smint.PresenceGone, gone.Presence)
	require.False(t, gone.At.IsZero())
	for _, id := range []string{"2", "3"} {
		back, err := c.ReadBack(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, smint.PresenceShown, back.Presence)
		require.Empty(t, back.Downloads, "%s can still be downloaded", id)
	}

	require.Equal(t, []smint.PublishStatus{smint.PublishUnchanged, smint.PublishStale, smint.PublishNotFound}, p.send(t, c,
		smint.Publication{ExternalID: "1", Sequence: 10, Action: smint.ActRemoveAccess, Reason: "disposition"},
		smint.Publication{ExternalID: "1", Sequence: 9, Action: smint.ActPublish},
		smint.Publication{ExternalID: "77", Sequence: 1, Action: smint.ActExpire}))
	gone, err = c.ReadBack(t.Context(), "1")
	require.NoError(t, err)
	require.Equal(t, smint.PresenceGone, gone.Presence, "an older word granted it again")
	require.Equal(t, []smint.PublishStatus{smint.PublishApplied}, p.send(t, c, smint.Publication{ExternalID: "1", Sequence: 11, Action: smint.ActPublish}), "only a newer one lifts a removal")
}

func TestCommandPublisher_BadInputAndBrokenAnswers(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	c := p.commands()
	p.Forget()
	_, err := c.Publish(t.Context(), smint.Publication{Action: "delete"}, smint.Publication{ExternalID: "1", Sequence: 1, Action: smint.ActReplace, Replacement: "1"})
	require.ErrorIs(t, err, smint.ErrInvalid)
	for _, field := range []string{"items[0].external_id", "items[0].sequence", "items[0].action", "items[1].replacement"} {
		require.ErrorContains(t, err, field)
	}
	_, err = c.Publish(t.Context())
	require.ErrorIs(t, err, smint.ErrInvalid)
	require.Empty(t, p.Exchanges())

	for _, result := range []string{`{"results":[]}`, `{"results":[{"externalId":"other","status":"applied"}]}`, `{"results":[{"externalId":"1"}]}`, `[]`, `{}`} {
		p.PlanTasks(testserver.SmintTaskPlan{Method: "removeAccessAsync", Result: result})
		_, err = c.Publish(t.Context(), smint.Publication{ExternalID: "1", Sequence: 1, Action: smint.ActRemoveAccess})
		require.ErrorIs(t, err, smint.ErrBrokenReply, result)
	}
	c.Back = nil
	_, err = c.ReadBack(t.Context(), "1")
	require.ErrorIs(t, err, smint.ErrCannotAsk)
	_, err = smint.PortalReadBack{}.ReadBack(t.Context(), "1")
	require.ErrorIs(t, err, smint.ErrCannotAsk)
}

// TestReadBack_EveryWayOfSayingGone: a status 404, an error object and a task
// in the state "error" all mean gone; a portal that cannot be asked means that
// nobody knows.
func TestReadBack_EveryWayOfSayingGone(t *testing.T) {
	t.Parallel()
	for _, how := range []testserver.SmintMissing{testserver.SmintMissingStatus, testserver.SmintMissingObject, testserver.SmintMissingTask, testserver.SmintMissingNull} {
		p := newPortalTenant(t, func(o *testserver.SmintOptions) { o.Missing = how }, nil)
		c := p.commands()
		for _, id := range []string{"1", "2"} {
			p.put(t, "otcs-"+id, "document", nil, []byte("content"))
		}
		p.RemoveAsset("otcs-1")
		back, err := c.ReadBack(t.Context(), "1")
		require.NoError(t, err, "missing by %q", how)
		require.Equal(t, smint.PresenceGone, back.Presence, "missing by %q", how)
		require.Empty(t, back.Downloads)
	}
	p := newPortalTenant(t, nil, nil)
	c := p.commands()
	p.put(t, "otcs-2", "document", nil, nil)
	for name, fault := range map[string]testserver.Fault{
		"down": {Status: 503}, "dropped": {Kind: testserver.DropBefore}, "throttled": {Status: 429}, "a page": {Kind: testserver.HTML}, "cut": {Kind: testserver.Cut},
	} {
		fault.Route, fault.Times = "POST /frontend/*", -1
		p.Fail(fault)
		back, err := c.ReadBack(t.Context(), "1")
		require.Error(t, err, name)
		require.Equal(t, smint.PresenceUnknown, back.Presence, name)
		p.Heal()
	}
	back, err := c.ReadBack(t.Context(), "1")
	require.NoError(t, err)
	require.Equal(t, smint.PresenceGone, back.Presence, "the same asset, once the portal can be asked")
}

// TestReadBack_WhatASearchStillFindsIsNotGone: its renditions are there. A
// search that fails leaves it unknown, and a portal that cannot say what can be
// downloaded never passes for one where nothing can.
func TestReadBack_WhatASearchStillFindsIsNotGone(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	c := p.commands()
	c.Back.Control = "99:document:otcs-2"
	c.Back.Search = func(external string) smint.SearchQuery { return smint.SearchQuery{Text: external} }
	p.put(t, "otcs-4711", "document", testserver.SmintJSON{"permissions": []any{"search"}}, nil) // found, and not read
	p.put(t, "otcs-2", "document", nil, []byte("content"))
	back, err := c.ReadBack(t.Context(), "4711")
	require.ErrorContains(t, err, "downloaded")
	require.Equal(t, smint.PresenceShown, back.Presence)
	require.Contains(t, back.Evidence, "still finds it")

	p.RemoveAsset("otcs-4711")
	back, err = c.ReadBack(t.Context(), "4711")
	require.NoError(t, err)
	require.Equal(t, smint.PresenceGone, back.Presence)
	require.Contains(t, back.Evidence, "no search finds it")

	p.PlanTasks(testserver.SmintTaskPlan{Method: "searchAssetsAsync", Error: "index down"})
	back, err = c.ReadBack(t.Context(), "4711")
	require.Error(t, err)
	require.Equal(t, smint.PresenceUnknown, back.Presence)

	p.PlanTasks(testserver.SmintTaskPlan{Method: "getAssetsDownloadsForAssetsAsync", Error: "source down"})
	_, err = c.ReadBack(t.Context(), "2")
	require.Error(t, err, "no answer about downloads is not: no downloads")
}

// TestCommandPublisher_ACommandIsNamedByAllItSays: two commands that begin alike
// are two, and a repeated one is the same.
func TestCommandPublisher_ACommandIsNamedByAllItSays(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	c := p.commands()
	first := smint.Publication{ExternalID: "1", Sequence: 1, Action: smint.ActRemoveAccess}
	for _, second := range []string{"2", "2", "3"} {
		p.send(t, c, first, smint.Publication{ExternalID: second, Sequence: 1, Action: smint.ActRemoveAccess})
	}
	var names []string
	for _, e := range p.Exchanges() {
		if strings.HasSuffix(e.Path, "removeAccessAsync") {
			var arguments []string
			require.NoError(t, json.Unmarshal(e.Request.Bytes, &arguments))
			var command struct {
				ID string `json:"commandId"`
			}
			require.NoError(t, json.Unmarshal([]byte(arguments[0]), &command))
			names = append(names, command.ID)
		}
	}
	require.Len(t, names, 3)
	require.Equal(t, names[0], names[1])
	require.NotEqual(t, names[0], names[2])
}
