package testserver

import (
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// ecmJob is work that waits for its time.
type ecmJob struct {
	ID     int64      `json:"id"`
	Due    time.Time  `json:"due"`
	Op     string     `json:"op"`
	Form   url.Values `json:"form"`
	User   string     `json:"user"`
	Queued bool       `json:"queued"`
	// Status is what the server says of a queued task.
	Status string `json:"status"`
	Error  string `json:"error"`
}

const (
	taskWaiting = "Pending"
	taskDone    = "Completed"
	taskFailed  = "Failed"
	taskAborted = "Aborted"
)

// waiting are the operations that can wait; each returns what went wrong.
func waiting() map[string]func(*ecmCall) string {
	return map[string]func(*ecmCall) string{
		"rm_FinalizeRecord": (*ecmCall).finalizeTree, "search": (*ecmCall).runSearch, "actions": (*ecmCall).runActions, "userhold": (*ecmCall).runUserHold,
		"applyhold": (*ecmCall).runApplyHold, "removehold": (*ecmCall).runRemoveHold, "metadata": (*ecmCall).runMetadata, "addclass": (*ecmCall).runAddClass,
		"removeclass": (*ecmCall).runRemoveClass, "assignxref": (*ecmCall).runAssignXref, "removexref": (*ecmCall).runRemoveXref, "finalize": (*ecmCall).runFinalize,
	}
}

// later has an operation done when its time has come, at once without a delay.
// The parameters are those of the call.
func (c *ecmCall) later(op string, delay time.Duration) *ecmJob {
	form := url.Values{}
	for k, v := range c.form {
		form[k] = v
	}
	for k := range c.body {
		form[k] = c.list(k)
		if len(form[k]) == 0 {
			form[k] = []string{c.text(k)}
		}
	}
	j := &ecmJob{ID: c.e.number("job"), Due: c.e.now().Add(delay), Op: op, Form: form, User: c.user.Name, Status: taskWaiting}
	c.e.state.Jobs = append(c.e.state.Jobs, j)
	c.e.work()
	return j
}

// bulk is later for the operations that answer without a report.
func (c *ecmCall) bulk(op string) ecmReply {
	c.later(op, c.e.options.BulkDelay)
	return done()
}

// work does what is due. The lock is held.
func (e *ECM) work() {
	for _, j := range e.state.Jobs {
		if j.Status != taskWaiting || e.now().Before(j.Due) {
			continue
		}
		c := &ecmCall{e: e, form: j.Form, user: e.state.Users[j.User], perPage: 100}
		c.r, _ = http.NewRequest(http.MethodPost, "/", http.NoBody) //nolint:noctx // stands in for the request that asked
		j.Status = taskDone
		if j.Error = waiting()[j.Op](c); j.Error != "" {
			j.Status = taskFailed
		}
	}
	kept := e.state.Jobs[:0]
	for _, j := range e.state.Jobs {
		if j.Queued || j.Status == taskWaiting {
			kept = append(kept, j)
		}
	}
	e.state.Jobs = kept
}

func (j *ecmJob) reply(e *ECM) ecmReply {
	code := http.StatusAccepted
	if j.Status != taskWaiting {
		code = http.StatusOK
	}
	return ok(map[string]any{
		"errMsg": j.Error, "http_status_code": code, "location": fmt.Sprintf("%s/api/v1/rmqueues/%d", e.options.Base, j.ID), "task_status": j.Status,
	})
}

func (c *ecmCall) addQueue() ecmReply {
	id, isID := c.number("id")
	switch task := c.text("task_name"); {
	case task != "rm_FinalizeRecord":
		return fail(http.StatusBadRequest, "Task name '%s' is not supported", task)
	case !isID || c.node(id) == nil:
		return fail(http.StatusNotFound, "The object does not exist")
	case !c.may("finalize"):
		return fail(http.StatusForbidden, textRMDenied)
	}
	j := c.later("rm_FinalizeRecord", c.e.options.QueueDelay)
	j.Queued = true
	c.e.state.Jobs = append(deleteJob(c.e.state.Jobs, j), j)
	return j.reply(c.e)
}

func deleteJob(list []*ecmJob, j *ecmJob) []*ecmJob {
	out := list[:0:0]
	for _, one := range list {
		if one != j {
			out = append(out, one)
		}
	}
	return out
}

func (c *ecmCall) job() *ecmJob {
	for _, j := range c.e.state.Jobs {
		if j.Queued && j.ID == c.id("id") {
			return j
		}
	}
	return nil
}

func (c *ecmCall) getQueue() ecmReply {
	if j := c.job(); j != nil {
		return j.reply(c.e)
	}
	return fail(http.StatusNotFound, "Error retrieving cache")
}

func (c *ecmCall) abortQueue() ecmReply {
	j := c.job()
	switch {
	case j == nil:
		return fail(http.StatusNotFound, "Error retrieving cache")
	case j.Status != taskWaiting:
		return fail(http.StatusBadRequest, "Finalize operation can not be aborted")
	}
	j.Status = taskAborted
	return j.reply(c.e)
}

// finalizeTree finalizes a node, and what stands in it if asked.
func (c *ecmCall) finalizeTree() string {
	id, _ := c.number("id")
	n := c.node(id)
	if n == nil {
		return "The object does not exist"
	}
	count := 0
	one := func(n *ecmNode) {
		if n.Record != nil && c.sees(n) {
			c.makeFinal(n)
			count++
		}
	}
	if one(n); c.flag("apply_subitems") {
		for _, child := range c.e.children(n.ID) {
			c.e.below(child, one)
		}
	}
	if count == 0 {
		return "No records to finalize"
	}
	return ""
}
