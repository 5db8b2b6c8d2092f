package linux

import (
	"context"
	"fmt"

	"firebreak/incident"
	"firebreak/integrations"
)

// release takes the isolation away, and nothing else.
type release struct{ *host }

// Describe implements integrations.Action.
func (release) Describe() integrations.Description {
	return integrations.Description{
		Name: "linux.host.release", Title: "Let the host go again", System: "linux",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"root", "CAP_NET_ADMIN", "sudo nft"},
		Tested: integrations.RealPeer,
		Result: []integrations.Param{{Name: "isolated", Type: "bool"}},
	}
}

// Prior implements integrations.Action.
func (r release) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	if _, err := integrations.Read(r.Describe(), c.Params); err != nil {
		return integrations.Prior{}, err
	}
	now, err := r.isolated(ctx)
	if err != nil {
		return integrations.Prior{}, unsent(err)
	}
	s := now.state()
	s["table"] = now.exists // it may be there and cut nothing: its time was up
	return integrations.Prior{State: s}, nil
}

// Plan implements integrations.Action.
func (r release) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	if _, err := integrations.Read(r.Describe(), c.Params); err != nil {
		return integrations.Plan{}, err
	}
	f, err := r.facts(ctx, false)
	if err != nil {
		return integrations.Plan{}, err
	}
	id := f.Machine
	if id == "" {
		id = r.Name()
	}
	there, _ := prior.State["table"].(bool)
	p := integrations.Plan{
		Call: c, Base: r.Name(), Identity: r.identity(), Target: r.Name(), Prior: prior,
		Targets:   []integrations.Target{{Kind: "host", ID: id, Name: r.Name()}},
		Requests:  []integrations.Request{{Argv: r.argv(program, "-f", "-"), Body: releaseScript()}},
		Effects:   []string{r.Name() + " is on the network again; addresses that are blocked stay so"},
		Proof:     "nft does not list our table any more",
		Unchanged: !there,
	}
	if inverse, err := r.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = "cut it off again", &inverse
	}
	return p, nil
}

// DryRun implements integrations.DryRunner.
func (r release) DryRun(ctx context.Context, _ integrations.Call, p integrations.Plan) (string, error) {
	if p.Unchanged {
		return "there is nothing to do", nil
	}
	return r.check(ctx, releaseScript())
}

// Do implements integrations.Action.
func (r release) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	prior, err := r.Prior(ctx, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if there, _ := prior.State["table"].(bool); there {
		if err := r.nft(ctx, releaseScript(), "-f", "-"); err != nil {
			return integrations.Receipt{}, err
		}
	}
	return r.receipt(), nil
}

func (r release) receipt() integrations.Receipt {
	return integrations.Receipt{Ref: r.Name(), At: r.now(), Data: map[string]any{"isolated": false}}
}

// Verify implements integrations.Action.
func (r release) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := r.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	there, _ := prior.State["table"].(bool)
	says := "nft does not list our table"
	if there {
		says = "nft still lists our table"
	}
	return integrations.Verification{OK: !there, Says: says, State: prior.State}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (r release) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	seen, err := r.Verify(ctx, c, integrations.Receipt{})
	return r.receipt(), seen.OK, err
}

// Inverse implements integrations.Reverter.
func (r release) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	was, _ := prior.State["isolated"].(bool)
	if !was {
		return integrations.Call{}, fmt.Errorf("invert %s: it was not cut off before", c.Action)
	}
	return integrations.Call{
		Action: "linux.host.isolate", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"management": prior.State["management"], "port": prior.State["port"], "dhcp": prior.State["dhcp"]},
	}, nil
}
