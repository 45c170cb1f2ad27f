package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the schema to docs")

const published = "docs/policy.schema.json"

// TestSchema_IsPublished holds the published schema against the types that read
// policies, and the policies that are published against the schema.
func TestSchema_IsPublished(t *testing.T) {
	schema, err := policySchema("../..")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(published, schema, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	there, err := os.ReadFile(published)
	if err != nil || !bytes.Equal(there, schema) {
		t.Fatalf("%s is not what the types say (%v): go -C internal/policyschema test -update .", published, err)
	}
	compiled, err := compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	policies, err := filepath.Glob("examples/*/policy*.json")
	if err != nil || len(policies) == 0 {
		t.Fatalf("no policy is published: %v", err)
	}
	for _, name := range policies {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(compiled, string(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for was, is := range map[string]string{`"format": 1`: `"format": "1"`, `"scopes"`: `"scope"`} {
			if validate(compiled, strings.Replace(string(text), was, is, 1)) == nil {
				t.Errorf("%s: %s for %s is valid", name, is, was)
			}
		}
	}
}

func compile(schema []byte) (*jsonschema.Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("policy.schema.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("policy.schema.json")
}

func validate(s *jsonschema.Schema, text string) error {
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return s.Validate(v)
}
