package sync

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// purchaseContents opens the files of purchases.
type purchaseContents struct{ client *smint.Client }

// sourceContents opens each asset at the source that its key names.
type sourceContents struct {
	purchases purchaseContents
	portal    portalContents
}

// Open asks the asset's own source.
func (c sourceContents) Open(ctx context.Context, a Asset) (io.ReadCloser, int64, error) {
	if a.Key.Kind() == records.SourceAsset {
		return c.portal.Open(ctx, a)
	}
	return c.purchases.Open(ctx, a)
}

// Open downloads the binary that the key names, in exactly its version.
func (p purchaseContents) Open(ctx context.Context, a Asset) (io.ReadCloser, int64, error) {
	if a.Key.Kind() != records.SourcePurchase {
		return nil, 0, fmt.Errorf("%w: %s has no file of its own; set Contents", ErrBroken, a.Key)
	}
	version := 0
	if _, err := fmt.Sscan(a.Key.Version(), &version); err != nil {
		return nil, 0, fmt.Errorf("%w: version %q", ErrBroken, a.Key.Version())
	}
	c, err := p.client.Downloads.Open(ctx, smint.File{
		Cart: smint.CartUUID(a.Cart), Transaction: smint.TransactionUUID(a.Key.Item()), Binary: smint.BinaryUUID(a.Key.Binary()), Version: version,
	})
	if err != nil {
		return nil, 0, err
	}
	return c, c.Size, nil
}

// payload is an asset's content made ready to be sent.
type payload struct {
	content io.Reader
	size    int64
	// digest is known before the content is sent, if it can be sent again.
	digest records.Digest
	// sum is filled while a content that is read once goes by.
	sum   hash.Hash
	close func() error
}

// Read and Close make the payload a content that can be spooled.
func (p *payload) Read(b []byte) (int, error) { return p.content.Read(b) }

// Close gives back what was taken for it.
func (p *payload) Close() error { return p.close() }

// known tells that the digest is known before the first byte is sent.
func (p *payload) known() bool { return p.digest.IsValid() }

// finished returns the digest of what went by.
func (p *payload) finished() (records.Digest, error) {
	if p.known() {
		return p.digest, nil
	}
	return records.NewDigest(p.sum.Sum(nil))
}

// open makes the content ready: a small one is hashed in memory first, one of
// unknown length in a file, and a large one is hashed while it goes by.
func (s *Scope) open(ctx context.Context, a Asset) (*payload, error) {
	if a.Inline != nil {
		return &payload{content: bytes.NewReader(a.Inline), size: int64(len(a.Inline)), digest: records.DigestOf(a.Inline), close: func() error { return nil }}, nil
	}
	rc, size, err := s.contents.Open(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("open the content of %s: %w", a.Key, err)
	}
	switch {
	case size < 0:
		return spool(rc)
	case size <= s.policy.SmallLimit:
		return s.buffered(ctx, rc, size)
	}
	sum := sha256.New()
	return &payload{content: io.TeeReader(rc, sum), size: size, sum: sum, close: rc.Close}, nil
}

// buffered reads a small content into one of the pool's buffers.
func (s *Scope) buffered(ctx context.Context, rc io.ReadCloser, size int64) (*payload, error) {
	var buf []byte
	select {
	case buf = <-s.buffers.free:
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), rc.Close())
	}
	giveBack := func() error { s.buffers.free <- buf; return nil }
	if buf == nil {
		buf = make([]byte, s.buffers.size+1)
	}
	n, err := io.ReadFull(rc, buf[:size])
	if err == nil {
		// The end is read too: only there does a source tell that it broke off.
		var extra int
		if extra, err = io.ReadFull(rc, buf[size:size+1]); extra > 0 {
			err = fmt.Errorf("%w: the source announced %d bytes and gives more", ErrDigest, size)
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if err = errors.Join(sourceError(err, int64(n), size), rc.Close()); err != nil {
		return nil, errors.Join(err, giveBack())
	}
	content := buf[:size]
	return &payload{content: bytes.NewReader(content), size: size, digest: records.DigestOf(content), close: giveBack}, nil
}

// sourceError says how far a source came.
func sourceError(err error, n, size int64) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, smint.ErrTruncated) {
		err = fmt.Errorf("%w: %w", ErrDigest, err)
	}
	return fmt.Errorf("the source broke off after %d of %d bytes: %w", n, size, err)
}

// spool writes a content of unknown length to a file that only we can read
// and that is gone with the call.
func spool(rc io.ReadCloser) (*payload, error) {
	f, err := os.CreateTemp("", "smintecm-spool-*")
	if err != nil {
		return nil, errors.Join(err, rc.Close())
	}
	remove := func() error { return errors.Join(f.Close(), os.Remove(f.Name())) }
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, sum), rc)
	if err = errors.Join(err, rc.Close()); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("spool the content: %w", err), remove())
	}
	digest, err := records.NewDigest(sum.Sum(nil))
	if err != nil {
		return nil, errors.Join(err, remove())
	}
	return &payload{content: f, size: size, digest: digest, close: remove}, nil
}

// hashAll reads a content to its end.
func hashAll(rc io.ReadCloser) (records.Digest, int64, error) {
	sum := sha256.New()
	n, err := io.Copy(sum, rc)
	if err = errors.Join(err, rc.Close()); err != nil {
		return records.Digest{}, n, err
	}
	d, err := records.NewDigest(sum.Sum(nil))
	return d, n, err
}

// observedReader tells the scope's progress of what went by, about once a MiB.
type observedReader struct {
	io.Reader
	key              records.RecordKey
	sent, told, size int64
	tell             func(records.RecordKey, int64, int64)
}

func (r *observedReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.sent += int64(n)
	if r.sent-r.told >= 1<<20 || (err != nil && r.sent > r.told) {
		r.told = r.sent
		r.tell(r.key, r.sent, r.size)
	}
	return n, err
}
