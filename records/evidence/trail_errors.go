package evidence

import (
	"errors"
	"fmt"
)

// What a verifier can find. Each error that it returns is a [*TrailError] that
// matches exactly one of these.
var (
	// ErrTrailEdited means that an entry, or the hash of one, is not what was
	// signed.
	ErrTrailEdited = errors.New("edited")
	// ErrTrailDropped means that an entry is missing between others.
	ErrTrailDropped = errors.New("entry dropped")
	// ErrTrailReordered means that entries stand in another order.
	ErrTrailReordered = errors.New("entries reordered")
	// ErrTrailSpliced means that an entry was put in that does not belong there:
	// from another scope, or a second time.
	ErrTrailSpliced = errors.New("entry spliced in")
	// ErrTrailTruncated means that the end of the log is missing: what is there
	// breaks off after its last checkpoint or before it.
	ErrTrailTruncated = errors.New("truncated")
	// ErrTrailRolledBack means that the log is shorter than a checkpoint that
	// its own key signed.
	ErrTrailRolledBack = errors.New("rolled back")
	// ErrTrailSplitView means that two checkpoints of one key belong to two
	// different histories.
	ErrTrailSplitView = errors.New("split view")
	// ErrTrailSignature means that no known key signed a checkpoint, or that a
	// known key's signature is wrong.
	ErrTrailSignature = errors.New("not signed by a known key")
	// ErrTrailFormat means that something is not a line, file or value of a
	// trail.
	ErrTrailFormat = errors.New("not the format of a trail")
	// ErrTrailOrder means that signed entries break the rules of a trail: time
	// runs backwards, or an outcome has no intent. The writer did that, nobody
	// else.
	ErrTrailOrder = errors.New("breaks the rules of a trail")
	// ErrTrailProof means that a proof does not prove what it should.
	ErrTrailProof = errors.New("proof does not hold")
)

// What an open trail can refuse.
var (
	// ErrTrailLocked means that another process, or another part of this one,
	// writes to the trail.
	ErrTrailLocked = errors.New("trail is open for writing elsewhere")
	// ErrTrailFenced means that another writer appended meanwhile. This one
	// appends nothing any more; open the trail again.
	ErrTrailFenced = errors.New("another writer appended to the trail")
	// ErrTrailClosed means that the trail was closed.
	ErrTrailClosed = errors.New("trail is closed")
	// ErrTrailStore means that the store failed; what it was given may or may
	// not be there. The next append looks first.
	ErrTrailStore = errors.New("trail could not be written")
)

// TrailError says what is wrong with a trail, and where.
type TrailError struct {
	// Where names the file and line, or the entry.
	Where string
	// Detail says what was found and what was expected.
	Detail string
	// Err is one of the sentinels.
	Err error
}

// Error says where, what, and the class, on one line.
func (e *TrailError) Error() string {
	return fmt.Sprintf("trail: %s: %s: %s", e.Where, e.Err, e.Detail)
}

// Unwrap returns the sentinel.
func (e *TrailError) Unwrap() error { return e.Err }

func trailFault(err error, where, format string, args ...any) error {
	return &TrailError{Where: where, Detail: fmt.Sprintf(format, args...), Err: err}
}
