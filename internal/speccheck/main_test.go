package main

import (
	"strings"
	"testing"
)

// TestTraffic_FitsThePublishedDescriptions is the whole check.
func TestTraffic_FitsThePublishedDescriptions(t *testing.T) {
	if specsDir() == "" {
		t.Skip("the published descriptions are not here: set SPECS_DIR to compare with them")
	}
	var out strings.Builder
	if err := run([]string{"-coverage"}, &out); err != nil {
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
