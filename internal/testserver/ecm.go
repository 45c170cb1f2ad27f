package testserver

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// ECMOptions are the settings of a fake. The zero value is a server with one
// user and the volumes, which answers in the shapes seen at real servers.
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
	// MultiClass lets a node bear several RM classifications.
	MultiClass bool
	// ApprovalEnabled keeps stages that nobody approved out of dispositions.
	ApprovalEnabled bool
	// RejectComment wants a comment with every rejected disposition.
	RejectComment bool
	// SpecShapes answers in the shapes of the published descriptions where those
	// seen at real servers differ.
	SpecShapes bool
	// RequestIDs adds a request id to error bodies, as newer servers do.
	RequestIDs bool
	// Missing lists routes, by the fake's own names, that this version of the
	// server does not have.
	Missing []string
	// SerialHolds refuses a hold write that comes while another one runs.
	SerialHolds bool
	// QueueDelay is how long queued work waits: queues, disposition searches and
	// actions, user holds.
	QueueDelay time.Duration
	// BulkDelay is how long the bulk operations of Records Management wait.
	BulkDelay time.Duration
	// IndexLag is how long the search index lags behind a node's last change.
	IndexLag time.Duration
	// MinUpload, MaxUpload and PartSize bound uploads in parts; by default
	// 100 MiB, 3 470 MiB and 8 MiB. UploadLifetime ends an upload's session, by
	// default after a day.
	MinUpload, MaxUpload, PartSize int64
	UploadLifetime                 time.Duration
	// Dir keeps contents above 64 KiB; by default a temporary folder.
	Dir string
	// Clock is the fake's time. By default it is the machine's.
	Clock *Clock
}

func (o *ECMOptions) fill() {
	fill := func(s *string, fallback string) {
		if *s == "" {
			*s = fallback
		}
	}
	fill(&o.Base, "/otcs/cs.exe")
	fill(&o.User, "svc-dam")
	fill(&o.Password, "svc-dam-password")
	number := func(n *int64, fallback int64) {
		if *n == 0 {
			*n = fallback
		}
	}
	number(&o.MinUpload, 104857600)
	number(&o.MaxUpload, 3638558720)
	number(&o.PartSize, 8<<20)
	if o.TicketLifetime == 0 {
		o.TicketLifetime = 30 * time.Minute
	}
	if o.UploadLifetime == 0 {
		o.UploadLifetime = 24 * time.Hour
	}
	if o.Clock == nil {
		o.Clock = &Clock{}
	}
}

// ECM is a fake Content Server with Records Management and its directory
// services. It is safe for concurrent use.
//
// Routes bear the vendor's template as name, such as "POST /v2/nodes".
//
// What no source tells, it decides like this: a hold on a node, or on a
// container above it, forbids to delete, move, change or dispose of it, and so
// does a final record; a destroyed node bypasses the recycle bin; a bulk
// operation leaves out what it may not touch, without a word; a hold that a
// node has already cannot be applied to it again; a confidential node is seen
// by its owner and by the first user only.
type ECM struct {
	*Tap
	options ECMOptions
	blobs   *Blobs
	mux     *http.ServeMux
	lane    chan struct{}
	known   []string
	closers []io.Closer

	mu    sync.Mutex
	state ecmState
	tree  ecmTree
}

// The nodes that every server has.
const (
	enterpriseID   = 2000
	categoriesID   = 2006
	classVolumeID  = 2046
	recordsID      = 2050
	holdsID        = 2051
	rsisID         = 2052
	dispositionsID = 2053
	workspacesID   = 2060
	// defaultGroup is the group of every node without one of its own.
	defaultGroup = 1001
)

// NewECM makes a fake with its volumes and one user.
func NewECM(o ECMOptions) (*ECM, error) {
	o.fill()
	blobs, err := NewBlobs(o.Dir)
	if err != nil {
		return nil, err
	}
	e := &ECM{options: o, blobs: blobs, lane: make(chan struct{}, 1)}
	e.state = ecmState{
		Next: 41000, Nodes: map[int64]*ecmNode{}, Users: map[string]*ECMUser{}, Holds: map[int64]*ecmHold{}, Tickets: map[string]ecmLogin{},
		Numbers: map[string]int64{"hold": 12, "rsi": 100, "schedule": 500, "type": 0, "group": 3000},
		Codes:   standardCodes(), Events: map[string]time.Time{}, Uploads: map[string]*ecmUpload{}, Recent: map[string][]int64{},
		Index: map[int64]ecmIndexed{}, Settings: map[string]string{},
	}
	for _, v := range []struct {
		id, parent int64
		kind       int
		name       string
	}{
		{enterpriseID, -1, 141, "Enterprise"},
		{2003, -1, 142, "Personal Workspace"},
		{categoriesID, -1, 133, "Categories"},
		{classVolumeID, -1, 198, "Classifications"},
		{recordsID, -1, 550, "Records Management"},
		{workspacesID, -1, 862, "Business Workspaces"},
		{holdsID, recordsID, 552, "Hold Maintenance"},
		{rsisID, recordsID, 553, "RSI Maintenance"},
		{dispositionsID, recordsID, 554, "Dispositions"},
	} {
		e.state.Nodes[v.id] = &ecmNode{ID: v.id, Parent: v.parent, Type: v.kind, Name: v.name, Created: e.now(), Modified: e.now(), Owner: 1000}
	}
	e.regrow()
	e.AddUser(ECMUser{Name: o.User, Password: o.Password, Admin: true})
	e.routes()
	e.Tap = NewTap(http.HandlerFunc(e.serve), e.route, o.Clock.Now)
	if err := e.recordTraffic(); err != nil {
		return nil, err
	}
	return e, nil
}

// Options returns the settings with all defaults filled in.
func (e *ECM) Options() ECMOptions { return e.options }

// Close removes temporary files. What is asked of the fake afterwards is no
// traffic.
func (e *ECM) Close() error {
	if e.traffics() {
		e.settle()
		e.WriteTraffic(nil)
	}
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

func (e *ECM) missing(route string) bool { return slices.Contains(e.options.Missing, route) }

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
