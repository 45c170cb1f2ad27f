package sync_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// TestR43_ARecordThatTookANewerVersionIsShownThere: where versions are kept in
// one record, the portal shows what that record holds now, under a version that
// its key does not name. It is not proven to be gone by that.
func TestR43_ARecordThatTookANewerVersionIsShownThere(t *testing.T) {
	t.Parallel()
	s := newShown(t, func(c *recsync.ScopeConfig) { inRecord(c); fromPortal(c) })
	store := s.store()
	id := s.finish("kv-1", "1", "e1", picture(500), approved(nil))
	_, _ = s.followPortal(store, recsync.FollowOptions{})
	s.finish("kv-1", "2", "e2", picture(600), approved(nil))
	result, _ := s.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, 1, result.Declared)
	require.Len(t, s.records(), 1, "one record holds both versions")
	r, err := s.scope.Record(t.Context(), records.MustRecordKey("acme/asset/99:image:kv-1/1"))
	require.NoError(t, err)
	s.surface(r)
	s.retire(r)
	receipt, err := s.propagate(s.event(recsync.EventRetentionEnded, r, nil))
	require.NotEqual(t, -1, s.downloads(string(id)), "the portal shows what the record holds")
	require.ErrorIs(t, err, recsync.ErrNotProven, "%+v", receipt.Places)
	require.False(t, receipt.Places[1].Proven, "it is called gone, and the portal gives it away: %+v", receipt.Places[1])

	// A version that no record holds is another matter.
	s.finish("kv-1", "3", "e3", picture(700), approved(nil))
	receipt = s.mustPropagate(s.event(recsync.EventRetentionEnded, r, nil))
	require.Contains(t, receipt.Places[1].Evidence, `version "3"`)

	// Which versions a record held that was destroyed is known to nobody.
	found := s.dispose(s.ecm.AddDispositionSearch("Due images", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}}))
	receipt, err = s.propagate(s.event(recsync.EventDisposed, r, func(e *recsync.DispositionEvent) { e.Evidence = found }))
	require.ErrorIs(t, err, recsync.ErrNotProven, "%+v", receipt.Places)
	require.Equal(t, recsync.CauseDestroyed, receipt.Access.Cause)
	s.smint.RemoveAsset("kv-1")
	s.mustPropagate(s.event(recsync.EventDisposed, r, func(e *recsync.DispositionEvent) { e.Evidence = found }))
}
