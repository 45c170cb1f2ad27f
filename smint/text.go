package smint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// LocalizedText is a text in several cultures, as the licensing API sends it:
// a list of culture and value. A missing list and null are an empty text.
type LocalizedText []LocalizedString

// LocalizedString is a text in one culture, as "en".
type LocalizedString struct {
	Culture string `json:"culture"`
	Value   string `json:"value"`
}

// culture brings "en-US" and "EN" to "en".
func culture(s string) string {
	s, _, _ = strings.Cut(strings.ToLower(s), "-")
	s, _, _ = strings.Cut(s, "_")
	return s
}

// In returns the text in a culture, or else in English, or else in the first
// culture there is; empty only if there is none. Of a culture that is there
// twice, the first one counts.
func (t LocalizedText) In(want string) string {
	for _, c := range []string{culture(want), "en"} {
		for _, s := range t {
			if culture(s.Culture) == c && s.Value != "" {
				return s.Value
			}
		}
	}
	for _, s := range t {
		if s.Value != "" {
			return s.Value
		}
	}
	return ""
}

// Only returns the text in the cultures that are imported: those that are
// missing are filled with the English one, unless English is itself imported.
// No cultures: everything is kept, the first of each culture.
func (t LocalizedText) Only(imported ...string) map[string]string {
	found := map[string]string{}
	for _, s := range t {
		c := culture(s.Culture)
		if _, double := found[c]; !double {
			found[c] = s.Value
		}
	}
	if len(imported) == 0 {
		return found
	}
	english, fallback := found["en"]
	kept := map[string]string{}
	for _, c := range imported {
		if culture(c) == "en" {
			fallback = false
		}
	}
	for _, c := range imported {
		if v, ok := found[culture(c)]; ok {
			kept[culture(c)] = v
		} else if fallback {
			kept[culture(c)] = english
		}
	}
	return kept
}

// Doubles returns the cultures that are there more than once.
func (t LocalizedText) Doubles() []string {
	seen := map[string]int{}
	var doubles []string
	for _, s := range t {
		c := culture(s.Culture)
		if seen[c]++; seen[c] == 2 {
			doubles = append(doubles, c)
		}
	}
	return doubles
}

// LocalizedElements are names, keys and addresses in several cultures.
type LocalizedElements []LocalizedElement

// LocalizedElement is one of them.
type LocalizedElement struct {
	Culture string          `json:"culture"`
	Element MetadataElement `json:"metadata_element"`
}

// MetadataElement names something. Each part may be missing.
type MetadataElement struct {
	Key  string `json:"key,omitempty"`
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
}

// unknownFields returns the members of an object that none of the known names
// covers, as they came.
func unknownFields(raw []byte, known map[string]bool) (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	for name := range all {
		if known[name] {
			delete(all, name)
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	return all, nil
}

// lenient reads the members of an object one by one into the fields of a
// struct: one that is absent, or of another shape, leaves its field as it is.
func lenient(raw []byte, into any) {
	fields := reflect.ValueOf(into).Elem()
	if whole := reflect.New(fields.Type()); json.Unmarshal(raw, whole.Interface()) == nil {
		fields.Set(whole.Elem())
		return
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return
	}
	for i := range fields.NumField() {
		value, ok := members[fields.Type().Field(i).Tag.Get("json")]
		if fresh := reflect.New(fields.Field(i).Type()); ok && json.Unmarshal(value, fresh.Interface()) == nil {
			fields.Field(i).Set(fresh.Elem())
		}
	}
}

// names is the set of JSON names that a type knows.
func names(list ...string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, n := range list {
		set[n] = true
	}
	return set
}

// opaque is an id that is a string by contract, but is tolerated as a number.
func opaque(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		return "", nil
	case raw[0] == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	}
	var n json.Number
	if err := json.Unmarshal(raw, &n); err != nil {
		return "", fmt.Errorf("want an id as text, got %s", raw)
	}
	return n.String(), nil
}
