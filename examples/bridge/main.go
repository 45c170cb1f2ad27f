// Command bridge keeps the scopes of a policy file in step for years: it follows
// Smint.io into ECM, watches ECM for what must come back, serves approved
// records to Smint.io's data adapter, and compares both sides now and then. It
// only composes what the packages offer; stopped at any moment and started
// again, it goes on where it stood.
//
//	go run ./examples/bridge -policy examples/bridge/policy.json -fakes
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/smintecm/sdk/records"
	recsync "github.com/smintecm/sdk/sync"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bridge:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	policy, state, listen string
	every, reconcile      time.Duration
	fakes, check          bool
}

const help = `Keeps the scopes of a policy file in step, until it is interrupted.

GET /healthz answers 200 if every runner is well and 503 if not; GET /runners
tells how each is doing, both as JSON. The feed of a scope that offers records is
at /scopes/ID/adapter/v1, for requests with the bearer token in ID/feed.token of
the state folder, which is made with it and may be replaced while nothing runs.

Flags:`

func parse(args []string, stderr io.Writer) (settings, error) {
	s := settings{}
	f := flag.NewFlagSet("bridge", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.policy, "policy", "", "the policy `file`; its form is docs/policy.schema.json")
	f.StringVar(&s.state, "state", "bridge-state", "`folder` for checkpoints, trails and logins; one process at a time")
	f.StringVar(&s.listen, "listen", "127.0.0.1:8099", "`address` for /healthz, /runners and the feeds")
	f.DurationVar(&s.every, "every", time.Minute, "`time` between two passes without a hint")
	f.DurationVar(&s.reconcile, "reconcile", 24*time.Hour, "`time` between two comparisons of both sides")
	f.BoolVar(&s.fakes, "fakes", false, "start both systems as fakes, with people at work in them; every 2 s unless -every says otherwise")
	f.BoolVar(&s.check, "check", false, "only check that both systems are what each scope needs, and say what to ask for")
	f.Usage = func() { fmt.Fprintln(stderr, help); f.PrintDefaults() }
	if err := f.Parse(args); err != nil {
		return s, err
	}
	given := map[string]bool{}
	f.Visit(func(one *flag.Flag) { given[one.Name] = true })
	if s.fakes && !given["every"] {
		s.every = 2 * time.Second
	}
	if s.fakes && !given["reconcile"] {
		s.reconcile = 30 * time.Second
	}
	switch {
	case s.policy == "":
		f.Usage()
		return s, errors.New("want -policy FILE")
	case f.NArg() > 0:
		return s, fmt.Errorf("unexpected %q; see -h", f.Args())
	case s.every <= 0 || s.reconcile <= 0:
		return s, errors.New("-every and -reconcile want a time above 0")
	}
	return s, nil
}

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	// What is edited between the two counts as edited.
	text, err := os.ReadFile(s.policy)
	if err != nil {
		return err
	}
	file, err := recsync.LoadPolicyFile(s.policy)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.state, 0o700); err != nil {
		return err
	}
	b := &bridge{settings: s, file: file, began: records.DigestOf(text), getenv: getenv, out: &printer{w: stdout}}
	leave := func() error { return nil }
	defer func() { err = errors.Join(err, leave()) }()
	if s.fakes {
		f, err := startFakes(s.state, file)
		if err != nil {
			return err
		}
		leave = f.stop
		b.getenv, b.fakes = f.getenv, f
		b.out.printf("fakes: ECM at %s, portals of %s", f.ecm.URL, f.clients())
	}
	if err := b.open(ctx); err != nil {
		return errors.Join(err, b.close())
	}
	if s.fakes {
		// Only who has the state folder alone writes the fakes' state there.
		if err := b.fakes.claim(s.state); err != nil {
			return errors.Join(err, b.close())
		}
		leave = func() error { return b.fakes.close(s.state) }
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if s.check {
		return b.check(ctx)
	}
	return b.serve(ctx)
}
