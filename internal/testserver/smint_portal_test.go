package testserver

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// arg is an argument in body form A.
func arg(text string) string {
	raw, _ := json.Marshal([]string{text})
	return string(raw)
}

func (g *smintRig) execute(path, body string) smintAnswer {
	g.t.Helper()
	return g.do("POST", g.ends.Portals+"/portals/345/"+path, body, "Authorization", "Bearer "+g.token, "Content-Type", "application/json")
}

func (g *smintRig) poll(task SmintJSON) smintAnswer {
	g.t.Helper()
	return g.get(g.ends.Portals + "/backgroundTasks/" + task["uuid"].(string))
}

// finished is the result of a call whose task has ended, after waiting on the
// fake's clock if need be.
func (g *smintRig) finished(path, argument string) SmintJSON {
	g.t.Helper()
	answer := g.execute(path, arg(argument))
	require.Equal(g.t, 200, answer.status, "%s", answer.body)
	task := answer.object(g.t)
	if task["state"] != "completed" {
		g.clock.Move(time.Minute)
		task = g.poll(task).object(g.t)
	}
	require.Equal(g.t, "completed", task["state"])
	result, err := smintObject([]byte(task["result_string"].(string)))
	require.NoError(g.t, err)
	return result
}

func smintTestAsset(id, kind, name string, attributes SmintJSON, permissions ...string) SmintJSON {
	may := []any{}
	for _, one := range permissions {
		may = append(may, one)
	}
	return SmintJSON{
		"id": id, "external_id": strings.TrimPrefix(id, "otcs-"), "version": "1", "etag": "e1", "content_type": kind,
		"name": SmintText("x-default", name), "permissions": may, "attributes": attributes,
	}
}

func newPortalRig(t *testing.T, options SmintOptions) *smintRig {
	t.Helper()
	g := newSmintRig(t, options)
	all := []string{"search", "read_details", "download_layout", "download_hires"}
	contract := smintTestAsset("otcs-1", "document", "Brand contract", SmintJSON{"ecm_approval_state": "approved", "tags": []any{"a", "b"}}, all...)
	contract["external_security_group_ids"] = []any{"1001"}
	require.NoError(t, g.PutAsset(contract, SmintBytes([]byte("one"))))
	require.NoError(t, g.PutAsset(smintTestAsset("otcs-2", "image", "Mouse", SmintJSON{"ecm_approval_state": "approved", "n": 7}, all...), SmintStream("x", 100_000)))
	require.NoError(t, g.PutAsset(smintTestAsset("otcs-3", "image", "Expired mouse", SmintJSON{"ecm_approval_state": "approved"}, "search", "read_details"), SmintBytes(nil)))
	require.NoError(t, g.PutAsset(smintTestAsset("otcs-4", "image", "Hidden", SmintJSON{}), SmintBytes(nil)))
	return g
}

func TestFake6_execute_in_both_body_forms(t *testing.T) {
	t.Parallel()
	const path, plain = "portalsContext/IAssetsRead/execute/getAssetAsync?culture=en", `{"assetId":{"id":"99:document:otcs-1"}}`
	formA := arg(plain)
	inner, _ := json.Marshal(formA)
	formB := string(inner)
	for _, row := range []struct {
		takes, body string
		want        int
	}{{"", formA, 200}, {"", formB, 200}, {"A", formA, 200}, {"A", formB, 400}, {"B", formA, 400}, {"B", formB, 200}} {
		g := newPortalRig(t, SmintOptions{BodyForm: row.takes})
		require.Equal(t, row.want, g.execute(path, row.body).status, "portal takes %q", row.takes)
	}
	g := newPortalRig(t, SmintOptions{})
	require.Equal(t, 200, g.execute(path, arg(`{"AssetId":{"Id":"99:document:otcs-1"}}`)).status, "names don't care about case")
	for _, bad := range []string{"{}", `"x"`, `[{}]`, `["x"]`, arg("{}"), `["{}","{}"]`} {
		require.Equal(t, 400, g.execute(path, bad).status, bad)
	}
	require.Equal(t, 415, g.do("POST", g.ends.Portals+"/portals/345/"+path, formA, "Authorization", "Bearer "+g.token).status)
	require.Equal(t, 401, g.do("POST", g.ends.Portals+"/portals/345/"+path, formA, "Content-Type", "application/json").status)
	for _, unknown := range []string{
		"portalsContext/IAssetsRead/execute/searchAssetsAsync", "portalsContext/IOther/execute/getAssetAsync", "pageConfigurations/76/assetsSearch/0/execute/searchAssetsAsync",
	} {
		require.Equal(t, 404, g.execute(unknown, formA).status, unknown)
	}
	for _, bound := range []string{"pageConfigurations/77/assetsSearch/0/", "pageConfigurations/77/componentConfigurations/9/backgroundImageRandomAsset/0/"} {
		require.Equal(t, 200, g.execute(bound+"execute/searchAssetsAsync", "[]").status, bound)
	}
}

func TestFake6_assets_as_data_objects(t *testing.T) {
	t.Parallel()
	g := newPortalRig(t, SmintOptions{})
	object := g.finished("portalsContext/IAssetsRead/execute/getAssetAsync", `{"assetId":"99:document:otcs-1"}`)["assetDataObject"].(SmintJSON)
	require.Equal(t, "99:document:otcs-1", object["uuid"])
	properties := map[string]SmintJSON{}
	for _, one := range object["properties"].([]any) {
		properties[one.(SmintJSON)["key"].(string)] = one.(SmintJSON)
	}
	require.Empty(t, cmp.Diff(SmintJSON{"key": "name", "dataType": "localized_strings_model", "localizedStringsValue": SmintJSON{"x-default": "Brand contract"}}, properties["name"]))
	require.Equal(t, "1", properties["externalId"]["stringValue"])
	require.Equal(t, []any{"search", "read_details", "download_layout", "download_hires"}, properties["permissionUuids"]["stringArrayValue"])
	raw := properties["rawData"]["dataObjectArrayValue"].([]any)[0].(SmintJSON)["properties"].([]any)
	require.Equal(t, SmintJSON{"key": "ecm_approval_state", "dataType": "string", "stringValue": "approved"}, raw[0])
}

func TestFake6_long_running_tasks(t *testing.T) {
	t.Parallel()
	g := newPortalRig(t, SmintOptions{StrictPolling: true, TaskTime: 10 * time.Second})
	const path, both = "portalsContext/IAssetsRead/execute/getAssetsAsync", `{"assetIds":[{"id":"99:document:otcs-1"},"99:image:otcs-2","99:image:gone"]}`
	task := g.execute(path, arg(both)).object(t)
	require.Equal(t, "in_progress", task["state"])
	require.Nil(t, task["result_string"])
	early := g.poll(task)
	require.Equal(t, 429, early.status, "polled within the second")
	require.Equal(t, "1", early.header.Get("Retry-After"))
	g.clock.Move(5 * time.Second)
	require.InDelta(t, 50, asInt(g.poll(task).object(t)["finished_percentage"]), 2)
	g.clock.Move(6 * time.Second)
	done := g.poll(task).object(t)
	require.Equal(t, "completed", done["state"])
	require.Equal(t, []int{3, 2, 1}, []int{asInt(done["total_steps"]), asInt(done["succeeded_steps"]), asInt(done["failed_steps"])})
	require.Equal(t, 404, g.get(g.ends.Portals+"/backgroundTasks/t-0").status)

	run := func(plan SmintTaskPlan) SmintJSON {
		g.PlanTasks(plan)
		task := g.execute(path, arg(both)).object(t)
		g.clock.Move(time.Hour - time.Minute)
		g.token = g.AccessToken("")
		return g.poll(task).object(t)
	}
	require.Equal(t, "in_progress", run(SmintTaskPlan{Stuck: true})["state"])
	failed := run(SmintTaskPlan{Error: "boom"})
	require.Equal(t, "error", failed["state"])
	require.Nil(t, failed["result_string"])
	steps := run(SmintTaskPlan{FailSteps: 3})
	require.Equal(t, "completed", steps["state"])
	require.Equal(t, 3, asInt(steps["failed_steps"]))
	require.True(t, strings.HasPrefix(run(SmintTaskPlan{Quoted: true})["result_string"].(string), "'{"))
	require.Equal(t, "paused", run(SmintTaskPlan{State: "paused"})["state"])
	require.Equal(t, "<html>", run(SmintTaskPlan{Result: "<html>"})["result_string"])

	g.PlanTasks(SmintTaskPlan{Method: "getAssetAsync", Take: time.Minute, Created: true})
	slow := g.execute("portalsContext/IAssetsRead/execute/getAssetAsync", arg(`{"assetId":{"id":"99:document:otcs-1"}}`)).object(t)
	require.Equal(t, "created", slow["state"], "a method that is mostly immediate may take its time")
}

func asInt(value any) int {
	n, _ := value.(json.Number).Int64()
	return int(n)
}

func TestFake6_an_asset_that_is_not_there(t *testing.T) {
	t.Parallel()
	for _, missing := range []SmintMissing{SmintMissingStatus, SmintMissingObject, SmintMissingTask, SmintMissingNull} {
		g := newPortalRig(t, SmintOptions{Missing: missing})
		for _, id := range []string{"99:image:gone", "99:image:otcs-1", "98:document:otcs-1", "otcs-1", "99:image:otcs-4"} {
			answer := g.execute("portalsContext/IAssetsRead/execute/getAssetAsync", arg(`{"assetId":{"id":"`+id+`"}}`))
			switch missing {
			case SmintMissingStatus:
				require.Equal(t, 404, answer.status)
				require.Empty(t, answer.body)
			case SmintMissingObject:
				require.Equal(t, 400, answer.status)
				require.Equal(t, "asset_not_found", answer.object(t)["error_code"])
			case SmintMissingTask:
				require.Equal(t, "error", answer.object(t)["state"])
			case SmintMissingNull:
				require.Equal(t, `{"assetDataObject":null}`, answer.object(t)["result_string"])
			}
		}
	}
}

func TestFake6_search(t *testing.T) {
	t.Parallel()
	g := newPortalRig(t, SmintOptions{})
	search := func(argument string) (ids []string, result SmintJSON) {
		result = g.finished("pageConfigurations/77/assetsSearch/0/execute/searchAssetsAsync", argument)
		for _, one := range result["assetDataObjects"].([]any) {
			ids = append(ids, one.(SmintJSON)["uuid"].(string))
		}
		return ids, result
	}
	for argument, want := range map[string][]string{
		`{}`:                        {"99:document:otcs-1", "99:image:otcs-2", "99:image:otcs-3"},
		`{"queryString":"MOUSE"}`:   {"99:image:otcs-2", "99:image:otcs-3"},
		`{"contentType":1}`:         {"99:document:otcs-1"},
		`{"resourceAssetMode":1}`:   nil,
		`{"queryString":"mouse 7"}`: {"99:image:otcs-2"},
		`{"currentFilters":{"values":[{"id":"tags","dataType":"string_array","stringArrayValue":["b","c"]}]}}`:                                     {"99:document:otcs-1"},
		`{"currentFilters":{"values":[{"id":"ecm_approval_state","dataType":"string","stringValue":"approved"},{"id":"tags","stringValue":"x"}]}}`: nil,
		`{"parentFolderIds":["f"]}`: nil,
	} {
		ids, _ := search(argument)
		require.Equal(t, want, ids, argument)
	}
	ids, result := search(`{"page":1,"pageSize":2}`)
	require.Equal(t, []string{"99:image:otcs-3"}, ids)
	details := result["details"].(SmintJSON)
	require.Equal(t, []any{json.Number("1"), json.Number("1"), json.Number("2"), json.Number("3"), false},
		[]any{details["currentPage"], details["currentItemsPerPage"], details["maxPages"], details["totalResults"], details["hasMoreResults"]})
	require.Contains(t, fmt.Sprint(result["filterModel"]), "ecm_approval_state")

	allowed := g.finished("portalsContext/IAssetsSearch/execute/getFormItemDefinitionAllowedValuesAsync", `{"formItemDefinitionId":"tags","maxResultCount":1}`)
	require.Equal(t, json.Number("2"), allowed["allowedValuesTotalCount"])
	require.Len(t, allowed["allowedValues"], 1)
	proposals := g.finished("portalsContext/IAssetsSearch/execute/getFullTextSearchProposalsAsync", `{"searchQueryString":"mouse"}`)
	require.Equal(t, []any{"Expired mouse", "Mouse"}, proposals["fullTextProposals"])
	require.Equal(t, true, g.finished("portalsContext/IAssetsSearch/execute/getFeatureSupportAsync", `{}`)["isRandomAccessSupported"])
	random := g.finished("portalsContext/IAssetsReadRandom/execute/getRandomAssetsAsync", `{"max":5}`)
	require.Len(t, random["assetDataObjects"], 2, "random ones are images unless asked otherwise")
}

func TestFake6_permissions_and_groups(t *testing.T) {
	t.Parallel()
	g := newPortalRig(t, SmintOptions{Groups: []string{"7"}})
	require.Equal(t, 404, g.execute("portalsContext/IAssetsRead/execute/getAssetAsync", arg(`{"assetId":"99:document:otcs-1"}`)).status,
		"the group 1001 is needed")
	require.Len(t, g.Sights(), 3)
	require.Len(t, g.Sights("7"), 2)

	published := smintTestAsset("otcs-9", "image", "Later", SmintJSON{}, "search", "read_details")
	published["publish_from"], published["publish_until"] = SmintTime(g.Now().Add(time.Hour)), SmintTime(g.Now().Add(2*time.Hour))
	for _, enforced := range []bool{false, true} {
		h := newSmintRig(t, SmintOptions{EnforcePublication: enforced})
		require.NoError(t, h.PutAsset(published, SmintBytes(nil)))
		seen := []int{}
		for range 3 {
			seen = append(seen, len(h.Sights()))
			h.clock.Move(65 * time.Minute)
		}
		require.Equal(t, map[bool][]int{false: {1, 1, 1}, true: {0, 1, 0}}[enforced], seen)
	}
}

func TestFake6_downloads(t *testing.T) {
	t.Parallel()
	g := newPortalRig(t, SmintOptions{})
	const all = `"assetIds":[{"id":"99:document:otcs-1"},{"id":"99:image:otcs-2"},{"id":"99:image:otcs-3"}]`
	groups := g.finished("portalsContext/IAssetsDownload/execute/getAssetsDownloadsForAssetsAsync", `{`+all+`}`)["assetDownloadGroups"].([]any)
	require.Len(t, groups, 2)
	item := groups[0].(SmintJSON)["assetDownloadItems"].([]any)[0].(SmintJSON)
	require.Equal(t, json.Number("100000"), item["fileSizeInBytes"])
	require.Equal(t, []any{"99:image:otcs-2"}, item["assetIds"], "the expired one grants no download")

	const initiate = "portalsContext/IAssetsDownload/execute/initiateAssetsDownloadForAssetsAsync"
	const items = `,"assetDownloadItems":[{"itemId":"Original"}],"immediatelyDownload":true}`
	link := func(argument string) string {
		return g.finished(initiate, argument)["assetDownloadUrl"].(SmintJSON)["url"].(string)
	}
	one := link(`{"assetIds":["99:document:otcs-1"]` + items)
	require.Equal(t, "one", string(g.do("GET", one, "").body))
	archive := g.do("GET", link(`{`+all+items), "").body
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	require.NoError(t, err)
	require.Len(t, reader.File, 2)
	require.Nil(t, g.finished(initiate, `{`+all+`,"assetDownloadItems":[{}],"immediatelyDownload":false}`)["assetDownloadUrl"])
	require.Equal(t, 403, g.execute(initiate, arg(`{"assetIds":["99:image:otcs-3"]`+items)).status)
	require.Equal(t, 400, g.execute(initiate, arg(`{`+all+`}`)).status)

	g.RemoveAsset("otcs-1")
	require.Equal(t, 404, g.do("GET", one, "").status, "gone between link and download")
}

func TestFake6_upload_and_payload(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{}).serve()
	big := bytes.Repeat([]byte("x"), 100_000)
	upload := func(field string) smintAnswer {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, err := form.CreateFormFile(field, "a.csv")
		require.NoError(t, err)
		_, _ = part.Write(big)
		require.NoError(t, form.Close())
		return g.do("POST", g.ends.Portals+"/portals/345/portalsContext/uploadFile", body.String(), "Content-Type", form.FormDataContentType(), "Authorization", "Bearer "+g.token)
	}
	answer := upload("file")
	require.Equal(t, 200, answer.status, "%s", answer.body)
	got, reader, err := g.Upload(answer.object(t)["uuid"].(string))
	require.NoError(t, err)
	content, err := io.ReadAll(reader)
	require.NoError(t, err)
	require.NoError(t, reader.Close())
	require.Equal(t, "a.csv", got.FileName)
	require.True(t, bytes.Equal(big, content))
	require.Equal(t, 400, upload("other").status)

	payload := g.get(g.ends.Payload + "/portalsPayload?culture=en").object(t)
	require.Equal(t, g.ends.Portals, payload["current_tenant"].(SmintJSON)["backend_api_url"])
	info := payload["current_portal_info"].(SmintJSON)
	require.Equal(t, PortalUUID, info["uuid"])
	require.Contains(t, info["page_router_infos"], SmintJSON{"uuid": PageUUID, "page_type": "page-type-assets-search"})
	require.Equal(t, http.StatusNotFound, g.do("POST", g.ends.Portals+"/portals/1/portalsContext/uploadFile", "", "Authorization", "Bearer "+g.token).status)
}
