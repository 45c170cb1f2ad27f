package evidence_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

// TestR52_AClosedTrailIsFree at once, though a process that is just being
// started still has its files open, as one between fork and exec has.
func TestR52_AClosedTrailIsFree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder, err := evidence.OpenTrailFolder(dir)
	require.NoError(t, err)
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	kept := 0
	for _, fd := range fds {
		target, err := os.Readlink(filepath.Join("/proc/self/fd", fd.Name()))
		if err != nil || !strings.HasPrefix(target, dir) {
			continue
		}
		f, err := os.Open(dir) // any number that is free
		require.NoError(t, err)
		t.Cleanup(func() { _ = f.Close() })
		n := 0
		for _, c := range fd.Name() {
			n = 10*n + int(c-'0')
		}
		require.NoError(t, syscall.Dup3(n, int(f.Fd()), syscall.O_CLOEXEC))
		kept++
	}
	require.Positive(t, kept, "no file of the trail is open")
	require.NoError(t, folder.Close())
	again, err := evidence.OpenTrailFolder(dir)
	require.NoError(t, err, "a trail that was closed is locked still")
	require.NoError(t, again.Close())
}
