package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// parameters compares what was sent with what is declared, and where.
func (o *operation) parameters(e exchange) []difference {
	query, form, freeBody := o.declared()
	var out []difference
	for place, names := range e.sent() {
		for _, name := range names {
			if isAttributeKey(name) {
				continue // attribute keys are data.
			}
			inQuery, inForm := query[name], form[name]
			switch {
			case place == "query" && inQuery, place != "query" && inForm, place == "body" && freeBody:
			case inQuery || inForm:
				declaredIn := "query"
				if inForm {
					declaredIn = "form"
				}
				out = append(out, difference{o.name(), name, fmt.Sprintf("sent in the %s, declared in the %s", place, declaredIn)})
			default:
				out = append(out, difference{o.name(), name, "sent in the " + place + ", not declared"})
			}
		}
	}
	return out
}

func isAttributeKey(name string) bool {
	return strings.Contains(name, "_") && strings.Trim(name, "0123456789_") == ""
}

// declared are the names of query parameters and of form fields, and whether a
// JSON object in the field "body" may hold what the prose says.
func (o *operation) declared() (query, form map[string]bool, freeBody bool) {
	query, form = map[string]bool{}, map[string]bool{}
	for _, list := range []openapi3.Parameters{o.spec.Parameters, o.item.Parameters} {
		for _, p := range list {
			if p.Value != nil && p.Value.In == "query" {
				query[p.Value.Name] = true
			}
		}
	}
	if o.spec.RequestBody == nil || o.spec.RequestBody.Value == nil {
		return query, form, false
	}
	for kind, media := range o.spec.RequestBody.Value.Content {
		if kind == "text/plain" {
			freeBody = true
		}
		if media.Schema == nil || media.Schema.Value == nil {
			continue
		}
		for name, property := range media.Schema.Value.Properties {
			form[name] = true
			if name != "body" {
				continue
			}
			freeBody = true
			if property.Value != nil {
				for inner := range property.Value.Properties {
					form[inner] = true
				}
			}
		}
	}
	// A form's scalar fields are understood as keys of a body too.
	return query, form, freeBody
}

// answer compares a JSON answer with its description. Where none is described,
// any will do.
func (o *operation) answer(e exchange) []difference {
	if kind := header(e.ResponseHeaders, "Content-Type"); !strings.HasPrefix(kind, "application/json") {
		return nil
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
	switch {
	case s.Type.Is("array") && isList:
		for _, v := range list {
			c.compare(s.Items, v, field+"[]", depth+1)
		}
	case s.Type.Is("array"):
		c.compare(s.Items, value, field, depth+1)
	case s.Type.Is("object") && isObject:
		for name, property := range s.Properties {
			c.compare(property, object[name], field+"."+name, depth+1)
		}
		for _, name := range s.Required {
			if _, there := object[name]; !there {
				c.differs(field+"."+name, "required and missing")
			}
		}
	case s.Type.Is("object") && isList && len(list) == 1:
		c.compare(ref, list[0], field, depth+1)
	case s.Type.Is("object") && isList:
		if len(list) > 0 {
			c.differs(field, "a list for an object")
		}
	case s.Type.Is("object"):
		c.differs(field, "%T for an object", value)
	default:
		c.scalar(s, value, field)
	}
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
