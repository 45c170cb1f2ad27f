package testserver

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
	"unicode/utf8"
)

// Traffic writes exchanges as JSON lines. It is safe for concurrent use.
//
// A body is written as "utf-8" or "base64". One above 64 KiB is not written:
// its encoding then is "sha256" and its text "LENGTH:HEX", which cannot be
// taken for the body.
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

type trafficLine struct {
	Seq              int64       `json:"seq"`
	Time             string      `json:"time"`
	Method           string      `json:"method"`
	Path             string      `json:"path"`
	Query            string      `json:"query"`
	RequestHeaders   [][2]string `json:"request_headers"`
	RequestBody      string      `json:"request_body"`
	RequestEncoding  string      `json:"request_body_encoding"`
	Status           int         `json:"status"`
	ResponseHeaders  [][2]string `json:"response_headers"`
	ResponseBody     string      `json:"response_body"`
	ResponseEncoding string      `json:"response_body_encoding"`
}

func (t *Traffic) write(e Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq++
	line := trafficLine{
		Seq: t.seq, Time: e.Time.UTC().Format(time.RFC3339Nano), Method: e.Method, Path: e.Path, Query: e.Query, Status: e.Status,
		RequestHeaders: headerPairs(e.RequestHeader), ResponseHeaders: headerPairs(e.ResponseHeader),
	}
	line.RequestBody, line.RequestEncoding = e.Request.text()
	line.ResponseBody, line.ResponseEncoding = e.Response.text()
	b, err := json.Marshal(line)
	if err == nil {
		_, err = t.w.Write(append(b, '\n'))
	}
	if t.err == nil {
		t.err = err
	}
}

func (p Payload) text() (body, encoding string) {
	switch {
	case p.Bytes == nil && p.Length > 0:
		return fmt.Sprintf("%d:%s", p.Length, p.SHA256), "sha256"
	case utf8.Valid(p.Bytes):
		return string(p.Bytes), "utf-8"
	default:
		return base64.StdEncoding.EncodeToString(p.Bytes), "base64"
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
