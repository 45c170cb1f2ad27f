package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// recover finds the end of the log and cuts off what follows it.
func (s *TrailFolder) recover() error {
	apart, err := os.ReadFile(filepath.Join(s.dir, trailCheckpointFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.apart = apart
	for {
		n, err := lastSegment(os.DirFS(s.dir))
		if err != nil || n < 0 {
			return err
		}
		name := filepath.Join(s.dir, trailSegmentPath(n))
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		tail, err := scanSegment(b, n)
		if err != nil {
			return err
		}
		s.repaired.Bytes += int64(len(b)) - tail.end
		s.repaired.Entries += tail.torn
		if tail.end == 0 {
			if err := errors.Join(os.Remove(name), syncDirs(filepath.Dir(name))); err != nil {
				return err
			}
			continue
		}
		s.size, s.note, s.offset = n*tileWidth+tail.entries, tail.note, tail.end
		return errors.Join(s.takeUp(name, tail.end < int64(len(b))), s.cutTiles(), s.mendApart())
	}
}

// mendApart writes the copy of the newest checkpoint anew if a crash left none,
// or a torn one. Any whole one stays: it may tell of a log that was longer.
func (s *TrailFolder) mendApart() error {
	if wholeNote(s.apart) {
		return nil
	}
	s.repaired.Checkpoint = true
	return s.saveApart()
}

// wholeNote reports whether b looks like a signed checkpoint from its first
// byte to its last. Whose signature it is, it does not ask.
func wholeNote(b []byte) bool {
	text, signatures, ok := strings.Cut(string(b), "\n\n")
	if _, err := parseCheckpoint(text + "\n"); !ok || err != nil || signatures == "" {
		return false
	}
	for line := range strings.Lines(signatures) {
		if !strings.HasPrefix(line, "— ") || !strings.HasSuffix(line, "\n") || strings.Count(line, " ") != 2 {
			return false
		}
	}
	return true
}

// cutTiles removes hashes of entries that are not there, and notes where those
// of a whole tile are missing.
func (s *TrailFolder) cutTiles() error {
	for level := 0; level*tileHeight < 63; level++ {
		count := s.size >> (level * tileHeight)
		width := count % tileWidth * tlog.HashSize
		for n := range count / tileWidth {
			name := filepath.Join(s.dir, trailTilePath(level, n))
			if info, err := os.Stat(name); err != nil || info.Size() != tileWidth*tlog.HashSize {
				s.tileErr = fmt.Errorf("%s is missing or torn", name)
			}
		}
		for n := count / tileWidth; ; n, width = n+1, 0 {
			name := filepath.Join(s.dir, trailTilePath(level, n))
			info, err := os.Stat(name)
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return err
			case width == 0:
				err = os.Remove(name)
			case info.Size() > width:
				err = os.Truncate(name, width)
			}
			if errors.Is(err, fs.ErrNotExist) {
				break
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// takeUp opens the newest segment for appending, cut to its end.
func (s *TrailFolder) takeUp(name string, torn bool) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	s.segment = f
	if torn {
		if err := f.Truncate(s.offset); err != nil {
			return err
		}
	}
	// What another process wrote last may not have been synced.
	if err := s.sync(f); err != nil {
		return err
	}
	if s.size%tileWidth == 0 {
		return s.closeSegment()
	}
	return nil
}

type segmentTail struct {
	end     int64 // after the last checkpoint's line
	entries int64 // up to there
	torn    int   // entries after it
	note    []byte
}

// scanSegment finds the last checkpoint before anything that is no line of the
// trail. A further checkpoint after such a thing means damage: an interrupted
// append has nothing after its torn line.
func scanSegment(b []byte, n int64) (segmentTail, error) {
	var t segmentTail
	var at, count int64
	bad := false
	for line := range bytes.Lines(b) {
		at += int64(len(line))
		text, whole := bytes.CutSuffix(line, []byte("\n"))
		if note, ok := checkpointOfLine(text); ok && whole {
			if bad {
				return t, trailFault(ErrTrailEdited, trailSegmentPath(n), "a line after entry %d is damaged", n*tileWidth+t.entries)
			}
			t = segmentTail{end: at, entries: count, note: note}
			continue
		}
		e, err := ParseTrailEntry(text)
		bad = bad || !whole || err != nil || e.Number != n*tileWidth+count+1
		count++
		if whole && err == nil {
			t.torn++
		}
	}
	return t, nil
}

// lastSegment returns the number of the newest file of entries, -1 for none.
func lastSegment(fsys fs.FS) (int64, error) {
	folders, err := numbered(fsys, trailEntriesDir, "")
	if err != nil || len(folders) == 0 {
		return -1, err
	}
	for _, folder := range slices.Backward(folders) {
		files, err := numbered(fsys, trailEntriesDir+"/"+fmt.Sprintf("%03d", folder), ".jsonl")
		if err != nil {
			return -1, err
		}
		if len(files) > 0 {
			return folder*1000 + files[len(files)-1], nil
		}
	}
	return -1, nil
}
