package ecmtest

import (
	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// AddDocument adds a document that no client has uploaded.
func (s *Server) AddDocument(parent ecm.NodeID, name string, content []byte) (ecm.NodeID, error) {
	id, err := s.fake.AddDocument(int64(parent), name, content)
	return ecm.NodeID(id), err
}

// Declare makes a node a record of an RM classification, which brings its
// first RSI.
func (s *Server) Declare(node, class ecm.NodeID) { s.fake.Declare(int64(node), int64(class)) }

// AddCode adds a code to one of the lists of Records Management, by the list's
// name in the answers: "hold_type", "status", "essential" and so on. A new
// server has "LEGAL" as hold type and "ACTIVE" as status.
func (s *Server) AddCode(list, code, description string) { s.fake.AddCode(list, code, description) }

// AddDispositionSearch adds a saved disposition search over records of these
// RSIs below a container; none and 0 mean any.
func (s *Server) AddDispositionSearch(name string, below ecm.NodeID, rsis ...string) ecm.NodeID {
	return ecm.NodeID(s.fake.AddDispositionSearch(name, testserver.ECMDispositionSearch{RSIs: rsis, Below: int64(below)}))
}

// RunDispositionSearch runs a search at once and returns the snapshot's date
// as paths want it, such as "2026-02-01:00:00:00".
func (s *Server) RunDispositionSearch(search ecm.NodeID) string {
	return s.fake.RunDispositionSearch(int64(search))
}
