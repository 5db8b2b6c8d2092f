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

// isolation is a table of its own beside the one of blocks. What ends it is the
// kernel itself: the rules that drop everything hold only for the protocols that
// are in the set "cut", and its elements have a time to live. So the way back is
// there before the cut is made, and needs no program, no service and no network
// to be taken.
const isolation = "firebreak_isolation"

// plug is what is accepted, and what of it.
type plug struct {
	management []netip.Prefix
	port       int  // of sshd
	dhcp       bool // the host keeps its lease
}

// armScript makes the table and sets its timer. Nothing is dropped yet: the
// chains let everything through.
func armScript(ends time.Duration) string {
	return fmt.Sprintf(`add table inet %[1]s
flush table inet %[1]s
add set inet %[1]s cut { type nf_proto; flags timeout; }
add set inet %[1]s management4 { type ipv4_addr; flags interval; }
add set inet %[1]s management6 { type ipv6_addr; flags interval; }
add chain inet %[1]s input { type filter hook input priority -20; policy accept; }
add chain inet %[1]s forward { type filter hook forward priority -20; policy accept; }
add chain inet %[1]s output { type filter hook output priority -20; policy accept; }
flush set inet %[1]s cut
flush set inet %[1]s management4
flush set inet %[1]s management6
add element inet %[1]s cut { ipv4%[2]s, ipv6%[2]s }
`, isolation, timeout(ends))
}

func timeout(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return fmt.Sprintf(" timeout %ds", int64(d.Seconds()))
}

// cutScript makes the cut, in one piece. Answers of sshd are let out by their
// port and not by what the kernel knows of the connection: it may have begun to
// watch connections only with these rules. Neighbours are found by ICMPv6 where
// IPv4 has ARP.
func cutScript(p plug) string {
	var b strings.Builder
	rule := func(text string) { fmt.Fprintf(&b, "add rule inet %s %s\n", isolation, text) }
	for _, n := range p.management {
		fmt.Fprintf(&b, "add element inet %s %s { %s }\n", isolation, strings.Replace(set(n), "blocked", "management", 1), element(n))
	}
	rule(`input iif "lo" accept`)
	rule(`output oif "lo" accept`)
	rule("input icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } ip6 hoplimit 255 accept")
	rule("output icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } ip6 hoplimit 255 accept")
	if p.dhcp {
		rule("input udp sport 67 udp dport 68 accept")
		rule("output udp sport 68 udp dport 67 accept")
		rule("input udp sport 547 udp dport 546 accept")
		rule("output udp sport 546 udp dport 547 accept")
	}
	for _, family := range []string{"ip", "ip6"} {
		of := map[string]string{"ip": "4", "ip6": "6"}[family]
		rule(fmt.Sprintf("input %s saddr @management%s tcp dport %d accept", family, of, p.port))
		rule(fmt.Sprintf("output %s daddr @management%s tcp sport %d accept", family, of, p.port))
	}
	for _, chain := range []string{"input", "forward", "output"} {
		rule(chain + " meta nfproto @cut drop")
	}
	return b.String()
}

// keepScript lets the cut last for ends, or until it is released. A new time to
// live needs a new element.
func keepScript(ends time.Duration) string {
	return fmt.Sprintf("flush set inet %[1]s cut\nadd element inet %[1]s cut { ipv4%[2]s, ipv6%[2]s }\n", isolation, timeout(ends))
}

func releaseScript() string { return "delete table inet " + isolation + "\n" }

// cut is our isolation as the host has it.
type cut struct {
	exists     bool
	drops      int // chains that drop what is cut
	protocols  int // that are cut now
	timer      time.Duration
	left       time.Duration
	management []netip.Prefix
	port       int
	dhcp       bool
}

// holds says that nothing but what is plugged gets through.
func (c cut) holds() bool { return c.drops == 3 && c.protocols == 2 }

// armed says that it ends by itself.
func (c cut) armed() bool { return c.protocols == 2 && c.timer > 0 }

// isolated reads our table.
func (h *host) isolated(ctx context.Context) (cut, error) {
	out, there, err := h.list(ctx, isolation)
	if err != nil || !there {
		return cut{}, err
	}
	return readCut(out)
}

// readCut reads the listing of our table.
func readCut(out []byte) (cut, error) {
	l, err := decode(out)
	if err != nil {
		return cut{}, err
	}
	c := cut{exists: true}
	for _, e := range l.Nftables {
		switch {
		case e.Set != nil && e.Set.Name == "cut":
			for _, raw := range e.Set.Elem {
				if err := c.element(raw); err != nil {
					return c, err
				}
			}
		case e.Set != nil && strings.HasPrefix(e.Set.Name, "management"):
			for _, raw := range e.Set.Elem {
				ns, err := readElement(raw)
				if err != nil {
					return c, err
				}
				c.management = append(c.management, ns...)
			}
		case e.Rule != nil:
			c.rule(e.Rule.Expr)
		}
	}
	slices.SortFunc(c.management, func(a, b netip.Prefix) int { return strings.Compare(a.String(), b.String()) })
	return c, nil
}

// element reads one element of the set "cut", with its time to live around it.
func (c *cut) element(raw json.RawMessage) error {
	var protocol string
	if json.Unmarshal(raw, &protocol) == nil {
		c.protocols++
		return nil
	}
	var o struct {
		Elem struct {
			Val              json.RawMessage
			Timeout, Expires int64
		}
	}
	if err := json.Unmarshal(raw, &o); err != nil || len(o.Elem.Val) == 0 {
		return fmt.Errorf("read nft element: %.80s is not known", raw)
	}
	c.protocols++
	c.timer = max(c.timer, time.Duration(o.Elem.Timeout)*time.Second)
	c.left = max(c.left, time.Duration(o.Elem.Expires)*time.Second)
	return nil
}

// rule reads what we look at in a rule: the drop of what is cut, the port that is
// let through, and the lease.
func (c *cut) rule(expr []json.RawMessage) {
	text := ""
	for _, e := range expr {
		text += string(e)
	}
	text = strings.Join(strings.Fields(text), "")
	switch {
	case strings.Contains(text, `"@cut"`) && strings.Contains(text, `{"drop":null}`):
		c.drops++
	case strings.Contains(text, `"@management4"`) && strings.Contains(text, `"dport"`):
		var m struct {
			Match struct{ Right json.Number }
		}
		for _, e := range expr {
			if json.Unmarshal(e, &m) == nil {
				if n, err := m.Match.Right.Int64(); err == nil {
					c.port = int(n)
				}
			}
		}
	case strings.Contains(text, `"dport"`) && strings.Contains(text, `"right":67}`):
		c.dhcp = true
	}
}
