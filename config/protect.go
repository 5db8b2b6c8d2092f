package config

import (
	"net/netip"
	"strings"
)

// Protects returns the rule of Protected that covers target, and whether there
// is one. An address is covered by itself and by a CIDR that holds it; a CIDR
// also by any protected address inside it, since acting on it would reach that
// address; a name by the same name in any case, and by "*.example.org" for the
// names below it. A port after the target does not matter.
func (c Config) Protects(target string) (rule string, ok bool) {
	for _, r := range c.Protected {
		if covers(r, target) {
			return r, true
		}
	}
	return "", false
}

func covers(rule, target string) bool {
	if prefix, ok := network(target); ok {
		protected, ok := network(rule)
		return ok && protected.Overlaps(prefix)
	}
	r, t := hostname(rule), hostname(target)
	if below, ok := strings.CutPrefix(r, "*."); ok {
		return strings.HasSuffix(t, "."+below)
	}
	return r == t
}

// network reads an address, an address with a port, or a CIDR.
func network(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Prefix{}, false
		}
		a = ap.Addr()
	}
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen()), true
}

func hostname(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if host, port, ok := strings.Cut(s, ":"); ok && strings.Trim(port, "0123456789") == "" {
		s = host
	}
	return strings.TrimSuffix(s, ".")
}
