package forensics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits on sockets: holders of one socket, network namespaces looked into, and
// sockets of one kind in one of them.
const (
	maxHolders = 32
	maxNetNS   = 256
	maxSockets = 500_000
)

// owners maps sockets to the processes that hold them.
type owners struct {
	of     map[uint64][]Held
	spaces map[string]string // network namespace → a file that leads into it
	blind  int
}

// socketOwners goes through the descriptors of all processes.
func (c *collection) socketOwners(ctx context.Context) (owners, error) {
	o := owners{of: map[uint64][]Held{}, spaces: map[string]string{}}
	var err error
	o.blind, err = c.eachHolder(ctx, func(h holder) error {
		if ns, err := readlinkAt(h.fd, "ns/net"); err == nil {
			if _, ok := o.spaces[ns]; !ok && len(o.spaces) < maxNetNS {
				o.spaces[ns] = "/proc/" + strconv.Itoa(h.pid)
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
	e := c.exhibit("Network and unix sockets", "/proc/net, /proc/*/fd", FormatSockets,
		methodProc+"; sockets by sock_diag(7) where the kernel has it loaded, compared with /proc/net")
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
		v := &view{c: c, o: o, r: r}
		if err := v.all(ctx, "/proc/self", ""); err != nil {
			return err
		}
		for _, ns := range slices.Sorted(maps.Keys(o.spaces)) {
			if ns == ours {
				continue
			}
			if err := v.all(ctx, o.spaces[ns], ns); err != nil {
				return err
			}
		}
		return nil
	})
}

// view reads the sockets of one network namespace after the other.
type view struct {
	c *collection
	o owners
	r *rows
}

// kind is one kind of sockets and the two ways to read it.
type kind struct {
	proto   string
	modules []string // parts of the kernel that answer for it
	request []byte
	parse   func([]byte) (Socket, bool)
	table   func(string) (Socket, bool) // a line of /proc/net/PROTO
	compare bool
}

// kinds lists the kinds in the order in which they are written.
func kinds() []kind {
	inet := func(proto string, family, number byte, module string) kind {
		return kind{
			proto,
			[]string{"inet_diag", module},
			inetDiagRequest(family, number),
			func(b []byte) (Socket, bool) { return parseInetDiag(proto, b) },
			func(line string) (Socket, bool) { return parseSocket(proto, line) },
			module == "tcp_diag" || module == "udp_diag",
		}
	}
	return []kind{
		inet("tcp", unix.AF_INET, unix.IPPROTO_TCP, "tcp_diag"), inet("tcp6", unix.AF_INET6, unix.IPPROTO_TCP, "tcp_diag"),
		inet("udp", unix.AF_INET, unix.IPPROTO_UDP, "udp_diag"), inet("udp6", unix.AF_INET6, unix.IPPROTO_UDP, "udp_diag"),
		inet("udplite", unix.AF_INET, unix.IPPROTO_UDPLITE, "udp_diag"), inet("udplite6", unix.AF_INET6, unix.IPPROTO_UDPLITE, "udp_diag"),
		inet("raw", unix.AF_INET, unix.IPPROTO_RAW, "raw_diag"), inet("raw6", unix.AF_INET6, unix.IPPROTO_RAW, "raw_diag"),
		inet("sctp", unix.AF_INET, unix.IPPROTO_SCTP, "sctp_diag"), inet("sctp6", unix.AF_INET6, unix.IPPROTO_SCTP, "sctp_diag"),
		{"unix", []string{"unix_diag"}, unixDiagRequest(), parseUnixDiag, parseUnix, false},
		{"packet", []string{"af_packet_diag"}, packetDiagRequest(), parsePacketDiag, parsePacket, false},
		{"netlink", []string{"netlink_diag"}, netlinkDiagRequest(), parseNetlinkDiag, parseNetlink, false},
	}
}

// all writes the sockets of the network namespace that dir, a folder of /proc or
// a file of its own, leads to.
func (v *view) all(ctx context.Context, dir, ns string) error {
	diag, err := v.c.diagIn(dir, ns)
	if err != nil && !ended(err) {
		v.c.refuse(dir+"/ns/net", refuse("sock_diag: %s; read from %s/net instead", explain(err), dir))
	}
	if diag != nil {
		defer func() { _ = diag.close() }()
	}
	for _, k := range kinds() {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, err := v.kind(ctx, diag, dir, k)
		if err != nil {
			return err
		}
		for _, s := range list {
			s.NetNS, s.Owners = ns, v.o.of[s.Inode]
			if len(s.Owners) == 0 {
				s.Owners = nil
			}
			if s.Proto != "unix" && s.Proto != "netlink" || s.UID != 0 {
				s.User = v.c.users[s.UID]
			}
			if err := v.r.add(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// diagIn opens sock_diag in a network namespace; nil where it is not loaded.
func (c *collection) diagIn(dir, ns string) (*nlsock, error) {
	if ok, _ := c.kernelParts().has("inet_diag"); !ok {
		return nil, nil
	}
	if ns == "" {
		return openNetlink(unix.NETLINK_SOCK_DIAG, -1)
	}
	fd, err := unix.Open(dir+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	s, err := openNetlink(unix.NETLINK_SOCK_DIAG, fd)
	return s, errors.Join(err, unix.Close(fd))
}

// kind reads one kind of sockets: by sock_diag and, for those that programs hide
// most, by /proc/net too; by /proc/net alone where sock_diag does not answer.
func (v *view) kind(ctx context.Context, diag *nlsock, dir string, k kind) ([]Socket, error) {
	name := dir + "/net/" + k.proto
	ok, why := v.c.kernelParts().has(k.modules...)
	if diag == nil || !ok {
		if why != "" && dir == "/proc/self" && k.proto != "sctp" && k.proto != "sctp6" {
			v.r.noteOnce(fmt.Sprintf("%s: read from /proc/net alone: %s", k.proto, why))
		}
		return v.table(name, k)
	}
	var before []Socket
	var err error
	if k.compare {
		if before, err = v.table(name, k); err != nil {
			return nil, err
		}
	}
	list, err := v.ask(ctx, diag, k)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EOPNOTSUPP) {
			v.c.refuse(name, refuse("sock_diag: %s; read from /proc/net instead", explain(err)))
		}
		return v.table(name, k)
	}
	if !k.compare {
		return list, nil
	}
	after, err := v.table(name, k)
	if err != nil {
		return nil, err
	}
	return differ(before, list, after, func() ([]Socket, error) { return v.ask(ctx, diag, k) })
}

// differ marks the sockets that one view shows and the other does not: of those
// seen by sock_diag only what neither reading of the table has and sock_diag still
// shows, of those in the table only what both readings have.
func differ(before, list, after []Socket, again func() ([]Socket, error)) ([]Socket, error) {
	key := func(s Socket) string { return s.Local + " " + s.Remote }
	count := map[string]int{}
	for _, s := range before {
		count[key(s)] |= 1
	}
	for _, s := range after {
		count[key(s)] |= 2
	}
	diag := map[string]bool{}
	var odd []int
	for i, s := range list {
		diag[key(s)] = true
		if count[key(s)] == 0 {
			odd = append(odd, i)
		}
	}
	if len(odd) > 0 {
		still, err := again()
		if err != nil {
			return list, nil //nolint:nilerr // the second look only confirms; the first one stands
		}
		there := map[string]bool{}
		for _, s := range still {
			there[key(s)] = true
		}
		for _, i := range odd {
			// States that last no longer than a look are left out.
			if there[key(list[i])] && (list[i].State == "listen" || list[i].State == "established" || list[i].State == "unconn") {
				list[i].Hidden = "/proc/net"
			}
		}
	}
	for _, s := range after {
		if count[key(s)] == 3 && !diag[key(s)] && s.State != "time-wait" {
			s.Hidden = "sock_diag"
			list = append(list, s)
		}
	}
	return list, nil
}

// ask reads one kind by sock_diag.
func (v *view) ask(ctx context.Context, diag *nlsock, k kind) ([]Socket, error) {
	const byFamily = 20 // SOCK_DIAG_BY_FAMILY
	messages, note, err := diag.collectDump(ctx, byFamily, k.request, maxSockets)
	if err != nil {
		return nil, err
	}
	if note != "" {
		v.r.noteOnce(k.proto + ": " + note)
	}
	var out []Socket
	bad := 0
	for _, m := range messages {
		s, ok := k.parse(m.body)
		if !ok {
			bad++
			continue
		}
		if k.proto == "netlink" && s.Inode == 0 {
			continue // the kernel's own
		}
		out = append(out, s)
	}
	v.r.unread("sock_diag "+k.proto, bad)
	return out, nil
}

// table reads one kind from /proc/net; what may not be read is listed.
func (v *view) table(name string, k kind) ([]Socket, error) {
	var out []Socket
	if strings.HasPrefix(k.proto, "sctp") {
		return nil, nil // its tables have another shape, and are there only with the module
	}
	bad, err := socketTable(name, k.table, func(s Socket) bool {
		if k.proto != "netlink" || s.Inode != 0 {
			out = append(out, s)
		}
		return len(out) < maxSockets
	})
	if len(out) == maxSockets {
		v.r.noteOnce(fmt.Sprintf("%s: more than %d: the rest is not kept", name, maxSockets))
	}
	v.r.unread(name, bad)
	if err != nil {
		v.c.refuse(name, err)
	}
	return out, nil
}

// socketTable reads one table line by line.
func socketTable(name string, parse func(string) (Socket, bool), f func(Socket) bool) (bad int, err error) {
	file, err := os.Open(name) //nolint:gosec // a table of /proc, named here
	if err != nil {
		return 0, explain(err)
	}
	defer func() { _ = file.Close() }()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	lines.Scan() // the heading
	for lines.Scan() {
		s, ok := parse(lines.Text())
		if !ok {
			bad++
			continue
		}
		if !f(s) {
			return bad, nil
		}
	}
	if err := lines.Err(); err != nil {
		return bad, explain(err)
	}
	return bad, nil
}
