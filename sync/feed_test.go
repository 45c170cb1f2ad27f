package sync_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

func (w *world) follow(store recsync.FeedStore, opts recsync.FollowOptions) recsync.FollowResult {
	w.t.Helper()
	r, err := recsync.FollowPurchases(w.t.Context(), w.scope, store, opts)
	require.NoError(w.t, err, "a pass over the feed ends well: what one item lacks is its own outcome, and what stands is found by name")
	return r
}

func TestFollowPurchases_TheBuiltInFeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	require.NoError(t, testserver.SeedCatalog(w.smint, testserver.CatalogOptions{LargeMiB: 5}))
	store := w.store()
	outcomes := map[string]string{}
	first := w.follow(store, recsync.FollowOptions{OnItem: func(r recsync.ItemResult) { outcomes[r.ID] = string(r.Outcome) + " " + r.Queue }})
	require.Equal(t, "declared=19 unchanged=0 incomplete=0 skipped=3 quarantined=1 updated=1", first.String(), "everything declarable becomes a record, small ones and those that are hashed while they stream")
	require.Equal(t, "quarantined bytes differ", outcomes["acme/purchase/79416/1/1"])
	require.Equal(t, "skipped ", outcomes["79413"])
	require.Empty(t, first.Pending, "what was pending came again")
	require.Len(t, first.Quarantine, 1)
	require.Len(t, w.records(), 19)

	w.ecm.Forget()
	again := w.follow(store, recsync.FollowOptions{})
	require.Equal(t, "declared=0 unchanged=0 incomplete=0 skipped=0 quarantined=0", again.String(), "the checkpoint stands behind what is settled: the next pass begins there")
	whole := w.follow(store, recsync.FollowOptions{FromStart: true})
	require.Zero(t, whole.Declared, "what stands under its name is looked up, never declared again")
	require.Len(t, w.records(), 19)
	require.Empty(t, w.writes(), "a replay writes nothing")
}

// TestR3_TheUnclassifiableWaitInTheirQueue, and the others go on.
func TestR3_TheUnclassifiableWaitInTheirQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.Classes[0].ContentTypes = []string{"image"} })
	odd := w.file("1", "1", picture(10))
	odd.Fields = testserver.SmintJSON{"content_type": "hologram"}
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), odd))
	w.buy("2", picture(20), nil)
	store := w.store()
	r := w.follow(store, recsync.FollowOptions{})
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=1", r.String())
	require.Equal(t, recsync.QueueUnclassified, r.Quarantine[0].Queue)
	require.NotEmpty(t, r.Quarantine[0].Source, "it can be taken up again from there")

	// The policy learns the type; a pass with Retry takes the item up.
	w.config.Policy.Classes = append(w.config.Policy.Classes, recsync.ClassRule{ContentTypes: []string{"hologram"}, Class: w.config.Policy.Classes[0].Class})
	w.scope = w.newScope()
	r = w.follow(store, recsync.FollowOptions{Retry: true})
	require.Equal(t, 1, r.Declared)
	require.Empty(t, r.Quarantine)
	require.Len(t, w.records(), 2)
}

// TestR5_OneBrokenItemStopsNoOther: what is malformed, breaks off, or lies
// about its length is quarantined with its reason.
func TestR5_OneBrokenItemStopsNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		breaks := w.file("1", "1", picture(9000))
		breaks.BreakAfter, breaks.NoRanges = 10, true
		lies := w.file("2", "1", picture(9000))
		lies.AnnounceExtra = 5
		require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), breaks))
		require.NoError(t, w.smint.Emit(w.purchase("2", nil).Payload(), lies))
		require.NoError(t, w.smint.Emit([]byte(`{"uuid":"3","license_terms":"none"}`)))
		require.NoError(t, w.smint.Emit([]byte(`{"uuid":null}`)))
		require.NoError(t, w.smint.Emit(w.purchase("4", testserver.SmintJSON{"uuid": "4"}).Payload()))
		w.buy("5", picture(50), nil)
		r := w.follow(w.store(), recsync.FollowOptions{})
		require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=5", r.String())
		for _, q := range r.Quarantine {
			require.NotEmpty(t, q.Reason, q.ID)
		}
		require.Len(t, w.records(), 1)
	})
}

// TestR11_ACompoundIsOneAggregate: its files are records, and one more that
// lists them by key and digest and is cross-referenced with each.
func TestR11_ACompoundIsOneAggregate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	require.NoError(t, w.smint.Emit(w.purchase("1", nil).Payload(), w.file("1", "a", picture(10)), w.file("1", "b", picture(20)), w.file("1", "c", picture(30))))
	store := w.store()
	r := w.follow(store, recsync.FollowOptions{})
	require.Equal(t, 4, r.Declared)
	all := w.records()
	i := slices.IndexFunc(all, func(n testserver.ECMNode) bool { return strings.HasPrefix(n.Name, "1-all-") })
	require.GreaterOrEqual(t, i, 0)
	aggregate := all[i]
	manifest := string(w.storedBytes(aggregate.ID))
	for _, n := range slices.Delete(slices.Clone(all), i, i+1) {
		require.Contains(t, aggregate.Xrefs, fmt.Sprintf("PART %d", n.ID))
		require.Contains(t, n.Xrefs, fmt.Sprintf("PARTOF %d", aggregate.ID))
		require.Contains(t, manifest, n.SHA256)
		require.Contains(t, manifest, w.value(n, "Record key"))
	}
	// One file gets a new version: a new record of it, and a new aggregate.
	require.NoError(t, w.smint.AddBinaryVersion("1", w.file("1", "b", picture(21))))
	r = w.follow(store, recsync.FollowOptions{})
	require.Equal(t, "declared=2 unchanged=2 incomplete=0 skipped=0 quarantined=0 updated=2", r.String(), "the old version and the old aggregate stay, and know the newest word about their license")
	require.Len(t, w.records(), 6)
}

// TestR11_AReuseLinksToItsOriginal, whichever comes first, and also if they
// come in different passes.
func TestR11_AReuseLinksToItsOriginal(t *testing.T) {
	t.Parallel()
	for _, later := range []bool{false, true} {
		w := newWorld(t, nil)
		store := w.store()
		w.buy("2", picture(10), testserver.SmintJSON{"reused_license_purchase_transaction_uuid": "1"})
		if later {
			r := w.follow(store, recsync.FollowOptions{})
			require.Equal(t, "declared=0 unchanged=0 incomplete=0 skipped=1 quarantined=0", r.String())
			require.Equal(t, recsync.QueueOriginal, r.Pending[0].Queue)
		}
		w.buy("1", picture(10), nil)
		r := w.follow(store, recsync.FollowOptions{})
		require.Equal(t, 2, r.Declared)
		require.Empty(t, r.Pending)
		all := w.records()
		require.Len(t, all, 2)
		for _, n := range all {
			if w.value(n, "Asset ID") == "2" {
				require.Contains(t, strings.Join(n.Xrefs, ","), "REUSES")
				require.Equal(t, "allowed", w.value(n, "Rights Status"), "both licenses were looked at")
			}
		}
	}
}

func TestFollowPurchases_PendingOnesAreKeptAndDeclaredLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	w.buy("1", picture(10), testserver.SmintJSON{"can_be_synced": nil, "state": "purchase_phase_1"})
	r := w.follow(store, recsync.FollowOptions{})
	require.Equal(t, recsync.QueueNotSyncable, r.Pending[0].Queue)
	// Another process, later: the list was as durable as the checkpoint.
	w.scope = w.newScope()
	require.NoError(t, w.smint.MakeSyncable("1"))
	r = w.follow(store, recsync.FollowOptions{})
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=0", r.String())
	require.Empty(t, r.Pending)
}

// TestFollowPurchases_AServerThatIsDownEndsThePass, and the next one goes on
// where it stood, without a second record.
func TestFollowPurchases_AServerThatIsDownEndsThePass(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"POST /v2/nodes", "POST /v1/nodes/{id}/rmclassifications", "GET /v2/nodes/{id}/nodes"} {
		for skip := 0; skip < 6; skip += every(3) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				for i := range 12 {
					w.buy(fmt.Sprint(i+1), picture(10+i), nil)
				}
				store := w.store()
				w.ecm.Fail(testserver.Fault{Route: route, Skip: 3 * skip, Times: -1, Kind: testserver.Refuse, Status: 503})
				_, err := recsync.FollowPurchases(t.Context(), w.scope, store, recsync.FollowOptions{PageSize: 4})
				require.Error(t, err, "an outage ends the pass: nothing is skipped because a server is down")
				state, err := store.Load(t.Context())
				require.NoError(t, err)
				require.Empty(t, state.Quarantine, "an outage is no fault of an item")
				w.ecm.Heal()
				w.scope = w.newScope()
				w.follow(store, recsync.FollowOptions{PageSize: 4})
				require.Len(t, w.records(), 12, "the next pass goes on where the outage ended the first")
				for _, n := range w.records() {
					require.True(t, n.Final)
				}
			})
		}
	}
}

// TestFollowPurchases_AnswersThatStayAwayEndThePass: who cannot learn what became
// of a write knows nothing against the item.
func TestFollowPurchases_AnswersThatStayAwayEndThePass(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"POST /v2/nodes", "POST /v1/nodes/{id}/rmclassifications", "PUT /v1/rmclassifications/finalizerecords"} {
		for skip := range 3 {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				for i := range 3 {
					w.buy(fmt.Sprint(i+1), picture(10+i), nil)
				}
				store := w.store()
				w.ecm.Fail(testserver.Fault{Route: route, Skip: skip, Times: -1, Kind: testserver.DropBefore})
				_, err := recsync.FollowPurchases(t.Context(), w.scope, store, recsync.FollowOptions{})
				require.ErrorIs(t, err, ecm.ErrOutcomeUnknown, "%s after %d: nothing is put aside because answers are lost", route, skip)
				state, err := store.Load(t.Context())
				require.NoError(t, err)
				require.Empty(t, state.Quarantine, "a lost answer is no fault of an item")
				require.Empty(t, state.Continuation)
				w.ecm.Heal()
				w.follow(store, recsync.FollowOptions{})
				require.Len(t, w.records(), 3, "the next pass goes on where this one stood")
			})
		}
	}
}

// forgetful is a network that knows ECM's name for so many requests.
type forgetful struct {
	http.RoundTripper
	left int
}

func (f *forgetful) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.left--; f.left < 0 {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "ecm.example", IsNotFound: true}}
	}
	return f.RoundTripper.RoundTrip(r)
}

// TestFollowPurchases_AnUnknownHostEndsThePass, as any other outage, and wherever
// it comes: the whole feed would be in quarantine else.
func TestFollowPurchases_AnUnknownHostEndsThePass(t *testing.T) {
	t.Parallel()
	for left := range 8 {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, nil)
			w.buy("1", picture(10), nil)
			store := w.store()
			well := w.config.ECM
			w.config.ECM = w.ecmClientOver(&forgetful{w.ecm.Transport(), left})
			_, err := recsync.FollowPurchases(t.Context(), w.newScope(), store, recsync.FollowOptions{})
			require.Error(t, err, "an unknown host is no fault of an item, after %d requests", left)
			require.Equal(t, recsync.TroubleUnreachable, recsync.TroubleOf(err), "%v", err)
			state, err := store.Load(t.Context())
			require.NoError(t, err)
			require.Empty(t, state.Quarantine)
			w.config.ECM = well
			w.scope = w.newScope()
			w.follow(store, recsync.FollowOptions{})
			require.Len(t, w.records(), 1)
		})
	}
}

func TestFollowPurchases_ACheckpointOfAnotherScopeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	w.follow(store, recsync.FollowOptions{FromStart: true})
	w.buy("1", picture(1), nil)
	w.follow(store, recsync.FollowOptions{})
	w.config.ID = records.MustScopeID("globex")
	_, err := recsync.FollowPurchases(t.Context(), w.newScope(), store, recsync.FollowOptions{})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	require.ErrorContains(t, err, "acme")
}

func TestFileFeedStore_SaysWhatToDoWithABrokenFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "feed.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"format":`), 0o600))
	_, err := recsync.NewFileFeedStore(path).Load(t.Context())
	require.ErrorContains(t, err, "move it away")
	require.NoError(t, os.WriteFile(path, []byte(`{"format":99}`), 0o600))
	_, err = recsync.NewFileFeedStore(path).Load(t.Context())
	require.ErrorContains(t, err, "format 99")
	require.Error(t, recsync.NewFileFeedStore(filepath.Join(path, "x")).Save(t.Context(), recsync.FeedState{}))
}

func TestFollowPurchases_ADryRunPlansAndMovesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	store := w.store()
	w.buy("1", picture(10), nil)
	w.ecm.Forget()
	var plans int
	r := w.follow(store, recsync.FollowOptions{DryRun: true, OnItem: func(i recsync.ItemResult) {
		if i.Plan != nil {
			plans++
		}
	}})
	require.Equal(t, 1, r.Planned)
	require.Equal(t, 1, plans)
	require.Empty(t, w.writes())
	state, err := store.Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, state.Continuation)
}

func TestFollowPurchases_ADeadLoginEndsThePass(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.buy("1", picture(10), nil)
	w.smint.EndLogin()
	_, err := recsync.FollowPurchases(t.Context(), w.scope, w.store(), recsync.FollowOptions{})
	require.ErrorIs(t, err, smint.ErrGrantDead)
}

// TestR12_RightsTravelLosslessly: the vendor's bytes, unknown keys included,
// stand in the rights document as they came, beside the normal form.
func TestR12_RightsTravelLosslessly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.buy("1", picture(10), testserver.SmintJSON{"brand_new_field": testserver.SmintJSON{"a": 1}})
	store := w.store()
	require.Equal(t, 1, w.follow(store, recsync.FollowOptions{}).Declared)
	doc := w.rightsDocument()
	files := unzip(t, w.storedBytes(doc.ID))
	require.Equal(t, string(w.smint.Transaction("1")), files["source.json"], "the vendor's own bytes are kept as they came")
	require.Contains(t, files["source.json"], "brand_new_field")
	require.Contains(t, files["odrl.json"], "odrl")
	require.Contains(t, files["rights.xmp"], "xmpmeta")
	require.Contains(t, files["statement.json"], "royalty_free")
	require.NotZero(t, doc.Class, "it is a record itself")
	require.False(t, doc.Final, "a changed license has to be added")
	require.Contains(t, strings.Join(doc.Xrefs, ","), "RIGHTSOF", "the rights document is cross-referenced with its record")

	// The license changes: a version more, the old one stays.
	require.NoError(t, w.smint.Update("1", testserver.SmintJSON{"licensee_name": "Acme Holding"}))
	w.follow(store, recsync.FollowOptions{})
	changed := w.rightsDocument()
	require.Equal(t, 2, changed.Versions)
	require.Equal(t, doc.SHA256, changed.VersionsSHA256[0])
	require.Contains(t, unzip(t, w.storedBytes(doc.ID))["source.json"], "Acme Holding")
	require.Len(t, w.records(), 1)
}

// TestTransferRights_ThePlanIsWhatIsDone, for a first document, a changed
// license and one that says nothing new.
func TestTransferRights_ThePlanIsWhatIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r := mustDeclare(w, w.asset("1", picture(10)))
	verbs := func(steps []recsync.Step) (all []string) {
		for _, s := range steps {
			all = append(all, s.Do)
		}
		return all
	}
	for _, want := range [][]string{
		{"upload rights document", "classify rights document", "cross-reference"}, nil, {"add rights version"},
	} {
		if len(want) == 1 {
			require.NoError(t, w.smint.Update("1", testserver.SmintJSON{"licensee_name": "Acme Holding"}))
		}
		w.ecm.Forget()
		plan, err := recsync.PlanTransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("1")})
		require.NoError(t, err)
		require.Empty(t, w.writes(), "a plan writes nothing")
		require.Equal(t, want, verbs(plan.Steps), "a first license is a document, a changed one a version more, a known one nothing")
		receipt, err := plan.Apply(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, verbs(receipt.Steps), "what is done is what was planned")
		require.Len(t, w.writes(), len(want), "the server got another number of writes than the plan says")
	}
}

// TestTransferRights_AnEarlierWordComesAgain: a feed that is replayed says what
// it said before, and nothing is added by that, whether the vendor dates its
// words or not.
func TestTransferRights_AnEarlierWordComesAgain(t *testing.T) {
	t.Parallel()
	for _, dated := range []bool{true, false} {
		w := newWorld(t, nil)
		patch := testserver.SmintJSON{"last_updated_at": nil, "created_at": nil}
		if dated {
			patch = testserver.SmintJSON{"last_updated_at": "2026-01-01T00:00:00Z"}
		}
		w.buy("1", picture(10), patch)
		first := w.smint.Transaction("1")
		r := mustDeclare(w, w.assets("1")[0])
		if dated {
			patch["last_updated_at"] = "2026-02-01T00:00:00Z"
		}
		second := bytes.ReplaceAll(first, []byte("2026-01-01"), []byte("2026-02-01"))
		second = bytes.ReplaceAll(second, []byte("Acme GmbH"), []byte("Acme Holding"))
		require.NotEqual(t, first, second)
		for i, source := range [][]byte{first, second, first, second, first} {
			receipt, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: source})
			require.NoError(t, err)
			require.Equal(t, []recsync.Change{recsync.Created, recsync.Changed, recsync.Unchanged, recsync.Unchanged, recsync.Unchanged}[i], receipt.Change, "word %d: a version is added for a new word, none for one that was said before", i+1)
		}
		require.Equal(t, 2, w.rightsDocument().Versions)
		if dated {
			// A third word that is older than what is kept adds nothing either.
			third := bytes.ReplaceAll(first, []byte("Acme GmbH"), []byte("Acme SE"))
			receipt, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: third})
			require.NoError(t, err)
			require.Equal(t, recsync.Unchanged, receipt.Change)
			require.Contains(t, strings.Join(receipt.Findings, "\n"), "newer rights")
		}
	}
}

// TestTransferRights_InterruptedAnywhereItIsCompleted, as for records.
func TestTransferRights_InterruptedAnywhereItIsCompleted(t *testing.T) {
	t.Parallel()
	for _, route := range []string{"POST /v2/nodes", "POST /v1/nodes/{id}/rmclassifications", "POST /v1/nodes/{id}/xrefs", "POST /v2/nodes/{id}/versions"} {
		for _, kind := range []testserver.FaultKind{testserver.DropBefore, testserver.DropAfter, testserver.HTML} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, nil)
				r := mustDeclare(w, w.asset("1", picture(10)))
				req := recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("1")}
				w.ecm.Fail(testserver.Fault{Route: route, Kind: kind})
				_, first := recsync.TransferRights(t.Context(), w.scope, req)
				req.Source = bytes.ReplaceAll(req.Source, []byte("Royalty free"), []byte("Royalty-free"))
				w.ecm.Fail(testserver.Fault{Route: route, Kind: kind})
				_, second := recsync.TransferRights(t.Context(), w.scope, req)
				w.ecm.Heal()
				receipt, err := recsync.TransferRights(t.Context(), w.scope, req)
				require.NoError(t, errors.Join(first, second, err), "%s: a lost answer is looked up", route)
				require.Equal(t, recsync.Unchanged, receipt.Change)
				doc := w.rightsDocument()
				require.Equal(t, 2, doc.Versions)
				require.Len(t, doc.Xrefs, 1)
			})
		}
	}
}

func TestTransferRights_AFinalRecordKeepsItsAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r := mustDeclare(w, w.asset("1", picture(10)))
	before := w.records()[0].Values
	require.NoError(t, w.smint.Update("1", testserver.SmintJSON{"offering": testserver.SmintJSON{"license_type": "rights_managed"}}))
	receipt, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("1")})
	require.NoError(t, err)
	require.Contains(t, strings.Join(receipt.Findings, "\n"), "the record is final")
	require.Equal(t, before, w.records()[0].Values)
}

func (w *world) rightsDocument() testserver.ECMNode {
	w.t.Helper()
	docs := slices.DeleteFunc(w.ecm.Documents(), func(n testserver.ECMNode) bool { return !strings.Contains(n.Name, " rights [") })
	require.Len(w.t, docs, 1)
	return docs[0]
}

func unzip(t *testing.T, b []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range r.File {
		rc, err := f.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(rc)
		require.NoError(t, err)
		files[f.Name] = string(content)
	}
	return files
}

// TestFollow_AReasonOfSeveralPartsIsOneLine, whose parts can be told apart.
func TestFollow_AReasonOfSeveralPartsIsOneLine(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	w.finish("kv-1", "1", "e1", picture(10), approved(testserver.SmintJSON{"approval": "draft"}))
	_, items := w.followPortal(w.store(), recsync.FollowOptions{})
	reason := items["acme/asset/99:image:kv-1/1"].Reason
	require.Contains(t, reason, `the policy accepts ["final" "released"]; metadata missing or refused`)
	require.NotContains(t, reason, "\n")
}
