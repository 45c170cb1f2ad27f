package sminttest

import (
	"net/http"
	"time"

	"github.com/smintecm/sdk/internal/testserver"
)

// FaultKind says what goes wrong.
type FaultKind int

// The kinds of fault.
const (
	// Refuse answers Status, Header and Body, and the server sees nothing.
	Refuse FaultKind = iota
	// DropBefore closes the connection before the server sees the request.
	DropBefore
	// DropAfter lets the server do its work and closes the connection instead
	// of answering.
	DropAfter
	// Truncate closes the connection in the middle of the answer.
	Truncate
	// HTML does the work and answers 200 with a page of HTML.
	HTML
	// Delay waits before it serves.
	Delay
)

var kinds = map[FaultKind]testserver.FaultKind{
	Refuse: testserver.Refuse, DropBefore: testserver.DropBefore, DropAfter: testserver.DropAfter, Truncate: testserver.Truncate,
	HTML: testserver.HTML, Delay: testserver.Delay,
}

// Fault is something that goes wrong, as data.
type Fault struct {
	// Route is the operation, as "POST /connect/token" or "GET
	// /consumer/v1/sync/licensePurchaseTransactions"; a trailing "*" stands for
	// anything, empty means every request.
	Route string
	// Skip lets that many requests pass first. Times is how often it happens: 0
	// means once, below zero always.
	Skip, Times int
	Kind        FaultKind
	Status      int
	Header      http.Header
	Body        string
	Wait        time.Duration
}

// Fail makes a fault happen.
func (s *Server) Fail(f Fault) {
	s.fake.Fail(testserver.Fault{
		Route: f.Route, Skip: f.Skip, Times: f.Times, Kind: kinds[f.Kind], Status: f.Status, Header: f.Header, Body: f.Body, Wait: f.Wait,
	})
}

// Heal drops all faults that have not happened yet.
func (s *Server) Heal() { s.fake.Heal() }

// Count tells how many requests came for an operation, or for all whose name
// begins as a route with a trailing "*".
func (s *Server) Count(route string) int { return s.fake.Count(route) }
