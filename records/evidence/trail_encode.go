package evidence

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/smintecm/sdk/records"
)

// maxTrailLine bounds one line of a trail: the longest texts, all escaped, fit.
const maxTrailLine = 64 << 10

// maxTrailFile bounds a file of a trail: that of the entries has at most as many
// checkpoints as entries.
const maxTrailFile = 2 * tileWidth * maxTrailLine

const hexDigits = "0123456789abcdef"

// appendTrailEntry appends the one canonical form of e, without a line break.
func appendTrailEntry(b []byte, e *TrailEntry) []byte {
	b = append(b, `{"v":`...)
	b = strconv.AppendInt(b, int64(e.Version), 10)
	b = append(b, `,"scope":`...)
	b = appendJSONText(b, e.Scope.String())
	b = append(b, `,"n":`...)
	b = strconv.AppendInt(b, e.Number, 10)
	b = append(b, `,"time":"`...)
	b = e.Time.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	if !e.Clock.IsZero() {
		b = append(b, `,"clock":"`...)
		b = e.Clock.UTC().AppendFormat(b, time.RFC3339Nano)
		b = append(b, '"')
	}
	b = appendJSONField(b, "kind", string(e.Kind))
	b = appendJSONNumber(b, "of", e.Of)
	b = appendJSONField(b, "event", e.Event)
	b = appendJSONField(b, "organization", e.Organization)
	b = appendJSONField(b, "user", e.User)
	b = appendJSONField(b, "application", e.Application)
	b = appendJSONField(b, "location", e.Location)
	b = appendJSONField(b, "subject", e.Subject)
	if e.Record.IsValid() { // its text needs no escaping, nor does a digest's.
		b, _ = e.Record.AppendText(append(b, `,"record":"`...))
		b = append(b, '"')
	}
	b = appendJSONField(b, "target", e.Target)
	if e.Digest.IsValid() {
		b, _ = e.Digest.AppendText(append(b, `,"digest":"`...))
		b = append(b, '"')
	}
	if e.Previous.IsValid() {
		b, _ = e.Previous.AppendText(append(b, `,"previous":"`...))
		b = append(b, '"')
	}
	b = appendJSONField(b, "policy", e.Policy)
	b = appendJSONField(b, "result", string(e.Result))
	b = appendJSONField(b, "detail", e.Detail)
	b = appendJSONField(b, "reason", e.Reason)
	b = appendJSONNumber(b, "clock_skew_ns", int64(e.ClockSkew))
	return append(b, '}')
}

func appendJSONField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return appendJSONText(b, value)
}

func appendJSONNumber(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return strconv.AppendInt(b, n, 10)
}

// escaped tells which bytes are not written as they are: those of ASCII that
// JSON or we escape, and those beyond, which may be no UTF-8.
var escaped = func() (t [256]bool) {
	for c := range t {
		t[c] = c < 0x20 || c == '"' || c == '\\' || c >= 0x7f
	}
	return t
}()

// appendJSONText quotes s: only what JSON demands is escaped, and bytes that
// are no UTF-8 become U+FFFD.
func appendJSONText(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if !escaped[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(b, s[start:i]...)
				b = append(b, "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// trailEntryV1 is the wire form of version 1.
type trailEntryV1 struct {
	V            int               `json:"v"`
	Scope        records.ScopeID   `json:"scope"`
	N            int64             `json:"n"`
	Time         time.Time         `json:"time"`
	Clock        time.Time         `json:"clock"`
	Kind         TrailKind         `json:"kind"`
	Of           int64             `json:"of"`
	Event        string            `json:"event"`
	Organization string            `json:"organization"`
	User         string            `json:"user"`
	Application  string            `json:"application"`
	Location     string            `json:"location"`
	Subject      string            `json:"subject"`
	Record       records.RecordKey `json:"record"`
	Target       string            `json:"target"`
	Digest       records.Digest    `json:"digest"`
	Previous     records.Digest    `json:"previous"`
	Policy       string            `json:"policy"`
	Result       TrailResult       `json:"result"`
	Detail       string            `json:"detail"`
	Reason       string            `json:"reason"`
	ClockSkew    int64             `json:"clock_skew_ns"`
}

// ParseTrailEntry reads one entry, without its line break, of any released
// version. Only the canonical form is accepted: the same content in other
// bytes is an error that matches ErrTrailFormat, and so is an entry that could
// not have been appended.
func ParseTrailEntry(line []byte) (TrailEntry, error) {
	bad := func(format string, args ...any) (TrailEntry, error) {
		return TrailEntry{}, trailFault(ErrTrailFormat, "entry", format, args...)
	}
	if len(line) > maxTrailLine {
		return bad("longer than %d bytes", maxTrailLine)
	}
	var w trailEntryV1
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return bad("%v", err)
	}
	if w.V != TrailVersion {
		return bad("version %d is not known", w.V)
	}
	e := TrailEntry{
		Version: w.V, Number: w.N, Scope: w.Scope, Time: w.Time, Clock: w.Clock,
		TrailEvent: TrailEvent{
			Kind: w.Kind, Of: w.Of, Event: w.Event,
			TrailActor: TrailActor{Organization: w.Organization, User: w.User, Application: w.Application, Location: w.Location},
			Subject:    w.Subject, Record: w.Record, Target: w.Target, Digest: w.Digest, Previous: w.Previous, Policy: w.Policy,
			Result: w.Result, Detail: w.Detail, Reason: w.Reason, ClockSkew: time.Duration(w.ClockSkew),
		},
	}
	if e.Number < 1 || !e.Scope.IsValid() || e.Time.IsZero() {
		return bad("scope, number or time is missing")
	}
	if !bytes.Equal(appendTrailEntry(make([]byte, 0, len(line)), &e), line) {
		return bad("not in its canonical form")
	}
	if err := e.validate(e.Scope); err != nil {
		return bad("%v", err)
	}
	return e, nil
}
