package ecm

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/smintecm/sdk/internal/rest"
)

// MaxName is the length in characters that the server allows a node's name.
const MaxName = 248

// CheckName reports what is wrong with a node's name, all of it, or nil. The
// server itself forbids little more than colons; what is refused beyond that
// turns into a path, or deceives a reader, somewhere else.
func CheckName(name string) error {
	var faults rest.Problems
	checkName(&faults, "name", name)
	return faults.Err("ecm.CheckName")
}

func checkName(faults *rest.Problems, field, name string) {
	if !utf8.ValidString(name) {
		faults.Add(field, fmt.Sprintf("%q", name), "valid UTF-8")
		return
	}
	if n := utf8.RuneCountInString(name); n == 0 || n > MaxName {
		faults.Add(field, name, fmt.Sprintf("1 to %d characters", MaxName))
	}
	if strings.TrimSpace(name) != name {
		faults.Add(field, name, "no space at the ends")
	}
	if name == "." || name == ".." || strings.ContainsAny(name, `:/\`) {
		faults.Add(field, name, "no colon, slash or backslash, and no step of a path")
	}
	if i := strings.IndexFunc(name, deceptive); i >= 0 {
		faults.Add(field, fmt.Sprintf("%+q", name), "no control character and none that turns the writing direction")
	}
}

// deceptive are characters that a reader does not see as what they are.
func deceptive(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) || r == utf8.RuneError || r == '\u200b' || r == '\ufeff'
}
