package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

// TestEvidence_BuildsAPackageThatVerifies in both forms, with the key beside it.
func TestEvidence_BuildsAPackageThatVerifies(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out")
	var printed strings.Builder
	require.NoError(t, run(t.Context(), []string{"-out", out}, &printed, io.Discard))
	require.Contains(t, printed.String(), "record-040c48e120f7d8ee: acme/purchase/79401/1/1, 11 payload files")
	require.Contains(t, printed.String(), "go run ./examples/verify -key "+filepath.Join(out, "key.pem")+" -trail "+filepath.Join(out, "trail")+" "+filepath.Join(out, "package.zip")+"\n")

	text, err := os.ReadFile(filepath.Join(out, "key.pem"))
	require.NoError(t, err)
	keys, err := evidence.ParsePublicKeys(text)
	require.NoError(t, err)
	for _, form := range []string{"package", "package.zip"} {
		v, err := evidence.Verify(t.Context(), filepath.Join(out, form), evidence.VerifyOptions{Keys: keys, Trail: os.DirFS(filepath.Join(out, "trail"))})
		require.NoError(t, err)
		require.NoError(t, v.Err())
		require.Equal(t, "12 entries about the record proven under 12; 14 of the log's 14 entries, under 14 checkpoints, are about it",
			v.Checks[slices.IndexFunc(v.Checks, func(c evidence.Check) bool { return c.Name == evidence.CheckTrail })].Detail)
		require.Equal(t, "sha256:35bf72b1ee1ce85c0f1ac48633ade59e792011c43527dd5fd86f3703bff047a8", v.Asset.String())
	}
	page, err := os.ReadFile(filepath.Join(out, "report.html"))
	require.NoError(t, err)
	for _, want := range []string{
		"<h1>Hills at noon</h1>", "<small>Use that goes on</small><strong>Allowed</strong>", "<strong>Must be kept</strong>", "sha256sum -c manifest-sha256.txt",
		"35bf72b1ee1ce85c0f1ac48633ade59e792011c43527dd5fd86f3703bff047a8  data/asset", "7 years after created on ",
		`class="allowed"`, `class="denied"`, `class="review"`, "github.com/smintecm/sdk/trail/acme\n14\n",
	} {
		require.Contains(t, string(page), want)
	}
	require.ErrorIs(t, run(t.Context(), []string{"-out", out}, io.Discard, io.Discard), os.ErrExist, "a package is never overwritten")
	require.ErrorContains(t, run(t.Context(), nil, io.Discard, io.Discard), "-out")
}
