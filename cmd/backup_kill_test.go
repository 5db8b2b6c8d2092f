package cmd_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"firebreak/internal/testkit"
)

// stopped starts a run, ends it after a while, and returns its exit code.
func (b *bench) stopped(signal os.Signal, after time.Duration, args ...string) (code int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := b.command(ctx, args...)
	if err := c.Start(); err != nil {
		b.t.Fatal(err)
	}
	time.Sleep(after) // any moment will do
	_ = c.Process.Signal(signal)
	_ = c.Wait() // its exit code says it
	return c.ProcessState.ExitCode()
}

// moments are the times after which runs are stopped: from before anything was
// done to after the end.
func moments() []time.Duration {
	n := 12
	if testkit.Soak() {
		n = 100
	}
	var out []time.Duration
	for i := range n {
		out = append(out, time.Duration(i)*480*time.Millisecond/time.Duration(n))
	}
	return out
}

// TestStoppedRestore stops and kills restores at many moments: the incident is
// there whole or not at all, and a second try ends well.
func TestStoppedRestore(t *testing.T) {
	t.Parallel()
	b, id, file, identity := backup(t)
	for n, after := range moments() {
		signal := []os.Signal{os.Kill, os.Interrupt}[n%2]
		c := b.elsewhere(fmt.Sprint("machine-", n))
		code := c.stopped(signal, after, "restore", file, "--identity", identity)
		if _, err := os.Stat(c.in(id)); err == nil {
			c.want(0, "verify", id)
			c.want(0, "check", id, "--read-data")
		} else {
			if code == 0 {
				t.Errorf("after %s: exit 0, and nothing is there", after)
			}
			c.want(0, "restore", file, "--identity", identity)
		}
		c.want(0, "note", id, "gone on with")
		if _, err := os.Stat(c.in(id, "timeline.db")); err != nil {
			c.want(0, "ingest", id, "--rebuild")
		}
		c.want(0, "search", id, "")
		c.verified(id)
		c.nothingLeft()
	}
}

// TestStoppedReplace kills restores over an incident: one of the two is there
// afterwards, whole, and nothing is lost.
func TestStoppedReplace(t *testing.T) {
	t.Parallel()
	b, id, file, identity := backup(t)
	for _, after := range moments() {
		b.stopped(os.Kill, after, "restore", file, "--identity", identity, "--replace", "--accept-older", "--reason", "a test")
		if _, err := os.Stat(b.in(id)); err != nil { // between the two renames
			aside, err := filepath.Glob(filepath.Join(b.home, "incidents", ".replaced-"+id+"-*"))
			if err != nil || len(aside) == 0 {
				t.Fatalf("neither is there: %v", err)
			}
			b.want(0, "restore", file, "--identity", identity, "--accept-older", "--reason", "a test")
		} else if r := b.run("verify", id); r.code != 0 { // in its place, and not yet recorded
			tells(t, r, "this workspace has seen")
			b.want(0, "repair", id, "--accept-older", "--reason", "a test", "--yes")
		}
		b.verified(id)
		b.want(0, "note", id, "gone on with")
		b.nothingLeft()
	}
}

// TestStoppedRepair kills repairs of a damaged database at many moments; the
// last one ends well.
func TestStoppedRepair(t *testing.T) {
	t.Parallel()
	b, id, _, _ := backup(t)
	for n := range 40 {
		b.want(0, "note", id, fmt.Sprint("note ", n))
	}
	whole := filepath.Join(b.dir, "whole")
	if err := os.CopyFS(whole, os.DirFS(b.in(id))); err != nil {
		t.Fatal(err)
	}
	for _, after := range moments() {
		if err := os.RemoveAll(b.in(id)); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(b.in(id), os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		b.scribble(id)
		b.hand(id, "DELETE FROM tree WHERE id > 20", "UPDATE entries SET kind = 'note' WHERE seq = 2")
		for range 3 {
			b.stopped(os.Kill, after, "repair", id, "--yes")
		}
		b.want(0, "repair", id, "--yes")
		b.verified(id)
		if c := b.check(0, id, "--read-data"); len(c.Problems) > 0 {
			t.Errorf("after %s: %+v", after, c.Problems)
		}
	}
}
