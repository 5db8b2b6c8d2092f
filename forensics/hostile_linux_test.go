package forensics

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"firebreak/internal/testkit"
	"firebreak/record"
)

// The hostile host is a root folder on a file system of its own, in mount and
// process namespaces of its own, where this test's own binary runs again.
const (
	hostileRoot = "FIREBREAK_TEST_HOSTILE"
	outsideText = "OUTSIDE-SECRET-7c1f"
)

// swaps is how often files and folders are exchanged for links while the
// collector runs.
const swaps = 100_000

func TestFaultHostileHost(t *testing.T) {
	if root := os.Getenv(hostileRoot); root != "" {
		hostileHost(t, root)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("namespaces and mounts need root")
	}
	self, err := os.Executable()
	must(t, err)
	c := exec.CommandContext(t.Context(), self, "-test.run=^TestFaultHostileHost$", "-test.v", "-test.timeout=15m")
	dir := t.TempDir()
	must(t, os.Chmod(filepath.Dir(dir), 0o755)) // nobody looks in too
	c.Env = append(os.Environ(), hostileRoot+"="+dir)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID}
	out, err := c.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) {
		t.Skipf("no namespaces here: %v", err)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "took") || strings.Contains(line, "SKIP") {
			t.Log(strings.TrimSpace(line))
		}
	}
	usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("no usage of the child")
	}
	if most := int64(300 << 20); usage.Maxrss<<10 > most && !raceEnabled {
		t.Errorf("peak memory %d MB, limit %d", usage.Maxrss>>10, most>>20)
	}
	t.Logf("took at most %d MB", usage.Maxrss>>10)
}

// hostileHost runs in the namespaces.
func hostileHost(t *testing.T, dir string) {
	must(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=2g,nr_inodes=3000000"))
	root, evidence := dir+"/root", dir+"/evidence"
	for _, d := range []string{"/etc", "/var/log", "/var/www/html", "/home/ann/.ssh", "/tmp", "/dev", "/root", "/spare", "/outside"} {
		must(t, os.MkdirAll(root+d, 0o755))
	}
	must(t, os.WriteFile(root+"/etc/passwd", []byte("root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n"), 0o644))
	for name, text := range map[string]string{
		"/outside/authorized_keys": outsideText, "/outside/syslog": outsideText, "/outside/x.php": outsideText,
		"/home/ann/.ssh/authorized_keys": "ordinary key", "/var/log/syslog": "Nov 28 03:00:00 h x: ordinary\n", "/var/log/messages": "",
		"/var/www/html/a\n\x1b]0;x\xff.php": "<?php odd name", "/tmp/...": "dots", "/tmp/\xff\xfe.sh": "#!/bin/sh\n", "/var/www/html/old.php": "<?php",
	} {
		must(t, os.WriteFile(root+name, []byte(text), 0o755))
	}
	must(t, unix.Mkfifo(root+"/var/log/auth.log", 0o644))
	must(t, unix.Mkfifo(root+"/etc/crontab", 0o644))
	zero, err := os.Create(root + "/var/log/kern.log")
	must(t, errors.Join(err, zero.Close()))
	must(t, unix.Mount("/dev/zero", root+"/var/log/kern.log", "", unix.MS_BIND, ""))
	must(t, os.MkdirAll(root+"/var/log/loop/back", 0o755))
	must(t, unix.Mount(root+"/var/log", root+"/var/log/loop/back", "", unix.MS_BIND, ""))
	must(t, os.Symlink("/", root+"/var/www/html/all"))
	sparse, err := os.Create(root + "/var/log/lastlog")
	must(t, err)
	must(t, sparse.Truncate(50<<30))
	_, err = sparse.WriteAt(bytes.Repeat([]byte("x"), 292), 40<<30)
	must(t, errors.Join(err, sparse.Close()))
	deepTree(t, root+"/tmp")
	many := testkit.Rounds(t, 20_000, 1_000_000)
	for i := range many {
		d := fmt.Sprintf("%s/var/www/html/%d", root, i/10_000)
		if i%10_000 == 0 {
			must(t, os.Mkdir(d, 0o755))
		}
		must(t, os.WriteFile(filepath.Join(d, strconv.Itoa(i)+".php"), nil, 0o755))
	}
	must(t, os.MkdirAll(evidence, 0o700))

	var swapped atomic.Int64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		swapAll(root, &swapped, stop)
	}()
	for round := 0; swapped.Load() < swaps || round == 0; round++ {
		l := NewLocker(evidence, key)
		o := Options{Root: root, Sink: l, Profile: Triage}
		if round > 0 { // the swaps only
			o.Profile, o.Collectors, o.Paths = "", []string{"syslog", "ssh", "webroots", "listing", "finds"}, []string{"/home", "/var/log"}
		}
		got, sum, err := take(t, o)
		must(t, err)
		hostileResult(t, l, got, sum, round, many)
		if t.Failed() {
			break
		}
	}
	close(stop)
	<-done
	t.Logf("took %d swaps", swapped.Load())
	fullDisk(t, root, dir)
	withoutRoot(t, root)
	must(t, unix.Mount("proc", "/proc", "proc", 0, "")) // ours: the processes of this namespace only
	runningWithoutAName(t)
}

// runningWithoutAName finds a program that runs on after it was removed, and takes
// its bytes.
func runningWithoutAName(t *testing.T) {
	t.Helper()
	victim, sum := nameless(t)
	l := newLocker(t)
	got, _, err := take(t, Options{Collectors: []string{"processes", "linux.deleted"}, Sink: l})
	must(t, err)
	var seen, sealed bool
	for _, e := range got {
		sealed = sealed || e.SHA256 == sum && strings.HasPrefix(e.Source, fmt.Sprintf("/proc/%d/exe", victim))
		if e.Format == FormatProcesses {
			for _, p := range lines[Process](t, plain(t, l, e)) {
				seen = seen || p.PID == victim && p.ExeSHA256 == sum
			}
		}
	}
	if !seen || !sealed {
		t.Errorf("the process is seen with its hash: %v; its program is sealed: %v", seen, sealed)
	}
}

// swapAll exchanges a file and a folder for links to what lies outside, lets a
// file grow, and a program be replaced.
func swapAll(root string, swapped *atomic.Int64, stop chan struct{}) {
	// Each call may fail: the next round repairs.
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		switch i % 3 {
		case 0:
			_ = os.Symlink("/outside/syslog", root+"/spare/l")
			_ = os.Rename(root+"/spare/l", root+"/var/log/syslog")
			_ = os.WriteFile(root+"/spare/f", []byte("Nov 28 03:00:00 h x: ordinary\n"), 0o600)
			_ = os.Rename(root+"/spare/f", root+"/var/log/syslog")
		case 1:
			_ = os.Rename(root+"/home/ann/.ssh", root+"/spare/.ssh")
			_ = os.Symlink("/outside", root+"/home/ann/.ssh")
			_ = os.Remove(root + "/home/ann/.ssh")
			_ = os.Rename(root+"/spare/.ssh", root+"/home/ann/.ssh")
		case 2:
			if f, err := os.OpenFile(root+"/var/log/messages", os.O_APPEND|os.O_WRONLY, 0); err == nil {
				_, _ = f.WriteString("Nov 28 03:00:00 h x: more and more\n")
				_ = f.Close()
			}
			if swapped.Load()%5000 == 0 {
				_ = os.Truncate(root+"/var/log/messages", 0)
			}
		}
		swapped.Add(1)
	}
}

// deepTree makes folders whose path is longer than any that can be opened.
func deepTree(t *testing.T, dir string) {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	for range 60 {
		must(t, unix.Mkdirat(fd, strings.Repeat("d", 200), 0o700))
		next, err := unix.Openat(fd, strings.Repeat("d", 200), unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		must(t, err)
		must(t, unix.Close(fd))
		fd = next
	}
	f, err := unix.Openat(fd, "deepest", unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o755)
	must(t, err)
	must(t, errors.Join(unix.Close(f), unix.Close(fd)))
}

// hostileResult is what has to hold of each collection.
func hostileResult(t *testing.T, l *Locker, got []record.Exhibit, sum record.Collection, round, many int) {
	t.Helper()
	listed := 0
	for _, e := range got {
		if e.Size > 512<<20 {
			t.Errorf("%s has %d bytes", e.Source, e.Size)
		}
		if e.Format == FormatBodyfile { // of a million files it is large
			listed = hostileListing(t, l, e, round)
			continue
		}
		if e.Size > 64<<20 || e.Source == "/outside/syslog" {
			continue
		}
		b := plain(t, l, e)
		if bytes.Contains(b, []byte(outsideText)) {
			t.Fatalf("%s (%s) holds what lies outside", e.Source, e.Kind)
		}
		if e.Format == FormatFiles {
			hostileFiles(t, b, round)
		}
	}
	if sum.Cut != "" {
		t.Errorf("cut: %s", sum.Cut)
	}
	if round > 0 {
		return
	}
	if listed < many+60 {
		t.Errorf("%d lines are listed of %d files", listed, many)
	}
	for source, reason := range map[string]string{
		"/var/log/auth.log": "FIFO", "/etc/crontab": "FIFO", "/var/log/kern.log": "device", "/var/www/html/all": "",
	} {
		if r := refusedFor(sum, source); reason != "" && !strings.Contains(r, reason) {
			t.Errorf("%s: refused for %q", source, r)
		}
	}
	for _, want := range []string{"/var/log/lastlog"} {
		found := false
		for _, e := range got {
			found = found || e.Source == want && strings.Contains(strings.Join(e.Deviations, " "), "sparse") && e.Size < 1<<20
		}
		if !found {
			t.Errorf("%s was not taken by its extents: %s", want, refusedFor(sum, want))
		}
	}
	t.Logf("took %d exhibits, %d lines, %d refused", len(got), listed, len(sum.Refused))
}

// hostileListing counts the lines of a listing.
func hostileListing(t *testing.T, l *Locker, e record.Exhibit, round int) int {
	t.Helper()
	r, err := l.Open(e.Blob)
	must(t, err)
	defer func() { must(t, r.Close()) }()
	lines, deepest := 0, false
	for in := bufio.NewReaderSize(r, 1<<20); ; lines++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		must(t, err)
		deepest = deepest || bytes.Contains(line, []byte("/deepest|"))
	}
	if round == 0 && !deepest {
		t.Error("the deepest file is not listed")
	}
	return lines
}

func hostileFiles(t *testing.T, b []byte, round int) {
	t.Helper()
	odd := 0
	for line := range bytes.Lines(b) {
		var f File
		must(t, json.Unmarshal(line, &f))
		if strings.HasPrefix(f.Path, "/tmp/...") || len(f.Raw) > 0 {
			odd++
		}
	}
	if round == 0 && odd < 3 {
		t.Errorf("%d odd names", odd)
	}
}

// fullDisk: what was sealed stays, and the end is said.
func fullDisk(t *testing.T, root, dir string) {
	t.Helper()
	must(t, os.Mkdir(dir+"/tiny", 0o700))
	must(t, unix.Mount("tmpfs", dir+"/tiny", "tmpfs", 0, "size=512k"))
	l := NewLocker(dir+"/tiny", key)
	l.Reserve = 0
	must(t, os.WriteFile(root+"/var/log/daemon.log", noise(t, 4<<20), 0o600))
	got, sum, err := take(t, Options{Root: root, Sink: l, Collectors: []string{"ssh", "syslog"}})
	if !errors.Is(err, ErrFull) || sum.Cut == "" || sum.Exhibits != len(got) {
		t.Errorf("%v, %+v", err, sum)
	}
}

// withoutRoot looks at the same host as nobody: what may not be read is listed.
func withoutRoot(t *testing.T, root string) {
	t.Helper()
	must(t, os.Chmod(root+"/home/ann", 0o700))
	must(t, os.Chmod(root+"/var/log/daemon.log", 0o600))
	done := make(chan struct{})
	go func() { // the thread is thrown away with its user
		defer close(done)
		runtime.LockOSThread()
		if _, _, no := unix.RawSyscall(unix.SYS_SETRESUID, 65534, 65534, 65534); no != 0 {
			t.Errorf("become nobody: %v", no)
			return
		}
		tr, err := openTree(root)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = tr.root.Close() }()
		c := &collection{Options: Options{Limits: Limits{}.withDefaults()}, tree: tr}
		for _, name := range []string{"/home/ann/.ssh/authorized_keys", "/var/log/daemon.log"} {
			if _, err := c.small(name, 10); err == nil || missing(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}()
	<-done
}

func TestWalkTakesNoTime(t *testing.T) {
	// Folders and files keep their access times, on a file system that keeps them
	// strictly.
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_STRICTATIME, "size=4m"); err != nil {
		t.Skipf("mount tmpfs: %v", err)
	}
	t.Cleanup(func() { must(t, unix.Unmount(dir, 0)) })
	old := time.Now().Add(-72 * time.Hour).Truncate(time.Second)
	for _, name := range []string{"/var/log/auth.log", "/var/log/syslog", "/etc/cron.d/x", "/usr/bin/run", "/tmp/x.sh", "/home/ann/.bash_history", "/var/www/a.php"} {
		must(t, os.MkdirAll(filepath.Dir(dir+name), 0o755))
		must(t, os.WriteFile(dir+name, []byte("#!/bin/sh\n"), 0o755))
	}
	must(t, os.Symlink("auth.log", dir+"/var/log/messages"))
	var all []string
	must(t, filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
		all = append(all, p)
		return err
	}))
	for i := len(all) - 1; i >= 0; i-- {
		must(t, unix.UtimesNanoAt(unix.AT_FDCWD, all[i], []unix.Timespec{unix.NsecToTimespec(old.UnixNano()), unix.NsecToTimespec(old.UnixNano())}, unix.AT_SYMLINK_NOFOLLOW))
	}
	got, sum, err := take(t, Options{Root: dir, Profile: "full"})
	must(t, err)
	if len(got) < 8 {
		t.Errorf("%d exhibits, %+v", len(got), sum.Refused)
	}
	for _, p := range all {
		var s unix.Statx_t
		must(t, statx(unix.AT_FDCWD, p, unix.AT_SYMLINK_NOFOLLOW, &s))
		if s.Mode&unix.S_IFMT != unix.S_IFLNK && !timeOf(s.Atime).Equal(old.UTC()) {
			t.Errorf("the access time of %s is %v, was %v", p, timeOf(s.Atime), old)
		}
	}
}
