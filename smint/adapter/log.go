package adapter

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	logName   = "changes.jsonl"
	logFormat = 1
	maxLine   = 4 << 20
)

// logHead is the first line of a change log.
type logHead struct {
	Format int `json:"format"`
	// Log is a random name: a continuation of another log means nothing here.
	Log string `json:"log"`
	// Owner is whose log it is, if anybody's.
	Owner string `json:"owner,omitempty"`
	// First is the place of the first change; States is how many entries after
	// the head are states from before it.
	First  int64 `json:"first"`
	States int   `json:"states"`
}

// changeLog is a file of one JSON object a line, or nothing at all.
type changeLog struct {
	head logHead
	dir  string
	file *os.File
	size int64
}

// openLog reads a log, tells take of each entry, and leaves it open for more.
func openLog(dir, owner string, take func(e entry, isState bool)) (*changeLog, error) {
	name := make([]byte, 4)
	_, _ = rand.Read(name)
	l := &changeLog{dir: dir, head: logHead{Format: logFormat, Log: hex.EncodeToString(name), Owner: owner, First: 1}}
	if dir == "" {
		return l, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, logName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l.file = f
	err = l.replay(take)
	if err == nil && l.head.Owner != owner {
		err = fmt.Errorf("%w: it is the feed of '%s', not of '%s': give each owner a folder of its own", ErrConflict, l.head.Owner, owner)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", f.Name(), err), f.Close())
	}
	return l, nil
}

// replay reads the file. What follows the last line break was never confirmed
// and is cut off.
func (l *changeLog) replay(take func(e entry, isState bool)) error {
	lines := bufio.NewScanner(l.file)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	lines.Split(func(data []byte, _ bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, data[:i+1], nil
		}
		return 0, nil, nil
	})
	for n := 0; lines.Scan(); n++ {
		line := lines.Bytes()
		if n == 0 {
			if err := json.Unmarshal(line, &l.head); err != nil || l.head.Format != logFormat || l.head.Log == "" {
				return fmt.Errorf("it begins with no head of format %d; move it away to begin anew: %.80q", logFormat, line)
			}
		} else {
			var e entry
			if err := json.Unmarshal(line, &e); err != nil {
				return fmt.Errorf("line %d is damaged, move the file away to begin anew: %w", n+1, err)
			}
			take(e, n <= l.head.States)
		}
		l.size += int64(len(line))
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if err := l.file.Truncate(l.size); err != nil {
		return err
	}
	if l.size == 0 {
		return l.write(l.head)
	}
	return nil
}

func (l *changeLog) write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if l.file == nil {
		return nil
	}
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != l.size {
		return fmt.Errorf("%w: %s has %d bytes and not %d: another process writes to it", ErrConflict, l.file.Name(), info.Size(), l.size)
	}
	if _, err := l.file.WriteAt(b, l.size); err != nil {
		// What was half written is no line: the next attempt writes over it.
		return errors.Join(err, l.file.Truncate(l.size))
	}
	if err := l.file.Sync(); err != nil {
		return errors.Join(err, l.file.Truncate(l.size))
	}
	l.size += int64(len(b))
	return nil
}

func (l *changeLog) append(e entry) error { return l.write(e) }

// rewrite keeps of the log only the newest state of each asset. Changes begin
// at a new place.
func (l *changeLog) rewrite(first int64, states []entry) error {
	head := l.head
	head.First, head.States = first, len(states)
	if l.file == nil {
		l.head = head
		return nil
	}
	var b bytes.Buffer
	for _, v := range append([]any{head}, toAny(states)...) {
		line, err := json.Marshal(v)
		if err != nil {
			return err
		}
		b.Write(append(line, '\n'))
	}
	path := filepath.Join(l.dir, logName)
	f, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	size := int64(b.Len())
	if _, err = io.Copy(f, &b); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	old := l.file
	l.head, l.file, l.size = head, f, size
	return errors.Join(syncDir(l.dir), old.Close())
}

func toAny(list []entry) []any {
	out := make([]any, len(list))
	for i := range list {
		out[i] = list[i]
	}
	return out
}

// syncDir makes a rename durable where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

// Close closes the file.
func (l *changeLog) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// continuation names a place in this log.
func (l *changeLog) continuation(n int64) string { return fmt.Sprintf("%s-%020d", l.head.Log, n) }

// place reads a continuation; one of another log is none.
func (l *changeLog) place(continuation string) (int64, bool) {
	number, ours := strings.CutPrefix(continuation, l.head.Log+"-")
	n, err := strconv.ParseInt(number, 10, 64)
	return n, ours && err == nil && n >= 0
}
