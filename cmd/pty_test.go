package cmd_test

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/creack/pty"
)

// TestSilentTerminal asks for the version on a terminal that answers no query.
// A program that asks it for its colours waits five seconds for nothing; the
// bound is well below that, and far above what starting a process takes.
func TestSilentTerminal(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--version"}, {"version"}, {"list"}, {"--help"}} {
		b := newBench(t)
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		fastest := limit
		for range 3 { // a busy machine may be slow once
			took, out := onSilentTerminal(t, b.command(ctx, args...))
			if bytes.ContainsRune(out, '\x1b') {
				t.Errorf("%v asks the terminal or colours a plain line: %q", args, out)
			}
			if fastest = min(fastest, took); fastest < 2*time.Second {
				break
			}
		}
		if fastest >= 2*time.Second {
			t.Errorf("%v took %s on a terminal that answers nothing", args, fastest)
		}
	}
}

func onSilentTerminal(t *testing.T, c *exec.Cmd) (time.Duration, []byte) {
	t.Helper()
	began := time.Now()
	tty, err := pty.Start(c)
	if err != nil {
		t.Skip("no pseudo-terminal here: " + err.Error())
	}
	defer tty.Close() //nolint:errcheck // all was read
	var out bytes.Buffer
	_, _ = io.Copy(&out, tty) // ends with EIO when the program is gone
	if err := c.Wait(); err != nil {
		t.Errorf("%v: %v\n%s", c.Args, err, out.String())
	}
	return time.Since(began), out.Bytes()
}
