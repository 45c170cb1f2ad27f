package sync_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	recsync "github.com/smintecm/sdk/sync"
)

// TestF5_ARecordThatTookANewerVersionStaysInStep: where versions are kept in one
// record, what the portal says of the newest is about what that record holds; a
// new version overwrites nothing that ECM owns.
func TestF5_ARecordThatTookANewerVersionStaysInStep(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, func(c *recsync.ScopeConfig) {
		inRecord(c)
		c.Policy.Metadata.Fields[0].Owner = recsync.SideECM
	})
	plain, portal, node := w.plainECM(), w.plainPortal(), int64(record.Node())
	plain.set(w, node, "Project", "Autumn")
	w.finish("kv-1", "2", "e2", picture(800), approved(testserver.SmintJSON{"owner": "Otto Owner", "approved_at": "2025-06-01"}))
	result, _ := w.followPortal(w.store(), recsync.FollowOptions{})
	require.Equal(t, 1, result.Declared)
	require.Len(t, w.records(), 1, "one record holds both versions")
	require.Equal(t, "2", plain.attribute(w, node, "Asset version"))
	require.Equal(t, "Autumn", plain.attribute(w, node, "Project"), "the version has overwritten what ECM owns")
	require.Equal(t, "2025-06-01", plain.attribute(w, node, "Approved on"), "what the portal owns comes with the version")

	receipt, _, err := w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.Changed, receipt.Change, receipt.Reason)
	require.Equal(t, "Otto Owner", plain.attribute(w, node, "Owner"))
	require.Equal(t, "Autumn", portal.attribute("99:image:kv-1", "campaign"))

	// What somebody changed in ECM is a conflict, also for a new version.
	plain.set(w, node, "Approved on", "2025-12-24")
	w.finish("kv-1", "3", "e3", picture(900), approved(testserver.SmintJSON{"owner": "Otto Owner", "campaign": "Autumn", "approved_at": "2025-07-01"}))
	result, items := w.followPortal(w.store(), recsync.FollowOptions{})
	require.Equal(t, 1, result.Declared)
	require.Contains(t, fmt.Sprint(items["acme/asset/99:image:kv-1/3"].Receipt.Findings), "approval_date")
	require.Equal(t, "2025-12-24", plain.attribute(w, node, "Approved on"), "the version has overwritten what somebody changed")
	_, fields, err := w.syncMetadata(record)
	require.ErrorIs(t, err, recsync.ErrFieldConflict)
	require.Equal(t, "2025-12-24 2025-07-01", fields["approval_date"].ECM+" "+fields["approval_date"].Portal, "both values are reported")

	// A version that the record has not taken yet is about something else.
	w.finish("kv-1", "4", "e4", picture(950), approved(testserver.SmintJSON{"owner": "Nora Next"}))
	receipt, _, err = w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.Skipped, receipt.Change)
	require.Contains(t, receipt.Reason, `version "4"`)
}
