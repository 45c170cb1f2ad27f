package smint_test

import (
	"context"
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
