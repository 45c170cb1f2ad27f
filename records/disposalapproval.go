package records

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DisposalItem is one object of a disposal, as the people saw it who decided: a
// record, or a document that is kept beside it.
type DisposalItem struct {
	Record RecordKey `json:"record"`
	// Object is its id in the system that disposes of it.
	Object string `json:"object"`
	// Action is what is to be done, Stage the stage of the schedule that says so.
	Action   Action `json:"action"`
	Schedule string `json:"schedule"`
	Stage    string `json:"stage"`
	// Due is the day from which the action may happen.
	Due Date `json:"due"`
	// Digest is that of the content.
	Digest Digest `json:"digest"`
	// Holds are those over it, or unknown.
	Holds HoldSet `json:"holds"`
}

// line is the item's canonical text: each part quoted, so that no two items
// share one.
func (i DisposalItem) line() string {
	held := []string{fmt.Sprint(i.Holds.Known())}
	for _, h := range i.Holds.List() {
		held = append(held, h.ID.String())
	}
	return fmt.Sprintf("%q %q %q %q %q %q %q %q", i.Record, i.Object, i.Action, i.Schedule, i.Stage, i.Due, i.Digest, held)
}

// DisposalList is everything that one disposal is about.
type DisposalList struct {
	// Name says which one: the search and the dated run, for example.
	Name  string         `json:"name"`
	Items []DisposalItem `json:"items"`
}

// Hash is the digest of the list. It does not depend on the order of the items;
// anything else that changes, changes it.
func (l DisposalList) Hash() Digest {
	lines := make([]string, 0, len(l.Items))
	for _, i := range l.Items {
		lines = append(lines, i.line())
	}
	slices.Sort(lines)
	text := fmt.Sprintf("disposal list 1 %q %d\n%s\n", l.Name, len(lines), strings.Join(lines, "\n"))
	return DigestOf([]byte(text))
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault: no items, an item that comes twice, one that is incomplete.
func (l DisposalList) Validate() error {
	var p Problems
	p.Check(l.Name != "", "name", l.Name, "which disposal it is")
	p.Check(len(l.Items) > 0, "items", "none", "at least one")
	seen := map[string]bool{}
	for n, i := range l.Items {
		field := fmt.Sprintf("items[%d]", n)
		p.Check(i.Record.IsValid(), field+".record", i.Record, "the record's key")
		p.Check(i.Object != "" && !seen[i.Object], field+".object", i.Object, "its id where it is disposed of, each once")
		p.Check(i.Action != ActionUnknown && int(i.Action) < len(actionTexts), field+".action", i.Action, "a known action")
		p.Check(i.Schedule != "" && i.Stage != "", field+".schedule", i.Schedule+" "+i.Stage, "the schedule and its stage")
		p.Check(i.Due.IsValid(), field+".due", i.Due, "the day from which it may happen")
		p.Check(i.Digest.IsValid(), field+".digest", i.Digest, "the digest of the content")
		seen[i.Object] = true
	}
	return p.Err("records.DisposalList")
}

// DispositionApproval is one person's word that exactly these items may be
// disposed of, in that state and for a while. It comes from outside: nothing
// here makes a decision.
type DispositionApproval struct {
	// List is the hash of the list that was looked at.
	List Digest `json:"list"`
	// ApprovedBy is who approved, at At in UTC; Authority is on what ground.
	ApprovedBy string    `json:"approved_by"`
	At         time.Time `json:"at"`
	Authority  string    `json:"authority"`
	// Expires is when the word is no longer good.
	Expires time.Time `json:"expires"`
}

// Validate returns nil, or an error that matches ErrInvalid and lists every
// fault.
func (a DispositionApproval) Validate() error {
	var p Problems
	p.Check(a.List.IsValid(), "list", a.List, "the hash of the list that was approved")
	p.Check(strings.TrimSpace(a.ApprovedBy) != "", "approved_by", a.ApprovedBy, "who approved")
	p.Check(!a.At.IsZero(), "at", a.At, "when it was approved")
	p.Check(a.Authority != "", "authority", a.Authority, "the ground of the disposal")
	p.Check(a.Expires.After(a.At), "expires", a.Expires, "a time after the approval")
	return p.Err("records.DispositionApproval")
}

// Covers returns nil if the approval is good, at that moment, for that executor
// to dispose of exactly these items as they are now. The error matches
// ErrNotApproved, and beside it what stands against it: ErrInvalid for an
// approval or a list that is incomplete, ErrSamePerson if who approved is to
// execute too, ErrExpired, ErrVoid if anything of the list changed since it was
// approved, ErrOnHold or ErrHoldUnknown for an item that may not be touched
// whatever was approved. All of it is told at once.
func (a DispositionApproval) Covers(l DisposalList, executor string, at time.Time) error {
	var errs []error
	no := func(why error, format string, args ...any) {
		errs = append(errs, refuse2(ErrNotApproved, why, format, args...))
	}
	if err := a.Validate(); err != nil {
		no(err, "disposal %s", l.Name)
	}
	if err := l.Validate(); err != nil {
		no(err, "disposal %s", l.Name)
	}
	switch executor = strings.TrimSpace(executor); {
	case executor == "":
		no(ErrInvalid, "disposal %s: nobody is named to execute it", l.Name)
	case strings.EqualFold(executor, strings.TrimSpace(a.ApprovedBy)):
		no(ErrSamePerson, "disposal %s: %s approved it", l.Name, executor)
	}
	if at.Before(a.At) || !at.Before(a.Expires) {
		no(ErrExpired, "disposal %s: approved from %s until %s, it is %s", l.Name, a.At.UTC().Format(time.RFC3339), a.Expires.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339))
	}
	if now := l.Hash(); a.List != now {
		no(ErrVoid, "disposal %s: the list was %s, it is %s", l.Name, a.List, now)
	}
	for _, i := range l.Items {
		if why := i.Holds.against(); why != nil {
			no(why, "disposal %s: %s: holds: %s", l.Name, i.Record, i.Holds)
		}
	}
	return errors.Join(errs...)
}
