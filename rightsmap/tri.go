package rightsmap

import (
	"fmt"
	"slices"

	"github.com/smintecm/sdk/records"
)

// Tri is an answer that may be missing. A missing answer is never turned into
// yes or no.
type Tri uint8

// The three answers.
const (
	Unknown Tri = iota
	Yes
	No
)

var triTexts = []string{"unknown", "yes", "no"}

// TriOf returns the answer behind a pointer; nil is Unknown.
func TriOf(b *bool) Tri {
	switch {
	case b == nil:
		return Unknown
	case *b:
		return Yes
	default:
		return No
	}
}

// String names the answer; it is total.
func (t Tri) String() string { return text(triTexts, "Tri", t) }

// MarshalText returns the answer's name; a foreign number is an error.
func (t Tri) MarshalText() ([]byte, error) { return marshal(triTexts, "Tri", t) }

// UnmarshalText reads exactly one of the answers' names.
func (t *Tri) UnmarshalText(b []byte) (err error) {
	*t, err = unmarshal[Tri](triTexts, "answer", string(b))
	return err
}

// Verdict is the answer to whether a use is allowed. Its zero value permits
// nothing.
type Verdict uint8

// The three verdicts.
const (
	// NeedsReview means that the terms don't settle it: someone must decide.
	NeedsReview Verdict = iota
	// Denied means that a clause forbids it.
	Denied
	// Allowed means that clauses grant it and none stands against it.
	Allowed
)

var verdictTexts = []string{"needs review", "denied", "allowed"}

// String names the verdict; it is total.
func (v Verdict) String() string { return text(verdictTexts, "Verdict", v) }

// MarshalText returns the verdict's name; a foreign number is an error.
func (v Verdict) MarshalText() ([]byte, error) { return marshal(verdictTexts, "Verdict", v) }

// UnmarshalText reads exactly one of the verdicts' names.
func (v *Verdict) UnmarshalText(b []byte) (err error) {
	*v, err = unmarshal[Verdict](verdictTexts, "verdict", string(b))
	return err
}

// And combines two verdicts, both of which must allow: a denial wins over all,
// a doubt over a permission.
func (v Verdict) And(w Verdict) Verdict {
	switch {
	case v == Denied || w == Denied:
		return Denied
	case v == Allowed && w == Allowed:
		return Allowed
	default:
		return NeedsReview
	}
}

// Purpose says what a use is for.
type Purpose uint8

// The purposes that licenses tell apart.
const (
	PurposeUnknown Purpose = iota
	Editorial              // to report or comment on what is of public interest
	Commercial             // to sell, promote or advertise
)

var purposeTexts = []string{"unknown", "editorial", "commercial"}

// String names the purpose; it is total.
func (p Purpose) String() string { return text(purposeTexts, "Purpose", p) }

// MarshalText returns the purpose's name; a foreign number is an error.
func (p Purpose) MarshalText() ([]byte, error) { return marshal(purposeTexts, "Purpose", p) }

// UnmarshalText reads exactly one of the purposes' names.
func (p *Purpose) UnmarshalText(b []byte) (err error) {
	*p, err = unmarshal[Purpose](purposeTexts, "purpose", string(b))
	return err
}

// Phase says whether a use begins or goes on.
type Phase uint8

// The phases of a use.
const (
	PhaseUnknown Phase = iota
	FirstUse           // the asset has not been used under this license before
	ContinuedUse       // it has, in time
)

var phaseTexts = []string{"unknown", "first use", "continued use"}

// String names the phase; it is total.
func (p Phase) String() string { return text(phaseTexts, "Phase", p) }

// MarshalText returns the phase's name; a foreign number is an error.
func (p Phase) MarshalText() ([]byte, error) { return marshal(phaseTexts, "Phase", p) }

// UnmarshalText reads exactly one of the phases' names.
func (p *Phase) UnmarshalText(b []byte) (err error) {
	*p, err = unmarshal[Phase](phaseTexts, "phase", string(b))
	return err
}

func text[E ~uint8](texts []string, kind string, v E) string {
	if int(v) < len(texts) {
		return texts[v]
	}
	return fmt.Sprintf("%s(%d)", kind, v)
}

func marshal[E ~uint8](texts []string, kind string, v E) ([]byte, error) {
	if int(v) >= len(texts) {
		return nil, fmt.Errorf("rightsmap: %s %d: %w", kind, v, records.ErrInvalid)
	}
	return []byte(texts[v]), nil
}

func unmarshal[E ~uint8](texts []string, kind, s string) (E, error) {
	if i := slices.Index(texts, s); i >= 0 {
		return E(i), nil
	}
	var p records.Problems
	p.Add(kind, s, fmt.Sprintf("one of %q", texts))
	return 0, p.Err("rightsmap.Unmarshal")
}
