package rest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"sync"
)

// Body is a request body of known length. It can be sent again if it can be
// opened again; it is never read into memory.
type Body struct {
	length      int64
	contentType string
	open        func() (io.ReadCloser, error)
	replayable  bool
}

// Length returns the exact number of bytes that the body sends.
func (b *Body) Length() int64 { return b.length }

// BytesBody sends b, as often as needed.
func BytesBody(b []byte, contentType string) *Body {
	return FactoryBody(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(b)), nil
	}, int64(len(b)), contentType)
}

// FactoryBody sends what open returns, size bytes of it, anew for each attempt.
func FactoryBody(open func() (io.ReadCloser, error), size int64, contentType string) *Body {
	return &Body{length: size, contentType: contentType, open: open, replayable: true}
}

// ReaderBody sends size bytes of r. It can be sent again only if r is an
// io.ReaderAt and an io.Seeker (its position then is where each attempt
// begins); any other reader is tried once, and a second attempt is refused.
func ReaderBody(r io.Reader, size int64, contentType string) *Body {
	at, isAt := r.(io.ReaderAt)
	seeker, isSeeker := r.(io.Seeker)
	if isAt && isSeeker {
		if start, err := seeker.Seek(0, io.SeekCurrent); err == nil {
			return FactoryBody(func() (io.ReadCloser, error) {
				return io.NopCloser(io.NewSectionReader(at, start, size)), nil
			}, size, contentType)
		}
	}
	single := &oneTry{r: r}
	return &Body{length: size, contentType: contentType, open: single.open}
}

// errSpent tells that a body that can be read once was read already.
var errSpent = errors.New("the body was sent once and cannot be read again")

// oneTry lends its reader until the first byte was taken.
type oneTry struct {
	mu    sync.Mutex
	r     io.Reader
	spent bool
}

func (o *oneTry) open() (io.ReadCloser, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.spent {
		return nil, errSpent
	}
	return io.NopCloser(o), nil
}

func (o *oneTry) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.spent = true
	return o.r.Read(p)
}

// exact gives what the reader gives, and an ErrSource when that is more or less
// than the announced length: a transport would otherwise send a cut-off body.
type exact struct {
	r    io.ReadCloser
	left int64
	size int64
}

func (e *exact) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	switch {
	case e.left < 0:
		return n, fmt.Errorf("%w: more than the announced %d bytes", ErrSource, e.size)
	case err == io.EOF && e.left > 0:
		return n, fmt.Errorf("%w: ended after %d of %d bytes", ErrSource, e.size-e.left, e.size)
	case err != nil && err != io.EOF && !errors.Is(err, ErrSource):
		return n, fmt.Errorf("%w: %w", ErrSource, err)
	}
	return n, err
}

func (e *exact) Close() error { return e.r.Close() }

// Part is one part of a multipart/form-data body.
type Part struct {
	// Name is the form field.
	Name string
	// FileName, if set, makes the part a file.
	FileName string
	// ContentType of the part; may be empty.
	ContentType string
	Body        *Body
}

// Multipart joins the parts into one body of exact length. Nothing is
// buffered: headers and contents are read one after the other. It can be sent
// again if all its parts can.
func Multipart(parts ...Part) (*Body, error) {
	var frame bytes.Buffer
	w := multipart.NewWriter(&frame)
	var segments []segment
	var total int64
	replayable := true
	for _, p := range parts {
		if _, err := w.CreatePart(p.header()); err != nil {
			return nil, err
		}
		head := bytes.Clone(frame.Bytes())
		frame.Reset()
		segments = append(segments, segment{head, p.Body})
		total += int64(len(head)) + p.Body.length
		replayable = replayable && p.Body.replayable
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	tail := bytes.Clone(frame.Bytes())
	total += int64(len(tail))
	return &Body{
		length: total, contentType: w.FormDataContentType(), replayable: replayable,
		open: func() (io.ReadCloser, error) { return openJoined(segments, tail) },
	}, nil
}

// header describes the part; the names are escaped by the standard library.
func (p Part) header() textproto.MIMEHeader {
	disposition := multipart.FileContentDisposition(p.Name, p.FileName)
	if p.FileName == "" {
		disposition = multipart.FileContentDisposition(p.Name, "")
		disposition = disposition[:len(disposition)-len(`; filename=""`)]
	}
	h := textproto.MIMEHeader{"Content-Disposition": {disposition}}
	if p.ContentType != "" {
		h.Set("Content-Type", p.ContentType)
	}
	return h
}

type segment struct {
	head []byte
	body *Body
}

type joined struct {
	io.Reader
	closers []io.Closer
}

func (j *joined) Close() error {
	var errs []error
	for _, c := range j.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func openJoined(segments []segment, tail []byte) (io.ReadCloser, error) {
	j := &joined{}
	readers := make([]io.Reader, 0, 2*len(segments)+1)
	for _, s := range segments {
		rc, err := s.body.open()
		if err != nil {
			_ = j.Close()
			return nil, err
		}
		part := &exact{r: rc, left: s.body.length, size: s.body.length}
		j.closers = append(j.closers, part)
		readers = append(readers, bytes.NewReader(s.head), part)
	}
	j.Reader = io.MultiReader(append(readers, bytes.NewReader(tail))...)
	return j, nil
}

// spent tells that the only reader of the body was already read from.
func (b *Body) spent() bool {
	if b.replayable {
		return false
	}
	rc, err := b.open()
	if err != nil {
		return true
	}
	_ = rc.Close()
	return false
}
