package drill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"firebreak/incident"
	"firebreak/integrations"
)

// host is the drill's Linux machine: what nft would say of our table, and the
// processes that run.
type host struct {
	Table     bool                   `json:"table"`
	Sets      []string               `json:"sets"`
	Rules     []string               `json:"rules"`
	Blocked   []blocked              `json:"blocked"`
	Processes []integrations.Process `json:"processes"`
}

type blocked struct {
	Set     string    `json:"set"`
	Element string    `json:"element"`
	Until   time.Time `json:"until,omitzero"`
}

// self is the process that stands for the responder's own session.
const self = 4100

func newHost() host {
	return host{Processes: []integrations.Process{
		{PID: 1, Start: 2, Name: "systemd", Exe: "/usr/lib/systemd/systemd", Cmdline: "/sbin/init", State: "S", Leader: true},
		{PID: 2, Start: 2, Name: "kthreadd", State: "S", Leader: true, Kernel: true},
		{PID: 700, Parent: 1, Start: 412, Name: "sshd", Exe: "/usr/sbin/sshd", Cmdline: "sshd: /usr/sbin/sshd -D", State: "S", Leader: true},
		{PID: 811, Parent: 1, Start: 530, UID: 33, Name: "nginx", Exe: "/usr/sbin/nginx", Cmdline: "nginx: worker process", State: "S", Leader: true},
		{PID: 4090, Parent: 700, Start: 910200, Name: "bash", Exe: "/usr/bin/bash", Cmdline: "-bash", State: "S", Leader: true},
		{PID: self, Parent: 4090, Start: 910344, Name: "firebreak", Exe: "/usr/local/bin/firebreak", Cmdline: "firebreak run", State: "S", Leader: true},
		{PID: PID, Parent: 1, Start: 884201, UID: 33, Name: "kworkerds", Exe: "/tmp/.x/kworkerds (deleted)", Cmdline: "./kworkerds -o " + Address + ":4444", State: "R", Leader: true},
	}}
}

// fakeHost implements integrations.Host over the drill's state.
type fakeHost struct{ *World }

// Name implements integrations.Host.
func (fakeHost) Name() string { return "web-1 (drill)" }

// Self implements integrations.Host.
func (fakeHost) Self() int { return self }

// Process implements integrations.Host.
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
	return s.Host.Processes[i], nil
}

// Stop implements integrations.Host.
func (f fakeHost) Stop(ctx context.Context, p integrations.Process, stop bool) error {
	if err := ctx.Err(); err != nil {
		return &integrations.Error{Outcome: integrations.NotSent, Err: err}
	}
	if err := f.breaks("stop", strconv.Itoa(p.PID)); err != nil {
		return err
	}
	return f.change(func(s *state) error {
		for i := range s.Host.Processes {
			x := &s.Host.Processes[i]
			if x.PID != p.PID || x.Start != p.Start {
				continue
			}
			to := "S"
			if stop {
				to = "T"
			}
			if (x.State == "T") != stop {
				f.effect(s, "linux", map[bool]string{true: "process stopped", false: "process continued"}[stop], strconv.Itoa(p.PID), "")
				x.State = to
			}
			return nil
		}
		return &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("signal process %d: %w", p.PID, incident.ErrNotFound)}
	})
}

// Run implements integrations.Host. It knows what the adapter asks of nft and
// nothing else.
func (f fakeHost) Run(ctx context.Context, p integrations.Program) (integrations.Output, error) {
	if err := ctx.Err(); err != nil {
		return integrations.Output{}, &integrations.Error{Outcome: integrations.NotSent, Err: err}
	}
	var out integrations.Output
	var err error
	switch strings.Join(p.Argv, " ") {
	case "nft -j list tables inet":
		out.Stdout, err = f.list(true)
	case "nft -j list table inet firebreak":
		out.Stdout, err = f.list(false)
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
		return out, &integrations.Error{Outcome: integrations.Rejected, Err: fmt.Errorf("run %s: the drill's host does not know it", p.Argv[0])}
	}
	var wrong syntax
	if errors.As(err, &wrong) {
		return integrations.Output{Stderr: []byte("Error: " + string(wrong)), Code: 1}, nil
	}
	return out, err
}

// syntax is what nft would print.
type syntax string

func (s syntax) Error() string { return string(s) }

// script carries out what nft -f would, all of it or nothing.
func (f fakeHost) script(s *state, text string) error {
	h := &s.Host
	f.expire(h)
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) < 4 || w[2] != "inet" || w[3] != "firebreak" || len(w) < 5 && w[1] != "table" {
			return syntax("syntax error: " + strings.TrimSpace(line))
		}
		switch w[0] + " " + w[1] {
		case "add table":
			h.Table = true
		case "add set", "add chain":
			if !slices.Contains(h.Sets, w[1]+" "+w[4]) {
				h.Sets = append(h.Sets, w[1]+" "+w[4])
			}
		case "flush chain":
			h.Rules = slices.DeleteFunc(h.Rules, func(r string) bool { return strings.HasPrefix(r, w[4]+" ") })
		case "add rule":
			h.Rules = append(h.Rules, strings.Join(w[4:], " "))
		case "add element", "delete element":
			if err := f.element(s, w); err != nil {
				return err
			}
		default:
			return syntax("syntax error: " + strings.TrimSpace(line))
		}
	}
	return nil
}

// element adds or deletes "SET { ADDRESS [timeout Ns] }".
func (f fakeHost) element(s *state, w []string) error {
	h := &s.Host
	if !slices.Contains(h.Sets, "set "+w[4]) || len(w) != 8 && len(w) != 10 || w[5] != "{" || w[len(w)-1] != "}" {
		return syntax("No such file or directory")
	}
	_, err := netip.ParseAddr(w[6])
	if err != nil {
		if _, err = netip.ParsePrefix(w[6]); err != nil {
			return syntax("syntax error: " + w[6])
		}
	}
	at := slices.IndexFunc(h.Blocked, func(b blocked) bool { return b.Set == w[4] && b.Element == w[6] })
	switch {
	case w[0] == "delete" && at < 0:
		return syntax("Could not process rule: No such file or directory")
	case w[0] == "delete":
		h.Blocked = slices.Delete(h.Blocked, at, at+1)
		f.effect(s, "linux", "address unblocked", w[6], "")
	case at < 0:
		b := blocked{Set: w[4], Element: w[6]}
		if len(w) == 10 {
			d, err := time.ParseDuration(w[8])
			if w[7] != "timeout" || err != nil {
				return syntax("syntax error: timeout")
			}
			b.Until = f.now().Add(d).UTC()
		}
		h.Blocked = append(h.Blocked, b)
		f.effect(s, "linux", "address blocked", w[6], "")
	}
	return nil
}

func (f fakeHost) expire(h *host) {
	h.Blocked = slices.DeleteFunc(h.Blocked, func(b blocked) bool { return !b.Until.IsZero() && !f.now().Before(b.Until) })
}

// list prints what nft -j would: the tables, or our table.
func (f fakeHost) list(tables bool) ([]byte, error) {
	s, err := f.view()
	if err != nil {
		return nil, err
	}
	f.expire(&s.Host)
	all := []any{}
	if s.Host.Table {
		all = append(all, map[string]any{"table": map[string]any{"family": "inet", "name": "firebreak", "handle": 1}})
	}
	if tables {
		return json.Marshal(map[string]any{"nftables": all})
	}
	for _, name := range []string{"blocked4", "blocked6"} {
		elems := []any{}
		for _, b := range s.Host.Blocked {
			if b.Set == name {
				elems = append(elems, b.show(f.now()))
			}
		}
		all = append(all, map[string]any{"set": map[string]any{"family": "inet", "name": name, "table": "firebreak", "elem": elems}})
	}
	for _, r := range s.Host.Rules {
		w := strings.Fields(r) // CHAIN ip saddr @SET drop
		if len(w) != 5 {
			continue
		}
		match := map[string]any{"op": "==", "left": map[string]any{"payload": map[string]any{"protocol": w[1], "field": w[2]}}, "right": w[3]}
		all = append(all, map[string]any{"rule": map[string]any{
			"family": "inet", "table": "firebreak", "chain": w[0], "expr": []any{map[string]any{"match": match}, map[string]any{"drop": nil}},
		}})
	}
	return json.Marshal(map[string]any{"nftables": all})
}

func (b blocked) show(now time.Time) any {
	var v any = b.Element
	if p, err := netip.ParsePrefix(b.Element); err == nil {
		v = map[string]any{"prefix": map[string]any{"addr": p.Addr().String(), "len": p.Bits()}}
	}
	if b.Until.IsZero() {
		return v
	}
	return map[string]any{"elem": map[string]any{"val": v, "timeout": 1, "expires": int(b.Until.Sub(now).Seconds())}}
}
