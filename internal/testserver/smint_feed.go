package testserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// smintPurchase is the newest state of one license purchase transaction.
type smintPurchase struct {
	Raw      []byte        `json:"raw"`
	Binaries []SmintBinary `json:"binaries"`
}

// smintEntry is one place in the feed: what the transaction looked like when
// it was put there.
type smintEntry struct {
	UUID string `json:"uuid"`
	Raw  []byte `json:"raw"`
}

// smintFeed is the state of the licensing side.
type smintFeed struct {
	Purchases map[string]*smintPurchase  `json:"purchases"`
	Entries   []smintEntry               `json:"entries"`
	Later     []SmintChange              `json:"later"`
	Metadata  map[string]json.RawMessage `json:"metadata"`
	Stuck     bool                       `json:"stuck"`
}

// SmintChange is something that happens to a purchase after it was first sent.
// Whatever it is, the transaction then comes again at the end of the feed.
type SmintChange struct {
	// UUID names the transaction.
	UUID string `json:"uuid"`
	// Transaction, if there, replaces the whole payload; with it an unknown
	// UUID is a new purchase.
	Transaction []byte `json:"transaction,omitempty"`
	// Merge is laid over the payload, see [SmintMerge].
	Merge SmintJSON `json:"merge,omitempty"`
	// Binaries are new files, or new versions of those with the same UUID.
	Binaries []SmintBinary `json:"binaries,omitempty"`
}

// SmintCancelled is the change to the state "cancelled".
func SmintCancelled(uuid string) SmintChange {
	return SmintChange{UUID: uuid, Merge: SmintJSON{"state": "cancelled"}}
}

// SmintSyncable is the change that lets the binaries be fetched.
func SmintSyncable(uuid string) SmintChange {
	return SmintChange{UUID: uuid, Merge: SmintJSON{"state": "completed", "can_be_synced": true}}
}

// Emit appends a transaction to the feed. The payload is a [SmintJSON], a
// json.RawMessage or bytes, and goes out as it is. Binaries given replace
// those the transaction had; none given leaves them.
func (s *Smint) Emit(payload any, binaries ...SmintBinary) error {
	raw, err := smintRaw(payload)
	if err != nil {
		return err
	}
	uuid := ""
	if object, err := smintObject(raw); err == nil {
		uuid = smintString(object, "uuid")
	}
	kept, err := s.keepBinaries(uuid, binaries)
	if err != nil {
		return err
	}
	defer s.pushChange()
	s.mu.Lock()
	defer s.mu.Unlock()
	purchase := s.feed.Purchases[uuid]
	if purchase == nil {
		purchase = &smintPurchase{}
		s.feed.Purchases[uuid] = purchase
	}
	purchase.Raw = raw
	if len(kept) > 0 {
		purchase.Binaries = kept
	}
	s.feed.Entries = append(s.feed.Entries, smintEntry{UUID: uuid, Raw: raw})
	return nil
}

// Apply makes a change happen now.
func (s *Smint) Apply(change SmintChange) error {
	kept, err := s.keepBinaries(change.UUID, change.Binaries)
	if err != nil {
		return err
	}
	change.Binaries = kept
	defer s.pushChange()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.apply(change)
}

// Later makes a change happen when a reader has come to the end of the feed:
// instead of the empty page it gets this one. Several are taken in order, one
// at each end. So a history plays itself, at any pace of the reader.
func (s *Smint) Later(change SmintChange) error {
	kept, err := s.keepBinaries(change.UUID, change.Binaries)
	if err != nil {
		return err
	}
	change.Binaries = kept
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed.Later = append(s.feed.Later, change)
	return nil
}

// Update lays patch over a transaction and emits it again.
func (s *Smint) Update(uuid string, patch SmintJSON) error {
	return s.Apply(SmintChange{UUID: uuid, Merge: patch})
}

// Cancel withdraws a purchase and emits it again.
func (s *Smint) Cancel(uuid string) error { return s.Apply(SmintCancelled(uuid)) }

// MakeSyncable lets the binaries of a purchase be fetched and emits it again.
func (s *Smint) MakeSyncable(uuid string) error { return s.Apply(SmintSyncable(uuid)) }

// AddBinaryVersion gives a binary its next version and emits the transaction
// again. A version of nil in next means one more than before.
func (s *Smint) AddBinaryVersion(uuid string, next SmintBinary) error {
	return s.Apply(SmintChange{UUID: uuid, Binaries: []SmintBinary{next}})
}

func (s *Smint) apply(change SmintChange) error {
	purchase := s.feed.Purchases[change.UUID]
	if purchase == nil {
		if change.Transaction == nil {
			return fmt.Errorf("testserver: no transaction %q to change", change.UUID)
		}
		purchase = &smintPurchase{}
		s.feed.Purchases[change.UUID] = purchase
	}
	raw := json.RawMessage(change.Transaction)
	if raw == nil {
		object, err := smintObject(purchase.Raw)
		if err != nil {
			return fmt.Errorf("testserver: transaction %q cannot be changed: %w", change.UUID, err)
		}
		if version, ok := object["version"].(json.Number); ok {
			if n, err := version.Int64(); err == nil {
				object["version"] = n + 1
			}
		}
		object["last_updated_at"] = SmintTime(s.now())
		if raw, err = smintRaw(SmintMerge(object, change.Merge)); err != nil {
			return err
		}
	}
	purchase.Raw = raw
	for _, next := range change.Binaries {
		purchase.addBinary(next)
	}
	s.feed.Entries = append(s.feed.Entries, smintEntry{UUID: change.UUID, Raw: raw})
	return nil
}

func (p *smintPurchase) addBinary(next SmintBinary) {
	for i, old := range p.Binaries {
		if old.UUID != next.UUID {
			continue
		}
		if next.Version == 0 {
			next.Version = max(old.Version, 1) + 1
		}
		next.Past = append(slices.Clone(old.Past), old.SmintVersion)
		p.Binaries[i] = next
		return
	}
	if next.Version == 0 {
		next.Version = 1
	}
	p.Binaries = append(p.Binaries, next)
}

// Transaction returns the newest payload of a purchase, nil if there is none.
func (s *Smint) Transaction(uuid string) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if purchase := s.feed.Purchases[uuid]; purchase != nil {
		return slices.Clone(purchase.Raw)
	}
	return nil
}

// Transactions returns the uuids of all purchases, sorted.
func (s *Smint) Transactions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.feed.Purchases))
}

// FeedLength is the number of places in the feed, repeated transactions
// counted each time.
func (s *Smint) FeedLength() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.feed.Entries)
}

// RepeatCursor makes every page answer with the continuation it was asked
// with, so that a reader who trusts it would read one page forever.
func (s *Smint) RepeatCursor(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed.Stuck = on
}

// Continuation is the cursor of a reader who has handled the first n places.
func (s *Smint) Continuation(n int) string {
	place := fmt.Sprintf("%06d", n)
	return "c-" + place + "-" + s.sign("continuation", place)[:10]
}

func (s *Smint) placeOf(continuation string) (int, bool) {
	number, _, _ := strings.Cut(strings.TrimPrefix(continuation, "c-"), "-")
	place, err := strconv.Atoi(number)
	if err != nil || s.Continuation(place) != continuation || place > len(s.feed.Entries) {
		return 0, false
	}
	return place, true
}
