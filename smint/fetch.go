package smint

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/smintecm/sdk/internal/rest"
)

// FetchPolicy says where downloads may come from. A download address is
// foreign input: it is fetched by https from a listed host at a public
// address, and from nowhere else. The zero value allows the vendor's own
// hosts.
type FetchPolicy struct {
	// Hosts are the hosts that downloads, and their redirects, may come from:
	// "host" or "host:port" exactly, or "*.domain" for all below it. A host
	// without port means 443. A loopback address, also by plain http, is allowed
	// only if it is listed with its port. Defaults to "*.smint.io".
	Hosts []string
	// MaxBytes bounds one download. Defaults to 1 TiB.
	MaxBytes int64
	// Timeout bounds one download from its first byte to its last. Defaults to
	// 12 hours.
	Timeout time.Duration
	// Transport, for tests, carries the downloads instead of the network. Hosts
	// are checked all the same; addresses cannot be.
	Transport http.RoundTripper
	// Resolve, for tests, replaces the look-up of addresses.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
}

// fetcher fetches under a policy.
type fetcher struct {
	policy FetchPolicy
	client *http.Client
	agent  string
}

const maxRedirects = 5

func newFetcher(p FetchPolicy, agent string, faults *rest.Problems) *fetcher {
	if p.Hosts == nil {
		p.Hosts = []string{"*.smint.io"}
	}
	p.Hosts = slices.Clone(p.Hosts)
	for i, h := range p.Hosts {
		p.Hosts[i] = strings.ToLower(strings.TrimSpace(h))
		if p.Hosts[i] == "" || strings.ContainsAny(p.Hosts[i], "/@?# ") || p.Hosts[i] == "*" {
			faults.Add(fmt.Sprintf("fetch policy, hosts[%d]", i), h, "host, host:port or *.domain")
		}
	}
	if p.MaxBytes == 0 {
		p.MaxBytes = 1 << 40
	}
	if p.Timeout == 0 {
		p.Timeout = 12 * time.Hour
	}
	if p.Resolve == nil {
		p.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	f := &fetcher{policy: p, agent: agent}
	transport := p.Transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		// A proxy would dial for us, unchecked.
		t.Proxy = nil
		t.DialContext = f.dial
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		t.ResponseHeaderTimeout = time.Minute
		t.DisableCompression = true
		t.MaxResponseHeaderBytes = 1 << 20
		transport = t
	}
	f.client = &http.Client{Transport: transport, CheckRedirect: f.checkRedirect}
	return f
}

// allowed checks scheme, host and literal address of a download address.
func (f *fetcher) allowed(u *url.URL) error {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	refuse := func(why string) error {
		return fmt.Errorf("%w: %s://%s: %s", ErrFetchRefused, u.Scheme, u.Host, why)
	}
	switch {
	case u.User != nil:
		return refuse("it carries a user")
	case host == "":
		return refuse("it names no host")
	case u.Scheme != "https" && u.Scheme != "http":
		return refuse("the scheme is not https")
	}
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	exact := net.JoinHostPort(host, port)
	if isLoopback(host) {
		if slices.Contains(f.policy.Hosts, exact) {
			return nil
		}
		return refuse("a loopback address that the policy does not list with its port")
	}
	if u.Scheme != "https" {
		return refuse("plain http goes to listed loopback addresses only")
	}
	if addr, err := netip.ParseAddr(host); err == nil && !public(addr) {
		return refuse("not a public address")
	}
	if !f.listed(host, port) {
		return refuse("the host is not in the policy's list; add it to FetchPolicy.Hosts if downloads come from there")
	}
	return nil
}

func (f *fetcher) listed(host, port string) bool {
	return slices.ContainsFunc(f.policy.Hosts, func(entry string) bool {
		if domain, wild := strings.CutPrefix(entry, "*."); wild {
			return port == "443" && strings.HasSuffix(host, "."+domain)
		}
		if entry == net.JoinHostPort(host, port) || (strings.Contains(entry, ":") && entry == host+":"+port) {
			return true
		}
		return entry == host && port == "443"
	})
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.Unmap().IsLoopback())
}

// notPublic are the ranges beyond those that netip names which are no place
// for a download: shared, reserved, documentation, benchmarking, translation.
var notPublic = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16")

func prefixes(list ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(list))
	for i, s := range list {
		all[i] = netip.MustParsePrefix(s)
	}
	return all
}

// public tells an address of the open internet from all others: private,
// link-local (where clouds answer with credentials), loopback, multicast,
// reserved, and IPv4 in IPv6 clothes.
func public(addr netip.Addr) bool {
	addr = addr.Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() {
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// dial resolves the host itself and connects to an address that it has
// checked: a second look-up could give another.
func (f *fetcher) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	loopback := isLoopback(strings.ToLower(host)) && slices.Contains(f.policy.Hosts, strings.ToLower(address))
	var addrs []netip.Addr
	if literal, err := netip.ParseAddr(host); err == nil {
		addrs = []netip.Addr{literal}
	} else if addrs, err = f.policy.Resolve(ctx, host); err != nil {
		return nil, err
	}
	var errs []error
	dialer := net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	for _, addr := range addrs {
		if !public(addr) && (!loopback || !addr.Unmap().IsLoopback()) {
			errs = append(errs, fmt.Errorf("%w: %s has the address %s, which is not public", ErrFetchRefused, host, addr))
			continue
		}
		conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(addr.Unmap().String(), port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		errs = append(errs, fmt.Errorf("%s has no address", host))
	}
	return nil, errors.Join(errs...)
}

// checkRedirect holds every hop to the policy, and lets the credential go on
// only to the very origin it was meant for: Go would also send it to
// subdomains.
func (f *fetcher) checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("%w: more than %d redirects", ErrFetchRefused, maxRedirects)
	}
	if via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("%w: a redirect from https to %s", ErrFetchRefused, req.URL.Scheme)
	}
	if originOf(req.URL) != originOf(via[0].URL) {
		req.Header.Del("Authorization")
	}
	return f.allowed(req.URL)
}

func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
