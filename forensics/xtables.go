package forensics

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// xtRead is how far a table of iptables may go on, in bytes.
const xtRead = 64 << 20

// parseXtables reads the entries of IPT_SO_GET_ENTRIES (linux/netfilter_ipv4/
// ip_tables.h, ip6_tables.h): each is what a packet must look like, matches, and
// a target. hooks are the offsets at which the built-in chains begin. Damaged
// entries end the reading, which is then said.
func parseXtables(family, table string, b []byte, hooks map[uint32]string) (out []Firewall, whole bool) {
	head, at := 112, 84 // struct ipt_entry; where its counts of bytes begin
	if family == "ip6" {
		head, at = 168, 136
	}
	chain := ""
	for off := 0; off < len(b); {
		if len(b)-off < head {
			return out, false
		}
		e := b[off:]
		target, next := int(binary.NativeEndian.Uint16(e[at+4:])), int(binary.NativeEndian.Uint16(e[at+6:]))
		if next < head || next > len(e) || target < head || target+32 > next {
			return out, false
		}
		if name, ok := hooks[uint32(off)]; ok {
			chain = name
			out = append(out, Firewall{Kind: "chain", Engine: "iptables", Family: family, Table: table, Chain: chain})
		}
		name := zeroEnded(e[target+2 : target+31])
		if name == "ERROR" { // a chain of its own begins, or the table ends
			chain = zeroEnded(e[target+32 : next])
			if chain != "ERROR" {
				out = append(out, Firewall{Kind: "chain", Engine: "iptables", Family: family, Table: table, Chain: chain})
			}
			off += next
			continue
		}
		f := Firewall{
			Kind: "rule", Engine: "iptables", Family: family, Table: table, Chain: chain,
			Packets: binary.NativeEndian.Uint64(e[at+12:]), Bytes: binary.NativeEndian.Uint64(e[at+20:]),
		}
		words := xtAddress(family, e)
		words = append(words, xtMatches(&f, e[head:target])...)
		words = append(words, xtTarget(name, e[target+32:next]))
		f.Rule = strings.TrimSpace(strings.Join(words, " "))
		out = append(out, f.whole())
		off += next
	}
	return out, true
}

// xtAddress writes addresses, interfaces and protocol of struct ipt_ip or
// ip6t_ip6.
func xtAddress(family string, e []byte) (out []string) {
	w := 4
	if family == "ip6" {
		w = 16
	}
	not := func(bit byte) string {
		if e[map[int]int{4: 83, 16: 131}[w]]&bit != 0 {
			return "! "
		}
		return ""
	}
	if s := xtPrefix(e[:w], e[2*w:3*w]); s != "" {
		out = append(out, not(0x08)+"-s "+s)
	}
	if s := xtPrefix(e[w:2*w], e[3*w:4*w]); s != "" {
		out = append(out, not(0x10)+"-d "+s)
	}
	if s := zeroEnded(e[4*w : 4*w+16]); s != "" {
		out = append(out, not(0x01)+"-i "+s)
	}
	if s := zeroEnded(e[4*w+16 : 4*w+32]); s != "" {
		out = append(out, not(0x02)+"-o "+s)
	}
	if p := e[4*w+64]; p != 0 { // behind both interfaces and their masks
		out = append(out, not(0x40)+"-p "+ipProtocol(p))
	}
	return out
}

func xtPrefix(addr, mask []byte) string {
	a, ok := netip.AddrFromSlice(addr)
	ones, _ := leadingOnes(mask)
	if !ok || ones == 0 && a.IsUnspecified() {
		return ""
	}
	return netip.PrefixFrom(a, ones).String()
}

// xtMatches names the matches; of those that name ports and comments it says
// what they hold.
func xtMatches(f *Firewall, b []byte) (out []string) {
	for len(b) >= 32 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 32 || n > len(b) {
			return append(out, "(damaged match)")
		}
		name, data := zeroEnded(b[2:31]), b[32:n]
		switch {
		case (name == "tcp" || name == "udp") && len(data) >= 8:
			for i, flag := range []string{"--sport", "--dport"} {
				lo, hi := binary.NativeEndian.Uint16(data[4*i:]), binary.NativeEndian.Uint16(data[4*i+2:])
				switch {
				case lo == 0 && hi == 0xffff:
				case lo == hi:
					out = append(out, fmt.Sprintf("%s %d", flag, lo))
				default:
					out = append(out, fmt.Sprintf("%s %d:%d", flag, lo, hi))
				}
			}
		case name == "comment":
			f.Comment = zeroEnded(data)
		default:
			out = append(out, "-m "+name)
		}
		b = b[n:]
	}
	return out
}

// xtTarget writes a target: a verdict or a jump has no name.
func xtTarget(name string, data []byte) string {
	if name != "" || len(data) < 4 {
		return "-j " + name
	}
	v := int32(binary.NativeEndian.Uint32(data)) //nolint:gosec // a signed number
	switch {
	case v == -5:
		return "-j RETURN"
	case v < 0:
		return "-j " + map[int32]string{0: "DROP", 1: "ACCEPT", 3: "QUEUE", 4: "REPEAT"}[-v-1]
	}
	return fmt.Sprintf("-j to offset %d", v)
}
