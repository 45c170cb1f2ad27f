package sync_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

func TestNewScope_ReportsEveryFault(t *testing.T) {
	t.Parallel()
	_, err := recsync.NewScope(recsync.ScopeConfig{Policy: recsync.Policy{
		Verify: recsync.VerifyPolicy{Mode: "sometimes"}, Attributes: map[recsync.Field]string{"odd": "x"}, Classes: []recsync.ClassRule{{}},
	}})
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, field := range []string{"id", "root", "ecm", "policy.version", "policy.category", "policy.classes[0].class", "policy.attributes", "record_key", "digest", "policy.verify.mode", "policy.approval", "smint"} {
		require.ErrorContains(t, err, field)
	}
}

func TestScope_CheckListsEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) {
		names := recsync.DefaultAttributes()
		names[recsync.FieldProject] = "Campaign name"
		c.Policy.Attributes = names
		c.Policy.Classes = append([]recsync.ClassRule{{Class: 4242, ContentTypes: []string{"audio"}}}, c.Policy.Classes...)
		c.Policy.PartReference = "NOPE"
	})
	w.ecm.Forget()
	err := w.scope.Check(t.Context())
	require.ErrorIs(t, err, recsync.ErrSetup)
	for _, missing := range []string{"Campaign name", "class 4242", `"NOPE"`} {
		require.ErrorContains(t, err, missing)
	}
	require.Empty(t, w.writes(), "it changes nothing")
}

func TestScope_CheckTellsWrongCredentialsFromMissingThings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	var err error
	w.config.ECM, err = ecm.New("https://ecm.example/otcs/cs.exe", ecm.PasswordLogin{User: "svc-dam", Password: "wrong"}, ecm.WithTransport(w.ecm.Transport()))
	require.NoError(t, err)
	err = w.newScope().Check(t.Context())
	require.ErrorIs(t, err, ecm.ErrUnauthenticated)
	require.NotErrorIs(t, err, recsync.ErrSetup)
	require.NotContains(t, err.Error(), "wrong\"")
}

// TestR56_ForeignReferencesAreRefusedBeforeIO: a key, a reference and a stored
// reference of one scope mean nothing to another.
func TestR56_ForeignReferencesAreRefusedBeforeIO(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	r, err := w.declare(w.asset("79468", picture(10)))
	require.NoError(t, err)
	config := w.config
	config.ID = records.MustScopeID("globex")
	other, err := recsync.NewScope(config)
	require.NoError(t, err)
	w.ecm.Forget()

	_, err = recsync.DeclareRecord(t.Context(), other, recsync.DeclareRequest{Asset: w.assets("79468")[0]})
	require.ErrorIs(t, err, recsync.ErrForeignScope, "an asset of one scope is no asset of another")
	_, err = recsync.TransferRights(t.Context(), other, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("79468")})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	_, err = recsync.RelateRecords(t.Context(), other, recsync.RelateRequest{From: r.Record, To: r.Record, Type: "PART"})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	_, err = other.Bind(r.Record)
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	require.Empty(t, w.ecm.Exchanges(), "nothing was sent")

	// Through storage it comes back to its own scope only by Bind.
	b, err := json.Marshal(r)
	require.NoError(t, err)
	var stored recsync.Receipt
	require.NoError(t, json.Unmarshal(b, &stored))
	_, err = recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: stored.Record, Source: w.smint.Transaction("79468")})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	require.ErrorContains(t, err, "Bind")
	bound, err := w.scope.Bind(stored.Record)
	require.NoError(t, err)
	_, err = recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: bound, Source: w.smint.Transaction("79468")})
	require.NoError(t, err)
}

func TestRecordRef_RefusesWhatIsNoReference(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"x", "acme/purchase/1/1/1", "acme/purchase/1/1/1@", "acme/purchase/1/1/1@-1", "acme/purchase/1/1/1@0", "@5"} {
		var r recsync.RecordRef
		require.Error(t, r.UnmarshalText([]byte(s)), s)
		require.True(t, r.IsZero())
	}
}

// TestDeclareRecord_DryRunWritesNothing, and the plan is what the real run then
// does.
func TestDeclareRecord_DryRunWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("79468", picture(10))
	w.ecm.Forget()
	plan, err := recsync.PlanDeclareRecord(t.Context(), w.scope, recsync.DeclareRequest{Asset: a})
	require.NoError(t, err)
	require.Empty(t, w.writes())
	require.Empty(t, w.journal.all())
	var verbs []string
	for _, s := range plan.Steps {
		verbs = append(verbs, s.Do)
	}
	require.Equal(t, []string{"create folder", "upload", "classify", "finalize"}, verbs, "the plan names each mutation that a record needs, in order")
	require.Contains(t, plan.String(), "schedule MKT-07")

	r, err := plan.Apply(t.Context())
	require.NoError(t, err)
	var done []string
	for _, s := range r.Steps {
		done = append(done, s.Do)
	}
	require.Equal(t, verbs, done, "what is done is what was planned")

	_, err = plan.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan, "a plan whose observations no longer hold is refused")
}

// TestR48_NoIntentNoMutation: every mutation has its intent before and its
// outcome after it; a journal that takes no intent stops the mutation.
func TestR48_NoIntentNoMutation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("79468", picture(10))
	w.ecm.Forget()
	outcomes := 0
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if e.Kind == recsync.Outcome {
			outcomes++
		}
		require.Len(t, w.writes(), outcomes, "the %s of %s: an intent is taken down before the server gets the write, its outcome after it", e.Kind, e.Step)
		return nil
	}
	_, err := w.declare(a)
	require.NoError(t, err)
	w.journal.refuse = nil
	_, err = recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: mustDeclare(w, a).Record, Source: w.smint.Transaction("79468")})
	require.NoError(t, err)
	entries := w.journal.all()
	require.Len(t, entries, 2*len(w.writes()), "an intent and an outcome for each write the server got")
	for i := 0; i < len(entries); i += 2 {
		require.Equal(t, recsync.Intent, entries[i].Kind)
		require.Equal(t, recsync.Outcome, entries[i+1].Kind)
		require.Equal(t, entries[i].Step, entries[i+1].Step)
		require.Equal(t, "test-1", entries[i].Policy)
	}

	full := errors.New("disk full")
	b := w.asset("2", picture(20))
	w.journal.refuse = func(e recsync.JournalEntry) error {
		if e.Kind == recsync.Intent {
			return full
		}
		return nil
	}
	w.ecm.Forget()
	_, err = w.declare(b)
	require.ErrorIs(t, err, full, "no intent, no mutation")
	require.Empty(t, w.writes())
}

// TestR48_AnOutcomeThatIsNotTakenDownEndsThePass: what a step did stands in ECM
// and nowhere else, so nothing more is done, the checkpoint stays, and the next
// pass looks before it goes on.
func TestR48_AnOutcomeThatIsNotTakenDownEndsThePass(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	for _, step := range []string{"create folder", "upload", "classify", "finalize", "upload rights document"} {
		w := newWorld(t, nil)
		w.buy("1", picture(10), nil)
		w.buy("2", picture(20), nil)
		refused, after := false, 0
		w.journal.refuse = func(e recsync.JournalEntry) error {
			switch {
			case refused:
				after++
			case e.Kind == recsync.Outcome && e.Step == step:
				refused = true
				return full
			}
			return nil
		}
		store := w.store()
		r, err := recsync.FollowPurchases(t.Context(), w.scope, store, recsync.FollowOptions{})
		require.True(t, refused, "there is no step %q", step)
		require.ErrorIs(t, err, full, "%s: a pass that leaves no trace of what it did goes on", step)
		require.Zero(t, after, "%s: nothing is taken down, and so nothing done, after it", step)
		require.Empty(t, r.Quarantine, "%s: nothing is wrong with the item", step)
		state, err := store.Load(t.Context())
		require.NoError(t, err)
		require.Empty(t, state.Continuation, "%s: the checkpoint moved over what is not settled", step)

		r = w.follow(store, recsync.FollowOptions{})
		require.Equal(t, 2, r.Declared+r.Unchanged, step)
		require.Len(t, w.ecm.Documents(), 4, "%s: two records and their rights", step)
	}
}

// TestR48_TheOutcomeSaysWhatIsKnown, and what is not known is said too.
func TestR48_TheOutcomeSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	for want, fault := range map[string]*testserver.Fault{
		"done":     nil,
		"unknown:": {Kind: testserver.DropAfter},
		"failed:":  {Kind: testserver.Refuse, Status: http.StatusForbidden, Body: `{"error":"Insufficient Permissions"}`},
	} {
		w := newWorld(t, nil)
		a := w.asset("1", picture(10))
		w.ecm.AddFolder(w.root, a.Key.Folder())
		if fault != nil {
			fault.Route = "POST /v2/nodes"
			w.ecm.Fail(*fault)
		}
		_, err := w.declare(a)
		require.Equal(t, want == "failed:", err != nil, want)
		entries := w.journal.all()
		require.Equal(t, "upload", entries[1].Step)
		require.Equal(t, recsync.Outcome, entries[1].Kind)
		require.True(t, strings.HasPrefix(entries[1].Result, want), "the outcome of the upload is %q, and was %q", entries[1].Result, want)
		if want == "unknown:" {
			require.Equal(t, recsync.Observation, entries[2].Kind, "an unknown outcome is settled by looking, and that is taken down")
			require.Equal(t, entries[1].Intent, entries[2].Intent)
		}
	}
}

func mustDeclare(w *world, a recsync.Asset) recsync.Receipt {
	w.t.Helper()
	r, err := w.declare(a)
	require.NoError(w.t, err)
	return r
}

func TestDeclareRecord_ANameThatIsNotOursIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("79468", picture(10))
	folder := w.ecm.AddFolder(w.root, a.Key.Folder())
	_, err := w.ecm.AddDocument(folder, a.Key.NodeName(), []byte("somebody else's"))
	require.NoError(t, err)
	w.ecm.Forget()
	_, err = w.declare(a)
	require.ErrorIs(t, err, recsync.ErrNotOurs, "a node under our name that does not carry the key is not ours")
	require.Empty(t, w.writes())
}

// TestR37_WhatWasDestroyedStaysSo: the record is gone, its rights document is
// left, and the feed comes again.
func TestR37_WhatWasDestroyedStaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a := w.asset("79468", picture(10))
	r := mustDeclare(w, a)
	_, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: r.Record, Source: w.smint.Transaction("79468")})
	require.NoError(t, err)
	w.ecm.Change(int64(r.Record.Node()), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	w.ecm.Forget()
	_, err = w.declare(a)
	require.ErrorIs(t, err, recsync.ErrDisposed, "what was destroyed is never declared again: its rights document tells")
	result, err := recsync.FollowPurchases(t.Context(), w.scope, w.store(), recsync.FollowOptions{})
	require.NoError(t, err)
	require.Equal(t, "declared=0 unchanged=0 incomplete=0 skipped=1 quarantined=0", result.String())
	require.Empty(t, w.writes())
}

// TestDeclareRecord_APlanIsOfItsMoment: a plan that was printed yesterday does
// not write yesterday's permission, nor a record that is no longer approved,
// whatever the policy does with versions.
func TestDeclareRecord_APlanIsOfItsMoment(t *testing.T) {
	t.Parallel()
	for _, versions := range []recsync.VersionKeeping{recsync.VersionAsRecord, recsync.VersionInRecord} {
		revoked := false
		w := newWorld(t, func(c *recsync.ScopeConfig) {
			inRecord(c)
			c.Policy.Change.NewVersion, c.Policy.Approval = versions, records.ApprovalRule{Source: records.ApprovalByIntegrator}
			c.Approvals = approvals(func(a recsync.Asset) (records.Approval, error) {
				if revoked {
					return records.Approval{}, recsync.ErrNotApproved
				}
				return records.Approval{Source: records.ApprovalByIntegrator, Asset: a.Key, Person: "Legal", At: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Raw: []byte(`{}`)}, nil
			})
		})
		plan := func(uuid string) *recsync.DeclarePlan {
			p := w.purchase(uuid, nil)
			p.Terms[0]["valid_until"] = testserver.SmintTime(w.clock.Now().Add(days(1)))
			require.NoError(t, w.smint.Emit(p.Payload(), w.file(uuid, "1", picture(10))))
			plan, err := recsync.PlanDeclareRecord(t.Context(), w.scope, recsync.DeclareRequest{Asset: w.assets(uuid)[0]})
			require.NoError(t, err)
			require.Contains(t, plan.Rights, "allowed")
			w.ecm.Forget()
			return plan
		}
		ended := plan("1")
		w.clock.Move(days(2))
		_, err := ended.Apply(t.Context())
		require.ErrorIs(t, err, recsync.ErrStalePlan, "%s: the license ended since", versions)
		require.Empty(t, w.writes())

		withdrawn := plan("2")
		revoked = true
		_, err = withdrawn.Apply(t.Context())
		require.ErrorIs(t, err, recsync.ErrNotApproved, "%s: the approval was withdrawn since", versions)
		require.Empty(t, w.writes())
		revoked = false

		// Another user changes what the record says of itself: its size and bytes are
		// others, and no step of the plan names them.
		declared, err := plan("3").Apply(t.Context())
		require.NoError(t, err)
		looked, err := recsync.PlanDeclareRecord(t.Context(), w.scope, recsync.DeclareRequest{Asset: w.assets("3")[0]})
		require.NoError(t, err)
		require.NoError(t, w.ecm.Corrupt(int64(declared.Record.Node()), func(b []byte) []byte { return b[:5] }))
		_, err = looked.Apply(t.Context())
		require.ErrorIs(t, err, recsync.ErrStalePlan, "%s: what was observed is observed no more", versions)
	}
}
