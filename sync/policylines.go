package sync

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/smintecm/sdk/records"
)

// FieldFault is one fault of a policy file: where it stands, and what was
// expected there.
type FieldFault struct {
	Line int `json:"line"`
	records.Problem
}

// String reads as a clause with its line.
func (f FieldFault) String() string { return fmt.Sprintf("line %d: %s", f.Line, f.Problem) }

// layout is a JSON document held against a Go type: the line of each value by
// its path, and every fault of form. Values are never decoded twice by other
// rules than encoding/json's own; what that would pass over in silence (unknown
// and doubled names) is a fault here.
type layout struct {
	doc    []byte
	lines  map[string]int
	faults []FieldFault
}

// layOut checks the form of a document against the type of want. A document
// that is no JSON at all has that one fault.
func layOut(doc []byte, want reflect.Type) *layout {
	l := &layout{doc: doc, lines: map[string]int{}}
	d := json.NewDecoder(bytes.NewReader(doc))
	if err := d.Decode(new(json.RawMessage)); err != nil {
		at := d.InputOffset()
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = syntax.Offset
		}
		l.fault(int(at), "document", short(err), "JSON")
		return l
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		l.fault(int(d.InputOffset()), "document", "more than one value", "one JSON object")
		return l
	}
	l.value("", doc, 0, want)
	return l
}

// line is where the value of a path stands, or where the nearest value above
// it does.
func (l *layout) line(path string) int {
	for {
		if n, ok := l.lines[path]; ok {
			return n
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			return max(l.lines[""], 1)
		}
		path = path[:cut]
	}
}

func (l *layout) lineAt(offset int) int {
	return 1 + bytes.Count(l.doc[:min(offset, len(l.doc))], []byte{'\n'})
}

func (l *layout) fault(offset int, path, value, want string) {
	if isSecretName(path) {
		value = redacted
	}
	l.faults = append(l.faults, FieldFault{l.lineAt(offset), records.Problem{Field: path, Value: value, Want: want}})
}

var textType = reflect.TypeFor[encoding.TextUnmarshaler]()

// value checks one value, which begins at or after offset in the document.
func (l *layout) value(path string, raw []byte, offset int, want reflect.Type) {
	lead := len(raw) - len(bytes.TrimLeft(raw, " \t\r\n"))
	raw, offset = bytes.TrimSpace(raw), offset+lead
	l.lines[path] = l.lineAt(offset)
	for want.Kind() == reflect.Pointer {
		if string(raw) == "null" {
			return
		}
		want = want.Elem()
	}
	opaque := reflect.PointerTo(want).Implements(textType) || reflect.PointerTo(want).Implements(reflect.TypeFor[json.Unmarshaler]())
	switch {
	case !opaque && want.Kind() == reflect.Struct:
		l.object(path, raw, offset, func(name string) (reflect.Type, bool) { return jsonField(want, name) })
	case !opaque && want.Kind() == reflect.Map:
		l.object(path, raw, offset, func(name string) (reflect.Type, bool) {
			return want.Elem(), l.key(path, name, offset, want.Key())
		})
	case !opaque && want.Kind() == reflect.Slice && want.Elem().Kind() != reflect.Uint8:
		l.array(path, raw, offset, want.Elem())
	default:
		if err := json.Unmarshal(raw, reflect.New(want).Interface()); err != nil {
			l.fault(offset, path, shown(raw), expected(want, err))
		}
	}
}

// key checks the name of a map's member, where its type can refuse one.
func (l *layout) key(path, name string, offset int, want reflect.Type) bool {
	k := reflect.New(want)
	if t, ok := k.Interface().(encoding.TextUnmarshaler); ok {
		if err := t.UnmarshalText([]byte(name)); err != nil {
			l.fault(offset, path, name, expected(want, err))
			return false
		}
	}
	return true
}

func (l *layout) object(path string, raw []byte, offset int, field func(string) (reflect.Type, bool)) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, _ := d.Token(); open != json.Delim('{') {
		l.fault(offset, path, shown(raw), "an object")
		return
	}
	seen := map[string]bool{}
	for d.More() {
		before := len(l.faults)
		token, _ := d.Token()
		name, _ := token.(string)
		at := offset + int(d.InputOffset())
		var v json.RawMessage
		if d.Decode(&v) != nil {
			return
		}
		start := offset + int(d.InputOffset()) - len(v)
		where := strings.TrimPrefix(path+"."+name, ".")
		kind, ok := field(name)
		switch {
		case seen[name]:
			l.fault(at-1, where, "given twice", "each name once")
		case ok:
			l.value(where, v, start, kind)
		case len(l.faults) == before:
			// Its value is not shown: it could be a secret that never should stand here.
			l.fault(at-1, where, "unknown", "a field that this version knows: a misspelling, or one of a later version")
		}
		seen[name] = true
	}
}

func (l *layout) array(path string, raw []byte, offset int, want reflect.Type) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, _ := d.Token(); open != json.Delim('[') {
		l.fault(offset, path, shown(raw), "a list")
		return
	}
	for i := 0; d.More(); i++ {
		var v json.RawMessage
		if d.Decode(&v) != nil {
			return
		}
		l.value(fmt.Sprintf("%s[%d]", path, i), v, offset+int(d.InputOffset())-len(v), want)
	}
}

// jsonField finds the field of a struct that a name stands for, exactly as it
// is written: encoding/json would take another case for it too.
func jsonField(t reflect.Type, name string) (reflect.Type, bool) {
	for _, f := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && tag != "-" && (tag == name || tag == "" && f.Name == name && !f.Anonymous) {
			return f.Type, true
		}
	}
	return nil, false
}

// expected says what a value should be, in the words of a policy's author.
func expected(want reflect.Type, err error) string {
	if invalid, ok := errors.AsType[*records.InvalidError](err); ok && len(invalid.Problems) > 0 {
		return invalid.Problems[0].Want
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
		return short(err)
	}
	switch want.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text in quotes"
	case reflect.Int, reflect.Int64:
		return "a whole number without quotes"
	case reflect.Float64:
		return "a number without quotes"
	default:
		return "a " + want.String()
	}
}

// redacted stands for what may be a secret: who writes one where the name of a
// variable belongs must not read it again in a log.
const redacted = "[redacted]"

func isSecretName(path string) bool { return strings.HasSuffix(path, "_env") }

// shown is a value as an error may quote it.
func shown(raw []byte) string {
	const limit = 60
	if len(raw) > limit {
		return string(raw[:limit]) + "…"
	}
	return string(raw)
}
