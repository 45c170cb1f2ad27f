package ecm

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
)

// CategoryValues are the attribute values of categories on a node, by
// attribute key: "12345_7" for attribute 7 of category 12345, "12345_3_1_5"
// for attribute 5 in row 1 of set 3.
type CategoryValues map[string]Value

// Value is the value of one attribute: texts, as the server gives and takes
// them, of which there may be several. The zero value is an unset attribute.
type Value struct {
	texts []string
	multi bool
}

// Text is a single value. Dates are "2006-01-02".
func Text(s string) Value { return Value{texts: []string{s}} }

// Number is a single integer value.
func Number(n int64) Value { return Text(strconv.FormatInt(n, 10)) }

// Bool is a single flag.
func Bool(b bool) Value { return Text(strconv.FormatBool(b)) }

// Texts is the value of an attribute that takes several.
func Texts(s ...string) Value { return Value{texts: slices.Clone(s), multi: true} }

// String is the first text, empty for an unset attribute.
func (v Value) String() string {
	if len(v.texts) == 0 {
		return ""
	}
	return v.texts[0]
}

// All are all texts.
func (v Value) All() []string { return slices.Clone(v.texts) }

// IsZero tells an unset attribute.
func (v Value) IsZero() bool { return len(v.texts) == 0 }

// Equal compares the texts; a date may carry a time of midnight on one side.
func (v Value) Equal(w Value) bool { return slices.EqualFunc(v.texts, w.texts, sameText) }

func sameText(a, b string) bool {
	const midnight = "T00:00:00"
	return a == b || (len(a) == 10 && b == a+midnight) || (len(b) == 10 && a == b+midnight)
}

// MarshalJSON is a text, a list of texts, or null.
func (v Value) MarshalJSON() ([]byte, error) {
	switch {
	case v.multi:
		return json.Marshal(append([]string{}, v.texts...))
	case len(v.texts) == 0:
		return []byte("null"), nil
	}
	return json.Marshal(v.texts[0])
}

// UnmarshalJSON reads texts, numbers, flags, null, and lists of them.
func (v *Value) UnmarshalJSON(b []byte) error {
	*v = Value{}
	items := []json.RawMessage{b}
	if v.multi = b[0] == '['; v.multi {
		if err := json.Unmarshal(b, &items); err != nil {
			return err
		}
	}
	for _, item := range items {
		text, err := valueText(item)
		if err != nil {
			return err
		}
		if text != "" || v.multi && string(item) != "null" {
			v.texts = append(v.texts, text)
		}
	}
	return nil
}

// valueText is a JSON value as a text; null is none.
func valueText(b json.RawMessage) (string, error) {
	switch b[0] {
	case 'n':
		return "", nil
	case '"':
		var text string
		err := json.Unmarshal(b, &text)
		return text, err
	case '{', '[':
		// A person or another expanded object: its JSON is kept.
		return compact(b)
	default:
		return string(b), nil
	}
}

// compact writes JSON in one form, whatever order and space it came in.
func compact(b json.RawMessage) (string, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return "", err
	}
	raw, err := json.Marshal(value)
	return string(raw), err
}
