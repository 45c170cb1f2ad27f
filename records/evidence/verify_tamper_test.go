package evidence_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records/evidence"
)

// reasons says which check must refuse a change in a file, with which of the
// reasons: the one for whatever was signed is the first that stands in the way.
func reasons(path string) map[string][]error {
	switch {
	case path == "evidence.dsse.json":
		return map[string][]error{
			evidence.CheckEnvelope:   {evidence.ErrNotCanonical, evidence.ErrMalformed, evidence.ErrVersion},
			evidence.CheckSignatures: {evidence.ErrSignature},
		}
	case strings.HasPrefix(path, "signers/"):
		return map[string][]error{evidence.CheckSignatures: {evidence.ErrSignature, evidence.ErrMalformed}}
	case strings.HasPrefix(path, "data/"):
		return map[string][]error{evidence.CheckDigests: {evidence.ErrDigest}}
	default:
		return map[string][]error{evidence.CheckStatement: {evidence.ErrDigest}}
	}
}

func requireReason(t *testing.T, v *evidence.Verification, want map[string][]error, what string) {
	t.Helper()
	err := v.Err()
	require.Error(t, err, "accepted: %s", what)
	for _, why := range want[first(v)] {
		if errors.Is(err, why) {
			return
		}
	}
	require.Failf(t, "refused for another reason", "%s: %v", what, err)
}

// TestP12_EveryFlippedByteOfEveryFileIsFound in a folder, whatever the bit.
func TestP12_EveryFlippedByteOfEveryFileIsFound(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	dir := writeDir(t, sample(), evidence.WriteOptions{Signers: signers})
	flips := 0
	for path, content := range tree(t, dir) {
		file := filepath.Join(dir, filepath.FromSlash(path))
		for i := 0; i < len(content); i += stride {
			changed := bytes.Clone(content)
			changed[i] ^= 1 << (i % 8)
			require.NoError(t, os.WriteFile(file, changed, 0o600))
			requireReason(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public}), reasons(path), fmt.Sprintf("%s byte %d", path, i))
			flips++
		}
		require.NoError(t, os.WriteFile(file, content, 0o600))
	}
	require.Greater(t, flips, 5000/stride)
	require.NoError(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public}).Err(), "all of it undone")
}

// TestP12_EveryFlippedByteOfTheZipIsFound: each byte belongs to a file, or is
// one that the form fixes. Letters of what was signed change their case as well:
// that is where two texts could mean the same.
func TestP12_EveryFlippedByteOfTheZipIsFound(t *testing.T) {
	t.Parallel()
	signers, public := keys(1, 2)
	b := zipped(t, sample(), evidence.WriteOptions{Signers: signers, SHA512: true})
	owner := owners(t, b)
	for i := 0; i < len(b); i += stride {
		letter := b[i]|0x20 >= 'a' && b[i]|0x20 <= 'z' && !strings.HasPrefix(owner[i], "data/")
		for _, bit := range []byte{1 << (i % 8), 0x20} {
			if bit == 0x20 && i%8 != 5 && !letter {
				continue
			}
			b[i] ^= bit
			want := map[string][]error{evidence.CheckContainer: {
				evidence.ErrNotCanonical, evidence.ErrPath, evidence.ErrTooLarge,
			}}
			if owner[i] != "" {
				want = reasons(owner[i])
			}
			requireReason(t, verifyZip(t, b, evidence.VerifyOptions{Keys: public}), want, fmt.Sprintf("%q byte %d bit %#x", owner[i], i, bit))
			b[i] ^= bit
		}
	}
	require.NoError(t, verifyZip(t, b, evidence.VerifyOptions{Keys: public}).Err(), "all of it undone")
}

// owners names, for each byte of a zip, the file whose content it is.
func owners(t *testing.T, b []byte) []string {
	t.Helper()
	owner := make([]string, len(b))
	for _, f := range zipEntries(t, b) {
		at, err := f.DataOffset()
		require.NoError(t, err)
		for i := range f.UncompressedSize64 {
			_, owner[uint64(at)+i], _ = strings.Cut(f.Name, "/")
		}
	}
	return owner
}

// TestP12_CutDroppedAddedAndExchangedFilesAreFound, each for its own reason.
func TestP12_CutDroppedAddedAndExchangedFilesAreFound(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	missing := map[string]string{
		"evidence.dsse.json": evidence.CheckEnvelope, "bagit.txt": evidence.CheckStatement, "bag-info.txt": evidence.CheckStatement,
		"manifest-sha256.txt": evidence.CheckStatement, "tagmanifest-sha256.txt": evidence.CheckStatement,
	}
	dir := writeDir(t, sample(), evidence.WriteOptions{Signers: signers})
	files := tree(t, dir)
	at := func(path string) string { return filepath.Join(dir, filepath.FromSlash(path)) }
	for path, content := range files {
		check, named := missing[path]
		if !named {
			check = evidence.CheckManifest
		}
		why := map[string][]error{check: {evidence.ErrMissing}}
		if strings.HasPrefix(path, "signers/") {
			why = reasons(path)
		}
		require.NoError(t, os.Remove(at(path)))
		requireReason(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public}), orEmptyFolder(why), "dropped "+path)
		for what, changed := range map[string][]byte{
			"cut by a byte": content[:len(content)-1], "emptied": {}, "longer by a byte": append(bytes.Clone(content), '\n'),
			"exchanged": []byte("something else"),
		} {
			require.NoError(t, os.WriteFile(at(path), changed, 0o600))
			want := reasons(path)
			if strings.HasPrefix(path, "data/") && what != "exchanged" {
				want = map[string][]error{evidence.CheckBag: {evidence.ErrDigest}}
			}
			if strings.HasPrefix(path, "data/") && what == "exchanged" {
				want[evidence.CheckBag] = []error{evidence.ErrDigest}
			}
			requireReason(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public}), want, path+" "+what)
		}
		require.NoError(t, os.WriteFile(at(path), content, 0o600))
	}
	for path, want := range map[string]map[string][]error{
		"data/surplus":     {evidence.CheckBag: {evidence.ErrDigest}},
		"fetch.txt":        {evidence.CheckStatement: {evidence.ErrUnexpected}},
		"signers/me.pem":   {evidence.CheckSignatures: {evidence.ErrMalformed}},
		".hidden":          {evidence.CheckContainer: {evidence.ErrPath}},
		"data/a b":         {evidence.CheckContainer: {evidence.ErrPath}},
		"data/asset\\evil": {evidence.CheckContainer: {evidence.ErrPath}},
	} {
		require.NoError(t, os.WriteFile(at(path), []byte("x"), 0o600))
		requireReason(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public}), want, "added "+path)
		require.NoError(t, os.Remove(at(path)))
	}
	require.NoError(t, verifyDir(t, dir, evidence.VerifyOptions{Keys: public}).Err(), "all of it undone")
}

// orEmptyFolder: the last file of a folder leaves one that nothing vouches for.
func orEmptyFolder(want map[string][]error) map[string][]error {
	want[evidence.CheckContainer] = []error{evidence.ErrUnexpected}
	want[evidence.CheckBag] = []error{evidence.ErrDigest}
	return want
}

// TestP5_LinksDevicesAndFloodsAreRefused before anything is read through them.
func TestP5_LinksDevicesAndFloodsAreRefused(t *testing.T) {
	t.Parallel()
	signers, _ := keys(1)
	fresh := func(t *testing.T) string { return writeDir(t, sample(), evidence.WriteOptions{Signers: signers}) }
	for name, tc := range map[string]struct {
		change func(t *testing.T, dir string)
		want   error
	}{
		"a file that is a link to its own content": {func(t *testing.T, dir string) {
			asset := filepath.Join(dir, "data", "asset")
			require.NoError(t, os.Rename(asset, filepath.Join(filepath.Dir(dir), "elsewhere")))
			require.NoError(t, os.Symlink(filepath.Join("..", "..", "elsewhere"), asset))
		}, evidence.ErrPath},
		"a folder that is a link": {func(t *testing.T, dir string) {
			require.NoError(t, os.Rename(filepath.Join(dir, "data", "rights"), filepath.Join(dir, "data", "trail", "rights")))
			require.NoError(t, os.Symlink(filepath.Join("trail", "rights"), filepath.Join(dir, "data", "rights")))
		}, evidence.ErrPath},
		"a link that leads nowhere": {func(t *testing.T, dir string) {
			require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "data", "more")))
		}, evidence.ErrPath},
		"folders without end": {func(t *testing.T, dir string) {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, strings.Repeat("d/", 110)), 0o700))
		}, evidence.ErrPath},
		"files without end": {func(t *testing.T, dir string) {
			for i := range 600 {
				require.NoError(t, os.WriteFile(filepath.Join(dir, "data", fmt.Sprintf("f%d", i)), nil, 0o600))
			}
		}, evidence.ErrTooLarge},
		"an endless envelope": {func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, "evidence.dsse.json"), 1<<40))
		}, evidence.ErrTooLarge},
		"an endless manifest": {func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, "manifest-sha256.txt"), 2<<20))
		}, evidence.ErrTooLarge},
		"an endless asset": {func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, "data", "asset"), 2<<40))
		}, evidence.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := fresh(t)
			tc.change(t, dir)
			v := verifyDir(t, dir, evidence.VerifyOptions{})
			require.ErrorIs(t, v.Err(), tc.want)
			require.Equal(t, evidence.CheckContainer, first(v))
		})
	}
	dir := fresh(t)
	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	_, err := evidence.Verify(t.Context(), link, evidence.VerifyOptions{})
	require.ErrorIs(t, err, evidence.ErrPath)
	v := verifyDir(t, dir, evidence.VerifyOptions{MaxBytes: 1000})
	require.ErrorIs(t, v.Err(), evidence.ErrTooLarge)
	_, err = evidence.Verify(t.Context(), filepath.Join(dir, "none"), evidence.VerifyOptions{})
	require.ErrorIs(t, err, os.ErrNotExist)
}
