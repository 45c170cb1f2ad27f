package smint_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

var getAsset = smint.Call{Interface: smint.InterfaceRead, Method: "getAssetAsync", Arguments: []any{map[string]any{"assetId": map[string]string{"id": "99:image:otcs-1"}}}, Harmless: true}

func TestTask_StuckOnesEndAtTheDeadline(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]testserver.SmintTaskPlan{
		"in progress for ever": {Stuck: true}, "an unknown state": {State: "paused"}, "created for ever": {State: "created"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortalTenant(t, nil, func(s *smint.PortalSettings) { s.Polling.Interval, s.Polling.Deadline = 7*time.Second, time.Minute })
			p.put(t, "otcs-1", "image", nil, nil)
			p.PlanTasks(plan)
			task, err := p.c.Portals.Run(t.Context(), portal, getAsset)
			require.ErrorIs(t, err, smint.ErrTaskOverdue)
			e, ok := errors.AsType[*smint.TaskError](err)
			require.True(t, ok)
			require.Equal(t, task.State, e.Task.State, "the error tells the last state that was seen")
			require.Len(t, p.waits, 8, "polled until no interval fits before the deadline")
			for _, wait := range p.waits {
				require.Equal(t, 7*time.Second, wait, "the pace is even, never exponential")
			}
		})
	}
}

func TestTask_FailedOnes(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	p.put(t, "otcs-1", "image", nil, nil)
	p.PlanTasks(testserver.SmintTaskPlan{Error: "boom", Take: 12 * time.Second})
	_, err := p.c.Portals.Run(t.Context(), portal, getAsset)
	require.ErrorIs(t, err, smint.ErrTaskFailed)
	require.NotErrorIs(t, err, smint.ErrNotFound)
	require.ErrorContains(t, err, `"boom"`)
	require.Len(t, p.waits, 3)

	p.PlanTasks(testserver.SmintTaskPlan{FailSteps: 2})
	task, err := p.c.Portals.Run(t.Context(), portal, getAsset)
	require.ErrorIs(t, err, smint.ErrFailedSteps)
	require.NotNil(t, task.Result, "what it gives is there all the same")

	for _, result := range []string{"<html>", "null", " ", "[]", `"x"`} {
		p.answers("getAssetAsync", result)
		_, err = p.c.Portals.GetAsset(t.Context(), portal, "99:image:otcs-1", nil)
		require.ErrorIs(t, err, smint.ErrBrokenReply, "result %q", result)
	}
	p.PlanTasks(testserver.SmintTaskPlan{Quoted: true, Created: true, Take: time.Minute})
	_, err = p.c.Portals.GetAsset(t.Context(), portal, "99:image:otcs-1", nil)
	require.NoError(t, err, "single quotes around a result are stripped")
}

const pollRoute = "GET /frontend/v1/backgroundTasks/{task}"

func TestTask_APollThatFailsWaitsForTheNext(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]testserver.Fault{
		"503": {Status: 503}, "not JSON": {Status: 500, Body: "<html>oops"}, "a page with status 200": {Kind: testserver.HTML},
		"dropped": {Kind: testserver.DropBefore}, "cut": {Kind: testserver.Cut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortalTenant(t, nil, nil)
			p.put(t, "otcs-1", "image", nil, nil)
			p.PlanTasks(testserver.SmintTaskPlan{Take: 2 * time.Second})
			fault.Route, fault.Times = pollRoute, 2
			p.Fail(fault)
			task, err := p.c.Portals.Run(t.Context(), portal, getAsset)
			require.NoError(t, err)
			require.Equal(t, smint.TaskCompleted, task.State)
			require.Len(t, p.waits, 3)
			require.Equal(t, 3, p.Count(pollRoute), "no retries between two polls")
		})
	}
	p := newPortalTenant(t, nil, nil)
	p.put(t, "otcs-1", "image", nil, nil)
	p.PlanTasks(testserver.SmintTaskPlan{Stuck: true})
	p.Fail(testserver.Fault{Route: pollRoute, Times: -1, Status: 502})
	_, err := p.c.Portals.Run(t.Context(), portal, getAsset)
	require.ErrorIs(t, err, smint.ErrTaskOverdue)
	require.ErrorIs(t, err, smint.ErrUnavailable, "why the last poll failed is told too")
}

func TestTask_APollThatCannotSucceedEndsTheWait(t *testing.T) {
	t.Parallel()
	for status, class := range map[int]error{http.StatusNotFound: smint.ErrNotFound, http.StatusForbidden: smint.ErrDenied} {
		p := newPortalTenant(t, nil, nil)
		p.put(t, "otcs-1", "image", nil, nil)
		p.PlanTasks(testserver.SmintTaskPlan{Stuck: true})
		p.Fail(testserver.Fault{Route: pollRoute, Status: status})
		_, err := p.c.Portals.Run(t.Context(), portal, getAsset)
		require.ErrorIs(t, err, class)
		require.Len(t, p.waits, 1)
	}
}

func TestTask_NeverPolledFasterThanOnceASecond(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, func(o *testserver.SmintOptions) { o.StrictPolling = true }, func(s *smint.PortalSettings) { s.Polling.Interval = time.Second })
	one := p.put(t, "otcs-1", "image", nil, nil)
	p.PlanTasks(testserver.SmintTaskPlan{Take: 20 * time.Second})
	_, err := p.c.Portals.GetAssets(t.Context(), portal, []smint.AssetID{one}, nil)
	require.NoError(t, err)
	for _, e := range p.Exchanges() {
		require.NotEqual(t, http.StatusTooManyRequests, e.Status, "%s %s", e.Method, e.Path)
	}
}

func TestTask_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := newPortalTenant(t, nil, func(s *smint.PortalSettings) {
		s.Polling.Wait = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	})
	p.put(t, "otcs-1", "image", nil, nil)
	p.PlanTasks(testserver.SmintTaskPlan{Stuck: true})
	_, err := p.c.Portals.Run(ctx, portal, getAsset)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, `in state "in_progress"`)
}

// TestTask_TheMachinesClock waits on the real timer, once, for a context that
// has ended.
func TestTask_TheMachinesClock(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, func(s *smint.PortalSettings) { s.Polling.Wait, s.Polling.Now = nil, nil })
	p.put(t, "otcs-1", "image", nil, nil)
	p.PlanTasks(testserver.SmintTaskPlan{Stuck: true})
	task, err := p.c.Portals.Execute(t.Context(), portal, getAsset)
	require.NoError(t, err)
	require.False(t, task.State.Ended())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.c.Portals.Wait(ctx, task)
	require.ErrorIs(t, err, context.Canceled)
}
