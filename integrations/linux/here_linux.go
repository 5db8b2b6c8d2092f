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

// Self implements integrations.Host.
func (here) Self() int { return os.Getpid() }

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

// Process implements integrations.Host, reading proc(5).
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
	return p, nil
}

// Stop implements integrations.Host. The pidfd holds on to the process while
// its start is compared, so that no other one can take its number in between.
func (h here) Stop(ctx context.Context, p integrations.Process, stop bool) error {
	fd, err := unix.PidfdOpen(p.PID, 0)
	if err != nil {
		return rejected("it has ended", "open process %d: %w", p.PID, err)
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written through it
	now, err := h.Process(ctx, p.PID)
	if err != nil {
		return unsent(err)
	}
	if now.Start != p.Start {
		return rejected("look for it anew", "process %d: the one meant has ended; the number belongs to %s now", p.PID, now.Name)
	}
	signal := unix.SIGCONT
	if stop {
		signal = unix.SIGSTOP
	}
	if err := unix.PidfdSendSignal(fd, signal, nil, 0); err != nil {
		hint := ""
		if errors.Is(err, unix.EPERM) {
			hint = "it belongs to another user: be root, or that user"
		}
		return rejected(hint, "signal process %d: %w", p.PID, err)
	}
	return nil
}
