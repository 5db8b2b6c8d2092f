package linux

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"firebreak/integrations"
)

// TestIsolateReally cuts a host off over a real server of ssh, whose own network
// and rules are those of the kernel.
func TestIsolateReally(t *testing.T) {
	if !apart(t, "python3") {
		return
	}
	s := newSuspect(t)
	as := overSSH(t, s.host("root"), map[string]string{"management": "10.77.0.0/16, 2001:db8::/64"})
	home, err := net.Listen("tcp", "10.9.0.1:7000")
	must(t, err)
	defer home.Close() //nolint:errcheck // it is over
	out := func(address string) bool {
		host, port, _ := strings.Cut(address, "/")
		o, err := s.host("root").Run(t.Context(), integrations.Program{Argv: []string{"python3", "-I", "-c", "import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.3)", host, port}})
		must(t, err)
		return o.Code == 0
	}
	eventually(t, func() bool { return out("10.9.0.1/7000") && s.answers("10.9.0.3", s.port) })
	call := integrations.Call{Action: "linux.host.isolate", Connection: "web-1", Key: "k1", Params: map[string]any{}}
	p, r := do(t, as, call)
	if p.Unchanged || p.Timer == "" || len(p.Requests) != 3 || !strings.Contains(strings.Join(p.Effects, "\n"), "10.77.0.0/16 10.9.0.1 2001:db8::/64") || r.Data["dead_man"] == "" {
		t.Errorf("plan %+v, receipt %+v", p, r)
	}
	if s.answers("10.9.0.3", s.port) {
		t.Error("another address still reaches it")
	}
	if out("10.9.0.1/7000") {
		t.Error("it still reaches the address that it is managed from")
	}
	eventually(t, func() bool { return out(fmt.Sprintf("127.0.0.1/%d", s.port)) })
	said, err := as[call.Action].(integrations.DryRunner).DryRun(t.Context(), call, p)
	if err != nil || said == "" {
		t.Errorf("dry run: %q, %v", said, err)
	}
	if again, _ := do(t, as, call); !again.Unchanged {
		t.Error("isolating again: the plan does not say that it is so already")
	}
	// For a time, over what is cut already.
	more := call
	more.Params = map[string]any{"ttl": "2h"}
	if p, _ := do(t, as, more); p.Undo != "" {
		t.Errorf("what was so before would be undone: %s", p.Undo)
	}
	undone(t, as, p, r)
	eventually(t, func() bool { return out("10.9.0.1/7000") && s.answers("10.9.0.3", s.port) })
	deadMan(t, s)
}

// lost is a host that is not reached any more once its network is cut.
type lost struct {
	integrations.Host
	cut bool
}

func (l *lost) Run(ctx context.Context, p integrations.Program) (integrations.Output, error) {
	if l.cut {
		return integrations.Output{}, &integrations.Error{Outcome: integrations.NotSent, Err: errors.New("no route to host")}
	}
	l.cut = strings.Contains(p.Stdin, "@cut drop")
	return l.Host.Run(ctx, p)
}

// deadMan has the host out of reach after the cut: it is not confirmed, and the
// kernel takes such a cut back by itself.
func deadMan(t *testing.T, s suspect) {
	as := overSSH(t, &lost{Host: s.host("root")}, nil)
	call := integrations.Call{Action: "linux.host.isolate", Connection: "web-1", Key: "k2", Params: map[string]any{}}
	_, err := as[call.Action].Do(t.Context(), call, integrations.Plan{})
	if err == nil || integrations.OutcomeOf(err) != integrations.Ambiguous || !strings.Contains(err.Error(), "do not reach it") {
		t.Errorf("want an unknown outcome, got %v", err)
	}
	as = overSSH(t, s.host("root"), nil)
	if v, err := as[call.Action].Verify(t.Context(), call, integrations.Receipt{}); err != nil || v.OK || !strings.Contains(v.Says, "not confirmed") {
		t.Errorf("%+v, %v", v, err)
	}
	cmd := exec.Command(s.over("nft", "-f", "-")[0], s.over("nft", "-f", "-")[1:]...)
	cmd.Stdin = strings.NewReader(armScript(time.Second) + cutScript(plug{port: 1}))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, func() bool { return s.answers("10.9.0.3", s.port) })
	// What is left cuts nothing, and goes with a release.
	do(t, as, integrations.Call{Action: "linux.host.release", Connection: "web-1", Params: map[string]any{}})
	if tables := ran(t, s.over("nft", "list", "tables")...); strings.Contains(tables, isolation) {
		t.Errorf("left behind: %s", tables)
	}
}

// TestBlockOverSSH blocks an address on a host over there, for a time.
func TestBlockOverSSH(t *testing.T) {
	if !apart(t) {
		return
	}
	s := newSuspect(t)
	as := overSSH(t, s.host("root"), nil)
	call := integrations.Call{Action: "linux.nft.block", Connection: "web-1", Key: "k1", Params: map[string]any{"address": "10.9.0.3", "ttl": "2h"}}
	p, r := do(t, as, call)
	if s.answers("10.9.0.3", s.port) || !s.answers("10.9.0.1", s.port) {
		t.Error("the wrong address is blocked, or none")
	}
	if p.Timer == "" || !strings.Contains(ran(t, s.over("nft", "list", "table", "inet", "firebreak")...), "timeout 2h") {
		t.Errorf("it has no end: %+v", p)
	}
	if said, err := as[call.Action].(integrations.DryRunner).DryRun(t.Context(), integrations.Call{Params: map[string]any{"address": "10.9.0.9"}}, integrations.Plan{}); err != nil || said == "" {
		t.Errorf("dry run: %q, %v", said, err)
	}
	undone(t, as, p, r)
	if !s.answers("10.9.0.3", s.port) {
		t.Error("it is still blocked")
	}
	// The way over which we come is not blocked.
	call.Params = map[string]any{"address": "10.9.0.1"}
	prior, err := as[call.Action].Prior(t.Context(), call)
	if err == nil {
		_, err = as[call.Action].Plan(t.Context(), call, prior)
	}
	wantRejected(t, err, "protected")
}

// TestNoRights: an account that may not is told so when it plans, and told of sudo.
func TestNoRights(t *testing.T) {
	if !apart(t) {
		return
	}
	ownEtc(t)
	ran(t, "useradd", "-M", "-u", "47111", "-p", "*", "-s", "/bin/sh", "fb-plain")
	s := newSuspect(t, "UsePAM no")
	for setting, says := range map[string]string{"false": "ermitted", "true": "sudo"} {
		as := overSSH(t, s.host("fb-plain"), map[string]string{"sudo": setting})
		for name, params := range map[string]map[string]any{
			"linux.nft.block": {"address": "192.0.2.1"}, "linux.host.isolate": {}, "linux.account.lock": {"user": "daemon"},
		} {
			call := integrations.Call{Action: name, Connection: "web-1", Key: "k1", Params: params}
			_, err := as[name].Prior(t.Context(), call)
			var e *integrations.Error
			if !errors.As(err, &e) || e.Outcome != integrations.Rejected || e.Hint == "" {
				t.Errorf("%s with sudo %s: %v: want a refusal with a hint", name, setting, err)
			}
			if name != "linux.account.lock" && err != nil && !strings.Contains(err.Error(), says) {
				t.Errorf("%s with sudo %s: %v", name, setting, err)
			}
		}
	}
}
