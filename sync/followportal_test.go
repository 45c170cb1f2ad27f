package sync_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// TestR2_OtherBytesUnderTheSamePortalVersion: the ETag changed, the version did
// not. Equal bytes change nothing, others are quarantined and the record stays.
func TestR2_OtherBytesUnderTheSamePortalVersion(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	store := w.store()
	w.finish("kv-1", "1", "e1", picture(500), approved(nil))
	_, _ = w.followPortal(store, recsync.FollowOptions{})
	w.finish("kv-1", "1", "e2", picture(500), approved(nil))
	result, _ := w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, "declared=0 unchanged=1 incomplete=0 skipped=0 quarantined=0", result.String(), "a new rendition of the same bytes")

	w.finish("kv-1", "1", "e3", picture(600), approved(nil))
	w.finish("kv-2", "1", "e1", picture(70), approved(nil))
	result, items := w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=1", result.String(), "the other asset goes on")
	require.Equal(t, recsync.QueueBytes, items["acme/asset/99:image:kv-1/1"].Queue)
	require.Len(t, w.records(), 2)
	for _, n := range w.records() {
		if w.value(n, "Asset ID") == "99:image:kv-1" {
			require.Equal(t, picture(500), w.storedBytes(n.ID))
		}
	}
	for _, opts := range []recsync.FollowOptions{{}, {Retry: true}, {}} {
		result, _ = w.followPortal(store, opts)
		require.Len(t, result.Quarantine, 1, "it stays in quarantine, also when it is taken up again")
		require.Equal(t, 1, result.Unchanged)
	}
	w.smint.RemoveAsset("kv-1")
	result, _ = w.followPortal(store, recsync.FollowOptions{})
	require.Empty(t, result.Quarantine, "what the portal no longer shows needs no memory")
	require.Len(t, w.records(), 2, "the record stays")
}

// TestR8_APortalAssetThatChangesWhileItIsRead never becomes a record of the
// version that was approved.
func TestR8_APortalAssetThatChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"small": 4000, "large": 6 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPortalWorld(t, nil)
			w.finish("kv-1", "1", "e1", picture(size), approved(nil))
			a := w.portalAssets()[0]
			w.onTicket(func() { w.finish("kv-1", "2", "e2", picture(size+4), approved(nil)) })
			_, err := w.declare(a)
			require.ErrorIs(t, err, recsync.ErrDigest)
			require.Empty(t, w.records())
		})
	}
}

// onTicket does something once, when a download's address is asked.
func (w *world) onTicket(do func()) {
	done := false
	w.smint.Fail(testserver.Fault{Route: "GET /storage/portal/{ticket}", Kind: testserver.Delay, Where: func(*http.Request) bool {
		if !done {
			done = true
			do()
		}
		return false
	}})
}

func TestFollowPortal_OneBadAssetNeverStopsTheOthers(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	w.finish("a-noversion", "", "e", picture(10), approved(nil))
	w.finish("b-lies", "1", "e", picture(10), approved(nil))
	w.finish("c-stuck", "1", "e", picture(10), approved(nil))
	w.finish("d-denied", "1", "e", picture(10), approved(nil))
	w.finish("e-good", "1", "e", picture(10), approved(nil))
	w.smint.Fail(testserver.Fault{Route: "GET /storage/portal/{ticket}", Kind: testserver.Cut})
	w.smint.PlanTasks(testserver.SmintTaskPlan{Method: "getAssetsDownloadsForAssetsAsync", Times: 1})
	w.smint.PlanTasks(testserver.SmintTaskPlan{Method: "getAssetsDownloadsForAssetsAsync", Stuck: true})
	w.smint.PlanTasks(testserver.SmintTaskPlan{Method: "getAssetsDownloadsForAssetsAsync", Result: `{"assetDownloadGroups":[]}`})
	store := w.store()
	result, items := w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=4", result.String(), "%+v", items)
	require.Contains(t, items["99:image:a-noversion"].Reason, "version")
	require.Contains(t, items["acme/asset/99:image:b-lies/1"].Reason, smint.ErrLength.Error())
	require.Contains(t, items["acme/asset/99:image:c-stuck/1"].Reason, smint.ErrTaskOverdue.Error())
	require.Contains(t, items["acme/asset/99:image:d-denied/1"].Reason, smint.ErrDenied.Error())
	for _, left := range result.Quarantine {
		require.NotEmpty(t, left.Source, "%s: its source is kept", left.ID)
	}
	result, _ = w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, "declared=3 unchanged=1 incomplete=0 skipped=0 quarantined=1", result.String(), "what passes is tried again in the next pass")
}

func TestFollowPortal_MalformedItems(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	w.smint.PlanTasks(testserver.SmintTaskPlan{Method: "searchAssetsAsync", Result: `{"assetDataObjects":[7,{"properties":[]},{"uuid":"99:image:x","properties":[{"key":"version","dataType":"string","stringValue":"1"}]}]}`})
	result, items := w.followPortal(w.store(), recsync.FollowOptions{})
	require.Equal(t, 2, result.Quarantined)
	require.Equal(t, 1, result.Skipped)
	require.Len(t, items, 3, "each is told apart")

	w.finish("kv-1", "1", "e", picture(10), approved(nil))
	list := w.portalAssets()
	double := `{"assetDataObjects":[` + string(list[0].Raw) + "," + string(list[0].Raw) + `]}`
	w.smint.PlanTasks(testserver.SmintTaskPlan{Method: "searchAssetsAsync", Result: double})
	result, _ = w.followPortal(w.store(), recsync.FollowOptions{})
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=0 quarantined=0", result.String(), "one that comes twice in a pass is dealt with once")
}

func TestFollowPortal_AnOutageEndsThePass(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	w.finish("kv-1", "1", "e", picture(10), approved(nil))
	w.finish("kv-2", "1", "e", picture(10), approved(nil))
	store := w.store()
	isSecond := func(r *http.Request) bool { return r.Method == http.MethodPost && len(w.records()) == 1 }
	w.ecm.Fail(testserver.Fault{Route: "POST /v2/nodes", Times: -1, Status: 503, Where: isSecond})
	result, err := recsync.FollowPortal(t.Context(), w.scope, store, recsync.FollowOptions{})
	require.Error(t, err)
	require.Equal(t, 1, result.Declared)
	state, err := store.Load(t.Context())
	require.NoError(t, err)
	require.Len(t, state.Seen, 1, "what is settled is kept")
	w.ecm.Heal()
	result, _ = w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, "declared=1 unchanged=1 incomplete=0 skipped=0 quarantined=0", result.String())

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = recsync.FollowPortal(ctx, w.scope, store, recsync.FollowOptions{})
	require.ErrorIs(t, err, context.Canceled)
	state, err = store.Load(t.Context())
	require.NoError(t, err)
	require.Len(t, state.Seen, 2, "a pass that did not see the whole portal forgets nothing")
}

func TestFollowPortal_DryRunWritesNothing(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	w.finish("kv-1", "1", "e", picture(10), approved(nil))
	store := w.store()
	w.ecm.Forget()
	result, items := w.followPortal(store, recsync.FollowOptions{DryRun: true})
	require.Equal(t, 1, result.Planned)
	require.NotEmpty(t, items["acme/asset/99:image:kv-1/1"].Plan.Steps)
	require.Empty(t, w.writes())
	state, err := store.Load(t.Context())
	require.NoError(t, err)
	require.Empty(t, state.Scope, "the memory is not moved")
}

func TestFollowPortal_KeepsScopesApart(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	w.finish("kv-1", "1", "e", picture(10), approved(nil))
	store := w.store()
	_, _ = w.followPortal(store, recsync.FollowOptions{})
	a := w.portalAssets()[0]
	w.config.ID = records.MustScopeID("bolt")
	other := w.newScope()
	_, err := recsync.FollowPortal(t.Context(), other, store, recsync.FollowOptions{})
	require.ErrorIs(t, err, recsync.ErrForeignScope, "another scope's memory")
	_, err = recsync.DeclareRecord(t.Context(), other, recsync.DeclareRequest{Asset: a})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	_, err = recsync.FollowPurchases(t.Context(), w.scope, store, recsync.FollowOptions{})
	require.ErrorIs(t, err, recsync.ErrForeignScope, "another feed's memory")
	purchases := w.store()
	w.buy("79468", picture(10), nil)
	_, err = recsync.FollowPurchases(t.Context(), w.scope, purchases, recsync.FollowOptions{})
	require.NoError(t, err)
	_, err = recsync.FollowPortal(t.Context(), w.scope, purchases, recsync.FollowOptions{})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
}

func TestScope_PortalAssets_ByTheScopesOwnQuery(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, func(c *recsync.ScopeConfig) {
		c.Portal.Query = smint.SearchQuery{Filters: []smint.Filter{smint.AnyOf("client", "acme")}, PageSize: 2, Page: 1, ResultSet: "old"}
	})
	for _, id := range []string{"kv-1", "kv-2", "kv-3"} {
		w.finish(id, "1", "e", picture(10), approved(testserver.SmintJSON{"client": "acme"}))
	}
	w.finish("kv-4", "1", "e", picture(10), approved(testserver.SmintJSON{"client": "bolt"}))
	list := w.portalAssets()
	require.Len(t, list, 3, "the query narrows the scope; all its pages are walked")
	require.Equal(t, "Spring", list[0].Project)
	require.Equal(t, "kv-1.jpg", list[0].FileName)
	require.Equal(t, "image/jpeg", list[0].MediaType)

	forged := list[0]
	forged.Raw = list[1].Raw
	_, err := w.declare(forged)
	require.ErrorIs(t, err, recsync.ErrBroken, "a description of another asset approves nothing")
	purchase := w.asset("79468", picture(10))
	_, err = w.declare(purchase)
	require.ErrorIs(t, err, recsync.ErrNotApproved, "the policy takes an attribute of portal assets, not a purchase")
}

func TestScope_PortalSettingsAreChecked(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	c := w.config
	c.Policy.Approval.Person, c.Policy.Approval.Time, c.Portal = "", "", &recsync.PortalSource{}
	_, err := recsync.NewScope(c)
	for _, part := range []string{"policy.approval.person", "policy.approval.time", "portal.portal.uuid"} {
		require.ErrorContains(t, err, part)
	}
	c = w.config
	c.Portal = nil
	_, err = recsync.NewScope(c)
	require.ErrorContains(t, err, "approvals")
	c.Policy.Approval = records.ApprovalRule{Source: records.ApprovalByPurchase, Person: "x"}
	_, err = recsync.NewScope(c)
	require.ErrorContains(t, err, "person")
	c.Policy.Approval.Person = ""
	w.config = c
	s := w.newScope()
	for _, err := range s.PortalAssets(t.Context()) {
		require.ErrorIs(t, err, recsync.ErrSetup)
	}
	asset, err := s.PortalAsset(&smint.Asset{ID: "99:image:x", Version: "1"})
	require.NoError(t, err)
	_, err = recsync.DeclareRecord(t.Context(), s, recsync.DeclareRequest{Asset: asset})
	require.ErrorIs(t, err, recsync.ErrNotApproved)
	require.ErrorContains(t, err, "purchased")
}
