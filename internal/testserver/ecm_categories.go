package testserver

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func attributeKey(category int64, attribute int) string {
	return fmt.Sprintf("%d_%d", category, attribute)
}

// attribute finds the definition behind a key such as "12345_7", or
// "12345_3_1_4" within a set.
func (e *ECM) attribute(key string) (category int64, a *ECMAttribute) {
	parts := strings.Split(key, "_")
	category, _ = strconv.ParseInt(parts[0], 10, 64)
	n := e.state.Nodes[category]
	if n == nil || n.Type != 131 {
		return category, nil
	}
	find := func(list []ECMAttribute, id string) *ECMAttribute {
		i := slices.IndexFunc(list, func(a ECMAttribute) bool { return strconv.Itoa(a.ID) == id })
		if i < 0 {
			return nil
		}
		return &list[i]
	}
	switch len(parts) {
	case 2:
		if a = find(n.Attributes, parts[1]); a != nil && a.Type != "set" {
			return category, a
		}
	case 4:
		set := find(n.Attributes, parts[1])
		if row, err := strconv.Atoi(parts[2]); set != nil && set.Type == "set" && err == nil && row >= 1 && row <= set.Rows {
			return category, find(set.Attributes, parts[3])
		}
	}
	return category, nil
}

// setRow tells that a key such as "12345_3_2" names a row of a set.
func (e *ECM) setRow(key string) bool {
	parts := strings.Split(key, "_")
	category, _ := strconv.ParseInt(parts[0], 10, 64)
	n := e.state.Nodes[category]
	return len(parts) == 3 && n != nil && slices.ContainsFunc(n.Attributes, func(a ECMAttribute) bool { return a.Type == "set" && strconv.Itoa(a.ID) == parts[1] })
}

// fits checks a value against its definition.
func (a *ECMAttribute) fits(value any) bool {
	many, isList := value.([]any)
	if isList != a.Multi && value != nil {
		return false
	}
	if !isList {
		many = []any{value}
	}
	return !slices.ContainsFunc(many, func(v any) bool { return !a.fitsOne(v) })
}

func (a *ECMAttribute) fitsOne(v any) bool {
	text := textOf(v)
	if text == "" {
		return true
	}
	if len(a.Choices) > 0 && !slices.Contains(a.Choices, text) {
		return false
	}
	switch a.Type {
	case "integer", "user":
		_, err := strconv.ParseInt(text, 10, 64)
		return err == nil
	case "boolean":
		return slices.Contains([]string{"true", "false", "True", "False", "1", "0"}, text)
	case "date":
		for _, layout := range []string{time.DateOnly, "2006-01-02T15:04:05", time.RFC3339} {
			if _, err := time.Parse(layout, text); err == nil {
				return true
			}
		}
		return false
	}
	return a.MaxLength == 0 || utf8.RuneCountInString(text) <= a.MaxLength
}

// applyValues checks all values, then writes them. Only is the one category
// that may be touched, 0 for any, which then are applied too.
func (e *ECM) applyValues(n *ecmNode, values map[string]any, only int64) (ecmReply, bool) {
	touched := map[int64]bool{}
	for _, key := range sortedKeys(values) {
		category, a := e.attribute(key)
		if only != 0 && category != only {
			return fail(http.StatusBadRequest, "Category ID '%d' non-matching attribute ('%s') was found", only, key), true
		}
		definition := e.state.Nodes[category]
		switch {
		case definition != nil && definition.Type == 131 && key == attributeKey(category, 1), e.setRow(key) && values[key] == "":
		case a == nil:
			return fail(http.StatusBadRequest, "Category ID '%d' non-matching attribute ('%s') was found", category, key), true
		case !a.fits(values[key]), a.ReadOnly && fmt.Sprint(a.stored(values[key])) != fmt.Sprint(n.value(category, key, a)):
			return fail(http.StatusInternalServerError, "Invalid attribute entry found"), true
		}
		touched[category] = true
	}
	for _, category := range sortedKeys(touched) {
		for _, a := range e.state.Nodes[category].Attributes {
			key := attributeKey(category, a.ID)
			value, sent := values[key]
			if !sent {
				value = n.value(category, key, &a)
			}
			if a.Required && a.Type != "set" && empty(value) {
				return fail(http.StatusBadRequest, "Missing required parameter '%s'", a.Label), true
			}
		}
	}
	if len(touched) > 0 {
		e.writeValues(n, values, touched)
	}
	return ecmReply{}, false
}

// writeValues writes values that were checked.
func (e *ECM) writeValues(n *ecmNode, values map[string]any, touched map[int64]bool) {
	if n.Categories == nil {
		n.Categories = map[int64]map[string]any{}
	}
	for category := range touched {
		if n.Categories[category] != nil {
			continue
		}
		n.Categories[category] = map[string]any{}
		for _, a := range e.state.Nodes[category].Attributes {
			if a.Type != "set" {
				n.Categories[category][attributeKey(category, a.ID)] = a.initial()
			}
			for _, inner := range a.Attributes {
				n.Categories[category][fmt.Sprintf("%d_%d_1_%d", category, a.ID, inner.ID)] = inner.unset()
			}
		}
	}
	for key, value := range values {
		category, a := e.attribute(key)
		if a != nil {
			n.Categories[category][key] = a.stored(value)
		}
		if e.setRow(key) {
			maps.DeleteFunc(n.Categories[category], func(k string, _ any) bool { return strings.HasPrefix(k, key+"_") })
		}
	}
}

// value is what stands on the node, or would when the category is applied.
func (n *ecmNode) value(category int64, key string, a *ECMAttribute) any {
	if n.Categories[category] == nil {
		return a.initial()
	}
	return n.Categories[category][key]
}

func (a *ECMAttribute) initial() any {
	switch {
	case a.Default == "":
		return a.unset()
	case a.Multi:
		return []any{a.Default}
	}
	return a.stored(a.Default)
}

func (a *ECMAttribute) unset() any {
	if a.Multi {
		return []any{}
	}
	return nil
}

// stored is how the server gives a value back: dates with a time, integers as
// numbers.
func (a *ECMAttribute) stored(v any) any {
	if v == nil || v == "" {
		return a.unset()
	}
	if list, isList := v.([]any); isList {
		return list
	}
	switch text := fmt.Sprint(v); a.Type {
	case "date":
		if len(text) == len(time.DateOnly) {
			return text + "T00:00:00"
		}
		return text
	case "integer", "user":
		n, _ := strconv.ParseInt(text, 10, 64)
		return n
	case "boolean":
		return strings.EqualFold(text, "true") || text == "1"
	default:
		return text
	}
}

func empty(v any) bool {
	list, isList := v.([]any)
	return v == nil || v == "" || (isList && len(list) == 0)
}
