package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
)

// The widths of the two pictures, of which the page shows the one that fits.
const (
	wide   = 960
	narrow = 340

	margin = 12
	// laneHeight is that of a lane's bars, with the air around them.
	laneHeight = 28
	lineHeight = 16
	// textLines is how many lines the text of a lane may take.
	textLines = 3
	textSize  = 13
	// charWidth is more than an average letter of that size is wide, so that a
	// text that is cut to it fits.
	charWidth = 7.6
	markSize  = 20
	yearWidth = 32
)

// chart is one picture, all of it laid out.
type chart struct {
	Width, Height int
	Class         string
	Texts         []label
	Bars          []bar
	Marks         []mark
	Grid          []int // x of the years' lines
	Top, Bottom   int   // of the lines
	Today         int
	// Answer is the color of today, Signs say on each license what may be done.
	Answer  string
	Signs   []sign
	Summary string
}

// sign is today's answer about a license, a disk on its bar.
type sign struct {
	X, Y        int
	Class, Path string
	Title       string
}

// paths draw a tick, a cross and a question's dot and hook around 0,0.
var paths = map[string]string{"yes": "M-4 0l3 3l5-6", "no": "M-3-3l6 6m0-6l-6 6", "warn": "M0-4v4m0 3v1"}

// label is a text with the box that is kept free for it.
type label struct {
	X, Y, W int
	Anchor  string
	Class   string
	Text    string
}

type bar struct {
	X, Y, W, H int
	Class      string
	Title      string
	// Arrow, if the bar has no end, is the polygon of its point.
	Arrow string
}

// mark is an event: a disk with its number in the table.
type mark struct {
	X, Y, Number int
	Title        string
}

// span is one bar before it has a place: an invalid end is open.
type span struct {
	from, until records.Date
	class       string
}

// lane is a text with its bars below it.
type lane struct {
	text  string
	spans []span
	// sign, if any, is the color of today's answer about it.
	sign string
}

// chart lays out everything in a picture of that width.
func (r Report) chart(width int, zone *time.Location, kept records.Due) chart {
	today := records.DateIn(r.At, zone)
	lanes := r.lanes(zone, kept)
	axis := newAxis(width, today, lanes, r.Events, zone)
	answer := r.today()
	c := chart{Width: width, Class: "wide", Today: axis.x(today), Top: 42, Answer: class(answer.use)}
	if width == narrow {
		c.Class = "narrow"
	}
	c.Summary = fmt.Sprintf("Time line of %s as of %s: %s", r.Calendar.Record, today, answer.words())
	c.text(c.Today, 16, "today", today.String())
	c.text(c.Today, 34, "today "+c.Answer, answer.words())
	y := c.Top + 6
	for _, l := range lanes {
		y = c.label(margin, y+14, width-2*margin, "lane", l.text)
		for _, s := range l.spans {
			c.bar(axis, s, y+6, l.text)
		}
		if l.sign != "" {
			c.Signs = append(c.Signs, sign{c.Today, y + 13, l.sign, paths[l.sign], l.text})
		}
		y += laneHeight
	}
	y = c.events(axis, r.Events, zone, y)
	c.Bottom = y
	y += 18
	right := 0
	for _, year := range axis.years() {
		x := axis.x(year)
		c.Grid = append(c.Grid, x)
		half := yearWidth / 2
		if x-half > right && x+half <= width {
			c.Texts = append(c.Texts, label{X: x, Y: y, W: yearWidth, Anchor: "middle", Class: "year", Text: fmt.Sprint(year.Year())})
			right = x + half + 8
		}
	}
	c.Height = y + 8
	return c
}

// lanes are the bars of the picture, from top to bottom.
func (r Report) lanes(zone *time.Location, kept records.Due) []lane {
	var out []lane
	c := r.Calendar
	day := func(t time.Time) records.Date {
		if t.IsZero() {
			return records.Date{}
		}
		return records.DateIn(t, zone)
	}
	for _, w := range c.Rights {
		l := lane{text: w.Name + ": " + between(day(w.From), day(w.Until)), sign: class(r.Today.Answer)}
		if alone := (records.Calendar{Rights: []records.RightsWindow{w}}); !alone.At(r.At).Use {
			l.sign = class(Denied)
		}
		l.spans = append(l.spans, span{day(w.From), day(w.Until), "license"})
		if first := day(w.FirstUseUntil); first.IsValid() {
			l.text += ", first use until " + first.String()
			l.spans = append(l.spans, span{day(w.From), first, "first"})
		}
		out = append(out, l)
	}
	if len(c.Rights) == 0 {
		out = append(out, lane{text: "no license: not allowed", sign: class(Denied)})
	}
	for _, u := range c.Uses {
		out = append(out, lane{text: u.Name + ": " + between(u.From, u.Until), spans: []span{{u.From, u.Until, "use"}}})
	}
	out = append(out, lane{text: "retention: " + kept.String(), spans: []span{{r.begin(zone), kept.On, "retention"}}})
	for _, h := range c.Holds.List() {
		out = append(out, lane{text: fmt.Sprintf("hold %s (%s): stands", h.ID, h.Matter), spans: []span{{day(h.At), records.Date{}, "hold"}}})
	}
	if !c.Holds.Known() {
		out = append(out, lane{text: "holds were not read: taken as held", spans: []span{{day(r.At), records.Date{}, "hold"}}})
	}
	for _, h := range c.Released {
		out = append(out, lane{
			text:  fmt.Sprintf("hold %s (%s): released, %s", h.Hold.ID, h.Hold.Matter, between(day(h.Hold.At), day(h.Release.At))),
			spans: []span{{day(h.Hold.At), day(h.Release.At), "released"}},
		})
	}
	for _, p := range c.Planned {
		out = append(out, lane{text: fmt.Sprintf("planned: %s on %s", p.Action, p.On), spans: []span{{p.On, p.On, "planned"}}})
	}
	return out
}

// begin is the day from which the record is kept: its first event, or the
// first of its dates.
func (r Report) begin(zone *time.Location) records.Date {
	var first records.Date
	take := func(d records.Date) {
		if d.IsValid() && (!first.IsValid() || d.Before(first)) {
			first = d
		}
	}
	for _, e := range r.Events {
		take(records.DateIn(e.At, zone))
	}
	if !first.IsValid() {
		for _, d := range r.Calendar.Dates {
			take(d)
		}
	}
	return first
}

func between(from, until records.Date) string {
	switch {
	case from.IsValid() && until.IsValid():
		return from.String() + " to " + until.String()
	case from.IsValid():
		return "from " + from.String() + ", no end"
	case until.IsValid():
		return "until " + until.String()
	}
	return "no end"
}

// text puts a text around x, moved to stay inside.
func (c *chart) text(x, y int, class, s string) {
	w := int(float64(len(s)) * charWidth)
	x = min(max(x, margin+w/2), c.Width-margin-w/2)
	c.Texts = append(c.Texts, label{X: x, Y: y, W: w, Anchor: "middle", Class: class, Text: s})
}

// label puts a text from x on, in as many lines of that width as it needs, at
// most three, and returns where its last one stands.
func (c *chart) label(x, y, w int, class, s string) int {
	for n := 1; ; n++ {
		line, rest := s, ""
		if n < textLines {
			line, rest = broken(s, w)
		}
		c.Texts = append(c.Texts, label{X: x, Y: y, W: w, Anchor: "start", Class: class, Text: fit(line, w)})
		if rest == "" {
			return y
		}
		s, y = rest, y+lineHeight
	}
}

// broken splits s at the last space before the width; a word that is longer
// is cut where it is drawn.
func broken(s string, w int) (line, rest string) {
	if fit(s, w) == s {
		return s, ""
	}
	cut := strings.TrimSuffix(fit(s, w), "…")
	if at := strings.LastIndexByte(cut, ' '); at > 0 {
		return s[:at], s[at+1:]
	}
	return s, ""
}

// fit cuts s to the width; letters of wide scripts count twice.
func fit(s string, w int) string {
	used := charWidth
	for i, r := range s {
		if used += charWidth; r >= 0x1100 {
			used += charWidth
		}
		if used > float64(w) {
			return s[:i] + "…"
		}
	}
	return s
}

func (c *chart) bar(a axis, s span, y int, title string) {
	x, end := margin, c.Width-margin
	if s.from.IsValid() {
		x = a.x(s.from)
	}
	b := bar{Y: y, H: 14, Class: s.class, Title: title}
	if s.until.IsValid() {
		end = a.x(s.until)
	} else {
		end -= 8
		b.Arrow = fmt.Sprintf("%d,%d %d,%d %d,%d", end, y, end+8, y+7, end, y+14)
	}
	b.X, b.W = min(x, end-3), max(end-x, 3)
	if s.class == "first" {
		b.Y, b.H = y+9, 5
	}
	c.Bars = append(c.Bars, b)
}

// events puts the events' marks in as many rows as they need, so that none
// hides another, and returns where the rows end.
func (c *chart) events(a axis, events records.History, zone *time.Location, y int) int {
	if len(events) == 0 {
		return y
	}
	y = c.label(margin, y+14, c.Width-2*margin, "lane", "events, by their number in the table") + 8
	var rows []int // where each row is free again
	for i, e := range events {
		x := a.x(records.DateIn(e.At, zone))
		x = min(max(x, markSize/2+2), c.Width-markSize/2-2)
		row := 0
		for row < len(rows) && rows[row] > x-markSize/2 {
			row++
		}
		if row == len(rows) {
			rows = append(rows, 0)
		}
		rows[row] = x + markSize/2 + 2
		c.Marks = append(c.Marks, mark{x, y + markSize/2 + row*(markSize+2), i + 1, fmt.Sprintf("%s %s", e.At.In(zone).Format(time.DateOnly), e.Kind)})
	}
	return y + len(rows)*(markSize+2) + 8
}
