package evidence_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

var update = flag.Bool("update", false, "write the golden packages of the current format, if there are none")

// golden are the packages of format v1 as this version writes them.
func golden(t *testing.T) map[string][]byte {
	t.Helper()
	signers, _ := keys(1, 2)
	certificate, err := evidence.SignCertificate(t.Context(), stub(), signers)
	require.NoError(t, err)
	return map[string][]byte{
		"enclosing.zip":    zipped(t, sample(), evidence.WriteOptions{Signers: signers, SHA512: true}),
		"referring.zip":    zipped(t, referring(), evidence.WriteOptions{Signers: signers[:1]}),
		"certificate.json": certificate,
	}
}

// goldenKeys reads the public keys that lie beside the golden packages.
func goldenKeys(t *testing.T) []crypto.PublicKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "v1", "keys.pem"))
	require.NoError(t, err)
	public, err := evidence.ParsePublicKeys(text)
	require.NoError(t, err)
	return public
}

// TestP19_PackagesOfFormatOneStayReadable: what was once written is verified
// by every later version. These files are never written again.
func TestP19_PackagesOfFormatOneStayReadable(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "v1")
	if *update {
		writeGolden(t, dir)
	}
	public := goldenKeys(t)
	for name, o := range map[string]evidence.VerifyOptions{
		"enclosing.zip": {Keys: public, SHA512: true}, "referring.zip": {Keys: public, Threshold: 1, Asset: bytes.NewReader(picture)},
	} {
		v, err := evidence.Verify(t.Context(), filepath.Join(dir, name), o)
		require.NoError(t, err)
		require.NoError(t, v.Err(), name)
		require.True(t, v.Trusted)
		require.Equal(t, records.DigestOf(picture), v.Asset)
	}
	b, err := os.ReadFile(filepath.Join(dir, "enclosing.zip"))
	require.NoError(t, err)
	unpacked := t.TempDir()
	for _, f := range zipEntries(t, b) {
		_, path, _ := strings.Cut(f.Name, "/")
		file := filepath.Join(unpacked, filepath.FromSlash(path))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		r, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, content, 0o600))
	}
	require.NoError(t, verifyDir(t, unpacked, evidence.VerifyOptions{Keys: public, SHA512: true}).Err(), "unpacked by another program")
	certificate, err := os.ReadFile(filepath.Join(dir, "certificate.json"))
	require.NoError(t, err)
	back, err := evidence.VerifyCertificate(certificate, public, 0)
	require.NoError(t, err)
	require.Equal(t, stub(), back)
}

// TestP19_FormatOneIsWrittenAsEver: a change of one byte in what is written is a
// new version of the format.
func TestP19_FormatOneIsWrittenAsEver(t *testing.T) {
	t.Parallel()
	for name, b := range golden(t) {
		want, err := os.ReadFile(filepath.Join("testdata", "v1", name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, b), "%s differs", name)
	}
}

func writeGolden(t *testing.T, dir string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o700))
	files := golden(t)
	_, public := keys(1, 2)
	for _, k := range public {
		text, err := evidence.MarshalPublicKey(k)
		require.NoError(t, err)
		files["keys.pem"] = append(files["keys.pem"], text...)
	}
	for name, b := range files {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		require.NoError(t, err, "a golden file is never written again")
		_, err = f.Write(b)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
}

// sparse lets a package be read that exists only as a function.
type sparse struct {
	head, tail []byte
	size       int64
}

// ReadAt gives head, zeros and tail.
func (s sparse) ReadAt(b []byte, at int64) (int, error) {
	n := min(int64(len(b)), s.size-at)
	if n <= 0 {
		return 0, io.EOF
	}
	clear(b[:n])
	if at < int64(len(s.head)) {
		copy(b[:n], s.head[at:])
	}
	if from := s.size - int64(len(s.tail)); at+n > from {
		copy(b[max(0, from-at):n], s.tail[max(0, at-from):])
	}
	if n < int64(len(b)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// ends keeps the beginning and the end of what is written to it.
type ends struct {
	head, tail []byte
	n          int64
}

// Write keeps the first and the last 64 KiB.
func (e *ends) Write(b []byte) (int, error) {
	const keep = 64 << 10
	if len(e.head) < keep {
		e.head = append(e.head, b[:min(len(b), keep-len(e.head))]...)
	}
	if e.tail = append(e.tail, b...); len(e.tail) > 4*keep {
		e.tail = append(e.tail[:0], e.tail[len(e.tail)-keep:]...)
	}
	e.n += int64(len(b))
	return len(b), nil
}

// TestPackage_BeyondFourGiBIsAZipStillAndMemoryStaysFlat writes and verifies an
// asset that needs the wide form of the zip's fields, without a disk.
func TestPackage_BeyondFourGiBIsAZipStillAndMemoryStaysFlat(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	if testing.Short() {
		t.Skip("hashes 4 GiB three times")
	}
	const size = 4<<30 + 5
	p := sample()
	p.Asset.Size, p.Asset.Digest = size, wideDigest(t, size)
	p.Approval.Digest = p.Asset.Digest
	p.Asset.Content = io.LimitReader(zeros{}, size)
	signers, public := keys(1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	e := &ends{}
	_, err := p.WriteZip(t.Context(), e, evidence.WriteOptions{Signers: signers})
	require.NoError(t, err)
	v, err := evidence.VerifyZip(t.Context(), sparse{e.head, e.tail, e.n}, e.n, evidence.VerifyOptions{Keys: public})
	require.NoError(t, err)
	require.NoError(t, v.Err())
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), "all that was ever allocated, collected or not")

	var names []string
	for _, f := range zipEntriesOf(t, sparse{e.head, e.tail, e.n}, e.n) {
		names = append(names, f.Name)
		if strings.HasSuffix(f.Name, "data/asset") {
			require.EqualValues(t, size, f.UncompressedSize64, "others read the length")
		}
	}
	require.Len(t, names, 13)
}

func wideDigest(t *testing.T, size int64) records.Digest {
	t.Helper()
	sum := sha256.New()
	_, err := io.CopyN(sum, zeros{}, size)
	require.NoError(t, err)
	d, err := records.NewDigest(sum.Sum(nil))
	require.NoError(t, err)
	return d
}
