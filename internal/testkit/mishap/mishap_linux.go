//go:build linux && (amd64 || arm64)

package mishap

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is how a system call of a kind names its file.
type call struct {
	kind Kind
	path int // the argument that points to the path; -1 when the first is a descriptor
}

func calls() map[uintptr]call {
	out := map[uintptr]call{
		unix.SYS_FSYNC: {Sync, -1}, unix.SYS_FDATASYNC: {Sync, -1},
		unix.SYS_WRITE: {Write, -1}, unix.SYS_PWRITE64: {Write, -1},
		unix.SYS_FTRUNCATE: {Truncate, -1}, unix.SYS_FALLOCATE: {Truncate, -1},
		unix.SYS_RENAMEAT: {Rename, 3}, unix.SYS_RENAMEAT2: {Rename, 3},
		unix.SYS_UNLINKAT: {Remove, 1},
	}
	for nr, c := range older() {
		out[nr] = c
	}
	return out
}

// The structures of linux/seccomp.h.
type notice struct {
	id    uint64
	pid   uint32
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

type answer struct {
	id    uint64
	val   int64
	err   int32
	flags uint32
}

const (
	retAllow  = 0x7fff0000 // SECCOMP_RET_ALLOW
	retNotify = 0x7fc00000 // SECCOMP_RET_USER_NOTIF
)

// Main must be the first thing in TestMain. In the process that Start made it
// puts the filter in place, hands its listener over and becomes the program;
// it does not return then.
func Main() {
	program := os.Getenv(execEnv)
	if program == "" {
		return
	}
	err := become(program)
	fmt.Fprintln(os.Stderr, "mishap:", err)
	os.Exit(125)
}

func become(program string) error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // the call's number
	for nr := range calls() {
		filter = append(filter,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(nr), Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: retNotify})
	}
	filter = append(filter, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: retAllow})
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return errno
	}
	if err := unix.Sendmsg(3, []byte{1}, unix.UnixRights(int(fd)), nil, 0); err != nil {
		return err
	}
	if err := unix.Close(3); err != nil {
		return err
	}
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, execEnv+"=") {
			env = append(env, e)
		}
	}
	return syscall.Exec(program, os.Args, env)
}

// Watch is a process under a plan.
type Watch struct {
	plan Plan
	fd   int
	done sync.WaitGroup

	mu   sync.Mutex
	seen []string
	hit  bool
	err  error
}

// Start starts cmd under the plan; the test binary's TestMain must call Main.
// The caller waits for cmd and then calls End.
func Start(t testing.TB, cmd *exec.Cmd, p Plan) *Watch {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "mishap")
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, execEnv+"="+cmd.Path)
	cmd.Path, cmd.ExtraFiles = self, []*os.File{theirs}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close()
	b, oob := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	n, oobn, _, _, err := unix.Recvmsg(pair[0], b, oob, 0)
	_ = unix.Close(pair[0])
	if err == nil && n == 0 {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Skip("this kernel, or the container, has no seccomp notifications")
	}
	w := &Watch{plan: p}
	if err == nil {
		w.fd, err = descriptor(oob[:oobn])
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Fatal(err)
	}
	w.done.Go(w.serve)
	return w
}

func descriptor(oob []byte) (int, error) {
	ms, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0, err
	}
	for _, m := range ms {
		if fds, err := unix.ParseUnixRights(&m); err == nil && len(fds) == 1 {
			return fds[0], nil
		}
	}
	return 0, errors.New("no listener came")
}

// End waits until the process is gone and tells the calls that matched, and
// whether the plan's came.
func (w *Watch) End(t testing.TB) (seen []string, hit bool) {
	t.Helper()
	w.done.Wait()
	if w.err != nil {
		t.Fatal(w.err)
	}
	return w.seen, w.hit
}

func (w *Watch) serve() {
	defer func() { _ = unix.Close(w.fd) }()
	for {
		poll := []unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, -1); err != nil && !errors.Is(err, unix.EINTR) {
			w.err = err
			return
		}
		if poll[0].Revents&unix.POLLIN == 0 {
			if poll[0].Revents != 0 {
				return // all are gone
			}
			continue
		}
		var n notice
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.fd), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
			if errno == unix.EINTR || errno == unix.ENOENT {
				continue // killed while it asked
			}
			w.err = errno
			return
		}
		a := w.judge(n)
		a.id = n.id
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.fd), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&a))); errno != 0 && errno != unix.ENOENT {
			w.err = errno
			return
		}
	}
}

// judge lets the call pass or not.
func (w *Watch) judge(n notice) answer {
	pass := answer{flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	c := calls()[uintptr(n.nr)]
	path := name(n, c)
	if !w.matches(c.kind, path) {
		return pass
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, string(c.kind)+" "+path)
	if at := len(w.seen); w.plan.Nth == 0 || at < w.plan.Nth || at > w.plan.Nth && !w.plan.Onward {
		return pass
	}
	w.hit = true
	switch w.plan.Then {
	case Kill:
		_ = unix.Kill(int(n.pid), unix.SIGKILL)
		return answer{err: -int32(unix.EIO)}
	case Short:
		if wrote, err := half(n); err == nil && wrote > 0 {
			return answer{val: wrote}
		}
		return pass
	case Fail:
	}
	return answer{err: -int32(w.plan.Errno)}
}

func (w *Watch) matches(k Kind, path string) bool {
	if path == "" || !strings.Contains(path, w.plan.Name) || !strings.HasPrefix(path, "/") {
		return false
	}
	if len(w.plan.Kinds) == 0 {
		return true
	}
	for _, x := range w.plan.Kinds {
		if x == k {
			return true
		}
	}
	return false
}

// name is the path of the file the call is about; "" when it is none.
func name(n notice, c call) string {
	if c.path < 0 {
		s, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", n.pid, int32(n.args[0])))
		if err != nil {
			return ""
		}
		return s
	}
	b := make([]byte, 1024)
	got, err := read(n.pid, uintptr(n.args[c.path]), b)
	if err != nil {
		return ""
	}
	s, _, _ := strings.Cut(string(b[:got]), "\x00")
	if !strings.HasPrefix(s, "/") && c.path > 0 { // below a folder that is open
		if dir, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", n.pid, int32(n.args[c.path-1]))); err == nil {
			s = dir + "/" + s
		}
	}
	return s
}

// read copies memory of the process; it ends early at the end of a mapping.
func read(pid uint32, from uintptr, to []byte) (int, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	n, err := f.ReadAt(to, int64(from))
	if n > 0 {
		return n, nil
	}
	return 0, err
}

// half writes the first half of what the process wanted to write, as a full
// disk or a signal does.
func half(n notice) (int64, error) {
	size := n.args[2] / 2
	if size == 0 {
		return 0, nil
	}
	b := make([]byte, size)
	if got, err := read(n.pid, uintptr(n.args[1]), b); err != nil || got != len(b) {
		return 0, errors.Join(err, errors.New("could not read what is to be written"))
	}
	f, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/%d", n.pid, int32(n.args[0])), os.O_WRONLY, 0)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	if uintptr(n.nr) != unix.SYS_PWRITE64 {
		return 0, nil // its place in the file is the process's own
	}
	wrote, err := f.WriteAt(b, int64(n.args[3]))
	return int64(wrote), err
}
