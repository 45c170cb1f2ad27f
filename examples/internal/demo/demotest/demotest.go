// Package demotest compares what an example prints with what it is to print.
package demotest

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/output.txt anew")

// Output runs an example and compares the whole of its output with
// testdata/output.txt; -h explains it, and arguments are refused.
func Output(t *testing.T, run func(ctx context.Context, args []string, stdout, stderr io.Writer) error) {
	t.Helper()
	var out, help strings.Builder
	if err := run(t.Context(), nil, &out, io.Discard); err != nil {
		t.Fatalf("%v; printed so far:\n%s", err, &out)
	}
	golden := filepath.Join("testdata", "output.txt")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o750), os.WriteFile(golden, []byte(out.String()), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Fatalf("the output changed; if that is meant, run the test with -update. Printed:\n%s\nwanted:\n%s", &out, want)
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, &help); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "go run ./examples/") {
		t.Fatalf("-h does not help: %v, %s", err, &help)
	}
	if err := run(t.Context(), []string{"surplus"}, io.Discard, io.Discard); err == nil {
		t.Fatal("an argument that means nothing is taken")
	}
}
