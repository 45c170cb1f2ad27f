package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// descriptions are the vendor's files and what each covers.
var descriptions = []struct{ file, group string }{
	{"content-server-2.0.2.yaml", "content server"},
	{"records-management-26.1.json", "records management"},
	{"business-workspaces.yaml", "business workspaces"},
}

// operation is one described operation.
type operation struct {
	method, template, group string
	segments                []string
	spec                    *openapi3.Operation
	item                    *openapi3.PathItem
}

func (o *operation) name() string { return o.method + " " + o.template }

type specification struct{ operations []*operation }

// load reads the descriptions and mends, in memory, the faults that stop a
// strict reader.
func load(dir string) (*specification, error) {
	s := &specification{}
	for _, d := range descriptions {
		b, err := os.ReadFile(filepath.Join(dir, d.file))
		if err != nil {
			return nil, err
		}
		b = bytes.ReplaceAll(b, []byte("\n  v2/elink/{id}"), []byte("\n  /v2/elink/{id}"))
		doc, err := openapi3.NewLoader().LoadFromData(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.file, err)
		}
		for template, item := range doc.Paths.Map() {
			for method, op := range item.Operations() {
				o := &operation{method: method, template: strings.TrimRight(template, "/"), group: groupOf(d.group, op, template), spec: op, item: item}
				o.segments = strings.Split(o.template, "/")
				s.operations = append(s.operations, o)
			}
		}
	}
	slices.SortFunc(s.operations, func(a, b *operation) int { return strings.Compare(a.template+a.method, b.template+b.method) })
	return s, nil
}

// groupOf sorts the operations of Records Management as people speak of them.
// Physical objects and browser forms are no part of a digital record.
func groupOf(group string, op *openapi3.Operation, template string) string {
	if group != "records management" {
		return group
	}
	has := func(tag string) bool { return slices.Contains(op.Tags, tag) }
	switch {
	case strings.Contains(template, "forms/") || strings.HasSuffix(template, "Form") || template == "/v2/members/usersecurity":
		return "rm forms"
	case has("Circulation"), has("PhysicalObjects"), has("StorageManagement"), strings.Contains(template, "physical"):
		return "rm physical"
	}
	for _, g := range []struct{ tag, name string }{
		{"Holds", "rm holds"},
		{"Dispositions", "rm dispositions"},
		{"RSI Schedules", "rm rsis"},
		{"Cross-References", "rm cross-references"},
		{"SecurityClearance", "rm security"},
		{"RMqueues", "rm queues"},
	} {
		if has(g.tag) {
			return g.name
		}
	}
	return "rm records and settings"
}

// digital tells the operations that a digital record needs.
func (o *operation) digital() bool {
	return strings.HasPrefix(o.group, "rm ") && o.group != "rm forms" && o.group != "rm physical"
}

// has tells whether a row of a table of routes is described: the same method,
// and the same template, placeholders included.
func (s *specification) has(method, template string) bool {
	return slices.ContainsFunc(s.operations, func(o *operation) bool {
		return o.method == method && o.template == strings.TrimRight(template, "/")
	})
}

// of returns the operation that a request's path belongs to: fixed segments
// win over placeholders.
func (s *specification) of(method, path string) *operation {
	got := strings.Split(strings.TrimRight(path, "/"), "/")
	var best *operation
	fixed := -1
	for _, o := range s.operations {
		if o.method != method || len(o.segments) != len(got) || !slices.EqualFunc(o.segments, got, fits) {
			continue
		}
		n := 0
		for _, segment := range o.segments {
			if !isPlaceholder(segment) {
				n++
			}
		}
		if n > fixed {
			best, fixed = o, n
		}
	}
	return best
}

func fits(segment, got string) bool { return segment == got || isPlaceholder(segment) }

func isPlaceholder(segment string) bool { return strings.HasPrefix(segment, "{") }

// coverage prints, group by group, which operations an exported method has
// sent and got a fitting answer to, and those that are not covered.
func (s *specification) coverage(out io.Writer, proven map[string]bool) {
	total, missing := map[string]int{}, map[string][]string{}
	digital, digitalDone := 0, 0
	for _, o := range s.operations {
		total[o.group]++
		if !proven[o.name()] {
			missing[o.group] = append(missing[o.group], o.name())
		}
		if o.digital() {
			digital++
			if proven[o.name()] {
				digitalDone++
			}
		}
	}
	groups := slices.Sorted(maps.Keys(total))
	fmt.Fprintln(out, "\nnot covered:")
	for _, g := range groups {
		for _, m := range missing[g] {
			fmt.Fprintf(out, "  %-24s %s\n", g, m)
		}
	}
	fmt.Fprintln(out, "\ncovered:")
	for _, g := range groups {
		fmt.Fprintf(out, "  %-24s %3d of %3d\n", g, total[g]-len(missing[g]), total[g])
	}
	fmt.Fprintf(out, "rm-digital %d/%d\n", digitalDone, digital)
}
