package rightsmap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxDepth bounds the nesting of foreign JSON.
const maxDepth = 64

var (
	errDepth    = errors.New("nested too deeply")
	errTrailing = errors.New("more than one JSON value")
)

// node is one value of a JSON document with its place. Unlike a map it keeps
// what encoding/json drops without a word: a key that comes twice.
type node struct {
	path   string
	value  any // string, bool, json.Number, nil; unset for an object or array.
	object bool
	array  bool
	keys   []string
	fields map[string]*node
	items  []*node
	twice  []string
	used   map[string]bool
}

func parseTree(raw []byte) (*node, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	n, err := readNode(dec, "", 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return n, nil
}

func readNode(dec *json.Decoder, path string, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	n := &node{path: path}
	switch tok {
	case json.Delim('{'):
		n.object, n.fields, n.used = true, map[string]*node{}, map[string]bool{}
		return n, n.readFields(dec, depth)
	case json.Delim('['):
		n.array = true
		for dec.More() {
			item, err := readNode(dec, path+"["+strconv.Itoa(len(n.items))+"]", depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		_, err := dec.Token()
		return n, err
	default:
		n.value = tok
		return n, nil
	}
}

func (n *node) readFields(dec *json.Decoder, depth int) error {
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		key, ok := tok.(string)
		if !ok {
			return fmt.Errorf("key %v is no string", tok)
		}
		child, err := readNode(dec, join(n.path, key), depth+1)
		if err != nil {
			return err
		}
		if n.fields[key] != nil {
			n.twice = append(n.twice, key)
			continue // the first one stays; the finding blocks anyway.
		}
		n.keys, n.fields[key] = append(n.keys, key), child
	}
	_, err := dec.Token()
	return err
}

// get returns a field and marks it as known; nil if it is absent or null.
func (n *node) get(key string) *node {
	if n == nil || !n.object {
		return nil
	}
	n.used[key] = true
	child := n.fields[key]
	if child == nil || child.isNull() {
		return nil
	}
	return child
}

// skip marks fields as known that nothing is read from.
func (n *node) skip(keys ...string) {
	if n != nil && n.object {
		for _, k := range keys {
			n.used[k] = true
		}
	}
}

// rest returns the fields that nothing marked as known, sorted.
func (n *node) rest() []*node {
	if n == nil {
		return nil
	}
	var out []*node
	for _, k := range slices.Sorted(slices.Values(n.keys)) {
		if !n.used[k] {
			out = append(out, n.fields[k])
		}
	}
	return out
}

// resembles reports whether the name of a field of n differs from a known one
// in case alone.
func (n *node) resembles(f *node) bool {
	for known := range n.used {
		if join(n.path, known) != f.path && strings.EqualFold(join(n.path, known), f.path) {
			return true
		}
	}
	return false
}

func (n *node) isNull() bool { return !n.object && !n.array && n.value == nil }

// text returns the value as compact JSON.
func (n *node) text() string {
	b, err := json.Marshal(n.plain())
	if err != nil {
		return fmt.Sprint(n.value)
	}
	return string(b)
}

func (n *node) plain() any {
	switch {
	case n.object:
		m := make(map[string]any, len(n.fields))
		for k, v := range n.fields {
			m[k] = v.plain()
		}
		return m
	case n.array:
		list := make([]any, len(n.items))
		for i, v := range n.items {
			list[i] = v.plain()
		}
		return list
	default:
		return n.value
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
