package sync

import (
	"fmt"
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
)

// Change says what a primitive did to its target.
type Change string

const (
	// Created means: it was not there before, and now is, complete.
	Created Change = "created"
	// Unchanged means: it was there, complete; nothing was written.
	Unchanged Change = "unchanged"
	// Changed means: it was there and was completed or brought up to date.
	Changed Change = "changed"
	// Incomplete means: something stands that is not a complete record yet. Calling
	// again continues from it.
	Incomplete Change = "incomplete"
	// Skipped means: nothing was to be done, and the reason says why.
	Skipped Change = "skipped"
)

// Receipt is what a primitive leaves: plain data that says what was observed
// before and after, what was done and which bytes are meant.
type Receipt struct {
	Primitive string `json:"primitive"`
	Change    Change `json:"change"`
	// Reason says why, for Skipped and Incomplete.
	Reason string    `json:"reason,omitempty"`
	Scope  string    `json:"scope"`
	Policy string    `json:"policy"`
	Record RecordRef `json:"record,omitzero"`
	// Carries is the version of the asset that the record holds besides its own,
	// where the policy keeps versions in one record.
	Carries records.RecordKey `json:"carries,omitzero"`
	// Document is what the primitive stored beside the record, such as its
	// rights document.
	Document RecordRef `json:"document,omitzero"`
	Name     string    `json:"name,omitempty"`
	Class    int64     `json:"class,omitempty"`
	Schedule string    `json:"schedule,omitempty"`
	Final    bool      `json:"final"`
	// Digest names algorithm and hex value of the bytes: those read from the
	// source, those sent and, where the policy has them read back, those stored.
	Digest   string `json:"digest,omitempty"`
	Size     int64  `json:"size,omitempty"`
	Verified string `json:"verified,omitempty"`
	// Rights is the decision about the record's use on the day of the call.
	Rights   string            `json:"rights,omitempty"`
	Approval *records.Approval `json:"approval,omitempty"`
	// Package says what the record package is that this call made.
	Package *evidence.Summary `json:"package,omitempty"`
	// Inclusion proves that the trail tells of the package, to whoever has the
	// trail's public key.
	Inclusion *evidence.TrailInclusion `json:"inclusion,omitempty"`
	Before    Observed                 `json:"before"`
	After     Observed                 `json:"after"`
	Steps     []Step                   `json:"steps,omitempty"`
	// Hold is the hold as it reads back, Release how it ended; Items is what
	// became of each document that the call was about.
	Hold    *records.Hold    `json:"hold,omitempty"`
	Release *records.Release `json:"release,omitempty"`
	Items   []HoldItem       `json:"items,omitempty"`
	// Metadata is how each field of the metadata stands.
	Metadata []FieldSync `json:"metadata,omitempty"`
	// Access is what may be done with the record, Places where Smint.io shows it
	// and what was proven there.
	Access *AccessDecision `json:"access,omitempty"`
	Places []PlaceResult   `json:"places,omitempty"`
	// Told is what people and the trail were told of, and when: see
	// PropagateRequest.
	Told map[string]time.Time `json:"told,omitempty"`
	// Certificate is the id of a certificate of destruction, Replacement the
	// route that was taken.
	Certificate string            `json:"certificate,omitempty"`
	Replacement *ReplacementRoute `json:"replacement,omitempty"`
	// Surfaced is what became of each record that is offered, or is not.
	Surfaced []SurfaceItem `json:"surfaced,omitempty"`
	// Findings are remarks that stop nothing, such as a lossy mapping.
	Findings  []string      `json:"findings,omitempty"`
	At        time.Time     `json:"at"`
	ClockSkew time.Duration `json:"clock_skew,omitempty"`
}

// Observed is what was read of a record in ECM.
type Observed struct {
	Folder int64 `json:"folder,omitempty"`
	Node   int64 `json:"node,omitempty"`
	// Disposed tells that the record is gone and left its rights document.
	Disposed bool   `json:"disposed,omitempty"`
	Size     int64  `json:"size,omitempty"`
	Digest   string `json:"digest,omitempty"`
	Class    int64  `json:"class,omitempty"`
	Schedule string `json:"schedule,omitempty"`
	Status   string `json:"status,omitempty"`
	Official bool   `json:"official,omitempty"`
	Final    bool   `json:"final,omitempty"`
}

// text says in words what was read.
func (o Observed) text() string {
	switch {
	case o.Disposed:
		return "the record is gone, its rights document or stub is left"
	case o.Node == 0:
		return "nothing stands under the name"
	}
	s := fmt.Sprintf("node %d stands, %d bytes", o.Node, o.Size)
	if o.Digest != "" {
		s += ", " + o.Digest
	}
	if o.Class != 0 {
		s += fmt.Sprintf(", class %d, schedule %s", o.Class, o.Schedule)
	}
	if o.Final {
		s += ", final"
	}
	return s
}

// Step is one mutation of a plan, in words that a person can check.
type Step struct {
	// Do is the verb: "create folder", "upload", "classify", ...
	Do string `json:"do"`
	// On is what it is done to.
	On string `json:"on"`
	// With is what it is done with.
	With string `json:"with,omitempty"`
}

// String is the step on one line.
func (s Step) String() string {
	if s.With == "" {
		return s.Do + " " + s.On
	}
	return fmt.Sprintf("%s %s: %s", s.Do, s.On, s.With)
}

func printSteps(head string, steps []Step) string {
	var b strings.Builder
	b.WriteString(head)
	if len(steps) == 0 {
		b.WriteString("\n  nothing to do")
	}
	for i, s := range steps {
		fmt.Fprintf(&b, "\n  %d. %s", i+1, s)
	}
	return b.String()
}
