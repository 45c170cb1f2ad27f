package evidence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
)

// TestR52_TilesThatCouldNotBeWrittenAreComputedAgain: the log goes on without
// them, and whoever verifies it later takes no full disk for a forgery.
func TestR52_TilesThatCouldNotBeWrittenAreComputedAgain(t *testing.T) {
	t.Parallel()
	add := func(w *watched, to int64) {
		var events []TrailEvent
		for n := w.trail.Size(); n < to; n++ {
			events = append(events, TrailEvent{Kind: TrailIntent, Event: "x"})
		}
		_, err := w.trail.AppendAll(t.Context(), events)
		require.NoError(t, err)
	}
	for name, mend := range map[string]func(t *testing.T, w *watched){
		"by the next writer": func(t *testing.T, w *watched) {
			t.Helper()
			require.Error(t, w.folder.Close(), "what was not written is told")
			w.open(t)
		},
		"by a proof": func(t *testing.T, w *watched) {
			t.Helper()
			p, err := w.trail.ProveInclusion(t.Context(), 270)
			require.NoError(t, err)
			_, _, err = p.Verify(records.MustScopeID("acme"), w.trail.keys...)
			require.NoError(t, err)
		},
	} {
		for _, at := range []int64{256, 300} {
			w := newWatched(t)
			add(w, at)
			tile := filepath.Join(w.dir, filepath.FromSlash(trailTilePath(0, 1)))
			kept, _ := os.ReadFile(tile)
			if f := w.folder.tiles[tile]; f != nil { // as if the disk was full, or the file gone.
				require.NoError(t, f.Close())
			} else {
				require.NoError(t, os.Mkdir(tile, 0o700))
			}
			add(w, at+20)
			_ = os.Remove(tile)
			if kept != nil {
				require.NoError(t, os.WriteFile(tile, kept, 0o600))
			}
			add(w, 560)
			mend(t, w)
			require.NoError(t, w.check(), "%s, after entry %d", name, at)
			add(w, 600)
			require.NoError(t, w.folder.Close())
			require.NoError(t, w.check(), "%s, after entry %d, and as it went on", name, at)
			require.NoError(t, os.Remove(filepath.Join(w.dir, "tiles", "0", "000", "000")))
			require.NoError(t, os.Truncate(tile, 100))
			w.open(t)
			require.NoError(t, w.check(), "as if a loss of power had taken whole tiles")
			require.Equal(t, int64(600), w.trail.Size())
		}
	}
}
