package forensics

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// Messages of sock_diag(7): linux/sock_diag.h, inet_diag.h, unix_diag.h,
// packet_diag.h, netlink_diag.h. Ports and addresses are big-endian, the rest is
// in the machine's own order.
const (
	sizeInetDiag    = 72
	sizeUnixDiag    = 16
	sizePacketDiag  = 16
	sizeNetlinkDiag = 28
	maxFilter       = 4096 * 8 // bytes of an attached filter: what the kernel allows (BPF_MAXINSNS)
)

// inetDiagRequest is a struct inet_diag_req_v2 that asks for every state that
// /proc/net shows too.
func inetDiagRequest(family, protocol byte) []byte {
	b := make([]byte, 56)
	b[0], b[1] = family, protocol
	const states = 0x1ffe // TCP_ESTABLISHED to TCP_NEW_SYN_RECV
	binary.NativeEndian.PutUint32(b[4:], states)
	return b
}

// parseInetDiag reads a struct inet_diag_msg.
func parseInetDiag(proto string, b []byte) (Socket, bool) {
	if len(b) < sizeInetDiag {
		return Socket{}, false
	}
	width := 4
	if strings.HasSuffix(proto, "6") {
		width = 16
	}
	local, ok := netip.AddrFromSlice(b[8 : 8+width])
	remote, ok2 := netip.AddrFromSlice(b[24 : 24+width])
	if !ok || !ok2 {
		return Socket{}, false
	}
	from := netip.AddrPortFrom(local, binary.BigEndian.Uint16(b[4:]))
	to := netip.AddrPortFrom(remote, binary.BigEndian.Uint16(b[6:]))
	s := Socket{
		Proto: proto, State: tcpState(uint64(b[1])), Local: from.String(),
		UID: native32(b[64:]), Inode: uint64(native32(b[68:])),
	}
	if to.Port() != 0 || !remote.IsUnspecified() {
		s.Remote = to.String()
	}
	if !strings.HasPrefix(proto, "tcp") && b[1] == 7 {
		s.State = "unconn"
	}
	return s, true
}

// unixDiagRequest is a struct unix_diag_req: names, peers and owners of all.
func unixDiagRequest() []byte {
	b := make([]byte, 24)
	b[0] = 1 // AF_UNIX
	const name, peer, uid = 1, 4, 0x40
	binary.NativeEndian.PutUint32(b[4:], 0xffffffff)
	binary.NativeEndian.PutUint32(b[12:], name|peer|uid)
	return b
}

// parseUnixDiag reads a struct unix_diag_msg.
func parseUnixDiag(b []byte) (Socket, bool) {
	if len(b) < sizeUnixDiag {
		return Socket{}, false
	}
	s := Socket{Proto: "unix", Type: socketType(b[1]), Inode: uint64(native32(b[4:])), State: "unconn"}
	switch b[2] {
	case 1:
		s.State = "connected"
	case 10:
		s.State = "listen"
	}
	for kind, v := range nlAttrs(b[sizeUnixDiag:]) {
		switch kind {
		case 0:
			s.Path = string(v)
			if len(v) > 0 && v[0] == 0 {
				// Abstract: shown as /proc/net/unix shows it, every NUL as @.
				s.Path = strings.ReplaceAll(s.Path, "\x00", "@")
			} else {
				s.Path = strings.TrimRight(s.Path, "\x00")
			}
			s.Raw = raw(s.Raw, "path", s.Path)
		case 2:
			s.Peer = uint64(native32(v))
		case 7:
			s.UID = native32(v)
		}
	}
	return s, true
}

// socketType names the types of socket(2).
func socketType(t byte) string {
	switch t {
	case 1:
		return "stream"
	case 2:
		return "dgram"
	case 3:
		return "raw"
	case 5:
		return "seqpacket"
	}
	return strconv.Itoa(int(t))
}

// packetDiagRequest is a struct packet_diag_req: interface, owner and filter.
func packetDiagRequest() []byte {
	b := make([]byte, 20)
	b[0] = 17 // AF_PACKET
	const info, filter = 1, 0x20
	binary.NativeEndian.PutUint32(b[8:], info|filter)
	return b
}

// parsePacketDiag reads a struct packet_diag_msg. A filter on such a socket is
// how a back door waits for its packet without a port.
func parsePacketDiag(b []byte) (Socket, bool) {
	if len(b) < sizePacketDiag {
		return Socket{}, false
	}
	s := Socket{
		Proto: "packet", State: "unconn", Type: socketType(b[1]), Inode: uint64(native32(b[4:])),
		Protocol: hex.EncodeToString(binary.BigEndian.AppendUint16(nil, binary.NativeEndian.Uint16(b[2:]))),
	}
	for kind, v := range nlAttrs(b[sizePacketDiag:]) {
		switch kind {
		case 0:
			s.Interface = strconv.FormatUint(uint64(native32(v)), 10)
		case 5:
			s.UID = native32(v)
		case 7:
			s.Filter = len(v) / 8
			s.FilterRaw = hex.EncodeToString(v[:min(len(v), maxFilter)])
		}
	}
	return s, true
}

// netlinkDiagRequest is a struct netlink_diag_req for all families.
func netlinkDiagRequest() []byte {
	b := make([]byte, 20)
	b[0], b[1] = 16, 0xff // AF_NETLINK, NDIAG_PROTO_ALL
	return b
}

// parseNetlinkDiag reads a struct netlink_diag_msg; sockets of the kernel itself
// are passed over.
func parseNetlinkDiag(b []byte) (Socket, bool) {
	if len(b) < sizeNetlinkDiag {
		return Socket{}, false
	}
	return Socket{Proto: "netlink", State: "unconn", Protocol: netlinkFamily(b[2]), Inode: uint64(native32(b[16:]))}, true
}

// netlinkFamily names the families of netlink(7).
func netlinkFamily(n byte) string {
	names := map[byte]string{
		0: "route", 2: "usersock", 3: "firewall", 4: "sock_diag", 5: "nflog", 6: "xfrm", 7: "selinux", 8: "iscsi", 9: "audit",
		10: "fib_lookup", 11: "connector", 12: "netfilter", 13: "ip6_fw", 15: "kobject_uevent", 16: "generic", 18: "scsitransport", 20: "rdma", 21: "crypto",
	}
	if name, ok := names[n]; ok {
		return name
	}
	return strconv.Itoa(int(n))
}

// parsePacket reads a line of /proc/net/packet:
//
//	sk RefCnt Type Proto Iface R Rmem User Inode
func parsePacket(line string) (Socket, bool) {
	f := strings.Fields(line)
	if len(f) < 9 {
		return Socket{}, false
	}
	ino, err := strconv.ParseUint(f[8], 10, 64)
	if err != nil {
		return Socket{}, false
	}
	return Socket{Proto: "packet", State: "unconn", Type: socketType(byte(number(f[2]) & 0xff)), Protocol: f[3], Interface: f[4], UID: number(f[7]), Inode: ino}, true
}

// parseNetlink reads a line of /proc/net/netlink:
//
//	sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
func parseNetlink(line string) (Socket, bool) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return Socket{}, false
	}
	ino, err := strconv.ParseUint(f[9], 10, 64)
	if err != nil {
		return Socket{}, false
	}
	return Socket{Proto: "netlink", State: "unconn", Protocol: netlinkFamily(byte(number(f[1]) & 0xff)), Inode: ino}, true
}
