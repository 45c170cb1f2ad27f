package evidence

import (
	"bytes"
	"context"
	"crypto/ed25519"

	"github.com/smintecm/sdk/records"
)

// The files of an export. A package has them below data/trail.
const (
	exportEntries    = "entries.jsonl"
	exportText       = "entries.txt"
	exportInclusion  = "inclusion.json"
	exportCheckpoint = "checkpoint"
	exportKeys       = "keys.pem"
)

// Export returns what the trail has about one record, to go with it: its
// entries as lines of JSON, the same for people, a proof of inclusion for each,
// the one checkpoint that they all lead to, and the public keys of the trail.
// The whole log is read once. Person, if not nil, names who stands behind
// pseudonyms in the text for people; leave it out where the export goes to
// those who need not know. It returns an error that matches
// records.ErrForeignScope for a record of another scope.
func (t *Trail) Export(ctx context.Context, record records.RecordKey, person func(pseudonym string) (string, bool)) ([]TrailFile, error) {
	if err := record.In(t.scope); err != nil {
		return nil, err
	}
	var found []TrailEntry
	for e, err := range t.Entries(ctx, 1, 0) {
		if err != nil {
			return nil, err
		}
		if e.Record == record {
			found = append(found, e)
		}
	}
	proofs, checkpoint, err := t.proveAll(ctx, found)
	if err != nil {
		return nil, err
	}
	var lines, text bytes.Buffer
	for _, p := range proofs {
		lines.WriteString(p.Entry + "\n")
	}
	err = WriteTrailText(&text, func(yield func(TrailEntry, error) bool) {
		for _, e := range found {
			if !yield(e, nil) {
				return
			}
		}
	}, person)
	if err != nil {
		return nil, err
	}
	proven, err := encodeDocument(proofs)
	if err != nil {
		return nil, err
	}
	keys, err := marshalTrailKeys(t.keys)
	if err != nil {
		return nil, err
	}
	return []TrailFile{
		{Name: exportEntries, Content: lines.Bytes()},
		{Name: exportText, Content: text.Bytes()},
		{Name: exportInclusion, Content: proven},
		{Name: exportCheckpoint, Content: checkpoint},
		{Name: exportKeys, Content: keys},
	}, nil
}

// proveAll proves entries under one checkpoint: nothing is appended meanwhile.
func (t *Trail) proveAll(ctx context.Context, entries []TrailEntry) (proofs []TrailInclusion, checkpoint []byte, err error) {
	t.commit.Lock()
	defer t.commit.Unlock()
	proofs = make([]TrailInclusion, 0, len(entries))
	for _, e := range entries {
		p, err := t.proveInclusion(ctx, e.Number)
		if err != nil {
			return nil, nil, err
		}
		proofs = append(proofs, p)
	}
	return proofs, t.note, nil
}

// marshalTrailKeys writes keys in PEM, each once.
func marshalTrailKeys(keys []ed25519.PublicKey) ([]byte, error) {
	var out []byte
	seen := map[string]bool{}
	for _, k := range keys {
		if seen[string(k)] {
			continue
		}
		seen[string(k)] = true
		text, err := MarshalPublicKey(k)
		if err != nil {
			return nil, err
		}
		out = append(out, text...)
	}
	return out, nil
}
