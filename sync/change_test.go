package sync_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// all reads what ECM has of each record, by key.
func (w *world) all() map[string]recsync.StoredRecord {
	w.t.Helper()
	all := map[string]recsync.StoredRecord{}
	for r, err := range w.scope.Records(w.t.Context()) {
		require.NoError(w.t, err)
		all[r.Record.Key().String()] = r
	}
	return all
}

// supersededBy asks what took the place of each record, by keys.
func (w *world) supersededBy() map[string]string {
	w.t.Helper()
	by := map[string]string{}
	for key, r := range w.all() {
		newer, err := w.scope.SupersededBy(w.t.Context(), r.Record)
		require.NoError(w.t, err, key)
		by[key] = ""
		if !newer.IsZero() {
			by[key] = newer.Key().String()
		}
	}
	return by
}

// standing is the decision about a record today, from the newest version of its
// rights document.
func (w *world) standing(r recsync.StoredRecord) rightsmap.Decision {
	w.t.Helper()
	files := unzip(w.t, w.storedBytes(int64(r.Rights)))
	statement, err := rightsmap.Read([]byte(files["source.json"]))
	require.NoError(w.t, err)
	if original := files["original.json"]; original != "" {
		first, err := rightsmap.Read([]byte(original))
		require.NoError(w.t, err)
		statement, err = statement.WithOriginal(first)
		require.NoError(w.t, err)
	}
	return statement.Standing(w.clock.Now())
}

// TestR11_ANewVersionSupersedesTheOld: it is a record of its own, linked with
// its predecessor, which is marked and left as it is.
func TestR11_ANewVersionSupersedesTheOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	w.buy("1", picture(10), nil)
	w.follow(store, recsync.FollowOptions{})
	require.Equal(t, map[string]string{"acme/purchase/1/1/1": ""}, w.supersededBy())
	before := w.records()[0]
	for n := range 2 {
		require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "1", picture(20+n))))
		w.follow(store, recsync.FollowOptions{})
	}
	require.Equal(t, map[string]string{
		"acme/purchase/1/1/1": "acme/purchase/1/1/3", "acme/purchase/1/1/2": "acme/purchase/1/1/3", "acme/purchase/1/1/3": "",
	}, w.supersededBy(), "the newest version takes the place of all others")
	after, _ := w.ecm.Node(before.ID)
	require.Equal(t, before.SHA256, after.SHA256)
	require.Equal(t, before.Values, after.Values, "a final record is marked by a cross-reference and by nothing else")
	stored := w.all()
	second := stored["acme/purchase/1/1/2"].Record.Node()
	require.Contains(t, after.Xrefs, fmt.Sprintf("SUPERSEDEDBY %d", second), "the mark leads to the next version")
	require.NotContains(t, strings.Join(after.Xrefs, ","), fmt.Sprintf("SUPERSEDEDBY %d", stored["acme/purchase/1/1/3"].Record.Node()))
	d := w.decideNow("1")
	require.Equal(t, adapter.Superseded, d.Access, "access to the first version: %s", d)
	require.Equal(t, "acme/purchase/1/1/3", d.ReplacedBy.String(), "whoever has the old version is led to the newest")

	w.ecm.Forget()
	w.follow(store, recsync.FollowOptions{FromStart: true})
	require.Empty(t, w.writes(), "a replay marks nothing twice")
}

// TestR11_AChangedMemberMakesANewAggregate, which takes the place of the old
// one; so does a member that is added.
func TestR11_AChangedMemberMakesANewAggregate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), w.file("1", "a", picture(10)), w.file("1", "b", picture(20))))
	var aggregates []string
	for _, change := range []func() error{
		func() error { return nil },
		func() error { return w.smint.AddBinaryVersion("1", w.file("1", "b", picture(21))) },
		func() error { return w.smint.AddBinaryVersion("1", w.file("1", "c", picture(30))) },
	} {
		require.NoError(t, change())
		w.follow(store, recsync.FollowOptions{})
		for key := range w.all() {
			if strings.Contains(key, "/aggregate/") && !slices.Contains(aggregates, key) {
				aggregates = append(aggregates, key)
			}
		}
	}
	require.Len(t, aggregates, 3, "each composition is an aggregate of its own")
	by := w.supersededBy()
	require.Equal(t, aggregates[2], by[aggregates[0]])
	require.Equal(t, aggregates[2], by[aggregates[1]])
	require.Empty(t, by[aggregates[2]], "the newest composition stands for the asset")
	require.Empty(t, by["acme/purchase/1/a/1"], "a member that did not change is superseded by nothing")
	require.Equal(t, "acme/purchase/1/b/2", by["acme/purchase/1/b/1"])
}

// TestR11_PortalVersionsSupersedeEachOther, also where their names are no
// numbers: what the portal shows now is the newest.
func TestR11_PortalVersionsSupersedeEachOther(t *testing.T) {
	t.Parallel()
	for name, versions := range map[string][]string{"numbers": {"9", "10", "10.1"}, "texts": {"final", "final-final", "approved"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPortalWorld(t, nil)
			store := w.store()
			key := func(i int) string { return "acme/asset/99:image:kv-1/" + versions[i] }
			for i, version := range versions {
				w.finish("kv-1", version, fmt.Sprint("e", i), picture(100+i), approved(nil))
				_, _ = w.followPortal(store, recsync.FollowOptions{})
			}
			require.Equal(t, map[string]string{key(0): key(2), key(1): key(2), key(2): ""}, w.supersededBy())

			// Someone puts the first version back: that was superseded, and stays so.
			w.finish("kv-1", versions[0], "e0", picture(100), approved(nil))
			w.ecm.Forget()
			_, _ = w.followPortal(w.store(), recsync.FollowOptions{})
			require.Empty(t, w.writes())
			require.Equal(t, key(2), w.supersededBy()[key(0)], "a mark is never turned around")
		})
	}
}

// TestSupersedeRecord_TheOrderOfDeclarationDoesNotMatter: whichever version
// comes first, and however often, the same one supersedes the others.
func TestSupersedeRecord_TheOrderOfDeclarationDoesNotMatter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	number := 0
	rapid.Check(t, func(rt *rapid.T) {
		number++
		item, n := fmt.Sprint(number), rapid.IntRange(2, 4).Draw(rt, "versions")
		w.buy(item, picture(10), nil)
		all := make([]recsync.RecordRef, n+1)
		for _, v := range rapid.Permutation(append(seq(n), rapid.SliceOfN(rapid.IntRange(1, n), 0, 2).Draw(rt, "again")...)).Draw(rt, "order") {
			a := w.assets(item)[0]
			a.Inline, a.Key = picture(10+v), records.MustRecordKey(fmt.Sprintf("acme/purchase/%s/1/%d", item, v))
			r, err := w.declare(a)
			require.NoError(rt, err)
			all[v] = r.Record
			_, err = recsync.SupersedeRecord(t.Context(), w.scope, recsync.SupersedeRequest{Record: r.Record})
			require.NoError(rt, err)
		}
		for v := 1; v <= n; v++ {
			by, err := w.scope.SupersededBy(t.Context(), all[v])
			require.NoError(rt, err)
			want := all[n]
			if v == n {
				want = recsync.RecordRef{}
			}
			require.Equal(rt, want, by, "version %d of %d", v, n)
		}
	})
}

func seq(n int) (list []int) {
	for i := 1; i <= n; i++ {
		list = append(list, i)
	}
	return list
}

// TestSupersedeRecord_ThePlanIsWhatIsDone, and a stale one is refused.
func TestSupersedeRecord_ThePlanIsWhatIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	first := mustDeclare(w, w.asset("1", picture(10)))
	require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "1", picture(20))))
	second := mustDeclare(w, w.assets("1")[0])
	w.ecm.Forget()
	req := recsync.SupersedeRequest{Record: second.Record}
	plan, err := recsync.PlanSupersedeRecord(t.Context(), w.scope, req)
	require.NoError(t, err)
	require.Empty(t, w.writes(), "a plan writes nothing")
	require.Contains(t, plan.String(), "cross-reference record acme/purchase/1/1/1: superseded by acme/purchase/1/1/2")
	require.Equal(t, []recsync.RecordRef{first.Record}, plan.Older)
	receipt, err := plan.Apply(t.Context())
	require.NoError(t, err)
	require.Equal(t, recsync.Changed, receipt.Change)
	require.Equal(t, first.Record, receipt.Document)
	require.Len(t, w.writes(), 1, "what is done is what was planned")
	_, err = plan.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan)
	again, err := recsync.SupersedeRecord(t.Context(), w.scope, req)
	require.NoError(t, err)
	require.Equal(t, recsync.Unchanged, again.Change)
	require.Len(t, w.writes(), 1)
	entries := w.journal.all()
	last := entries[len(entries)-1]
	require.Equal(t, "SupersedeRecord", last.Primitive)
	require.Equal(t, recsync.Outcome, last.Kind)

	w.config.ID = records.MustScopeID("globex")
	_, err = recsync.SupersedeRecord(t.Context(), w.newScope(), req)
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	_, err = w.newScope().SupersededBy(t.Context(), second.Record)
	require.ErrorIs(t, err, recsync.ErrForeignScope)
}

// TestSupersedeRecord_WithoutAType marks nothing and says so.
func TestSupersedeRecord_WithoutAType(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.SupersedesReference = "" })
	r := mustDeclare(w, w.asset("1", picture(10)))
	receipt, err := recsync.SupersedeRecord(t.Context(), w.scope, recsync.SupersedeRequest{Record: r.Record})
	require.NoError(t, err)
	require.Equal(t, recsync.Skipped, receipt.Change)
	require.NotEmpty(t, receipt.Reason)
	by, err := w.scope.SupersededBy(t.Context(), r.Record)
	require.NoError(t, err)
	require.True(t, by.IsZero())
}

// TestSupersedeRecord_AnIncompleteVersionSupersedesNothing: what is no record
// yet cannot take the place of one.
func TestSupersedeRecord_AnIncompleteVersionSupersedesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	w.buy("1", picture(10), nil)
	w.follow(store, recsync.FollowOptions{})
	require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "1", picture(20))))
	w.ecm.Deny(w.ecm.Options().User, "classify")
	r := w.follow(store, recsync.FollowOptions{})
	require.Equal(t, 1, r.Incomplete)
	require.Empty(t, w.supersededBy()["acme/purchase/1/1/1"], "an incomplete upload is no version that stands")
	incomplete := w.all()["acme/purchase/1/1/2"].Record
	_, err := recsync.SupersedeRecord(t.Context(), w.scope, recsync.SupersedeRequest{Record: incomplete})
	require.ErrorIs(t, err, recsync.ErrPending)
	w.ecm.Deny(w.ecm.Options().User)
	w.follow(store, recsync.FollowOptions{Retry: true})
	require.Equal(t, "acme/purchase/1/1/2", w.supersededBy()["acme/purchase/1/1/1"])
}

// TestR48_SupersedeRecordInterruptedAnywhere is completed by the next call.
func TestR48_SupersedeRecordInterruptedAnywhere(t *testing.T) {
	t.Parallel()
	for _, kind := range []testserver.FaultKind{testserver.DropBefore, testserver.DropAfter, testserver.HTML} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			mustDeclare(w, w.asset("1", picture(10)))
			require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "1", picture(20))))
			req := recsync.SupersedeRequest{Record: mustDeclare(w, w.assets("1")[0]).Record}
			w.ecm.Fail(testserver.Fault{Route: "POST /v1/nodes/{id}/xrefs", Kind: kind})
			_, first := recsync.SupersedeRecord(t.Context(), w.scope, req)
			w.ecm.Heal()
			receipt, err := recsync.SupersedeRecord(t.Context(), w.scope, req)
			require.NoError(t, errors.Join(first, err), "a lost answer is looked up")
			require.Equal(t, recsync.Unchanged, receipt.Change)
			require.Equal(t, "acme/purchase/1/1/2", w.supersededBy()["acme/purchase/1/1/1"])
		})
	}
}
