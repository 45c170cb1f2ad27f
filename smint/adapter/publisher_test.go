package adapter_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

type fast struct{}

func (fast) Wait(ctx context.Context) error { return ctx.Err() }

// portal reads back through Smint.io's own front end.
func (r *rig) portal() *smint.PortalReadBack {
	r.t.Helper()
	o, ends := r.smint.Options(), r.smint.Endpoints()
	c, err := smint.New(smint.Endpoints{Identity: ends.Identity, CLAPI: ends.CLAPI, Portals: ends.Portals},
		smint.Login{ClientID: o.ClientID, ClientSecret: smint.Secret(o.ClientSecret), RefreshToken: smint.Secret(o.RefreshToken)},
		smint.WithTransport(r.smint.Transport()), smint.WithLimiter(fast{}),
		smint.WithPortals(smint.PortalSettings{Polling: smint.TaskPolling{Now: r.clock.Now, Wait: func(ctx context.Context, d time.Duration) error {
			r.clock.Move(d)
			return ctx.Err()
		}}}))
	require.NoError(r.t, err)
	return &smint.PortalReadBack{
		Portals: c.Portals, Portal: smint.Portal{UUID: "345"}, Now: r.clock.Now,
		AssetID: func(_ context.Context, external string) (smint.AssetID, error) {
			return smint.AssetID("99:document:otcs-" + external), nil
		},
	}
}

// TestPublisher_WhatIsPublishedIsReadBackAtSmint: the feed says it at once, and
// it is believed only when the portal shows it, which is after its poll.
func TestPublisher_WhatIsPublishedIsReadBackAtSmint(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	p := &adapter.Publisher{Feed: r.feed, Back: r.portal(), Render: func(_ context.Context, item smint.Publication) (adapter.Asset, error) {
		n := 0
		if _, err := fmt.Sscan(item.ExternalID, &n); err != nil {
			return adapter.Asset{}, fmt.Errorf("%w: %w", adapter.ErrNotFound, err)
		}
		return asset(n), nil
	}}
	send := func(items ...smint.Publication) []smint.PublishResult {
		results, err := p.Publish(t.Context(), items...)
		require.NoError(t, err)
		return results
	}
	back := func(external string) smint.ReadBack {
		b, err := p.ReadBack(t.Context(), external)
		require.NoError(t, err)
		return b
	}
	for _, result := range send(
		smint.Publication{ExternalID: "1", Sequence: 1, Action: smint.ActPublish}, smint.Publication{ExternalID: "2", Sequence: 1, Action: smint.ActPublish},
		smint.Publication{ExternalID: "3", Sequence: 1, Action: smint.ActPublish}, smint.Publication{ExternalID: "4", Sequence: 1, Action: smint.ActPublish}) {
		require.Equal(t, smint.PublishApplied, result.Status)
		require.True(t, result.Status.Accepted())
	}
	r.poll()
	require.Equal(t, smint.PresenceShown, back("1").Presence)
	require.NotEmpty(t, back("1").Downloads)

	send(smint.Publication{ExternalID: "1", Sequence: 2, Action: smint.ActRemoveAccess, Reason: "disposed"},
		smint.Publication{ExternalID: "2", Sequence: 2, Action: smint.ActExpire, EffectiveAt: r.clock.Now()},
		smint.Publication{ExternalID: "3", Sequence: 2, Action: smint.ActReplace, Replacement: "4"})
	require.Equal(t, smint.PresenceShown, back("1").Presence, "our own list is not asked: the portal has not polled yet")
	r.poll()
	require.Equal(t, smint.PresenceGone, back("1").Presence)
	for _, external := range []string{"2", "3"} {
		require.Equal(t, smint.PresenceShown, back(external).Presence)
		require.Empty(t, back(external).Downloads)
	}
	results := send(smint.Publication{ExternalID: "1", Sequence: 1, Action: smint.ActPublish}, smint.Publication{ExternalID: "x", Sequence: 1, Action: smint.ActPublish},
		smint.Publication{ExternalID: "9", Sequence: 1, Action: smint.ActExpire}, smint.Publication{ExternalID: "2", Sequence: 2, Action: smint.ActReplace, Replacement: "4"})
	require.Equal(t, smint.PublishStale, results[0].Status)
	require.Equal(t, smint.PublishNotFound, results[1].Status)
	require.Equal(t, smint.PublishNotFound, results[2].Status)
	require.Equal(t, smint.PublishRejected, results[3].Status, "a sequence says one thing")
	require.NotEmpty(t, results[3].Message)
	p.Back = nil
	_, err := p.ReadBack(t.Context(), "1")
	require.ErrorIs(t, err, smint.ErrCannotAsk)
}
