package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"syscall"
	"time"

	"github.com/creack/pty"
)

// lineOfLog is how the messages of the log begin: "sshd[4711]: ".
var lineOfLog = regexp.MustCompile(`\w\[\d+\]: `)

// shown is how long it takes from the start of the program in a terminal until
// a line of the log stands on its timeline's screen. The key is pressed as soon
// as anything is shown. It is ended with SIGTERM then: what it takes to end does
// not count.
func (b *bench) shown(ctx context.Context) (s sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	c := exec.CommandContext(ctx, b.firebreak, "run", b.id)
	c.Env = b.environ(b.home)
	began := now()
	terminal, err := pty.StartWithSize(c, &pty.Winsize{Rows: 50, Cols: 160})
	if err != nil {
		return s, err
	}
	defer terminal.Close()                              //nolint:errcheck // nothing was written that could be lost
	context.AfterFunc(ctx, func() { terminal.Close() }) //nolint:errcheck // it ends the reading below
	var said []byte
	room := make([]byte, 64<<10)
	for !lineOfLog.Match(said) {
		n, err := terminal.Read(room)
		if err != nil {
			return s, errors.Join(fmt.Errorf("no line of the log was shown: %w: %.200q", err, said), end(c))
		}
		if len(said) == 0 {
			if _, err := terminal.Write([]byte("3")); err != nil {
				return s, errors.Join(err, end(c))
			}
		}
		said = append(said, room[:n]...)
	}
	s.Wall = now().Sub(began)
	if err := end(c); err != nil {
		return s, err
	}
	s.CPU = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.RSS = u.Maxrss << 10
	}
	return s, nil
}

// end ends a program that is asked to.
func end(c *exec.Cmd) error {
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.AfterFunc(5*time.Second, func() { c.Process.Kill() }) //nolint:errcheck // it may have ended
	defer timer.Stop()
	var exit *exec.ExitError
	if err := c.Wait(); err != nil && !errors.As(err, &exit) {
		return err
	}
	return nil
}
