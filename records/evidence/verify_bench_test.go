package evidence_test

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// zeros is content of any length.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// BenchmarkVerify compares verifying a package of 256 MiB, as a folder and as a
// zip, with SHA-256 alone over a file of that length, in turns of one run. The
// ratios are those of the speeds, 1 is as fast as plain hashing, and of the
// processors' time, which a busy machine distorts less: a zip has a checksum to
// compute besides.
func BenchmarkVerify(b *testing.B) {
	const size = 256 << 20
	sum := sha256.New()
	if _, err := io.CopyN(sum, zeros{}, size); err != nil {
		b.Fatal(err)
	}
	digest, err := records.NewDigest(sum.Sum(nil))
	if err != nil {
		b.Fatal(err)
	}
	p, tmp := sample(), b.TempDir()
	p.Asset.Size, p.Asset.Digest, p.Approval.Digest = size, digest, digest
	signers, public := keys(1)
	dir, zip := filepath.Join(tmp, "package"), filepath.Join(tmp, "package.zip")
	p.Asset.Content = io.LimitReader(zeros{}, size)
	if _, err := p.WriteDir(b.Context(), dir, evidence.WriteOptions{Signers: signers}); err != nil {
		b.Fatal(err)
	}
	p.Asset.Content = io.LimitReader(zeros{}, size)
	if _, err := p.WriteZipFile(b.Context(), zip, evidence.WriteOptions{Signers: signers}); err != nil {
		b.Fatal(err)
	}
	verify := func(path string) func(context.Context) error {
		return func(ctx context.Context) error {
			v, err := evidence.Verify(ctx, path, evidence.VerifyOptions{Keys: public})
			if err == nil {
				err = v.Err()
			}
			return err
		}
	}
	rivals := []func(context.Context) error{plain(filepath.Join(dir, "data", "asset")), verify(dir), verify(zip)}
	passed, spent := make([]time.Duration, len(rivals)), make([]time.Duration, len(rivals))
	b.SetBytes(size * int64(len(rivals)))
	b.ReportAllocs()
	for b.Loop() {
		for i, run := range rivals {
			cpu, start := cpuTime(), time.Now()
			if err := run(b.Context()); err != nil {
				b.Fatal(err)
			}
			passed[i] += time.Since(start)
			spent[i] += cpuTime() - cpu
		}
	}
	b.ReportMetric(float64(passed[0])/float64(passed[1]), "folder/sha256")
	b.ReportMetric(float64(passed[0])/float64(passed[2]), "zip/sha256")
	b.ReportMetric(float64(spent[0])/float64(spent[1]), "folder/sha256-cpu")
	b.ReportMetric(float64(spent[0])/float64(spent[2]), "zip/sha256-cpu")
}

// plain hashes a file and does nothing else.
func plain(path string) func(context.Context) error {
	return func(context.Context) error {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // a file that was only read
		_, err = io.Copy(sha256.New(), f)
		return err
	}
}
