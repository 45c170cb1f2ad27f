package sync_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/rightsmap"
	recsync "github.com/smintecm/sdk/sync"
)

// verdicts are the decisions about all records today, by key.
func (w *world) verdicts() map[string]string {
	all := map[string]string{}
	for key, r := range w.all() {
		all[key] = w.standing(r).Verdict.String()
	}
	return all
}

// TestR41_ACancelledPurchaseIsDeniedForEveryRecord: its records stay, each of
// every version, and their rights say from then on that there is no license.
func TestR41_ACancelledPurchaseIsDeniedForEveryRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), w.file("1", "a", picture(10)), w.file("1", "b", picture(20))))
	w.buy("2", picture(30), nil)
	w.follow(store, recsync.FollowOptions{})
	require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "b", picture(21))))
	w.follow(store, recsync.FollowOptions{})
	require.NoError(t, w.smint.Cancel("1"))

	w.ecm.Forget()
	var planned []string
	dry := w.follow(store, recsync.FollowOptions{DryRun: true, OnItem: func(r recsync.ItemResult) {
		if r.RightsPlan != nil {
			planned = append(planned, r.RightsPlan.String())
		}
	}})
	require.Equal(t, 5, dry.Planned, "two files, one of them in two versions, and two aggregates")
	require.Contains(t, planned[0], "add rights version")
	require.Empty(t, w.writes(), "a dry run writes nothing")

	items := map[string]recsync.ItemResult{}
	r := w.follow(store, recsync.FollowOptions{OnItem: func(r recsync.ItemResult) { items[r.ID] = r }})
	require.Equal(t, "declared=0 unchanged=0 incomplete=0 skipped=1 quarantined=0 updated=5", r.String())
	for key, verdict := range w.verdicts() {
		if strings.Contains(key, "/purchase/2/") {
			require.Equal(t, "allowed", verdict, "another purchase is not concerned")
			continue
		}
		require.Equal(t, "denied", verdict, "%s: the purchase was cancelled", key)
		require.Equal(t, recsync.ItemUpdated, items[key].Outcome)
		require.Contains(t, items[key].Reason, "denied: the purchase was cancelled")
		require.Equal(t, recsync.Changed, items[key].Rights.Change)
	}
	require.Len(t, w.all(), 6, "no record goes away")

	w.ecm.Forget()
	r = w.follow(store, recsync.FollowOptions{FromStart: true})
	require.Zero(t, r.Updated)
	require.Empty(t, w.writes(), "older words that come again replace no newer one")
	require.Equal(t, "denied", w.verdicts()["acme/purchase/1/a/1"])
}

// TestR41_ACancelledPurchaseOfAnOpenRecordDeniesInItsAttributes too.
func TestR41_ACancelledPurchaseOfAnOpenRecordDeniesInItsAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.KeepOpen = true })
	store := w.store()
	w.buy("1", picture(10), nil)
	w.follow(store, recsync.FollowOptions{})
	require.Equal(t, "allowed", w.value(w.records()[0], "Rights Status"))
	require.NoError(t, w.smint.Cancel("1"))
	require.Equal(t, 1, w.follow(store, recsync.FollowOptions{}).Updated)
	require.Equal(t, "denied", w.value(w.records()[0], "Rights Status"))
}

// TestR41_ACancelledPurchaseWithoutADateStaysCancelled: no other word can be
// told to be newer.
func TestR41_ACancelledPurchaseWithoutADateStaysCancelled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.buy("1", picture(10), nil)
	bought := w.smint.Transaction("1")
	r := mustDeclare(w, w.assets("1")[0])
	transfer := func(source []byte) recsync.Receipt {
		receipt, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: source})
		require.NoError(t, err)
		return receipt
	}
	transfer(bought)
	undated := merged(t, bought, testserver.SmintJSON{"state": "cancelled", "last_updated_at": nil})
	require.Equal(t, recsync.Changed, transfer(undated).Change, "the date of the purchase says nothing about when it was cancelled")
	require.Equal(t, "denied", w.verdicts()["acme/purchase/1/1/1"])
	later := merged(t, bought, testserver.SmintJSON{"last_updated_at": "2031-01-01T00:00:00Z"})
	require.Equal(t, recsync.Unchanged, transfer(later).Change)
	require.Equal(t, "denied", w.verdicts()["acme/purchase/1/1/1"])
}

// merged lays a patch over a transaction, as the vendor would send it.
func merged(t testing.TB, raw []byte, patch testserver.SmintJSON) []byte {
	t.Helper()
	var object map[string]any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	require.NoError(t, d.Decode(&object))
	b, err := json.Marshal(testserver.SmintMerge(object, patch))
	require.NoError(t, err)
	return b
}

// TestR41_AReuseFollowsItsOriginal: whoever reuses a license has lost it with
// the original's, and gets what the original gets.
func TestR41_AReuseFollowsItsOriginal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	w.buy("1", picture(10), nil)
	w.buy("2", picture(10), testserver.SmintJSON{"reused_license_purchase_transaction_uuid": "1"})
	w.follow(store, recsync.FollowOptions{})
	require.Equal(t, map[string]string{"acme/purchase/1/1/1": "allowed", "acme/purchase/2/1/1": "allowed"}, w.verdicts())
	require.NoError(t, w.smint.Update("1", testserver.SmintJSON{"license_terms": []any{testserver.SmintTerm(1, "Ended", testserver.SmintJSON{"valid_until": "2025-06-01T00:00:00Z"})}}))
	r := w.follow(store, recsync.FollowOptions{})
	require.Equal(t, 1, r.Updated, "the reuse")
	require.Equal(t, map[string]string{"acme/purchase/1/1/1": "denied", "acme/purchase/2/1/1": "denied"}, w.verdicts())
	require.NoError(t, w.smint.Update("1", testserver.SmintJSON{"license_terms": json.RawMessage(w.terms("1", 0))}))
	w.follow(store, recsync.FollowOptions{})
	require.Equal(t, "allowed", w.verdicts()["acme/purchase/2/1/1"], "renewed")
	require.NoError(t, w.smint.Cancel("1"))
	require.Equal(t, 2, w.follow(store, recsync.FollowOptions{}).Updated)
	require.Equal(t, "denied", w.verdicts()["acme/purchase/2/1/1"], "cancelled")

	w.ecm.Forget()
	w.follow(store, recsync.FollowOptions{FromStart: true})
	require.Empty(t, w.writes(), "a replay of both says nothing new")
}

// terms are the license terms of a purchase when it came first.
func (w *world) terms(uuid string, version int) []byte {
	w.t.Helper()
	var object struct {
		Terms json.RawMessage `json:"license_terms"`
	}
	doc := w.all()["acme/purchase/"+uuid+"/1/1"].Rights
	c, err := w.scope.ECM().Content.OpenVersion(w.t.Context(), doc, version+1)
	require.NoError(w.t, err)
	var b bytes.Buffer
	_, err = b.ReadFrom(c)
	require.NoError(w.t, err)
	require.NoError(w.t, json.Unmarshal([]byte(unzip(w.t, b.Bytes())["source.json"]), &object))
	return object.Terms
}

// TestR23_AHeldRecordsRightsTakeEffectAllTheSame: a hold keeps the rights
// document as it is, and prolongs no right of use. What the vendor says later
// stands in a further document beside it, held as well; after the release the
// newest one is carried on.
func TestR23_AHeldRecordsRightsTakeEffectAllTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	w.buy("1", picture(10), nil)
	w.follow(store, recsync.FollowOptions{})
	doc := w.rightsDocument()
	hold := w.ecm.AddHold("Case 7", "LEGAL", w.records()[0].ID, doc.ID)
	require.NoError(t, w.smint.Cancel("1"))
	r := w.follow(store, recsync.FollowOptions{})
	require.Empty(t, r.Pending)
	require.Equal(t, "denied", w.verdicts()["acme/purchase/1/1/1"], "a hold prolongs no right of use")
	require.Equal(t, doc.VersionsSHA256, w.rightsDocument().VersionsSHA256, "what is held is not changed")
	newest := w.allStored()["1"]
	require.NotEqual(t, doc.ID, int64(newest.Rights), "a further document begins")
	require.Contains(t, newest.Others, ecm.NodeID(doc.ID))
	require.Contains(t, w.holdsOn(newest.Rights), hold, "and is held as its record is")
	require.Equal(t, []string{"RIGHTS " + fmt.Sprint(doc.ID), "RIGHTS " + newest.Rights.String()}, w.node(newest.Record.Node()).Xrefs)
	w.ecm.Forget()
	w.follow(store, recsync.FollowOptions{})
	require.Empty(t, w.writes(), "once is enough")

	for _, id := range w.allStored()["1"].Documents() {
		require.NoError(t, w.scope.ECM().Holds.RemoveMany(t.Context(), ecm.HoldID(hold), "case closed", id))
	}
	w.buy("1", picture(10), testserver.SmintJSON{"last_updated_at": "2031-01-01T00:00:00Z"})
	w.follow(store, recsync.FollowOptions{})
	require.Equal(t, "allowed", w.verdicts()["acme/purchase/1/1/1"])
	require.Equal(t, newest.Rights, w.allStored()["1"].Rights, "after the release the newest document is carried on")
	require.Equal(t, 2, w.node(newest.Rights).Versions)
}

// TestR9_ACancellationInterruptedAnywhereIsCompleted by the next pass.
func TestR9_ACancellationInterruptedAnywhereIsCompleted(t *testing.T) {
	t.Parallel()
	for _, fault := range []testserver.Fault{
		{Route: "POST /v2/nodes/{id}/versions", Kind: testserver.DropAfter},
		{Route: "POST /v2/nodes/{id}/versions", Kind: testserver.Refuse, Status: 503, Times: -1},
		{Route: "POST /v2/nodes/{id}/versions", Kind: testserver.Refuse, Status: 503, Times: -1, Skip: 1},
		{Route: "GET /v1/nodes/{id}/xrefs", Kind: testserver.Refuse, Status: 503, Times: -1},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			store := w.store()
			w.buy("1", picture(10), nil)
			w.buy("2", picture(10), testserver.SmintJSON{"reused_license_purchase_transaction_uuid": "1"})
			w.follow(store, recsync.FollowOptions{})
			require.NoError(t, w.smint.Cancel("1"))
			w.ecm.Fail(fault)
			_, _ = recsync.FollowPurchases(t.Context(), w.scope, store, recsync.FollowOptions{})
			w.ecm.Heal()
			w.scope = w.newScope()
			w.follow(store, recsync.FollowOptions{})
			require.Equal(t, map[string]string{"acme/purchase/1/1/1": "denied", "acme/purchase/2/1/1": "denied"}, w.verdicts(), "%+v", fault)
			for _, n := range w.ecm.Documents() {
				require.LessOrEqual(t, n.Versions, 2, "one word is one version")
			}
		})
	}
}

// TestR17_WordsInAnyOrderEndInTheNewest: licenses are renewed, narrowed and
// canceled; whatever order these words come in, and however often, the rights
// are in the end those of the newest, and every word that was kept stays.
func TestR17_WordsInAnyOrderEndInTheNewest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.KeepOpen = true })
	number := 0
	counts := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		number++
		item := fmt.Sprint(number)
		w.buy(item, picture(10), testserver.SmintJSON{"last_updated_at": "2026-01-01T00:00:00Z"})
		words := [][]byte{w.smint.Transaction(item)}
		r, err := w.declare(w.assets(item)[0])
		require.NoError(rt, err)
		for n := range rapid.IntRange(1, 4).Draw(rt, "changes") {
			kind := rapid.SampledFrom([]string{"renewed", "narrowed", "cancelled"}).Draw(rt, "change")
			counts[kind]++
			patch := testserver.SmintJSON{"last_updated_at": time.Date(2026, 2, 1+n, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)}
			switch kind {
			case "renewed":
				patch["license_terms"] = []any{testserver.SmintTerm(1, fmt.Sprint("Until ", n), testserver.SmintJSON{"valid_until": fmt.Sprintf("%d-01-01T00:00:00Z", 2040+n)})}
			case "narrowed":
				patch["license_terms"] = []any{testserver.SmintTerm(1, fmt.Sprint("Ended ", n), testserver.SmintJSON{"valid_until": "2025-06-01T00:00:00Z"})}
			case "cancelled":
				patch["state"] = "cancelled"
			}
			words = append(words, merged(t, words[0], patch))
		}
		var order []int
		for i := range words {
			order = append(order, i)
		}
		order = append(order, rapid.SliceOfN(rapid.IntRange(0, len(words)-1), 0, 3).Draw(rt, "again")...)
		kept := 0
		for _, i := range rapid.Permutation(order).Draw(rt, "order") {
			receipt, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: words[i]})
			require.NoError(rt, err)
			if receipt.Change != recsync.Unchanged {
				kept++
			}
		}
		record, err := w.scope.Record(t.Context(), r.Record.Key())
		require.NoError(rt, err)
		want, err := rightsmap.Read(words[len(words)-1])
		require.NoError(rt, err)
		require.Equal(rt, want.Standing(w.clock.Now()).Summary(), w.standing(record).Summary(), "order %v: the newest word decides", order)
		n, _ := w.ecm.Node(int64(r.Record.Node()))
		require.Equal(rt, want.Standing(w.clock.Now()).Verdict.String(), w.value(n, "Rights Status"), "order %v: an open record's attributes follow the newest word, and no older one", order)
		doc, _ := w.ecm.Node(int64(record.Rights))
		require.Equal(rt, kept, doc.Versions, "each word that was kept is a version, and none went away")
	})
	for _, kind := range []string{"renewed", "narrowed", "cancelled"} {
		require.NotZero(t, counts[kind], kind)
		t.Logf("%s: %d", kind, counts[kind])
	}
}
