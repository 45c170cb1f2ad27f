package testserver

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func TestFake3_pages_are_chained(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	list, next := g.page("", "")
	require.Empty(t, list)
	require.Nil(t, next)
	for _, uuid := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"} {
		require.NoError(t, g.Emit(SmintPurchase{UUID: uuid}.Payload()))
	}
	list, next = g.page("", "")
	require.Len(t, list, 10, "the page size when none is asked for")
	list, after := g.page(next.(string), "10")
	require.Len(t, list, 1)
	list, end := g.page(after.(string), "10")
	require.Empty(t, list)
	require.Equal(t, after, end, "the end answers the continuation it was asked with")

	feed := g.ends.CLAPI + "/sync/licensePurchaseTransactions"
	require.Equal(t, 400, g.get(feed+"?continuationUuid=c-000001-forged").status, "a continuation cannot be made up")
	for _, limit := range []string{"0", "-1", "ten"} {
		require.Equal(t, 400, g.get(feed+"?limit="+limit).status, limit)
	}

	g.RepeatCursor(true)
	_, stuck := g.page(next.(string), "10")
	require.Equal(t, next, stuck)
}

func TestFake3_changed_purchases_come_again(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	file := SmintBinary{SmintVersion: SmintVersion{FileName: "a.jpg", Content: SmintBytes([]byte("one"))}}
	require.NoError(t, g.Emit(SmintPurchase{UUID: "1"}.Payload(), file))
	require.NoError(t, g.Emit(SmintPurchase{UUID: "2", Pending: true}.Payload(), file))
	uuids, end := g.feedFrom("")
	require.Equal(t, []string{"1", "2"}, uuids)
	binaries := g.ends.CLAPI + "/sync/cartPurchaseTransactions/3525/licensePurchaseTransactions/2/binaries"
	require.Equal(t, 409, g.get(binaries).status, "not syncable: no binaries")

	file.UUID, file.Content = "1", SmintBytes([]byte("two"))
	require.NoError(t, g.AddBinaryVersion("1", file))
	require.NoError(t, g.MakeSyncable("2"))
	require.NoError(t, g.Cancel("1"))
	require.Error(t, g.Cancel("3"))
	list, _ := g.page(end, "")
	require.Len(t, list, 3)
	require.Equal(t, json.Number("2"), list[0].(SmintJSON)["version"])
	require.Equal(t, true, list[1].(SmintJSON)["can_be_synced"])
	require.Equal(t, "cancelled", list[2].(SmintJSON)["state"])
	require.Equal(t, 200, g.get(binaries).status)
	require.EqualValues(t, 2, g.binaries("3525", "1")[0]["version"])
}

func TestFake3_later_changes_wait_for_the_end_of_the_feed(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	require.NoError(t, g.Emit(SmintPurchase{UUID: "1", Pending: true}.Payload()))
	require.NoError(t, g.Later(SmintSyncable("1")))
	require.NoError(t, g.Later(SmintCancelled("1")))
	uuids, end := g.feedFrom("")
	require.Equal(t, []string{"1", "1", "1"}, uuids)
	uuids, _ = g.feedFrom(end)
	require.Empty(t, uuids)
}

func TestFake3_odd_payloads_go_out_as_they_are(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	odd := `{"uuid":"1","state":"melted","license_terms":null,"content_element":{"name":[{"culture":"en","value":"a"},{"culture":"en","value":"<b>"}]},"x": 1e400,  "y":12345678901234567890}`
	require.NoError(t, g.Emit(json.RawMessage(odd)))
	patched := SmintPurchase{UUID: "2", Patch: SmintJSON{"license_terms": SmintAbsent, "state": nil, "content_element": SmintJSON{"is_ai": nil}}}.Payload()
	require.NotContains(t, patched, "license_terms")
	require.NoError(t, g.Emit(patched))
	require.NoError(t, g.Emit(json.RawMessage(`{"uuid":`)))
	answer := g.get(g.ends.CLAPI + "/sync/licensePurchaseTransactions")
	require.Contains(t, string(answer.body), odd)
	require.Contains(t, string(answer.body), `"is_ai":null`)
	require.False(t, json.Valid(answer.body))
}

func TestFake3_paths_and_parameters_can_be_renamed(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{Paths: SmintPaths{
		Transactions: "/v9/lpts", ContinuationParameter: "after", LimitParameter: "n",
		Binaries: "/v9/{licensePurchaseTransactionUuid}/of/{cartPurchaseTransactionUuid}",
	}})
	require.NoError(t, g.Emit(SmintPurchase{UUID: "1", Cart: "7"}.Payload()))
	require.NoError(t, g.Emit(SmintPurchase{UUID: "2", Cart: "7"}.Payload()))
	require.Equal(t, json.Number("1"), g.get(g.ends.CLAPI + "/v9/lpts?n=1&after=" + g.Continuation(1)).object(t)["count"])
	require.Equal(t, 200, g.get(g.ends.CLAPI+"/v9/1/of/7").status)
	require.Equal(t, 404, g.get(g.ends.CLAPI+"/v9/7/of/1").status)
}

func TestFake3_generic_metadata_has_its_15_lists(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	metadata := g.get(g.ends.CLAPI + "/sync/genericMetadata").object(t)
	require.Len(t, metadata, 15)
	require.Equal(t, SmintJSON{"culture": "en", "metadata_element": SmintJSON{"key": "getty", "name": "Getty Images"}}, metadata["providers"].([]any)[0])
	require.NoError(t, g.SetMetadata("providers", nil))
	require.NoError(t, g.SetMetadata("license_sizes", SmintAbsent))
	metadata = g.get(g.ends.CLAPI + "/sync/genericMetadata").object(t)
	require.Nil(t, metadata["providers"])
	require.NotContains(t, metadata, "license_sizes")
}

func TestFake4_binaries_and_their_downloads(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"in process", "url"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			g := newSmintRig(t, SmintOptions{})
			if mode == "url" {
				g.serve()
			}
			body := bytes.Repeat([]byte("0123456789"), 1000)
			file := func(uuid string, change func(*SmintBinary)) SmintBinary {
				b := SmintBinary{UUID: uuid, SmintVersion: SmintVersion{FileName: `..\..\x/` + uuid, Content: SmintBytes(body)}}
				change(&b)
				return b
			}
			require.NoError(t, g.Emit(SmintPurchase{UUID: "2:0:61", Cart: "a b"}.Payload(),
				file("plain", func(*SmintBinary) {}),
				file("needs", func(b *SmintBinary) { b.Bearer, b.OwnHost = SmintBearerNeeded, true }),
				file("refuses", func(b *SmintBinary) { b.Bearer = SmintBearerRefused }),
				file("breaks", func(b *SmintBinary) { b.BreakAfter, b.NoRanges = 5000, true }),
				file("more", func(b *SmintBinary) { b.AnnounceExtra = 7 }),
				file("less", func(b *SmintBinary) { b.AnnounceExtra = -7 }),
				file("chunked", func(b *SmintBinary) { b.Chunked = true }),
				file("opened", func(b *SmintBinary) {
					b.Content = SmintOpener(func() (io.ReadCloser, int64, error) {
						return io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
					})
				}),
				file("none", func(b *SmintBinary) {
					b.Fields = SmintJSON{"download_url": nil, "version": nil, "name": nil, "usage": SmintAbsent}
				}),
			))
			list := g.binaries("a%20b", "2:0:61")
			at := map[string]string{}
			for _, one := range list {
				at[one["uuid"].(string)], _ = one["download_url"].(string)
			}
			none := list[len(list)-1]
			require.Nil(t, none["version"])
			require.Nil(t, none["download_url"])
			require.NotContains(t, none, "usage")
			require.Equal(t, `..\..\x/plain`, list[0]["recommended_file_name"])
			require.NotEqual(t, strings.SplitN(at["needs"], "/", 4)[2], strings.SplitN(at["plain"], "/", 4)[2], "two hosts")

			anonymous := func(name string, header ...string) smintAnswer { return g.do("GET", at[name], "", header...) }
			require.Equal(t, body, anonymous("plain").body)
			require.Equal(t, body, g.get(at["plain"]).body)
			require.Equal(t, 401, anonymous("needs").status)
			require.Equal(t, body, g.get(at["needs"]).body)
			require.Equal(t, body, anonymous("refuses").body)
			require.Equal(t, 400, g.get(at["refuses"]).status)
			require.Error(t, anonymous("breaks").err, "a body that ends before its length is an error")
			require.Error(t, anonymous("more").err)
			require.Equal(t, body[:len(body)-7], anonymous("less").body)
			require.Equal(t, body, anonymous("chunked").body)
			require.Empty(t, anonymous("chunked").header.Get("Content-Length"))
			require.Equal(t, body, anonymous("opened").body)

			for _, name := range []string{"plain", "opened"} {
				part := anonymous(name, "Range", "bytes=9995-")
				require.Equal(t, 206, part.status)
				require.Equal(t, "56789", string(part.body))
				whole := anonymous(name, "Range", "bytes=9995-", "If-Range", `"other"`)
				require.Equal(t, 200, whole.status, "a changed file is sent whole")
				require.Equal(t, 206, anonymous(name, "Range", "bytes=0-1", "If-Range", part.header.Get("ETag")).status)
				require.Equal(t, 416, anonymous(name, "Range", "bytes=10000-").status)
			}
			require.Empty(t, anonymous("breaks", "Range", "bytes=1-").header.Get("Content-Range"))

			require.Equal(t, 403, g.do("GET", at["plain"]+"0", "").status, "a forged address")
			g.clock.Move(time.Hour)
			require.Equal(t, 403, anonymous("plain").status, "an address lives an hour")
			g.token = g.AccessToken("")
			require.Equal(t, 200, g.do("GET", g.binaries("a%20b", "2:0:61")[0]["download_url"].(string), "").status)

			first := g.Downloads()[0]
			require.Empty(t, cmp.Diff(SmintDownload{Transaction: "2:0:61", Binary: "plain", Version: 1, Host: "storage", Status: 200, Sent: 10000}, first))
		})
	}
}

func TestFake4_an_old_version_stays_at_its_address(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	file := SmintBinary{SmintVersion: SmintVersion{FileName: "a", Content: SmintBytes([]byte("one"))}}
	require.NoError(t, g.Emit(SmintPurchase{UUID: "1"}.Payload(), file))
	before := g.binaries("3525", "1")[0]["download_url"].(string)
	file.UUID, file.Content = "1", SmintBytes([]byte("two"))
	require.NoError(t, g.AddBinaryVersion("1", file))
	require.Equal(t, "one", string(g.do("GET", before, "").body))
	require.Equal(t, "two", string(g.do("GET", g.binaries("3525", "1")[0]["download_url"].(string), "").body))
}

func TestFake4_a_large_stream_needs_no_memory(t *testing.T) {
	g := newSmintRig(t, SmintOptions{}).serve()
	const size = 64<<20 + 3
	require.NoError(t, g.Emit(SmintPurchase{UUID: "1"}.Payload(), SmintBinary{SmintVersion: SmintVersion{Content: SmintStream("s", size)}}))
	address := g.binaries("3525", "1")[0]["download_url"].(string)
	var sums [2][32]byte
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for i := range sums {
		resp, err := g.client.Get(address)
		require.NoError(t, err)
		sum := sha256.New()
		n, err := io.Copy(sum, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.EqualValues(t, size, n)
		sum.Sum(sums[i][:0])
	}
	runtime.ReadMemStats(&after)
	require.Equal(t, sums[0], sums[1])
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20), "128 MiB went by")

	stream := &SmintGenerated{Seed: "s", Size: size}
	whole, part := make([]byte, 100), make([]byte, 50)
	_, _ = stream.ReadAt(whole, 1000)
	_, _ = stream.ReadAt(part, 1013)
	require.Equal(t, whole[13:63], part, "the bytes do not depend on where reading begins")
	n, err := stream.ReadAt(part, size-3)
	require.Equal(t, 3, n)
	require.Equal(t, io.EOF, err)
}

func TestFake3_a_client_that_does_not_read_holds_up_nobody(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	require.NoError(t, g.Emit(SmintPurchase{UUID: "1"}.Payload()))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, g.ends.CLAPI+"/sync/licensePurchaseTransactions", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+g.token)
	lazy, err := g.client.Do(r)
	require.NoError(t, err)
	defer func() { _ = lazy.Body.Close() }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = g.Emit(SmintPurchase{UUID: "2"}.Payload())
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Minute):
		t.Fatal("the fake waits for a client")
	}
}
