package linux

import (
	"context"
	"fmt"

	"firebreak/incident"
	"firebreak/integrations"
)

// logout ends everything that runs as an account, and leaves the account as it is.
type logout struct{ *host }

// Describe implements integrations.Action.
func (logout) Describe() integrations.Description {
	return integrations.Description{
		Name: "linux.account.logout", Title: "End the sessions of an account", System: "linux",
		Danger: incident.High, Idempotency: "native", Scopes: []string{"root", "sudo getent, pkill, ps, loginctl"},
		Tested: integrations.RealPeer, D3fend: []string{"D3-ST"},
		Params: []integrations.Param{{Name: "user", Title: "Name of the local account", Type: "string", Required: true, Match: userName}},
		Result: []integrations.Param{{Name: "user", Type: "string"}, {Name: "uid", Type: "int"}},
	}
}

func (l logout) read(ctx context.Context, c integrations.Call) (account, error) {
	v, err := integrations.Read(l.Describe(), c.Params)
	if err != nil {
		return account{}, err
	}
	a, err := l.account(ctx, v.Text("user"))
	if err != nil {
		return a, err
	}
	return a, l.mayLock(ctx, a)
}

// Prior implements integrations.Action. Whether anything runs is part of it, how
// much is not: that changes all the time.
func (l logout) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	a, err := l.read(ctx, c)
	if err != nil {
		return integrations.Prior{}, err
	}
	n, err := l.processes(ctx, a.uid)
	s := a.state()
	s["runs"] = n > 0
	return integrations.Prior{State: s}, err
}

// Plan implements integrations.Action.
func (l logout) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	a, err := l.read(ctx, c)
	if err != nil {
		return integrations.Plan{}, err
	}
	runs, _ := prior.State["runs"].(bool)
	p := integrations.Plan{
		Call: c, Base: l.Name(), Identity: l.identity(), Target: a.name, Prior: prior, Unchanged: !runs,
		Targets:  l.target("user", fmt.Sprint(a.uid), a.name),
		Requests: []integrations.Request{{Argv: l.argv("loginctl", "--no-ask-password", "terminate-user", fmt.Sprint(a.uid))}, {Argv: l.argv("pkill", "-KILL", "-u", fmt.Sprint(a.uid))}},
		Effects:  []string{fmt.Sprintf("everything that runs as %s is killed, services and jobs too; what it had in memory is lost", a.name)},
		Proof:    "nothing runs as the account",
	}
	if !a.locked() {
		p.Warnings = []string{"the account is open: whoever was in comes back (linux.account.lock shuts it)"}
	}
	return p, nil
}

// Do implements integrations.Action.
func (l logout) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	a, err := l.read(ctx, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	n, err := l.processes(ctx, a.uid)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if n > 0 {
		if err := l.endSessions(ctx, a); err != nil {
			return integrations.Receipt{}, err
		}
	}
	return l.receipt(a), nil
}

func (l logout) receipt(a account) integrations.Receipt {
	return integrations.Receipt{Ref: a.name, At: l.now(), Data: map[string]any{"user": a.name, "uid": a.uid}}
}

// Verify implements integrations.Action.
func (l logout) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	prior, err := l.Prior(ctx, c)
	if err != nil {
		return integrations.Verification{}, unsent(err)
	}
	runs, _ := prior.State["runs"].(bool)
	says := "nothing runs as the account"
	if runs {
		says = "something runs as the account"
	}
	return integrations.Verification{OK: !runs, Says: says, State: prior.State}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (l logout) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	a, err := l.read(ctx, c)
	if err != nil {
		return integrations.Receipt{}, false, unsent(err)
	}
	seen, err := l.Verify(ctx, c, integrations.Receipt{})
	return l.receipt(a), seen.OK, err
}
