// Command evidence makes a record of a picture, keeps the trail of what it does
// and the signed package that proves the record, takes the package out of ECM
// as an auditor would, and writes a report for people. It runs on the fakes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/smintecm/sdk/examples/internal/demo"
	recsync "github.com/smintecm/sdk/sync"
)

func main() { demo.Main("evidence", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	out, err := folder(args, stderr)
	if err != nil {
		return err
	}
	s, err := demo.Begin(stdout, demo.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	k, err := openTrail(ctx, out, s.ECM.Credentials().User)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	c, err := s.Config(scopeID.String())
	if err != nil {
		return err
	}
	k.configure(&c)
	scope, err := recsync.NewScope(c)
	if err != nil {
		return err
	}

	s.Step("Pat licensed a picture in Smint.io, and is its approver there. It becomes a record, with its license.")
	d, err := declare(ctx, scope, c.Smint)
	if err != nil {
		return err
	}
	d.user = s.ECM.Credentials().User
	s.Say("ECM has the record %s: schedule %s, final %t.", d.record.Name, d.record.Schedule, d.record.Final)
	s.Say("Beside it is %s.", s.Name(d.rights.Document.Node()))

	s.Step("Its evidence is kept beside it: a package, signed with a key of ours, and told of in the trail.")
	kept, err := recsync.AttachEvidence(ctx, scope, recsync.EvidenceRequest{Record: d.record.Record, Approval: d.record.Approval})
	if err != nil {
		return err
	}
	s.Say("Beside it is %s: %d payload files, %d bytes of payload.", s.Name(kept.Document.Node()), kept.Package.PayloadFiles, kept.Package.PayloadBytes)
	s.Say("The trail has %d entries, and the receipt the proof that one of them tells of the package.", k.trail.Size())

	s.Step("An auditor takes the package out of ECM, and gets the public key and the trail from us.")
	if err := errors.Join(fetch(ctx, c.ECM, kept.Document.Node(), kept.Package.Name, out), k.publish(out)); err != nil {
		return err
	}
	r, err := d.report(ctx, scope, c.ECM, filepath.Join(out, "package"), k.trail.Checkpoint())
	if err := errors.Join(err, writeReport(filepath.Join(out, "report.html"), r)); err != nil {
		return err
	}
	s.Say("The report for people is %s.", filepath.Join(out, "report.html"))
	s.Next(fmt.Sprintf("go run ./examples/verify -key %s -trail %s %s checks all of it offline.",
		filepath.Join(out, "key.pem"), filepath.Join(out, "trail"), filepath.Join(out, "package.zip")))
	return nil
}

// folder is where -out leads to, without evidence so far.
func folder(args []string, stderr io.Writer) (string, error) {
	f := flag.NewFlagSet("evidence", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		_, _ = fmt.Fprintf(stderr, "usage: go run ./examples/evidence -out DIR\n\nA record, the signed package that proves it, the trail of what was done, and a report.\nIt runs on the fakes and needs no configuration.\n\n")
		f.PrintDefaults()
	}
	out := f.String("out", "", "folder for the package as a folder and as a zip, the signer's public key, the trail and the report")
	if err := f.Parse(args); err != nil {
		return "", err
	}
	if *out == "" || f.NArg() > 0 {
		f.Usage()
		return "", errors.New("want -out and nothing else")
	}
	for _, name := range []string{"package", "package.zip", "trail", "report.html"} {
		if _, err := os.Lstat(filepath.Join(*out, name)); err == nil {
			return "", fmt.Errorf("%s: %w: evidence is never overwritten", filepath.Join(*out, name), os.ErrExist)
		}
	}
	return *out, os.MkdirAll(*out, 0o700)
}
