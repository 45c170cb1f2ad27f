package evidence

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/smintecm/sdk/records"
)

// Trail is the log of one scope: entries that are only ever added, the Merkle
// tree over them, and checkpoints that sign its hash. It is safe for concurrent
// use; entries that arrive while others are on their way to the disk share the
// next write and sync. It starts no goroutine.
type Trail struct {
	scope  records.ScopeID
	store  TrailStore
	signer *trailSigner
	keys   []ed25519.PublicKey
	known  note.Verifiers
	people TrailPeople
	actor  TrailActor
	now    func() time.Time

	queue sync.Mutex
	next  *trailGroup
	items sync.Pool // of *trailItem, zero

	// commit is held while a group is written; it guards what follows.
	commit sync.Mutex
	tree   trailTree
	last   time.Time
	note   []byte
	open   map[int64]bool // intents since opened without an outcome: true
	opened int64          // the size when the trail was opened
	since  int64          // the same, or when it was last read again
	old    map[int64]bool // older intents that got an outcome since
	left   trailLeft      // older intents that nothing has settled
	doubt  bool           // the last append failed: look before the next
	failed error          // why nothing is appended any more
	tried  []byte         // the checkpoint of the append that failed
	buf    []byte         // of the last batch, used again
	rows   []TrailTile
	spare  []tlog.Hash // the edge of the tree before, used again
	lines  [][]byte
}

// TrailPeople turns a person's name, account or address into a pseudonym that
// says nothing about it. [People] is one.
type TrailPeople interface {
	// Pseudonym returns when the pseudonym is as durable as it gets. The same
	// value has the same pseudonym until it is erased.
	Pseudonym(ctx context.Context, value string) (string, error)
}

// TrailConfig is what a trail is made of.
type TrailConfig struct {
	// Scope is part of the log's identity and of every entry.
	Scope records.ScopeID
	// Store keeps the log; see [OpenTrailFolder]. The caller closes it.
	Store TrailStore
	// Signer signs checkpoints; its public key is an ed25519.PublicKey.
	Signer crypto.Signer
	// Former are the keys that signed before Signer did.
	Former []ed25519.PublicKey
	// People makes pseudonyms. Keep what it stores apart from the log.
	People TrailPeople
	// Actor fills the empty fields of events.
	Actor TrailActor
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// OpenTrail opens the log for appending, after it has checked the newest
// checkpoint's signature, that the tree has its hash, and that the log is not
// shorter than a checkpoint kept beside it. Tiles that do not agree are
// computed again from the entries. It does not read the whole log: see
// [VerifyTrail]. Errors match records.ErrInvalid for a bad configuration, or
// ErrTrailSignature, ErrTrailRolledBack, ErrTrailEdited and their like.
func OpenTrail(ctx context.Context, c TrailConfig) (*Trail, error) {
	var p records.Problems
	p.Check(c.Scope.IsValid(), "scope", c.Scope, "a parsed scope id")
	p.Check(c.Store != nil, "store", "none", "a store, for example of OpenTrailFolder")
	p.Check(c.People != nil, "people", "none", "who makes pseudonyms, for example of OpenPeople")
	t := &Trail{
		scope: c.Scope, store: c.Store, people: c.People, actor: c.Actor, now: c.Now,
		open: map[int64]bool{}, old: map[int64]bool{},
	}
	if p.Check(c.Signer != nil, "signer", "none", "a crypto.Signer with an Ed25519 key") && c.Scope.IsValid() {
		signer, err := newTrailSigner(c.Scope, c.Signer)
		if p.Check(err == nil, "signer", err, "an Ed25519 key") {
			t.signer = signer
			t.keys = append([]ed25519.PublicKey{c.Signer.Public().(ed25519.PublicKey)}, c.Former...)
			t.known, err = trailVerifiers(c.Scope, t.keys)
			p.Merge("former", err)
		}
	}
	if err := p.Err("evidence.OpenTrail"); err != nil {
		return nil, err
	}
	if t.now == nil {
		t.now = time.Now
	}
	if err := t.load(ctx); err != nil {
		return nil, err
	}
	t.opened, t.since = t.tree.size, t.tree.size
	return t, nil
}

// load takes over where the store's log stands.
func (t *Trail) load(ctx context.Context) error {
	head, err := t.store.Head(ctx)
	if err != nil {
		return fmt.Errorf("trail of scope %s: %w: %w", t.scope, ErrTrailStore, err)
	}
	if err := t.checkApart(head); err != nil {
		return err
	}
	if head.Size == 0 {
		t.tree, t.note = trailTree{}, nil
		return nil
	}
	c, err := openCheckpoint(t.scope, t.known, head.Checkpoint, "newest checkpoint")
	if err != nil {
		return err
	}
	if c.Size != head.Size {
		return trailFault(ErrTrailEdited, "newest checkpoint", "signs %d entries where %d stand", c.Size, head.Size)
	}
	tree := trailTree{}
	err = tree.load(head.Size, func(level int, n int64, width int) ([]byte, error) { return t.store.Tile(ctx, level, n, width) })
	if err != nil || TrailHash(tree.hash()) != c.Hash {
		if tree, err = t.rebuild(ctx, c); err != nil {
			return err
		}
	}
	t.tree, t.last, t.note = tree, c.Time, head.Checkpoint
	return nil
}

// checkApart compares the log with the checkpoint that is kept beside it. One
// that cannot be read, a crash may have torn it, tells nothing here; the
// verifier reports it.
func (t *Trail) checkApart(head TrailHead) error {
	if len(head.Apart) == 0 {
		return nil
	}
	apart, err := openCheckpoint(t.scope, t.known, head.Apart, trailCheckpointFile)
	if errors.Is(err, ErrTrailSpliced) {
		return err
	}
	if err == nil && apart.Size > head.Size {
		return trailFault(ErrTrailRolledBack, trailCheckpointFile, "signs %d entries, the log has %d", apart.Size, head.Size)
	}
	return nil
}

// rebuild computes all tiles again and compares with what was signed.
func (t *Trail) rebuild(ctx context.Context, c TrailCheckpoint) (trailTree, error) {
	tree, rows := trailTree{}, tileRows{}
	for line, err := range t.store.Entries(ctx, 0, c.Size) {
		if err != nil {
			return tree, fmt.Errorf("trail of scope %s: %w: %w", t.scope, ErrTrailStore, err)
		}
		tree.add(tlog.RecordHash(line), rows.emit)
		if tree.size%tileWidth == 0 {
			if err := rows.restore(ctx, t.store, false); err != nil {
				return tree, err
			}
		}
	}
	if TrailHash(tree.hash()) != c.Hash {
		return tree, trailFault(ErrTrailEdited, fmt.Sprintf("entries 1 to %d", c.Size), "they have the hash %s, signed is %s", tree.hash(), tlog.Hash(c.Hash))
	}
	return tree, rows.restore(ctx, t.store, true)
}

// Scope names the scope whose trail it is.
func (t *Trail) Scope() records.ScopeID { return t.scope }

// Checkpoint returns the newest checkpoint, a signed note; nil for a log
// without entries. Whoever keeps a copy elsewhere can prove a rollback.
func (t *Trail) Checkpoint() []byte {
	t.commit.Lock()
	defer t.commit.Unlock()
	return t.note
}

// Size returns the number of entries.
func (t *Trail) Size() int64 {
	t.commit.Lock()
	defer t.commit.Unlock()
	return t.tree.size
}

// Entries yields the entries from number from to number to, both included, as
// they stand; to 0 means the newest.
func (t *Trail) Entries(ctx context.Context, from, to int64) iter.Seq2[TrailEntry, error] {
	return func(yield func(TrailEntry, error) bool) {
		last := t.Size()
		if to == 0 || to > last {
			to = last
		}
		for line, err := range t.store.Entries(ctx, max(from, 1)-1, to) {
			var e TrailEntry
			if err == nil {
				e, err = ParseTrailEntry(line)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

type trailItem struct {
	entry TrailEntry
	err   error
	group trailGroup // of the item that leads
}

// trailGroup are the items of one write. Done is made by the first who joins
// the one that leads.
type trailGroup struct {
	items []*trailItem
	room  [1]*trailItem
	done  chan struct{}
}

// Append adds one entry and returns its number, when it is signed and, for an
// intent or a refusal, on the disk. The context bounds the wait before the
// entry is handed over, not the write.
//
// An error that matches records.ErrInvalid or records.ErrForeignScope says what
// is wrong with the event; ErrTrailFenced means that another writer is at work;
// ErrTrailStore that the store failed and the entry may or may not be there.
// After any of them, what the entry was to announce must not be done. A repeat
// adds a second entry.
func (t *Trail) Append(ctx context.Context, e TrailEvent) (int64, error) {
	item, _ := t.items.Get().(*trailItem)
	if item == nil {
		item = &trailItem{}
	}
	// Nobody else knows it any more: a group is written before its items return.
	defer func() { *item = trailItem{}; t.items.Put(item) }()
	item.entry.TrailEvent = e
	if err := t.prepare(ctx, &item.entry.TrailEvent); err != nil {
		return 0, err
	}
	t.queue.Lock()
	g, leads := t.next, false
	if g == nil {
		g, leads = &item.group, true
		g.items = g.room[:0]
		t.next = g
	} else if g.done == nil {
		g.done = make(chan struct{})
	}
	g.items = append(g.items, item)
	done := g.done
	t.queue.Unlock()
	if !leads {
		<-done
		return item.entry.Number, item.err
	}
	t.commit.Lock()
	t.queue.Lock()
	t.next = nil
	t.queue.Unlock()
	t.write(context.WithoutCancel(ctx), g.items)
	t.commit.Unlock()
	if g.done != nil { // nobody joins any more.
		close(g.done)
	}
	return item.entry.Number, item.err
}

// AppendAll adds entries in order, with as few writes as they allow, and
// returns their numbers, 0 for one that was not added; the error joins the
// reasons, which are those of Append. Of is checked as each comes to be
// written, all else first: then a fault of one adds none.
func (t *Trail) AppendAll(ctx context.Context, events []TrailEvent) ([]int64, error) {
	items := make([]*trailItem, len(events))
	for i, e := range events {
		items[i] = &trailItem{entry: TrailEntry{TrailEvent: e}}
		if err := t.prepare(ctx, &items[i].entry.TrailEvent); err != nil {
			return nil, err
		}
	}
	t.commit.Lock()
	t.write(context.WithoutCancel(ctx), items)
	t.commit.Unlock()
	numbers := make([]int64, len(items))
	var errs []error
	for i, it := range items {
		numbers[i] = it.entry.Number
		errs = append(errs, it.err)
	}
	return numbers, errors.Join(errs...)
}

// prepare fills in, checks and scrubs an event, and turns people into
// pseudonyms.
func (t *Trail) prepare(ctx context.Context, e *TrailEvent) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&e.Organization, t.actor.Organization)
	fill(&e.User, t.actor.User)
	fill(&e.Application, t.actor.Application)
	fill(&e.Location, t.actor.Location)
	if err := e.validate(t.scope); err != nil {
		return err
	}
	for _, text := range []*string{&e.Organization, &e.Application, &e.Target, &e.Policy, &e.Detail, &e.Reason} {
		*text = scrub(*text)
	}
	var err error
	if e.User, err = t.pseudonym(ctx, e.User); err != nil {
		return err
	}
	if e.Subject, err = t.pseudonym(ctx, e.Subject); err != nil {
		return err
	}
	if isAddress(e.Location) {
		e.Location, err = t.pseudonym(ctx, e.Location)
		return err
	}
	e.Location = scrub(e.Location)
	return nil
}

func (t *Trail) pseudonym(ctx context.Context, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	id, err := t.people.Pseudonym(ctx, value)
	if err != nil {
		return "", fmt.Errorf("trail of scope %s: a pseudonym: %w", t.scope, err)
	}
	return id, nil
}

// isAddress reports whether a location is a network address.
func isAddress(s string) bool {
	if s == "" || s[0] != '[' && s[0] != ':' && !isHex(s[0]) {
		return false
	}
	if _, err := netip.ParseAddr(s); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(s)
	return err == nil
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
