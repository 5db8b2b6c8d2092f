package linux

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"firebreak/integrations"
)

// sudoersOfThePage are the lines that the documentation gives to responders.
func sudoersOfThePage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/integrations-hosts.md")
	must(t, err)
	_, text, _ := strings.Cut(string(b), "```sudoers\n")
	text, _, found := strings.Cut(text, "```")
	if !found {
		t.Fatal("the page has no lines for sudo")
	}
	return text
}

// TestSudoOverSSH has an account with no more rights than the documentation gives
// carry out each action on a host over there.
func TestSudoOverSSH(t *testing.T) {
	if os.Getenv("FIREBREAK_SOAK") == "" {
		t.Skip("some hundred logins: part of make soak")
	}
	if !apart(t, "sudo", "python3", "ps", "pkill") {
		return
	}
	ownEtc(t)
	must(t, os.WriteFile("/etc/sudoers", []byte("root ALL=(ALL:ALL) ALL\n"+sudoersOfThePage(t)), 0o440))
	ran(t, "useradd", "-M", "-d", "/", "-u", "47110", "-p", "*", "-s", "/bin/sh", "responder")
	ran(t, "useradd", "-M", "-d", "/", "-u", "47111", "-p", "*", "-s", "/bin/sh", "fb-other")
	s := newSuspect(t, "UsePAM no")
	dir := t.TempDir()
	h := s.host("responder")
	if out, err := h.Run(t.Context(), integrations.Program{Argv: []string{"sudo", "-n", "--", "python3", "-V"}}); err != nil || out.Code != 0 {
		t.Skipf("sudo does not work here: %s, %v", out.Stderr, err)
	}
	as := overSSH(t, h, map[string]string{"sudo": "true", "quarantine": filepath.Join(dir, "kept")})
	file := filepath.Join(dir, "shell.php")
	must(t, os.WriteFile(file, []byte("<?php"), 0o600))
	victim := exec.Command("sleep", "300")
	must(t, victim.Start())
	t.Cleanup(func() {
		_ = victim.Process.Kill()
		_ = victim.Wait()
	})
	pid := victim.Process.Pid
	settled(t, here{}, pid)
	for _, c := range []integrations.Call{
		{Action: "linux.nft.block", Params: map[string]any{"address": "192.0.2.7"}},
		{Action: "linux.host.isolate", Params: map[string]any{}},
		{Action: "linux.process.stop", Params: map[string]any{"pid": pid}},
		{Action: "linux.account.lock", Params: map[string]any{"user": "fb-other"}},
		{Action: "linux.file.quarantine", Params: map[string]any{"path": file}},
	} {
		c.Key, c.Connection = "k "+c.Action, "web-1"
		p, r := do(t, as, c)
		if p.Identity != "over ssh, with sudo" {
			t.Errorf("we are %q", p.Identity)
		}
		if c.Action == "linux.file.quarantine" {
			if _, err := os.Stat(file); err == nil {
				t.Error("the file is still there")
			}
		}
		undone(t, as, p, r)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "<?php" {
		t.Errorf("the file is not back: %q, %v", b, err)
	}
	// What the session itself depends on is not stopped, and the account that we
	// come with is not locked.
	_, err := as["linux.account.lock"].Prior(t.Context(), integrations.Call{Params: map[string]any{"user": "responder"}})
	wantRejected(t, err, "this session is its own")
	sshd := strings.Fields(ran(t, "pgrep", "-f", "sshd.*"+s.dir))
	_, err = as["linux.process.stop"].Prior(t.Context(), integrations.Call{Params: map[string]any{"pid": sshd[0]}})
	wantRejected(t, err, "depends on it")
	c := integrations.Call{Action: "linux.process.kill", Connection: "web-1", Params: map[string]any{"pid": pid}}
	if _, r := do(t, as, c); r.Data["exe_sha256"] == "" || r.Data["cmdline"] != "sleep 300" {
		t.Errorf("%+v", r)
	}
}
