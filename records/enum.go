package records

import (
	"fmt"
	"slices"
)

// enum is a closed enumeration of this package: a small integer whose zero is
// unknown. Its texts are data, so that String and parsing cannot drift apart.
type enum interface{ ~uint8 }

// enumString returns the text of v, or a text that names the foreign number.
func enumString[E enum](texts []string, kind string, v E) string {
	if int(v) < len(texts) {
		return texts[v]
	}
	return fmt.Sprintf("%s(%d)", kind, v)
}

// enumText marshals v; a number outside the enumeration is an error.
func enumText[E enum](texts []string, kind string, v E) ([]byte, error) {
	if int(v) >= len(texts) {
		return nil, fmt.Errorf("records: %s %d: %w", kind, v, ErrInvalid)
	}
	return []byte(texts[v]), nil
}

// enumParse finds the value with exactly that text.
func enumParse[E enum](texts []string, kind, s string) (E, error) {
	if i := slices.Index(texts, s); i >= 0 {
		return E(i), nil
	}
	var p Problems
	p.Add(kind, s, fmt.Sprintf("one of %q", texts))
	return 0, p.Err("records.Parse")
}
