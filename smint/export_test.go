package smint

import (
	"context"
	"net"
)

// WithConnect has connections that passed the policy's checks opened by
// another dialer.
func (p FetchPolicy) WithConnect(connect func(ctx context.Context, network, address string) (net.Conn, error)) FetchPolicy {
	p.connect = connect
	return p
}
