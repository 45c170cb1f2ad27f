package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strings"
)

// maxFiles bounds the files of a package, folders included.
const maxFiles = 512

// bagFile is what is kept of a file that was read.
type bagFile struct {
	size        int64
	sum, sum512 string
	// content is kept of documents that are read, not of what is only hashed.
	content []byte
}

// inspection is one verification under way.
type inspection struct {
	ctx     context.Context //nolint:containedctx // lives as long as one call
	o       VerifyOptions
	trusted keyring
	files   map[string]*bagFile
	// left is what may still be read.
	left   int64
	seen   int
	buffer []byte
	// base is the folder in a zip.
	base string
	// problems are what is wrong with the container; sums with its checksums.
	problems, sums []error

	verification Verification
	envelope     *envelope
	statement    statement[packagePredicate]
	manifest     manifest
	provenance   provenanceDocument
}

// admit is asked before a file or folder is taken in.
func (in *inspection) admit(path string) error {
	if in.seen++; in.seen > maxFiles {
		return fail(ErrTooLarge, "more than %d files", maxFiles)
	}
	if !plainPath(path) {
		return fail(ErrPath, "%q", clip(path))
	}
	return nil
}

// kept tells of which files the content is kept, and up to which length.
func kept(path string) (limit int64) {
	switch path {
	case fileAsset, fileXMP:
		return 0
	case fileBagIt, fileBagInfo, dirTrail + exportCheckpoint, dirTrail + exportKeys:
		return 64 << 10
	case fileManifest, fileManifest5, fileTags, fileTags5, fileEnvelope:
		return maxEnvelope
	case fileReference, fileApproval, fileProvenance, fileODRL, fileSource, fileOriginal,
		dirTrail + exportEntries, dirTrail + exportInclusion:
		return 2 * maxDocument
	}
	if strings.HasPrefix(path, dirSigners) {
		return 16 << 10
	}
	return 0
}

// take reads a file to its end and notes what the checks need. The extra
// writer, if any, gets the bytes too.
func (in *inspection) take(path string, size int64, content pieces, extra io.Writer) error {
	defer content.end()
	if _, twice := in.files[path]; twice {
		return fail(ErrPath, "%s is there twice", path)
	}
	if size > in.left {
		return fail(ErrTooLarge, "%s: more than %d bytes in all", path, in.o.MaxBytes)
	}
	in.left -= size
	limit := kept(path)
	if limit > 0 && size > limit {
		return fail(ErrTooLarge, "%s has %d bytes, more than %d", path, size, limit)
	}
	f := &bagFile{}
	sum, sum512 := sha256.New(), hash.Hash(nil)
	into := []io.Writer{sum}
	if in.o.SHA512 {
		sum512 = sha512.New()
		into = append(into, sum512)
	}
	keep := new(bytes.Buffer)
	if limit > 0 {
		// Of an empty file something is kept too, which tells it from none.
		keep = bytes.NewBuffer(make([]byte, 0, size))
		into = append(into, keep)
	}
	if extra != nil && size >= besideFrom {
		also := newBeside(extra)
		defer also.stop()
		into = append([]io.Writer{also}, append(into, also.waiter())...)
	} else if extra != nil {
		into = append(into, extra)
	}
	var err error
	if f.size, err = in.pump(content, size, into); err != nil {
		return err
	}
	f.content, f.sum = keep.Bytes(), hex.EncodeToString(sum.Sum(nil))
	if sum512 != nil {
		f.sum512 = hex.EncodeToString(sum512.Sum(nil))
	}
	in.files[path] = f
	return nil
}

// pump moves at most size bytes; more are an error, as a file that grows while
// it is read is none that was signed.
func (in *inspection) pump(from pieces, size int64, into []io.Writer) (n int64, err error) {
	for {
		if err := in.ctx.Err(); err != nil {
			return n, err
		}
		piece, err := from.next()
		if n += int64(len(piece)); n > size {
			return n, fail(ErrTooLarge, "a file grows while it is read")
		}
		for _, w := range into {
			if err := write(w, piece); err != nil {
				return n, err
			}
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// pieces are the bytes of a file, one piece after the other.
type pieces interface {
	// next returns the next piece, which is good until the call after it. With
	// the last one, or after it, comes io.EOF.
	next() ([]byte, error)
	// end gives back what the last piece lay in.
	end()
}

// copied are the pieces that a reader copies into one buffer.
type copied struct {
	from   io.Reader
	buffer []byte
}

// copied reads size bytes, and one more to see that they were all.
func (in *inspection) copied(from io.Reader, size int64) pieces {
	if need := min(size+1, 1<<20); int64(len(in.buffer)) < need {
		in.buffer = make([]byte, need)
	}
	return &copied{from, in.buffer}
}

func (c *copied) next() ([]byte, error) {
	n, err := c.from.Read(c.buffer)
	return c.buffer[:n], err
}

func (*copied) end() {}

// besideFrom is from which length on a zip's checksum is computed beside the
// digest, by another processor: one after the other they take a seventh longer.
const besideFrom = 1 << 20

// beside writes to another writer at the same time as its caller goes on. What
// is written must stay as it is until its waiter was written to. It lives as
// long as the reading of one file.
type beside struct {
	chunks chan []byte
	errs   chan error
}

func newBeside(w io.Writer) *beside {
	b := &beside{make(chan []byte), make(chan error)}
	go func() {
		defer close(b.errs)
		for chunk := range b.chunks {
			b.errs <- write(w, chunk)
		}
	}()
	return b
}

// Write hands a chunk over.
func (b *beside) Write(chunk []byte) (int, error) {
	b.chunks <- chunk
	return len(chunk), nil
}

// stop ends the other side, also where a chunk was not waited for.
func (b *beside) stop() {
	close(b.chunks)
	for range b.errs {
	}
}

// waiter waits for the chunk that was handed over last.
func (b *beside) waiter() io.Writer { return waiter{b} }

type waiter struct{ *beside }

// Write returns when the other side has written its chunk too.
func (w waiter) Write(chunk []byte) (int, error) { return len(chunk), <-w.errs }
