package testserver

import (
	"encoding/json"
	"io"
	"net/http"
)

func jsonObject(r io.Reader) (map[string]any, error) {
	var m map[string]any
	err := json.NewDecoder(io.LimitReader(r, maxField)).Decode(&m)
	return m, err
}

// routes is the table of everything the fake answers. What is not here, it
// does not know, and says so in the server's own words.
func (e *ECM) routes() {
	e.mux = http.NewServeMux()
	at := func(pattern string, h ecmHandler) { e.handle(pattern, false, h) }
	public := func(pattern string, h ecmHandler) { e.handle(pattern, true, h) }

	public("POST /v1/auth", (*ecmCall).postAuth)
	at("GET /v1/auth", (*ecmCall).getAuth)
	at("DELETE /v1/auth", (*ecmCall).deleteAuth)
	e.mux.HandleFunc("POST /otdsws/rest/authentication/credentials", e.otds("userName", "userId"))
	e.mux.HandleFunc("POST /otdsws/v1/authentication/credentials", e.otds("user_name", "user_id"))
	public("POST /otdsws/oauth2/token", (*ecmCall).token)
	public("GET /v1/ping", func(*ecmCall) ecmReply {
		return ok(map[string]any{"rest_api": []any{map[string]any{"build": 2, "href": "api/v1", "version": 1}}})
	})
	at("GET /v1/serverinfo", (*ecmCall).serverInfo)

	at("GET /v2/nodes/{id}", (*ecmCall).getNode)
	at("POST /v2/nodes", (*ecmCall).createNode)
	at("POST /v1/nodes", (*ecmCall).createNodeV1)
	at("PUT /v2/nodes/{id}", (*ecmCall).updateNode)
	at("DELETE /v2/nodes/{id}", (*ecmCall).deleteNode)
	at("POST /v2/nodes/list", (*ecmCall).listNodes)
	at("GET /v2/nodes/{id}/nodes", (*ecmCall).children)
	at("GET /v1/nodes/{id}/ancestors", (*ecmCall).ancestors)
	at("POST /v1/validation/nodes/names", (*ecmCall).validateNames)
	at("GET /v2/volumes", (*ecmCall).volumes)
	at("GET /v2/volumes/{type}", (*ecmCall).volume)
	at("GET /v2/classificationvolume", (*ecmCall).classificationVolume)

	at("GET /v2/nodes/{id}/versions", (*ecmCall).versions)
	at("POST /v2/nodes/{id}/versions", (*ecmCall).addVersion)
	at("GET /v2/nodes/{id}/versions/{version}", (*ecmCall).version)
	at("GET /v1/nodes/{id}/content", (*ecmCall).content)
	at("GET /v2/nodes/{id}/content", (*ecmCall).content)
	at("GET /v1/nodes/{id}/versions/{version}/content", (*ecmCall).content)
	at("GET /v2/nodes/{id}/versions/{version}/content", (*ecmCall).content)

	at("GET /v2/nodes/{id}/categories", (*ecmCall).categories)
	at("POST /v2/nodes/{id}/categories", (*ecmCall).addCategory)
	at("GET /v2/nodes/{id}/categories/{category}", (*ecmCall).category)
	at("PUT /v2/nodes/{id}/categories/{category}", (*ecmCall).updateCategory)
	at("DELETE /v2/nodes/{id}/categories/{category}", (*ecmCall).removeCategory)
	at("GET /v1/forms/nodes/categories/create", (*ecmCall).categoryForm)

	at("GET /v1/nodes/{id}/rmclassifications", (*ecmCall).recordDetails)
	at("POST /v1/nodes/{id}/rmclassifications", (*ecmCall).classify)
	at("PUT /v1/nodes/{id}/rmclassifications", (*ecmCall).updateRecord)
	at("DELETE /v1/nodes/{id}/rmclassifications/{class}", (*ecmCall).unclassify)
	at("PUT /v1/rmclassifications/finalizerecords", (*ecmCall).finalize)
	at("GET /v2/rsis", (*ecmCall).rsis)
	at("GET /v1/nodes/{id}/rsis", (*ecmCall).nodeRSIs)
	at("POST /v1/nodes/{id}/rmclassifications/{class}/rsis", (*ecmCall).assignRSI)
	at("GET /v1/nodes/{id}/rsi/{rsi}/GetRSIDetails", (*ecmCall).rsiDetails)
	at("GET /v1/nodes/{id}/holds", (*ecmCall).nodeHolds)
	at("GET /v1/xrefs", (*ecmCall).xrefTypes)
	at("GET /v1/nodes/{id}/xrefs", (*ecmCall).nodeXrefs)
	at("POST /v1/nodes/{id}/xrefs", (*ecmCall).assignXref)

	e.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		e.answer(w, nil, fail(http.StatusBadRequest, textNoRoute))
	})
}
