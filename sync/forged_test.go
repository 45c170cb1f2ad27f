package sync_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

// TestR56_AForgedReferenceReachesNothing: a stored reference whose node was
// changed to that of a document elsewhere, which even carries the record's key,
// is taken by no primitive: the document is neither written to nor held.
func TestR56_AForgedReferenceReachesNothing(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(*world, recsync.RecordRef, recsync.Receipt) error{
		"ApplyHold": func(w *world, ref recsync.RecordRef, _ recsync.Receipt) error {
			_, err := recsync.ApplyHold(w.t.Context(), w.scope, order("CASE-7", recsync.HoldTarget{Records: []recsync.RecordRef{ref}}))
			return err
		},
		"HoldsOn": func(w *world, ref recsync.RecordRef, _ recsync.Receipt) error {
			_, err := w.scope.HoldsOn(w.t.Context(), ref)
			return err
		},
		"TransferRights": func(w *world, ref recsync.RecordRef, _ recsync.Receipt) error {
			_, err := recsync.TransferRights(w.t.Context(), w.scope, recsync.RightsRequest{Record: ref, Source: w.smint.Transaction("501")})
			return err
		},
		"RelateRecords from": func(w *world, ref recsync.RecordRef, own recsync.Receipt) error {
			_, err := recsync.RelateRecords(w.t.Context(), w.scope, recsync.RelateRequest{From: ref, To: own.Record, Type: "PART"})
			return err
		},
		"RelateRecords to": func(w *world, ref recsync.RecordRef, own recsync.Receipt) error {
			_, err := recsync.RelateRecords(w.t.Context(), w.scope, recsync.RelateRequest{From: own.Record, To: ref, Type: "PART"})
			return err
		},
		"SupersedeRecord": func(w *world, ref recsync.RecordRef, _ recsync.Receipt) error {
			_, err := recsync.SupersedeRecord(w.t.Context(), w.scope, recsync.SupersedeRequest{Record: ref})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			own, err := w.declare(w.asset("501", picture(10)))
			require.NoError(t, err)
			elsewhere := w.ecm.AddFolder(2000, "Somebody else's")
			copied, err := w.ecm.AddDocument(elsewhere, own.Name, picture(10))
			require.NoError(t, err)
			var ref recsync.RecordRef
			require.NoError(t, json.Unmarshal([]byte(`"acme/purchase/501/1/1@`+itoa(copied)+`"`), &ref))
			ref, err = w.scope.Bind(ref)
			require.NoError(t, err)
			before, found := w.ecm.Node(copied)
			require.True(t, found)
			w.t = t
			w.ecm.Forget()
			err = call(w, ref, own)
			after, found := w.ecm.Node(copied)
			require.True(t, found)
			require.Equal(t, before, after, "a document outside of the scope's root was touched")
			for _, e := range w.ecm.Exchanges() {
				if writing(e.Route) {
					require.NotContains(t, e.Path, itoa(copied), "%s was sent to a node outside of the scope's root", e.Route)
				}
			}
			require.Error(t, err, "a reference to a node that is not the record's is refused")
		})
	}
}

// TestR56_AReferenceToAnothersNodeIsRefused: both records are this scope's, and a
// stored reference has the key of one and the node of the other. What is asked of
// it is answered about neither.
func TestR56_AReferenceToAnothersNodeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	a, b, c := mustDeclare(w, w.asset("501", picture(10))), mustDeclare(w, w.asset("502", picture(20))), mustDeclare(w, w.asset("503", picture(30)))
	w.ecm.AddHold("Case 7", "LEGAL", int64(a.Record.Node()))
	var mixed recsync.RecordRef
	require.NoError(t, mixed.UnmarshalText([]byte(a.Record.Key().String()+"@"+b.Record.Node().String())))
	mixed, err := w.scope.Bind(mixed)
	require.NoError(t, err)
	w.ecm.Forget()
	for name, call := range map[string]func() error{
		"HoldsOn": func() error {
			holds, err := w.scope.HoldsOn(t.Context(), mixed)
			require.ErrorIs(t, holds.Check(), records.ErrHoldUnknown, "the record is held, and the set says that it is not")
			return err
		},
		"ApplyHold": func() error {
			_, err := recsync.ApplyHold(t.Context(), w.scope, order("CASE-8", recsync.HoldTarget{Records: []recsync.RecordRef{mixed}}))
			return err
		},
		"TransferRights": func() error {
			_, err := recsync.TransferRights(t.Context(), w.scope, recsync.RightsRequest{Record: mixed, Source: w.smint.Transaction("501")})
			return err
		},
		"SupersedeRecord": func() error {
			_, err := recsync.SupersedeRecord(t.Context(), w.scope, recsync.SupersedeRequest{Record: mixed})
			return err
		},
		"RelateRecords from": func() error {
			_, err := recsync.RelateRecords(t.Context(), w.scope, recsync.RelateRequest{From: mixed, To: c.Record, Type: "PART"})
			return err
		},
		"RelateRecords to": func() error {
			_, err := recsync.RelateRecords(t.Context(), w.scope, recsync.RelateRequest{From: c.Record, To: mixed, Type: "PART"})
			return err
		},
	} {
		err := call()
		require.ErrorIs(t, err, recsync.ErrForeignScope, name)
		require.ErrorContains(t, err, "node "+b.Record.Node().String()+" is not record "+a.Record.Key().String(), name)
	}
	_, err = recsync.RelateRecords(t.Context(), w.scope, recsync.RelateRequest{From: a.Record, To: a.Record, Type: "PART"})
	require.ErrorIs(t, err, records.ErrInvalid, "a record relates to itself")
	require.Empty(t, w.writes())
}

// TestR35_AnEventAboutAnotherNodeProvesNothing: an event names a record that was
// moved away, and the node of another one: of one that ECM's disposition did
// destroy, under whatever name, or of one that stands. Neither says anything
// about the record, and what is said to be known of it does not either.
func TestR35_AnEventAboutAnotherNodeProvesNothing(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		destroyed bool
		renamed   string
		known     func(known *recsync.AccessFacts, other recsync.StoredRecord)
	}{
		"destroyed":                          {destroyed: true},
		"destroyed under another name":       {destroyed: true, renamed: "holiday.jpg"},
		"destroyed, and nothing is known":    {destroyed: true, renamed: "holiday.jpg", known: func(k *recsync.AccessFacts, _ recsync.StoredRecord) { *k = recsync.AccessFacts{Record: k.Record} }},
		"destroyed under another key's name": {destroyed: true, known: func(k *recsync.AccessFacts, o recsync.StoredRecord) { k.Node = int64(o.Record.Node()) }},
		"destroyed, and known in another class": {destroyed: true, renamed: "holiday.jpg", known: func(k *recsync.AccessFacts, o recsync.StoredRecord) {
			k.Node, k.Class.ID = int64(o.Record.Node()), "77"
		}},
		"standing": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShown(t, nil)
			r, other := s.surfaced("501", nil), s.surfaced("502", nil)
			known := s.facts("501")
			if c.known != nil {
				c.known(&known, other)
			}
			elsewhere := s.ecm.AddFolder(2000, "Elsewhere")
			s.ecm.Change(int64(r.Record.Node()), func(_ *string, parent *int64, _ *bool) { *parent = elsewhere })
			if c.renamed != "" {
				s.ecm.Change(int64(other.Record.Node()), func(name *string, _ *int64, _ *bool) { *name = c.renamed })
			}
			var found recsync.DispositionEvidence
			if c.destroyed {
				s.clock.Move(days(365 * 8))
				s.restart()
				found = s.dispose(s.ecm.AddDispositionSearch("Due", testserver.ECMDispositionSearch{RSIs: []string{"MKT-07"}, Below: s.root}))
			}
			receipt := s.mustPropagate(s.event(recsync.EventDisposed, r, func(e *recsync.DispositionEvent) {
				e.Node, e.Evidence, e.Known = int64(other.Record.Node()), found, &known
			}))
			require.Equal(t, recsync.CauseGone, receipt.Access.Cause, receipt.Access.Reason)
			require.Empty(t, receipt.Certificate, "a certificate of what befell another node")
			require.Zero(t, receipt.Document, "a stub of what befell another node")
			require.NotContains(t, receipt.Access.Reason, other.Record.Key().NodeName(), "where another document lies is told")
			if c.destroyed {
				require.Contains(t, receipt.Findings[len(receipt.Findings)-1], "nothing shows that this was the record")
			}
			require.Equal(t, -1, s.downloads(portalID(r)))
		})
	}
}
