package testserver

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// smintCall is one call of an execute endpoint.
type smintCall struct {
	s         *Smint
	r         *http.Request
	method    string
	arguments SmintJSON

	// What the method makes of it.
	result        any
	steps, failed int
	// status above zero refuses with the error object.
	status        int
	code, message string
	// missing is set if nothing that was asked for is there.
	missing bool
	// unreachable says why a live source did not answer.
	unreachable string
}

func (c *smintCall) refuse(status int, code, message string) {
	c.status, c.code, c.message = status, code, message
}

// member reads an argument. The server's parameters don't care about case.
func (c *smintCall) member(name string) any { return smintMember(c.arguments, name) }

func smintMember(object SmintJSON, name string) any {
	if value, ok := object[name]; ok {
		return value
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if strings.EqualFold(key, name) {
			return object[key]
		}
	}
	return nil
}

func smintMemberText(object SmintJSON, name string) string {
	text, _ := smintMember(object, name).(string)
	return text
}

func (c *smintCall) number(name string, fallback int) int {
	if number, ok := c.member(name).(json.Number); ok {
		if n, err := number.Int64(); err == nil {
			return int(n)
		}
	}
	return fallback
}

// smintMethod is one method of a public API interface.
type smintMethod struct {
	long bool
	run  func(*Smint, *smintCall)
}

// smintInterfaces are the interfaces and methods that the portal offers.
func (s *Smint) smintInterfaces() map[string]map[string]smintMethod {
	read := map[string]smintMethod{
		"getAssetAsync": {false, (*Smint).runGetAsset}, "getAssetsAsync": {true, (*Smint).runGetAssets},
		"getResourceAssetAsync": {false, (*Smint).runGetAsset}, "getResourceAssetsAsync": {true, (*Smint).runGetAssets},
	}
	search := map[string]smintMethod{
		"getFeatureSupportAsync": {false, (*Smint).runFeatures},
		"searchAssetsAsync":      {false, (*Smint).runSearch}, "searchResourceAssetsAsync": {false, (*Smint).runSearch},
		"getFormItemDefinitionAllowedValuesAsync":               {false, (*Smint).runAllowedValues},
		"getFormItemDefinitionAllowedValuesResourceAssetsAsync": {false, (*Smint).runAllowedValues},
		"getFullTextSearchProposalsAsync":                       {false, (*Smint).runProposals},
	}
	random := map[string]smintMethod{"getRandomAssetsAsync": {false, (*Smint).runRandom}}
	download := map[string]smintMethod{
		"getAssetsDownloadsForAssetsAsync":     {true, (*Smint).runDownloads},
		"initiateAssetsDownloadForAssetsAsync": {true, (*Smint).runInitiate},
	}
	all := map[string]smintMethod{}
	for _, methods := range []map[string]smintMethod{read, search, random, download} {
		maps.Copy(all, methods)
	}
	offered := map[string]map[string]smintMethod{
		"IAssetsRead": read, "IAssetsSearch": search, "IAssetsReadRandom": random, "IAssetsDownload": download, "IAssets": all,
	}
	if s.options.CommandInterface != "-" {
		commands := map[string]smintMethod{}
		for name, action := range commandMethods() {
			commands[name] = smintMethod{false, func(s *Smint, c *smintCall) { s.runCommand(c, action) }}
		}
		if s.options.AttributeCommands {
			commands[AttributeMethod] = smintMethod{false, (*Smint).runAttributes}
		}
		offered[s.options.CommandInterface] = commands
	}
	return offered
}

func (s *Smint) portalRoutes() {
	const portal = "/frontend/v1/portals/{portal}"
	s.mux.HandleFunc("POST "+portal+"/portalsContext/{interface}/execute/{method}", s.serveExecute)
	s.mux.HandleFunc("POST "+portal+"/pageConfigurations/{page}/{property}/{instance}/execute/{method}", s.serveExecute)
	s.mux.HandleFunc("POST "+portal+"/pageConfigurations/{page}/componentConfigurations/{component}/{property}/{instance}/execute/{method}", s.serveExecute)
	s.mux.HandleFunc("POST "+portal+"/portalsContext/uploadFile", s.serveUpload)
	s.mux.HandleFunc("GET /frontend/v1/backgroundTasks/{task}", s.serveTask)
	s.mux.HandleFunc("GET /portal/v1/portalsPayload", s.servePayload)
	s.mux.HandleFunc("GET /storage/portal/{ticket}", s.serveTicket)
}

// PortalUUID and PageUUID are the ids of the fake's portal and of its search
// page, as the payload tells them.
const (
	PortalUUID = "345"
	PageUUID   = "77"
)

func (s *Smint) serveExecute(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, smintScopePortal, smintScopeFull) {
		return
	}
	method, ok := s.methodOf(r)
	if !ok {
		smintRefuse(w, http.StatusNotFound, "not_found", "The portal, page, interface or method is unknown", SmintJSON{"name": r.PathValue("method")})
		return
	}
	call := &smintCall{s: s, r: r, method: r.PathValue("method")}
	if !s.readArguments(w, call) {
		return
	}
	s.askLive(r.Context(), call)
	s.mu.Lock()
	defer s.mu.Unlock()
	plan := s.takePlan(call.method)
	if call.unreachable != "" {
		plan.Error = "The source cannot be reached"
	}
	call.steps = 1
	method.run(s, call)
	switch {
	case call.status > 0:
		smintRefuse(w, call.status, call.code, call.message, nil)
		return
	case call.unreachable != "":
	case call.missing && s.options.Missing == SmintMissingStatus:
		w.WriteHeader(http.StatusNotFound)
		return
	case call.missing && s.options.Missing == SmintMissingObject:
		smintRefuse(w, http.StatusBadRequest, "asset_not_found", "The asset was not found", nil)
		return
	}
	smintReply(w, http.StatusOK, s.begin(call, method.long, plan).wire(s.now()))
}

func (s *Smint) methodOf(r *http.Request) (smintMethod, bool) {
	if r.PathValue("portal") != PortalUUID {
		return smintMethod{}, false
	}
	offered := s.smintInterfaces()
	name := r.PathValue("interface")
	if name == "" {
		if r.PathValue("page") != PageUUID || r.PathValue("instance") != "0" {
			return smintMethod{}, false
		}
		name = "IAssets"
	}
	method, ok := offered[name][r.PathValue("method")]
	return method, ok
}

// readArguments reads the body in form A, an array of strings, or form B, a
// string that holds such an array. A refusal has been answered.
func (s *Smint) readArguments(w http.ResponseWriter, call *smintCall) bool {
	refuse := func(status int, message string) bool {
		smintRefuse(w, status, "invalid_argument", message, nil)
		return false
	}
	media, _, _ := mime.ParseMediaType(call.r.Header.Get("Content-Type"))
	if media != "application/json" {
		return refuse(http.StatusUnsupportedMediaType, "The content type is not application/json")
	}
	raw, err := io.ReadAll(io.LimitReader(call.r.Body, 8<<20))
	if err != nil {
		return refuse(http.StatusBadRequest, "The body cannot be read")
	}
	var texts []string
	form := "A"
	var whole string
	if json.Unmarshal(raw, &whole) == nil {
		form, raw = "B", []byte(whole)
	}
	if s.options.BodyForm != "" && s.options.BodyForm != form {
		return refuse(http.StatusBadRequest, "The body has form "+form+", which this portal does not take")
	}
	if err := json.Unmarshal(raw, &texts); err != nil {
		return refuse(http.StatusBadRequest, "The body is not an array of strings")
	}
	call.arguments = SmintJSON{}
	if len(texts) > 1 {
		return refuse(http.StatusBadRequest, "The method takes one argument")
	}
	if len(texts) == 1 {
		if call.arguments, err = smintObject([]byte(texts[0])); err != nil {
			return refuse(http.StatusBadRequest, "The argument is not the JSON text of an object")
		}
	}
	return true
}

func (s *Smint) servePayload(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, smintScopePortal, smintScopeFull) {
		return
	}
	smintReply(w, http.StatusOK, SmintJSON{
		"current_tenant": SmintJSON{"uuid": "1", "backend_api_url": s.endpointsFor(r).Portals},
		"current_portal_info": SmintJSON{"uuid": PortalUUID, "page_router_infos": []any{
			SmintJSON{"uuid": "76", "page_type": "page-type-home"}, SmintJSON{"uuid": PageUUID, "page_type": "page-type-assets-search"},
		}},
	})
}
