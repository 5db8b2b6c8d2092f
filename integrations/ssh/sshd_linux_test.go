package ssh

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"firebreak/integrations"
)

// seen is what a program sees of itself; []byte, since words need not be UTF-8.
type seen struct {
	Argv [][]byte
	Env  [][]byte
}

// TestMain makes the test's own program one that tells what it was given.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != "tell" {
		os.Exit(m.Run())
	}
	var s seen
	for _, a := range os.Args[2:] {
		s.Argv = append(s.Argv, []byte(a))
	}
	for _, e := range os.Environ() {
		s.Env = append(s.Env, []byte(e))
	}
	if err := json.NewEncoder(os.Stdout).Encode(s); err != nil {
		os.Exit(3)
	}
}

// startSSHD starts a real server on the loopback and returns how a client comes
// there, by way of the port that is given unless it is 0.
func startSSHD(t *testing.T, lines ...string) func(port int) *Remote {
	t.Helper()
	const program = "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil {
		t.Skip("sshd is not installed: openssh-server")
	}
	if os.Geteuid() == 0 {
		must(t, os.MkdirAll("/run/sshd", 0o755))
	}
	me, err := user.Current()
	must(t, err)
	dir := t.TempDir()
	host, own := newKey(t, filepath.Join(dir, "host")), newKey(t, filepath.Join(dir, "key"))
	must(t, os.WriteFile(filepath.Join(dir, "key.pub"), ssh.MarshalAuthorizedKey(own.PublicKey()), 0o600))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	at := l.Addr().(*net.TCPAddr).Port
	must(t, l.Close())
	// SHLVL=1: bash does not read the .bashrc of whoever runs the tests.
	config := fmt.Sprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %s/key.pub\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n%s\nSetEnv SHLVL=1\n",
		at, dir, dir, strings.Join(lines, "\n"))
	must(t, os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600))
	c := exec.Command(program, "-D", "-f", filepath.Join(dir, "config"), "-E", filepath.Join(dir, "log"))
	must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if log, err := os.ReadFile(filepath.Join(dir, "log")); err == nil && t.Failed() {
			t.Logf("sshd: %s", log)
		}
	})
	for range 500 {
		if conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", at)); err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return func(port int) *Remote {
		if port == 0 {
			port = at
		}
		return NewHost("web-1", func() (Target, Options, error) {
			return Target{User: me.Username, Host: "127.0.0.1", Port: port}, Options{
				HostKey: ssh.FingerprintSHA256(host.PublicKey()),
				Signers: func(context.Context) ([]ssh.Signer, error) { return []ssh.Signer{own}, nil },
			}, nil
		})
	}
}

func newKey(t *testing.T, file string) ssh.Signer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	block, err := ssh.MarshalPrivateKey(key, "")
	must(t, err)
	must(t, os.WriteFile(file, pem.EncodeToMemory(block), 0o600))
	s, err := ssh.NewSignerFromKey(key)
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantOutcome(t *testing.T, err error, o integrations.Outcome, says string) {
	t.Helper()
	if err == nil || integrations.OutcomeOf(err) != o || !strings.Contains(err.Error(), says) {
		t.Errorf("want %s with %q, got %v", o, says, err)
	}
}
