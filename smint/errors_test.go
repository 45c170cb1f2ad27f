package smint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

// TestErrors_BodiesThatAreNoJSON: a refusal keeps its status and its class
// whatever its body is, a success does not pass for one without, and the next
// call goes on.
func TestErrors_BodiesThatAreNoJSON(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"empty": "", "a page": "<html><body>The server is starting.</body></html>", "text": "upstream connect error", "torn": `{"error_code":"not_`,
		"a list": "[]", "a number": "7", "of other types": `{"error_code":7,"error_message":["x"]}`, "control characters": "\x00\x1b[31m\r\nforged: line", "long": strings.Repeat("x", 100_000),
	}
	calls := map[string]func(context.Context, *portalTenant) error{
		"GET /consumer/v1/sync/genericMetadata": func(ctx context.Context, p *portalTenant) error {
			_, err := p.c.Metadata.Generic(ctx)
			return err
		},
		feedRoute: func(ctx context.Context, p *portalTenant) error {
			_, err := p.c.LicensePurchaseTransactions.List(ctx, "", 0)
			return err
		},
		"POST /frontend/v1/portals/{portal}/portalsContext/{interface}/execute/{method}": func(ctx context.Context, p *portalTenant) error {
			_, err := p.c.Portals.Search(ctx, portal, smint.SearchQuery{})
			return err
		},
		"POST /consumer/v1/notifications/pusher/auth": func(ctx context.Context, p *portalTenant) error {
			_, err := p.c.Notifications.Authorize(ctx, "1.1", p.PushChannel())
			return err
		},
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPortalTenant(t, nil, nil)
				require.NoError(t, p.c.Identity.Login(t.Context()))
				for route, call := range calls {
					for status, want := range map[int]error{400: smint.ErrInvalid, 403: smint.ErrDenied, 404: smint.ErrNotFound, 409: smint.ErrConflict, 429: smint.ErrThrottled, 500: smint.ErrUnavailable, 503: smint.ErrUnavailable} {
						p.Fail(testserver.Fault{Route: route, Times: -1, Status: status, Body: body})
						err := call(t.Context(), p)
						require.ErrorIs(t, err, want, "%s %d", route, status)
						e, ok := errors.AsType[*smint.Error](err)
						require.True(t, ok)
						require.Equal(t, status, e.StatusCode)
						require.Less(t, len(err.Error()), 1500, "an excerpt, not the page")
						require.NotContains(t, err.Error(), "\n", "on one line")
						p.Heal()
						require.NoError(t, call(t.Context(), p), "the next call goes on")
					}
					if body == "" || body == "[]" || body == "7" || strings.HasPrefix(body, "<") {
						p.Fail(testserver.Fault{Route: route, Times: -1, Status: 200, Body: body})
						require.ErrorIs(t, call(t.Context(), p), smint.ErrBrokenReply, "%s: 200 with %q is no success", route, body)
						p.Heal()
					}
				}
			})
		})
	}
}

// TestTask_PollsKeepAnEvenPace: 5 seconds by default, however long it takes, and
// never growing.
func TestTask_PollsKeepAnEvenPace(t *testing.T) {
	t.Parallel()
	p := newPortalTenant(t, nil, nil)
	p.put(t, "otcs-1", "image", nil, nil)
	p.PlanTasks(testserver.SmintTaskPlan{Take: 5 * time.Minute})
	_, err := p.c.Portals.Run(t.Context(), portal, getAsset)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(p.waits), 59)
	for i, wait := range p.waits {
		require.Equal(t, 5*time.Second, wait, fmt.Sprint(i))
	}
}
