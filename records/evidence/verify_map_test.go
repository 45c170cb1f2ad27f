package evidence_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// A large zip is read where it lies, window by window. Of that nothing outlives
// the verification: no window, and not how a fault of memory is taken.
func TestVerify_NothingOfAMappedZipStays(t *testing.T) {
	t.Parallel()
	content := strings.Repeat("0123456789abcdef", 18<<16) // two windows and a piece.
	signers, public := keys(1)
	file := filepath.Join(t.TempDir(), "mapped-package.zip")
	p := sample()
	p.Asset.Content, p.Asset.Size, p.Asset.Digest = strings.NewReader(content), int64(len(content)), records.DigestOf([]byte(content))
	p.Approval.Digest = p.Asset.Digest
	_, err := p.WriteZipFile(t.Context(), file, evidence.WriteOptions{Signers: signers})
	require.NoError(t, err)
	v, err := evidence.Verify(t.Context(), file, evidence.VerifyOptions{Keys: public})
	require.NoError(t, err)
	require.NoError(t, v.Err())
	v, err = evidence.Verify(t.Context(), file, evidence.VerifyOptions{Keys: public, MaxBytes: 1 << 20})
	require.NoError(t, err)
	require.ErrorIs(t, v.Err(), evidence.ErrTooLarge, "one that is refused before it is read")
	require.False(t, debug.SetPanicOnFault(false), "the caller's own setting is as it was")
	if runtime.GOOS == "linux" {
		maps, err := os.ReadFile("/proc/self/maps")
		require.NoError(t, err)
		require.NotContains(t, string(maps), "mapped-package.zip", "no window stays mapped")
	}
}

// The bound on the bytes read is one over all files, met exactly or passed.
func TestVerify_TheBoundIsOverAllFiles(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	dir := writeDir(t, sample(), evidence.WriteOptions{Signers: signers})
	total := int64(0)
	for _, b := range tree(t, dir) {
		total += int64(len(b))
	}
	require.NoError(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public, MaxBytes: total}).Err())
	require.ErrorIs(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public, MaxBytes: total - 1}).Err(), evidence.ErrTooLarge)
	b := zipped(t, sample(), evidence.WriteOptions{Signers: signers})
	require.NoError(t, verifyZip(t, b, evidence.VerifyOptions{Keys: public, MaxBytes: total}).Err())
	require.ErrorIs(t, verifyZip(t, b, evidence.VerifyOptions{Keys: public, MaxBytes: total - 1}).Err(), evidence.ErrTooLarge)
}

// A content given from elsewhere is the one signed for or is refused, also where
// the package has it: one that goes on after its length is another, however it
// begins.
func TestVerify_AContentGivenIsTheSignedOne(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	for name, p := range map[string]evidence.Package{"enclosed": sample(), "referred to": referring()} {
		dir := writeDir(t, p, evidence.WriteOptions{Signers: signers})
		check := func(content string) error {
			return verifyDir(t, dir, evidence.VerifyOptions{Keys: public, Asset: io.Reader(strings.NewReader(content))}).Err()
		}
		require.NoError(t, check(string(picture)), name)
		for _, other := range []string{string(picture) + "x", string(picture[:len(picture)-1]), ""} {
			require.ErrorIs(t, check(other), evidence.ErrDigest, name)
		}
	}
}
