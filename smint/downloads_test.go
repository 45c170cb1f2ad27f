package smint_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

var jpeg = bytes.Repeat([]byte("jpeg"), 2500)

func version(change func(*testserver.SmintVersion)) testserver.SmintVersion {
	v := testserver.SmintVersion{FileName: "a.jpg", MediaType: "image/jpeg", Content: testserver.SmintBytes(jpeg)}
	if change != nil {
		change(&v)
	}
	return v
}

func read(t *testing.T, c *smint.Content) ([]byte, error) {
	t.Helper()
	b, err := io.ReadAll(c)
	require.NoError(t, c.Close())
	return b, err
}

func TestDownloads_BytesLengthAndType(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	c, err := w.c.Downloads.Open(t.Context(), w.buy(t, "1", nil, version(nil)))
	require.NoError(t, err)
	require.EqualValues(t, len(jpeg), c.Size)
	require.Equal(t, "image/jpeg", c.MediaType)
	b, err := read(t, c)
	require.NoError(t, err)
	require.True(t, bytes.Equal(jpeg, b))
}

func TestDownloads_AnAddressWhoseHourIsOverIsFetchedAnew(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	f := w.buy(t, "1", nil, version(nil))
	list, err := w.c.Binaries.List(t.Context(), f.Cart, f.Transaction)
	require.NoError(t, err)
	f.URL = list[0].DownloadURL
	w.clock.Move(61 * time.Minute)
	c, err := w.c.Downloads.Open(t.Context(), f)
	require.NoError(t, err)
	b, err := read(t, c)
	require.NoError(t, err)
	require.Len(t, b, len(jpeg))
}

func TestDownloads_WhatEndsEarlyOrLiesIsAnError(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testserver.SmintVersion){
		"breaks off":                 func(v *testserver.SmintVersion) { v.BreakAfter, v.NoRanges = 100, true },
		"announces more than it has": func(v *testserver.SmintVersion) { v.AnnounceExtra = 7 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTenant(t, nil)
			c, err := w.c.Downloads.Open(t.Context(), w.buy(t, "1", nil, version(change)))
			require.NoError(t, err)
			_, err = read(t, c)
			require.ErrorIs(t, err, smint.ErrTruncated)
		})
	}
}

func TestDownloads_WithoutALengthTheSizeIsUnknown(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	c, err := w.c.Downloads.Open(t.Context(), w.buy(t, "1", nil, version(func(v *testserver.SmintVersion) { v.Chunked = true })))
	require.NoError(t, err)
	require.Negative(t, c.Size)
	b, err := read(t, c)
	require.NoError(t, err)
	require.Len(t, b, len(jpeg))
}

func TestDownloads_MissingFilesAndVersions(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	f := w.buy(t, "1", nil, version(nil))
	_, err := w.c.Downloads.Open(t.Context(), smint.File{Cart: f.Cart, Transaction: f.Transaction, Binary: "9"})
	require.ErrorIs(t, err, smint.ErrNotFound)
	f.Version = 9
	_, err = w.c.Downloads.Open(t.Context(), f)
	require.ErrorIs(t, err, smint.ErrConflict)
	require.NoError(t, w.Emit(testserver.SmintPurchase{UUID: "3"}.Payload(), testserver.SmintBinary{UUID: "1", SmintVersion: version(nil), Fields: testserver.SmintJSON{"download_url": nil}}))
	tx, err := smint.DecodeTransaction(w.Transaction("3"))
	require.NoError(t, err)
	_, err = w.c.Downloads.Open(t.Context(), smint.File{Cart: tx.Cart, Transaction: "3", Binary: "1"})
	require.ErrorIs(t, err, smint.ErrNoFile)
}

func TestDownloads_TheSizeCapHolds(t *testing.T) {
	t.Parallel()
	for _, chunked := range []bool{false, true} {
		w := newTenant(t, nil)
		w.c = w.client(t, nil, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"storage.acme.example"}, MaxBytes: 1000, Transport: w.Transport()}))
		c, err := w.c.Downloads.Open(t.Context(), w.buy(t, "1", nil, version(func(v *testserver.SmintVersion) { v.Chunked = chunked })))
		if !chunked {
			require.ErrorIs(t, err, smint.ErrTooLarge)
			continue
		}
		require.NoError(t, err)
		_, err = read(t, c)
		require.ErrorIs(t, err, smint.ErrTooLarge)
	}
}

// TestP1_TheTokenGoesToItsOwnOriginOnly: a host that needs the bearer gets it
// only if it is the licensing API's own, one that is foreign never sees it.
func TestP1_TheTokenGoesToItsOwnOriginOnly(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	own := w.buy(t, "1", nil, version(func(v *testserver.SmintVersion) { v.OwnHost, v.Bearer = true, testserver.SmintBearerNeeded }))
	foreign := w.buy(t, "2", nil, version(func(v *testserver.SmintVersion) { v.Bearer = testserver.SmintBearerRefused }))
	for _, f := range []smint.File{own, foreign} {
		c, err := w.c.Downloads.Open(t.Context(), f)
		require.NoError(t, err)
		_, err = read(t, c)
		require.NoError(t, err)
	}
	for _, d := range w.Downloads() {
		require.Equal(t, d.Host == "own", d.Bearer)
	}
}

// TestDownloads_AreResumedWhereTheyBrokeOff: each connection gives a part, and
// the whole is the file.
func TestDownloads_AreResumedWhereTheyBrokeOff(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	f := w.buy(t, "1", nil, version(func(v *testserver.SmintVersion) { v.BreakAfter = 3000 }))
	c, err := w.c.Downloads.Open(t.Context(), f)
	require.NoError(t, err)
	b, err := read(t, c)
	require.NoError(t, err)
	require.True(t, bytes.Equal(jpeg, b))
	var ranges []string
	for _, d := range w.Downloads() {
		ranges = append(ranges, d.Range)
	}
	require.Equal(t, []string{"", "bytes=3000-", "bytes=6000-", "bytes=9000-"}, ranges, "no byte is fetched twice")
}

// TestDownloads_AreResumedAtAFreshAddress, if the old one's hour is over when
// it breaks off.
func TestDownloads_AreResumedAtAFreshAddress(t *testing.T) {
	t.Parallel()
	w := newTenant(t, func(o *testserver.SmintOptions) { o.TokenLifetime = 24 * time.Hour })
	f := w.buy(t, "1", nil, version(func(v *testserver.SmintVersion) { v.BreakAfter = 6000 }))
	c, err := w.c.Downloads.Open(t.Context(), f)
	require.NoError(t, err)
	w.clock.Move(61 * time.Minute)
	b, err := read(t, c)
	require.NoError(t, err)
	require.True(t, bytes.Equal(jpeg, b))
	require.Equal(t, 2, w.Count("GET /consumer/v1/sync/cartPurchaseTransactions/*"), "one address more")
}

// host is a file's host of a test's own making.
type host func(w http.ResponseWriter, r *http.Request)

// open opens a file of this host, without waiting for better times.
func (h host) open(t *testing.T, opts ...smint.Option) (*smint.Content, error) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(h))
	t.Cleanup(srv.Close)
	w := newTenant(t, nil)
	policy := smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{strings.TrimPrefix(srv.URL, "http://")}})
	return w.client(t, nil, append([]smint.Option{policy, smint.WithRetries(1)}, opts...)...).Downloads.Open(t.Context(), smint.File{Cart: "1", Transaction: "1", Binary: "1", URL: smint.Secret(srv.URL + "/x")})
}

// half announces the whole file and gives half of it.
func half(w http.ResponseWriter, tag string) {
	w.Header().Set("ETag", tag)
	w.Header().Set("Content-Length", fmt.Sprint(len(jpeg)))
	_, _ = w.Write(jpeg[:len(jpeg)/2])
	panic(http.ErrAbortHandler)
}

// TestDownloads_WhatIsNotTheRestIsNotTaken: a host that serves no ranges, whose
// file has changed meanwhile, or that sends another part than asked for, never
// has two halves of different files pass for one.
func TestDownloads_WhatIsNotTheRestIsNotTaken(t *testing.T) {
	t.Parallel()
	part := func(w http.ResponseWriter, tag, span string) {
		w.Header().Set("ETag", tag)
		w.Header().Set("Content-Range", span)
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(bytes.Repeat([]byte("X"), len(jpeg)/2))
	}
	for name, rest := range map[string]host{
		"the whole again":     func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("ETag", `"1"`); _, _ = w.Write(jpeg) },
		"another file's part": func(w http.ResponseWriter, _ *http.Request) { part(w, `"2"`, "bytes 5000-9999/10000") },
		"another part":        func(w http.ResponseWriter, _ *http.Request) { part(w, `"1"`, "bytes 4999-9998/10000") },
		"of another length":   func(w http.ResponseWriter, _ *http.Request) { part(w, `"1"`, "bytes 5000-9999/10001") },
		"of no known place":   func(w http.ResponseWriter, _ *http.Request) { part(w, `"1"`, "bytes */10000") },
		"without a place":     func(w http.ResponseWriter, _ *http.Request) { part(w, `"1"`, "") },
		"encoded": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			part(w, `"1"`, "bytes 5000-9999/10000")
		},
		"nothing, every time": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000")
			w.Header().Set("ETag", `"1"`)
			w.Header().Set("Content-Range", "bytes 5000-9999/10000")
			w.WriteHeader(206)
			panic(http.ErrAbortHandler)
		},
		"no longer there": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusPreconditionFailed) },
		"pointed elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := host(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Range") == "" {
					half(w, `"1"`)
				}
				if r.Header.Get("If-Range") != `"1"` {
					t.Errorf("If-Range: %q", r.Header.Get("If-Range"))
				}
				rest(w, r)
			}).open(t)
			require.NoError(t, err)
			b, err := read(t, c)
			require.ErrorIs(t, err, smint.ErrTruncated)
			require.True(t, bytes.Equal(jpeg[:len(jpeg)/2], b), "what came is of one file")
		})
	}
	for name, tag := range map[string]string{"no name for its bytes": "", "a weak name": `W/"1"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			c, err := host(func(w http.ResponseWriter, _ *http.Request) { asked++; half(w, tag) }).open(t)
			require.NoError(t, err)
			_, err = read(t, c)
			require.ErrorIs(t, err, smint.ErrTruncated)
			require.Equal(t, 1, asked, "nobody could tell whether the rest belongs to it")
		})
	}
}

// TestDownloads_APartThatIsTooLong: the length that was announced holds for what
// is joined from parts as well.
func TestDownloads_APartThatIsTooLong(t *testing.T) {
	t.Parallel()
	c, err := host(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") == "" {
			half(w, `"1"`)
		}
		w.Header().Set("Content-Range", "bytes 5000-9999/10000")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(append(jpeg, jpeg...))
	}).open(t)
	require.NoError(t, err)
	_, err = read(t, c)
	require.ErrorIs(t, err, smint.ErrBrokenReply)
}

// TestDownloads_AChunkedOneIsResumedToo: its length is learned from the first
// part.
func TestDownloads_AChunkedOneIsResumedToo(t *testing.T) {
	t.Parallel()
	c, err := host(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Last-Modified", "Tue, 24 Nov 2026 10:00:00 GMT")
		if r.Header.Get("Range") == "" {
			_, _ = w.Write(jpeg[:6000])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Range", "bytes 6000-9999/10000")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(jpeg[6000:])
	}).open(t)
	require.NoError(t, err)
	require.Negative(t, c.Size)
	b, err := read(t, c)
	require.NoError(t, err)
	require.True(t, bytes.Equal(jpeg, b))
}

// TestDownloads_APartThatIsShorterThanTheRest: a host may give less than it was
// asked for, properly ended. The file has not ended with it.
func TestDownloads_APartThatIsShorterThanTheRest(t *testing.T) {
	t.Parallel()
	part := func(w http.ResponseWriter, from, to int) {
		w.Header().Set("ETag", `"a"`)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(jpeg)))
		w.Header().Set("Content-Length", fmt.Sprint(to-from))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(jpeg[from:to])
	}
	for name, gives := range map[string]int{"less each time": 1000, "less, then nothing": 0} {
		c, err := host(func(w http.ResponseWriter, r *http.Request) {
			from := 0
			switch n, _ := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); {
			case n == 0:
				half(w, `"a"`)
			case gives == 0 && from > len(jpeg)/2:
				w.WriteHeader(http.StatusNotFound)
			default:
				part(w, from, min(from+max(gives, 1000), len(jpeg)))
			}
		}).open(t)
		require.NoError(t, err)
		b, err := read(t, c)
		if gives == 0 {
			require.ErrorIs(t, err, smint.ErrTruncated, "%s: a part's own end was taken for the file's", name)
			continue
		}
		require.NoError(t, err)
		require.True(t, bytes.Equal(jpeg, b), "%s: a part's own end was taken for the file's", name)
	}
}

// TestDownloads_WhatAHostAnswers: each answer has its class, and only what may
// pass is asked for again.
func TestDownloads_WhatAHostAnswers(t *testing.T) {
	t.Parallel()
	for status, row := range map[int]struct {
		want  error
		asked int
	}{
		204: {smint.ErrBrokenReply, 1}, 206: {smint.ErrBrokenReply, 1}, 304: {smint.ErrBrokenReply, 1},
		429: {smint.ErrThrottled, 2}, 500: {smint.ErrUnavailable, 2}, 503: {smint.ErrUnavailable, 2},
	} {
		asked := 0
		_, err := host(func(w http.ResponseWriter, _ *http.Request) { asked++; w.WriteHeader(status) }).open(t)
		require.ErrorIs(t, err, row.want, status)
		require.Equal(t, row.asked, asked, status)
	}
	_, err := host(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(jpeg)
	}).open(t)
	require.ErrorIs(t, err, smint.ErrBrokenReply, "encoded, unasked: the bytes are not the file's")
}

// TestDownloads_TheTimeCapHolds for the whole, however slowly it drips.
func TestDownloads_TheTimeCapHolds(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(jpeg)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	}))
	t.Cleanup(srv.Close)
	w := newTenant(t, nil)
	c, err := w.client(t, nil, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{strings.TrimPrefix(srv.URL, "http://")}, Timeout: 50 * time.Millisecond})).Downloads.Open(
		t.Context(), smint.File{URL: smint.Secret(srv.URL)})
	if err == nil {
		_, err = read(t, c)
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
