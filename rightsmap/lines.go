package rightsmap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/smintecm/sdk/records"
)

// lines writes a statement as one line per value, for people and for reading
// back:
//
//	terms[0].limits.geographies.allowed[0]="europe_any"
//	terms[0].valid_until="2027-05-06T00:00:00Z"
//
// A text whose line would exceed length characters goes on in lines of the
// same place with "+" for "=". Zero is no limit. The explanations are left out:
// they are about reading the vendor's JSON, which is kept elsewhere. The last
// line is a digest over all: a line that is lost or changed shows.
func lines(s Statement, length int) []string {
	raw, err := json.Marshal(s.unexplained())
	if err != nil {
		return nil // no field of a statement fails to marshal but a foreign enum.
	}
	tree, err := parseTree(raw)
	if err != nil {
		return nil
	}
	var out []string
	flatten(tree, length, &out)
	return append(out, split(&node{path: linesDigest, value: records.DigestOf(raw).Hex()}, length)...)
}

// linesDigest is the place of the digest among the lines of a statement.
const linesDigest = "sha256"

// unexplained returns the statement without its explanations.
func (s Statement) unexplained() Statement {
	s.Explained = nil
	if s.Original != nil {
		s.Original = new(s.Original.unexplained())
	}
	return s
}

func flatten(n *node, length int, out *[]string) {
	switch {
	case n.object:
		for _, k := range n.keys {
			if k != "explained" { // null; it is left out of stored statements.
				flatten(n.fields[k], length, out)
			}
		}
	case n.array:
		for _, item := range n.items {
			flatten(item, length, out)
		}
	default:
		*out = append(*out, split(n, length)...)
	}
}

// split writes one value, in several lines if it is a long text.
func split(n *node, length int) []string {
	line := n.path + "=" + n.text()
	s, isText := n.value.(string)
	room := length - utf8.RuneCountInString(n.path) - len(`=""`)
	if length <= 0 || !isText || utf8.RuneCountInString(line) <= length || room < 12 {
		return []string{line}
	}
	var out []string
	op, start, used := "=", 0, 0
	for i, r := range s {
		width := utf8.RuneCountInString(quote(string(r))) - len(`""`)
		if used+width > room {
			out = append(out, n.path+op+quote(s[start:i]))
			op, start, used = "+", i, 0
		}
		used += width
	}
	return append(out, n.path+op+quote(s[start:]))
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

// unlines reads what lines wrote, in any order of lines but with continued
// texts in theirs. Whole tells whether they are all, and as they were written.
func unlines(in []string) (s Statement, whole bool, err error) {
	root := &slot{}
	var p records.Problems
	for i, line := range in {
		if err := root.line(line); err != nil {
			p.Add(fmt.Sprintf("line %d", i+1), line, err.Error())
		}
	}
	p.Check(root.whole(), "lines", len(in), "every place once, lists without gaps")
	if err := p.Err("rightsmap.Mapping.Read"); err != nil {
		return Statement{}, false, err
	}
	written := root.fields[linesDigest]
	delete(root.fields, linesDigest)
	raw, err := json.Marshal(root.plain())
	if err != nil {
		return Statement{}, false, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields() // a line that nothing reads would be lost.
	if err := dec.Decode(&s); err != nil {
		p.Add("statement", err, "the lines of a statement")
		return Statement{}, false, p.Err("rightsmap.Mapping.Read")
	}
	again, err := json.Marshal(s.unexplained())
	whole = written != nil && written.scalar == any(records.DigestOf(again).Hex())
	return s, whole && slices.Equal(root.places(""), placesOf(lines(s, 0))), err
}

// places lists where the values below s stand, sorted. JSON takes a name in
// another case for the field, and so one place for two.
func (s *slot) places(path string) []string {
	var out []string
	for name, f := range s.fields {
		out = append(out, f.places(join(path, name))...)
	}
	for i, item := range s.items {
		out = append(out, item.places(path+"["+strconv.Itoa(i)+"]")...)
	}
	if s.set {
		out = append(out, path)
	}
	slices.Sort(out)
	return out
}

// placesOf lists where the values of whole lines stand, sorted, without that of
// the digest.
func placesOf(lines []string) []string {
	places := map[string]bool{}
	for _, line := range lines {
		place, _, _ := strings.Cut(line, "=")
		places[place] = place != linesDigest
	}
	maps.DeleteFunc(places, func(_ string, ok bool) bool { return !ok })
	return slices.Sorted(maps.Keys(places))
}

// slot is a JSON value under construction.
type slot struct {
	scalar any
	set    bool
	fields map[string]*slot
	items  map[int]*slot
}

func (s *slot) line(line string) error {
	end := strings.IndexAny(line, "=+")
	if end <= 0 {
		return fmt.Errorf("a place, = or +, and a value")
	}
	at, err := s.at(line[:end])
	if err != nil {
		return err
	}
	var value any
	dec := json.NewDecoder(strings.NewReader(line[end+1:]))
	dec.UseNumber()
	err = dec.Decode(&value)
	if _, end := dec.Token(); err != nil || !errors.Is(end, io.EOF) {
		return fmt.Errorf("a JSON value after the place")
	}
	if line[end] == '=' {
		if at.set {
			return fmt.Errorf("each place once")
		}
		at.scalar, at.set = value, true
		return nil
	}
	head, ok1 := at.scalar.(string)
	tail, ok2 := value.(string)
	if !ok1 || !ok2 {
		return fmt.Errorf("a text that goes on")
	}
	at.scalar = head + tail
	return nil
}

// at finds or makes the slot at a path of names and indexes.
func (s *slot) at(path string) (*slot, error) {
	if strings.Count(path, ".")+strings.Count(path, "[") > maxDepth {
		return nil, errDepth
	}
	for part := range strings.SplitSeq(path, ".") {
		name, rest, _ := strings.Cut(part, "[")
		if s.fields == nil {
			s.fields = map[string]*slot{}
		}
		if s.fields[name] == nil {
			s.fields[name] = &slot{}
		}
		s = s.fields[name]
		for rest != "" {
			number, after, closed := strings.Cut(rest, "]")
			i, err := strconv.Atoi(number)
			if err != nil || i < 0 || !closed {
				return nil, fmt.Errorf("a place of names and indexes")
			}
			if s.items == nil {
				s.items = map[int]*slot{}
			}
			if s.items[i] == nil {
				s.items[i] = &slot{}
			}
			s, rest = s.items[i], strings.TrimPrefix(after, "[")
		}
	}
	return s, nil
}

// whole reports whether each slot is one kind of value and no list has a gap,
// so that nothing of what was read gets lost.
func (s *slot) whole() bool {
	kinds := 0
	for _, is := range []bool{s.set, s.fields != nil, s.items != nil} {
		if is {
			kinds++
		}
	}
	for _, f := range s.fields {
		if !f.whole() {
			return false
		}
	}
	for i, item := range s.items {
		if i >= len(s.items) || !item.whole() {
			return false
		}
	}
	return kinds <= 1
}

func (s *slot) plain() any {
	switch {
	case s.fields != nil:
		m := make(map[string]any, len(s.fields))
		for k, v := range s.fields {
			m[k] = v.plain()
		}
		return m
	case s.items != nil:
		list := make([]any, len(s.items))
		for i, v := range s.items {
			list[i] = v.plain()
		}
		return list
	default:
		return s.scalar
	}
}
