package linux

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// block blocks a network, or with on false lets it through again.
type block struct {
	*host
	on bool
}

// Describe implements integrations.Action.
func (b block) Describe() integrations.Description {
	d := integrations.Description{
		Name: "linux.nft.block", Title: "Block an address", System: "linux",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"root", "CAP_NET_ADMIN", "sudo nft"},
		Tested: integrations.RealPeer, React: []string{"RA3101"}, D3fend: []string{"D3-NTF"},
		Params: []integrations.Param{
			{Name: "address", Title: "Address or network", Type: "string", Required: true, Match: `[0-9A-Fa-f:.]{2,45}(?:/[0-9]{1,3})?`},
		},
		Result: []integrations.Param{{Name: "address", Type: "string"}},
	}
	if !b.on {
		d.Name, d.Title, d.React, d.D3fend = "linux.nft.unblock", "Let an address through again", []string{"RA5101"}, nil
		return d
	}
	d.Params = append(d.Params, integrations.Param{Name: "ttl", Title: "Ends by itself after", Type: "duration"})
	return d
}

func (b block) read(ctx context.Context, c integrations.Call) (netip.Prefix, integrations.Values, error) {
	v, err := integrations.Read(b.Describe(), c.Params)
	if err != nil {
		return netip.Prefix{}, v, err
	}
	n, err := parse(v.Text("address"))
	if err != nil {
		return n, v, rejected("", "read address: %w", err)
	}
	if !b.on {
		return n, v, nil
	}
	if err := b.mayBlock(n, b.protected); err != nil || !b.remote {
		return n, v, err
	}
	f, err := b.facts(ctx, false)
	if err != nil {
		return n, v, err
	}
	return n, v, b.mayBlock(n, ownSession(f.Client, f.Server))
}

// Prior implements integrations.Action. What is left of a timeout is not part
// of the state: it would be another one at every look.
func (b block) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	n, _, err := b.read(ctx, c)
	if err != nil {
		return integrations.Prior{}, err
	}
	t, err := b.table(ctx)
	if err != nil {
		return integrations.Prior{}, unsent(err)
	}
	return integrations.Prior{State: b.state(t, n)}, nil
}

func (b block) state(t table, n netip.Prefix) map[string]any {
	touching := []any{}
	for _, x := range t.blocked {
		if x != n && x.Overlaps(n) {
			touching = append(touching, element(x))
		}
	}
	// Whether our table is there at all is no part of the state: another block
	// may make it between the plan and its approval.
	blocked := slices.Contains(t.blocked, n)
	s := map[string]any{"rules": blocked && t.guards == wholeFrame, "blocked": blocked}
	if len(touching) > 0 {
		s["touching"] = touching
	}
	return s
}

// unsent marks a failure to read: whatever it was, nothing was changed.
func unsent(err error) error {
	var e *integrations.Error
	if err == nil || errors.As(err, &e) && e.Outcome == integrations.Rejected {
		return err
	}
	return &integrations.Error{Outcome: integrations.NotSent, Err: err}
}

// Plan implements integrations.Action.
func (b block) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	n, v, err := b.read(ctx, c)
	if err != nil {
		return integrations.Plan{}, err
	}
	script := unblockScript(n)
	if b.on {
		script = blockScript(n, v.Duration("ttl"))
	}
	p := integrations.Plan{
		Call: c, Base: b.Name(), Identity: b.identity(), Target: element(n), Prior: prior,
		Targets:   b.target("address", element(n), element(n)),
		Requests:  []integrations.Request{{Argv: b.argv(program, "-f", "-"), Body: script}},
		Proof:     "nft lists the address in our set, and the rules that drop it",
		Unchanged: b.done(prior.State),
	}
	blocked, _ := prior.State["blocked"].(bool)
	if b.on {
		p.Effects = []string{
			fmt.Sprintf("%s drops all packets from and to %s, open connections included", b.Name(), element(n)),
		}
		if ttl := v.Duration("ttl"); ttl > 0 {
			p.Timer = "the address goes out of the set after " + spelled(ttl) + ", by the host's kernel"
			p.Effects = append(p.Effects, "it ends by itself after "+spelled(ttl))
		}
		if touching, ok := prior.State["touching"]; ok && !blocked {
			return integrations.Plan{}, rejected("unblock these first", "block %s: it overlaps with what is blocked: %v", n, touching)
		}
		if a := n.Addr(); a.IsPrivate() || a.IsLinkLocalUnicast() {
			p.Warnings = append(p.Warnings, "it is an address of a private network: make sure that no gateway or name server is among it")
		}
	} else {
		p.Effects = []string{fmt.Sprintf("%s lets packets from and to %s through again", b.Name(), element(n))}
		p.Proof = "nft no longer lists the address in our set"
	}
	if inverse, err := b.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = map[bool]string{true: "let it through again", false: "block it again"}[b.on], &inverse
	}
	return p, nil
}

// DryRun implements integrations.DryRunner: nft looks at the script without
// carrying it out.
func (b block) DryRun(ctx context.Context, c integrations.Call, p integrations.Plan) (string, error) {
	n, v, err := b.read(ctx, c)
	if err != nil || p.Unchanged {
		return "there is nothing to do", err
	}
	script := unblockScript(n)
	if b.on {
		script = blockScript(n, v.Duration("ttl"))
	}
	return b.check(ctx, script)
}

func (h *host) check(ctx context.Context, script string) (string, error) {
	if err := h.nft(ctx, script, "-c", "-f", "-"); err != nil {
		return "", unsent(err)
	}
	return "nft --check takes the rules", nil
}

// done says whether the state is what the action wants.
func (b block) done(state map[string]any) bool {
	blocked, _ := state["blocked"].(bool)
	rules, _ := state["rules"].(bool)
	if b.on {
		return blocked && rules
	}
	return !blocked
}

// Do implements integrations.Action. It looks first: what is so already needs
// nothing.
func (b block) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	n, v, err := b.read(ctx, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	t, err := b.table(ctx)
	if err != nil {
		return integrations.Receipt{}, unsent(err)
	}
	if b.done(b.state(t, n)) {
		return b.receipt(n), nil
	}
	script := unblockScript(n)
	if b.on {
		script = blockScript(n, v.Duration("ttl"))
	}
	if err := b.nft(ctx, script, "-f", "-"); err != nil {
		return integrations.Receipt{}, err
	}
	return b.receipt(n), nil
}

func (b block) receipt(n netip.Prefix) integrations.Receipt {
	return integrations.Receipt{Ref: element(n), At: b.now(), Data: map[string]any{"address": element(n)}}
}

// Verify implements integrations.Action.
func (b block) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := b.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	blocked, _ := prior.State["blocked"].(bool)
	rules, _ := prior.State["rules"].(bool)
	says := "nft does not list the address as blocked"
	switch {
	case blocked && rules:
		says = "nft lists the address, and the rules that drop it"
	case blocked:
		says = "nft lists the address, but not the rules that drop it"
	}
	return integrations.Verification{OK: b.done(prior.State), Says: says, State: prior.State}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (b block) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	n, _, err := b.read(ctx, c)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	seen, err := b.Verify(ctx, c, integrations.Receipt{})
	return b.receipt(n), seen.OK, err
}

// Inverse implements integrations.Reverter. What was already so is not undone.
func (b block) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	blocked, known := prior.State["blocked"].(bool)
	if !known || blocked == b.on {
		return integrations.Call{}, fmt.Errorf("invert %s: it was so before", c.Action)
	}
	inverse := integrations.Call{
		Action: "linux.nft.unblock", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"address": c.Params["address"]},
	}
	if !b.on {
		inverse.Action = "linux.nft.block"
	}
	return inverse, nil
}

// spelled writes whole hours as people say them.
func spelled(d time.Duration) string {
	switch {
	case d == time.Hour:
		return "an hour"
	case d%time.Hour == 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d == time.Minute:
		return "a minute"
	case d%time.Minute == 0:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return d.String()
}
