package evidence

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/smintecm/sdk/records"
)

// trailExport is an export read again, with every proof of it checked.
type trailExport struct {
	entries    []TrailEntry
	checkpoint TrailCheckpoint
	// note is the checkpoint as it was signed.
	note []byte
}

// checkTrail holds the export of the trail against its own proofs, and against
// the log itself if that was given: the log is checked whole, must continue
// what the export was taken from, and must tell of this record and its bytes.
func (in *inspection) checkTrail() (string, error) {
	given, exported := in.o.Trail != nil, in.files[dirTrail+exportInclusion] != nil
	switch {
	case !given && !exported:
		return "no proven export in the package, no log given", errSkip
	case in.statement.Type == "" || !in.verification.Asset.IsValid():
		return "", errNotReached
	}
	record := in.statement.Predicate.Record
	keys, err := in.trailKeys()
	if err != nil {
		return "", err
	}
	known, err := trailVerifiers(record.Scope(), keys)
	if err != nil {
		return "", trailFault(ErrTrailSignature, "keys", "no Ed25519 key of the trail is known: give its key")
	}
	var x trailExport
	detail := "the package has no proven export"
	if exported {
		if x, err = in.readExport(record, known); err != nil {
			return "", err
		}
		detail = fmt.Sprintf("%d entries about the record proven under %d", len(x.entries), x.checkpoint.Size)
	}
	if !given && len(x.entries) == 0 {
		return "the export has no entry about the record, no log given", errSkip
	}
	if !given {
		return detail + "; the log itself was not given", nil
	}
	log, err := in.checkLog(record, keys, x)
	return detail + "; " + log, err
}

// trailKeys are the keys that may have signed the trail: those given, or those
// that the package vouches for, in its export and by its own signatures.
func (in *inspection) trailKeys() ([]ed25519.PublicKey, error) {
	if len(in.o.TrailKeys) > 0 {
		return in.o.TrailKeys, nil
	}
	var keys []ed25519.PublicKey
	take := func(path string) error {
		list, err := ParsePublicKeys(in.files[path].content)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, k := range list {
			if k, ok := k.(ed25519.PublicKey); ok {
				keys = append(keys, k)
			}
		}
		return nil
	}
	for _, id := range in.verification.Signers {
		if err := take(dirSigners + id + suffixSigner); err != nil {
			return nil, err
		}
	}
	if in.files[dirTrail+exportKeys] != nil {
		return keys, take(dirTrail + exportKeys)
	}
	return keys, nil
}

// readExport checks an export: entries in order and about the record, each
// proven under the one checkpoint.
func (in *inspection) readExport(record records.RecordKey, known note.Verifiers) (x trailExport, err error) {
	file := func(name string) []byte { return in.content(dirTrail + name) }
	for _, name := range []string{exportEntries, exportCheckpoint} {
		if file(name) == nil {
			return x, fail(ErrMissing, "%s, which goes with %s", dirTrail+name, exportInclusion)
		}
	}
	var proofs []TrailInclusion
	if err := json.Unmarshal(file(exportInclusion), &proofs); err != nil {
		return x, fail(ErrMalformed, "%s: %v", dirTrail+exportInclusion, err)
	}
	if again, err := encodeDocument(proofs); err != nil || !bytes.Equal(again, file(exportInclusion)) {
		return x, fail(ErrNotCanonical, "%s", dirTrail+exportInclusion)
	}
	if x.note = file(exportCheckpoint); len(x.note) > 0 {
		if x.checkpoint, err = openCheckpoint(record.Scope(), known, x.note, dirTrail+exportCheckpoint); err != nil {
			return x, err
		}
	}
	var lines bytes.Buffer
	last := int64(0)
	for i, p := range proofs {
		where := fmt.Sprintf("%s, proof %d", dirTrail+exportInclusion, i+1)
		if err := in.ctx.Err(); err != nil {
			return x, err
		}
		if p.Checkpoint != string(x.note) {
			return x, trailFault(ErrTrailProof, where, "leads to another checkpoint than that of the export")
		}
		e, err := p.under(record.Scope(), x.checkpoint)
		switch {
		case err != nil:
			return x, err
		case e.Record != record:
			return x, trailFault(ErrTrailSpliced, where, "entry %d is about %s, not %s", e.Number, e.Record, record)
		case e.Number <= last:
			return x, trailFault(ErrTrailReordered, where, "entry %d stands after %d", e.Number, last)
		}
		last = e.Number
		lines.WriteString(p.Entry + "\n")
		x.entries = append(x.entries, e)
	}
	if !bytes.Equal(lines.Bytes(), file(exportEntries)) {
		return x, trailFault(ErrTrailProof, dirTrail+exportEntries, "has other lines than the entries that are proven")
	}
	return x, nil
}

// checkLog checks the log that was given, from its beginning to its end.
func (in *inspection) checkLog(record records.RecordKey, keys []ed25519.PublicKey, x trailExport) (string, error) {
	check := TrailCheck{Scope: record.Scope(), Keys: keys, stop: in.ctx.Err}
	if len(x.note) > 0 {
		check.Witnessed = [][]byte{x.note}
	}
	about, bytesNamed := map[int64]bool{}, false
	check.Each = func(e TrailEntry) {
		if e.Record == record {
			about[e.Number] = true
			bytesNamed = bytesNamed || e.Digest == in.verification.Asset && e.Kind != TrailRefusal
		}
	}
	report, err := VerifyTrail(in.o.Trail, check)
	if fault, ok := errors.AsType[*TrailError](err); ok && fault.Where == trailWitness(0) {
		err = &TrailError{Where: "the package's " + dirTrail + exportCheckpoint, Detail: fault.Detail, Err: fault.Err}
	}
	switch {
	case err != nil:
		return "", err
	case len(about) == 0:
		return "", trailFault(ErrTrailProof, "log", "none of its %d entries is about %s", report.Newest.Size, record)
	case !bytesNamed:
		return "", trailFault(ErrTrailProof, "log", "none of its %d entries about %s names the content's %s", len(about), record, in.verification.Asset)
	}
	text := fmt.Sprintf("%d of the log's %d entries, under %d checkpoints, are about it", len(about), report.Newest.Size, report.Checkpoints)
	var open []string
	for _, n := range report.Open {
		if about[n] {
			open = append(open, fmt.Sprint(n))
		}
	}
	if len(open) > 0 {
		text += "; without a known outcome: " + strings.Join(open, ", ")
	}
	return text, nil
}
