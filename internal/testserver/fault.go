package testserver

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// FaultKind says what goes wrong.
type FaultKind int

// The kinds of fault.
const (
	// Refuse answers Status, Header and Body, and the fake sees nothing.
	Refuse FaultKind = iota
	// DropBefore closes the connection before the fake sees the request.
	DropBefore
	// DropAfter lets the fake do its work and closes the connection instead of
	// answering: the lost answer.
	DropAfter
	// Truncate sends the first half of the answer and closes the connection.
	Truncate
	// Cut sends the first half of the answer as if it were all of it.
	Cut
	// HTML does the work and answers 200 with a page of HTML.
	HTML
	// Delay waits for Wait, then serves as usual.
	Delay
	// RefuseAfter does the work and answers Status, Header and Body: a gateway
	// that lost patience.
	RefuseAfter
)

// Fault is something that goes wrong, as data.
type Fault struct {
	// Route is the fake's name of the route, as "POST /v2/nodes"; a trailing
	// "*" stands for anything. Empty: every request.
	Route string
	// Where, if set, must hold as well.
	Where func(*http.Request) bool
	// Skip lets that many requests pass first.
	Skip int
	// Times is how often it happens; 0 means once, below zero always.
	Times  int
	Kind   FaultKind
	Status int
	Header http.Header
	Body   string
	Wait   time.Duration
}

// Fail makes a fault happen. Faults are tried in the order they were given.
func (t *Tap) Fail(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = append(t.faults, &f)
}

// Heal drops all faults that have not happened yet.
func (t *Tap) Heal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.faults = nil
}

// take returns the fault for this request, if there is one.
func (t *Tap) take(route string, r *http.Request) *Fault {
	for _, f := range t.faults {
		prefix, wild := strings.CutSuffix(f.Route, "*")
		if f.Route != "" && f.Route != route && (!wild || !strings.HasPrefix(route, prefix)) {
			continue
		}
		if f.Times == 0 || (f.Where != nil && !f.Where(r)) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		return f
	}
	return nil
}

// hides tells whether the fake's own answer is kept from the client.
func (f *Fault) hides() bool {
	switch f.Kind {
	case DropAfter, Truncate, Cut, HTML, RefuseAfter:
		return true
	case Refuse, DropBefore, Delay:
		return false
	}
	return false
}

// drops tells whether the client gets no answer at all.
func (f *Fault) drops() bool { return f.Kind == DropBefore || f.Kind == DropAfter }

// serve lets the fault happen.
func (f *Fault) serve(w *tapWriter, r *http.Request, inner http.Handler) {
	if f.hides() {
		inner.ServeHTTP(w, r)
		w.finish()
	}
	switch f.Kind {
	case Refuse, RefuseAfter:
		f.answer(w)
	case DropBefore, DropAfter:
		panic(http.ErrAbortHandler)
	case Truncate, Cut:
		f.half(w)
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Del("Content-Length")
		w.ResponseWriter.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w.ResponseWriter, "<!DOCTYPE html><html><body>The server is starting.</body></html>")
	case Delay:
		timer := time.NewTimer(f.Wait)
		defer timer.Stop()
		select {
		case <-timer.C:
			inner.ServeHTTP(w, r)
			w.finish()
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}
}

func (f *Fault) answer(w *tapWriter) {
	for name := range w.Header() {
		delete(w.Header(), name)
	}
	for name, values := range f.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	if w.Header().Get("Content-Type") == "" && strings.HasPrefix(f.Body, "{") {
		w.Header().Set("Content-Type", "application/json")
	}
	if w.status == 0 {
		w.status, w.header = f.Status, w.Header().Clone()
	}
	w.ResponseWriter.WriteHeader(f.Status)
	_, _ = io.WriteString(w.ResponseWriter, f.Body)
}

// half sends half of what the fake answered.
func (f *Fault) half(w *tapWriter) {
	whole := w.body.payload().Bytes
	part := whole[:len(whole)/2]
	if f.Kind == Cut {
		w.Header().Set("Content-Length", strconv.Itoa(len(part)))
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
	}
	w.ResponseWriter.WriteHeader(w.status)
	_, _ = w.ResponseWriter.Write(part)
	if f.Kind == Truncate {
		_ = http.NewResponseController(w.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
}
