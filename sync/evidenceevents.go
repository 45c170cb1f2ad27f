package sync

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// tell takes from the trail what happened to the record, and the export that
// proves it.
func (p *EvidencePlan) tell(ctx context.Context) error {
	p.pack.Events = p.request.Events
	j, ok := p.scope.journal.(*TrailJournal)
	if !ok {
		return nil
	}
	files, err := j.trail.Export(ctx, p.Proves, nil)
	if err != nil {
		return fmt.Errorf("the trail's export: %w", err)
	}
	entries, err := exported(files)
	if err != nil {
		return fmt.Errorf("the trail's export: %w", err)
	}
	if len(entries) == 0 {
		return nil
	}
	p.pack.Trail = files
	for _, e := range entries {
		if event, ok := lifeEvent(e); ok {
			p.pack.Events = append(p.pack.Events[:len(p.pack.Events):len(p.pack.Events)], event)
		}
	}
	return nil
}

// exported reads the entries of an export.
func exported(files []evidence.TrailFile) (entries []evidence.TrailEntry, err error) {
	for _, f := range files {
		if f.Name != "entries.jsonl" {
			continue
		}
		for line := range bytes.Lines(f.Content) {
			e, err := evidence.ParseTrailEntry(bytes.TrimSuffix(line, []byte("\n")))
			if err != nil {
				return nil, err
			}
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// lifeEvent is what an entry of the trail says of a record's life: what was
// done, or found done, and what was refused. All else stands in the export.
func lifeEvent(e evidence.TrailEntry) (records.Event, bool) {
	kind := lifeKind(e)
	if kind == records.EventUnknown {
		return records.Event{}, false
	}
	words := []string{e.Event}
	for _, text := range []string{e.Target, e.Reason, e.Detail} {
		if text != "" {
			words = append(words, text)
		}
	}
	return records.Event{
		ID: fmt.Sprintf("trail-%d", e.Number), Record: e.Record, Kind: kind, At: e.Time.UTC(), Reason: strings.Join(words, ": "),
		Organization: e.Organization, User: e.User, Application: e.Application, Location: e.Location,
	}, true
}

// lifeSteps tells what became of a record by which step.
var lifeSteps = map[string]records.EventKind{
	declareRecord + "/upload": records.EventCaptured, declareRecord + "/add version": records.EventCaptured,
	declareRecord + "/classify": records.EventDeclared, declareRecord + "/finalize": records.EventFinalized,
	transferRights + "/write rights attributes": records.EventRights, transferRights + "/upload rights document": records.EventRights,
	transferRights + "/add rights version":      records.EventRights,
	attachEvidence + "/upload evidence package": records.EventEvidence, attachEvidence + "/add evidence version": records.EventEvidence,
}

func lifeKind(e evidence.TrailEntry) records.EventKind {
	switch e.Kind {
	case evidence.TrailRefusal:
		return records.EventRefused
	case evidence.TrailOutcome, evidence.TrailObservation:
		if e.Result != evidence.TrailDone && e.Result != evidence.TrailAdopted {
			return records.EventUnknown
		}
	case evidence.TrailIntent, evidence.TrailCorrection:
		return records.EventUnknown
	default:
		return records.EventUnknown
	}
	if kind, ok := lifeSteps[e.Event]; ok {
		return kind
	}
	primitive, step, _ := strings.Cut(e.Event, "/")
	switch {
	case primitive == applyHold, step == "hold":
		return records.EventHeld
	case primitive == releaseHold:
		return records.EventReleased
	}
	return records.EventUnknown
}
