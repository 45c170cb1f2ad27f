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

// TestPublisher_IsIdempotentByIdAndSequence, across restarts, also when the
// record has become something else meanwhile; and a sequence that says two
// things is refused.
func TestPublisher_IsIdempotentByIdAndSequence(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	zone := time.FixedZone("east", 3*3600)
	title, renders := "first", 0
	p := &adapter.Publisher{}
	restart := func() {
		if p.Feed != nil {
			require.NoError(t, r.feed.Close())
			r.open(adapter.FeedOptions{Now: r.clock.Now})
		}
		p.Feed = r.feed
	}
	p.Render = func(_ context.Context, item smint.Publication) (adapter.Asset, error) {
		renders++
		n := 0
		_, err := fmt.Sscan(item.ExternalID, &n)
		return asset(n, func(a *adapter.Asset) {
			a.Name[0].Value, a.Groups = title, []string{}
			a.Until = time.Now().AddDate(1, 0, 0).In(zone)
		}), err
	}
	status := func(items ...smint.Publication) (all []smint.PublishStatus) {
		results, err := p.Publish(t.Context(), items...)
		require.NoError(t, err)
		for _, result := range results {
			all = append(all, result.Status)
		}
		return all
	}
	at := r.clock.Now().In(zone)
	script := []smint.Publication{
		{ExternalID: "1", Sequence: 1, Action: smint.ActPublish},
		{ExternalID: "1", Sequence: 2, Action: smint.ActExpire, EffectiveAt: at},
		{ExternalID: "2", Sequence: 1, Action: smint.ActPublish},
		{ExternalID: "2", Sequence: 2, Action: smint.ActExpire},
		{ExternalID: "3", Sequence: 1, Action: smint.ActPublish},
		{ExternalID: "3", Sequence: 2, Action: smint.ActReplace, Replacement: "2"},
		{ExternalID: "4", Sequence: 1, Action: smint.ActPublish},
		{ExternalID: "4", Sequence: 2, Action: smint.ActRemoveAccess, Reason: "disposed"},
	}
	for i, item := range script {
		restart()
		require.Equal(t, []smint.PublishStatus{smint.PublishApplied}, status(item), "%d", i)
		title = fmt.Sprint("title ", i) // the record changes
		before := renders
		require.Equal(t, []smint.PublishStatus{smint.PublishUnchanged}, status(item), "%d: at once", i)
		restart()
		require.Equal(t, []smint.PublishStatus{smint.PublishUnchanged}, status(item), "%d: after a restart", i)
		require.Equal(t, before, renders, "%d: nobody is asked what it is", i)
	}
	for _, external := range []string{"1", "2", "3", "4"} {
		other := smint.Publication{ExternalID: external, Sequence: 2, Action: smint.ActPublish}
		require.Equal(t, []smint.PublishStatus{smint.PublishRejected}, status(other), "a sequence says one thing")
		older := smint.Publication{ExternalID: external, Sequence: 1, Action: smint.ActPublish}
		require.Equal(t, []smint.PublishStatus{smint.PublishStale}, status(older), "an older word grants nothing")
	}
	require.Equal(t, 404, r.get("/assets/otcs-4").Code)
	require.Equal(t, []smint.PublishStatus{smint.PublishNotFound, smint.PublishNotFound}, status(
		smint.Publication{ExternalID: "4", Sequence: 3, Action: smint.ActExpire}, smint.Publication{ExternalID: "4", Sequence: 3, Action: smint.ActReplace, Replacement: "1"}),
		"a tombstone is lifted by a publication only")
	require.Equal(t, []smint.PublishStatus{smint.PublishApplied}, status(smint.Publication{ExternalID: "4", Sequence: 3, Action: smint.ActPublish}))
	require.Equal(t, 200, r.get("/assets/otcs-4").Code)
}

// TestPublisher_NeverShowsWhatIsAway: an end of use, or a successor, is no
// reason to show what was hidden.
func TestPublisher_NeverShowsWhatIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	p := &adapter.Publisher{Feed: r.feed}
	for n, access := range []adapter.Access{adapter.Hidden, adapter.Removed} {
		external := fmt.Sprint(n)
		r.publish(asset(n, func(a *adapter.Asset) { a.Access = access }), 1)
		_, err := p.Publish(t.Context(), smint.Publication{ExternalID: external, Sequence: 2, Action: smint.ActExpire},
			smint.Publication{ExternalID: external, Sequence: 3, Action: smint.ActExpire, EffectiveAt: r.clock.Now()},
			smint.Publication{ExternalID: external, Sequence: 4, Action: smint.ActReplace, Replacement: "9"})
		require.NoError(t, err)
		require.Equal(t, 404, r.get("/assets/otcs-"+external).Code, access)
	}
	begins := asset(5, func(a *adapter.Asset) { a.From = r.clock.Now().Add(time.Hour) })
	r.publish(begins, 1)
	results, err := p.Publish(t.Context(), smint.Publication{ExternalID: "5", Sequence: 2, Action: smint.ActExpire, EffectiveAt: r.clock.Now()})
	require.NoError(t, err)
	require.Equal(t, smint.PublishApplied, results[0].Status, "it ends before it began")
	r.clock.Move(2 * time.Hour)
	require.False(t, r.downloads("otcs-5"))
}

// TestPublisher_WhatIsPublishedMustBeFoundAgain: what is rendered as another
// asset could never be taken away.
func TestPublisher_WhatIsPublishedMustBeFoundAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	for _, change := range []func(*adapter.Asset){
		func(a *adapter.Asset) { a.ID = "another" }, func(a *adapter.Asset) { a.ExternalID = "another" },
	} {
		p := &adapter.Publisher{Feed: r.feed, Render: func(context.Context, smint.Publication) (adapter.Asset, error) { return asset(1, change), nil }}
		results, err := p.Publish(t.Context(), smint.Publication{ExternalID: "1", Sequence: 1, Action: smint.ActPublish})
		require.NoError(t, err)
		require.Equal(t, smint.PublishRejected, results[0].Status)
	}
	r.poll()
	require.Empty(t, r.sees())
}

// TestHandler_EverythingOfAnAssetIsInItsTag: a hold that was set, another name,
// another group: who asks with the old tag gets the new answer.
func TestHandler_EverythingOfAnAssetIsInItsTag(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	r.publish(asset(1), 1)
	tag := r.get("/assets/otcs-1").Header().Get("ETag")
	for i, change := range []func(*adapter.Asset){
		func(a *adapter.Asset) { a.Held = true }, func(a *adapter.Asset) { a.Name[0].Value = "another" }, func(a *adapter.Asset) { a.Groups = []string{"1001"} },
		func(a *adapter.Asset) { a.Attributes = map[string]string{"campaign": "spring"} }, func(a *adapter.Asset) { a.Until = r.clock.Now().Add(time.Hour) },
		func(a *adapter.Asset) { a.Related = []string{"otcs-2"} },
	} {
		r.publish(asset(1, change), int64(i+2))
		w := r.get("/assets/otcs-1", "If-None-Match", tag)
		require.Equal(t, 200, w.Code, "%d", i)
		tag = w.Header().Get("ETag")
		for _, asked := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
			w = r.get("/assets/otcs-1", "If-None-Match", asked)
			require.Equal(t, 304, w.Code, asked)
			require.Empty(t, w.Body.String())
		}
	}
	require.Equal(t, 200, r.get("/assets/otcs-1", "If-None-Match", `"x"`).Code)
}
