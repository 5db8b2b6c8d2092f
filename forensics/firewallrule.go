package forensics

import (
	"bytes"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// nftWriter writes the expressions of one rule. They work on registers: what was
// loaded into one is kept here until it is compared.
type nftWriter struct {
	out   []string
	regs  map[uint32]string
	kinds map[uint32]string // what the values in a register are
}

func (w *nftWriter) say(format string, args ...any) {
	w.out = append(w.out, fmt.Sprintf(format, args...))
}

// load puts what an expression reads into a register.
func (w *nftWriter) load(reg uint32, what, kind string) { w.regs[reg], w.kinds[reg] = what, kind }

func (w *nftWriter) reg(n uint32) string {
	if s, ok := w.regs[n]; ok {
		return s
	}
	return fmt.Sprintf("reg%d", n)
}

// expression writes one expression: its name, and attributes of its own. What is
// not known is named.
func (w *nftWriter) expression(f *Firewall, b []byte) {
	name, data := "", []byte(nil)
	for k, v := range nlAttrs(b) {
		switch k {
		case 1:
			name = zeroEnded(v)
		case 2:
			data = v
		}
	}
	a := map[uint16][]byte{}
	for k, v := range nlAttrs(data) {
		a[k] = v
	}
	n := func(k uint16) uint32 { return big32(a[k]) }
	switch name {
	case "meta":
		w.meta(a)
	case "payload":
		what, kind := payload(n(2), n(3), n(4))
		if src, ok := a[5]; ok {
			w.say("%s set %s", what, w.reg(big32(src)))
			return
		}
		w.load(n(1), what, kind)
	case "cmp":
		op := []string{"", "!= ", "< ", "<= ", "> ", ">= "}[min(n(2), 5)]
		w.say("%s %s%s", w.reg(n(1)), op, nftValue(nftData(a[3]), w.kinds[n(1)]))
	case "range":
		op := []string{"", "!= "}[min(n(2), 1)]
		w.say("%s %s%s-%s", w.reg(n(1)), op, nftValue(nftData(a[3]), w.kinds[n(1)]), nftValue(nftData(a[4]), w.kinds[n(1)]))
	case "bitwise":
		w.bitwise(a)
	case "lookup":
		not := ""
		if n(5)&1 != 0 {
			not = "!= "
		}
		if _, maps := a[3]; maps {
			w.say("%s map @%s", w.reg(n(2)), zeroEnded(a[1]))
			w.load(n(3), w.reg(n(2))+" map @"+zeroEnded(a[1]), "")
			return
		}
		w.say("%s %s@%s", w.reg(n(2)), not, zeroEnded(a[1]))
	case "immediate":
		if n(1) == 0 {
			w.say("%s", nftDatum(a[2]))
			return
		}
		v := nftData(a[2])
		w.load(n(1), nftValue(v, ""), "")
	case "counter":
		f.Bytes += big64(a[1])
		f.Packets += big64(a[2])
		w.say("counter")
	default:
		w.other(name, a)
	}
}

// meta reads or sets what the kernel knows of a packet besides its bytes.
func (w *nftWriter) meta(a map[uint16][]byte) {
	key := nameAt(big32(a[2]), `length protocol priority mark iif oif iifname oifname iiftype oiftype skuid skgid nftrace rtclassid
		secmark nfproto l4proto ibrname obrname pkttype cpu iifgroup oifgroup cgroup prandom ipsec iifkind oifkind ibrpvid ibrvproto
		time day hour sdif sdifname broute`)
	kind := map[string]string{"iifname": "name", "oifname": "name", "ibrname": "name", "obrname": "name", "l4proto": "proto", "nfproto": "nfproto", "mark": "native", "skuid": "native", "skgid": "native", "iif": "native", "oif": "native"}[key]
	if src, ok := a[3]; ok {
		w.say("meta %s set %s", key, w.reg(big32(src)))
		return
	}
	if key != "iifname" && key != "oifname" && key != "iif" && key != "oif" {
		key = "meta " + key
	}
	w.load(big32(a[1]), key, kind)
}

// bitwise masks a register: a mask of leading ones is a prefix.
func (w *nftWriter) bitwise(a map[uint16][]byte) {
	mask, src, dst := nftData(a[4]), big32(a[1]), big32(a[2])
	what := w.reg(src)
	switch ones, prefix := leadingOnes(mask); {
	case len(mask) == 0:
		what += " shifted"
	case w.kinds[src] == "ctstate", w.kinds[src] == "native":
		what += " & " + nftValue(mask, w.kinds[src])
	case prefix && (len(mask) == 4 || len(mask) == 16):
		what += "/" + strconv.Itoa(ones)
	default:
		what += " & " + nftValue(mask, "hex")
	}
	w.load(dst, what, w.kinds[src])
}

// leadingOnes counts the ones that a mask begins with; prefix says that only
// zeros follow.
func leadingOnes(b []byte) (n int, prefix bool) {
	for i, c := range b {
		n += bits.LeadingZeros8(^c)
		if c != 0xff {
			rest := c<<bits.LeadingZeros8(^c) == 0
			return n, rest && len(bytes.Trim(b[i+1:], "\x00")) == 0
		}
	}
	return n, true
}

// payload names the part of a packet that is loaded: base 0 link, 1 network,
// 2 transport header.
func payload(base, offset, size uint32) (what, kind string) {
	if base == 1 && size < 4 && (offset == 12 || offset == 16) { // the whole bytes of a prefix
		return fmt.Sprintf("ip %s/%d", map[uint32]string{12: "saddr", 16: "daddr"}[offset], size*8), "prefix"
	}
	switch [3]uint32{base, offset, size} {
	case [3]uint32{1, 12, 4}:
		return "ip saddr", ""
	case [3]uint32{1, 16, 4}:
		return "ip daddr", ""
	case [3]uint32{1, 9, 1}:
		return "ip protocol", "proto"
	case [3]uint32{1, 8, 16}:
		return "ip6 saddr", ""
	case [3]uint32{1, 24, 16}:
		return "ip6 daddr", ""
	case [3]uint32{1, 6, 1}:
		return "ip6 nexthdr", "proto"
	case [3]uint32{2, 0, 2}:
		return "sport", "port"
	case [3]uint32{2, 2, 2}:
		return "dport", "port"
	case [3]uint32{2, 13, 1}:
		return "tcp flags", "hex"
	case [3]uint32{2, 0, 1}:
		return "icmp type", ""
	}
	return fmt.Sprintf("@%s,%d,%d", nameAt(base, "ll nh th ih"), offset*8, size*8), "hex"
}

// other writes the expressions that neither load nor compare.
func (w *nftWriter) other(name string, a map[uint16][]byte) {
	n := func(k uint16) uint32 { return big32(a[k]) }
	switch name {
	case "ct":
		key := nameAt(n(2), "state direction status mark secmark expiration helper l3proto saddr daddr protocol proto-src proto-dst label packets bytes avgpkt zone eventmask saddr daddr saddr daddr id")
		if src, ok := a[4]; ok {
			w.say("ct %s set %s", key, w.reg(big32(src)))
			return
		}
		w.load(n(1), "ct "+key, map[string]string{"state": "ctstate", "mark": "native", "status": "native"}[key])
	case "log":
		w.say("log")
		if p := zeroEnded(a[2]); p != "" {
			w.say("prefix %q", p)
		}
	case "limit":
		w.say("limit rate %d/%s", big64(a[1]), map[uint64]string{1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}[big64(a[2])])
	case "nat":
		w.say("%s", nameAt(n(1), "snat dnat"))
		if _, ok := a[3]; ok {
			w.say("to %s", w.reg(n(3)))
		}
		if _, ok := a[5]; ok {
			w.say("port %s", w.reg(n(5)))
		}
	case "redir", "tproxy":
		w.say("%s", strings.Replace(name, "redir", "redirect", 1))
		if name == "redir" && len(a[1]) > 0 {
			w.say("to :%s", w.reg(n(1)))
		}
	case "masq":
		w.say("masquerade")
	case "reject":
		w.say("reject")
	case "match", "target":
		w.say("xt %s %q", name, zeroEnded(a[1]))
	case "queue":
		num := a[1]
		if len(num) >= 2 {
			w.say("queue num %s", nftValue(num[:2], "port"))
			return
		}
		w.say("queue")
	default:
		w.say("%s", name)
		if to, ok := a[1]; ok && len(to) == 4 && (name == "fib" || name == "socket" || name == "rt" || name == "numgen" || name == "hash" || name == "exthdr") {
			w.load(big32(to), name, "hex")
			w.out = w.out[:len(w.out)-1]
		}
	}
}
