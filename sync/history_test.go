package sync_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	recsync "github.com/smintecm/sdk/sync"
)

// historiesEnv says how many histories are told.
const historiesEnv = "SMINTECM_HISTORIES"

// steps of a history; each is counted.
var steps = []string{"declare", "hold", "hold all", "release", "renew", "cancel", "expire", "dispose", "replay", "watch", "late", "duplicate", "surface", "foreign"}

// TestAnyHistory: whatever two clients on one ECM do in which order, and
// whenever events come, late or twice: a key has one record; no asset that was
// disposed of or whose license has ended is given away, held or not; no held
// record is destroyed, or withdrawn by disposition; and neither client sees
// anything of the other, though purchases and matters bear the same names.
//
// A step is some thirty requests to fakes that speak HTTP in process, a history
// a fifth of a second of processor time. The gate tells 2,000 of them:
//
//	SMINTECM_HISTORIES=2000 go test ./sync -run 'TestAnyHistory$' -timeout 40m
//
// Without that the first 50 are told. What a client's user may not see, it
// cannot know: here it sees the disposition searches, without which a disposal
// that nobody carried over before the feed comes again would stay unknown.
func TestAnyHistory(t *testing.T) {
	t.Parallel()
	const lanes, length = 4, 40
	count := 50
	switch text := os.Getenv(historiesEnv); {
	case text != "":
		var err error
		count, err = strconv.Atoi(text)
		require.NoError(t, err, historiesEnv)
	case underRace:
		count = 12 // the race detector makes each step several times as slow.
	case testing.Short():
		count = 20
	}
	var mu sync.Mutex
	total := map[string]int{}
	t.Run("histories", func(t *testing.T) {
		for lane := range lanes {
			t.Run(fmt.Sprint("lane ", lane), func(t *testing.T) {
				t.Parallel()
				for seed := lane; seed < count; seed += lanes {
					t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
						counts := newTale(t, uint64(seed)).tell(length) //nolint:gosec // not negative
						mu.Lock()
						defer mu.Unlock()
						for name, n := range counts {
							total[name] += n
						}
					})
				}
			})
		}
	})
	var told []string
	for _, name := range append(slices.Clone(steps), "served", "refused while held", "kept by a hold", "destroyed", "offered again") {
		told = append(told, fmt.Sprintf("%s %d", name, total[name]))
		require.NotZero(t, total[name], "no %s in %d histories", name, count)
	}
	t.Logf("%d histories of %d steps: %s", count, length, strings.Join(told, ", "))
}

// tale is one history, which its seed tells again.
type tale struct {
	t       *testing.T
	r       *rand.Rand
	all     []*tenant
	search  int64
	counts  map[string]int
	said    []string
	offered map[string]bool // ids that a pass offered in full
}

func newTale(t *testing.T, seed uint64) *tale {
	h := &tale{t: t, r: seeded(seed), counts: map[string]int{}, offered: map[string]bool{}}
	h.all, h.search = tenants(t, "acme", "zenith")
	return h
}

func (h *tale) tell(length int) map[string]int {
	for range length {
		name, v := steps[h.r.IntN(len(steps))], h.all[h.r.IntN(2)]
		if len(v.assets) == 0 && name != "expire" && name != "dispose" {
			name = "declare"
		}
		h.said = append(h.said, v.name+" "+name)
		v.ecm.Forget()
		v.clock.Move(2 * time.Minute)
		h.step(name, v)
		h.counts[name]++
		h.check(v)
	}
	for _, v := range h.all {
		h.pass(v)
		h.end(v)
	}
	return h.counts
}

func (h *tale) ok(err error, what string) {
	h.t.Helper()
	require.NoError(h.t, err, "%s, after %s", what, strings.Join(h.said, ", "))
}

func (h *tale) step(name string, v *tenant) {
	h.t.Helper()
	a := h.one(v)
	switch name {
	case "declare":
		h.declare(v)
	case "hold":
		h.hold(v, a, fmt.Sprint("CASE ", h.r.IntN(2)))
	case "hold all":
		h.hold(v, nil, "CASE all")
	case "release":
		h.release(v)
	case "renew":
		h.renew(v, a)
	case "cancel":
		h.cancel(v, a)
	case "expire":
		v.clock.Move(days(1 + h.r.IntN(400)))
	case "dispose":
		h.dispose()
	case "replay":
		_, err := recsync.FollowPurchases(h.t.Context(), v.scope, &v.store, recsync.FollowOptions{FromStart: true})
		h.ok(err, name)
	case "watch":
		h.watch(v)
	case "late", "duplicate":
		h.again(v, name == "duplicate")
	case "surface":
		h.pass(v)
	case "foreign":
		h.foreign(v, a)
	}
}

func (h *tale) one(v *tenant) *licensed {
	if len(v.assets) == 0 {
		return nil
	}
	return v.assets[fmt.Sprint(501+h.r.IntN(len(v.assets)))]
}

func (h *tale) until(v *tenant) time.Time {
	if h.r.IntN(3) == 0 {
		return time.Time{}
	}
	return v.clock.Now().Add(days(20 + h.r.IntN(600))).UTC().Truncate(time.Second)
}

func term(until time.Time) testserver.SmintJSON {
	if until.IsZero() {
		return testserver.SmintJSON{"valid_until": nil}
	}
	return testserver.SmintJSON{"valid_until": testserver.SmintTime(until)}
}

// declare is a purchase, at most two a client, which the client's feed brings.
func (h *tale) declare(v *tenant) {
	h.t.Helper()
	if len(v.assets) < 2 {
		uuid := fmt.Sprint(501 + len(v.assets))
		a := &licensed{uuid: uuid, until: h.until(v), matters: map[string]bool{}}
		p := v.purchase(uuid, testserver.SmintJSON{"last_updated_at": testserver.SmintTime(v.clock.Now())})
		p.Terms[0] = testserver.SmintMerge(p.Terms[0], term(a.until))
		h.ok(v.smint.Emit(p.Payload(), v.file(uuid, "1", picture(20))), "a purchase")
		v.assets[uuid] = a
	}
	h.follow(v)
}

func (h *tale) follow(v *tenant) {
	h.t.Helper()
	r, err := recsync.FollowPurchases(h.t.Context(), v.scope, &v.store, recsync.FollowOptions{})
	h.ok(err, "follow")
	require.Zero(h.t, r.Quarantined, "%+v, after %v", r, h.said)
}

func (h *tale) hold(v *tenant, a *licensed, matter string) {
	h.t.Helper()
	target := recsync.HoldTarget{Scope: true}
	if a != nil {
		if a.disposed {
			return
		}
		r, err := v.scope.Record(h.t.Context(), v.key(a.uuid))
		h.ok(err, "find")
		target = recsync.HoldTarget{Records: []recsync.RecordRef{r.Record}}
	}
	_, err := recsync.ApplyHold(h.t.Context(), v.scope, order(matter, target))
	h.ok(err, "hold")
	if a != nil {
		a.matters[matter] = true
	} else {
		v.everyone[matter] = true
	}
}

func (h *tale) release(v *tenant) {
	h.t.Helper()
	matter := []string{"CASE 0", "CASE 1", "CASE all"}[h.r.IntN(3)]
	_, err := recsync.ReleaseHold(h.t.Context(), v.scope, releaseOf(matter, recsync.HoldTarget{}))
	h.ok(err, "release")
	for _, a := range v.assets {
		delete(a.matters, matter)
	}
	delete(v.everyone, matter)
}

func (h *tale) renew(v *tenant, a *licensed) {
	h.t.Helper()
	if a.canceled {
		return
	}
	a.until = h.until(v)
	p := v.purchase(a.uuid, testserver.SmintJSON{"last_updated_at": testserver.SmintTime(v.clock.Now())})
	p.Terms[0] = testserver.SmintMerge(p.Terms[0], term(a.until))
	h.ok(v.smint.Emit(p.Payload()), "a renewal")
	h.follow(v)
}

func (h *tale) cancel(v *tenant, a *licensed) {
	h.t.Helper()
	if h.r.IntN(3) > 0 {
		return
	}
	p := v.purchase(a.uuid, testserver.SmintJSON{"last_updated_at": testserver.SmintTime(v.clock.Now())})
	p.Cancelled = true
	h.ok(v.smint.Emit(p.Payload()), "a cancellation")
	a.canceled = true
	h.follow(v)
}

// dispose is ECM's own process: a person runs the search over all clients and
// has its actions performed.
func (h *tale) dispose() {
	h.t.Helper()
	w := h.all[0].world
	if h.r.IntN(4) == 0 {
		w.clock.Move(days(500)) // a year and a half in which nobody looked.
	}
	qdate := w.ecm.RunDispositionSearch(h.search)
	p := w.plainECM()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, p.base+"/v1/members/1000/disposition/performactions",
		strings.NewReader("dispNodeID="+itoa(h.search)+"&qdate=D/"+qdate+"&applyto=allPages"))
	h.ok(err, "perform")
	r.Header.Set("OTCSTicket", p.ticket)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.client.Do(r)
	h.ok(err, "perform")
	b, _ := io.ReadAll(resp.Body)
	h.ok(resp.Body.Close(), "perform")
	require.Equal(h.t, http.StatusOK, resp.StatusCode, "%s", b)
	for _, v := range h.all {
		for _, a := range v.assets {
			n, found := w.ecm.Node(a.node)
			gone := !found || n.Destroyed
			if v.holds(a) && !a.disposed {
				require.False(h.t, gone, "%s is held and was destroyed, after %v", v.key(a.uuid), h.said)
				h.counts["kept by a hold"]++
			}
			if gone && !a.disposed {
				a.disposed = true
				h.counts["destroyed"]++
			}
		}
	}
}

// watch looks at both systems; what it sees is carried at once, or comes late.
func (h *tale) watch(v *tenant) {
	h.t.Helper()
	for e, err := range recsync.DispositionEvents(h.t.Context(), v.scope, &v.watched, recsync.WatchOptions{}) {
		h.ok(err, "watch")
		if h.r.IntN(3) > 0 {
			h.carry(v, e)
		}
		v.late = append(v.late, e)
	}
}

func (h *tale) carry(v *tenant, e recsync.DispositionEvent) {
	h.t.Helper()
	_, err := recsync.PropagateDisposition(h.t.Context(), v.scope, recsync.PropagateRequest{Event: e})
	h.ok(err, e.String())
}

// again has an event of any time come once more, or twice; before there was
// any, somebody tells of one that never was.
func (h *tale) again(v *tenant, twice bool) {
	h.t.Helper()
	kinds := []recsync.DispositionKind{recsync.EventRightsChanged, recsync.EventReturned, recsync.EventKept, recsync.EventHoldReleased}
	at := v.clock.Now().Add(-days(h.r.IntN(400))).UTC()
	e := recsync.DispositionEvent{Kind: kinds[h.r.IntN(len(kinds))], Record: v.key(h.one(v).uuid), At: at, SeenAt: at, Seen: "a rumor"}.Identify()
	if len(v.late) > 0 && h.r.IntN(4) > 0 {
		e = v.late[h.r.IntN(len(v.late))]
	}
	h.carry(v, e)
	if twice {
		h.carry(v, e)
	}
}

// pass has the feed list what ECM says.
func (h *tale) pass(v *tenant) {
	h.t.Helper()
	_, err := recsync.SurfaceRecords(h.t.Context(), v.scope, v.surface, recsync.SurfaceRequest{})
	h.ok(err, "surface")
	for _, a := range v.assets {
		id := otcsOf(recsync.ExternalID(v.key(a.uuid)))
		_, items := v.listed(id)
		if !a.usable(v.clock.Now()) {
			require.Empty(h.t, items, "%s may not be used, and a pass has left it to be downloaded, after %v", v.key(a.uuid), h.said)
			continue
		}
		if v.holds(a) {
			require.NotEmpty(h.t, items, "%s is held and licensed, and was withdrawn, after %v", v.key(a.uuid), h.said)
		}
		if len(items) > 0 && h.offered[v.name+a.uuid] {
			h.counts["offered again"]++
		}
		h.offered[v.name+a.uuid] = len(items) > 0
	}
}

// foreign hands one client's references to the other.
func (h *tale) foreign(v *tenant, a *licensed) {
	h.t.Helper()
	other := h.all[0]
	if other == v {
		other = h.all[1]
	}
	r, err := v.scope.Record(h.t.Context(), v.key(a.uuid))
	if err == nil {
		v.ecm.Forget()
		_, err = recsync.ApplyHold(h.t.Context(), other.scope, order("CASE all", recsync.HoldTarget{Records: []recsync.RecordRef{r.Record}}))
		require.ErrorIs(h.t, err, recsync.ErrForeignScope)
		_, err = recsync.TransferRights(h.t.Context(), other.scope, recsync.RightsRequest{Record: r.Record, Source: v.smint.Transaction(a.uuid)})
		require.ErrorIs(h.t, err, recsync.ErrForeignScope)
	}
	v.ecm.Forget()
	_, err = recsync.PropagateDisposition(h.t.Context(), other.scope, recsync.PropagateRequest{Event: recsync.DispositionEvent{
		Kind: recsync.EventDisposed, Record: v.key(a.uuid), At: v.clock.Now(),
	}.Identify()})
	require.ErrorIs(h.t, err, recsync.ErrForeignScope)
	require.Empty(h.t, v.ecm.Exchanges(), "a reference of another scope is refused before any request")
}

// check is what holds after every step, by what the fakes themselves hold.
func (h *tale) check(acted *tenant) {
	h.t.Helper()
	nodes := acted.ecm.Nodes()
	roots := map[string]int64{}
	for _, v := range h.all {
		roots[v.name] = v.root
	}
	seen := map[string]int64{}
	for _, n := range nodes {
		if n.Type != 144 {
			continue
		}
		for _, v := range h.all {
			for _, a := range v.assets {
				if n.Name != v.key(a.uuid).NodeName() {
					continue
				}
				key := v.key(a.uuid).String()
				require.Zero(h.t, seen[key], "%s has a second record, node %d beside %d, after %v", key, n.ID, seen[key], h.said)
				seen[key], a.node = n.ID, n.ID
				require.True(h.t, below(nodes, n.ID, v.root), "%s lies elsewhere than below its scope's root, after %v", key, h.said)
			}
		}
		if scope, _, found := strings.Cut(acted.keyOf(n), "/"); found {
			require.True(h.t, below(nodes, n.ID, roots[scope]), "node %d of %s lies below another's root, after %v", n.ID, scope, h.said)
		}
	}
	for _, v := range h.all {
		b, err := json.Marshal(v.journal.all()[v.seen:])
		h.ok(err, "the journal")
		v.own("the journal", string(b), h.all)
		v.seen = len(v.journal.all())
	}
	for _, a := range acted.assets {
		h.given(acted, a, false)
	}
}

// given asks for the bytes: what may not be used is never given away.
func (h *tale) given(v *tenant, a *licensed, exactly bool) {
	h.t.Helper()
	usable := a.usable(v.clock.Now())
	if usable && !exactly {
		return
	}
	served := v.served(a.uuid)
	require.False(h.t, served && !usable, "%s may not be used (%+v), and its bytes are given away, after %v", v.key(a.uuid), *a, h.said)
	switch {
	case served:
		h.counts["served"]++
	case v.holds(a):
		h.counts["refused while held"]++
	}
	if exactly && usable && v.holds(a) {
		require.True(h.t, served, "%s is held and licensed, and its bytes are withheld, after %v", v.key(a.uuid), h.said)
	}
}

// end asks for everything once more, and for all that the feed tells.
func (h *tale) end(v *tenant) {
	h.t.Helper()
	for _, a := range v.assets {
		h.given(v, a, true)
	}
	status, b := v.ask("/changes")
	require.Equal(h.t, http.StatusOK, status, "%s", b)
	v.own("the feed", string(b), h.all)
}
