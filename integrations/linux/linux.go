// Package linux contains on a Linux host: it blocks addresses with nftables in
// a table of its own, and freezes processes. Both have an exact inverse and
// both are idempotent by state.
//
// Programs run by argv, never through a shell; what they read on standard
// input is built from parsed addresses only and shown in the plan as it is. No
// address is blocked that would cut the responder off, and no process stopped
// that the responder depends on.
package linux

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"firebreak/integrations"
)

// System describes the Linux host integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "linux",
		Title: "Linux host",
		Settings: []integrations.Param{
			{Name: "ssh_client", Title: "SSH_CONNECTION of the responder's session: its ends are never blocked", Type: "string"},
			{Name: "protected", Title: "Addresses and networks that are never blocked", Type: "list"},
		},
		Actions: actions,
	}
}

func actions(c integrations.Connection) ([]integrations.Action, error) {
	c = c.WithDefaults()
	h := &host{Host: c.Host, now: c.Now}
	if h.Host == nil {
		h.Host = here{}
	}
	var err error
	if h.protected, err = protected(c.Settings); err != nil {
		return nil, fmt.Errorf("build linux actions: %w", err)
	}
	return []integrations.Action{
		block{h, true},
		block{h, false},
		freeze{h, true},
		freeze{h, false},
		run{h, "linux", c},
	}, nil
}

// Remote describes a host that is reached over ssh. It runs programs; what needs
// more is done by a firebreak on the host itself.
func Remote() integrations.System {
	return integrations.System{
		Kind:  "ssh",
		Title: "Host over ssh",
		Settings: []integrations.Param{
			{Name: "host", Title: "[user@]host[:port]", Type: "string", Required: true},
			{Name: "host_key", Title: "SHA256:… of its key, instead of known_hosts", Type: "string"},
			{Name: "key", Title: "File of the private key; the agent's are shown too", Type: "string"},
			{Name: "jump", Title: "Hosts on the way", Type: "list"},
		},
		Actions: func(c integrations.Connection) ([]integrations.Action, error) {
			c = c.WithDefaults()
			h := &host{Host: c.Host, now: c.Now}
			if h.Host == nil {
				h.Host = here{} // it only describes
			}
			return []integrations.Action{run{h, "ssh", c}}, nil
		},
	}
}

// host is one connection to a Linux host.
type host struct {
	integrations.Host
	now       func() time.Time
	protected []protection
}

// protection is a network that must not be blocked, and why.
type protection struct {
	netip.Prefix
	why string
}

func protected(settings map[string]string) ([]protection, error) {
	var out []protection
	// SSH_CONNECTION is "client port server port", SSH_CLIENT ends before the
	// server; only the addresses matter.
	for i, f := range strings.Fields(settings["ssh_client"]) {
		if i != 0 && i != 2 || i == 2 && !strings.ContainsAny(f, ".:") {
			continue
		}
		a, err := netip.ParseAddr(f)
		if err != nil {
			return nil, fmt.Errorf("read ssh_client: %w", err)
		}
		a = a.Unmap().WithZone("")
		out = append(out, protection{netip.PrefixFrom(a, a.BitLen()), "the responder's own session goes over it"})
	}
	for p := range strings.SplitSeq(settings["protected"], ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		n, err := parse(p)
		if err != nil {
			return nil, fmt.Errorf("read protected: %w", err)
		}
		out = append(out, protection{n, "the connection protects it"})
	}
	return out, nil
}

// parse reads an address or a network.
func parse(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		if a.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("address %s: must not carry a zone", a)
		}
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("address %q: want an IPv4 or IPv6 address or a network such as 192.0.2.0/24", s)
	}
	if p.Addr().Is4In6() {
		return netip.Prefix{}, fmt.Errorf("network %s: write it as IPv4", p)
	}
	if p.Masked() != p {
		return netip.Prefix{}, fmt.Errorf("network %s: has bits behind its mask; %s is the network", p, p.Masked())
	}
	return p, nil
}

// The widest networks that may be blocked at once: a wider one is more likely
// a slip of the finger than a containment.
const (
	widest4 = 8
	widest6 = 19 // the largest block that registries have given to one network
)

// mayBlock says why a network must not be blocked, or nil.
func (h *host) mayBlock(n netip.Prefix) error {
	a := n.Addr()
	switch {
	case a.Is4() && n.Bits() < widest4, a.Is6() && n.Bits() < widest6:
		return rejected("block the parts that matter", "block %s: it is too wide", n)
	case n.Overlaps(netip.MustParsePrefix("127.0.0.0/8")), n.Contains(netip.IPv6Loopback()):
		return rejected("", "block %s: it is this host talking to itself", n)
	case a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return rejected("", "block %s: it is not a host's address", n)
	}
	for _, p := range h.protected {
		if p.Overlaps(n) {
			return rejected("take it out of the connection's settings if it must be blocked", "block %s: %s is protected: %s", n, p.Prefix, p.why)
		}
	}
	return nil
}

// rejected is a refusal of our own, or of the host.
func rejected(hint, format string, args ...any) error {
	return &integrations.Error{Outcome: integrations.Rejected, Hint: hint, Err: fmt.Errorf(format, args...)}
}
