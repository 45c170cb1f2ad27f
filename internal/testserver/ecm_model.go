package testserver

import (
	"strings"
	"time"
)

// ecmState is everything that lasts.
type ecmState struct {
	Next  int64              `json:"next"`
	Nodes map[int64]*ecmNode `json:"nodes"`
	// Numbers count what is no node: holds, RSIs, schedules, tasks.
	Numbers   map[string]int64         `json:"numbers"`
	Users     map[string]*ECMUser      `json:"users"`
	Groups    []*ecmGroup              `json:"groups"`
	RSIs      []*ECMRSI                `json:"rsis"`
	Xrefs     []ECMXrefType            `json:"xrefs"`
	Holds     map[int64]*ecmHold       `json:"holds"`
	Codes     map[string][]ecmCode     `json:"codes"`
	Events    map[string]time.Time     `json:"events"`
	Levels    []ecmLevel               `json:"levels"`
	Markings  []ecmMarking             `json:"markings"`
	Jobs      []*ecmJob                `json:"jobs"`
	Uploads   map[string]*ecmUpload    `json:"uploads"`
	Types     []*ECMWorkspaceType      `json:"types"`
	Recent    map[string][]int64       `json:"recent"`
	Index     map[int64]ecmIndexed     `json:"index"`
	Settings  map[string]string        `json:"settings"`
	Tickets   map[string]ecmLogin      `json:"tickets"`
	Serial    int64                    `json:"serial"`
	Imports   map[string]int           `json:"imports"`
	Snapshots map[int64][]*ecmSnapshot `json:"snapshots"`
}

// ECMUser is a user and what the user may see and do.
type ECMUser struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Password string `json:"password"`
	// Admin lets the user see and do everything, whatever the other rules say.
	Admin bool `json:"admin,omitempty"`
	// Roots are the nodes below which the user sees anything, beside volumes,
	// categories and classifications. None: everything.
	Roots []int64 `json:"roots,omitempty"`
	// Denied lists actions that the user may not do: "classify", "finalize",
	// "create", "delete", "hold", "dispose", "rsi", "audit", "recyclebin".
	Denied []string `json:"denied,omitempty"`
	// Clearance and Markings open what is protected by them.
	Clearance int64    `json:"clearance,omitempty"`
	Markings  []string `json:"markings,omitempty"`
}

type ecmGroup struct {
	ID      int64   `json:"id"`
	Name    string  `json:"name"`
	Members []int64 `json:"members"`
}

type ecmLogin struct {
	User    string    `json:"user"`
	Expires time.Time `json:"expires"`
}

// ecmNode is a node of the tree.
type ecmNode struct {
	ID          int64                    `json:"id"`
	Parent      int64                    `json:"parent"`
	Type        int                      `json:"type"`
	Name        string                   `json:"name"`
	Description string                   `json:"description"`
	Created     time.Time                `json:"created"`
	Modified    time.Time                `json:"modified"`
	Owner       int64                    `json:"owner"`
	External    map[string]any           `json:"external,omitempty"`
	Versions    []ecmVersion             `json:"versions,omitempty"`
	NextVersion int                      `json:"next_version,omitempty"`
	Categories  map[int64]map[string]any `json:"categories,omitempty"`
	Inherit     map[int64]bool           `json:"inherit,omitempty"`
	Record      *ecmRecord               `json:"record,omitempty"`
	Token       int64                    `json:"token"`
	RecordToken int64                    `json:"record_token,omitempty"`
	Holds       map[int64]ecmHeld        `json:"holds,omitempty"`
	Xrefs       []ecmXref                `json:"xrefs,omitempty"`
	Classes     []int64                  `json:"classes,omitempty"`
	Reserved    *ecmReservation          `json:"reserved,omitempty"`
	Access      *ecmAccess               `json:"access,omitempty"`
	Clearance   int64                    `json:"clearance,omitempty"`
	Markings    []string                 `json:"markings,omitempty"`
	Nickname    string                   `json:"nickname,omitempty"`
	Audit       []ecmAudit               `json:"audit,omitempty"`
	Deleted     bool                     `json:"deleted,omitempty"`
	// Destroyed tells that a disposition removed the node for good.
	Destroyed bool      `json:"destroyed,omitempty"`
	DeletedAt time.Time `json:"deleted_at,omitzero"`
	DeletedBy int64     `json:"deleted_by,omitempty"`
	// Of a category and of an RM classification.
	Attributes []ECMAttribute `json:"attributes,omitempty"`
	RSIs       []string       `json:"rsis,omitempty"`
	// Of a disposition search and of a business workspace.
	Search    *ecmSearch    `json:"search,omitempty"`
	Workspace *ecmWorkspace `json:"workspace,omitempty"`
}

type ecmReservation struct {
	User int64     `json:"user"`
	At   time.Time `json:"at"`
}

type ecmVersion struct {
	Number      int                     `json:"number"`
	Blob        Blob                    `json:"blob"`
	FileName    string                  `json:"file_name"`
	MediaType   string                  `json:"media_type"`
	Description string                  `json:"description"`
	Created     time.Time               `json:"created"`
	Locked      int64                   `json:"locked,omitempty"`
	Major       bool                    `json:"major,omitempty"`
	Renditions  map[string]ecmRendition `json:"renditions,omitempty"`
}

type ecmRendition struct {
	Blob      Blob      `json:"blob"`
	FileName  string    `json:"file_name"`
	MediaType string    `json:"media_type"`
	Created   time.Time `json:"created"`
}

// ecmTree finds children and names without looking at every node.
type ecmTree struct {
	kids  map[int64]map[int64]struct{}
	names map[ecmPlace]int64
}

type ecmPlace struct {
	parent int64
	name   string
}

func placeOf(parent int64, name string) ecmPlace { return ecmPlace{parent, strings.ToLower(name)} }

// regrow builds the tree from the nodes.
func (e *ECM) regrow() {
	e.tree = ecmTree{kids: map[int64]map[int64]struct{}{}, names: map[ecmPlace]int64{}}
	for _, n := range e.state.Nodes {
		e.link(n)
	}
}

// link and unlink stand around every change of a node's place, name or life.
func (e *ECM) link(n *ecmNode) {
	if n.Deleted {
		return
	}
	if e.tree.kids[n.Parent] == nil {
		e.tree.kids[n.Parent] = map[int64]struct{}{}
	}
	e.tree.kids[n.Parent][n.ID] = struct{}{}
	e.tree.names[placeOf(n.Parent, n.Name)] = n.ID
}

func (e *ECM) unlink(n *ecmNode) {
	delete(e.tree.kids[n.Parent], n.ID)
	if place := placeOf(n.Parent, n.Name); e.tree.names[place] == n.ID {
		delete(e.tree.names, place)
	}
}

// children are the nodes directly below, in no order.
func (e *ECM) children(parent int64) []*ecmNode {
	list := make([]*ecmNode, 0, len(e.tree.kids[parent]))
	for id := range e.tree.kids[parent] {
		list = append(list, e.state.Nodes[id])
	}
	return list
}

// below calls f for a node and all that stands in it.
func (e *ECM) below(n *ecmNode, f func(*ecmNode)) {
	f(n)
	for _, child := range e.children(n.ID) {
		e.below(child, f)
	}
}

// gone tells that a node, or something above it, is deleted.
func (e *ECM) gone(n *ecmNode) bool {
	for at := n; at != nil; at = e.state.Nodes[at.Parent] {
		if at.Deleted {
			return true
		}
	}
	return false
}

// number counts what is no node.
func (e *ECM) number(kind string) int64 {
	e.state.Numbers[kind]++
	return e.state.Numbers[kind]
}

// add gives a new node its number and place. The lock is held.
func (e *ECM) add(n *ecmNode) int64 {
	e.state.Next++
	n.ID, n.Created, n.Token = e.state.Next, e.now(), 1
	n.Modified = n.Created
	if n.Owner == 0 {
		n.Owner = 1000
	}
	if parent := e.state.Nodes[n.Parent]; parent != nil && n.Access == nil {
		n.Access = parent.Access.clone()
	}
	e.state.Nodes[n.ID] = n
	e.link(n)
	return n.ID
}
