package adapter_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/smint/adapter"
)

type seekCloser struct{ io.ReadSeeker }

func (seekCloser) Close() error { return nil }

// serve serves one asset whose bytes open gives.
func serve(t *testing.T, open func() *adapter.Content) *httptest.Server {
	t.Helper()
	feed, err := adapter.OpenFeed("", adapter.FeedOptions{Contents: func(context.Context, adapter.Asset, string) (*adapter.Content, error) { return open(), nil }})
	require.NoError(t, err)
	_, err = feed.Publish(t.Context(), asset(1), 1)
	require.NoError(t, err)
	h, err := adapter.NewHandler(feed, adapter.Options{Authenticate: func(*http.Request) bool { return true }})
	require.NoError(t, err)
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func fetch(t *testing.T, srv *httptest.Server, header ...string) (int, http.Header, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/adapter/v1/assets/otcs-1/content", http.NoBody)
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := srv.Client().Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(b), err
}

// TestHandler_RangesAreTheSameFromASeekerAndAStream: who reads a part sees no
// difference, and the tag of the one is the tag of the other.
func TestHandler_RangesAreTheSameFromASeekerAndAStream(t *testing.T) {
	t.Parallel()
	const whole = "content of otcs-1"
	stream := serve(t, func() *adapter.Content {
		return &adapter.Content{ReadCloser: io.NopCloser(io.MultiReader(strings.NewReader(whole))), Size: int64(len(whole)), MediaType: "text/plain"}
	})
	seeker := serve(t, func() *adapter.Content {
		return &adapter.Content{ReadCloser: seekCloser{strings.NewReader(whole)}, Size: int64(len(whole)), MediaType: "text/plain"}
	})
	for _, header := range [][]string{
		nil,
		{"Range", "bytes=0-6"},
		{"Range", "bytes=11-"},
		{"Range", "bytes=-6"},
		{"Range", "bytes=11-999"},
		{"Range", "bytes=99-"},
		{"Range", "bytes=0-6", "If-Range", `"another"`},
		{"If-None-Match", `"sha256:1"`},
		{"If-None-Match", `"x", W/"sha256:1"`},
		{"Range", "bytes=0-6", "If-Range", `"sha256:1"`},
	} {
		status, head, body, err := fetch(t, stream, header...)
		require.NoError(t, err, header)
		status2, head2, body2, err := fetch(t, seeker, header...)
		require.NoError(t, err, header)
		require.Equal(t, status2, status, header)
		if status < 300 {
			require.Equal(t, body2, body, header)
		}
		require.Equal(t, head2.Get("Content-Range"), head.Get("Content-Range"), header)
		if status < 400 {
			require.Equal(t, `"sha256:1"`, head.Get("ETag"), header)
			require.Equal(t, head2.Get("ETag"), head.Get("ETag"), header)
		}
	}
}

// TestHandler_AContentThatLiesBreaksOff: a source that ends early is not passed
// for a whole file.
func TestHandler_AContentThatLiesBreaksOff(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{100, 1 << 20} {
		srv := serve(t, func() *adapter.Content {
			return &adapter.Content{ReadCloser: io.NopCloser(strings.NewReader("half")), Size: size}
		})
		_, _, body, err := fetch(t, srv)
		require.True(t, errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF), "%v", err)
		require.LessOrEqual(t, len(body), 4)
	}
}
