package smint

import (
	"context"
	"net/url"

	"github.com/smintecm/sdk/internal/rest"
)

// NotificationsService authorizes subscriptions to purchase notices; package
// push holds the connection.
type NotificationsService service

// Authorize signs the subscription of one connection to one channel, with the
// login's token of this moment: ask anew for each connection. A channel of
// another tenant is ErrDenied.
//
// API: POST /consumer/v1/notifications/pusher/auth.
func (s *NotificationsService) Authorize(ctx context.Context, socketID, channel string) (Secret, error) {
	var faults rest.Problems
	if socketID == "" {
		faults.Add("socket id", socketID, "the id that the connection was greeted with")
	}
	if channel == "" {
		faults.Add("channel", channel, "the tenant's channel")
	}
	if err := faults.Err(s.routes.pushAuth.Name); err != nil {
		return "", err
	}
	answer, err := rest.Do[struct {
		Auth Secret `json:"auth"`
	}](ctx, s.clapi, rest.Request{Route: &s.routes.pushAuth, Form: url.Values{"socket_id": {socketID}, "channel_name": {channel}}})
	if err == nil && answer.Auth == "" {
		err = &Error{Op: s.routes.pushAuth.Name, Method: "POST", Route: s.routes.pushAuth.Template, StatusCode: 200, Message: "no signature in the answer", Err: ErrBrokenReply}
	}
	return answer.Auth, err
}
