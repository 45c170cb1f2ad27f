package testserver

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ECMNode is what the fake holds of a node, for inspection.
type ECMNode struct {
	ID, Parent       int64
	Type             int
	Name             string
	Versions         int
	Size             int64
	SHA256           string
	FileName         string
	Class            int64
	RSI              string
	Final            bool
	Official         bool
	Confidential     bool
	Deleted          bool
	Destroyed        bool
	Values           map[string]any
	Xrefs            []string
	Holds            []int64
	FileStatus       string
	VersionsSHA256   []string
	VersionFileNames []string
}

// Nodes returns all nodes, those in the recycle bin included, by id.
func (e *ECM) Nodes() []ECMNode {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := make([]ECMNode, 0, len(e.state.Nodes))
	for _, n := range e.state.Nodes {
		list = append(list, n.inspect())
	}
	slices.SortFunc(list, func(a, b ECMNode) int { return int(a.ID - b.ID) })
	return list
}

// Documents returns the documents that are not deleted, by id.
func (e *ECM) Documents() []ECMNode {
	return slices.DeleteFunc(e.Nodes(), func(n ECMNode) bool { return n.Type != 144 || n.Deleted })
}

// CountNamed tells how many nodes that are not deleted bear a name.
func (e *ECM) CountNamed(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	count := 0
	for _, n := range e.state.Nodes {
		if n.Name == name && !n.Deleted {
			count++
		}
	}
	return count
}

// Node returns one node.
func (e *ECM) Node(id int64) (ECMNode, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.state.Nodes[id]
	if n == nil {
		return ECMNode{}, false
	}
	return n.inspect(), true
}

func (n *ecmNode) inspect() ECMNode {
	out := ECMNode{
		ID: n.ID, Parent: n.Parent, Type: n.Type, Name: n.Name, Versions: len(n.Versions), Deleted: n.Deleted, Destroyed: n.Destroyed,
		Holds: sortedKeys(n.Holds), Values: map[string]any{},
	}
	for _, v := range n.Versions {
		out.Size, out.SHA256, out.FileName = v.Blob.Size, v.Blob.SHA256, v.FileName
		out.VersionsSHA256 = append(out.VersionsSHA256, v.Blob.SHA256)
		out.VersionFileNames = append(out.VersionFileNames, v.FileName)
	}
	if r := n.Record; r != nil {
		out.Class, out.RSI, out.Final, out.FileStatus, out.Official, out.Confidential = r.Class, r.RSI, r.Final, r.FileStatus, r.Official, r.Confidential
	}
	for _, values := range n.Categories {
		for k, v := range values {
			out.Values[k] = v
		}
	}
	for _, x := range n.Xrefs {
		out.Xrefs = append(out.Xrefs, x.Type+" "+strconv.FormatInt(x.To, 10))
	}
	return out
}

// ContentSHA256 is the digest of a document's newest content, in lower case
// hex; empty if there is none.
func (e *ECM) ContentSHA256(id int64) string {
	n, _ := e.Node(id)
	return n.SHA256
}

// OpenContent opens the newest content of a document.
func (e *ECM) OpenContent(id int64) (io.ReadCloser, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.state.Nodes[id]
	if n == nil || len(n.Versions) == 0 {
		return nil, fmt.Errorf("testserver: node %d has no content", id)
	}
	return e.blobs.Open(n.newest().Blob)
}

// Corrupt changes a document's newest content, as a failing disk would.
func (e *ECM) Corrupt(id int64, mutate func(content []byte) []byte) error {
	rc, err := e.OpenContent(id)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(rc)
	_ = rc.Close()
	if err != nil {
		return err
	}
	blob, err := e.blobs.Put(bytes.NewReader(mutate(content)))
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Nodes[id].newest().Blob = blob
	return nil
}

// Routes are the fake's own names of all its routes.
func (e *ECM) Routes() []string {
	list := slices.Clone(e.known)
	slices.SortFunc(list, func(a, b string) int {
		_, x, _ := strings.Cut(a, " ")
		_, y, _ := strings.Cut(b, " ")
		return strings.Compare(x+a, y+b)
	})
	return list
}
