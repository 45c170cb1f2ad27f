package main

import (
	"bytes"
	"fmt"
	"io"
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

// find returns the operation of a method and template, whatever its
// placeholders are called.
func (s *specification) find(method, template string) *operation {
	return s.match(method, strings.TrimRight(template, "/"), func(want, got string) bool {
		return want == got || (isPlaceholder(want) && isPlaceholder(got))
	})
}

// of returns the operation that a request's path belongs to: fixed segments
// win over placeholders.
func (s *specification) of(method, path string) *operation {
	return s.match(method, strings.TrimRight(path, "/"), func(want, got string) bool { return want == got || isPlaceholder(want) })
}

func isPlaceholder(segment string) bool { return strings.HasPrefix(segment, "{") }

func (s *specification) match(method, path string, same func(want, got string) bool) *operation {
	got := strings.Split(path, "/")
	var best *operation
	fixed := -1
	for _, o := range s.operations {
		if o.method != method || len(o.segments) != len(got) || !slices.EqualFunc(o.segments, got, same) {
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

// coverage prints, group by group, which operations an exported method has
// sent and got a fitting answer to.
func (s *specification) coverage(out io.Writer, proven map[string]bool) {
	total, done := map[string]int{}, map[string]int{}
	var missing []string
	digital, digitalDone := 0, 0
	for _, o := range s.operations {
		total[o.group]++
		covered := proven[o.name()]
		if covered {
			done[o.group]++
		}
		if o.digital() {
			digital++
			if covered {
				digitalDone++
			} else {
				missing = append(missing, o.name())
			}
		}
	}
	groups := make([]string, 0, len(total))
	for g := range total {
		groups = append(groups, g)
	}
	slices.Sort(groups)
	fmt.Fprintln(out, "\nnot covered, of those that a digital record needs:")
	for _, m := range missing {
		fmt.Fprintln(out, "  "+m)
	}
	fmt.Fprintln(out)
	for _, g := range groups {
		fmt.Fprintf(out, "%-28s %3d of %3d\n", g, done[g], total[g])
	}
	fmt.Fprintf(out, "rm-digital %d/%d\n", digitalDone, digital)
}
