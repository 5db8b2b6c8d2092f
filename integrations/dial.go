package integrations

import (
	"context"
	"net"
	"time"
)

// Dialer is how a connection reaches the other side: as the drill says, or under
// the guard of the addresses that it may go to.
func Dialer(c Connection, public bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	if c.Dial != nil {
		return c.Dial
	}
	d := &net.Dialer{Timeout: 10 * time.Second, ControlContext: reach{public: public}.control}
	return d.DialContext
}
