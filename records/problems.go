package records

import (
	"fmt"
	"strings"
)

// Problem is one fault of an input.
type Problem struct {
	// Field names the input as the caller knows it.
	Field string `json:"field"`
	// Value is what was given, shortened. A value whose String method redacts
	// itself stays redacted.
	Value string `json:"value"`
	// Want says what was expected.
	Want string `json:"want"`
}

// String reads as a clause: the field, its value, what was expected.
func (p Problem) String() string {
	return fmt.Sprintf("%s is %q, want %s", p.Field, p.Value, p.Want)
}

// Problems collects the faults of one input, so that all are reported at once
// and not the first alone. The zero value is ready.
type Problems struct{ list []Problem }

// Add notes one fault. The value is printed with fmt.Sprint and shortened.
func (p *Problems) Add(field string, value any, want string) {
	p.list = append(p.list, Problem{field, shorten(fmt.Sprint(value), 120), want})
}

// AddProblem notes a fault that was found elsewhere, as it is.
func (p *Problems) AddProblem(f Problem) { p.list = append(p.list, f) }

// Check notes one fault unless ok, and returns ok.
func (p *Problems) Check(ok bool, field string, value any, want string) bool {
	if !ok {
		p.Add(field, value, want)
	}
	return ok
}

// Merge takes over the faults of err, each field prefixed by prefix and a dot.
// An error that isn't an *InvalidError becomes one fault of the field prefix;
// nil adds nothing.
func (p *Problems) Merge(prefix string, err error) {
	if err == nil {
		return
	}
	inv, ok := err.(*InvalidError) //nolint:errorlint // a wrapped one says more than its list: keep its text.
	if !ok {
		p.list = append(p.list, Problem{prefix, shorten(err.Error(), 240), "a valid value"})
		return
	}
	for _, f := range inv.Problems {
		if prefix != "" {
			f.Field = prefix + "." + f.Field
		}
		p.list = append(p.list, f)
	}
}

// List returns a copy of the faults noted so far, in order.
func (p *Problems) List() []Problem { return append([]Problem(nil), p.list...) }

// Err returns nil without faults, else an *InvalidError with all of them. Op
// names what was refused.
func (p *Problems) Err(op string) error {
	if len(p.list) == 0 {
		return nil
	}
	return &InvalidError{Op: op, Problems: p.List()}
}

// InvalidError reports every fault of an input. It matches ErrInvalid.
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
		b.WriteString(p.String())
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
