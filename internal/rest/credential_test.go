package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
)

// ticket is a credential in a header that Go itself would forward anywhere.
type ticket struct {
	mu      sync.Mutex
	gen     uint64
	renewed int
	refuse  bool
}

func (t *ticket) Authorize(_ context.Context, r *http.Request) (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r.Header.Set("OTCSTicket", fmt.Sprintf("canary-%d", t.gen))
	return t.gen, nil
}

func (t *ticket) Renew(_ context.Context, generation uint64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refuse {
		return errors.New("wrong password")
	}
	if generation == t.gen {
		t.gen++
		t.renewed++
	}
	return nil
}

func (*ticket) Observe(*http.Response, uint64) {}

func TestCredential_OneRenewalThenOneReplay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cred := &ticket{}
		c, attempts := mocked(t, Config{Credential: cred}, answer(401, `{}`), answer(200, `{"id":7}`), answer(401, `{}`), answer(401, `{}`))
		_, err := getNode(t.Context(), c)
		require.NoError(t, err)
		_, err = getNode(t.Context(), c)
		require.ErrorIs(t, err, ErrUnauthenticated, "a second 401 ends it")
		require.Equal(t, 4, *attempts)
		require.Equal(t, 2, cred.renewed)
	})
}

func TestCredential_FailedRenewalKeepsItsReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := mocked(t, Config{Credential: &ticket{refuse: true}}, answer(401, `{}`))
		_, err := getNode(t.Context(), c)
		require.ErrorIs(t, err, ErrUnauthenticated)
		require.ErrorContains(t, err, "wrong password")
	})
}

func TestCredential_AStreamIsNotReplayedAfter401(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, attempts := mocked(t, Config{Credential: &ticket{}}, answer(401, `{}`))
		_, err := createNode(t.Context(), c, ReaderBody(io.MultiReader(strings.NewReader("bytes")), 5, ""))
		require.ErrorIs(t, err, ErrUnauthenticated)
		require.NotErrorIs(t, err, ErrOutcomeUnknown, "401 is a verdict")
		require.Equal(t, 1, *attempts)
	})
}

// TestP1_RedirectsCarryNothingAway covers the matrix of redirect codes and
// targets: whatever the server says, another origin gets no request at all.
func TestP1_RedirectsCarryNothingAway(t *testing.T) {
	t.Parallel()
	var foreign atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		foreign.Add(1)
		_, _ = io.WriteString(w, `{"id":1}`)
	}))
	t.Cleanup(thief.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, route := range []*Route{get, create} {
			for _, target := range []string{thief.URL + "/x", strings.Replace(thief.URL, "127.0.0.1", "localhost", 1) + "/x"} {
				t.Run(fmt.Sprint(code, route.Method, target), func(t *testing.T) {
					home := httptest.NewServer(http.RedirectHandler(target, code))
					defer home.Close()
					c, err := New(Config{BaseURL: home.URL, Credential: &ticket{}})
					require.NoError(t, err)
					req := Request{Route: route}
					if route == get {
						req.Path = []any{7}
					} else {
						req.Body = BytesBody([]byte("secret=1"), "text/plain")
					}
					_, err = Do[node](t.Context(), c, req)
					require.ErrorIs(t, err, ErrForeignRedirect)
					require.NotContains(t, err.Error(), "canary")
				})
			}
		}
	}
	require.Zero(t, foreign.Load(), "the foreign host saw a request")
}

// TestP2_WritesAreNotRedirected: Go would turn a redirected POST into a GET
// whose 200 then passes for the write's success.
func TestP2_WritesAreNotRedirected(t *testing.T) {
	t.Parallel()
	for _, code := range []int{301, 302, 303, 307, 308} {
		var landed atomic.Int64
		mux := http.NewServeMux()
		mux.Handle("/v2/nodes", http.RedirectHandler("/there", code))
		mux.HandleFunc("/there", func(w http.ResponseWriter, _ *http.Request) { landed.Add(1); _, _ = io.WriteString(w, `{"id":1}`) })
		srv := httptest.NewServer(mux)
		c, err := New(Config{BaseURL: srv.URL})
		require.NoError(t, err)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			_, err = Do[node](t.Context(), c, Request{Route: &Route{Name: "Nodes.Write", Method: method, Template: "/v2/nodes"}, Body: BytesBody([]byte("x"), "")})
			require.ErrorIs(t, err, ErrForeignRedirect, "%s, code %d", method, code)
		}
		require.Zero(t, landed.Load())
		srv.Close()
	}
}

func TestP1_SameOriginReadsFollow(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/v2/nodes/7", http.RedirectHandler("/there", http.StatusFound))
	mux.HandleFunc("/there", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"id":%d}`, len(r.Header.Get("OTCSTicket")))
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	c, err := New(Config{BaseURL: srv.URL, Credential: &ticket{}})
	require.NoError(t, err)
	n, err := getNode(t.Context(), c)
	require.NoError(t, err)
	require.Positive(t, n.ID, "at its own origin the credential goes along")
	_, err = Do[None](t.Context(), c, Request{Route: &Route{Name: "Auth.Check", Method: "HEAD", Template: "/v2/nodes/7"}})
	require.NoError(t, err, "to ask for the head alone changes nothing either")
}

func TestP1_LocationsOfTheServerStayAtItsOrigin(t *testing.T) {
	t.Parallel()
	c, attempts := mocked(t, Config{Credential: &ticket{}})
	for _, at := range []string{"https://thief.example/x", "//thief.example/x", "http://ecm.example/x", "https://ecm.example:8443/x"} {
		_, err := Do[node](t.Context(), c, Request{Route: get, Location: at})
		require.ErrorIs(t, err, ErrForeignRedirect, at)
	}
	require.Zero(t, *attempts)
}

// passing is a login that failed and may succeed later.
type passing bool

func (passing) Error() string { return "nobody listens" }

func (p passing) Retryable() bool { return bool(p) }

// unlistened is a credential that cannot be had.
type unlistened struct {
	ticket
	err   error
	tries int
}

func (u *unlistened) Authorize(context.Context, *http.Request) (uint64, error) {
	u.tries++
	return 0, fmt.Errorf("log in: %w", u.err)
}

// TestCredential_OneThatIsNotToBeHadNowMayBeLater: the call says so, and leaves
// trying again to the login.
func TestCredential_OneThatIsNotToBeHadNowMayBeLater(t *testing.T) {
	t.Parallel()
	for _, later := range []bool{true, false} {
		cred := &unlistened{err: passing(later)}
		var failure *Failure
		c, attempts := mocked(t, Config{Credential: cred, Error: func(f Failure) error { failure = &f; return &f }})
		_, err := getNode(t.Context(), c)
		require.ErrorIs(t, err, cred.err)
		require.Equal(t, later, failure.Retryable)
		require.Equal(t, 1, cred.tries, "the login has its own retries")
		require.Zero(t, *attempts)
	}
}
