package linux

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"firebreak/integrations"
)

func shadowOf(t *testing.T, user string) string {
	t.Helper()
	return ran(t, "getent", "-s", "files", "shadow", user)
}

// TestLockReally locks real accounts, and logs in with a real key before, during
// and after.
func TestLockReally(t *testing.T) {
	if !apart(t, "ps", "pkill") {
		return
	}
	ownEtc(t)
	for user, more := range map[string][]string{
		"fb-password": {"-u", "47111", "-p", "$y$j9T$abc$def"},
		"fb-star":     {"-u", "47112", "-p", "*"},
		"fb-empty":    {"-u", "47113", "-p", ""},
		"fb-expires":  {"-u", "47114", "-p", "$y$j9T$abc$def", "-e", "2031-05-06"},
		"fb-locked":   {"-u", "47115", "-p", "!$y$j9T$abc$def"},
	} {
		ran(t, append(append([]string{"useradd", "-M", "-d", "/", "-s", "/bin/sh"}, more...), user)...)
	}
	servers := []string{"UsePAM yes"} // with which a locked password alone leaves keys working
	if os.Getenv("FIREBREAK_SOAK") != "" {
		servers = append(servers, "UsePAM no")
	}
	for _, pam := range servers {
		s := newSuspect(t, pam)
		as := overSSH(t, s.host("root"), nil)
		login := func(user string) bool {
			out, err := s.host(user).Run(t.Context(), integrations.Program{Argv: []string{"id", "-un"}})
			return err == nil && strings.TrimSpace(string(out.Stdout)) == user
		}
		before := shadowOf(t, "fb-password")
		if !login("fb-password") {
			t.Fatalf("%s: nobody can log in to begin with", pam)
		}
		p, r := do(t, as, integrations.Call{Action: "linux.account.lock", Connection: "web-1", Key: "k1", Params: map[string]any{"user": "fb-password"}})
		if login("fb-password") {
			t.Errorf("%s: the key still opens it", pam)
		}
		if strings.Contains(shown(t, p), "abc$def") || strings.Contains(shown(t, r), "abc$def") {
			t.Error("the hash of the password is shown")
		}
		undone(t, as, p, r)
		if after := shadowOf(t, "fb-password"); after != before || !login("fb-password") {
			t.Errorf("%s: it was %sand is %s", pam, before, after)
		}
		ran(t, "ip", "link", "del", "here0")
	}
	as := thisHost(t, nil)
	for _, user := range []string{"fb-star", "fb-empty", "fb-expires", "fb-locked"} {
		before := shadowOf(t, user)
		p, r := do(t, as, integrations.Call{Action: "linux.account.lock", Connection: "host", Key: "k1", Params: map[string]any{"user": user}})
		if a := shadowOf(t, user); !strings.HasPrefix(a, user+":!") || !strings.HasSuffix(a, ":1:\n") {
			t.Errorf("locked it is %s", a)
		}
		undone(t, as, p, r)
		if after := shadowOf(t, user); after != before {
			t.Errorf("it was %sand is %s", before, after)
		}
	}
	sessions(t)
}

func shown(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	must(t, err)
	return string(b)
}

// sessions ends what runs as an account, and nothing else.
func sessions(t *testing.T) {
	as := thisHost(t, nil)
	start := func(uid uint32) *exec.Cmd {
		c := exec.Command("sleep", "300")
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: 65534}}
		must(t, c.Start())
		return c
	}
	one, other, waiting := start(47111), start(47112), start(47111)
	gone := make(chan error, 1)
	go func() { gone <- one.Wait() }() // waiting stays with us, as one that has ended
	call := integrations.Call{Action: "linux.account.logout", Connection: "host", Key: "k1", Params: map[string]any{"user": "fb-password"}}
	if p, _ := do(t, as, call); p.Undo != "" || p.Unchanged || len(p.Warnings) == 0 {
		t.Errorf("plan %+v", p)
	}
	if <-gone == nil {
		t.Error("it was not killed")
	}
	if p, _ := do(t, as, call); !p.Unchanged {
		t.Error("the plan does not say that nothing runs")
	}
	if kernelState(t, other.Process.Pid) == "Z" {
		t.Error("another account's process has ended")
	}
	_ = other.Process.Kill()
	_, _ = other.Wait(), waiting.Wait()
	for _, user := range []string{"root", "fb-nobody"} {
		call.Params = map[string]any{"user": user}
		_, err := as[call.Action].Prior(t.Context(), call)
		wantRejected(t, err, "account "+user)
	}
}
