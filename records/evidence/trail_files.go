package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// TrailFolder keeps a log in the files of one folder, appended to and never
// rewritten. One writer at a time: a lock holds off other processes, and the
// size of the newest file, compared before each append, finds whoever came past
// the lock. Make one with [OpenTrailFolder].
type TrailFolder struct {
	dir    string
	unlock func() error

	mu       sync.Mutex
	size     int64
	note     []byte
	apart    []byte
	segment  *os.File // that of the newest entries, nil if it is full or missing
	offset   int64
	dirty    bool // something was written and not synced
	broken   error
	repaired TrailRepair
	tiles    map[string]*os.File
	tileErr  error // why tiles are missing; they are computed again before any is used or added to
	// sync makes a file durable; tests look on.
	sync func(*os.File) error
}

// TrailRepair says what an interrupted append had left behind and what was cut
// off when the files were opened: nothing of it had been acknowledged.
type TrailRepair struct {
	// Entries are those that stood there whole, under no checkpoint.
	Entries int
	Bytes   int64
	// Checkpoint tells that the copy of the newest checkpoint beside the log was
	// missing or torn, and written anew.
	Checkpoint bool
}

// OpenTrailFolder opens the log in a folder for writing, makes the folder if it
// is missing, and cuts off what an interrupted append left behind; see
// [TrailFolder.Repaired]. It returns an error that matches ErrTrailLocked if
// another writer has it open, and ErrTrailEdited if the newest file is damaged
// before its end, which no interrupted append does. Close it after use.
func OpenTrailFolder(dir string) (*TrailFolder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the trail: %w", err)
	}
	unlock, err := lockTrail(filepath.Join(dir, trailLockFile))
	if err != nil {
		return nil, fmt.Errorf("open the trail %s: %w", dir, err)
	}
	s := &TrailFolder{dir: dir, unlock: unlock, tiles: map[string]*os.File{}, sync: (*os.File).Sync}
	if err := errors.Join(syncDirs(filepath.Dir(dir)), s.recover()); err != nil {
		return nil, errors.Join(fmt.Errorf("open the trail %s: %w", dir, err), s.Close())
	}
	return s, nil
}

// Repaired says what was cut off at opening.
func (s *TrailFolder) Repaired() TrailRepair { return s.repaired }

// Close makes everything durable, closes the files and gives back the lock. A
// second call does nothing.
func (s *TrailFolder) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unlock == nil {
		return nil
	}
	var errs []error
	if s.segment != nil {
		if s.dirty && s.broken == nil {
			errs = append(errs, s.sync(s.segment), s.saveApart())
		}
		errs = append(errs, s.segment.Close())
	}
	for _, f := range s.tiles {
		errs = append(errs, f.Close())
	}
	errs = append(errs, s.tileErr, s.unlock())
	s.segment, s.tiles, s.unlock, s.broken = nil, nil, nil, ErrTrailClosed
	return errors.Join(errs...)
}

// Head returns where the log stands.
func (s *TrailFolder) Head(context.Context) (TrailHead, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return TrailHead{Size: s.size, Checkpoint: s.note, Apart: s.apart}, s.broken
}

// Append adds a batch to a log of exactly that size; see [TrailStore].
func (s *TrailFolder) Append(_ context.Context, size int64, b TrailBatch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	if size != s.size {
		return fmt.Errorf("the log has %d entries, not %d: %w", s.size, size, ErrTrailFenced)
	}
	if err := s.openSegment(); err != nil {
		return err
	}
	var buf []byte
	for _, e := range b.Entries {
		buf = append(append(buf, e...), '\n')
	}
	buf = appendCheckpointLine(buf, b.Checkpoint)
	if err := s.write(buf, b.Durable); err != nil {
		return err
	}
	s.offset += int64(len(buf))
	s.size += int64(len(b.Entries))
	s.note = b.Checkpoint
	if b.Durable {
		// The log has it; the copy beside it is a convenience.
		_ = s.saveApart()
	}
	if s.tileErr == nil {
		s.tileErr = s.writeTiles(b.Tiles)
	}
	if s.size%tileWidth == 0 {
		return s.closeSegment()
	}
	return nil
}

// openSegment makes or checks the file that takes the next entries.
func (s *TrailFolder) openSegment() error {
	name := filepath.Join(s.dir, trailSegmentPath(s.size/tileWidth))
	if s.segment == nil {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return err
		}
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return s.fenced(fmt.Errorf("%s is there already: %w", name, ErrTrailFenced))
		}
		if err != nil {
			return err
		}
		s.segment, s.offset = f, 0
		// Until its name is durable, nothing in it is.
		folder := filepath.Dir(name)
		if err := syncDirs(folder, filepath.Dir(folder), s.dir); err != nil {
			s.broken = err
			return err
		}
		return nil
	}
	return s.checkOffset(s.offset)
}

func (s *TrailFolder) fenced(err error) error {
	s.broken = err
	return err
}

// checkOffset finds out whether the file is as long as this writer made it.
func (s *TrailFolder) checkOffset(want int64) error {
	open, err := s.segment.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(s.segment.Name())
	if err != nil || !os.SameFile(open, named) {
		return s.fenced(fmt.Errorf("%s was replaced: %w", s.segment.Name(), ErrTrailFenced))
	}
	if open.Size() != want {
		return s.fenced(fmt.Errorf("%s has %d bytes, not %d: %w", s.segment.Name(), open.Size(), want, ErrTrailFenced))
	}
	return nil
}

// write appends to the segment. What could not be written whole is cut off
// again; what could not be synced may or may not be there, so nothing more is
// written until the files are opened again.
func (s *TrailFolder) write(buf []byte, durable bool) error {
	if _, err := s.segment.Write(buf); err != nil {
		if cut := s.segment.Truncate(s.offset); cut != nil {
			s.broken = errors.Join(err, cut)
		}
		return err
	}
	s.dirty = true
	if err := s.checkOffset(s.offset + int64(len(buf))); err != nil {
		return err
	}
	if !durable {
		return nil
	}
	if err := s.sync(s.segment); err != nil {
		s.broken = err
		return err
	}
	s.dirty = false
	return nil
}

// closeSegment syncs a full file; the next append makes another.
func (s *TrailFolder) closeSegment() error {
	err := errors.Join(s.sync(s.segment), s.segment.Close())
	s.segment, s.dirty = nil, false
	if err != nil {
		s.broken = err
	}
	return err
}

// saveApart writes the newest checkpoint beside the log, after what it covers
// is durable: a log that is shorter was rolled back.
func (s *TrailFolder) saveApart() error {
	f, err := os.OpenFile(filepath.Join(s.dir, trailCheckpointFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(s.note, 0)
	err = errors.Join(err, f.Truncate(int64(len(s.note))), f.Close())
	s.apart = s.note
	return err
}

// writeTiles adds hashes to tiles; a tile that becomes full is synced.
func (s *TrailFolder) writeTiles(rows []TrailTile) error {
	for _, row := range rows {
		name := filepath.Join(s.dir, trailTilePath(row.Level, row.N))
		f, err := s.openTile(name, int64(row.From)*tlog.HashSize)
		if err != nil {
			return err
		}
		_, err = f.WriteAt(row.Hashes, int64(row.From)*tlog.HashSize)
		full := row.From*tlog.HashSize+len(row.Hashes) == tileWidth*tlog.HashSize
		if full && err == nil {
			err = f.Sync()
		}
		if full || err != nil {
			delete(s.tiles, name)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openTile opens or makes a tile that has that many bytes.
func (s *TrailFolder) openTile(name string, size int64) (*os.File, error) {
	if f := s.tiles[name]; f != nil {
		return f, nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != size {
		err = fmt.Errorf("%s has %d bytes, not %d", name, info.Size(), size)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.tiles[name] = f
	return f, nil
}

// Tile returns the first width hashes of a tile.
func (s *TrailFolder) Tile(_ context.Context, level int, n int64, width int) ([]byte, error) {
	s.mu.Lock()
	lost := s.tileErr
	s.mu.Unlock()
	if lost != nil {
		return nil, lost
	}
	b, err := os.ReadFile(filepath.Join(s.dir, trailTilePath(level, n)))
	if err != nil {
		return nil, err
	}
	if len(b) < width*tlog.HashSize {
		return nil, fmt.Errorf("tile %d/%d has %d bytes, want %d", level, n, len(b), width*tlog.HashSize)
	}
	return b[:width*tlog.HashSize], nil
}

// Restore writes tiles again.
func (s *TrailFolder) Restore(_ context.Context, tiles []TrailTile) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range tiles {
		name := filepath.Join(s.dir, trailTilePath(t.Level, t.N))
		if f := s.tiles[name]; f != nil {
			delete(s.tiles, name)
			if err := f.Close(); err != nil {
				return err
			}
		}
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.tileErr = nil
	return s.writeTiles(tiles)
}

// Entries yields entries in order.
func (s *TrailFolder) Entries(ctx context.Context, from, to int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for n := from / tileWidth; n*tileWidth < to; n++ {
			b, err := os.ReadFile(filepath.Join(s.dir, trailSegmentPath(n)))
			if err = errors.Join(err, ctx.Err()); err != nil {
				yield(nil, err)
				return
			}
			at := n * tileWidth
			for line := range bytes.Lines(b) {
				if bytes.HasPrefix(line, checkpointPrefix) {
					continue
				}
				if at++; at > to {
					return
				}
				if at > from && !yield(bytes.TrimSuffix(line, []byte("\n")), nil) {
					return
				}
			}
			if end := min((n+1)*tileWidth, to); at < end {
				yield(nil, fmt.Errorf("%s ends with entry %d, not %d", trailSegmentPath(n), at, end))
				return
			}
		}
	}
}

func syncDirs(dirs ...string) error {
	for _, dir := range dirs {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		// Some systems cannot sync a folder; the file itself was synced.
		_ = d.Sync()
		if err := d.Close(); err != nil {
			return err
		}
	}
	return nil
}
