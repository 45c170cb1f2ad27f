package smint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/smintecm/sdk/internal/rest"
)

// TaskUUID identifies a background task.
type TaskUUID string

// UnmarshalJSON accepts a text or a number.
func (u *TaskUUID) UnmarshalJSON(b []byte) error { return unmarshalID(u, b) }

// TaskState is the state of a background task. The list is open.
type TaskState string

// The states. Any other one is taken for not yet ended.
const (
	TaskCreated    TaskState = "created"
	TaskInProgress TaskState = "in_progress"
	TaskFailed     TaskState = "error"
	TaskCompleted  TaskState = "completed"
)

// Known tells whether this version knows the value.
func (s TaskState) Known() bool {
	return s == TaskCreated || s == TaskInProgress || s == TaskFailed || s == TaskCompleted
}

// Ended tells whether the task goes no further.
func (s TaskState) Ended() bool { return s == TaskFailed || s == TaskCompleted }

// The ways in which a task ends other than well. The error is a *TaskError.
var (
	// ErrTaskFailed: the task ended in the state "error".
	ErrTaskFailed = errors.New("task failed")
	// ErrTaskOverdue: the task had not ended at the deadline of the polling. It
	// may still end.
	ErrTaskOverdue = errors.New("task has not ended in time")
	// ErrFailedSteps: the task completed, but some of its steps failed. What it
	// gives is not all that was asked for.
	ErrFailedSteps = errors.New("task completed with failed steps")
)

// Task is a background task: every method of a portal is answered with one.
type Task struct {
	UUID  TaskUUID  `json:"uuid"`
	State TaskState `json:"state"`
	// The counts are nil if they were not sent.
	FinishedPercentage *float64 `json:"finished_percentage"`
	TotalSteps         *int     `json:"total_steps"`
	SucceededSteps     *int     `json:"succeeded_steps"`
	FailedSteps        *int     `json:"failed_steps"`
	// Result is the JSON text of what the method returns, nil until it is there.
	Result *string `json:"result_string"`
	// ErrorCode and ErrorMessage say why it failed, where that is said.
	ErrorCode    string `json:"error_code"`
	ErrorMessage string `json:"error_message"`
	// Raw is the task as it came, byte for byte.
	Raw json.RawMessage `json:"-"`
}

// UnmarshalJSON reads a task and keeps its bytes.
func (t *Task) UnmarshalJSON(b []byte) error {
	type plain Task
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	if p.State == "" {
		return errors.New("a task without a state")
	}
	*t = Task(p)
	t.Raw = bytes.Clone(b)
	return nil
}

// failedSteps is the number of steps that failed, as far as that was said.
func (t *Task) failedSteps() int {
	if t.FailedSteps == nil {
		return 0
	}
	return *t.FailedSteps
}

// TaskError is a task that did not end well.
type TaskError struct {
	// Op is the method that began it.
	Op string
	// Task is the last that was seen of it.
	Task Task
	// Err holds the class and the cause.
	Err error
}

// Error names the method and the last state that was seen.
func (e *TaskError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "smint: %s: task %s in state %q", e.Op, e.Task.UUID, e.Task.State)
	if n := e.Task.failedSteps(); n > 0 {
		fmt.Fprintf(&b, ", %d steps failed", n)
	}
	if e.Task.ErrorCode != "" {
		b.WriteString(" " + e.Task.ErrorCode)
	}
	if e.Task.ErrorMessage != "" {
		fmt.Fprintf(&b, " %q", e.Task.ErrorMessage)
	}
	b.WriteString(": " + strings.Join(strings.Fields(e.Err.Error()), " "))
	return b.String()
}

// Unwrap gives the class and the cause.
func (e *TaskError) Unwrap() error { return e.Err }

// Task reads a background task once.
//
// API: GET /backgroundTasks/{backgroundTaskUuid}.
func (s *PortalsService) Task(ctx context.Context, id TaskUUID) (*Task, error) {
	if err := s.ready(s.routes.portals.task.Name); err != nil {
		return nil, err
	}
	t, err := rest.Do[Task](ctx, s.portal.polls, rest.Request{Route: &s.routes.portals.task, Path: []any{string(id)}})
	if err != nil {
		return nil, err
	}
	if t.UUID != id {
		return nil, s.broken(s.routes.portals.task, fmt.Sprintf("asked for task %s, got %q", id, t.UUID), nil)
	}
	return &t, nil
}

// Wait polls a task until it has ended, at the pace of [TaskPolling]. It
// returns the last that was seen of the task, and a *TaskError unless it
// completed whole: ErrTaskFailed, ErrFailedSteps (with the result that there
// is), ErrTaskOverdue. A poll that fails waits for the next one, unless its
// failure will not pass: the task is unknown, or the login may not see it.
func (s *PortalsService) Wait(ctx context.Context, t *Task) (*Task, error) {
	return s.wait(ctx, s.routes.portals.task.Name, t)
}

func (s *PortalsService) wait(ctx context.Context, op string, t *Task) (*Task, error) {
	p := s.portal.Polling
	end := p.Now().Add(p.Deadline)
	var missed error
	for {
		fail := func(class error) (*Task, error) {
			return t, &TaskError{Op: op, Task: *t, Err: class}
		}
		switch {
		case t.State == TaskFailed && saysMissing(t.ErrorCode, t.ErrorMessage):
			return fail(fmt.Errorf("%w: %w", ErrTaskFailed, ErrNotFound))
		case t.State == TaskFailed:
			return fail(ErrTaskFailed)
		case t.State == TaskCompleted && t.failedSteps() > 0:
			return fail(ErrFailedSteps)
		case t.State == TaskCompleted:
			return t, nil
		case t.UUID == "":
			return fail(fmt.Errorf("%w: it has not ended and has no uuid", ErrBrokenReply))
		case p.Now().Add(p.Interval).After(end):
			if missed != nil {
				return fail(fmt.Errorf("%w: the last poll failed: %w", ErrTaskOverdue, missed))
			}
			return fail(ErrTaskOverdue)
		}
		if err := p.Wait(ctx, p.Interval); err != nil {
			return fail(err)
		}
		next, err := s.Task(ctx, t.UUID)
		switch {
		case err == nil:
			t, missed = next, nil
		case ctx.Err() != nil || errors.Is(err, ErrNotFound) || errors.Is(err, ErrDenied) || errors.Is(err, ErrUnauthenticated) || errors.Is(err, ErrGrantDead):
			return fail(err)
		default:
			missed = err
		}
	}
}

// resultOf decodes what a completed task returns.
func resultOf[T any](op string, t *Task) (T, error) {
	var v T
	text := ""
	if t.Result != nil {
		text = strings.TrimSpace(*t.Result)
	}
	// One page of the vendor's documentation shows the text in single quotes.
	if n := len(text); n >= 2 && text[0] == '\'' && text[n-1] == '\'' {
		text = text[1 : n-1]
	}
	if text == "" || text == "null" {
		return v, &TaskError{Op: op, Task: *t, Err: fmt.Errorf("%w: it completed without a result", ErrBrokenReply)}
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return v, &TaskError{Op: op, Task: *t, Err: fmt.Errorf("%w: its result: %w", ErrBrokenReply, err)}
	}
	return v, nil
}
