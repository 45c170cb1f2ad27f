package ecm

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// QueuesService runs Records Management's work in the server's background.
type QueuesService service

// TaskFinalize is the one task that the vendor describes.
const TaskFinalize = "rm_FinalizeRecord"

// Task is the state of background work.
type Task struct {
	// Location is where to ask again; it is the server's own address.
	Location string
	// Status is the server's word; the list is not published.
	Status string
	// Code is an HTTP status for the task, as 202 while it runs.
	Code    int
	Message string
}

type wireTask struct {
	outcome
	Message  string `json:"errMsg"`
	Code     number `json:"http_status_code"`
	Location string `json:"location"`
	Status   string `json:"task_status"`
}

// task is what an answer tells of a task; one that tells nothing is broken.
func (w wireTask) task(route *rest.Route, err error) (*Task, error) {
	if err == nil {
		_, err = w.settled(route)
	}
	if err == nil && w.Location == "" && w.Status == "" && w.Code == 0 {
		err = noAnswer(route, "no task in the answer")
	}
	if err != nil {
		return nil, err
	}
	return &Task{w.Location, w.Status, int(w.Code), w.Message}, nil
}

// Add starts a task on a node, and on what lies below it. Of a task other than
// TaskFinalize it is not known what it does: it needs an Unguarded, else it is
// ErrNeedsReason.
//
// Errors: ErrInvalid, ErrDenied, ErrNeedsReason, ErrOutcomeUnknown.
//
// API: POST /v1/rmqueues.
func (s *QueuesService) Add(ctx context.Context, id NodeID, task string, subItems bool, skip ...Unguarded) (*Task, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	wantText(&faults, "task", task)
	mayReasons(&faults, skip)
	if err := faults.Err(routes.queueAdd.Name); err != nil {
		return nil, err
	}
	if task != TaskFinalize {
		if err := s.guardSweeping(ctx, routes.queueAdd.Name, "the task is not started", skip); err != nil {
			return nil, err
		}
	}
	query := params{}.number("id", int64(id)).text("task_name", task).flag("apply_subitems", subItems)
	req, err := s.settings.placed(rest.Request{Route: &routes.queueAdd, Query: url.Values(query)})
	if err != nil {
		return nil, err
	}
	answer, err := rest.Do[wireTask](ctx, s.rest, req)
	return answer.task(&routes.queueAdd, err)
}

// Get asks for a task by its queue id.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v1/rmqueues/{id}.
func (s *QueuesService) Get(ctx context.Context, id int64) (*Task, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.queueGet.Name); err != nil {
		return nil, err
	}
	answer, err := get[wireTask](ctx, s.core, &routes.queueGet, []any{id}, nil)
	return answer.task(&routes.queueGet, err)
}

// Abort ends a task, where the server lets it be ended.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied, ErrOutcomeUnknown.
//
// API: DELETE /v1/rmqueues/{id}.
func (s *QueuesService) Abort(ctx context.Context, id int64) (*Task, error) {
	var faults rest.Problems
	wantID(&faults, "id", id)
	if err := faults.Err(routes.queueAbort.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[wireTask](ctx, s.rest, rest.Request{Route: &routes.queueAbort, Path: []any{id}})
	return answer.task(&routes.queueAbort, err)
}

// ID is the task's queue id, taken from its location.
func (t Task) ID() (int64, error) {
	id, err := strconv.ParseInt(t.Location[strings.LastIndexByte(t.Location, '/')+1:], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("ecm: task location %q names no queue id: %w", t.Location, ErrBrokenReply)
	}
	return id, nil
}

// Done tells that the server calls the task finished.
func (t Task) Done() bool {
	return t.Code >= 200 && t.Code != 202 || strings.EqualFold(t.Status, "completed") || strings.EqualFold(t.Status, "done")
}

// Wait asks at the task's own address until it is done, every second at first
// and every ten later, or until ctx ends: then the error names the last state.
//
// Errors: ErrInvalid, ErrNotFound, ErrDenied.
//
// API: GET /v1/rmqueues/{id}.
func (s *QueuesService) Wait(ctx context.Context, t *Task) (*Task, error) {
	var faults rest.Problems
	if t == nil || (t.Location == "" && !t.Done()) {
		faults.Add("task", "none", "a task with a location, as Add returns it")
	}
	if err := faults.Err("Queues.Wait"); err != nil {
		return nil, err
	}
	for pause := time.Second; !t.Done(); pause = min(pause*2, 10*time.Second) {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return t, fmt.Errorf("ecm: Queues.Wait: last seen %q: %w", t.Status, ctx.Err())
		}
		answer, err := rest.Do[wireTask](ctx, s.rest, rest.Request{Route: &routes.queueGet, Path: []any{0}, Location: t.Location})
		next, err := answer.task(&routes.queueGet, err)
		if err != nil {
			return t, err
		}
		if next.Location == "" {
			next.Location = t.Location
		}
		t = next
	}
	if t.Code >= 400 {
		return t, &Error{Op: "Queues.Wait", StatusCode: t.Code, Message: t.Message, Err: ErrInvalid}
	}
	return t, nil
}
