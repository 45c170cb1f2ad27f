package main

import (
	"io"
	"os"
	"path/filepath"
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
	require.Contains(t, printed.String(), "record-040c48e120f7d8ee: acme/purchase/79401/1/1, 6 payload files")
	require.Contains(t, printed.String(), "go run ./examples/verify -key "+filepath.Join(out, "key.pem")+" "+filepath.Join(out, "package.zip")+"\n")

	text, err := os.ReadFile(filepath.Join(out, "key.pem"))
	require.NoError(t, err)
	keys, err := evidence.ParsePublicKeys(text)
	require.NoError(t, err)
	for _, form := range []string{"package", "package.zip"} {
		v, err := evidence.Verify(t.Context(), filepath.Join(out, form), evidence.VerifyOptions{Keys: keys})
		require.NoError(t, err)
		require.NoError(t, v.Err())
		require.Equal(t, "sha256:35bf72b1ee1ce85c0f1ac48633ade59e792011c43527dd5fd86f3703bff047a8", v.Asset.String())
	}
	require.ErrorIs(t, run(t.Context(), []string{"-out", out}, io.Discard, io.Discard), os.ErrExist, "a package is never overwritten")
	require.ErrorContains(t, run(t.Context(), nil, io.Discard, io.Discard), "-out")
}
