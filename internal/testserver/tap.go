package testserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Exchange is one request and its answer, as the fake saw them.
type Exchange struct {
	Seq   int64
	Time  time.Time
	Route string
	// Method, Path and Query (raw) are those of the request line.
	Method, Path, Query string
	RequestHeader       http.Header
	Request             Payload
	Status              int
	ResponseHeader      http.Header
	Response            Payload
	// Dropped tells that there is no answer, or that a fault kept it from the
	// client; Faulty that a fault changed it.
	Dropped, Faulty bool
}

// Payload is a body: its bytes if it is small, its length and digest always.
type Payload struct {
	// Bytes is nil for bodies above 64 KiB.
	Bytes  []byte
	Length int64
	SHA256 string
	// spill is where the bytes of a larger one lie while traffic is written.
	spill *os.File
}

const (
	keptBody      = 64 << 10
	keptExchanges = 4096
)

// Tap stands before a fake: it takes down the exchanges and makes the faults
// happen that a test asked for. It is safe for concurrent use.
type Tap struct {
	inner http.Handler
	name  func(*http.Request) string
	now   func() time.Time

	mu        sync.Mutex
	running   int
	idle      chan struct{}
	seq       int64
	exchanges []Exchange
	counts    map[string]int
	faults    []*Fault
	traffic   *Traffic
}

// NewTap wraps inner. Name gives a request's route as "GET /v2/nodes/{id}";
// an unknown one may be any text.
func NewTap(inner http.Handler, name func(*http.Request) string, now func() time.Time) *Tap {
	return &Tap{inner: inner, name: name, now: now, counts: map[string]int{}}
}

// settle waits for the exchanges that run: a client can have its answer before
// the exchange is taken down. It gives up on one that hangs.
func (t *Tap) settle() {
	t.mu.Lock()
	idle := t.idle
	running := t.running
	t.mu.Unlock()
	if running == 0 {
		return
	}
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
}

// Exchanges returns the exchanges so far, at most the last 4096.
func (t *Tap) Exchanges() []Exchange {
	t.settle()
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.exchanges)
}

// Count tells how many requests came for a route, or, if route ends with "*",
// for all routes that begin so.
func (t *Tap) Count(route string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	prefix, wild := strings.CutSuffix(route, "*")
	n := 0
	for name, count := range t.counts {
		if name == route || (wild && strings.HasPrefix(name, prefix)) {
			n += count
		}
	}
	return n
}

// Counts tells how many requests came for each route. Unlike Exchanges, which
// keeps the last few thousand, it leaves none out.
func (t *Tap) Counts() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.counts)
}

// Forget drops the exchanges and counts so far.
func (t *Tap) Forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.exchanges, t.counts = nil, map[string]int{}
}

// WriteTraffic has every exchange from now on written to traffic; nil ends it.
func (t *Tap) WriteTraffic(traffic *Traffic) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.traffic = traffic
}

// traffics tells whether the exchanges are written down.
func (t *Tap) traffics() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.traffic != nil
}

// ServeHTTP serves the request through the fake, with the first fault that fits.
func (t *Tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	route := t.name(r)
	t.mu.Lock()
	if t.running++; t.running == 1 {
		t.idle = make(chan struct{})
	}
	t.seq++
	e := Exchange{Seq: t.seq, Time: t.now(), Route: route, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery, RequestHeader: r.Header.Clone()}
	t.counts[route]++
	fault := t.take(route, r)
	spill := t.traffic != nil
	t.mu.Unlock()

	in := &taker{spills: spill}
	if r.Body != nil {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, in), r.Body}
	}
	out := &tapWriter{ResponseWriter: w, fault: fault, body: taker{spills: spill}}
	defer func() {
		e.Request, e.Status, e.ResponseHeader, e.Response = in.payload(), out.status, out.header, out.body.payload()
		e.Dropped = out.status == 0 || (fault != nil && fault.drops())
		e.Faulty = fault != nil && fault.Kind != Delay
		t.keep(e)
	}()
	if fault == nil {
		t.inner.ServeHTTP(out, r)
		out.finish()
		return
	}
	fault.serve(out, r, t.inner)
}

func (t *Tap) keep(e Exchange) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.exchanges) == keptExchanges {
		t.exchanges = slices.Delete(t.exchanges, 0, keptExchanges/4)
	}
	t.exchanges = append(t.exchanges, e)
	if t.running--; t.running == 0 {
		close(t.idle)
	}
	// What a fault has touched, and a client that left before its answer, say
	// nothing about the two systems.
	if t.traffic != nil && !e.Faulty && !e.Dropped {
		t.traffic.write(e)
	}
	e.Request.drop()
	e.Response.drop()
	e.Request.spill, e.Response.spill = nil, nil
}

// taker keeps the start of a body, its length and its digest; with spills, it
// keeps a larger one whole, in a file.
type taker struct {
	kept   bytes.Buffer
	length int64
	hash   hash.Hash
	spills bool
	spill  *os.File
}

func (t *taker) Write(p []byte) (int, error) {
	if t.hash == nil {
		t.hash = sha256.New()
	}
	t.hash.Write(p)
	t.length += int64(len(p))
	before := t.kept.Len()
	if room := keptBody + 1 - before; room > 0 {
		t.kept.Write(p[:min(len(p), room)])
	}
	if t.spills && t.length > keptBody {
		t.overflow(p, before)
	}
	return len(p), nil
}

// overflow keeps a body whole in a file. A file that cannot be written leaves
// length and digest.
func (t *taker) overflow(p []byte, before int) {
	if t.spill == nil {
		f, err := os.CreateTemp("", "testserver-body-*")
		if err != nil {
			t.spills = false
			return
		}
		t.spill = f
		_, _ = f.Write(t.kept.Bytes()[:before])
	}
	if _, err := t.spill.Write(p); err != nil {
		t.spills = false
	}
}

// drop removes the file of a large body.
func (p *Payload) drop() {
	if p.spill != nil {
		_ = p.spill.Close()
		_ = os.Remove(p.spill.Name())
	}
}

func (t *taker) payload() Payload {
	if t.hash == nil {
		t.hash = sha256.New()
	}
	p := Payload{Length: t.length, SHA256: hex.EncodeToString(t.hash.Sum(nil)), spill: t.spill}
	if t.length <= keptBody {
		p.Bytes = bytes.Clone(t.kept.Bytes())
	}
	return p
}

// tapWriter takes down the answer on its way to the client.
type tapWriter struct {
	http.ResponseWriter
	fault  *Fault
	status int
	header http.Header
	body   taker
}

func (w *tapWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status, w.header = status, w.Header().Clone()
	if w.fault == nil || !w.fault.hides() {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *tapWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	_, _ = w.body.Write(p)
	if w.fault != nil && w.fault.hides() {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

func (w *tapWriter) finish() {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
}

// Unwrap lends the connection's own abilities to http.ResponseController.
func (w *tapWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
