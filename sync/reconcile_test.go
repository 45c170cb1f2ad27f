package sync_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// wreck does damage to both sides, and takes down what Reconcile has to say of
// each.
type wreck struct {
	*surfaced
	rand *rand.Rand
	// single, files, aggregates and whole are records that nothing was done to
	// yet: those of single purchases, any files, aggregates, and aggregates to
	// whose parts nothing is done. What is done to shared ones leaves their
	// other findings as they are, so they take one damage of each such kind.
	single, files, aggregates, whole, shared []recsync.StoredRecord
	// wanted are the findings, as "difference: id", done the damages by kind.
	wanted map[string]int
	done   map[string]int
	people int
	// final tells that the records are final, and part what part there is of
	// everything.
	final bool
	part  int
	// strange are folders that hold records.
	strange []int64
}

const wreckAll = 500

// partOf is 1 for all, 5 in short runs and 10 under the race detector.
func partOf() int {
	if testing.Short() && !underRace {
		return 5
	}
	return every(10)
}

// fewer is a number of purchases or damages.
func (w *wreck) fewer(n int) int { return n / w.part }

// wreckPurchases are how many purchases there are, by what is done to them, and
// how many files each has.
var wreckPurchases = []struct {
	kind     string
	n, files int
}{{"s", 60, 1}, {"f", 50, 1}, {"c", wreckSets, 2}, {"w", wreckWhole, 2}}

const wreckEnded, wreckSets, wreckWhole = 20, 30, 20

func newWreck(t *testing.T, seed uint64, final bool, part int) *wreck {
	t.Helper()
	open := func(w *surfaced, _ *recsync.SurfacePolicy) { w.config.Policy.KeepOpen = !final }
	w := &wreck{surfaced: newSurfaced(t, open), rand: rand.New(rand.NewPCG(seed, 0)), wanted: map[string]int{}, done: map[string]int{}, final: final, part: part}
	for _, p := range wreckPurchases {
		for i := range w.fewer(p.n) {
			w.buyNew(fmt.Sprintf("%s%d", p.kind, i), p.files)
		}
	}
	for i := range w.fewer(wreckEnded) {
		p := w.purchase(fmt.Sprintf("e%d", i), nil)
		p.Terms[0] = testserver.SmintMerge(p.Terms[0], testserver.SmintJSON{"valid_until": testserver.SmintTime(w.clock.Now().Add(-days(2)))})
		require.NoError(t, w.smint.Emit(p.Payload(), w.file(p.UUID, "1", picture(40))))
	}
	w.follow(w.world.store(), recsync.FollowOptions{})
	receipt, _ := w.pass()
	aggregates := w.fewer(wreckSets) + w.fewer(wreckWhole)
	require.Equal(t, fmt.Sprintf("published %d, withheld %d", len(w.records())-aggregates, aggregates), receipt.Reason, "every file is offered, one whose license has ended as that; aggregates are not")
	for _, r := range w.all() {
		if at := w.node(r.Record.Node()).Parent; !slices.Contains(w.strange, at) {
			w.strange = append(w.strange, at)
		}
		list := map[string]*[]recsync.StoredRecord{"s": &w.single, "f": &w.shared, "w": &w.shared, "c": &w.files, "e": new([]recsync.StoredRecord)}[r.Record.Key().Item()[:1]]
		if aggregated(r.Record.Key()) {
			list = map[*[]recsync.StoredRecord]*[]recsync.StoredRecord{&w.files: &w.aggregates, &w.shared: &w.whole}[list]
		}
		*list = append(*list, r)
	}
	slices.Sort(w.strange)
	for _, list := range [][]recsync.StoredRecord{w.single, w.files, w.aggregates, w.whole, w.shared} {
		slices.SortFunc(list, func(a, b recsync.StoredRecord) int {
			return strings.Compare(a.Record.Key().String(), b.Record.Key().String())
		})
		w.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return w
}

func (w *wreck) buyNew(uuid string, files int) {
	w.t.Helper()
	list := make([]testserver.SmintBinary, files)
	for i := range list {
		list[i] = w.file(uuid, fmt.Sprint(i+1), picture(40+i))
	}
	require.NoError(w.t, w.smint.Emit(w.purchase(uuid, nil).Payload(), list...))
}

func (w *wreck) want(d recsync.Difference, id string) { w.wanted[string(d)+": "+id]++ }

// pick takes a record that nothing was done to yet.
func (w *wreck) pick(list *[]recsync.StoredRecord) (recsync.StoredRecord, string) {
	w.t.Helper()
	require.NotEmpty(w.t, *list, "too few records")
	r := (*list)[0]
	*list = (*list)[1:]
	return r, r.Record.Key().String()
}

func (w *wreck) share(n int) (recsync.StoredRecord, string) {
	w.t.Helper()
	require.Less(w.t, n, len(w.shared), "too few records")
	return w.shared[n], w.shared[n].Record.Key().String()
}

// any of the files, or every fourth time an aggregate, which is not offered.
func (w *wreck) any(n int) (list *[]recsync.StoredRecord, offered bool) {
	if n%4 == 0 {
		return &w.aggregates, false
	}
	return &w.files, true
}

func (w *wreck) lose(ids ...ecm.NodeID) {
	for _, id := range ids {
		w.ecm.Change(int64(id), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	}
}

func aggregated(key records.RecordKey) bool { return strings.Contains(key.String(), "/aggregate/") }

func feedIDOf(r recsync.StoredRecord) string { return "otcs-" + recsync.ExternalID(r.Record.Key()) }

// wrecks are the kinds of damage, with how often of 500 each is done.
var wrecks = []struct {
	name  string
	times int
	do    func(w *wreck, n int)
}{
	{"a new purchase", 40, func(w *wreck, n int) {
		uuid := fmt.Sprintf("n%d", n)
		w.buyNew(uuid, 1)
		w.want(recsync.DiffMissing, "acme/purchase/"+uuid+"/1/1")
	}},
	{"a project at the source", 20, func(w *wreck, n int) {
		r, id := w.pick(&w.single)
		require.NoError(w.t, w.smint.Update(r.Record.Key().Item(), testserver.SmintJSON{"project_name": testserver.SmintText("en", fmt.Sprintf("Other project %d", n))}))
		w.want(recsync.DiffDiffering, id) // the attribute
		w.want(recsync.DiffDiffering, id) // and what is kept of the license
		if w.final {
			w.people++ // a final record keeps its attributes
		}
	}},
	{"a license at the source", 20, func(w *wreck, n int) {
		r, id := w.pick(&w.single)
		term := testserver.SmintMerge(w.purchase("", nil).Terms[0], testserver.SmintJSON{"valid_until": testserver.SmintTime(w.clock.Now().Add(days(100 + n)))})
		require.NoError(w.t, w.smint.Update(r.Record.Key().Item(), testserver.SmintJSON{"license_terms": []any{term}}))
		w.want(recsync.DiffDiffering, id)
	}},
	{"a record and all beside it lost", 40, func(w *wreck, n int) {
		list, offered := w.any(n)
		r, id := w.pick(list)
		w.lose(r.Documents()...)
		w.want(recsync.DiffMissing, id)
		if offered {
			w.want(recsync.DiffAccessible, id)
		}
	}},
	{"a record lost and its rights document left", 20, func(w *wreck, _ int) {
		r, id := w.pick(&w.single)
		w.lose(r.Record.Node())
		w.want(recsync.DiffGone, id)
		w.want(recsync.DiffAccessible, id)
		w.people++
	}},
	{"a rights document lost", 30, func(w *wreck, n int) {
		list, offered := w.any(n)
		r, id := w.pick(list)
		w.lose(r.Rights)
		w.want(recsync.DiffIncomplete, id)
		if offered {
			w.want(recsync.DiffAccessible, id)
		}
	}},
	{"an attribute edited", 70, func(w *wreck, n int) {
		r, id := w.share(n)
		err := w.edit(int64(r.Record.Node()), "Project", fmt.Sprintf("Edited %d", n))
		if w.final {
			require.Error(w.t, err, "ECM lets nobody do that to a final record")
			return
		}
		require.NoError(w.t, err)
		w.want(recsync.DiffDiffering, id)
	}},
	{"a cross-reference removed", 30, func(w *wreck, n int) {
		if n%2 == 0 {
			r, id := w.share(n)
			require.NoError(w.t, w.config.ECM.CrossReferences.Remove(w.t.Context(), r.Record.Node(), ecm.CrossReference{Type: "RIGHTS", To: r.Rights}, ecm.Unguarded{Reason: "a test"}))
			w.want(recsync.DiffIncomplete, id)
			return
		}
		r, id := w.pick(&w.whole)
		list, err := w.config.ECM.CrossReferences.OfNode(w.t.Context(), r.Record.Node())
		require.NoError(w.t, err)
		i := slices.IndexFunc(list, func(x ecm.CrossReference) bool { return x.Type == "PART" })
		require.NoError(w.t, w.config.ECM.CrossReferences.Remove(w.t.Context(), r.Record.Node(), list[i], ecm.Unguarded{Reason: "a test"}))
		w.want(recsync.DiffIncomplete, id)
	}},
	{"offered more than is allowed", 20, func(w *wreck, n int) {
		id := fmt.Sprintf("acme/purchase/e%d/1/1", n)
		w.tamper("otcs-"+recsync.ExternalID(records.MustRecordKey(id)), func(a *adapter.Asset) { a.Access, a.Until = adapter.Full, time.Time{} })
		w.want(recsync.DiffAccessible, id)
	}},
	{"withheld from the feed", 60, func(w *wreck, n int) {
		r, id := w.share(n)
		if n%2 == 0 {
			w.tamper(feedIDOf(r), func(a *adapter.Asset) { a.Access = adapter.Hidden })
		} else {
			state, _ := w.surface.Feed().State(feedIDOf(r))
			_, err := w.surface.Feed().Remove(w.t.Context(), state.ID, state.ExternalID, state.Sequence+1, "a slip")
			require.NoError(w.t, err)
		}
		w.want(recsync.DiffWithheld, id)
	}},
	{"a stranger's document in a key folder", 80, func(w *wreck, n int) {
		at := w.strange[n%len(w.strange)]
		name := fmt.Sprintf("stranger %d.txt", n)
		id, err := w.ecm.AddDocument(at, name, []byte("mine"))
		require.NoError(w.t, err)
		w.want(recsync.DiffExtra, fmt.Sprintf("node %d %q", id, name))
		w.people++
	}},
	{"content corrupted", 70, func(w *wreck, n int) {
		r, id := w.share(n)
		require.NoError(w.t, w.ecm.Corrupt(int64(r.Record.Node()), func(b []byte) []byte {
			b = bytes.Clone(b)
			b[n%len(b)] ^= 1
			return b
		}))
		w.want(recsync.DiffDiffering, id)
		w.people++
	}},
}

func (w *world) edit(id int64, attribute, value string) error {
	return w.config.ECM.Categories.Update(w.t.Context(), ecm.NodeID(id), ecm.NodeID(w.category), ecm.CategoryValues{w.attribute(attribute): ecm.Text(value)})
}

func (w *wreck) tamper(id string, change func(*adapter.Asset)) {
	w.t.Helper()
	state, known := w.surface.Feed().State(id)
	require.True(w.t, known && !state.Removed(), id)
	a := *state.Asset
	change(&a)
	outcome, err := w.surface.Feed().Publish(w.t.Context(), a, state.Sequence+1)
	require.NoError(w.t, err)
	require.NotEqual(w.t, adapter.Stale, outcome)
}

func found(p *recsync.ReconcilePlan) map[string]int {
	all := map[string]int{}
	for _, f := range p.Findings {
		all[string(f.Difference)+": "+f.ID]++
	}
	return all
}

// TestReconcile_FindsEachLossAndNothingElse: 500 random losses and edits on
// both sides, each found exactly once; the repair leaves both sides equal but
// for what a person has to settle, and a repair that follows writes nothing.
func TestReconcile_FindsEachLossAndNothingElse(t *testing.T) {
	t.Parallel()
	reconciled(t, false, partOf())
}

// TestReconcile_FindsEachLossOfFinalRecords: a fifth of that, of records that
// are final: what only a person may change there is left to a person.
func TestReconcile_FindsEachLossOfFinalRecords(t *testing.T) {
	t.Parallel()
	reconciled(t, true, 5*every(2))
}

func reconciled(t *testing.T, final bool, part int) {
	t.Helper()
	const seed = 20261128
	w := newWreck(t, seed, final, part)
	for _, r := range w.all() {
		require.Equal(t, final, w.node(r.Record.Node()).Final, r.Record.Key())
	}
	req := recsync.ReconcileRequest{Purchases: true, Bytes: true, Surface: w.surface}
	before, err := recsync.PlanReconcile(t.Context(), w.scope, req)
	require.NoError(t, err)
	require.Empty(t, before.Findings, "what was just kept in step does not differ")

	var all []func()
	for _, k := range wrecks {
		for n := range w.fewer(k.times) {
			all = append(all, func() { k.do(w, n); w.done[k.name]++ })
		}
	}
	require.Len(t, all, w.fewer(wreckAll))
	w.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, do := range all {
		do()
	}
	t.Logf("seed %d: %d records, damages by kind: %v", seed, before.Records, w.done)

	w.ecm.Forget()
	plan, err := recsync.PlanReconcile(t.Context(), w.scope, req)
	require.NoError(t, err)
	require.Empty(t, w.written(), "a plan asks only")
	require.Equal(t, w.wanted, found(plan), "each damage is found exactly once, and nothing else is")
	require.Len(t, plan.Open(), w.people, "what only a person can settle is told apart")

	require.NoError(t, plan.Apply(t.Context()))
	again, err := recsync.PlanReconcile(t.Context(), w.scope, req)
	require.NoError(t, err)
	require.Zero(t, again.Repairs(), "the repair leaves nothing to repair: %s", again)
	require.Len(t, again.Findings, w.people, "what a person has to settle stays reported")

	w.ecm.Forget()
	states := w.surface.Feed().States()
	require.NoError(t, plan.Apply(t.Context()), "a plan applied twice")
	require.NoError(t, again.Apply(t.Context()))
	require.Empty(t, w.written(), "what holds is not written again")
	require.Equal(t, states, w.surface.Feed().States(), "nor published again")
}
