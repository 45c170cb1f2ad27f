// Command verify checks a record package offline, without configuration: the
// bag, the signatures, the rights' bytes, and that the approval is for exactly
// these bytes. It prints each check and exits with 0, or with 1 and the first
// reason.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/smintecm/sdk/records/evidence"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

const usage = `Usage: verify [flags] PACKAGE

Verifies a record package, a folder or a zip.

Without -key the package is checked against the keys that it brings itself: that
shows that nothing was changed since somebody signed, not who did.

Flags:`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	var o evidence.VerifyOptions
	var key, asset string
	f := flag.NewFlagSet("verify", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&key, "key", "", "file with the signers' public keys in PEM, which must all have signed")
	f.IntVar(&o.Threshold, "threshold", 0, "how many of the keys must have signed; 0 means all")
	f.StringVar(&asset, "asset", "", "file with the content, for a package that only refers to it")
	f.BoolVar(&o.SHA512, "sha512", false, "check SHA-512 as well, and want it")
	f.Usage = func() { fmt.Fprintln(stderr, usage); f.PrintDefaults() }
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		f.Usage()
		return fmt.Errorf("%d packages given, want one", f.NArg())
	}
	if key != "" {
		text, err := os.ReadFile(key)
		if err != nil {
			return err
		}
		if o.Keys, err = evidence.ParsePublicKeys(text); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	if asset != "" {
		content, err := os.Open(asset)
		if err != nil {
			return err
		}
		defer content.Close() //nolint:errcheck // a file that is only read
		o.Asset = content
	}
	v, err := evidence.Verify(ctx, f.Arg(0), o)
	if err != nil {
		return err
	}
	for _, c := range v.Checks {
		fmt.Fprintln(stdout, c)
	}
	if err := v.Err(); err != nil {
		fmt.Fprintln(stdout, "refused")
		return err
	}
	fmt.Fprintf(stdout, "accepted: record %s, content %s\n", v.Record, v.Asset)
	return nil
}
