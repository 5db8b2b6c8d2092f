package forensics

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Firewall is a line of the "fb.firewall" format: a table, chain, rule, set or
// element of nftables, or a rule of the older iptables.
type Firewall struct {
	Kind     string `json:"kind"`               // table, chain, rule, set, element
	Engine   string `json:"engine"`             // nftables, iptables
	Family   string `json:"family"`             // inet, ip, ip6, arp, bridge, netdev
	Table    string `json:"table"`              //
	Chain    string `json:"chain,omitempty"`    //
	Set      string `json:"set,omitempty"`      //
	Handle   uint64 `json:"handle,omitempty"`   //
	Hook     string `json:"hook,omitempty"`     // of a base chain: prerouting, input, forward, output, postrouting, ingress
	Priority int32  `json:"priority,omitempty"` //
	Type     string `json:"type,omitempty"`     // of a chain: filter, nat, route
	Policy   string `json:"policy,omitempty"`   // of a base chain
	Rule     string `json:"rule,omitempty"`     // as nft(8) would write it, as far as it is understood
	Comment  string `json:"comment,omitempty"`  //
	Packets  uint64 `json:"packets,omitempty"`  //
	Bytes    uint64 `json:"bytes,omitempty"`    //
	NetNS    string `json:"netns,omitempty"`    // network namespace where it is not ours

	Raw map[string][]byte `json:"raw,omitempty"`
}

// nftFamily names the families of nfgenmsg.
func nftFamily(n byte) string {
	names := map[byte]string{1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
	if s, ok := names[n]; ok {
		return s
	}
	return strconv.Itoa(int(n))
}

// nftHook names a hook of a family (linux/netfilter.h).
func nftHook(family byte, n uint32) string {
	switch family {
	case 5:
		return nameAt(n, "ingress egress")
	case 3:
		return nameAt(n, "input output forward")
	}
	return nameAt(n, "prerouting input forward output postrouting ingress")
}

// nftVerdict names a verdict (linux/netfilter.h, nf_tables.h).
func nftVerdict(code int32, chain string) string {
	switch code {
	case 0:
		return "drop"
	case 1:
		return "accept"
	case 2:
		return "stolen"
	case 3:
		return "queue"
	case 4:
		return "repeat"
	case -1:
		return "continue"
	case -2:
		return "break"
	case -3:
		return "jump " + chain
	case -4:
		return "goto " + chain
	case -5:
		return "return"
	}
	return fmt.Sprintf("verdict %d", code)
}

// parseNft reads a message of nf_tables (linux/netfilter/nf_tables.h) behind its
// struct nfgenmsg. kind is what was asked for.
func parseNft(kind string, body []byte) []Firewall {
	if len(body) < 4 {
		return nil
	}
	f := Firewall{Kind: kind, Engine: "nftables", Family: nftFamily(body[0])}
	switch kind {
	case "table":
		for k, v := range nlAttrs(body[4:]) {
			switch k {
			case 1:
				f.Table = zeroEnded(v)
			case 4:
				f.Handle = big64(v)
			case 6:
				f.Comment = nftComment(v, 0)
			}
		}
	case "chain":
		nftChain(&f, body[0], body[4:])
	case "rule":
		nftRule(&f, body[4:])
	case "set":
		for k, v := range nlAttrs(body[4:]) {
			switch k {
			case 1:
				f.Table = zeroEnded(v)
			case 2:
				f.Set = zeroEnded(v)
			case 16:
				f.Handle = big64(v)
			case 13:
				const ofSet = 7
				f.Comment = nftComment(v, ofSet)
			}
		}
	case "element":
		return nftElements(f, body[4:])
	}
	return []Firewall{f.whole()}
}

// whole keeps the raw bytes of names that are no UTF-8.
func (f Firewall) whole() Firewall {
	f.Raw = raw(f.Raw, "table", f.Table)
	f.Raw = raw(f.Raw, "chain", f.Chain)
	f.Raw = raw(f.Raw, "set", f.Set)
	f.Raw = raw(f.Raw, "comment", f.Comment)
	f.Raw = raw(f.Raw, "rule", f.Rule)
	return f
}

func nftChain(f *Firewall, family byte, b []byte) {
	hooked := false
	for k, v := range nlAttrs(b) {
		switch k {
		case 1:
			f.Table = zeroEnded(v)
		case 2:
			f.Handle = big64(v)
		case 3:
			f.Chain = zeroEnded(v)
		case 4:
			hooked = true
			for k, v := range nlAttrs(v) {
				switch k {
				case 1:
					f.Hook = nftHook(family, big32(v))
				case 2:
					f.Priority = int32(big32(v)) //nolint:gosec // a signed number on the wire
				}
			}
		case 5:
			f.Policy = nftVerdict(int32(big32(v)), "") //nolint:gosec // a signed number on the wire
		case 7:
			f.Type = zeroEnded(v)
		case 8:
			nftCounter(f, v)
		case 12:
			f.Comment = nftComment(v, 0)
		}
	}
	if !hooked {
		f.Policy = ""
	}
}

func nftCounter(f *Firewall, b []byte) {
	for k, v := range nlAttrs(b) {
		switch k {
		case 1:
			f.Bytes += big64(v)
		case 2:
			f.Packets += big64(v)
		}
	}
}

// nftComment finds the comment, of that type, in the user data of libnftnl: type,
// length, text.
func nftComment(b []byte, kind byte) string {
	for len(b) >= 2 {
		n := int(b[1])
		if len(b) < 2+n {
			return ""
		}
		if b[0] == kind {
			return zeroEnded(b[2 : 2+n])
		}
		b = b[2+n:]
	}
	return ""
}

// nftRule reads a rule: its expressions work on registers, so what was loaded
// into one is kept until it is compared.
func nftRule(f *Firewall, b []byte) {
	w := &nftWriter{regs: map[uint32]string{}, kinds: map[uint32]string{}}
	for k, v := range nlAttrs(b) {
		switch k {
		case 1:
			f.Table = zeroEnded(v)
		case 2:
			f.Chain = zeroEnded(v)
		case 3:
			f.Handle = big64(v)
		case 4:
			for _, e := range nlAttrs(v) {
				w.expression(f, e)
			}
		case 7:
			f.Comment = nftComment(v, 0)
		}
	}
	f.Rule = strings.Join(w.out, " ")
}

// maxElements bounds the elements read out of one message, which is 64 KiB.
const maxElements = 8192

func nftElements(f Firewall, b []byte) (out []Firewall) {
	var list []byte
	for k, v := range nlAttrs(b) {
		switch k {
		case 1:
			f.Table = zeroEnded(v)
		case 2:
			f.Set = zeroEnded(v)
		case 3:
			list = v
		}
	}
	for _, e := range nlAttrs(list) {
		if len(out) >= maxElements {
			break
		}
		one := f
		for k, v := range nlAttrs(e) {
			switch k {
			case 1:
				one.Rule = nftValue(nftData(v), "") + one.Rule
			case 2:
				one.Rule += " : " + nftDatum(v)
			case 3:
				const intervalEnd, catchAll = 1, 2
				if big32(v)&intervalEnd != 0 {
					one.Rule += " (end of interval)"
				}
				if big32(v)&catchAll != 0 {
					one.Rule += "*"
				}
			case 10:
				one.Rule += " - " + nftValue(nftData(v), "")
			}
		}
		out = append(out, one.whole())
	}
	return out
}

// nftData takes the value out of a NFTA_DATA nesting.
func nftData(b []byte) []byte {
	for k, v := range nlAttrs(b) {
		if k == 1 {
			return v
		}
	}
	return nil
}

// nftDatum writes data that may be a verdict.
func nftDatum(b []byte) string {
	for k, v := range nlAttrs(b) {
		if k != 2 {
			return nftValue(v, "")
		}
		code, chain := int32(0), ""
		for k, v := range nlAttrs(v) {
			switch k {
			case 1:
				code = int32(big32(v)) //nolint:gosec // a signed number on the wire
			case 2:
				chain = zeroEnded(v)
			}
		}
		return nftVerdict(code, chain)
	}
	return ""
}

// nftValue writes bytes as what they are compared with says they are.
func nftValue(b []byte, kind string) string {
	switch {
	case kind == "name":
		return strconv.Quote(zeroEnded(b))
	case kind == "native" && len(b) == 4:
		return strconv.FormatUint(uint64(native32(b)), 10)
	case kind == "port" && len(b) >= 2:
		return strconv.Itoa(int(b[0])<<8 | int(b[1]))
	case kind == "prefix" && len(b) < 4:
		return nftValue(append(slices.Clone(b), make([]byte, 4-len(b))...), "")
	case kind == "nfproto" && len(b) == 1:
		return nftFamily(b[0])
	case kind == "proto" && len(b) >= 1:
		return ipProtocol(b[0])
	case kind == "ctstate" && len(b) == 4:
		return ctStates(native32(b))
	case kind == "hex":
		return "0x" + hex.EncodeToString(b)
	}
	switch len(b) {
	case 1:
		return strconv.Itoa(int(b[0]))
	case 2:
		return strconv.Itoa(int(b[0])<<8 | int(b[1]))
	case 4, 16:
		a, _ := netip.AddrFromSlice(b)
		return a.String()
	}
	return "0x" + hex.EncodeToString(b)
}

// ipProtocol names the protocols that rules name.
func ipProtocol(n byte) string {
	names := map[byte]string{1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 33: "dccp", 47: "gre", 50: "esp", 51: "ah", 58: "icmpv6", 132: "sctp"}
	if s, ok := names[n]; ok {
		return s
	}
	return strconv.Itoa(int(n))
}

// ctStates writes the bits of a connection's state.
func ctStates(n uint32) string {
	var out []string
	for _, s := range []struct {
		bit  uint32
		name string
	}{{1, "invalid"}, {2, "established"}, {4, "related"}, {8, "new"}, {64, "untracked"}} {
		if n&s.bit != 0 {
			out = append(out, s.name)
		}
	}
	if out == nil {
		return strconv.FormatUint(uint64(n), 10)
	}
	return strings.Join(out, ",")
}
