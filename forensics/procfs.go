package forensics

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"firebreak/internal/lazyre"
)

// parseStat reads /proc/PID/stat (proc(5)) into p. The command stands in
// brackets and may hold anything, brackets too, so the last one counts.
func parseStat(b []byte, p *Process) bool {
	open, end := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	if open < 1 || end < open {
		return false
	}
	f := strings.Fields(string(b[end+1:]))
	if len(f) < 20 {
		return false
	}
	var n [20]uint64
	for i := 1; i < 20; i++ {
		v, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			u, uerr := strconv.ParseUint(f[i], 10, 64)
			if uerr != nil {
				return false
			}
			n[i] = u
			continue
		}
		n[i] = uint64(v) //nolint:gosec // negative fields are not used below, save tty, which is masked
	}
	const kernelThread = 0x00200000
	p.Comm = string(b[open+1 : end])
	p.Raw = raw(p.Raw, "comm", p.Comm)
	p.State = f[0]
	p.PPID, p.Session = int(int32(n[1])), int(int32(n[3])) //nolint:gosec // process ids are 22 bits
	if tty := uint32(n[4]); tty != 0 {                     //nolint:gosec // an encoded device number is 32 bits
		p.TTY = strconv.FormatUint(uint64(tty>>8&0xfff), 10) + ":" + strconv.FormatUint(uint64(tty&0xff|tty>>12&0xfff00), 10)
	}
	p.Kernel = n[6]&kernelThread != 0
	p.Ticks = n[19]
	return true
}

// parseStatus takes what stat does not tell from /proc/PID/status.
func parseStatus(b []byte, p *Process) {
	for line := range bytes.Lines(b) {
		name, value, ok := strings.Cut(string(line), ":")
		f := strings.Fields(value)
		if !ok || len(f) == 0 {
			continue
		}
		switch name {
		case "Uid":
			if len(f) > 1 {
				p.UID, p.EUID = number(f[0]), number(f[1])
			}
		case "Gid":
			p.GID = number(f[0])
		case "Threads":
			p.Threads = int(number(f[0]))
		case "TracerPid":
			p.Tracer = int(number(f[0]))
		case "CapAmb":
			if strings.Trim(f[0], "0") != "" {
				p.Ambient = f[0]
			}
		case "Seccomp":
			p.Seccomp = map[string]string{"1": "strict", "2": "filter"}[f[0]]
		case "NoNewPrivs":
			p.NoNewPriv = f[0] == "1"
		case "CapEff":
			if strings.Trim(f[0], "0") != "" {
				p.Caps = f[0]
			}
		}
	}
}

// number reads a 32-bit number; what is none is 0.
func number(s string) uint32 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// splitArgv cuts /proc/PID/cmdline at its NULs. A process may have written over
// it: then it is one argument.
func splitArgv(b []byte) []string {
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 {
		return nil
	}
	return strings.Split(string(b), "\x00")
}

var containerID = lazyre.New(`(?:^|[^0-9a-f])([0-9a-f]{64}|[0-9a-f]{32}-[0-9]{10})(?:[^0-9a-f]|$)`)

// containerOf finds a container's id in a line of /proc/PID/cgroup: Docker,
// containerd, CRI-O and Podman use 64 hexadecimal digits, ECS 32 and a number;
// LXC and systemd-nspawn a name.
func containerOf(cgroup string) string {
	if m := containerID.FindStringSubmatch(cgroup); m != nil {
		return m[1]
	}
	for part := range strings.SplitSeq(cgroup, "/") {
		if name, ok := strings.CutPrefix(part, "lxc.payload."); ok {
			return "lxc " + name
		}
		if name, ok := strings.CutPrefix(part, "machine-"); ok && strings.HasSuffix(name, ".scope") {
			return strings.TrimSuffix(name, ".scope")
		}
	}
	return ""
}

// parseCgroup picks the unified line of /proc/PID/cgroup, else the first with a
// path.
func parseCgroup(b []byte) string {
	best := ""
	for line := range bytes.Lines(b) {
		f := strings.SplitN(strings.TrimRight(string(line), "\n"), ":", 3)
		if len(f) != 3 || f[2] == "/" {
			continue
		}
		if best == "" || f[0] == "0" {
			best = f[2]
		}
	}
	return best
}

// mapping is a line of /proc/PID/maps.
type mapping struct {
	perms, device, path string
	inode               uint64
	size                int64
}

// parseMapping reads "start-end perms offset dev inode path".
func parseMapping(line string) (mapping, bool) {
	f := strings.SplitN(line, " ", 6)
	if len(f) < 5 {
		return mapping{}, false
	}
	ino, err := strconv.ParseUint(f[4], 10, 64)
	if err != nil {
		return mapping{}, false
	}
	m := mapping{perms: f[1], device: f[3], inode: ino}
	if len(f) == 6 {
		m.path = strings.TrimLeft(f[5], " ")
	}
	from, to, _ := strings.Cut(f[0], "-")
	start, err := strconv.ParseUint(from, 16, 64)
	end, err2 := strconv.ParseUint(to, 16, 64)
	if err == nil && err2 == nil && end >= start {
		m.size = int64(end - start) //nolint:gosec // less than the address space, whose upper half is the kernel's
	}
	return m, true
}

// parseSocket reads a line of /proc/net/{tcp,udp,raw}{,6}; the heading is none.
//
//	sl local remote st tx:rx tr:when retrnsmt uid timeout inode …
func parseSocket(proto, line string) (Socket, bool) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return Socket{}, false
	}
	local, ok := parseEndpoint(f[1])
	if !ok {
		return Socket{}, false
	}
	remote, ok := parseEndpoint(f[2])
	if !ok {
		return Socket{}, false
	}
	state, err := strconv.ParseUint(f[3], 16, 8)
	if err != nil {
		return Socket{}, false
	}
	ino, err := strconv.ParseUint(f[9], 10, 64)
	if err != nil {
		return Socket{}, false
	}
	s := Socket{Proto: proto, Local: local.String(), State: tcpState(state), UID: number(f[7]), Inode: ino}
	if remote.Port() != 0 || !remote.Addr().IsUnspecified() {
		s.Remote = remote.String()
	}
	if !strings.HasPrefix(proto, "tcp") && state == 7 {
		s.State = "unconn"
	}
	return s, true
}

// parseEndpoint reads "0100007F:1F90": the address as 32-bit words in the
// machine's own order, the port big-endian.
func parseEndpoint(s string) (netip.AddrPort, bool) {
	host, port, ok := strings.Cut(s, ":")
	if !ok {
		return netip.AddrPort{}, false
	}
	p, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, false
	}
	addr, ok := parseWords(host)
	return netip.AddrPortFrom(addr, uint16(p)), ok
}

// parseWords reads an address printed as words in the machine's order.
func parseWords(s string) (netip.Addr, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 4 && len(b) != 16 {
		return netip.Addr{}, false
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	addr, ok := netip.AddrFromSlice(b)
	return addr, ok
}

// tcpState names the states of include/net/tcp_states.h.
func tcpState(n uint64) string {
	names := []string{
		"", "established", "syn-sent", "syn-recv", "fin-wait-1", "fin-wait-2", "time-wait",
		"close", "close-wait", "last-ack", "listen", "closing", "new-syn-recv",
	}
	if n == 0 || n >= uint64(len(names)) {
		return strconv.FormatUint(n, 10)
	}
	return names[n]
}

// parseUnix reads a line of /proc/net/unix:
//
//	Num RefCount Protocol Flags Type St Inode Path
func parseUnix(line string) (Socket, bool) {
	name := line
	f := strings.Fields(line)
	if len(f) < 7 {
		return Socket{}, false
	}
	// The path is the rest after the inode, spaces and all.
	for range 7 {
		_, name, _ = strings.Cut(strings.TrimLeft(name, " "), " ")
	}
	flags, err := strconv.ParseUint(f[3], 16, 32)
	if err != nil {
		return Socket{}, false
	}
	ino, err := strconv.ParseUint(f[6], 10, 64)
	if err != nil {
		return Socket{}, false
	}
	s := Socket{Proto: "unix", Path: name, Inode: ino}
	s.Raw = raw(s.Raw, "path", name)
	switch f[4] {
	case "0001":
		s.Type = "stream"
	case "0002":
		s.Type = "dgram"
	case "0005":
		s.Type = "seqpacket"
	default:
		s.Type = f[4]
	}
	const accepting = 0x10000
	switch {
	case flags&accepting != 0:
		s.State = "listen"
	case f[5] == "03":
		s.State = "connected"
	case f[5] == "02":
		s.State = "connecting"
	default:
		s.State = "unconn"
	}
	return s, true
}
