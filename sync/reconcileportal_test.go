package sync_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// damage is one way in which a portal and its records come apart.
type damage struct {
	name string
	do   func(w *world, id string, r recsync.StoredRecord)
	want recsync.Difference
	// person tells that nobody else can settle it, final that this is so only
	// for a final record.
	person, final bool
}

var portalDamages = []damage{
	{"a new asset in the portal", func(w *world, id string, _ recsync.StoredRecord) {
		w.finish("new-"+id, "1", "e", picture(70), approved(nil))
	}, recsync.DiffMissing, false, false},
	{"a new version in the portal", func(w *world, id string, _ recsync.StoredRecord) {
		w.finish(id, "2", "e2", picture(71), approved(nil))
	}, recsync.DiffMissing, false, false},
	{"a campaign at the source", func(w *world, id string, _ recsync.StoredRecord) {
		w.smint.SetAttributes(id, testserver.SmintJSON{"campaign": "Autumn"})
	}, recsync.DiffDiffering, false, true},
	{"an asset taken from the portal", func(w *world, id string, _ recsync.StoredRecord) {
		w.smint.RemoveAsset(id)
	}, recsync.DiffExtra, true, true},
	{"a record lost", func(w *world, _ string, r recsync.StoredRecord) {
		w.ecm.Change(int64(r.Record.Node()), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	}, recsync.DiffMissing, false, false},
	{"an attribute edited in ECM", func(w *world, _ string, r recsync.StoredRecord) {
		values := ecm.CategoryValues{w.attribute("Project"): ecm.Text("Edited")}
		require.NoError(w.t, w.config.ECM.Categories.Update(w.t.Context(), r.Record.Node(), ecm.NodeID(w.category), values))
	}, recsync.DiffDiffering, false, true},
	{"content corrupted in ECM", func(w *world, _ string, r recsync.StoredRecord) {
		require.NoError(w.t, w.ecm.Corrupt(int64(r.Record.Node()), func(b []byte) []byte {
			b = bytes.Clone(b)
			b[0] ^= 1
			return b
		}))
	}, recsync.DiffDiffering, true, true},
}

// TestReconcile_APortalAndFinalRecords: of a portal's assets too each damage on
// either side is found exactly once. The repair leaves nothing but what a
// person has to settle, which of final records is more, and a second one
// changes nothing.
func TestReconcile_APortalAndFinalRecords(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]bool{"open records": true, "final records": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const times, untouched = 4, 3
			// An administrator may edit what is final.
			w := newPortalWorld(t, func(c *recsync.ScopeConfig) { c.Policy.KeepOpen = open }, func(_ *world, o *testserver.ECMOptions) { o.OpenAttributes = true })
			for i := range len(portalDamages)*times + untouched {
				w.finish(fmt.Sprintf("kv%d", i), "1", "e", picture(40+i%20), approved(nil))
			}
			store := w.store()
			w.followPortal(store, recsync.FollowOptions{})
			req := recsync.ReconcileRequest{Portal: true, Bytes: true}
			require.Empty(t, mustReconcile(t, w.scope, req).Findings, "what was just kept in step does not differ")

			wanted, people := map[string]int{}, 0
			for n := range times {
				for i, d := range portalDamages {
					id := fmt.Sprintf("kv%d", n*len(portalDamages)+i)
					key := "acme/asset/99:image:" + id + "/1"
					r, err := w.scope.Record(t.Context(), records.MustRecordKey(key))
					require.NoError(t, err)
					d.do(w, id, r)
					switch d.name {
					case "a new asset in the portal":
						key = "acme/asset/99:image:new-" + id + "/1"
					case "a new version in the portal":
						key = "acme/asset/99:image:" + id + "/2"
					}
					wanted[string(d.want)+": "+key]++
					if d.person || d.final && !open {
						people++
					}
				}
			}
			plan, err := recsync.PlanReconcile(t.Context(), w.scope, req)
			require.NoError(t, err)
			require.Equal(t, wanted, found(plan), "each damage is found exactly once, and nothing else is: %s", plan)
			require.Len(t, plan.Open(), people, "what only a person can settle is told apart: %s", plan)
			require.NoError(t, plan.Apply(t.Context()))
			again, err := recsync.PlanReconcile(t.Context(), w.scope, req)
			require.NoError(t, err)
			require.Zero(t, again.Repairs(), "the repair leaves nothing to repair: %s", again)
			require.Len(t, again.Findings, people, "what a person has to settle stays reported")
			w.ecm.Forget()
			require.NoError(t, plan.Apply(t.Context()), "a plan applied twice")
			require.NoError(t, again.Apply(t.Context()))
			require.Empty(t, w.written(), "what holds is not written again")
		})
	}
}
