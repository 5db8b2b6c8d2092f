package forensics

import (
	"bytes"
	"encoding/hex"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// parseRoutes reads a route table with the parser of its lines.
func parseRoutes(b []byte, head bool, parse func(string) (Route, bool)) (out []Route, bad int) {
	for line := range bytes.Lines(b) {
		if head {
			head = false
			continue
		}
		r, ok := parse(string(line))
		if !ok {
			bad++
			continue
		}
		out = append(out, r)
	}
	return out, bad
}

// parseRoute reads a line of /proc/net/route:
//
//	Iface Destination Gateway Flags RefCnt Use Metric Mask …
func parseRoute(line string) (Route, bool) {
	f := strings.Fields(line)
	if len(f) < 8 {
		return Route{}, false
	}
	to, ok := parseWords(f[1])
	via, ok2 := parseWords(f[2])
	mask, ok3 := parseWords(f[7])
	flags, err := strconv.ParseUint(f[3], 16, 16)
	if !ok || !ok2 || !ok3 || err != nil || !to.Is4() || !mask.Is4() {
		return Route{}, false
	}
	ones := 0
	for _, b := range mask.As4() {
		ones += bits.OnesCount8(b)
	}
	r := Route{
		Kind: "route", Interface: f[0], Address: netip.PrefixFrom(to, ones).String(),
		Metric: number(f[6]), Flags: routeFlags(flags),
	}
	if !via.IsUnspecified() {
		r.Gateway = via.String()
	}
	return r, true
}

// parseRoute6 reads a line of /proc/net/ipv6_route:
//
//	destination length source length next-hop metric refs use flags device
func parseRoute6(line string) (Route, bool) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return Route{}, false
	}
	to, ok := parseHex6(f[0])
	via, ok2 := parseHex6(f[4])
	length, err := strconv.ParseUint(f[1], 16, 8)
	metric, err2 := strconv.ParseUint(f[5], 16, 32)
	flags, err3 := strconv.ParseUint(f[8], 16, 32)
	if !ok || !ok2 || err != nil || err2 != nil || err3 != nil || length > 128 {
		return Route{}, false
	}
	r := Route{
		Kind: "route", Interface: f[9], Address: netip.PrefixFrom(to, int(length)).String(),
		Metric: uint32(metric), Flags: routeFlags(flags),
	}
	if !via.IsUnspecified() {
		r.Gateway = via.String()
	}
	return r, true
}

// parseHex6 reads 32 hexadecimal digits in network order.
func parseHex6(s string) (netip.Addr, bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 16 {
		return netip.Addr{}, false
	}
	return netip.AddrFrom16([16]byte(b)), true
}

// routeFlags writes the flags as route(8) does.
func routeFlags(f uint64) string {
	var out []byte
	for _, x := range []struct {
		bit    uint64
		letter byte
	}{{1, 'U'}, {2, 'G'}, {4, 'H'}, {0x10, 'D'}, {0x20, 'M'}, {0x200, '!'}} {
		if f&x.bit != 0 {
			out = append(out, x.letter)
		}
	}
	return string(out)
}
