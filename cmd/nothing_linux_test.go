package cmd_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestNothingFound tells a person who looks that there is nothing, and why;
// a program reads nothing.
func TestNothingFound(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("quiet")
	if r := b.want(0, "search", "last", "x"); r.out != "" || r.err != "" {
		t.Errorf("a program reads %q and %q", r.out, r.err)
	}
	if r := b.onTerminal(nil, "search", "last", "x"); !strings.Contains(r.out, "the timeline is empty") {
		t.Errorf("a person reads %q", r.out)
	}
	b.want(0, "ingest", "last", b.write("auth.log", sqlLog))
	for _, end := range []string{"--end", "--local"} {
		if r := b.onTerminal(nil, "search", "last", "x", end); !strings.Contains(r.out, "none of 3 events matches") {
			t.Errorf("%s: a person reads %q", end, r.out)
		}
	}
}

// TestSilentInput stops commands that wait for an input that says nothing.
func TestSilentInput(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.open("quiet")
	for _, args := range [][]string{{"sql", "last"}, {"sweep", "last", "-"}, {"ingest", "last", "-"}, {"parse", "-"}, {"parse", "--events", "-"}, {"note", "last", "-"}} {
		if code := b.waiting(args...); code != 130 {
			t.Errorf("%q: exit %d, want 130", args, code)
		}
	}
}

// waiting runs the program with an input that gives a line and then nothing,
// interrupts it when it has read the line, and returns its exit code.
func (b *bench) waiting(args ...string) int {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	in, out, err := os.Pipe()
	if err != nil {
		b.t.Fatal(err)
	}
	defer in.Close()  //nolint:errcheck // the test's own
	defer out.Close() //nolint:errcheck // the test's own
	if _, err := out.WriteString("a line\n"); err != nil {
		b.t.Fatal(err)
	}
	c := b.command(ctx, args...)
	c.Stdin = in
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	for left := 1; left > 0 && ctx.Err() == nil; time.Sleep(time.Millisecond) {
		if left, err = unix.IoctlGetInt(int(out.Fd()), unix.TIOCINQ); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		b.t.Fatal(err)
	}
	_ = c.Wait() // its exit code says it
	return c.ProcessState.ExitCode()
}
