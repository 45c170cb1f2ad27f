package sync_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// TestR16_LicenseTermsThatCannotBeReadNeedReview: the record itself says so, and
// so does the receipt. An empty status would leave the question to the reader.
func TestR16_LicenseTermsThatCannotBeReadNeedReview(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(a *recsync.Asset){
		"none":             func(a *recsync.Asset) { a.Raw = nil },
		"broken":           func(a *recsync.Asset) { a.Raw = json.RawMessage(`{"license_terms":`) },
		"no object":        func(a *recsync.Asset) { a.Raw = json.RawMessage(`[]`) },
		"no transaction":   func(a *recsync.Asset) { a.Raw = json.RawMessage(`{}`) },
		"broken, original": func(a *recsync.Asset) { a.Original = json.RawMessage(`[]`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(c *recsync.ScopeConfig) {
				c.Policy.Approval = records.ApprovalRule{Source: records.ApprovalByIntegrator}
				c.Approvals = approvals(func(a recsync.Asset) (records.Approval, error) {
					return records.Approval{Source: records.ApprovalByIntegrator, Asset: a.Key, Person: "Legal", At: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Raw: []byte(`{}`)}, nil
				})
			})
			a := w.asset("1", picture(10))
			require.Contains(t, mustDeclare(w, a).Rights, "allowed", "what can be read is allowed, or this test shows nothing")
			a = w.asset("2", picture(10))
			change(&a)
			r := mustDeclare(w, a)
			require.Equal(t, "needs review: the source's license terms cannot be read", r.Rights, "rights that cannot be read are no permission: the receipt says review")
			require.Contains(t, strings.Join(r.Findings, "\n"), "rights cannot be read", "the receipt says why")
			n, found := w.ecm.Node(int64(r.Record.Node()))
			require.True(t, found)
			require.Equal(t, "needs review", w.value(n, "Rights Status"), "rights that cannot be read are no permission: the record says review, it does not leave the answer out")
		})
	}
}

// TestR57_TheJurisdictionStandsInTheRecord where the policy names an attribute
// for it.
func TestR57_TheJurisdictionStandsInTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *recsync.ScopeConfig) {
		c.Policy.Jurisdiction = recsync.JurisdictionRule{Required: true, Field: recsync.FieldProject, Values: map[string]string{"Spring campaign": "DE"}}
		c.Policy.Attributes = recsync.DefaultAttributes()
		c.Policy.Attributes[recsync.FieldJurisdiction] = "Owner"
	})
	mustDeclare(w, w.asset("1", picture(10)))
	require.Equal(t, "DE", w.value(w.records()[0], "Owner"), "the jurisdiction that picked class and schedule is written into the record")
}

// TestDeclareRecord_TheClassComesWithTheTokenThatWasRead, and with a fresh one
// where somebody else wrote in between.
func TestDeclareRecord_TheClassComesWithTheTokenThatWasRead(t *testing.T) {
	t.Parallel()
	const details, apply = "GET /v1/nodes/{id}/rmclassifications", "POST /v1/nodes/{id}/rmclassifications"
	for _, interfered := range []bool{false, true} {
		w := newWorld(t, nil)
		a := w.asset("1", picture(10))
		if interfered {
			w.during(recsync.Intent, "classify", func() error {
				id, c := ecm.NodeID(w.records()[0].ID), w.config.ECM.RMClassifications
				seen, err := c.Get(t.Context(), id)
				require.NoError(t, err)
				require.NoError(t, c.Apply(t.Context(), id, ecm.NodeID(w.class), ecm.RecordUpdate{Seen: seen}))
				return c.Remove(t.Context(), id, ecm.NodeID(w.class), tokenOf(t, w, id))
			})
		}
		r, err := w.declare(a)
		require.NoError(t, err, "a stale rm_metadataToken is refused, read again, and the class comes with the fresh one")
		require.True(t, r.Final)
		read, sent := map[string]bool{}, 0
		for _, e := range w.ecm.Exchanges() {
			switch e.Route {
			case details:
				var body struct {
					Token string `json:"rm_metadataToken"`
				}
				require.NoError(t, json.Unmarshal(e.Response.Bytes, &body))
				read[body.Token] = true
			case apply:
				form, err := url.ParseQuery(string(e.Request.Bytes))
				require.NoError(t, err)
				sent++
				require.True(t, read[form.Get("rm_metadataToken")], "a classification brings the rm_metadataToken that was read before it, not %q", form.Get("rm_metadataToken"))
			}
		}
		require.Positive(t, sent)
	}
}

func tokenOf(t *testing.T, w *world, id ecm.NodeID) string {
	t.Helper()
	seen, err := w.config.ECM.RMClassifications.Get(t.Context(), id)
	require.NoError(t, err)
	return seen.Token
}

// TestR23_AnOrderThatWasRenamedRefuses: by its name it is known what it is
// about, and what cannot be known is to be held.
func TestR23_AnOrderThatWasRenamedRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	w.hold(order("CASE-7", recsync.HoldTarget{About: map[recsync.Field]string{recsync.FieldTitle: "Picture 1"}}))
	for _, n := range w.ecm.Nodes() {
		if strings.HasPrefix(n.Name, "matter ") {
			w.ecm.Change(n.ID, func(name *string, _ *int64, _ *bool) { *name = strings.Replace(*name, "Picture", "Film", 1) })
		}
	}
	r, err := w.declare(w.asset("1", picture(10)))
	require.ErrorIs(t, err, recsync.ErrHoldUnknown, "an order whose name no longer says what it is about is not passed over: it may hold this record")
	require.Equal(t, recsync.Incomplete, r.Change)
	require.False(t, w.records()[0].Final, "it became final before its holds were known")
}

// TestR23_AnOrderReachesWhatStandsBesideTheRecord: the order stands, and whoever
// gave it was killed before it lay on what was there already.
func TestR23_AnOrderReachesWhatStandsBesideTheRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	stored := w.declared("601")["601"]
	require.Len(t, stored.Documents(), 2, "record and rights document")
	held := holdID(t, w.hold(order("CASE-7", recsync.HoldTarget{Scope: true})))
	for _, id := range stored.Documents() {
		require.NoError(t, w.config.ECM.Holds.Remove(t.Context(), id, ecm.HoldID(held), nil))
		require.Empty(t, w.holdsOn(id))
	}
	mustDeclare(w, w.assets("601")[0])
	for _, id := range stored.Documents() {
		require.Equal(t, []int64{held}, w.holdsOn(id), "declared again, record and what stands beside it are held by what was ordered: node %s", id)
	}
}
