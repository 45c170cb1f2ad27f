package evidence

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/smintecm/sdk/records"
)

// TrailInclusion proves that an entry stands in a log, to whoever has the
// log's public key and nothing else. It is plain data.
type TrailInclusion struct {
	// Entry is the entry's line, as it was hashed.
	Entry string `json:"entry"`
	// Checkpoint is the signed note over the tree that has it.
	Checkpoint string `json:"checkpoint"`
	// Proof are the hashes from the entry up to the tree's.
	Proof []TrailHash `json:"proof"`
}

// TrailConsistency proves that a newer checkpoint only added to what an older
// one signed. It is plain data.
type TrailConsistency struct {
	Older string      `json:"older"`
	Newer string      `json:"newer"`
	Proof []TrailHash `json:"proof"`
}

// String returns the hash in base64.
func (h TrailHash) String() string { return tlog.Hash(h).String() }

// MarshalText returns the hash in base64.
func (h TrailHash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads the base64 of 32 bytes.
func (h *TrailHash) UnmarshalText(text []byte) error {
	parsed, err := tlog.ParseHash(string(text))
	if err != nil || parsed.String() != string(text) {
		return trailFault(ErrTrailFormat, "hash", "%q is not the base64 of 32 bytes", text)
	}
	*h = TrailHash(parsed)
	return nil
}

// ProveInclusion proves that the entry with that number stands under the newest
// checkpoint. It returns an error that matches records.ErrInvalid if there is
// no such entry.
func (t *Trail) ProveInclusion(ctx context.Context, number int64) (TrailInclusion, error) {
	t.commit.Lock()
	defer t.commit.Unlock()
	return t.proveInclusion(ctx, number)
}

// proveInclusion is ProveInclusion for a caller that holds commit.
func (t *Trail) proveInclusion(ctx context.Context, number int64) (TrailInclusion, error) {
	var p records.Problems
	p.Check(number >= 1 && number <= t.tree.size, "number", number, fmt.Sprintf("1 to %d", t.tree.size))
	if err := p.Err("evidence.ProveInclusion"); err != nil {
		return TrailInclusion{}, err
	}
	out := TrailInclusion{Checkpoint: string(t.note)}
	for line, err := range t.store.Entries(ctx, number-1, number) {
		if err != nil {
			return TrailInclusion{}, fmt.Errorf("trail of scope %s: %w: %w", t.scope, ErrTrailStore, err)
		}
		out.Entry = string(line)
	}
	err := t.prove(ctx, func(r tlog.HashReader) error {
		proof, err := tlog.ProveRecord(t.tree.size, number-1, r)
		if err != nil {
			return err
		}
		out.Proof = hashesOut(proof)
		return tlog.CheckRecord(proof, t.tree.size, t.tree.hash(), number-1, tlog.RecordHash([]byte(out.Entry)))
	})
	return out, err
}

// ProveConsistency proves that the newest checkpoint only added to what an
// older one, a signed note, signed. It returns an error that matches
// ErrTrailSplitView if it did not: the older one belongs to another history.
func (t *Trail) ProveConsistency(ctx context.Context, older []byte) (TrailConsistency, error) {
	t.commit.Lock()
	defer t.commit.Unlock()
	c, err := openCheckpoint(t.scope, t.known, older, "older checkpoint")
	if err != nil {
		return TrailConsistency{}, err
	}
	if c.Size > t.tree.size {
		return TrailConsistency{}, trailFault(ErrTrailRolledBack, "older checkpoint", "signs %d entries, the log has %d", c.Size, t.tree.size)
	}
	out := TrailConsistency{Older: string(older), Newer: string(t.note)}
	err = t.prove(ctx, func(r tlog.HashReader) error {
		proof, err := tlog.ProveTree(t.tree.size, c.Size, r)
		if err != nil {
			return err
		}
		out.Proof = hashesOut(proof)
		if tlog.CheckTree(proof, t.tree.size, t.tree.hash(), c.Size, tlog.Hash(c.Hash)) != nil {
			return trailFault(ErrTrailSplitView, "older checkpoint", "its %d entries are not the first of the log", c.Size)
		}
		return nil
	})
	return out, err
}

// prove runs a proof over the tiles, which are checked against the tree's hash
// as they are read. Tiles that are lost or damaged are computed again, once.
func (t *Trail) prove(ctx context.Context, do func(tlog.HashReader) error) error {
	tree := tlog.Tree{N: t.tree.size, Hash: t.tree.hash()}
	reader := func() tlog.HashReader { return tlog.TileHashReader(tree, tileReader{ctx, t.store}) }
	err := do(reader())
	if _, verdict := err.(*TrailError); err == nil || verdict { //nolint:errorlint // made right here.
		return err
	}
	if _, err := t.rebuild(ctx, TrailCheckpoint{Size: tree.N, Hash: TrailHash(tree.Hash)}); err != nil {
		return err
	}
	return do(reader())
}

// tileReader reads tlog's tiles from a store.
type tileReader struct {
	ctx   context.Context
	store TrailStore
}

func (tileReader) Height() int { return tileHeight }

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, tile := range tiles {
		b, err := r.store.Tile(r.ctx, tile.L, tile.N, tile.W)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func hashesOut[S ~[]tlog.Hash](in S) []TrailHash {
	out := make([]TrailHash, len(in))
	for i, h := range in {
		out[i] = TrailHash(h)
	}
	return out
}

func hashesIn(in []TrailHash) []tlog.Hash {
	out := make([]tlog.Hash, len(in))
	for i, h := range in {
		out[i] = tlog.Hash(h)
	}
	return out
}

// Verify checks the proof offline and returns the entry and the checkpoint that
// vouches for it. Errors match ErrTrailSignature, ErrTrailFormat,
// ErrTrailSpliced or ErrTrailProof.
func (p TrailInclusion) Verify(scope records.ScopeID, keys ...ed25519.PublicKey) (TrailEntry, TrailCheckpoint, error) {
	fail := func(err error) (TrailEntry, TrailCheckpoint, error) { return TrailEntry{}, TrailCheckpoint{}, err }
	known, err := trailVerifiers(scope, keys)
	if err != nil {
		return fail(err)
	}
	c, err := openCheckpoint(scope, known, []byte(p.Checkpoint), "checkpoint")
	if err != nil {
		return fail(err)
	}
	e, err := p.under(scope, c)
	if err != nil {
		return fail(err)
	}
	return e, c, nil
}

// under checks the proof against a checkpoint that was opened already.
func (p TrailInclusion) under(scope records.ScopeID, c TrailCheckpoint) (TrailEntry, error) {
	e, err := ParseTrailEntry([]byte(p.Entry))
	if err != nil {
		return TrailEntry{}, err
	}
	where := fmt.Sprintf("entry %d", e.Number)
	if e.Scope != scope {
		return TrailEntry{}, trailFault(ErrTrailSpliced, where, "is of scope %s, not %s", e.Scope, scope)
	}
	err = tlog.CheckRecord(hashesIn(p.Proof), c.Size, tlog.Hash(c.Hash), e.Number-1, tlog.RecordHash([]byte(p.Entry)))
	if e.Number > c.Size || err != nil {
		return TrailEntry{}, trailFault(ErrTrailProof, where, "is not shown to stand in the tree of %d entries", c.Size)
	}
	return e, nil
}

// Verify checks the proof offline and returns both checkpoints. Errors match
// ErrTrailSignature, ErrTrailFormat, ErrTrailRolledBack if the newer one is the
// shorter one, or ErrTrailSplitView if they belong to two histories.
func (p TrailConsistency) Verify(scope records.ScopeID, keys ...ed25519.PublicKey) (older, newer TrailCheckpoint, err error) {
	known, err := trailVerifiers(scope, keys)
	if err != nil {
		return older, newer, err
	}
	if older, err = openCheckpoint(scope, known, []byte(p.Older), "older checkpoint"); err != nil {
		return older, newer, err
	}
	if newer, err = openCheckpoint(scope, known, []byte(p.Newer), "newer checkpoint"); err != nil {
		return older, newer, err
	}
	if newer.Size < older.Size {
		return older, newer, trailFault(ErrTrailRolledBack, "newer checkpoint", "signs %d entries, the older one %d", newer.Size, older.Size)
	}
	if tlog.CheckTree(hashesIn(p.Proof), newer.Size, tlog.Hash(newer.Hash), older.Size, tlog.Hash(older.Hash)) != nil {
		return older, newer, trailFault(ErrTrailSplitView, "checkpoints", "the %d entries of the older are not shown to be the first %d of the newer", older.Size, older.Size)
	}
	return older, newer, nil
}
