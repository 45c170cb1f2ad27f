package testserver

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestECM_Login(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.RotateTickets = true })
	anonymous := *w
	anonymous.ticket = ""
	anonymous.get("/v1/serverinfo").refused(401, "Authentication Required")
	anonymous.get("/v1/ping").ok()
	anonymous.post("/v1/auth", "username", "svc-dam", "password", "wrong").refused(401, "Invalid username/password specified")
	anonymous.post("/v1/auth", "password", "x").refused(500, "Argument username is required")

	a := w.get("/v1/auth").ok()
	require.Equal(t, "svc-dam", a.text("data.name"))
	require.NotEmpty(t, a.header.Get("OTCSTicket"), "an exchange gives the ticket in the header")
	expires, err := http.ParseTime(w.get("/v1/serverinfo").ok().header.Get("OTCSTicketExpires"))
	require.NoError(t, err)
	require.Equal(t, 30*time.Minute, expires.Sub(w.now()))
	require.Equal(t, 200, w.send("HEAD", "/v1/auth").status)

	w.clock.Move(31 * time.Minute)
	require.Equal(t, 401, w.send("HEAD", "/v1/auth").status, "a ticket ends with its time")
	w.ticket = w.login("svc-dam", "svc-dam-password")
	w.del("/v1/auth").ok()
	w.get("/v1/serverinfo").refused(401, "Authentication Required")
}

func TestECM_DirectoryServices(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.AddUser(ECMUser{Name: "ann", Password: "pw"})
	w.ticket = ""
	js := func(s string) sentECM { return sentECM{strings.NewReader(s), "application/json"} }
	for path, body := range map[string]string{
		"/otdsws/rest/authentication/credentials": `{"userName":"ann","password":"pw"}`, "/otdsws/v1/authentication/credentials": `{"user_name":"ann","password":"pw"}`,
	} {
		ticket := w.send("POST", path, js(body)).ok().text("ticket")
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://x/otcs/cs.exe/api/v1/auth", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("OTDSTicket", ticket)
		resp, err := w.c.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.NotEmpty(t, resp.Header.Get("OTCSTicket"))
	}
	w.send("POST", "/otdsws/rest/authentication/credentials", js(`{"userName":"ann","password":"no"}`)).refused(401, "Invalid credentials")
	token := w.post("/otdsws/oauth2/token", "grant_type", "client_credentials", "client_id", "svc-dam", "client_secret", "svc-dam-password").ok()
	require.Equal(t, "Bearer", token.text("token_type"))
	other := w.post("/otdsws/oauth2/token", "grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", "client_id", "svc-dam", "client_secret", "svc-dam-password",
		"subject_token_type", "urn:opentext.com:oauth:string:user_id", "subject_token", "ann@partition").ok()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "http://x/otcs/cs.exe/api/v1/auth", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+other.text("access_token"))
	resp, err := w.c.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)
	w.post("/otdsws/oauth2/token", "grant_type", "none").refused(400, "unsupported_grant_type")
}

func TestECM_RefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t, func(o *ECMOptions) { o.RequestIDs, o.Missing = true, []string{"GET /v1/xrefs"} })
	w.get("/v2/auth").refused(400, "The REST API URL could not be found in the mappings registry")
	w.get("/v1/xrefs").refused(400, "The REST API URL could not be found in the mappings registry")
	require.NotEmpty(t, w.get("/v2/nodes/1").text("request_id"))
	w.send("POST", "/v2/nodes", sentECM{strings.NewReader(`{"type":0,"parent_id":2000,"name":"x"}`), "application/json"}).
		refused(400, "Parameters are required for PUT, POST, and PATCH methods")
	require.Zero(t, w.CountNamed("x"), "a JSON body is not understood")
	w.get("/v2/nodes/2000/nodes", "page", 0).refused(400, "Could not set feature Page Number, the value 0 is less than the minimum value (1)")
}

func TestECM_TakesParametersFromAnywhere(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	parent := map[string]any{"type": 0, "parent_id": w.folder}
	named := func(name string) map[string]any {
		return map[string]any{"type": parent["type"], "parent_id": parent["parent_id"], "name": name}
	}
	w.post("/v2/nodes", "type", 0, "parent_id", w.folder, "name", "form").ok()
	w.send("POST", "/v2/nodes", jsonField(named("field"))).ok()
	w.send("POST", fmt.Sprintf("/v2/nodes?type=0&parent_id=%d&name=query", w.folder)).ok()
	w.send("POST", "/v2/nodes/", fileBody("", nil, "body", string(marshal(named("multipart"))))).ok()
	w.send("POST", fmt.Sprintf("/v2/nodes?type=0&parent_id=%d", w.folder), formBody("name", "mixed")).ok()
	for _, name := range []string{"form", "field", "query", "multipart", "mixed"} {
		require.Equal(t, 1, w.CountNamed(name), name)
	}
	a, b := w.record("a"), w.record("b")
	for _, kv := range [][]any{{"ids", a, "ids", b}, {"ids", fmt.Sprintf("%d,%d", a, b)}, {"ids", fmt.Sprintf("[%d,%d]", a, b)}} {
		require.Len(t, w.post("/v2/nodes/list", kv...).ok().list("results"), 2, kv)
	}
	w.put(fmt.Sprintf("/v1/nodes/%d/rmclassifications", a), "rm_metadataToken", w.token(a), "official", "True", "record_date", "").ok()
	require.True(t, w.node(a).Official)
}

func TestECM_NamesAreUniqueInAContainer(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.document("Spot.mp4")
	w.send("POST", "/v2/nodes", fileBody("x", []byte("x"), "type", 144, "parent_id", w.folder, "name", "spot.MP4")).
		refused(500, "An item with the name 'spot.MP4' already exists.")
	w.post("/v1/nodes", "type", 0, "parent_id", w.folder, "name", "SPOT.mp4").refused(400, "An item with the name 'SPOT.mp4' already exists.")
	require.Len(t, w.Documents(), 1)
	a := w.send("POST", "/v1/validation/nodes/names", jsonField(map[string]any{"parent_id": w.folder, "names": []string{"spot.mp4", "free"}})).ok()
	require.Equal(t, id, a.id("results.0.id"))
	require.Len(t, a.list("results"), 1)
	bare := sentECM{strings.NewReader(fmt.Sprintf(`{"parent_id":%d,"names":["free"]}`, w.folder)), "text/plain"}
	require.Empty(t, w.send("POST", "/v1/validation/nodes/names", bare).ok().list("results"))
	w.post("/v2/nodes", "type", 0, "parent_id", w.folder, "name", strings.Repeat("x", 249)).refused(400, "One or more parameters are invalid")
	w.post("/v2/nodes", "type", 99999, "parent_id", w.folder, "name", "x").refused(400, "Subtype 99999 not registered")
	w.post("/v2/nodes", "type", 0, "parent_id", 1, "name", "x").refused(400, "could not be accessed")

	w.del(fmt.Sprintf("/v2/nodes/%d", id)).ok()
	again := w.document("Spot.mp4")
	w.send("POST", "/v2/volumes/recyclebin/nodes/restore", jsonField(map[string]any{"ids": []int64{id}})).refused(400, "already exists")
	w.put(fmt.Sprintf("/v2/nodes/%d", again), "name", "Other.mp4").ok()
	w.send("POST", "/v2/volumes/recyclebin/nodes/restore", jsonField(map[string]any{"ids": []int64{id}})).ok()
	require.Len(t, w.Documents(), 2)
}

func TestECM_MoveAndRenameUnderAToken(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.document("a")
	to := w.AddFolder(w.folder, "Deeper")
	path := fmt.Sprintf("/v2/nodes/%d", id)
	token := w.get(path, "state", "").ok().text("results.state.properties.metadata_token")
	w.put(path, "name", "b", "metadata_token", token).ok()
	w.put(path, "name", "c", "metadata_token", token).refused(409, "Could not update metadata (edit conflict).")
	w.put(path, "parent_id", to).ok()
	require.Equal(t, to, w.node(id).Parent)
	require.Equal(t, "b", w.node(id).Name)
	w.put(fmt.Sprintf("/v2/nodes/%d", w.folder), "parent_id", to).refused(400, "could not be accessed")
	way := w.get(fmt.Sprintf("/v1/nodes/%d/ancestors", id)).ok()
	require.Equal(t, "Enterprise", way.text("ancestors.0.name"))
	require.Len(t, way.list("ancestors"), 4)
}

func TestECM_PagesRepeatBeyondTheEnd(t *testing.T) {
	t.Parallel()
	for _, empty := range []bool{false, true} {
		w := newECMWorld(t, func(o *ECMOptions) { o.EmptyPages = empty })
		for i := range 5 {
			w.AddFolder(w.folder, fmt.Sprintf("f%d", i))
		}
		path := fmt.Sprintf("/v2/nodes/%d/nodes", w.folder)
		a := w.get(path, "limit", 2, "page", 3, "sort", "desc_name").ok()
		require.Equal(t, "f0", a.text("results.0.data.properties.name"))
		require.EqualValues(t, 3, a.id("collection.paging.page_total"))
		require.EqualValues(t, 5, a.id("collection.paging.total_count"))
		beyond := w.get(path, "limit", 2, "page", 9).ok()
		require.Equal(t, empty, len(beyond.list("results")) == 0)
		require.Len(t, w.get(path, "where_name", "F1").ok().list("results"), 1)
		require.Empty(t, w.get(path, "where_type", -3).ok().list("results"))
	}
}

func TestECM_ListLeavesOutWhatCannotBeSeen(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.document("a")
	ids := make([]int64, 251)
	w.send("POST", "/v2/nodes/list", jsonField(map[string]any{"ids": ids})).refused(400, "Too many items specified for parameter 'ids'")
	w.post("/v2/nodes/list").refused(400, "The parameter 'ids' is not specified")
	w.post("/v2/nodes/list", "ids", "x").refused(400, "Invalid datatype specified for argument 'ids'")
	require.Len(t, w.send("POST", "/v2/nodes/list", jsonField(map[string]any{"ids": []int64{id, 999999}})).ok().list("results"), 1)
	w.get("/v2/nodes/999999").refused(400, "Could not get a node for 999999")
	w.get("/v1/nodes/999999/content").refused(500, "Could not locate node: 999999")
	w.get("/v2/nodes/999999/content").refused(500, "could not be accessed")
	w.del("/v2/nodes/999999").refused(500, "Could not get a node for 999999")
	w.get("/v2/volumes/144").refused(500, "Subtype 144 is not a root subtype")
	w.get("/v2/volumes/77777").refused(500, "Subtype 77777 not registered")
	for _, kind := range []int{141, 133, 198, 550, 862} {
		require.EqualValues(t, kind, w.get(fmt.Sprintf("/v2/volumes/%d", kind)).ok().id("results.data.properties.type"))
	}
	require.NotEmpty(t, w.get("/v2/volumes").ok().list("results"))
	require.EqualValues(t, 198, w.get("/v2/classificationvolume").ok().id("type"))
}

func TestECM_ADeletedFolderHidesWhatItHolds(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.document("a")
	w.del(fmt.Sprintf("/v2/nodes/%d", w.folder)).ok()
	w.get(fmt.Sprintf("/v2/nodes/%d", id)).refused(400, "Could not get a node")
	bin := w.get("/v2/volumes/recyclebin/nodes", "mode", "anyone_deleted").ok()
	require.Equal(t, w.folder, bin.id("results.0.data.properties.id"))
	require.NotEmpty(t, bin.text("results.0.data.properties.purged_date"))
	partly := w.send("POST", "/v2/volumes/recyclebin/nodes/purge", jsonField(map[string]any{"ids": []int64{w.folder, 5}}))
	partly.refused(400, "could not be accessed")
	require.Equal(t, w.folder, partly.id("results.success.ids.0"), "what could be purged is purged, although the status says no")
	require.EqualValues(t, 5, partly.id("results.failure.ids.0"))
	require.Empty(t, w.get("/v2/volumes/recyclebin/nodes").ok().list("results"))
}

func TestECM_Reservation(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	w.AddUser(ECMUser{Name: "ann", Password: "pw"})
	bob := w.AddUser(ECMUser{Name: "bob", Password: "pw"})
	id := w.document("a")
	path := fmt.Sprintf("/v2/nodes/%d", id)
	w.as("bob").put(path, "reserved_user_id", bob).ok()
	w.as("ann").put(path, "name", "b").refused(400, "invalid action")
	w.as("ann").put(path, "reserved_user_id", "").refused(400, "invalid action 'reserve'")
	require.Equal(t, "true", w.get(path).text("results.data.properties.reserved"))
	require.Len(t, w.as("bob").get("/v2/members/reserved").ok().list("results"), 1)
	w.as("bob").send("PUT", path, jsonField(map[string]any{"reserved_user_id": nil})).ok()
	w.as("ann").put(path, "name", "b").ok()
}

func TestECM_Nicknames(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	a, b := w.document("a"), w.document("b")
	set := func(id int64, name string) *ecmAnswer {
		return w.put(fmt.Sprintf("/v2/nodes/%d/nicknames", id), "nickname", name)
	}
	set(a, "spot").ok()
	set(b, "Spot").refused(500, "Nicknames must be unique")
	set(b, "12").refused(500, "Nickname cannot be a number")
	set(b, "a b").refused(500, "invalid character")
	set(b, "").refused(500, "length")
	require.Equal(t, a, w.get("/v2/nicknames/spot/nodes").ok().id("results.data.properties.id"))
	w.get("/v2/nicknames/none/nodes").refused(404, "Sorry, no exact match was found for an item with the Nickname")
}

func TestECM_CopyAndActions(t *testing.T) {
	t.Parallel()
	w := newECMWorld(t)
	id := w.record("a")
	other := w.AddFolder(enterpriseID, "Other")
	w.send("POST", "/v2/nodes", jsonField(map[string]any{"original_id": w.folder, "parent_id": other})).ok()
	docs := w.Documents()
	require.Len(t, docs, 2)
	require.Equal(t, docs[0].SHA256, docs[1].SHA256)
	require.Zero(t, docs[1].Class, "a copy is no record")

	acts := func() *ecmAnswer {
		return w.send("POST", "/v2/nodes/actions", jsonField(map[string]any{"ids": []int64{id}, "actions": []string{"delete", "AddRMClassifications"}})).ok()
	}
	require.Contains(t, acts().text(fmt.Sprintf("results.%d.data.AddRMClassifications.body", id)), `"enabled":true`)
	w.put("/v1/rmclassifications/finalizerecords", "ids", id).ok()
	require.Empty(t, acts().list(fmt.Sprintf("results.%d.order", id)), "a final record cannot be deleted or classified anew")
}
