package forensics

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// live runs one collector on this machine and returns the lines of its first
// exhibit.
func live[T any](t *testing.T, collector string) []T {
	t.Helper()
	l := newLocker(t)
	got, sum, err := take(t, Options{Collectors: []string{collector}, Sink: l})
	must(t, err)
	if len(got) == 0 {
		t.Skipf("nothing to take here: %+v", sum.Refused)
	}
	return lines[T](t, plain(t, l, got[0]))
}

func lines[T any](t *testing.T, b []byte) []T {
	t.Helper()
	var out []T
	for line := range bytes.Lines(b) {
		var x T
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		must(t, d.Decode(&x))
		out = append(out, x)
	}
	return out
}

func sha(t *testing.T, p string) string {
	t.Helper()
	sum := sha256.Sum256(slurp(t, p))
	return hex.EncodeToString(sum[:])
}

// nameless starts a copy of the shell, which waits for input that never comes,
// and removes it from the disk.
func nameless(t *testing.T) (pid int, sum string) {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell here")
	}
	p := filepath.Join(t.TempDir(), "malware")
	must(t, os.WriteFile(p, slurp(t, sh), 0o700))
	sum = sha(t, p)
	c := exec.Command(p, "-c", "read x", "esc\x1b]0;x\x07", "\xff\xfe")
	_, err = c.StdinPipe()
	must(t, err)
	if err := c.Start(); err != nil {
		t.Skipf("start: %v", err)
	}
	t.Cleanup(func() {
		must(t, c.Process.Kill())
		_ = c.Wait() // killed: it has an error
	})
	must(t, os.Remove(p))
	return c.Process.Pid, sum
}

func TestProcesses(t *testing.T) {
	victim, sum := nameless(t)
	exe, err := os.Executable()
	must(t, err)
	t.Setenv("FIREBREAK_TEST_SECRET", "hunter2hunter2")
	found := map[int]Process{}
	for _, p := range live[Process](t, "linux.processes") {
		found[p.PID] = p
	}
	me := found[os.Getpid()]
	if me.ExeSHA256 != sha(t, exe) || me.PPID != os.Getppid() || me.UID != uint32(os.Getuid()) || len(me.Argv) == 0 || me.Argv[0] != os.Args[0] || me.Deleted {
		t.Errorf("myself: %+v", me)
	}
	wd, err := os.Getwd()
	must(t, err)
	if me.Cwd != wd || me.State == "" || me.Threads < 1 || me.Comm == "" || me.Kernel {
		t.Errorf("myself: %+v", me)
	}
	for _, p := range found {
		if p.Hidden {
			t.Errorf("nothing is hidden here, but %+v", p)
		}
	}
	if !me.Started.After(found[1].Started) || me.Started.After(time.Now().Add(time.Minute)) {
		t.Errorf("I started at %v, init at %v", me.Started, found[1].Started)
	}
	evil := found[victim]
	if !evil.Deleted || evil.Memfd || evil.ExeSHA256 != sum || !strings.HasSuffix(evil.Exe, "/malware") {
		t.Errorf("the one without a name: %+v", evil)
	}
	if len(evil.Argv) != 5 || evil.Argv[3] != "esc\x1b]0;x\x07" || !bytes.Contains(evil.Raw["argv"], []byte("\xff\xfe")) {
		t.Errorf("its arguments: %q, raw %q", evil.Argv, evil.Raw["argv"])
	}
	b, err := json.Marshal(found)
	must(t, err)
	if bytes.Contains(b, []byte("hunter2hunter2")) {
		t.Error("an environment was copied")
	}
}

// A FIFO stands in for a process that never answers.
func TestStuckProcess(t *testing.T) {
	dir := t.TempDir()
	must(t, unix.Mkfifo(dir+"/cmdline", 0o600))
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	d := proc{1, fd}
	defer d.close()
	if _, _, err := d.patiently(t.Context(), "cmdline", 10, time.Millisecond); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Errorf("%v", err)
	}
	w, err := os.OpenFile(dir+"/cmdline", os.O_WRONLY, 0) // lets the one that waits go
	must(t, err)
	must(t, w.Close())
}

func TestUnlisted(t *testing.T) {
	alive := map[int]bool{1: true, 5: true, 7: true, 9: true, 12: true}
	got := unlisted([]int{1, 5, 9}, 12, func(pid int) bool { return alive[pid] })
	if len(got) != 2 || got[0] != 7 || got[1] != 12 {
		t.Errorf("%v", got)
	}
	if isThread(os.Getpid(), nil) || !answers(os.Getpid()) {
		t.Error("I am a process")
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if me := unix.Gettid(); me != os.Getpid() && (!isThread(me, nil) || !answers(me)) {
		t.Error("my thread answers, and is no process")
	}
}

func TestDeletedExecutableIsSealed(t *testing.T) {
	victim, sum := nameless(t)
	l := newLocker(t)
	got, sumup, err := take(t, Options{Collectors: []string{"linux.deleted"}, Sink: l})
	must(t, err)
	for _, e := range got {
		if strings.HasPrefix(e.Source, fmt.Sprintf("/proc/%d/exe", victim)) {
			if e.SHA256 != sum {
				t.Errorf("hash %s, want %s", e.SHA256, sum)
			}
			return
		}
	}
	t.Errorf("not among %+v, %+v", got, sumup.Refused)
}

func TestSockets(t *testing.T) {
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = tcp.Close() }()
	conn, err := net.Dial("tcp4", tcp.Addr().String())
	must(t, err)
	defer func() { _ = conn.Close() }()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	must(t, err)
	defer func() { _ = udp.Close() }()
	dir, err := os.MkdirTemp("", "fb s") // a short path, with a space
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	un, err := net.Listen("unix", dir+"/a sock")
	must(t, err)
	defer func() { _ = un.Close() }()
	want := map[string]string{
		"tcp listen " + tcp.Addr().String() + " ":                                         "",
		"tcp established " + conn.LocalAddr().String() + " " + conn.RemoteAddr().String(): "",
		"udp unconn " + udp.LocalAddr().String() + " ":                                    "",
		"unix listen " + dir + "/a sock ":                                                 "",
	}
	if tcp6, err := net.Listen("tcp6", "[::1]:0"); err == nil {
		defer func() { _ = tcp6.Close() }()
		want["tcp6 listen "+tcp6.Addr().String()+" "] = ""
	}
	for _, s := range live[Socket](t, "linux.sockets") {
		key := s.Proto + " " + s.State + " " + s.Local + s.Path + " " + s.Remote
		if _, ok := want[key]; !ok {
			continue
		}
		for _, o := range s.Owners {
			if o.PID == os.Getpid() && o.Comm != "" && o.FD > 2 && (s.Proto == "unix" || s.UID == uint32(os.Getuid())) {
				delete(want, key)
			}
		}
	}
	if len(want) != 0 {
		t.Errorf("not found, or not mine: %v", want)
	}
}

func TestOpenFiles(t *testing.T) {
	p := filepath.Join(t.TempDir(), "gone \xff\n")
	f, err := os.Create(p)
	must(t, err)
	defer func() { _ = f.Close() }()
	_, err = f.WriteString("still here")
	must(t, err)
	m, err := syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ, syscall.MAP_SHARED)
	must(t, err)
	defer func() { must(t, syscall.Munmap(m)) }()
	must(t, os.Remove(p))
	fd, mapped := false, false
	for _, o := range live[OpenFile](t, "linux.openfiles") {
		if o.PID != os.Getpid() {
			continue
		}
		if o.FD == int(f.Fd()) {
			fd = string(o.Raw["path"]) == p && o.Size == 10 && o.Links == 0 && !o.Memfd && o.Mode != "" && o.Comm != ""
		}
		mapped = mapped || o.FD == -1 && o.Mapped == "r--s"
	}
	if !fd || !mapped {
		t.Errorf("descriptor found: %v, mapping found: %v", fd, mapped)
	}
}

func TestMountsAndSystem(t *testing.T) {
	root := false
	for _, m := range live[Mount](t, "linux.mounts") {
		root = root || m.Point == "/" && m.Type != ""
	}
	if !root {
		t.Error("no mount of /")
	}
	s := live[System](t, "linux.system")
	if len(s) != 1 || s[0].Kernel == "" || s[0].Boot == "" || s[0].Host == "" || !s[0].Booted.Before(s[0].Now) {
		t.Errorf("%+v", s)
	}
}

func TestRoutes(t *testing.T) {
	for _, r := range live[Route](t, "linux.routes") {
		if r.Kind == "address" && strings.HasPrefix(r.Address, "127.0.0.1/") {
			return
		}
	}
	t.Skip("no loopback address here")
}

// The whole of a triage on this machine, save the big listing.
func TestTriageHere(t *testing.T) {
	l := newLocker(t)
	got, sum, err := take(t, Options{Sink: l, Paths: []string{t.TempDir()}, Limits: Limits{File: 4 << 20, Total: 32 << 20, Verify: 8 << 20}})
	must(t, err)
	if sum.Cut != "" || sum.Exhibits != len(got) || sum.AsRoot != (os.Geteuid() == 0) || sum.Took <= 0 || sum.Root != "/" {
		t.Errorf("%+v", sum)
	}
	kinds := map[string]bool{}
	total := int64(0)
	for _, e := range got {
		kinds[e.Kind] = true
		total += e.Size
		if e.Title == "" || e.Source == "" || e.Method == "" || e.Host == "" || e.Collector == "" || e.Started.IsZero() || e.Blob == "" {
			t.Errorf("incomplete: %+v", e)
		}
		if check, err := l.Check(t.Context(), e); err != nil || !check.OK {
			t.Errorf("%s: %+v, %v", e.Source, check, err)
		}
		if _, err := record.NewDraft(record.Entry{}.Actor, record.EvidenceSealed, 0, "", e); err != nil {
			t.Errorf("%s: %v", e.Source, err)
		}
	}
	if total != sum.Bytes {
		t.Errorf("%d bytes, summed up as %d", total, sum.Bytes)
	}
	for _, k := range []string{"linux.system", "linux.processes", "linux.sockets", "linux.openfiles", "linux.mounts", "linux.accounts", "linux.listing"} {
		if !kinds[k] {
			t.Errorf("%s is missing", k)
		}
	}
}

const childVar = "FIREBREAK_TEST_CHILD"

// TestOrdinaryUser collects as nobody: what may be read is taken, what may not
// is listed, and nothing fails.
func TestOrdinaryUser(t *testing.T) {
	if os.Getenv(childVar) != "" {
		ordinaryUser(t, os.Getenv(childVar))
		return
	}
	dir, err := os.MkdirTemp("", "fb")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o777))
	must(t, os.WriteFile(dir+"/mine.log", []byte("readable"), 0o644))
	must(t, os.WriteFile(dir+"/secret.log", []byte("secret"), 0))
	must(t, os.Mkdir(dir+"/closed", 0))
	if os.Geteuid() != 0 {
		ordinaryUser(t, dir)
		return
	}
	exe, err := os.Open("/proc/self/exe")
	must(t, err)
	defer func() { _ = exe.Close() }()
	program, err := os.OpenFile(dir+"/child.test", os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	_, err = io.Copy(program, exe)
	must(t, err)
	must(t, program.Close())
	c := exec.Command(dir+"/child.test", "-test.run=^TestOrdinaryUser$", "-test.v")
	c.Dir, c.Env = dir, []string{childVar + "=" + dir, "TMPDIR=" + dir}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if !bytes.Contains(out, []byte("--- PASS")) {
		t.Errorf("the child did not run:\n%s", out)
	}
}

func ordinaryUser(t *testing.T, dir string) {
	l := NewLocker(filepath.Join(t.TempDir(), "evidence"), key)
	got, sum, err := take(t, Options{
		Sink: l, Collectors: []string{"volatile", "accounts", "listing"}, Paths: []string{dir},
		Files: []string{dir + "/mine.log", dir + "/secret.log"},
	})
	must(t, err)
	if sum.AsRoot || sum.Cut != "" {
		t.Errorf("%+v", sum)
	}
	taken := map[string]record.Exhibit{}
	for _, e := range got {
		taken[e.Source] = e
	}
	mine, ok := taken[dir+"/mine.log"]
	if !ok {
		t.Fatalf("mine.log was not taken: %+v", sum.Refused)
	}
	if mine.Before.UID != uint32(os.Getuid()) && !strings.Contains(strings.Join(mine.Deviations, " "), "O_NOATIME") {
		t.Errorf("another's file, but no word of O_NOATIME: %v", mine.Deviations)
	}
	for source, reason := range map[string]string{dir + "/secret.log": "permission denied", dir + "/closed": "permission denied", "/etc/shadow": "permission denied"} {
		if r := refusedFor(sum, source); !strings.Contains(r, reason) {
			t.Errorf("%s: refused for %q", source, r)
		}
	}
	if _, ok := taken["/etc/passwd"]; !ok {
		t.Error("passwd was not taken")
	}
	var others, own bool
	for _, p := range lines[Process](t, plain(t, l, taken["/proc"])) {
		others = others || p.UID == 0 && !p.Kernel && len(p.Refused) > 0
		own = own || p.PID == os.Getpid() && p.ExeSHA256 != ""
	}
	// The whole of a triage: nothing fails, and what is closed is named.
	triage, all, err := take(t, Options{Paths: []string{dir}, Limits: Limits{File: 1 << 20, Total: 16 << 20, Verify: 1 << 20}})
	must(t, err)
	if all.AsRoot || all.Cut != "" || len(triage) != all.Exhibits || len(all.Refused) > maxRefusals+maxReasons {
		t.Errorf("triage: cut %q, %d exhibits, %d refusals", all.Cut, all.Exhibits, len(all.Refused))
	}
	for _, kind := range []string{"linux.system", "linux.processes", "linux.listing", "linux.accounts"} {
		if !slices.ContainsFunc(triage, func(e record.Exhibit) bool { return e.Kind == kind }) {
			t.Errorf("triage without %s", kind)
		}
	}
	if r := refusedFor(all, "/etc/shadow"); !strings.Contains(r, "permission denied") {
		t.Errorf("/etc/shadow: %q", r)
	}
	if !own || (!others && unix.Access("/proc/1/exe", unix.R_OK) != nil) {
		t.Errorf("own process whole: %v; others' say what is missing: %v", own, others)
	}
}
