package sync_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

const (
	putCategory = "PUT /v2/nodes/{id}/categories/{category}"
	execute     = "POST /frontend/v1/portals/{portal}/portalsContext/{interface}/execute/{method}"
)

func metadataPolicy() *recsync.MetadataPolicy {
	return &recsync.MetadataPolicy{Baseline: "Sync baseline", OpenFinal: true, Fields: []recsync.MetadataField{
		{Name: "campaign", Attribute: "Project", Portal: "campaign", Owner: recsync.SidePortal},
		{Name: "approval_date", Attribute: "Approved on", Portal: "approved_at", Owner: recsync.SidePortal, Type: recsync.MetadataDate},
		{Name: "owner", Attribute: "Owner", Portal: "owner", Owner: recsync.SidePortal},
		{Name: "rights_status", Attribute: "Rights Status", Portal: "rights_status", Owner: recsync.SideECM},
	}}
}

// newMetadataWorld is a portal whose tenant has a component that takes
// attributes, a server that lets attributes of final records be changed, and
// one record.
func newMetadataWorld(t *testing.T, change func(*recsync.ScopeConfig), opts ...option) (*world, recsync.RecordRef) {
	t.Helper()
	opts = append(opts, func(_ *world, o *testserver.ECMOptions) { o.OpenAttributes = true })
	w := newWorld(t, func(c *recsync.ScopeConfig) {
		c.Policy.Approval = portalRule
		c.Portal = &recsync.PortalSource{Portal: smint.Portal{UUID: testserver.PortalUUID}, Project: "campaign"}
		c.Policy.Metadata = metadataPolicy()
		c.Metadata = &smint.AttributeCommand{Portals: c.Smint.Portals, Portal: c.Portal.Portal, Interface: "IEcmRecordAssets", Method: testserver.AttributeMethod}
		if change != nil {
			change(c)
		}
	}, opts...)
	w.finish("kv-1", "1", "e1", picture(900), approved(testserver.SmintJSON{"owner": "Dana Designer"}))
	_, items := w.followPortal(w.store(), recsync.FollowOptions{})
	item := items["acme/asset/99:image:kv-1/1"]
	require.Equal(t, recsync.ItemDeclared, item.Outcome, item.Reason)
	return w, item.Receipt.Record
}

func (w *world) syncMetadata(r recsync.RecordRef) (recsync.Receipt, map[string]recsync.FieldSync, error) {
	receipt, err := recsync.SyncMetadata(w.t.Context(), w.scope, recsync.MetadataRequest{Record: r})
	fields := map[string]recsync.FieldSync{}
	for _, f := range receipt.Metadata {
		fields[f.Field] = f
	}
	return receipt, fields, err
}

// TestF5_MetadataStaysInStep begins with a person who finishes a new version in
// the portal, and ends by asking both systems with plain net/http.
func TestF5_MetadataStaysInStep(t *testing.T) {
	t.Parallel()
	w, first := newMetadataWorld(t, nil)
	w.finish("kv-1", "2", "e2", picture(800), approved(testserver.SmintJSON{"owner": "Dana Designer", "campaign": "Summer"}))
	store := w.store()
	result, items := w.followPortal(store, recsync.FollowOptions{})
	require.Equal(t, 1, result.Declared, "the new version is declared as the next one")
	record := items["acme/asset/99:image:kv-1/2"].Receipt.Record
	for range 2 {
		result, _ = w.followPortal(store, recsync.FollowOptions{})
		require.Zero(t, result.Declared, "and once")
	}
	plain, portal := w.plainECM(), w.plainPortal()
	node := int64(record.Node())
	receipt, fields, err := w.syncMetadata(record)
	require.NoError(t, err)
	require.Len(t, receipt.Steps, 2, "what ECM decided goes to the portal, and is noted as agreed; what the portal owns came with the record")
	require.Equal(t, recsync.FieldWritten, fields["rights_status"].State)
	require.Equal(t, "needs review", portal.attribute("99:image:kv-1", "rights_status"))

	plain.set(w, node, "Rights Status", "allowed")
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Autumn", "owner": "Otto Owner", "approved_at": "2025-06-02T00:30:00+02:00"})
	receipt, fields, err = w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.Changed, receipt.Change)
	require.Equal(t, recsync.FieldSync{
		Field: "campaign", Owner: recsync.SidePortal, ECM: "Summer", Portal: "Autumn", State: recsync.FieldWritten, Reason: "the owner changed it",
	}, fields["campaign"])
	require.Equal(t, recsync.FieldWritten, fields["rights_status"].State)
	require.Len(t, receipt.Steps, 2, "one write to each side")

	require.Equal(t, "Autumn", plain.attribute(w, node, "Project"))
	require.Equal(t, "Otto Owner", plain.attribute(w, node, "Owner"))
	require.Equal(t, "2025-06-01", plain.attribute(w, node, "Approved on"), "the day in UTC")
	require.Equal(t, "allowed", portal.attribute("99:image:kv-1", "rights_status"))
	require.Equal(t, "Autumn", portal.attribute("99:image:kv-1", "campaign"))
	w.ecm.Forget()
	for range 2 {
		receipt, _, err = w.syncMetadata(record)
		require.NoError(t, err)
		require.Equal(t, recsync.Unchanged, receipt.Change, "a repeat changes nothing")
	}
	require.Empty(t, w.writes())

	receipt, _, err = w.syncMetadata(first)
	require.NoError(t, err)
	require.Equal(t, recsync.Skipped, receipt.Change)
	require.Contains(t, receipt.Reason, `version "2"`, "the record of the older version keeps the metadata of its time")
	require.Equal(t, "Spring", plain.attribute(w, int64(first.Node()), "Project"))
}

// TestF5_WhatTheOtherSideChangedIsAConflict: both values are reported, nothing
// is overwritten, and the other fields go on.
func TestF5_WhatTheOtherSideChangedIsAConflict(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, nil)
	plain, portal := w.plainECM(), w.plainPortal()
	node := int64(record.Node())
	plain.set(w, node, "Rights Status", "allowed")
	_, _, err := w.syncMetadata(record)
	require.NoError(t, err)

	plain.set(w, node, "Project", "Winter")                                                         // the portal's to change
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"rights_status": "anything goes"})           // ECM's to change
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"owner": "New Owner", "approved_at": "now"}) // no conflict; no date
	receipt, fields, err := w.syncMetadata(record)
	require.ErrorIs(t, err, recsync.ErrFieldConflict)
	require.ErrorIs(t, err, recsync.ErrBroken)
	for _, part := range []string{record.Key().String(), "campaign", `"Winter"`, `"Spring"`, "rights_status", `"allowed"`, `"anything goes"`, "approval_date", `"now"`} {
		require.ErrorContains(t, err, part, "the error names record, rule and both values")
	}
	require.Equal(t, recsync.Incomplete, receipt.Change, "partial success is not success")
	require.Equal(t, recsync.FieldConflict, fields["campaign"].State)
	require.Equal(t, recsync.FieldConflict, fields["rights_status"].State)
	require.Equal(t, recsync.FieldUnclear, fields["approval_date"].State)
	require.Equal(t, recsync.FieldWritten, fields["owner"].State)
	require.Equal(t, "Winter", plain.attribute(w, node, "Project"), "the record's value was overwritten")
	require.Equal(t, "2025-05-06", plain.attribute(w, node, "Approved on"))
	require.Equal(t, "New Owner", plain.attribute(w, node, "Owner"))
	require.Equal(t, "anything goes", portal.attribute("99:image:kv-1", "rights_status"), "the portal's value was overwritten")

	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Autumn", "approved_at": "2025-05-06", "rights_status": "allowed"})
	_, fields, err = w.syncMetadata(record)
	require.ErrorIs(t, err, recsync.ErrFieldConflict)
	require.Contains(t, fields["campaign"].Reason, "both sides")
	require.Equal(t, recsync.FieldInStep, fields["rights_status"].State, "taking it back settles it")
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Winter"})
	receipt, _, err = w.syncMetadata(record)
	require.NoError(t, err, "a person settled it: both sides agree again")
	require.Equal(t, recsync.Changed, receipt.Change, "what is agreed on now is written down")
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Carnival"})
	_, fields, err = w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.FieldWritten, fields["campaign"].State)
}

// TestF5_AValueIsNeverTakenAway: empty is no value. It is neither written over
// one, nor filled in where somebody has emptied it on purpose.
func TestF5_AValueIsNeverTakenAway(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, nil)
	plain := w.plainECM()
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": testserver.SmintAbsent, "owner": ""})
	receipt, fields, err := w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.Incomplete, receipt.Change)
	require.Equal(t, recsync.FieldOpen, fields["campaign"].State)
	require.Equal(t, recsync.FieldOpen, fields["owner"].State)
	require.Equal(t, "Spring", plain.attribute(w, int64(record.Node()), "Project"))

	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Spring", "owner": "Dana Designer", "rights_status": "allowed"})
	plain.set(w, int64(record.Node()), "Project", "")
	_, fields, err = w.syncMetadata(record)
	require.ErrorIs(t, err, recsync.ErrFieldConflict)
	require.Equal(t, recsync.FieldConflict, fields["campaign"].State, "emptied on the side that does not own it")
	require.Equal(t, recsync.FieldConflict, fields["rights_status"].State, "the owner says nothing, so nothing may stand in the portal")
}

// TestF5_AFinalRecordKeepsItsAttributes: on a server that protects them, and by
// a policy that does, the change is refused and reported; what the portal owns
// came with the record, and ECM's word still goes out.
func TestF5_AFinalRecordKeepsItsAttributes(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]bool{"by the policy": false, "by the server": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			closed := func(_ *world, o *testserver.ECMOptions) { o.OpenAttributes = false }
			w := newWorld(t, func(c *recsync.ScopeConfig) {
				c.Policy.Approval = portalRule
				c.Portal = &recsync.PortalSource{Portal: smint.Portal{UUID: testserver.PortalUUID}}
				c.Policy.Metadata = metadataPolicy()
				c.Policy.Metadata.OpenFinal = open
				c.Metadata = &smint.AttributeCommand{Portals: c.Smint.Portals, Portal: c.Portal.Portal, Interface: "IEcmRecordAssets", Method: testserver.AttributeMethod}
			}, closed)
			w.finish("kv-1", "1", "e1", picture(900), approved(testserver.SmintJSON{"owner": "Dana Designer"}))
			_, items := w.followPortal(w.store(), recsync.FollowOptions{})
			record := items["acme/asset/99:image:kv-1/1"].Receipt.Record
			require.True(t, w.records()[0].Final)
			w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Summer"})
			w.ecm.Forget()
			receipt, fields, err := w.syncMetadata(record)
			require.NoError(t, err)
			require.Equal(t, recsync.Incomplete, receipt.Change)
			require.Equal(t, recsync.FieldRefused, fields["campaign"].State, fields["campaign"].Reason)
			require.Contains(t, fields["campaign"].Reason, "final")
			require.Equal(t, "Summer", fields["campaign"].Portal, "both values are reported")
			require.Equal(t, "Spring", fields["campaign"].ECM)
			require.Equal(t, recsync.FieldInStep, fields["owner"].State)
			plain := w.plainECM()
			require.Equal(t, "Spring", plain.attribute(w, int64(record.Node()), "Project"))
			require.Equal(t, "Dana Designer", plain.attribute(w, int64(record.Node()), "Owner"), "it came with the record")
			if !open {
				require.Empty(t, w.writes(), "nothing is tried on a final record unless the policy says so")
			}
		})
	}
}

// TestF5_WithoutAWriterItStaysOpen: no public call of Smint.io writes an
// attribute. That is said, not passed over.
func TestF5_WithoutAWriterItStaysOpen(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, func(c *recsync.ScopeConfig) { c.Metadata = nil })
	w.plainECM().set(w, int64(record.Node()), "Rights Status", "allowed")
	receipt, fields, err := w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.Incomplete, receipt.Change)
	require.Equal(t, "rights_status open", receipt.Reason)
	require.Contains(t, fields["rights_status"].Reason, "no public call")
	require.Zero(t, w.smint.Count(execute+" "+testserver.AttributeMethod))
	require.Empty(t, w.plainPortal().attribute("99:image:kv-1", "rights_status"))
}

// TestF5_AStaleTokenIsReadAgain: whoever writes to the record between our
// reading and our writing is not overwritten, whether it is the same field or
// another one.
func TestF5_AStaleTokenIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		attribute, value string
		want             recsync.FieldState
		says             string
	}{
		"another field": {"Owner", "Dana Designer", recsync.FieldWritten, "Summer"},
		"the same":      {"Project", "Carnival", recsync.FieldConflict, "Carnival"},
		"to the same":   {"Project", "Summer", recsync.FieldInStep, "Summer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, record := newMetadataWorld(t, nil)
			w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Summer"})
			w.journal.mu.Lock()
			w.journal.refuse = func(e recsync.JournalEntry) error {
				if e.Kind == recsync.Intent && strings.HasPrefix(e.Target, "node") {
					w.journal.refuse = nil // once
					w.plainECM().set(w, int64(record.Node()), row.attribute, row.value)
				}
				return nil
			}
			w.journal.mu.Unlock()
			_, fields, err := w.syncMetadata(record)
			if row.want == recsync.FieldConflict {
				require.ErrorIs(t, err, recsync.ErrFieldConflict)
			} else {
				require.NoError(t, err)
			}
			got := fields["campaign"].State
			if row.want == recsync.FieldInStep && got == recsync.FieldWritten {
				got = recsync.FieldInStep // who of the two wrote it first is all the same
			}
			require.Equal(t, row.want, got, fields["campaign"].Reason)
			require.Equal(t, row.says, w.plainECM().attribute(w, int64(record.Node()), "Project"))
			require.True(t, slices.ContainsFunc(w.journal.all(), func(e recsync.JournalEntry) bool {
				return e.Kind == recsync.Observation && strings.Contains(e.Result, "read again")
			}), "that it was read again is taken down")
			require.GreaterOrEqual(t, w.ecm.Count(putCategory), 2)
		})
	}
}

// TestF5_ItsOwnWriteIsNoConflict: the owner in ECM goes on while the portal was
// just written to. What this call itself brought there is nobody's change.
func TestF5_ItsOwnWriteIsNoConflict(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, nil)
	plain, node := w.plainECM(), int64(record.Node())
	plain.set(w, node, "Rights Status", "review")
	_, _, err := w.syncMetadata(record)
	require.NoError(t, err)
	plain.set(w, node, "Rights Status", "allowed")
	w.journal.mu.Lock()
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if e.Kind == recsync.Intent && strings.HasPrefix(e.Target, "node") {
			w.journal.refuse = nil
			plain.set(w, node, "Rights Status", "denied")
		}
		return nil
	}
	w.journal.mu.Unlock()
	_, fields, err := w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.FieldWritten, fields["rights_status"].State)
	require.Equal(t, "denied", w.plainPortal().attribute("99:image:kv-1", "rights_status"))
	require.Equal(t, "denied", plain.attribute(w, node, "Rights Status"))
}

// TestF5_AWriteThatDidNothingIsNoticed: a 200 proves nothing.
func TestF5_AWriteThatDidNothingIsNoticed(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, nil)
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Summer"})
	w.ecm.Fail(testserver.Fault{Route: putCategory, Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"results":{}}`})
	receipt, fields, err := w.syncMetadata(record)
	require.ErrorIs(t, err, recsync.ErrVerify)
	require.Equal(t, recsync.Incomplete, receipt.Change)
	require.Equal(t, recsync.FieldOpen, fields["campaign"].State)
}

// TestF5_ALostAnswerIsLookedUp: on either side, after either kind of loss, the
// same end is reached and nobody's value is lost.
func TestF5_ALostAnswerIsLookedUp(t *testing.T) {
	t.Parallel()
	method := func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, testserver.AttributeMethod) }
	for _, kind := range []testserver.FaultKind{testserver.DropBefore, testserver.DropAfter, testserver.HTML, testserver.Truncate} {
		for _, side := range []string{"ecm", "portal"} {
			t.Run(fmt.Sprintf("%s %d", side, kind), func(t *testing.T) {
				t.Parallel()
				w, record := newMetadataWorld(t, nil)
				w.plainECM().set(w, int64(record.Node()), "Rights Status", "allowed")
				w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Summer"})
				if side == "ecm" {
					w.ecm.Fail(testserver.Fault{Route: putCategory, Kind: kind})
				} else {
					w.smint.Fail(testserver.Fault{Route: execute, Where: method, Kind: kind})
				}
				receipt, fields, err := w.syncMetadata(record)
				require.NoError(t, err)
				require.Equal(t, recsync.Changed, receipt.Change)
				require.Equal(t, recsync.FieldWritten, fields["campaign"].State)
				require.Equal(t, recsync.FieldWritten, fields["rights_status"].State)
				require.Equal(t, "Summer", w.plainECM().attribute(w, int64(record.Node()), "Project"))
				require.Equal(t, "allowed", w.plainPortal().attribute("99:image:kv-1", "rights_status"))
				receipt, _, err = w.syncMetadata(record)
				require.NoError(t, err)
				require.Equal(t, recsync.Unchanged, receipt.Change)
			})
		}
	}
}

// TestF5_ThePortalRefusesAndForgets: what the component refuses, or takes and
// does not show, is not in step.
func TestF5_ThePortalRefusesAndForgets(t *testing.T) {
	t.Parallel()
	for want, answers := range map[recsync.FieldState][]error{recsync.FieldRefused: {smint.ErrInvalid, smint.ErrNotFound}, recsync.FieldOpen: {nil}} {
		for _, answer := range answers {
			w, record := newMetadataWorld(t, func(c *recsync.ScopeConfig) { c.Metadata = failing{answer} })
			w.plainECM().set(w, int64(record.Node()), "Rights Status", "allowed")
			receipt, fields, err := w.syncMetadata(record)
			require.NoError(t, err)
			require.Equal(t, want, fields["rights_status"].State, "%v", answer)
			require.Equal(t, recsync.Incomplete, receipt.Change)
		}
	}
	w, record := newMetadataWorld(t, nil)
	w.plainECM().set(w, int64(record.Node()), "Rights Status", "allowed")
	w.smint.Fail(testserver.Fault{Route: execute, Where: func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, testserver.AttributeMethod) }, Status: 403})
	receipt, fields, err := w.syncMetadata(record)
	require.ErrorIs(t, err, smint.ErrDenied)
	require.Equal(t, recsync.Incomplete, receipt.Change)
	require.Equal(t, recsync.FieldOpen, fields["rights_status"].State, "what failed reads as written")
	_, fields, err = w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.FieldWritten, fields["rights_status"].State)
}

// TestR23_AHoldCoversTheMetadata: also one that lands between plan and write,
// and one that cannot be read.
func TestR23_AHoldCoversTheMetadata(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, nil)
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Summer"})
	node := int64(record.Node())

	w.ecm.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/holds", Status: 403, Times: -1})
	_, _, err := w.syncMetadata(record)
	require.ErrorIs(t, err, ecm.ErrDenied, "a hold that cannot be read may be there")
	require.ErrorIs(t, err, recsync.ErrHoldUnknown, "what is not known of a hold has the name that it has everywhere")
	require.ErrorContains(t, err, record.Key().String())
	w.ecm.Heal()

	plan, err := recsync.PlanSyncMetadata(t.Context(), w.scope, recsync.MetadataRequest{Record: record})
	require.NoError(t, err)
	w.ecm.AddHold("Smith v. Acme", "LEGAL", node)
	_, err = plan.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan)
	receipt, fields, err := w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.Incomplete, receipt.Change)
	require.Equal(t, recsync.FieldRefused, fields["campaign"].State)
	require.Contains(t, fields["campaign"].Reason, "Smith v. Acme")
	require.Equal(t, "Spring", w.plainECM().attribute(w, node, "Project"))
	require.Zero(t, w.ecm.Count(putCategory))

	// The second reading of the holds comes right before the write.
	w, record = newMetadataWorld(t, nil)
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Summer"})
	reads := 0
	w.ecm.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/holds", Kind: testserver.Delay, Times: -1, Where: func(*http.Request) bool {
		if reads++; reads == 2 {
			w.ecm.AddHold("Smith v. Acme", "LEGAL", int64(record.Node()))
		}
		return false
	}})
	_, fields, err = w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.FieldRefused, fields["campaign"].State)
	require.Zero(t, w.ecm.Count(putCategory))
}
