package evidence

import (
	"context"
	"iter"
)

// TrailStore keeps one log. Implementations hold bytes and one rule: an append
// names the size it builds on and happens only if the log has that size, so
// that a second writer is refused, on disk as in a database. Methods are called
// by one goroutine at a time for appending, by any for reading.
type TrailStore interface {
	// Head returns the number of entries and the newest checkpoint, 0 and nil
	// for a new log.
	Head(ctx context.Context) (TrailHead, error)
	// Append adds the batch to a log of exactly that size: all of it, or nothing.
	// It returns an error that matches ErrTrailFenced if the log has another
	// size. If b.Durable, it returns when the batch and all before it survive a
	// loss of power.
	Append(ctx context.Context, size int64, b TrailBatch) error
	// Entries yields the entries from+1 to to, as they were appended. The bytes
	// are the store's: keep none of them.
	Entries(ctx context.Context, from, to int64) iter.Seq2[[]byte, error]
	// Tile returns the first width hashes of a tile. Tiles can be computed from
	// the entries; a store that lost some returns any error, and gets them again
	// by Restore.
	Tile(ctx context.Context, level int, n int64, width int) ([]byte, error)
	// Restore writes tiles again, each from its beginning.
	Restore(ctx context.Context, tiles []TrailTile) error
}

// TrailHead is where a log stands.
type TrailHead struct {
	Size int64
	// Checkpoint is the newest one, a signed note over Size.
	Checkpoint []byte
	// Apart is the newest checkpoint that the store keeps beside the log, if it
	// does: a log that is shorter was rolled back.
	Apart []byte
}

// TrailBatch is what one append adds. A store keeps none of the slices of
// Entries, nor Tiles, when it has returned.
type TrailBatch struct {
	// Entries, in order, without line breaks. They never cross a multiple of 256.
	Entries [][]byte
	Tiles   []TrailTile
	// Checkpoint is over all entries, with these.
	Checkpoint []byte
	Durable    bool
}
