package testserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// smintAccess is one access token that was given out.
type smintAccess struct {
	Scope   string    `json:"scope"`
	Expires time.Time `json:"expires"`
	Family  string    `json:"family"`
}

// smintGrant is one refresh token that was given out. A used one is kept, so
// that its second use can be told from a token that never was.
type smintGrant struct {
	Scope  string `json:"scope"`
	Family string `json:"family"`
	Used   bool   `json:"used"`
}

// smintCode is an authorization code that waits for its exchange.
type smintCode struct {
	Scope     string    `json:"scope"`
	Redirect  string    `json:"redirect"`
	Challenge string    `json:"challenge"`
	Nonce     string    `json:"nonce"`
	Expires   time.Time `json:"expires"`
}

// smintIdentity is the state of the identity provider.
type smintIdentity struct {
	Minted   int                    `json:"minted"`
	Access   map[string]smintAccess `json:"access"`
	Grants   map[string]*smintGrant `json:"grants"`
	Codes    map[string]smintCode   `json:"codes"`
	Refused  map[string]bool        `json:"refused_families"`
	Lifetime time.Duration          `json:"lifetime"`
}

// mint makes an opaque token: numbered, so that a reader of the traffic can
// follow it, and signed, so that nobody guesses the next.
func (s *Smint) mint(kind string) string {
	s.identity.Minted++
	name := fmt.Sprintf("%s%d", kind, s.identity.Minted)
	return name + "-" + s.sign("token", name)[:24]
}

// sign is the keyed digest behind tokens, continuations and download addresses.
func (s *Smint) sign(purpose string, parts ...string) string {
	mac := hmac.New(sha256.New, []byte(s.options.Secret))
	_, _ = fmt.Fprintf(mac, "%s\x00%s", purpose, strings.Join(parts, "\x00"))
	return hex.EncodeToString(mac.Sum(nil))
}

func (s *Smint) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	base := s.endpointsFor(r).Identity
	smintReply(w, http.StatusOK, SmintJSON{
		"issuer": s.issuer(r), "jwks_uri": base + "/.well-known/openid-configuration/jwks",
		"authorization_endpoint": base + "/connect/authorize", "token_endpoint": base + "/connect/token",
		"revocation_endpoint":   base + "/connect/revocation",
		"grant_types_supported": []string{"authorization_code", "refresh_token"}, "response_types_supported": []string{"code"},
		"scopes_supported":                      []string{"openid", "profile", "offline_access", smintScopeFull, smintScopePortal},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"HS256"},
	})
}

func (s *Smint) issuer(r *http.Request) string {
	if s.options.Issuer != "" {
		return s.options.Issuer
	}
	return s.endpointsFor(r).Identity
}

func smintOAuthError(w http.ResponseWriter, status int, code, description string) {
	w.Header().Set("Cache-Control", "no-store")
	body := SmintJSON{"error": code}
	if description != "" {
		body["error_description"] = description
	}
	smintReply(w, status, body)
}

// clientOf names the OAuth client of a form request; "" has been answered.
func (s *Smint) clientOf(w http.ResponseWriter, r *http.Request) bool {
	if err := r.ParseForm(); err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		smintOAuthError(w, http.StatusBadRequest, "invalid_request", "a form is expected")
		return false
	}
	id, secret, basic := r.BasicAuth()
	if basic {
		id, secret = smintUnescape(id), smintUnescape(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	same := subtle.ConstantTimeCompare([]byte(id+"\x00"+secret), []byte(s.options.ClientID+"\x00"+s.options.ClientSecret)) == 1
	if same {
		return true
	}
	status := http.StatusBadRequest
	if basic {
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Basic realm="smint.io"`)
	}
	smintOAuthError(w, status, "invalid_client", "")
	return false
}

func smintUnescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func (s *Smint) serveToken(w http.ResponseWriter, r *http.Request) {
	if !s.clientOf(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch grant := r.PostForm.Get("grant_type"); grant {
	case "refresh_token":
		s.refresh(w, r)
	case "authorization_code":
		s.exchange(w, r)
	default:
		smintOAuthError(w, http.StatusBadRequest, "unsupported_grant_type", "")
	}
}

func (s *Smint) refresh(w http.ResponseWriter, r *http.Request) {
	token := r.PostForm.Get("refresh_token")
	grant := s.identity.Grants[token]
	switch {
	case grant == nil:
		smintOAuthError(w, http.StatusBadRequest, "invalid_grant", "refresh token unknown")
		return
	case grant.Used:
		if s.options.ReuseEndsLogin {
			s.identity.Refused[grant.Family] = true
		}
		smintOAuthError(w, http.StatusBadRequest, "invalid_grant", "refresh token expired")
		return
	case s.identity.Refused[grant.Family]:
		smintOAuthError(w, http.StatusBadRequest, "invalid_grant", "refresh token revoked")
		return
	}
	scope := grant.Scope
	if asked := strings.Fields(r.PostForm.Get("scope")); len(asked) > 0 {
		if !smintSubset(asked, strings.Fields(scope)) {
			smintOAuthError(w, http.StatusBadRequest, "invalid_scope", "")
			return
		}
		scope = strings.Join(asked, " ")
	}
	answer := s.grantAccess(r, grant.Family, scope, "")
	if !s.omitRefresh && !s.options.KeepRefreshToken {
		grant.Used = true
		next := s.mint("RT")
		s.identity.Grants[next] = &smintGrant{Scope: grant.Scope, Family: grant.Family}
		answer["refresh_token"] = next
	} else if !s.omitRefresh {
		answer["refresh_token"] = token
	}
	w.Header().Set("Cache-Control", "no-store")
	smintReply(w, http.StatusOK, answer)
}

func (s *Smint) exchange(w http.ResponseWriter, r *http.Request) {
	name := r.PostForm.Get("code")
	code, ok := s.identity.Codes[name]
	delete(s.identity.Codes, name)
	if !ok || s.now().After(code.Expires) || r.PostForm.Get("redirect_uri") != code.Redirect {
		smintOAuthError(w, http.StatusBadRequest, "invalid_grant", "")
		return
	}
	if code.Challenge != "" {
		sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != code.Challenge {
			smintOAuthError(w, http.StatusBadRequest, "invalid_grant", "code_verifier does not match")
			return
		}
	}
	family := s.mint("F")
	answer := s.grantAccess(r, family, code.Scope, code.Nonce)
	if slices.Contains(strings.Fields(code.Scope), "offline_access") {
		next := s.mint("RT")
		s.identity.Grants[next] = &smintGrant{Scope: code.Scope, Family: family}
		answer["refresh_token"] = next
	}
	w.Header().Set("Cache-Control", "no-store")
	smintReply(w, http.StatusOK, answer)
}

func (s *Smint) grantAccess(r *http.Request, family, scope, nonce string) SmintJSON {
	access := s.mint("AT")
	s.identity.Access[access] = smintAccess{Scope: scope, Expires: s.now().Add(s.identity.Lifetime), Family: family}
	return SmintJSON{
		"access_token": access, "token_type": "Bearer", "expires_in": int(s.identity.Lifetime / time.Second),
		"id_token": s.identityToken(s.issuer(r), nonce), "scope": scope,
	}
}

// identityToken is a JWT signed with the client's secret.
func (s *Smint) identityToken(issuer, nonce string) string {
	claims := SmintJSON{
		"iss": issuer, "aud": s.options.ClientID, "sub": "7b0c5f52-5a5e-4c07-9a35-0d7f2c3f1f10",
		"iat": s.now().Unix(), "exp": s.now().Add(s.identity.Lifetime).Unix(),
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	body, _ := json.Marshal(claims)
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(body)
	mac := hmac.New(sha256.New, []byte(s.options.ClientSecret))
	_, _ = mac.Write([]byte(head))
	return head + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// serveAuthorize plays a user who is logged in already and always consents.
func (s *Smint) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	redirect := query.Get("redirect_uri")
	if query.Get("client_id") != s.options.ClientID || !slices.ContainsFunc(s.options.Redirects, func(allowed string) bool { return smintRedirectMatches(allowed, redirect) }) {
		http.Error(w, "Sorry, there was an error : unauthorized_client", http.StatusBadRequest)
		return
	}
	answer := url.Values{"state": query["state"]}
	scope := strings.Fields(query.Get("scope"))
	switch {
	case query.Get("response_type") != "code":
		answer.Set("error", "unsupported_response_type")
	case !slices.Contains(scope, "openid") || !smintSubset(scope, strings.Fields(s.options.Scope)):
		answer.Set("error", "invalid_scope")
	case query.Get("code_challenge") != "" && query.Get("code_challenge_method") != "S256":
		answer.Set("error", "invalid_request")
	default:
		s.mu.Lock()
		code := s.mint("C")
		s.identity.Codes[code] = smintCode{
			Scope: query.Get("scope"), Redirect: redirect, Challenge: query.Get("code_challenge"),
			Nonce: query.Get("nonce"), Expires: s.now().Add(5 * time.Minute),
		}
		s.mu.Unlock()
		answer.Set("code", code)
	}
	target, _ := url.Parse(redirect)
	target.RawQuery = answer.Encode()
	http.Redirect(w, r, target.String(), http.StatusFound)
}

// smintRedirectMatches compares an address with one on the list. A loopback
// address on the list without a port stands for every port, as RFC 8252 asks.
func smintRedirectMatches(allowed, asked string) bool {
	if allowed == asked {
		return true
	}
	want, err := url.Parse(allowed)
	got, err2 := url.Parse(asked)
	if err != nil || err2 != nil || want.Port() != "" || want.Hostname() != "127.0.0.1" {
		return false
	}
	return got.Scheme == want.Scheme && got.Hostname() == want.Hostname() && (want.Path == "" || got.Path == want.Path)
}

func (s *Smint) serveRevocation(w http.ResponseWriter, r *http.Request) {
	if !s.clientOf(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := r.PostForm.Get("token")
	if grant := s.identity.Grants[token]; grant != nil {
		s.identity.Refused[grant.Family] = true
		for name, access := range s.identity.Access {
			if access.Family == grant.Family {
				delete(s.identity.Access, name)
			}
		}
	}
	delete(s.identity.Access, token)
	w.WriteHeader(http.StatusOK)
}

func smintSubset(part, whole []string) bool {
	return !slices.ContainsFunc(part, func(one string) bool { return !slices.Contains(whole, one) })
}

// authorized checks the bearer token; a refusal has been answered.
func (s *Smint) authorized(w http.ResponseWriter, r *http.Request, scopes ...string) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		w.Header().Set("WWW-Authenticate", "Bearer")
		smintRefuse(w, http.StatusUnauthorized, "unauthorized", "No access token", nil)
		return false
	}
	s.mu.Lock()
	access, known := s.identity.Access[token]
	expired := known && !s.now().Before(access.Expires)
	s.mu.Unlock()
	if !known || expired {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		smintRefuse(w, http.StatusUnauthorized, "unauthorized", "The access token is invalid or has expired", nil)
		return false
	}
	if slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(strings.Fields(access.Scope), scope) }) {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
	smintRefuse(w, http.StatusForbidden, "forbidden", "The access token lacks the scope "+scopes[0], nil)
	return false
}
