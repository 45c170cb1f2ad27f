package sync_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// TestR43_RemovalIsProvenAtThePortal: our own list says so at once; it is
// believed when the portal shows no more.
func TestR43_RemovalIsProvenAtThePortal(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	end := s.clock.Now().Add(days(30)).UTC().Truncate(time.Second)
	r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(end)})
	s.clock.Set(end.Add(time.Minute))
	e := s.event(recsync.EventLicenseEnded, r, func(e *recsync.DispositionEvent) { e.At = end })
	require.Equal(t, 1, s.downloads(portalID(r)), "the portal has not polled yet")
	receipt := s.mustPropagate(e)
	require.Equal(t, recsync.Changed, receipt.Change)
	require.Equal(t, adapter.Expired, receipt.Access.Access)
	require.Equal(t, "default-1", receipt.Access.Policy)
	require.Equal(t, smint.ActExpire, receipt.Places[0].Did)
	require.GreaterOrEqual(t, s.waits, 1, "it was believed before the portal polled")
	require.Equal(t, 0, s.downloads(portalID(r)), "it can still be downloaded")
	s.journaled(t, recsync.Intent, "publish expire")
	s.journaled(t, recsync.Outcome, "publish expire")
	s.journaled(t, recsync.Observation, "read back")

	sequence := s.feed.Sequence("otcs-" + recsync.ExternalID(r.Record.Key()))
	again := s.mustPropagate(e)
	require.Equal(t, recsync.Unchanged, again.Change, "an event that comes twice is handled once")
	require.Equal(t, sequence, s.feed.Sequence("otcs-"+recsync.ExternalID(r.Record.Key())))
	require.Len(t, again.Steps, 1, "nothing but the route, which bears the event's id")
	require.Equal(t, s.routed[0], s.routed[1])
}

func (w *world) journaled(t *testing.T, kind recsync.EntryKind, step string) {
	t.Helper()
	for _, e := range w.journal.all() {
		if e.Kind == kind && e.Step == step {
			return
		}
	}
	require.Fail(t, "the journal has no "+string(kind)+" of "+step)
}

// TestR43_AMissEscalates: a portal that goes on showing it, one that does not
// answer, one that can only be asked, and a place that nothing reaches.
func TestR43_AMissEscalates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  func(s *shown)
		open bool
	}{
		"the portal does not poll": {func(s *shown) { s.asleep = true }, false},
		"the portal does not answer": {func(s *shown) {
			s.smint.Fail(testserver.Fault{Where: func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/execute/") }, Status: 403, Times: -1})
		}, false},
		"nobody can ask": {func(s *shown) { s.publisher.Back = nil; s.restart() }, false},
		"nothing reaches the source": {func(s *shown) {
			place := s.source(nil)
			place.AssetOf = nil
			s.carrying.Places = append(s.carrying.Places, place)
			s.restart()
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShown(t, nil)
			r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
			s.clock.Move(days(2))
			c.set(s)
			began := s.clock.Now()
			receipt, err := s.propagate(s.event(recsync.EventLicenseEnded, r, nil))
			require.ErrorIs(t, err, recsync.ErrNotProven)
			require.Equal(t, recsync.Incomplete, receipt.Change)
			require.LessOrEqual(t, s.clock.Now().Sub(began), 20*time.Minute, "the deadline was passed over")
			require.Len(t, s.escalated, 1, "a miss is told to somebody, once: %+v", receipt.Places)
			require.Equal(t, r.Record.Key(), s.escalated[0].Record)
			require.NotEmpty(t, s.escalated[0].Why)
			last := receipt.Places[len(receipt.Places)-1]
			if !c.open {
				last = receipt.Places[0]
			}
			require.False(t, last.Proven, "%+v", last)
			require.True(t, last.Escalated)
			require.Equal(t, c.open, last.Open)
		})
	}
}

// TestR43_ThePlaceThatTheFeedCannotTouch: the asset that a record was declared
// from stays open until somebody took it away there, and is then proven.
func TestR43_ThePlaceThatTheFeedCannotTouch(t *testing.T) {
	t.Parallel()
	s, r, id := newSourced(t)
	s.retire(r)
	e := s.event(recsync.EventRetentionEnded, r, nil)
	receipt, err := s.propagate(e)
	require.ErrorIs(t, err, recsync.ErrNotProven)
	require.True(t, receipt.Places[0].Proven, "our feed's entry is gone: %+v", receipt.Places[0])
	require.Equal(t, -1, s.downloads(portalID(r)))
	open := receipt.Places[1]
	require.Equal(t, string(id), open.ID, "the source asset is named")
	require.True(t, open.Open)
	require.False(t, open.Proven, "what nothing reaches is not proven")
	require.NotEqual(t, -1, s.downloads(string(id)))
	require.Len(t, s.escalated, 1)

	s.smint.RemoveAsset("kv-1")
	receipt = s.mustPropagate(e)
	require.Contains(t, receipt.Places[1].Evidence, "not shown")
	// Another version there is another record's.
	s.finish("kv-1", "8", "e2", picture(600), approved(nil))
	receipt = s.mustPropagate(e)
	require.Contains(t, receipt.Places[1].Evidence, `version "8"`)
}

// retire passes the day of a record's retention, and has ECM be at that day.
func (s *shown) retire(r recsync.StoredRecord) {
	s.t.Helper()
	f, err := s.scope.AccessFacts(s.t.Context(), r)
	require.NoError(s.t, err)
	require.True(s.t, f.Retention.On.IsValid(), f.Retention.String())
	s.clock.Set(f.Retention.On.End(time.UTC).Add(days(1)))
	s.restart()
}

// TestR43_EveryTransportReachesThePlace: the same removal by the feed and by
// commands; one that knows something newer, because of a clock that went ahead,
// does not keep it out.
func TestR43_EveryTransportReachesThePlace(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"feed", "commands"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShown(t, nil)
			r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
			external := recsync.ExternalID(r.Record.Key())
			ahead := s.clock.Now().Add(days(2) + 30*time.Minute).UnixMicro()
			if name == "commands" {
				commands := &smint.CommandPublisher{Portals: s.config.Smint.Portals, Portal: smint.Portal{UUID: testserver.PortalUUID}, Back: s.publisher.Back}
				s.carrying.Places = []recsync.Place{recsync.FeedPlace{Title: "commands", Publisher: commands}}
				_, err := commands.Publish(t.Context(), smint.Publication{ExternalID: external, Sequence: ahead, Action: smint.ActPublish})
				require.NoError(t, err)
			} else {
				require.NoError(t, s.offer(external, adapter.Full, ahead))
			}
			s.restart()
			s.clock.Move(days(2))
			receipt := s.mustPropagate(s.event(recsync.EventLicenseEnded, r, nil))
			require.Equal(t, recsync.Changed, receipt.Change)
			require.Equal(t, 0, s.downloads(portalID(r)))
		})
	}
}

// TestR42_TwoEventsTwoStates: the end of first use stops new downloads, the end
// of the license stops use: each is an event of its own.
func TestR42_TwoEventsTwoStates(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	first, end := s.clock.Now().Add(days(1)), s.clock.Now().Add(days(10))
	r := s.surfaced("501", testserver.SmintJSON{"to_be_used_until": testserver.SmintTime(first), "valid_until": testserver.SmintTime(end)})
	early := s.mustPropagate(s.event(recsync.EventLicenseEnded, r, nil))
	require.Equal(t, recsync.Skipped, early.Change, "an event that is not true changes nothing")
	require.Equal(t, 1, s.downloads(portalID(r)))

	s.clock.Set(first.Add(time.Minute))
	receipt := s.mustPropagate(s.event(recsync.EventFirstUseEnded, r, nil))
	require.Equal(t, adapter.NoFirstUse, receipt.Access.Access)
	require.Equal(t, end.UTC().Truncate(time.Millisecond), receipt.Access.Changes.Truncate(time.Millisecond), "it says when it changes next")
	require.Equal(t, 0, s.downloads(portalID(r)), "it is shown, and not downloaded")

	s.clock.Set(end.Add(time.Minute))
	receipt = s.mustPropagate(s.event(recsync.EventLicenseEnded, r, nil))
	require.Equal(t, adapter.Expired, receipt.Access.Access)
	require.Equal(t, adapter.Expired, s.says(r))
	late := s.mustPropagate(s.event(recsync.EventFirstUseEnded, r, func(e *recsync.DispositionEvent) { e.At = first }))
	require.Equal(t, adapter.Expired, late.Access.Access, "the earlier event that comes late changes nothing")
	require.Equal(t, adapter.Expired, s.says(r))
}

// says is what our feed says of a record.
func (s *shown) says(r recsync.StoredRecord) adapter.Access {
	s.t.Helper()
	a, err := s.feed.Asset(s.t.Context(), "otcs-"+recsync.ExternalID(r.Record.Key()))
	if err != nil {
		return adapter.Removed
	}
	return a.Access
}

// TestR41_NothingIsGrantedByAnOlderEvent: what takes away never gives back, and
// what gives back gives what holds now, by the policy in force.
func TestR41_NothingIsGrantedByAnOlderEvent(t *testing.T) {
	t.Parallel()
	s := newShown(t, func(c *recsync.ScopeConfig) {
		old := recsync.DefaultAccessPolicy()
		old.Version, old.Access[recsync.CauseSuperseded] = "generous", adapter.Full
		c.Policy.FormerAccess = []recsync.AccessPolicy{old}
		c.Policy.Access.Access[recsync.CauseHeld] = adapter.Hidden
		c.Policy.Access.ReplacedReference = "REPLACED"
	})
	s.ecm.AddXrefType(testserver.ECMXrefType{Type: "REPLACED", Description: "replaced by", Related: "REPLACES"})
	next := s.surfaced("502", nil)
	r := s.surfaced("501", nil)
	hold := s.ecm.AddHold("Acme v. Zenith", "LEGAL", int64(r.Record.Node()))
	set := s.event(recsync.EventHoldSet, r, func(e *recsync.DispositionEvent) { e.Evidence.Hold = hold })
	require.Equal(t, adapter.Hidden, s.mustPropagate(set).Access.Access, "this policy hides what is held")
	require.Equal(t, -1, s.downloads(portalID(r)))

	released := s.event(recsync.EventHoldReleased, r, func(e *recsync.DispositionEvent) { e.Evidence.Hold = hold })
	forged := s.mustPropagate(released)
	require.Equal(t, adapter.Hidden, forged.Access.Access, "a release that did not happen gives nothing back")
	require.Equal(t, -1, s.downloads(portalID(r)))
	require.NoError(t, s.config.ECM.Holds.Remove(t.Context(), r.Record.Node(), ecm.HoldID(hold), nil))
	require.NotEqual(t, recsync.Changed, s.mustPropagate(set).Change, "an event that only takes away gives nothing back")
	s.poll()
	require.Equal(t, -1, s.downloads(portalID(r)), "the hold came again, late, and granted")
	require.Equal(t, adapter.Full, s.mustPropagate(released).Access.Access)
	s.poll()
	require.Equal(t, 1, s.downloads(portalID(r)), "the release gives back what holds")

	superseded := s.event(recsync.EventSuperseded, r, func(e *recsync.DispositionEvent) { e.Evidence.Successor = next.Record.Key() })
	receipt := s.mustPropagate(superseded)
	require.Equal(t, adapter.Superseded, receipt.Access.Access)
	require.Equal(t, next.Record.Key(), receipt.Replacement.Successor)
	require.Equal(t, 0, s.downloads(portalID(r)))
	for name, e := range map[string]recsync.DispositionEvent{"the hold": set, "its release": released, "supersession": superseded} {
		again := s.mustPropagate(e)
		require.NotEqual(t, recsync.Changed, again.Change, name)
		require.Equal(t, 0, s.downloads(portalID(r)), "%s came again and granted", name)
		e.Policy = "generous"
		again = s.mustPropagate(e)
		require.Equal(t, "generous", again.Access.Policy)
		require.Equal(t, 0, s.downloads(portalID(r)), "%s came again, by an older policy, and granted", name)
	}
}

// TestR60_AnOldEventIsDecidedByItsPolicy, and it is named.
func TestR60_AnOldEventIsDecidedByItsPolicy(t *testing.T) {
	t.Parallel()
	s := newShown(t, func(c *recsync.ScopeConfig) {
		strict := recsync.DefaultAccessPolicy()
		strict.Version, strict.Access[recsync.CauseLicenseEnded] = "2025", adapter.Removed
		c.Policy.FormerAccess = []recsync.AccessPolicy{strict}
	})
	r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
	s.clock.Move(days(2))
	now := s.mustPropagate(s.event(recsync.EventLicenseEnded, r, nil))
	require.Equal(t, "default-1", now.Access.Policy)
	require.Equal(t, adapter.Expired, now.Access.Access)
	old := s.mustPropagate(s.event(recsync.EventLicenseEnded, r, func(e *recsync.DispositionEvent) { e.Policy = "2025" }))
	require.Equal(t, "2025", old.Access.Policy, "an event names the policy by which it is decided")
	require.Equal(t, adapter.Removed, old.Access.Access)
	require.Equal(t, -1, s.downloads(portalID(r)))
	again := s.mustPropagate(s.event(recsync.EventLicenseEnded, r, nil))
	require.Equal(t, recsync.Unchanged, again.Change)
	require.Equal(t, -1, s.downloads(portalID(r)), "a younger policy gives nothing back by an event that takes away")
	_, err := s.propagate(s.event(recsync.EventLicenseEnded, r, func(e *recsync.DispositionEvent) { e.Policy = "2019" }))
	require.ErrorIs(t, err, records.ErrInvalid, "a policy that is not at hand decides nothing")
}

// TestR45_ReplacementNamesOwnerUsesAndDate, and nobody to name is no silence.
func TestR45_ReplacementNamesOwnerUsesAndDate(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	end := instant("2031-03-04T10:00:00Z")
	r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(end)})
	s.carrying.Uses = func(_ context.Context, key records.RecordKey) (string, []records.PlannedUse, error) {
		require.Equal(t, r.Record.Key(), key)
		return "Mara Marketing", []records.PlannedUse{
			{Name: "Spring campaign", Until: records.MustDate("2031-06-30")}, {Name: "Website"}, {Name: "Last year's flyer", Until: records.MustDate("2030-12-31")},
		}, nil
	}
	s.restart()
	s.clock.Set(end.Add(time.Hour))
	receipt := s.mustPropagate(s.event(recsync.EventLicenseEnded, r, func(e *recsync.DispositionEvent) { e.At = end }))
	require.Len(t, s.routed, 1)
	route := s.routed[0]
	require.Equal(t, &route, receipt.Replacement)
	require.Equal(t, "Mara Marketing", route.Owner)
	require.Equal(t, records.MustDate("2031-03-04"), route.On)
	require.Len(t, route.Uses, 2, "a use that is over is not affected: %s", route)
	require.Equal(t, "Mara Marketing: replace Picture 501 from 2031-03-04 on, used in Spring campaign, Website: the license ended on 2031-03-04 10:00 UTC", route.String())

	s.carrying.Uses = nil
	s.restart()
	_, err := s.propagate(s.event(recsync.EventLicenseEnded, r, nil))
	require.ErrorIs(t, err, recsync.ErrNoOwner, "a replacement without an owner is nobody's")
	require.Len(t, s.escalated, 1)
	_, err = recsync.PropagateDisposition(t.Context(), s.scope, recsync.PropagateRequest{
		Event: s.event(recsync.EventLicenseEnded, r, nil), Replacement: &recsync.ReplacementRequest{Owner: "Olga Owner"},
	})
	require.NoError(t, err)
	require.Equal(t, "Olga Owner", s.routed[len(s.routed)-1].Owner)
}

// TestR40_AHoldSuspendsTheWithdrawalByDisposition and no other: while one lies on
// a record, retention takes nothing away, and while nobody can read the holds,
// nothing at all is done about it.
func TestR40_AHoldSuspendsTheWithdrawalByDisposition(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	hold := s.ecm.AddHold("Acme v. Zenith", "LEGAL", int64(r.Record.Node()))
	s.retire(r)
	due := s.event(recsync.EventRetentionEnded, r, nil)
	require.Equal(t, recsync.Skipped, s.mustPropagate(due).Change)
	require.Equal(t, 1, s.downloads(portalID(r)), "a held record was withdrawn by disposition")

	s.ecm.Forget()
	before := s.feed.Sequence("otcs-" + recsync.ExternalID(r.Record.Key()))
	for _, kind := range []recsync.DispositionKind{recsync.EventRetentionEnded, recsync.EventDispositionDue, recsync.EventHoldReleased, recsync.EventKept} {
		s.ecm.Fail(testserver.Fault{Route: "GET /v1/nodes/{id}/holds", Status: 400})
		_, err := s.propagate(s.event(kind, r, nil))
		require.ErrorIs(t, err, records.ErrHoldUnknown, kind)
		require.ErrorContains(t, err, r.Record.Key().String())
	}
	require.Equal(t, before, s.feed.Sequence("otcs-"+recsync.ExternalID(r.Record.Key())), "something was done while the holds were not known")

	require.NoError(t, s.config.ECM.Holds.Remove(t.Context(), r.Record.Node(), ecm.HoldID(hold), nil))
	require.Equal(t, adapter.Hidden, s.mustPropagate(due).Access.Access)
	require.Equal(t, -1, s.downloads(portalID(r)))
}

// TestR41_ACancellationWhileHeldIsRemembered: a hold keeps the rights document
// as it is, and prolongs no license: what Smint.io says later stands beside it,
// so that the release gives nothing back.
func TestR41_ACancellationWhileHeldIsRemembered(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	hold := s.ecm.AddHold("Acme v. Zenith", "LEGAL", int64(r.Record.Node()), int64(r.Rights))
	s.cancel("501")
	e := s.event(recsync.EventPurchaseCanceled, r, func(e *recsync.DispositionEvent) { e.Evidence.Transaction = "501" })
	receipt := s.mustPropagate(e)
	require.Equal(t, adapter.Removed, receipt.Access.Access)
	require.Equal(t, -1, s.downloads(portalID(r)))
	require.NotEqual(t, r.Rights, s.stored("501").Rights, "nothing remembers the cancellation")
	require.Equal(t, recsync.CauseCanceled, s.decideNow("501").Cause)
	require.Equal(t, recsync.Unchanged, s.mustPropagate(e).Change, "it is remembered once")

	require.NoError(t, s.config.ECM.Holds.Remove(t.Context(), r.Record.Node(), ecm.HoldID(hold), nil))
	s.mustPropagate(s.event(recsync.EventHoldReleased, r, func(e *recsync.DispositionEvent) { e.Evidence.Hold = hold }))
	require.Equal(t, -1, s.downloads(portalID(r)), "the release gave a canceled purchase back")
}

// cancel withdraws a purchase at Smint.io.
func (w *world) cancel(uuid string) {
	w.t.Helper()
	p := w.purchase(uuid, testserver.SmintJSON{"last_updated_at": testserver.SmintTime(w.clock.Now())})
	p.Cancelled = true
	require.NoError(w.t, w.smint.Emit(p.Payload(), w.file(uuid, "1", picture(200))))
}

// TestR40_ACanceledPurchaseIsAskedFor: the event leads to the feed, and what
// that says now counts.
func TestR40_ACanceledPurchaseIsAskedFor(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	e := s.event(recsync.EventPurchaseCanceled, r, func(e *recsync.DispositionEvent) { e.Evidence.Transaction = "501" })
	require.Equal(t, recsync.Skipped, s.mustPropagate(e).Change, "a forged cancellation changes nothing")
	require.Equal(t, 1, s.downloads(portalID(r)))
	s.cancel("501")
	require.Equal(t, recsync.Changed, s.mustPropagate(e).Change)
	require.Equal(t, -1, s.downloads(portalID(r)))
	require.Equal(t, recsync.CauseCanceled, s.decideNow("501").Cause, "ECM remembers it in the rights document")
}

func TestPropagate_BadInputIsRefusedBeforeAnyIO(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", nil)
	s.ecm.Forget()
	s.smint.Forget()
	key := records.MustRecordKey("other/purchase/501/1/1")
	_, err := s.propagate(recsync.DispositionEvent{Kind: recsync.EventDisposed, Record: key, At: s.clock.Now()}.Identify())
	require.ErrorIs(t, err, recsync.ErrForeignScope)
	_, err = s.propagate(recsync.DispositionEvent{Kind: "vanished", Record: r.Record.Key(), Node: -1, Evidence: recsync.DispositionEvidence{Transaction: "999"}})
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, field := range []string{"kind", "at", "id", "node", "evidence.transaction"} {
		require.ErrorContains(t, err, field)
	}
	_, err = s.propagate(s.event(recsync.EventSuperseded, r, func(e *recsync.DispositionEvent) { e.Evidence.Successor = r.Record.Key() }))
	require.ErrorContains(t, err, "evidence.successor")
	s.carrying.Places = nil
	s.restart()
	_, err = s.propagate(s.event(recsync.EventDisposed, r, nil))
	require.ErrorIs(t, err, recsync.ErrNoPlace, "an event without a place")
	require.ErrorContains(t, err, r.Record.Key().String())
	require.ErrorContains(t, err, "scope acme")
	require.Empty(t, s.ecm.Exchanges())
	require.Empty(t, s.smint.Exchanges())

	s.config.Propagation = &recsync.Propagation{Deadline: -1, Poll: -1, Places: []recsync.Place{nil}}
	_, err = recsync.NewScope(s.config)
	require.ErrorIs(t, err, records.ErrInvalid)
	for _, field := range []string{"propagation.deadline", "propagation.poll", "propagation.places"} {
		require.ErrorContains(t, err, field)
	}
}

func TestPropagate_ThePlanIsWhatIsDone(t *testing.T) {
	t.Parallel()
	s := newShown(t, nil)
	r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
	s.clock.Move(days(2))
	req := recsync.PropagateRequest{Event: s.event(recsync.EventLicenseEnded, r, nil)}
	s.ecm.Forget()
	s.smint.Forget()
	plan, err := recsync.PlanPropagateDisposition(t.Context(), s.scope, req)
	require.NoError(t, err)
	require.Empty(t, s.world.writes(), "a plan writes nothing")
	require.Equal(t, adapter.Full, s.says(r), "a plan changes nothing")
	require.Contains(t, plan.String(), "access: expired: the license ended")
	require.Contains(t, plan.String(), "our feed, "+recsync.ExternalID(r.Record.Key())+": shown with 1 downloads (Original)")
	require.Contains(t, plan.String(), "1. publish expire")
	receipt, err := plan.Apply(t.Context())
	require.NoError(t, err)
	require.Equal(t, plan.Steps, receipt.Steps, "the dry run is the real run")
	_, err = plan.Apply(t.Context())
	require.ErrorIs(t, err, recsync.ErrStalePlan)
}

// TestR30_NothingIsDestroyedButByECMItself: whatever is propagated, no request
// goes out that could destroy or release anything; and each destructive call
// of the client is refused on a record.
func TestR30_NothingIsDestroyedButByECMItself(t *testing.T) {
	t.Parallel()
	s := newShown(t, func(c *recsync.ScopeConfig) { c.Policy.Access.ReplacedReference = "REPLACED" })
	s.ecm.AddXrefType(testserver.ECMXrefType{Type: "REPLACED", Description: "replaced by", Related: "REPLACES"})
	r := s.surfaced("501", testserver.SmintJSON{"valid_until": testserver.SmintTime(s.clock.Now().Add(days(1)))})
	next := s.surfaced("502", nil)
	s.retire(r)
	s.cancel("501")
	s.ecm.Forget()
	ack := &records.Transfer{Record: r.Record.Key(), To: "State Archive", Package: records.DigestOf(nil), Sent: s.clock.Now()}
	ack.Acknowledgment = &records.Acknowledgment{By: "A", At: s.clock.Now(), Package: ack.Package}
	for kind, evidence := range map[recsync.DispositionKind]recsync.DispositionEvidence{
		recsync.EventLicenseEnded: {}, recsync.EventFirstUseEnded: {}, recsync.EventRightsChanged: {Transaction: "501"}, recsync.EventRetentionEnded: {},
		recsync.EventDispositionDue: {}, recsync.EventKept: {}, recsync.EventHoldSet: {Hold: 1}, recsync.EventHoldReleased: {Hold: 1},
		recsync.EventDisposed: {Search: 1, Snapshot: "2026-01-01:00:00:00"}, recsync.EventTransferred: {}, recsync.EventGone: {}, recsync.EventOutOfReach: {},
		recsync.EventReturned: {}, recsync.EventPurchaseCanceled: {Transaction: "501"}, recsync.EventSuperseded: {Successor: next.Record.Key()},
	} {
		e := s.event(kind, r, func(e *recsync.DispositionEvent) { e.Evidence = evidence })
		_, err := recsync.PropagateDisposition(t.Context(), s.scope, recsync.PropagateRequest{Event: e, Transfer: ack})
		require.NoError(t, err, kind)
	}
	for _, e := range s.ecm.Exchanges() {
		require.NotEqual(t, http.MethodDelete, e.Method, e.Route)
		for _, word := range []string{"purge", "performactions", "changereviewdecision", "changeactions", "removehold", "stop"} {
			require.NotContains(t, e.Route, word)
		}
	}
	c, id := s.scope.ECM(), r.Record.Node()
	for name, call := range map[string]error{
		"Nodes.Delete": c.Nodes.Delete(t.Context(), id), "Versions.Purge": c.Versions.Purge(t.Context(), id, 1), "Versions.Delete": c.Versions.Delete(t.Context(), id, 1),
		"RecycleBin.Purge": c.RecycleBin.Purge(t.Context(), []ecm.NodeID{id}), "RMClassifications.Remove": c.RMClassifications.Remove(t.Context(), id, ecm.NodeID(s.class), "token"),
	} {
		require.ErrorIs(t, call, ecm.ErrFinal, name)
	}
	require.Equal(t, picture(200), s.storedBytes(int64(id)), "it is still there, whole")
	require.NotEqual(t, adapter.Full, s.says(r))
}
