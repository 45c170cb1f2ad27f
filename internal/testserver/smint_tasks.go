package testserver

import (
	"net/http"
	"strconv"
	"time"
)

// SmintTaskPlan says how the next tasks of a method go.
type SmintTaskPlan struct {
	// Method is the method's name; empty is any.
	Method string
	// Times is how many calls it holds for; 0 is one, below zero is all.
	Times int
	// Take is how long the task takes, by the fake's clock. A method that would
	// answer at once becomes a long-running one.
	Take time.Duration
	// Stuck never ends the task.
	Stuck bool
	// Error ends it in the state "error" with this message.
	Error string
	// FailSteps counts that many of its steps as failed; it completes all the
	// same.
	FailSteps int
	// Quoted wraps the result in single quotes, as one page of the vendor's
	// documentation shows it.
	Quoted bool
	// Created shows the state "created" for the first half of its time.
	Created bool
	// State, if set, is answered instead of any other.
	State string
	// Result, if set, is the result_string.
	Result string
}

type smintTask struct {
	uuid          string
	began, polled time.Time
	take          time.Duration
	steps, failed int
	result        string
	plan          SmintTaskPlan
}

// PlanTasks makes the next tasks of a method go as planned.
func (s *Smint) PlanTasks(plan SmintTaskPlan) {
	if plan.Times == 0 {
		plan.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plans = append(s.plans, &plan)
}

func (s *Smint) takePlan(method string) SmintTaskPlan {
	for _, plan := range s.plans {
		if plan.Times == 0 || (plan.Method != "" && plan.Method != method) {
			continue
		}
		if plan.Times > 0 {
			plan.Times--
		}
		return *plan
	}
	return SmintTaskPlan{}
}

// begin makes the task of a call.
func (s *Smint) begin(call *smintCall, long bool, plan SmintTaskPlan) *smintTask {
	s.portal.Minted++
	task := &smintTask{
		uuid: "t-" + strconv.Itoa(s.portal.Minted) + "-" + s.sign("task", strconv.Itoa(s.portal.Minted))[:8], began: s.now(), polled: s.now(),
		steps: max(call.steps, plan.FailSteps), failed: max(call.failed, plan.FailSteps), plan: plan, take: plan.Take,
	}
	if long && plan.Take == 0 {
		task.take = s.options.TaskTime
	}
	if call.missing && s.options.Missing == SmintMissingTask {
		task.plan.Error = "The asset was not found"
	}
	raw, _ := smintRaw(call.result)
	task.result = string(raw)
	if plan.Result != "" {
		task.result = plan.Result
	}
	if plan.Quoted {
		task.result = "'" + task.result + "'"
	}
	s.tasks[task.uuid] = task
	return task
}

// wire is the task as the portal shows it at an instant.
func (t *smintTask) wire(now time.Time) SmintJSON {
	answer := SmintJSON{
		"uuid": t.uuid, "state": "in_progress", "finished_percentage": 0, "total_steps": t.steps, "succeeded_steps": 0, "failed_steps": 0,
		"result_string": nil,
	}
	done := now.Sub(t.began)
	switch {
	case t.plan.State != "":
		answer["state"] = t.plan.State
	case t.plan.Stuck || done < t.take:
		part := 0.0
		if t.take > 0 {
			part = min(float64(done)/float64(t.take), 0.99)
		}
		answer["finished_percentage"], answer["succeeded_steps"] = int(100*part), int(float64(t.steps-t.failed)*part)
		if t.plan.Created && part < 0.5 {
			answer["state"] = "created"
		}
	case t.plan.Error != "":
		answer["state"], answer["failed_steps"] = "error", t.steps
		answer["error_code"], answer["error_message"] = "failed", t.plan.Error
	default:
		answer["state"], answer["finished_percentage"] = "completed", 100
		answer["succeeded_steps"], answer["failed_steps"] = t.steps-t.failed, t.failed
		answer["result_string"] = t.result
	}
	return answer
}

func (s *Smint) serveTask(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, smintScopePortal, smintScopeFull) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	task := s.tasks[r.PathValue("task")]
	if task == nil {
		smintRefuse(w, http.StatusNotFound, "not_found", "The task is unknown", SmintJSON{"uuid": r.PathValue("task"), "name": "background_task"})
		return
	}
	now := s.now()
	early := now.Sub(task.polled) < time.Second
	task.polled = now
	if early && s.options.StrictPolling {
		w.Header().Set("Retry-After", "1")
		smintRefuse(w, http.StatusTooManyRequests, "too_many_requests", "A task is polled at most once a second", nil)
		return
	}
	smintReply(w, http.StatusOK, task.wire(now))
}
