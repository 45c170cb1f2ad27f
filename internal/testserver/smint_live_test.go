package testserver

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFake6_a_live_connection_asks_the_source_each_time(t *testing.T) {
	t.Parallel()
	d := newDriverRig(t, SmintDriverOptions{Live: true})
	for _, id := range []string{"otcs-1", "otcs-2", "otcs-3"} {
		d.feed.put(id, "root", "approved", "e1", everything...)
	}
	require.Equal(t, []string{"otcs-1", "otcs-2", "otcs-3"}, d.seen(), "nothing has to be polled")
	_, err := d.driver.Poll(t.Context())
	require.ErrorContains(t, err, "not polled")
	get := func(id string) int {
		return d.execute("portalsContext/IAssetsRead/execute/getAssetAsync", arg(`{"assetId":{"id":"99:document:`+id+`"}}`)).status
	}
	require.Equal(t, 200, get("otcs-2"))
	d.feed.remove("otcs-2")
	require.Equal(t, 404, get("otcs-2"), "access ends at once")
	require.Equal(t, []string{"otcs-1", "otcs-3"}, d.seen())
	d.feed.put("otcs-3", "", "draft", "e2", everything...)
	found := d.finished("portalsContext/IAssetsSearch/execute/searchAssetsAsync",
		`{"queryString":"asset","currentFilters":{"values":[{"id":"ecm_approval_state","stringValue":"approved"}]}}`)["assetDataObjects"].([]any)
	require.Len(t, found, 1)

	link := d.finished("portalsContext/IAssetsDownload/execute/initiateAssetsDownloadForAssetsAsync",
		`{"assetIds":["99:document:otcs-1"],"assetDownloadItems":[{"itemId":"Original"}],"immediatelyDownload":true}`)["assetDownloadUrl"].(SmintJSON)["url"].(string)
	require.Equal(t, "content of otcs-1", string(d.do("GET", link, "").body))
	d.feed.put("otcs-1", "", "approved", "e1", "search", "read_details")
	require.Equal(t, 403, d.execute("portalsContext/IAssetsDownload/execute/initiateAssetsDownloadForAssetsAsync",
		arg(`{"assetIds":["99:document:otcs-1"],"assetDownloadItems":[{"itemId":"Original"}],"immediatelyDownload":true}`)).status)
}

func TestFake6_a_live_source_that_is_down_fails_the_task(t *testing.T) {
	t.Parallel()
	d := newDriverRig(t, SmintDriverOptions{Live: true})
	d.feed.put("otcs-1", "root", "approved", "e1", everything...)
	require.Len(t, d.seen(), 1)
	d.driver.options.Header = http.Header{}
	for path, argument := range map[string]string{
		"portalsContext/IAssetsRead/execute/getAssetAsync":       `{"assetId":{"id":"99:document:otcs-1"}}`,
		"portalsContext/IAssetsSearch/execute/searchAssetsAsync": `{}`,
	} {
		task := d.execute(path, arg(argument)).object(t)
		require.Equal(t, "error", task["state"], path)
		require.Equal(t, json.Number("1"), task["failed_steps"])
	}
}
