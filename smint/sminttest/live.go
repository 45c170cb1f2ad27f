package sminttest

import (
	"context"
	"fmt"
	"net/http"
)

// PushURL is the address of the fake's push service, for push.Options.
func (s *Server) PushURL() string { return s.fake.EndpointsAt(s.base).Pusher }

// ChannelID is the tenant's number, for push.Options.
func (s *Server) ChannelID() int64 { return int64(s.fake.Options().ChannelID) }

// Push sends a notice that purchases have changed.
func (s *Server) Push() { s.fake.Push("") }

// PushOnChange sends a notice for every purchase that comes or changes.
func (s *Server) PushOnChange(on bool) { s.fake.PushOnChange(on) }

// ClosePushers ends every connection of the push service with a close code, as
// 4200, or without any if code is 0.
func (s *Server) ClosePushers(code int) { s.fake.ClosePushers(code, "") }

// Browse plays a person who is logged in already, consents, and is sent back to
// where the login waits: for the Open of a smint.CodeFlow.
func (s *Server) Browse(ctx context.Context, address string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("sminttest: the browser ended at status %d", resp.StatusCode)
	}
	return nil
}

// EndLogin makes every refresh token given so far invalid: somebody has to log
// in anew.
func (s *Server) EndLogin() {
	s.fake.EndLogin()
	s.fake.EndAccess()
}
