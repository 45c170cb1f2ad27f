package sync_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

const feedToken = "feed-token"

// surfaced is a world with reference documents in ECM, the surface over them,
// and Smint.io's side of its feed.
type surfaced struct {
	*world
	references, control, reference int64
	dir                            string
	surface                        *recsync.Surface
	handler                        http.Handler
	driver                         *testserver.SmintDriver
}

// control are the attributes of the documents' own category, from 2 on.
var control = []string{"Approval", "Titel", "Valid until", "Department", "Use by"}

func newSurfaced(t *testing.T, change func(*surfaced, *recsync.SurfacePolicy), opts ...option) *surfaced {
	t.Helper()
	w := &surfaced{world: newWorld(t, nil, opts...), dir: t.TempDir()}
	w.references = w.ecm.AddFolder(2000, "Policies")
	w.control = w.world.ecm.AddCategory("Document control", testserver.ECMAttribute{Label: "Approval"}, testserver.ECMAttribute{Label: "Titel"},
		testserver.ECMAttribute{Label: "Valid until", Type: "date"}, testserver.ECMAttribute{Label: "Department", Multi: true}, testserver.ECMAttribute{Label: "Use by", Type: "date"})
	w.ecm.AddRSI(testserver.ECMRSI{Name: "POL-03", Stage: "FINAL", Years: 3, Action: 32})
	w.reference = w.ecm.AddRMClassification("Policies", "POL-03")
	policy := &recsync.SurfacePolicy{Sources: []recsync.SurfaceSource{
		{Name: "licensed", Declared: true},
		{
			Name: "references", Folders: []ecm.NodeID{ecm.NodeID(w.references)}, Classes: []ecm.NodeID{ecm.NodeID(w.reference)}, Category: ecm.NodeID(w.control),
			Approval: recsync.SurfaceApproval{Attribute: "Approval", Accepted: []string{"approved", "released"}}, Own: true, Until: "Valid until", FirstUseUntil: "Use by", Zone: "UTC",
			Names: map[string]string{"de": "Titel"}, Attributes: map[string]string{"department": "Department"}, Folder: "references",
		},
	}}
	if change != nil {
		change(w, policy)
	}
	w.config.Policy.Surface = policy
	w.scope = w.newScope()
	w.open()
	w.driver = w.smint.NewDriver(testserver.SmintDriverOptions{
		Feed: "https://feed.example/adapter/v1", Header: http.Header{"Authorization": {"Bearer " + feedToken}}, PageSize: 2, ChangeLimit: 2, Client: w.client(),
	})
	return w
}

// open opens the surface, and its handler, as a process does when it starts.
func (w *surfaced) open(commands ...smint.Publisher) {
	w.t.Helper()
	var err error
	w.surface, err = recsync.OpenSurface(w.scope, w.dir, recsync.SurfaceOptions{Commands: commands})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { _ = w.surface.Close() })
	w.handler, err = w.surface.Handler(adapter.Options{Authenticate: adapter.Bearer(feedToken)})
	require.NoError(w.t, err)
}

func (w *surfaced) client() *http.Client {
	return &http.Client{Transport: testserver.Transport(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }))}
}

// document is a reference document that is a record in ECM and that nobody has
// approved yet.
func (w *surfaced) document(name, content string) int64 {
	w.t.Helper()
	id, err := w.ecm.AddDocument(w.references, name, []byte(content))
	require.NoError(w.t, err)
	w.ecm.Declare(id, w.reference)
	return id
}

// fill is a person who fills the document's own category in, in the browser.
func (w *surfaced) fill(id int64, values ...string) {
	w.t.Helper()
	form := url.Values{"category_id": {fmt.Sprint(w.control)}}
	for i := 0; i < len(values); i += 2 {
		at := -1
		for n, name := range control {
			if name == values[i] {
				at = n + 2
			}
		}
		require.Positive(w.t, at, values[i])
		form.Add(fmt.Sprintf("%d_%d", w.control, at), values[i+1])
	}
	path, method := fmt.Sprintf("/v2/nodes/%d/categories", id), http.MethodPost
	if n, ok := w.ecm.Node(id); ok {
		if _, has := n.Values[fmt.Sprintf("%d_2", w.control)]; has {
			path, method = fmt.Sprintf("%s/%d/", path, w.control), http.MethodPut
		}
	}
	plain := w.plainECM()
	r, err := http.NewRequestWithContext(w.t.Context(), method, plain.base+path, strings.NewReader(form.Encode()))
	require.NoError(w.t, err)
	r.Header.Set("OTCSTicket", plain.ticket)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := plain.client.Do(r)
	require.NoError(w.t, err)
	b, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	require.NoError(w.t, resp.Body.Close())
	require.Equal(w.t, http.StatusOK, resp.StatusCode, "%s", b)
}

// approvedDocument is one that a person has approved.
func (w *surfaced) approvedDocument(name, content string, values ...string) int64 {
	w.t.Helper()
	id := w.document(name, content)
	w.fill(id, append([]string{"Approval", "approved"}, values...)...)
	return id
}

func (w *surfaced) drafted(name string) int64 {
	w.t.Helper()
	id := w.document(name, "not yet")
	w.fill(id, "Approval", "draft")
	return id
}

// pass makes one pass, and tells what became of each record.
func (w *surfaced) pass() (recsync.Receipt, map[string]recsync.SurfaceItem) {
	w.t.Helper()
	r, err := recsync.SurfaceRecords(w.t.Context(), w.scope, w.surface, recsync.SurfaceRequest{})
	require.NoError(w.t, err)
	return r, itemsOf(r)
}

func itemsOf(r recsync.Receipt) map[string]recsync.SurfaceItem {
	items := map[string]recsync.SurfaceItem{}
	for _, i := range r.Surfaced {
		items[i.ID] = i
	}
	return items
}

func (w *surfaced) poll() testserver.SmintPoll {
	w.t.Helper()
	p, err := w.driver.Poll(w.t.Context())
	require.NoError(w.t, err)
	return p
}

// bytes asks the feed for an original as the data adapter would, with nothing
// but net/http.
func (w *surfaced) bytes(id string) (status int, content string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "https://feed.example/adapter/v1/assets/"+id+"/content?itemId=Original", nil)
	require.NoError(w.t, err)
	r.Header.Set("Authorization", "Bearer "+feedToken)
	resp, err := w.client().Do(r)
	if err != nil {
		return 0, err.Error()
	}
	b, err := io.ReadAll(resp.Body)
	require.NoError(w.t, resp.Body.Close())
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// shows asks the portal, with nothing but net/http, what it shows of a record.
func (w *surfaced) shows(id string) string {
	w.t.Helper()
	return w.plainPortal().asset("99:document:" + id)
}

// dispose is ECM's own disposition: a search, its review, and its actions.
func (w *surfaced) dispose(id int64) {
	w.t.Helper()
	ctx, d := w.t.Context(), w.config.ECM.Dispositions
	search := ecm.NodeID(w.ecm.AddDispositionSearch(fmt.Sprintf("Due %d", id), testserver.ECMDispositionSearch{}))
	w.clock.Move(10 * 366 * 24 * time.Hour)
	require.NoError(w.t, d.Start(ctx, search))
	w.clock.Move(time.Hour)
	snapshots, err := d.Snapshots(ctx, search)
	require.NoError(w.t, err)
	items, err := d.Items(ctx, search, snapshots[0].QDate)
	require.NoError(w.t, err)
	on := ecm.ActOn{User: 1000, Search: search, QDate: snapshots[0].QDate}
	for _, i := range items {
		if i.Node == ecm.NodeID(id) {
			on.Items = append(on.Items, i)
		}
	}
	require.NotEmpty(w.t, on.Items)
	require.NoError(w.t, d.ChangeReviewDecision(ctx, on, ecm.ReviewApproved, "due"))
	require.NoError(w.t, d.FinishReview(ctx, 1000, search, snapshots[0].QDate, ecm.Reviewer{}))
	require.NoError(w.t, d.PerformActions(ctx, on))
	w.clock.Move(time.Hour)
	n, _ := w.ecm.Node(id)
	require.True(w.t, n.Destroyed)
}

func otcs(id int64) string { return fmt.Sprintf("otcs-%d", id) }
