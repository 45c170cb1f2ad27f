// Command speccheck compares what the SDK sends, and what its fake answers,
// with OpenText's published API descriptions, which are not part of this
// module: SPECS_DIR says where they lie.
//
//	go run . [-coverage] [-traffic DIR]
//
// It checks three things. Every row of the client's table of routes is
// described, with the same placeholders. The golden request of every row, which
// has every field filled in, sends its parameters where they are declared. And
// the traffic of the test suites fits: requests of the SDK, and every answer of
// the fake, whoever asked. Differences are reported one by one, save those that
// are listed with their reason in tolerated.go.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/smintecm/sdk/ecm"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "speccheck:", err)
		os.Exit(1)
	}
}

// specsDir is where the descriptions lie; empty if they are not there.
func specsDir() string {
	dir := os.Getenv("SPECS_DIR")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "specs")
	}
	if _, err := os.Stat(filepath.Join(dir, descriptions[0].file)); err != nil {
		return ""
	}
	return dir
}

var errDiffers = errors.New("the SDK and the published descriptions differ")

func run(args []string, out io.Writer) error {
	f := flag.NewFlagSet("speccheck", flag.ContinueOnError)
	coverage := f.Bool("coverage", false, "print which operations are covered, group by group, and which are not")
	traffic := f.String("traffic", "", "check the traffic files in this folder instead of running the test suites")
	if err := f.Parse(args); err != nil {
		return err
	}
	dir := specsDir()
	if dir == "" {
		fmt.Fprintln(out, "the published descriptions are not here (SPECS_DIR): nothing was compared")
		return nil
	}
	specs, err := load(dir)
	if err != nil {
		return err
	}
	unknown := 0
	for _, op := range ecm.Operations() {
		if !specs.has(op.Method, op.Template) {
			unknown++
			fmt.Fprintf(out, "not described: %s %s (%s)\n", op.Method, op.Template, op.Name)
		}
	}
	fmt.Fprintf(out, "routes: %d, unknown to the descriptions: %d\n", len(ecm.Operations()), unknown)
	report := newReport()
	if err := report.golden(specs, filepath.Join("..", "..", "ecm", "testdata", "requests")); err != nil {
		return err
	}
	fmt.Fprintf(out, "golden requests: %d\n", report.exchanges)
	report.exchanges = 0
	if *traffic == "" {
		tmp, err := os.MkdirTemp("", "speccheck-*")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(tmp) }()
		if err := record(tmp); err != nil {
			return err
		}
		*traffic = tmp
	}
	if err := report.traffic(specs, *traffic); err != nil {
		return err
	}
	report.print(out)
	if *coverage {
		specs.coverage(out, report.proven)
	}
	if unknown > 0 || len(report.differences) > 0 || len(report.needless()) > 0 {
		return errDiffers
	}
	return nil
}

// record runs the suites that talk to the fake, its own among them, with their
// traffic written down.
func record(dir string) error {
	cmd := exec.Command("go", "test", "-short", "-count=1", "./ecm/...", "./sync/...", "./internal/testserver/...", "./examples/fakes")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(os.Environ(), "ECM_TRAFFIC="+filepath.Join(dir, "traffic"))
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run the suites: %w\n%s", err, output)
	}
	return nil
}
