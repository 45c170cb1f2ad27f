package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"
)

var (
	get    = &Route{Name: "Nodes.Get", Method: "GET", Template: "/v2/nodes/{id}", Repeat: Harmless}
	create = &Route{Name: "Nodes.Create", Method: "POST", Template: "/v2/nodes"}
	lane   = &Route{Name: "Holds.Apply", Method: "POST", Template: "/v1/nodes/{id}/holds", Lane: "holds"}
)

const mockBase = "https://ecm.example/otcs/cs.exe"

// mocked is a client whose attempts meet the scripted answers, in order.
func mocked(t *testing.T, cfg Config, script ...httpmock.Responder) (*Client, *int) {
	t.Helper()
	attempts := new(int)
	var mu sync.Mutex
	m := httpmock.NewMockTransport()
	m.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		*attempts++
		next := *attempts
		mu.Unlock()
		require.LessOrEqual(t, next, len(script), "an attempt beyond the script: %s %s", r.Method, r.URL)
		if r.Body != nil {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return nil, err
			}
		}
		resp, err := script[next-1](r)
		if resp != nil && resp.Request == nil {
			resp.Request = r
		}
		return resp, err
	})
	cfg.BaseURL, cfg.Transport = mockBase, m
	if cfg.Retries == 0 {
		cfg.Retries = -1
	}
	c, err := New(cfg)
	require.NoError(t, err)
	return c, attempts
}

func answer(status int, body string, headers ...string) httpmock.Responder {
	return func(*http.Request) (*http.Response, error) {
		resp := httpmock.NewStringResponse(status, body)
		for i := 0; i+1 < len(headers); i += 2 {
			resp.Header.Set(headers[i], headers[i+1])
		}
		return resp, nil
	}
}

func lost(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func refusedDial(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
}

type node struct {
	ID int `json:"id"`
}

func getNode(ctx context.Context, c *Client) (node, error) {
	return Do[node](ctx, c, Request{Route: get, Path: []any{7}})
}

func createNode(ctx context.Context, c *Client, body *Body) (node, error) {
	return Do[node](ctx, c, Request{Route: create, Body: body})
}

func TestRetry_ByRouteAndEvidence(t *testing.T) {
	t.Parallel()
	ok := answer(200, `{"id":7}`)
	form := func() *Body { return BytesBody([]byte("a=1"), "application/x-www-form-urlencoded") }
	cases := []struct {
		name     string
		write    bool
		script   []httpmock.Responder
		attempts int
		is       error
		not      error
	}{
		{"read after lost answer", false, []httpmock.Responder{lost, ok}, 2, nil, nil},
		{"read after 502 and 503", false, []httpmock.Responder{answer(502, "bad gateway"), answer(503, ""), ok}, 3, nil, nil},
		{"read after html with 200", false, []httpmock.Responder{answer(200, "<html>login</html>"), ok}, 2, nil, nil},
		{"read after truncated json", false, []httpmock.Responder{answer(200, `{"id":`), ok}, 2, nil, nil},
		{"read refused with 404", false, []httpmock.Responder{answer(404, `{"error":"x"}`)}, 1, ErrNotFound, nil},
		{"read refused with 410", false, []httpmock.Responder{answer(410, `{"error":"x"}`)}, 1, ErrNotFound, nil},
		{"write after refused dial", true, []httpmock.Responder{refusedDial, ok}, 2, nil, nil},
		{"write after 429", true, []httpmock.Responder{answer(429, ""), ok}, 2, nil, nil},
		{"write with lost answer", true, []httpmock.Responder{lost}, 1, ErrOutcomeUnknown, nil},
		{"write with 502", true, []httpmock.Responder{answer(502, "")}, 1, ErrOutcomeUnknown, nil},
		{"write with 503", true, []httpmock.Responder{answer(503, "")}, 1, ErrOutcomeUnknown, nil},
		{"write with html and 200", true, []httpmock.Responder{answer(200, "<html>")}, 1, ErrOutcomeUnknown, nil},
		{"write with html and 500", true, []httpmock.Responder{answer(500, "<html>")}, 1, ErrOutcomeUnknown, nil},
		{"write with the verdict 500", true, []httpmock.Responder{answer(500, `{"error":"already exists"}`)}, 1, ErrUnavailable, ErrOutcomeUnknown},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, attempts := mocked(t, Config{}, tc.script...)
				var err error
				if tc.write {
					_, err = createNode(t.Context(), c, form())
				} else {
					_, err = getNode(t.Context(), c)
				}
				require.Equal(t, tc.attempts, *attempts, "attempts")
				if tc.is == nil {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, tc.is)
				if tc.not != nil {
					require.NotErrorIs(t, err, tc.not)
				}
			})
		})
	}
}

func TestRetry_CountAndBudgetBoundIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := make([]httpmock.Responder, 400)
		for i := range script {
			script[i] = answer(502, "")
		}
		c, attempts := mocked(t, Config{Retries: 4}, script...)
		_, err := getNode(t.Context(), c)
		require.ErrorIs(t, err, ErrUnavailable)
		require.Equal(t, 5, *attempts, "one engine, so one attempt and four retries")
		for range 40 {
			_, err = getNode(t.Context(), c)
		}
		require.ErrorIs(t, err, ErrRetryBudget)
		require.ErrorIs(t, err, ErrUnavailable, "the failure itself stays visible")
		require.Equal(t, 41+budgetSize, *attempts, "one attempt a call and the budget of retries")
	})
}

func TestRetryAfter_PausesTheWholeClient(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		header func() string
	}{
		{"seconds", func() string { return "30" }},
		{"date", func() string { return time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ok := answer(200, `{"id":7}`)
				c, _ := mocked(t, Config{}, func(r *http.Request) (*http.Response, error) {
					return answer(429, "", "Retry-After", tc.header())(r)
				}, ok, ok)
				start := time.Now()
				var wg sync.WaitGroup
				wg.Go(func() { _, _ = getNode(t.Context(), c) })
				synctest.Wait()
				wg.Go(func() { _, _ = getNode(t.Context(), c) })
				wg.Wait()
				require.GreaterOrEqual(t, time.Since(start), 29*time.Second, "the other call waits too")
				require.Less(t, time.Since(start), 32*time.Second)
			})
		})
	}
}

func TestRetryAfter_BeyondTheDeadlineFailsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := mocked(t, Config{}, answer(429, "", "Retry-After", "60"))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := getNode(ctx, c)
		require.ErrorIs(t, err, ErrThrottled)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, time.Since(start), time.Second, "it does not wait for what cannot come")
	})
}

func TestLimiter_EveryAttemptPays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &counting{}
		c, attempts := mocked(t, Config{Limiter: l}, answer(502, ""), answer(502, ""), answer(200, `{"id":7}`))
		_, err := getNode(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, int64(*attempts), l.n.Load())
	})
}

type counting struct{ n atomic.Int64 }

func (l *counting) Wait(context.Context) error { l.n.Add(1); return nil }

func TestTrap_LimiterBeyondTheDeadlineIsADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := mocked(t, Config{Limiter: NewLimiter(0.01, 1)}, answer(200, `{"id":7}`))
		_, err := getNode(t.Context(), c)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = getNode(ctx, c)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestTrap_ExpiryKeepsTheCause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := make([]httpmock.Responder, 9)
		for i := range script {
			script[i] = answer(502, "")
		}
		c, _ := mocked(t, Config{Retries: 8}, script...)
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		_, err := getNode(ctx, c)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, ErrUnavailable, "backoff alone would drop this")
	})
}

func TestTrap_UndeclaredJSONIsDecodedAndUndeclaredHTMLFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := mocked(t, Config{}, answer(200, `{"id":7}`), answer(200, "<html>Sign in</html>", "Content-Type", "application/json"))
		n, err := getNode(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, 7, n.ID, "resty alone would give a zero struct")
		_, err = Do[None](t.Context(), c, Request{Route: create})
		require.ErrorIs(t, err, ErrBrokenReply)
		require.ErrorContains(t, err, "Sign in")
	})
}

func TestTrap_AReaderIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, attempts := mocked(t, Config{}, answer(429, ""))
		once := ReaderBody(io.MultiReader(strings.NewReader("bytes")), 5, "")
		_, err := createNode(t.Context(), c, once)
		require.ErrorIs(t, err, ErrThrottled)
		require.Equal(t, 1, *attempts, "a second attempt would have sent nothing")
	})
}

func TestBody_ReadersThatCanRewindAreReplayed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		echo := func(status int) httpmock.Responder {
			return func(r *http.Request) (*http.Response, error) { return answer(status, `{"id":1}`)(r) }
		}
		src := strings.NewReader("skip-content")
		_, err := src.Seek(5, io.SeekStart)
		require.NoError(t, err)
		body := ReaderBody(src, 7, "")
		for range 2 {
			rc, err := body.open()
			require.NoError(t, err)
			b, err := io.ReadAll(rc)
			require.NoError(t, err)
			got = append(got, string(b))
		}
		require.Equal(t, []string{"content", "content"}, got, "each attempt begins where the reader stood")
		c, attempts := mocked(t, Config{}, echo(429), echo(200))
		_, err = createNode(t.Context(), c, body)
		require.NoError(t, err)
		require.Equal(t, 2, *attempts)
	})
}

func TestBody_AWrongLengthIsASourceError(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{4, 6} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := mocked(t, Config{}, answer(200, `{"id":1}`))
			_, err := createNode(t.Context(), c, ReaderBody(strings.NewReader("bytes"), size, ""))
			if size == 4 {
				require.NoError(t, err, "a section of a longer reader is legal")
				return
			}
			require.ErrorIs(t, err, ErrSource)
			require.ErrorContains(t, err, "5 of 6 bytes")
		})
	}
}

func TestTrap_PathValuesCannotClimb(t *testing.T) {
	t.Parallel()
	c, _ := mocked(t, Config{})
	for _, bad := range []string{"..", ".", "", "a\nb"} {
		_, err := Do[node](t.Context(), c, Request{Route: get, Path: []any{bad}})
		require.ErrorIs(t, err, ErrInvalid, "%q", bad)
	}
	for _, count := range [][]any{nil, {7, 8}} {
		_, err := Do[node](t.Context(), c, Request{Route: get, Path: count})
		require.ErrorIs(t, err, ErrInvalid, "%v", count)
	}
	path, err := get.path([]any{"../a/b?c#d"})
	require.NoError(t, err)
	require.Equal(t, "/v2/nodes/..%2Fa%2Fb%3Fc%23d", path)
}

func TestTrap_NoCookieJar(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "LLCookie", Value: "mine", Path: "/"})
		_, _ = fmt.Fprintf(w, `{"id":%d}`, len(r.Cookies()))
	}))
	t.Cleanup(srv.Close)
	c, err := New(Config{BaseURL: srv.URL})
	require.NoError(t, err)
	for range 2 {
		n, err := getNode(t.Context(), c)
		require.NoError(t, err)
		require.Zero(t, n.ID, "a cookie came along")
	}
}

func TestTrap_TransportErrorsHideTheQuery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := mocked(t, Config{Retries: 1}, refusedDial, refusedDial)
		_, err := Do[node](t.Context(), c, Request{Route: get, Path: []any{7}, Query: url.Values{"sig": {"canary"}}})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "canary")
	})
}

// TestTrap_StreamsAreNotBuffered sends 64 MiB through resty and watches that
// the server gets the first byte before the source has given its last.
func TestTrap_StreamsAreNotBuffered(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	begun := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first := make([]byte, 1)
		_, _ = io.ReadFull(r.Body, first)
		close(begun)
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprintf(w, `{"id":%d,"length":%d,"chunked":%v}`, n+1, r.ContentLength, len(r.TransferEncoding) > 0)
	}))
	t.Cleanup(srv.Close)
	c, err := New(Config{BaseURL: srv.URL})
	require.NoError(t, err)
	src := &gated{left: size, hold: size / 2, open: begun}
	type echo struct {
		ID, Length int64
		Chunked    bool
	}
	got, err := Do[echo](t.Context(), c, Request{Route: create, Body: ReaderBody(src, size, "application/octet-stream")})
	require.NoError(t, err)
	require.Equal(t, echo{size, size, false}, got)
}

// gated gives zeros, and holds its second half back until open is closed.
type gated struct {
	left, hold int64
	open       chan struct{}
}

func (g *gated) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, io.EOF
	}
	if g.left <= g.hold {
		<-g.open
	}
	n := min(int64(len(p)), g.left)
	clear(p[:n])
	g.left -= n
	return int(n), nil
}

func TestMultipart_ExactLengthAndOrder(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mr, err := r.MultipartReader()
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		var parts []string
		for {
			p, err := mr.NextPart()
			if err != nil {
				break
			}
			b, _ := io.ReadAll(p)
			parts = append(parts, p.FormName()+"|"+p.FileName()+"|"+string(b))
		}
		_, _ = fmt.Fprintf(w, `{"parts":%q,"length":%d}`, strings.Join(parts, ";"), r.ContentLength)
	}))
	t.Cleanup(srv.Close)
	c, err := New(Config{BaseURL: srv.URL})
	require.NoError(t, err)
	body, err := Multipart(
		Part{Name: "body", Body: BytesBody([]byte(`{"type":144}`), "")},
		Part{Name: "file", FileName: "a\"b.pdf", ContentType: "application/pdf", Body: ReaderBody(strings.NewReader("content"), 7, "")})
	require.NoError(t, err)
	type echo struct {
		Parts  string
		Length int64
	}
	got, err := Do[echo](t.Context(), c, Request{Route: create, Body: body})
	require.NoError(t, err)
	require.Equal(t, `body||{"type":144};file|a"b.pdf|content`, got.Parts)
	require.Equal(t, body.Length(), got.Length)
}

func TestLane_OneAtATime(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		now := running.Add(1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		_, _ = io.WriteString(w, `{}`)
		running.Add(-1)
	}))
	t.Cleanup(srv.Close)
	c, err := New(Config{BaseURL: srv.URL})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			_, err := Do[None](t.Context(), c, Request{Route: lane, Path: []any{7}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, most.Load())
}

func TestSecret_NeverShows(t *testing.T) {
	t.Parallel()
	s := Secret("canary")
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "in", struct{ S Secret }{s})
	text, err := s.MarshalText()
	require.NoError(t, err)
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v %s %q %x %d", s, s, s, s, s, s, s), fmt.Sprint(struct{ S Secret }{s}), log.String(), string(text)} {
		require.NotContains(t, shown, "canary")
		require.NotContains(t, shown, fmt.Sprintf("%x", "canary"))
	}
	require.Equal(t, "canary", s.Reveal())
}

func TestReply_IsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := `{"id":7}` + strings.Repeat(" ", 92)
		c, attempts := mocked(t, Config{MaxReply: 100}, answer(200, full+" "))
		_, err := getNode(t.Context(), c)
		require.ErrorIs(t, err, ErrTooLarge, "one byte more, and no cut")
		f, ok := errors.AsType[*Failure](err)
		require.True(t, ok)
		require.False(t, f.Retryable)
		require.Equal(t, 1, *attempts)

		c, _ = mocked(t, Config{MaxReply: 100}, answer(200, full))
		_, err = getNode(t.Context(), c)
		require.NoError(t, err, "the bound itself is legal")
	})
}

func TestNew_ReportsEveryFault(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"http://ecm.example/cs":      "https",
		"https://u:canary@h/cs":      "without user",
		"https://h/cs?x=1":           "query",
		"https://h/cs#x":             "fragment",
		"https://h/%zz":              "absolute URL",
		"ftp://h":                    "scheme https",
		"cs.exe":                     "absolute URL",
		"http://192.168.0.1/otcs/cs": "loopback",
	} {
		_, err := New(Config{BaseURL: raw})
		require.ErrorIs(t, err, ErrInvalid, raw)
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "canary")
	}
	for _, raw := range []string{"https://ecm.example/otcs/cs.exe", "http://127.0.0.1:1/x", "http://[::1]:2", "http://localhost"} {
		_, err := New(Config{BaseURL: raw})
		require.NoError(t, err, raw)
	}
}

func TestFailure_PrintsOneLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := mocked(t, Config{}, answer(409, `{"error":"Could not update\nmetadata","request_id":"7f3a"}`))
		_, err := getNode(t.Context(), c)
		require.EqualError(t, err, `Nodes.Get: 409 "Could not update\nmetadata" (request 7f3a): conflict`)
		f, ok := errors.AsType[*Failure](err)
		require.True(t, ok)
		require.Equal(t, "/v2/nodes/{id}", f.Route)
	})
}

// TestErrorLine_LeavesOutWhatIsNotKnown and never breaks, whatever was joined.
func TestErrorLine_LeavesOutWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	require.Equal(t, "Nodes.Get: conflict", ErrorLine("Nodes.Get", 0, "", "", "", ErrConflict))
	require.Equal(t, "Nodes.Get: throttled: retry budget spent", ErrorLine("Nodes.Get", 0, "", "", "", errors.Join(ErrThrottled, ErrRetryBudget)))
	require.Equal(t, `Token: 400 invalid_grant "expired" (request 7)`, ErrorLine("Token", 400, "invalid_grant", "expired", "7", nil))
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"", "1", "-1", "99999999999", "Wed, 21 Oct 2026 07:28:00 GMT", "soon"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d := retryAfter(http.Header{"Retry-After": {s}}, time.Unix(0, 0)); d < 0 {
			t.Fatalf("%q gives %s", s, d)
		}
	})
}

func FuzzFailureBody(f *testing.F) {
	f.Add([]byte(`{"error":"x"}`))
	f.Add([]byte(`{"results":{"errMsg":"no"}}`))
	f.Add([]byte("<html>\xff"))
	f.Fuzz(func(t *testing.T, body []byte) {
		fl := &Failure{Op: "X"}
		fl.read(&http.Response{StatusCode: 500, Header: http.Header{}}, body)
		if strings.ContainsAny(fl.Error(), "\n\r") || len(fl.Body) > maxFailureBody {
			t.Fatalf("%q", fl.Error())
		}
	})
}
