package testserver

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// toyFeed is an adapter feed typed by hand: a log of changes over a few assets
// in two folders.
type toyFeed struct {
	mu       sync.Mutex
	assets   map[string]SmintJSON
	folders  map[string][]string
	changes  []SmintJSON
	forgot   int
	bare     bool
	stuck    bool
	thumbs   int
	contents int
}

func newToyFeed() *toyFeed {
	return &toyFeed{changes: []SmintJSON{}, assets: map[string]SmintJSON{}, folders: map[string][]string{"root": {}, "f-17": {}}}
}

func (f *toyFeed) put(id, folder, state, etag string, permissions ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	asset := smintTestAsset(id, "document", "Asset "+id, SmintJSON{"ecm_approval_state": state}, permissions...)
	asset["etag"] = etag
	f.assets[id] = asset
	if folder != "" {
		f.folders[folder] = append(f.folders[folder], id)
	}
	f.changes = append(f.changes, SmintJSON{"type": "asset_update", "asset_id": id, "asset": asset})
}

func (f *toyFeed) remove(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.assets, id)
	for name, ids := range f.folders {
		f.folders[name] = slices.DeleteFunc(slices.Clone(ids), func(one string) bool { return one == id })
	}
	f.changes = append(f.changes, SmintJSON{"type": "asset_deletion", "asset_id": id, "reason": "disposed"})
}

func (f *toyFeed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer feed" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /adapter/v1/setup", func(w http.ResponseWriter, _ *http.Request) {
		smintReply(w, 200, SmintJSON{"is_setup": true, "root_folder_id": "root"})
	})
	mux.HandleFunc("GET /adapter/v1/folders/{id}/contents", f.contentsOf)
	mux.HandleFunc("GET /adapter/v1/changes", f.changesAfter)
	mux.HandleFunc("POST /adapter/v1/assets/batchGet", f.batch)
	mux.HandleFunc("GET /adapter/v1/assets/{id}/{what}", f.asset)
	mux.HandleFunc("GET /adapter/v1/assets/{id}", f.asset)
	mux.HandleFunc("POST /adapter/v1/assets/search", f.search)
	mux.ServeHTTP(w, r)
}

func (f *toyFeed) contentsOf(w http.ResponseWriter, r *http.Request) {
	ids := f.folders[r.PathValue("id")]
	begin, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
	assets, folders, next := []any{}, []any{}, any(nil)
	for _, id := range ids[begin:min(begin+2, len(ids))] {
		if f.bare {
			assets = append(assets, SmintJSON{"id": id})
		} else {
			assets = append(assets, f.assets[id])
		}
	}
	if begin+2 < len(ids) {
		next = strconv.Itoa(begin + 2)
	}
	if r.PathValue("id") == "root" {
		folders = append(folders, SmintJSON{"id": "f-17"})
	} else {
		folders = append(folders, SmintJSON{"id": "root"})
	}
	smintReply(w, 200, SmintJSON{"folders": folders, "assets": assets, "next_cursor": next})
}

func (f *toyFeed) changesAfter(w http.ResponseWriter, r *http.Request) {
	after := f.forgot
	if text := r.URL.Query().Get("continuation"); text != "" {
		after, _ = strconv.Atoi(text)
		if after < f.forgot {
			smintRefuse(w, http.StatusGone, "continuation_too_old", "", nil)
			return
		}
	}
	limit, _ := strconv.Atoi(r.URL.Query().Get("limit"))
	end := min(after+limit, len(f.changes))
	next := fmt.Sprintf("%020d", end)
	if f.stuck {
		smintReply(w, 200, SmintJSON{"changes": []any{}, "continuation": fmt.Sprintf("%020d", after), "has_more": true})
		return
	}
	smintReply(w, 200, SmintJSON{"changes": f.changes[after:end], "continuation": next, "has_more": end < len(f.changes)})
}

func (f *toyFeed) batch(w http.ResponseWriter, r *http.Request) {
	var body struct {
		AssetIDs []string `json:"asset_ids"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	assets, missing := []any{}, []any{}
	for _, id := range body.AssetIDs {
		if asset, ok := f.assets[id]; ok {
			assets = append(assets, asset)
		} else {
			missing = append(missing, id)
		}
	}
	smintReply(w, 200, SmintJSON{"assets": assets, "missing": missing})
}

func (f *toyFeed) asset(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	asset, ok := f.assets[id]
	if !ok {
		smintRefuse(w, http.StatusNotFound, "not_found", "", nil)
		return
	}
	switch r.PathValue("what") {
	case "":
		smintReply(w, 200, asset)
	case "change":
		smintReply(w, 200, SmintJSON{"type": "asset_update", "asset_id": id, "asset": asset})
	case "downloadItems":
		smintReply(w, 200, SmintJSON{"items": []any{SmintJSON{"item_id": "Original"}}})
	case "content":
		f.contents++
		_, _ = io.WriteString(w, "content of "+id)
	case "thumbnail":
		f.thumbs++
		_, _ = io.WriteString(w, "thumbnail of "+asset["etag"].(string))
	}
}

// search finds by a word of the name and by filters, one asset a page.
func (f *toyFeed) search(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Query   string              `json:"query"`
		Filters map[string][]string `json:"filters"`
		Cursor  string              `json:"cursor"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, id := range slices.Sorted(maps.Keys(f.assets)) {
		asset := f.assets[id]
		hit := id > body.Cursor && smintMatches(asset, body.Query)
		for name, values := range body.Filters {
			hit = hit && slices.ContainsFunc(smintAttributeTexts(asset, name), func(v string) bool { return slices.Contains(values, v) })
		}
		if hit {
			smintReply(w, 200, SmintJSON{"assets": []any{asset}, "next_cursor": id})
			return
		}
	}
	smintReply(w, 200, SmintJSON{"assets": []any{}, "next_cursor": nil})
}

type driverRig struct {
	*smintRig
	feed   *toyFeed
	driver *SmintDriver
}

func newDriverRig(t *testing.T, options SmintDriverOptions) *driverRig {
	t.Helper()
	feed := newToyFeed()
	g := newSmintRig(t, SmintOptions{})
	options.Feed, options.Client, options.Header = "http://feed.example/adapter/v1/", &http.Client{Transport: Transport(feed)}, http.Header{"Authorization": {"Bearer feed"}}
	return &driverRig{smintRig: g, feed: feed, driver: g.NewDriver(options)}
}

func (d *driverRig) poll() SmintPoll {
	d.t.Helper()
	poll, err := d.driver.Poll(d.t.Context())
	require.NoError(d.t, err)
	return poll
}

// seen are the ids that a search at the portal finds.
func (d *driverRig) seen() []string {
	d.t.Helper()
	ids := []string{}
	for _, one := range d.finished("portalsContext/IAssetsSearch/execute/searchAssetsAsync", `{}`)["assetDataObjects"].([]any) {
		ids = append(ids, one.(SmintJSON)["uuid"].(string)[len("99:document:"):])
	}
	return ids
}

var everything = []string{"search", "read_details", "download_hires"}

func TestFake7_driver_crawls_then_polls(t *testing.T) {
	t.Parallel()
	for _, bare := range []bool{false, true} {
		d := newDriverRig(t, SmintDriverOptions{GateAttribute: "ecm_approval_state", GateValues: []string{"approved"}, ChangeLimit: 2, Thumbnails: true})
		d.feed.bare = bare
		for i, folder := range []string{"root", "root", "root", "f-17"} {
			d.feed.put(fmt.Sprintf("otcs-%d", i), folder, "approved", "e1", everything...)
		}
		d.feed.put("otcs-8", "root", "draft", "e1", everything...)
		require.Empty(t, d.seen(), "nothing is there before the first poll")
		first := d.poll()
		require.True(t, first.Recrawled)
		require.Equal(t, []string{"otcs-0", "otcs-1", "otcs-2", "otcs-3"}, d.seen(), "the draft does not pass the gate")
		require.Equal(t, 4, d.feed.thumbs)
		require.Equal(t, "thumbnail of e1", string(d.driver.Thumbnail("otcs-0")))

		d.feed.put("otcs-0", "", "approved", "e2", "search", "read_details")
		d.feed.remove("otcs-1")
		d.feed.put("otcs-2", "", "withdrawn", "e1", everything...)
		require.Equal(t, []string{"otcs-0", "otcs-1", "otcs-2", "otcs-3"}, d.seen(), "a removal shows only after the next poll")
		_, err := d.driver.Downloadable(t.Context(), "otcs-1")
		require.ErrorContains(t, err, "404", "the index grants it, but the source refuses at once")
		next := d.poll()
		require.False(t, next.Recrawled)
		require.Equal(t, []string{"otcs-0", "otcs-3"}, d.seen())
		require.Equal(t, "thumbnail of e2", string(d.driver.Thumbnail("otcs-0")))
		require.Equal(t, 5, d.feed.thumbs, "only the changed one is rendered again")
		_, err = d.driver.Downloadable(t.Context(), "otcs-0")
		require.ErrorContains(t, err, "grants no download")
		body, err := d.driver.Downloadable(t.Context(), "otcs-3")
		require.NoError(t, err)
		content, err := io.ReadAll(body)
		require.NoError(t, err)
		require.NoError(t, body.Close())
		require.Equal(t, "content of otcs-3", string(content))
	}
}

func TestFake7_portal_downloads_come_from_the_feed(t *testing.T) {
	t.Parallel()
	d := newDriverRig(t, SmintDriverOptions{})
	d.feed.put("otcs-1", "root", "approved", "e1", everything...)
	d.poll()
	link := d.finished("portalsContext/IAssetsDownload/execute/initiateAssetsDownloadForAssetsAsync",
		`{"assetIds":["99:document:otcs-1"],"assetDownloadItems":[{"itemId":"Original"}],"immediatelyDownload":true}`)["assetDownloadUrl"].(SmintJSON)["url"].(string)
	require.Equal(t, "content of otcs-1", string(d.do("GET", link, "").body))
	d.feed.remove("otcs-1")
	require.Equal(t, 404, d.do("GET", link, "").status)
	require.Len(t, d.seen(), 1)
}

func TestFake7_a_continuation_too_old_leads_to_a_clean_crawl(t *testing.T) {
	t.Parallel()
	d := newDriverRig(t, SmintDriverOptions{})
	d.feed.put("otcs-1", "root", "approved", "e1", everything...)
	d.feed.put("otcs-2", "root", "approved", "e1", everything...)
	d.poll()
	d.feed.remove("otcs-1")
	d.feed.put("otcs-3", "f-17", "approved", "e1", everything...)
	d.feed.forgot = 4
	poll := d.poll()
	require.True(t, poll.Recrawled)
	require.Equal(t, []string{"otcs-2", "otcs-3"}, d.seen(), "what was lost from the log is gone from the index")
	require.False(t, d.poll().Recrawled)
	d.driver.SetContinuation("1")
	require.True(t, d.poll().Recrawled)
}

func TestFake7_a_driver_does_not_follow_a_broken_feed(t *testing.T) {
	t.Parallel()
	d := newDriverRig(t, SmintDriverOptions{})
	d.feed.put("otcs-1", "root", "approved", "e1", everything...)
	d.poll()
	fails := func(want string) {
		t.Helper()
		_, err := d.driver.Poll(t.Context())
		require.ErrorContains(t, err, want)
		require.Equal(t, []string{"otcs-1"}, d.seen(), "the index stays as it was")
	}
	d.feed.stuck = true
	fails("repeats the continuation")
	d.feed.stuck = false
	before := len(d.feed.changes)
	for change, want := range map[string]string{
		`{"type":"asset_moved","asset_id":"x"}`:                         "is unknown",
		`{"type":"asset_update","asset_id":"x"}`:                        "carries no asset",
		`{"type":"asset_deletion"}`:                                     "names no asset",
		`{"type":"asset_update","asset_id":"a:b","asset":{"id":"a:b"}}`: "without colons",
	} {
		object, err := smintObject([]byte(change))
		require.NoError(t, err)
		d.feed.changes = append(d.feed.changes[:before], SmintJSON{"type": "asset_deletion", "asset_id": "otcs-1"}, object)
		fails(want)
	}
	d.driver.options.Header = nil
	fails("401")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := d.driver.Poll(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestFake7_an_index_survives_a_restart(t *testing.T) {
	t.Parallel()
	d := newDriverRig(t, SmintDriverOptions{})
	d.feed.put("otcs-1", "root", "approved", "e1", everything...)
	d.poll()
	dir := t.TempDir()
	require.NoError(t, d.Save(dir))
	loaded, err := LoadSmint(dir, SmintOptions{})
	require.NoError(t, err)
	require.Len(t, loaded.Sights(), 1)
	driver := loaded.NewDriver(d.driver.options)
	poll, err := driver.Poll(t.Context())
	require.NoError(t, err)
	require.Equal(t, SmintPoll{Pages: 1}, poll, "it goes on where it was")
	body, err := driver.Downloadable(t.Context(), "otcs-1")
	require.NoError(t, err)
	require.NoError(t, body.Close())
}
