package linux

import (
	"context"
	"fmt"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// lock locks a local account for every way in, and ends what runs as it; or with
// on false it makes the account what it was before.
type lock struct {
	*host
	on bool
}

// Describe implements integrations.Action.
func (l lock) Describe() integrations.Description {
	d := integrations.Description{
		Name: "linux.account.lock", Title: "Lock an account", System: "linux",
		Danger: incident.High, Reversible: true, Idempotency: "native", Scopes: []string{"root", "sudo usermod, getent, pkill, ps, loginctl"},
		Tested: integrations.RealPeer, React: []string{"RA3601"}, D3fend: []string{"D3-AL"},
		Params: []integrations.Param{{Name: "user", Title: "Name of the local account", Type: "string", Required: true, Match: userName}},
		Result: []integrations.Param{{Name: "user", Type: "string"}, {Name: "uid", Type: "int"}},
	}
	if l.on {
		d.Params = append(d.Params, integrations.Param{Name: "end_sessions", Title: "End everything that runs as it", Type: "bool", Default: true})
		return d
	}
	d.Name, d.Title, d.React, d.D3fend, d.Danger = "linux.account.unlock", "Unlock an account", []string{"RA5601"}, nil, incident.Medium
	d.Params = append(d.Params,
		integrations.Param{Name: "password", Title: "P: with its password, NP: without one, L: it was locked before", Type: "string", Default: "P", Match: `P|NP|L`},
		integrations.Param{Name: "expires", Title: "The date at which the account expires; without one: never", Type: "string", Match: `[0-9]{4}-[0-9]{2}-[0-9]{2}`},
	)
	return d
}

// read returns the account as it is, and for unlocking as it shall be.
func (l lock) read(ctx context.Context, c integrations.Call) (now, to account, v integrations.Values, err error) {
	if v, err = integrations.Read(l.Describe(), c.Params); err != nil {
		return now, to, v, err
	}
	if e := v.Text("expires"); e != "" {
		if _, err := time.Parse(time.DateOnly, e); err != nil {
			return now, to, v, rejected("", "read expires: %q is no date", e)
		}
	}
	if now, err = l.account(ctx, v.Text("user")); err != nil {
		return now, to, v, err
	}
	to = now
	if l.on {
		return now, to, v, l.mayLock(ctx, now)
	}
	to.password, to.expires = v.Text("password"), v.Text("expires")
	return now, to, v, nil
}

// Prior implements integrations.Action.
func (l lock) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	now, _, _, err := l.read(ctx, c)
	return integrations.Prior{State: now.state()}, err
}

func (l lock) done(now, to account) bool {
	if l.on {
		return now.locked()
	}
	return now.password == to.password && now.expires == to.expires
}

// Plan implements integrations.Action.
func (l lock) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	now, to, v, err := l.read(ctx, c)
	if err != nil {
		return integrations.Plan{}, err
	}
	p := integrations.Plan{
		Call: c, Base: l.Name(), Identity: l.identity(), Target: now.name, Prior: prior, Unchanged: l.done(now, to),
		Targets: l.target("user", fmt.Sprint(now.uid), now.name),
		Proof:   "shadow has the account as locked and expired",
	}
	if l.on {
		p.Requests = []integrations.Request{{Argv: l.argv(lockArgv(now)...)}}
		p.Effects = []string{fmt.Sprintf("nobody can log in as %s any more: its password is locked, and it is expired, which shuts out ssh keys too", now.name)}
		if v.Bool("end_sessions") {
			p.Effects = append(p.Effects, fmt.Sprintf("everything that runs as %s is killed: what it had in memory is lost, and does not come back with the unlock", now.name))
			p.Requests = append(p.Requests, integrations.Request{Argv: l.argv("loginctl", "--no-ask-password", "terminate-user", fmt.Sprint(now.uid))}, integrations.Request{Argv: l.argv("pkill", "-KILL", "-u", fmt.Sprint(now.uid))})
			p.Proof += ", and nothing runs as it"
		} else {
			p.Warnings = append(p.Warnings, "its sessions and its jobs go on")
		}
		if now.uid < 1000 {
			p.Warnings = append(p.Warnings, "it is an account of the system: what starts as it through PAM (cron, su) stops")
		}
	} else {
		p.Requests = []integrations.Request{{Argv: l.argv(unlockArgv(now, to)...)}}
		p.Effects = []string{fmt.Sprintf("%s can log in again, as before it was locked", now.name)}
		p.Proof = "shadow has the account as it is asked for"
		if to.password == "L" {
			p.Effects = []string{fmt.Sprintf("%s is no longer expired; its password stays locked, as it was", now.name)}
		}
		if to.password == "NP" {
			p.Warnings = append(p.Warnings, "it then has no password, as before: some ways in ask for none")
		}
	}
	if inverse, err := l.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = map[bool]string{true: "unlock it, as it was", false: "lock it again"}[l.on], &inverse
	}
	return p, nil
}

// Do implements integrations.Action.
func (l lock) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	now, to, v, err := l.read(ctx, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if !l.done(now, to) {
		argv := lockArgv(now)
		if !l.on {
			argv = unlockArgv(now, to)
		}
		if err := l.usermod(ctx, argv); err != nil {
			return integrations.Receipt{}, err
		}
	}
	if l.on && v.Bool("end_sessions") {
		left, err := l.processes(ctx, now.uid)
		if err == nil && left > 0 {
			err = l.endSessions(ctx, now)
		}
		if err != nil {
			return integrations.Receipt{}, partly(err)
		}
	}
	return l.receipt(now), nil
}

func (l lock) receipt(a account) integrations.Receipt {
	return integrations.Receipt{Ref: a.name, At: l.now(), Data: map[string]any{"user": a.name, "uid": a.uid}}
}

// Verify implements integrations.Action.
func (l lock) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	now, to, v, err := l.read(ctx, c)
	if err != nil {
		return integrations.Verification{}, unsent(err)
	}
	seen := integrations.Verification{OK: l.done(now, to), State: now.state()}
	expires := "never expires"
	if now.expires != "" {
		expires = "expires on " + now.expires
	}
	seen.Says = fmt.Sprintf("the password of %s is %s, and the account %s", now.name, map[string]string{"P": "usable", "L": "locked", "NP": "empty"}[now.password], expires)
	if !l.on || !v.Bool("end_sessions") || !seen.OK {
		return seen, nil
	}
	left, err := l.processes(ctx, now.uid)
	if err != nil {
		return integrations.Verification{}, err
	}
	seen.OK = left == 0
	seen.Says += fmt.Sprintf("; %d processes run as it", left)
	seen.Says = strings.Replace(seen.Says, "; 0 processes run", "; nothing runs", 1)
	return seen, nil
}

// Find implements integrations.Finder: the state itself tells.
func (l lock) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	now, _, _, err := l.read(ctx, c)
	if err != nil {
		return integrations.Receipt{}, false, unsent(err)
	}
	seen, err := l.Verify(ctx, c, integrations.Receipt{})
	return l.receipt(now), seen.OK, err
}

// Inverse implements integrations.Reverter. It restores exactly what was: also an
// account that had no password, was locked already, or was to expire some day.
func (l lock) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	password, _ := prior.State["password"].(string)
	expires, _ := prior.State["expires"].(string)
	was := account{password: password, expires: expires}
	if password == "" || was.locked() == l.on {
		return integrations.Call{}, fmt.Errorf("invert %s: it was so before", c.Action)
	}
	inverse := integrations.Call{
		Action: "linux.account.unlock", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"user": c.Params["user"], "password": password},
	}
	if expires != "" {
		inverse.Params["expires"] = expires
	}
	if !l.on {
		inverse.Action = "linux.account.lock"
		inverse.Params = map[string]any{"user": c.Params["user"], "end_sessions": false}
	}
	return inverse, nil
}
