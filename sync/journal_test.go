package sync_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	recsync "github.com/smintecm/sdk/sync"
)

// TestR48_ALineThatACrashCutOffSpoilsNoOther: the journal goes on in a line of
// its own, keeps what it has, and is its owner's alone.
func TestR48_ALineThatACrashCutOffSpoilsNoOther(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	for _, step := range []string{"upload", "classify"} {
		j, file, err := recsync.OpenJSONJournal(path)
		require.NoError(t, err)
		require.NoError(t, j.Record(t.Context(), recsync.JournalEntry{Kind: recsync.Intent, Step: step}))
		require.NoError(t, file.Close())
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		require.NoError(t, os.Truncate(path, info.Size()-3))
	}
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(string(b), "\n")
	require.Len(t, lines, 2, "what follows a line that was cut off stands in it: %s", b)

	j, file, err := recsync.OpenJSONJournal(path)
	require.NoError(t, err)
	require.NoError(t, j.Record(t.Context(), recsync.JournalEntry{Kind: recsync.Outcome, Step: "finalize"}))
	require.NoError(t, file.Close())
	b, err = os.ReadFile(path)
	require.NoError(t, err)
	lines = strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	require.Len(t, lines, 3)
	var e recsync.JournalEntry
	require.NoError(t, json.Unmarshal([]byte(lines[2]), &e))
	require.Equal(t, "finalize", e.Step)
}
