package testserver

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Transport serves requests by a handler within the process, whatever host
// they name. Bodies stream both ways through pipes; nothing is buffered, and no
// socket is used, so that it works in virtual time.
func Transport(h http.Handler) http.RoundTripper { return inProcess{h} }

// Serve serves a handler at a loopback address until the returned function is
// called.
func Serve(h http.Handler) (url string, stop func()) {
	s := httptest.NewServer(h)
	return s.URL, s.Close
}

type inProcess struct{ h http.Handler }

// errDropped is what a client sees of a connection that was closed on it.
var errDropped = io.ErrUnexpectedEOF

// RoundTrip runs the handler until it has answered; its body is read on.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	body := &sentBody{rc: r.Body}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Body = r.URL.RequestURI(), "127.0.0.1:0", body
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	reader, writer := io.Pipe()
	w := &pipeWriter{header: http.Header{}, pipe: writer, ready: make(chan struct{})}
	go func() {
		defer func() {
			_ = body.Close()
			if p := recover(); p != nil {
				w.drop()
				if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
				return
			}
			w.WriteHeader(http.StatusOK)
			_ = writer.Close()
		}()
		t.h.ServeHTTP(w, in)
	}()
	select {
	case <-w.ready:
	case <-r.Context().Done():
		_ = reader.CloseWithError(r.Context().Err())
		return nil, r.Context().Err()
	}
	if err := body.failed(); err != nil {
		_ = reader.CloseWithError(err)
		return nil, err
	}
	if w.dropped {
		return nil, errDropped
	}
	return w.response(r, reader), nil
}

// sentBody remembers that the client's own reader failed: a real connection
// would break at that point.
type sentBody struct {
	rc  io.ReadCloser
	mu  sync.Mutex
	err error
}

func (b *sentBody) Read(p []byte) (int, error) {
	if b.rc == nil {
		return 0, io.EOF
	}
	n, err := b.rc.Read(p)
	if err != nil && err != io.EOF {
		b.mu.Lock()
		b.err = err
		b.mu.Unlock()
	}
	return n, err
}

func (b *sentBody) Close() error {
	if b.rc == nil {
		return nil
	}
	return b.rc.Close()
}

func (b *sentBody) failed() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

type pipeWriter struct {
	header  http.Header
	pipe    *io.PipeWriter
	once    sync.Once
	ready   chan struct{}
	status  int
	sent    http.Header
	dropped bool
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	})
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.pipe.Write(p)
}

// Flush is there for handlers that ask for it: a pipe holds nothing back.
func (w *pipeWriter) Flush() { w.WriteHeader(http.StatusOK) }

func (w *pipeWriter) drop() {
	w.once.Do(func() {
		w.dropped = true
		close(w.ready)
	})
	_ = w.pipe.CloseWithError(errDropped)
}

func (w *pipeWriter) response(r *http.Request, body io.ReadCloser) *http.Response {
	resp := &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: body, ContentLength: -1, Request: r,
	}
	if n, err := parseLength(w.sent.Get("Content-Length")); err == nil {
		resp.ContentLength = n
		resp.Body = &lengthBody{ReadCloser: body, left: n}
	}
	if r.Method == http.MethodHead || w.status == http.StatusNoContent {
		_ = body.Close()
		resp.Body = http.NoBody
	}
	return resp
}

// ServeAt serves a handler at an address, a free loopback port if it is empty.
func ServeAt(address string, h http.Handler) (url string, stop func() error, err error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, err
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { _ = srv.Serve(l) }()
	return "http://" + l.Addr().String(), srv.Close, nil
}
