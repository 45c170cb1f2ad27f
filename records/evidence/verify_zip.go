package evidence

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
)

// zipSource reads a package from a zip in its one form. It trusts no field: it
// takes names, lengths and checksums from the directory at the end, makes from
// these every byte that is not content, and compares.
type zipSource struct {
	r    io.ReaderAt
	size int64
}

func (z *zipSource) each(in *inspection) error {
	entries, at, err := z.directory()
	if err != nil {
		return err
	}
	if len(entries) == 0 {
		return fail(ErrMissing, "the zip is empty")
	}
	base, _, _ := strings.Cut(entries[0].name, "/")
	if !plainName(base) { // one without a name would be the root of whoever unpacks it.
		return fail(ErrPath, "%q is not below a folder of the zip", clip(entries[0].name))
	}
	end := zipEnd(entries, at)
	if at+int64(len(end)) != z.size {
		return fail(ErrNotCanonical, "the zip has %d bytes, want %d", z.size, at+int64(len(end)))
	}
	if err := z.same(at, end, "the zip's directory"); err != nil {
		return err
	}
	last := ""
	for _, e := range entries {
		path, inside := strings.CutPrefix(e.name, base+"/")
		if !inside {
			return fail(ErrPath, "%q is not below %q", clip(e.name), clip(base))
		}
		if err := in.admit(path); err != nil {
			return err
		}
		if last != "" && inOrder(last, path) >= 0 {
			return fail(ErrNotCanonical, "%s is not in order", path)
		}
		if err := z.file(in, e, path); err != nil {
			return err
		}
		last = path
	}
	in.base = base
	return nil
}

// file takes in one file, after it compared what stands around it.
func (z *zipSource) file(in *inspection, e zipEntry, path string) error {
	local := e.local()
	if err := z.same(e.offset, local, "what the zip says before "+path); err != nil {
		return err
	}
	at := e.offset + int64(len(local))
	sum := crc32.NewIEEE()
	if err := in.take(path, e.size, z.content(in, at, e.size, path), sum); err != nil {
		return err
	}
	if err := z.same(at+e.size, e.descriptor(), "what the zip says behind "+path); err != nil {
		return err
	}
	if sum.Sum32() != e.crc {
		in.sums = append(in.sums, fail(ErrNotCanonical, "the zip's checksum of %s does not fit its bytes", path))
	}
	return nil
}

// content hands over the bytes of a file: where they lie, if they are many that
// are only hashed, else a copy.
func (z *zipSource) content(in *inspection, at, size int64, path string) pieces {
	if f, ok := z.r.(*os.File); ok && size >= besideFrom && kept(path) == 0 {
		if m, ok := mapFile(f, at, size); ok {
			return m
		}
	}
	return in.copied(io.NewSectionReader(z.r, at, size), size)
}

// same compares the bytes at an offset.
func (z *zipSource) same(at int64, want []byte, what string) error {
	got, err := z.bytes(at, int64(len(want)))
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fail(ErrNotCanonical, "%s", what)
	}
	return nil
}

func (z *zipSource) bytes(at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || n > 2*maxZipDirectory || at > z.size-n {
		return nil, fail(ErrNotCanonical, "the zip ends before %d", at)
	}
	b := make([]byte, n)
	if _, err := z.r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the zip at %d: %w", at, err)
	} else if err != nil && n > 0 && z.size != at+n {
		return nil, fail(ErrNotCanonical, "the zip is cut off")
	}
	return b, nil
}

// directory reads the entries and where their directory begins. Offsets follow
// from the lengths: files lie one behind the other.
func (z *zipSource) directory() (entries []zipEntry, at int64, err error) {
	if z.size < endLength {
		return nil, 0, fail(ErrNotCanonical, "%d bytes are too short for a zip", z.size)
	}
	end, err := z.bytes(z.size-endLength, endLength)
	if err != nil {
		return nil, 0, err
	}
	if binary.LittleEndian.Uint32(end) != sigEnd {
		return nil, 0, fail(ErrNotCanonical, "it does not end as a zip of this format")
	}
	n, size := int64(binary.LittleEndian.Uint32(end[12:])), int64(binary.LittleEndian.Uint32(end[16:]))
	length, tail := n, int64(endLength)
	if at = size; size == maxUint32 {
		tail += locatorLength + end64Length
		b, err := z.bytes(z.size-tail, end64Length)
		if err != nil {
			return nil, 0, err
		}
		at = int64(binary.LittleEndian.Uint64(b[48:]) &^ (1 << 63))
	}
	if length > maxZipDirectory || z.size-tail-length != at {
		return nil, 0, fail(ErrNotCanonical, "its directory is not where it must be")
	}
	b, err := z.bytes(at, length)
	if err != nil {
		return nil, 0, err
	}
	offset := int64(0)
	for len(b) > 0 {
		e, rest, err := parseCentral(b)
		if err != nil {
			return nil, 0, err
		}
		if e.size > z.size {
			return nil, 0, fail(ErrNotCanonical, "an entry of its directory is longer than the zip")
		}
		e.offset = offset
		offset += int64(len(e.local())) + e.size + int64(len(e.descriptor()))
		if len(entries) >= maxFiles || offset > at {
			return nil, 0, fail(ErrNotCanonical, "its directory names more than there is")
		}
		entries, b = append(entries, e), rest
	}
	if offset != at {
		return nil, 0, fail(ErrNotCanonical, "it holds %d bytes that no file owns", at-offset)
	}
	return entries, at, nil
}

// parseCentral takes name, length and checksum of an entry. All else is
// compared with what it must be.
func parseCentral(b []byte) (e zipEntry, rest []byte, err error) {
	bad := fail(ErrNotCanonical, "an entry of its directory")
	if len(b) < centralLength || binary.LittleEndian.Uint32(b) != sigCentral {
		return e, nil, bad
	}
	name, extra := int(binary.LittleEndian.Uint16(b[28:])), int(binary.LittleEndian.Uint16(b[30:]))
	if len(b) < centralLength+name+extra {
		return e, nil, bad
	}
	e.crc, e.size = binary.LittleEndian.Uint32(b[16:]), int64(binary.LittleEndian.Uint32(b[24:]))
	e.name = string(b[centralLength : centralLength+name])
	if e.size == maxUint32 {
		if extra < 12 {
			return e, nil, bad
		}
		e.size = int64(binary.LittleEndian.Uint64(b[centralLength+name+4:]) &^ (1 << 63))
	}
	return e, b[centralLength+name+extra:], nil
}
