package rest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// watching is a ticket that notes which generation each answer was to.
type watching struct {
	ticket
	seen []uint64
}

func (w *watching) Observe(_ *http.Response, generation uint64) { w.seen = append(w.seen, generation) }

// TestCredential_LoginsGoWithout: a login carries no older credential, is not
// renewed by itself, and its answer is nobody's rotation. Every other answer is
// shown to the credential, a refusal too.
func TestCredential_LoginsGoWithout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cred := &watching{}
		var tickets, agents []string
		note := func(status int, body string) func(*http.Request) (*http.Response, error) {
			return func(r *http.Request) (*http.Response, error) {
				tickets, agents = append(tickets, r.Header.Get("OTCSTicket")), append(agents, r.UserAgent())
				return answer(status, body)(r)
			}
		}
		c, _ := mocked(t, Config{Credential: cred, UserAgent: "bridge/1"}, note(401, `{}`), note(401, `{}`), note(200, `{"id":7}`))
		_, err := Do[node](t.Context(), c, Request{Route: create, NoCredential: true})
		require.ErrorIs(t, err, ErrUnauthenticated)
		require.Zero(t, cred.renewed, "a login that is refused must not log in")
		require.Empty(t, cred.seen)
		_, err = getNode(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, []string{"", "canary-0", "canary-1"}, tickets)
		require.Equal(t, []uint64{0, 1}, cred.seen, "credentials rotate in the headers of answers")
		require.Equal(t, []string{"bridge/1", "bridge/1", "bridge/1"}, agents)
	})
}

// TestStream_AsksForTheBytesThemselves: a length is compared at the end, so no
// transport may unpack them on the way; the caller's own header stays as it is.
func TestStream_AsksForTheBytesThemselves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := mocked(t, Config{}, func(r *http.Request) (*http.Response, error) {
			require.Equal(t, "identity", r.Header.Get("Accept-Encoding"))
			require.Equal(t, "bytes=5-", r.Header.Get("Range"))
			return answer(206, "content")(r)
		})
		header := http.Header{"Range": {"bytes=5-"}}
		resp, err := Stream(t.Context(), c, Request{Route: get, Path: []any{7}, Header: header})
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.Header{"Range": {"bytes=5-"}}, header)
	})
}

// TestP1_ARedirectThatNeverEndsIsRefused, at its own origin too.
func TestP1_ARedirectThatNeverEndsIsRefused(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > 20 {
			_, _ = io.WriteString(w, `{"id":7}`)
			return
		}
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	}))
	t.Cleanup(srv.Close)
	c, err := New(Config{BaseURL: srv.URL, Retries: 4})
	require.NoError(t, err)
	_, err = getNode(t.Context(), c)
	require.ErrorIs(t, err, ErrForeignRedirect)
	require.EqualValues(t, 5, asked.Load(), "five requests, and no retry of them")
}

type closing struct {
	io.Reader
	closed *int
}

func (c closing) Close() error { *c.closed++; return nil }

// TestMultipart_GivesBackWhatItOpened: also where a later part cannot be opened.
func TestMultipart_GivesBackWhatItOpened(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		opened, closed := 0, 0
		part := func(err error) Part {
			return Part{Name: "file", Body: FactoryBody(func() (io.ReadCloser, error) {
				if err != nil {
					return nil, err
				}
				opened++
				return closing{strings.NewReader("bytes"), &closed}, nil
			}, 5, "")}
		}
		c, attempts := mocked(t, Config{Retries: 1})
		body, err := Multipart(part(nil), part(errors.New("no such file")))
		require.NoError(t, err)
		_, err = createNode(t.Context(), c, body)
		require.ErrorContains(t, err, "no such file")
		require.NotErrorIs(t, err, ErrOutcomeUnknown, "nothing was sent")
		require.Zero(t, *attempts)
		require.Positive(t, opened)
		require.Equal(t, opened, closed, "a file stays open")
	})
}

// TestMultipart_SaysOnceThatASourceFailed.
func TestMultipart_SaysOnceThatASourceFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := mocked(t, Config{}, answer(200, `{"id":7}`))
		body, err := Multipart(Part{Name: "file", Body: ReaderBody(strings.NewReader("abc"), 5, "")})
		require.NoError(t, err)
		_, err = createNode(t.Context(), c, body)
		require.EqualError(t, err, "Nodes.Create: outcome unknown: body source failed: ended after 3 of 5 bytes")
	})
}

// TestBody_NothingHasALengthToo: a body of no bytes is sent as such, and not in
// chunks of unknown number.
func TestBody_NothingHasALengthToo(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"chunks":%d}`, len(r.TransferEncoding))
	}))
	t.Cleanup(srv.Close)
	c, err := New(Config{BaseURL: srv.URL})
	require.NoError(t, err)
	for _, r := range []io.Reader{strings.NewReader(""), io.MultiReader()} {
		got, err := Do[struct{ Chunks int }](t.Context(), c, Request{Route: create, Body: ReaderBody(r, 0, "")})
		require.NoError(t, err)
		require.Zero(t, got.Chunks)
	}
}
