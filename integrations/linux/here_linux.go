package linux

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"firebreak/incident"
	"firebreak/integrations"
)

// here is this machine.
type here struct{}

// Name implements integrations.Host.
func (here) Name() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "this host"
	}
	return unix.ByteSliceToString(u.Nodename[:])
}

// Facts implements integrations.Hands. What ssh session this is, only the
// connection's settings say: an environment is not looked at here.
func (here) Facts(context.Context) (integrations.Facts, error) {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		id = nil // not every host has one
	}
	return integrations.Facts{Machine: strings.TrimSpace(string(id[:min(len(id), 64)])), UID: os.Geteuid()}, nil
}

// maxOutput bounds what a program may print.
const maxOutput = 4 << 20

// Run implements integrations.Host. Programs are looked for where a system has
// them, not in a PATH that somebody set; they get an empty environment.
func (here) Run(ctx context.Context, p integrations.Program) (integrations.Output, error) {
	path, err := find(p.Argv[0])
	if err != nil {
		return integrations.Output{}, err
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, path, p.Argv[1:]...) //nolint:gosec // the argv is built here, from parsed values
	cmd.Env = append([]string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, p.Env...)
	cmd.Dir = "/"
	cmd.Stdin = strings.NewReader(p.Stdin)
	var stdout, stderr limited
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return integrations.Output{}, &integrations.Error{Outcome: integrations.NotSent, Err: fmt.Errorf("run %s: %w", p.Argv[0], err)}
	}
	err = cmd.Wait()
	out := integrations.Output{Stdout: stdout.kept, Stderr: stderr.kept, Code: cmd.ProcessState.ExitCode()}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return out, &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("run %s: %w", p.Argv[0], ctx.Err())}
	case stdout.over || stderr.over:
		return out, fmt.Errorf("run %s: it printed more than %d bytes", p.Argv[0], maxOutput)
	case err != nil && (!errors.As(err, &exit) || out.Code < 0):
		return out, &integrations.Error{Outcome: integrations.Ambiguous, Err: fmt.Errorf("run %s: %w", p.Argv[0], err)}
	}
	return out, nil
}

func find(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin"} {
		path := filepath.Join(dir, name)
		if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", rejected("install it, or give its whole path; nft is in the package nftables", "run %s: there is no such program", name)
}

// limited keeps the head of what a program prints.
type limited struct {
	kept []byte
	over bool
}

// Write implements io.Writer. It takes everything, so that the program does
// not stall, and keeps what fits.
func (l *limited) Write(p []byte) (int, error) {
	room := maxOutput - len(l.kept)
	l.over = l.over || len(p) > room
	l.kept = append(l.kept, p[:min(len(p), room)]...)
	return len(p), nil
}

// Process implements integrations.Hands, reading proc(5).
func (here) Process(_ context.Context, pid int) (integrations.Process, error) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat")) //nolint:gosec // dir is /proc and a number
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
		return integrations.Process{}, incident.ErrNotFound
	}
	if err != nil {
		return integrations.Process{}, fmt.Errorf("read process: %w", err)
	}
	p, err := parseStat(stat)
	if err != nil {
		return integrations.Process{}, err
	}
	status, err := os.ReadFile(filepath.Join(dir, "status")) //nolint:gosec // dir is /proc and a number
	if err != nil {
		return integrations.Process{}, incident.ErrNotFound // it ended meanwhile
	}
	p.Leader, p.UID = parseStatus(status, pid)
	cmdline, err := os.ReadFile(filepath.Join(dir, "cmdline")) //nolint:gosec // dir is /proc and a number
	if err != nil {
		cmdline = nil // it ended meanwhile, or it is not ours to read
	}
	p.Cmdline = strings.TrimSpace(strings.ReplaceAll(string(cmdline[:min(len(cmdline), 512)]), "\x00", " "))
	if p.Exe, err = os.Readlink(filepath.Join(dir, "exe")); err != nil {
		p.Exe = "" // it is a thread of the kernel, or not ours to read
	}
	ours, err := session()
	p.Ours = ours[pid]
	return p, err
}

// session are the processes that this one depends on, itself first.
func session() (map[int]bool, error) {
	out := map[int]bool{}
	for pid := os.Getpid(); pid > 0 && !out[pid] && len(out) < 1000; {
		out[pid] = true
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil {
			return out, fmt.Errorf("read our own session: %w", err)
		}
		p, err := parseStat(stat)
		if err != nil {
			return out, err
		}
		pid = p.Parent
	}
	return out, nil
}

// held opens a handle on the process. It holds on to it while its start is
// compared, so that no other one can take its number in between.
func (h here) held(ctx context.Context, p integrations.Process) (int, error) {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		hint := "it has ended"
		if errors.Is(err, unix.ENOSYS) {
			hint = "it needs Linux 5.3"
		}
		return -1, rejected(hint, "open process %d: %w", p.PID, err)
	}
	now, err := h.Process(ctx, p.PID)
	if err == nil && now.Start != p.Start {
		err = rejected("look for it anew", "process %d: the one meant has ended; the number belongs to %s now", p.PID, now.Name)
	}
	if err != nil {
		_ = unix.Close(fd) // nothing was done with it
		return -1, unsent(err)
	}
	return fd, nil
}

// Signal implements integrations.Hands.
func (h here) Signal(ctx context.Context, p integrations.Process, s integrations.Signal) error {
	number, ok := map[integrations.Signal]unix.Signal{
		integrations.SIGSTOP: unix.SIGSTOP, integrations.SIGCONT: unix.SIGCONT, integrations.SIGKILL: unix.SIGKILL,
	}[s]
	if !ok {
		return rejected("", "signal process %d: %q is none that is sent", p.PID, s)
	}
	fd, err := h.held(ctx, p)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written through it
	if err := unix.PidfdSendSignal(fd, number, nil, 0); err != nil {
		hint := ""
		if errors.Is(err, unix.EPERM) {
			hint = "it belongs to another user: be root, or that user"
		}
		return rejected(hint, "signal process %d: %w", p.PID, err)
	}
	return nil
}

// Image implements integrations.Hands.
func (h here) Image(ctx context.Context, p integrations.Process) (integrations.Image, error) {
	fd, err := h.held(ctx, p)
	if err != nil {
		return integrations.Image{}, err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written through it
	dir := filepath.Join("/proc", strconv.Itoa(p.PID))
	image := integrations.Image{Mapped: []string{}}
	if f, err := os.Open(filepath.Join(dir, "exe")); err == nil { //nolint:gosec // dir is /proc and a number
		sum, _, err := digest(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return image, unsent(fmt.Errorf("read program of process %d: %w", p.PID, err))
		}
		image.SHA256 = sum
	}
	if maps, err := os.ReadFile(filepath.Join(dir, "maps")); err == nil { //nolint:gosec // as above
		image.Mapped = mapped(maps)
	}
	now, err := h.Process(ctx, p.PID) // what was read is of the one that is held, or of nobody
	if err != nil || now.Start != p.Start {
		return image, rejected("it has ended", "read process %d: %w", p.PID, incident.ErrNotFound)
	}
	return image, nil
}
