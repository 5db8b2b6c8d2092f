package cmd_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// peak runs a program and writes to the file that is its first argument how much
// memory it had at most. It is a process of its own because a child's figure is
// never less than what its parent had when it was forked, and the tests' own
// process is large.
func peak() {
	c := exec.Command(os.Args[2], os.Args[3:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(126)
	}
	if err := os.WriteFile(os.Args[1], []byte(strconv.FormatInt(peakOf(c.ProcessState), 10)), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(126)
	}
	os.Exit(c.ProcessState.ExitCode())
}

// measured runs the program and says how much memory it had at most, 0 where
// that cannot be known.
func (b *bench) measured(args ...string) (r result, most int64) {
	b.t.Helper()
	file := filepath.Join(b.dir, "peak")
	c := b.command(b.t.Context())
	path, err := exec.LookPath("peak")
	if err != nil {
		b.t.Fatal(err)
	}
	c.Path, c.Args = path, append([]string{"peak", file, "firebreak"}, args...)
	r = b.finish(c, args)
	text, err := os.ReadFile(file)
	if err != nil {
		b.t.Fatal(err)
	}
	if most, err = strconv.ParseInt(string(text), 10, 64); err != nil {
		b.t.Fatal(err)
	}
	return r, most
}
