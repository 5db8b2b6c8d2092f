package linux

import (
	"context"
	"fmt"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
	"firebreak/internal/lazyre"
)

// unit stops a unit of systemd and keeps it from being started, or with on false
// makes it what it was.
type unit struct {
	*host
	on bool
}

// unitName leaves out the kinds that a host stands on: slices, scopes, targets,
// mounts and devices.
const unitName = `[A-Za-z0-9:_][A-Za-z0-9:_.\\@-]{0,240}\.(?:service|socket|timer|path)`

// Describe implements integrations.Action.
func (u unit) Describe() integrations.Description {
	d := integrations.Description{
		Name: "linux.unit.stop", Title: "Stop a unit for good", System: "linux",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"root", "sudo systemctl"},
		Tested: integrations.RealPeer, React: []string{"RA3501"},
		Params: []integrations.Param{{Name: "unit", Title: "Name of the unit, with its kind", Type: "string", Required: true, Match: unitName}},
		Result: []integrations.Param{{Name: "unit", Type: "string"}},
	}
	if u.on {
		return d
	}
	d.Name, d.Title, d.React = "linux.unit.start", "Let a unit be started again", []string{"RA5501"}
	d.Params = append(d.Params,
		integrations.Param{Name: "start", Title: "Start it, too", Type: "bool", Default: true},
		integrations.Param{Name: "enable", Title: "Enable it, where it was disabled instead of masked", Type: "bool", Default: false},
	)
	return d
}

// ours are units without which nobody reaches the host, or it does not run.
var ours = lazyre.New(`^(?:systemd-.*|sshd?(?:@.*)?\.(?:service|socket)|dbus(?:-broker)?\.(?:service|socket)|getty@.*|user@.*|networking\.service|NetworkManager\.service)$`)

// condition is a unit as systemd has it.
type condition struct {
	load, active, file, fragment string
	triggered                    string
}

func (u unit) read(ctx context.Context, c integrations.Call) (string, condition, integrations.Values, error) {
	v, err := integrations.Read(u.Describe(), c.Params)
	if err != nil {
		return "", condition{}, v, err
	}
	name := v.Text("unit")
	if u.on && ours.MatchString(name) {
		return name, condition{}, v, rejected("", "unit %s: the host, or the way to it, stands on it", name)
	}
	now, err := u.condition(ctx, name)
	if err == nil && now.load == "not-found" {
		err = rejected("", "unit %s: systemd does not know it", name)
	}
	return name, now, v, err
}

// condition asks systemd.
func (h *host) condition(ctx context.Context, name string) (condition, error) {
	argv := []string{"systemctl", "show", "--no-pager", "--property=LoadState,ActiveState,UnitFileState,FragmentPath,TriggeredBy", "--", name}
	out, err := h.tool(ctx, "", argv...)
	if err != nil {
		return condition{}, unsent(err)
	}
	if out.Code != 0 {
		if text := said(out.Stderr); strings.Contains(text, "not been booted with systemd") || strings.Contains(text, "connect to bus") {
			return condition{}, rejected("stop it by what starts it there", "unit %s: the host does not run systemd, or it cannot be asked: %s", name, text)
		}
		return condition{}, failed(argv[:2], out)
	}
	var c condition
	for line := range strings.Lines(string(out.Stdout)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "LoadState":
			c.load = value
		case "ActiveState":
			c.active = value
		case "UnitFileState":
			c.file = value
		case "FragmentPath":
			c.fragment = value
		case "TriggeredBy":
			c.triggered = value
		}
	}
	if c.load == "" || c.active == "" {
		return c, rejected("", "unit %s: systemd says %.80q", name, out.Stdout)
	}
	return c, nil
}

func (c condition) runs() bool {
	return c.active == "active" || c.active == "activating" || c.active == "reloading" || c.active == "deactivating"
}

// masked says that nothing can start it.
func (c condition) masked() bool { return c.load == "masked" || strings.HasPrefix(c.file, "masked") }

// maskable says that it can be masked: not where its own file stands in the place
// that the mask would take.
func (c condition) maskable() bool { return !strings.HasPrefix(c.fragment, "/etc/systemd/system/") }

func (c condition) enabled() bool { return c.file == "enabled" || c.file == "enabled-runtime" }

func (c condition) state() map[string]any {
	return map[string]any{"load": c.load, "runs": c.runs(), "unit_file": c.file, "fragment": c.fragment, "triggered_by": c.triggered}
}

// Prior implements integrations.Action.
func (u unit) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	_, now, _, err := u.read(ctx, c)
	return integrations.Prior{State: now.state()}, err
}

func (u unit) done(now condition, v integrations.Values) bool {
	if u.on {
		return !now.runs() && (now.masked() || !now.maskable() && !now.enabled())
	}
	return !now.masked() && (!v.Bool("start") || now.runs()) && (!v.Bool("enable") || now.enabled())
}

// steps are the programs that do it.
func (u unit) steps(name string, now condition, v integrations.Values) [][]string {
	call := func(words ...string) []string {
		return append(append([]string{"systemctl", "--no-ask-password"}, words...), "--", name)
	}
	var out [][]string
	switch {
	case u.on && now.masked():
	case u.on && now.maskable():
		out = append(out, call("mask")) // first, so that nothing starts it again
	case u.on && now.enabled():
		out = append(out, call("disable"))
	case !u.on && now.masked():
		out = append(out, call("unmask"))
	}
	switch {
	case u.on && now.runs():
		out = append(out, call("stop"))
	case !u.on && v.Bool("enable") && !now.enabled():
		out = append(out, call("enable"))
	}
	if !u.on && v.Bool("start") && !now.runs() {
		out = append(out, call("start"))
	}
	return out
}

// Plan implements integrations.Action.
func (u unit) Plan(ctx context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	name, now, v, err := u.read(ctx, c)
	if err != nil {
		return integrations.Plan{}, err
	}
	p := integrations.Plan{
		Call: c, Base: u.Name(), Identity: u.identity(), Target: name, Prior: prior, Unchanged: u.done(now, v),
		Targets: u.target("unit", name, name),
		Proof:   "systemd gives the unit as masked and not running",
	}
	for _, argv := range u.steps(name, now, v) {
		p.Requests = append(p.Requests, integrations.Request{Argv: u.argv(argv...)})
	}
	switch {
	case u.on && now.maskable():
		p.Effects = []string{fmt.Sprintf("%s stops, and nothing can start it, also not after a reboot", name)}
	case u.on:
		p.Effects = []string{fmt.Sprintf("%s stops, and is not started at the next boot", name)}
		p.Proof = "systemd gives the unit as disabled and not running"
		p.Warnings = append(p.Warnings, fmt.Sprintf("its file stands where a mask would: whoever calls it starts it again; take it away too: linux.file.quarantine path=%s", now.fragment))
	default:
		p.Effects = []string{fmt.Sprintf("%s can be started again", name)}
		if v.Bool("start") {
			p.Effects = []string{fmt.Sprintf("%s can be started again, and is started", name)}
		}
		p.Proof = "systemd gives the unit as it is asked for"
	}
	if u.on && now.triggered != "" {
		p.Warnings = append(p.Warnings, "it is also started by "+now.triggered+": a unit of its own, which goes on")
	}
	if inverse, err := u.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = map[bool]string{true: "make it what it was", false: "stop it again"}[u.on], &inverse
	}
	return p, nil
}

// Do implements integrations.Action.
func (u unit) Do(ctx context.Context, c integrations.Call, _ integrations.Plan) (integrations.Receipt, error) {
	name, now, v, err := u.read(ctx, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	for n, argv := range u.steps(name, now, v) {
		ctx, cancel := context.WithTimeout(ctx, 100*time.Second) // a stop takes 90 s where a service does not heed it
		out, err := u.tool(ctx, "", argv...)
		cancel()
		if err == nil && out.Code != 0 {
			err = failed(argv[:3], out)
		}
		if err != nil && n > 0 {
			err = partly(err)
		}
		if err != nil {
			return integrations.Receipt{}, err
		}
	}
	return u.receipt(name), nil
}

func (u unit) receipt(name string) integrations.Receipt {
	return integrations.Receipt{Ref: name, At: u.now(), Data: map[string]any{"unit": name}}
}

// Verify implements integrations.Action.
func (u unit) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	name, now, v, err := u.read(ctx, c)
	if err != nil {
		return integrations.Verification{}, err
	}
	return integrations.Verification{
		OK: u.done(now, v), Says: fmt.Sprintf("%s is %s, %s", name, now.active, strings.Join(strings.Fields(now.load+" "+now.file), ", ")), State: now.state(),
	}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (u unit) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	name, now, v, err := u.read(ctx, c)
	return u.receipt(name), err == nil && u.done(now, v), err
}

// Inverse implements integrations.Reverter.
func (u unit) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	runs, known := prior.State["runs"].(bool)
	file, _ := prior.State["unit_file"].(string)
	load, _ := prior.State["load"].(string)
	fragment, _ := prior.State["fragment"].(string)
	was := condition{load: load, file: file, fragment: fragment}
	inverse := integrations.Call{
		Action: "linux.unit.start", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"unit": c.Params["unit"], "start": runs, "enable": !was.maskable() && was.enabled()},
	}
	switch {
	case !known || u.on && was.masked():
		return integrations.Call{}, fmt.Errorf("invert %s: it was masked before", c.Action)
	case !u.on && runs && !was.masked():
		return integrations.Call{}, fmt.Errorf("invert %s: it ran before", c.Action)
	case !u.on:
		inverse.Action, inverse.Params = "linux.unit.stop", map[string]any{"unit": c.Params["unit"]}
	}
	return inverse, nil
}
