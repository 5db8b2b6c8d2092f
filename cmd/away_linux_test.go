package cmd_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// noise is a file of random bytes.
func (b *bench) noise(name string, size int) string {
	b.t.Helper()
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		b.t.Fatal(err)
	}
	return b.write(name, string(data))
}

type verified struct {
	Items      int      `json:"items"`
	Bytes      int64    `json:"bytes"`
	Cut        string   `json:"cut"`
	Sealed     bool     `json:"sealed"`
	CutItems   []string `json:"cut_items"`
	Collection *struct {
		Cut string `json:"cut"`
	} `json:"collection"`
}

// container verifies one and wants that exit code.
func (b *bench) container(code int, file, identity string) verified {
	b.t.Helper()
	var v verified
	r := b.want(code, "verify", "--json", "--container", file, "--identity", identity)
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		b.t.Fatalf("%v: %s", err, r.out)
	}
	return v
}

func TestCollectToFile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, to := b.keyPair()
	odd := b.write("odd\x1b[2Jname", "evidence")
	args := []string{"collect", "--collector", "linux.system", "--file", odd}
	b.want(2, append(args, "--to", "x")...)
	b.want(2, append(args, "--to", "x", "--plain", "--recipient", to)...)
	b.want(2, append(args, "--to", "x", "--recipient", "age1nonsense")...)
	b.want(2, append(args, "INCIDENT", "--to", "x")...)
	b.want(2, append(args, "--to", "gopher://x/y", "--plain")...)
	b.want(2, append(args, "--to", "sftp://me:secret@x/y", "--plain")...)
	if r := b.want(2, "collect", "--to", "none", "--plain", "--collector", "nonsense"); !strings.Contains(r.err, "no such collector") {
		t.Error(r.err)
	}
	r := b.want(0, append(args, "--to", "c", "--recipient", to)...)
	if !strings.Contains(r.out, "encrypted  to "+to) || !strings.Contains(r.err, "signed by the key SHA256:") {
		t.Error(r.out, r.err)
	}
	if v := b.container(0, "c", identity); !v.Sealed || v.Items != 2 {
		t.Errorf("%+v", v)
	}
	b.want(3, append(args, "--to", "c", "--recipient", to)...) // replaces nothing
	b.want(4, "verify", "--container", "c")
	b.want(0, append(args, "--to", "open", "--plain")...)
	if r := b.want(0, "verify", "--container", "open"); !strings.Contains(r.out, "verified: whole") {
		t.Error(r.out)
	}
	for _, name := range []string{"workspace", "none", "none.part", "x", "x.part", ".local", ".config", ".cache"} {
		if _, err := os.Lstat(filepath.Join(b.dir, name)); err == nil {
			t.Errorf("%s was made", name)
		}
	}
	// A profile of one's own, and environments, go into a container too.
	own := b.write("own.yaml", "firebreak-profiles: 1\nprofiles:\n  - {name: own, title: Own, collectors: [linux.system, linux.mounts]}\n")
	b.want(0, "collect", "--to", "own", "--plain", "--profile", own)
	if v := b.container(0, "own", identity); v.Items != 2 {
		t.Errorf("of a profile from a file: %+v", v)
	}
	b.want(1, "collect", "--to", "none", "--plain", "--profile", filepath.Join(b.dir, "no.yaml"))
	b.want(0, "collect", "--to", "env", "--plain", "--collector", "linux.processes", "--environment")
	if v := b.container(0, "env", identity); v.Items != 2 {
		t.Errorf("with environments: %+v", v)
	}
	// A damaged one is told from a cut one.
	whole, err := os.ReadFile(filepath.Join(b.dir, "open"))
	if err != nil {
		t.Fatal(err)
	}
	whole[len(whole)/2] ^= 1
	b.write("bad", string(whole))
	b.want(6, "verify", "--container", "bad")
}

// A reader that goes away ends it, without a file anywhere.
func TestCollectToClosedPipe(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	big := b.noise("big", 40<<20)
	c := b.command(t.Context(), "collect", "-q", "--to", "-", "--plain", "--collector", "linux.system", "--file", big)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	_ = c.Wait()
	if c.ProcessState.Success() {
		t.Error("it went well")
	}
}

// Killed in the middle: what was written is a container that was cut.
func TestCollectToKilled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, to := b.keyPair()
	small, big := b.write("small", "small"), b.noise("big", 150<<20)
	c := b.command(t.Context(), "collect", "-q", "--to", "c", "--recipient", to, "--collector", "linux.files", "--file", small, "--file", big)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	b.waitSize("c.part", 8<<20)
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	v := b.container(5, "c.part", identity)
	if v.Items != 1 || v.Cut == "" || len(v.CutItems) != 1 || v.CutItems[0] != big {
		t.Errorf("%+v", v)
	}
	b.want(3, "collect", "--to", "c", "--recipient", to, "--collector", "linux.system")
}

// waitSize waits until a file has that size.
func (b *bench) waitSize(name string, size int64) {
	b.t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if info, err := os.Stat(filepath.Join(b.dir, name)); err == nil && info.Size() >= size {
			return
		}
	}
	b.t.Fatalf("%s did not grow to %d bytes", name, size)
}

// Too little room is refused with numbers; a disk that fills up in the middle
// leaves a container that is closed and says so.
func TestCollectToFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	b := newBench(t)
	identity, to := b.keyPair()
	disk := filepath.Join(b.dir, "disk")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=40m"); err != nil {
		t.Skipf("mount tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, 0); err != nil {
			t.Error(err)
		}
	})
	r := b.want(3, "collect", "--to", disk+"/", "--recipient", to, "--collector", "linux.system")
	if !strings.Contains(r.err, "40 MiB free, 64 MiB are kept free") {
		t.Error(r.err)
	}
	if left, err := os.ReadDir(disk); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	small, big := b.write("small", "small"), b.noise("big", 100<<20)
	r = b.want(5, "collect", "--to", disk+"/c", "--reserve", "8", "--recipient", to, "--collector", "linux.files", "--file", small, "--file", big)
	if !strings.Contains(r.err, "locker is full") && !strings.Contains(r.err, "MiB are kept free") {
		t.Error(r.err)
	}
	if v := b.container(0, disk+"/c", identity); !v.Sealed || v.Items != 1 || v.Collection == nil || v.Collection.Cut == "" {
		t.Errorf("%+v", v)
	}
}

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
	config := fmt.Sprintf("Port %s\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile %s/key.pub\nPidFile none\nStrictModes no\nUsePAM no\nPermitRootLogin yes\nSubsystem sftp internal-sftp\n%s\n",
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

func TestCollectToSFTP(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := startSSHD(t, b)
	identity, to := b.keyPair()
	big := b.noise("big", 50<<20)
	in := filepath.Join(b.dir, "in")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	place := func(port, name string) string { return "sftp://" + s.user + "@127.0.0.1:" + port + in + "/" + name }
	args := append([]string{"collect", "--recipient", to, "--collector", "linux.system", "--file", big}, s.flags...)

	b.want(0, append(args, "--to", place(s.port, "a"))...)
	if v := b.container(0, "in/a", identity); v.Items != 2 {
		t.Errorf("%+v", v)
	}
	// Cut in the middle: the rest is here, and is brought there later.
	n := startNetwork(t, s.port, 20<<20)
	s.knows(t, n.port, strings.Fields(readFile(t, filepath.Join(b.dir, "sshd", "host.pub"))))
	r := b.want(5, append(args, "--to", place(n.port, "b"), "--fallback", "rest")...)
	if !strings.Contains(r.out, "NOT SENT   from byte 16777216 on it is in rest.rest") {
		t.Error(r.out, r.err)
	}
	send := append([]string{"send", "rest.rest"}, s.flags...)
	b.want(3, append(send, "sftp://elsewhere/x")...)
	n.mend()
	if r := b.want(0, send...); !strings.Contains(r.out, "from byte 16777216 on") {
		t.Error(r.out)
	}
	b.container(0, "in/b", identity)
	// Nobody answers: the whole is here.
	n.cut()
	b.want(5, append(args, "--to", place(n.port, "c"), "--fallback", "whole")...)
	b.container(0, "whole", identity)
	// Killed while it sends, it goes on.
	n.mend()
	c := b.command(t.Context(), append([]string{"send", "whole"}, s.flags...)...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	b.waitSize("in/c.part", 17<<20)
	_ = c.Process.Kill()
	_ = c.Wait()
	b.want(0, append([]string{"send", "whole"}, s.flags...)...)
	b.container(0, "in/c", identity)
	if _, err := os.Stat(filepath.Join(b.dir, "whole.send.json")); err == nil {
		t.Error("the note is still there")
	}
	// A stranger in place of the host is told nothing.
	b.write("strangers", "[127.0.0.1]:"+s.port+" "+strings.Join(strings.Fields(readFile(t, filepath.Join(b.dir, "sshd", "key.pub")))[:2], " ")+"\n")
	r = b.want(4, "send", "whole", place(s.port, "d"), "--ssh-key", s.key, "--known-hosts", "strangers")
	if !strings.Contains(r.err, "somebody may be in between") {
		t.Error(r.err)
	}
	b.want(4, "send", "whole", place(s.port, "d"), "--ssh-key", s.key, "--known-hosts", "none")
	b.want(0, "send", "whole", place(s.port, "d"), "--ssh-key", s.key, "--known-hosts", "none", "--host-key", s.fingerprint)
	b.want(3, append([]string{"send", "whole", place(s.port, "d")}, s.flags...)...) // it is there
}

func TestCollectToS3(t *testing.T) {
	t.Parallel()
	gateway, err := exec.LookPath("versitygw")
	if err != nil {
		t.Skip("versitygw is not installed: tools/needs s3")
	}
	b := newBench(t, "AWS_ACCESS_KEY_ID=AKIATEST", "AWS_SECRET_ACCESS_KEY=not-a-real-secret")
	identity, to := b.keyPair()
	if err := os.MkdirAll(filepath.Join(b.dir, "store", "evidence"), 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	c := exec.Command(gateway, "--port", "127.0.0.1:"+port, "posix", filepath.Join(b.dir, "store"))
	c.Env = append(os.Environ(), "ROOT_ACCESS_KEY=AKIATEST", "ROOT_SECRET_KEY=not-a-real-secret")
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
		if t.Failed() {
			t.Log(said.String())
		}
	})
	for range 500 {
		if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = conn.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	big := b.noise("big", 50<<20)
	at := []string{"--s3-endpoint", "http://127.0.0.1:" + port}
	args := []string{"collect", "--recipient", to, "--collector", "linux.system", "--file", big}
	b.want(0, append(append(args, "--to", "s3://evidence/web 1/ä+b"), at...)...)
	b.container(0, "store/evidence/web 1/ä+b", identity)
	n := startNetwork(t, port, 20<<20)
	via := []string{"--s3-endpoint", "http://127.0.0.1:" + n.port}
	r := b.want(5, append(append(args, "--to", "s3://evidence/b", "--fallback", "rest"), via...)...)
	if !strings.Contains(r.out, "NOT SENT   from byte 16777216 on it is in rest.rest") {
		t.Error(r.out, r.err)
	}
	n.mend()
	b.want(0, append([]string{"send", "rest.rest"}, via...)...)
	b.container(0, "store/evidence/b", identity)
	// The secret of another: nothing goes there, and it is printed nowhere.
	wrong := b.write("secret", "another-secret-0815")
	if err := os.Chmod(wrong, 0o600); err != nil {
		t.Fatal(err)
	}
	r = b.want(5, append(append(args, "--to", "s3://evidence/c", "--fallback", "c", "--s3-secret-from", "file:"+wrong), at...)...)
	if !strings.Contains(r.err, "does not take the access key") || strings.Contains(r.out+r.err, "0815") {
		t.Error(r.err)
	}
	b.want(4, append([]string{"send", "c", "--s3-secret-from", "file:" + wrong}, at...)...)
	b.want(3, append([]string{"send", "c", "s3://evidence/b"}, at...)...) // it is there
	b.want(3, append([]string{"send", "c", "s3://no-such-bucket/b"}, at...)...)
	b.want(0, append([]string{"send", "c", "s3://evidence/"}, at...)...)
	b.container(0, "store/evidence/c", identity)
	b.want(2, "send", "c", "s3://evidence/x", "--s3-endpoint", "http://192.0.2.1")
}

// realProgram is the program as it is built, which another host starts by another
// name than the tests know.
var realProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "program")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "firebreak")
	out, err := exec.Command("go", "build", "-o", file, "./firebreak").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

// places lists what lies where a program could leave something.
func places(t *testing.T) string {
	t.Helper()
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, pattern := range []string{"/tmp/.firebreak*", "/dev/shm/.firebreak*", "/var/tmp/.firebreak*", home + "/.firebreak*", home + "/.local/share/firebreak"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	return strings.Join(out, "\n")
}

// running lists processes whose executable has no name any more.
func running(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range links {
		if to, err := os.Readlink(l); err == nil && (strings.Contains(to, "memfd:firebreak") || strings.Contains(to, ".firebreak-")) {
			out = append(out, l+" "+to)
		}
	}
	return out
}

func TestCollectOn(t *testing.T) {
	program, err := realProgram()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(program)) })
	before := places(t)
	b := newBench(t)
	s := startSSHD(t, b)
	big := b.noise("big, \"and\"\nit's odd", 40<<20)
	b.want(0, "open", "somebody else's machine")
	on := func(s sshd, more ...string) []string {
		return append(append([]string{"collect", "last", "--on", "ssh:" + s.user + "@127.0.0.1:" + s.port, "--binary", program, "--authority", "the owner"}, s.flags...), more...)
	}
	r := b.want(0, on(s, "--collector", "linux.system", "--collector", "linux.mounts", "--file", big)...)
	if !strings.Contains(r.out, "3 exhibits of ") {
		t.Error(r.out)
	}
	var x struct {
		Method, Authority, Collector string
		Argv                         []string
	}
	r = b.want(0, "show", "last", "e1", "--json")
	if err := json.Unmarshal([]byte(r.out), &x); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(x.Method, "over ssh as "+s.user) || x.Authority != "the owner" || x.Collector != "linux.system" {
		t.Errorf("%+v", x)
	}
	b.want(0, "verify", "last")

	// Without perl and python3, from a folder.
	bin := filepath.Join(b.dir, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"sh", "uname", "id", "mkdir", "rm", "chmod", "head", "wc", "cat"} {
		at := "/bin/" + tool // not what a person's PATH has in front
		if _, err := os.Stat(at); err != nil {
			at = "/usr/bin/" + tool
		}
		if err := os.Symlink(at, filepath.Join(bin, tool)); err != nil {
			t.Fatal(err)
		}
	}
	b2 := newBench(t)
	b2.want(0, "open", "without perl")
	poor := startSSHD(t, b2, "SetEnv PATH="+bin)
	b2.want(0, on(poor, "--collector", "linux.system")...)
	if os.Geteuid() == 0 { // --sudo is not needed and does nothing
		b2.want(0, on(poor, "--sudo", "--collector", "linux.system")...)
	} else if r := b2.want(3, on(poor, "--sudo", "--collector", "linux.system")...); !strings.Contains(r.err, "sudo is not installed") {
		t.Error(r.err)
	}

	// The wrong machine, a stranger, a wrong key.
	bad, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	bad[18], bad[19] = 0x28, 0 // e_machine: ARM
	b.write("arm", string(bad))
	args := on(s)
	args[5] = filepath.Join(b.dir, "arm")
	if r := b.want(3, args...); !strings.Contains(r.err, "is for ARM") || !strings.Contains(r.err, "--binary FILE") {
		t.Error(r.err)
	}
	args[5] = big
	b.want(3, args...)
	b.want(4, append(on(s), "--host-key", "SHA256:AAAA")...)
	other := s
	other.flags = []string{"--ssh-key", filepath.Join(b.dir, "sshd", "host"), "--known-hosts", s.known}
	b.want(4, on(other)...)
	b.want(2, "collect", "last", "--on", "telnet:x")
	if r := b.want(2, on(s, "--definitions", b.dir)...); !strings.Contains(r.err, "not brought to another host") {
		t.Error(r.err)
	}
	b.want(0, on(s, "--collector", "linux.processes", "--environment")...)

	// The line is cut in the middle: what came is in the incident.
	n := startNetwork(t, s.port, 1<<60)
	s.knows(t, n.port, strings.Fields(readFile(t, filepath.Join(b.dir, "sshd", "host.pub"))))
	cut := s
	cut.port = n.port
	size, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	n.left.Store(size.Size() + 20<<20)
	r = b.want(5, on(cut, "--collector", "linux.system", "--file", big)...)
	if !strings.Contains(r.err, "what came until then is in the incident") {
		t.Error(r.err)
	}
	b.want(0, "verify", "last")
	// Ctrl-C ends it there too.
	c := b.command(t.Context(), on(s, "--path", "/")...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for range 3000 {
		if len(running(t)) > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != 130 && code != 5 {
		t.Error("exit code " + strconv.Itoa(code))
	}
	for range 2000 {
		if len(running(t)) == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if left := running(t); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	if after := places(t); after != before {
		t.Errorf("left behind: %s", after)
	}
}
