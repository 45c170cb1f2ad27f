package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// parameters compares what was sent with what is declared: where, whether all
// that is required is there, and whether values are of the declared type.
func (o *operation) parameters(e exchange) []difference {
	declared, freeBody := o.declared()
	var out []difference
	differs := func(field, format string, args ...any) {
		out = append(out, difference{o.name(), field, fmt.Sprintf(format, args...)})
	}
	there := map[string]bool{}
	for place, values := range e.sent() {
		for name, texts := range values {
			there[name] = true
			if isAttributeKey(name) {
				continue // attribute keys are data.
			}
			inQuery, inForm := declared["query"][name], declared["form"][name]
			switch {
			case place == "query" && inQuery != nil:
				misfits(&out, o, name, inQuery, texts)
			case place != "query" && inForm != nil:
				misfits(&out, o, name, inForm, texts)
			case place == "body" && freeBody:
			case inForm != nil:
				differs(name, "sent in the %s, declared in the form", place)
			case inQuery != nil:
				differs(name, "sent in the %s, declared in the query", place)
			default:
				differs(name, "sent in the %s, not declared", place)
			}
		}
	}
	for place, names := range declared {
		for name, p := range names {
			if p.required && !there[name] && name != "body" {
				differs(name, "required in the %s and not sent", place)
			}
		}
	}
	return out
}

// misfits notes values that are not of the declared type. A list's key is
// repeated for each element.
func misfits(out *[]difference, o *operation, name string, p *parameter, texts []string) {
	for _, text := range texts {
		if want := misfit(p.schema, text); want != "" {
			*out = append(*out, difference{o.name(), name, fmt.Sprintf("sent as %.40q, declared as %s", text, want)})
		}
	}
}

// misfit says what a text should have been; a list is taken for its elements.
func misfit(ref *openapi3.SchemaRef, text string) string {
	if ref == nil || ref.Value == nil {
		return ""
	}
	s := ref.Value
	if s.Type.Is("array") {
		if strings.HasPrefix(text, "[") {
			return "" // as a member of a JSON object.
		}
		return misfit(s.Items, text)
	}
	var fits bool
	switch {
	case s.Type.Is("integer"):
		_, err := strconv.ParseInt(text, 10, 64)
		fits = err == nil
	case s.Type.Is("number"):
		_, err := strconv.ParseFloat(text, 64)
		fits = err == nil
	case s.Type.Is("boolean"):
		fits = text == "true" || text == "false"
	case s.Type.Is("object"):
		fits = strings.HasPrefix(text, "{")
	default:
		fits = s.Format != "date" || isDate(text)
	}
	if fits && len(s.Enum) > 0 && !slices.ContainsFunc(s.Enum, func(v any) bool { return fmt.Sprint(v) == text }) {
		return fmt.Sprintf("one of %v", s.Enum)
	}
	if fits {
		return ""
	}
	return strings.TrimSpace(strings.Join(s.Type.Slice(), " or ") + " " + s.Format)
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

func isAttributeKey(name string) bool {
	return strings.Contains(name, "_") && strings.Trim(name, "0123456789_") == ""
}

// parameter is one that is declared.
type parameter struct {
	schema   *openapi3.SchemaRef
	required bool
}

// declared are the query parameters and the form's fields, and whether a JSON
// object in the field "body" may hold what the prose says. A form's scalar
// fields are understood as keys of such a body too.
func (o *operation) declared() (places map[string]map[string]*parameter, freeBody bool) {
	places = map[string]map[string]*parameter{"query": {}, "form": {}}
	for _, list := range []openapi3.Parameters{o.spec.Parameters, o.item.Parameters} {
		for _, p := range list {
			if p.Value != nil && p.Value.In == "query" {
				places["query"][p.Value.Name] = &parameter{p.Value.Schema, p.Value.Required}
			}
		}
	}
	if o.spec.RequestBody == nil || o.spec.RequestBody.Value == nil {
		return places, false
	}
	for kind, media := range o.spec.RequestBody.Value.Content {
		if kind == "text/plain" {
			freeBody = true
		}
		if media.Schema == nil || media.Schema.Value == nil {
			continue
		}
		s := media.Schema.Value
		for name, property := range s.Properties {
			places["form"][name] = &parameter{property, slices.Contains(s.Required, name)}
			if name != "body" {
				continue
			}
			freeBody = true
			if property.Value != nil {
				for inner, p := range property.Value.Properties {
					places["form"][inner] = &parameter{p, slices.Contains(property.Value.Required, inner)}
				}
			}
		}
	}
	return places, freeBody
}

// everywhere are the statuses of errors that apply to every operation, whether
// its description says so or not: no login, and what a web server in front
// answers by itself.
var everywhere = []int{401, 429, 502, 503, 504}

// refusal compares an error: its status, and its form: an object that says what
// is wrong, as "error", or as the verdict of Records Management's second
// version.
func (o *operation) refusal(e exchange) (difference, bool) {
	if o.method == http.MethodHead {
		return difference{}, false
	}
	var body struct {
		Error   string `json:"error"`
		Results any    `json:"results"`
	}
	if err := json.Unmarshal(bodyBytes(e.ResponseBody, e.ResponseEncoding), &body); err != nil || (body.Error == "" && body.Results == nil) {
		return difference{o.name(), "answer", fmt.Sprintf("status %d without a word", e.Status)}, true
	}
	if !slices.Contains(everywhere, e.Status) && o.spec.Responses.Status(e.Status) == nil {
		return difference{o.name(), fmt.Sprint("status ", e.Status), "not described"}, true
	}
	return difference{}, false
}

// download tells the operations that answer bytes.
func (o *operation) download() bool { return slices.Contains(o.segments, "content") }

// answer compares a success with its description: outside of downloads it is
// JSON. Where no form is described, any will do.
func (o *operation) answer(e exchange) []difference {
	if o.method == http.MethodHead || o.download() {
		return nil
	}
	kind := header(e.ResponseHeaders, "Content-Type")
	if body := bodyBytes(e.ResponseBody, e.ResponseEncoding); !strings.HasPrefix(kind, "application/json") || !json.Valid(body) {
		return []difference{{o.name(), "answer", fmt.Sprintf("%d bytes of %q are no JSON", len(body), kind)}}
	}
	response := o.spec.Responses.Status(200)
	if response == nil || response.Value == nil {
		return nil
	}
	for _, media := range response.Value.Content {
		if media.Schema == nil {
			continue
		}
		var value any
		if err := json.Unmarshal(bodyBytes(e.ResponseBody, e.ResponseEncoding), &value); err != nil {
			return []difference{{o.name(), "answer", "is no JSON"}}
		}
		c := &comparison{operation: o.name()}
		c.compare(media.Schema, value, "", 0)
		return c.found
	}
	return nil
}

// comparison walks a value along its schema. General rules: null stands for any
// value; an array of one object stands for the object, as the descriptions type
// every level; members that are not described are not compared.
type comparison struct {
	operation string
	found     []difference
}

func (c *comparison) differs(field, format string, args ...any) {
	c.found = append(c.found, difference{c.operation, "answer" + field, fmt.Sprintf(format, args...)})
}

func (c *comparison) compare(ref *openapi3.SchemaRef, value any, field string, depth int) {
	if ref == nil || ref.Value == nil || value == nil || depth > 40 {
		return
	}
	s := ref.Value
	for _, all := range s.AllOf {
		c.compare(all, value, field, depth+1)
	}
	list, isList := value.([]any)
	object, isObject := value.(map[string]any)
	// Many schemas list members and name no type.
	anObject := s.Type.Is("object") || (s.Type == nil && len(s.Properties) > 0)
	switch {
	case s.Type.Is("array") && isList:
		for _, v := range list {
			c.compare(s.Items, v, field+"[]", depth+1)
		}
	case s.Type.Is("array"):
		c.compare(s.Items, value, field, depth+1)
	case anObject && isObject:
		if depth == 0 && len(s.Properties) > 0 && !anyOf(s.Properties, object) {
			c.differs(field+" members", "none of the described ones")
		}
		for name, property := range s.Properties {
			c.compare(property, object[name], field+"."+name, depth+1)
		}
		for _, name := range s.Required {
			if _, there := object[name]; !there {
				c.differs(field+"."+name, "required and missing")
			}
		}
	case anObject && isList && len(list) == 1:
		c.compare(ref, list[0], field, depth+1)
	case anObject && isList:
		if len(list) > 0 {
			c.differs(field, "a list for an object")
		}
	case anObject:
		c.differs(field, "%T for an object", value)
	default:
		c.scalar(s, value, field)
	}
}

func anyOf(described openapi3.Schemas, object map[string]any) bool {
	for name := range described {
		if _, there := object[name]; there {
			return true
		}
	}
	return false
}

func (c *comparison) scalar(s *openapi3.Schema, value any, field string) {
	var fits bool
	switch v := value.(type) {
	case string:
		fits = s.Type.Is("string") || s.Type == nil
	case bool:
		fits = s.Type.Is("boolean") || s.Type == nil
	case float64:
		fits = s.Type == nil || s.Type.Is("number") || (s.Type.Is("integer") && v == math.Trunc(v))
	default:
		fits = s.Type == nil
	}
	if !fits {
		c.differs(field, "%T for %v", value, s.Type.Slice())
	}
}
