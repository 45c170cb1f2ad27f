package rest

import (
	"fmt"
	"net/url"
	"strings"
)

// Repeat says whether sending a request a second time can do harm.
type Repeat int

const (
	// Never marks a write: it is sent again only on proof that the first
	// attempt was not processed.
	Never Repeat = iota
	// Harmless marks a read, or a write whose repetition changes nothing.
	Harmless
)

// Route is one row of a client's table.
type Route struct {
	// Name is the service and method that the row serves, as "Holds.Apply".
	Name string
	// Method is the HTTP method.
	Method string
	// Template is the path below the base URL, with {placeholders}.
	Template string
	// Repeat says whether a repeat is harmless.
	Repeat Repeat
	// Lane, if set, lets only one request of that lane name run at a time.
	Lane string
	// Secret says that the answer holds a credential: a broken one is not quoted.
	Secret bool
}

// Placeholders returns the names in the template, in order.
func (r Route) Placeholders() []string {
	var names []string
	for rest := r.Template; ; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			return names
		}
		end := strings.IndexByte(rest[open:], '}')
		if end < 0 {
			return names
		}
		names = append(names, rest[open+1:open+end])
		rest = rest[open+end+1:]
	}
}

// path fills the template. Each value becomes exactly one escaped segment
// part: separators are escaped, and what a server could read as a step up or
// as nothing is refused.
func (r Route) path(values []any) (string, error) {
	names := r.Placeholders()
	var faults Problems
	if len(values) != len(names) {
		faults.Add("path", fmt.Sprint(len(values)), fmt.Sprintf("%d values for %s", len(names), r.Template))
		return "", faults.Err(r.Name)
	}
	pairs := make([]string, 0, 2*len(names))
	for i, name := range names {
		s := fmt.Sprint(values[i])
		if s == "" || s == "." || s == ".." || strings.ContainsAny(s, "\x00\r\n") {
			faults.Add(name, s, "a non-empty path value without steps or control characters")
			continue
		}
		pairs = append(pairs, "{"+name+"}", url.PathEscape(s))
	}
	if err := faults.Err(r.Name); err != nil {
		return "", err
	}
	return strings.NewReplacer(pairs...).Replace(r.Template), nil
}
