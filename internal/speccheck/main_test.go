package main

import (
	"os"
	"strings"
	"testing"
)

// TestTraffic_FitsThePublishedDescriptions is the whole check. It runs the
// suites itself, unless SPECCHECK_TRAFFIC names a folder with what they wrote
// down when they ran before.
func TestTraffic_FitsThePublishedDescriptions(t *testing.T) {
	if specsDir() == "" {
		t.Skip("the published descriptions are not here: set SPECS_DIR to compare with them")
	}
	args := []string{"-coverage"}
	if dir := os.Getenv("SPECCHECK_TRAFFIC"); dir != "" {
		args = append(args, "-traffic", dir)
	}
	var out strings.Builder
	if err := run(args, &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
}

func TestTolerated_EachHasAReasonAndThereAreFew(t *testing.T) {
	if len(tolerated) > 60 {
		t.Fatalf("%d differences are tolerated, 60 at most", len(tolerated))
	}
	seen := map[[2]string]bool{}
	for _, d := range tolerated {
		key := [2]string{d.operation, d.field}
		if d.reason == "" || strings.ContainsAny(d.operation+d.field, "*?") || seen[key] {
			t.Errorf("%+v: want one operation, one field and a reason", d)
		}
		seen[key] = true
	}
}
