package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter grants one request at a time. A rate limit belongs to the account,
// so several clients, or processes, may share one.
type Limiter interface {
	// Wait blocks until one request may be sent, or ctx ends.
	Wait(ctx context.Context) error
}

// NewLimiter grants perSecond requests a second, and burst of them at once
// after a rest; a burst below one means one.
func NewLimiter(perSecond float64, burst int) Limiter {
	return rate.NewLimiter(rate.Limit(perSecond), max(burst, 1))
}

// maxPause bounds what a server's advice can make the client wait.
const maxPause = 5 * time.Minute

// gate pauses the whole client on the server's advice, and grows its own pause
// while a server keeps throttling without saying for how long.
type gate struct {
	mu      sync.Mutex
	until   time.Time
	strikes int
}

// throttled shuts the gate for the advised time, or for a growing one.
func (g *gate) throttled(advice time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.strikes = min(g.strikes+1, 7)
	if advice <= 0 {
		advice = 125 * time.Millisecond << g.strikes
	}
	if until := time.Now().Add(min(advice, maxPause)); until.After(g.until) {
		g.until = until
	}
}

// served forgets half of the strikes: speed comes back step by step.
func (g *gate) served() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.strikes /= 2
}

// wait blocks while the gate is shut. It gives up at once when ctx ends before
// the gate opens.
func (g *gate) wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		pause := time.Until(g.until)
		g.mu.Unlock()
		if pause <= 0 {
			return ctx.Err()
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
			return fmt.Errorf("%w: the server asked to wait %s, which is beyond the deadline: %w",
				ErrThrottled, pause.Round(time.Millisecond), context.DeadlineExceeded)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// admit waits for the gate and for the limiter. A limiter that refuses because
// the wait would pass the deadline says so in text only; the class is added.
func (c *Client) admit(ctx context.Context) error {
	if err := c.gate.wait(ctx); err != nil {
		return err
	}
	err := c.limiter.Wait(ctx)
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if _, ok := ctx.Deadline(); ok {
		return fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return err
}

// lane returns the one-at-a-time token of a lane name.
func (c *Client) lane(name string) chan struct{} {
	c.lanesMu.Lock()
	defer c.lanesMu.Unlock()
	l := c.lanes[name]
	if l == nil {
		l = make(chan struct{}, 1)
		c.lanes[name] = l
	}
	return l
}

// retryAfter reads the header as seconds or as a date; 0 when there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if seconds, err := strconv.ParseInt(v, 10, 32); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	// The server's own clock, where it tells it, is the one its date is from.
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	return max(0, at.Sub(now))
}
