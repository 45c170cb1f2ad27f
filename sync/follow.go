package sync

import (
	"context"
	"errors"
	"time"

	"github.com/smintecm/sdk/records"
)

// FollowConfig says how a scope is followed.
type FollowConfig struct {
	// Purchases and Portal keep how far the purchase feed and the portal were
	// followed; nil leaves that source out. One of them must be there.
	Purchases FeedStore
	Portal    FeedStore
	// Options are those of each pass. Retry and FromStart count for the first.
	Options FollowOptions
	// RetryEvery is how often what is in quarantine is taken up again. Defaults
	// to an hour; below zero never.
	RetryEvery time.Duration
	// Listen, Every, Retry, OnPass, Now and Wait are those of [RunnerConfig]. A
	// push service is listened to by
	//
	//	Listen: func(ctx context.Context, pull func(context.Context) error) error {
	//		return push.Listen(ctx, client.Notifications, options, pull)
	//	}
	Listen func(ctx context.Context, pull func(context.Context) error) error
	Every  time.Duration
	Retry  time.Duration
	OnPass func(RunnerStatus)
	Now    func() time.Time
	Wait   func(ctx context.Context, d time.Duration, wake <-chan struct{}) error
}

// Follow makes the runner from Smint.io to ECM: [FollowPurchases] and
// [FollowPortal], again and again, by the clock and by the hints of a push
// service. What one source fails at does not keep the other from its turn. The
// error matches records.ErrInvalid.
func Follow(s *Scope, c FollowConfig) (*Runner, error) {
	var faults records.Problems
	faults.Check(c.Purchases != nil || c.Portal != nil, "purchases", "none", "a store for the purchase feed, for the portal, or for both")
	faults.Check(c.Purchases == nil || s.smint != nil, "purchases", "set", "a scope with a Smint.io client")
	faults.Check(c.Portal == nil || s.portal != nil, "portal", "set", "a scope with a portal source")
	if err := faults.Err("sync.Follow"); err != nil {
		return nil, err
	}
	f := &following{s: s, c: c, opts: c.Options, now: c.Now}
	if f.now == nil {
		f.now = time.Now
	}
	if f.c.RetryEvery == 0 {
		f.c.RetryEvery = time.Hour
	}
	f.retried = f.now()
	return NewRunner(RunnerConfig{
		Name: "follow", Scope: s.id, Pass: f.pass, Progress: f.progress.get, Every: c.Every, Retry: c.Retry, Listen: c.Listen, OnPass: c.OnPass, Now: c.Now, Wait: c.Wait,
	})
}

// following is the work of one Follow; its passes come one after another.
type following struct {
	s       *Scope
	c       FollowConfig
	opts    FollowOptions
	now     func() time.Time
	retried time.Time
	// progress is what the pass under way has come to.
	progress guarded[string]
}

func (f *following) pass(ctx context.Context) (string, error) {
	opts := f.opts
	due := f.c.RetryEvery > 0 && f.now().Sub(f.retried) >= f.c.RetryEvery
	opts.Retry = opts.Retry || due
	var summary string
	var errs []error
	for _, source := range []struct {
		name   string
		store  FeedStore
		follow func(context.Context, *Scope, FeedStore, FollowOptions) (FollowResult, error)
	}{{"purchases", f.c.Purchases, FollowPurchases}, {"portal", f.c.Portal, FollowPortal}} {
		if source.store == nil {
			continue
		}
		if summary != "" {
			summary += "; "
		}
		summary += source.name + ": "
		var sofar FollowResult
		f.progress.set(summary + sofar.String())
		opts.OnItem = func(r ItemResult) {
			sofar.count(r.Outcome)
			f.progress.set(summary + sofar.String())
			if f.opts.OnItem != nil {
				f.opts.OnItem(r)
			}
		}
		result, err := source.follow(ctx, f.s, source.store, opts)
		if err != nil {
			errs = append(errs, err)
		}
		summary += result.String()
	}
	if len(errs) == 0 {
		f.opts.Retry, f.opts.FromStart = false, false
		if opts.Retry {
			f.retried = f.now()
		}
	}
	return summary, errors.Join(errs...)
}
