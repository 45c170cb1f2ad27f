package rightsmap

import (
	"fmt"
	"slices"
	"time"

	"github.com/smintecm/sdk/records"
)

// Version names the rules of this package: how terms are read and how uses are
// decided. It changes whenever the same terms could get another answer.
const Version = "1"

// Statement is the normal form of the rights in one licensed asset: every
// field of the terms as the vendor gave it, what was not understood, and which
// rule set each field. It holds no decision; [Statement.Decide] gives that.
//
// A statement is a plain value that survives JSON. Text stays as the vendor
// wrote it, keys are sorted and unique, times are UTC.
type Statement struct {
	// RuleSet is the [Version] that made the statement.
	RuleSet string `json:"rule_set"`
	// Source says where the terms come from.
	Source Source `json:"source"`
	// Basis says on what the right rests.
	Basis Basis `json:"basis"`
	// State is the state of the purchase: "completed", "cancelled" …
	State string `json:"state,omitzero"`
	// LicenseType is "royalty_free", "rights_managed", "rights_ready" …
	LicenseType string `json:"license_type,omitzero"`
	// Purchased and Completed are when the license was bought and fulfilled.
	Purchased time.Time `json:"purchased,omitzero"`
	Completed time.Time `json:"completed,omitzero"`
	// Terms are the license terms in the vendor's order.
	Terms []Term `json:"terms,omitempty"`
	// Constraints bound downloads, users and reuses.
	Constraints Constraints `json:"constraints"`
	// Releases are the model and property releases with the provider's words.
	Releases Releases `json:"releases"`
	// Restrictive is the server's own flag for terms that may restrict.
	Restrictive Tri `json:"restrictive"`
	// AI says whether the content is AI-generated.
	AI Tri `json:"ai"`
	// ContentType and Category classify the content: "image", "editorial".
	ContentType string `json:"content_type,omitzero"`
	Category    string `json:"category,omitzero"`
	// EditorialOffer is the offering's own flag for editorial use.
	EditorialOffer Tri `json:"editorial_offer"`
	// Copyright are the notices to print.
	Copyright Texts `json:"copyright,omitempty"`
	// Original is the statement of the purchase that this one reuses, if it was
	// given; see [Statement.WithOriginal].
	Original *Statement `json:"original,omitempty"`
	// Unknown are the fields of the terms that this version doesn't know, kept
	// as they came and reported as findings.
	Unknown []UnknownField `json:"unknown,omitempty"`
	// Findings are what was unknown, contradictory or malformed.
	Findings []Finding `json:"findings,omitempty"`
	// Explained names, for each field that is set, the rule that set it.
	Explained []Explanation `json:"explained"`
	// Raw is the digest of the vendor's own bytes, if they were given.
	Raw records.Digest `json:"raw,omitzero"`
}

// Source says where terms come from.
type Source struct {
	// System is "smint.io".
	System string `json:"system"`
	// Transaction is the license purchase transaction's uuid, Cart its cart's.
	Transaction string `json:"transaction"`
	Cart        string `json:"cart,omitzero"`
	// Reused is the uuid of the transaction whose license this one reuses.
	Reused string `json:"reused,omitzero"`
	// Provider and Content name the content at the provider.
	Provider string `json:"provider,omitzero"`
	Content  string `json:"content,omitzero"`
}

// BasisKind says on what kind of ground a right rests.
type BasisKind uint8

// The grounds of a right.
const (
	BasisUnknown BasisKind = iota
	BasisLicense           // a license that was bought
	BasisStatute           // a law
	BasisPolicy            // the institution's own policy
	BasisDonor             // an agreement with a donor
)

var basisTexts = []string{"unknown", "license", "statute", "policy", "donor"}

// String names the ground; it is total.
func (k BasisKind) String() string { return text(basisTexts, "BasisKind", k) }

// MarshalText returns the ground's name; a foreign number is an error.
func (k BasisKind) MarshalText() ([]byte, error) { return marshal(basisTexts, "BasisKind", k) }

// UnmarshalText reads exactly one of the grounds' names.
func (k *BasisKind) UnmarshalText(b []byte) (err error) {
	*k, err = unmarshal[BasisKind](basisTexts, "basis", string(b))
	return err
}

// Basis is the ground of the right with its documents.
type Basis struct {
	Kind BasisKind `json:"kind"`
	// Document is the license's, statute's or policy's id.
	Document string `json:"document,omitzero"`
	// From and Until bound the ground itself, where known.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Licensee is who holds the license.
	Licensee   string `json:"licensee,omitzero"`
	LicenseeID string `json:"licensee_id,omitzero"`
	// Text is the license's text, URLs where it can be read.
	Text Texts  `json:"text,omitempty"`
	URLs []Link `json:"urls,omitempty"`
}

// Text is a text in one language.
type Text struct {
	Culture string `json:"culture"`
	Value   string `json:"value"`
}

// Texts are one text in several languages, in the vendor's order.
type Texts []Text

// In returns the text in that culture, else in English, else the first.
func (t Texts) In(culture string) string {
	for _, want := range []string{culture, "en"} {
		for _, x := range t {
			if x.Culture == want {
				return x.Value
			}
		}
	}
	if len(t) > 0 {
		return t[0].Value
	}
	return ""
}

// Link is a named address.
type Link struct {
	Culture string `json:"culture,omitzero"`
	Name    string `json:"name,omitzero"`
	URL     string `json:"url"`
}

// Limit is what a term says in one dimension. Both lists are sorted.
type Limit struct {
	Allowed    []string `json:"allowed,omitempty"`
	Restricted []string `json:"restricted,omitempty"`
}

// IsZero reports whether the term is silent.
func (l Limit) IsZero() bool { return len(l.Allowed) == 0 && len(l.Restricted) == 0 }

// Term is one license term.
type Term struct {
	// Number is the vendor's sequence number, 0 if it gave none.
	Number int   `json:"number,omitzero"`
	Name   Texts `json:"name,omitempty"`
	// Limits are the lists of keys, by dimension.
	Limits map[Dimension]Limit `json:"limits,omitempty"`
	// Exclusivities are what is licensed to nobody else.
	Exclusivities []string `json:"exclusivities,omitempty"`
	// UsageLimits bound quantities.
	UsageLimits []string `json:"usage_limits,omitempty"`
	// ValidFrom and ValidUntil bound every use: it may start, it must stop.
	ValidFrom  time.Time `json:"valid_from,omitzero"`
	ValidUntil time.Time `json:"valid_until,omitzero"`
	// ToBeUsedUntil bounds the first use alone.
	ToBeUsedUntil time.Time `json:"to_be_used_until,omitzero"`
	// Editorial says whether editorial use alone is licensed.
	Editorial Tri `json:"editorial"`
}

// ordinal is the vendor's sequence number, or the term's place without one.
func (t Term) ordinal(index int) int {
	if t.Number != 0 {
		return t.Number
	}
	return index + 1
}

// Constraints bound numbers. A nil maximum is unknown; zero or less is none.
type Constraints struct {
	MaxDownloads *int `json:"max_downloads,omitempty"`
	MaxUsers     *int `json:"max_users,omitempty"`
	MaxReuses    *int `json:"max_reuses,omitempty"`
	// Downloads, Users and Reuses were counted by the vendor when the terms
	// were read; nil is unknown.
	Downloads *int `json:"downloads,omitempty"`
	Users     *int `json:"users,omitempty"`
	Reuses    *int `json:"reuses,omitempty"`
}

// Releases are the releases of persons and property, and the provider's words
// about use.
type Releases struct {
	Model    string `json:"model,omitzero"`
	Property string `json:"property,omitzero"`
	// AllowedUse and UsageConstraints are words of the provider that no rule
	// can read.
	AllowedUse       Texts `json:"allowed_use,omitempty"`
	UsageConstraints Texts `json:"usage_constraints,omitempty"`
	// Comment is about the releases themselves.
	Comment Texts `json:"comment,omitempty"`
}

// UnknownField is a field that this version doesn't know.
type UnknownField struct {
	// Path is where it stands in the vendor's JSON: "license_terms[0].moral_rights".
	Path string `json:"path"`
	// Value is its JSON, compacted.
	Value string `json:"value"`
}

// Severity says what a finding means for decisions.
type Severity uint8

// The severities of a finding.
const (
	// Blocks means that no use is allowed before someone has looked.
	Blocks Severity = iota
	// Notes means that the decision doesn't depend on it.
	Notes
)

var severityTexts = []string{"blocks", "notes"}

// String names the severity; it is total.
func (s Severity) String() string { return text(severityTexts, "Severity", s) }

// MarshalText returns the severity's name; a foreign number is an error.
func (s Severity) MarshalText() ([]byte, error) { return marshal(severityTexts, "Severity", s) }

// UnmarshalText reads exactly one of the severities' names.
func (s *Severity) UnmarshalText(b []byte) (err error) {
	*s, err = unmarshal[Severity](severityTexts, "severity", string(b))
	return err
}

// Finding is something about the terms, or about a rendering of them, that a
// person should know.
type Finding struct {
	Severity Severity `json:"severity"`
	// Rule names the rule that found it.
	Rule string `json:"rule"`
	// Path is where: a field of the vendor's JSON, or an attribute's name.
	Path string `json:"path"`
	// Value is what was found, shortened.
	Value string `json:"value,omitzero"`
	// Text says what it means.
	Text string `json:"text"`
}

// String reads as one line.
func (f Finding) String() string {
	s := f.Path + ": " + f.Text
	if f.Value != "" {
		s += " (" + f.Value + ")"
	}
	return s
}

// Explanation names the rule that set a field of the statement, and the field
// of the vendor's JSON that it read.
type Explanation struct {
	Field string `json:"field"`
	Rule  string `json:"rule"`
	From  string `json:"from"`
}

// Why returns the rule that set a field, and the vendor's field it came from;
// ok is false for a field that nothing set.
func (s Statement) Why(field string) (Explanation, bool) {
	for _, e := range s.Explained {
		if e.Field == field {
			return e, true
		}
	}
	return Explanation{}, false
}

// Cancelled reports whether the purchase was withdrawn before it was
// fulfilled: then no license exists.
func (s Statement) Cancelled() bool { return s.State == "cancelled" }

// Editorial returns the asset's editorial flag: yes if any term says yes, else
// no if any says no, else unknown.
func (s Statement) Editorial() Tri {
	out := Unknown
	for _, t := range s.Terms {
		switch t.Editorial {
		case Yes:
			return Yes
		case No:
			out = No
		case Unknown:
		default:
		}
	}
	return out
}

// Window is the time in which the license can be used, as far as its terms say.
type Window struct {
	// From is the latest start of all terms, Until the earliest end, and
	// FirstUseUntil the earliest last moment of a first use. Zero is not said.
	From          time.Time `json:"from,omitzero"`
	Until         time.Time `json:"until,omitzero"`
	FirstUseUntil time.Time `json:"first_use_until,omitzero"`
}

// Window returns the window that all terms leave open together, those of a
// reused original included.
func (s Statement) Window() Window {
	var w Window
	if s.Original != nil {
		w = s.Original.Window()
	}
	for _, t := range s.Terms {
		w = w.and(Window{t.ValidFrom, t.ValidUntil, t.ToBeUsedUntil})
	}
	return w
}

// and returns the window that both leave open.
func (w Window) and(v Window) Window {
	if v.From.After(w.From) {
		w.From = v.From
	}
	w.Until = earlier(w.Until, v.Until)
	w.FirstUseUntil = earlier(w.FirstUseUntil, v.FirstUseUntil)
	return w
}

// RightsWindows returns the window of each term for a records.Calendar, those
// of a reused original included. A cancelled purchase has none: nothing is
// licensed.
func (s Statement) RightsWindows() []records.RightsWindow {
	var out []records.RightsWindow
	for o := &s; o != nil; o = o.Original {
		if o.Cancelled() {
			return nil
		}
		for i, t := range o.Terms {
			from := t.ValidFrom
			if o.Purchased.After(from) {
				from = o.Purchased
			}
			out = append(out, records.RightsWindow{
				Name: fmt.Sprintf("license %s term %d", o.Source.Transaction, t.ordinal(i)),
				From: from, Until: t.ValidUntil, FirstUseUntil: t.ToBeUsedUntil,
			})
		}
	}
	return out
}

// earlier returns the earlier of two times; zero is not said.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// WithOriginal returns the statement together with that of the purchase whose
// license it reuses: a use must then be allowed by both. It returns an error
// that matches records.ErrInvalid if original isn't the one that it names.
func (s Statement) WithOriginal(original Statement) (Statement, error) {
	var p records.Problems
	p.Check(s.Source.Reused != "", "reused", s.Source.Reused, "a purchase that reuses another")
	p.Check(original.Source.Transaction == s.Source.Reused, "original", original.Source.Transaction, "transaction "+s.Source.Reused)
	p.Check(!chain(original, s.Source.Transaction), "original", original.Source.Transaction, "no circle of reuses")
	if err := p.Err("rightsmap.WithOriginal"); err != nil {
		return Statement{}, err
	}
	s.Original = new(original)
	return s, nil
}

func chain(s Statement, transaction string) bool {
	for o := &s; o != nil; o = o.Original {
		if o.Source.Transaction == transaction {
			return true
		}
	}
	return false
}

// sortedKeys returns the keys sorted and unique, nil for none.
func sortedKeys(keys []string) []string {
	if len(keys) == 0 {
		return nil
	}
	out := slices.Clone(keys)
	slices.Sort(out)
	return slices.Compact(out)
}
