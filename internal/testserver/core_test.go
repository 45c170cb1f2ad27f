package testserver

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// echo answers with what it got, and counts.
type echo struct{ served atomic.Int64 }

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	e.served.Add(1)
	w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	_, _ = w.Write(b)
}

func tapped() (*Tap, *echo) {
	e := &echo{}
	return NewTap(e, func(r *http.Request) string { return r.Method + " " + r.URL.Path }, time.Now), e
}

// both runs a case over a socket and within the process.
func both(t *testing.T, run func(t *testing.T, tap *Tap, e *echo, c *http.Client, url string)) {
	t.Run("url", func(t *testing.T) {
		tap, e := tapped()
		url, stop := Serve(tap)
		t.Cleanup(stop)
		run(t, tap, e, &http.Client{}, url)
	})
	t.Run("in process", func(t *testing.T) {
		tap, e := tapped()
		run(t, tap, e, &http.Client{Transport: Transport(tap)}, "http://127.0.0.1")
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 1000)
	both(t, func(t *testing.T, tap *Tap, e *echo, c *http.Client, url string) {
		post := func() (int, string, error) {
			resp, err := c.Post(url+"/a", "text/plain", io.NopCloser(strings.NewReader(body)))
			if err != nil {
				return 0, "", err
			}
			defer func() { _ = resp.Body.Close() }()
			b, err := io.ReadAll(resp.Body)
			return resp.StatusCode, string(b), err
		}
		tap.Fail(Fault{Route: "POST /a", Kind: DropAfter})
		_, _, err := post()
		require.Error(t, err)
		require.EqualValues(t, 1, e.served.Load(), "the work was done, the answer lost")

		tap.Fail(Fault{Route: "POST /a", Kind: DropBefore})
		_, _, err = post()
		require.Error(t, err)
		require.EqualValues(t, 1, e.served.Load())

		tap.Fail(Fault{Route: "POST*", Skip: 1, Status: 503, Header: http.Header{"Retry-After": {"7"}}, Body: `{"error":"x"}`})
		status, got, err := post()
		require.NoError(t, err)
		require.Equal(t, 200, status)
		require.Equal(t, body, got)
		status, got, err = post()
		require.NoError(t, err)
		require.Equal(t, 503, status)
		require.JSONEq(t, `{"error":"x"}`, got)

		tap.Fail(Fault{Kind: Truncate})
		_, got, err = post()
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Len(t, got, 500)

		tap.Fail(Fault{Kind: Cut})
		_, got, err = post()
		require.NoError(t, err)
		require.Len(t, got, 500)

		tap.Fail(Fault{Kind: HTML})
		status, got, err = post()
		require.NoError(t, err)
		require.Equal(t, 200, status)
		require.Contains(t, got, "<html>")

		require.Equal(t, 7, tap.Count("POST /a"))
		require.Len(t, tap.Exchanges(), 7)
		require.Equal(t, body, string(tap.Exchanges()[2].Request.Bytes))
	})
}

func TestTransport_TheClientsBrokenSourceIsItsError(t *testing.T) {
	t.Parallel()
	tap, _ := tapped()
	c := &http.Client{Transport: Transport(tap)}
	boom := errors.New("boom")
	_, err := c.Post("http://127.0.0.1/a", "", io.MultiReader(strings.NewReader("abc"), failing{boom}))
	require.ErrorIs(t, err, boom)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestTransport_WorksInVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tap, _ := tapped()
		tap.Fail(Fault{Kind: Delay, Wait: time.Hour})
		start := time.Now()
		resp, err := (&http.Client{Transport: Transport(tap)}).Get("http://127.0.0.1/a")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, time.Hour, time.Since(start))
	})
}

// TestTap_AnExchangeWithoutAnAnswerIsNoTraffic: a client that left while the
// fake was slow got no answer, so there is none to compare with anything.
func TestTap_AnExchangeWithoutAnAnswerIsNoTraffic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		tap, _ := tapped()
		tap.WriteTraffic(NewTraffic(&lines))
		tap.Fail(Fault{Kind: Delay, Wait: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/left", nil)
		require.NoError(t, err)
		_, err = (&http.Client{Transport: Transport(tap)}).Do(r)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		synctest.Wait()

		got := tap.Exchanges()
		require.Len(t, got, 1)
		require.True(t, got[0].Dropped, "nothing was answered")
		resp, err := (&http.Client{Transport: Transport(tap)}).Get("http://127.0.0.1/stayed")
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		synctest.Wait()
		require.Equal(t, 1, strings.Count(lines.String(), "\n"), "traffic holds what was answered, and that alone")
		require.NotContains(t, lines.String(), "/left")
	})
}

func TestBlobs_LargeOnesAreFilesAndBrokenOnesAreNotKept(t *testing.T) {
	t.Parallel()
	b, err := NewBlobs("")
	require.NoError(t, err)
	for _, size := range []int{0, 1, keptBody, keptBody + 1, 1 << 20} {
		want := bytes.Repeat([]byte("ab"), size)[:size]
		blob, err := b.Put(bytes.NewReader(want))
		require.NoError(t, err)
		require.Equal(t, size > keptBody, blob.File != "")
		rc, err := b.Open(blob)
		require.NoError(t, err)
		got, err := io.ReadAll(rc)
		require.NoError(t, err)
		require.NoError(t, rc.Close())
		require.True(t, bytes.Equal(want, got))
		require.NoError(t, b.Drop(blob))
	}
	for _, size := range []int{10, keptBody + 10} {
		_, err = b.Put(io.MultiReader(strings.NewReader(strings.Repeat("x", size)), failing{io.ErrUnexpectedEOF}))
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a cut-off content of %d bytes passed", size)
	}
	left, err := os.ReadDir(b.Dir())
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoError(t, b.Close())
	_, err = os.Stat(b.Dir())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestTraffic_WritesWhatItSaysItWrites(t *testing.T) {
	t.Parallel()
	tap, _ := tapped()
	var out bytes.Buffer
	tap.WriteTraffic(NewTraffic(&out))
	c := &http.Client{Transport: Transport(tap)}
	for _, body := range []string{"text", "\xff\xfe", strings.Repeat("x", keptBody+1)} {
		resp, err := c.Post("http://127.0.0.1/a?x=1&y=%20", "text/plain", strings.NewReader(body))
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
	}
	require.Len(t, tap.Exchanges(), 3)
	var encodings, bodies []string
	for line := range strings.Lines(out.String()) {
		var keys map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &keys))
		require.Len(t, keys, 12)
		require.Equal(t, "x=1&y=%20", keys["query"])
		encodings = append(encodings, keys["request_body_encoding"].(string))
		bodies = append(bodies, keys["response_body"].(string))
	}
	require.Equal(t, []string{"utf-8", "base64", "base64"}, encodings)
	whole, err := base64.StdEncoding.DecodeString(bodies[2])
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("x", keptBody+1), string(whole), "a large body is written whole")
}
