package cmd_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
)

// TestTogether lets several processes write to the same incident at once.
func TestTogether(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd process")
	const writers, each = 4, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				if r := b.run("note", id, fmt.Sprintf("note %d of writer %d.", n, w)); r.code != 0 {
					t.Errorf("note %d of writer %d: exit %d: %s", n, w, r.code, r.err)
				}
			}
		})
	}
	wg.Wait()
	var all strings.Builder
	acts := b.activity(id)
	for i, a := range acts {
		if a.Seq != int64(i+1) {
			t.Fatalf("entry %d has the number %d", i+1, a.Seq)
		}
		all.WriteString(a.Text + "\n")
	}
	if len(acts) != 1+writers*each {
		t.Errorf("%d entries, want %d", len(acts), 1+writers*each)
	}
	for w := range writers {
		for n := range each {
			if text := fmt.Sprintf("note %d of writer %d.", n, w); strings.Count(all.String(), text) != 1 {
				t.Errorf("%q is there %d times", text, strings.Count(all.String(), text))
			}
		}
	}
	b.verified(id)
}

// TestRunAndNote takes notes while another process performs the run, and lets
// two processes perform the same run: each step happens once.
func TestRunAndNote(t *testing.T) {
	t.Parallel()
	v := newVendors(t, 0)
	b := newBench(t, v.env...)
	b.write(".config/firebreak/config.yaml", v.config())
	book := b.write("fast.yaml", readFile(t, "testdata/fast.yaml"))
	id := b.open("odd process", "--playbook", book)
	b.want(0, "step", "done", id, "look", "--answer", "address=203.0.113.66")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if r := b.run("run", id, "--auto"); r.code != 0 {
				t.Errorf("run --auto: exit %d: %s%s", r.code, r.out, r.err)
			}
		})
	}
	for n := range 10 {
		b.want(0, "note", id, fmt.Sprintf("note %d.", n))
	}
	wg.Wait()
	b.want(0, "run", id, "--auto")
	b.want(0, "step", "done", id, "clean")
	b.want(0, "run", id, "--auto")
	var s snapshot
	b.into(&s, "show", id)
	for _, step := range []string{"take", "page", "tell", "comment"} {
		if !s.stepIs(step, "done") {
			t.Errorf("step %s is not done", step)
		}
	}
	for path, n := range (&killing{vendors: v}).sent() {
		if n != 1 {
			t.Errorf("%s received %d writes, want 1", path, n)
		}
	}
	b.verified(id)
}

// TestInterrupt stops a collection with Ctrl-C: what is sealed stays.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.open("odd process")
	big := b.write("big.log", strings.Repeat("Nov 20 03:12:01 web-1 sshd[4711]: a line of a long log\n", 200_000))
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	args := []string{"collect", id, "--collector", "linux.system,linux.mounts,linux.listing", "--path", "/usr", "--path", "/etc", "--file", big}
	c := b.command(ctx, args...)
	said, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	one := make([]byte, 1)
	if _, err := said.Read(one); err != nil { // its first word of progress: it is at work
		t.Fatal(err)
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(said)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // its exit code says it
	if code := c.ProcessState.ExitCode(); code != 130 {
		t.Fatalf("exit %d, want 130: %s%s", code, one, rest)
	}
	b.verified(id)
	before := len(b.activity(id))
	b.want(0, "collect", id, "--collector", "linux.system")
	if after := len(b.activity(id)); after <= before {
		t.Errorf("%d entries after the second collection, %d before", after, before)
	}
	b.verified(id)
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
