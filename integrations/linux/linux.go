// Package linux contains on a Linux host, this one or one that is reached over
// ssh: it blocks addresses and cuts the host off with nftables in tables of its
// own, stops and kills processes, locks accounts, takes files away, and stops
// units. What has an inverse restores exactly what was.
//
// Programs run by argv, never through a shell that gets a value; what they read
// on standard input is built from parsed values only and shown in the plan as it
// is. No address is blocked that would cut the responder off, and nothing is
// stopped, locked or taken away that the responder or the host depends on.
package linux

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"strings"
	"sync"
	"time"

	"firebreak/integrations"
)

// quarantined is where files are taken to, where nobody says.
const quarantined = "/var/lib/firebreak/quarantine"

func settings() []integrations.Param {
	return []integrations.Param{
		{Name: "sudo", Title: "Actions use sudo -n; a program of one's own (run) says so itself", Type: "bool"},
		{Name: "protected", Title: "Addresses and networks that are never blocked", Type: "list"},
		{Name: "management", Title: "Addresses and networks that reach a host that is cut off", Type: "list"},
		{Name: "quarantine", Title: "Folder on the host that files are taken to", Type: "string", Default: quarantined},
	}
}

// System describes the Linux host integration.
func System() integrations.System {
	return integrations.System{
		Kind:  "linux",
		Title: "Linux host",
		Settings: append([]integrations.Param{
			{Name: "ssh_client", Title: "SSH_CONNECTION of the responder's session: its ends are never blocked", Type: "string"},
		}, settings()...),
		Actions: func(c integrations.Connection) ([]integrations.Action, error) { return actions(c, "linux") },
	}
}

// Remote describes a host that is reached over ssh. It has the same actions.
func Remote() integrations.System {
	return integrations.System{
		Kind:  "ssh",
		Title: "Host over ssh",
		Settings: append([]integrations.Param{
			{Name: "host", Title: "[user@]host[:port]", Type: "string", Required: true},
			{Name: "host_key", Title: "SHA256:… of its key, instead of known_hosts", Type: "string"},
			{Name: "key", Title: "File of the private key; the agent's are shown too", Type: "string"},
			{Name: "jump", Title: "Hosts on the way", Type: "list"},
		}, settings()...),
		Actions: func(c integrations.Connection) ([]integrations.Action, error) { return actions(c, "ssh") },
	}
}

func actions(c integrations.Connection, kind string) ([]integrations.Action, error) {
	c = c.WithDefaults()
	h, err := newHost(c, kind)
	if err != nil {
		return nil, fmt.Errorf("build %s actions: %w", kind, err)
	}
	return []integrations.Action{
		block{h, true},
		block{h, false},
		isolate{h},
		release{h},
		freeze{h, true},
		freeze{h, false},
		kill{h},
		lock{h, true},
		lock{h, false},
		logout{h},
		quarantine{h},
		restore{h},
		unit{h, true},
		unit{h, false},
		run{h, kind, c},
	}, nil
}

// host is one connection to a Linux host.
type host struct {
	integrations.Hands
	now        func() time.Time
	remote     bool
	sudo       bool
	protected  []protection
	management []netip.Prefix
	session    integrations.Facts // the responder's own ssh session to this host
	quarantine string
	// unconfirmed is how long the host stays cut off when we do not reach it again.
	unconfirmed time.Duration

	mu    sync.Mutex
	known *integrations.Facts // of the last look
}

// nowhere is a host over ssh that nobody has said how to reach: its actions are
// described, and never done to this machine in its place.
type nowhere struct{}

// Name implements integrations.Host.
func (nowhere) Name() string { return "" }

// Run implements integrations.Host.
func (nowhere) Run(context.Context, integrations.Program) (integrations.Output, error) {
	return integrations.Output{}, &integrations.Error{Outcome: integrations.NotSent, Err: errors.New("reach host: nothing says how")}
}

func newHost(c integrations.Connection, kind string) (*host, error) {
	h := &host{now: c.Now, remote: kind == "ssh", sudo: c.Settings["sudo"] == "true", quarantine: c.Settings["quarantine"], unconfirmed: unconfirmed}
	if h.quarantine == "" {
		h.quarantine = quarantined
	}
	if !path.IsAbs(h.quarantine) || path.Clean(h.quarantine) != h.quarantine || h.quarantine == "/" {
		return nil, fmt.Errorf("read quarantine: %q: want a whole path", h.quarantine)
	}
	under := c.Host
	switch {
	case under != nil:
	case kind == "ssh":
		under = nowhere{}
	default:
		under = here{}
	}
	hands, has := under.(integrations.Hands)
	if !has || h.sudo {
		hands = brought{under, h}
	}
	h.Hands = hands
	var err error
	if h.protected, err = protected(c.Settings); err != nil {
		return nil, err
	}
	if h.management, err = networkList(c.Settings["management"]); err != nil {
		return nil, fmt.Errorf("read management: %w", err)
	}
	client, server, port, err := ends(c.Settings["ssh_client"])
	if err == nil && client.IsValid() {
		h.session = integrations.Facts{Client: client.String(), Port: port}
		if server.IsValid() {
			h.session.Server = server.String()
		}
	}
	return h, err
}

// facts asks the host what it is, once unless anew. Of this machine only the
// settings know over what ssh session it is reached.
func (h *host) facts(ctx context.Context, anew bool) (integrations.Facts, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known != nil && !anew {
		return *h.known, nil
	}
	f, err := h.Facts(ctx)
	if err != nil {
		return f, unsent(fmt.Errorf("look at %s: %w", h.Name(), err))
	}
	if !h.remote {
		f.Client, f.Server, f.Port = h.session.Client, h.session.Server, h.session.Port
	}
	h.known = &f
	return f, nil
}

// identity is whom the host takes us for.
func (h *host) identity() string {
	who := "this process"
	if h.remote {
		who = "over ssh"
	}
	if h.sudo {
		who += ", with sudo"
	}
	return who
}

// target names something on this host by an id of its own.
func (h *host) target(kind, id, name string) []integrations.Target {
	return []integrations.Target{{Kind: kind, ID: h.Name() + "/" + id, Name: name}}
}

// protection is a network that must not be blocked, and why.
type protection struct {
	netip.Prefix
	why string
}

func protected(settings map[string]string) ([]protection, error) {
	var out []protection
	client, server, _, err := ends(settings["ssh_client"])
	if err != nil {
		return nil, err
	}
	if client.IsValid() {
		out = ownSession(client.String(), server.String())
	}
	list, err := networkList(settings["protected"])
	if err != nil {
		return nil, fmt.Errorf("read protected: %w", err)
	}
	for _, n := range list {
		out = append(out, protection{n, "the connection protects it"})
	}
	return out, nil
}

// ownSession protects the ends of the session that reaches the host.
func ownSession(ends ...string) []protection {
	var out []protection
	for _, end := range ends {
		if a, err := netip.ParseAddr(end); err == nil {
			out = append(out, protection{netip.PrefixFrom(a, a.BitLen()), "the responder's own session goes over it"})
		}
	}
	return out
}

// networkList reads addresses and networks with commas between them.
func networkList(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for p := range strings.SplitSeq(text, ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		n, err := parse(p)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
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
func (h *host) mayBlock(n netip.Prefix, protected []protection) error {
	a := n.Addr()
	switch {
	case a.Is4() && n.Bits() < widest4, a.Is6() && n.Bits() < widest6:
		return rejected("block the parts that matter", "block %s: it is too wide", n)
	case n.Overlaps(netip.MustParsePrefix("127.0.0.0/8")), n.Contains(netip.IPv6Loopback()):
		return rejected("", "block %s: it is this host talking to itself", n)
	case a.IsUnspecified(), a.IsMulticast(), a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return rejected("", "block %s: it is not a host's address", n)
	}
	for _, p := range protected {
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
