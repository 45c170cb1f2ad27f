package ecm

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/smintecm/sdk/internal/rest"
)

// This file is what a call asks of its arguments before anything is sent. A
// call notes all faults of all arguments and reports them together.

// wantID notes a fault unless the id is one.
func wantID[T ~int64](faults *rest.Problems, field string, id T) {
	if id <= 0 {
		faults.Add(field, id, "a positive id")
	}
}

// mayID is wantID for an id that may be left out.
func mayID[T ~int64](faults *rest.Problems, field string, id T) {
	if id < 0 {
		faults.Add(field, id, "a positive id, or 0 for none")
	}
}

// wantIDs notes a fault for each id that is none.
func wantIDs[T ~int64](faults *rest.Problems, field string, ids []T) {
	if len(ids) == 0 {
		faults.Add(field, "none", "at least one id")
	}
	mayIDs(faults, field, ids)
}

// mayIDs is wantIDs for a list that may be empty.
func mayIDs[T ~int64](faults *rest.Problems, field string, ids []T) {
	for i, id := range ids {
		wantID(faults, fmt.Sprintf("%s[%d]", field, i), id)
	}
}

// wantText notes a fault unless the text is one readable line.
func wantText[T ~string](faults *rest.Problems, field string, text T) {
	if strings.TrimSpace(string(text)) == "" {
		faults.Add(field, text, "a value")
	}
	mayText(faults, field, text)
}

// mayText is wantText for a text that may be left out.
func mayText[T ~string](faults *rest.Problems, field string, text T) {
	if !utf8.ValidString(string(text)) || strings.ContainsFunc(string(text), unicode.IsControl) {
		faults.Add(field, fmt.Sprintf("%+q", string(text)), "one line of valid UTF-8")
	}
}

// mayLines is mayText for what may have several lines.
func mayLines(faults *rest.Problems, field, text string) {
	mayText(faults, field, strings.NewReplacer("\r", "", "\n", "", "\t", "").Replace(text))
}

// mayTexts wants each text of a list to be one.
func mayTexts[T ~string](faults *rest.Problems, field string, texts []T) {
	for i, text := range texts {
		wantText(faults, fmt.Sprintf("%s[%d]", field, i), text)
	}
}

// mayCodes is mayTexts for codes that go into one parameter, with a separator
// between them that none of them may hold.
func mayCodes(faults *rest.Problems, field string, codes []string, separators string) {
	mayTexts(faults, field, codes)
	for i, code := range codes {
		if strings.ContainsAny(code, separators) {
			faults.Add(fmt.Sprintf("%s[%d]", field, i), code, fmt.Sprintf("a code without any of %q, which separate codes here", separators))
		}
	}
}

// wantLeast notes a fault for a number below the least that makes sense.
func wantLeast[T ~int | ~int64](faults *rest.Problems, field string, n, least T) {
	if n < least {
		faults.Add(field, n, fmt.Sprintf("%d or more", least))
	}
}

// wantSome notes a fault for a change that changes nothing.
func wantSome[T comparable](faults *rest.Problems, change T) {
	var none T
	if change == none {
		faults.Add("change", "none", "at least one field")
	}
}

// wantContent wants something to read, and how long exactly it is.
func wantContent(faults *rest.Problems, field string, content io.Reader, size, least int64) {
	if content == nil {
		faults.Add(field, "none", "a reader")
	}
	if size < least {
		faults.Add(field+" size", size, "the exact length in bytes")
	}
}

// mayDay notes a fault for a date that no calendar of the server has. The zero
// value stands for none.
func mayDay(faults *rest.Problems, field string, t time.Time) {
	if y := t.Year(); !t.IsZero() && (y < 1 || y > 9999) {
		faults.Add(field, t, "a date in the years 1 to 9999")
	}
}

// wantDay is mayDay for a date that must be there.
func wantDay(faults *rest.Problems, field string, t time.Time) {
	if t.IsZero() {
		faults.Add(field, "none", "a date")
	}
	mayDay(faults, field, t)
}

// maySpan wants two dates, of which either may be left out, in their order.
func maySpan(faults *rest.Problems, from, until string, first, last time.Time) {
	mayDay(faults, from, first)
	mayDay(faults, until, last)
	if !first.IsZero() && !last.IsZero() && last.Before(first) {
		faults.Add(until, dateText(last), "a day not before "+from+", "+dateText(first))
	}
}

// mayPage wants page and limit positive, or 0 for the defaults.
func mayPage(faults *rest.Problems, page, limit int) {
	if page < 0 {
		faults.Add("page", page, "1 or more, or 0 for the first")
	}
	if limit < 0 {
		faults.Add("limit", limit, "1 or more, or 0 for the default")
	}
}

// mayReasons wants the reason of every Unguarded.
func mayReasons(faults *rest.Problems, skip []Unguarded) {
	for _, u := range skip {
		if strings.TrimSpace(u.Reason) == "" {
			faults.Add("unguarded", u.Reason, "a reason: an auditor will ask for it")
		}
		mayText(faults, "unguarded", u.Reason)
	}
}

// mayValues wants keys of attributes, and texts that can be sent.
func mayValues(faults *rest.Problems, field string, values CategoryValues) {
	for key, value := range values {
		if !isAttributeKey(key) {
			faults.Add(field, key, "keys as 12345_7, or 12345_39_1_40 in a set")
		}
		for _, text := range value.texts {
			// Values are foreign text; what the server cannot hold, it says.
			if !utf8.ValidString(text) {
				faults.Add(field+"."+key, fmt.Sprintf("%+q", text), "valid UTF-8")
			}
		}
	}
}

// isAttributeKey tells the key of an attribute, or of one in a row of a set.
func isAttributeKey(key string) bool {
	steps := strings.Split(key, "_")
	for _, step := range steps {
		if step == "" || strings.Trim(step, "0123456789") != "" || strings.HasPrefix(step, "0") {
			return false
		}
	}
	return len(steps) == 2 || len(steps) == 4
}
