package evidence

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/smintecm/sdk/records"
)

// Export returns what the trail has about one record, to go with it: its
// entries as lines of JSON, the same for people, a proof of inclusion for each,
// and the checkpoint that they lead to. The whole log is read once. Person, if
// not nil, names who stands behind pseudonyms in the text for people; leave it
// out where the export goes to those who need not know. It returns an error
// that matches records.ErrForeignScope for a record of another scope.
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
	var lines, text, checkpoint bytes.Buffer
	var proofs []TrailInclusion
	for _, e := range found {
		p, err := t.ProveInclusion(ctx, e.Number)
		if err != nil {
			return nil, err
		}
		proofs = append(proofs, p)
		lines.WriteString(p.Entry + "\n")
		checkpoint.Reset()
		checkpoint.WriteString(p.Checkpoint)
	}
	err := WriteTrailText(&text, func(yield func(TrailEntry, error) bool) {
		for _, e := range found {
			if !yield(e, nil) {
				return
			}
		}
	}, person)
	if err != nil {
		return nil, err
	}
	proven, err := json.MarshalIndent(proofs, "", "  ")
	if err != nil {
		return nil, err
	}
	return []TrailFile{
		{Name: "entries.jsonl", Content: lines.Bytes()},
		{Name: "entries.txt", Content: text.Bytes()},
		{Name: "inclusion.json", Content: append(proven, '\n')},
		{Name: "checkpoint", Content: checkpoint.Bytes()},
	}, nil
}
