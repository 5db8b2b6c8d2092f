package linux

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// freeze stops a process with SIGSTOP, or lets it go on with SIGCONT.
type freeze struct {
	*host
	on bool
}

// Describe implements integrations.Action.
func (f freeze) Describe() integrations.Description {
	d := integrations.Description{
		Name: "linux.process.stop", Title: "Stop a process", System: "linux",
		Danger: incident.Medium, Reversible: true, Idempotency: "native", Scopes: []string{"root", "the process's own user", "sudo python3"},
		Tested: integrations.RealPeer, D3fend: []string{"D3-PS"},
		Params: []integrations.Param{
			{Name: "pid", Title: "Process id", Type: "int", Required: true, Match: `[1-9][0-9]{0,9}`},
			{Name: "start", Title: "Its start, in clock ticks since boot", Type: "int", Match: `[0-9]{1,18}`},
		},
		Result: []integrations.Param{{Name: "pid", Type: "int"}, {Name: "start", Type: "int"}},
	}
	if !f.on {
		d.Name, d.Title, d.D3fend = "linux.process.continue", "Let a stopped process go on", nil
	}
	return d
}

// process reads the process that the call names.
func (f freeze) process(ctx context.Context, c integrations.Call) (integrations.Process, error) {
	v, err := integrations.Read(f.Describe(), c.Params)
	if err != nil {
		return integrations.Process{}, err
	}
	p, err := f.find(ctx, v)
	if err == nil && f.on {
		err = mayStop(p)
	}
	return p, err
}

// Prior implements integrations.Action. Whether the process runs or sleeps at
// this moment is not part of the state; whether it is stopped is.
func (f freeze) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	p, err := f.process(ctx, c)
	if err != nil {
		return integrations.Prior{}, err
	}
	return integrations.Prior{State: map[string]any{
		"pid": p.PID, "start": p.Start, "uid": p.UID, "name": p.Name, "exe": p.Exe, "cmdline": p.Cmdline, "stopped": stopped(p),
	}}, nil
}

func (f freeze) signal() integrations.Signal {
	if f.on {
		return integrations.SIGSTOP
	}
	return integrations.SIGCONT
}

func stopped(p integrations.Process) bool { return p.State == "T" || p.State == "t" }

// Plan implements integrations.Action.
func (f freeze) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(f.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	start, err := integrations.Number(prior.State, "start")
	if err != nil {
		return integrations.Plan{}, rejected("", "plan %s: %w", c.Action, err)
	}
	name, _ := prior.State["name"].(string)
	called := name
	if exe, _ := prior.State["exe"].(string); exe != "" { // not shown to those who do not own the process
		called += ", " + exe
	}
	was, _ := prior.State["stopped"].(bool)

	p := integrations.Plan{
		Call: c, Base: f.Name(), Identity: f.identity(), Prior: prior, Target: strconv.FormatInt(v.Int("pid"), 10),
		Targets:   f.target("process", fmt.Sprintf("%d@%d", v.Int("pid"), start), name),
		Requests:  []integrations.Request{{Method: string(f.signal()), URL: fmt.Sprintf("pidfd of process %d started at tick %d", v.Int("pid"), start)}},
		Proof:     "the kernel gives the process's state as stopped",
		Unchanged: was == f.on,
	}
	if f.on {
		p.Effects = []string{
			fmt.Sprintf("process %d (%s) stands still; its memory, files and connections stay", v.Int("pid"), called),
			"its children go on",
		}
	} else {
		p.Effects = []string{fmt.Sprintf("process %d (%s) goes on where it stood", v.Int("pid"), called)}
		p.Proof = "the kernel gives the process's state as not stopped"
	}
	if inverse, err := f.Inverse(c, prior, integrations.Receipt{}); err == nil {
		p.Undo, p.Inverse = map[bool]string{true: "let it go on", false: "stop it again"}[f.on], &inverse
	}
	return p, nil
}

// Do implements integrations.Action. The process that is stopped is the one
// that the plan saw.
func (f freeze) Do(ctx context.Context, c integrations.Call, plan integrations.Plan) (integrations.Receipt, error) {
	p, err := f.process(ctx, c)
	if err != nil {
		return integrations.Receipt{}, err
	}
	planned, err := integrations.Number(plan.Prior.State, "start")
	if err == nil && planned != p.Start {
		return integrations.Receipt{}, rejected("plan it anew", "process %d: the one planned for has ended; the number belongs to %s now", p.PID, p.Name)
	}
	if err := f.Signal(ctx, p, f.signal()); err != nil {
		return integrations.Receipt{}, err
	}
	return f.receipt(p), nil
}

func (f freeze) receipt(p integrations.Process) integrations.Receipt {
	return integrations.Receipt{Ref: strconv.Itoa(p.PID), At: f.now(), Data: map[string]any{"pid": p.PID, "start": p.Start}}
}

// Verify implements integrations.Action. A signal takes effect when the kernel
// next looks at the process, so it waits a little.
func (f freeze) Verify(ctx context.Context, c integrations.Call, _ integrations.Receipt) (integrations.Verification, error) {
	var last integrations.Process
	for range 20 {
		p, err := f.process(ctx, c)
		if err != nil {
			return integrations.Verification{}, err
		}
		if last = p; stopped(p) == f.on {
			break
		}
		select {
		case <-ctx.Done():
			return integrations.Verification{}, unsent(ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return integrations.Verification{
		OK: stopped(last) == f.on, Says: fmt.Sprintf("process %d is in state %s", last.PID, last.State),
		State: map[string]any{"pid": last.PID, "start": last.Start, "stopped": stopped(last)},
	}, nil
}

// Find implements integrations.Finder: the state itself tells.
func (f freeze) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	p, err := f.process(ctx, c)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	return f.receipt(p), stopped(p) == f.on, nil
}

// Inverse implements integrations.Reverter. What was already so is not undone;
// the inverse names the process by its start too.
func (f freeze) Inverse(c integrations.Call, prior integrations.Prior, _ integrations.Receipt) (integrations.Call, error) {
	was, known := prior.State["stopped"].(bool)
	if !known || was == f.on {
		return integrations.Call{}, fmt.Errorf("invert %s: it was so before", c.Action)
	}
	inverse := integrations.Call{
		Action: "linux.process.continue", Connection: c.Connection, Incident: c.Incident, Step: c.Step,
		Params: map[string]any{"pid": prior.State["pid"], "start": prior.State["start"]},
	}
	if !f.on {
		inverse.Action = "linux.process.stop"
	}
	return inverse, nil
}
