package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The files of a trail:
//
//	checkpoint             the newest durable checkpoint, a signed note
//	entries/000/000.jsonl  256 entries each, one JSON object a line; after each
//	                       append a line {"checkpoint":"…"} with the signed note
//	tiles/0/000/000        256 hashes of 32 bytes each, by level; can be computed
//	lock                   empty; locked while a writer is at work
const (
	trailCheckpointFile = "checkpoint"
	trailLockFile       = "lock"
	trailEntriesDir     = "entries"
	trailTilesDir       = "tiles"
)

func trailSegmentPath(n int64) string {
	return path.Join(trailEntriesDir, fmt.Sprintf("%03d", n/1000), fmt.Sprintf("%03d.jsonl", n%1000))
}

func trailTilePath(level int, n int64) string {
	return path.Join(trailTilesDir, fmt.Sprint(level), fmt.Sprintf("%03d", n/1000), fmt.Sprintf("%03d", n%1000))
}

var checkpointPrefix = []byte(`{"checkpoint":`)

// appendCheckpointLine wraps a note into one line.
func appendCheckpointLine(b, note []byte) []byte {
	b = append(b, checkpointPrefix...)
	b = appendJSONText(b, string(note))
	return append(b, '}', '\n')
}

// checkpointOfLine returns the note of a checkpoint's line, without its line
// break; ok is false if the line is none in its canonical form.
func checkpointOfLine(line []byte) (note []byte, ok bool) {
	if !bytes.HasPrefix(line, checkpointPrefix) {
		return nil, false
	}
	var w struct {
		Checkpoint string `json:"checkpoint"`
	}
	if json.Unmarshal(line, &w) != nil {
		return nil, false
	}
	note = []byte(w.Checkpoint)
	again := appendCheckpointLine(make([]byte, 0, len(line)+1), note)
	return note, bytes.Equal(again[:len(again)-1], line)
}

// numbered returns the numbers that name the files in a folder, ascending;
// none if there is no such folder.
func numbered(fsys fs.FS, dir, suffix string) ([]int64, error) {
	list, err := fs.ReadDir(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var out []int64
	for _, e := range list {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		n, bad := strconv.ParseInt(name, 10, 64)
		if ok && bad == nil && n >= 0 && fmt.Sprintf("%03d", n) == name {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, err
}
