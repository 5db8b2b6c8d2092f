package linux

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// kill ends a process with SIGKILL. What it was made of is read first; its memory
// is gone.
type kill struct{ *host }

// Describe implements integrations.Action.
func (kill) Describe() integrations.Description {
	return integrations.Description{
		Name: "linux.process.kill", Title: "Kill a process", System: "linux",
		Danger: incident.High, Idempotency: "native", Scopes: []string{"root", "the process's own user", "sudo python3"},
		Tested: integrations.RealPeer, D3fend: []string{"D3-PT"},
		Params: pidParams(),
		Result: []integrations.Param{
			{Name: "pid", Type: "int"}, {Name: "start", Type: "int"}, {Name: "exe_sha256", Type: "string"}, {Name: "cmdline", Type: "string"}, {Name: "mapped", Type: "list"},
		},
	}
}

// Prior implements integrations.Action.
func (k kill) Prior(ctx context.Context, c integrations.Call) (integrations.Prior, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Prior{}, err
	}
	p, err := k.find(ctx, v)
	if err == nil {
		err = mayStop(p)
	}
	if err != nil {
		return integrations.Prior{}, err
	}
	image, err := k.Image(ctx, p)
	if err != nil {
		return integrations.Prior{}, unsent(err)
	}
	return integrations.Prior{State: map[string]any{
		"pid": p.PID, "start": p.Start, "uid": p.UID, "name": p.Name, "exe": p.Exe, "exe_sha256": image.SHA256, "cmdline": p.Cmdline,
	}}, nil
}

// Plan implements integrations.Action.
func (k kill) Plan(_ context.Context, c integrations.Call, prior integrations.Prior) (integrations.Plan, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Plan{}, err
	}
	start, err := integrations.Number(prior.State, "start")
	if err != nil {
		return integrations.Plan{}, rejected("", "plan %s: %w", c.Action, err)
	}
	name, _ := prior.State["name"].(string)
	exe, _ := prior.State["exe"].(string)
	p := integrations.Plan{
		Call: c, Base: k.Name(), Identity: k.identity(), Prior: prior, Target: strconv.FormatInt(v.Int("pid"), 10),
		Targets:  k.target("process", fmt.Sprintf("%d@%d", v.Int("pid"), start), name),
		Requests: []integrations.Request{{Method: string(integrations.SIGKILL), URL: fmt.Sprintf("pidfd of process %d started at tick %d", v.Int("pid"), start)}},
		Proof:    "the kernel has no such process any more",
		Effects: []string{
			fmt.Sprintf("process %d (%s, %s) ends; its connections are closed", v.Int("pid"), name, exe),
			"its children go on, and whatever watches over it may start it again",
		},
		Warnings: []string{"its memory is lost: stop it (linux.process.stop) and take what it holds first"},
	}
	if strings.HasSuffix(exe, " (deleted)") {
		p.Warnings = append(p.Warnings, "its program was deleted: /proc holds the last copy, and it goes with the process")
	}
	return p, nil
}

// Do implements integrations.Action. The process that is killed is the one that
// the plan saw; one that has ended since needs nothing.
func (k kill) Do(ctx context.Context, c integrations.Call, plan integrations.Plan) (integrations.Receipt, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if ctx.Err() != nil {
		return integrations.Receipt{}, unsent(ctx.Err())
	}
	planned, perr := integrations.Number(plan.Prior.State, "start")
	p, err := k.find(ctx, v)
	if perr == nil && (err == nil && p.Start != planned || errors.Is(err, incident.ErrNotFound)) {
		return k.receipt(v.Int("pid"), planned, integrations.Image{Mapped: []string{}}, plan.Prior), nil
	}
	if err == nil {
		err = mayStop(p)
	}
	if err != nil {
		return integrations.Receipt{}, err
	}
	image, err := k.Image(ctx, p)
	if err != nil {
		return integrations.Receipt{}, unsent(err)
	}
	if err := k.Signal(ctx, p, integrations.SIGKILL); err != nil {
		return integrations.Receipt{}, err
	}
	return k.receipt(int64(p.PID), p.Start, image, plan.Prior), nil
}

func (k kill) receipt(pid, start int64, image integrations.Image, prior integrations.Prior) integrations.Receipt {
	if image.SHA256 == "" {
		image.SHA256, _ = prior.State["exe_sha256"].(string)
	}
	cmdline, _ := prior.State["cmdline"].(string)
	mapped := make([]any, len(image.Mapped))
	for i, m := range image.Mapped {
		mapped[i] = m
	}
	return integrations.Receipt{Ref: strconv.FormatInt(pid, 10), At: k.now(), Data: map[string]any{
		"pid": pid, "start": start, "exe_sha256": image.SHA256, "cmdline": cmdline, "mapped": mapped,
	}}
}

// Verify implements integrations.Action. A process in the midst of a call of the
// kernel ends a little later.
func (k kill) Verify(ctx context.Context, c integrations.Call, r integrations.Receipt) (integrations.Verification, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Verification{}, err
	}
	start, err := integrations.Number(r.Data, "start")
	if err != nil {
		return integrations.Verification{}, unsent(err)
	}
	var says string
	for range 20 {
		p, err := k.Process(ctx, int(v.Int("pid")))
		switch {
		case errors.Is(err, incident.ErrNotFound):
			return integrations.Verification{OK: true, Says: fmt.Sprintf("there is no process %d", v.Int("pid"))}, nil
		case err != nil:
			return integrations.Verification{}, unsent(err)
		case p.Start != start:
			return integrations.Verification{OK: true, Says: fmt.Sprintf("process %d is another one now: %s", p.PID, p.Name)}, nil
		case ended(p):
			return integrations.Verification{OK: true, Says: fmt.Sprintf("process %d has ended, and its parent has not asked for it", p.PID)}, nil
		}
		says = fmt.Sprintf("process %d is in state %s", p.PID, p.State)
		select {
		case <-ctx.Done():
			return integrations.Verification{}, unsent(ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return integrations.Verification{Says: says}, nil
}

// Find implements integrations.Finder where the call says which process was meant.
// Without its start nobody can tell whether it was the one.
func (k kill) Find(ctx context.Context, c integrations.Call) (integrations.Receipt, bool, error) {
	v, err := integrations.Read(k.Describe(), c.Params)
	if err != nil {
		return integrations.Receipt{}, false, err
	}
	p, err := k.Process(ctx, int(v.Int("pid")))
	gone := errors.Is(err, incident.ErrNotFound)
	if err != nil && !gone {
		return integrations.Receipt{}, false, unsent(err)
	}
	start := p.Start
	if v.Has("start") {
		start = v.Int("start")
	}
	return k.receipt(v.Int("pid"), start, integrations.Image{Mapped: []string{}}, integrations.Prior{}), gone || ended(p) || p.Start != start, nil
}
