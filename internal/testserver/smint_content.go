package testserver

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
)

// SmintContent says where the bytes of a downloadable file come from. Exactly
// one of its sources is set. Nothing but Bytes is ever held in memory, and
// Bytes above 64 KiB go to a file as soon as they are seeded.
type SmintContent struct {
	// Bytes is a small file.
	Bytes []byte
	// File is the path of a file on disk, read at each download.
	File string
	// Generated is a stream that costs neither memory nor disk.
	Generated *SmintGenerated
	// Open gives the bytes anew at each call, with their length.
	Open func() (io.ReadCloser, int64, error)

	blob  *Blob
	blobs *Blobs
}

// SmintGenerated is a deterministic stream: the same seed and size are the
// same bytes, in every process and from every offset.
type SmintGenerated struct {
	Seed string `json:"seed"`
	Size int64  `json:"size"`
}

// SmintBytes is the content made of these bytes.
func SmintBytes(b []byte) SmintContent { return SmintContent{Bytes: b} }

// SmintFile is the content of the file at path.
func SmintFile(path string) SmintContent { return SmintContent{File: path} }

// SmintStream is a generated content of size bytes.
func SmintStream(seed string, size int64) SmintContent {
	return SmintContent{Generated: &SmintGenerated{Seed: seed, Size: size}}
}

// SmintOpener is a content that open gives anew at each download.
func SmintOpener(open func() (io.ReadCloser, int64, error)) SmintContent {
	return SmintContent{Open: open}
}

// reader opens the content from its beginning and tells its length. The reader
// of every source but Open can also seek.
func (c SmintContent) reader() (io.ReadCloser, int64, error) {
	switch {
	case c.blob != nil:
		reader, err := c.blobs.Open(*c.blob)
		return reader, c.blob.Size, err
	case c.Open != nil:
		return c.Open()
	case c.Generated != nil:
		section := io.NewSectionReader(c.Generated, 0, c.Generated.Size)
		return smintSection{section}, c.Generated.Size, nil
	case c.File != "":
		file, err := os.Open(c.File)
		if err != nil {
			return nil, 0, err
		}
		info, err := file.Stat()
		if err != nil || !info.Mode().IsRegular() {
			_ = file.Close()
			return nil, 0, errors.Join(err, fmt.Errorf("%s is not a regular file", c.File))
		}
		return file, info.Size(), nil
	default:
		section := io.NewSectionReader(bytes.NewReader(c.Bytes), 0, int64(len(c.Bytes)))
		return smintSection{section}, int64(len(c.Bytes)), nil
	}
}

type smintSection struct{ *io.SectionReader }

func (smintSection) Close() error { return nil }

// ReadAt fills p with the bytes of the stream from offset on.
func (g *SmintGenerated) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 {
		return 0, errors.New("testserver: negative offset")
	}
	if offset >= g.Size {
		return 0, io.EOF
	}
	var end error
	if rest := g.Size - offset; int64(len(p)) > rest {
		p, end = p[:rest], io.EOF
	}
	seed := fnv.New64a()
	_, _ = io.WriteString(seed, g.Seed)
	key, done := seed.Sum64(), 0
	var word [8]byte
	for done < len(p) {
		at := offset + int64(done)
		binary.LittleEndian.PutUint64(word[:], smintMix(key+uint64(at/8)))
		done += copy(p[done:], word[at%8:])
	}
	return done, end
}

// smintMix is the finalizer of splitmix64: neighbors give unrelated words.
func smintMix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb
	return x ^ (x >> 31)
}

// smintSeeker lends Seek to a source that can only be opened anew, so that
// ranges can be served from any of them.
type smintSeeker struct {
	open   func() (io.ReadCloser, int64, error)
	size   int64
	at     int64
	reader io.ReadCloser
	readAt int64
}

func (s *smintSeeker) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += s.at
	case io.SeekEnd:
		offset += s.size
	}
	if offset < 0 {
		return 0, errors.New("testserver: negative offset")
	}
	s.at = offset
	return offset, nil
}

func (s *smintSeeker) Read(p []byte) (int, error) {
	if s.at >= s.size {
		return 0, io.EOF
	}
	if s.reader == nil || s.readAt != s.at {
		if err := s.reopen(); err != nil {
			return 0, err
		}
	}
	if rest := s.size - s.at; int64(len(p)) > rest {
		p = p[:rest]
	}
	n, err := s.reader.Read(p)
	s.at += int64(n)
	s.readAt = s.at
	return n, err
}

func (s *smintSeeker) reopen() error {
	if err := s.Close(); err != nil {
		return err
	}
	reader, _, err := s.open()
	if err != nil {
		return err
	}
	s.reader = reader
	if seeker, ok := reader.(io.Seeker); ok {
		_, err = seeker.Seek(s.at, io.SeekStart)
	} else {
		_, err = io.CopyN(io.Discard, reader, s.at)
	}
	s.readAt = s.at
	return err
}

func (s *smintSeeker) Close() error {
	if s.reader == nil {
		return nil
	}
	err := s.reader.Close()
	s.reader = nil
	return err
}

func (c SmintContent) seeker() (*smintSeeker, error) {
	reader, size, err := c.reader()
	if err != nil {
		return nil, err
	}
	return &smintSeeker{open: c.reader, size: size, reader: reader}, nil
}

// keep moves a content that is too large for memory to a file.
func (s *Smint) keep(content SmintContent) (SmintContent, error) {
	if len(content.Bytes) <= keptBody {
		return content, nil
	}
	return s.put(bytes.NewReader(content.Bytes))
}

// keepWritten keeps what write writes.
func (s *Smint) keepWritten(write func(io.Writer) error) (SmintContent, error) {
	reader, writer := io.Pipe()
	go func() { _ = writer.CloseWithError(write(writer)) }()
	content, err := s.put(reader)
	return content, errors.Join(err, reader.Close())
}

func (s *Smint) put(r io.Reader) (SmintContent, error) {
	blobs, err := s.store()
	if err != nil {
		return SmintContent{}, err
	}
	blob, err := blobs.Put(r)
	return SmintContent{blob: &blob, blobs: blobs}, err
}

// store opens the folder of the contents when it is first needed.
func (s *Smint) store() (*Blobs, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blobs != nil {
		return s.blobs, nil
	}
	blobs, err := NewBlobs(s.options.Dir)
	if err != nil {
		return nil, err
	}
	s.blobs = blobs
	return blobs, nil
}

// Close removes the contents if they are in a temporary folder.
func (s *Smint) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.blobs == nil {
		return nil
	}
	return s.blobs.Close()
}

// saved returns the content in a form that a state in dir can hold.
func (c SmintContent) saved(into *Blobs) (SmintContent, error) {
	switch {
	case c.blob != nil && c.blobs.Dir() == into.Dir():
		return c, nil
	case c.blob != nil && c.blob.File != "":
		return c, smintCopyFile(filepath.Join(c.blobs.Dir(), c.blob.File), filepath.Join(into.Dir(), c.blob.File))
	case c.Open != nil:
		reader, _, err := c.Open()
		if err != nil {
			return c, err
		}
		blob, err := into.Put(reader)
		return SmintContent{blob: &blob}, errors.Join(err, reader.Close())
	default:
		return c, nil
	}
}

func smintCopyFile(from, to string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	if os.Link(from, to) == nil {
		return nil
	}
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// MarshalJSON writes a content for a saved state.
func (c SmintContent) MarshalJSON() ([]byte, error) {
	if c.Open != nil {
		return nil, errors.New("testserver: a content that is only a function cannot be written")
	}
	return json.Marshal(map[string]any{"bytes": c.Bytes, "file": c.File, "generated": c.Generated, "blob": c.blob})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *SmintContent) UnmarshalJSON(raw []byte) error {
	var saved struct {
		Bytes     []byte
		File      string
		Generated *SmintGenerated
		Blob      *Blob
	}
	if err := json.Unmarshal(raw, &saved); err != nil {
		return err
	}
	*c = SmintContent{Bytes: saved.Bytes, File: saved.File, Generated: saved.Generated, blob: saved.Blob}
	return nil
}
