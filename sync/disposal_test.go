package sync_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

// disposed is a record that ECM's own process has destroyed, and the event of
// it, as an observer has it who knew the record.
func (s *shown) disposed(uuid string) (recsync.StoredRecord, recsync.DispositionEvent) {
	s.t.Helper()
	r := s.surfaced(uuid, nil)
	known, err := s.scope.AccessFacts(s.t.Context(), r)
	require.NoError(s.t, err)
	s.retire(r)
	found := s.dispose(s.ecm.AddDispositionSearch("Due images "+uuid, testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}}))
	_, there := s.ecm.Node(int64(r.Record.Node()))
	require.True(s.t, there)
	return r, s.event(recsync.EventDisposed, r, func(e *recsync.DispositionEvent) { e.Evidence, e.Known = found, &known })
}

// TestR34_ADestroyedRecordLeavesAStub, and TestR35's certificate of what was
// observed: signed, checked by others with public keys alone, and found by
// every look-up of the key, so that a replayed feed brings nothing back.
func TestR34_ADestroyedRecordLeavesAStub(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r, e := s.disposed("501")
	require.Equal(t, 1, s.downloads(portalID(r)), "nobody told the portal yet")
	receipt, err := recsync.PropagateDisposition(t.Context(), s.scope, recsync.PropagateRequest{
		Event: e, Disposal: recsync.DisposalPeople{ApprovedBy: "Rita Records", ExecutedBy: "Otto Operator", Authority: "Records board 2033/4"},
	})
	require.NoError(t, err)
	require.Equal(t, adapter.Removed, receipt.Access.Access)
	require.Equal(t, recsync.CauseDestroyed, receipt.Access.Cause)
	require.Equal(t, -1, s.downloads(portalID(r)))
	require.NotZero(t, receipt.Document, "there is no stub")

	p := s.plainECM()
	var stub plainNode
	for name, n := range p.documents(s.root) {
		require.NotEqual(t, r.Record.Key().NodeName(), name, "the record is still listed")
		if name == r.Record.Key().CompanionName(records.CompanionStub) {
			stub = n
		}
	}
	require.NotZero(t, stub.ID, "the stub does not stand under the key's name")
	certificate := p.content(stub.ID)
	got, err := evidence.VerifyCertificate(certificate, s.public, 0)
	require.NoError(t, err, "R35: the certificate is checked with public keys alone")
	require.Equal(t, records.Stub{
		Record: r.Record.Key(), Class: e.Known.Class, Schedule: "MKT-07", Digest: records.DigestOf(picture(200)), Declared: e.Known.Declared,
		Due: e.Known.Retention.On, Destroyed: records.DateIn(s.clock.Now(), nil), ApprovedBy: "Rita Records", ExecutedBy: "Otto Operator",
		Authority:   fmt.Sprintf("Records board 2033/4; ECM disposition search %d, run %s, action destroy", e.Evidence.Search, e.Evidence.Snapshot),
		Certificate: receipt.Certificate,
	}, got, "the stub says what was observed, and nothing else")
	require.NotContains(t, string(certificate), string(picture(8)), "nothing of the content is left")

	again, err := recsync.PropagateDisposition(t.Context(), s.scope, recsync.PropagateRequest{Event: e})
	require.NoError(t, err)
	require.Equal(t, recsync.Unchanged, again.Change)
	require.Equal(t, 1, s.ecm.CountNamed(r.Record.Key().CompanionName(records.CompanionStub)))
	require.Equal(t, stub.ID, int64(s.stored("501").Stub))
}

// TestR34_ARecordThatWasRenamedLeavesAStub: a person renames a record in ECM, a
// pass sees it or comes too late, and then ECM's own process destroys it under
// that name. It is the node that was read as the record: the stub stands under
// the key's own name, and the certificate tells of the other one.
func TestR34_ARecordThatWasRenamedLeavesAStub(t *testing.T) {
	t.Parallel()
	for name, seen := range map[string]bool{"a pass saw it renamed": true, "no pass saw it renamed": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShown(t, nil)
			r := s.surfaced("501", nil)
			store := s.watchStore()
			require.Empty(t, s.watch(store))
			s.ecm.Change(int64(r.Record.Node()), func(name *string, _ *int64, _ *bool) { *name = "holiday.jpg" })
			if seen {
				require.Equal(t, []string{"out_of_reach 501"}, kindsOf(s.watch(store)))
			}
			s.clock.Move(days(365 * 8))
			s.restart()
			s.dispose(s.ecm.AddDispositionSearch("Due images", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}}))
			events := s.watch(store)
			require.Equal(t, []string{"disposed 501"}, kindsOf(events))
			receipt := s.mustPropagate(events[0])
			require.Equal(t, recsync.CauseDestroyed, receipt.Access.Cause, receipt.Access.Reason)
			require.Contains(t, receipt.Access.Reason, `as "holiday.jpg"`)
			require.Equal(t, -1, s.downloads(portalID(r)))
			stub, err := evidence.VerifyCertificate(s.plainECM().content(int64(s.stored("501").Stub)), s.public, 0)
			require.NoError(t, err)
			require.Equal(t, r.Record.Key(), stub.Record)
			require.Equal(t, records.DigestOf(picture(200)), stub.Digest)
			require.Contains(t, stub.Authority, `as "holiday.jpg"`, "the certificate says under which name it was destroyed")
			_, err = s.declare(s.assets("501")[0])
			require.ErrorIs(t, err, recsync.ErrDisposed, "a replayed feed brought it back")
			require.Empty(t, s.watch(store))
		})
	}
}

// TestR35_TheCertificateClaimsNoMoreThanWasObserved: who approved is not made
// up, and without the digest, or a signer, there is none.
func TestR35_TheCertificateClaimsNoMoreThanWasObserved(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r, e := s.disposed("501")
	unknown := e
	unknown.Known = nil
	receipt := s.mustPropagate(unknown)
	require.Empty(t, receipt.Certificate, "a certificate of what nobody knows")
	require.Contains(t, fmt.Sprint(receipt.Findings), "digest")
	p := s.plainECM()
	var note map[string]any
	require.NoError(t, json.Unmarshal(p.content(int64(s.stored("501").Stub)), &note))
	require.Contains(t, note["observed"], "performed")
	require.Contains(t, note["missing"], "digest")
	require.Equal(t, r.Record.Key().String(), note["record"])

	s = newShown(t, nil)
	_, e = s.disposed("502")
	receipt = s.mustPropagate(e)
	got, err := evidence.VerifyCertificate(s.plainECM().content(int64(s.stored("502").Stub)), s.public, 0)
	require.NoError(t, err)
	require.Contains(t, got.ApprovedBy, "not observed")
	require.Contains(t, got.ExecutedBy, "not observed")
	require.Equal(t, receipt.Certificate, got.Certificate)

	s = newShown(t, nil)
	s.carrying.Signers = nil
	_, e = s.disposed("503")
	receipt = s.mustPropagate(e)
	require.Empty(t, receipt.Certificate)
	require.NotZero(t, s.stored("503").Stub, "what was destroyed leaves a stub, signed or not")
	plan, err := recsync.PlanReconcile(t.Context(), s.scope, recsync.ReconcileRequest{})
	require.NoError(t, err)
	require.Empty(t, plan.Findings, "a record that was destroyed, and left its stub, is where it should be")
}

// TestR33_DestructionIsReadBack before anything calls it so: by id, in lists, in
// versions, in the recycle bin and in ECM's own process. What is merely out of
// sight is called that, and what nobody can tell apart is not told apart.
func TestR33_DestructionIsReadBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		happens func(s *shown, r recsync.StoredRecord)
		cause   recsync.AccessCause
		says    string
	}{
		"it stands there still": {func(*shown, recsync.StoredRecord) {}, "", "nothing stands against it"},
		"it lies in the recycle bin": {func(s *shown, r recsync.StoredRecord) {
			s.ecm.Change(int64(r.Record.Node()), func(_ *string, _ *int64, deleted *bool) { *deleted = true })
		}, recsync.CauseOutOfReach, "lies in the recycle bin"},
		"it was moved": {func(s *shown, r recsync.StoredRecord) {
			other := s.ecm.AddFolder(2000, "Elsewhere")
			s.ecm.Change(int64(r.Record.Node()), func(_ *string, parent *int64, _ *bool) { *parent = other })
		}, recsync.CauseOutOfReach, "Elsewhere"},
		"it was renamed": {func(s *shown, r recsync.StoredRecord) {
			s.ecm.Change(int64(r.Record.Node()), func(name *string, _ *int64, _ *bool) { *name = "holiday.jpg" })
		}, recsync.CauseOutOfReach, `as "holiday.jpg"`},
		"it was destroyed, and no run tells": {func(s *shown, r recsync.StoredRecord) {
			s.retire(r)
			s.dispose(s.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}}))
		}, recsync.CauseGone, "does not tell whether it was destroyed, purged, or is out of this user's sight"},
		"it is hidden from this user": {func(s *shown, r recsync.StoredRecord) {
			s.ecm.AddMarking("SECRET", "Secret")
			s.ecm.AddUser(testserver.ECMUser{Name: "clerk", Password: "clerk"})
			require.NoError(s.t, s.config.ECM.Security.SetMarkingsMany(s.t.Context(), false, []string{"SECRET"}, r.Record.Node()))
			clerk, err := ecm.New("https://ecm.example"+s.ecm.Options().Base, ecm.PasswordLogin{User: "clerk", Password: "clerk"},
				ecm.WithTransport(s.ecm.Transport()), ecm.WithLimiter(fast{}))
			require.NoError(s.t, err)
			s.config.ECM = clerk
			s.restart()
		}, recsync.CauseGone, "out of this user's sight"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShown(t, nil)
			r := s.surfaced("501", nil)
			c.happens(s, r)
			receipt := s.mustPropagate(s.event(recsync.EventDisposed, r, nil))
			require.Equal(t, c.cause, receipt.Access.Cause, receipt.Access.Reason)
			require.Contains(t, receipt.Access.Reason, c.says)
			require.Empty(t, receipt.Certificate, "nobody has seen it destroyed")
			require.Zero(t, receipt.Document, "nobody has seen it destroyed")
			if c.cause == "" {
				require.Equal(t, recsync.Skipped, receipt.Change, "an event that is not true changes nothing")
				require.Equal(t, 1, s.downloads(portalID(r)))
				return
			}
			require.Equal(t, -1, s.downloads(portalID(r)))
		})
	}
}

// TestR37_NothingComesBackAfterDisposal: whatever older event comes late, twice
// or by another policy, in any order, whatever is replayed from the feed, and
// also if the node itself comes back.
func TestR37_NothingComesBackAfterDisposal(t *testing.T) {
	t.Parallel()
	kinds := map[recsync.DispositionKind]int{}
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 7))
		s := newShown(t, func(c *recsync.ScopeConfig) {
			generous := recsync.DefaultAccessPolicy()
			generous.Version = "generous"
			for _, cause := range []recsync.AccessCause{recsync.CauseHeld, recsync.CauseRetentionEnded, recsync.CauseUnlicensed, recsync.CauseReleased} {
				generous.Access[cause] = adapter.Full
			}
			c.Policy.FormerAccess = []recsync.AccessPolicy{generous}
		})
		r, e := s.disposed("501")
		s.mustPropagate(e)
		require.Equal(t, -1, s.downloads(portalID(r)))
		if seed%2 == 1 {
			// Somebody restores the node from a backup.
			folder := s.node(s.stored("501").Stub).Parent
			n, err := s.config.ECM.Nodes.UploadDocument(t.Context(), ecm.Document{
				Parent: ecm.NodeID(folder), Name: r.Record.Key().NodeName(), FileName: "backup.jpg", Content: bytes.NewReader(picture(200)), Size: 200,
				Categories: ecm.CategoryValues{
					s.attribute("Record key"): ecm.Text(r.Record.Key().String()), s.attribute("Digest"): ecm.Text(records.DigestOf(picture(200)).String()),
					s.attribute("Approved by"): ecm.Text("Pat Buyer"), s.attribute("Approved on"): ecm.Text("2025-05-06"),
				},
			})
			require.NoError(t, err)
			s.ecm.Declare(int64(n.ID), s.class)
		}
		all := []recsync.DispositionKind{
			recsync.EventHoldReleased, recsync.EventKept, recsync.EventReturned, recsync.EventRightsChanged, recsync.EventHoldSet,
			recsync.EventLicenseEnded, recsync.EventRetentionEnded, recsync.EventDispositionDue, recsync.EventGone, recsync.EventDisposed,
		}
		for range 14 {
			kind := all[random.IntN(len(all))]
			kinds[kind]++
			late := s.event(kind, r, func(e *recsync.DispositionEvent) {
				e.At = s.clock.Now().Add(-days(random.IntN(4000)))
				if random.IntN(2) == 0 {
					e.Policy = "generous"
				}
			})
			receipt, err := s.propagate(late)
			require.NoError(t, err, "%s: %+v", late, receipt)
			require.Equal(t, -1, s.downloads(portalID(r)), "%s brought it back", late)
			require.NotEqual(t, adapter.Full, s.says(r), "%s brought it back into our feed", late)
		}
		_, err := s.declare(s.assets("501")[0])
		require.ErrorIs(t, err, recsync.ErrDisposed, "a replayed feed brought it back")
		s.follow(s.store(), recsync.FollowOptions{})
		require.Equal(t, -1, s.downloads(portalID(r)))
	}
	t.Logf("late events: %v", kinds)
	require.Len(t, kinds, 10, "a kind of event never came")
}

// lengthen is a person who changes the retention of the class's schedule.
func (w *world) lengthen(years int) {
	w.t.Helper()
	rsis := w.config.ECM.RSIs
	list, err := rsis.List(w.t.Context())
	require.NoError(w.t, err)
	for _, r := range list {
		if r.Name != "MKT-07" {
			continue
		}
		stages, err := rsis.Schedules(w.t.Context(), r.ID)
		require.NoError(w.t, err)
		stage := ecm.Stage{ObjectType: "LIV", EventType: 1, Years: years, Action: 32}
		require.NoError(w.t, rsis.UpdateStage(w.t.Context(), r.ID, stages[0].ScheduleID, stage, ecm.Unguarded{Reason: "a person lengthens it"}))
	}
}

// TestR31_TheExactListIsApproved is the preview as ECM has it: the approval is
// bound to it, and to two people.
func TestR31_TheExactListIsApproved(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	for _, uuid := range []string{"501", "502"} {
		s.licensed(uuid, nil)
	}
	s.retire(s.stored("501"))
	search := s.ecm.AddDispositionSearch("Due images", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}})
	run := ecm.QDate(s.ecm.RunDispositionSearch(search))
	list := func() records.DisposalList {
		l, err := s.scope.DisposalList(t.Context(), ecm.NodeID(search), run)
		require.NoError(t, err)
		require.NoError(t, l.Validate())
		return l
	}
	preview := list()
	require.Len(t, preview.Items, 4, "two records and their rights documents")
	now := s.clock.Now()
	approval := records.DispositionApproval{List: preview.Hash(), ApprovedBy: "Rita Records", At: now, Authority: "Records board 2033/4", Expires: now.Add(days(7))}
	require.NoError(t, approval.Covers(list(), "Otto Operator", now.Add(time.Hour)))
	require.ErrorIs(t, approval.Covers(list(), "Rita Records", now.Add(time.Hour)), records.ErrSamePerson)
	require.ErrorIs(t, approval.Covers(list(), "Otto Operator", now.Add(days(8))), records.ErrExpired)

	// TestR32: a hold that lands between voids it, and so does a changed schedule.
	hold := s.ecm.AddHold("Acme v. Zenith", "LEGAL", int64(s.stored("502").Record.Node()))
	err := approval.Covers(list(), "Otto Operator", now.Add(time.Hour))
	require.ErrorIs(t, err, records.ErrVoid)
	require.ErrorIs(t, err, records.ErrOnHold)
	s.ecm.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/holds", Status: 400, Skip: 1})
	require.ErrorIs(t, approval.Covers(list(), "Otto Operator", now.Add(time.Hour)), records.ErrHoldUnknown)
	items, err := s.scope.ECM().Dispositions.Items(t.Context(), ecm.NodeID(search), run)
	require.NoError(t, err)
	require.ErrorIs(t, s.scope.ECM().Dispositions.PerformActions(t.Context(), ecm.ActOn{User: 1000, Search: ecm.NodeID(search), QDate: run, Items: items}), ecm.ErrOnHold,
		"whatever was approved, a hold is asked for right before")
	require.NoError(t, s.config.ECM.Holds.Remove(t.Context(), s.stored("502").Record.Node(), ecm.HoldID(hold), nil))
	require.NoError(t, approval.Covers(list(), "Otto Operator", now.Add(time.Hour)), "as it was approved")
	s.lengthen(10)
	require.ErrorIs(t, approval.Covers(list(), "Otto Operator", now.Add(time.Hour)), records.ErrVoid, "R32: the schedule changed")

	stranger, err := s.ecm.AddDocument(2000, "not ours.doc", []byte("x"))
	require.NoError(t, err)
	s.ecm.AddRSI(testserver.ECMRSI{Name: "OLD", Stage: "FINAL", Years: 1, Action: 32})
	s.ecm.Declare(stranger, s.ecm.AddRMClassification("Letters", "OLD"))
	search = s.ecm.AddDispositionSearch("All", testserver.ECMDispositionSearch{RSIs: []string{"OLD"}})
	s.clock.Move(days(365 * 8))
	s.restart()
	_, err = s.scope.DisposalList(t.Context(), ecm.NodeID(search), ecm.QDate(s.ecm.RunDispositionSearch(search)))
	require.ErrorIs(t, err, recsync.ErrForeignScope, "a run that reaches further than this client is not this one's to approve")
}

// TestR39_ATransferTakesAccessAwayOnceItIsAcknowledged, and not before.
func TestR39_ATransferTakesAccessAwayOnceItIsAcknowledged(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	sent := &records.Transfer{Record: r.Record.Key(), To: "State Archive", Package: records.DigestOf([]byte("package")), Sent: s.clock.Now()}
	propagate := func(transfer *records.Transfer) (recsync.Receipt, error) {
		return recsync.PropagateDisposition(t.Context(), s.scope, recsync.PropagateRequest{Event: s.event(recsync.EventTransferred, r, nil), Transfer: transfer})
	}
	foreign := *sent
	foreign.Record = records.MustRecordKey("acme/purchase/999/1/1")
	for _, transfer := range []*records.Transfer{nil, sent, &foreign} {
		_, err := propagate(transfer)
		require.ErrorIs(t, err, records.ErrNotAcknowledged)
		require.Equal(t, 1, s.downloads(portalID(r)))
	}
	sent.Acknowledgment = &records.Acknowledgment{By: "A. Archivist", At: s.clock.Now().Add(time.Hour), Package: sent.Package}
	receipt, err := propagate(sent)
	require.NoError(t, err)
	require.Equal(t, recsync.CauseTransferred, receipt.Access.Cause)
	require.Equal(t, -1, s.downloads(portalID(r)))
	require.Equal(t, picture(200), s.storedBytes(int64(r.Record.Node())), "what is left here is for ECM to destroy")

	// One that ECM destroyed before anybody acknowledged it is said to be so.
	s = newShown(t, nil)
	r, e := s.disposed("502")
	early := &records.Transfer{Record: r.Record.Key(), To: "State Archive", Package: records.DigestOf(nil), Sent: s.clock.Now()}
	receipt, err = recsync.PropagateDisposition(t.Context(), s.scope, recsync.PropagateRequest{Event: e, Transfer: early})
	require.NoError(t, err)
	require.Contains(t, fmt.Sprint(receipt.Findings), "before its transfer was acknowledged")
}

// TestR38_OtherOutcomesAreCarriedToo: a review that keeps a record, and a
// retention that was lengthened, give back what the end of retention took.
func TestR38_OtherOutcomesAreCarriedToo(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	s.retire(r)
	require.Equal(t, adapter.Hidden, s.mustPropagate(s.event(recsync.EventDispositionDue, r, nil)).Access.Access)
	require.Equal(t, -1, s.downloads(portalID(r)))
	kept := s.event(recsync.EventKept, r, nil)
	require.Equal(t, adapter.Hidden, s.mustPropagate(kept).Access.Access, "nothing was lengthened yet")
	s.lengthen(10)
	require.Equal(t, adapter.Full, s.mustPropagate(kept).Access.Access)
	s.poll()
	require.Equal(t, 1, s.downloads(portalID(r)), "an extended record is shown again")
}

// TestR33_ARunThatOnlyListedItProvesNothing: that ECM meant to destroy it is not
// that it did.
func TestR33_ARunThatOnlyListedItProvesNothing(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	known := s.facts("501")
	s.retire(r)
	search := s.ecm.AddDispositionSearch("Due images", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}})
	listed := ecm.QDate(s.ecm.RunDispositionSearch(search))
	s.dispose(search) // another run
	receipt := s.mustPropagate(s.event(recsync.EventDisposed, r, func(e *recsync.DispositionEvent) {
		e.Known, e.Evidence = &known, recsync.DispositionEvidence{Search: search, Snapshot: listed}
	}))
	require.Equal(t, recsync.CauseGone, receipt.Access.Cause)
	require.Empty(t, receipt.Certificate, "the run that is named did not perform it")
	require.Equal(t, -1, s.downloads(portalID(r)))
}
