package linux

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// program is the nftables program; it reads a script on standard input.
const program = "nft"

// frame makes our own table, which never touches the site's rules: sets that
// hold the blocked networks, and chains that drop to and from them before the
// site's own filter looks. Every line may be repeated; the chains are emptied
// first so that their rules are there once.
const frame = `add table inet firebreak
add set inet firebreak blocked4 { type ipv4_addr; flags interval, timeout; }
add set inet firebreak blocked6 { type ipv6_addr; flags interval, timeout; }
add chain inet firebreak input { type filter hook input priority -10; policy accept; }
add chain inet firebreak forward { type filter hook forward priority -10; policy accept; }
add chain inet firebreak output { type filter hook output priority -10; policy accept; }
flush chain inet firebreak input
flush chain inet firebreak forward
flush chain inet firebreak output
add rule inet firebreak input ip saddr @blocked4 drop
add rule inet firebreak input ip6 saddr @blocked6 drop
add rule inet firebreak forward ip saddr @blocked4 drop
add rule inet firebreak forward ip daddr @blocked4 drop
add rule inet firebreak forward ip6 saddr @blocked6 drop
add rule inet firebreak forward ip6 daddr @blocked6 drop
add rule inet firebreak output ip daddr @blocked4 drop
add rule inet firebreak output ip6 daddr @blocked6 drop
`

// set is the set that a network belongs in.
func set(n netip.Prefix) string {
	if n.Addr().Is4() {
		return "blocked4"
	}
	return "blocked6"
}

// element is a network as nft takes and gives it: an address without its /32.
func element(n netip.Prefix) string {
	if n.IsSingleIP() {
		return n.Addr().String()
	}
	return n.String()
}

// blockScript adds a network, for ttl unless that is 0.
func blockScript(n netip.Prefix, ttl time.Duration) string {
	timeout := ""
	if ttl > 0 {
		timeout = fmt.Sprintf(" timeout %ds", int64(ttl.Seconds()))
	}
	return frame + fmt.Sprintf("add element inet firebreak %s { %s%s }\n", set(n), element(n), timeout)
}

// unblockScript takes a network out. It fails when the network is not there.
func unblockScript(n netip.Prefix) string {
	return fmt.Sprintf("delete element inet firebreak %s { %s }\n", set(n), element(n))
}

// listing is what nft -j prints, as far as we look at it.
type listing struct {
	Nftables []struct {
		Set *struct {
			Name string
			Elem []json.RawMessage
		}
		Rule *struct {
			Chain string
			Expr  []json.RawMessage
		}
	}
}

// table is our table as the host has it.
type table struct {
	exists  bool
	blocked []netip.Prefix
	guards  int // rules that drop what is in our sets
}

// wholeFrame is how many dropping rules frame makes.
const wholeFrame = 8

// table reads our table.
func (h *host) table(ctx context.Context) (table, error) {
	out, there, err := h.list(ctx, "firebreak")
	if err != nil || !there {
		return table{}, err
	}
	return readTable(out)
}

// list prints a table of ours; there says whether it exists.
func (h *host) list(ctx context.Context, name string) (listed []byte, there bool, err error) {
	argv := []string{program, "-j", "list", "table", "inet", name}
	out, err := h.tool(ctx, "", argv...)
	switch {
	case err != nil:
		return nil, false, err
	case out.Code == 0:
		return out.Stdout, true, nil
	case strings.Contains(string(out.Stderr), "No such file or directory"):
		// It says so also to those who may not look at all.
		return nil, false, h.nft(ctx, "", "-j", "list", "tables", "inet")
	}
	return nil, false, failed(argv, out)
}

func decode(out []byte) (listing, error) {
	var l listing
	if len(strings.TrimSpace(string(out))) == 0 {
		return l, nil // nft prints nothing where there is nothing
	}
	if err := json.Unmarshal(out, &l); err != nil {
		return l, fmt.Errorf("read nft listing: %w", err)
	}
	return l, nil
}

// readTable reads the listing of our table.
func readTable(out []byte) (table, error) {
	l, err := decode(out)
	if err != nil {
		return table{}, err
	}
	t := table{exists: true}
	for _, e := range l.Nftables {
		switch {
		case e.Set != nil && (e.Set.Name == "blocked4" || e.Set.Name == "blocked6"):
			for _, raw := range e.Set.Elem {
				ns, err := readElement(raw)
				if err != nil {
					return table{}, err
				}
				t.blocked = append(t.blocked, ns...)
			}
		case e.Rule != nil && dropsOurs(e.Rule.Expr):
			t.guards++
		}
	}
	slices.SortFunc(t.blocked, func(a, b netip.Prefix) int { return strings.Compare(a.String(), b.String()) })
	return t, nil
}

// dropsOurs says whether a rule matches one of our sets and drops.
func dropsOurs(expr []json.RawMessage) bool {
	if len(expr) < 2 {
		return false
	}
	var drop struct {
		Drop json.RawMessage `json:"drop"`
	}
	if err := json.Unmarshal(expr[len(expr)-1], &drop); err != nil || drop.Drop == nil {
		return false
	}
	m := string(expr[0])
	return strings.Contains(m, `"@blocked4"`) || strings.Contains(m, `"@blocked6"`)
}

// readElement reads one element of a set: an address, a network, a range, or
// one of these with its timeout around it.
func readElement(raw json.RawMessage) ([]netip.Prefix, error) {
	var address string
	if json.Unmarshal(raw, &address) == nil {
		n, err := parse(address)
		return []netip.Prefix{n}, err
	}
	var o struct {
		Elem   *struct{ Val json.RawMessage }
		Prefix *struct {
			Addr string
			Len  int
		}
		Range []string
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("read nft element: %w", err)
	}
	switch {
	case o.Elem != nil && len(o.Elem.Val) > 0 && len(o.Elem.Val) < len(raw):
		return readElement(o.Elem.Val)
	case o.Prefix != nil:
		n, err := parse(fmt.Sprintf("%s/%d", o.Prefix.Addr, o.Prefix.Len))
		return []netip.Prefix{n}, err
	case len(o.Range) == 2:
		return networks(o.Range[0], o.Range[1])
	}
	return nil, fmt.Errorf("read nft element: %s is not known", raw)
}

// networks splits a range of addresses into networks: nft prints neighbours
// that way.
func networks(from, to string) ([]netip.Prefix, error) {
	a, err := netip.ParseAddr(from)
	if err != nil {
		return nil, fmt.Errorf("read nft range: %w", err)
	}
	b, err := netip.ParseAddr(to)
	if err != nil {
		return nil, fmt.Errorf("read nft range: %w", err)
	}
	if a.Zone() != "" || b.Zone() != "" || a.BitLen() != b.BitLen() || b.Less(a) {
		return nil, fmt.Errorf("read nft range: %s-%s", from, to)
	}
	var out []netip.Prefix
	for {
		n := netip.PrefixFrom(a, a.BitLen())
		for n.Bits() > 0 {
			wider := netip.PrefixFrom(a, n.Bits()-1)
			if wider.Masked().Addr() != a || b.Less(last(wider)) {
				break
			}
			n = wider
		}
		out = append(out, n)
		end := last(n)
		if !end.Less(b) {
			return out, nil
		}
		a = end.Next()
	}
}

// last is the highest address of a network.
func last(n netip.Prefix) netip.Addr {
	b := n.Addr().AsSlice()
	for i := n.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// nft runs the program; what it says when it fails is the error.
func (h *host) nft(ctx context.Context, stdin string, args ...string) error {
	argv := append([]string{program}, args...)
	out, err := h.tool(ctx, stdin, argv...)
	if err != nil || out.Code == 0 {
		return err
	}
	return failed(argv, out)
}
