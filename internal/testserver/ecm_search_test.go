package testserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestECM_SearchFindsWhatTheQueryMeans(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	cat := w.AddCategory("Asset", ECMAttribute{Label: "Client"})
	a := w.document("annual report 2026.pdf")
	inner := w.AddFolder(w.folder, "Reports")
	b, err := w.AddDocument(inner, "draft.doc", []byte("x"))
	require.NoError(t, err)
	w.post(fmt.Sprintf("/v2/nodes/%d/categories", b), "category_id", cat, attributeKey(cat, 2), "Acme Inc").ok()
	for where, want := range map[string]int{
		`OTName: "report" and OTSubType: 144`:                        1,
		`OTName: report*`:                                            2,
		fmt.Sprintf(`OTLocation: %d and OTSubType: 144`, w.folder):   2,
		fmt.Sprintf(`OTLocation: %d`, inner):                         1,
		fmt.Sprintf(`OTLocation: %d and not OTSubType: 0`, w.folder): 2,
		`(draft OR annual) AND OTSubType:144`:                        2,
		fmt.Sprintf(`Attr_%d_2: "Acme Inc"`, cat):                    1,
		`OTObjectDate: >=20260105 and OTSubType:144`:                 2,
		`OTObjectDate: <20260105 and OTSubType:144`:                  0,
		`OTObjectSize: >5 and OTSubType:144`:                         1,
		fmt.Sprintf(`OTDataID: %d`, a):                               1,
		`NoSuchRegion: x`:                                            0,
	} {
		require.Len(t, w.post("/v2/search", "where", where).ok().list("results"), want, where)
	}
	for _, bad := range []string{"", "OTName:", "(a", "a and", `OTName: "x`, "a b"} {
		w.post("/v2/search", "where", bad).refused(400, "Error Evaluating Query")
	}
	hit := w.send("POST", "/v2/search", jsonField(map[string]any{"where": fmt.Sprintf("OTDataID: %d", a), "select": "{'OTName','OTObjectDate'}"})).ok()
	require.Equal(t, "20260105", hit.text("results.0.data.regions.OTObjectDate"))
	require.Contains(t, hit.text("results.0.search_result_metadata.object_id"), fmt.Sprintf("DataId=%d", a))
	require.Len(t, w.post("/v2/search", "where", "draft annual", "lookfor", "anywords").ok().list("results"), 2)
	require.Len(t, w.post("/v2/search", "where", "OTSubType:144", "location_id1", inner).ok().list("results"), 1)
	desc := w.post("/v2/search", "where", "OTSubType:144", "sort", "desc_OTObjectSize", "limit", 1, "page", 2).ok()
	require.Equal(t, b, desc.id("results.0.data.properties.id"))
	require.Contains(t, string(w.get("/v1/regions", "queryable", "true").ok().raw), fmt.Sprintf("Attr_%d_2", cat))
	w.get("/v2/search").ok()
}

func TestECM_TheIndexLagsBehind(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.IndexLag = time.Minute })
	found := func() []any { return w.post("/v2/search", "where", "OTSubType: 144").ok().list("results") }
	id := w.document("old")
	require.Empty(t, found(), "what just came is not in the index")
	w.clock.Move(time.Minute)
	require.Len(t, found(), 1)
	w.put(fmt.Sprintf("/v2/nodes/%d", id), "name", "new").ok()
	require.Len(t, w.post("/v2/search", "where", "OTName: old").ok().list("results"), 1, "what just changed is found as it was")
	w.clock.Move(time.Minute)
	require.Len(t, w.post("/v2/search", "where", "OTName: new").ok().list("results"), 1)
	w.del(fmt.Sprintf("/v2/nodes/%d", id)).ok()
	require.Len(t, found(), 1)
	w.clock.Move(time.Minute)
	require.Empty(t, found())
}
