package sync_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// TestWatch_WhatStaysOpenIsToldOnceADay: a place that nothing carries changes to
// stays open for weeks. Each pass looks at it; it is news to nobody, and the
// trail does not grow by it.
func TestWatch_WhatStaysOpenIsToldOnceADay(t *testing.T) {
	t.Parallel()
	s := newShown(t, func(c *recsync.ScopeConfig) {
		c.Policy.Approval = portalRule
		c.Policy.Access.Access[recsync.CauseUnlicensed] = adapter.Full
		c.Portal = &recsync.PortalSource{Portal: smint.Portal{UUID: testserver.PortalUUID}}
	})
	id := s.finish("kv-1", "7", "e1", picture(500), approved(nil))
	_, err := s.declare(s.portalAssets()[0])
	require.NoError(t, err)
	r, err := s.scope.Record(t.Context(), records.MustRecordKey("acme/asset/99:image:kv-1/7"))
	require.NoError(t, err)
	s.surface(r)
	dir := t.TempDir()
	watchOnce(t, s.scope, dir, nil)
	s.retire(r)
	pass := func() (entries int) {
		s.restart() // as another process, which has only what is stored
		status, _ := watchOnce(t, s.scope, dir, nil)
		require.Contains(t, status.Summary, "open=1", status.Trouble)
		s.journal.mu.Lock()
		defer s.journal.mu.Unlock()
		return len(s.journal.entries)
	}
	entries := pass()
	require.Len(t, s.escalated, 1)
	require.Equal(t, string(id), s.escalated[0].ID)
	for range 5 {
		s.clock.Move(time.Hour)
		require.Equal(t, entries, pass(), "what does not change is not taken down again")
		require.Len(t, s.escalated, 1, "nor told to anybody")
	}
	s.clock.Move(20 * time.Hour)
	require.Greater(t, pass(), entries)
	require.Len(t, s.escalated, 2, "a day later somebody is reminded")

	s.smint.RemoveAsset("kv-1")
	s.restart()
	status, _ := watchOnce(t, s.scope, dir, nil)
	require.Contains(t, status.Summary, "proven=1 open=0")
	require.Len(t, s.escalated, 2)
}
