package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"

	"github.com/smintecm/sdk/smint"
)

// Event is the one event that says: something in the purchases changed.
const Event = "global-transaction-history-update"

// Options say where notices come from.
type Options struct {
	// ChannelID is the tenant's number, given by Smint.io; above 0.
	ChannelID int64
	// Key is the public client key, Cluster its cluster. Both have the vendor's
	// values by default.
	Key, Cluster string
	// URL is the address of the service up to "/app", for tests and proxies:
	// wss, or ws to a loopback address. It takes the place of the cluster.
	URL string
	// Client dials the connection; by default one of its own.
	Client *http.Client
	// Logger gets an info line for each connection and its end; never a
	// signature.
	Logger *slog.Logger
	// Wait pauses between attempts to connect; tests put their clock here. The
	// default waits, or returns early with the error of a context that ends.
	Wait func(ctx context.Context, d time.Duration) error
	// Silence is how long a connection may be silent before it is asked whether
	// it lives; by default what the service says, 2 minutes at most.
	Silence time.Duration
	// Every, if above 0, also pulls at the start and whenever that long has gone
	// by since the last pull ended, whether there is a connection or not: what a
	// push service loses is then found in time.
	Every time.Duration
}

// ErrRefused tells that the service does not want this client at all, as a
// wrong key or a disabled application: connecting again does not help.
var ErrRefused = errors.New("push service refuses this client")

func (o Options) check() (Options, error) {
	var faults []error
	if o.ChannelID <= 0 {
		faults = append(faults, fmt.Errorf("channel id is %d, want the tenant's positive number", o.ChannelID))
	}
	if o.Key == "" {
		o.Key = "32f31c26a83e09dc401b"
	}
	if o.Cluster == "" {
		o.Cluster = "eu"
	}
	if o.URL == "" {
		o.URL = "wss://ws-" + o.Cluster + ".pusher.com:443"
	}
	u, err := url.Parse(o.URL)
	loopback := err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")
	if err != nil || u.Host == "" || (u.Scheme != "wss" && (u.Scheme != "ws" || !loopback)) {
		faults = append(faults, fmt.Errorf("url is %q, want wss, or ws to a loopback address", o.URL))
	}
	if o.Every < 0 || o.Silence < 0 {
		faults = append(faults, fmt.Errorf("every is %s and silence %s, want 0 or more", o.Every, o.Silence))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	if len(faults) > 0 {
		return o, fmt.Errorf("push: %w: %w", smint.ErrInvalid, errors.Join(faults...))
	}
	return o, nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Authorizer signs subscriptions: *smint.NotificationsService.
type Authorizer interface {
	Authorize(ctx context.Context, socketID, channel string) (smint.Secret, error)
}

// Listen holds a connection to the push service until ctx ends, and calls pull
// once after every subscription and once for whatever notices came while the
// last pull ran, however many: a notice is a hint to pull, and its content is
// never looked at. Two pulls never run at once. What was missed while there was
// no connection is covered by the pull after the next subscription.
//
// Each connection is authorized anew. One that ends is replaced as its close
// code says: at once, after a growing pause, or never, which is ErrRefused. An
// authorization that is refused for good (smint.ErrDenied, smint.ErrGrantDead)
// and an error of pull end it too; a pull that should be tried again later
// returns nil. Listen starts nothing that outlives it.
func Listen(ctx context.Context, auth Authorizer, o Options, pull func(context.Context) error) error {
	o, err := o.check()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hints := make(chan struct{}, 1)
	hint := func() {
		select {
		case hints <- struct{}{}:
		default: // one that waits covers this one too.
		}
	}
	if o.Every > 0 {
		hint()
	}
	pulled := make(chan struct{})
	go func() {
		defer close(pulled)
		if err := pulls(ctx, o.Every, hints, pull); err != nil {
			cancel(err)
		}
	}()
	err = connect(ctx, auth, o, hint)
	cancel(err)
	<-pulled
	return context.Cause(ctx)
}

// pulls calls pull for each hint, and when its time has come, one at a time.
func pulls(ctx context.Context, every time.Duration, hints <-chan struct{}, pull func(context.Context) error) error {
	for {
		var due <-chan time.Time
		if every > 0 {
			due = time.After(every)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-hints:
		case <-due:
		}
		if err := pull(ctx); err != nil {
			return err
		}
	}
}

// connect connects again and again.
func connect(ctx context.Context, auth Authorizer, o Options, hint func()) error {
	hasty := 0
	for failures := 0; ; {
		start := time.Now()
		subscribed, err := once(ctx, auth, o, hint)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if hasty++; time.Since(start) > brief {
			hasty = 0
		}
		if subscribed {
			failures = max(0, hasty-maxHasty)
		}
		pause, again := next(err, failures)
		if !again {
			return err
		}
		o.Logger.InfoContext(ctx, "push: the connection has ended", "error", err, "pause", pause)
		failures++
		if err := o.Wait(ctx, pause); err != nil {
			return context.Cause(ctx)
		}
	}
}

const (
	longestPause = 30 * time.Second
	// A service that ends every connection soon after its subscription is not
	// met with connections, and pulls, without end: after maxHasty of them in a
	// row that were brief, the pauses grow.
	brief    = 10 * time.Second
	maxHasty = 10
)

// next tells whether, and after which pause, to connect again.
func next(err error, failures int) (pause time.Duration, again bool) {
	if errors.Is(err, smint.ErrDenied) || errors.Is(err, smint.ErrGrantDead) || errors.Is(err, smint.ErrInvalid) {
		return 0, false
	}
	pause = min(time.Second<<min(failures, 5), longestPause)
	pause = pause/2 + rand.N(pause/2)
	switch code := websocket.CloseStatus(err); {
	case code >= 4000 && code < 4100:
		return 0, false
	case code >= 4200 && code < 4300 && failures == 0:
		return 0, true
	}
	return pause, true
}
