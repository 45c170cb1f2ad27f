package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence/report"
	"github.com/smintecm/sdk/rightsmap"
	recsync "github.com/smintecm/sdk/sync"
)

const manifest = "manifest-sha256.txt"

// report says in one page what is known of the record: the rights as they were
// decided, retention and holds as ECM has them, and the digests of the package.
func (d declared) report(ctx context.Context, scope *recsync.Scope, client *ecm.Client, dir string, checkpoint []byte) (report.Report, error) {
	at := time.Now()
	schedule, scheduleErr := readSchedule(ctx, client, d.record.Schedule)
	facts, factsErr := scope.AccessFactsOf(ctx, d.record.Record.Key())
	files, filesErr := digests(dir)
	if err := errors.Join(scheduleErr, factsErr, filesErr); err != nil {
		return report.Report{}, err
	}
	r := report.Report{
		Title: d.title, Organization: organization, At: at, State: records.StateFinal,
		Calendar: records.Calendar{
			Record: d.record.Record.Key(), Rights: d.license.RightsWindows(), Schedule: schedule, Holds: facts.Holds,
			Dates: map[string]records.Date{created: records.DateIn(d.record.At, nil)},
		},
		Approval: d.record.Approval, Today: row("", d.license.Standing(at)), Events: d.events(),
		Files: files, Manifest: manifest, Checkpoint: string(checkpoint),
	}
	for _, q := range questions(at) {
		r.Decisions = append(r.Decisions, row(q.text, d.license.Decide(q.use)))
	}
	return r, nil
}

// events are what the receipts tell.
func (d declared) events() records.History {
	event := func(id string, kind records.EventKind, at time.Time, reason string) records.Event {
		return records.Event{
			ID: id, Record: d.record.Record.Key(), Kind: kind, Organization: organization, User: d.user, Application: application,
			At: at.UTC(), Location: host(), Reason: reason,
		}
	}
	return records.History{
		event("finalized", records.EventFinalized, d.record.At, "node "+d.record.Record.Node().String()+", schedule "+d.record.Schedule),
		event("rights", records.EventRights, d.rights.At, "standing: "+d.rights.Rights),
	}
}

type question struct {
	text string
	use  rightsmap.Use
}

// questions are uses that people ask about.
func questions(at time.Time) []question {
	banner := rightsmap.Use{
		From: at, Until: at.AddDate(0, 3, 0), Phase: rightsmap.FirstUse, Purpose: rightsmap.Commercial, Usages: []string{"digital_media_digital_advertisement"},
		Distributions: []string{"channel_web"}, Geographies: []string{"europe_austria"}, Languages: []string{"language_german"},
	}
	news := banner
	news.Purpose, news.Usages, news.Distributions = rightsmap.Editorial, []string{"publishing_editorial_newspaper"}, []string{"channel_print"}
	before := banner
	before.From, before.Until = at.AddDate(-2, 0, 0), at.AddDate(-1, 0, 0)
	unsaid := banner
	unsaid.Reuses = 1
	return []question{
		{"online banner in Austria, in German, three months from now, first use", banner},
		{"newspaper in Austria, editorial", news},
		{"the same banner, two years ago", before},
		{"the same banner, as one more reuse of the license", unsaid},
	}
}

// row is a decision as the report shows it.
func row(use string, d rightsmap.Decision) report.Decision {
	out := report.Decision{Use: use, Rule: d.Rule}
	switch d.Verdict {
	case rightsmap.Allowed:
		out.Answer = report.Allowed
	case rightsmap.Denied:
		out.Answer = report.Denied
	case rightsmap.NeedsReview:
	default:
	}
	for _, c := range d.Decisive() {
		out.Clauses = append(out.Clauses, c.Reason)
	}
	return out
}

// created names the date that the examples' schedule counts from.
const created = "created"

// readSchedule reads the record's RSI with its stages.
func readSchedule(ctx context.Context, client *ecm.Client, name string) (records.Schedule, error) {
	list, err := client.RSIs.List(ctx)
	if err != nil {
		return records.Schedule{}, err
	}
	out := records.Schedule{Name: name}
	for _, rsi := range list {
		if rsi.Name != name {
			continue
		}
		stages, err := client.RSIs.Get(ctx, rsi.ID)
		if err != nil {
			return records.Schedule{}, err
		}
		for _, s := range stages {
			code, err := strconv.Atoi(s.Action)
			if err != nil {
				return records.Schedule{}, fmt.Errorf("schedule %s: action %q is no code", name, s.Action)
			}
			out.Stages = append(out.Stages, records.Stage{
				Code: s.Stage, Kind: records.RetentionKind(s.EventType), From: created, Period: records.Period{Years: s.Years, Months: s.Months, Days: s.Days},
				YearEnd: records.YearEnd{Month: time.Month(s.YearEndMonth), Day: s.YearEndDay}, Action: records.ActionOfCode(code),
			})
		}
		break
	}
	return out, out.Validate()
}

// digests reads the package's own checksum file.
func digests(dir string) ([]report.File, error) {
	b, err := os.ReadFile(filepath.Join(dir, manifest))
	if err != nil {
		return nil, err
	}
	var files []report.File
	for line := range bytes.Lines(b) {
		sum, name, _ := bytes.Cut(bytes.TrimSpace(line), []byte("  "))
		d, err := records.ParseDigest("sha256:" + string(sum))
		if err != nil {
			return nil, err
		}
		files = append(files, report.File{Name: string(name), Digest: d})
	}
	return files, nil
}

func writeReport(name string, r report.Report) error {
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		return err
	}
	return os.WriteFile(name, b.Bytes(), 0o600)
}
