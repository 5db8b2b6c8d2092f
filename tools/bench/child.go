package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sample is what one run of a program cost: CPU with that of its own children,
// RSS the greatest that one of them had.
type sample struct {
	Wall, CPU time.Duration
	RSS       int64
	Out       string
	Lines     int // that it printed
}

// job is a command to be timed.
type job struct {
	args []string
	dir  string
	env  []string
	in   string   // file for its standard input
	hide []string // folders that are empty to it
	ok   []int    // exit codes besides 0 that are no failure: grep's 1
}

// keep is how much of a program's output is kept.
const keep = 1 << 20

// run runs it to its end. A child's RSS is never less than that of its parent
// when it was forked, so this process has to stay small.
func run(ctx context.Context, j job) (sample, error) {
	c := exec.CommandContext(ctx, j.args[0], j.args[1:]...)
	if len(j.hide) > 0 {
		if err := hiding(c, j.hide); err != nil {
			return sample{}, err
		}
	}
	c.Dir, c.Env = j.dir, j.env
	var out, errs bytes.Buffer
	said := &limited{w: &out, left: keep}
	c.Stdout, c.Stderr = said, &limited{w: &errs, left: 4 << 10}
	if j.in != "" {
		in, err := os.Open(j.in)
		if err != nil {
			return sample{}, err
		}
		defer in.Close() //nolint:errcheck // it is only read
		c.Stdin = in
	}
	began := now()
	err := c.Run()
	s := sample{Wall: now().Sub(began), Out: out.String(), Lines: said.lines}
	if c.ProcessState != nil {
		s.CPU = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
		if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
			s.RSS = u.Maxrss << 10
		}
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && slices.Contains(j.ok, exit.ExitCode()) {
		err = nil
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w: %s", strings.Join(j.args, " "), err, strings.TrimSpace(errs.String()))
	}
	return s, nil
}

// limited keeps the first bytes and counts the lines of the rest.
type limited struct {
	w     io.Writer
	left  int
	lines int
}

func (l *limited) Write(p []byte) (int, error) {
	l.lines += bytes.Count(p, []byte("\n"))
	n := min(len(p), l.left)
	l.left -= n
	if _, err := l.w.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// middle is the median of each figure by itself.
func middle(of []sample) sample {
	if len(of) == 0 {
		return sample{}
	}
	var wall, cpu []time.Duration
	var rss []int64
	for _, s := range of {
		wall, cpu, rss = append(wall, s.Wall), append(cpu, s.CPU), append(rss, s.RSS)
	}
	slices.Sort(wall)
	slices.Sort(cpu)
	slices.Sort(rss)
	n := len(of) / 2
	last := of[len(of)-1]
	return sample{wall[n], cpu[n], rss[n], last.Out, last.Lines}
}
