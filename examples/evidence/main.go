// Command evidence makes a record of the first purchase in a feed, keeps the
// trail of what it does, and builds the package that proves the record and a
// report for people, so that there is something to verify. It runs on the
// fakes.
package main

import (
	"context"
	"crypto"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/smintecm/sdk/examples/internal/demo"
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
	out := f.String("out", "", "folder for the package as a folder and as a zip, the signer's public key, the trail and the report")
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
	for _, name := range []string{"package", "package.zip", "trail", "report.html"} {
		if _, err := os.Lstat(filepath.Join(*out, name)); err == nil {
			return fmt.Errorf("%s: %w: evidence is never overwritten", filepath.Join(*out, name), os.ErrExist)
		}
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
	k, err := openTrail(ctx, *out, w.ECM.Credentials().User)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	scope, err := recsync.NewScope(recsync.ScopeConfig{
		ID: scopeID, Root: w.Root, Policy: demo.Policy(w.Category, w.Class), ECM: ecmClient, Smint: client, Journal: k.journal,
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
	if p.Trail, err = k.trail.Export(ctx, p.Record, nil); err != nil {
		return err
	}
	s, err := keep(ctx, client, d, p, k, *out)
	if err != nil {
		return err
	}
	r, err := d.report(ctx, ecmClient, p, filepath.Join(*out, "package"), k.trail.Checkpoint())
	if err != nil {
		return err
	}
	return errors.Join(writeReport(filepath.Join(*out, "report.html"), r), tell(stdout, *out, p, s))
}

// keep writes the package: the trail has the intent before, and after it what
// came of it.
func keep(ctx context.Context, client *smint.Client, d declared, p evidence.Package, k *keeper, out string) (evidence.Summary, error) {
	e := evidence.TrailEvent{
		Kind: evidence.TrailIntent, Event: "Package/write", Record: p.Record, Target: "package", Digest: p.Asset.Digest, Policy: d.record.Policy,
	}
	number, err := k.trail.Append(ctx, e)
	if err != nil {
		return evidence.Summary{}, err
	}
	s, err := write(ctx, client, d.asset, p, k.key, out)
	e.Kind, e.Of, e.Result, e.Digest = evidence.TrailOutcome, number, evidence.TrailDone, s.Envelope
	if err != nil {
		e.Result, e.Detail = evidence.TrailFailed, err.Error()
	}
	_, told := k.trail.Append(context.WithoutCancel(ctx), e)
	return s, errors.Join(err, told)
}

// write signs the package and writes it in both forms.
func write(ctx context.Context, client *smint.Client, a recsync.Asset, p evidence.Package, key crypto.Signer, out string) (s evidence.Summary, err error) {
	text, err := evidence.MarshalPublicKey(key.Public())
	if err != nil {
		return s, err
	}
	o := evidence.WriteOptions{Signers: []crypto.Signer{key}}
	for _, form := range []func(evidence.Package) (evidence.Summary, error){
		func(p evidence.Package) (evidence.Summary, error) {
			return p.WriteDir(ctx, filepath.Join(out, "package"), o)
		},
		func(p evidence.Package) (evidence.Summary, error) {
			return p.WriteZipFile(ctx, filepath.Join(out, "package.zip"), o)
		},
	} {
		content, err := open(ctx, client, a)
		if err != nil {
			return s, err
		}
		p.Asset.Content = content
		s, err = form(p)
		if err = errors.Join(err, content.Close()); err != nil {
			return s, err
		}
	}
	return s, os.WriteFile(filepath.Join(out, "key.pem"), text, 0o600)
}

// tell says what was made and how to verify it.
func tell(stdout io.Writer, out string, p evidence.Package, s evidence.Summary) error {
	at := func(name string) string { return filepath.Join(out, name) }
	_, err := fmt.Fprintf(stdout, "%s: %s, %d payload files, %d bytes\nmanifest %s\nsigned by %s\nreport %s\n\n",
		s.Name, p.Record, s.PayloadFiles, s.PayloadBytes, s.Manifest, s.Signers[0], at("report.html"))
	for _, form := range []string{"package.zip", "package"} {
		if err == nil {
			_, err = fmt.Fprintf(stdout, "go run ./examples/verify -key %s -trail %s %s\n", at("key.pem"), at("trail"), at(form))
		}
	}
	return err
}
