package sync_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// TestF1_AnApprovedPortalAssetBecomesARecord begins with a person who finishes
// and approves an asset in the portal, and ends by asking ECM with plain
// net/http.
func TestF1_AnApprovedPortalAssetBecomesARecord(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	content := picture(9000)
	w.finish("kv-1", "7", "sha1:aa", content, approved(nil))
	w.finish("kv-2", "1", "sha1:bb", picture(10), approved(testserver.SmintJSON{"approval": "draft"}))
	result, items := w.followPortal(w.store(), recsync.FollowOptions{})
	require.Equal(t, "declared=1 unchanged=0 incomplete=0 skipped=1 quarantined=0", result.String())
	declared := items["acme/asset/99:image:kv-1/7"]
	require.Equal(t, recsync.ItemDeclared, declared.Outcome, declared.Reason)
	require.Equal(t, "Dana Designer", declared.Receipt.Approval.Person)
	require.Equal(t, records.ApprovalByAttribute, declared.Receipt.Approval.Source)
	require.Equal(t, time.Date(2025, 5, 6, 6, 18, 51, 0, time.UTC), declared.Receipt.Approval.At)
	require.Equal(t, records.DigestOf(content), declared.Receipt.Approval.Digest, "the approval is bound to the bytes")
	require.Contains(t, string(declared.Receipt.Approval.Raw), `"approval"`, "the portal's own answer is kept")
	require.Equal(t, "needs review: a portal asset carries no license terms", declared.Receipt.Rights, "missing rights are no permission")
	require.Equal(t, recsync.QueueUnapproved, items["acme/asset/99:image:kv-2/1"].Queue)

	plain := w.plainECM()
	documents := plain.documents(w.root)
	require.Len(t, documents, 1)
	for name, n := range documents {
		require.Equal(t, declared.Receipt.Name, name)
		require.Equal(t, content, plain.content(n.ID))
		plain.says(fmt.Sprintf("/v2/nodes/%d/categories/%d", n.ID, w.category), "acme/asset/99:image:kv-1/7", "Dana Designer", "2025-05-06", "attribute", "Spring", "kv-1.jpg",
			records.DigestOf(content).String())
		require.Equal(t, "needs review", plain.attribute(w, n.ID, "Rights Status"), "a records manager sees it in ECM too")
		require.Equal(t, declared.Receipt.Rights, plain.attribute(w, n.ID, "Rights Summary"))
		plain.says(fmt.Sprintf("/v1/nodes/%d/rmclassifications", n.ID), fmt.Sprint(w.class))
	}
	require.True(t, w.records()[0].Final)
}

// TestF5_AVersionFinishedInThePortalIsDeclaredOnce begins with a new version in
// the portal, and ends by asking ECM with plain net/http.
func TestF5_AVersionFinishedInThePortalIsDeclaredOnce(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	store := w.store()
	first, second := picture(3000), picture(4000)
	w.finish("kv-1", "1", "e1", first, approved(nil))
	result, _ := w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, 1, result.Declared)

	w.finish("kv-1", "2", "e2", second, approved(testserver.SmintJSON{"approval": "draft"}))
	result, items := w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, 1, result.Skipped)
	require.Contains(t, items["acme/asset/99:image:kv-1/2"].Reason, `"draft"`, "the approval of version 1 does not hold for version 2")
	require.Len(t, w.records(), 1)

	w.finish("kv-1", "2", "e2", second, approved(testserver.SmintJSON{"approved_by": "Rita Reviewer", "approved_at": "2025-06-01"}))
	result, items = w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, 1, result.Declared)
	require.Equal(t, "Rita Reviewer", items["acme/asset/99:image:kv-1/2"].Receipt.Approval.Person)
	require.Equal(t, 2, w.smint.Count("GET /storage/portal/{ticket}"), "each version is downloaded once")
	w.ecm.Forget()
	for _, store := range []recsync.FeedStore{store, w.store()} {
		for _, opts := range []recsync.FollowOptions{{}, {FromStart: true}, {Retry: true}} {
			result, _ = w.followPortal(store, opts)
			require.Equal(t, 1, result.Unchanged, "another pass, also without memory, declares nothing twice")
		}
	}
	require.Empty(t, w.writes())

	plain := w.plainECM()
	byKey := map[string][]byte{}
	for _, n := range plain.documents(w.root) {
		for version := range 3 {
			if key := fmt.Sprintf("acme/asset/99:image:kv-1/%d", version); contains(plain.get(fmt.Sprintf("/v2/nodes/%d/categories/%d", n.ID, w.category)), key) {
				byKey[key] = plain.content(n.ID)
			}
		}
	}
	require.Equal(t, map[string][]byte{"acme/asset/99:image:kv-1/1": first, "acme/asset/99:image:kv-1/2": second}, byKey)
}

func contains(b []byte, text string) bool { return bytes.Contains(b, []byte(text)) }

// TestR8_APortalAssetWithoutAClearApprovalIsRefused: whatever is missing,
// unknown or said twice, nothing is declared and nothing written.
func TestR8_APortalAssetWithoutAClearApprovalIsRefused(t *testing.T) {
	t.Parallel()
	w := newPortalWorld(t, nil)
	tomorrow := w.clock.Now().Add(25 * time.Hour).UTC().Format(time.RFC3339)
	for i, attributes := range []testserver.SmintJSON{
		{},
		approved(testserver.SmintJSON{"approval": testserver.SmintAbsent}), approved(testserver.SmintJSON{"approval": ""}),
		approved(testserver.SmintJSON{"approval": "Final"}), approved(testserver.SmintJSON{"approval": []any{"final", "draft"}}),
		approved(testserver.SmintJSON{"approval": []any{}}), approved(testserver.SmintJSON{"approval": true}), approved(testserver.SmintJSON{"approval": "novel"}),
		approved(testserver.SmintJSON{"approved_by": testserver.SmintAbsent}), approved(testserver.SmintJSON{"approved_at": testserver.SmintAbsent}),
		approved(testserver.SmintJSON{"approved_at": "yesterday"}), approved(testserver.SmintJSON{"approved_at": "2025-02-30"}),
		approved(testserver.SmintJSON{"approved_at": tomorrow}), approved(testserver.SmintJSON{"APPROVAL": "released"}),
	} {
		w.finish(fmt.Sprintf("kv-%02d", i), "1", "e", picture(10), attributes)
	}
	w.ecm.Forget()
	result, items := w.followPortal(w.store(), recsync.FollowOptions{})
	require.Equal(t, 14, result.Skipped, "%+v", items)
	for id, item := range items {
		require.Equal(t, recsync.QueueUnapproved, item.Queue, id)
		require.Contains(t, item.Reason, "acme/asset/", "the error names scope and record")
		require.Contains(t, item.Reason, "attribute", "and the rule")
	}
	require.Empty(t, w.records())
	require.Empty(t, w.writes())

	property := func(key, value string) string {
		return `{"key":"` + key + `","dataType":"string","stringValue":"` + value + `"}`
	}
	a, err := w.config.Smint.Portals.DecodeAsset([]byte(`{"uuid":"99:image:x","properties":[` + property("version", "1") + `,{"key":"rawData","dataType":"data_object_array","dataObjectArrayValue":[{"uuid":"r","properties":[` +
		property("approval", "final") + "," + property("approved_by", "D") + "," + property("approved_at", "2025-05-06") + `,{"dataType":"string","stringValue":"draft"}]}]}]}`))
	require.NoError(t, err)
	asset, err := w.scope.PortalAsset(a)
	require.NoError(t, err)
	_, err = w.declare(asset)
	require.ErrorIs(t, err, recsync.ErrNotApproved)
	require.ErrorContains(t, err, "cannot all be read", "an attribute that cannot be read could be a second word")
}

// TestR8_ApprovalIsAskedOfThePortalNow: what a list carries may be old.
func TestR8_ApprovalIsAskedOfThePortalNow(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*world){
		"withdrawn": func(w *world) {
			w.finish("kv-1", "1", "e", picture(10), approved(testserver.SmintJSON{"approval": "draft"}))
		},
		"new version": func(w *world) { w.finish("kv-1", "2", "e", picture(10), approved(nil)) },
		"new content": func(w *world) { w.finish("kv-1", "1", "f", picture(10), approved(nil)) },
		"gone":        func(w *world) { w.smint.RemoveAsset("kv-1") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPortalWorld(t, nil)
			w.finish("kv-1", "1", "e", picture(10), approved(nil))
			a := w.portalAssets()[0]
			change(w)
			_, err := w.declare(a)
			require.ErrorIs(t, err, recsync.ErrNotApproved)
			require.Empty(t, w.records())
		})
	}
	w := newPortalWorld(t, nil)
	w.finish("kv-1", "1", "e", picture(10), approved(nil))
	a := w.portalAssets()[0]
	w.smint.Fail(testserver.Fault{Route: "POST /frontend/*", Times: -1, Status: 503})
	_, err := w.declare(a)
	require.ErrorIs(t, err, smint.ErrUnavailable, "a portal that cannot say approves nothing")
	require.NotErrorIs(t, err, recsync.ErrNotApproved)
}

// portalAssets lists the assets of the scope's portal.
func (w *world) portalAssets() []recsync.Asset {
	w.t.Helper()
	var list []recsync.Asset
	for item, err := range w.scope.PortalAssets(w.t.Context()) {
		require.NoError(w.t, err)
		require.NoError(w.t, item.Err)
		list = append(list, item.Asset)
	}
	return list
}
