package plugin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// hold keeps the program in memory, sealed, and runs it from there: as descriptor
// 4 of the child, which a script's interpreter can open too. Where the system
// forbids to run memory it goes into a folder of ours.
func hold(from io.Reader) (executable, error) {
	fd, err := unix.MemfdCreate("plugin", unix.MFD_ALLOW_SEALING|unix.MFD_CLOEXEC|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3 every one may be run
		fd, err = unix.MemfdCreate("plugin", unix.MFD_ALLOW_SEALING|unix.MFD_CLOEXEC)
	}
	if err != nil {
		return inFolder(from)
	}
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		if err := unix.Close(fd); err != nil {
			return executable{}, fmt.Errorf("hold plugin: %w", err)
		}
		return inFolder(from)
	}
	f := os.NewFile(uintptr(fd), "plugin")
	_, err = io.Copy(f, from)
	if err == nil {
		_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
	}
	if err != nil {
		return executable{}, fmt.Errorf("hold plugin: %w", errors.Join(err, f.Close()))
	}
	return executable{path: "/proc/self/fd/4", file: f, close: func() { _ = f.Close() }}, nil // sealed: nothing is left to be written
}

// start starts the program such that it dies with us. The kernel ties that to the
// thread that starts it, so the thread is kept until then.
func start(cmd *exec.Cmd) error {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	began := make(chan error)
	ended := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		began <- cmd.Start()
		<-ended
	}()
	err := <-began
	if err != nil {
		close(ended)
		return err //nolint:wrapcheck // the caller says what was tried
	}
	go func() { // the process itself, without taking its status from Wait
		defer close(ended)
		var info unix.Siginfo
		for {
			err := unix.Waitid(unix.P_PID, cmd.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
			if !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}()
	return nil
}
