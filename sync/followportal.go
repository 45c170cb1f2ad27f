package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// portalFeed names the portal's assets in their state.
const portalFeed = "portal assets"

// saveEvery is after how many settled assets the state is saved: what is lost
// with it is only looked at again.
const saveEvery = 200

// FollowPortal walks the portal assets of a scope and declares each approved
// version once. It is a plain composition of [Scope.PortalAssets], DeclareRecord
// and SupersedeRecord.
//
// The portal has no feed: every pass asks for all assets of the scope's
// [PortalSource]. An asset whose record stands is passed over while its
// revision (version and ETag) stays the same. A new version is a record of its
// own, since its key is another. Another ETag under the same version has the
// bytes compared: other bytes go into quarantine, and the record stays what it
// is. An asset that is not approved is skipped and looked at again in the next
// pass; one bad asset never stops the others. Only what would make every other
// asset fail too ends the pass with an error: an outage, a login that has
// ended, a missing set-up, the end of ctx.
//
// It may be called again at any time, also by another process after a crash:
// the truth is in ECM. PageSize of the options does not count here.
func FollowPortal(ctx context.Context, s *Scope, store FeedStore, opts FollowOptions) (FollowResult, error) {
	f := &portalFollower{s: s, store: store, opts: opts, met: map[string]bool{}}
	err := f.run(ctx)
	if !opts.DryRun && f.loaded && err != nil {
		err = errors.Join(err, f.save(context.WithoutCancel(ctx)))
	}
	f.result.Quarantine = f.state.Quarantine
	if err != nil {
		return f.result, fmt.Errorf("follow the portal of scope %s: %w", s.id, err)
	}
	return f.result, nil
}

// portalFollower is one pass.
type portalFollower struct {
	s      *Scope
	store  FeedStore
	opts   FollowOptions
	state  FeedState
	result FollowResult
	loaded bool
	// met are the assets that this pass has come by.
	met     map[string]bool
	settled int
}

func (f *portalFollower) run(ctx context.Context) error {
	if err := f.load(ctx); err != nil {
		return err
	}
	for item, err := range f.s.PortalAssets(ctx) {
		if err != nil {
			return err
		}
		if err := f.item(ctx, item); err != nil {
			return err
		}
	}
	// The whole portal was seen: what is no longer there needs no memory.
	maps.DeleteFunc(f.state.Seen, func(id string, _ smint.Revision) bool { return !f.met[id] })
	f.state.Quarantine = slices.DeleteFunc(f.state.Quarantine, func(i FeedItem) bool { return !f.met[i.Transaction] })
	return f.save(ctx)
}

func (f *portalFollower) load(ctx context.Context) error {
	state, err := loadFeed(ctx, f.s, f.store, portalFeed)
	if err != nil {
		return err
	}
	if state.Seen == nil {
		state.Seen = map[string]smint.Revision{}
	}
	f.state, f.loaded = state, true
	return nil
}

func (f *portalFollower) save(ctx context.Context) error {
	if f.opts.DryRun {
		return nil
	}
	f.state.SavedAt = time.Now().UTC()
	return f.store.Save(ctx, f.state)
}

// item deals with one asset. Its error ends the pass.
func (f *portalFollower) item(ctx context.Context, item PortalItem) error {
	id := cmp.Or(string(item.ID), "asset without a readable id, "+records.DigestOf(item.Source).String())
	if f.met[id] {
		// It moved to a later page while the pass went on.
		return nil
	}
	f.met[id] = true
	before, seen := f.state.Seen[id]
	queue := f.queue(id)
	if seen && before == item.Revision && !f.opts.FromStart && !(f.opts.Retry && queue != "") {
		if queue == "" {
			f.result.Unchanged++
		}
		return nil
	}
	r := ItemResult{ID: id, Title: item.Asset.Title, source: item.Source, tx: id}
	if item.Err != nil {
		r.Outcome, r.Queue, r.Reason = ItemQuarantined, QueueBroken, short(item.Err)
	} else {
		r.ID = item.Asset.Key.String()
		suspect := seen && before.Version == item.Revision.Version && (before.ETag != item.Revision.ETag || queue == QueueBytes)
		var err error
		if r, err = f.asset(ctx, r, item.Asset, suspect); err != nil {
			return err
		}
	}
	f.settle(r, item.Revision)
	if f.settled++; f.settled%saveEvery == 0 {
		return f.save(ctx)
	}
	return nil
}

// queue is where the asset is in quarantine, empty if it is not.
func (f *portalFollower) queue(id string) string {
	i := slices.IndexFunc(f.state.Quarantine, func(i FeedItem) bool { return i.Transaction == id })
	if i < 0 {
		return ""
	}
	return f.state.Quarantine[i].Queue
}

// asset declares one asset. One that is suspect has its bytes compared with
// those of the record.
func (f *portalFollower) asset(ctx context.Context, r ItemResult, a Asset, suspect bool) (ItemResult, error) {
	if f.opts.DryRun {
		plan, err := PlanDeclareRecord(ctx, f.s, DeclareRequest{Asset: a})
		if err != nil {
			return f.failed(ctx, r, err)
		}
		r.Plan, r.Outcome = plan, ItemPlanned
		if len(plan.Steps) == 0 {
			r.Outcome = ItemUnchanged
		}
		return r, nil
	}
	if suspect {
		digest, err := f.digest(ctx, a)
		if err != nil {
			return f.failed(ctx, r, err)
		}
		a.Digest = digest
	}
	receipt, err := DeclareRecord(ctx, f.s, DeclareRequest{Asset: a})
	r.Receipt = &receipt
	if err != nil {
		return f.failed(ctx, r, err)
	}
	r.Outcome = ItemDeclared
	if receipt.Change == Unchanged {
		r.Outcome = ItemUnchanged
	}
	if err := supersede(ctx, f.s, &r); err != nil {
		return f.failed(ctx, r, err)
	}
	return r, nil
}

func (f *portalFollower) digest(ctx context.Context, a Asset) (records.Digest, error) {
	rc, _, err := f.s.contents.Open(ctx, a)
	if err != nil {
		return records.Digest{}, fmt.Errorf("open the content of %s: %w", a.Key, err)
	}
	digest, n, err := hashAll(rc)
	return digest, sourceError(err, n, -1)
}

// failed sorts a failure: it ends the pass, or it concerns this asset alone.
func (f *portalFollower) failed(ctx context.Context, r ItemResult, err error) (ItemResult, error) {
	if ends(ctx, err) {
		return r, err
	}
	r.Reason, r.Queue = short(err), queueOf(err)
	brokeOff := errors.Is(err, smint.ErrTruncated) || errors.Is(err, smint.ErrLength)
	r.final = errors.Is(err, ErrNotOurs) || (errors.Is(err, ErrDigest) && !brokeOff)
	switch {
	case errors.Is(err, ErrDisposed):
		r.Outcome, r.Queue = ItemSkipped, ""
	case r.Receipt != nil && r.Receipt.Change == Incomplete:
		r.Outcome = ItemIncomplete
	case r.Queue == QueueUnapproved:
		// Most of a portal is not approved, or not yet.
		r.Outcome = ItemSkipped
	default:
		r.Outcome = ItemQuarantined
	}
	return r, nil
}

// settle counts the result and brings the memory up to date.
func (f *portalFollower) settle(r ItemResult, revision smint.Revision) {
	since := time.Now().UTC()
	f.state.Quarantine = slices.DeleteFunc(f.state.Quarantine, func(i FeedItem) bool {
		if i.Transaction == r.tx && i.Queue == r.Queue {
			since = i.Since
		}
		return i.Transaction == r.tx
	})
	delete(f.state.Seen, r.tx)
	switch r.Outcome {
	case ItemDeclared, ItemUnchanged:
		f.state.Seen[r.tx] = revision
	case ItemQuarantined, ItemIncomplete:
		f.state.Quarantine = append(f.state.Quarantine, FeedItem{ID: r.ID, Transaction: r.tx, Queue: r.Queue, Reason: r.Reason, Since: since, Source: r.source})
		if r.final {
			f.state.Seen[r.tx] = revision
		}
	case ItemSkipped:
		if r.Queue == "" {
			f.state.Seen[r.tx] = revision
		}
	case ItemPlanned, ItemUpdated:
	}
	f.result.count(r.Outcome)
	if f.opts.OnItem != nil {
		f.opts.OnItem(r)
	}
}
