package adapter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/smintecm/sdk/internal/testserver"
	"github.com/smintecm/sdk/smint"
	"github.com/smintecm/sdk/smint/adapter"
)

// rig is a feed, its handler, and Smint.io's side of it.
type rig struct {
	t      *testing.T
	dir    string
	clock  *testserver.Clock
	feed   *adapter.Feed
	http   http.Handler
	smint  *testserver.Smint
	driver *testserver.SmintDriver
}

func newRig(t *testing.T, o adapter.FeedOptions) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir(), clock: &testserver.Clock{}}
	r.smint = testserver.NewSmint(testserver.SmintOptions{Clock: r.clock})
	t.Cleanup(func() { _ = r.smint.Close() })
	o.Now = r.clock.Now
	o.Contents = func(_ context.Context, a adapter.Asset, _ string) (*adapter.Content, error) {
		content := "content of " + a.ID
		return &adapter.Content{ReadCloser: io.NopCloser(strings.NewReader(content)), Size: int64(len(content)), MediaType: "text/plain"}, nil
	}
	r.open(o)
	r.driver = r.smint.NewDriver(testserver.SmintDriverOptions{
		Feed: "https://feed.example/adapter/v1", Header: http.Header{"Authorization": {"Bearer feed-token"}}, PageSize: 3, ChangeLimit: 3,
		Client: &http.Client{Transport: testserver.Transport(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) { r.http.ServeHTTP(w, q) }))},
	})
	return r
}

func (r *rig) open(o adapter.FeedOptions) {
	r.t.Helper()
	var err error
	r.feed, err = adapter.OpenFeed(r.dir, o)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = r.feed.Close() })
	r.http, err = adapter.NewHandler(r.feed, adapter.Options{Authenticate: adapter.Bearer("feed-token"), Now: r.clock.Now})
	require.NoError(r.t, err)
}

func asset(n int, change ...func(*adapter.Asset)) adapter.Asset {
	a := adapter.Asset{
		ID: fmt.Sprintf("otcs-%d", n), ExternalID: fmt.Sprint(n), Version: "1", ETag: fmt.Sprintf("sha256:%d", n), ContentType: "document", FileName: fmt.Sprintf("%d.txt", n),
		Name: smint.LocalizedText{{Culture: "x-default", Value: fmt.Sprintf("Record %d", n)}}, Approved: true, Access: adapter.Full,
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func (r *rig) publish(a adapter.Asset, sequence int64) adapter.Outcome {
	r.t.Helper()
	o, err := r.feed.Publish(r.t.Context(), a, sequence)
	require.NoError(r.t, err)
	return o
}

func (r *rig) poll() testserver.SmintPoll {
	r.t.Helper()
	p, err := r.driver.Poll(r.t.Context())
	require.NoError(r.t, err)
	return p
}

// downloads tells whether a creative could have the original now.
func (r *rig) downloads(id string) bool {
	r.t.Helper()
	body, err := r.driver.Downloadable(r.t.Context(), id)
	if err != nil {
		return false
	}
	b, err := io.ReadAll(body)
	require.NoError(r.t, err)
	require.NoError(r.t, body.Close())
	require.Equal(r.t, "content of "+id, string(b))
	return true
}

func (r *rig) sees() []string {
	ids := []string{}
	for _, s := range r.smint.Sights() {
		ids = append(ids, s.ID)
	}
	return ids
}

func (r *rig) get(path string, header ...string) *httptest.ResponseRecorder {
	q := httptest.NewRequest(http.MethodGet, "/adapter/v1"+path, http.NoBody)
	q.Header.Set("Authorization", "Bearer feed-token")
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.http.ServeHTTP(w, q)
	return w
}

// TestR44_OnlyWhatIsApprovedAndUnexpiredIsSurfaced, when it is listed and again
// when its bytes are asked for: what Smint.io's index still believes does not
// count.
func TestR44_OnlyWhatIsApprovedAndUnexpiredIsSurfaced(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	now := r.clock.Now()
	r.publish(asset(1), 1)
	r.publish(asset(2, func(a *adapter.Asset) { a.Approved = false }), 1)
	r.publish(asset(3, func(a *adapter.Asset) { a.Until = now.Add(time.Hour) }), 1)
	r.publish(asset(4, func(a *adapter.Asset) { a.From = now.Add(30 * time.Minute) }), 1)
	r.publish(asset(5, func(a *adapter.Asset) { a.FirstUseUntil = now.Add(time.Hour); a.Folders = []string{"spring", "summer"} }), 1)
	r.publish(asset(6, func(a *adapter.Asset) { a.Access = adapter.Hidden }), 1)
	require.True(t, r.poll().Recrawled)
	require.Equal(t, []string{"otcs-1", "otcs-3", "otcs-5"}, r.sees(), "what is not approved, not begun, or hidden, never appears")
	for _, id := range r.sees() {
		require.True(t, r.downloads(id), id)
	}

	// Time alone turns things. The source refuses at once, the index follows at
	// the next poll.
	r.clock.Move(2 * time.Hour)
	require.False(t, r.downloads("otcs-3"), "an expired asset's bytes are refused before any poll")
	require.False(t, r.downloads("otcs-5"), "no first use any more: nothing to download")
	require.False(t, r.poll().Recrawled)
	require.Equal(t, []string{"otcs-1", "otcs-3", "otcs-4", "otcs-5"}, r.sees())
	var expired struct {
		Attributes map[string]string `json:"attributes"`
		Indicator  struct {
			Text smint.LocalizedText `json:"text"`
		} `json:"indicator"`
		Permissions []string `json:"permissions"`
	}
	require.NoError(t, json.Unmarshal(r.get("/assets/otcs-3").Body.Bytes(), &expired))
	require.Equal(t, "expired", expired.Attributes["ecm_lifecycle_state"])
	require.Equal(t, "Expired", expired.Indicator.Text.In("en"), "it says so")
	require.Equal(t, []string{"search", "read_details"}, expired.Permissions)

	// A disposed one: refused at once, gone after the next poll.
	o, err := r.feed.Remove(t.Context(), "otcs-1", "1", 2, "disposed")
	require.NoError(t, err)
	require.Equal(t, adapter.Applied, o)
	require.Contains(t, r.sees(), "otcs-1", "the index has not polled yet")
	require.False(t, r.downloads("otcs-1"))
	require.Equal(t, 404, r.get("/assets/otcs-1").Code)
	r.poll()
	require.NotContains(t, r.sees(), "otcs-1")
}

// TestR41_AnOlderWordNeverGrantsAgain: publications and removals in any order,
// any number of times: what the highest sequence said, holds.
func TestR41_AnOlderWordNeverGrantsAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		feed, err := adapter.OpenFeed("", adapter.FeedOptions{})
		require.NoError(t, err)
		newest, removed := int64(0), true
		for range rapid.IntRange(1, 30).Draw(t, "words") {
			sequence := rapid.Int64Range(1, 12).Draw(t, "sequence")
			// What a sequence says is fixed: even ones publish, odd ones remove.
			if sequence%2 == 0 {
				_, err = feed.Publish(context.Background(), asset(1, func(a *adapter.Asset) { a.Version = fmt.Sprint(sequence) }), sequence)
			} else {
				_, err = feed.Remove(context.Background(), "otcs-1", "1", sequence, "disposed")
			}
			require.NoError(t, err)
			if sequence > newest {
				newest, removed = sequence, sequence%2 == 1
			}
			a, err := feed.Asset(context.Background(), "otcs-1")
			require.Equal(t, removed, errors.Is(err, adapter.ErrNotFound), "after sequence %d the newest is %d", sequence, newest)
			if !removed {
				require.Equal(t, fmt.Sprint(newest), a.Version)
			}
			require.Equal(t, newest, feed.Sequence("otcs-1"))
		}
	})
}

func TestFeed_ASequenceSaysOneThing(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	require.Equal(t, adapter.Applied, r.publish(asset(1), 5))
	require.Equal(t, adapter.Unchanged, r.publish(asset(1), 5))
	require.Equal(t, adapter.Stale, r.publish(asset(1), 4))
	_, err := r.feed.Publish(t.Context(), asset(1, func(a *adapter.Asset) { a.Version = "2" }), 5)
	require.ErrorIs(t, err, adapter.ErrConflict)
	_, err = r.feed.Publish(t.Context(), asset(1, func(a *adapter.Asset) { a.ExternalID = "9" }), 6)
	require.ErrorIs(t, err, adapter.ErrConflict)
	_, err = r.feed.Publish(t.Context(), adapter.Asset{ID: "a:b", Access: "whatever", From: time.Unix(9, 0), Until: time.Unix(8, 0)}, 0)
	require.ErrorIs(t, err, adapter.ErrInvalid)
	for _, what := range []string{"colon", "external id", "version", "content type", "name", "whatever", "until", "sequence"} {
		require.ErrorContains(t, err, what, "everything that is wrong is said")
	}
	_, err = r.feed.Remove(t.Context(), "", "", 0, "")
	require.ErrorIs(t, err, adapter.ErrInvalid)
}

// TestFeed_GoesOnAfterARestart: the continuation that a reader holds stays good
// across restarts, a torn last line is dropped, and damage is said.
func TestFeed_GoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	for i := range 10 {
		r.publish(asset(i), 1)
	}
	r.poll()
	held := r.driver.Continuation()
	require.NoError(t, r.feed.Close())
	path := filepath.Join(r.dir, "changes.jsonl")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, append(b, []byte(`{"n":11,"id":"otcs-`)...), 0o600))
	r.open(adapter.FeedOptions{Now: r.clock.Now})
	require.Equal(t, testserver.SmintPoll{Pages: 1}, r.poll(), "nothing is new, and nothing is crawled again")
	r.publish(asset(3, func(a *adapter.Asset) { a.Version = "2" }), 2)
	require.Equal(t, 1, r.poll().Updated)
	require.NotEqual(t, held, r.driver.Continuation())
	require.NoError(t, r.feed.Close())

	require.NoError(t, os.WriteFile(path, bytes.Replace(b, []byte(`"otcs-4"`), []byte(`"otcs-4`), 1), 0o600))
	_, err = adapter.OpenFeed(r.dir, adapter.FeedOptions{})
	require.ErrorContains(t, err, "move the file away")
	require.NoError(t, os.WriteFile(path, []byte("{\"format\":9}\n"), 0o600))
	_, err = adapter.OpenFeed(r.dir, adapter.FeedOptions{})
	require.ErrorContains(t, err, "format 1")
}

// TestFeed_ASecondWriterIsRefused: what it would write stands on a state that
// is not the newest.
func TestFeed_ASecondWriterIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	r.publish(asset(1), 1)
	other, err := adapter.OpenFeed(r.dir, adapter.FeedOptions{})
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	r.publish(asset(2), 1)
	_, err = other.Publish(t.Context(), asset(3), 1)
	require.ErrorIs(t, err, adapter.ErrConflict)
}

// TestFeed_AContinuationThatIsTooOldLeadsToACleanCrawl, as does one of another
// log.
func TestFeed_AContinuationThatIsTooOldLeadsToACleanCrawl(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{Keep: 5})
	for i := range 3 {
		r.publish(asset(i), 1)
	}
	r.poll()
	_, err := r.feed.Remove(t.Context(), "otcs-1", "1", 2, "disposed")
	require.NoError(t, err)
	for i := range 20 {
		r.publish(asset(10+i%4), int64(i+1))
	}
	p := r.poll()
	require.True(t, p.Recrawled)
	require.Equal(t, []string{"otcs-0", "otcs-10", "otcs-11", "otcs-12", "otcs-13", "otcs-2"}, r.sees(), "what was lost from the log is gone from the index")
	require.False(t, r.poll().Recrawled)
	require.NoError(t, r.feed.Close())
	r.open(adapter.FeedOptions{Keep: 5, Now: r.clock.Now})
	r.poll()
	require.Len(t, r.sees(), 6, "the shortened log has every state")
	require.Equal(t, adapter.Stale, r.publish(asset(1), 1), "and every tombstone")
	for _, foreign := range []string{"00000000-00000000000000000001", "x", "-1"} {
		require.Equal(t, http.StatusGone, r.get("/changes?continuation="+foreign).Code, foreign)
	}
}

func TestHandler_Ranges(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	r.publish(asset(1), 1)
	whole := "content of otcs-1"
	for header, want := range map[string]string{
		"": whole, "bytes=0-6": "content", "bytes=11-": "otcs-1", "bytes=-6": "otcs-1", "bytes=11-999": "otcs-1", "bytes=0-1,3-4": whole, "lines=1-2": whole, "bytes=x": whole,
	} {
		w := r.get("/assets/otcs-1/content?itemId=Original", "Range", header)
		require.Equal(t, want, w.Body.String(), header)
		require.Equal(t, fmt.Sprint(len(want)), w.Header().Get("Content-Length"), header)
		require.Equal(t, want != whole, w.Code == http.StatusPartialContent, header)
	}
	require.Equal(t, http.StatusRequestedRangeNotSatisfiable, r.get("/assets/otcs-1/content", "Range", "bytes=99-").Code)
	tag := r.get("/assets/otcs-1/content").Header().Get("ETag")
	require.Equal(t, http.StatusNotModified, r.get("/assets/otcs-1/content", "If-None-Match", tag).Code)
	require.Equal(t, whole, r.get("/assets/otcs-1/content", "Range", "bytes=0-6", "If-Range", `"other"`).Body.String())
	require.Equal(t, 404, r.get("/assets/otcs-1/content?itemId=Layout").Code)
	require.Equal(t, 404, r.get("/assets/otcs-1/thumbnail?size=Large").Code)

	tag = r.get("/assets/otcs-1").Header().Get("ETag")
	require.Equal(t, http.StatusNotModified, r.get("/assets/otcs-1", "If-None-Match", tag).Code)
	r.publish(asset(1, func(a *adapter.Asset) { a.Access = adapter.NoFirstUse }), 2)
	require.Equal(t, http.StatusOK, r.get("/assets/otcs-1", "If-None-Match", tag).Code, "what may be done is part of the answer")
}

// broken is a catalog that fails, or whose contents lie.
type broken struct {
	adapter.Catalog
	err error
}

func (b broken) Asset(context.Context, string) (adapter.Asset, error) { return adapter.Asset{}, b.err }

func (b broken) Changes(context.Context, string, int) (adapter.ChangePage, error) {
	return adapter.ChangePage{Changes: []adapter.Change{{ID: "otcs-1"}}, Continuation: "x"}, nil
}

// TestHandler_AFailingCatalogDeletesNothing: an asset that cannot be read is
// neither shown nor reported as deleted.
func TestHandler_AFailingCatalogDeletesNothing(t *testing.T) {
	t.Parallel()
	h, err := adapter.NewHandler(broken{err: errors.New("secret-host is down")}, adapter.Options{Authenticate: adapter.Bearer("feed-token")})
	require.NoError(t, err)
	r := &rig{t: t, http: h}
	for _, path := range []string{"/assets/otcs-1", "/changes", "/assets/otcs-1/change", "/assets/otcs-1/content", "/assets/otcs-1/downloadItems"} {
		w := r.get(path)
		require.Equal(t, http.StatusServiceUnavailable, w.Code, path)
		require.NotContains(t, w.Body.String(), "secret-host", path)
		require.NotContains(t, w.Body.String(), "deletion", path)
	}
}

func TestHandler_NobodyReadsItUnasked(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	for _, header := range []string{"", "Bearer ", "Bearer feed-toke", "feed-token", "Basic feed-token"} {
		w := r.get("/setup", "Authorization", header)
		require.Equal(t, http.StatusUnauthorized, w.Code, "%q", header)
		require.NotContains(t, w.Body.String(), "is_setup")
	}
	require.False(t, adapter.Bearer("")(httptest.NewRequest(http.MethodGet, "/", http.NoBody)), "an empty token lets nobody in")
	_, err := adapter.NewHandler(nil, adapter.Options{Prefix: "x/"})
	require.ErrorIs(t, err, adapter.ErrInvalid)
	for _, what := range []string{"catalog", "authenticate", "prefix"} {
		require.ErrorContains(t, err, what)
	}
	for path, want := range map[string]int{
		"/setup": 200, "/nothing": 404, "/folders/none/contents": 404, "/folders/root/contents?pageSize=x": 400, "/changes?limit=0": 400, "/assets/none/change": 200,
	} {
		require.Equal(t, want, r.get(path).Code, path)
	}
	for _, body := range []string{"", "[]", `{"asset_ids":1}`, `{"asset_ids":["` + strings.Repeat("x", 2<<20) + `"]}`} {
		q := httptest.NewRequest(http.MethodPost, "/adapter/v1/assets/batchGet", strings.NewReader(body))
		q.Header.Set("Authorization", "Bearer feed-token")
		w := httptest.NewRecorder()
		r.http.ServeHTTP(w, q)
		require.Equal(t, http.StatusBadRequest, w.Code, "%.20s", body)
	}
}

func TestHandler_SearchAndBatch(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	for i := range 5 {
		r.publish(asset(i, func(a *adapter.Asset) {
			a.Attributes = map[string]string{"campaign": []string{"spring", "summer"}[i%2]}
		}), 1)
	}
	r.publish(asset(9, func(a *adapter.Asset) { a.Approved = false }), 1)
	post := func(path, body string) (out struct {
		Assets  []struct{ ID string }
		Missing []string
		Next    *string `json:"next_cursor"`
		Total   *int
	},
	) {
		q := httptest.NewRequest(http.MethodPost, "/adapter/v1"+path, strings.NewReader(body))
		q.Header.Set("Authorization", "Bearer feed-token")
		w := httptest.NewRecorder()
		r.http.ServeHTTP(w, q)
		require.Equal(t, 200, w.Code, w.Body)
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out))
		return out
	}
	hits := post("/assets/search", `{"query":"RECORD","filters":{"campaign":["spring"]},"cursor":null,"page_size":50}`)
	require.Len(t, hits.Assets, 3)
	require.Equal(t, 3, *hits.Total)
	require.Empty(t, post("/assets/search", `{"query":"record 9"}`).Assets, "a search finds nothing that is not approved")
	first := post("/assets/search", `{"page_size":2}`)
	require.Len(t, first.Assets, 2)
	require.Len(t, post("/assets/search", fmt.Sprintf(`{"page_size":50,"cursor":%q}`, *first.Next)).Assets, 3)
	got := post("/assets/batchGet", `{"asset_ids":["otcs-1","otcs-9","otcs-77"]}`)
	require.Len(t, got.Assets, 1)
	require.Equal(t, []string{"otcs-9", "otcs-77"}, got.Missing)
}

// TestFeed_IsSafeForConcurrentUse while a reader follows it.
func TestFeed_IsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(w), 1))
			for i := range 60 {
				_, err := r.feed.Publish(context.Background(), asset(dice.IntN(9), func(a *adapter.Asset) { a.Version = fmt.Sprint(w, i) }), int64(1000*i+w+1))
				if err != nil {
					t.Errorf("publish: %v", err)
				}
			}
		})
	}
	for range 5 {
		r.poll()
	}
	wg.Wait()
	r.poll()
	require.Len(t, r.sees(), 9)
}

func TestDecide_WhatIsUnknownIsHidden(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := asset(1)
		a.Access = adapter.Access(rapid.SampledFrom([]string{"full", "no_first_use", "layout_only", "expired", "superseded", "hidden", "removed", "", "granted", "FULL"}).Draw(t, "access"))
		a.Approved, a.Held = rapid.Bool().Draw(t, "approved"), rapid.Bool().Draw(t, "held")
		at := func(name string) time.Time {
			if h := rapid.IntRange(-3, 3).Draw(t, name); h != 0 {
				return time.Unix(1e9, 0).Add(time.Duration(h) * time.Hour)
			}
			return time.Time{}
		}
		a.From, a.Until, a.FirstUseUntil = at("from"), at("until"), at("first use")
		now := time.Unix(1e9, 0)
		d := a.Decide(now)
		download := d.May(adapter.MayDownloadHires)
		if download {
			require.True(t, a.Approved && a.Access == adapter.Full && !a.From.After(now), "%+v", a)
			require.True(t, a.Until.IsZero() || a.Until.After(now), "expired: %+v", a)
			require.True(t, a.FirstUseUntil.IsZero() || a.FirstUseUntil.After(now), "no first use: %+v", a)
		}
		held := a
		held.Held = !held.Held
		require.Equal(t, d, held.Decide(now), "a hold grants nothing and takes nothing")
		require.Equal(t, d.Shown, len(d.Permissions) > 0)
		require.True(t, d.State == adapter.Full || d.Reason != "", "it says why")
	})
}

// TestFeed_KnowsAnAssetAgainAfterARestart, whatever zone its instants are
// written in, and whether its lists are empty or missing.
func TestFeed_KnowsAnAssetAgainAfterARestart(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	a := asset(1, func(a *adapter.Asset) {
		a.Until, a.From = time.Now().Add(time.Hour).In(time.FixedZone("east", 3*3600)), time.Now()
		a.Groups, a.Attributes = []string{}, map[string]string{}
	})
	require.Equal(t, adapter.Applied, r.publish(a, 7))
	require.Equal(t, adapter.Unchanged, r.publish(a, 7))
	require.NoError(t, r.feed.Close())
	r.open(adapter.FeedOptions{Now: r.clock.Now})
	require.Equal(t, adapter.Unchanged, r.publish(a, 7))
	a.Until, a.From, a.Groups, a.Attributes = a.Until.UTC(), a.From.UTC(), nil, nil
	require.Equal(t, adapter.Unchanged, r.publish(a, 7))
}

// TestBetter9_RemovalExpiryAndHoldHaveTheirEffect: the vendor's cores copy
// dates and flags, and nothing follows from them. Here each of them reaches
// what a creative sees and can download.
func TestBetter9_RemovalExpiryAndHoldHaveTheirEffect(t *testing.T) {
	t.Parallel()
	r := newRig(t, adapter.FeedOptions{})
	ends := r.clock.Now().Add(time.Hour)
	r.publish(asset(1, func(a *adapter.Asset) { a.Until = ends }), 1)
	r.publish(asset(2, func(a *adapter.Asset) { a.FirstUseUntil = ends }), 1)
	r.publish(asset(3, func(a *adapter.Asset) { a.Until, a.Held = ends, true }), 1)
	r.publish(asset(4, func(a *adapter.Asset) { a.Held = true }), 1)
	r.publish(asset(5), 1)
	r.poll()
	for n := range 5 {
		require.True(t, r.downloads(fmt.Sprintf("otcs-%d", n+1)), n+1)
	}
	r.clock.Move(61 * time.Minute)
	_, err := r.feed.Remove(t.Context(), "otcs-5", "5", 2, "cancelled")
	require.NoError(t, err)
	r.poll()
	says := map[string]string{}
	for _, s := range r.smint.Sights() {
		says[s.ID] = s.Indicator
		require.Equal(t, s.ID == "otcs-4", s.Hires, s.ID)
		require.Equal(t, fmt.Sprint(s.ID == "otcs-3" || s.ID == "otcs-4"), fmt.Sprint(s.Attributes["ecm_hold"]), s.ID)
	}
	require.Equal(t, map[string]string{"otcs-1": "Expired", "otcs-2": "No new use", "otcs-3": "Expired", "otcs-4": ""}, says, "a hold keeps a record and prolongs no right")
	for n := range 5 {
		require.Equal(t, n == 3, r.downloads(fmt.Sprintf("otcs-%d", n+1)), n+1)
	}
	for n := range 3 {
		w := r.get(fmt.Sprintf("/assets/otcs-%d/downloadItems", n+1))
		require.Equal(t, http.StatusOK, w.Code)
		require.JSONEq(t, `{"items":[]}`, w.Body.String(), "what has expired lists nothing to be downloaded")
	}
}
