package drill

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// syntax is what nft would print.
type syntax string

func (s syntax) Error() string { return string(s) }

// script carries out what nft -f would, all of it or nothing.
func (f fakeHost) script(s *state, text string) error {
	h := &s.Host
	f.expire(h)
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) >= 4 && w[2] == "inet" && w[3] == isolation {
			if err := f.isolate(s, w); err != nil {
				return err
			}
			continue
		}
		if len(w) < 4 || w[2] != "inet" || w[3] != "firebreak" || len(w) < 5 && w[1] != "table" {
			return syntax("syntax error: " + strings.TrimSpace(line))
		}
		switch w[0] + " " + w[1] {
		case "add table":
			h.Table = true
		case "add set", "add chain":
			if !slices.Contains(h.Sets, w[1]+" "+w[4]) {
				h.Sets = append(h.Sets, w[1]+" "+w[4])
			}
		case "flush chain":
			h.Rules = slices.DeleteFunc(h.Rules, func(r string) bool { return strings.HasPrefix(r, w[4]+" ") })
		case "add rule":
			h.Rules = append(h.Rules, strings.Join(w[4:], " "))
		case "add element", "delete element":
			if err := f.element(s, w); err != nil {
				return err
			}
		default:
			return syntax("syntax error: " + strings.TrimSpace(line))
		}
	}
	f.cutOff(s)
	return nil
}

// element adds or deletes "SET { ADDRESS [timeout Ns] }".
func (f fakeHost) element(s *state, w []string) error {
	h := &s.Host
	if !slices.Contains(h.Sets, "set "+w[4]) || len(w) != 8 && len(w) != 10 || w[5] != "{" || w[len(w)-1] != "}" {
		return syntax("No such file or directory")
	}
	_, err := netip.ParseAddr(w[6])
	if err != nil {
		if _, err = netip.ParsePrefix(w[6]); err != nil {
			return syntax("syntax error: " + w[6])
		}
	}
	at := slices.IndexFunc(h.Blocked, func(b blocked) bool { return b.Set == w[4] && b.Element == w[6] })
	switch {
	case w[0] == "delete" && at < 0:
		return syntax("Could not process rule: No such file or directory")
	case w[0] == "delete":
		h.Blocked = slices.Delete(h.Blocked, at, at+1)
		f.effect(s, "linux", "address unblocked", w[6], "")
	case at < 0:
		b := blocked{Set: w[4], Element: w[6]}
		if len(w) == 10 {
			d, err := time.ParseDuration(w[8])
			if w[7] != "timeout" || err != nil {
				return syntax("syntax error: timeout")
			}
			b.Until = f.now().Add(d).UTC()
		}
		h.Blocked = append(h.Blocked, b)
		f.effect(s, "linux", "address blocked", w[6], "")
	}
	return nil
}

func (f fakeHost) expire(h *host) {
	h.Blocked = slices.DeleteFunc(h.Blocked, func(b blocked) bool { return !b.Until.IsZero() && !f.now().Before(b.Until) })
}

// list prints what nft -j would of one of our tables.
func (f fakeHost) list(name string) ([]byte, error) {
	s, err := f.view()
	if err != nil {
		return nil, err
	}
	f.expire(&s.Host)
	if name == isolation && s.Host.Cut == nil || name != isolation && !s.Host.Table {
		return nil, syntax("No such file or directory; did you mean table")
	}
	all := []any{map[string]any{"table": map[string]any{"family": "inet", "name": name, "handle": 1}}}
	if name == isolation {
		return json.Marshal(map[string]any{"nftables": append(all, s.Host.Cut.show(f.now())...)})
	}
	for _, name := range []string{"blocked4", "blocked6"} {
		elems := []any{}
		for _, b := range s.Host.Blocked {
			if b.Set == name {
				elems = append(elems, b.show(f.now()))
			}
		}
		all = append(all, map[string]any{"set": map[string]any{"family": "inet", "name": name, "table": "firebreak", "elem": elems}})
	}
	for _, r := range s.Host.Rules {
		w := strings.Fields(r) // CHAIN ip saddr @SET drop
		if len(w) != 5 {
			continue
		}
		match := map[string]any{"op": "==", "left": map[string]any{"payload": map[string]any{"protocol": w[1], "field": w[2]}}, "right": w[3]}
		all = append(all, map[string]any{"rule": map[string]any{
			"family": "inet", "table": "firebreak", "chain": w[0], "expr": []any{map[string]any{"match": match}, map[string]any{"drop": nil}},
		}})
	}
	return json.Marshal(map[string]any{"nftables": all})
}

func (b blocked) show(now time.Time) any {
	var v any = b.Element
	if p, err := netip.ParsePrefix(b.Element); err == nil {
		v = map[string]any{"prefix": map[string]any{"addr": p.Addr().String(), "len": p.Bits()}}
	}
	if b.Until.IsZero() {
		return v
	}
	return map[string]any{"elem": map[string]any{"val": v, "timeout": 1, "expires": int(b.Until.Sub(now).Seconds())}}
}

// isolation is the table that cuts the host off.
const isolation = "firebreak_isolation"

// isolated is that table.
type isolated struct {
	Sets   map[string][]string  `json:"sets"`
	Until  map[string]time.Time `json:"until"` // of the protocols that are cut
	Timer  int                  `json:"timer"` // seconds, as it was set
	Rules  []string             `json:"rules"`
	Chains []string             `json:"chains"`
	Holds  bool                 `json:"holds"`
}

// isolate carries out one line about that table.
func (f fakeHost) isolate(s *state, w []string) error {
	wrong := syntax("syntax error: " + strings.Join(w, " "))
	c := s.Host.Cut
	verb := w[0] + " " + w[1]
	if verb == "add table" && c == nil {
		s.Host.Cut = &isolated{Sets: map[string][]string{}, Until: map[string]time.Time{}}
		return nil
	}
	switch {
	case c == nil:
		return syntax("Could not process rule: No such file or directory")
	case verb == "add table":
	case verb == "flush table":
		c.Rules = nil
	case verb == "delete table":
		if c.Holds {
			f.effect(s, "linux", "host released", "web-1", "")
		}
		s.Host.Cut = nil
	case len(w) < 5:
		return wrong
	case verb == "add set":
		c.Sets[w[4]] = append(c.Sets[w[4]], []string{}...)
	case verb == "flush set":
		c.Sets[w[4]] = nil
	case verb == "add chain":
		c.Chains = append(c.Chains, w[4])
	case verb == "add element":
		return c.add(w[4], strings.Join(w[5:], " "), f.now())
	case verb == "add rule":
		c.Rules = append(c.Rules, strings.Join(w[4:], " "))
	default:
		return wrong
	}
	return nil
}

// add adds "{ ELEMENT [timeout Ns], … }" to a set.
func (c *isolated) add(set, text string, now time.Time) error {
	for part := range strings.SplitSeq(strings.Trim(text, "{} "), ",") {
		w := strings.Fields(part)
		if len(w) != 1 && len(w) != 3 || len(w) == 3 && w[1] != "timeout" {
			return syntax("syntax error: " + part)
		}
		c.Sets[set] = append(c.Sets[set], w[0])
		if set != "cut" {
			continue
		}
		delete(c.Until, w[0])
		c.Timer = 0
		if len(w) == 3 {
			n, err := strconv.Atoi(strings.TrimSuffix(w[2], "s"))
			if err != nil {
				return syntax("syntax error: " + part)
			}
			c.Timer, c.Until[w[0]] = n, now.Add(time.Duration(n)*time.Second).UTC()
		}
	}
	return nil
}

// cutOff notes when the host is cut off, once the script is through.
func (f fakeHost) cutOff(s *state) {
	c := s.Host.Cut
	if c == nil {
		return
	}
	drops := 0
	for _, r := range c.Rules {
		if strings.HasSuffix(r, "meta nfproto @cut drop") {
			drops++
		}
	}
	holds := drops == 3 && len(c.Sets["cut"]) == 2
	if holds && !c.Holds {
		f.effect(s, "linux", "host isolated", "web-1", "")
	}
	c.Holds = holds
}

// show prints the table as nft -j does.
func (c *isolated) show(now time.Time) []any {
	var out []any
	for _, name := range []string{"cut", "management4", "management6"} {
		elems := []any{}
		for _, e := range c.Sets[name] {
			if until, ok := c.Until[e]; ok && name == "cut" {
				if now.Before(until) {
					elems = append(elems, map[string]any{"elem": map[string]any{"val": e, "timeout": c.Timer, "expires": int(until.Sub(now).Seconds())}})
				}
				continue
			}
			if p, err := netip.ParsePrefix(e); err == nil {
				elems = append(elems, map[string]any{"prefix": map[string]any{"addr": p.Addr().String(), "len": p.Bits()}})
				continue
			}
			elems = append(elems, e)
		}
		out = append(out, map[string]any{"set": map[string]any{"family": "inet", "name": name, "table": isolation, "elem": elems}})
	}
	for _, r := range c.Rules {
		w := strings.Fields(r)
		expr := []any{}
		for i := 1; i+2 < len(w); i += 3 { // PROTOCOL FIELD VALUE …, and what is done
			var right any = w[i+2]
			if n, err := strconv.Atoi(w[i+2]); err == nil {
				right = n
			}
			left := map[string]any{"payload": map[string]any{"protocol": w[i], "field": w[i+1]}}
			if w[i] == "meta" {
				left = map[string]any{"meta": map[string]any{"key": w[i+1]}}
			}
			expr = append(expr, map[string]any{"match": map[string]any{"op": "==", "left": left, "right": right}})
		}
		out = append(out, map[string]any{"rule": map[string]any{"family": "inet", "table": isolation, "chain": w[0], "expr": append(expr, map[string]any{w[len(w)-1]: nil})}})
	}
	return out
}
