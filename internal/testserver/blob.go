package testserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// Blob is a stored content: small ones in memory, others in a file.
type Blob struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
	// Small holds the bytes of a content up to 64 KiB.
	Small []byte `json:"small,omitempty"`
	// File is the name of a larger content's file in the blobs' folder.
	File string `json:"file,omitempty"`
	// Parts, if there are any, are the content one after another.
	Parts []Blob `json:"parts,omitempty"`
}

// Blobs keeps contents: up to 64 KiB in memory, above that in 0600 files of
// one folder.
type Blobs struct {
	dir       string
	temporary bool
}

// NewBlobs keeps files in dir, or in a temporary folder that Close removes if
// dir is empty.
func NewBlobs(dir string) (*Blobs, error) {
	if dir != "" {
		return &Blobs{dir: dir}, os.MkdirAll(dir, 0o700)
	}
	dir, err := os.MkdirTemp("", "testserver-*")
	return &Blobs{dir: dir, temporary: true}, err
}

// Dir is the folder of the files.
func (b *Blobs) Dir() string { return b.dir }

// Close removes a temporary folder.
func (b *Blobs) Close() error {
	if !b.temporary {
		return nil
	}
	return os.RemoveAll(b.dir)
}

// Put stores what r gives. On an error nothing is kept.
func (b *Blobs) Put(r io.Reader) (Blob, error) {
	sum := sha256.New()
	// Not io.ReadFull: it reports a content that ends early and a reader that
	// broke off by the same value.
	head, err := io.ReadAll(io.LimitReader(io.TeeReader(r, sum), keptBody+1))
	if err != nil {
		return Blob{}, err
	}
	if len(head) <= keptBody {
		return Blob{Size: int64(len(head)), SHA256: hex.EncodeToString(sum.Sum(nil)), Small: head}, nil
	}
	f, err := os.CreateTemp(b.dir, "content-*")
	if err != nil {
		return Blob{}, err
	}
	size, err := io.Copy(f, io.MultiReader(bytes.NewReader(head), io.TeeReader(r, sum)))
	if err = errors.Join(err, f.Close()); err != nil {
		return Blob{}, errors.Join(err, os.Remove(f.Name()))
	}
	return Blob{Size: size, SHA256: hex.EncodeToString(sum.Sum(nil)), File: filepath.Base(f.Name())}, nil
}

// Open reads a content from its beginning.
func (b *Blobs) Open(blob Blob) (io.ReadSeekCloser, error) {
	if blob.Parts != nil {
		return &joined{blobs: b, blob: blob}, nil
	}
	if blob.File == "" {
		return nopSeekCloser{bytes.NewReader(blob.Small)}, nil
	}
	return os.Open(filepath.Join(b.dir, filepath.Base(blob.File)))
}

// Drop removes a content's file.
func (b *Blobs) Drop(blob Blob) error {
	var errs []error
	for _, part := range blob.Parts {
		errs = append(errs, b.Drop(part))
	}
	if errs != nil {
		return errors.Join(errs...)
	}
	if blob.File == "" {
		return nil
	}
	return os.Remove(filepath.Join(b.dir, filepath.Base(blob.File)))
}

// joined reads parts as one content, one file open at a time.
type joined struct {
	blobs *Blobs
	blob  Blob
	at    int64
	open  io.ReadSeekCloser
	until int64
}

func (j *joined) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if j.open == nil {
		if err := j.next(); err != nil {
			return 0, err
		}
	}
	n, err := j.open.Read(p[:min(int64(len(p)), j.until-j.at)])
	j.at += int64(n)
	switch {
	case j.at == j.until:
		err = j.Close()
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// next opens the part that holds the next byte.
func (j *joined) next() error {
	start := int64(0)
	for _, part := range j.blob.Parts {
		j.until = start + part.Size
		if j.at >= j.until {
			start = j.until
			continue
		}
		var err error
		if j.open, err = j.blobs.Open(part); err == nil {
			_, err = j.open.Seek(j.at-start, io.SeekStart)
		}
		return err
	}
	return io.EOF
}

// Seek moves to an offset; the next Read opens the part there.
func (j *joined) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += j.at
	case io.SeekEnd:
		offset += j.blob.Size
	}
	if offset < 0 {
		return 0, errors.New("testserver: seek before the beginning")
	}
	err := j.Close()
	j.at = offset
	return offset, err
}

func (j *joined) Close() error {
	if j.open == nil {
		return nil
	}
	err := j.open.Close()
	j.open = nil
	return err
}

type nopSeekCloser struct{ io.ReadSeeker }

func (nopSeekCloser) Close() error { return nil }

func parseLength(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil && n < 0 {
		err = fmt.Errorf("negative length %d", n)
	}
	return n, err
}

// lengthBody ends an answer as a connection would: too few bytes are an
// unexpected end.
type lengthBody struct {
	io.ReadCloser
	left int64
}

func (l *lengthBody) Read(p []byte) (int, error) {
	if l.left <= 0 {
		// The handler's end comes first, so that a client that has read
		// everything finds its exchange taken down.
		_, _ = io.Copy(io.Discard, l.ReadCloser)
		return 0, io.EOF
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.ReadCloser.Read(p)
	l.left -= int64(n)
	if err == io.EOF && l.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
