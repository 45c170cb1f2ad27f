package smint

import (
	"context"
	"crypto/tls"
	"crypto/x509"
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
	// RootCAs are the authorities that hosts are verified by, instead of the
	// machine's own.
	RootCAs *x509.CertPool
	// Transport, for tests, carries the downloads instead of the network. Hosts
	// are checked all the same; addresses cannot be.
	Transport http.RoundTripper
	// Resolve, for tests, replaces the look-up of addresses.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// connect opens a connection to an address that was checked.
	connect func(ctx context.Context, network, address string) (net.Conn, error)
}

// fetcher fetches under a policy.
type fetcher struct {
	policy    FetchPolicy
	transport http.RoundTripper
	agent     string
	retries   int
}

const (
	maxRedirects        = 5
	defaultFetchRetries = 4
)

func newFetcher(o options, faults *rest.Problems) *fetcher {
	p := o.policy
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
	if p.MaxBytes < 0 {
		faults.Add("fetch policy, max bytes", p.MaxBytes, "more than 0, or 0 for the default")
	}
	if p.Timeout < 0 {
		faults.Add("fetch policy, timeout", p.Timeout, "more than 0, or 0 for the default")
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
	if p.connect == nil {
		p.connect = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	}
	f := &fetcher{policy: p, agent: o.agent, retries: o.retries}
	if f.retries < 0 {
		f.retries = defaultFetchRetries
	}
	transport := p.Transport
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		// A proxy would dial for us, unchecked.
		t.Proxy = nil
		t.DialContext = f.dial
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: p.RootCAs}
		t.ResponseHeaderTimeout = time.Minute
		t.DisableCompression = true
		t.MaxResponseHeaderBytes = 1 << 20
		transport = t
	}
	f.transport = transport
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
	case strings.ContainsFunc(host, func(r rune) bool { return r > '~' || r <= ' ' }):
		// Other alphabets have letters that become dots and slashes on the way.
		return refuse("the host is not plain ASCII")
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
var notPublic = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

// unicast6 is all of IPv6 that is given out for the open internet. What lies
// outside of it translates, tunnels or is local.
var unicast6 = netip.MustParsePrefix("2000::/3")

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
	if !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.Zone() != "" || (addr.Is6() && !unicast6.Contains(addr)) {
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
	for _, addr := range addrs {
		if !public(addr) && (!loopback || !addr.Unmap().IsLoopback()) {
			errs = append(errs, fmt.Errorf("%w: %s has the address %s, which is not public", ErrFetchRefused, host, addr))
			continue
		}
		conn, err := f.policy.connect(ctx, network, net.JoinHostPort(addr.Unmap().String(), port))
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

// do sends a GET and follows its redirects itself, each of which is held to the
// policy: a client of net/http would quote addresses in its errors, and name
// the one that it comes from. The credential goes to the origin that it was meant for, and only if
// the first address lies there; no hop learns where it was pointed from, since
// a signed address is a credential too.
func (f *fetcher) do(ctx context.Context, u *url.URL, header http.Header, credential string) (*http.Response, error) {
	home := originOf(u)
	for hop := 0; ; hop++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, fmt.Errorf("%w: the address is no URL", ErrFetchRefused)
		}
		req.Header = header.Clone()
		req.Header.Set("Accept-Encoding", "identity")
		req.Header.Set("User-Agent", f.agent)
		if credential != "" && originOf(u) == home {
			req.Header.Set("Authorization", credential)
		}
		resp, err := f.transport.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		to := resp.Header.Get("Location")
		if !redirects(resp.StatusCode) || to == "" {
			return resp, nil
		}
		_ = resp.Body.Close()
		if u, err = f.next(u, to, hop); err != nil {
			return nil, err
		}
	}
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// next is where a redirect points to, if the policy lets it.
func (f *fetcher) next(from *url.URL, to string, hop int) (*url.URL, error) {
	if hop >= maxRedirects {
		return nil, fmt.Errorf("%w: more than %d redirects", ErrFetchRefused, maxRedirects)
	}
	u, err := from.Parse(to)
	if err != nil {
		return nil, fmt.Errorf("%w: a redirect to what is no URL", ErrFetchRefused)
	}
	if from.Scheme == "https" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: a redirect from https to %s", ErrFetchRefused, u.Scheme)
	}
	return u, f.allowed(u)
}

func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}
