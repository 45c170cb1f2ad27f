package sync

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Journal takes down what a primitive is about to do and what became of it.
// An intent is recorded before each mutation, an outcome after it; a mutation
// whose intent could not be recorded is not made.
type Journal interface {
	// Record returns when the entry is as durable as the journal makes it.
	Record(ctx context.Context, e JournalEntry) error
}

// Settler is a journal that knows which intents an earlier run left without a
// known outcome: it was killed, or lost the answer. A primitive tells it what
// it found of the record before it goes on, so that nothing stays open that
// was looked at.
type Settler interface {
	// Settle adds e, an observation, to each such intent of e's record and
	// primitive. Without any it does nothing.
	Settle(ctx context.Context, e JournalEntry) error
}

// EntryKind says which part of an event an entry is.
type EntryKind string

const (
	// Intent comes before a mutation.
	Intent EntryKind = "intent"
	// Outcome comes after a mutation and refers to its intent.
	Outcome EntryKind = "outcome"
	// Refusal tells that something was not done, and why.
	Refusal EntryKind = "refusal"
	// Observation tells what was found, for example when an unknown outcome was
	// looked up.
	Observation EntryKind = "observation"
)

// JournalEntry is one line of a journal: plain data without secrets, signed
// URLs or content.
type JournalEntry struct {
	Kind EntryKind `json:"kind"`
	Time time.Time `json:"time"`
	// Intent names an intent. Its outcome bears the same name, and so do
	// observations that tell what became of it.
	Intent string `json:"intent,omitempty"`
	// Scope and Record say whose and which record it is about.
	Scope  string `json:"scope"`
	Record string `json:"record,omitempty"`
	// Primitive and Step say what is done, in the words of the plan.
	Primitive string `json:"primitive"`
	Step      string `json:"step"`
	// Target is what the step works on, for example "node 42001".
	Target string `json:"target,omitempty"`
	// Digest is that of the bytes concerned.
	Digest string `json:"digest,omitempty"`
	// Policy is the version of the policy that was in force.
	Policy string `json:"policy,omitempty"`
	// Result is "done", "failed", "unknown", "adopted" or a sentence.
	Result string `json:"result,omitempty"`
	// ClockSkew is the server's clock minus ours, where the server told it.
	ClockSkew time.Duration `json:"clock_skew,omitempty"`
}

// discard is the journal of a scope that names none: a dry run needs none.
type discard struct{}

func (discard) Record(context.Context, JournalEntry) error { return nil }

// JSONJournal writes one JSON object a line. It is safe for concurrent use.
type JSONJournal struct {
	lines lockedWriter
}

// NewJSONJournal writes to w; if w has a Sync method, as files have, every
// intent is synced before its mutation is made.
func NewJSONJournal(w io.Writer) *JSONJournal { return &JSONJournal{lines: newLockedWriter(w)} }

// OpenJSONJournal appends to the file at path, made with mode 0600 if it is
// missing. A last line that a crash cut off is completed by a line break, so
// that what follows stays readable. Close the returned file after use.
func OpenJSONJournal(path string) (*JSONJournal, io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open the journal: %w", err)
	}
	if err := endLine(f); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open the journal %s: %w", path, err), f.Close())
	}
	return NewJSONJournal(f), f, nil
}

// endLine makes sure that the file ends with a line break.
func endLine(f *os.File) error {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err = f.WriteString("\n")
	return err
}

// Record appends the entry; an intent or a refusal is synced.
func (j *JSONJournal) Record(_ context.Context, e JournalEntry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return j.lines.write(append(line, '\n'), e.Kind == Intent || e.Kind == Refusal)
}
