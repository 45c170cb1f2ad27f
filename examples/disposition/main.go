// Command disposition has a license end by the clock, carries that to Smint.io,
// proves there that access is gone, and asks for a replacement. It runs on the
// fakes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/smintecm/sdk/examples/internal/demo"
	"github.com/smintecm/sdk/records"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
	recsync "github.com/smintecm/sdk/sync"
)

const about = "A license ends: access is taken away in Smint.io, that is proven there, and a replacement is asked for."

func main() { demo.Main("disposition", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	s, err := demo.Tell("disposition", about, args, stdout, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var feed *demo.Feed
	var portals *smint.PortalsService
	offers := &adapter.Publisher{}
	scope, err := s.Scope("acme", func(c *recsync.ScopeConfig) {
		c.Policy.Surface = &recsync.SurfacePolicy{Sources: []recsync.SurfaceSource{{Name: "licensed", Declared: true}}}
		c.Propagation = &recsync.Propagation{
			Places: []recsync.Place{recsync.FeedPlace{Title: "the feed", Publisher: offers}},
			// While we wait for the proof, Smint.io's driver polls.
			Wait: func(ctx context.Context, _ time.Duration) error { return feed.Poll(ctx) },
			Uses: func(context.Context, records.RecordKey) (string, []records.PlannedUse, error) {
				return "Mara Marketing", []records.PlannedUse{{Name: "Spring campaign"}}, nil
			},
			Route: func(_ context.Context, r recsync.ReplacementRoute) error {
				s.Say("%s is asked to replace %q in %q.", r.Owner, r.Title, r.Uses[0].Name)
				return nil
			},
		}
		portals = c.Smint.Portals
	})
	if err != nil {
		return err
	}
	if feed, err = s.OpenFeed(scope); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, feed.Close()) }()
	back, err := s.ReadBack(portals)
	if err != nil {
		return err
	}
	// The feed is made of the scope, whose places name it: it is filled in here.
	*offers = *feed.Surface.Publisher(back)
	return tell(ctx, s, scope, feed)
}

func tell(ctx context.Context, s *demo.Story, scope *recsync.Scope, feed *demo.Feed) error {
	s.Step("Pat buys two pictures in Smint.io. The license of the first ends in 30 days.")
	err := errors.Join(s.Buy("501", "Hills at noon", map[string]any{"valid_until": s.Now().AddDate(0, 0, 30).UTC().Format(time.RFC3339)}),
		s.Buy("502", "Hills at night", nil), s.Follow(ctx, scope, &demo.Memory{}))
	if err != nil {
		return err
	}
	if _, err := feed.Offer(ctx); err != nil {
		return err
	}
	if err := errors.Join(feed.Poll(ctx), show(ctx, s, scope, feed)); err != nil {
		return err
	}
	store := recsync.NewFileWatchStore(filepath.Join(feed.Dir, "seen.json"))
	for e, err := range recsync.DispositionEvents(ctx, scope, store, recsync.WatchOptions{}) {
		return fmt.Errorf("nothing has happened yet: %s: %w", e, err)
	}

	s.Step("Thirty-one days pass. A watch over both systems sees what happened:")
	s.MoveClock(31 * 24 * time.Hour)
	var events []recsync.DispositionEvent
	for e, err := range recsync.DispositionEvents(ctx, scope, store, recsync.WatchOptions{}) {
		if err != nil {
			return err
		}
		s.Say("%s: %s.", e.Record, e.Kind)
		events = append(events, e)
	}
	s.Step("Each event is carried to Smint.io:")
	for _, e := range events {
		r, err := recsync.PropagateDisposition(ctx, scope, recsync.PropagateRequest{Event: e})
		if err != nil {
			return err
		}
		s.Say("%s is %s by rule %q.", r.Access.Record, r.Access.Access, r.Access.Cause)
		for _, p := range r.Places {
			s.Say("%s did %q; proven there: %t.", p.Place, p.Did, p.Proven)
		}
	}
	if err := show(ctx, s, scope, feed); err != nil {
		return err
	}
	s.Next("go run ./examples/bridge -policy examples/bridge/policy.json -fakes does this continuously.")
	return nil
}

// show says what creatives see of each record.
func show(ctx context.Context, s *demo.Story, scope *recsync.Scope, feed *demo.Feed) error {
	for r, err := range scope.Records(ctx) {
		if err != nil {
			return err
		}
		s.Say("In the portal, %s is %s.", r.Record.Key(), feed.Seen("otcs-"+recsync.ExternalID(r.Record.Key())))
	}
	return nil
}
