package rest

import (
	"fmt"
	"strings"
)

// Problem is one fault of an input.
type Problem struct {
	// Field names the input as the caller knows it.
	Field string
	// Value is what was given, shortened; a Secret prints as redacted.
	Value string
	// Want says what was expected.
	Want string
}

// Problems collects the faults of one input, so that all are reported at once.
// The zero value is ready.
type Problems struct{ list []Problem }

// Add notes one fault.
func (p *Problems) Add(field string, value any, want string) {
	p.list = append(p.list, Problem{field, shorten(fmt.Sprint(value), 120), want})
}

// Err returns nil without faults, else an *InvalidError with all of them.
func (p *Problems) Err(op string) error {
	if len(p.list) == 0 {
		return nil
	}
	return &InvalidError{Op: op, Problems: p.list}
}

// InvalidError reports every fault of an input that was refused before any
// I/O. It matches ErrInvalid.
type InvalidError struct {
	Op       string
	Problems []Problem
}

// Error lists the faults on one line.
func (e *InvalidError) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": invalid input: ")
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s is %q, want %s", p.Field, p.Value, p.Want)
	}
	return b.String()
}

// Is matches ErrInvalid.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// shorten cuts s to at most n bytes, at a rune boundary.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
