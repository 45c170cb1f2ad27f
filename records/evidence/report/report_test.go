package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence/report"
)

var update = flag.Bool("update", false, "write the golden reports anew")

var key = records.MustRecordKey("acme/purchase/79468/1/2")

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func event(id string, kind records.EventKind, when, why string) records.Event {
	return records.Event{
		ID: id, Record: key, Kind: kind, Organization: "Acme Ltd", User: "person-51144de53149fc4baf14cb5b9d596855", Application: "records-sync 1.0",
		At: at(when), Location: "Graz", Reason: why,
	}
}

// held is a record in the middle of its life, with all that a report can show.
func held() report.Report {
	hold := records.Hold{ID: records.MustHoldID("H-12"), Matter: "Miller v. Acme", Authority: "Legal", AppliedBy: "kim", At: at("2026-06-01T09:00:00Z")}
	old := records.Hold{ID: records.MustHoldID("H-3"), Matter: "audit 2026", Authority: "Audit", AppliedBy: "kim", At: at("2026-02-01T09:00:00Z")}
	corrected := event("e6", records.EventCorrected, "2026-06-02T10:00:00Z", "the matter was mistyped")
	corrected.Corrects = "e5"
	return report.Report{
		Title: "Lake at dawn <2026>", Organization: "Acme Ltd", At: at("2026-07-15T12:00:00Z"), State: records.StateFinal,
		Calendar: records.Calendar{
			Record: key,
			Rights: []records.RightsWindow{
				{Name: "license 79468", From: at("2026-01-01T00:00:00Z"), Until: at("2028-01-01T00:00:00Z"), FirstUseUntil: at("2026-06-30T00:00:00Z")},
			},
			Uses: []records.PlannedUse{{Name: "spring campaign with a name that is far too long for a narrow picture and has to be cut", From: records.MustDate("2026-03-01"), Until: records.MustDate("2028-03-31")}},
			Schedule: records.Schedule{Name: "MKT-07", Stages: []records.Stage{
				{Code: "FINAL", Action: records.ActionDestroy, Kind: records.RetentionCalculated, From: "declared", Period: records.Period{Years: 7}},
			}},
			Dates: map[string]records.Date{"declared": records.MustDate("2026-01-15")},
			Holds: records.Holds(hold),
			Released: []records.HoldSpan{{
				Hold: old, Release: records.Release{ID: old.ID, By: "kim", At: at("2026-03-01T09:00:00Z"), Reason: "audit closed"},
			}},
			Planned: []records.PlannedAction{{Action: records.ActionDestroy, On: records.MustDate("2033-01-15")}},
		},
		Approval: &records.Approval{
			Source: records.ApprovalByPurchase, Asset: key, Person: "ada@acme.example", At: at("2026-01-10T08:00:00Z"), Digest: records.DigestOf([]byte("lake")),
			Restrictions: []string{"not for alcohol"}, Reviewers: []string{"Legal"},
		},
		Events: records.History{
			event("e1", records.EventCaptured, "2026-01-15T08:00:00Z", ""), event("e2", records.EventDeclared, "2026-01-15T08:00:02Z", ""),
			event("e3", records.EventFinalized, "2026-01-15T08:00:03Z", ""), event("e4", records.EventHeld, "2026-02-01T09:00:00Z", "audit 2026"),
			event("e5", records.EventHeld, "2026-06-01T09:00:00Z", "Miller v. Acme"), corrected,
		},
		Decisions: []report.Decision{
			{Use: "online banner, Austria, July 2026, continued", Answer: report.Allowed, Rule: "valid_until", Clauses: []string{"use may go on until 2028-01-01"}},
			{Use: "first use in print", Answer: report.Denied, Rule: "to_be_used_until", Clauses: []string{"the first use was due by 2026-06-30"}},
			{Use: "film", Answer: report.NeedsReview, Rule: "medium", Clauses: []string{"the license says nothing about film"}},
		},
		Today:    report.Decision{Answer: report.Allowed, Rule: "usages", Clauses: []string{"usages digital_media_any are allowed"}},
		Files:    []report.File{{Name: "data/asset", Digest: records.DigestOf([]byte("lake"))}, {Name: "data/rights/odrl.json", Digest: records.DigestOf([]byte("odrl"))}},
		Manifest: "manifest-sha256.txt", Checkpoint: "github.com/smintecm/sdk/trail/acme\n6\n8qC2G6CLOgoAODSaspI+KkuYllXKD2UKp0tSvg1gm5E=\n",
	}
}

// bare is a record of which hardly anything is known.
func bare() report.Report {
	return report.Report{Title: "Unknown", At: at("2026-07-15T12:00:00Z"), Calendar: records.Calendar{Record: key}}
}

func write(t *testing.T, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.Write(&b))
	return b.String()
}

func TestReport_Golden(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]report.Report{"held": held(), "bare": bare()} {
		path := filepath.Join("testdata", name+".html")
		got := write(t, r)
		require.Equal(t, got, write(t, r), "the same values give the same bytes")
		if *update {
			require.NoError(t, os.MkdirAll("testdata", 0o755))
			require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// TestReport_SaysWhatMayBeDoneToday, and nothing is allowed that is not known.
func TestReport_SaysWhatMayBeDoneToday(t *testing.T) {
	t.Parallel()
	text := write(t, held())
	for _, want := range []string{
		`<div class="card yes"><small>Use that goes on</small><strong>Allowed</strong><small>usages digital_media_any are allowed</small>`,
		`<text class="today yes"`, ">use may go on, no first use</text>", `<g class="sign yes"`,
		`<div class="card no"><small>First use</small><strong>Not now</strong>`,
		`<div class="card warn"><small>Hold</small><strong>On hold</strong>`,
		`<div class="card warn"><small>Record</small><strong>Must be kept</strong>`,
		"hold over disposition", "use outside license", "corrects event e5",
	} {
		require.Contains(t, text, want)
	}
	text = write(t, bare())
	for _, want := range []string{"<strong>Stop</strong>", "<strong>On hold</strong>", "<strong>Must be kept</strong>", "Nobody approved this version."} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, text, "Allowed</strong>")
	require.Contains(t, text, ">no use</text>")
	require.Equal(t, "needs review", report.Answer(9).String())

	r := held()
	r.Today = report.Decision{}
	require.Contains(t, write(t, r), `<strong>Ask first</strong><small>nobody decided on the rights</small>`, "an open license alone allows nothing")
	r.Today = report.Decision{Answer: report.Denied, Rule: "state", Clauses: []string{"the purchase was cancelled: no license exists"}}
	text = write(t, r)
	require.Contains(t, text, `<strong>Stop</strong><small>the purchase was cancelled: no license exists</small>`)
	require.Contains(t, text, `<g class="sign no"`)
	r = held()
	r.Calendar.Rights = append(r.Calendar.Rights, records.RightsWindow{Name: "music", Until: at("2026-07-01T00:00:00Z")})
	text = write(t, r)
	require.Contains(t, text, `<g class="sign yes"`, "this license is open,")
	require.Contains(t, text, `<g class="sign no"`, "that one is not,")
	require.Contains(t, text, ">no use</text>", "so nothing may be used")
}

// TestReport_PropertyAllowsNoMoreThanRulesAndCalendar: each alone can forbid.
func TestReport_PropertyAllowsNoMoreThanRulesAndCalendar(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		r := held()
		r.Today.Answer = report.Answer(rapid.Uint8Range(0, 3).Draw(t, "answer"))
		r.At = time.Date(rapid.IntRange(2025, 2029).Draw(t, "year"), time.Month(rapid.IntRange(1, 12).Draw(t, "month")), 15, 0, 0, 0, 0, time.UTC)
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		day := r.Calendar.At(r.At)
		for question, open := range map[string]bool{"Use that goes on": day.Use, "First use": day.FirstUse} {
			_, rest, _ := strings.Cut(b.String(), "<small>"+question+"</small><strong>")
			answer, _, _ := strings.Cut(rest, "</strong>")
			seen[answer] = true
			if allowed := r.Today.Answer == report.Allowed && open; allowed != (answer == "Allowed") {
				t.Fatalf("%s at %s: %s, the rules say %s, the calendar %t", question, r.At, answer, r.Today.Answer, open)
			}
		}
	})
	for _, answer := range []string{"Allowed", "Ask first", "Stop", "Not now"} {
		require.True(t, seen[answer], answer)
	}
}

// TestReport_LoadsAndRunsNothing, whatever its values say.
func TestReport_LoadsAndRunsNothing(t *testing.T) {
	t.Parallel()
	const evil = `"><script>alert(1)</script><img alt=x onerror=alert(1)>{{.}}</style></title>`
	r := held()
	r.Title, r.Organization, r.Checkpoint = evil, evil, evil
	r.Calendar.Rights[0].Name, r.Calendar.Uses[0].Name = evil, evil
	r.Decisions[0] = report.Decision{Use: evil, Rule: evil, Clauses: []string{evil}}
	r.Approval.Person, r.Approval.Restrictions = evil, []string{evil}
	for i := range r.Events {
		r.Events[i].User, r.Events[i].Location, r.Events[i].Reason = evil, evil, evil
	}
	text := write(t, r)
	for _, bad := range []string{"<script", "<img", "http:", "https:", "src=", "href=", "url(", "@import"} {
		require.NotContains(t, text, bad)
	}
	require.Contains(t, text, `content="default-src 'none'; style-src 'unsafe-inline'"`)
	require.NotContains(t, text, "ZgotmplZ")
}

// TestReport_PicturesAreWellFormed.
func TestReport_PicturesAreWellFormed(t *testing.T) {
	t.Parallel()
	text := write(t, held())
	require.Equal(t, 2, strings.Count(text, "<svg"))
	for _, part := range strings.Split(text, "<svg")[1:] {
		svg, _, found := strings.Cut(part, "</svg>")
		require.True(t, found)
		d := xml.NewDecoder(strings.NewReader("<svg" + svg + "</svg>"))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err)
			}
		}
	}
}

func requireApart(t interface {
	Helper()
	Fatalf(string, ...any)
}, r report.Report,
) {
	t.Helper()
	for picture, boxes := range r.Boxes() {
		whole := boxes[0]
		for i, a := range boxes[1:] {
			if a.X1 < whole.X1 || a.Y1 < whole.Y1 || a.X2 > whole.X2 || a.Y2 > whole.Y2 {
				t.Fatalf("%s: %+v leaves the picture %+v", picture, a, whole)
			}
			for _, b := range boxes[i+2:] {
				if strings.HasPrefix(b.Name, "sign") && strings.HasPrefix(a.Name, "bar") {
					continue
				}
				if a.X1 < b.X2 && b.X1 < a.X2 && a.Y1 < b.Y2 && b.Y1 < a.Y2 {
					t.Fatalf("%s: %+v and %+v overlap", picture, a, b)
				}
			}
		}
	}
}

// TestReport_NothingOverlaps: in both pictures, for whatever dates.
func TestReport_NothingOverlaps(t *testing.T) {
	t.Parallel()
	requireApart(t, held())
	requireApart(t, bare())
	rapid.Check(t, func(rt *rapid.T) {
		day := rapid.Custom(func(rt *rapid.T) time.Time {
			return time.Date(rapid.IntRange(1950, 2300).Draw(rt, "year"), time.Month(rapid.IntRange(1, 12).Draw(rt, "month")), rapid.IntRange(1, 28).Draw(rt, "day"), 0, 0, 0, 0, time.UTC)
		})
		r := held()
		r.At = day.Draw(rt, "at")
		for i := range rapid.IntRange(0, 4).Draw(rt, "licenses") {
			w := records.RightsWindow{Name: strings.Repeat("名前 name ", i*3+1), From: day.Draw(rt, "from"), Until: day.Draw(rt, "until")}
			if i%2 == 0 {
				w.Until = time.Time{}
			}
			r.Calendar.Rights = append(r.Calendar.Rights, w)
		}
		r.Events = nil
		for range rapid.IntRange(0, 30).Draw(rt, "events") {
			r.Events = append(r.Events, records.Event{Record: key, At: day.Draw(rt, "event")})
		}
		requireApart(rt, r)
	})
}

func TestReport_ReportsAllFaults(t *testing.T) {
	t.Parallel()
	r := report.Report{
		Manifest: "a b", Files: []report.File{{Name: "../x"}, {Name: "-c"}}, Decisions: []report.Decision{{}},
		Events: records.History{{Record: records.MustRecordKey("other/purchase/1/1/1")}},
	}
	var invalid *records.InvalidError
	require.ErrorAs(t, r.Write(io.Discard), &invalid)
	require.Len(t, invalid.Problems, 10)
}
