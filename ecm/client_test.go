package ecm_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/ecm"
	"github.com/smintecm/sdk/internal/testserver"
)

func TestNew_ReportsEveryFault(t *testing.T) {
	t.Parallel()
	_, err := ecm.New("http://ecm.example/cs/api", ecm.PasswordLogin{}, ecm.WithRetries(-3), ecm.WithLimiter(nil))
	require.ErrorIs(t, err, ecm.ErrInvalid)
	for _, part := range []string{"without /api", "https", "user", "password", "WithRetries", "WithLimiter"} {
		require.ErrorContains(t, err, part)
	}
	_, err = ecm.New("https://ecm.example", nil, nil)
	require.ErrorContains(t, err, "credentials")
	require.ErrorContains(t, err, `option is "nil"`)
	login := ecm.PasswordLogin{User: "u", Password: "p"}
	for _, beyond := range []string{"/api", "/api/", "/api/v1", "/api/v2/"} {
		_, err = ecm.New("https://ecm.example/otcs/cs.exe"+beyond, login)
		require.ErrorContains(t, err, "without /api", beyond)
	}
	_, err = ecm.New("https://gateway.example/api/otcs/cs.exe", login)
	require.NoError(t, err, "a way that only passes by /api")
	_, err = ecm.New("cs.exe", login)
	require.ErrorContains(t, err, `base URL is "cs.exe"`, "as the caller wrote it")
}

func TestLogin_OnceForAllWhoWait(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	all := func() {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := s.c.Nodes.Get(t.Context(), s.folder); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	all()
	require.Equal(t, 1, s.Count("POST /v1/auth"))
	s.ExpireTickets()
	all()
	require.Equal(t, 2, s.Count("POST /v1/auth"), "one login for one expiry")
}

func TestLogin_ATicketsTimeEnds(t *testing.T) {
	t.Parallel()
	clock := &testserver.Clock{}
	s := newServer(t, func(o *testserver.ECMOptions) { o.Clock = clock })
	for range 3 {
		_, err := s.c.Nodes.Get(t.Context(), s.folder)
		require.NoError(t, err)
		clock.Move(31 * time.Minute)
	}
	require.Equal(t, 3, s.Count("POST /v1/auth"))
}

func TestLogin_ARotatedTicketIsTakenOver(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(o *testserver.ECMOptions) { o.RotateTickets = true })
	seen := map[string]bool{}
	for range 4 {
		_, err := s.c.Nodes.Get(t.Context(), s.folder)
		require.NoError(t, err)
		seen[s.last(t, "GET /v2/nodes/{id}").RequestHeader.Get("OTCSTicket")] = true
	}
	require.Len(t, seen, 4)
	require.Equal(t, 1, s.Count("POST /v1/auth"))
}

func TestLogin_AWrongPasswordSaysSoAndShowsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	c := s.client(t, "svc-dam", "canary")
	_, err := c.Nodes.Get(t.Context(), s.folder)
	require.ErrorIs(t, err, ecm.ErrUnauthenticated)
	require.ErrorContains(t, err, "Invalid username/password")
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "canary")
	require.Equal(t, 1, s.Count("POST /v1/auth"), "it is not tried again and again")
}

// TestErrors_ByStatusAndText: one sentence comes with several statuses, and one
// status with several sentences.
func TestErrors_ByStatusAndText(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		status int
		text   string
		want   error
	}{
		{500, "An item with the name 'x' already exists.", ecm.ErrNameTaken},
		{400, "An item with the name 'x' already exists", ecm.ErrNameTaken},
		{400, "The attribute group 'x' already exists", ecm.ErrConflict},
		{400, "Could not get a node for 7", ecm.ErrNotFound},
		{500, "Could not get a node for 7", ecm.ErrNotFound},
		{500, "Could not locate node: 7", ecm.ErrNotFound},
		{400, "Sorry, the item you requested could not be accessed. Either it does not exist or you do not have permission to access it.", ecm.ErrAccessOrMissing},
		{404, "The item you requested could not be accessed. Either it does not exist, or you do not have permission to access it.", ecm.ErrAccessOrMissing},
		{409, "Could not update metadata (edit conflict).", ecm.ErrEditConflict},
		{400, "The REST API URL could not be found in the mappings registry", ecm.ErrRouteMissing},
		{400, "Could not process object, invalid action 'delete'", ecm.ErrInvalidAction},
		{400, "Accessibility error. Not enough permissions", ecm.ErrDenied},
		{404, "Accessibility error. Not enough permissions", ecm.ErrDenied},
		{403, "Dynamic Permissions is not enabled", ecm.ErrDenied},
		{400, "One or more parameters are invalid", ecm.ErrInvalid},
		{500, "Something that nobody has seen", ecm.ErrInvalid},
	} {
		s := newServer(t, nil)
		s.refuse("PUT /v2/nodes/{id}", tc.status, tc.text)
		err := s.c.Nodes.Rename(t.Context(), s.folder, "New")
		require.ErrorIs(t, err, tc.want, tc.text)
		require.NotErrorIs(t, err, ecm.ErrOutcomeUnknown, "a sentence is a verdict")
		e, ok := errors.AsType[*ecm.Error](err)
		require.True(t, ok)
		require.Equal(t, tc.status, e.StatusCode)
		require.Equal(t, tc.text, e.Message)
		require.Equal(t, "Nodes.Update", e.Op)
		require.False(t, e.Retryable())
	}
}

func TestErrors_WritesWithoutAVerdictSaySo(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]testserver.Fault{
		"lost": {Kind: testserver.DropAfter}, "html": {Kind: testserver.HTML}, "gateway": {Kind: testserver.RefuseAfter, Status: 502, Body: "<html>"},
		"half": {Kind: testserver.Cut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, nil)
			f.Route = "POST /v2/nodes"
			s.Fail(f)
			_, err := s.c.Nodes.CreateFolder(t.Context(), s.folder, "x")
			require.ErrorIs(t, err, ecm.ErrOutcomeUnknown)
			require.Equal(t, 1, s.Count("POST /v2/nodes"))
		})
	}
}

func TestThrottle_PausesAndGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		s.Fail(testserver.Fault{Route: "GET /v2/nodes/{id}", Status: 429, Header: http.Header{"Retry-After": {"20"}}})
		start := time.Now()
		_, err := s.c.Nodes.Get(t.Context(), s.folder)
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(start), 20*time.Second)
	})
}

func TestCancel_EndsACallAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		s.Fail(testserver.Fault{Route: "GET /v2/nodes/{id}", Kind: testserver.Delay, Wait: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.c.Nodes.Get(ctx, s.folder)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestCheckName_RefusesPathsAndDeceptions(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", " a", "a ", "a/b", `a\b`, "a:b", "..", ".", "a\nb", "a\x00b", "abc\u202egpj.exe", "a\u200bb", "\xff", strings.Repeat("a", 249)} {
		require.ErrorIs(t, ecm.CheckName(bad), ecm.ErrInvalid, "%q", bad)
	}
	for _, good := range []string{"a", "79468-1-v2 [d0b1c6f5a1e2b3c4]", "Straße 北京.jpg", strings.Repeat("ü", 248)} {
		require.NoError(t, ecm.CheckName(good), good)
	}
}
