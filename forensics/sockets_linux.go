package forensics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits on sockets: holders of one socket, and network namespaces looked into.
const (
	maxHolders = 32
	maxNetNS   = 256
)

// owners maps sockets to the processes that hold them.
type owners struct {
	of     map[uint64][]Held
	spaces map[string]int // network namespace → a process in it
	blind  int
}

// socketOwners goes through the descriptors of all processes.
func (c *collection) socketOwners(ctx context.Context) (owners, error) {
	o := owners{of: map[uint64][]Held{}, spaces: map[string]int{}}
	var err error
	o.blind, err = c.eachHolder(ctx, func(h holder) error {
		if ns, err := readlinkAt(h.fd, "ns/net"); err == nil {
			if _, ok := o.spaces[ns]; !ok && len(o.spaces) < maxNetNS {
				o.spaces[ns] = h.pid
			}
		}
		return eachFD(h, func(fd int, link string) error {
			number, ok := strings.CutPrefix(link, "socket:[")
			if !ok {
				return nil
			}
			ino, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64)
			if err == nil && len(o.of[ino]) < maxHolders {
				o.of[ino] = append(o.of[ino], Held{PID: h.pid, FD: fd, Comm: h.comm})
			}
			return nil
		})
	})
	return o, err
}

// sockets writes the "fb.sockets" snapshot: those of our network namespace
// first, then those of every other one that a process we may look at is in.
func (c *collection) sockets(ctx context.Context) error {
	e := c.exhibit("Network and unix sockets", "/proc/net, /proc/*/fd", FormatSockets, methodProc)
	return c.snapshot(ctx, e, func(r *rows) error {
		o, err := c.socketOwners(ctx)
		if err != nil {
			return err
		}
		if o.blind > 0 {
			c.refuse("/proc/*/fd", refuse("descriptors of %d processes: permission denied; their sockets have no owner here", o.blind))
		}
		ours, err := readlinkAt(unix.AT_FDCWD, "/proc/self/ns/net")
		if err != nil {
			ours = ""
		}
		if err := c.socketTables(ctx, "/proc/self/net/", "", o, r); err != nil {
			return err
		}
		for ns, pid := range o.spaces {
			if ns == ours {
				continue
			}
			if err := c.socketTables(ctx, fmt.Sprintf("/proc/%d/net/", pid), ns, o, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// socketTables writes the sockets of one network namespace.
func (c *collection) socketTables(ctx context.Context, dir, ns string, o owners, r *rows) error {
	for _, proto := range []string{"tcp", "tcp6", "udp", "udp6", "raw", "raw6", "unix"} {
		if err := ctx.Err(); err != nil {
			return err
		}
		bad, err := c.socketTable(dir+proto, proto, func(s Socket) error {
			s.NetNS, s.Owners = ns, o.of[s.Inode]
			if proto != "unix" {
				s.User = c.users[s.UID]
			}
			return r.add(s)
		})
		if bad > 0 {
			r.note = append(r.note, fmt.Sprintf("%s: %d lines could not be read", dir+proto, bad))
		}
		var refused *refusal
		if errors.As(err, &refused) || missing(err) {
			c.refuse(dir+proto, err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// socketTable reads one table line by line.
func (c *collection) socketTable(name, proto string, f func(Socket) error) (bad int, err error) {
	file, err := os.Open(name) //nolint:gosec // a table of /proc, named here
	if err != nil {
		return 0, explain(err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	lines.Scan() // the heading
	for lines.Scan() {
		var s Socket
		var ok bool
		if proto == "unix" {
			s, ok = parseUnix(lines.Text())
		} else {
			s, ok = parseSocket(proto, lines.Text())
		}
		if !ok {
			bad++
			continue
		}
		if err := f(s); err != nil {
			return bad, err
		}
	}
	if err := lines.Err(); err != nil {
		return bad, explain(err)
	}
	return bad, nil
}
