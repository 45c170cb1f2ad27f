package sync_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// licensed buys, declares and keeps the rights of a picture; patch changes its
// one license term.
func (w *world) licensed(uuid string, patch testserver.SmintJSON) recsync.StoredRecord {
	w.t.Helper()
	p := w.purchase(uuid, nil)
	p.Terms[0] = testserver.SmintMerge(p.Terms[0], patch)
	require.NoError(w.t, w.smint.Emit(p.Payload(), w.file(uuid, "1", picture(200))))
	_, err := recsync.FollowPurchases(w.t.Context(), w.scope, w.store(), recsync.FollowOptions{})
	require.NoError(w.t, err)
	return w.stored(uuid)
}

func (w *world) stored(uuid string) recsync.StoredRecord {
	w.t.Helper()
	r, err := w.scope.Record(w.t.Context(), records.MustRecordKey("acme/purchase/"+uuid+"/1/1"))
	require.NoError(w.t, err)
	return r
}

func (w *world) facts(uuid string) recsync.AccessFacts {
	w.t.Helper()
	f, err := w.scope.AccessFactsOf(w.t.Context(), records.MustRecordKey("acme/purchase/"+uuid+"/1/1"))
	require.NoError(w.t, err)
	return f
}

func (w *world) node(id ecm.NodeID) testserver.ECMNode {
	w.t.Helper()
	n, ok := w.ecm.Node(int64(id))
	require.True(w.t, ok)
	return n
}

// attribute is the key of an attribute of the record category, by its name.
func (w *world) attribute(name string) string {
	w.t.Helper()
	c, err := w.config.ECM.Categories.Definition(w.t.Context(), ecm.NodeID(w.root), ecm.NodeID(w.category))
	require.NoError(w.t, err)
	a, ok := c.Attribute(name)
	require.True(w.t, ok, name)
	return a.Key
}

// decideNow is what the scope's policy says at the fakes' time.
func (w *world) decideNow(uuid string) recsync.AccessDecision {
	w.t.Helper()
	return w.scope.Policy().Access.Decide(w.facts(uuid), w.clock.Now())
}

// TestR42_FirstUseAndUseEndAtTheirOwnTime: two clocks, two states, read from the
// rights document alone.
func TestR42_FirstUseAndUseEndAtTheirOwnTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	now := w.clock.Now().UTC().Truncate(time.Second)
	first, end := now.Add(10*24*time.Hour), now.Add(30*24*time.Hour)
	w.licensed("501", testserver.SmintJSON{"to_be_used_until": testserver.SmintTime(first), "valid_until": testserver.SmintTime(end)})
	f := w.facts("501")
	require.Len(t, f.Rights, 4, "before the purchase, licensed, no first use, ended: %+v", f.Rights)
	p := *w.scope.Policy().Access
	for _, c := range []struct {
		at      time.Time
		access  adapter.Access
		changes time.Time
	}{
		{now, adapter.Full, first}, {first.Add(-1), adapter.Full, first}, {first, adapter.NoFirstUse, end}, {end.Add(-1), adapter.NoFirstUse, end},
	} {
		d := p.Decide(f, c.at)
		require.Equal(t, c.access, d.Access, d.String())
		require.Equal(t, c.changes, d.Changes, d.String())
	}
	d := p.Decide(f, end)
	require.Equal(t, adapter.Expired, d.Access, d.String())
	require.Equal(t, recsync.CauseLicenseEnded, d.Cause)
	require.Equal(t, "default-1", d.Policy)
}

func TestAccessFacts_AreReadFromECM(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) {
		access := recsync.DefaultAccessPolicy()
		access.ReplacedReference, access.TransferredStatuses = "REPLACED", []string{"CLOSED"}
		c.Policy.Access = &access
	})
	w.ecm.AddXrefType(testserver.ECMXrefType{Type: "REPLACED", Description: "replaced by", Related: "REPLACES"})
	for _, uuid := range []string{"501", "502", "503", "504"} {
		w.licensed(uuid, nil)
	}
	require.Equal(t, adapter.Full, w.decideNow("501").Access, w.decideNow("501").String())
	f := w.facts("501")
	require.Equal(t, records.StateFinal, f.State)
	require.True(t, f.Holds.Known())
	require.True(t, f.Retention.On.IsValid(), "the server's own reckoning: %s", f.Retention)

	hold := w.ecm.AddHold("Acme v. Zenith", "LEGAL", int64(w.stored("501").Record.Node()))
	d := w.decideNow("501")
	require.True(t, d.Held)
	require.Equal(t, recsync.CauseHeld, d.Causes[0].Cause)
	require.NoError(t, w.config.ECM.Holds.Update(t.Context(), ecm.HoldID(hold), ecm.HoldUpdate{Removed: w.clock.Now(), RemovalComment: "settled"}))
	w.ecm.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/holds", Status: 400})
	require.Equal(t, recsync.CauseHoldUnknown, w.decideNow("501").Cause, "holds that cannot be read are not none")

	other, err := recsync.RelateRecords(t.Context(), w.scope, recsync.RelateRequest{From: w.stored("502").Record, To: w.stored("503").Record, Type: "REPLACED"})
	require.NoError(t, err, other)
	d = w.decideNow("502")
	require.Equal(t, adapter.Superseded, d.Access)
	require.Equal(t, w.stored("503").Record.Key(), d.ReplacedBy)

	require.NoError(t, w.ecm.Corrupt(int64(w.stored("504").Rights), func([]byte) []byte { return []byte("no archive") }))
	require.Equal(t, recsync.CauseRightsUnreadable, w.decideNow("504").Cause, "a license that cannot be read permits nothing")
	w.ecm.Change(int64(w.stored("504").Rights), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	require.Equal(t, recsync.CauseRightsUnreadable, w.decideNow("504").Cause, "a purchase without its license permits nothing")

	w.ecm.Change(int64(w.stored("503").Record.Node()), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	require.Equal(t, recsync.CauseGone, w.decideNow("503").Cause)
	require.Equal(t, recsync.CauseGone, w.decideNow("999").Cause, "nothing under the names of a key is a fact")

	// A stub outlives what comes back under the name.
	r := w.stored("501")
	folder := w.node(r.Record.Node()).Parent
	stub, err := w.config.ECM.Nodes.UploadDocument(t.Context(), ecm.Document{
		Parent: ecm.NodeID(folder), Name: r.Record.Key().CompanionName(records.CompanionStub), FileName: "stub.json", Content: strings.NewReader("{}"), Size: 2,
		Categories: ecm.CategoryValues{w.attribute("Record key"): ecm.Text(r.Record.Key().String())},
	})
	require.NoError(t, err)
	require.Equal(t, stub.ID, w.stored("501").Stub)
	require.Equal(t, recsync.CauseDestroyed, w.decideNow("501").Cause, "after the stub nothing grants again")

	_, err = w.scope.AccessFactsOf(t.Context(), records.MustRecordKey("other/purchase/501/1/1"))
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	_, err = w.scope.AccessFacts(t.Context(), recsync.StoredRecord{})
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	w.ecm.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/rmclassifications", Status: 400})
	_, err = w.scope.AccessFacts(t.Context(), w.stored("502"))
	require.Error(t, err, "a server that does not answer is no fact")
	require.NotErrorIs(t, err, ecm.ErrNotFound)
}

// TestR60_ADecisionNamesItsPolicy, and an older version stays at hand.
func TestR60_ADecisionNamesItsPolicy(t *testing.T) {
	t.Parallel()
	old := recsync.DefaultAccessPolicy()
	old.Version, old.Access[recsync.CauseLicenseEnded] = "2025", adapter.Removed
	w := newWorld(t, func(c *recsync.ScopeConfig) { c.Policy.FormerAccess = []recsync.AccessPolicy{old} })
	f := caught(caused[recsync.CauseLicenseEnded].set)
	for version, want := range map[string]adapter.Access{"": adapter.Expired, "default-1": adapter.Expired, "2025": adapter.Removed} {
		p, err := w.scope.AccessPolicy(version)
		require.NoError(t, err)
		d := p.Decide(f, w.clock.Now())
		require.Equal(t, want, d.Access)
		require.Equal(t, p.Version, d.Policy, "a decision names the version that it was made by")
	}
	_, err := w.scope.AccessPolicy("2024")
	require.ErrorIs(t, err, records.ErrInvalid, "a version that is not at hand decides nothing")
}
