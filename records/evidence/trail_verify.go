package evidence

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/smintecm/sdk/records"
)

// TrailCheck is what a trail is held against.
type TrailCheck struct {
	Scope records.ScopeID
	// Keys are the public keys that may have signed, at least one.
	Keys []ed25519.PublicKey
	// Witnessed are checkpoints, signed notes, that were kept elsewhere. Only
	// they show that the log was rolled back, or that two were shown.
	Witnessed [][]byte
	// Each, if set, is given every entry in order, before the log as a whole is
	// known to be good.
	Each func(TrailEntry)
	// stop, if set, is asked before each file is read; its error ends the check.
	stop func() error
}

// TrailReport is what a verified trail says.
type TrailReport struct {
	// Newest is the checkpoint that covers all entries.
	Newest TrailCheckpoint
	// Checkpoints is how many were checked.
	Checkpoints int
	// Open are the numbers of intents without an outcome, and of intents whose
	// outcome was unknown and that no later observation settled.
	Open []int64
}

// VerifyTrail checks a log from its files alone, see [OpenTrailFolder], for
// example os.DirFS of the folder. Every byte of every file counts: each entry,
// its number, scope, time and reference, every checkpoint with its signature,
// and every tile. It needs no network, changes nothing and repairs nothing. The
// error is a [*TrailError] that matches the sentinel of what was found first,
// or tells that a file could not be read.
func VerifyTrail(fsys fs.FS, check TrailCheck) (TrailReport, error) {
	var p records.Problems
	p.Check(check.Scope.IsValid(), "scope", check.Scope, "a parsed scope id")
	if err := p.Err("evidence.VerifyTrail"); err != nil {
		return TrailReport{}, err
	}
	known, err := trailVerifiers(check.Scope, check.Keys)
	if err != nil {
		return TrailReport{}, err
	}
	v := &trailVerifier{fsys: fsys, check: check, known: known, hashes: map[int64]tlog.Hash{}, pending: map[int64]string{}, files: map[string]bool{}}
	if err := v.witnesses(); err != nil {
		return TrailReport{}, err
	}
	if err := v.segments(); err != nil {
		return TrailReport{}, err
	}
	if err := v.compare(); err != nil {
		return TrailReport{}, err
	}
	if err := v.strangers(); err != nil {
		return TrailReport{}, err
	}
	for n := range v.pending {
		v.report.Open = append(v.report.Open, n)
	}
	slices.Sort(v.report.Open)
	return v.report, nil
}

type trailVerifier struct {
	fsys   fs.FS
	check  TrailCheck
	known  note.Verifiers
	report TrailReport

	tree    trailTree
	rows    tileRows
	last    time.Time
	signed  int64 // entries under the last checkpoint
	seen    []witnessed
	hashes  map[int64]tlog.Hash // of the trees that a witness asks for
	pending map[int64]string    // intents to be settled: their event
	intents []uint64            // bit n: entry n is an intent
	closed  []uint64            // bit n: intent n has its outcome
	files   map[string]bool
	broken  error // the first rule that entries break, if they are what was signed
}

type witnessed struct {
	where string
	TrailCheckpoint
}

// witnesses reads the checkpoints from outside the log, which say how it must
// continue.
func (v *trailVerifier) witnesses() error {
	for i, b := range v.check.Witnessed {
		where := trailWitness(i)
		c, err := openCheckpoint(v.check.Scope, v.known, b, where)
		if err != nil {
			return err
		}
		v.seen = append(v.seen, witnessed{where, c})
		v.hashes[c.Size] = tlog.Hash{}
	}
	b, err := v.read(trailCheckpointFile)
	if errors.Is(err, fs.ErrNotExist) {
		if newest, _ := lastSegment(v.fsys); newest < 0 {
			return trailFault(ErrTrailTruncated, trailCheckpointFile, "the file is missing, and so are all entries: want the folder of a trail")
		}
		return trailFault(ErrTrailTruncated, trailCheckpointFile, "the file is missing")
	}
	if err != nil {
		return err
	}
	c, err := openCheckpoint(v.check.Scope, v.known, b, trailCheckpointFile)
	if err != nil {
		return err
	}
	v.files[trailCheckpointFile] = true
	v.seen = append(v.seen, witnessed{trailCheckpointFile, c})
	v.hashes[c.Size] = tlog.Hash{}
	return nil
}

// read reads a file of the trail. Nothing else is opened, and none that is
// longer than a trail's can be: a pipe would not end, nor would a device.
func (v *trailVerifier) read(name string) ([]byte, error) {
	if v.check.stop != nil {
		if err := v.check.stop(); err != nil {
			return nil, err
		}
	}
	info, err := fs.Stat(v.fsys, name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, trailFault(ErrTrailFormat, name, "a %s, no plain file", kindOf(info.Mode()))
	case info.Size() > maxTrailFile:
		return nil, trailFault(ErrTrailFormat, name, "%d bytes, more than %d", info.Size(), maxTrailFile)
	}
	return fs.ReadFile(v.fsys, name)
}

func trailWitness(i int) string { return fmt.Sprintf("witnessed checkpoint %d", i+1) }

func (v *trailVerifier) segments() error {
	newest, err := lastSegment(v.fsys)
	if err != nil {
		return err
	}
	for n := int64(0); n <= newest; n++ {
		name := trailSegmentPath(n)
		b, err := v.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			return trailFault(ErrTrailDropped, name, "the file with the entries from %d on is missing", n*tileWidth+1)
		}
		if err != nil {
			return err
		}
		v.files[name] = true
		if err := v.segment(name, b); err != nil {
			return err
		}
		if n < newest && v.tree.size != (n+1)*tileWidth {
			return trailFault(ErrTrailDropped, name, "ends with entry %d, not %d", v.tree.size, (n+1)*tileWidth)
		}
		if err := v.tiles(false); err != nil {
			return err
		}
		if v.tree.size > (n+1)*tileWidth {
			return trailFault(ErrTrailFormat, name, "has more than %d entries", tileWidth)
		}
	}
	if v.signed != v.tree.size {
		return trailFault(ErrTrailTruncated, "end", "entries %d to %d stand under no checkpoint", v.signed+1, v.tree.size)
	}
	return nil
}

func (v *trailVerifier) segment(name string, b []byte) error {
	at := 0
	for line := range bytes.Lines(b) {
		at++
		where := fmt.Sprintf("%s:%d", name, at)
		text, whole := bytes.CutSuffix(line, []byte("\n"))
		if !whole {
			return trailFault(ErrTrailTruncated, where, "the last line has no end")
		}
		if bytes.HasPrefix(text, checkpointPrefix) {
			if err := v.checkpoint(where, text); err != nil {
				return err
			}
			continue
		}
		if err := v.entry(where, text, b); err != nil {
			return err
		}
	}
	return nil
}

func (v *trailVerifier) checkpoint(where string, line []byte) error {
	msg, ok := checkpointOfLine(line)
	if !ok {
		return trailFault(ErrTrailFormat, where, "no checkpoint in its canonical form")
	}
	c, err := openCheckpoint(v.check.Scope, v.known, msg, where)
	switch {
	case err != nil:
		return err
	case c.Size < v.signed || c.Size == v.signed && v.signed > 0:
		return trailFault(ErrTrailReordered, where, "a checkpoint over %d entries after one over %d", c.Size, v.signed)
	case c.Size > v.tree.size:
		return trailFault(ErrTrailDropped, where, "the checkpoint signs %d entries, %d stand before it", c.Size, v.tree.size)
	case c.Size < v.tree.size:
		return trailFault(ErrTrailSpliced, where, "the checkpoint signs %d entries, %d stand before it", c.Size, v.tree.size)
	case tlog.Hash(c.Hash) != v.tree.hash():
		return trailFault(ErrTrailEdited, where, "entries %d to %d are not those that were signed", v.signed+1, c.Size)
	case v.broken != nil:
		return v.broken
	case !c.Time.Equal(v.last):
		return trailFault(ErrTrailOrder, where, "the checkpoint's time is not that of its newest entry")
	}
	v.signed = c.Size
	v.report.Newest = c
	v.report.Checkpoints++
	return nil
}

func (v *trailVerifier) entry(where string, line, segment []byte) error {
	e, err := ParseTrailEntry(line)
	if err != nil {
		return trailFault(ErrTrailEdited, where, "%v", err)
	}
	if e.Scope != v.check.Scope {
		return trailFault(ErrTrailSpliced, where, "an entry of scope %s", e.Scope)
	}
	if want := v.tree.size + 1; e.Number != want {
		switch {
		case e.Number < want:
			return trailFault(ErrTrailSpliced, where, "entry %d stands where %d belongs", e.Number, want)
		case bytes.Contains(segment, fmt.Appendf(nil, `,"n":%d,"time"`, want)):
			return trailFault(ErrTrailReordered, where, "entry %d stands where %d belongs", e.Number, want)
		}
		return trailFault(ErrTrailDropped, where, "entry %d stands where %d belongs", e.Number, want)
	}
	if v.broken == nil {
		v.broken = v.rules(where, e)
	}
	v.tree.add(tlog.RecordHash(line), v.rows.emit)
	if _, asked := v.hashes[v.tree.size]; asked {
		v.hashes[v.tree.size] = v.tree.hash()
	}
	if v.check.Each != nil {
		v.check.Each(e)
	}
	return nil
}

// rules holds what the writer owes: time that never runs backwards, outcomes
// that name an intent, one each.
func (v *trailVerifier) rules(where string, e TrailEntry) error {
	if e.Time.Before(v.last) {
		return trailFault(ErrTrailOrder, where, "entry %d is older than the one before it", e.Number)
	}
	v.last = e.Time
	if e.Number%64 == 0 || v.intents == nil {
		v.intents, v.closed = append(v.intents, 0), append(v.closed, 0)
	}
	if e.Of >= e.Number {
		return trailFault(ErrTrailOrder, where, "entry %d refers to %d, which is not older", e.Number, e.Of)
	}
	if e.Of > 0 && e.Kind != TrailCorrection && v.intents[e.Of/64]>>(e.Of%64)&1 == 0 {
		return trailFault(ErrTrailOrder, where, "entry %d refers to %d, which is no intent", e.Number, e.Of)
	}
	switch e.Kind {
	case TrailIntent:
		v.intents[e.Number/64] |= 1 << (e.Number % 64)
		v.pending[e.Number] = e.Event
	case TrailOutcome:
		if v.closed[e.Of/64]>>(e.Of%64)&1 == 1 {
			return trailFault(ErrTrailOrder, where, "entry %d is a second outcome of %d", e.Number, e.Of)
		}
		v.closed[e.Of/64] |= 1 << (e.Of % 64)
		if e.Result != TrailUnknown {
			delete(v.pending, e.Of)
		}
	case TrailObservation:
		if e.Of > 0 && e.Result != TrailUnknown {
			delete(v.pending, e.Of)
		}
	case TrailRefusal, TrailCorrection:
	}
	return nil
}

// compare holds the log against checkpoints from outside it and against the
// tiles.
func (v *trailVerifier) compare() error {
	for _, c := range v.seen {
		switch {
		case c.Size > v.tree.size:
			return trailFault(ErrTrailRolledBack, c.where, "signs %d entries, the log has %d", c.Size, v.tree.size)
		case tlog.Hash(c.Hash) != v.hashes[c.Size]:
			return trailFault(ErrTrailSplitView, c.where, "its %d entries are not the first %d of the log", c.Size, c.Size)
		}
	}
	return v.tiles(true)
}

// tiles compares the complete tiles, or all, with the hashes of the entries.
func (v *trailVerifier) tiles(all bool) error {
	var rest []TrailTile
	for _, row := range v.rows.rows {
		if !all && len(row.Hashes) < tileWidth*tlog.HashSize {
			rest = append(rest, row)
			continue
		}
		name := trailTilePath(row.Level, row.N)
		b, err := v.read(name)
		if errors.Is(err, fs.ErrNotExist) {
			return trailFault(ErrTrailTruncated, name, "the tile is missing")
		}
		if err != nil {
			return err
		}
		v.files[name] = true
		if !bytes.Equal(b, row.Hashes) {
			return trailFault(ErrTrailEdited, name, "the tile does not have the hashes of the entries")
		}
	}
	v.rows.rows = rest
	return nil
}

// strangers finds files that belong to no trail: nobody vouches for them.
func (v *trailVerifier) strangers() error {
	return fs.WalkDir(v.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if name == trailLockFile {
			if info, err := d.Info(); err != nil || info.Size() == 0 {
				return err
			}
		}
		if !v.files[name] {
			return trailFault(ErrTrailFormat, name, "no file of this trail")
		}
		return nil
	})
}
