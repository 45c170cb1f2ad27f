// Command verify checks a record package offline, without configuration: the
// bag, the signatures, the rights' bytes, that the approval is for exactly
// these bytes, and that the trail tells of them. It prints each check and exits
// with 0, or with 1 and the first reason.
package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
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

With -trail the whole log is checked too: that it continues what the package's
export of it was taken from, and that it tells of this record and its bytes. Its
keys are those that the package vouches for, unless -trail-key gives them.

Flags:`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	var o evidence.VerifyOptions
	var key, asset, trail, trailKey string
	f := flag.NewFlagSet("verify", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&key, "key", "", "file with the signers' public keys in PEM, which must all have signed")
	f.IntVar(&o.Threshold, "threshold", 0, "how many of the keys must have signed; 0 means all")
	f.StringVar(&asset, "asset", "", "file that should be the content; a package that only refers to it needs it")
	f.StringVar(&trail, "trail", "", "folder with the log of the record's scope")
	f.StringVar(&trailKey, "trail-key", "", "file with the log's Ed25519 public keys in PEM")
	f.BoolVar(&o.SHA512, "sha512", false, "check SHA-512 as well, and want it")
	f.Usage = func() { fmt.Fprintln(stderr, usage); f.PrintDefaults() }
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		f.Usage()
		return fmt.Errorf("%d packages given, want one", f.NArg())
	}
	if o.Keys, err = readKeys(key); err != nil {
		return err
	}
	if o.TrailKeys, err = readTrailKeys(trailKey); err != nil {
		return err
	}
	if asset != "" {
		content, err := os.Open(asset)
		if err != nil {
			return err
		}
		defer content.Close() //nolint:errcheck // a file that is only read
		o.Asset = content
	}
	if trail != "" {
		folder, err := os.OpenRoot(trail)
		if err != nil {
			return err
		}
		defer folder.Close() //nolint:errcheck // a folder that is only read
		o.Trail = folder.FS()
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
	accepted := "accepted"
	if len(o.Keys) == 0 {
		accepted = "accepted, but without -key nobody knows who signed it"
	}
	fmt.Fprintf(stdout, "%s: record %s, content %s\n", accepted, v.Record, v.Asset)
	return nil
}

// readKeys reads the keys in a file, none if there is no file.
func readKeys(name string) ([]crypto.PublicKey, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	keys, err := evidence.ParsePublicKeys(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return keys, nil
}

// readTrailKeys is readKeys for a log, which Ed25519 keys alone sign.
func readTrailKeys(name string) ([]ed25519.PublicKey, error) {
	keys, err := readKeys(name)
	out := make([]ed25519.PublicKey, 0, len(keys))
	for _, k := range keys {
		e, ok := k.(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("%s: %T is no Ed25519 key", name, k)
		}
		out = append(out, e)
	}
	return out, err
}
