package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

// TestNew_ItsOwnTransportIsCareful: no TLS below 1.2, and no server that answers
// nothing, or headers without end, holds a caller up.
func TestNew_ItsOwnTransportIsCareful(t *testing.T) {
	t.Parallel()
	c, err := New(Config{BaseURL: "https://ecm.example"})
	require.NoError(t, err)
	own, ok := c.cfg.Transport.(*http.Transport)
	require.True(t, ok, "%T", c.cfg.Transport)
	require.NotSame(t, http.DefaultTransport, own, "what is set here must not be set for the whole process")
	require.EqualValues(t, tls.VersionTLS12, own.TLSClientConfig.MinVersion)
	require.Equal(t, 5*time.Minute, own.ResponseHeaderTimeout)
	require.EqualValues(t, 1<<20, own.MaxResponseHeaderBytes)

	old := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11} //nolint:gosec // the old server that is refused
	old.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	old.StartTLS()
	t.Cleanup(old.Close)
	trusting := newTransport()
	trusting.TLSClientConfig.InsecureSkipVerify = true
	c, err = New(Config{BaseURL: old.URL, Transport: trusting})
	require.NoError(t, err)
	_, err = getNode(t.Context(), c)
	require.ErrorContains(t, err, "protocol version")
}

// TestRetry_WaitsLongerEachTime: the first wait is short, none is longer than
// the bound, and the number of attempts ends it, not the time.
func TestRetry_WaitsLongerEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		var script []httpmock.Responder
		for range 20 {
			script = append(script, func(r *http.Request) (*http.Response, error) {
				at = append(at, time.Now())
				return answer(502, "")(r)
			})
		}
		c, _ := mocked(t, Config{Retries: 19}, script...)
		_, err := getNode(t.Context(), c)
		require.ErrorIs(t, err, ErrUnavailable)
		require.Len(t, at, 20)
		first, last := at[1].Sub(at[0]), at[19].Sub(at[18])
		require.Greater(t, first, 90*time.Millisecond)
		require.Less(t, first, 310*time.Millisecond)
		require.Greater(t, last, 9*time.Second)
		require.Less(t, last, 31*time.Second)
	})
}

// TestRetry_NoneIsNone: 0 is not the default.
func TestRetry_NoneIsNone(t *testing.T) {
	t.Parallel()
	m := httpmock.NewMockTransport()
	m.RegisterNoResponder(answer(502, ""))
	c, err := New(Config{BaseURL: mockBase, Transport: m, Retries: 0})
	require.NoError(t, err)
	_, err = getNode(t.Context(), c)
	require.ErrorIs(t, err, ErrUnavailable)
	require.Equal(t, 1, m.GetTotalCallCount())
}

// TestCredential_ARefusedActIsNoExpiredLogin: where the vendor's text says that
// a 401 means the act, nothing is renewed and nothing sent again.
func TestCredential_ARefusedActIsNoExpiredLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cred := &ticket{}
		c, attempts := mocked(t, Config{Credential: cred, Classify: func(f *Failure) {
			require.Equal(t, "Nodes.Create", f.Op)
			if strings.Contains(f.Message, "Insufficient permissions") {
				f.Err = ErrDenied
			}
		}}, answer(401, `{"error":"Insufficient permissions"}`))
		_, err := createNode(t.Context(), c, nil)
		require.ErrorIs(t, err, ErrDenied)
		require.NotErrorIs(t, err, ErrUnauthenticated)
		require.Zero(t, cred.renewed)
		require.Equal(t, 1, *attempts)
	})
}

// TestRequest_IsSentAsItWasMeant looks at what a server gets.
func TestRequest_IsSentAsItWasMeant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		echo := func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			require.NoError(t, err)
			got = append(got, fmt.Sprintf("%s %s %d %s %q %q", r.Method, r.URL, r.ContentLength, body, r.Header.Values("Content-Type"), r.Header.Values("Accept")))
			return answer(200, `{"id":7}`)(r)
		}
		m := httpmock.NewMockTransport()
		m.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
			if r.Body == nil {
				r.Body = http.NoBody
			}
			return echo(r)
		})
		c, err := New(Config{BaseURL: mockBase + "//", Transport: m})
		require.NoError(t, err)
		for _, req := range []Request{
			{Route: get, Path: []any{7}},
			{Route: get, Path: []any{7}, Query: url.Values{"b": {"2 3"}, "a": {"1"}}},
			{Route: create, Form: url.Values{"body": {`{"a":1}`}}},
			{Route: create, JSON: map[string]int{"a": 1}},
			{Route: create, Body: BytesBody([]byte("x"), "")},
			{Route: create, Body: ReaderBody(strings.NewReader("xy"), 2, "image/png"), Header: http.Header{"accept": {"*/*"}}},
			{Route: create, Body: ReaderBody(io.MultiReader(strings.NewReader("xyz")), 3, "image/png")},
			{Route: get, Location: "next?page=2"},
		} {
			_, err := Do[node](t.Context(), c, req)
			require.NoError(t, err)
		}
		require.Equal(t, []string{
			`GET https://ecm.example/otcs/cs.exe/v2/nodes/7 0  [] ["application/json"]`,
			`GET https://ecm.example/otcs/cs.exe/v2/nodes/7?a=1&b=2+3 0  [] ["application/json"]`,
			`POST https://ecm.example/otcs/cs.exe/v2/nodes 22 body=%7B%22a%22%3A1%7D ["application/x-www-form-urlencoded"] ["application/json"]`,
			`POST https://ecm.example/otcs/cs.exe/v2/nodes 7 {"a":1} ["application/json"] ["application/json"]`,
			`POST https://ecm.example/otcs/cs.exe/v2/nodes 1 x [] ["application/json"]`,
			`POST https://ecm.example/otcs/cs.exe/v2/nodes 2 xy ["image/png"] ["*/*"]`,
			`POST https://ecm.example/otcs/cs.exe/v2/nodes 3 xyz ["image/png"] ["application/json"]`,
			`GET https://ecm.example/otcs/next?page=2 0  [] ["application/json"]`,
		}, got)

		_, err = Do[node](t.Context(), c, Request{Route: create, JSON: func() {}})
		require.ErrorContains(t, err, "Nodes.Create: encode the request")
		_, err = Do[node](t.Context(), c, Request{Route: get, Location: "https://ecm.example/%zz"})
		require.ErrorIs(t, err, ErrForeignRedirect, "an address that cannot be read is none of ours")
		resp, err := Stream(t.Context(), c, Request{Route: get, Path: []any{7}})
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	})
}

// TestClass_ByStatus is what a status means where nobody says anything else;
// only what lies between 200 and 299 is a success.
func TestClass_ByStatus(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for status, want := range map[int]error{
			200: nil, 299: nil, 199: ErrBrokenReply, 300: ErrBrokenReply, 304: ErrBrokenReply, 399: ErrBrokenReply, 400: ErrInvalid, 401: ErrUnauthenticated,
			403: ErrDenied, 404: ErrNotFound, 409: ErrConflict, 410: ErrNotFound, 412: ErrConflict, 422: ErrInvalid, 429: ErrThrottled, 499: ErrInvalid,
			500: ErrUnavailable, 501: ErrUnavailable, 503: ErrUnavailable,
		} {
			c, _ := mocked(t, Config{Retries: 1}, answer(status, `{"id":7}`), answer(status, `{"id":7}`))
			c.cfg.Retries = 0
			_, err := getNode(t.Context(), c)
			if want == nil {
				require.NoError(t, err, status)
				continue
			}
			require.ErrorIs(t, err, want, status)
			f, ok := errors.AsType[*Failure](err)
			require.True(t, ok)
			require.Equal(t, status, f.Status)
			require.Equal(t, "GET", f.Method)
		}
	})
}

// TestFailure_TellsWhatTheServerSaid in whichever form it said it.
func TestFailure_TellsWhatTheServerSaid(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Failure{
		`{"error":"no such node","errorDetail":"x"}`:                                     {Message: "no such node"},
		`{"Error":"no such node"}`:                                                       {Message: "no such node"},
		`{"errorDetail":"line 3"}`:                                                       {Message: "line 3"},
		`{"results":{"ok":false,"errMsg":"on hold","id":0}}`:                             {Message: "on hold"},
		`{"error":"invalid_grant","error_description":"expired"}`:                        {Code: "invalid_grant", Message: "expired"},
		`{"error_code":"E7","error_message":"gone","error":"x","error_description":"y"}`: {Code: "E7", Message: "gone"},
		`{"error":{"text":"odd"},"request_id":"7f3a"}`:                                   {Message: `{"text":"odd"}`, RequestID: "7f3a"},
		`["a"]`:                            {Message: `["a"]`},
		"<html>\n <b>Down</b>\xff </html>": {Message: "<html> <b>Down</b> </html>"},
	} {
		f := Failure{}
		f.read(&http.Response{StatusCode: 400, Header: http.Header{}}, []byte(body))
		require.Equal(t, []string{want.Code, want.Message, want.RequestID}, []string{f.Code, f.Message, f.RequestID}, body)
		require.Equal(t, 400, f.Status)
		require.Equal(t, body[0] != '<', f.JSON)
	}
	f := Failure{}
	f.read(&http.Response{Header: http.Header{"X-Request-Id": {"of the header"}}}, []byte(`{"request_id":"of the body"}`))
	require.Equal(t, "of the header", f.RequestID)

	synctest.Test(t, func(t *testing.T) {
		c, _ := mocked(t, Config{}, answer(200, `<html>Sign in`, "X-Request-Id", "7f3a"))
		_, err := createNode(t.Context(), c, nil)
		f, ok := errors.AsType[*Failure](err)
		require.True(t, ok)
		require.Equal(t, []any{200, "7f3a", "<html>Sign in"}, []any{f.Status, f.RequestID, string(f.Body)}, "a broken success is told of like a refusal")
	})
}

// TestLog_TellsOfEachAttemptAndWhyItIsRepeated, with what a search goes by.
func TestLog_TellsOfEachAttemptAndWhyItIsRepeated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c, _ := mocked(t, Config{Logger: log}, answer(502, "secret body", "X-Request-Id", "7f3a"), answer(200, `{"id":7}`))
		_, err := Do[node](t.Context(), c, Request{Route: get, Path: []any{7}, Query: url.Values{"sig": {"canary"}}})
		require.NoError(t, err)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Len(t, lines, 3)
		require.Contains(t, lines[0], "level=DEBUG msg=request op=Nodes.Get route=/v2/nodes/{id} status=502 request_id=7f3a took=")
		require.Contains(t, lines[1], "level=WARN msg=retry op=Nodes.Get route=/v2/nodes/{id} status=502 wait=")
		require.Contains(t, lines[1], "server unavailable")
		require.Contains(t, lines[2], "status=200")
		require.NotContains(t, out.String(), "canary")
	})
}

// TestGate_EveryAnswerServedOpensIt: that is what speed comes back by.
func TestGate_EveryAnswerServedOpensIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down, ok := answer(429, ""), answer(200, `{"id":7}`)
		c, _ := mocked(t, Config{}, down, down, down, ok, ok, ok, down, ok)
		for range 3 {
			_, err := getNode(t.Context(), c)
			require.NoError(t, err)
		}
		start := time.Now()
		_, err := getNode(t.Context(), c)
		require.NoError(t, err)
		require.Less(t, time.Since(start), time.Second, "the refusals of long ago still slow it down")
	})
}

// TestRun_ACallerWhoIsGoneIsNotRetriedFor, and costs nobody's budget.
func TestRun_ACallerWhoIsGoneIsNotRetriedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c, attempts := mocked(t, Config{}, func(*http.Request) (*http.Response, error) {
			cancel()
			return nil, io.ErrUnexpectedEOF
		})
		_, err := getNode(ctx, c)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the cause stays visible")
		f, ok := errors.AsType[*Failure](err)
		require.True(t, ok)
		require.False(t, f.Retryable)
		require.Equal(t, 1, *attempts)
		require.Zero(t, c.budget.spent)
	})
}

// shut is a credential that cannot be had.
type shut struct{ ticket }

func (*shut) Authorize(context.Context, *http.Request) (uint64, error) {
	return 0, errors.New("the vault is shut")
}

// TestRun_WithoutACredentialNothingIsSent.
func TestRun_WithoutACredentialNothingIsSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, attempts := mocked(t, Config{Credential: &shut{}})
		_, err := createNode(t.Context(), c, nil)
		require.EqualError(t, err, "Nodes.Create: the vault is shut")
		require.Zero(t, *attempts)
	})
}

// TestRun_GivesBackEveryAnswer: a body that stays open holds its connection.
func TestRun_GivesBackEveryAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		closed, read := 0, 0
		with := func(status int, body string, headers ...string) httpmock.Responder {
			return func(r *http.Request) (*http.Response, error) {
				resp, err := answer(status, body, headers...)(r)
				resp.Body = closing{counted{strings.NewReader(body), &read}, &closed}
				return resp, err
			}
		}
		long := `{"id":7}` + strings.Repeat(" ", 1000)
		c, _ := mocked(t, Config{MaxReply: 100}, with(200, `{"id":7}`), with(404, long), with(200, long), with(302, "", "Location", "https://thief.example/"))
		for want := range 4 {
			_, _ = getNode(t.Context(), c)
			require.Equal(t, want+1, closed, "answer %d stays open", want)
		}
		require.Equal(t, len(`{"id":7}`)+2*len(long), read, "what is left of an answer is read, so that its connection is used again")
	})
}

// TestMultipart_CanBeSentAgainIfAllItsPartsCan.
func TestMultipart_CanBeSentAgainIfAllItsPartsCan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		again := func() Part { return Part{Name: "body", Body: BytesBody([]byte("{}"), "")} }
		once := func() Part {
			return Part{Name: "file", FileName: "a", Body: ReaderBody(io.MultiReader(strings.NewReader("x")), 1, "")}
		}
		for _, tc := range []struct {
			parts    []Part
			attempts int
		}{{[]Part{again(), again()}, 2}, {[]Part{once(), again()}, 1}, {[]Part{again(), once()}, 1}} {
			body, err := Multipart(tc.parts...)
			require.NoError(t, err)
			c, attempts := mocked(t, Config{}, answer(429, ""), answer(200, `{"id":7}`))
			_, err = createNode(t.Context(), c, body)
			require.Equal(t, tc.attempts == 2, err == nil)
			require.Equal(t, tc.attempts, *attempts)
		}
		plain, file := again().header(), Part{Name: "file", FileName: "a.png", ContentType: "image/png"}.header()
		require.Equal(t, `form-data; name="body"`, plain.Get("Content-Disposition"), "a field is no file")
		require.NotContains(t, plain, "Content-Type")
		require.Equal(t, "image/png", file.Get("Content-Type"))
	})
}
