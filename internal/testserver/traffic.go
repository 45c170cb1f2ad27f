package testserver

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Traffic writes exchanges as JSON lines, bodies as "utf-8" or "base64". A body
// above 64 KiB comes from a file and goes out piece by piece. It is safe for
// concurrent use; a writer that is a sync.Locker is locked for each line, so
// that several can share it, and one that has a method Next numbers their lines.
type Traffic struct {
	mu  sync.Mutex
	w   io.Writer
	seq int64
	err error
}

// NewTraffic writes to w.
func NewTraffic(w io.Writer) *Traffic { return &Traffic{w: w} }

// Err returns the first error of writing.
func (t *Traffic) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func (t *Traffic) write(e Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if shared, ok := t.w.(sync.Locker); ok {
		shared.Lock()
		defer shared.Unlock()
	}
	t.seq++
	seq := t.seq
	if shared, ok := t.w.(interface{ Next() int64 }); ok {
		seq = shared.Next()
	}
	out := &trafficLine{w: bufio.NewWriterSize(t.w, keptBody)}
	out.member("{", "seq", seq)
	out.member(",", "time", e.Time.UTC().Format(time.RFC3339Nano))
	out.member(",", "method", e.Method)
	out.member(",", "path", e.Path)
	out.member(",", "query", e.Query)
	out.member(",", "request_headers", headerPairs(e.RequestHeader))
	out.body("request_body", e.Request)
	out.member(",", "status", e.Status)
	out.member(",", "response_headers", headerPairs(e.ResponseHeader))
	out.body("response_body", e.Response)
	out.text("}\n")
	if err := errors.Join(out.err, out.w.Flush()); t.err == nil {
		t.err = err
	}
}

// trafficLine writes one JSON object member by member.
type trafficLine struct {
	w   *bufio.Writer
	err error
}

func (l *trafficLine) text(s string) {
	if _, err := l.w.WriteString(s); l.err == nil {
		l.err = err
	}
}

func (l *trafficLine) member(before, name string, value any) {
	l.text(before + `"` + name + `":` + string(marshal(value)))
}

// body writes a body and how it is encoded.
func (l *trafficLine) body(name string, p Payload) {
	switch {
	case p.spill != nil:
		l.text(`,"` + name + `":"`)
		encoder := base64.NewEncoder(base64.StdEncoding, l.w)
		_, err := io.Copy(encoder, io.NewSectionReader(p.spill, 0, p.Length))
		if err = errors.Join(err, encoder.Close()); l.err == nil {
			l.err = err
		}
		l.text(`"`)
		l.member(",", name+"_encoding", "base64")
	case utf8.Valid(p.Bytes):
		l.member(",", name, string(p.Bytes))
		l.member(",", name+"_encoding", "utf-8")
	default:
		l.member(",", name, base64.StdEncoding.EncodeToString(p.Bytes))
		l.member(",", name+"_encoding", "base64")
	}
}

// headerPairs lists every value of every header, by name.
func headerPairs(h http.Header) [][2]string {
	pairs := [][2]string{}
	for name, values := range h {
		for _, v := range values {
			pairs = append(pairs, [2]string{name, v})
		}
	}
	slices.SortStableFunc(pairs, func(a, b [2]string) int {
		switch {
		case a[0] < b[0]:
			return -1
		case a[0] > b[0]:
			return 1
		}
		return 0
	})
	return pairs
}

// recordTraffic appends the fake's traffic to the file that ECM_TRAFFIC names.
// Several suites, each a process, may write to it at once.
func (e *ECM) recordTraffic() error {
	name := os.Getenv("ECM_TRAFFIC")
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("testserver: ECM_TRAFFIC: %w", err)
	}
	e.closers = append(e.closers, f)
	e.WriteTraffic(NewTraffic(wholeLines{f}))
	return nil
}

// trafficFile is shared by all fakes of a process.
var trafficFile sync.Mutex

// wholeLines is locked for a line by everyone who writes to the same file, in
// this process and in others.
type wholeLines struct{ *os.File }

func (w wholeLines) Lock()   { trafficFile.Lock(); lockFile(w.File) }
func (w wholeLines) Unlock() { unlockFile(w.File); trafficFile.Unlock() }
