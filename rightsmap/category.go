package rightsmap

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/smintecm/sdk/records"
)

// AttributeType is the type of a category's attribute.
type AttributeType uint8

// The attribute types that rights are written to.
const (
	TextAttribute AttributeType = iota
	IntegerAttribute
	DateAttribute // a calendar day
	BooleanAttribute
)

var attributeTexts = []string{"text", "integer", "date", "boolean"}

// String names the type; it is total.
func (t AttributeType) String() string { return text(attributeTexts, "AttributeType", t) }

// MarshalText returns the type's name; a foreign number is an error.
func (t AttributeType) MarshalText() ([]byte, error) {
	return marshal(attributeTexts, "AttributeType", t)
}

// UnmarshalText reads exactly one of the types' names.
func (t *AttributeType) UnmarshalText(b []byte) (err error) {
	*t, err = unmarshal[AttributeType](attributeTexts, "attribute type", string(b))
	return err
}

// Attribute says what goes into one attribute of a category.
type Attribute struct {
	// Name is the attribute's label.
	Name string `json:"name"`
	// Field is one of [FieldNames].
	Field string `json:"field"`
	// Type is the attribute's type.
	Type AttributeType `json:"type"`
	// Multi means that it takes several values, at most Rows (0: any number).
	Multi bool `json:"multi,omitzero"`
	Rows  int  `json:"rows,omitzero"`
	// Length is the greatest length of a text in characters; 0 is none.
	Length int `json:"length,omitzero"`
	// Zone is the IANA name of the zone in which a date is read; empty is UTC.
	Zone string `json:"zone,omitzero"`
}

// Mapping says how a statement becomes the values of a category. It is data:
// print it, store it, replace it.
type Mapping struct {
	// Name and Version identify the mapping in what it writes.
	Name    string `json:"name"`
	Version string `json:"version"`
	// Attributes in the order of the category.
	Attributes []Attribute `json:"attributes"`
}

// DefaultMapping returns the mapping that the SDK uses unless told otherwise.
// "License Ends" is the day on which use must stop, "First Use Ends" the day
// from which there is no first use; in UTC.
// "Rights Statement" holds all that is needed to read the statement back.
func DefaultMapping() Mapping {
	const long = 254 // what a text field of a category takes at most.
	text := func(name, field string) Attribute { return Attribute{Name: name, Field: field, Length: long} }
	date := func(name, field string) Attribute { return Attribute{Name: name, Field: field, Type: DateAttribute} }
	list := func(name, field string) Attribute {
		return Attribute{Name: name, Field: field, Multi: true, Length: long}
	}
	return Mapping{Name: "rights", Version: "1", Attributes: []Attribute{
		text("Rights Status", "decision.verdict"),
		text("Rights Summary", "decision.summary"),
		text("Rights Rule", "decision.rule"),
		text("Rights Rule Set", "decision.rule_set"),
		text("License Type", "license_type"),
		text("License Transaction", "source.transaction"),
		text("Licensee", "basis.licensee"),
		text("Content Provider", "source.provider"),
		date("License Begins", "window.from"),
		date("License Ends", "window.until"),
		date("First Use Ends", "window.first_use_until"),
		text("Editorial Use", "editorial"),
		text("AI Generated", "ai"),
		text("Rights Source Digest", "raw"),
		list("Rights Statement", "statement"),
	}}
}

// Validate returns nil, or an error that matches records.ErrInvalid and lists
// every fault.
func (m Mapping) Validate() error {
	var p records.Problems
	p.Check(m.Name != "", "name", m.Name, "the mapping's name")
	p.Check(m.Version != "", "version", m.Version, "the mapping's version")
	p.Check(len(m.Attributes) > 0, "attributes", len(m.Attributes), "at least one")
	seen := map[string]bool{}
	for i, a := range m.Attributes {
		field := fmt.Sprintf("attributes[%d].", i)
		p.Check(a.Name != "" && !seen[a.Name], field+"name", a.Name, "a name of its own")
		p.Check(output(a.Field) != nil, field+"field", a.Field, "one of "+strings.Join(FieldNames(), ", "))
		p.Check(int(a.Type) < len(attributeTexts), field+"type", a.Type, "text, integer, date or boolean")
		p.Check(a.Length >= 0, field+"length", a.Length, "no negative length")
		p.Check(a.Rows >= 0, field+"rows", a.Rows, "no negative number")
		if _, err := time.LoadLocation(a.Zone); err != nil {
			p.Add(field+"zone", a.Zone, "the IANA name of a time zone")
		}
		seen[a.Name] = true
	}
	return p.Err("rightsmap.Mapping")
}

// Value is what goes into one attribute. No values clear it.
type Value struct {
	Attribute string        `json:"attribute"`
	Type      AttributeType `json:"type"`
	Multi     bool          `json:"multi,omitzero"`
	// Values are texts; integers in decimal, days as YYYY-MM-DD, booleans as
	// "true" and "false".
	Values []string `json:"values"`
	// Field is what the values say, Rule the rule that set it.
	Field string `json:"field"`
	Rule  string `json:"rule,omitzero"`
}

// Apply writes a statement and a decision about it as category values, one per
// attribute of the mapping and in its order. What an attribute cannot hold
// whole is a finding: the rule is "lossy", the path the attribute. It is total
// for a valid mapping; an attribute of an invalid one stays empty and is a
// finding.
func (m Mapping) Apply(s Statement, d Decision) ([]Value, []Finding) {
	var out []Value
	var findings []Finding
	for _, a := range m.Attributes {
		v := Value{Attribute: a.Name, Type: a.Type, Multi: a.Multi, Field: a.Field}
		get := output(a.Field)
		if get == nil {
			findings = append(findings, Finding{Blocks, ruleLossy, a.Name, a.Field, "no such field"})
			out = append(out, v)
			continue
		}
		var f field
		if a.Field == fieldStatement { // its lines depend on their length.
			f = field{values: lines(s, a.Length), rule: ruleLines}
		} else {
			f = get(s, d)
		}
		v.Rule = f.rule
		w := writer{a: a}
		v.Values = w.write(f)
		findings = append(findings, w.findings...)
		out = append(out, v)
	}
	return out, findings
}

const (
	ruleLossy      = "lossy"
	ruleReadBack   = "read-back"
	ruleLines      = "statement-lines"
	fieldStatement = "statement"
)

// writer fits values into one attribute and notes what doesn't fit.
type writer struct {
	a        Attribute
	findings []Finding
}

func (w *writer) lost(value, text string) {
	w.findings = append(w.findings, Finding{Notes, ruleLossy, w.a.Name, clip(value), text})
}

func (w *writer) write(f field) []string {
	var out []string
	for _, v := range f.values {
		if s, ok := w.convert(v, f); ok {
			out = append(out, s)
		}
	}
	switch {
	case !w.a.Multi && len(out) > 1 && w.a.Type == TextAttribute:
		out = []string{w.cut(strings.Join(out, "; "))}
		w.lost(out[0], "several values joined in one")
	case !w.a.Multi && len(out) > 1:
		w.lost(strings.Join(out[1:], "; "), "the attribute takes one value")
		out = out[:1]
	case w.a.Multi && w.a.Rows > 0 && len(out) > w.a.Rows:
		w.lost(strings.Join(out[w.a.Rows:], "; "), fmt.Sprintf("the attribute takes %d values", w.a.Rows))
		out = out[:w.a.Rows]
	}
	return out
}

func (w *writer) convert(v string, f field) (string, bool) {
	switch w.a.Type {
	case TextAttribute:
		if !w.a.Multi && len(f.values) > 1 {
			return v, true // cut once joined.
		}
		return w.cut(v), true
	case DateAttribute:
		return w.date(v, f.time)
	case IntegerAttribute:
		if _, err := strconv.ParseInt(v, 10, 64); err == nil {
			return v, true
		}
	case BooleanAttribute:
		switch v {
		case "yes", "true":
			return "true", true
		case "no", "false":
			return "false", true
		}
	}
	w.lost(v, "no "+w.a.Type.String())
	return "", false
}

func (w *writer) date(v string, t time.Time) (string, bool) {
	zone, err := time.LoadLocation(w.a.Zone)
	if t.IsZero() || err != nil {
		w.lost(v, "no date")
		return "", false
	}
	day := records.DateIn(t, zone)
	if !day.Start(zone).Equal(t) {
		w.lost(v, "the time of day is dropped")
	}
	return day.String(), true
}

// cut shortens a text to the attribute's length, with "…" for what is missing.
func (w *writer) cut(s string) string {
	if w.a.Length == 0 || utf8.RuneCountInString(s) <= w.a.Length {
		return s
	}
	w.lost(s, fmt.Sprintf("cut to %d characters", w.a.Length))
	return string([]rune(s)[:w.a.Length-1]) + "…"
}

// Read makes the statement again from category values, as far as they hold it:
// from the attribute of the field "statement" if the mapping has one. It
// returns what was lost as findings, and an error that matches
// records.ErrInvalid if the values aren't what this mapping writes. The
// explanations of the statement say which attribute each field came from.
//
// A digest among the lines tells whether they are all, and as they were
// written; the other attributes are compared with the statement. What was lost
// or changed is a finding that blocks, in the statement too: no use is allowed
// by it before someone has looked.
func (m Mapping) Read(values []Value) (Statement, []Finding, error) {
	if err := m.Validate(); err != nil {
		return Statement{}, nil, err
	}
	source := slices.IndexFunc(m.Attributes, func(a Attribute) bool { return a.Field == fieldStatement })
	if source < 0 {
		return m.readFields(values)
	}
	a := m.Attributes[source]
	s, whole, err := unlines(valuesOf(values, a.Name))
	if err != nil {
		return Statement{}, nil, err
	}
	s.Explained = explainedBy(s, m.Name+" "+m.Version, a.Name)
	lost := m.compare(s, values)
	if !whole {
		lost = append([]Finding{{Blocks, ruleReadBack, a.Name, "", "lines were lost or changed since they were written"}}, lost...)
	}
	s.Findings = append(slices.Clone(s.Findings), lost...)
	return s, lost, nil
}
