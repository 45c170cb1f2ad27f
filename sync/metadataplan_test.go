package sync_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

// TestSyncMetadata_ThePlanIsWhatIsDone: a dry run writes nothing, prints both
// values, and is refused once it no longer holds.
func TestSyncMetadata_ThePlanIsWhatIsDone(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, nil)
	w.plainECM().set(w, int64(record.Node()), "Rights Status", "allowed")
	w.smint.SetAttributes("kv-1", testserver.SmintJSON{"campaign": "Summer"})
	w.ecm.Forget()
	plan, err := recsync.PlanSyncMetadata(t.Context(), w.scope, recsync.MetadataRequest{Record: record})
	require.NoError(t, err)
	require.Empty(t, w.writes())
	require.Equal(t, `keep the metadata of acme/asset/99:image:kv-1/1 in step
  campaign (owner portal): ecm "Spring", portal "Summer": written: the owner changed it
  approval_date (owner portal): ecm "2025-05-06", portal "2025-05-06": in_step
  owner (owner portal): ecm "Dana Designer", portal "Dana Designer": in_step
  rights_status (owner ecm): ecm "allowed", portal "": written: the other side has no value
  1. write attributes portal asset 99:image:kv-1: rights_status
  2. write attributes node `+record.Node().String()+`: campaign, baseline`, plan.String())
	receipt, err := plan.Apply(t.Context())
	require.NoError(t, err)
	if diff := cmp.Diff(plan.Steps, receipt.Steps); diff != "" {
		t.Fatalf("a dry run equals the real run, -planned +done:\n%s", diff)
	}
	require.Equal(t, 1, w.ecm.Count(putCategory))
	_, err = plan.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan)

	b, err := json.Marshal(receipt)
	require.NoError(t, err)
	require.Contains(t, string(b), `{"field":"campaign","owner":"portal","ecm":"Spring","portal":"Summer","state":"written"`, "a receipt is plain data")
	for _, e := range w.journal.all() {
		require.NotContains(t, fmt.Sprintf("%+v", e), "Dana", "values do not go into the trail")
	}
}

// TestR56_ForeignMetadataIsRefusedBeforeIO: and so is a scope without policy or
// portal, or a record that is gone.
func TestR56_ForeignMetadataIsRefusedBeforeIO(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, nil)
	w.config.ID = records.MustScopeID("other")
	other := w.newScope()
	w.ecm.Forget()
	w.smint.Forget()
	_, err := recsync.SyncMetadata(t.Context(), other, recsync.MetadataRequest{Record: record})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	_, err = recsync.SyncMetadata(t.Context(), w.scope, recsync.MetadataRequest{})
	require.Error(t, err)
	require.Empty(t, w.ecm.Exchanges())
	require.Empty(t, w.smint.Exchanges())

	for _, change := range []func(*recsync.ScopeConfig){func(c *recsync.ScopeConfig) { c.Policy.Metadata = nil }, func(c *recsync.ScopeConfig) {
		c.Portal = nil
		c.Policy.Approval = records.ApprovalRule{Source: records.ApprovalByPurchase}
	}} {
		w, record := newMetadataWorld(t, nil)
		change(&w.config)
		s := w.newScope()
		bound, err := s.Bind(record)
		require.NoError(t, err)
		_, err = recsync.SyncMetadata(t.Context(), s, recsync.MetadataRequest{Record: bound})
		require.ErrorIs(t, err, recsync.ErrSetup)
	}

	w, record = newMetadataWorld(t, nil)
	w.smint.RemoveAsset("kv-1")
	receipt, _, err := w.syncMetadata(record)
	require.NoError(t, err)
	require.Equal(t, recsync.Skipped, receipt.Change)
	w.ecm.Change(int64(record.Node()), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	_, _, err = w.syncMetadata(record)
	require.Error(t, err)
}

func TestMetadataPolicy_ReportsEveryFault(t *testing.T) {
	t.Parallel()
	w, _ := newMetadataWorld(t, nil)
	config := w.config
	config.Policy.Metadata = &recsync.MetadataPolicy{Baseline: "Owner", Fields: []recsync.MetadataField{
		{Name: "Campaign", Attribute: "Record key", Portal: "campaign", Owner: "both", Type: "number"},
		{Name: "owner", Attribute: "Owner", Portal: "Campaign", Owner: recsync.SideECM},
		{Name: "owner"},
	}}
	_, err := recsync.NewScope(config)
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, part := range []string{
		"fields[0].name", "fields[0].attribute is \"Record key\"", "fields[0].owner", "fields[0].type", "fields[1].portal", "fields[2].name", "fields[2].attribute",
		"fields[2].portal", "fields[2].owner", "policy.metadata.baseline",
	} {
		require.ErrorContains(t, err, part)
	}
	config.Policy.Metadata = &recsync.MetadataPolicy{}
	_, err = recsync.NewScope(config)
	require.ErrorContains(t, err, "policy.metadata.fields")
	require.ErrorContains(t, err, "policy.metadata.baseline")

	var back recsync.MetadataPolicy
	b, err := json.Marshal(metadataPolicy())
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(b, &back))
	require.Equal(t, *metadataPolicy(), back, "the policy is data")
	require.Contains(t, string(b), `"owner":"ecm"`)

	config.Policy.Metadata = metadataPolicy()
	config.Policy.Metadata.Baseline, config.Policy.Metadata.Fields[0].Attribute = "Digits", "Campaign name"
	s, err := recsync.NewScope(config)
	require.NoError(t, err)
	err = s.Check(t.Context())
	require.ErrorIs(t, err, recsync.ErrSetup)
	for _, part := range []string{`"Digits"`, `"Campaign name"`} {
		require.ErrorContains(t, err, part)
	}
	require.NoError(t, w.scope.Check(t.Context()))
	config.Policy.Metadata.Baseline = "Owner" // 40 characters
	config.Policy.Metadata.Fields = config.Policy.Metadata.Fields[:2]
	config.Policy.Metadata.Fields[0].Attribute = "Project"
	s, err = recsync.NewScope(config)
	require.NoError(t, err)
	require.ErrorContains(t, s.Check(t.Context()), "holds 40 characters, the baseline of 2 fields needs 56")
}

// failing is a writer that writes nothing, whatever it says.
type failing struct{ err error }

func (f failing) WriteAttributes(context.Context, smint.AttributeUpdate) error { return f.err }

// TestSyncMetadata_EndsAfterAFewTries: a portal where somebody is always faster
// is left as it is, and that is an error.
func TestSyncMetadata_EndsAfterAFewTries(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{smint.ErrConflict, smint.ErrOutcomeUnknown, errors.New("another")} {
		w, record := newMetadataWorld(t, func(c *recsync.ScopeConfig) { c.Metadata = failing{cause} })
		w.plainECM().set(w, int64(record.Node()), "Rights Status", "allowed")
		receipt, fields, err := w.syncMetadata(record)
		require.ErrorIs(t, err, cause)
		require.Equal(t, recsync.Incomplete, receipt.Change)
		require.Equal(t, recsync.FieldOpen, fields["rights_status"].State)
	}
}

// TestF5_NothingButTheAgreedValueIsOverwritten: in any order of edits on both
// sides and passes, a pass replaces a value only if it is the one that both
// last agreed on, or none; and a field that was not touched on the side that
// does not own it follows its owner.
func TestF5_NothingButTheAgreedValueIsOverwritten(t *testing.T) {
	t.Parallel()
	w, record := newMetadataWorld(t, nil)
	plain, portal := w.plainECM(), w.plainPortal()
	node := int64(record.Node())
	var written, conflicts, open int
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SampledFrom([]string{"", "a", "b", "c"})
		for _, f := range []struct {
			field, attribute, key string
			ownerIsECM            bool
		}{{"campaign", "Project", "campaign", false}, {"rights_status", "Rights Status", "rights_status", true}} {
			read := func() (owner, other string) {
				e, p := plain.attribute(w, node, f.attribute), portal.attribute("99:image:kv-1", f.key)
				if f.ownerIsECM {
					return e, p
				}
				return p, e
			}
			// Begin in step.
			start := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "start")
			plain.set(w, node, f.attribute, start)
			w.smint.SetAttributes("kv-1", testserver.SmintJSON{f.key: start})
			_, _, _ = w.syncMetadata(record)
			agreed := start
			for range rapid.IntRange(1, 3).Draw(t, "steps") {
				if rapid.Bool().Draw(t, "in ecm") {
					plain.set(w, node, f.attribute, values.Draw(t, "ecm"))
				}
				if rapid.Bool().Draw(t, "in portal") {
					w.smint.SetAttributes("kv-1", testserver.SmintJSON{f.key: values.Draw(t, "portal")})
				}
				owner, other := read()
				_, fields, err := w.syncMetadata(record)
				ownerNow, otherNow := read()
				if ownerNow != owner {
					t.Fatalf("%s: the owner's %q became %q", f.field, owner, ownerNow)
				}
				if otherNow != other && other != agreed {
					t.Fatalf("%s: %q was overwritten by %q, and they last agreed on %q", f.field, other, otherNow, agreed)
				}
				if other == agreed && owner != "" && otherNow != owner {
					t.Fatalf("%s: untouched, it says %q, and its owner %q", f.field, otherNow, owner)
				}
				switch fields[f.field].State {
				case recsync.FieldWritten:
					written++
				case recsync.FieldConflict:
					conflicts++
					if !errors.Is(err, recsync.ErrFieldConflict) {
						t.Fatalf("%s: a conflict without an error: %v", f.field, err)
					}
				case recsync.FieldOpen:
					open++
				default:
				}
				if ownerNow == otherNow {
					agreed = ownerNow
				}
			}
		}
	})
	t.Logf("written %d, conflicts %d, open %d", written, conflicts, open)
	require.NotZero(t, written)
	require.NotZero(t, conflicts)
	require.NotZero(t, open)
}
