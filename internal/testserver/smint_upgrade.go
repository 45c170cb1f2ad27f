package testserver

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

// smintTransport serves requests in-process, websockets included.
type smintTransport struct {
	plain http.RoundTripper
	h     http.Handler
}

func (t smintTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return t.plain.RoundTrip(r)
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr, in.Body = r.URL.RequestURI(), "127.0.0.1:0", http.NoBody
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	near, far := net.Pipe()
	w := &smintUpgrade{header: http.Header{}, conn: far, ready: make(chan struct{})}
	go func() {
		defer func() {
			if p := recover(); p != nil {
				w.WriteHeader(0)
				if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
					panic(p)
				}
			}
			w.WriteHeader(http.StatusOK)
			if !w.hijacked {
				_ = far.Close()
			}
		}()
		t.h.ServeHTTP(w, in)
	}()
	select {
	case <-w.ready:
	case <-r.Context().Done():
		_ = near.Close()
		return nil, r.Context().Err()
	}
	if w.status == 0 {
		_ = near.Close()
		return nil, errDropped
	}
	var body io.ReadCloser = near
	if w.status != http.StatusSwitchingProtocols {
		body = smintRefusal{near}
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: body, ContentLength: -1, Request: r,
	}, nil
}

// smintRefusal hides that the body could be written to: only an upgraded
// connection goes both ways.
type smintRefusal struct{ io.ReadCloser }

type smintUpgrade struct {
	header, sent http.Header
	conn         net.Conn
	once         sync.Once
	ready        chan struct{}
	status       int
	hijacked     bool
}

func (w *smintUpgrade) Header() http.Header { return w.header }

func (w *smintUpgrade) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	})
}

func (w *smintUpgrade) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.conn.Write(p)
}

// Hijack hands the connection over.
func (w *smintUpgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.hijacked = true
	return w.conn, bufio.NewReadWriter(bufio.NewReader(w.conn), bufio.NewWriter(w.conn)), nil
}
