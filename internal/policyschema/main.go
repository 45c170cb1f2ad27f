// Command policyschema prints the JSON Schema of policy files, made from the
// Go types that read them and from their comments:
//
//	go -C internal/policyschema run . >docs/policy.schema.json
package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"os"
	"reflect"

	"github.com/invopop/jsonschema"

	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

func main() {
	schema, err := policySchema("../..")
	if err == nil {
		_, err = os.Stdout.Write(schema)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "policyschema:", err)
		os.Exit(1)
	}
}

// policySchema makes the schema of recsync.PolicyFile; module is the folder of
// the module whose comments describe the fields.
func policySchema(module string) ([]byte, error) {
	r := &jsonschema.Reflector{Mapper: texts}
	if err := os.Chdir(module); err != nil {
		return nil, err
	}
	for _, room := range []string{"sync", "records", "rightsmap", "smint", "ecm"} {
		if err := r.AddGoComments("github.com/smintecm/sdk", "./"+room); err != nil {
			return nil, err
		}
	}
	s := r.Reflect(&recsync.PolicyFile{})
	s.Title = "Policy of scopes"
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(s)
	return out.Bytes(), err
}

// texts describes the types that are texts in JSON, whatever they are in Go.
func texts(t reflect.Type) *jsonschema.Schema {
	if !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return nil
	}
	s := &jsonschema.Schema{Type: "string"}
	if t == reflect.TypeFor[records.ScopeID]() {
		s.Description = "A scope's id: lower case letters, digits and hyphens."
		return s
	}
	for i := range 64 {
		// The closed enums of this module are small numbers that name themselves.
		if !isSmall(t) {
			break
		}
		v := reflect.New(t).Elem()
		v.SetUint(uint64(i))
		text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
		if err != nil {
			break
		}
		if i > 0 || string(text) != "unknown" {
			s.Enum = append(s.Enum, string(text))
		}
	}
	return s
}

func isSmall(t reflect.Type) bool {
	return t.Kind() == reflect.Uint8 && t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}
