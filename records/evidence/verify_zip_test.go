package evidence_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

func zipEntries(t *testing.T, b []byte) []*zip.File {
	t.Helper()
	return zipEntriesOf(t, bytes.NewReader(b), int64(len(b)))
}

func zipEntriesOf(t *testing.T, r io.ReaderAt, size int64) []*zip.File {
	t.Helper()
	z, err := zip.NewReader(r, size)
	require.NoError(t, err)
	return z.File
}

// rezip writes the same files by another program: the library's writer.
func rezip(t *testing.T, files []*zip.File, method uint16) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range files {
		to, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: method})
		require.NoError(t, err)
		from, err := f.Open()
		require.NoError(t, err)
		_, err = io.Copy(to, from)
		require.NoError(t, err)
		require.NoError(t, from.Close())
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// TestP12_AZipHasOneForm: what another program makes of the same files, or
// hides before, behind or between them, is refused as a zip.
func TestP12_AZipHasOneForm(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	b := zipped(t, sample(), evidence.WriteOptions{Signers: signers})
	entries := zipEntries(t, b)
	reversed := slices.Clone(entries)
	slices.Reverse(reversed)
	comment := bytes.Clone(b)
	comment[len(comment)-2] = 4
	for name, changed := range map[string][]byte{
		"deflated":                 rezip(t, entries, zip.Deflate),
		"stored by another":        rezip(t, entries, zip.Store),
		"in another order":         rezip(t, reversed, zip.Store),
		"one file dropped":         rezip(t, entries[1:], zip.Store),
		"one file twice":           rezip(t, append(slices.Clone(entries), entries[1]), zip.Store),
		"something before":         append([]byte("#!/bin/sh\n"), b...),
		"something behind":         append(bytes.Clone(b), 0),
		"a comment":                append(comment, "evil"...),
		"two of them":              append(bytes.Clone(b), b...),
		"only its directory":       b[len(b)-200:],
		"no zip":                   []byte("no zip at all, but long enough to be one"),
		"nothing":                  {},
		"an empty zip":             rezip(t, nil, zip.Store),
		"the directory cut by one": b[:len(b)-1],
	} {
		v := verifyZip(t, changed, evidence.VerifyOptions{Keys: public})
		require.Error(t, v.Err(), name)
		require.Equal(t, evidence.CheckContainer, first(v), name)
		if name != "an empty zip" {
			require.ErrorIs(t, v.Err(), evidence.ErrNotCanonical, name)
		}
	}
	for i := 0; i < len(b); i += stride {
		require.Error(t, verifyZip(t, b[:i], evidence.VerifyOptions{Keys: public}).Err(), "cut to %d bytes", i)
	}
}

// What someone else packed again is no zip of ours; the refusal says that the
// folder in it can still be verified, and so it is.
func TestVerifyZip_SaysWhatToDoWithOneThatWasPackedAgain(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	again := rezip(t, zipEntries(t, zipped(t, sample(), evidence.WriteOptions{Signers: signers})), zip.Deflate)
	require.ErrorContains(t, verifyZip(t, again, evidence.VerifyOptions{Keys: public}).Err(), "unpack it and verify the folder", "the next step")
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir, zipFS(t, again)))
	inside, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Len(t, inside, 1)
	require.NoError(t, verifyDir(t, inside[0], evidence.VerifyOptions{Keys: public}).Err(), "the folder that it holds")
}

func zipFS(t *testing.T, b []byte) *zip.Reader {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	return z
}

// TestP12_AWrongChecksumInBothPlacesIsFound: the content is as signed, the
// zip's two checksums of it agree, and fit nothing.
func TestP12_AWrongChecksumInBothPlacesIsFound(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	for name, content := range map[string][]byte{"small": picture, "long, read where it lies": bytes.Repeat(picture, 9000)} {
		p := sample()
		p.Asset.Content, p.Asset.Size, p.Asset.Digest = bytes.NewReader(content), int64(len(content)), records.DigestOf(content)
		p.Approval.Digest = p.Asset.Digest
		b := zipped(t, p, evidence.WriteOptions{Signers: signers})
		verify := func(b []byte) *evidence.Verification {
			file := filepath.Join(t.TempDir(), "package.zip")
			require.NoError(t, os.WriteFile(file, b, 0o600))
			v, err := evidence.Verify(t.Context(), file, evidence.VerifyOptions{Keys: public})
			require.NoError(t, err)
			require.Equal(t, verifyZip(t, b, evidence.VerifyOptions{Keys: public}).Checks, v.Checks, "%s: however it is read", name)
			return v
		}
		require.NoError(t, verify(b).Err(), name)
		sum := binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(content))
		require.Equal(t, 2, bytes.Count(b, sum), name)
		v := verify(bytes.ReplaceAll(b, sum, []byte{1, 2, 3, 4}))
		require.ErrorIs(t, v.Err(), evidence.ErrNotCanonical, name)
		require.Equal(t, evidence.CheckZip, first(v), name)
		b[len(b)/2] ^= 1
		v = verify(b)
		require.ErrorIs(t, v.Err(), evidence.ErrDigest, name)
	}
}

// A zip that is cut off while it is verified, at whatever moment, is refused:
// its pages that are gone end neither the program nor the verification in peace.
func TestVerify_AZipThatIsCutOffMeanwhile(t *testing.T) {
	t.Parallel()
	const size = 20 << 20
	sum := sha256.New()
	_, err := io.CopyN(sum, zeros{}, size)
	require.NoError(t, err)
	digest, err := records.NewDigest(sum.Sum(nil))
	require.NoError(t, err)
	signers, public := keys(1)
	file := filepath.Join(t.TempDir(), "package.zip")
	p := sample()
	p.Asset.Content, p.Asset.Size, p.Asset.Digest, p.Approval.Digest = io.LimitReader(zeros{}, size), size, digest, digest
	_, err = p.WriteZipFile(t.Context(), file, evidence.WriteOptions{Signers: signers})
	require.NoError(t, err)
	whole, err := os.ReadFile(file) //nolint:gosec // the test's own
	require.NoError(t, err)
	verify := func(cutAt int) (asked int, err error) {
		require.NoError(t, os.WriteFile(file, whole, 0o600))
		v, err := evidence.Verify(asking{t.Context(), func() {
			if asked++; asked == cutAt {
				require.NoError(t, os.Truncate(file, 1<<20))
			}
		}}, file, evidence.VerifyOptions{Keys: public})
		if err == nil {
			err = v.Err()
		}
		return asked, err
	}
	times, err := verify(0)
	require.NoError(t, err, "it is whole, and verifies")
	var faults int
	for cutAt := range times {
		if _, err := verify(cutAt + 1); errors.Is(err, io.ErrUnexpectedEOF) {
			faults++
		} else if err == nil {
			require.Greater(t, cutAt, times/2, "cut off when it was asked for the %d. time of %d whether to go on", cutAt+1, times)
		}
	}
	if runtime.GOOS == "linux" {
		require.NotZero(t, faults, "some of its pages were read when they were gone")
	}
}

// asking tells each time that a context is asked whether to go on.
type asking struct {
	context.Context //nolint:containedctx // it is one
	asked           func()
}

func (a asking) Err() error {
	a.asked()
	return a.Context.Err()
}

// TestP5_NamesThatLeaveTheZipAreRefused: every name below the folder is a plain
// one, and the folder is that of the record.
func TestP5_NamesThatLeaveTheZipAreRefused(t *testing.T) {
	t.Parallel()
	signers, public := keys(1)
	b := zipped(t, sample(), evidence.WriteOptions{Signers: signers})
	base := []byte("record-" + sample().Record.Short())
	for other, check := range map[string]string{
		"record-0000000000000000": evidence.CheckBag, "../../../../../../../../": evidence.CheckContainer, "/ecord-0000000000000000": evidence.CheckContainer,
	} {
		changed := bytes.ReplaceAll(b, base, []byte(other)[:len(base)])
		v := verifyZip(t, changed, evidence.VerifyOptions{Keys: public})
		require.Error(t, v.Err(), other)
		require.Equal(t, check, first(v), other)
	}
	for _, path := range []string{"data/../x.", "data//xmp.", "data/./xm.", "data\\asset", "data/asse\x00", "data/.sset"} {
		changed := bytes.ReplaceAll(b, append(append(bytes.Clone(base), '/'), "data/asset"...), append(append(bytes.Clone(base), '/'), path...))
		v := verifyZip(t, changed, evidence.VerifyOptions{Keys: public})
		require.ErrorIs(t, v.Err(), evidence.ErrPath, path)
		require.Equal(t, evidence.CheckContainer, first(v), path)
	}
}
