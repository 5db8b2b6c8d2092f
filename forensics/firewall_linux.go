package forensics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// maxRules bounds the objects of one kind in one network namespace.
const maxRules = 500_000

// firewall writes the "fb.firewall" snapshot: nftables of every network namespace
// that may be entered, and the tables of the older iptables in ours.
func (c *collection) firewall(ctx context.Context) error {
	e := c.exhibit("Firewall rules", "nfnetlink, getsockopt", FormatFirewall,
		"dumps of nf_tables over netlink; IPT_SO_GET_ENTRIES for the tables named in /proc/net/ip_tables_names; nothing is loaded for it")
	return c.snapshot(ctx, e, func(r *rows) error {
		if err := c.nftables(ctx, "/proc/self", "", r); err != nil {
			return err
		}
		spaces, ours := c.netSpaces(ctx)
		for _, ns := range slices.Sorted(maps.Keys(spaces)) {
			if ns == ours {
				continue
			}
			if err := c.nftables(ctx, spaces[ns], ns, r); err != nil {
				return err
			}
		}
		return c.iptables(ctx, r)
	})
}

// netSpaces lists the network namespaces of processes, with a folder that leads
// into each, and names ours.
func (c *collection) netSpaces(ctx context.Context) (map[string]string, string) {
	spaces := map[string]string{}
	ours, err := readlinkAt(unix.AT_FDCWD, "/proc/self/ns/net")
	if err != nil {
		return spaces, ""
	}
	list, err := pids()
	if err != nil {
		return spaces, ours
	}
	for _, pid := range list {
		dir := fmt.Sprintf("/proc/%d", pid)
		ns, err := readlinkAt(unix.AT_FDCWD, dir+"/ns/net")
		if err != nil || spaces[ns] != "" || len(spaces) >= maxNetNS || ctx.Err() != nil {
			continue
		}
		spaces[ns] = dir
	}
	return spaces, ours
}

// nftables writes the ruleset of one network namespace.
func (c *collection) nftables(ctx context.Context, dir, ns string, r *rows) error {
	source := "nftables"
	if ns != "" {
		source += " in " + ns
	}
	ok, why := c.kernelParts().has("nfnetlink", "nf_tables")
	if !ok {
		if ns == "" {
			r.noteOnce("nftables: " + why + ": it has no rules")
		}
		return nil
	}
	in := -1
	if ns != "" {
		fd, err := unix.Open(dir+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			c.refuse(source, explain(err))
			return nil
		}
		defer func() { _ = unix.Close(fd) }()
		in = fd
	}
	s, err := openNetlink(unix.NETLINK_NETFILTER, in)
	if err != nil {
		c.refuse(source, explain(err))
		return nil
	}
	defer func() { _ = s.close() }()
	sets, err := c.nftObjects(ctx, s, source, ns, r)
	if err != nil {
		return err
	}
	for _, body := range sets {
		if err := c.nftDump(ctx, s, source, ns, "element", unix.NFT_MSG_GETSETELEM, body, r, nil); err != nil {
			return err
		}
	}
	return nil
}

// nftObjects writes tables, chains, rules and sets, and returns the questions for
// the sets' elements.
func (c *collection) nftObjects(ctx context.Context, s *nlsock, source, ns string, r *rows) (sets [][]byte, err error) {
	for _, k := range []struct {
		kind    string
		message uint16
	}{{"table", unix.NFT_MSG_GETTABLE}, {"chain", unix.NFT_MSG_GETCHAIN}, {"rule", unix.NFT_MSG_GETRULE}, {"set", unix.NFT_MSG_GETSET}} {
		err := c.nftDump(ctx, s, source, ns, k.kind, k.message, []byte{0, 0, 0, 0}, r, func(body []byte, f Firewall) {
			if k.kind != "set" {
				return
			}
			q := []byte{body[0], 0, 0, 0}
			q = appendAttr(q, 1, append([]byte(f.Table), 0))
			sets = append(sets, appendAttr(q, 2, append([]byte(f.Set), 0)))
		})
		if err != nil {
			return nil, err
		}
	}
	return sets, nil
}

// nftDump writes the objects of one kind. What the kernel refuses is listed.
func (c *collection) nftDump(ctx context.Context, s *nlsock, source, ns, kind string, message uint16, body []byte, r *rows, each func([]byte, Firewall)) error {
	list, note, err := s.collectDump(ctx, unix.NFNL_SUBSYS_NFTABLES<<8|message, body, maxRules)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.Is(err, unix.ENOENT) { // removed meanwhile
			c.refuse(source, refuse("%ss: %s", kind, explain(err)))
		}
		return nil
	}
	if note != "" {
		r.noteOnce(source + " " + kind + "s: " + note)
	}
	for _, m := range list {
		if m.kind>>8 != unix.NFNL_SUBSYS_NFTABLES {
			continue
		}
		for _, f := range parseNft(kind, m.body) {
			f.NetNS = ns
			if each != nil {
				each(m.body, f)
			}
			if err := r.add(f); err != nil {
				return err
			}
		}
	}
	return nil
}

// iptables writes the rules of the older iptables: of the tables that are there
// already, since asking for another would load it.
func (c *collection) iptables(ctx context.Context, r *rows) error {
	for _, v := range []struct {
		family string
		names  string
		domain int
		level  int
	}{
		{"ip", "/proc/net/ip_tables_names", unix.AF_INET, unix.SOL_IP},
		{"ip6", "/proc/net/ip6_tables_names", unix.AF_INET6, unix.SOL_IPV6},
	} {
		text, ok := c.readKernel(v.names, 64<<10)
		if !ok || strings.TrimSpace(text) == "" {
			continue
		}
		for table := range strings.FieldsSeq(text) {
			if err := ctx.Err(); err != nil {
				return err
			}
			list, err := readXtables(v.family, v.domain, v.level, table)
			if err != nil {
				c.refuse(v.names+" "+table, explain(err))
			}
			for _, f := range list {
				if err := r.add(f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
