package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/sys/windows"

	"firebreak/cmd"
)

// serveAgent is an ssh-agent with a key of ada's where Windows has its own. It
// returns the line of her public key.
func serveAgent(t *testing.T) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private, Comment: "ada@example.org"}); err != nil {
		t.Fatal(err)
	}
	name, err := windows.UTF16PtrFromString(`\\.\pipe\openssh-ssh-agent`)
	if err != nil {
		t.Fatal(err)
	}
	next := func() windows.Handle {
		h, err := windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX, windows.PIPE_TYPE_BYTE|windows.PIPE_WAIT, windows.PIPE_UNLIMITED_INSTANCES, 4096, 4096, 0, nil)
		if err != nil {
			t.Error(err)
		}
		return h
	}
	h := next()
	go func() {
		for h != windows.InvalidHandle {
			if err := windows.ConnectNamedPipe(h, nil); err != nil && !errors.Is(err, windows.ERROR_PIPE_CONNECTED) {
				return
			}
			c := os.NewFile(uintptr(h), "agent")
			h = next()
			go func() {
				_ = agent.ServeAgent(ring, c) // until the caller hangs up
				_ = c.Close()
			}()
		}
	}()
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(key))
}

// A whole incident on Windows: what the tests of other packages show on Linux,
// here through the program as people have it.
func TestWholeIncident(t *testing.T) {
	dir := t.TempDir()
	home, log, pass := filepath.Join(dir, "home"), filepath.Join(dir, "auth.log"), filepath.Join(dir, "pass")
	for name, text := range map[string]string{
		log:  "2026-11-20T03:12:01+01:00 web-1 sshd[4711]: Accepted password for eve from 203.0.113.66 port 50223 ssh2\n",
		pass: "correct horse battery staple nine\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"LOCALAPPDATA": home, "APPDATA": dir}
	run := func(want string, args ...string) {
		t.Helper()
		var out, errs bytes.Buffer
		w := cmd.Process()
		w.Args, w.Out, w.Err, w.In, w.IsTerminal = args, &out, &errs, strings.NewReader(""), false
		w.Getenv = func(name string) string { return env[name] }
		if code := cmd.Main(w); code != 0 || !strings.Contains(out.String()+errs.String(), want) {
			t.Fatalf("firebreak %s: code %d, want %q in\n%s%s", strings.Join(args, " "), code, want, out.String(), errs.String())
		}
	}
	unlock := "--unlock=file:" + pass
	run("encrypted", "init", "--passphrase-from", "file:"+pass)
	run("2026-0001", "open", "odd login", "--severity", "sev2", "--playbook", "generic", unlock)
	run("exhibits", "collect", "last", "--profile", "volatile", unlock)
	run("1 event ", "ingest", "last", log, unlock)
	run("203.0.113.66", "search", "last", "user:eve", unlock)
	run("noted", "note", "last", "eve is not on duty", unlock)
	pub := filepath.Join(dir, "ada.pub")
	if err := os.WriteFile(pub, []byte(serveAgent(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	run("ada@example.org", "trust", "add", "ada@example.org", pub, unlock)
	run("ada@example.org", "sign", "last", "--key", pub, "--reason", "end of shift", unlock)
	run("verified", "verify", "last", unlock)
	run("closed", "close", "last", "--reason", "told", unlock)
	run("review.html", "review", "last", unlock)
	run("seal", "bundle", "last", "--to", filepath.Join(dir, "case.tar.gz"), "--plain", unlock)
	run("verified", "verify", "--bundle", filepath.Join(dir, "case.tar.gz"))
	run("restored and verified", "backup", "--all", "--to", filepath.Join(dir, "all.backup"), "--plain", unlock)
	run("workspace ok", "check", unlock)
	run("has ended", "drill", "generic", "--auto", unlock)
	run("written", "collect", "--to", filepath.Join(dir, "container"), "--plain", "--profile", "volatile")
	run("2026-0003", "open", "elsewhere", unlock)
	run("whole, as it was signed", "import", "last", filepath.Join(dir, "container"), unlock)
}
