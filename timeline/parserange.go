package timeline

import (
	"fmt"
	"net/netip"
	"strings"
)

// end is one end of a range as it was written.
type end struct {
	text string
	at   int
	in   bool // the end itself belongs to the range
}

// bracketed reads a range as Kibana and Timesketch write it: [1 TO 5], {1 TO *}.
func (p *parser) bracketed() (low, high end, ok bool) {
	rest := p.text[p.at:]
	if rest == "" || rest[0] != '[' && rest[0] != '{' {
		return low, high, false
	}
	last := strings.IndexAny(rest, "]}")
	if last < 0 {
		return low, high, false
	}
	inner := rest[1:last]
	i := strings.Index(strings.ToUpper(inner), " TO ")
	if i < 0 || len(strings.ToUpper(inner)) != len(inner) {
		return low, high, false
	}
	low = end{strings.Trim(inner[:i], ` "`), p.at + 1, rest[0] == '['}
	high = end{strings.Trim(inner[i+len(" TO "):], ` "`), p.at + 1 + i + len(" TO "), rest[last] == ']'}
	p.at += last + 1
	return low, high, true
}

// numbers reads a list of values of a field that may hold numbers: patterns, and
// ranges as 100..200 or [100 TO 200].
func (p *parser) numbers(name string, f Field, attribute string) (Expr, error) {
	var parts []Expr
	var patterns []Pattern
	for {
		x, err := p.numberRange(f, attribute)
		if err != nil {
			return nil, err
		}
		if x == nil {
			one, err := p.value(name)
			if err != nil {
				return nil, err
			}
			patterns = append(patterns, one)
		} else {
			parts = append(parts, x)
		}
		if !p.comma() {
			break
		}
	}
	if len(patterns) > 0 {
		p.adviseValues(name, patterns)
		parts = append([]Expr{Is{Field: f, Attribute: attribute, Patterns: patterns}}, parts...)
	}
	return either(parts...), nil
}

// numberRange reads one range, nil where none comes next.
func (p *parser) numberRange(f Field, attribute string) (Expr, error) {
	start := p.at
	low, high, ok := p.bracketed()
	if !ok {
		word := p.bare(true)
		from, to, found := strings.Cut(word, "..")
		if !found || from+to == "" || !openOrNumber(from) || !openOrNumber(to) {
			p.at = start
			return nil, nil //nolint:nilnil // no range is no error: a pattern is read there
		}
		low, high = end{from, start, true}, end{to, start + len(from) + len(".."), true}
	}
	var parts []Expr
	for i, e := range []end{low, high} {
		if e.text == "" || e.text == "*" {
			continue
		}
		n, isNumber := parseNumber(e.text)
		if !isNumber {
			return nil, p.fail(e.at, "this is no number", "write a range as in attr.bytes:100..200")
		}
		parts = append(parts, Compare{Field: f, Attribute: attribute, Op: e.op(i == 0), Number: n})
	}
	if len(parts) == 0 {
		return nil, p.fail(start, "this range has no end", fmt.Sprintf("%s:* asks for any value", fieldName(f, attribute)))
	}
	return join(parts...), nil
}

// op compares with the end, which is the lower one or the upper one.
func (e end) op(lower bool) Op {
	switch {
	case lower && e.in:
		return AtLeast
	case lower:
		return Greater
	case e.in:
		return AtMost
	}
	return Less
}

func openOrNumber(s string) bool {
	_, number := parseNumber(s)
	return number || s == "" || s == "*"
}

func (p *parser) addresses() (Expr, error) {
	var x Address
	for {
		start := p.at
		word := p.bare(true)
		prefixes, ok := parsePrefixes(word)
		if !ok {
			return nil, p.fail(start, "this is no address or network", "write it as in ip:10.0.0.0/8, ip:10.0.*, ip:10.0.0.1..10.0.0.9 or ip:2001:db8::1")
		}
		x.Prefixes = append(x.Prefixes, prefixes...)
		if !p.comma() {
			return x, nil
		}
	}
}

// parsePrefixes reads an address, a network, a range of addresses, or the first
// numbers of an IPv4 address with a star.
func parsePrefixes(s string) ([]netip.Prefix, bool) {
	if prefix, ok := parsePrefix(s); ok {
		return []netip.Prefix{prefix}, true
	}
	if head, ok := strings.CutSuffix(s, ".*"); ok {
		for strings.HasSuffix(head, ".*") {
			head = strings.TrimSuffix(head, ".*")
		}
		n := strings.Count(head, ".") + 1
		if n > 3 {
			return nil, false
		}
		prefix, ok := parsePrefix(head + strings.Repeat(".0", 4-n) + fmt.Sprintf("/%d", 8*n))
		return []netip.Prefix{prefix}, ok
	}
	for _, dash := range []string{"..", "-"} {
		if from, to, ok := strings.Cut(s, dash); ok {
			low, err := netip.ParseAddr(from)
			if err != nil {
				return nil, false
			}
			high, err := netip.ParseAddr(to)
			if err != nil {
				return nil, false
			}
			return prefixesBetween(low.Unmap(), high.Unmap())
		}
	}
	return nil, false
}

// prefixesBetween are the networks that have the addresses from low to high.
func prefixesBetween(low, high netip.Addr) ([]netip.Prefix, bool) {
	if low.BitLen() != high.BitLen() || low.Zone()+high.Zone() != "" || high.Less(low) {
		return nil, false
	}
	var all []netip.Prefix
	for {
		// The widest network that begins at low and does not reach past high.
		best := netip.PrefixFrom(low, low.BitLen())
		for bits := low.BitLen() - 1; bits >= 0; bits-- {
			wider := netip.PrefixFrom(low, bits)
			if wider.Masked().Addr() != low || high.Less(lastOf(wider)) {
				break
			}
			best = wider
		}
		all = append(all, best)
		end := lastOf(best)
		if end == high {
			return all, true
		}
		low = end.Next()
	}
}

// lastOf is the last address of a network.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := range b {
		if from := p.Bits() - 8*i; from <= 0 {
			b[i] = 0xff
		} else if from < 8 {
			b[i] |= 0xff >> from
		}
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func parsePrefix(s string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		addr, err := netip.ParseAddr(s)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, false
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	if a := prefix.Addr(); a.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(a.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), true
}

// exists reads the fields of exists: and missing:.
func (p *parser) exists(missing bool) (Expr, error) {
	var parts []Expr
	for {
		x, err := p.oneExists()
		if err != nil {
			return nil, err
		}
		if missing {
			x = negate(x)
		}
		parts = append(parts, x)
		if !p.comma() {
			return either(parts...), nil
		}
	}
}

func (p *parser) oneExists() (Expr, error) {
	start := p.at
	var name string
	if rest, ok := strings.CutPrefix(p.text[p.at:], `attr."`); ok {
		attribute, n, closed := unquote(`"` + rest)
		if !closed {
			return nil, p.fail(p.at, "this quote is not closed", "")
		}
		name = "attr." + attribute
		p.at += len("attr.") + n
	} else {
		name = p.bare(true)
	}
	anything := []Pattern{wildcard("*")}
	switch known := canonicalField(name); known {
	case "star":
		return Marked{Kind: MarkStar}, nil
	case "tag", "comment":
		return Marked{Kind: MarkKind(known), Patterns: anything}, nil
	case "message":
		return Word{Pattern: anything[0], Message: true}, nil
	case "time":
		return nil, p.fail(start, "an event without a time is found by its kind", "write kind:undated, or -kind:undated")
	default:
		f, attribute, ok := ParseField(name)
		if !ok {
			f, attribute, ok = ParseField(known)
		}
		if !ok {
			return nil, p.fail(start, fmt.Sprintf("there is no field %q", name), suggest(name, ""))
		}
		return Is{Field: f, Attribute: attribute, Patterns: anything}, nil
	}
}
