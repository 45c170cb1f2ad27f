package testserver

import (
	"bytes"
	"net/http"
	"strings"
)

// SmintEndpoints are the base addresses of a fake's services.
type SmintEndpoints struct {
	Identity, CLAPI, Portals, Backend, Admin, Payload, Gateway string
	// Pusher is the websocket address without path.
	Pusher string
	// Files and Storage are where downloads come from: the licensing API's own
	// host, and a foreign one.
	Files, Storage string
}

// smintService ties a service to its host name in-process and to the paths
// that it answers.
type smintService struct {
	host     func(tenant string) string
	prefixes []string
}

var smintServices = []smintService{
	{func(t string) string { return t + ".smint.io" }, []string{"/connect/", "/.well-known/"}},
	{func(t string) string { return t + ".clapi.smint.io" }, []string{"/consumer/v1/", "/files/"}},
	{func(t string) string { return t + ".portalsapife.smint.io" }, []string{"/frontend/v1/"}},
	{func(t string) string { return t + ".portalsapib.smint.io" }, []string{"/backend/v1/"}},
	{func(t string) string { return t + ".portal-api.smint.io" }, []string{"/portal/v1/"}},
	{func(t string) string { return "portal." + t + ".example" }, []string{"/portal/v1/", "/connect/", "/.well-known/"}},
	{func(t string) string { return "gateway." + t + ".example" }, []string{"/gateway/v1/"}},
	{func(t string) string { return "storage." + t + ".example" }, []string{"/storage/"}},
	{func(string) string { return "ws-eu.pusher.com" }, []string{"/app/"}},
}

// Endpoints are the addresses behind [Smint.Transport], named as the vendor
// names them.
func (s *Smint) Endpoints() SmintEndpoints {
	host := func(i int) string { return "https://" + smintServices[i].host(s.options.Tenant) }
	return SmintEndpoints{
		Identity: host(0), CLAPI: host(1) + "/consumer/v1", Files: host(1) + "/files", Portals: host(2) + "/frontend/v1",
		Backend: host(3) + "/backend/v1", Admin: host(4) + "/portal/v1", Payload: host(5) + "/portal/v1",
		Gateway: host(6) + "/gateway/v1", Storage: host(7) + "/storage", Pusher: "wss://" + smintServices[8].host(s.options.Tenant),
	}
}

// EndpointsAt are the addresses of a fake whose handler is served at base, an
// address without path such as http://127.0.0.1:8080.
func (s *Smint) EndpointsAt(base string) SmintEndpoints {
	base = strings.TrimSuffix(base, "/")
	return smintEndpointsAt(base, s.storageBase())
}

func smintEndpointsAt(base, storage string) SmintEndpoints {
	if storage == "" {
		storage = base
	}
	return SmintEndpoints{
		Identity: base, CLAPI: base + "/consumer/v1", Files: base + "/files", Portals: base + "/frontend/v1", Backend: base + "/backend/v1",
		Admin: base + "/portal/v1", Payload: base + "/portal/v1", Gateway: base + "/gateway/v1", Storage: storage + "/storage",
		Pusher: "ws" + strings.TrimPrefix(base, "http"),
	}
}

// StorageAt tells the fake that [Smint.StorageHandler] is served at base, so
// that download addresses of the storage host lead there. Without it they lead
// to the host that was asked.
func (s *Smint) StorageAt(base string) {
	base = strings.TrimSuffix(base, "/")
	s.storage.Store(&base)
}

func (s *Smint) storageBase() string {
	if base := s.storage.Load(); base != nil {
		return *base
	}
	return ""
}

// endpointsFor are the addresses as the client of a request knows them.
func (s *Smint) endpointsFor(r *http.Request) SmintEndpoints {
	if r == nil || s.serviceOf(r.Host) != nil {
		return s.Endpoints()
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return smintEndpointsAt(scheme+r.Host, s.storageBase())
}

func (s *Smint) serviceOf(host string) *smintService {
	for i := range smintServices {
		if smintServices[i].host(s.options.Tenant) == strings.TrimSuffix(host, ":443") {
			return &smintServices[i]
		}
	}
	return nil
}

// routes fills the table of everything the fake answers.
func (s *Smint) routes() {
	s.mux = http.NewServeMux()
	handle := func(pattern string, handler http.HandlerFunc) { s.mux.HandleFunc(pattern, handler) }
	handle("GET /.well-known/openid-configuration", s.serveDiscovery)
	handle("GET /.well-known/openid-configuration/jwks", func(w http.ResponseWriter, _ *http.Request) {
		smintReply(w, http.StatusOK, SmintJSON{"keys": []any{}})
	})
	handle("GET /connect/authorize", s.serveAuthorize)
	handle("POST /connect/token", s.serveToken)
	handle("POST /connect/revocation", s.serveRevocation)
	handle("GET /consumer/v1"+s.options.Paths.Metadata, s.serveMetadata)
	handle("GET /consumer/v1"+s.options.Paths.Transactions, s.serveTransactions)
	handle("GET /consumer/v1"+s.options.Paths.Binaries, s.serveBinaries)
	handle("GET /files/{transaction}/{binary}/{version}", s.serveFile(smintOwn))
	handle("GET /storage/{transaction}/{binary}/{version}", s.serveFile(smintStorage))
	s.pushRoutes()
	s.portalRoutes()
	s.gatewayRoutes()
	handle("/", func(w http.ResponseWriter, r *http.Request) {
		smintRefuse(w, http.StatusNotFound, "not_found", "No such endpoint: "+r.Method+" "+r.URL.Path, nil)
	})
}

// Transport reaches the fake within the process, by the host names of
// [Smint.Endpoints], websockets included.
func (s *Smint) Transport() http.RoundTripper { return smintTransport{Transport(s.Tap), s.Tap} }

// Serve serves the fake at a loopback address, and its storage host at another
// one, until stop is called.
func (s *Smint) Serve() (ends SmintEndpoints, stop func()) {
	base, stopBase := Serve(s.Tap)
	storage, stopStorage := Serve(s.StorageHandler())
	s.StorageAt(storage)
	return s.EndpointsAt(base), func() { stopBase(); stopStorage() }
}

// route names a request by the pattern that answers it.
func (s *Smint) route(r *http.Request) string {
	if _, pattern := s.mux.Handler(r); pattern != "/" {
		return pattern
	}
	return "unknown " + r.Method + " " + r.URL.Path
}

func (s *Smint) serve(w http.ResponseWriter, r *http.Request) {
	if service := s.serviceOf(r.Host); service != nil && !smintHasPrefix(r.URL.Path, service.prefixes) {
		smintRefuse(w, http.StatusNotFound, "not_found", "No such endpoint on this host: "+r.Method+" "+r.URL.Path, nil)
		return
	}
	if smintHasPrefix(r.URL.Path, []string{"/files/", "/storage/", "/app/"}) {
		s.mux.ServeHTTP(w, r)
		return
	}
	held := &smintHeld{header: w.Header()}
	s.mux.ServeHTTP(held, r)
	held.send(w)
}

// smintHeld keeps an answer until its handler has returned, so that a client
// that doesn't read never holds a lock of the fake.
type smintHeld struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *smintHeld) Header() http.Header { return h.header }

func (h *smintHeld) WriteHeader(status int) {
	if h.status == 0 {
		h.status = status
	}
}

func (h *smintHeld) Write(p []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	return h.body.Write(p)
}

func (h *smintHeld) send(w http.ResponseWriter) {
	if h.status != 0 {
		w.WriteHeader(h.status)
	}
	_, _ = w.Write(h.body.Bytes())
}

// StorageHandler answers only for the storage host, to be served at an address
// of its own: see [Smint.StorageAt].
func (s *Smint) StorageHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/storage/") {
			http.NotFound(w, r)
			return
		}
		s.ServeHTTP(w, r)
	})
}

func smintHasPrefix(path string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
