//go:build linux

package cmd_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestAutoLock leaves the screens alone until they lock. The locked program is
// another one: it was executed anew, with the incident's number and nothing
// else of it.
func TestAutoLock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.write(".config/firebreak/config.yaml", "lock_after: 3s\n")
	b.want(0, "init", "--identity", ageKey(t))
	b.open("the title of it", "--playbook", "generic", "--var", "what=x")
	p := b.screen("run", "last")
	p.sees("? help", "the title of it")
	p.press("2")
	p.sees("FIREBREAK is locked", "enter unlocks") // after a few seconds
	p.until("the locked program", func([]string) bool {
		argv, err := os.ReadFile(filepath.Join("/proc", p.file("pid"), "cmdline"))
		return err == nil && strings.Contains(string(argv), "\x00locked\x00")
	})
	p.press("Enter")
	p.sees("? help", "the title of it", "[] ")
	p.sees("FIREBREAK is locked") // and again
	p.press("C-c")
	p.until("the end of the program", func([]string) bool {
		_, err := os.Stat(filepath.Join(p.files, "status"))
		return err == nil
	})
	p.ends(0)
	if rows := p.look(); !shows(rows, "locked; to go on: firebreak run 2") {
		t.Errorf("the program left with\n%s", strings.Join(rows, "\n"))
	}
}

// TestKeyring keeps a workspace in the real keyring of a session of its own.
func TestKeyring(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs the program %s (dbus-daemon, gnome-keyring), which is not installed", program)
		}
	}
	b := newBench(t)
	b.env = append(b.env, "PW="+passphrase, "XDG_RUNTIME_DIR="+b.dir)
	if err := os.MkdirAll(filepath.Join(b.dir, ".local/share/keyrings"), 0o700); err != nil {
		t.Fatal(err)
	}
	script := b.write("session", `set -e
printf 'login\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
for n in 1 2 3 4 5 6 7 8 9 10; do
	firebreak init --keyring --passphrase-from env:PW && break
	sleep 1
done
firebreak open 'kept in the keyring'
firebreak lock
set +e
firebreak list; echo "locked: $?"
set -e
firebreak unlock --unlock env:PW
firebreak list
firebreak rekey --passphrase-from env:PW
set +e
firebreak list; echo "without the keyring: $?"
firebreak list --unlock env:PW
`)
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, "dbus-run-session", "--", "sh", script)
	c.Env, c.Dir, c.WaitDelay = b.env, b.dir, time.Second
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "store in the keyring") && !strings.Contains(string(out), "opens with: keyring") {
		t.Skipf("the keyring of this machine does not answer: %s", out)
	}
	at := 0
	for _, want := range []string{"opens with: keyring; or passphrase", "the keyring has forgotten", "locked: 4", "the keyring opens this workspace", "kept in the keyring", "opens with: passphrase", "without the keyring: 4", "kept in the keyring"} {
		i := strings.Index(string(out)[at:], want)
		if i < 0 {
			t.Fatalf("no %q in\n%s", want, out)
		}
		at += i + 1
	}
}
