package testserver

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// command runs a method of the custom interface over one item and returns its
// result.
func (g *smintRig) command(method, item string) SmintJSON {
	g.t.Helper()
	result := g.finished("portalsContext/IEcmRecordAssets/execute/"+method, `{"commandId":"c","items":[`+item+`]}`)
	return result["results"].([]any)[0].(SmintJSON)
}

func order(external string, sequence int, more string) string {
	return fmt.Sprintf(`{"externalId":%q,"sequence":%d%s}`, external, sequence, more)
}

func TestFake7_commands_are_idempotent_and_monotone(t *testing.T) {
	t.Parallel()
	g := newPortalRig(t, SmintOptions{})
	steps := []struct{ method, item, status, state string }{
		{"expireAssetsAsync", order("1", 5, ""), "applied", "expired"},
		{"expireAssetsAsync", order("1", 5, ""), "unchanged", "expired"},
		{"upsertAssetsAsync", order("1", 4, ""), "stale", "expired"},
		{"upsertAssetsAsync", order("1", 5, ""), "rejected", "expired"},
		{"removeAccessAsync", order("1", 6, ""), "applied", "removed"},
		{"removeAccessAsync", order("1", 7, ""), "unchanged", "removed"},
		{"expireAssetsAsync", order("1", 8, ""), "unchanged", "removed"},
		{"upsertAssetsAsync", order("1", 7, ""), "stale", "removed"},
		{"upsertAssetsAsync", order("1", 9, ""), "applied", "published"},
		{"replaceAssetsAsync", order("1", 10, ""), "rejected", "published"},
		{"replaceAssetsAsync", order("1", 10, `,"replacementExternalId":"2"`), "applied", "superseded"},
	}
	for i, step := range steps {
		got := g.command(step.method, step.item)
		require.Equal(t, []any{step.status, step.state}, []any{got["status"], got["state"]}, "step %d: %s %s", i, step.method, step.item)
	}
	require.Equal(t, "not_found", g.command("expireAssetsAsync", order("unknown", 1, ""))["status"])
	require.Equal(t, "not_found", g.command("getAssetStatesAsync", order("unknown", 1, ""))["status"])
	states := g.command("getAssetStatesAsync", order("1", 1, ""))
	require.Equal(t, "99:document:otcs-1", states["assetId"])
	require.Equal(t, "superseded", states["state"])

	require.Equal(t, "applied", g.command("removeAccessAsync", order("later", 3, ""))["status"], "a tombstone for what never was")
	require.Equal(t, "stale", g.command("upsertAssetsAsync", order("later", 2, ""))["status"])
	for _, bad := range []string{`{}`, `{"externalId":"1"}`, order("1", 0, ""), order("", 9, ""), order("1", 20, `,"effectiveAt":"tomorrow"`), order("1", 20, `,"effectiveAt":5`)} {
		require.Equal(t, "rejected", g.command("removeAccessAsync", bad)["status"], bad)
	}
	require.Equal(t, 400, g.execute("portalsContext/IEcmRecordAssets/execute/removeAccessAsync", arg(`{"items":[]}`)).status, "commandId is missing")
	without := newPortalRig(t, SmintOptions{CommandInterface: "-"})
	require.Equal(t, 404, without.execute("portalsContext/IEcmRecordAssets/execute/removeAccessAsync", "[]").status)
}

func TestFake7_commands_show_in_the_portal(t *testing.T) {
	t.Parallel()
	g := newPortalRig(t, SmintOptions{})
	sight := func() SmintSight {
		for _, seen := range g.Sights() {
			if seen.ID == "otcs-1" {
				return seen
			}
		}
		return SmintSight{}
	}
	at := SmintTime(g.Now().Add(time.Hour))
	g.command("expireAssetsAsync", order("1", 1, `,"effectiveAt":"`+at+`"`))
	require.True(t, sight().Hires, "not before its time")
	g.clock.Move(61 * time.Minute)
	require.False(t, sight().Hires)
	require.Equal(t, "Expired", sight().Indicator)
	require.Equal(t, "expired", sight().Attributes["ecm_lifecycle_state"])
	g.token = g.AccessToken("")
	g.command("removeAccessAsync", order("1", 2, ""))
	require.Empty(t, sight().ID)
	require.Equal(t, 404, g.execute("portalsContext/IAssetsRead/execute/getAssetAsync", arg(`{"assetId":"99:document:otcs-1"}`)).status)
	g.command("upsertAssetsAsync", order("1", 3, ""))
	require.True(t, sight().Hires)
	g.command("upsertAssetsAsync", order("new", 1, ""))
	require.Len(t, g.Sights(), 4, "without a feed, the reference itself is shown")
	state, sequence := g.CommandState("1")
	require.Equal(t, "published 3", fmt.Sprint(state, " ", sequence))
}

func TestFake7_a_published_reference_is_read_from_the_feed(t *testing.T) {
	t.Parallel()
	d := newDriverRig(t, SmintDriverOptions{})
	d.poll()
	d.feed.put("otcs-5", "root", "approved", "e1", everything...)
	d.feed.changes = []SmintJSON{}
	d.driver.SetContinuation("0")
	require.Equal(t, "applied", d.command("upsertAssetsAsync", order("5", 1, ""))["status"])
	require.Empty(t, d.seen())
	d.poll()
	require.Equal(t, []string{"otcs-5"}, d.seen())
	d.feed.put("otcs-5", "", "approved", "e2", "search")
	require.NoError(t, d.driver.Refresh(t.Context(), "otcs-5"))
	require.Equal(t, "e2", d.Sights()[0].ETag)
	d.feed.remove("otcs-5")
	require.NoError(t, d.driver.Refresh(t.Context(), "otcs-5"))
	require.Empty(t, d.Sights())
}

func TestFake7_gateway(t *testing.T) {
	t.Parallel()
	g := newPortalRig(t, SmintOptions{})
	asset := g.ends.Gateway + "/assets/77"
	auth := []string{"Authorization", "Bearer " + g.token, "Content-Type", "application/json"}
	put := func(body string, header ...string) smintAnswer {
		return g.do("PUT", asset, body, append(auth, header...)...)
	}
	lifecycle := func(key, body string) smintAnswer {
		return g.do("POST", asset+"/lifecycle", body, append(auth, "Idempotency-Key", key)...)
	}
	require.Equal(t, 404, g.get(asset).status)
	made := put(`{"sequence":1,"version":"1"}`, "If-None-Match", "*")
	require.Equal(t, 201, made.status, "%s", made.body)
	require.Equal(t, 412, put(`{"sequence":2}`, "If-None-Match", "*").status)
	require.Equal(t, 412, put(`{"sequence":2}`, "If-Match", `"other"`).status)
	changed := put(`{"sequence":2,"version":"2"}`, "If-Match", made.header.Get("ETag"))
	require.Equal(t, 200, changed.status)
	require.Equal(t, 412, put(`{"sequence":3}`, "If-Match", made.header.Get("ETag")).status, "the tag has moved on")
	require.Equal(t, 400, put(`{}`).status)
	require.Equal(t, 400, put(`[]`).status)

	expire := lifecycle("k1", `{"action":"expire","sequence":5,"effective_at":null,"reason":"disposition","replacement_external_id":null}`)
	require.Equal(t, 200, expire.status, "%s", expire.body)
	require.Equal(t, "expired", expire.object(t)["state"])
	again := lifecycle("k1", `{"action":"expire","sequence":5,"effective_at":null,"reason":"disposition","replacement_external_id":null}`)
	require.Equal(t, expire.body, again.body, "the same key gives the same answer")
	require.Equal(t, 422, lifecycle("k1", `{"action":"restore","sequence":6}`).status)
	stale := lifecycle("k2", `{"action":"publish","sequence":4}`)
	require.Equal(t, 409, stale.status)
	require.Equal(t, "stale", stale.object(t)["error_code"])
	require.Equal(t, "removed", lifecycle("k3", `{"action":"remove_access","sequence":6}`).object(t)["state"])
	require.Equal(t, "removed", lifecycle("k4", `{"action":"update","sequence":7}`).object(t)["state"], "an update lifts no tombstone")
	require.Equal(t, "published", lifecycle("k5", `{"action":"restore","sequence":8}`).object(t)["state"])
	require.Equal(t, 400, lifecycle("k6", `{"action":"destroy","sequence":9}`).status)
	require.Equal(t, 400, lifecycle("", `{"action":"expire","sequence":9}`).status)
	require.Equal(t, 404, g.do("POST", g.ends.Gateway+"/assets/none/lifecycle", `{"action":"expire","sequence":9}`, append(auth, "Idempotency-Key", "k7")...).status)
	require.Equal(t, 401, g.do("GET", asset, "").status)
	got := g.get(asset)
	require.Equal(t, "published", got.object(t)["state"])
	require.Equal(t, got.header.Get("ETag"), got.object(t)["etag"])
}
