package linux

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// isolate cuts the host off, but for the addresses that responders come from. The
// kernel takes the cut back by itself unless we still reach the host afterwards
// and say so; where we run on the host itself, nobody can say that, and it always
// ends by itself.
type isolate struct{ *host }

// How long a cut lasts that is not confirmed, and one of this machine where nobody
// says.
const (
	unconfirmed = 5 * time.Minute
	localTTL    = time.Hour
)

// Describe implements integrations.Action.
func (isolate) Describe() integrations.Description {
	return integrations.Description{
		Name: "linux.host.isolate", Title: "Cut the host off", System: "linux",
		Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"root", "CAP_NET_ADMIN", "sudo nft"},
		Tested: integrations.RealPeer, D3fend: []string{"D3-NI"},
		Params: []integrations.Param{
			{Name: "management", Title: "Addresses and networks that still reach its sshd, beside those of the connection", Type: "list", Match: `[0-9A-Fa-f:.]{2,45}(?:/[0-9]{1,3})?`},
			{Name: "port", Title: "Port of its sshd; without it that of this session, or 22", Type: "int", Match: `[1-9][0-9]{0,4}`},
			{Name: "dhcp", Title: "It keeps its address by DHCP", Type: "bool", Default: true},
			{Name: "ttl", Title: "Ends by itself after", Type: "duration"},
		},
		Result: []integrations.Param{{Name: "management", Type: "list"}, {Name: "port", Type: "int"}, {Name: "dead_man", Type: "string"}},
	}
}

// wish is what the call asks for, with what the host says of our session.
type wish struct {
	plug
	ttl   time.Duration
	facts integrations.Facts
}

// read asks the host anew over which session we reach it, or takes what it said
// when the state was read.
func (i isolate) read(ctx context.Context, c integrations.Call, anew bool) (wish, error) {
	v, err := integrations.Read(i.Describe(), c.Params)
	if err != nil {
		return wish{}, err
	}
	w := wish{ttl: v.Duration("ttl"), plug: plug{port: int(v.Int("port")), dhcp: v.Bool("dhcp"), management: slices.Clone(i.management)}}
	if w.port > 65535 {
		return w, rejected("", "read port: %d", w.port)
	}
	if w.ttl != 0 && (w.ttl < time.Minute || w.ttl > 30*24*time.Hour) {
		return w, rejected("", "read ttl: %s: want between 1m and 30d", w.ttl)
	}
	for _, text := range v.List("management") {
		n, err := parse(text)
		if err != nil {
			return w, rejected("", "read management: %w", err)
		}
		w.management = append(w.management, n)
	}
	if w.facts, err = i.facts(ctx, anew); err != nil {
		return w, err
	}
	if a, err := netip.ParseAddr(w.facts.Client); err == nil {
		a = a.Unmap().WithZone("")
		w.management = append(w.management, netip.PrefixFrom(a, a.BitLen()))
	}
	if w.port == 0 {
		w.port = w.facts.Port
	}
	if w.port == 0 {
		w.port = 22
	}
	if !i.remote && w.ttl == 0 {
		w.ttl = localTTL
	}
	w.management = minimal(w.management)
	for _, n := range w.management {
		if a := n.Addr(); a.Is4() && n.Bits() < widest4 || a.Is6() && n.Bits() < widest6 {
			return w, rejected("name the networks that responders come from", "isolate %s: management %s is too wide: that would be no isolation", i.Name(), n)
		}
	}
	if i.remote && len(w.management) == 0 {
		return w, rejected("name the management addresses in the connection's settings", "isolate %s: it does not say from which address we reach it, so it would be out of reach", i.Name())
	}
	return w, nil
}

// minimal sorts the networks and drops those that lie in another one.
func minimal(in []netip.Prefix) []netip.Prefix {
	slices.SortFunc(in, func(a, b netip.Prefix) int {
		if a.Bits() != b.Bits() {
			return a.Bits() - b.Bits()
		}
		return strings.Compare(a.String(), b.String())
	})
	var out []netip.Prefix
	for _, n := range in {
		if !slices.ContainsFunc(out, func(o netip.Prefix) bool { return o.Overlaps(n) }) {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b netip.Prefix) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func words(list []netip.Prefix) []any {
	out := make([]any, len(list))
	for i, n := range list {
		out[i] = element(n)
	}
	return out
}

// state is what the plan keeps. What is left of a timer is no part of it.
func (c cut) state() map[string]any {
	s := map[string]any{"isolated": c.holds()}
	if c.holds() {
		s["management"], s["port"], s["dhcp"] = words(c.management), c.port, c.dhcp
		s["timer"] = c.timer.String()
	}
	return s
}

// Prior implements integrations.Action.
func (i isolate) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	if _, err := i.read(ctx, c, true); err != nil {
		return integrations.Prior{}, err
	}
	now, err := i.isolated(ctx)
	if err != nil {
		return integrations.Prior{}, unsent(err)
	}
	return integrations.Prior{State: now.state()}, nil
}

// done says whether the host is cut off as the call asks, for as long.
func (w wish) done(c cut) bool {
	return c.holds() && c.timer == w.ttl.Truncate(time.Second) && c.port == w.port && c.dhcp == w.dhcp && slices.Equal(c.management, w.management)
}

// was says the same of a state that was read before.
func (w wish) was(s map[string]any) bool {
	want := cut{drops: 3, protocols: 2, timer: w.ttl.Truncate(time.Second), management: w.management, port: w.port, dhcp: w.dhcp}
	return fmt.Sprint(s) == fmt.Sprint(want.state())
}

// deadMan is what people read about the way back.
func (i isolate) deadMan(w wish) string {
	if i.remote {
		return fmt.Sprintf("the host's kernel takes the cut back by itself after %s, unless we reach the host again and confirm it", spelled(i.unconfirmed))
	}
	return "the host's kernel takes the cut back by itself after " + spelled(w.ttl)
}

// Plan implements integrations.Action.
func (i isolate) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	w, err := i.read(ctx, c, false)
	if err != nil {
		return integrations.Plan{}, err
	}
	from := "nobody"
	if len(w.management) > 0 {
		from = strings.Trim(fmt.Sprint(words(w.management)), "[]")
	}
	id := w.facts.Machine
	if id == "" {
		id = i.Name()
	}
	p := integrations.Plan{
		Call: c, Base: i.Name(), Identity: i.identity(), Target: i.Name(), Prior: prior,
		Targets:  []integrations.Target{{Kind: "host", ID: id, Name: i.Name()}},
		Requests: i.requests(w),
		Effects: []string{
			fmt.Sprintf("%s drops all packets from and to anywhere, open connections included, also those of its containers", i.Name()),
			fmt.Sprintf("its sshd (port %d) is still reached from %s, and from nowhere else; it cannot open a connection there either", w.port, from),
			i.deadMan(w),
		},
		Proof:     "nft lists the rules that drop everything, and a new connection to the host reads them",
		Unchanged: w.was(prior.State),
		Timer:     i.deadMan(w),
	}
	if w.dhcp {
		p.Effects = append(p.Effects, "DHCP is let through, so that it keeps its address")
	}
	if !i.remote {
		p.Proof = "nft lists the rules that drop everything"
		p.Warnings = append(p.Warnings, "this program runs on the host itself and cannot see whether you still reach it: therefore it always ends by itself")
		if len(w.management) == 0 {
			p.Warnings = append(p.Warnings, "no management address is known: only its console is left")
		}
	}
	if w.ttl > 0 && i.remote {
		p.Effects = append(p.Effects, "confirmed, it ends by itself after "+spelled(w.ttl))
	}
	p.Warnings = append(p.Warnings, "a reboot ends it", "who is root on the host can end it")
	if inverse, err := i.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = "let the host go again", &inverse
	}
	return p, nil
}

func (i isolate) requests(w wish) []integrations.Request {
	argv := i.argv(program, "-f", "-")
	if !i.remote {
		return []integrations.Request{{Argv: argv, Body: armScript(w.ttl)}, {Argv: argv, Body: cutScript(w.plug)}}
	}
	return []integrations.Request{
		{Argv: argv, Body: armScript(i.unconfirmed)},
		{Argv: argv, Body: cutScript(w.plug)},
		{Argv: argv, Body: keepScript(w.ttl)},
	}
}

// DryRun implements integrations.DryRunner.
func (i isolate) DryRun(ctx context.Context, c integrations.Call, _ integrations.Plan) (string, error) {
	w, err := i.read(ctx, c, false)
	if err != nil {
		return "", err
	}
	return i.check(ctx, armScript(i.unconfirmed)+cutScript(w.plug)+keepScript(w.ttl))
}

// Do implements integrations.Action: arm, see that it is armed, cut, reach the host
// again, confirm.
func (i isolate) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	w, err := i.read(ctx, c, true)
	if err != nil {
		return integrations.Receipt{}, err
	}
	now, err := i.isolated(ctx)
	if err != nil {
		return integrations.Receipt{}, unsent(err)
	}
	if w.done(now) {
		return i.receipt(w), nil
	}
	first := i.unconfirmed
	if !i.remote {
		first = w.ttl
	}
	script := cutScript(w.plug)
	if now.holds() { // it must not be open in between
		script = armScript(first) + script
	} else {
		if err := i.nft(ctx, armScript(first), "-f", "-"); err != nil {
			return integrations.Receipt{}, err
		}
		if now, err = i.isolated(ctx); err != nil || !now.armed() {
			return integrations.Receipt{}, i.disarm(ctx, err)
		}
	}
	if err := i.nft(ctx, script, "-f", "-"); err != nil {
		return integrations.Receipt{}, err
	}
	if !i.remote {
		return i.receipt(w), nil
	}
	return i.receipt(w), i.confirm(ctx, w)
}

// disarm takes the table away again where its timer does not run: nothing was cut.
func (i isolate) disarm(ctx context.Context, cause error) error {
	if cause == nil {
		cause = errors.New("nft does not list the timer")
	}
	err := i.nft(context.WithoutCancel(ctx), releaseScript(), "-f", "-")
	return rejected("", "isolate %s: the way back cannot be armed, so nothing was cut: %w", i.Name(), errors.Join(cause, err))
}

// confirm reaches the host again, by a connection of its own, and lets the cut
// last. Where that fails the kernel takes the cut back.
func (i isolate) confirm(ctx context.Context, w wish) error {
	lost := func(err error) error {
		return &integrations.Error{
			Outcome: integrations.Ambiguous, Hint: fmt.Sprintf("its kernel takes the cut back within %s; look again after that", spelled(i.unconfirmed)),
			Err: fmt.Errorf("isolate %s: it is cut off, and we do not reach it to confirm: %w", i.Name(), err),
		}
	}
	now, err := i.isolated(ctx)
	if err == nil && !now.holds() {
		err = errors.New("nft does not list the rules")
	}
	if err != nil {
		return lost(err)
	}
	if err := i.nft(ctx, keepScript(w.ttl), "-f", "-"); err != nil {
		return lost(err)
	}
	return nil
}

func (i isolate) receipt(w wish) integrations.Receipt {
	return integrations.Receipt{Ref: i.Name(), At: i.now(), Data: map[string]any{
		"management": words(w.management), "port": w.port, "dead_man": "nft set timeout",
	}}
}

// Verify implements integrations.Action.
func (i isolate) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	w, err := i.read(ctx, c, false)
	if err != nil {
		return integrations.Verification{}, err
	}
	now, err := i.isolated(ctx)
	if err != nil {
		return integrations.Verification{}, unsent(err)
	}
	says := "nft lists no rules that cut the host off"
	switch {
	case w.done(now) && now.armed():
		says = "nft lists the rules that drop everything; it ends by itself in " + now.left.String()
	case w.done(now):
		says = "nft lists the rules that drop everything, and we reach the host"
	case now.holds() && now.armed() && i.remote:
		says = "it is cut off and not confirmed: it ends by itself in " + now.left.String()
	case now.holds():
		says = "it is cut off in another way than was asked for"
	}
	return integrations.Verification{OK: w.done(now), Says: says, State: now.state()}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (i isolate) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	w, err := i.read(ctx, c, false)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	now, err := i.isolated(ctx)
	if err != nil {
		return integrations.Receipt{}, false, unsent(err)
	}
	return i.receipt(w), w.done(now), nil
}

// Inverse implements integrations.Reverter. What was already so is not undone.
func (i isolate) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	was, known := prior.State["isolated"].(bool)
	if !known || was {
		return integrations.Call{}, fmt.Errorf("invert %s: it was so before", c.Action)
	}
	return integrations.Call{Action: "linux.host.release", Connection: c.Connection, Incident: c.Incident, Step: c.Step, Params: map[string]any{}}, nil
}
