package smint_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/smintecm/sdk/smint"
)

// internet is every host at once: one TLS server to which all connections that
// the policy lets through are led, whatever their address. It takes down what
// was dialed, and what came.
type internet struct {
	srv   *httptest.Server
	roots *x509.CertPool

	mu       sync.Mutex
	lookups  map[string]int
	dialed   []netip.AddrPort
	requests []arrival
}

type arrival struct{ host, path, authorization, referer, cookie string }

func newInternet(t *testing.T) *internet {
	t.Helper()
	n := &internet{lookups: map[string]int{}, roots: x509.NewCertPool()}
	n.srv = httptest.NewUnstartedServer(n)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "every host"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"*.smint.io", "*.clapi.smint.io", "evil.example", "*.evil.example"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	n.roots.AddCert(cert)
	n.srv.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	n.srv.StartTLS()
	t.Cleanup(n.srv.Close)
	return n
}

// ServeHTTP redirects to what the query asks for, with its code, and else
// serves a file.
func (n *internet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	n.requests = append(n.requests, arrival{r.Host, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Referer"), r.Header.Get("Cookie")})
	n.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "canary", Domain: "smint.io", Path: "/"})
	if to := r.URL.Query().Get("to"); to != "" {
		code := 0
		_, _ = fmt.Sscan(r.URL.Query().Get("code"), &code)
		w.Header()["Location"] = []string{to}
		w.WriteHeader(code)
		return
	}
	_, _ = io.WriteString(w, "content")
}

// aton reads the address forms of the C library's inet_aton: what a resolver
// may make of numbers that are no host names.
var aton = map[string]string{
	"167772161": "10.0.0.1", "0xa000001": "10.0.0.1", "012.0.0.1": "10.0.0.1", "10.1": "10.0.0.1", "0": "0.0.0.0", "127.1": "127.0.0.1", "0x7f.1": "127.0.0.1",
	"2130706433": "127.0.0.1", "017700000001": "127.0.0.1", "0xa9fea9fe": "169.254.169.254", "2852039166": "169.254.169.254", "localhost.": "127.0.0.1",
}

const open8 = "8.8.8.8" // an address of the open internet

// forbidden are addresses that nothing may reach; names below evil-N.smint.io
// resolve to them.
var forbidden = []string{
	"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "169.254.169.254", "169.254.170.2", "100.64.0.1", "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3",
	"224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.0.170", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
	"::", "::1", "::10.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::a00:1", "100::1",
	"fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001::1", "2001:db8::1", "2002:a00:1::1", "3fff::1", "5f00::1",
}

func (n *internet) resolve(_ context.Context, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lookups[host]++
	text := open8
	switch {
	case aton[host] != "":
		text = aton[host]
	case strings.HasPrefix(host, "evil-"):
		i := 0
		_, _ = fmt.Sscanf(host, "evil-%d.", &i)
		text = forbidden[i]
	case strings.HasPrefix(host, "rebind.") && n.lookups[host]%2 == 0:
		text = "10.0.0.1" // the second look-up gives another answer than the first
	case strings.HasPrefix(host, "both."):
		return []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr(open8)}, nil
	case strings.HasPrefix(host, "nowhere."):
		return nil, nil
	}
	return []netip.Addr{netip.MustParseAddr(text)}, nil
}

func (n *internet) connect(ctx context.Context, network, address string) (net.Conn, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.dialed = append(n.dialed, at)
	n.mu.Unlock()
	return (&net.Dialer{}).DialContext(ctx, network, n.srv.Listener.Addr().String())
}

// take returns what has come so far, and forgets it.
func (n *internet) take() (dialed []netip.AddrPort, requests []arrival) {
	n.mu.Lock()
	defer n.mu.Unlock()
	dialed, requests = n.dialed, n.requests
	n.dialed, n.requests = nil, nil
	return dialed, requests
}

// places are the targets of the matrix: address, and whether the policy of the
// matrix allows it.
func places() map[string]bool {
	all := map[string]bool{
		"https://cdn.smint.io/x": true, "https://CDN.Smint.IO:443/x": true, "https://acme.clapi.smint.io/consumer/v1/x": true, "https://both.smint.io/x": true,
		"https://evil.example/x": false, "https://smint.io/x": false, "https://evilsmint.io/x": false, "https://smint.io.evil.example/x": false, "https://cdn.smint.io.evil.example/x": false,
		"https://cdn.smint.io:8443/x": false, "https://cdn.smint.io:0443/x": false, "https://cdn.smint.io:80/x": false, "https://cdn.smint.io./x": false,
		"https://user:pw@cdn.smint.io/x": false, "https://cdn.smint.io@evil.example/x": false, "https://cdn.smint.io:443@evil.example/x": false, "https://@cdn.smint.io/x": false,
		"http://cdn.smint.io/x": false, "http://cdn.smint.io:443/x": false, "http://acme.clapi.smint.io/x": false, "ftp://cdn.smint.io/x": false, "file:///etc/passwd": false,
		"gopher://cdn.smint.io/x": false, "javascript:alert(1)": false, "data:text/plain,x": false, "//evil.example/x": false, "https:///x": false, "https://%63dn.smint.io/x": false,
		"https://evil.example／.smint.io/x": false, "https://evil。smint.io/x": false, "https://10。0。0。1/x": false, "https://xn--evil.example/x": false,
		"https://localhost/x": false, "https://localhost:443/x": false, "http://localhost/x": false, "https://LOCALHOST/x": false, "https://metadata.google.internal/x": false,
		"https://[fe80::1%25eth0]/x": false, "https://127.0.0.1:443/x": false, "http://127.0.0.1:80/x": false, "https://[::1]:443/x": false,
	}
	for i, address := range forbidden {
		literal := address
		if strings.Contains(address, ":") {
			literal = "[" + address + "]"
		}
		all["https://"+literal+"/x"] = false
		all["http://"+literal+"/x"] = false
		all[fmt.Sprintf("https://evil-%d.smint.io/x", i)] = false
	}
	for host := range aton {
		all["https://"+host+"/x"] = false
	}
	return all
}

// TestP3_FetchPolicyMatrix: every target, asked for directly and pointed to by
// a redirect of every kind from the API's own host and from a foreign one that
// is allowed, through one hop more as well. Nothing reaches a forbidden address,
// nothing that is refused is asked for, and no credential goes to a host that it
// was not given for.
func TestP3_FetchPolicyMatrix(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	w := newTenant(t, nil)
	// Even a list that names them allows no forbidden address.
	hosts := []string{"*.smint.io", "10.0.0.1", "169.254.169.254", "167772161", "0x7f.1", "0xa9fea9fe", "10.1", "012.0.0.1", "::1", "127.0.0.1", "localhost", "localhost.", "[::ffff:10.0.0.1]"}
	c := w.client(t, nil, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: hosts, Resolve: n.resolve, RootCAs: n.roots}.WithConnect(n.connect)))
	token := "Bearer " + bearer(t, w, c)

	redirect := func(from, to string, code int) string {
		return from + "?" + url.Values{"to": {to}, "code": {fmt.Sprint(code)}, "sig": {"canary"}}.Encode()
	}
	const own, foreign = "https://acme.clapi.smint.io/files/1", "https://storage.smint.io/1"
	runs, refused := 0, 0
	check := func(address, target string, allowed bool) {
		t.Helper()
		runs++
		content, err := c.Downloads.Open(t.Context(), smint.File{URL: smint.Secret(address)})
		if err == nil {
			_, err = read(t, content)
		}
		if allowed {
			require.NoError(t, err, address)
		} else {
			refused++
			require.Error(t, err, address)
			require.NotContains(t, err.Error(), "canary", "no signature in an error")
			require.ErrorIs(t, err, smint.ErrFetchRefused, "%s to %s", address, target)
		}
		dialed, requests := n.take()
		for _, at := range dialed {
			require.Equal(t, open8+":443", at.String(), "%s: nothing reaches a forbidden address", address)
		}
		for _, r := range requests {
			require.Contains(t, []string{"acme.clapi.smint.io", "storage.smint.io", "cdn.smint.io", "cdn.smint.io:443", "both.smint.io"}, strings.ToLower(r.host), "%s: nothing that is refused is asked for", address)
			require.Empty(t, r.referer, "%s: a signed address is a credential too", address)
			require.Empty(t, r.cookie, "%s: one host's cookie is no other's", address)
			first, err := url.Parse(address)
			require.NoError(t, err)
			if r.authorization != "" {
				require.Equal(t, token, r.authorization)
				require.Equal(t, "acme.clapi.smint.io", r.host, "%s: no credential goes to a foreign host", address)
				require.Equal(t, "acme.clapi.smint.io", first.Host, "%s: and none that was not there at first", address)
			}
		}
	}
	for target, allowed := range places() {
		check(target, target, allowed)
		for _, code := range []int{301, 302, 303, 307, 308} {
			for _, from := range []string{own, foreign} {
				once := redirect(from, target, code)
				check(once, target, allowed)
				check(redirect("https://storage.smint.io/2", once, code), target, allowed)
			}
		}
	}
	t.Logf("%d targets, %d downloads, %d refused", len(places()), runs, refused)
}

// bearer is the access token that a client uses.
func bearer(t *testing.T, w *tenant, c *smint.Client) string {
	t.Helper()
	_, err := c.Metadata.Generic(t.Context())
	require.NoError(t, err)
	all := w.Exchanges()
	return strings.TrimPrefix(all[len(all)-1].RequestHeader.Get("Authorization"), "Bearer ")
}

// TestP3_ARebindingResolver gives a good address when a host is looked at and a
// bad one when it is called: what was checked is what is called.
func TestP3_ARebindingResolver(t *testing.T) {
	t.Parallel()
	n := newInternet(t)
	w := newTenant(t, nil)
	for range 6 {
		// A client of its own has no connection that is open already.
		c := w.client(t, nil, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"*.smint.io"}, Resolve: n.resolve, RootCAs: n.roots}.WithConnect(n.connect)))
		content, err := c.Downloads.Open(t.Context(), smint.File{URL: "https://rebind.smint.io/x"})
		if n.lookups["rebind.smint.io"]%2 == 0 {
			require.ErrorIs(t, err, smint.ErrFetchRefused)
		} else {
			require.NoError(t, err)
			require.NoError(t, content.Close())
		}
	}
	dialed, _ := n.take()
	require.Len(t, dialed, 3)
	require.Equal(t, 6, n.lookups["rebind.smint.io"], "one look-up for each call: there is no second one to lie")
	for _, at := range dialed {
		require.Equal(t, open8+":443", at.String())
	}
}

// TestP3_RedirectsHaveAnEnd, and a redirect never goes from https to http, not
// even to loopback addresses that are listed.
func TestP3_RedirectsHaveAnEnd(t *testing.T) {
	t.Parallel()
	var plain *httptest.Server
	hits := 0
	plain = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits++
		if r.URL.Path == "/loop" {
			http.Redirect(w, r, plain.URL+"/loop", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "content")
	}))
	t.Cleanup(plain.Close)
	host := strings.TrimPrefix(plain.URL, "http://")
	n := newInternet(t)
	w := newTenant(t, nil)
	c := w.client(t, nil, smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"*.smint.io", host}, Resolve: n.resolve, RootCAs: n.roots}.WithConnect(
		func(ctx context.Context, network, address string) (net.Conn, error) {
			if address == host {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			}
			return n.connect(ctx, network, address)
		})))
	content, err := c.Downloads.Open(t.Context(), smint.File{URL: smint.Secret(plain.URL + "/x")})
	require.NoError(t, err, "a loopback address that is listed with its port")
	b, err := read(t, content)
	require.NoError(t, err)
	require.Equal(t, "content", string(b))
	hits = 0
	_, err = c.Downloads.Open(t.Context(), smint.File{URL: smint.Secret(plain.URL + "/loop")})
	require.ErrorIs(t, err, smint.ErrFetchRefused)
	require.Equal(t, 6, hits, "5 redirects are followed")
	hits = 0
	_, err = c.Downloads.Open(t.Context(), smint.File{URL: smint.Secret("https://storage.smint.io/1?" + url.Values{"to": {plain.URL + "/x"}, "code": {"302"}}.Encode())})
	require.ErrorIs(t, err, smint.ErrFetchRefused)
	require.Zero(t, hits)
	_, err = w.client(t, nil, smint.WithRetries(0), smint.WithFetchPolicy(smint.FetchPolicy{Resolve: n.resolve}.WithConnect(n.connect))).Downloads.Open(
		t.Context(), smint.File{URL: "https://nowhere.smint.io/x"})
	require.ErrorContains(t, err, "no address")
}

// TestP3_CapsAreChecked: a policy that makes no sense is no policy.
func TestP3_CapsAreChecked(t *testing.T) {
	t.Parallel()
	w := newTenant(t, nil)
	_, err := smint.New(smint.Endpoints{Identity: w.Endpoints().Identity, CLAPI: w.Endpoints().CLAPI}, smint.Login{ClientID: "a", ClientSecret: "b", RefreshToken: "c"},
		smint.WithFetchPolicy(smint.FetchPolicy{Hosts: []string{"*", "a b", "u@h", "https://h", ""}, MaxBytes: -1, Timeout: -1}))
	require.ErrorIs(t, err, smint.ErrInvalid)
	for _, what := range []string{"hosts[0]", "hosts[1]", "hosts[2]", "hosts[3]", "hosts[4]", "max bytes", "timeout"} {
		require.ErrorContains(t, err, what)
	}
}
