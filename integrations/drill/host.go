package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// host is the drill's Linux machine: what nft would say of our tables, the
// processes that run, its accounts, files and units.
type host struct {
	Table     bool                   `json:"table"`
	Sets      []string               `json:"sets"`
	Rules     []string               `json:"rules"`
	Blocked   []blocked              `json:"blocked"`
	Cut       *isolated              `json:"cut,omitempty"`
	Processes []integrations.Process `json:"processes"`
	Accounts  []account              `json:"accounts"`
	Files     []integrations.File    `json:"files"`
	Kept      []kept                 `json:"kept,omitempty"`
	Units     []unit                 `json:"units"`
}

type blocked struct {
	Set     string    `json:"set"`
	Element string    `json:"element"`
	Until   time.Time `json:"until,omitzero"`
}

// self is the process that stands for the responder's own session.
const self = 4100

func newHost() host {
	return host{
		Processes: []integrations.Process{
			{PID: 1, Start: 2, Name: "systemd", Exe: "/usr/lib/systemd/systemd", Cmdline: "/sbin/init", State: "S", Leader: true},
			{PID: 2, Start: 2, Name: "kthreadd", State: "S", Leader: true, Kernel: true},
			{PID: 700, Parent: 1, Start: 412, Name: "sshd", Exe: "/usr/sbin/sshd", Cmdline: "sshd: /usr/sbin/sshd -D", State: "S", Leader: true},
			{PID: 811, Parent: 1, Start: 530, UID: 33, Name: "nginx", Exe: "/usr/sbin/nginx", Cmdline: "nginx: worker process", State: "S", Leader: true},
			{PID: 4090, Parent: 700, Start: 910200, Name: "bash", Exe: "/usr/bin/bash", Cmdline: "-bash", State: "S", Leader: true},
			{PID: self, Parent: 4090, Start: 910344, Name: "firebreak", Exe: "/usr/local/bin/firebreak", Cmdline: "firebreak run", State: "S", Leader: true},
			{PID: PID, Parent: 1, Start: 884201, UID: 33, Name: "kworkerds", Exe: "/tmp/.x/kworkerds (deleted)", Cmdline: "./kworkerds -o " + Address + ":4444", State: "R", Leader: true},
			{PID: 5210, Parent: 1, Start: 901117, UID: 1002, Name: "bash", Exe: "/usr/bin/bash", Cmdline: "-bash", State: "S", Leader: true},
		},
		Accounts: newAccounts(),
		Files:    newFiles(),
		Units:    newUnits(),
	}
}

// fakeHost implements integrations.Hands over the drill's state.
type fakeHost struct{ *World }

// Name implements integrations.Hands.
func (fakeHost) Name() string { return "web-1 (drill)" }

// Facts implements integrations.Hands.
func (f fakeHost) Facts(ctx context.Context) (integrations.Facts, error) {
	if err := ctx.Err(); err != nil {
		return integrations.Facts{}, &integrations.Error{Outcome: integrations.NotSent, Err: err}
	}
	return integrations.Facts{Machine: "0d5c1f7ab2d94b6f8e0c64a7d2d117a1", UID: 0}, nil
}

// Process implements integrations.Hands.
func (f fakeHost) Process(ctx context.Context, pid int) (integrations.Process, error) {
	if err := ctx.Err(); err != nil {
		return integrations.Process{}, err
	}
	s, err := f.view()
	if err != nil {
		return integrations.Process{}, err
	}
	i := slices.IndexFunc(s.Host.Processes, func(p integrations.Process) bool { return p.PID == pid })
	if i < 0 {
		return integrations.Process{}, incident.ErrNotFound
	}
	p := s.Host.Processes[i]
	p.Ours = s.Host.ours(pid)
	return p, nil
}

// ours says whether the session that asks depends on the process.
func (h *host) ours(pid int) bool {
	for at := self; at > 0; {
		if at == pid {
			return true
		}
		i := slices.IndexFunc(h.Processes, func(p integrations.Process) bool { return p.PID == at })
		if i < 0 {
			return false
		}
		at = h.Processes[i].Parent
	}
	return false
}

// Signal implements integrations.Hands.
func (f fakeHost) Signal(ctx context.Context, p integrations.Process, sig integrations.Signal) error {
	if err := ctx.Err(); err != nil {
		return &integrations.Error{Outcome: integrations.NotSent, Err: err}
	}
	if err := f.breaks("stop", strconv.Itoa(p.PID)); err != nil {
		return err
	}
	return f.change(func(s *state) error {
		i := slices.IndexFunc(s.Host.Processes, func(x integrations.Process) bool { return x.PID == p.PID && x.Start == p.Start })
		if i < 0 {
			return &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("signal process %d: %w", p.PID, incident.ErrNotFound)}
		}
		x := &s.Host.Processes[i]
		switch {
		case sig == integrations.SIGKILL:
			s.Host.Processes = slices.Delete(s.Host.Processes, i, i+1)
			f.effect(s, "linux", "process killed", strconv.Itoa(p.PID), "")
		case sig == integrations.SIGSTOP && x.State != "T":
			x.State = "T"
			f.effect(s, "linux", "process stopped", strconv.Itoa(p.PID), "")
		case sig == integrations.SIGCONT && x.State == "T":
			x.State = "S"
			f.effect(s, "linux", "process continued", strconv.Itoa(p.PID), "")
		}
		return nil
	})
}

// Image implements integrations.Hands.
func (f fakeHost) Image(ctx context.Context, p integrations.Process) (integrations.Image, error) {
	now, err := f.Process(ctx, p.PID)
	if err != nil || now.Start != p.Start {
		return integrations.Image{}, &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("read process %d: %w", p.PID, incident.ErrNotFound)}
	}
	return integrations.Image{SHA256: sum(now.Exe), Mapped: []string{now.Exe}}, nil
}

// Run implements integrations.Host. It knows what the adapter asks of the host's
// programs and nothing else.
func (f fakeHost) Run(ctx context.Context, p integrations.Program) (integrations.Output, error) {
	if err := ctx.Err(); err != nil {
		return integrations.Output{}, &integrations.Error{Outcome: integrations.NotSent, Err: err}
	}
	var out integrations.Output
	var err error
	switch strings.Join(p.Argv, " ") {
	case "nft -j list tables inet":
		out.Stdout = []byte(`{"nftables": []}`) // asked only where ours is not there
	case "nft -j list table inet firebreak":
		out.Stdout, err = f.list("firebreak")
	case "nft -j list table inet " + isolation:
		out.Stdout, err = f.list(isolation)
	case "nft -c -f -":
		var s *state
		if s, err = f.view(); err == nil {
			err = f.script(s, p.Stdin)
		}
	case "nft -f -":
		if err = f.breaks("nft", p.Stdin); err == nil {
			err = f.change(func(s *state) error { return f.script(s, p.Stdin) })
		}
	default:
		return f.other(p.Argv)
	}
	var wrong syntax
	if errors.As(err, &wrong) {
		return integrations.Output{Stderr: []byte("Error: " + string(wrong)), Code: 1}, nil
	}
	return out, err
}

// other runs the programs for accounts and units.
func (f fakeHost) other(argv []string) (integrations.Output, error) {
	var does func(*state, []string) (string, int)
	reads := false
	switch argv[0] {
	case "getent":
		does, reads = f.getent, true
	case "ps":
		does, reads = f.ps, true
	case "usermod":
		does = f.usermod
	case "pkill":
		does = f.pkill
	case "loginctl": // it has no sessions of its own: pkill ends them
		does, reads = func(*state, []string) (string, int) { return "", 1 }, true
	case "systemctl":
		does, reads = f.systemctl, len(argv) > 1 && argv[1] == "show"
	default:
		return integrations.Output{}, &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("run %s: the drill's host does not know it", argv[0])}
	}
	var out integrations.Output
	run := func(s *state) error {
		text, code := does(s, argv[1:])
		out = integrations.Output{Stdout: []byte(text), Code: code}
		if code > 1 {
			out = integrations.Output{Stderr: []byte(text), Code: code}
		}
		return nil
	}
	if reads {
		s, err := f.view()
		if err == nil {
			err = run(s)
		}
		return out, err
	}
	if err := f.breaks(argv[0], strings.Join(argv[1:], " ")); err != nil {
		return out, err
	}
	return out, f.change(run)
}
