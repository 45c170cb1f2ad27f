package sync_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestWatch_WhatStaysOpenIsToldOnceADay: a place that nothing carries changes to
// stays open for weeks. Each pass looks at it; it is news to nobody, and the
// trail does not grow by it.
func TestWatch_WhatStaysOpenIsToldOnceADay(t *testing.T) {
	t.Parallel()
	s, r, id := newSourced(t)
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
