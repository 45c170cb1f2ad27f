package sync

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// appeared are the events for causes that were not there before.
var appeared = map[AccessCause]DispositionKind{
	CauseFirstUseEnded: EventFirstUseEnded, CauseLicenseEnded: EventLicenseEnded, CauseRetentionEnded: EventRetentionEnded,
	CauseDestroyed: EventDisposed, CauseTransferred: EventTransferred, CauseGone: EventGone, CauseOutOfReach: EventOutOfReach,
	CauseCanceled: EventRightsChanged, CauseSuperseded: EventSuperseded, CauseRightsDenied: EventRightsChanged,
	CauseRightsReview: EventRightsChanged, CauseRightsUnreadable: EventRightsChanged, CauseNotApproved: EventRightsChanged,
}

// vanished are the events for causes that are there no more, of a record that
// stands.
var vanished = map[AccessCause]DispositionKind{
	CauseFirstUseEnded: EventRightsChanged, CauseLicenseEnded: EventRightsChanged, CauseLicenseNotBegun: EventRightsChanged, CauseCanceled: EventRightsChanged,
	CauseRightsDenied: EventRightsChanged, CauseRightsReview: EventRightsChanged, CauseRightsUnreadable: EventRightsChanged,
	CauseDestroyed: EventReturned, CauseGone: EventReturned, CauseOutOfReach: EventReturned, CauseRetentionEnded: EventKept,
}

// events compares what was known of a record with what is known now.
func (w *watch) events(before, now AccessFacts, known bool) []DispositionEvent {
	policy := *w.s.policy.Access
	was, is := policy.causes(before, before.At), policy.causes(now, now.At)
	if !known {
		was = nil
	}
	var list []DispositionEvent
	told := map[DispositionKind]bool{}
	tell := func(kind DispositionKind, at time.Time, e DispositionEvidence) {
		if !told[kind] {
			list = append(list, DispositionEvent{Kind: kind, At: at, Seen: "ECM, record " + now.Record.String(), Evidence: e})
		}
		told[kind] = kind != EventHoldSet && kind != EventHoldReleased
	}
	for _, c := range is {
		kind, tells := appeared[c.Cause]
		if !tells || slices.ContainsFunc(was, func(b RightsCause) bool { return b.Cause == c.Cause }) || kind == EventSuperseded && !now.SupersededBy.IsValid() {
			continue
		}
		tell(kind, policy.began(now, c.Cause, now.At), DispositionEvidence{Successor: successorOf(kind, now), Why: c.Why})
	}
	w.holdEvents(before, now, tell)
	if now.Existence != Exists {
		return list
	}
	for _, c := range was {
		kind, tells := vanished[c.Cause]
		suspended := kind == EventKept && now.Holds.Check() != nil // held, not kept.
		if tells && !suspended && !slices.ContainsFunc(is, func(n RightsCause) bool { return n.Cause == c.Cause }) {
			tell(kind, time.Time{}, DispositionEvidence{Why: "no more: " + c.Why})
		}
	}
	if item, listed := w.items[ecm.NodeID(now.Node)]; listed {
		switch {
		case item.Decision == ecm.ReviewRejected:
			tell(EventKept, time.Time{}, item.evidence)
		case !item.Performed && actionOf(item.DispositionItem).EndsRecord():
			tell(EventDispositionDue, time.Time{}, item.evidence)
		}
	}
	return list
}

func successorOf(kind DispositionKind, f AccessFacts) records.RecordKey {
	if kind != EventSuperseded {
		return records.RecordKey{}
	}
	return f.SupersededBy
}

// began is when a cause began to apply, where a clock says so.
func (p AccessPolicy) began(f AccessFacts, c AccessCause, now time.Time) time.Time {
	if c == CauseRetentionEnded {
		return p.retentionEnd(f)
	}
	var began time.Time
	for _, span := range f.Rights {
		applies := slices.ContainsFunc(span.Causes, func(r RightsCause) bool { return r.Cause == c })
		if applies && began.IsZero() && !span.From.After(now) {
			began = span.From
		}
		if !applies {
			began = time.Time{}
		}
		if span.From.After(now) {
			break
		}
	}
	return began
}

// holdEvents tells of each hold that came or went. Holds that cannot be read
// tell nothing.
func (w *watch) holdEvents(before, now AccessFacts, tell func(DispositionKind, time.Time, DispositionEvidence)) {
	if !now.Holds.Known() || now.Existence != Exists {
		return
	}
	of := func(h records.Hold, why string) DispositionEvidence {
		id, _ := strconv.ParseInt(h.ID.String(), 10, 64) // ECM numbers its holds.
		return DispositionEvidence{Hold: id, Why: why + ": " + h.Name}
	}
	for _, h := range now.Holds.List() {
		if !before.Holds.Has(h.ID) {
			tell(EventHoldSet, h.At, of(h, "set"))
		}
	}
	for _, h := range before.Holds.List() {
		if !now.Holds.Has(h.ID) {
			tell(EventHoldReleased, time.Time{}, of(h, "released"))
		}
	}
}

// The kinds of entries in the disposition workspace.
const (
	dispositionSearch ecm.Subtype = 555
	dispositionGroup  ecm.Subtype = 602
)

// runs lists the runs of all disposition searches, and reads the items of those
// that are new or have gone on. A user who may not see them sees no items.
func (w *watch) runs(ctx context.Context) (map[string]int, error) {
	w.items = map[ecm.NodeID]runItem{}
	runs := map[string]int{}
	for todo := []ecm.NodeID{0}; len(todo) > 0; todo = todo[1:] {
		entries, err := w.s.ecm.Dispositions.Container(ctx, todo[0])
		if errors.Is(err, ecm.ErrDenied) {
			w.blind("the disposition searches below %s cannot be seen: %v", todo[0], err)
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if entry.Type == dispositionGroup {
				todo = append(todo, entry.ID)
			}
			if entry.Type != dispositionSearch {
				continue
			}
			if err := w.runsOf(ctx, entry, runs); err != nil {
				return nil, err
			}
		}
	}
	return runs, nil
}

func (w *watch) runsOf(ctx context.Context, search ecm.DispositionEntry, runs map[string]int) error {
	list, err := w.s.ecm.Dispositions.Snapshots(ctx, search.ID)
	if errors.Is(err, ecm.ErrDenied) {
		w.blind("the runs of disposition search %s %q cannot be seen: %v", search.ID, search.Name, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("disposition search %s: %w", search.ID, err)
	}
	for _, run := range list {
		id := search.ID.String() + "/" + string(run.QDate)
		runs[id] = run.Actioned
		if actioned, seen := w.state.Runs[id]; seen && actioned == run.Actioned {
			continue
		}
		items, err := w.s.ecm.Dispositions.Items(ctx, search.ID, run.QDate)
		if errors.Is(err, ecm.ErrDenied) {
			delete(runs, id) // so that it is read once it can be.
			w.blind("run %s of disposition search %s %q cannot be seen: %v", run.QDate, search.ID, search.Name, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("disposition search %s, run %s: %w", search.ID, run.QDate, err)
		}
		for _, item := range items {
			if other, listed := w.items[item.Node]; listed && other.Performed {
				continue // what was carried out is the last word.
			}
			w.items[item.Node] = runItem{item, DispositionEvidence{
				Search: int64(search.ID), Snapshot: run.QDate, Why: fmt.Sprintf("disposition search %q, run %s", search.Name, run.QDate),
			}}
		}
	}
	return nil
}

// purchases follows the feed of Smint.io for purchases that were canceled.
func (w *watch) purchases(ctx context.Context) error {
	if w.s.smint == nil {
		return nil
	}
	byItem := map[string][]AccessFacts{}
	for _, f := range w.state.Records {
		if f.Record.Kind() != records.SourceAsset {
			byItem[f.Record.Item()] = append(byItem[f.Record.Item()], f)
		}
	}
	for page, err := range w.s.smint.LicensePurchaseTransactions.Pages(ctx, w.state.Continuation, smint.MaxPage) {
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if item.Transaction == nil || item.Transaction.State != smint.StateCancelled {
				continue
			}
			if err := w.canceled(item.Transaction, byItem[string(item.Transaction.UUID)]); err != nil {
				return err
			}
		}
		w.state.Continuation = page.Continuation
	}
	return nil
}

func (w *watch) canceled(t *smint.LicensePurchaseTransaction, list []AccessFacts) error {
	slices.SortFunc(list, func(a, b AccessFacts) int {
		return slices.Compare([]byte(a.Record.String()), []byte(b.Record.String()))
	})
	at := w.now
	if t.LastUpdatedAt != nil && t.LastUpdatedAt.Before(at) {
		at = t.LastUpdatedAt.UTC()
	}
	for _, f := range list {
		e := DispositionEvent{
			Kind: EventPurchaseCanceled, Record: f.Record, Node: f.Node, At: at, SeenAt: w.now, Seen: "the purchase feed of Smint.io", Policy: w.s.policy.Access.Version,
			Evidence: DispositionEvidence{Transaction: string(t.UUID), Continuation: w.state.Continuation}, Known: &f,
		}
		if !w.yield(e.Identify(), nil) {
			return errBrokenOff
		}
	}
	return nil
}
