package testserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ECMOptions are the settings of a fake. The zero value is a server with one
// user and the volumes.
type ECMOptions struct {
	// Base is the CGI path, by default "/otcs/cs.exe".
	Base string
	// User and Password log the first user in, who may do everything.
	User, Password string
	// TicketLifetime is the life of a ticket, by default half an hour.
	TicketLifetime time.Duration
	// RotateTickets puts a new ticket on every answer; the old one ends with the
	// next login or its own time.
	RotateTickets bool
	// EmptyPages answers a page beyond the end with nothing. By default it is
	// the last page again, as seen at real servers.
	EmptyPages bool
	// OpenAttributes lets the attributes of final records be changed.
	OpenAttributes bool
	// TokenOnFirst refuses a first classification without a token.
	TokenOnFirst bool
	// Dir keeps contents above 64 KiB; by default a temporary folder.
	Dir string
	// Clock is the fake's time. By default it is the machine's.
	Clock *Clock
}

// ECM is a fake Content Server with Records Management and its directory
// services. It is safe for concurrent use.
//
// Routes bear the vendor's template as name, such as "POST /v2/nodes".
type ECM struct {
	*Tap
	options ECMOptions
	blobs   *Blobs
	mux     *http.ServeMux
	closers []io.Closer

	mu    sync.Mutex
	state ecmState
}

// ecmState is everything that lasts.
type ecmState struct {
	Next    int64               `json:"next"`
	Nodes   map[int64]*ecmNode  `json:"nodes"`
	Users   map[string]*ECMUser `json:"users"`
	RSIs    []*ECMRSI           `json:"rsis"`
	Xrefs   []ECMXrefType       `json:"xrefs"`
	Holds   map[int64]*ecmHold  `json:"holds"`
	Tickets map[string]ecmLogin `json:"tickets"`
	Serial  int64               `json:"serial"`
}

// ECMUser is a user and what the user may see and do.
type ECMUser struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Password string `json:"password"`
	// Roots are the nodes below which the user sees anything, beside volumes,
	// categories and classifications. None: everything.
	Roots []int64 `json:"roots,omitempty"`
	// Denied lists actions that the user may not do: "classify", "finalize",
	// "create", "delete".
	Denied []string `json:"denied,omitempty"`
}

type ecmLogin struct {
	User    string    `json:"user"`
	Expires time.Time `json:"expires"`
}

// ECMAttribute defines an attribute of a category.
type ECMAttribute struct {
	// ID is the attribute's number within the category, from 2.
	ID    int    `json:"id"`
	Label string `json:"label"`
	// Type is "string", "integer", "date" or "boolean".
	Type      string `json:"type"`
	MaxLength int    `json:"max_length,omitempty"`
	Multi     bool   `json:"multi,omitempty"`
	Required  bool   `json:"required,omitempty"`
}

// ECMRSI is a record series identifier with one schedule stage.
type ECMRSI struct {
	ID    int64  `json:"id"`
	Name  string `json:"name"`
	Title string `json:"title"`
	Stage string `json:"stage"`
	// Years, Months and Days after DateToUse ("create" or "record") the Action
	// falls due.
	Years     int    `json:"years"`
	Months    int    `json:"months"`
	Days      int    `json:"days"`
	DateToUse string `json:"date_to_use"`
	Action    int    `json:"action"`
	Permanent bool   `json:"permanent"`
}

// ECMXrefType is a pair of cross-reference codes.
type ECMXrefType struct {
	Type        string `json:"type"`
	Description string `json:"description"`
	Related     string `json:"related"`
}

type ecmHold struct {
	ID      int64     `json:"id"`
	Name    string    `json:"name"`
	Type    string    `json:"type"`
	Comment string    `json:"comment"`
	Active  bool      `json:"active"`
	Applied time.Time `json:"applied"`
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
	Categories  map[int64]map[string]any `json:"categories,omitempty"`
	Record      *ecmRecord               `json:"record,omitempty"`
	Token       int64                    `json:"token"`
	Holds       map[int64]string         `json:"holds,omitempty"`
	Xrefs       []ecmXref                `json:"xrefs,omitempty"`
	Deleted     bool                     `json:"deleted,omitempty"`
	// Of a category and of an RM classification.
	Attributes []ECMAttribute `json:"attributes,omitempty"`
	RSIs       []string       `json:"rsis,omitempty"`
}

type ecmVersion struct {
	Number      int       `json:"number"`
	Blob        Blob      `json:"blob"`
	FileName    string    `json:"file_name"`
	MediaType   string    `json:"media_type"`
	Description string    `json:"description"`
	Created     time.Time `json:"created"`
}

type ecmXref struct {
	Type    string `json:"type"`
	Related string `json:"related"`
	To      int64  `json:"to"`
	Comment string `json:"comment"`
}

// NewECM makes a fake with its volumes and one user.
func NewECM(o ECMOptions) (*ECM, error) {
	fill := func(s *string, fallback string) {
		if *s == "" {
			*s = fallback
		}
	}
	fill(&o.Base, "/otcs/cs.exe")
	fill(&o.User, "svc-dam")
	fill(&o.Password, "svc-dam-password")
	if o.TicketLifetime == 0 {
		o.TicketLifetime = 30 * time.Minute
	}
	if o.Clock == nil {
		o.Clock = &Clock{}
	}
	blobs, err := NewBlobs(o.Dir)
	if err != nil {
		return nil, err
	}
	e := &ECM{options: o, blobs: blobs}
	e.state = ecmState{
		Next: 41000, Nodes: map[int64]*ecmNode{}, Users: map[string]*ECMUser{}, Holds: map[int64]*ecmHold{}, Tickets: map[string]ecmLogin{},
	}
	for _, v := range []struct {
		id   int64
		kind int
		name string
	}{{2000, 141, "Enterprise"}, {2003, 142, "Personal Workspace"}, {2006, 133, "Categories"}, {2046, 198, "Classifications"}, {2050, 550, "Records Management"}, {2060, 862, "Business Workspaces"}} {
		e.state.Nodes[v.id] = &ecmNode{ID: v.id, Parent: -1, Type: v.kind, Name: v.name, Created: o.Clock.Now().UTC().Truncate(time.Second), Owner: 1000}
	}
	e.AddUser(ECMUser{Name: o.User, Password: o.Password})
	e.routes()
	e.Tap = NewTap(http.HandlerFunc(e.serve), e.route, o.Clock.Now)
	if err := e.recordTraffic(); err != nil {
		return nil, err
	}
	return e, nil
}

// Options returns the settings with all defaults filled in.
func (e *ECM) Options() ECMOptions { return e.options }

// Close removes temporary files.
func (e *ECM) Close() error {
	var errs []error
	for _, c := range e.closers {
		errs = append(errs, c.Close())
	}
	return errors.Join(append(errs, e.blobs.Close())...)
}

// Transport reaches the fake within the process, at any host.
func (e *ECM) Transport() http.RoundTripper { return Transport(e.Tap) }

// Serve serves the fake at a loopback address; the URL goes up to the CGI path.
func (e *ECM) Serve() (url string, stop func()) {
	url, stop = Serve(e.Tap)
	return url + e.options.Base, stop
}

func (e *ECM) now() time.Time { return e.options.Clock.Now().UTC().Truncate(time.Second) }

// newID is called with the lock held.
func (e *ECM) newID() int64 {
	e.state.Next++
	return e.state.Next
}

func (e *ECM) add(n *ecmNode) int64 {
	n.ID, n.Created, n.Token = e.newID(), e.now(), 1
	n.Modified = n.Created
	if n.Owner == 0 {
		n.Owner = 1000
	}
	e.state.Nodes[n.ID] = n
	return n.ID
}

// AddUser adds a user and returns the user's id.
func (e *ECM) AddUser(u ECMUser) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if u.ID == 0 {
		u.ID = 1000 + int64(len(e.state.Users))
	}
	e.state.Users[u.Name] = &u
	return u.ID
}

// AddFolder adds a folder.
func (e *ECM) AddFolder(parent int64, name string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.add(&ecmNode{Parent: parent, Type: 0, Name: name})
}

// AddDocument adds a document that no client has uploaded.
func (e *ECM) AddDocument(parent int64, name string, content []byte) (int64, error) {
	blob, err := e.blobs.Put(strings.NewReader(string(content)))
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
	for i := range attributes {
		if attributes[i].ID == 0 {
			attributes[i].ID = i + 2
		}
		if attributes[i].Type == "" {
			attributes[i].Type = "string"
		}
	}
	return e.add(&ecmNode{Parent: 2006, Type: 131, Name: name, Attributes: attributes})
}

// AddRSI adds a record series identifier.
func (e *ECM) AddRSI(r ECMRSI) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r.ID = e.newID()
	e.state.RSIs = append(e.state.RSIs, &r)
}

// AddRMClassification adds an RM classification that brings these RSIs.
func (e *ECM) AddRMClassification(name string, rsis ...string) int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.add(&ecmNode{Parent: 2046, Type: 551, Name: name, RSIs: rsis})
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
	h := &ecmHold{ID: int64(len(e.state.Holds)) + 13, Name: name, Type: kind, Active: true, Applied: e.now()}
	e.state.Holds[h.ID] = h
	for _, id := range nodes {
		n := e.state.Nodes[id]
		if n.Holds == nil {
			n.Holds = map[int64]string{}
		}
		n.Holds[h.ID] = e.options.User
	}
	return h.ID
}

// SetRSIs changes which RSIs an RM classification brings.
func (e *ECM) SetRSIs(class int64, rsis ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Nodes[class].RSIs = rsis
}

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
	Deleted          bool
	Values           map[string]any
	Xrefs            []string
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
	out := ECMNode{ID: n.ID, Parent: n.Parent, Type: n.Type, Name: n.Name, Versions: len(n.Versions), Deleted: n.Deleted, Values: map[string]any{}}
	for _, v := range n.Versions {
		out.Size, out.SHA256, out.FileName = v.Blob.Size, v.Blob.SHA256, v.FileName
		out.VersionsSHA256 = append(out.VersionsSHA256, v.Blob.SHA256)
		out.VersionFileNames = append(out.VersionFileNames, v.FileName)
	}
	if n.Record != nil {
		out.Class, out.RSI, out.Final, out.FileStatus = n.Record.Class, n.Record.RSI, n.Record.Final, n.Record.FileStatus
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

// OpenContent opens the newest content of a document.
func (e *ECM) OpenContent(id int64) (io.ReadCloser, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.state.Nodes[id]
	if n == nil || len(n.Versions) == 0 {
		return nil, fmt.Errorf("testserver: node %d has no content", id)
	}
	return e.blobs.Open(n.Versions[len(n.Versions)-1].Blob)
}

// Corrupt flips a byte of a document's newest content, as a failing disk
// would.
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
	blob, err := e.blobs.Put(strings.NewReader(string(mutate(content))))
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.state.Nodes[id]
	n.Versions[len(n.Versions)-1].Blob = blob
	return nil
}

// Change lets a test, or a person in the story of a test, act on the server
// behind the clients' backs: rename, move or delete a node.
func (e *ECM) Change(id int64, change func(name *string, parent *int64, deleted *bool)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := e.state.Nodes[id]
	change(&n.Name, &n.Parent, &n.Deleted)
}

// ExpireTickets ends every session.
func (e *ECM) ExpireTickets() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state.Tickets = map[string]ecmLogin{}
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
