package testserver

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// smintRig is a fake with a client that knows nothing but HTTP.
type smintRig struct {
	*Smint
	t      *testing.T
	clock  *Clock
	client *http.Client
	ends   SmintEndpoints
	token  string
}

func newSmintRig(t *testing.T, options SmintOptions) *smintRig {
	t.Helper()
	clock := &Clock{}
	options.Clock = clock
	s := NewSmint(options)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	rig := &smintRig{Smint: s, t: t, clock: clock, client: &http.Client{Transport: s.Transport()}, ends: s.Endpoints()}
	rig.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	rig.token = s.AccessToken("")
	return rig
}

// serve moves the rig to loopback addresses.
func (g *smintRig) serve() *smintRig {
	ends, stop := g.Serve()
	g.t.Cleanup(stop)
	g.ends, g.client.Transport = ends, http.DefaultTransport
	return g
}

type smintAnswer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

func (a smintAnswer) object(t *testing.T) SmintJSON {
	t.Helper()
	object, err := smintObject(a.body)
	require.NoError(t, err, "body: %s", a.body)
	return object
}

func (g *smintRig) do(method, address, body string, header ...string) smintAnswer {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, address, strings.NewReader(body))
	require.NoError(g.t, err)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := g.client.Do(r)
	if err != nil {
		return smintAnswer{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	got, err := io.ReadAll(resp.Body)
	return smintAnswer{status: resp.StatusCode, header: resp.Header, body: got, err: err}
}

func (g *smintRig) get(address string, header ...string) smintAnswer {
	g.t.Helper()
	return g.do(http.MethodGet, address, "", append([]string{"Authorization", "Bearer " + g.token}, header...)...)
}

func (g *smintRig) form(address string, values ...string) smintAnswer {
	g.t.Helper()
	form := url.Values{"client_id": {g.Options().ClientID}, "client_secret": {g.Options().ClientSecret}}
	for i := 0; i+1 < len(values); i += 2 {
		form.Set(values[i], values[i+1])
	}
	return g.do(http.MethodPost, address, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func (g *smintRig) refresh(token string) smintAnswer {
	g.t.Helper()
	return g.form(g.ends.Identity+"/connect/token", "grant_type", "refresh_token", "refresh_token", token)
}

// page asks for one page and returns its transactions and continuation.
func (g *smintRig) page(continuation string, limit string) ([]any, any) {
	g.t.Helper()
	answer := g.get(g.ends.CLAPI + "/sync/licensePurchaseTransactions?" + url.Values{"continuationUuid": {continuation}, "limit": {limit}}.Encode())
	require.Equal(g.t, 200, answer.status, "%s", answer.body)
	object := answer.object(g.t)
	list, _ := object["license_purchase_transactions"].([]any)
	require.Equal(g.t, json.Number(jsonInt(len(list))), object["count"], "count is the size of the page")
	return list, object["continuation_uuid"]
}

func jsonInt(n int) string {
	raw, _ := json.Marshal(n)
	return string(raw)
}

// feed reads to the end and returns the uuids in order.
func (g *smintRig) feedFrom(continuation string) (uuids []string, end string) {
	g.t.Helper()
	for range 100 {
		list, next := g.page(continuation, "3")
		if len(list) == 0 {
			return uuids, continuation
		}
		for _, one := range list {
			uuids = append(uuids, one.(SmintJSON)["uuid"].(string))
		}
		continuation = next.(string)
	}
	g.t.Fatal("the feed has no end")
	return nil, ""
}

func (g *smintRig) binaries(cart, uuid string) []SmintJSON {
	g.t.Helper()
	answer := g.get(g.ends.CLAPI + "/sync/cartPurchaseTransactions/" + cart + "/licensePurchaseTransactions/" + uuid + "/binaries")
	require.Equal(g.t, 200, answer.status, "%s", answer.body)
	var list []SmintJSON
	require.NoError(g.t, json.Unmarshal(answer.body, &list))
	return list
}

func TestFake1_refresh_tokens_rotate(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{TokenLifetime: time.Minute, Issuer: "https://login.example"})
	first := g.refresh(g.Options().RefreshToken)
	require.Equal(t, 200, first.status, "%s", first.body)
	answer := first.object(t)
	require.Equal(t, json.Number("60"), answer["expires_in"])
	require.Equal(t, "Bearer", answer["token_type"])

	again := g.refresh(g.Options().RefreshToken)
	require.Equal(t, 400, again.status, "a rotated token must not work twice")
	require.Equal(t, "invalid_grant", again.object(t)["error"])

	g.token = answer["access_token"].(string)
	metadata := g.ends.CLAPI + "/sync/genericMetadata"
	require.Equal(t, 200, g.get(metadata).status)
	g.clock.Move(61 * time.Second)
	expired := g.get(metadata)
	require.Equal(t, 401, expired.status)
	require.Contains(t, expired.header.Get("WWW-Authenticate"), "invalid_token")
	require.Equal(t, 200, g.refresh(answer["refresh_token"].(string)).status)

	require.Equal(t, "https://login.example", g.get(g.ends.Identity + "/.well-known/openid-configuration").object(t)["issuer"])
}

func TestFake1_an_omitted_refresh_token_stays_good(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{OmitRefreshToken: true})
	for range 3 {
		answer := g.refresh(g.Options().RefreshToken)
		require.Equal(t, 200, answer.status)
		require.NotContains(t, answer.object(t), "refresh_token")
	}
}

func TestFake1_a_stolen_token_ends_the_login_where_asked(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{ReuseEndsLogin: true})
	next := g.refresh(g.Options().RefreshToken).object(t)["refresh_token"].(string)
	require.Equal(t, 400, g.refresh(g.Options().RefreshToken).status)
	require.Equal(t, 400, g.refresh(next).status)
}

func TestFake1_clients_and_grants_are_checked(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	token := g.ends.Identity + "/connect/token"
	for name, row := range map[string]struct{ grant, secret, want string }{
		"wrong secret":  {"refresh_token", "no", "invalid_client"},
		"other grant":   {"client_credentials", g.Options().ClientSecret, "unsupported_grant_type"},
		"unknown token": {"refresh_token", g.Options().ClientSecret, "invalid_grant"},
	} {
		answer := g.form(token, "grant_type", row.grant, "client_secret", row.secret, "refresh_token", "x")
		require.Equal(t, 400, answer.status, name)
		require.Equal(t, row.want, answer.object(t)["error"], name)
	}
	require.Equal(t, "invalid_request", g.do("POST", token, "{}", "Content-Type", "application/json").object(t)["error"])

	login := g.refresh(g.Options().RefreshToken).object(t)
	require.Equal(t, 200, g.form(g.ends.Identity+"/connect/revocation", "token", login["refresh_token"].(string)).status)
	require.Equal(t, 400, g.refresh(login["refresh_token"].(string)).status, "a revoked login is dead")
	g.token = login["access_token"].(string)
	require.Equal(t, 401, g.get(g.ends.CLAPI+"/sync/genericMetadata").status)
}

func TestFake1_code_flow_with_and_without_pkce(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{})
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaeK1t8URWbuGJSstw-cM"
	authorize := func(extra ...string) url.Values {
		query := url.Values{
			"client_id": {g.Options().ClientID}, "response_type": {"code"}, "redirect_uri": {"http://127.0.0.1:7587"},
			"scope": {"smintio.full openid offline_access"}, "state": {"s1"}, "nonce": {"n1"},
		}
		for i := 0; i+1 < len(extra); i += 2 {
			query.Set(extra[i], extra[i+1])
		}
		answer := g.get(g.ends.Identity + "/connect/authorize?" + query.Encode())
		if answer.status != 302 {
			return url.Values{"refused": {string(answer.body)}}
		}
		target, err := url.Parse(answer.header.Get("Location"))
		require.NoError(t, err)
		return target.Query()
	}
	exchange := func(code, with string) smintAnswer {
		return g.form(g.ends.Identity+"/connect/token", "grant_type", "authorization_code", "code", code,
			"redirect_uri", "http://127.0.0.1:7587", "code_verifier", with)
	}
	plain := authorize()
	require.Equal(t, "s1", plain.Get("state"))
	require.Equal(t, 200, exchange(plain.Get("code"), "").status)
	require.Equal(t, 400, exchange(plain.Get("code"), "").status, "a code works once")

	pkce := []string{"code_challenge", challenge, "code_challenge_method", "S256"}
	require.Equal(t, 400, exchange(authorize(pkce...).Get("code"), "wrong").status)
	require.Contains(t, authorize("redirect_uri", "https://evil.example").Get("refused"), "unauthorized_client")
	require.Equal(t, "invalid_scope", authorize("scope", "openid admin").Get("error"))
	require.NotEmpty(t, authorize("redirect_uri", "http://127.0.0.1:50123").Get("code"), "a loopback receiver may take any port")
}

func TestFake2_refusals(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{}).serve()
	metadata := g.ends.CLAPI + "/sync/genericMetadata"
	require.Equal(t, 401, g.do("GET", metadata, "").status)
	portal := g.AccessToken("smintio.portals.frontend openid")
	forbidden := g.do("GET", metadata, "", "Authorization", "Bearer "+portal)
	require.Equal(t, 403, forbidden.status)
	require.Equal(t, "forbidden", forbidden.object(t)["error_code"])

	const route = "GET /consumer/v1/sync/genericMetadata"
	for _, fault := range []Fault{
		{Status: 429, Header: http.Header{"Retry-After": {"7"}}, Body: `{"error_code":"too_many_requests","error_message":"slow down"}`},
		{Status: 429},
		{Status: 500},
		{Status: 503, Body: "<html>down</html>"},
		{Status: 401},
	} {
		fault.Route = route
		g.Fail(fault)
		answer := g.get(metadata)
		require.Equal(t, fault.Status, answer.status)
		require.Equal(t, fault.Body, string(answer.body))
		require.Equal(t, fault.Header.Get("Retry-After"), answer.header.Get("Retry-After"))
	}
	// Twice, since Go's client repeats a GET that died on a reused connection.
	g.Fail(Fault{Route: route, Kind: DropAfter, Times: 2})
	require.Error(t, g.get(metadata, "Connection", "close").err)
	g.Heal()
	require.Equal(t, 200, g.get(metadata).status)
	unknown := g.get(g.ends.CLAPI + "/sync/other")
	require.Equal(t, 404, unknown.status)
	require.Contains(t, unknown.object(t)["error_message"], "No such endpoint")
}

func TestFake2_hosts_answer_only_for_themselves(t *testing.T) {
	t.Parallel()
	g := newSmintRig(t, SmintOptions{Tenant: "someone-staging"})
	require.Equal(t, "https://someone-staging.clapi.smint.io/consumer/v1", g.ends.CLAPI)
	require.Equal(t, 200, g.get(g.ends.CLAPI+"/sync/genericMetadata").status)
	require.Equal(t, 404, g.get(g.ends.Identity+"/consumer/v1/sync/genericMetadata").status)
	require.Equal(t, 404, g.get("https://someone-staging.clapi.smint.io/connect/authorize").status)
}
