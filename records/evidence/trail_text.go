package evidence

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"
)

// WriteTrailText writes entries for people to read: a paragraph each, with the
// number, the time, what, who and how it ended. Person, if not nil, names who
// stands behind a pseudonym; who was erased stays one. For machines, the
// entries' own lines are JSON.
func WriteTrailText(w io.Writer, entries iter.Seq2[TrailEntry, error], person func(pseudonym string) (string, bool)) error {
	out := bufio.NewWriter(w)
	name := func(id string) string {
		if !strings.HasPrefix(id, pseudonymPrefix) || person == nil {
			return id
		}
		if who, ok := person(id); ok {
			return fmt.Sprintf("%s (%s)", who, id)
		}
		return id + " (not known, or erased)"
	}
	for e, err := range entries {
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d  %s  %s: %s", e.Number, e.Time.UTC().Format(time.RFC3339Nano), e.Kind, e.Event)
		if e.Of > 0 {
			fmt.Fprintf(out, " (of entry %d)", e.Of)
		}
		if e.Result != "" {
			fmt.Fprintf(out, ": %s", e.Result)
		}
		fmt.Fprintln(out)
		line := func(label, value string) {
			if value != "" {
				fmt.Fprintf(out, "    %-13s %s\n", label, printable(value))
			}
		}
		line("scope", e.Scope.String())
		if e.Record.IsValid() {
			line("record", e.Record.String())
		}
		line("target", e.Target)
		line("by", fmt.Sprintf("%s, for %s, with %s, at %s", name(e.User), e.Organization, e.Application, name(e.Location)))
		line("about", name(e.Subject))
		if e.Digest.IsValid() {
			line("digest", e.Digest.String())
		}
		if e.Previous.IsValid() {
			line("before", e.Previous.String())
		}
		line("policy", e.Policy)
		line("detail", e.Detail)
		line("reason", e.Reason)
		if !e.Clock.IsZero() {
			line("clock", "the writer's clock showed "+e.Clock.UTC().Format(time.RFC3339Nano))
		}
		if e.ClockSkew != 0 {
			line("clock skew", e.ClockSkew.String()+" (the other system's clock minus ours)")
		}
		fmt.Fprintln(out)
	}
	return out.Flush()
}

// printable keeps a value from looking like lines of its own.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, s)
}
