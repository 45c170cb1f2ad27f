package smint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/smintecm/sdk/internal/rest"
)

// Discovery is what the identity provider says of itself.
type Discovery struct {
	// Issuer is the provider's name in its tokens. It may be at another host
	// than the tenant's, and is not compared with it.
	Issuer string `json:"issuer"`
	// The endpoints as the provider names them. The client itself uses those
	// below Endpoints.Identity: its credential goes to no other origin.
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	KeysURI               string   `json:"jwks_uri"`
	Scopes                []string `json:"scopes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
	// Raw is the document as it came, byte for byte.
	Raw json.RawMessage `json:"-"`
}

// Discover reads the provider's own description. One that names no issuer, or
// no https endpoint for logins and tokens, is ErrBrokenReply.
//
// API: GET /.well-known/openid-configuration.
func (s *IdentityService) Discover(ctx context.Context) (*Discovery, error) {
	route := s.routes.discovery
	raw, err := rest.Do[json.RawMessage](ctx, s.identity, rest.Request{Route: &route, NoCredential: true})
	if err != nil {
		return nil, err
	}
	d := &Discovery{Raw: bytes.Clone(raw)}
	err = json.Unmarshal(raw, d)
	if err == nil && d.Issuer == "" {
		err = errors.New("it names no issuer")
	}
	for _, named := range []struct{ name, address string }{{"authorization_endpoint", d.AuthorizationEndpoint}, {"token_endpoint", d.TokenEndpoint}} {
		u, fault := url.Parse(named.address)
		if err == nil && (fault != nil || u.Host == "" || (u.Scheme != "https" && !isLoopback(u.Hostname()))) {
			err = fmt.Errorf("%s is %q, want an https address", named.name, named.address)
		}
	}
	if err != nil {
		return nil, &Error{Op: route.Name, Method: route.Method, Route: route.Template, StatusCode: http.StatusOK, Err: fmt.Errorf("%w: %w", ErrBrokenReply, err)}
	}
	return d, nil
}

// Logout revokes the login at the identity provider and forgets its tokens: a
// later call is ErrGrantDead until somebody logs in anew. Of a provider that
// cannot be reached nothing is forgotten. Repeating it changes nothing.
//
// API: POST /connect/revocation.
func (s *IdentityService) Logout(ctx context.Context) error {
	o := s.login
	if err := o.enter(ctx); err != nil {
		return err
	}
	defer o.leave()
	unlock, err := o.turn(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if !o.loaded {
		err = o.load(ctx)
	} else {
		err = o.adopt(ctx, false)
	}
	if err != nil || o.tokens.Dead || o.tokens.RefreshToken == "" {
		return err
	}
	before := o.tokens
	_, err = rest.Do[rest.None](ctx, s.identity, rest.Request{Route: &s.routes.revocation, NoCredential: true, Form: url.Values{
		"token": {before.RefreshToken.Reveal()}, "token_type_hint": {"refresh_token"},
		"client_id": {o.login.ClientID}, "client_secret": {o.login.ClientSecret.Reveal()},
	}})
	if err != nil {
		return err
	}
	if before.Origin == "" {
		// What configuration brings is meant as well: it would log in again.
		before.Origin = origin(o.login.RefreshToken)
	}
	return o.end(ctx, before)
}
