package linux

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	cryptossh "golang.org/x/crypto/ssh"

	"firebreak/integrations"
	"firebreak/integrations/ssh"
)

// apart runs the test again in namespaces of its own: a network in which nobody is
// cut off, and a copy of /etc in which accounts can be changed. It returns true
// where it is there.
func apart(t *testing.T, needs ...string) bool {
	t.Helper()
	const inside = "FIREBREAK_TEST_APART"
	if os.Getenv(inside) == t.Name() {
		must(t, syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
		up(t)
		return true
	}
	if os.Geteuid() != 0 {
		t.Skip("needs root for namespaces of its own")
	}
	for program, pack := range map[string]string{"nft": "nftables", "ip": "iproute2", "nsenter": "util-linux", "sshd": "openssh-server", "usermod": "passwd"} {
		if _, err := find(program); err != nil {
			t.Skipf("needs the program %s (Debian package %s)", program, pack)
		}
	}
	for _, program := range needs {
		if _, err := find(program); err != nil {
			t.Skipf("needs the program %s", program)
		}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, syscall.EPERM):
		t.Skip("may not make namespaces here: " + err.Error())
	case err == nil && strings.Contains(string(out), "--- SKIP"):
		t.Skip(string(out))
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	}
	return false
}

// ownEtc puts a copy of /etc in its place, for this namespace only. In it the shell
// of root reads no files of whoever works on this machine.
func ownEtc(t *testing.T) {
	t.Helper()
	if b, err := os.ReadFile("/etc/firebreak-test"); err == nil && len(b) == 0 {
		return
	}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "firebreak-test"), nil, 0o600))
	for _, name := range []string{"passwd", "shadow", "group", "gshadow", "login.defs", "nsswitch.conf"} {
		from, to := filepath.Join("/etc", name), filepath.Join(dir, name)
		b, err := os.ReadFile(from)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		must(t, err)
		if name == "passwd" {
			b = regexp.MustCompile(`(?m)^(root:.*):[^:]*$`).ReplaceAll(b, []byte("$1:/bin/sh"))
		}
		must(t, os.WriteFile(to, b, 0o600))
		must(t, os.Chmod(to, map[bool]os.FileMode{true: 0o640, false: 0o644}[strings.Contains(name, "shadow")]))
	}
	for _, name := range []string{"ssh", "pam.d", "security"} {
		if _, err := os.Stat(filepath.Join("/etc", name)); err == nil {
			must(t, os.CopyFS(filepath.Join(dir, name), os.DirFS(filepath.Join("/etc", name))))
		}
	}
	for _, link := range []string{"alternatives", "ld.so.cache", "ld.so.conf.d", "localtime", "machine-id", "hosts", "host.conf", "services", "protocols", "gai.conf"} {
		if b, err := os.ReadFile(filepath.Join("/etc", link)); err == nil {
			must(t, os.WriteFile(filepath.Join(dir, link), b, 0o644))
		}
	}
	must(t, syscall.Mount(dir, "/etc", "", syscall.MS_BIND, ""))
	t.Cleanup(func() { must(t, syscall.Unmount("/etc", syscall.MNT_DETACH)) })
}

// suspect is a host over there: another network namespace, with a server of ssh.
// This side has the addresses 10.9.0.1 and 10.9.0.3, that one 10.9.0.2.
type suspect struct {
	pid    int
	port   int
	key    cryptossh.Signer
	finger string
	dir    string
}

func ran(t *testing.T, argv ...string) string {
	t.Helper()
	out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", argv, err, out)
	}
	return string(out)
}

// over runs a program there.
func (s suspect) over(argv ...string) []string {
	return append([]string{"nsenter", "-t", fmt.Sprint(s.pid), "-n"}, argv...)
}

func newSuspect(t *testing.T, lines ...string) suspect {
	t.Helper()
	ownEtc(t)
	stay := exec.Command("unshare", "-n", "sleep", "300")
	must(t, stay.Start())
	t.Cleanup(func() {
		_ = stay.Process.Kill()
		_ = stay.Wait()
	})
	s := suspect{pid: stay.Process.Pid, port: 2222, dir: t.TempDir()}
	mine, err := os.Readlink("/proc/self/ns/net")
	must(t, err)
	eventually(t, func() bool {
		other, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", s.pid))
		return err == nil && other != mine
	})
	ran(t, "ip", "link", "add", "here0", "type", "veth", "peer", "name", "there0", "netns", fmt.Sprint(s.pid))
	for _, a := range []string{"10.9.0.1/24", "10.9.0.3/24"} {
		ran(t, "ip", "addr", "add", a, "dev", "here0")
	}
	ran(t, "ip", "link", "set", "here0", "up")
	ran(t, s.over("ip", "addr", "add", "10.9.0.2/24", "dev", "there0")...)
	ran(t, s.over("ip", "link", "set", "there0", "up")...)
	ran(t, s.over("ip", "link", "set", "lo", "up")...)
	s.serve(t, lines...)
	return s
}

func (s *suspect) serve(t *testing.T, lines ...string) {
	t.Helper()
	must(t, os.MkdirAll("/run/sshd", 0o755))
	key := func(name string) cryptossh.Signer {
		_, k, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		block, err := cryptossh.MarshalPrivateKey(k, "")
		must(t, err)
		must(t, os.WriteFile(filepath.Join(s.dir, name), pem.EncodeToMemory(block), 0o600))
		signer, err := cryptossh.NewSignerFromKey(k)
		must(t, err)
		return signer
	}
	server := key("host")
	s.key, s.finger = key("key"), cryptossh.FingerprintSHA256(server.PublicKey())
	must(t, os.Chmod(s.dir, 0o755))
	must(t, os.Chmod(filepath.Dir(s.dir), 0o755))
	must(t, os.WriteFile(filepath.Join(s.dir, "key.pub"), cryptossh.MarshalAuthorizedKey(s.key.PublicKey()), 0o644))
	config := fmt.Sprintf("Port %d\nHostKey %s/host\nAuthorizedKeysFile %s/key.pub\nPidFile none\nStrictModes no\nPermitRootLogin yes\nUseDNS no\nPrintMotd no\n%s\n", s.port, s.dir, s.dir, strings.Join(lines, "\n"))
	must(t, os.WriteFile(filepath.Join(s.dir, "config"), []byte(config), 0o600))
	argv := s.over("/usr/sbin/sshd", "-D", "-f", filepath.Join(s.dir, "config"), "-E", filepath.Join(s.dir, "log"))
	c := exec.Command(argv[0], argv[1:]...)
	must(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if log, err := os.ReadFile(filepath.Join(s.dir, "log")); err == nil && t.Failed() {
			t.Logf("sshd: %s", log)
		}
	})
	eventually(t, func() bool { return s.answers("", s.port) })
}

// answers says whether something takes a connection there, from an address of ours.
func (s suspect) answers(from string, port int) bool {
	d := net.Dialer{Timeout: 300 * time.Millisecond}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	c, err := d.Dial("tcp", fmt.Sprintf("10.9.0.2:%d", port))
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}

func (s suspect) host(user string) *ssh.Remote {
	return ssh.NewHost(user+"@10.9.0.2", func() (ssh.Target, ssh.Options, error) {
		return ssh.Target{User: user, Host: "10.9.0.2", Port: s.port}, ssh.Options{
			HostKey: s.finger, Timeout: 5 * time.Second,
			Signers: func(context.Context) ([]cryptossh.Signer, error) { return []cryptossh.Signer{s.key}, nil },
		}, nil
	})
}

// overSSH are the actions of a connection to a host over ssh.
func overSSH(t *testing.T, h integrations.Host, settings map[string]string) map[string]integrations.Action {
	t.Helper()
	as, err := actions(integrations.Connection{Name: "web-1", Kind: "ssh", Now: time.Now, Host: h, Settings: settings}, "ssh")
	must(t, err)
	out := map[string]integrations.Action{}
	for _, a := range as {
		out[a.Describe().Name] = a
	}
	return out
}

// undone carries the inverse out.
func undone(t *testing.T, as map[string]integrations.Action, p integrations.Plan, r integrations.Receipt) {
	t.Helper()
	inverse, err := as[p.Call.Action].(integrations.Reverter).Inverse(p.Call, p.Prior, r)
	must(t, err)
	inverse.Key = "undo of " + p.Call.Key
	do(t, as, inverse)
}
