// Command evidence makes a record of the first purchase in a feed and builds
// the package that proves it, so that there is something to verify. It runs on
// the fakes.
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
	"path/filepath"

	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/records/evidence"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "evidence:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	f := flag.NewFlagSet("evidence", flag.ContinueOnError)
	f.SetOutput(stderr)
	out := f.String("out", "", "folder for the package, as a folder and as a zip, and the signer's public key")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *out == "" || f.NArg() > 0 {
		f.Usage()
		return errors.New("want -out and nothing else")
	}
	if err := os.MkdirAll(*out, 0o700); err != nil {
		return err
	}
	w, err := demo.Start(demo.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	ecmClient, ecmErr := w.ECM.Client()
	client, smintErr := w.Smint.Client()
	if err := errors.Join(ecmErr, smintErr); err != nil {
		return err
	}
	scope, err := recsync.NewScope(recsync.ScopeConfig{
		ID: records.MustScopeID("acme"), Root: w.Root, Policy: demo.Policy(w.Category, w.Class), ECM: ecmClient, Smint: client,
	})
	if err != nil {
		return err
	}
	d, err := declare(ctx, scope, client)
	if err != nil {
		return err
	}
	d.user = w.ECM.Credentials().User
	p, err := d.describe()
	if err != nil {
		return err
	}
	return write(ctx, client, d.asset, p, *out, stdout)
}

// write signs the package with a fresh key and writes it in both forms.
func write(ctx context.Context, client *smint.Client, a recsync.Asset, p evidence.Package, out string, stdout io.Writer) error {
	// A real signer keeps its key elsewhere: in a key service or on a token,
	// behind the same interface.
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	text, err := evidence.MarshalPublicKey(public)
	if err != nil {
		return err
	}
	o := evidence.WriteOptions{Signers: []crypto.Signer{private}}
	dir, zip, key := filepath.Join(out, "package"), filepath.Join(out, "package.zip"), filepath.Join(out, "key.pem")
	var s evidence.Summary
	for _, form := range []func(evidence.Package) (evidence.Summary, error){
		func(p evidence.Package) (evidence.Summary, error) { return p.WriteDir(ctx, dir, o) },
		func(p evidence.Package) (evidence.Summary, error) { return p.WriteZipFile(ctx, zip, o) },
	} {
		content, err := open(ctx, client, a)
		if err != nil {
			return err
		}
		p.Asset.Content = content
		s, err = form(p)
		if err = errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	if err := os.WriteFile(key, text, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %s, %d payload files, %d bytes\nmanifest %s\nsigned by %s\n\n", s.Name, p.Record, s.PayloadFiles, s.PayloadBytes, s.Manifest, s.Signers[0])
	fmt.Fprintf(stdout, "go run ./examples/verify -key %s %s\ngo run ./examples/verify -key %s %s\n", key, zip, key, dir)
	return nil
}
