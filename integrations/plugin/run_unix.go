//go:build unix

package plugin

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const (
	secretsPlace = "fd3"
	exeSuffix    = ""
)

// openProgram does not wait for the other side of a FIFO.
func openProgram(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the connection names it
}

// prepare gives the program its question, its secrets on descriptor 3, and a
// process group of its own, which is killed whole.
func prepare(cmd *exec.Cmd, ready executable, in []byte, secrets map[string]string) (func(), error) {
	cmd.Stdin = bytes.NewReader(in)
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("hand secrets to plugin: %w", err)
	}
	if len(secrets) > 0 {
		var line []byte
		if line, err = secretsLine(secrets); err == nil {
			_, err = w.Write(line)
		}
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("hand secrets to plugin: %w", errors.Join(err, r.Close()))
	}
	cmd.ExtraFiles = []*os.File{r}
	if ready.file != nil {
		cmd.ExtraFiles = append(cmd.ExtraFiles, ready.file)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return func() { _ = r.Close() }, nil // our end of what was written already
}
