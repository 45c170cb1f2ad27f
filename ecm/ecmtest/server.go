package ecmtest

import (
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

// Options are the settings of a fake. The zero value is a server with one
// user, who may do everything.
type Options struct {
	// Dir keeps contents above 64 KiB, and is where Load finds a saved state; by
	// default contents lie in a temporary folder.
	Dir string
	// TicketLifetime is the life of a login ticket, by default half an hour.
	TicketLifetime time.Duration
	// RotateTickets puts a new ticket on every answer.
	RotateTickets bool
	// MinUpload and MaxUpload bound what is taken in parts, in bytes: by default
	// 100 MiB and 3 470 MiB, as seen at a real server. PartSize is by default 8 MiB.
	MinUpload, MaxUpload, PartSize int64
	// OpenAttributes lets the attributes of final records be changed.
	OpenAttributes bool
	// Listen is the address to listen at, by default a free loopback port.
	Listen string
}

// Server is a fake Content Server at a loopback address. It is safe for
// concurrent use.
type Server struct {
	// URL goes up to the CGI path, as ecm.New wants it.
	URL   string
	fake  *testserver.ECM
	clock *testserver.Clock
	stop  func() error
}

// NewServer starts a fake with its volumes: 141 Enterprise, 133 Categories,
// 198 Classifications, 550 Records Management, 862 Business Workspaces. Close
// it after use.
func NewServer(o Options) (*Server, error) { return start(o, testserver.NewECM) }

// Load starts a fake that goes on where the one that Save wrote to dir ended.
// The error matches fs.ErrNotExist if there is none.
func Load(dir string, o Options) (*Server, error) {
	return start(o, func(e testserver.ECMOptions) (*testserver.ECM, error) { return testserver.LoadECM(dir, e) })
}

func start(o Options, make func(testserver.ECMOptions) (*testserver.ECM, error)) (*Server, error) {
	clock := &testserver.Clock{}
	fake, err := make(testserver.ECMOptions{Dir: o.Dir, TicketLifetime: o.TicketLifetime, RotateTickets: o.RotateTickets, OpenAttributes: o.OpenAttributes, Clock: clock, MinUpload: o.MinUpload, MaxUpload: o.MaxUpload, PartSize: o.PartSize})
	if err != nil {
		return nil, err
	}
	url, stop, err := testserver.ServeAt(o.Listen, fake)
	if err != nil {
		_ = fake.Close()
		return nil, err
	}
	return &Server{URL: url + fake.Options().Base, fake: fake, clock: clock, stop: stop}, nil
}

// Close stops the server and removes its temporary files.
func (s *Server) Close() error {
	err := s.stop()
	if closeErr := s.fake.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Credentials are those of the first user.
func (s *Server) Credentials() ecm.PasswordLogin {
	o := s.fake.Options()
	return ecm.PasswordLogin{User: o.User, Password: ecm.Secret(o.Password)}
}

// Client makes a client of the first user.
func (s *Server) Client(opts ...ecm.Option) (*ecm.Client, error) {
	return ecm.New(s.URL, s.Credentials(), opts...)
}

// Transport reaches the fake within the process, without a socket, for
// testing/synctest.
func (s *Server) Transport() http.RoundTripper { return s.fake.Transport() }

// Save writes state and contents to a folder.
func (s *Server) Save(dir string) error { return s.fake.Save(dir) }

// WriteTraffic writes every exchange from now on to w, one JSON object a line.
func (s *Server) WriteTraffic(w io.Writer) { s.fake.WriteTraffic(testserver.NewTraffic(w)) }

// Origin is the server's address without a path, below which the directory
// services answer at /otdsws.
func (s *Server) Origin() string { return strings.TrimSuffix(s.URL, s.fake.Options().Base) }

// MoveClock moves the server's clock.
func (s *Server) MoveClock(by time.Duration) { s.clock.Move(by) }

// AddFolder adds a folder below another node.
func (s *Server) AddFolder(parent ecm.NodeID, name string) ecm.NodeID {
	return ecm.NodeID(s.fake.AddFolder(int64(parent), name))
}

// Attribute defines an attribute of a category. Its number follows from its
// place in the list: the first one has 2.
type Attribute struct {
	Name string
	// Type is "string" (the default), "integer", "date" or "boolean".
	Type       string
	MaxLength  int
	MultiValue bool
	Required   bool
	// ReadOnly refuses every value but the default; Choices, if any, are the only
	// ones it takes.
	ReadOnly bool
	Default  string
	Choices  []string
}

// AddCategory adds a category definition.
func (s *Server) AddCategory(name string, attributes ...Attribute) ecm.NodeID {
	list := make([]testserver.ECMAttribute, 0, len(attributes))
	for _, a := range attributes {
		list = append(list, testserver.ECMAttribute{Label: a.Name, Type: a.Type, MaxLength: a.MaxLength, Multi: a.MultiValue, Required: a.Required, ReadOnly: a.ReadOnly, Default: a.Default, Choices: a.Choices})
	}
	return ecm.NodeID(s.fake.AddCategory(name, list...))
}

// RSI is a record series identifier with one stage: the action code falls due
// years, months and days after the record date.
type RSI struct {
	Name, Title, Stage  string
	Years, Months, Days int
	Action              int
	Permanent           bool
}

// AddRSI adds a record series identifier.
func (s *Server) AddRSI(r RSI) {
	s.fake.AddRSI(testserver.ECMRSI{
		Name: r.Name, Title: r.Title, Stage: r.Stage, Years: r.Years, Months: r.Months, Days: r.Days, Action: r.Action, Permanent: r.Permanent, DateToUse: "record",
	})
}

// AddRMClassification adds an RM classification that brings these RSIs.
func (s *Server) AddRMClassification(name string, rsis ...string) ecm.NodeID {
	return ecm.NodeID(s.fake.AddRMClassification(name, rsis...))
}

// AddCrossReferenceType adds a pair of cross-reference codes.
func (s *Server) AddCrossReferenceType(code, related, description string) {
	s.fake.AddXrefType(testserver.ECMXrefType{Type: code, Related: related, Description: description})
}

// AddHold adds a hold and puts it on nodes.
func (s *Server) AddHold(name, kind string, nodes ...ecm.NodeID) ecm.HoldID {
	ids := make([]int64, 0, len(nodes))
	for _, n := range nodes {
		ids = append(ids, int64(n))
	}
	return ecm.HoldID(s.fake.AddHold(name, kind, ids...))
}

// Document is what the server holds of a document.
type Document struct {
	Node   ecm.NodeID
	Parent ecm.NodeID
	Name   string
	// Size and SHA256 (lower case hex) are those of the newest version.
	Size     int64
	SHA256   string
	Versions int
	Class    ecm.NodeID
	RSI      string
	Final    bool
}

// Documents returns the documents that stand, by node.
func (s *Server) Documents() []Document {
	var list []Document
	for _, n := range s.fake.Documents() {
		list = append(list, Document{
			Node: ecm.NodeID(n.ID), Parent: ecm.NodeID(n.Parent), Name: n.Name, Size: n.Size, SHA256: n.SHA256, Versions: n.Versions,
			Class: ecm.NodeID(n.Class), RSI: n.RSI, Final: n.Final,
		})
	}
	return list
}

// OpenContent opens the newest content of a document.
func (s *Server) OpenContent(node ecm.NodeID) (io.ReadCloser, error) {
	return s.fake.OpenContent(int64(node))
}

// Find returns the node of a subtype with that name, 0 if there is none.
func (s *Server) Find(kind ecm.Subtype, name string) ecm.NodeID {
	for _, n := range s.fake.Nodes() {
		if n.Type == int(kind) && n.Name == name && !n.Deleted {
			return ecm.NodeID(n.ID)
		}
	}
	return 0
}
