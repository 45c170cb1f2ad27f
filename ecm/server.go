package ecm

import (
	"context"
	"encoding/json"

	"github.com/smintecm/sdk/internal/rest"
)

// ServerService tells about the server itself.
type ServerService service

// Ping asks whether the server's API answers at all; it needs no login.
//
// Errors: ErrUnauthenticated.
//
// API: GET /v1/ping.
func (s *ServerService) Ping(ctx context.Context) error {
	return s.do(ctx, rest.Request{Route: &routes.ping, NoCredential: true})
}

// Info is what a server says about itself.
type Info struct {
	Version string
}

// Info reads the server's version.
//
// Errors: ErrUnauthenticated.
//
// API: GET /v1/serverinfo.
func (s *ServerService) Info(ctx context.Context) (*Info, error) {
	answer, err := rest.Do[struct {
		Server oneOrMany[struct {
			Version json.RawMessage `json:"version"`
		}] `json:"server"`
	}](ctx, s.rest, rest.Request{Route: &routes.serverInfo})
	if err != nil {
		return nil, err
	}
	info := &Info{}
	for _, server := range answer.Server {
		if json.Unmarshal(server.Version, &info.Version) != nil {
			info.Version = string(server.Version)
		}
	}
	return info, nil
}
