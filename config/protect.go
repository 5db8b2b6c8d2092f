package config

import (
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"firebreak/internal/lazyre"
)

// Subject is one thing that an action would change. Kind is "" where nobody
// says what it is: then every rule looks at it.
type Subject struct {
	Kind string // user, repo, host, address, pod
	ID   string // the other side's id
	Name string // what people call it, or all that is known
}

// The kinds that rules name which no target has: an id of whatever kind, and
// another word for address.
const (
	kindID   = "id"
	kindCIDR = "cidr"
)

// Protects returns the rule of Protected that covers target, and whether there
// is one. An address is covered by itself and by a CIDR that holds it; a CIDR
// also by any protected address inside it, since acting on it would reach that
// address; a name by the same name in any case, and by "*.example.org" for the
// names below it; * in a rule is any text. A port after the target does not
// matter.
func (c Config) Protects(target string) (rule string, ok bool) {
	return c.ProtectsSubject(Subject{Name: target})
}

// ProtectsSubject is Protects for a thing whose kind and id are known: a rule
// with a kind looks only at things of that kind, by name and by id.
func (c Config) ProtectsSubject(s Subject) (rule string, ok bool) {
	for _, r := range c.Protected {
		if Covers(r, s) {
			return r, true
		}
	}
	return "", false
}

// Covers says whether one rule covers the thing.
func Covers(rule string, s Subject) bool {
	kind, value, ok := splitKind(rule)
	switch {
	case !ok:
	case kind == kindID:
		return same(value, s.ID) || s.Kind == "" && same(value, s.Name)
	case s.Kind != "" && oneWord(kind) != oneWord(s.Kind):
		return false
	default:
		rule = value
	}
	return covers(rule, s.Name) || s.ID != "" && covers(rule, s.ID)
}

// oneWord is a kind as rules write it: deploy-key for "deploy key", and one word
// where there are several.
func oneWord(kind string) string {
	kind = strings.ReplaceAll(strings.ToLower(kind), " ", "-")
	switch kind {
	case kindCIDR:
		return "address"
	case "organisation", "organization":
		return "org"
	case "login", "member", "collaborator":
		return "user"
	case "repository":
		return "repo"
	}
	return kind
}

var kindShape = lazyre.New(`^[a-z][a-z0-9_-]*$`)

// splitKind parts KIND:VALUE. An address, and a name with a port, have no kind.
func splitKind(rule string) (kind, value string, ok bool) {
	if _, is := network(rule); is {
		return "", rule, false
	}
	kind, value, ok = strings.Cut(rule, ":")
	if !ok || !kindShape.MatchString(kind) || strings.Trim(value, "0123456789") == "" && !slices.Contains(kinds, kind) {
		return "", rule, false
	}
	return kind, value, true
}

// kinds are the words that rules know; others may come with connections.
var kinds = []string{
	"account", "address", "alert", "app", "branch", "channel", "cidr", "collaborator", "comment", "credential", "deploy-key", "deployment", "device",
	"escalation-policy", "file", "host", "id", "incident", "instance", "issue", "key", "link", "mailbox", "member", "message", "namespace",
	"network-policy", "node", "org", "organisation", "organization", "pod", "process", "project", "repo", "repository", "role", "ruleset", "run",
	"runner", "secret", "service", "service-account", "team", "token", "unit", "url", "user", "webhook", "workflow", "zone",
}

func covers(rule, target string) bool {
	if prefix, ok := network(target); ok {
		protected, ok := network(rule)
		return ok && protected.Overlaps(prefix)
	}
	if below, ok := strings.CutPrefix(hostname(rule), "*."); ok && !strings.Contains(below, "*") {
		return strings.HasSuffix(hostname(target), "."+below)
	}
	return same(rule, target)
}

// same compares names in any case; a * in the rule is any text.
func same(rule, target string) bool {
	r, t := hostname(rule), hostname(target)
	parts := strings.Split(r, "*")
	if len(parts) == 1 {
		return r == t
	}
	first, last := parts[0], parts[len(parts)-1]
	if len(t) < len(first)+len(last) || !strings.HasPrefix(t, first) || !strings.HasSuffix(t, last) {
		return false
	}
	t = t[len(first) : len(t)-len(last)]
	for _, p := range parts[1 : len(parts)-1] {
		_, rest, ok := strings.Cut(t, p)
		if !ok {
			return false
		}
		t = rest
	}
	return true
}

// network reads an address, an address with a port, or a CIDR.
func network(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		ap, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Prefix{}, false
		}
		a = ap.Addr()
	}
	a = a.Unmap().WithZone("")
	return netip.PrefixFrom(a, a.BitLen()), true
}

func hostname(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if host, port, ok := strings.Cut(s, ":"); ok && strings.Trim(port, "0123456789") == "" {
		s = host
	}
	return strings.TrimSuffix(s, ".")
}

// protected reads the rules.
func (p *parser) protected(n *yaml.Node) []string {
	rules := p.texts(n, "protected")
	for i, r := range rules {
		if strings.TrimSpace(r) == "" || strings.ContainsAny(r, " \t\n") {
			p.at(n.Content[i], "an address, a CIDR, a name or KIND:VALUE, as in 10.0.0.0/8, db-1 or user:ada", "protected: %q is none of those", r)
			continue
		}
		kind, value, ok := splitKind(r)
		switch near := nearly(kind); {
		case ok && value == "":
			p.at(n.Content[i], "as in "+kind+":NAME", "protected: %q protects nothing", r)
		case ok && near != "":
			p.at(n.Content[i], "did you mean "+near+"?", "protected: %q names no kind of thing", r)
		case strings.Trim(value, "*") == "" && !ok:
			p.at(n.Content[i], "name the kind, as in user:*", "protected: %q would protect everything", r)
		}
		if kind == "" || kind == "address" || kind == kindCIDR {
			p.cidr(n.Content[i], value)
		}
	}
	return rules
}

func (p *parser) cidr(n *yaml.Node, r string) {
	if strings.Contains(r, "/") && strings.Trim(r, "0123456789abcdefABCDEF.:/") == "" {
		if _, err := netip.ParsePrefix(r); err != nil {
			p.at(n, "as in 10.0.0.0/8", "protected: %q is not a CIDR", r)
		}
	}
}

// nearly returns the known kind that a word was most likely meant to be, "" when
// it is one, or is like none.
func nearly(kind string) string {
	if kind == "" || slices.Contains(kinds, kind) {
		return ""
	}
	if i := slices.IndexFunc(kinds, func(k string) bool { return edits(kind, k) == 1 }); i >= 0 {
		return kinds[i]
	}
	return ""
}
