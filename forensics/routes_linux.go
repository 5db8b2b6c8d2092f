package forensics

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// routes writes the "fb.routes" snapshot: the two tables that a packet meets
// first, and our own addresses.
func (c *collection) routes(ctx context.Context) error {
	e := c.exhibit("Routes, neighbours and addresses", "/proc/net/route, /proc/net/ipv6_route, rtnetlink", FormatRoutes, methodProc+"; neighbours by RTM_GETNEIGH")
	return c.snapshot(ctx, e, func(r *rows) error {
		for _, step := range []func(*rows) error{c.neighbours, c.routeTables, c.addresses} {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := step(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// routeTables writes the main tables of both families.
func (c *collection) routeTables(r *rows) error {
	for _, t := range []struct {
		name  string
		parse func(string) (Route, bool)
		head  bool
	}{{"/proc/net/route", parseRoute, true}, {"/proc/net/ipv6_route", parseRoute6, false}} {
		b, err := os.ReadFile(t.name)
		if err != nil {
			c.refuse(t.name, explain(err))
			continue
		}
		list, bad := parseRoutes(b, t.head, t.parse)
		r.unread(t.name, bad)
		for _, route := range list {
			if err := r.add(route); err != nil {
				return err
			}
		}
	}
	return nil
}

// addresses writes the addresses of our interfaces.
func (c *collection) addresses(r *rows) error {
	list, err := net.Interfaces()
	if err != nil {
		c.refuse("interfaces", explain(err))
		return nil
	}
	for _, i := range list {
		state := "down"
		if i.Flags&net.FlagUp != 0 {
			state = "up"
		}
		addrs, err := i.Addrs()
		if err != nil {
			c.refuse("interface "+i.Name, explain(err))
		}
		for _, a := range addrs {
			if err := r.add(Route{Kind: "address", Interface: i.Name, Address: a.String(), Hardware: i.HardwareAddr.String(), State: state}); err != nil {
				return err
			}
		}
		if len(addrs) == 0 {
			if err := r.add(Route{Kind: "address", Interface: i.Name, Hardware: i.HardwareAddr.String(), State: state}); err != nil {
				return err
			}
		}
	}
	return nil
}

// neighbours writes the ARP and NDP caches.
func (c *collection) neighbours(r *rows) error {
	b, err := syscall.NetlinkRIB(unix.RTM_GETNEIGH, unix.AF_UNSPEC)
	if err != nil {
		c.refuse("rtnetlink", explain(err))
		return nil
	}
	messages, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		c.refuse("rtnetlink", refuse("%s", err))
		return nil
	}
	for _, m := range messages {
		if m.Header.Type != unix.RTM_NEWNEIGH {
			continue
		}
		n, ok := parseNeighbour(m.Data, interfaceName)
		if !ok {
			continue
		}
		if err := r.add(n); err != nil {
			return err
		}
	}
	return nil
}

func interfaceName(index int) string {
	i, err := net.InterfaceByIndex(index)
	if err != nil {
		return fmt.Sprintf("#%d", index)
	}
	return i.Name
}

// parseNeighbour reads a struct ndmsg with its attributes (rtnetlink(7)). Those
// without an address and multicast ones tell nothing.
func parseNeighbour(b []byte, name func(int) string) (Route, bool) {
	if len(b) < 12 {
		return Route{}, false
	}
	index, state := int(binary.NativeEndian.Uint32(b[4:])), binary.NativeEndian.Uint16(b[8:])
	const noARP = 0x40
	if state&noARP != 0 {
		return Route{}, false
	}
	n := Route{Kind: "neighbour", State: neighbourState(state)}
	for rest := b[12:]; len(rest) >= 4; {
		size, kind := int(binary.NativeEndian.Uint16(rest)), binary.NativeEndian.Uint16(rest[2:])
		if size < 4 || size > len(rest) {
			return Route{}, false
		}
		value := rest[4:size]
		switch kind {
		case unix.NDA_DST:
			if a, ok := netip.AddrFromSlice(value); ok {
				n.Address = a.String()
			}
		case unix.NDA_LLADDR:
			n.Hardware = net.HardwareAddr(value).String()
		}
		rest = rest[min((size+3)&^3, len(rest)):]
	}
	if n.Address == "" {
		return Route{}, false
	}
	n.Interface = name(index)
	return n, true
}

// neighbourState names the NUD states.
func neighbourState(s uint16) string {
	for i, name := range []string{"incomplete", "reachable", "stale", "delay", "probe", "failed", "", "permanent"} {
		if s&(1<<i) != 0 && name != "" {
			return name
		}
	}
	return "none"
}
