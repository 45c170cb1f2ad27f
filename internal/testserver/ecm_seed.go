package testserver

import (
	"bytes"
	"slices"
	"time"
)

// ECMAttribute defines an attribute of a category.
type ECMAttribute struct {
	// ID is the attribute's number within the category, from 2.
	ID    int    `json:"id"`
	Label string `json:"label"`
	// Type is "string", "integer", "date", "boolean", "user" or "set".
	Type      string `json:"type"`
	MaxLength int    `json:"max_length,omitempty"`
	Multi     bool   `json:"multi,omitempty"`
	Required  bool   `json:"required,omitempty"`
	ReadOnly  bool   `json:"read_only,omitempty"`
	// Default is the value that it begins with.
	Default string `json:"default,omitempty"`
	// Choices, if any, are the only values that it takes.
	Choices []string `json:"choices,omitempty"`
	// Attributes are those of a set; Rows is how many rows it may have, by
	// default 50.
	Attributes []ECMAttribute `json:"attributes,omitempty"`
	Rows       int            `json:"rows,omitempty"`
}

// ECMXrefType is a pair of cross-reference codes.
type ECMXrefType struct {
	Type        string `json:"type"`
	Description string `json:"description"`
	Related     string `json:"related"`
	RelatedText string `json:"related_text"`
	Hold        int64  `json:"hold"`
}

// AddUser adds a user and returns the user's id.
func (e *ECM) AddUser(u ECMUser) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if u.ID == 0 {
		u.ID = 1000
		for _, other := range e.state.Users {
			u.ID = max(u.ID, other.ID+1)
		}
		if u.ID == defaultGroup {
			u.ID++
		}
	}
	e.state.Users[u.Name] = &u
	return u.ID
}

// Imported counts the exports that a route, by the fake's own name, has taken.
func (e *ECM) Imported(route string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state.Imports[importKinds[route]]
}

// NewTicket logs a user in without a request, for clients that bring a ticket
// or token of their own.
func (e *ECM) NewTicket(user string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	ticket, _ := e.newTicket(user)
	return ticket
}

// Deny takes exactly these privileges from a user, as an administrator would:
// audit, classify, create, delete, dispose, finalize, hold, recyclebin, rsi.
func (e *ECM) Deny(name string, privileges ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if u := e.state.Users[name]; u != nil {
		u.Denied = privileges
	}
}

// AddGroup adds a group of users and returns its id.
func (e *ECM) AddGroup(name string, members ...int64) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	g := &ecmGroup{ID: e.number("group"), Name: name, Members: members}
	e.state.Groups = append(e.state.Groups, g)
	return g.ID
}

// AddFolder adds a folder.
func (e *ECM) AddFolder(parent int64, name string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.add(&ecmNode{Parent: parent, Type: 0, Name: name})
}

// AddDocument adds a document that no client has uploaded.
func (e *ECM) AddDocument(parent int64, name string, content []byte) (int64, error) {
	blob, err := e.blobs.Put(bytes.NewReader(content))
	if err != nil {
		return 0, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	n := &ecmNode{Parent: parent, Type: 144, Name: name}
	n.Versions = []ecmVersion{{Number: 1, Blob: blob, FileName: name, MediaType: "application/octet-stream", Created: e.now()}}
	return e.add(n), nil
}

// AddCategory adds a category definition.
func (e *ECM) AddCategory(name string, attributes ...ECMAttribute) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	numberAttributes(attributes, 2)
	return e.add(&ecmNode{Parent: categoriesID, Type: 131, Name: name, Attributes: attributes})
}

// numberAttributes fills numbers and types in; it returns the next number.
func numberAttributes(list []ECMAttribute, next int) int {
	for i := range list {
		if list[i].ID == 0 {
			list[i].ID = next
		}
		next = max(next, list[i].ID) + 1
		if list[i].Type == "" {
			list[i].Type = "string"
		}
		if list[i].Type == "set" {
			if list[i].Rows == 0 {
				list[i].Rows = 50
			}
			next = numberAttributes(list[i].Attributes, next)
		}
	}
	return next
}

// AddRMClassification adds an RM classification that brings these RSIs.
func (e *ECM) AddRMClassification(name string, rsis ...string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.add(&ecmNode{Parent: classVolumeID, Type: 551, Name: name, RSIs: rsis})
}

// Declare makes a node a record of an RM classification, which brings its
// first RSI, as if it had been one from its creation.
func (e *ECM) Declare(node, class int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := &ecmCall{e: e, user: e.state.Users[e.options.User]}
	n := e.state.Nodes[node]
	n.Record = c.declared(n, e.state.Nodes[class])
	n.RecordToken++
	c.audit(n, "Classification Applied")
}

// AddClassification adds a standard classification, which declares nothing.
func (e *ECM) AddClassification(name string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.add(&ecmNode{Parent: classVolumeID, Type: 199, Name: name})
}

// SetRSIs changes which RSIs an RM classification brings.
func (e *ECM) SetRSIs(class int64, rsis ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Nodes[class].RSIs = rsis
}

// AddXrefType adds a pair of cross-reference codes.
func (e *ECM) AddXrefType(x ECMXrefType) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Xrefs = append(e.state.Xrefs, x)
}

// AddHold adds a hold and puts it on nodes.
func (e *ECM) AddHold(name, kind string, nodes ...int64) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := &ecmHold{ID: e.number("hold"), Name: name, Type: kind, Active: true, Applied: e.now().Format(time.DateOnly), Patron: e.options.User}
	e.state.Holds[h.ID] = h
	for _, id := range nodes {
		e.state.Nodes[id].hold(h.ID, ecmHeld{By: e.options.User, At: e.now()})
	}
	return h.ID
}

// AddHoldGroup adds a group of holds.
func (e *ECM) AddHoldGroup(name string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.add(&ecmNode{Parent: holdsID, Type: 833, Name: name})
}

// AddCode adds a code to one of the lists of Records Management, by the list's
// name in the answers: "hold_type", "status", "essential", "storage" and so on.
func (e *ECM) AddCode(list, code, description string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Codes[list] = append(slices.DeleteFunc(e.state.Codes[list], func(c ecmCode) bool { return c.Code == code }), ecmCode{Code: code, Text: description})
}

// AddClearance adds a security clearance level.
func (e *ECM) AddClearance(level int64, name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Levels = append(e.state.Levels, ecmLevel{Level: level, Name: name, Text: name})
}

// AddMarking adds a supplemental marking.
func (e *ECM) AddMarking(code, description string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Markings = append(e.state.Markings, ecmMarking{Code: code, Text: description})
}

// MeetEvent tells that the condition of event based stages came true, at the
// fake's own time.
func (e *ECM) MeetEvent(condition string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Events[condition] = e.now()
}

// Change lets a test, or a person in the story of a test, act on the server
// behind the clients' backs: rename, move or delete a node.
func (e *ECM) Change(id int64, change func(name *string, parent *int64, deleted *bool)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.state.Nodes[id]
	e.unlink(n)
	change(&n.Name, &n.Parent, &n.Deleted)
	if n.Deleted && n.DeletedAt.IsZero() {
		n.DeletedAt = e.now()
	}
	n.Modified = e.now()
	e.link(n)
}

// ExpireTickets ends every session.
func (e *ECM) ExpireTickets() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Tickets = map[string]ecmLogin{}
}
