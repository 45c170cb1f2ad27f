package smint_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
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

// TestP3_FetchPolicy covers schemes, hosts and the forms of an address: what
// the policy does not allow is never dialed.
func TestP3_FetchPolicy(t *testing.T) {
	t.Parallel()
	var hits atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		_, _ = io.WriteString(w, "content")
	}))
	t.Cleanup(srv.Close)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(srv.URL, "http://"))
	require.NoError(t, err)
	resolve := func(_ context.Context, host string) ([]netip.Addr, error) {
		private := map[string]string{
			"metadata.smint.io": "169.254.169.254", "inside.smint.io": "10.0.0.1", "mapped.smint.io": "::ffff:10.0.0.1", "loop.smint.io": "127.0.0.1",
			"six.smint.io": "fd00::1", "link.smint.io": "fe80::1", "nat.smint.io": "64:ff9b::a00:1", "shared.smint.io": "100.64.0.1", "zero.smint.io": "0.0.0.0",
		}
		addr, err := netip.ParseAddr(private[host])
		return []netip.Addr{addr}, err
	}
	w := newTenant(t, nil)
	refused := []string{
		"http://files.smint.io/x", "ftp://files.smint.io/x", "https://user:pw@files.smint.io/x", "https://evil.example/x", "https://smint.io.evil.example/x",
		"https://files.smint.io:8443/x", "https://10.0.0.1/x", "https://169.254.169.254/latest", "https://[::1]/x", "https://[::ffff:10.0.0.1]/x", "https://2130706433/x",
		"https://0x7f.1/x", "https://127.0.0.1/x", "http://localhost:" + port + "/x", "http://127.0.0.1:1/x", "//evil.example/x", "file:///etc/passwd", "https:///x",
		"https://metadata.smint.io/x", "https://inside.smint.io/x", "https://mapped.smint.io/x", "https://loop.smint.io/x", "https://six.smint.io/x",
		"https://link.smint.io/x", "https://nat.smint.io/x", "https://shared.smint.io/x", "https://zero.smint.io/x",
	}
	c := w.client(t, nil, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"*.smint.io", "127.0.0.1:" + port}, Resolve: resolve}))
	for _, address := range refused {
		_, err := c.Downloads.Open(t.Context(), smint.File{Cart: "1", Transaction: "1", Binary: "1", URL: smint.Secret(address)})
		require.ErrorIs(t, err, smint.ErrFetchRefused, address)
	}
	require.Zero(t, hits.Load())
	content, err := c.Downloads.Open(t.Context(), smint.File{URL: smint.Secret(srv.URL + "/x")})
	require.NoError(t, err, "a loopback address that is listed with its port")
	b, err := read(t, content)
	require.NoError(t, err)
	require.Equal(t, "content", string(b))
}

// TestP3_RedirectsAreHeldToThePolicy: wherever a listed host points, nothing
// is fetched that the policy does not allow, and no token goes along.
func TestP3_RedirectsAreHeldToThePolicy(t *testing.T) {
	t.Parallel()
	var foreign atomic.Int64
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { foreign.Add(1) }))
	t.Cleanup(thief.Close)
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, target := range []string{thief.URL, "http://169.254.169.254/x", "https://evil.example/x"} {
			t.Run(fmt.Sprint(code, target), func(t *testing.T) {
				t.Parallel()
				home := httptest.NewServer(http.RedirectHandler(target, code))
				defer home.Close()
				w := newTenant(t, nil)
				c := w.client(t, nil, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{strings.TrimPrefix(home.URL, "http://")}}))
				_, err := c.Downloads.Open(t.Context(), smint.File{URL: smint.Secret(home.URL + "/x?sig=canary")})
				require.ErrorIs(t, err, smint.ErrFetchRefused)
				require.NotContains(t, err.Error(), "canary")
			})
		}
	}
	t.Cleanup(func() { require.Zero(t, foreign.Load()) })
}
