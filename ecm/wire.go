package ecm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// This file is where the oddities of the wire live. Everything else decodes
// into these types and knows nothing of them.

// number is an integer that arrives as a number, as a string, or as null.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "null" || s == "" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(s, 64)
		if ferr != nil || f != float64(int64(f)) {
			return fmt.Errorf("want an integer, got %s", b)
		}
		v = int64(f)
	}
	*n = number(v)
	return nil
}

// flag is a boolean that arrives as true, 1, "1" or "true", or as null.
type flag bool

func (f *flag) UnmarshalJSON(b []byte) error {
	switch strings.ToLower(strings.Trim(string(b), `"`)) {
	case "true", "1":
		*f = true
	case "false", "0", "null", "":
		*f = false
	default:
		return fmt.Errorf("want a flag, got %s", b)
	}
	return nil
}

// stamp is an instant in one of the server's forms. One without a zone is in
// the server's own zone, which is taken for UTC.
type stamp time.Time

var stampLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly, "20060102"}

func (s *stamp) UnmarshalJSON(b []byte) error {
	var text string
	if bytes.Equal(b, []byte("null")) {
		*s = stamp{}
		return nil
	}
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("want a date as text, got %s", b)
	}
	if text == "" {
		*s = stamp{}
		return nil
	}
	for _, layout := range stampLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			*s = stamp(t.UTC())
			return nil
		}
	}
	return fmt.Errorf("want a date, got %q", text)
}

// oneOrMany is a value that arrives as an object or as a list of objects.
type oneOrMany[T any] []T

func (o *oneOrMany[T]) UnmarshalJSON(b []byte) error {
	trimmed := bytes.TrimSpace(b)
	switch {
	case len(trimmed) == 0 || bytes.Equal(trimmed, []byte("null")):
		*o = nil
		return nil
	case trimmed[0] == '[':
		return json.Unmarshal(b, (*[]T)(o))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*o = []T{one}
	return nil
}

// paging is found at the top level, or under "collection".
type paging struct {
	Page      int `json:"page"`
	Limit     int `json:"limit"`
	PageTotal int `json:"page_total"`
	Total     int `json:"total_count"`
}

// pages is how many pages there are. Where a server counts the items alone, it
// follows from the page size: a list that ended early would hide records.
func (p paging) pages() int {
	if p.PageTotal == 0 && p.Limit > 0 {
		return (p.Total + p.Limit - 1) / p.Limit
	}
	return p.PageTotal
}

// v2 is the envelope of the second version of the API.
type v2[T any] struct {
	Collection collection
	Results    results[T]
}

// collection says which page of a list an answer is.
type collection struct{ Paging paging }

func (c *collection) UnmarshalJSON(b []byte) error {
	var wire oneOrMany[struct {
		Paging oneOrMany[paging] `json:"paging"`
	}]
	if err := wire.UnmarshalJSON(b); err != nil {
		return err
	}
	for _, w := range wire {
		for _, p := range w.Paging {
			c.Paging = p
		}
	}
	return nil
}

// result is one element of a v2 answer.
type result[T any] struct{ Data T }

// results arrive as an object or as a list, and the data of each as well.
type results[T any] []result[T]

func (r *results[T]) UnmarshalJSON(b []byte) error {
	var wire oneOrMany[struct {
		Data oneOrMany[T] `json:"data"`
	}]
	if err := wire.UnmarshalJSON(b); err != nil {
		return err
	}
	*r = nil
	for _, w := range wire {
		for _, data := range w.Data {
			*r = append(*r, result[T]{data})
		}
	}
	return nil
}

func (v *v2[T]) UnmarshalJSON(b []byte) error {
	var wire struct {
		Collection collection `json:"collection"`
		Results    results[T] `json:"results"`
	}
	err := json.Unmarshal(b, &wire)
	v.Collection, v.Results = wire.Collection, wire.Results
	if err == nil && len(v.Results) == 0 {
		err = says(b, "results")
	}
	return err
}

// says wants one of the members that an answer has, of one in which nothing was
// found. What something in front of the server says, with status 200 too, would
// read as an empty list otherwise, and a list of no holds is a permission.
func says(answer []byte, names ...string) error {
	members, err := rest.Members(answer)
	if err != nil {
		return err
	}
	for _, member := range members {
		if slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, member) }) {
			return nil
		}
	}
	return fmt.Errorf("expected an answer with %q, got one with %q", names, members)
}

// flatOrV2 is an answer that the description has flat, and some servers send
// in the envelope of the second version.
type flatOrV2[T any] struct{ value T }

func (f *flatOrV2[T]) UnmarshalJSON(b []byte) error {
	var wrapped v2[json.RawMessage]
	if err := json.Unmarshal(b, &wrapped); err == nil && len(wrapped.Results) > 0 && len(wrapped.Results[0].Data) > 0 {
		b = wrapped.Results[0].Data
	}
	return json.Unmarshal(b, &f.value)
}

// v1 is the envelope of the first version's lists.
type v1[T any] struct{ Data oneOrMany[T] }

func (v *v1[T]) UnmarshalJSON(b []byte) error {
	var wire struct {
		Data oneOrMany[T] `json:"data"`
	}
	err := json.Unmarshal(b, &wire)
	v.Data = wire.Data
	if err == nil && len(v.Data) == 0 {
		err = says(b, "data")
	}
	return err
}

// bodyJSON is a form whose one field "body" holds a JSON object: the form in
// which nested values are understood. A JSON body is not.
func bodyJSON(value any) (url.Values, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return url.Values{"body": {string(b)}}, nil
}

func dateText(t time.Time) string { return t.Format(time.DateOnly) }
