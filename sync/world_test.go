package sync_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// world is both fakes, set up as an administrator would, and a scope over them.
type world struct {
	t        *testing.T
	ecm      *testserver.ECM
	smint    *testserver.Smint
	clock    *testserver.Clock
	root     int64
	category int64
	class    int64
	journal  *journal
	config   recsync.ScopeConfig
	scope    *recsync.Scope
}

// attributes are those of the record category, as the policy's defaults name
// them, from number 2 on.
func attributes() []testserver.ECMAttribute {
	var list []testserver.ECMAttribute
	names := recsync.DefaultAttributes()
	fields := make([]recsync.Field, 0, len(names))
	for f := range names {
		fields = append(fields, f)
	}
	slices.Sort(fields)
	for _, f := range fields {
		list = append(list, testserver.ECMAttribute{Label: names[f], MaxLength: 254, Multi: f == recsync.FieldParts})
	}
	for _, a := range rightsmap.DefaultMapping().Attributes {
		kind := map[rightsmap.AttributeType]string{rightsmap.DateAttribute: "date", rightsmap.IntegerAttribute: "integer", rightsmap.BooleanAttribute: "boolean"}[a.Type]
		list = append(list, testserver.ECMAttribute{Label: a.Name, Type: kind, Multi: a.Multi, MaxLength: a.Length})
	}
	return append(list, testserver.ECMAttribute{Label: "Owner", MaxLength: 40}, testserver.ECMAttribute{Label: "Sync baseline", MaxLength: 254})
}

type option func(*world, *testserver.ECMOptions)

// newWorld sets everything up; change may alter the scope's configuration.
func newWorld(t *testing.T, change func(*recsync.ScopeConfig), opts ...option) *world {
	t.Helper()
	w := &world{t: t, clock: &testserver.Clock{}, journal: &journal{}}
	options := testserver.ECMOptions{Clock: w.clock}
	for _, o := range opts {
		o(w, &options)
	}
	var err error
	w.ecm, err = testserver.NewECM(options)
	require.NoError(t, err)
	w.smint = testserver.NewSmint(testserver.SmintOptions{Clock: w.clock, AttributeCommands: true})
	t.Cleanup(func() { _, _ = w.ecm.Close(), w.smint.Close() })
	w.root = w.ecm.AddFolder(2000, "Acme records")
	w.category = w.ecm.AddCategory("Smint.io record", attributes()...)
	w.ecm.AddRSI(testserver.ECMRSI{Name: "MKT-07", Title: "Marketing", Stage: "FINAL", Years: 7, Action: 32, DateToUse: "record"})
	w.ecm.AddRSI(testserver.ECMRSI{Name: "MKT-10", Title: "Marketing, long", Stage: "FINAL", Years: 10, Action: 32, DateToUse: "record"})
	w.class = w.ecm.AddRMClassification("Licensed images", "MKT-07")
	w.ecm.AddXrefType(testserver.ECMXrefType{Type: "RIGHTS", Description: "has rights", Related: "RIGHTSOF"})
	w.ecm.AddXrefType(testserver.ECMXrefType{Type: "REUSES", Description: "reuses", Related: "REUSEDBY"})
	w.ecm.AddXrefType(testserver.ECMXrefType{Type: "PART", Description: "has part", Related: "PARTOF"})
	w.ecm.AddXrefType(testserver.ECMXrefType{Type: "EVIDENCE", Description: "is proven by", Related: "EVIDENCEOF"})
	w.ecm.AddXrefType(testserver.ECMXrefType{Type: "SUPERSEDES", Description: "takes the place of", Related: "SUPERSEDEDBY"})
	w.config = recsync.ScopeConfig{
		ID: records.MustScopeID("acme"), Root: ecm.NodeID(w.root), ECM: w.ecmClient(), Smint: w.smintClient(), Journal: w.journal, Now: w.clock.Now,
		Policy: recsync.Policy{
			Version: "test-1", Category: ecm.NodeID(w.category), Classes: []recsync.ClassRule{{Class: ecm.NodeID(w.class)}},
			Approval: records.ApprovalRule{Source: records.ApprovalByPurchase}, FileStatus: "ACTIVE",
			RightsReference: "RIGHTS", ReuseReference: "REUSES", PartReference: "PART", SupersedesReference: "SUPERSEDES",
		},
	}
	if change != nil {
		change(&w.config)
	}
	w.scope = w.newScope()
	return w
}

func (w *world) newScope() *recsync.Scope {
	w.t.Helper()
	s, err := recsync.NewScope(w.config)
	require.NoError(w.t, err)
	return s
}

// fast is a limiter that never waits: the fakes take any rate.
type fast struct{}

func (fast) Wait(ctx context.Context) error { return ctx.Err() }

func (w *world) ecmClient() *ecm.Client {
	w.t.Helper()
	o := w.ecm.Options()
	c, err := ecm.New("https://ecm.example"+o.Base, ecm.PasswordLogin{User: o.User, Password: ecm.Secret(o.Password)},
		ecm.WithTransport(w.ecm.Transport()), ecm.WithLimiter(fast{}))
	require.NoError(w.t, err)
	return c
}

func (w *world) smintClient() *smint.Client {
	w.t.Helper()
	o, ends := w.smint.Options(), w.smint.Endpoints()
	c, err := smint.New(smint.Endpoints{Identity: ends.Identity, CLAPI: ends.CLAPI, Portals: ends.Portals},
		smint.Login{ClientID: o.ClientID, ClientSecret: smint.Secret(o.ClientSecret), RefreshToken: smint.Secret(o.RefreshToken)},
		smint.WithTransport(w.smint.Transport()), smint.WithLimiter(fast{}), smint.WithPortals(smint.PortalSettings{Polling: w.polling()}),
		smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"*.smint.io", "*.example", "storage.acme.example"}, Transport: w.smint.Transport()}))
	require.NoError(w.t, err)
	return c
}

// polling waits on the fakes' clock.
func (w *world) polling() smint.TaskPolling {
	return smint.TaskPolling{Now: w.clock.Now, Wait: func(ctx context.Context, d time.Duration) error {
		w.clock.Move(d)
		return ctx.Err()
	}}
}

// buy puts a royalty-free purchase into the feed.
func (w *world) buy(uuid string, content []byte, patch testserver.SmintJSON) {
	w.t.Helper()
	require.NoError(w.t, w.smint.Emit(w.purchase(uuid, patch).Payload(), w.file(uuid, "1", content)))
}

func (w *world) purchase(uuid string, patch testserver.SmintJSON) testserver.SmintPurchase {
	all := testserver.SmintJSON{}
	for _, d := range []string{"usages", "sizes", "placements", "distributions", "geographies", "industries", "languages"} {
		all["allowed_"+d] = []any{"any"}
	}
	return testserver.SmintPurchase{UUID: uuid, Title: "Picture " + uuid, Terms: []testserver.SmintJSON{testserver.SmintTerm(1, "Royalty free", all)}, Patch: patch}
}

func (w *world) file(uuid, binary string, content []byte) testserver.SmintBinary {
	return testserver.SmintBinary{UUID: binary, SmintVersion: testserver.SmintVersion{
		FileName: uuid + "_" + binary + "_picture.jpg", MediaType: "image/jpeg", Content: testserver.SmintBytes(content),
	}}
}

// assets describes a purchase's binaries as the feed would.
func (w *world) assets(uuid string) []recsync.Asset {
	w.t.Helper()
	t, err := smint.DecodeTransaction(w.smint.Transaction(uuid))
	require.NoError(w.t, err)
	binaries, err := w.config.Smint.Binaries.List(w.t.Context(), t.Cart, t.UUID)
	require.NoError(w.t, err)
	assets, err := w.scope.PurchasedAssets(t, binaries)
	require.NoError(w.t, err)
	return assets
}

// asset buys one picture and describes it.
func (w *world) asset(uuid string, content []byte) recsync.Asset {
	w.t.Helper()
	w.buy(uuid, content, nil)
	return w.assets(uuid)[0]
}

func (w *world) declare(a recsync.Asset) (recsync.Receipt, error) {
	return recsync.DeclareRecord(w.t.Context(), w.scope, recsync.DeclareRequest{Asset: a})
}

// value reads an attribute of a record at the fake, by its name.
func (w *world) value(n testserver.ECMNode, name string) string {
	for i, a := range attributes() {
		if a.Label == name {
			v := n.Values[fmt.Sprintf("%d_%d", w.category, i+2)]
			if v == nil {
				return ""
			}
			return fmt.Sprint(v)
		}
	}
	return "no attribute " + name
}

// records are the documents that carry a record's own name.
func (w *world) records() []testserver.ECMNode {
	return slices.DeleteFunc(w.ecm.Documents(), func(n testserver.ECMNode) bool {
		return strings.Contains(n.Name, " rights ") || strings.Contains(n.Name, " evidence ")
	})
}

// writes are the requests that the fake got and that were not reads.
func (w *world) writes() []string {
	w.t.Helper()
	var list []string
	for _, e := range w.ecm.Exchanges() {
		if writing(e.Route) {
			list = append(list, e.Route)
		}
	}
	n := 0
	for _, count := range w.written() {
		n += count
	}
	require.Len(w.t, list, n, "the fake keeps only the last exchanges: count the writes by written, or forget earlier")
	return list
}

// written counts the writes by their route, however many requests there were.
func (w *world) written() map[string]int {
	counts := w.ecm.Counts()
	maps.DeleteFunc(counts, func(route string, _ int) bool { return !writing(route) })
	return counts
}

func writing(route string) bool {
	read := strings.HasPrefix(route, "GET ") || strings.HasPrefix(route, "HEAD ") || strings.HasSuffix(route, "/auth") ||
		strings.HasSuffix(route, "/list") || strings.HasSuffix(route, "/names") || route == "POST /v2/nodes/actions"
	return !read
}

func (w *world) storedBytes(id int64) []byte {
	w.t.Helper()
	rc, err := w.ecm.OpenContent(id)
	require.NoError(w.t, err)
	b, err := io.ReadAll(rc)
	require.NoError(w.t, err)
	require.NoError(w.t, rc.Close())
	return b
}

func (w *world) store() *recsync.FileFeedStore {
	return recsync.NewFileFeedStore(filepath.Join(w.t.TempDir(), "feed.json"))
}

// journal keeps entries, and can be made to refuse them.
type journal struct {
	mu      sync.Mutex
	entries []recsync.JournalEntry
	refuse  func(recsync.JournalEntry) error
	// unlocked lets refuse do things that are taken down here in turn.
	unlocked bool
}

func (j *journal) Record(_ context.Context, e recsync.JournalEntry) error {
	if j.unlocked && j.refuse != nil {
		if err := j.refuse(e); err != nil {
			return err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.unlocked && j.refuse != nil {
		if err := j.refuse(e); err != nil {
			return err
		}
	}
	j.entries = append(j.entries, e)
	return nil
}

func (j *journal) all() []recsync.JournalEntry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.entries)
}

func picture(n int) []byte { return bytes.Repeat([]byte{0xff, 0xd8, 7, 1}, n/4+1)[:n] }
