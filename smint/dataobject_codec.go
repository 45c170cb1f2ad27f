package smint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// valueMember is the name of the member that holds a value of the type:
// "localized_strings_model" stands under "localizedStringsValue".
func valueMember(t DataType) string {
	words := strings.Split(strings.TrimSuffix(string(t), "_model"), "_")
	for i, w := range words[1:] {
		if w != "" {
			words[i+1] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "") + "Value"
}

// decodeProperty reads the default form. Names match whatever their case; the
// value of a type that is not named, or names its member in another way, is
// the one member that ends in "Value" and is not null.
func decodeProperty(element json.RawMessage) (Property, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(element, &members); err != nil {
		return Property{}, err
	}
	var p Property
	values := map[string]json.RawMessage{}
	for name, raw := range members {
		switch lower := strings.ToLower(name); {
		case lower == "key":
			if err := json.Unmarshal(raw, &p.Key); err != nil {
				return p, fmt.Errorf("key: %w", err)
			}
		case lower == "datatype":
			if err := json.Unmarshal(raw, &p.DataType); err != nil {
				return p, fmt.Errorf("dataType: %w", err)
			}
		case strings.HasSuffix(lower, "value"):
			values[lower] = raw
		}
	}
	if raw, ok := values[strings.ToLower(valueMember(p.DataType))]; ok && p.DataType != "" {
		p.Value = raw
	} else {
		maps.DeleteFunc(values, func(_ string, raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) })
		if len(values) > 1 {
			return p, fmt.Errorf("%s: several values: %s", p.Key, strings.Join(slices.Sorted(maps.Keys(values)), ", "))
		}
		for _, raw := range values {
			p.Value = raw
		}
	}
	if bytes.Equal(p.Value, []byte("null")) {
		p.Value = nil
	}
	return p, nil
}

// encodeProperty writes the default form.
func encodeProperty(p Property) (json.RawMessage, error) {
	if p.Key == "" || p.DataType == "" {
		return nil, errors.New("a property needs a key and a data type")
	}
	value := p.Value
	if value == nil {
		value = json.RawMessage("null")
	}
	head, err := jsonText(struct {
		Key      string   `json:"key"`
		DataType DataType `json:"dataType"`
	}{p.Key, p.DataType})
	if err != nil {
		return nil, err
	}
	name, err := jsonText(valueMember(p.DataType))
	if err != nil {
		return nil, err
	}
	text := strings.TrimSuffix(head, "}") + "," + name + ":" + string(value) + "}"
	if !json.Valid([]byte(text)) {
		return nil, errors.New("its value is not JSON")
	}
	return json.RawMessage(text), nil
}

// LocalizedMap is a text in several cultures, as the portals send it: an
// object of culture to text. Its order and its doubles are kept.
type LocalizedMap []LocalizedString

// DefaultCulture is the culture of a text that holds for all others.
const DefaultCulture = "x-default"

// UnmarshalJSON reads the object, and also the list of the licensing API.
func (m *LocalizedMap) UnmarshalJSON(b []byte) error {
	*m = nil
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]LocalizedString)(m))
	}
	d := json.NewDecoder(bytes.NewReader(b))
	open, err := d.Token()
	if err != nil || open == nil {
		return err
	}
	if open != json.Delim('{') {
		return fmt.Errorf("want texts by culture, got %s", b)
	}
	for d.More() {
		culture, err := d.Token()
		if err != nil {
			return err
		}
		var value *string
		if err := d.Decode(&value); err != nil {
			return err
		}
		if value != nil {
			*m = append(*m, LocalizedString{culture.(string), *value})
		}
	}
	return nil
}

// MarshalJSON writes the object; of a culture that is there twice, the first
// one.
func (m LocalizedMap) MarshalJSON() ([]byte, error) {
	if m == nil {
		return []byte("null"), nil
	}
	var b strings.Builder
	seen := map[string]bool{}
	for _, s := range m {
		if seen[s.Culture] {
			continue
		}
		seen[s.Culture] = true
		member, err := jsonText(map[string]string{s.Culture: s.Value})
		if err != nil {
			return nil, err
		}
		b.WriteString("," + member[1:len(member)-1])
	}
	return []byte("{" + strings.TrimPrefix(b.String(), ",") + "}"), nil
}

// In returns the text in a culture, exactly or by its language, or else the
// default one, or else the first there is.
func (m LocalizedMap) In(want string) string {
	for _, fits := range []func(string) bool{
		func(c string) bool { return strings.EqualFold(c, want) },
		func(c string) bool { return culture(c) == culture(want) && c != DefaultCulture },
		func(c string) bool { return c == DefaultCulture },
		func(string) bool { return true },
	} {
		for _, s := range m {
			if s.Value != "" && fits(s.Culture) {
				return s.Value
			}
		}
	}
	return ""
}

// Text is the same text in the form of the licensing API.
func (m LocalizedMap) Text() LocalizedText { return LocalizedText(m) }

// Doubles returns the cultures that are there more than once.
func (m LocalizedMap) Doubles() []string { return LocalizedText(m).Doubles() }
