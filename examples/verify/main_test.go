package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

var golden = filepath.Join("..", "..", "records", "evidence", "testdata", "v1")

func verify(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	err := run(t.Context(), args, &out, io.Discard)
	return out.String(), err
}

func TestVerify_PrintsEachCheckAndAccepts(t *testing.T) {
	t.Parallel()
	out, err := verify(t, "-key", filepath.Join(golden, "keys.pem"), "-sha512", filepath.Join(golden, "enclosing.zip"))
	require.NoError(t, err)
	require.Contains(t, out, "skipped trail       no proven export in the package, no log given\n")
	out = strings.Replace(out, "skipped trail", "ok      trail", 1)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	checks := []string{"container", "envelope", "signatures", "signers", "statement", "bag", "manifest", "digests", "sha512", "asset", "rights", "approval", "provenance", "trail", "checksums"}
	require.Len(t, lines, len(checks)+1)
	for i, check := range checks {
		require.Equal(t, []string{"ok", check}, strings.Fields(lines[i])[:2])
	}
	require.Contains(t, lines[len(checks)], "accepted: record acme/purchase/79401/1/1, content sha256:")
}

func TestVerify_SaysThatNobodyIsTrustedWithoutAKey(t *testing.T) {
	t.Parallel()
	out, err := verify(t, filepath.Join(golden, "enclosing.zip"))
	require.NoError(t, err)
	require.Contains(t, out, "skipped signers     no key given")
	require.Contains(t, out, "accepted, but without -key nobody knows who signed it: record")
}

func TestVerify_TakesTheContentOfAPackageThatRefersToIt(t *testing.T) {
	t.Parallel()
	content := filepath.Join(t.TempDir(), "content")
	require.NoError(t, os.WriteFile(content, bytes.Repeat([]byte("licensed picture\n"), 20), 0o600))
	args := []string{"-key", filepath.Join(golden, "keys.pem"), "-threshold", "1", "-asset", content, filepath.Join(golden, "referring.zip")}
	out, err := verify(t, args...)
	require.NoError(t, err)
	require.Contains(t, out, "ok      asset")
	require.NoError(t, os.WriteFile(content, []byte("something else"), 0o600))
	_, err = verify(t, args...)
	require.ErrorIs(t, err, evidence.ErrDigest)
}

func TestVerify_EndsWithTheFirstReason(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(filepath.Join(golden, "enclosing.zip"))
	require.NoError(t, err)
	b[bytes.Index(b, []byte("licensed"))] ^= 1
	changed := filepath.Join(t.TempDir(), "changed.zip")
	require.NoError(t, os.WriteFile(changed, b, 0o600))
	out, err := verify(t, changed)
	require.ErrorIs(t, err, evidence.ErrDigest)
	require.ErrorContains(t, err, "evidence: digests: data/asset has sha256:")
	require.Contains(t, out, "FAILED  digests")
	require.True(t, strings.HasSuffix(out, "\nrefused\n"))

	_, err = verify(t, "-key", filepath.Join(golden, "keys.pem"), filepath.Join(golden, "referring.zip"))
	require.ErrorIs(t, err, evidence.ErrSigner, "one of the two keys has not signed")
}

func TestVerify_SaysWhatIsWrongWithItsInput(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"want one": {}, "no such file": {"none"}, "not PEM": {"-key", filepath.Join(golden, "certificate.json"), filepath.Join(golden, "enclosing.zip")},
		"threshold is 3": {"-key", filepath.Join(golden, "keys.pem"), "-threshold", "3", filepath.Join(golden, "enclosing.zip")},
	} {
		_, err := verify(t, args...)
		require.ErrorContains(t, err, want)
	}
}
