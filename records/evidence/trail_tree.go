package evidence

import (
	"context"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is the height of the tiles: each holds up to 256 hashes.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// TrailHash is a hash of the log's Merkle tree (RFC 6962 with SHA-256).
type TrailHash [tlog.HashSize]byte

// TrailTile is a run of hashes for one tile of the log, as golang.org/x/mod's
// tlog cuts the tree: the tile at Level and N holds up to 256 hashes of the
// tree's level 8*Level, from 256*N on.
type TrailTile struct {
	Level int
	N     int64
	// From says how many hashes of the tile come before Hashes.
	From   int
	Hashes []byte
}

// trailTree is the right edge of a tree: what is needed to append to it and to
// know its hash.
type trailTree struct {
	size int64
	// edge[l] is the hash of the complete subtree of 2^l entries that ends the
	// tree at that level, if size has bit l.
	edge []tlog.Hash
}

// grown returns the tree in room of its own, as far as there is any, to be
// added to.
func (t *trailTree) grown(room []tlog.Hash) trailTree {
	return trailTree{size: t.size, edge: append(room[:0], t.edge...)}
}

// add appends an entry's hash, and tells emit each hash of a tile's level that
// is complete with it.
func (t *trailTree) add(h tlog.Hash, emit func(level int, index int64, h tlog.Hash)) {
	n := t.size
	t.size++
	for l := 0; ; l++ {
		if l%tileHeight == 0 && emit != nil {
			emit(l/tileHeight, n>>l, h)
		}
		if l == len(t.edge) {
			t.edge = append(t.edge, tlog.Hash{})
		}
		if n>>l&1 == 0 {
			t.edge[l] = h
			return
		}
		h = tlog.NodeHash(t.edge[l], h)
	}
}

// hash returns the hash of the whole tree.
func (t *trailTree) hash() tlog.Hash {
	if t.size == 0 {
		h, _ := tlog.TreeHash(0, nil)
		return h
	}
	low := bits.TrailingZeros64(uint64(t.size))
	h := t.edge[low]
	for l := low + 1; l < len(t.edge); l++ {
		if t.size>>l&1 == 1 {
			h = tlog.NodeHash(t.edge[l], h)
		}
	}
	return h
}

// load sets the edge of a tree of that size from its tiles.
func (t *trailTree) load(size int64, tile func(level int, n int64, width int) ([]byte, error)) error {
	*t = trailTree{size: size}
	for level := 0; size>>(level*tileHeight) > 0; level++ {
		count := size >> (level * tileHeight)
		width := int(count % tileWidth)
		if width == 0 {
			continue
		}
		data, err := tile(level, count/tileWidth, width)
		if err != nil {
			return err
		}
		if len(data) != width*tlog.HashSize {
			return fmt.Errorf("tile %d/%d has %d bytes, want %d", level, count/tileWidth, len(data), width*tlog.HashSize)
		}
		part := trailTree{}
		for i := range width {
			part.add(tlog.Hash(data[i*tlog.HashSize:]), nil)
		}
		t.edge = append(t.edge, make([]tlog.Hash, level*tileHeight+len(part.edge)-len(t.edge))...)
		copy(t.edge[level*tileHeight:], part.edge)
	}
	return nil
}

// tileRows collects the hashes that an append adds, run by run.
type tileRows struct {
	rows []TrailTile
	run  int // bytes that a run is expected to have
}

func (r *tileRows) emit(level int, index int64, h tlog.Hash) {
	n, at := index/tileWidth, int(index%tileWidth)
	for i := range r.rows {
		row := &r.rows[i]
		if row.Level == level && row.N == n && row.From+len(row.Hashes)/tlog.HashSize == at {
			row.Hashes = append(row.Hashes, h[:]...)
			return
		}
	}
	r.rows = append(r.rows, TrailTile{Level: level, N: n, From: at, Hashes: append(make([]byte, 0, max(r.run, tlog.HashSize)), h[:]...)})
}

// restore hands the complete tiles, or all, to the store and forgets them.
func (r *tileRows) restore(ctx context.Context, store TrailStore, all bool) error {
	var full, rest []TrailTile
	for _, row := range r.rows {
		if all || len(row.Hashes) == tileWidth*tlog.HashSize {
			full = append(full, row)
		} else {
			rest = append(rest, row)
		}
	}
	r.rows = rest
	if err := store.Restore(ctx, full); err != nil {
		return fmt.Errorf("restore tiles: %w: %w", ErrTrailStore, err)
	}
	return nil
}
