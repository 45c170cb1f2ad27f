package sync_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// feedMemory and watchMemory keep their state as the files do, without a disk.
type feedMemory struct{ state recsync.FeedState }

func (m *feedMemory) Load(context.Context) (recsync.FeedState, error) { return m.state, nil }
func (m *feedMemory) Save(_ context.Context, s recsync.FeedState) error {
	s.Format, m.state = 1, s
	return nil
}

type watchMemory struct{ state recsync.WatchState }

func (m *watchMemory) Load(context.Context) (recsync.WatchState, error) { return m.state, nil }
func (m *watchMemory) Save(_ context.Context, s recsync.WatchState) error {
	s.Format, m.state = 1, s
	return nil
}

// tenant is one of several clients on one ECM: with its own Smint.io, root,
// user, journal and feed.
type tenant struct {
	*world
	name     string
	user     string
	surface  *recsync.Surface
	handler  http.Handler
	store    feedMemory
	watched  watchMemory
	seen     int // journal entries that were looked at
	assets   map[string]*licensed
	everyone map[string]bool // matters that hold the whole scope
	late     []recsync.DispositionEvent
}

// licensed is what a person knows of one purchase.
type licensed struct {
	uuid     string
	until    time.Time // zero: no end
	canceled bool
	node     int64
	matters  map[string]bool
	disposed bool
}

func (a *licensed) usable(now time.Time) bool {
	return !a.disposed && !a.canceled && (a.until.IsZero() || now.Before(a.until))
}

// tenants sets up clients on one ECM, apart from each other in all but the
// server, and even with the same purchases, matters and words. Each one's user
// sees what lies below its own root, and the disposition search over all, which
// is returned too.
func tenants(t *testing.T, names ...string) ([]*tenant, int64) {
	t.Helper()
	first := newWorld(t, nil)
	first.ecm.AddRSI(testserver.ECMRSI{Name: "IMG-01", Title: "Images, short", Stage: "FINAL", Years: 1, Action: 32, DateToUse: "record"})
	class := first.ecm.AddRMClassification("Short-lived images", "IMG-01")
	search := first.ecm.AddDispositionSearch("Due images", testserver.ECMDispositionSearch{RSIs: []string{"IMG-01"}})
	var list []*tenant
	for i, name := range names {
		w := first
		if i > 0 {
			w = &world{t: t, ecm: first.ecm, clock: first.clock, category: first.category, class: first.class, journal: &journal{}, config: first.config}
			w.smint = testserver.NewSmint(testserver.SmintOptions{Tenant: name, Clock: w.clock, ClientID: "client-" + name, ClientSecret: "secret-" + name, RefreshToken: "refresh-" + name})
			t.Cleanup(func() { _ = w.smint.Close() })
			w.root = w.ecm.AddFolder(2000, name+" records")
		}
		v := &tenant{world: w, name: name, user: "records-" + name, assets: map[string]*licensed{}, everyone: map[string]bool{}}
		w.ecm.AddUser(testserver.ECMUser{Name: v.user, Password: "password-" + name, Roots: []int64{w.root, search}})
		w.config.ID, w.config.Root, w.config.Smint, w.config.Journal = records.MustScopeID(name), ecm.NodeID(w.root), w.smintClient(), w.journal
		w.config.ECM = v.ownClient()
		w.config.Policy.Classes = []recsync.ClassRule{{Class: ecm.NodeID(class)}}
		w.config.Policy.Access = new(recsync.DefaultAccessPolicy())
		w.config.Policy.Surface = &recsync.SurfacePolicy{Sources: []recsync.SurfaceSource{{Name: "licensed", Declared: true}}}
		place := &askedPlace{of: v}
		w.config.Propagation = &recsync.Propagation{
			Places: []recsync.Place{place}, Deadline: time.Minute, Poll: time.Second,
			Wait: func(ctx context.Context, d time.Duration) error { w.clock.Move(d); return ctx.Err() },
		}
		w.scope = w.newScope()
		var err error
		v.surface, err = recsync.OpenSurface(w.scope, "", recsync.SurfaceOptions{})
		require.NoError(t, err)
		place.Publisher = v.surface.Publisher(nil)
		v.handler, err = v.surface.Handler(adapter.Options{Authenticate: adapter.Bearer(smint.Secret(feedToken + name))})
		require.NoError(t, err)
		list = append(list, v)
	}
	return list, search
}

// ownClient logs in as the tenant's own user.
func (v *tenant) ownClient() *ecm.Client {
	v.t.Helper()
	c, err := ecm.New("https://ecm.example"+v.ecm.Options().Base, ecm.PasswordLogin{User: v.user, Password: ecm.Secret("password-" + v.name)},
		ecm.WithTransport(marked{v.ecm.Transport(), v.user}), ecm.WithLimiter(fast{}))
	require.NoError(v.t, err)
	return c
}

// userHeader tells the tests whose request it is.
const userHeader = "X-Test-User"

type marked struct {
	http.RoundTripper
	user string
}

func (m marked) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(userHeader, m.user)
	return m.RoundTripper.RoundTrip(r)
}

// seeded is a source of chance that can be told again.
func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 6)) } //nolint:gosec // see above

// askedPlace reads back what the tenant's feed says to the one who polls it.
type askedPlace struct {
	recsync.FeedPlace
	of *tenant
}

func (p *askedPlace) ReadBack(_ context.Context, e recsync.PlaceEntry) (smint.ReadBack, error) {
	back := smint.ReadBack{At: p.of.clock.Now(), Sight: smint.Sight{Presence: smint.PresenceGone, Evidence: "the feed lists it no more"}}
	if listed, items := p.of.listed(otcsOf(e.ID)); listed {
		back.Sight, back.Downloads = smint.Sight{Presence: smint.PresenceShown}, items
	}
	return back, nil
}

func otcsOf(external string) string { return "otcs-" + external }

func (v *tenant) key(uuid string) records.RecordKey {
	return records.MustRecordKey(v.name + "/purchase/" + uuid + "/1/1")
}

// ask asks the feed as the one who polls it does.
func (v *tenant) ask(path string) (int, []byte) {
	r := httptest.NewRequestWithContext(v.t.Context(), http.MethodGet, "/adapter/v1"+path, nil)
	r.Header.Set("Authorization", "Bearer "+feedToken+v.name)
	w := httptest.NewRecorder()
	v.handler.ServeHTTP(w, r)
	b, _ := io.ReadAll(w.Body)
	return w.Code, b
}

// listed tells whether the feed shows an asset, and what it grants of it.
func (v *tenant) listed(id string) (bool, []string) {
	if status, _ := v.ask("/assets/" + id); status != http.StatusOK {
		return false, nil
	}
	status, b := v.ask("/assets/" + id + "/downloadItems")
	if status != http.StatusOK {
		return true, nil
	}
	var answer struct {
		Items []struct {
			ID string `json:"item_id"`
		} `json:"items"`
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return true, []string{"unreadable: " + string(b)}
	}
	var items []string
	for _, i := range answer.Items {
		items = append(items, i.ID)
	}
	return true, items
}

// served tells whether the feed gives the bytes of a record away.
func (v *tenant) served(uuid string) bool {
	status, b := v.ask("/assets/" + otcsOf(recsync.ExternalID(v.key(uuid))) + "/content?itemId=Original")
	return status == http.StatusOK && string(b) == string(picture(20))
}

// holds are the matters that hold an asset, as the people of the tenant know it.
func (v *tenant) holds(a *licensed) bool { return len(a.matters) > 0 || len(v.everyone) > 0 }

// own says that a text names nothing of another tenant.
func (v *tenant) own(what, text string, all []*tenant) {
	v.t.Helper()
	for _, other := range all {
		if other != v {
			require.NotContains(v.t, text, other.name+"/", "%s of %s: nothing of one scope is seen by another", what, v.name)
			require.NotContains(v.t, text, `"`+other.name+`"`, "%s of %s", what, v.name)
			require.NotContains(v.t, text, fmt.Sprintf("node %d ", other.root), "%s of %s", what, v.name)
		}
	}
}

// below tells whether a node lies under a root, by what the fake holds.
func below(nodes []testserver.ECMNode, id, root int64) bool {
	for id != root {
		i, ok := slices.BinarySearchFunc(nodes, id, func(n testserver.ECMNode, id int64) int { return int(n.ID - id) })
		if !ok || nodes[i].Parent == id {
			return false
		}
		id = nodes[i].Parent
	}
	return true
}

// keyOf is the key that a document of the fake carries, empty for others.
func (v *tenant) keyOf(n testserver.ECMNode) string {
	text := v.value(n, recsync.DefaultAttributes()[recsync.FieldKey])
	return strings.Trim(text, "[]")
}
