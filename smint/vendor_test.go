package smint_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
)

// The vendor publishes integration cores of its own. What they do must be done
// here (TestMust…), and their weaknesses must not be shared (TestBetter…). The
// rows that concern the client are in this file, those of a pass over the feed
// beside that, those of pushes and of the adapter feed in their packages.

const binariesRoute = "GET /consumer/v1/sync/cartPurchaseTransactions/*"

// TestMust4_FlagsLanguagesPrecedenceAndKeys: three states of a flag, the
// vendor's own fallback of languages, and a name for the keys of all 15 lists.
// That a binary's own words win over those of its purchase is proven where
// assets are described.
func TestMust4_FlagsLanguagesPrecedenceAndKeys(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	for i, flag := range []any{nil, testserver.SmintAbsent, false, true} {
		terms := testserver.SmintJSON{}
		if flag != testserver.SmintAbsent {
			terms["is_editorial_use"] = flag
		}
		w.buy(t, fmt.Sprint(i), testserver.SmintJSON{
			"can_be_synced": flag, "has_potentially_restrictive_license_terms": flag, "content_element": testserver.SmintJSON{"is_ai": flag},
			"license_terms": []any{terms},
		}, testserver.SmintVersion{})
	}
	want := []*bool{nil, nil, new(false), new(true)}
	i := 0
	for tx, err := range w.c.LicensePurchaseTransactions.All(t.Context(), "") {
		require.NoError(t, err)
		for _, got := range []*bool{tx.CanBeSynced, tx.HasRestrictiveTerms, tx.ContentElement.IsAI, tx.EditorialUse()} {
			require.Equal(t, want[i], got, "%d", i)
		}
		i++
	}
	require.Equal(t, 4, i)

	text := smint.LocalizedText{{Culture: "en-US", Value: "Mouse"}, {Culture: "DE", Value: "Maus"}, {Culture: "it", Value: "Topo"}}
	for _, row := range []struct {
		imported []string
		want     map[string]string
	}{
		{[]string{"de", "fr"}, map[string]string{"de": "Maus", "fr": "Mouse"}},
		{[]string{"de", "en", "fr"}, map[string]string{"de": "Maus", "en": "Mouse"}},
		{[]string{"fr"}, map[string]string{"fr": "Mouse"}},
		{nil, map[string]string{"de": "Maus", "en": "Mouse", "it": "Topo"}},
	} {
		require.Equal(t, row.want, text.Only(row.imported...), row.imported)
	}
	require.Empty(t, smint.LocalizedText{}.Only("de"), "no values at all: nothing")

	lists := []string{
		smint.ListProviders, smint.ListContentTypes, smint.ListBinaryTypes, smint.ListContentCategories, smint.ListLicenseTypes, smint.ListReleaseStates,
		smint.ListLicenseExclusivities, smint.ListLicenseUsages, smint.ListLicenseSizes, smint.ListLicensePlacements, smint.ListLicenseDistributions,
		smint.ListLicenseGeographies, smint.ListLicenseIndustries, smint.ListLicenseLanguages, smint.ListLicenseUsageLimits,
	}
	m, err := w.c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	require.Len(t, m, len(lists))
	for _, list := range lists {
		require.NotEmpty(t, m[list], list)
		for key := range m[list] {
			require.NotEmpty(t, m[list].Name(key, "de"), "%s %s", list, key)
		}
	}
}

// TestMust5_FlagsAndTheRawTransaction: what a target must know of a purchase is
// there, and so is every byte of it.
func TestMust5_FlagsAndTheRawTransaction(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	p := testserver.SmintPurchase{UUID: "1", Restrictive: true, AI: true, Cancelled: true, Terms: []testserver.SmintJSON{
		testserver.SmintTerm(1, "One", nil), testserver.SmintTerm(2, "Two", testserver.SmintJSON{"is_editorial_use": true}),
	}}
	require.NoError(t, w.Emit(p.Payload()))
	for tx, err := range w.c.LicensePurchaseTransactions.All(t.Context(), "") {
		require.NoError(t, err)
		require.Equal(t, smint.StateCancelled, tx.State)
		require.True(t, *tx.EditorialUse(), "one term is enough")
		require.True(t, *tx.HasRestrictiveTerms)
		require.True(t, *tx.ContentElement.IsAI)
		require.True(t, bytes.Equal(w.Transaction("1"), tx.Raw), "byte for byte")
	}
}

// TestMust7_RotationAndBackoff: tokens rotate, and what is throttled or breaks
// on the way is tried again, later each time and as late as the server asks.
func TestMust7_RotationAndBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTenant(t, func(o *testserver.SmintOptions) { o.ReuseEndsLogin = true })
		for range 5 {
			_, err := w.c.Metadata.Generic(t.Context())
			require.NoError(t, err)
			w.EndAccess()
		}
		require.Equal(t, 5, w.Count(tokenRoute))
		require.NoError(t, w.c.Identity.Login(t.Context()))
		_, err := w.c.Metadata.Generic(t.Context())
		require.NoError(t, err)
		const route = "GET /consumer/v1/sync/genericMetadata"
		for name, row := range map[string]struct {
			fault testserver.Fault
			least time.Duration
		}{
			"throttled":            {testserver.Fault{Status: 429}, 100 * time.Millisecond},
			"throttled for a time": {testserver.Fault{Status: 429, Header: http.Header{"Retry-After": {"17"}}}, 17 * time.Second},
			"dropped":              {testserver.Fault{Kind: testserver.DropBefore}, 100 * time.Millisecond},
			"answer lost":          {testserver.Fault{Kind: testserver.DropAfter}, 100 * time.Millisecond},
			"torn":                 {testserver.Fault{Kind: testserver.Truncate}, 100 * time.Millisecond},
			"unavailable":          {testserver.Fault{Status: 503, Header: http.Header{"Retry-After": {"5"}}}, 5 * time.Second},
		} {
			row.fault.Route = route
			w.Fail(row.fault)
			w.Forget()
			start := time.Now()
			_, err := w.c.Metadata.Generic(t.Context())
			require.NoError(t, err, name)
			require.Equal(t, 2, w.Count(route), name)
			require.GreaterOrEqual(t, time.Since(start), row.least, name)
		}
	})
}

// TestBetter4_WhatMayPassIsRetriedAndNothingElse: the binaries call as any
// other, 5xx too; what is refused for good is asked once.
func TestBetter4_WhatMayPassIsRetriedAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newTenant(t, nil)
		f := w.buy(t, "1", nil, version(nil))
		require.NoError(t, w.c.Identity.Login(t.Context()))
		for _, status := range []int{429, 500, 502, 503, 504} {
			w.Fail(testserver.Fault{Route: binariesRoute, Status: status, Times: 2})
			w.Forget()
			list, err := w.c.Binaries.List(t.Context(), f.Cart, f.Transaction)
			require.NoError(t, err, status)
			require.Len(t, list, 1)
			require.Equal(t, 3, w.Count(binariesRoute), status)
		}
		for _, status := range []int{400, 403, 404, 409, 410, 422} {
			w.Fail(testserver.Fault{Route: binariesRoute, Status: status})
			w.Forget()
			_, err := w.c.Binaries.List(t.Context(), f.Cart, f.Transaction)
			require.Error(t, err, status)
			require.Equal(t, 1, w.Count(binariesRoute), status)
		}
	})
}

// TestBetter5_OneClientCarriesManyAtOnce: pages, lists of binaries and downloads
// do not wait for each other.
func TestBetter5_OneClientCarriesManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	const many = 8
	files := make([]smint.File, many)
	for i := range files {
		files[i] = w.buy(t, fmt.Sprint(i), nil, version(nil))
	}
	require.NoError(t, w.c.Identity.Login(t.Context()))
	var waiting atomic.Int64
	all := make(chan struct{})
	// Each request waits until all others are there as well.
	w.Fail(testserver.Fault{Times: -1, Where: func(r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/storage/") || strings.HasSuffix(r.URL.Path, "/licensePurchaseTransactions") {
			if waiting.Add(1) == 2*many {
				close(all)
			}
		}
		return false
	}})
	var wg sync.WaitGroup
	for _, f := range files {
		wg.Go(func() {
			c, err := w.c.Downloads.Open(t.Context(), f)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			<-all
			if b, err := io.ReadAll(c); err != nil || !bytes.Equal(b, jpeg) {
				t.Errorf("%d bytes, %v", len(b), err)
			}
		})
		wg.Go(func() {
			if _, err := w.c.LicensePurchaseTransactions.List(t.Context(), "", 10); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 2*many, waiting.Load())
}

// TestBetter6_AddressesAreFetchedWhenTheyAreNeeded, and anew when their hour is
// over, before the download and in the middle of it.
func TestBetter6_AddressesAreFetchedWhenTheyAreNeeded(t *testing.T) {
	t.Parallel()
	w := newTenant(t, func(o *testserver.SmintOptions) { o.TokenLifetime = 24 * time.Hour })
	f := w.buy(t, "1", nil, version(func(v *testserver.SmintVersion) { v.BreakAfter = 6000 }))
	for _, err := range w.c.LicensePurchaseTransactions.All(t.Context(), "") {
		require.NoError(t, err)
		require.Zero(t, w.Count(binariesRoute), "reading the feed fetches no address")
	}
	list, err := w.c.Binaries.List(t.Context(), f.Cart, f.Transaction)
	require.NoError(t, err)
	f.URL = list[0].DownloadURL
	w.clock.Move(61 * time.Minute)
	c, err := w.c.Downloads.Open(t.Context(), f)
	require.NoError(t, err)
	w.clock.Move(61 * time.Minute)
	b, err := read(t, c)
	require.NoError(t, err)
	require.True(t, bytes.Equal(jpeg, b))
	require.Equal(t, 3, w.Count(binariesRoute))
}

// TestBetter7_NothingIsBufferedTruncatedOrNamedByTheServer: a large file passes
// in little memory, an early end is an error unless it can be resumed, and a
// hostile file name touches no disk.
func TestBetter7_NothingIsBufferedTruncatedOrNamedByTheServer(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	w := newTenant(t, nil)
	const size = 256 << 20
	f := w.buy(t, "1", nil, version(func(v *testserver.SmintVersion) {
		v.Content, v.FileName = testserver.SmintStream("large", size), "../../../../etc/cron.d/evil"
	}))
	dir := t.TempDir()
	t.Chdir(dir)
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	c, err := w.c.Downloads.Open(t.Context(), f)
	require.NoError(t, err)
	require.EqualValues(t, size, c.Size)
	most, n := uint64(0), int64(0)
	for buffer := make([]byte, 1<<20); ; {
		read, err := c.Read(buffer)
		if n += int64(read); n%(32<<20) < int64(read) {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	require.NoError(t, c.Close())
	require.EqualValues(t, size, n)
	grown := int64(most) - int64(before.HeapInuse)
	require.Less(t, grown, int64(24<<20), "memory for a file of 256 MiB")
	t.Logf("256 MiB in %.1f MiB of heap, the fake's own included", float64(grown)/(1<<20))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)

	torn := w.buy(t, "2", nil, version(func(v *testserver.SmintVersion) { v.BreakAfter, v.NoRanges = 100, true }))
	c, err = w.c.Downloads.Open(t.Context(), torn)
	require.NoError(t, err)
	_, err = read(t, c)
	require.ErrorIs(t, err, smint.ErrTruncated)
}

// TestBetter10_A403IsAPermissionAndRefreshesAreShared: nothing is refreshed for
// a permission that is missing; many who find the token ended refresh once; and
// a refresh token that an answer leaves out is kept.
func TestBetter10_A403IsAPermissionAndRefreshesAreShared(t *testing.T) {
	t.Parallel()
	w := newTenant(t, func(o *testserver.SmintOptions) {
		o.ReuseEndsLogin, o.Scope = true, "smintio.portals.frontend openid profile offline_access"
	})
	for range 3 {
		_, err := w.c.Metadata.Generic(t.Context())
		require.ErrorIs(t, err, smint.ErrDenied)
	}
	require.Equal(t, 1, w.Count(tokenRoute), "the login, and no refresh for a 403")
	require.Equal(t, 3, w.Count("GET /consumer/v1/sync/genericMetadata"), "and no repeat")

	w = newTenant(t, func(o *testserver.SmintOptions) { o.ReuseEndsLogin = true })
	require.NoError(t, w.c.Identity.Login(t.Context()))
	w.EndAccess()
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if _, err := w.c.Metadata.Generic(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 2, w.Count(tokenRoute))

	w = newTenant(t, func(o *testserver.SmintOptions) { o.OmitRefreshToken = true })
	for range 3 {
		_, err := w.c.Metadata.Generic(t.Context())
		require.NoError(t, err)
		w.EndAccess()
	}
}

// TestBetter12_AMissingFlagIsNoCrashAndNoYes: can_be_synced null, absent or of
// another type.
func TestBetter12_AMissingFlagIsNoCrashAndNoYes(t *testing.T) {
	t.Parallel()
	for raw, broken := range map[string]bool{
		`{"uuid":"1","can_be_synced":null}`: false, `{"uuid":"1"}`: false, `{"uuid":"1","can_be_synced":"yes"}`: true, `{"uuid":"1","can_be_synced":1}`: true,
	} {
		tx, err := smint.DecodeTransaction([]byte(raw))
		require.Equal(t, broken, err != nil, raw)
		if err != nil {
			require.ErrorIs(t, err, smint.ErrBrokenItem)
			continue
		}
		require.False(t, tx.Syncable(), raw)
		require.Nil(t, tx.CanBeSynced, raw)
	}
}

// TestBetter13_ANewKeyBreaksNothing: a purchase with keys that no list has is
// read as it is, and a key without a name is its own name until the lists are
// read again.
func TestBetter13_ANewKeyBreaksNothing(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	m, err := w.c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	w.buy(t, "1", testserver.SmintJSON{
		"state": "signed_off", "offering": testserver.SmintJSON{"license_type": "rights_by_moon"}, "content_element": testserver.SmintJSON{"content_type": "hologram", "provider": "new_one"},
	}, testserver.SmintVersion{})
	n := 0
	for tx, err := range w.c.LicensePurchaseTransactions.All(t.Context(), "") {
		require.NoError(t, err)
		n++
		require.False(t, tx.State.Known() || tx.Offering.LicenseType.Known() || tx.ContentElement.ContentType.Known())
		require.Equal(t, "rights_by_moon", m[smint.ListLicenseTypes].Name(string(tx.Offering.LicenseType), "en"))
	}
	require.Equal(t, 1, n)
	require.NoError(t, w.SetMetadata(smint.ListLicenseTypes, []any{testserver.SmintElement("en", "rights_by_moon", "By the moon", "")}))
	m, err = w.c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	require.Equal(t, "By the moon", m[smint.ListLicenseTypes].Name("rights_by_moon", "en"))
}

// TestBetter15_StateIsWrittenInOnePiece: whoever reads the token file while it
// is written sees the old tokens or the new ones; what a crash leaves beside it
// does no harm; and the default forgets nothing within a process.
func TestBetter15_StateIsWrittenInOnePiece(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "tokens.json")
	store := smint.NewFileTokenStore(path)
	long := strings.Repeat("x", 100_000)
	tokens := func(n int) smint.Tokens {
		return smint.Tokens{AccessToken: smint.Secret(fmt.Sprint(n, long)), RefreshToken: smint.Secret(fmt.Sprint(n))}
	}
	require.NoError(t, store.Swap(t.Context(), "", tokens(0)))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".tokens.json-crashed"), []byte(`{"refresh_token":"half`), 0o600))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 40 {
			if err := store.Swap(context.Background(), smint.Secret(fmt.Sprint(i)), tokens(i+1)); err != nil {
				t.Error(err)
			}
		}
	}()
	for reads := 0; ; reads++ {
		got, err := smint.NewFileTokenStore(path).Load(t.Context())
		require.NoError(t, err)
		require.Equal(t, got.RefreshToken.Reveal()+long, got.AccessToken.Reveal(), "tokens of one piece")
		select {
		case <-done:
			require.Positive(t, reads)
			got, err = store.Load(t.Context())
			require.NoError(t, err)
			require.Equal(t, "40", got.RefreshToken.Reveal())
			return
		default:
		}
	}
}

// TestBetter16_EveryCallCanBeCanceledAndSeen: whatever is asked for ends when
// its context does, in whichever request it is, and every attempt passes the
// transport, where it can be counted and timed.
func TestBetter16_EveryCallCanBeCanceledAndSeen(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *portalTenant, smint.File, smint.AssetID) error{
		"metadata": func(ctx context.Context, p *portalTenant, _ smint.File, _ smint.AssetID) error {
			_, err := p.c.Metadata.Generic(ctx)
			return err
		},
		"feed": func(ctx context.Context, p *portalTenant, _ smint.File, _ smint.AssetID) (last error) {
			for _, err := range p.c.LicensePurchaseTransactions.All(ctx, "") {
				last = err
			}
			return last
		},
		"download": func(ctx context.Context, p *portalTenant, f smint.File, _ smint.AssetID) error {
			c, err := p.c.Downloads.Open(ctx, f)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, c)
			_ = c.Close()
			return err
		},
		"task": func(ctx context.Context, p *portalTenant, _ smint.File, id smint.AssetID) error {
			_, err := p.c.Portals.GetAssets(ctx, portal, []smint.AssetID{id}, nil)
			return err
		},
		"search": func(ctx context.Context, p *portalTenant, _ smint.File, _ smint.AssetID) (last error) {
			for _, err := range p.c.Portals.All(ctx, portal, smint.SearchQuery{}) {
				last = err
			}
			return last
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for moment := range 5 {
				synctest.Test(t, func(t *testing.T) { canceled(t, moment, call) })
			}
		})
	}
	var seen atomic.Int64
	w := newTenant(t, nil)
	c := w.client(t, nil, smint.WithTransport(roundTripper(func(r *http.Request) (*http.Response, error) {
		seen.Add(1)
		return w.Transport().RoundTrip(r)
	})))
	w.Fail(testserver.Fault{Route: "GET /consumer/v1/sync/genericMetadata", Status: 500})
	_, err := c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, seen.Load(), "the login, the attempt that failed, and the one that did not")
}

// canceled makes a call whose context ends in one of its requests, which then
// hangs.
func canceled(t *testing.T, moment int, call func(context.Context, *portalTenant, smint.File, smint.AssetID) error) {
	p := newPortalTenant(t, nil, nil)
	f, id := p.buy(t, "1", nil, version(nil)), p.put(t, "otcs-1", "image", nil, jpeg)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked := 0
	hang := make(chan struct{})
	defer close(hang)
	p.Fail(testserver.Fault{Times: -1, Where: func(*http.Request) bool {
		if asked++; asked > moment {
			cancel()
			<-hang // nothing but the context ends the call
		}
		return false
	}})
	start := time.Now()
	err := call(ctx, p, f, id)
	if err == nil {
		require.LessOrEqual(t, asked, moment, "it was through before")
		return
	}
	require.ErrorIs(t, err, context.Canceled, "moment %d", moment)
	require.Equal(t, moment+1, asked, "nothing is asked for after it")
	most := time.Duration(0)
	if moment == 0 {
		most = 5 * time.Second // the refresh token's successor is let come home
	}
	require.LessOrEqual(t, time.Since(start), most, "moment %d", moment)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
