package sync

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/smintecm/sdk/records"
)

// RunnerConfig says what a runner does again and again.
type RunnerConfig struct {
	// Name tells runners of one scope apart, as "follow". Scope is whose it is;
	// zero for one that is no scope's.
	Name  string
	Scope records.ScopeID
	// Pass does the work once and says in a few words what came of it. It goes
	// on from where an earlier pass was interrupted, so it may end anywhere.
	Pass func(ctx context.Context) (summary string, err error)
	// Progress, if set, says in a few words what the pass under way has come to
	// so far. It is called from any goroutine.
	Progress func() string
	// Every is the time from the end of one pass to the next one without a hint.
	// Defaults to 5 minutes.
	Every time.Duration
	// Listen, if set, calls pull for each hint that there is work, until ctx
	// ends, as push.Listen does. A hint brings the next pass forward and nothing
	// else. Its error is shown in the status; the passes go on by the clock.
	Listen func(ctx context.Context, pull func(context.Context) error) error
	// Retry is the first pause after a failed pass; it doubles up to Every.
	// Defaults to 2 seconds.
	Retry time.Duration
	// OnPass is told of the state after each pass.
	OnPass func(RunnerStatus)
	// Now and Wait are the clock; tests put their own here. Wait returns early
	// when wake is closed or gives a value, and with an error when ctx ends.
	Now  func() time.Time
	Wait func(ctx context.Context, d time.Duration, wake <-chan struct{}) error
}

// RunnerState says what a runner is doing.
type RunnerState string

// The states.
const (
	RunnerIdle    RunnerState = "idle"    // not started
	RunnerRunning RunnerState = "running" // in a pass
	RunnerWaiting RunnerState = "waiting" // between passes, the last one was good
	RunnerFailing RunnerState = "failing" // between passes, the last one failed
	RunnerStopped RunnerState = "stopped" // it runs no more
)

// RunnerStatus is how a runner is doing: plain data, read at any time.
type RunnerStatus struct {
	Name  string      `json:"name"`
	Scope string      `json:"scope,omitempty"`
	State RunnerState `json:"state"`
	// Passes counts the good ones, Failures those that failed since the last
	// good one.
	Passes   int `json:"passes"`
	Failures int `json:"failures"`
	// Since is when the runner began, LastGood when its last good pass ended. The
	// lag is the time since then, also of one that is stopped; JSON has it in
	// nanoseconds.
	Since    time.Time     `json:"since,omitzero"`
	LastGood time.Time     `json:"last_good,omitzero"`
	Lag      time.Duration `json:"lag"`
	// Next is when the next pass begins, without a hint.
	Next time.Time `json:"next,omitzero"`
	// Summary says what came of the last good pass, Progress what the one under
	// way has come to so far.
	Summary  string `json:"summary,omitempty"`
	Progress string `json:"progress,omitempty"`
	// Trouble says what is wrong, Advice what to do about it; Hints what is wrong
	// with the hints.
	Trouble string  `json:"trouble,omitempty"`
	Kind    Trouble `json:"kind,omitempty"`
	Advice  string  `json:"advice,omitempty"`
	Hints   string  `json:"hints,omitempty"`
	err     error
}

// Healthy tells that the runner is at work, and that its last pass was good or
// has not ended yet. What a good pass leaves to people is in its summary.
func (s RunnerStatus) Healthy() bool {
	return s.Failures == 0 && (s.State == RunnerRunning || s.State == RunnerWaiting)
}

// Err is the error of the last pass, nil if it was good.
func (s RunnerStatus) Err() error { return s.err }

// Runner does one thing pass after pass, until its context ends. A pass that
// fails is tried again, after a pause that grows: an outage of hours costs time
// and nothing else. It is safe to ask for its status from anywhere.
type Runner struct {
	c      RunnerConfig
	status guarded[RunnerStatus]
	wake   chan struct{}
}

const (
	defaultEvery = 5 * time.Minute
	defaultRetry = 2 * time.Second
)

// NewRunner checks the configuration. The error matches records.ErrInvalid.
func NewRunner(c RunnerConfig) (*Runner, error) {
	var faults records.Problems
	faults.Check(c.Name != "", "name", c.Name, "a name")
	faults.Check(c.Pass != nil, "pass", "none", "what to do")
	faults.Check(c.Every >= 0, "every", c.Every, "a time")
	faults.Check(c.Retry >= 0, "retry", c.Retry, "a time")
	if err := faults.Err("sync.NewRunner"); err != nil {
		return nil, err
	}
	if c.Every == 0 {
		c.Every = defaultEvery
	}
	if c.Retry == 0 {
		c.Retry = defaultRetry
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = waitOrWake
	}
	r := &Runner{c: c, wake: make(chan struct{}, 1)}
	status := RunnerStatus{Name: c.Name, State: RunnerIdle}
	if c.Scope.IsValid() {
		status.Scope = c.Scope.String()
	}
	r.status.set(status)
	return r, nil
}

// Status says how the runner is doing now.
func (r *Runner) Status() RunnerStatus {
	s := r.status.get()
	since := s.LastGood
	if since.IsZero() {
		since = s.Since
	}
	if !since.IsZero() {
		s.Lag = max(0, r.c.Now().Sub(since))
	}
	if s.State == RunnerRunning && r.c.Progress != nil {
		s.Progress = r.c.Progress()
	}
	return s
}

// Hint brings the next pass forward. Several hints before it are one.
func (r *Runner) Hint() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, and then returns nil: the pass that it was in ends
// where it stands and is gone on with by the next run. An error that no later
// pass can mend, such as the checkpoint of another scope, ends it at once and is
// returned; see [TroubleOf]. It starts nothing that outlives it.
func (r *Runner) Run(ctx context.Context) error {
	listening, stop := context.WithCancel(ctx)
	ended := r.listen(listening)
	defer func() { stop(); <-ended }()
	r.change(func(s *RunnerStatus) { s.Since, s.State = r.c.Now(), RunnerRunning })
	defer r.change(func(s *RunnerStatus) { s.State, s.Next = RunnerStopped, time.Time{} })
	pause := r.c.Retry
	for ctx.Err() == nil {
		// Hints until now are about what this pass will see; one that comes later
		// may be about what it has passed by.
		select {
		case <-r.wake:
		default:
		}
		err := r.pass(ctx)
		if ctx.Err() != nil {
			return nil
		}
		wait := r.c.Every
		if err != nil {
			if kind := TroubleOf(err); kind.Lasting() {
				return fmt.Errorf("runner %s: %w", strings.TrimSpace(r.Status().Scope+" "+r.c.Name), err)
			}
			wait, pause = min(pause, r.c.Every), min(2*pause, r.c.Every)
		} else {
			pause = r.c.Retry
		}
		r.change(func(s *RunnerStatus) { s.Next = r.c.Now().Add(wait) })
		if r.c.OnPass != nil {
			r.c.OnPass(r.Status())
		}
		if r.c.Wait(ctx, wait, r.wake) != nil {
			return nil
		}
	}
	return nil
}

func (r *Runner) pass(ctx context.Context) error {
	r.change(func(s *RunnerStatus) { s.State, s.Next = RunnerRunning, time.Time{} })
	summary, err := r.c.Pass(ctx)
	if ctx.Err() != nil {
		return err
	}
	r.change(func(s *RunnerStatus) {
		s.err = err
		if err != nil {
			s.State, s.Failures = RunnerFailing, s.Failures+1
			s.Trouble, s.Kind = short(err), TroubleOf(err)
			s.Advice = s.Kind.Advice()
			return
		}
		s.State, s.Passes, s.Failures, s.Summary, s.LastGood = RunnerWaiting, s.Passes+1, 0, summary, r.c.Now()
		s.Trouble, s.Kind, s.Advice = "", "", ""
	})
	return err
}

// listen takes hints until ctx ends; the channel is closed when it has ended.
func (r *Runner) listen(ctx context.Context) <-chan struct{} {
	ended := make(chan struct{})
	if r.c.Listen == nil {
		close(ended)
		return ended
	}
	go func() {
		defer close(ended)
		err := r.c.Listen(ctx, func(context.Context) error {
			r.Hint()
			return nil
		})
		if err != nil && ctx.Err() == nil {
			r.change(func(s *RunnerStatus) {
				s.Hints = "no hints: " + short(err) + "; passes go on every " + r.c.Every.String()
			})
		}
	}()
	return ended
}

func (r *Runner) change(f func(*RunnerStatus)) { r.status.change(f) }

// waitOrWake waits on the machine's clock.
func waitOrWake(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-wake:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sleep waits on the machine's clock, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error { return waitOrWake(ctx, d, nil) }

// RunAll runs runners beside each other until ctx ends. One that ends by an
// error does not stop the others; all such errors come joined, when all have
// ended.
func RunAll(ctx context.Context, runners ...*Runner) error {
	errs := make([]error, len(runners))
	together(len(runners), func(i int) { errs[i] = runners[i].Run(ctx) })
	return errors.Join(errs...)
}
