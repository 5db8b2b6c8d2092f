package integrations

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// errPrivate is met when a connection's address is not one it may go to.
var errPrivate = errors.New("address refused")

// reach guards the addresses a connection may dial. It looks at the address
// after the name was resolved, so that no name service can talk it round.
type reach struct {
	public bool // only public addresses
}

func (r reach) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial %s: %w", address, errPrivate)
	}
	if why := r.refuses(ap.Addr()); why != "" {
		return fmt.Errorf("dial %s: %s: %w", address, why, errPrivate)
	}
	return nil
}

// refuses returns why an address is out of bounds, "" when it is not. Link
// local is always: clouds serve their machines' credentials there.
func (r reach) refuses(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	switch {
	case a.IsLinkLocalUnicast(), a.IsLinkLocalMulticast(), a.IsInterfaceLocalMulticast():
		return "link-local"
	case a.IsMulticast(), a.IsUnspecified():
		return "not a host's address"
	case !r.public:
		return ""
	case a.IsLoopback():
		return "this machine"
	case a.IsPrivate():
		return "private"
	}
	for _, p := range notPublic() {
		if p.Contains(a) {
			return "reserved"
		}
	}
	return ""
}

// notPublic lists what IANA's special-purpose registries keep from the public
// network beyond what net/netip knows, with the ranges that embed an IPv4
// address and would lead round this guard.
func notPublic() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("100.64.0.0/10"),
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("::/96"),
		netip.MustParsePrefix("64:ff9b::/96"),
		netip.MustParsePrefix("64:ff9b:1::/48"),
		netip.MustParsePrefix("100::/64"),
		netip.MustParsePrefix("2001::/32"),
		netip.MustParsePrefix("2002::/16"),
		netip.MustParsePrefix("fec0::/10"),
	}
}
