package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/rightsmap"
)

// TestEvidence_BuildsAPackageThatVerifies in both forms, with the key beside it.
func TestEvidence_BuildsAPackageThatVerifies(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "out")
	var printed strings.Builder
	require.NoError(t, run(t.Context(), []string{"-out", out}, &printed, io.Discard))
	// Bytes depend on the clock, which leaves zeros at the end of a time out.
	told := regexp.MustCompile(`\d+ bytes`).ReplaceAllString(strings.ReplaceAll(printed.String(), out+string(filepath.Separator), "OUT/"), "N bytes")
	require.Equal(t, `1. Pat licensed a picture in Smint.io, and is its approver there. It becomes a record, with its license.
   ECM has the record 79401-1-v1 [040c48e120f7d8ee]: schedule MKT-07, final true.
   Beside it is 79401-1-v1 rights [040c48e120f7d8ee].
2. Its evidence is kept beside it: a package, signed with a key of ours, and told of in the trail.
   Beside it is 79401-1-v1 evidence [040c48e120f7d8ee]: 11 payload files, N bytes of payload.
   The trail has 19 entries, and the receipt the proof that one of them tells of the package.
3. An auditor takes the package out of ECM, and gets the public key and the trail from us.
   The report for people is OUT/report.html.

Next: go run ./examples/verify -key OUT/key.pem -trail OUT/trail OUT/package.zip checks all of it offline.
`, told)

	text, err := os.ReadFile(filepath.Join(out, "key.pem"))
	require.NoError(t, err)
	keys, err := evidence.ParsePublicKeys(text)
	require.NoError(t, err)
	for _, form := range []string{"package", "package.zip"} {
		v, err := evidence.Verify(t.Context(), filepath.Join(out, form), evidence.VerifyOptions{
			Keys: keys, Trail: os.DirFS(filepath.Join(out, "trail")), Policy: rightsmap.ODRLOptions{}.Check,
		})
		require.NoError(t, err)
		require.NoError(t, v.Err())
		require.Equal(t, "14 entries about the record proven under 14; 19 of the log's 19 entries, under 19 checkpoints, are about it",
			v.Checks[slices.IndexFunc(v.Checks, func(c evidence.Check) bool { return c.Name == evidence.CheckTrail })].Detail)
		require.Equal(t, "sha256:35bf72b1ee1ce85c0f1ac48633ade59e792011c43527dd5fd86f3703bff047a8", v.Asset.String())
	}
	page, err := os.ReadFile(filepath.Join(out, "report.html"))
	require.NoError(t, err)
	for _, want := range []string{
		"<h1>Hills at noon</h1>", "<small>Use that goes on</small><strong>Allowed</strong>", "<strong>Must be kept</strong>", "sha256sum -c manifest-sha256.txt",
		"35bf72b1ee1ce85c0f1ac48633ade59e792011c43527dd5fd86f3703bff047a8  data/asset", "7 years after created on ",
		`class="allowed"`, `class="denied"`, `class="review"`, "github.com/smintecm/sdk/trail/acme\n19\n",
	} {
		require.Contains(t, string(page), want)
	}
	require.ErrorIs(t, run(t.Context(), []string{"-out", out}, io.Discard, io.Discard), os.ErrExist, "a package is never overwritten")
	require.ErrorContains(t, run(t.Context(), nil, io.Discard, io.Discard), "-out")
	var help strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, io.Discard, &help), flag.ErrHelp)
	require.Contains(t, help.String(), "usage: go run ./examples/evidence -out DIR")
}
