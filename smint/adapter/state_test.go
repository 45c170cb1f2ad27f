package adapter_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/smint/adapter"
)

// TestR56_AFeedHasOneOwner: what one wrote is not opened as another's.
func TestR56_AFeedHasOneOwner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f, err := adapter.OpenFeed(dir, adapter.FeedOptions{Owner: "acme", Keep: 2})
	require.NoError(t, err)
	for n := range 9 {
		_, err = f.Publish(t.Context(), asset(n), 5)
		require.NoError(t, err)
	}
	require.NoError(t, f.Close())
	for _, owner := range []string{"bolt", ""} {
		_, err = adapter.OpenFeed(dir, adapter.FeedOptions{Owner: owner})
		require.ErrorIs(t, err, adapter.ErrConflict)
		require.ErrorContains(t, err, "'acme'")
	}
	f, err = adapter.OpenFeed(dir, adapter.FeedOptions{Owner: "acme"})
	require.NoError(t, err, "also after the log was shortened")
	require.Equal(t, "acme", f.Owner())
	require.Len(t, f.States(), 9)
	require.NoError(t, f.Close())
}

func TestFeed_StatesAreWhatWasPublished(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	r.publish(asset(2), 7)
	r.publish(asset(1), 8)
	_, err := r.feed.Remove(t.Context(), "otcs-1", "1", 9, "destroyed")
	require.NoError(t, err)
	list := r.feed.States()
	require.Len(t, list, 2)
	require.True(t, list[0].Removed())
	require.Equal(t, "destroyed", list[0].Reason)
	require.EqualValues(t, 9, list[0].Sequence)
	require.Equal(t, asset(2), *list[1].Asset)
	list[1].Asset.Access = adapter.Hidden
	s, known := r.feed.State("otcs-2")
	require.True(t, known)
	require.Equal(t, adapter.Full, s.Asset.Access, "what is handed out is a copy")
	_, known = r.feed.State("otcs-3")
	require.False(t, known)
}
