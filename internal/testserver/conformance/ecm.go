package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
)

// ContentServer is a server under test.
type ContentServer struct {
	// URL goes up to the CGI path; Transport reaches it, nil means by network.
	URL       string
	Transport http.RoundTripper
	User      string
	Password  ecm.Secret
	// Root is a folder for nothing else, Category one whose attribute 2 is text,
	// Class an RM classification with exactly one RSI.
	Root, Category, Class ecm.NodeID
	// HoldType and Xref are codes; checks that need one are skipped without.
	HoldType, Xref string
	// Limiter spares the server; nil is the client's own.
	Limiter ecm.Limiter

	client *ecm.Client
	folder ecm.NodeID
	serial int
}

// Check is one rule of the contract.
type Check struct {
	// Name says the rule.
	Name string
	// Run returns what breaks the rule, or ErrSkip.
	Run func(ctx context.Context, s *ContentServer) error
}

// ErrSkip tells that the server under test was not set up for a check.
var ErrSkip = errors.New("not set up for this check")

// Open logs in and makes the folder that the checks work in.
func (s *ContentServer) Open(ctx context.Context, name string) error {
	opts := []ecm.Option{ecm.WithUserAgent("smintecm-conformance")}
	if s.Limiter != nil {
		opts = append(opts, ecm.WithLimiter(s.Limiter))
	}
	if s.Transport != nil {
		opts = append(opts, ecm.WithTransport(s.Transport))
	}
	var err error
	if s.client, err = ecm.New(s.URL, ecm.PasswordLogin{User: s.User, Password: s.Password}, opts...); err != nil {
		return err
	}
	folder, err := s.client.Nodes.CreateFolder(ctx, s.Root, name)
	if err != nil {
		return fmt.Errorf("make the folder %q for the checks: %w", name, err)
	}
	s.folder = folder.ID
	return nil
}

func (s *ContentServer) name(what string) string {
	s.serial++
	return fmt.Sprintf("%s %d", what, s.serial)
}

var content = []byte("conformance \x00\xff\r\n bytes")

func (s *ContentServer) document(ctx context.Context, parent ecm.NodeID) (*ecm.Node, error) {
	return s.client.Nodes.UploadDocument(ctx, ecm.Document{
		Parent: parent, Name: s.name("document"), MediaType: "application/octet-stream", Content: bytes.NewReader(content), Size: int64(len(content)),
		Categories: ecm.CategoryValues{ecm.AttributeKey(s.Category, 2): ecm.Text("conformance")},
	})
}

func (s *ContentServer) record(ctx context.Context) (*ecm.Node, error) {
	n, err := s.document(ctx, s.folder)
	if err != nil {
		return nil, err
	}
	d, err := s.client.RMClassifications.Get(ctx, n.ID)
	if err != nil {
		return nil, err
	}
	return n, s.client.RMClassifications.Apply(ctx, n.ID, s.Class, ecm.RecordUpdate{Seen: d})
}

// raw sends a request as it is, with a ticket that need not be good, and
// returns status and body.
func (s *ContentServer) raw(ctx context.Context, method, path, ticket string, form url.Values) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(s.URL, "/")+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if ticket != "" {
		req.Header.Set("OTCSTicket", ticket)
	}
	client := http.Client{Transport: s.Transport}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, string(b), err
}

// refused wants an error of that class, and says the rule otherwise.
func refused(err, class error, rule string) error {
	if errors.Is(err, class) {
		return nil
	}
	return fmt.Errorf("%s: want '%s', got %w", rule, class.Error(), orNothing(err))
}

func orNothing(err error) error {
	if err == nil {
		return errors.New("no refusal")
	}
	return err
}

// override skips the client's own guard: the server is to answer.
var override = ecm.Unguarded{Reason: "to see what the server does by itself"}

// Checks are the rules of Content Server and Records Management, in an order in
// which they can be read.
func Checks() []Check {
	return append([]Check{
		{"A ticket that was never issued is refused with 401", func(ctx context.Context, s *ContentServer) error {
			status, body, err := s.raw(ctx, http.MethodGet, "/api/v2/nodes/"+s.folder.String(), "no such ticket", nil)
			if err == nil && status != http.StatusUnauthorized {
				err = fmt.Errorf("the server answered %d: %s", status, body)
			}
			return err
		}},
		{"A wrong password is refused, and no ticket is given", func(ctx context.Context, s *ContentServer) error {
			status, body, err := s.raw(ctx, http.MethodPost, "/api/v1/auth", "", url.Values{"username": {s.User}, "password": {"wrong " + s.User}})
			if err == nil && (status < 400 || strings.Contains(body, `"ticket"`)) {
				err = fmt.Errorf("the server answered %d: %s", status, body)
			}
			return err
		}},
		{"A route that does not exist is told by the server's own sentence", func(ctx context.Context, s *ContentServer) error {
			status, body, err := s.raw(ctx, http.MethodGet, "/api/v2/no/such/route", "", nil)
			if err == nil && (status < 400 || !strings.Contains(body, "error")) {
				err = fmt.Errorf("the server answered %d: %s", status, body)
			}
			return err
		}},
		{"A node that does not exist is no success", func(ctx context.Context, s *ContentServer) error {
			_, err := s.client.Nodes.Get(ctx, 1<<40)
			if !errors.Is(err, ecm.ErrNotFound) && !errors.Is(err, ecm.ErrAccessOrMissing) {
				return fmt.Errorf("want missing, got %w", orNothing(err))
			}
			return nil
		}},
		{"Names are unique in a folder, at once", namesAreUnique},
		{"Bytes come back as they were sent", bytesComeBack},
		{"Values of categories come with the document", valuesComeAlong},
		{"A list has pages, and each item stands on one of them", listsHavePages},
		{"A document in an ordinary folder can be deleted", func(ctx context.Context, s *ContentServer) error {
			n, err := s.document(ctx, s.folder)
			if err == nil {
				err = s.client.Nodes.Delete(ctx, n.ID)
			}
			return err
		}},
		{"Classifying makes a record, with the class's one RSI", classifyingMakesARecord},
		{"A metadata token is good for one write", tokensGoStale},
		{"Cross-references stand between records, and read from both sides", crossReferences},
		{"What is held cannot be deleted", heldStays},
		{"A folder with something held in it cannot be deleted", heldStaysInItsFolder},
		{"A final record keeps its bytes, its place and its class", finalStays},
	}, moreChecks()...)
}

func namesAreUnique(ctx context.Context, s *ContentServer) error {
	name := s.name("folder")
	if _, err := s.client.Nodes.CreateFolder(ctx, s.folder, name); err != nil {
		return err
	}
	_, err := s.client.Nodes.CreateFolder(ctx, s.folder, name)
	return refused(err, ecm.ErrNameTaken, "a second item of the same name")
}

func bytesComeBack(ctx context.Context, s *ContentServer) error {
	n, err := s.document(ctx, s.folder)
	if err != nil {
		return err
	}
	got, err := s.client.Nodes.Get(ctx, n.ID)
	if err != nil {
		return err
	}
	if got.Size != int64(len(content)) {
		return fmt.Errorf("%d bytes were sent, the server tells %d", len(content), got.Size)
	}
	c, err := s.client.Content.Open(ctx, n.ID)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	b, err := io.ReadAll(c)
	if err == nil && !bytes.Equal(b, content) {
		err = fmt.Errorf("sent %q, read %q", content, b)
	}
	return err
}

func valuesComeAlong(ctx context.Context, s *ContentServer) error {
	n, err := s.document(ctx, s.folder)
	if err != nil {
		return err
	}
	values, err := s.client.Categories.OfNode(ctx, n.ID)
	if key := ecm.AttributeKey(s.Category, 2); err == nil && values[key].String() != "conformance" {
		err = fmt.Errorf("attribute %s reads %q", key, values[key].String())
	}
	return err
}

func listsHavePages(ctx context.Context, s *ContentServer) error {
	parent, err := s.client.Nodes.CreateFolder(ctx, s.folder, s.name("pages"))
	if err != nil {
		return err
	}
	for range 5 {
		if _, err := s.client.Nodes.CreateFolder(ctx, parent.ID, s.name("item")); err != nil {
			return err
		}
	}
	seen := map[ecm.NodeID]int{}
	for page := 1; page <= 3; page++ {
		p, err := s.client.Nodes.List(ctx, parent.ID, &ecm.ListOptions{Page: page, Limit: 2})
		if err != nil {
			return err
		}
		if len(p.Items) > 2 || p.Pages != 3 || p.Total != 5 {
			return fmt.Errorf("page %d of 5 items by twos has %d items; the server counts %d pages, %d items", page, len(p.Items), p.Pages, p.Total)
		}
		for _, n := range p.Items {
			seen[n.ID]++
		}
	}
	if len(seen) != 5 {
		return fmt.Errorf("3 pages show %d of 5 items", len(seen))
	}
	return nil
}

func classifyingMakesARecord(ctx context.Context, s *ContentServer) error {
	rsis, err := s.client.RSIs.OfNode(ctx, s.Class)
	if err != nil {
		return err
	}
	if len(rsis) != 1 {
		return fmt.Errorf("%w: class %s has %d RSIs, want one", ErrSkip, s.Class, len(rsis))
	}
	n, err := s.record(ctx)
	if err != nil {
		return err
	}
	d, err := s.client.RMClassifications.Get(ctx, n.ID)
	if err != nil {
		return err
	}
	if d.Class() != s.Class || d.Primary().RSI != rsis[0].RSI || d.Final {
		return fmt.Errorf("it reads as class %s, RSI %q, final %v; want %s, %q, not final", d.Class(), d.Primary().RSI, d.Final, s.Class, rsis[0].RSI)
	}
	return nil
}

func tokensGoStale(ctx context.Context, s *ContentServer) error {
	n, err := s.record(ctx)
	if err != nil {
		return err
	}
	d, err := s.client.RMClassifications.Get(ctx, n.ID)
	if err != nil {
		return err
	}
	if err := s.client.RMClassifications.Update(ctx, n.ID, ecm.RecordUpdate{Token: d.Token, Subject: "first"}, override); err != nil {
		return err
	}
	if err := s.client.RMClassifications.Update(ctx, n.ID, ecm.RecordUpdate{Token: d.Token, Subject: "second"}, override); err == nil {
		return errors.New("a second write with the token of the first was taken")
	}
	return nil
}

func crossReferences(ctx context.Context, s *ContentServer) error {
	if s.Xref == "" {
		return fmt.Errorf("%w: no cross-reference type", ErrSkip)
	}
	a, err := s.record(ctx)
	if err != nil {
		return err
	}
	b, err := s.record(ctx)
	if err != nil {
		return err
	}
	plain, err := s.document(ctx, s.folder)
	if err != nil {
		return err
	}
	if err := s.client.CrossReferences.Assign(ctx, a.ID, ecm.CrossReference{Type: s.Xref, To: b.ID}); err != nil {
		return err
	}
	for from, to := range map[ecm.NodeID]ecm.NodeID{a.ID: b.ID, b.ID: a.ID} {
		list, err := s.client.CrossReferences.OfNode(ctx, from)
		if err != nil {
			return err
		}
		if len(list) != 1 || list[0].To != to {
			return fmt.Errorf("node %s shows %v, want one relation to %s", from, list, to)
		}
	}
	if err := s.client.CrossReferences.Assign(ctx, a.ID, ecm.CrossReference{Type: s.Xref, To: plain.ID}); err == nil {
		return errors.New("a record was related to what is none")
	}
	return nil
}

// hold puts a new hold on a node and returns how to release it.
func (s *ContentServer) hold(ctx context.Context, id ecm.NodeID) (func() error, error) {
	if s.HoldType == "" {
		return nil, fmt.Errorf("%w: no hold type", ErrSkip)
	}
	name := fmt.Sprintf("conformance %s %s", s.folder, s.name("hold"))
	hold, err := s.client.Holds.Create(ctx, ecm.NewHold{Name: name, Type: s.HoldType, Comment: "conformance", Applied: time.Now()})
	if err != nil {
		return nil, err
	}
	release := func() error {
		ctx := context.WithoutCancel(ctx)
		return errors.Join(s.client.Holds.Remove(ctx, id, hold, nil), s.client.Holds.Delete(ctx, hold))
	}
	return release, s.client.Holds.Apply(ctx, id, hold)
}

// stands tells what is wrong unless the node can be read.
func (s *ContentServer) stands(ctx context.Context, id ecm.NodeID, err error) error {
	if err == nil {
		return fmt.Errorf("node %s was deleted", id)
	}
	if _, err := s.client.Nodes.Get(ctx, id); err != nil {
		return fmt.Errorf("node %s is gone, although deleting it was refused: %w", id, err)
	}
	return nil
}

func heldStays(ctx context.Context, s *ContentServer) (err error) {
	n, err := s.record(ctx)
	if err != nil {
		return err
	}
	release, err := s.hold(ctx, n.ID)
	if err != nil {
		return err
	}
	if err := s.stands(ctx, n.ID, s.client.Nodes.Delete(ctx, n.ID, override)); err != nil {
		return err
	}
	return release()
}

func heldStaysInItsFolder(ctx context.Context, s *ContentServer) error {
	folder, err := s.client.Nodes.CreateFolder(ctx, s.folder, s.name("around"))
	if err != nil {
		return err
	}
	n, err := s.document(ctx, folder.ID)
	if err != nil {
		return err
	}
	release, err := s.hold(ctx, n.ID)
	if err != nil {
		return err
	}
	if err := s.stands(ctx, n.ID, s.client.Nodes.Delete(ctx, folder.ID, override)); err != nil {
		return err
	}
	return release()
}

func finalStays(ctx context.Context, s *ContentServer) error {
	n, err := s.record(ctx)
	if err != nil {
		return err
	}
	if err := s.client.RMClassifications.Finalize(ctx, n.ID); err != nil {
		return err
	}
	d, err := s.client.RMClassifications.Get(ctx, n.ID)
	if err != nil {
		return err
	}
	if !d.Final {
		return fmt.Errorf("it was finalized and reads canFinalize %v, canRemoveClass %v", d.CanFinalize, d.CanRemove)
	}
	for what, err := range map[string]error{
		"a new version":       second(s.client.Versions.Add(ctx, n.ID, ecm.NewVersion{FileName: "x", Content: strings.NewReader("x"), Size: 1}, override)),
		"deleting it":         s.client.Nodes.Delete(ctx, n.ID, override),
		"removing its class":  s.client.RMClassifications.Remove(ctx, n.ID, s.Class, d.Token, override),
		"deleting a version":  s.client.Versions.Delete(ctx, n.ID, 1, override),
		"purging its history": s.client.Versions.Purge(ctx, n.ID, 1, override),
	} {
		if err == nil {
			return fmt.Errorf("%s was not refused", what)
		}
	}
	c, err := s.client.Content.Open(ctx, n.ID)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	b, err := io.ReadAll(c)
	if err == nil && !bytes.Equal(b, content) {
		err = fmt.Errorf("its bytes are %q", b)
	}
	return err
}

func second[T any](_ T, err error) error { return err }
