// Command quickstart follows a purchase feed of Smint.io into OpenText Extended
// ECM and prints, asset by asset, what became of it. Without configuration it
// starts both systems as fakes on this machine; with endpoints and credentials
// in the environment it runs against real ones.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	recsync "github.com/smintecm/sdk/sync"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// settings are what the flags say.
type settings struct {
	assets, state, out string
	large              int
	dryRun, retry      bool
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	f := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&s.assets, "assets", "", "take the files of this folder instead of the built-in ones, each royalty-free or under NAME.license.json beside it")
	f.IntVar(&s.large, "large", 300, "length of the built-in film in MiB; 0 leaves it out")
	f.StringVar(&s.state, "state", "", "keep checkpoint, journal and, at the end, the fakes' state in this folder")
	f.StringVar(&s.out, "out", "", "write what became of each asset, with its receipts, as JSON into this folder")
	f.BoolVar(&s.dryRun, "dry-run", false, "print what would be done, and do nothing")
	f.BoolVar(&s.retry, "retry", false, "take up again what an earlier run left in quarantine")
	f.Usage = func() {
		fmt.Fprintln(stderr, "Declares a purchase feed of Smint.io as records in OpenText Extended ECM.\n\nFlags:")
		f.PrintDefaults()
		fmt.Fprintln(stderr, "\n"+environmentHelp)
	}
	if err := f.Parse(args); err != nil {
		return s, err
	}
	switch {
	case f.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %q; see -h", f.Arg(0))
	case s.large < 0 || s.large > 1<<20:
		return s, fmt.Errorf("-large is %d, want 0 to %d MiB", s.large, 1<<20)
	}
	for _, dir := range []string{s.state, s.out} {
		if dir == "" {
			continue
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return s, err
		}
	}
	return s, nil
}

func run(ctx context.Context, args []string, env func(string) string, stdout, stderr io.Writer) (err error) {
	s, err := parse(args, stderr)
	if err != nil {
		return err
	}
	w, err := open(ctx, s, env, stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	p := &printer{out: stdout, progress: stderr, receipts: s.out}
	w.config.Progress = p.sent
	scope, err := recsync.NewScope(w.config)
	if err != nil {
		return err
	}
	err = scope.Check(ctx)
	if err == nil {
		// Where ECM would refuse what comes, no login is spent.
		err = w.config.Smint.Identity.Login(ctx)
	}
	if err != nil {
		return explain(err)
	}
	opts := recsync.FollowOptions{DryRun: s.dryRun, Retry: s.retry, OnItem: p.item}
	result, err := recsync.FollowPurchases(ctx, scope, w.store, opts)
	if err == nil && w.resumed && p.items == 0 {
		// Nothing new since the last run: the whole feed once more shows that
		// nothing is declared twice.
		fmt.Fprintln(stdout, "nothing new in the feed; once more from its start")
		opts.FromStart = true
		result, err = recsync.FollowPurchases(ctx, scope, w.store, opts)
	}
	err = errors.Join(err, p.err)
	p.left("pending", result.Pending)
	p.left("in quarantine", result.Quarantine)
	if slices.ContainsFunc(result.Quarantine, func(i recsync.FeedItem) bool { return strings.Contains(i.Reason, smint.ErrFetchRefused.Error()) }) {
		fmt.Fprintln(stdout, "what to do: name the hosts of downloads in SMINT_DOWNLOAD_HOSTS and run again, with -retry where -state keeps this list")
	}
	if err == nil && s.state != "" && !s.dryRun {
		err = w.save(s.state)
	}
	p.counts(result)
	return explain(err)
}

// printer tells a person what happens.
type printer struct {
	out, progress io.Writer
	receipts      string
	items         int
	told          int64
	err           error
}

// item prints what became of one asset.
func (p *printer) item(r recsync.ItemResult) {
	p.items++
	fmt.Fprintf(p.out, "%-12s %s", r.Outcome, r.ID)
	if r.Title != "" {
		fmt.Fprintf(p.out, "  %q", r.Title)
	}
	fmt.Fprintln(p.out)
	switch {
	case r.Plan != nil:
		fmt.Fprintln(p.out, "  "+strings.ReplaceAll(r.Plan.String(), "\n", "\n  "))
	case r.Reason != "":
		queue := ""
		if r.Queue != "" {
			queue = " [" + r.Queue + "]"
		}
		fmt.Fprintf(p.out, "             %s%s\n", r.Reason, queue)
	case r.Receipt != nil:
		p.receipt(r)
	}
	if p.receipts != "" {
		p.write(r)
	}
}

func (p *printer) receipt(r recsync.ItemResult) {
	final := "open"
	if r.Receipt.Final {
		final = "final"
	}
	fmt.Fprintf(p.out, "             record %q, node %s, class %d, schedule %s, %s\n", r.Receipt.Name, r.Receipt.Record.Node(), r.Receipt.Class, r.Receipt.Schedule, final)
	fmt.Fprintf(p.out, "             %s, %d bytes\n", r.Receipt.Digest, r.Receipt.Size)
	fmt.Fprintf(p.out, "             rights: %s\n", r.Receipt.Rights)
	if r.Rights != nil && r.Rights.Change == recsync.Changed {
		fmt.Fprintln(p.out, "             its license has changed: the rights document has a version more")
	}
	for _, related := range r.Related {
		fmt.Fprintf(p.out, "             %s -> %s\n", strings.ToLower(related.Name), related.Document)
	}
}

// write keeps an item's result as a file that bears the record's hash, since
// ids are foreign text.
func (p *printer) write(r recsync.ItemResult) {
	b, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		name := fmt.Sprintf("%03d-%s.json", p.items, records.DigestOf([]byte(r.ID)).Hex()[:16])
		err = os.WriteFile(filepath.Join(p.receipts, name), append(b, '\n'), 0o600)
	}
	p.err = errors.Join(p.err, err)
}

// sent shows the progress of long transfers, every 16 MiB.
func (p *printer) sent(key records.RecordKey, sent, size int64) {
	const step = 16 << 20
	if sent < p.told {
		p.told = 0
	}
	if sent-p.told < step && sent < size {
		return
	}
	p.told = sent
	fmt.Fprintf(p.progress, "%s: %d of %d MiB\n", key, sent>>20, size>>20)
}

// counts ends the output with a line that has one form, whatever happened, so
// that a script can rely on it.
func (p *printer) counts(r recsync.FollowResult) {
	if r.Planned > 0 {
		fmt.Fprintf(p.out, "planned: %d would be declared\n", r.Planned)
	}
	if r.Updated > 0 {
		fmt.Fprintf(p.out, "updated: the rights of records that stand as they were: %d\n", r.Updated)
	}
	fmt.Fprintf(p.out, "declared=%d unchanged=%d incomplete=%d skipped=%d quarantined=%d\n", r.Declared, r.Unchanged, r.Incomplete, r.Skipped, r.Quarantined)
}

func (p *printer) left(where string, items []recsync.FeedItem) {
	for _, i := range items {
		fmt.Fprintf(p.out, "%s: %s [%s] %s\n", where, i.ID, i.Queue, i.Reason)
	}
}
