package cmd_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// realProgram is the program as it is built, which another host starts by another
// name than the tests know.
var realProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "program")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "firebreak")
	args := []string{"build", "-ldflags=-s -w", "-o", file, "./firebreak"} // what is sent ten times is better small
	if raceDetector {                                                      // its packages are compiled already
		args = slices.Insert(args, 1, "-race")
	}
	out, err := exec.Command("go", args...).CombinedOutput()
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
	small := b.write("small", "small")
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
	poor := startSSHD(t, b2, "SetEnv SHLVL=1 PATH="+bin)
	b2.want(0, on(poor, "--collector", "linux.system", "--collector", "linux.processes", "--environment", "--file", small)...)
	more := []string{"--collector", "linux.system", "--file", small, "--resume"}
	if os.Geteuid() == 0 { // it is not needed and does nothing
		more = append(more, "--sudo")
	}
	if r := b2.want(0, on(poor, more...)...); !strings.Contains(r.out, "left out   1 file, unchanged, which 2") {
		t.Error(r.out, r.err)
	}
	if os.Geteuid() != 0 {
		if r := b2.want(3, on(poor, "--sudo", "--collector", "linux.system")...); !strings.Contains(r.err, "sudo is not installed") {
			t.Error(r.err)
		}
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
	if err := os.Chtimes(big, time.Now(), time.Now()); err != nil { // it is taken anew
		t.Fatal(err)
	}
	what := []string{"--collector", "linux.system", "--file", small, "--file", big, "--resume"}
	r = b.want(5, on(cut, what...)...)
	if !strings.Contains(r.err, "what came until then is in the incident") {
		t.Error(r.err)
	}
	b.want(0, "verify", "last")
	// The same again takes the rest.
	if r := b.want(0, on(s, what...)...); !strings.Contains(r.out, "left out   1 file,") || !strings.Contains(r.out, "2 exhibits of") {
		t.Error(r.out, r.err)
	}
	if got := b.sources(); got[small] != 1 || got[big] != 2 {
		t.Errorf("whole: small %d times, big %d times", got[small], got[big])
	}
	// Ctrl-C ends it there too.
	c := b.command(t.Context(), on(s, "--path", "/")...)
	var said strings.Builder
	c.Stderr = &said
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
		t.Errorf("exit code %d: %s", code, said.String())
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
