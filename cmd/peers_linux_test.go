package cmd_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// sshd is a real server on the loopback, for the user who runs the tests.
type sshd struct {
	port, user, key, known, fingerprint string
	pid                                 int
	flags                               []string
}

func startSSHD(t *testing.T, b *bench, lines ...string) sshd {
	t.Helper()
	const program = "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil {
		t.Skip("sshd is not installed: openssh-server")
	}
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed: openssh-client")
	}
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(b.dir, "sshd")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	for _, name := range []string{"host", "key"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	public := strings.Fields(readFile(t, filepath.Join(dir, "host.pub")))
	s := sshd{port: port, user: me.Username, key: filepath.Join(dir, "key"), known: filepath.Join(dir, "known")}
	out, err := exec.Command("ssh-keygen", "-lf", filepath.Join(dir, "host.pub")).Output()
	if err != nil {
		t.Fatal(err)
	}
	s.fingerprint = strings.Fields(string(out))[1]
	s.knows(t, port, public)
	// SHLVL=1: bash does not read the .bashrc of whoever runs the tests, which may do
	// anything, and does it with the PATH of the test.
	config := fmt.Sprintf("Port %s\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %s/key.pub\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n%s\nSetEnv SHLVL=1\n",
		port, dir, dir, strings.Join(lines, "\n"))
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program, "-D", "-f", file, "-E", filepath.Join(dir, "log"))
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	s.pid = c.Process.Pid
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Logf("sshd: %s", readFile(t, filepath.Join(dir, "log")))
		}
	})
	for range 500 {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.flags = []string{"--ssh-key", s.key, "--known-hosts", s.known}
	return s
}

// knows writes the host's key beside that port.
func (s sshd) knows(t *testing.T, port string, public []string) {
	t.Helper()
	f, err := os.OpenFile(s.known, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintf(f, "[127.0.0.1]:%s %s %s\n", port, public[0], public[1])
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// network is a way to a server that can be cut.
type network struct {
	port string
	left atomic.Int64 // bytes that pass before it is cut
	mu   sync.Mutex
	on   []net.Conn
}

func startNetwork(t *testing.T, to string, left int64) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	n := &network{}
	n.left.Store(left)
	_, n.port, _ = net.SplitHostPort(l.Addr().String())
	go func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			if n.left.Load() <= 0 {
				_ = a.Close()
				continue
			}
			b, err := net.Dial("tcp", "127.0.0.1:"+to)
			if err != nil {
				_ = a.Close()
				continue
			}
			n.mu.Lock()
			n.on = append(n.on, a, b)
			n.mu.Unlock()
			go n.copy(b, a)
			go n.copy(a, b)
		}
	}()
	return n
}

func (n *network) copy(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		k, err := from.Read(buf)
		if n.left.Add(-int64(k)) <= 0 {
			n.cut()
			return
		}
		if _, werr := to.Write(buf[:k]); err != nil || werr != nil {
			_, _ = to.Close(), from.Close()
			return
		}
	}
}

func (n *network) cut() {
	n.left.Store(0)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.on {
		_ = c.Close()
	}
	n.on = nil
}

func (n *network) mend() { n.left.Store(1 << 60) }
