package forensics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// Limits on what one process can make us keep.
const (
	maxArgv    = 64 << 10
	maxStatus  = 64 << 10
	maxRefused = 8
)

const methodProc = "in-process read of /proc; no other program was run"

// version names the content of an executable, as far as the file system tells.
type version struct {
	inode
	size           int64
	mtime, changed unix.StatxTimestamp
}

// hertz is the unit of start times in /proc: the kernel shows 1/100 s to
// programs, whatever it counts in itself.
const hertz = 100

// pids lists the processes in /proc, in ascending order.
func pids() ([]int, error) {
	d, err := os.Open("/proc")
	if err != nil {
		return nil, explain(err)
	}
	names, err := d.Readdirnames(-1)
	if err = errors.Join(err, d.Close()); err != nil {
		return nil, explain(err)
	}
	var out []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil && pid > 0 {
			out = append(out, pid)
		}
	}
	slices.Sort(out)
	return out, nil
}

// proc is an open folder of /proc. It stays with its process: once that has
// ended, reads fail, even if its number is used again.
type proc struct {
	pid int
	fd  int
}

// openProc opens a process' folder; ENOENT says that it has ended.
func openProc(pid int) (proc, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return proc{pid, fd}, err
}

func (p proc) close() { _ = unix.Close(p.fd) }

// read reads a file of the folder up to a limit.
func (p proc) read(name string, limit int) (b []byte, cut bool, err error) {
	fd, err := unix.Openat(p.fd, name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, false, err
	}
	f := os.NewFile(uintptr(fd), name)
	b, err = io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, false, err
	}
	if len(b) > limit {
		return b[:limit], true, nil
	}
	return b, false, nil
}

// patience is how long a process may take to show its memory. One that is stuck
// in the kernel may hold the lock for ever, and would hold us too.
const patience = 3 * time.Second

// patiently is read for the files that need the process' memory: after a while
// the answer is given up, and only its goroutine waits on.
func (p proc) patiently(ctx context.Context, name string, limit int, patience time.Duration) ([]byte, bool, error) {
	fd, err := unix.FcntlInt(uintptr(p.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, false, err
	}
	type answer struct {
		b   []byte
		cut bool
		err error
	}
	got := make(chan answer, 1)
	go func() {
		own := proc{p.pid, fd}
		defer own.close()
		var a answer
		a.b, a.cut, a.err = own.read(name, limit)
		got <- a
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case a := <-got:
		return a.b, a.cut, a.err
	case <-ctx.Done():
		return nil, false, ctx.Err()
	case <-timer.C:
		return nil, false, refuse("no answer within %s: the process may be stuck in the kernel", patience)
	}
}

// ended says whether an error only means that the process is gone.
func ended(err error) bool {
	return errors.Is(err, unix.ESRCH) || errors.Is(err, unix.ENOENT)
}

// processes writes the "fb.processes" snapshot.
func (c *collection) processes(ctx context.Context) error {
	e := c.exhibit("Processes", "/proc", FormatProcesses, methodProc+"; executables hashed through /proc/PID/exe")
	if err := c.processLines(ctx, e); err != nil || !c.Environment {
		return err
	}
	return c.environments(ctx)
}

// processLines writes a line for each process.
func (c *collection) processLines(ctx context.Context, e record.Exhibit) error {
	return c.snapshot(ctx, e, func(r *rows) error {
		list, err := pids()
		if err != nil {
			return err
		}
		boot := bootTime(c.Now())
		gone, blind := 0, 0
		for _, pid := range list {
			if err := ctx.Err(); err != nil {
				return err
			}
			p, ok := c.process(ctx, pid, boot)
			if !ok {
				gone++
				continue
			}
			if len(p.Refused) > 0 {
				blind++
			}
			if err := r.add(p); err != nil {
				return err
			}
		}
		if err := c.hidden(ctx, list, boot, r); err != nil {
			return err
		}
		if gone > 0 {
			r.note = append(r.note, fmt.Sprintf("%d processes ended while they were being read", gone))
		}
		if blind > 0 {
			c.refuse("/proc", refuse("%d of %d processes could not be read whole; each line says what is missing", blind, len(list)))
		}
		return nil
	})
}

// bootTime is when the machine started, by its own clock: now less the time it
// has been up, suspended time included.
func bootTime(now time.Time) time.Time {
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return time.Time{}
	}
	return now.Add(-time.Duration(up.Nano())).UTC()
}

// process reads one process. It is not ok when the process has ended.
func (c *collection) process(ctx context.Context, pid int, boot time.Time) (Process, bool) {
	d, err := openProc(pid)
	if err != nil {
		return Process{}, false
	}
	defer d.close()
	p := Process{PID: pid, Self: pid == os.Getpid()}
	b, _, err := d.read("stat", maxStatus)
	if err != nil || !parseStat(b, &p) {
		return Process{}, false
	}
	if !boot.IsZero() {
		p.Started = boot.Add(time.Duration(p.Ticks) * (time.Second / hertz)).Round(time.Second / hertz) //nolint:gosec // 2^63 ns are 292 years
	}
	miss := func(what string, err error) {
		if err != nil && !ended(err) && len(p.Refused) < maxRefused {
			p.Refused = append(p.Refused, what+": "+explain(err).Error())
		}
	}
	b, _, err = d.read("status", maxStatus)
	miss("status", err)
	parseStatus(b, &p)
	p.User = c.users[p.EUID]
	p.CapNames = capNames(p.Caps, c.allCaps())
	b, p.ArgvCut, err = d.patiently(ctx, "cmdline", maxArgv, patience)
	miss("argv", err)
	p.Argv = splitArgv(b)
	p.Raw = raw(p.Raw, "argv", string(b))
	b, _, err = d.read("cgroup", maxStatus)
	miss("cgroup", err)
	p.Cgroup = parseCgroup(b)
	p.Container = containerOf(p.Cgroup)
	p.Raw = raw(p.Raw, "cgroup", p.Cgroup)
	if p.Kernel {
		return p, true
	}
	c.surroundings(ctx, d, &p, miss)
	p.Cwd, err = readlinkAt(d.fd, "cwd")
	miss("cwd", err)
	p.Raw = raw(p.Raw, "cwd", p.Cwd)
	if p.Root, err = readlinkAt(d.fd, "root"); p.Root == "/" {
		p.Root = ""
	}
	miss("root", err)
	p.Raw = raw(p.Raw, "root", p.Root)
	miss("exe", c.executable(ctx, d, &p))
	return p, true
}

// executable fills in what a process runs, by the inode itself: a deleted or
// unnamed file can be read as long as the process lives.
func (c *collection) executable(ctx context.Context, d proc, p *Process) error {
	name, err := readlinkAt(d.fd, "exe")
	if err != nil {
		return err
	}
	p.Exe, p.Deleted = strings.CutSuffix(name, " (deleted)")
	p.Memfd = strings.HasPrefix(p.Exe, "/memfd:")
	p.Raw = raw(p.Raw, "exe", p.Exe)
	if m, bad := on(c.tree.foreign, p.Exe); bad {
		return refuse("on a network or user-space file system (%s)", m)
	}
	var s unix.Statx_t
	if err := statx(d.fd, "exe", 0, &s); err != nil {
		return err
	}
	if s.Mode&unix.S_IFMT != unix.S_IFREG {
		return refuse("not a regular file")
	}
	p.Deleted = p.Deleted && s.Nlink == 0
	p.ExeSize, p.ExeInode = int64(s.Size), s.Ino //nolint:gosec // the kernel's sizes are signed
	p.ExeDevice = fmt.Sprintf("%d:%d", s.Dev_major, s.Dev_minor)
	p.Modified = timeOf(s.Mtime)
	if p.ExeSize > c.Limits.File {
		return refuse("%d bytes: over the limit of %d for one file", p.ExeSize, c.Limits.File)
	}
	v := version{inodeOf(&s), p.ExeSize, s.Mtime, s.Ctime}
	if sum, ok := c.hashes[v]; ok {
		p.ExeSHA256 = sum
		return nil
	}
	fd, err := openExe(d)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), p.Exe)
	h := sha256.New()
	_, err = io.Copy(h, &guarded{ctx: ctx, r: io.LimitReader(f, c.Limits.File)})
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	p.ExeSHA256 = hex.EncodeToString(h.Sum(nil))
	c.hashes[v] = p.ExeSHA256
	return nil
}

// openExe opens a process' executable for reading, if possible without changing
// its access time.
func openExe(d proc) (int, error) {
	const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK
	fd, err := unix.Openat(d.fd, "exe", flags|unix.O_NOATIME, 0)
	if errors.Is(err, unix.EPERM) {
		return unix.Openat(d.fd, "exe", flags, 0)
	}
	return fd, err
}
