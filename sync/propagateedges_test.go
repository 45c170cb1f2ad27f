package sync_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/rightsmap"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// TestR40_AnEmptiedRecordIsADestroyedOne: the node stands, and nothing of its
// content does.
func TestR40_AnEmptiedRecordIsADestroyedOne(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	require.NoError(t, s.ecm.Corrupt(int64(r.Record.Node()), func([]byte) []byte { return nil }))
	receipt := s.mustPropagate(s.event(recsync.EventDisposed, r, nil))
	require.Equal(t, recsync.CauseDestroyed, receipt.Access.Cause, receipt.Access.Reason)
	require.Equal(t, adapter.Removed, receipt.Access.Access)
	require.Empty(t, receipt.Certificate, "no run of ECM's says that it was its doing")
	require.Equal(t, -1, s.downloads(portalID(r)))
}

// TestR45_WhatDidNotHappenIsNotRouted: the first use has ended, and somebody
// says that the license has.
func TestR45_WhatDidNotHappenIsNotRouted(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", testserver.SmintJSON{
		"to_be_used_until": testserver.SmintTime(s.clock.Now().Add(days(1))), "valid_until": testserver.SmintTime(s.clock.Now().Add(days(30))),
	})
	s.clock.Move(days(2))
	receipt := s.mustPropagate(s.event(recsync.EventLicenseEnded, r, nil))
	require.Equal(t, adapter.NoFirstUse, receipt.Access.Access, "what holds is carried over all the same")
	require.Empty(t, s.routed, "somebody was asked to replace what may be used on")
	s.mustPropagate(s.event(recsync.EventFirstUseEnded, r, nil))
	require.Len(t, s.routed, 1)
}

// TestR41_WhatWasNeverShownIsNotShownByItsEnd: a record that our feed never had
// does not come into it, not even as an expired one.
func TestR41_WhatWasNeverShownIsNotShownByItsEnd(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.licensed("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
	s.clock.Move(days(2))
	receipt := s.mustPropagate(s.event(recsync.EventLicenseEnded, r, nil))
	require.Equal(t, adapter.Expired, receipt.Access.Access)
	s.poll()
	require.Equal(t, -1, s.downloads(portalID(r)), "its end has brought it into the portal")
}

// TestR45_ASuccessorThatIsGoneTakesNoPlace: nobody is led to what is not there,
// and ECM gets no mark of it.
func TestR45_ASuccessorThatIsGoneTakesNoPlace(t *testing.T) {
	t.Parallel()
	s := newShown(t, func(c *recsync.ScopeConfig) { c.Policy.Access.ReplacedReference = "REPLACED" })
	s.ecm.AddXrefType(testserver.ECMXrefType{Type: "REPLACED", Description: "replaced by", Related: "REPLACES"})
	r, next := s.surfaced("501", nil), s.surfaced("502", nil)
	s.ecm.Change(int64(next.Record.Node()), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
	_, err := s.propagate(s.event(recsync.EventSuperseded, r, func(e *recsync.DispositionEvent) { e.Evidence.Successor = next.Record.Key() }))
	require.ErrorIs(t, err, recsync.ErrDisposed)
	require.ErrorContains(t, err, next.Record.Key().String())
	n, _ := s.ecm.Node(int64(r.Record.Node()))
	require.NotContains(t, strings.Join(n.Xrefs, ","), "REPLACED")
}

// TestR31_WhatWasCarriedOutIsNotApprovedAgain: the list of a run has what is
// still to be done, and nothing of what was.
func TestR31_WhatWasCarriedOutIsNotApprovedAgain(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	for _, uuid := range []string{"501", "502"} {
		s.licensed(uuid, nil)
	}
	s.retire(s.stored("501"))
	search := s.ecm.AddDispositionSearch("Due images", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}})
	run := s.ecm.RunDispositionSearch(search)
	held := s.stored("502")
	s.ecm.AddHold("Acme v. Zenith", "LEGAL", int64(held.Record.Node()), int64(held.Rights))
	s.plainECM().perform(search, run)
	list, err := s.scope.DisposalList(t.Context(), ecm.NodeID(search), ecm.QDate(run))
	require.NoError(t, err)
	require.Len(t, list.Items, 2, "the held record and its rights document")
	for _, i := range list.Items {
		require.Equal(t, held.Record.Key(), i.Record)
		require.ErrorIs(t, i.Holds.Check(), records.ErrOnHold)
	}
}

// TestR56_ASuccessorOfAnotherScopeIsRefused, before the event has done anything.
func TestR56_ASuccessorOfAnotherScopeIsRefused(t *testing.T) {
	t.Parallel()
	s := newShown(t, func(c *recsync.ScopeConfig) { c.Policy.Access.ReplacedReference = "REPLACED" })
	r := s.surfaced("501", nil)
	s.ecm.Forget()
	_, err := s.propagate(s.event(recsync.EventSuperseded, r, func(e *recsync.DispositionEvent) {
		e.Evidence.Successor = records.MustRecordKey("zenith/purchase/502/1/1")
	}))
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	require.Empty(t, s.world.writes())
	s.poll()
	require.Equal(t, adapter.Full, s.says(r), "a reference of another scope has changed something")
	require.Equal(t, 1, s.downloads(portalID(r)))
}

// TestR39_TheTransferOfAnotherRecordIsNone, though that one was acknowledged.
func TestR39_TheTransferOfAnotherRecordIsNone(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	other := &records.Transfer{Record: records.MustRecordKey("acme/purchase/999/1/1"), To: "State Archive", Package: records.DigestOf([]byte("package")), Sent: s.clock.Now()}
	other.Acknowledgment = &records.Acknowledgment{By: "A. Archivist", At: s.clock.Now().Add(days(1)), Package: other.Package}
	require.NoError(t, other.Acknowledged())
	_, err := recsync.PropagateDisposition(t.Context(), s.scope, recsync.PropagateRequest{Event: s.event(recsync.EventTransferred, r, nil), Transfer: other})
	require.ErrorIs(t, err, records.ErrNotAcknowledged)
	require.ErrorContains(t, err, other.Record.String())
	require.Equal(t, 1, s.downloads(portalID(r)))
}

// TestR40_RetentionEndsOnceItsDayHasBegunEverywhere, unless the policy names a
// zone: nothing is taken away early.
func TestR40_RetentionEndsOnceItsDayHasBegunEverywhere(t *testing.T) {
	t.Parallel()
	facts := recsync.AccessFacts{
		Record: records.MustRecordKey("acme/purchase/501/1/1"), Existence: recsync.Exists, State: records.StateFinal, Approved: rightsmap.Yes,
		Rights: []recsync.RightsSpan{{}}, Holds: records.NoHolds(), Retention: records.Due{On: records.MustDate("2031-03-04")},
	}
	for zone, begins := range map[string]string{"": "2031-03-04T12:00:00Z", "UTC": "2031-03-04T00:00:00Z", "Pacific/Auckland": "2031-03-03T11:00:00Z"} {
		p := recsync.DefaultAccessPolicy()
		p.RetentionZone = zone
		at := instant(begins)
		require.Equal(t, adapter.Full, p.Decide(facts, at.Add(-time.Second)).Access, "zone %q", zone)
		require.Equal(t, at, p.Decide(facts, at.Add(-time.Second)).Changes, "zone %q", zone)
		require.Equal(t, recsync.CauseRetentionEnded, p.Decide(facts, at).Cause, "zone %q", zone)
	}
}

// TestR43_AnEscalationThatReachesNobodyIsSaid: nothing is called told that was
// not.
func TestR43_AnEscalationThatReachesNobodyIsSaid(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
	s.clock.Move(days(2))
	down := errors.New("the pager is down")
	s.asleep, s.carrying.Escalate = true, func(context.Context, recsync.Escalation) error { return down }
	s.restart()
	receipt, err := s.propagate(s.event(recsync.EventLicenseEnded, r, nil))
	require.ErrorIs(t, err, recsync.ErrNotProven)
	require.ErrorIs(t, err, down)
	require.False(t, receipt.Places[0].Escalated, "%+v", receipt.Places[0])
}

// TestR34_TheStubThatStoodFirstStands: another process leaves one in between, and
// this call claims no certificate that nobody finds there.
func TestR34_TheStubThatStoodFirstStands(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r, e := s.disposed("501")
	name, folder := r.Record.Key().CompanionName(records.CompanionStub), s.node(r.Record.Node()).Parent
	var others int64
	s.journal.refuse = func(j recsync.JournalEntry) error {
		if j.Kind != recsync.Intent || j.Step != "leave a stub" || others != 0 {
			return nil
		}
		var err error
		others, err = s.ecm.AddDocument(folder, name, []byte("another's"))
		return err
	}
	receipt, err := s.propagate(e)
	require.NoError(t, err)
	require.NotZero(t, others)
	require.Equal(t, ecm.NodeID(others), receipt.Document.Node())
	require.Empty(t, receipt.Certificate, "a certificate is claimed that is not there")
	require.Contains(t, strings.Join(receipt.Findings, "\n"), "another stub stands there")
	require.Equal(t, 1, s.ecm.CountNamed(name))
}

// TestF8_SearchesInGroupsAreSeen, however deep, and a hold that suspends the end
// of a retention is no review that kept the record.
func TestF8_SearchesInGroupsAreSeen(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	s.surfaced("501", nil)
	store := s.watchStore()
	require.Empty(t, s.watch(store))
	s.retire(s.stored("501"))
	group := s.ecm.AddDispositionGroup("2034", s.ecm.AddDispositionGroup("Marketing", 0))
	s.ecm.RunDispositionSearch(s.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}, Group: group}))
	require.Equal(t, []string{"disposition_due 501", "retention_ended 501"}, kindsOf(s.watch(store)))
	s.ecm.AddHold("Acme v. Zenith", "LEGAL", int64(s.stored("501").Record.Node()))
	require.Equal(t, []string{"hold_set 501"}, kindsOf(s.watch(store)), "held is not kept")
}
