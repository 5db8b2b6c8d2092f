package timeline

import (
	"net/netip"
	"strings"
)

// Match reports whether an address of one of the networks stands in the
// message, an attribute or the host.
func (x Address) Match(e *Event) bool {
	if x.in(e.Message) || x.in(e.Host) {
		return true
	}
	for _, a := range e.Attributes {
		if x.in(a.Value) {
			return true
		}
	}
	return false
}

// Holds reports whether the text names an address of one of the networks.
func (x Address) Holds(text string) bool { return x.in(text) }

func (x Address) in(text string) bool {
	found := false
	eachAddress(text, func(a netip.Addr) bool {
		for _, p := range x.Prefixes {
			if p.Contains(a) {
				found = true
				return false
			}
		}
		return true
	})
	return found
}

// eachAddress cuts text into runs of characters that addresses are made of and
// tries each run, until yield says stop.
func eachAddress(text string, yield func(netip.Addr) bool) {
	const longest = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") + len(":65535.")
	for i := 0; i < len(text); {
		if !addressByte(text[i]) {
			i++
			continue
		}
		start, dots, colons := i, 0, 0
		for i < len(text) && addressByte(text[i]) {
			switch text[i] {
			case '.':
				dots++
			case ':':
				colons++
			}
			i++
		}
		if dots < 3 && colons < 2 || i-start > longest {
			continue
		}
		run := apart(text, start, i)
		if a, ok := readAddress(run); ok && !yield(a) {
			return
		}
	}
}

// apart is text[start:end] without a piece at either end, up to a colon, that
// belongs to a longer word: the c of "src:10.0.0.1", the d of "10.0.0.1:domain".
func apart(text string, start, end int) string {
	run := text[start:end]
	if joined(text, start) {
		_, run, _ = strings.Cut(run, ":")
	}
	if joined(text, end) {
		run = run[:max(0, strings.LastIndexByte(run, ':'))]
	}
	return run
}

func readAddress(run string) (netip.Addr, bool) {
	run = strings.TrimRight(run, ".")
	if !strings.HasSuffix(run, "::") {
		run = strings.TrimRight(run, ":")
	}
	run = strings.TrimLeft(run, ".")
	if !strings.HasPrefix(run, "::") {
		run = strings.TrimLeft(run, ":")
	}
	if a, err := netip.ParseAddr(run); err == nil {
		return a.Unmap(), true
	}
	if host, port, ok := strings.Cut(run, ":"); ok && !strings.ContainsAny(port, ".:") {
		if a, err := netip.ParseAddr(host); err == nil {
			return a, true
		}
	}
	// A number and a colon before the address, as in "1:10.0.0.1".
	if i := strings.LastIndexByte(run, ':'); i >= 0 {
		if a, err := netip.ParseAddr(run[i+1:]); err == nil {
			return a, true
		}
	}
	return netip.Addr{}, false
}

func addressByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' || c == '.' || c == ':'
}
