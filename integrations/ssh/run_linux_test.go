package ssh

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// poor is a folder with the programs that every host has, and those named.
func poor(t *testing.T, more ...string) string {
	t.Helper()
	bin := t.TempDir()
	if os.Geteuid() == 0 { // where other accounts come by, and nothing will be mounted over
		var err error
		bin, err = os.MkdirTemp("/run", "test-ssh-")
		must(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(bin) })
		must(t, os.Chmod(bin, 0o755))
	}
	for _, tool := range append([]string{"sh", "uname", "id", "mkdir", "rm", "chmod", "head", "wc", "cat"}, more...) {
		at, err := exec.LookPath("/usr/bin/" + tool) // not what a person's PATH has in front
		if err != nil {
			if at, err = exec.LookPath("/bin/" + tool); err != nil {
				t.Skipf("%s is not installed", tool)
			}
		}
		must(t, os.Symlink(at, filepath.Join(bin, tool)))
	}
	return bin
}

// TestRunOnHosts brings a program to hosts of each kind: what is there to start it
// with, where it can lie, who it is run as.
func TestRunOnHosts(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	must(t, err)
	// The first lines run as root in a mount namespace of its own.
	const (
		noexec = "mount -t tmpfs -o noexec none $d"
		full   = "mount -t tmpfs -o size=64k none $d"
		every  = "for d in /dev/shm /tmp /var/tmp; do "
		nobody = "cd /; exec setpriv --reuid=nobody --regid=nogroup --clear-groups /bin/sh -c"
		sudo   = "mount -t tmpfs -o mode=755 none /etc/sudoers.d; echo 'nobody ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/test; chmod 440 /etc/sudoers.d/test; " + nobody
	)
	for name, host := range map[string]struct {
		tools []string // besides
		fake  string   // a python3 that is this script
		first string   // in a mount namespace, as root
		sudo  bool
		how   string
		err   error
		says  string
	}{
		"perl":                 {tools: []string{"perl"}, how: "memfd"},
		"python":               {tools: []string{"python3"}, how: "memfd"},
		"python, no memfd":     {fake: "exit 95", how: "folder"},
		"python, broken":       {fake: "exec /no/such/python", how: "folder"},
		"neither":              {how: "folder"},
		"noexec":               {first: every + noexec + "; done; export HOME=$PWD", how: "folder"},
		"noexec everywhere":    {first: every + noexec + "; done; export HOME=/tmp", err: ErrNoPlace, says: "noexec"},
		"full":                 {first: every + full + "; done; export HOME=$PWD", how: "folder"},
		"full everywhere":      {first: every + full + "; done; export HOME=/tmp", err: ErrNoPlace, says: "full"},
		"sudo, perl":           {tools: []string{"perl", "sudo"}, first: sudo, sudo: true, how: "memfd"},
		"sudo, python":         {tools: []string{"python3", "sudo"}, first: sudo, sudo: true, how: "memfd"},
		"sudo, folder":         {tools: []string{"sudo"}, first: sudo, sudo: true, how: "folder"},
		"sudo asks a password": {tools: []string{"perl", "sudo"}, first: nobody, sudo: true, err: ErrSudo},
		"the same, folder":     {tools: []string{"sudo"}, first: nobody, sudo: true, err: ErrSudo},
		"no sudo":              {tools: []string{"perl"}, first: nobody, sudo: true, err: ErrSudo, says: "not installed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if host.first != "" && os.Geteuid() != 0 {
				t.Skip("a mount namespace and other accounts need root")
			}
			bin, dir := poor(t, host.tools...), t.TempDir()
			if host.fake != "" {
				must(t, os.WriteFile(filepath.Join(bin, "python3"), []byte("#!/bin/sh\n"+host.fake+"\n"), 0o755))
			}
			// What a login shell reads may change PATH: it is set behind that.
			in, again := "PATH="+bin+`; eval "$SSH_ORIGINAL_COMMAND"`, ""
			if host.first != "" {
				// A home in which a program can lie, whatever is mounted over the others.
				own, err := os.MkdirTemp("/root", ".test-ssh-")
				must(t, err)
				t.Cleanup(func() { _ = os.RemoveAll(own) })
				dir = own
				again = `if [ -z "$1" ]; then exec unshare -m /bin/sh "$0" in; fi; PATH=/usr/sbin:/usr/bin:/sbin:/bin; ` + host.first
				if strings.HasSuffix(host.first, "-c") {
					in = `"PATH=` + bin + `; $SSH_ORIGINAL_COMMAND"`
				} else {
					in = "; " + in
				}
			}
			script := filepath.Join(dir, "first")
			must(t, os.WriteFile(script, []byte("cd "+dir+"\n"+again+" "+in+"\n"), 0o600))
			target, options, err := startSSHD(t, "ForceCommand /bin/sh "+script)(0).open()
			must(t, err)
			c, err := Dial(t.Context(), target, options)
			must(t, err)
			t.Cleanup(func() { _ = c.Close() })
			if facts, err := c.Look(t.Context()); err != nil || facts.System != "Linux" || (facts.UID == 0) != (os.Geteuid() == 0 && !strings.HasSuffix(host.first, "-c")) {
				t.Errorf("%+v, %v", facts, err)
			}
			content, err := os.Open(self)
			must(t, err)
			t.Cleanup(func() { _ = content.Close() })
			info, err := content.Stat()
			must(t, err)
			var out bytes.Buffer
			how, err := c.Run(t.Context(), Program{Content: content, Size: info.Size(), Args: []string{"tell", "it's", "a \"word\"\n", ""}, Sudo: host.sudo}, &out)
			if !errors.Is(err, host.err) || err != nil && !strings.Contains(err.Error(), host.says) {
				t.Fatalf("%q, %v", how, err)
			}
			if left, err := filepath.Glob(filepath.Join(dir, ".firebreak-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
			if host.err != nil {
				return
			}
			var s seen
			must(t, json.Unmarshal(out.Bytes(), &s))
			if !strings.Contains(how, host.how) || !slices.EqualFunc(s.Argv, []string{"it's", "a \"word\"\n", ""}, func(a []byte, b string) bool { return string(a) == b }) {
				t.Errorf("%s: it was told %q", how, s.Argv)
			}
			if as := slices.ContainsFunc(s.Env, func(e []byte) bool { return string(e) == "SUDO_USER=nobody" }); as != host.sudo {
				t.Errorf("by sudo: %v", as)
			}
		})
	}
}

// TestJump goes by hosts on the way, each with its own key, and by none whose key
// is not the known one.
func TestJump(t *testing.T) {
	t.Parallel()
	var hops []Target
	var known bytes.Buffer
	var keys Options
	for range 3 {
		target, options, err := startSSHD(t)(0).open()
		must(t, err)
		raw, err := net.Dial("tcp", target.Address())
		must(t, err)
		_, _, _, err = ssh.NewClientConn(raw, target.Address(), &ssh.ClientConfig{HostKeyCallback: func(host string, _ net.Addr, key ssh.PublicKey) error {
			known.WriteString(knownhosts.Line([]string{host}, key) + "\n")
			return ErrHostKey
		}})
		if err == nil {
			t.Fatal("it should have ended at the key")
		}
		signers, err := options.Signers(t.Context())
		must(t, err)
		before := keys.Signers
		keys.Signers = func(ctx context.Context) ([]ssh.Signer, error) { // each host takes another key
			if before == nil {
				return signers, nil
			}
			all, err := before(ctx)
			return append(all, signers...), err
		}
		hops = append(hops, target)
	}
	file := filepath.Join(t.TempDir(), "known")
	must(t, os.WriteFile(file, known.Bytes(), 0o600))
	keys.KnownHosts, keys.Jump = []string{file}, hops[:2]
	c, err := Dial(t.Context(), hops[2], keys)
	must(t, err)
	var out, said capped
	must(t, c.shell(t.Context(), `echo "$SSH_CONNECTION"`, nil, &out, &said))
	if f := strings.Fields(out.String()); len(f) != 4 || f[3] != strconv.Itoa(hops[2].Port) {
		t.Errorf("it came to %q", out.String())
	}
	must(t, c.Close())

	first, _, _ := bytes.Cut(known.Bytes(), []byte("\n"))
	must(t, os.WriteFile(file, append(first, '\n'), 0o600)) // the second is a stranger now
	if _, err := Dial(t.Context(), hops[2], keys); !errors.Is(err, ErrHostKey) || !strings.Contains(err.Error(), hops[1].Address()) {
		t.Errorf("a stranger on the way: %v", err)
	}
	keys.Jump = []Target{hops[0], {User: hops[1].User, Host: "127.0.0.1", Port: 1}}
	if _, err := Dial(t.Context(), hops[2], keys); !errors.Is(err, ErrUnreachable) {
		t.Errorf("nobody on the way: %v", err)
	}
}
