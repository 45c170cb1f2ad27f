package evidence_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

const trailWriterDir = "TRAIL_WRITER_DIR"

// TestTrailWriterProcess is the other process of
// TestR52_AKilledWriterLosesNothingAcknowledged: it appends until it is killed.
func TestTrailWriterProcess(t *testing.T) {
	dir := os.Getenv(trailWriterDir)
	if dir == "" {
		t.Skip("runs as a process of its own")
	}
	people, err := evidence.OpenPeople(dir + "-people")
	require.NoError(t, err)
	folder, err := evidence.OpenTrailFolder(dir)
	require.NoError(t, err)
	trail, err := evidence.OpenTrail(t.Context(), evidence.TrailConfig{
		Scope: trailScope, Store: folder, Signer: key(1), People: people,
		Actor: evidence.TrailActor{Organization: "Acme Ltd", User: "kim", Application: "writer", Location: "Graz"},
	})
	require.NoError(t, err)
	for {
		n, err := trail.Append(t.Context(), trailIntent())
		require.NoError(t, err)
		fmt.Printf("acknowledged %d\n", n)
	}
}

// TestR52_AKilledWriterLosesNothingAcknowledged: while it lives it holds the
// lock against this process; when it was killed, everything that it had been
// told to be safe is there, and the sequence goes on.
func TestR52_AKilledWriterLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	w := newTrailWorld(t)
	w.fill(1)
	require.NoError(t, w.folder.Close())
	for range 5 {
		before := w.trail.Size()
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTrailWriterProcess$")
		cmd.Env = append(os.Environ(), trailWriterDir+"="+w.dir)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		last := int64(0)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var n int64
			if _, err := fmt.Sscanf(lines.Text(), "acknowledged %d", &n); err != nil {
				continue
			}
			if last = n; n == before+40 {
				_, err := evidence.OpenTrailFolder(w.dir)
				require.ErrorIs(t, err, evidence.ErrTrailLocked)
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait())
		w.folder = nil
		w.reopen()
		require.GreaterOrEqual(t, w.trail.Size(), last)
		require.Equal(t, w.trail.Size()+1, w.append(trailIntent()), strconv.FormatInt(last, 10))
		w.verified()
		require.NoError(t, w.folder.Close())
	}
}
