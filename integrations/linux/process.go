package linux

import (
	"context"
	"errors"
	"fmt"

	"firebreak/incident"
	"firebreak/integrations"
)

// pidParams name one process.
func pidParams() []integrations.Param {
	return []integrations.Param{
		{Name: "pid", Title: "Process id", Type: "int", Required: true, Match: `[1-9][0-9]{0,9}`},
		{Name: "start", Title: "Its start, in clock ticks since boot", Type: "int", Match: `[0-9]{1,18}`},
	}
}

// find reads the process that the parameters name. A start time among them must
// be its own: the number alone may belong to another one by now.
func (h *host) find(ctx context.Context, v integrations.Values) (integrations.Process, error) {
	pid := int(v.Int("pid"))
	if int64(pid) != v.Int("pid") {
		return integrations.Process{}, rejected("", "process %d: no such number", v.Int("pid"))
	}
	p, err := h.Process(ctx, pid)
	switch {
	case errors.Is(err, incident.ErrNotFound):
		return p, rejected("it has ended, or never was", "process %d: %w", pid, err)
	case err != nil:
		return p, unsent(fmt.Errorf("read process %d: %w", pid, err))
	case v.Has("start") && v.Int("start") != p.Start:
		return p, rejected("look for it anew", "process %d: the one meant has ended; the number belongs to %s now", pid, p.Name)
	}
	return p, nil
}

// mayStop says why a process must be neither stopped nor killed, or nil.
func mayStop(p integrations.Process) error {
	switch {
	case !p.Leader:
		return rejected("name the process", "process %d: it is a thread of another process", p.PID)
	case p.PID == 1:
		return rejected("", "process 1: the host stands on it")
	case p.Kernel:
		return rejected("", "process %d: it is a thread of the kernel", p.PID)
	case ended(p):
		return rejected("", "process %d: it has ended", p.PID)
	case p.Ours:
		return rejected("", "process %d (%s): this session depends on it", p.PID, p.Name)
	}
	return nil
}

// ended says that only its parent has not asked for it yet.
func ended(p integrations.Process) bool { return p.State == "Z" || p.State == "X" }
