package evidence

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
)

// WriteZip writes the package as a zip to any writer, in one pass and with
// flat memory. The zip has one form only: the files in the order of the
// format below one folder, stored and not deflated, all at the same time of
// 1980. The same package signed with the same Ed25519 keys gives the same
// bytes. After an error, what was written is no valid package.
//
// Errors are those of WriteDir, without fs.ErrExist.
func (p Package) WriteZip(ctx context.Context, w io.Writer, o WriteOptions) (Summary, error) {
	signers, err := p.ready(o)
	if err != nil {
		return Summary{}, err
	}
	return p.write(ctx, &zipSink{w: w, base: baseName(p.Record)}, signers, o)
}

// WriteZipFile writes the package as a zip into a new file, which must not
// exist; after an error nothing is left. Else it is WriteZip.
func (p Package) WriteZipFile(ctx context.Context, name string, o WriteOptions) (s Summary, err error) {
	signers, err := p.ready(o)
	if err != nil {
		return Summary{}, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return Summary{}, err
	}
	s, err = p.write(ctx, &zipSink{w: f, base: baseName(p.Record)}, signers, o)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = syncDir(filepath.Dir(name))
	}
	if err != nil {
		return Summary{}, errors.Join(err, os.Remove(name))
	}
	return s, nil
}

// zipEntry is one file of a zip.
type zipEntry struct {
	name   string
	size   int64
	crc    uint32
	offset int64
}

// The zip format's signatures and the constants that make the form canonical.
const (
	sigLocal     = 0x04034b50
	sigDescribe  = 0x08074b50
	sigCentral   = 0x02014b50
	sigEnd64     = 0x06064b50
	sigLocator64 = 0x07064b50
	sigEnd       = 0x06054b50

	zipVersion   = 20
	zipVersion64 = 45
	zipUnix      = 3 << 8
	// zipFlags: sizes and checksum stand behind the content.
	zipFlags = 1 << 3
	// zipDate is the first of January 1980, the first day that a zip knows.
	zipDate = 1<<5 | 1
	// zipMode is a regular file, readable by all.
	zipMode = 0o100644 << 16

	endLength       = 22
	locatorLength   = 20
	end64Length     = 56
	centralLength   = 46
	maxUint32       = math.MaxUint32
	maxZipDirectory = 1 << 20
)

// wide reports whether the entry's size needs 64 bits.
func (e zipEntry) wide() bool { return e.size >= maxUint32 }

func (e zipEntry) version() uint16 {
	if e.wide() || e.offset >= maxUint32 {
		return zipVersion64
	}
	return zipVersion
}

// local is the header before the content. It does not depend on the content.
func (e zipEntry) local() []byte {
	var extra []byte
	version, size := uint16(zipVersion), uint32(0)
	if e.wide() {
		version, size = zipVersion64, maxUint32
		extra = le(nil, uint16(1), uint16(16), uint64(0), uint64(0))
	}
	b := le(nil, uint32(sigLocal), version, uint16(zipFlags), uint16(0), uint16(0), uint16(zipDate), uint32(0), size, size,
		uint16(len(e.name)), uint16(len(extra)))
	return append(append(b, e.name...), extra...)
}

// descriptor is what stands behind the content.
func (e zipEntry) descriptor() []byte {
	b := le(nil, uint32(sigDescribe), e.crc)
	if e.wide() {
		return le(b, uint64(e.size), uint64(e.size))
	}
	return le(b, uint32(e.size), uint32(e.size))
}

// central is the entry in the directory at the end.
func (e zipEntry) central() []byte {
	size, offset := uint32(min(e.size, maxUint32)), uint32(min(e.offset, maxUint32))
	var wide []byte
	if e.wide() {
		wide = le(wide, uint64(e.size), uint64(e.size))
	}
	if e.offset >= maxUint32 {
		wide = le(wide, uint64(e.offset))
	}
	var extra []byte
	if len(wide) > 0 {
		extra = append(le(nil, uint16(1), uint16(len(wide))), wide...)
	}
	b := le(nil, uint32(sigCentral), uint16(zipUnix)|zipVersion64, e.version(), uint16(zipFlags), uint16(0), uint16(0), uint16(zipDate),
		e.crc, size, size, uint16(len(e.name)), uint16(len(extra)), uint16(0), uint16(0), uint16(0), uint32(zipMode), offset)
	return append(append(b, e.name...), extra...)
}

// zipEnd is the directory and what follows it.
func zipEnd(entries []zipEntry, offset int64) []byte {
	var b []byte
	for _, e := range entries {
		b = append(b, e.central()...)
	}
	size, n := int64(len(b)), len(entries)
	if offset >= maxUint32 {
		at := offset + size
		b = le(b, uint32(sigEnd64), uint64(end64Length-12), uint16(zipUnix)|zipVersion64, uint16(zipVersion64), uint32(0), uint32(0),
			uint64(n), uint64(n), uint64(size), uint64(offset))
		b = le(b, uint32(sigLocator64), uint32(0), uint64(at), uint32(1))
	}
	return le(b, uint32(sigEnd), uint16(0), uint16(0), uint16(n), uint16(n), uint32(size), uint32(min(offset, maxUint32)), uint16(0))
}

// le appends numbers in little endian.
func le(b []byte, numbers ...any) []byte {
	for _, n := range numbers {
		switch n := n.(type) {
		case uint16:
			b = binary.LittleEndian.AppendUint16(b, n)
		case uint32:
			b = binary.LittleEndian.AppendUint32(b, n)
		case uint64:
			b = binary.LittleEndian.AppendUint64(b, n)
		}
	}
	return b
}

// zipSink writes files into a zip.
type zipSink struct {
	w       io.Writer
	base    string
	at      int64
	entries []zipEntry
}

func (z *zipSink) put(name string, size int64, content io.Reader) error {
	e := zipEntry{name: z.base + "/" + name, size: size, offset: z.at}
	if err := z.raw(e.local()); err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(z.w, sum), content)
	z.at += n
	if err != nil {
		return err
	}
	e.crc = sum.Sum32()
	z.entries = append(z.entries, e)
	return z.raw(e.descriptor())
}

func (z *zipSink) raw(b []byte) error {
	n, err := io.Copy(z.w, bytes.NewReader(b))
	z.at += n
	return err
}

func (z *zipSink) finish() error { return z.raw(zipEnd(z.entries, z.at)) }
