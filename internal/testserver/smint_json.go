package testserver

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// SmintJSON is one JSON object as Smint.io sends it. The fake knows its
// payloads only in this form, so that it shares no field tag with a client.
type SmintJSON = map[string]any

type smintAbsent struct{}

const smintAbsentText = "\x00absent"

// MarshalText lets a saved state tell absence from null.
func (smintAbsent) MarshalText() ([]byte, error) { return []byte(smintAbsentText), nil }

// SmintAbsent as a value in a [SmintJSON] that is merged into another
// removes the member: absent and null are different answers.
var SmintAbsent any = smintAbsent{}

// SmintText makes a list of localized strings from pairs of culture and text.
func SmintText(pairs ...string) []any {
	list := make([]any, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, SmintJSON{"culture": pairs[i], "value": pairs[i+1]})
	}
	return list
}

// SmintElement makes one entry of a list of localized metadata elements.
// Empty parts are left out, as the server leaves them out.
func SmintElement(culture, key, name, url string) SmintJSON {
	element := SmintJSON{}
	for member, value := range map[string]string{"key": key, "name": name, "url": url} {
		if value != "" {
			element[member] = value
		}
	}
	return SmintJSON{"culture": culture, "metadata_element": element}
}

// SmintTime writes an instant in the form of the recorded payloads:
// microseconds and a numeric offset.
func SmintTime(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000000-07:00")
}

// SmintMerge returns base with the members of patch laid over it. Objects are
// merged member by member, everything else is replaced, and [SmintAbsent]
// removes. Neither argument is changed.
func SmintMerge(base, patch SmintJSON) SmintJSON {
	merged := maps.Clone(base)
	if merged == nil {
		merged = SmintJSON{}
	}
	for key, value := range patch {
		switch value := value.(type) {
		case smintAbsent:
			delete(merged, key)
		case string:
			if value == smintAbsentText {
				delete(merged, key)
			} else {
				merged[key] = value
			}
		case SmintJSON:
			inner, _ := merged[key].(SmintJSON)
			merged[key] = SmintMerge(inner, value)
		default:
			merged[key] = value
		}
	}
	return merged
}

// smintObject decodes an object without losing digits of its numbers.
func smintObject(raw []byte) (SmintJSON, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var object SmintJSON
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, fmt.Errorf("null is not an object")
	}
	return object, nil
}

// smintRaw turns a map, a json.RawMessage or bytes into the bytes that go out.
// Raw bytes stay as they are, so that a broken payload can be seeded.
func smintRaw(value any) (json.RawMessage, error) {
	switch value := value.(type) {
	case json.RawMessage:
		return value, nil
	case []byte:
		return value, nil
	case string:
		return json.RawMessage(value), nil
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("testserver: the payload is not JSON: %w", err)
	}
	return bytes.TrimSpace(buffer.Bytes()), nil
}

func smintString(object SmintJSON, key string) string {
	text, _ := object[key].(string)
	return text
}

func smintReply(w http.ResponseWriter, status int, value any) {
	raw, err := smintRaw(value)
	if err != nil {
		status, raw = http.StatusInternalServerError, json.RawMessage(`{"error_code":"fake","error_message":"the seeded payload cannot be written"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", fmt.Sprint(len(raw)))
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

// smintRefuse answers with the error object of the vendor.
func smintRefuse(w http.ResponseWriter, status int, code, message string, details SmintJSON) {
	body := SmintJSON{"error_code": code, "error_message": message}
	if details != nil {
		body["error_details"] = details
	}
	smintReply(w, status, body)
}
