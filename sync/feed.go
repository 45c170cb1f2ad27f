package sync

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
)

// purchaseFeed names the feed in its state.
const purchaseFeed = "license purchase transactions"

// The queues that items are put in when they are not declared.
const (
	// QueueNotSyncable: the purchase is not complete; it comes again.
	QueueNotSyncable = "not syncable"
	// QueueOriginal: a reuse waits for the record of its original.
	QueueOriginal = "waiting for original"
	// QueueUnclassified: no class rule fits, or the class has no one schedule.
	QueueUnclassified = "unclassified"
	// QueueJurisdiction: nothing tells the jurisdiction.
	QueueJurisdiction = "jurisdiction unknown"
	// QueueUnapproved: nobody approved it.
	QueueUnapproved = "not approved"
	// QueueMetadata: mandatory metadata, or data of the evidence, is missing.
	QueueMetadata = "metadata missing"
	// QueueHeld: a hold keeps something as it is that would have to change; it is
	// taken up again in every pass.
	QueueHeld = "on hold"
	// QueueBytes: the bytes broke off, or are not those that they should be.
	QueueBytes = "bytes differ"
	// QueueEvidence: the record stands, and its package lacks something.
	QueueEvidence = "evidence incomplete"
	// QueueCollision: the name is taken by something else.
	QueueCollision = "name taken"
	// QueueBroken: the item cannot be read, or ECM refuses it.
	QueueBroken = "broken"
)

// FollowOptions guide one pass over a feed. The zero value is a plain pass.
type FollowOptions struct {
	// PageSize is the number of purchases asked for at once; 0 means 10.
	PageSize int
	// Retry also takes up again what is in quarantine.
	Retry bool
	// FromStart walks the whole feed again, whatever the checkpoint says.
	FromStart bool
	// DryRun plans, and neither writes to ECM nor moves the checkpoint.
	DryRun bool
	// Evidence also keeps a signed package beside each record of a purchase. It
	// wants an evidence policy and signers; without them, or where the approval
	// lacks something without a reason, the item goes into quarantine, and the
	// record stands.
	Evidence bool
	// OnItem is told what became of each item, in order.
	OnItem func(ItemResult)
}

// ItemResult is what became of one asset of the feed, or of a purchase as a
// whole where it never came to assets.
type ItemResult struct {
	// ID is the record key, or the transaction's uuid.
	ID string `json:"id"`
	// Title is for people.
	Title   string      `json:"title,omitempty"`
	Outcome ItemOutcome `json:"outcome"`
	Queue   string      `json:"queue,omitempty"`
	Reason  string      `json:"reason,omitempty"`
	Receipt *Receipt    `json:"receipt,omitempty"`
	Rights  *Receipt    `json:"rights,omitempty"`
	// Evidence is what became of the package, where one was asked for.
	Evidence *Receipt     `json:"evidence,omitempty"`
	Plan     *DeclarePlan `json:"plan,omitempty"`
	Related  []Receipt    `json:"related,omitempty"`
	// RightsPlan is what a dry run would change in the rights of a record.
	RightsPlan *RightsPlan `json:"rights_plan,omitempty"`
	source     []byte      // for the lists
	tx         string
	// final tells that nothing but a person, or another revision, mends it.
	final bool
}

// ItemOutcome says what became of an item.
type ItemOutcome string

// The outcomes.
const (
	ItemDeclared    ItemOutcome = "declared"
	ItemUnchanged   ItemOutcome = "unchanged"
	ItemUpdated     ItemOutcome = "updated" // the record stands as it was, its rights changed
	ItemIncomplete  ItemOutcome = "incomplete"
	ItemSkipped     ItemOutcome = "skipped"
	ItemQuarantined ItemOutcome = "quarantined"
	ItemPlanned     ItemOutcome = "planned"
)

// FollowResult counts a pass, and names what is left over after it.
type FollowResult struct {
	Declared  int `json:"declared"`
	Unchanged int `json:"unchanged"`
	// Updated counts records that the feed no longer declares, or that reuse
	// another's license, and whose rights changed.
	Updated     int        `json:"updated,omitempty"`
	Incomplete  int        `json:"incomplete"`
	Skipped     int        `json:"skipped"`
	Quarantined int        `json:"quarantined"`
	Planned     int        `json:"planned,omitempty"`
	Pending     []FeedItem `json:"pending,omitempty"`
	Quarantine  []FeedItem `json:"quarantine,omitempty"`
}

// String is the pass on one line.
func (r FollowResult) String() string {
	line := fmt.Sprintf("declared=%d unchanged=%d incomplete=%d skipped=%d quarantined=%d", r.Declared, r.Unchanged, r.Incomplete, r.Skipped, r.Quarantined)
	if r.Updated > 0 {
		line += fmt.Sprintf(" updated=%d", r.Updated)
	}
	if r.Planned > 0 {
		line += fmt.Sprintf(" planned=%d", r.Planned)
	}
	return line
}

// FollowPurchases walks the purchase feed of a scope from its checkpoint to
// its present end and declares what can be declared, with its rights. It is a
// plain composition of DeclareRecord, TransferRights, RelateRecords and
// SupersedeRecord.
//
// What a purchase says later of its license, that it was cancelled included,
// is kept with all records that it has, in every version, and with those that
// reuse its license. An older word that comes late replaces no newer one.
//
// One bad item never stops the others: it goes into the quarantine list with
// its reason. What cannot be declared yet goes into the pending list. Both
// lists are saved together with the checkpoint, which moves only over pages
// whose items are all settled. A server that is not available, a login that
// has ended and a journal that takes no entry end the pass with an error; the
// next one goes on where this one stood, and declares nothing twice.
func FollowPurchases(ctx context.Context, s *Scope, store FeedStore, opts FollowOptions) (FollowResult, error) {
	if s.smint == nil {
		return FollowResult{}, fmt.Errorf("follow purchases of scope %s: %w: the scope has no Smint.io client", s.id, records.ErrInvalid)
	}
	f := &follower{s: s, store: store, opts: opts}
	err := f.run(ctx)
	f.result.Pending, f.result.Quarantine = f.state.Pending, f.state.Quarantine
	if err != nil {
		return f.result, fmt.Errorf("follow purchases of scope %s: %w", s.id, err)
	}
	return f.result, nil
}

// follower is one pass.
type follower struct {
	s      *Scope
	store  FeedStore
	opts   FollowOptions
	state  FeedState
	result FollowResult
	// waiting marks the second look at what waits, after the end of the feed.
	waiting bool
}

func (f *follower) run(ctx context.Context) error {
	if err := f.load(ctx); err != nil {
		return err
	}
	if f.opts.Retry {
		if err := f.again(ctx, f.state.Quarantine); err != nil {
			return err
		}
	}
	for page, err := range f.s.smint.LicensePurchaseTransactions.Pages(ctx, f.state.Continuation, f.opts.PageSize) {
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := f.item(ctx, item); err != nil {
				return err
			}
		}
		f.state.Continuation = page.Continuation
		if err := f.save(ctx); err != nil {
			return err
		}
	}
	f.waiting = true
	waiting := slices.DeleteFunc(slices.Clone(f.state.Pending), func(i FeedItem) bool { return !waits(i.Queue) })
	return f.again(ctx, waiting)
}

// load refuses the state of another scope or feed.
func (f *follower) load(ctx context.Context) error {
	state, err := loadFeed(ctx, f.s, f.store, purchaseFeed)
	if err != nil {
		return err
	}
	f.state = state
	if f.opts.FromStart {
		f.state.Continuation = ""
	}
	return nil
}

// loadFeed loads the state of a feed, and refuses that of another scope or
// feed.
func loadFeed(ctx context.Context, s *Scope, store FeedStore, feed string) (FeedState, error) {
	state, err := store.Load(ctx)
	if err != nil {
		return FeedState{}, err
	}
	if state.Scope == "" {
		state.Scope, state.Feed = s.id.String(), feed
	}
	if state.Scope != s.id.String() || state.Feed != feed {
		return FeedState{}, fmt.Errorf("%w: %w: the checkpoint is that of feed %q of scope %q", ErrForeignScope, errCheckpoint, state.Feed, state.Scope)
	}
	return state, nil
}

func (f *follower) save(ctx context.Context) error {
	if f.opts.DryRun {
		return nil
	}
	f.state.SavedAt = time.Now().UTC()
	return f.store.Save(ctx, f.state)
}

// again takes up items from the lists, each from its stored source.
func (f *follower) again(ctx context.Context, items []FeedItem) error {
	for _, item := range slices.Clone(items) {
		t, err := smint.DecodeTransaction(item.Source)
		if err := f.item(ctx, smint.TransactionItem{Transaction: t, Err: err}); err != nil {
			return err
		}
		if err := f.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// item deals with one purchase. Its error ends the pass.
func (f *follower) item(ctx context.Context, item smint.TransactionItem) error {
	var results []ItemResult
	var err error
	if item.Err != nil {
		results = []ItemResult{brokenItem(item.Err)}
	} else if results, err = f.purchase(ctx, item.Transaction); err != nil {
		return err
	}
	if f.waiting && slices.ContainsFunc(results, func(r ItemResult) bool { return waits(r.Queue) }) {
		// It waits on: that was said when it came.
		return nil
	}
	f.settle(results)
	return nil
}

// waits tells what is taken up again at the end of each pass.
func waits(queue string) bool { return queue == QueueOriginal || queue == QueueHeld }

// settle counts the results and brings the lists up to date: the newest word
// about a purchase replaces all earlier ones.
func (f *follower) settle(results []ItemResult) {
	drop := func(i FeedItem) bool { return i.Transaction == results[0].tx && results[0].tx != "" }
	f.state.Pending, f.state.Quarantine = slices.DeleteFunc(f.state.Pending, drop), slices.DeleteFunc(f.state.Quarantine, drop)
	for _, r := range results {
		left := FeedItem{ID: r.ID, Transaction: r.tx, Queue: r.Queue, Reason: r.Reason, Since: time.Now().UTC(), Source: r.source}
		switch {
		case r.Outcome == ItemQuarantined, r.Outcome == ItemIncomplete:
			// What stands half done is listed too: a pass with Retry completes it.
			f.state.Quarantine = append(f.state.Quarantine, left)
		case r.Queue == QueueNotSyncable, waits(r.Queue):
			f.state.Pending = append(f.state.Pending, left)
		}
		f.result.count(r.Outcome)
		if f.opts.OnItem != nil {
			f.opts.OnItem(r)
		}
	}
}

func (r *FollowResult) count(o ItemOutcome) {
	switch o {
	case ItemDeclared:
		r.Declared++
	case ItemUnchanged:
		r.Unchanged++
	case ItemUpdated:
		r.Updated++
	case ItemIncomplete:
		r.Incomplete++
	case ItemSkipped:
		r.Skipped++
	case ItemQuarantined:
		r.Quarantined++
	case ItemPlanned:
		r.Planned++
	}
}

func brokenItem(err error) ItemResult {
	r := ItemResult{Outcome: ItemQuarantined, Queue: QueueBroken, Reason: err.Error()}
	if broken, ok := errors.AsType[*smint.ItemError](err); ok {
		r.source, r.tx = broken.Raw, string(broken.UUID)
	}
	r.ID = cmp.Or(r.tx, "purchase without a readable uuid")
	return r
}

// refusals concern one item, whatever else went wrong with it; outages
// concern the pass: going on would only fail the same way.
var (
	refusals = []error{ErrForeignScope, ErrNotApproved, ErrUnclassified, ErrJurisdiction, ErrSchedule, ErrMetadata, ErrEvidence, ErrNoVersion, ErrDigest, ErrNotOurs, ErrDisposed, ErrBroken, records.ErrInvalid}
	outages  = []error{
		ecm.ErrUnavailable, ecm.ErrThrottled, ecm.ErrUnauthenticated, ecm.ErrRetryBudget, ecm.ErrOutcomeUnknown, smint.ErrGrantDead, ErrSetup,
		errJournal,
	}
)

// errCheckpoint: a checkpoint was given to a feed that it is not of.
var errCheckpoint = errors.New("not the checkpoint of this feed")

// ends tells errors that end the pass.
func ends(ctx context.Context, err error) bool {
	is := func(class error) bool { return errors.Is(err, class) }
	switch {
	case ctx.Err() != nil, is(errJournal):
		return true
	case slices.ContainsFunc(refusals, is):
		return false
	case slices.ContainsFunc(outages, is):
		return true
	}
	return unanswered(err)
}

// unanswered tells failures that no server has answered: they are about the way
// to it.
func unanswered(err error) bool {
	if e, ok := errors.AsType[*ecm.Error](err); ok {
		return e.StatusCode == 0 && e.Retryable()
	}
	if e, ok := errors.AsType[*smint.Error](err); ok {
		return e.StatusCode == 0 && e.Retryable()
	}
	return false
}

// queueOf says what a person can do about a refusal.
func queueOf(err error) string {
	for _, q := range []struct {
		class error
		queue string
	}{
		{ErrDigest, QueueBytes},
		{smint.ErrTruncated, QueueBytes},
		{ecm.ErrOnHold, QueueHeld},
		{ErrNotOurs, QueueCollision},
		{ErrJurisdiction, QueueJurisdiction},
		{ErrEvidence, QueueEvidence},
		{ErrUnclassified, QueueUnclassified},
		{ErrSchedule, QueueUnclassified},
		{ErrNotApproved, QueueUnapproved},
		{ErrMetadata, QueueMetadata},
	} {
		if errors.Is(err, q.class) {
			return q.queue
		}
	}
	return QueueBroken
}

func short(err error) string {
	var b strings.Builder
	for line := range strings.Lines(err.Error()) {
		text := strings.Join(strings.Fields(line), " ")
		switch {
		case text == "" || b.Len() == 0:
		case strings.HasSuffix(b.String(), ":"):
			b.WriteByte(' ')
		default:
			b.WriteString("; ")
		}
		b.WriteString(text)
	}
	return b.String()
}
