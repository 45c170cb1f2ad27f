package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
)

// Answer says what a decision about a use came to. The zero value asks for
// review: what is not known is not allowed.
type Answer uint8

// The answers.
const (
	NeedsReview Answer = iota
	Denied
	Allowed
)

// String names the answer; what is unknown needs review.
func (a Answer) String() string {
	switch a {
	case Allowed:
		return "allowed"
	case Denied:
		return "denied"
	case NeedsReview:
		return "needs review"
	default:
		return "needs review"
	}
}

// Decision is one row of the decision table.
type Decision struct {
	// Use says in words what was asked: "online banner, Austria, April 2026".
	Use    string
	Answer Answer
	// Rule names the rule that decided.
	Rule string
	// Clauses say why, the deciding one first.
	Clauses []string
}

// File is a file with its digest.
type File struct {
	// Name is relative to the package's folder, with slashes.
	Name   string
	Digest records.Digest
}

// Report is what is said about one record at one moment.
type Report struct {
	// Title is what people call the record.
	Title        string
	Organization string
	// At is the moment that the report speaks of.
	At time.Time
	// State is where the record stands in its life.
	State records.State
	// Calendar has the record's key, rights windows, retention and holds.
	Calendar records.Calendar
	// Approval is who approved it; nil for nobody.
	Approval *records.Approval
	// Today is what the rights' own rules answer about At, and about no use in
	// particular; its Use may be empty. The zero value needs review: where nobody
	// decided, nothing is allowed.
	Today Decision
	// Events are what happened, oldest first.
	Events records.History
	// Decisions are answers about uses, each as its own rules gave it.
	Decisions []Decision
	// Files have the digests that can be checked by hand.
	Files []File
	// Manifest is the name of the package's checksum file, for example
	// "manifest-sha256.txt"; empty for none.
	Manifest string
	// Checkpoint is the trail's signed note at that moment; empty for none.
	Checkpoint string
}

// Validate returns nil, or an error that matches records.ErrInvalid and lists
// every fault.
func (r Report) Validate() error {
	var p records.Problems
	p.Check(r.Title != "", "title", r.Title, "what people call the record")
	p.Check(!r.At.IsZero(), "at", r.At, "the moment that the report speaks of")
	p.Check(r.Calendar.Record.IsValid(), "calendar.record", r.Calendar.Record, "the record's key")
	p.Check(r.Manifest == "" || plain(r.Manifest), "manifest", r.Manifest, "a file name of letters, digits, '.', '_', '-' and '/'")
	for i, f := range r.Files {
		p.Check(plain(f.Name), fmt.Sprintf("files[%d].name", i), f.Name, "a file name of letters, digits, '.', '_', '-' and '/'")
		p.Check(f.Digest.IsValid(), fmt.Sprintf("files[%d].digest", i), f.Digest, "a digest")
	}
	for i, d := range r.Decisions {
		p.Check(d.Use != "", fmt.Sprintf("decisions[%d].use", i), d.Use, "the use that was asked about")
	}
	for i, e := range r.Events {
		p.Check(!e.Record.IsValid() || e.Record == r.Calendar.Record, fmt.Sprintf("events[%d].record", i), e.Record, "the record of the report")
	}
	return p.Err("report.Write")
}

// plain reports whether a name can stand in a line for a shell.
func plain(name string) bool {
	return name != "" && name[0] != '-' && name[0] != '/' && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/") == "" &&
		!strings.Contains("/"+name+"/", "/../")
}

//go:embed report.html
var page string

// Write writes the report as one HTML file. It returns an error that matches
// records.ErrInvalid before anything is written, or the writer's. The same
// values give the same bytes.
func (r Report) Write(w io.Writer) error {
	if err := r.Validate(); err != nil {
		return err
	}
	t, err := template.New("report").Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, r.view())
}

// view is what the page shows.
type view struct {
	Report
	Key, Zone, Moment string
	Cards             []card
	Charts            []chart
	Rows              []line
	Open              []string
	Conflicts         []records.Conflict
	Kept              string
	Sums              string
	Approved          string
}

// card answers one question about today.
type card struct {
	Question, Answer, Why, Class string
}

// line is one event as the table shows it.
type line struct {
	Number                      int
	At, Kind, Who, Where, Why   string
	Organization, With, Correct string
}

func (r Report) view() view {
	zone := r.Calendar.Zone
	if zone == nil {
		zone = time.UTC
	}
	kept, err := r.Calendar.Schedule.Kept(r.Calendar.Dates)
	if err != nil {
		kept = records.Due{Why: "the schedule cannot be read, so the record is kept: " + err.Error()}
	}
	v := view{
		Report: r, Key: r.Calendar.Record.String(), Zone: zone.String(), Moment: r.At.In(zone).Format("2006-01-02 15:04 MST"),
		Cards: r.cards(kept), Open: r.Calendar.Open(), Conflicts: r.Calendar.Conflicts(), Kept: kept.String(),
	}
	for _, width := range []int{wide, narrow} {
		v.Charts = append(v.Charts, r.chart(width, zone, kept))
	}
	for i, e := range r.Events {
		l := line{
			Number: i + 1, At: e.At.In(zone).Format("2006-01-02 15:04:05 MST"), Kind: e.Kind.String(), Who: e.User, Organization: e.Organization,
			With: e.Application, Where: e.Location, Why: e.Reason,
		}
		if e.Corrects != "" {
			l.Correct = "corrects event " + e.Corrects
		}
		v.Rows = append(v.Rows, l)
	}
	var sums strings.Builder
	for _, f := range r.Files {
		fmt.Fprintf(&sums, "%s  %s\n", f.Digest.Hex(), f.Name)
	}
	v.Sums = sums.String()
	if a := r.Approval; a != nil {
		v.Approved = fmt.Sprintf("%s, on %s", a.Person, a.At.In(zone).Format("2006-01-02 15:04 MST"))
	}
	return v
}

// today joins the answer of the rights' rules with the calendar's two clocks:
// an answer allows nothing whose time is over or has not come.
type today struct {
	use, first Answer
	// useWhy and firstWhy say in words why.
	useWhy, firstWhy string
}

func (r Report) today() today {
	day := r.Calendar.At(r.At)
	why := "nobody decided on the rights"
	if len(r.Today.Clauses) > 0 {
		why = r.Today.Clauses[0]
	} else if r.Today.Rule != "" {
		why = "by the rule " + r.Today.Rule
	}
	t := today{r.Today.Answer, r.Today.Answer, why, why}
	if r.Today.Answer != Allowed && r.Today.Answer != Denied {
		t.use, t.first = NeedsReview, NeedsReview
	}
	switch {
	case !day.Use:
		t.use, t.first = Denied, Denied
		t.useWhy = "no license is open now: none was given, or one has not begun or has ended"
		t.firstWhy = "no new download: no license is open now"
	case !day.FirstUse:
		t.first, t.firstWhy = Denied, "no new download: the time for a first use is over"
	}
	return t
}

// words say it all on one short line.
func (t today) words() string {
	switch {
	case t.use == Denied:
		return "no use"
	case t.use != Allowed && t.first == Denied:
		return "ask before use, no first use"
	case t.use != Allowed:
		return "ask before any use"
	case t.first == Allowed:
		return "use allowed, a first one too"
	default:
		return "use may go on, no first use"
	}
}

// class is the answer's color: that of the worse one.
func class(a Answer) string {
	switch a {
	case Allowed:
		return "yes"
	case Denied:
		return "no"
	case NeedsReview:
		return "warn"
	default:
		return "warn"
	}
}

// cards say what may and must be done at the report's moment.
func (r Report) cards(kept records.Due) []card {
	day, t := r.Calendar.At(r.At), r.today()
	answers := func(a Answer, no string) string {
		switch a {
		case Allowed:
			return "Allowed"
		case Denied:
			return no
		case NeedsReview:
			return "Ask first"
		default:
			return "Ask first"
		}
	}
	out := []card{
		{"Use that goes on", answers(t.use, "Stop"), t.useWhy, class(t.use)},
		{"First use", answers(t.first, "Not now"), t.firstWhy, class(t.first)},
		{"Hold", "None", "no hold stands", "calm"},
		{"Record", "May be reviewed for disposition", kept.String(), "calm"},
	}
	if day.Held {
		out[2].Answer, out[2].Why, out[2].Class = "On hold", r.Calendar.Holds.String()+": nothing may be disposed of", "warn"
	}
	if day.Keep {
		out[3].Answer, out[3].Class = "Must be kept", "warn"
	}
	return out
}
