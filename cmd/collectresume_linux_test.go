package cmd_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// sources are what the last incident holds, and how often whole.
func (b *bench) sources() map[string]int {
	b.t.Helper()
	out := map[string]int{}
	for line := range strings.Lines(b.want(0, "show", "last", "evidence", "--json").out) {
		var x struct {
			Source     string   `json:"source"`
			Deviations []string `json:"deviations"`
		}
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			b.t.Fatalf("%v: %s", err, line)
		}
		if !slices.ContainsFunc(x.Deviations, func(d string) bool { return strings.Contains(d, "was cut in the middle") }) {
			out[x.Source]++
		}
	}
	return out
}

// Killed in the middle, a collection is gone on with: what it took whole is left
// out, and both containers together are everything.
func TestCollectResumed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	identity, to := b.keyPair()
	files := []string{b.noise("first", 3<<19), b.write("small", "small"), b.write("changed", "before"), b.noise("second", 3<<19), b.noise("big", 30<<20)}
	args := []string{"collect", "--recipient", to, "--collector", "linux.files"}
	for _, f := range files {
		args = append(args, "--file", f)
	}
	cut := func(name string, with os.Signal) int {
		t.Helper()
		c := b.command(t.Context(), append(args, "-q", "--to", name)...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		b.waitSize(name+".part", 18<<20)
		if err := c.Process.Signal(with); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait()
		return c.ProcessState.ExitCode()
	}
	cut("c", syscall.SIGKILL)
	if r := b.want(3, append(args, "--to", "c")...); !strings.Contains(r.err, "--resume-from c.taken") {
		t.Error(r.err)
	}
	list := readFile(t, filepath.Join(b.dir, "c.taken"))
	if strings.Contains(list, "first") || strings.Count(list, "\n") != 6 {
		t.Errorf("the list: %s", list)
	}
	b.write("changed", "after")
	b.want(2, append(args, "--to", "d", "--resume-from", files[1])...)
	b.want(2, append(args, "--to", "d", "--resume")...)
	r := b.want(0, append(args, "--to", "d", "--resume-from", "c.taken")...)
	if !strings.Contains(r.out, ", unchanged, which ") {
		t.Error(r.out)
	}
	if v := b.container(0, "d", identity); v.Items != 2 || v.Collection.Kept != 3 || len(v.Collection.Continues) != 1 || len(v.Kept) != v.Collection.Kept {
		t.Errorf("%+v", v)
	}
	for _, name := range []string{"d.taken", "d.part"} {
		if _, err := os.Lstat(filepath.Join(b.dir, name)); err == nil {
			t.Errorf("%s is still there", name)
		}
	}
	// The one without the other is told.
	b.want(0, "open", "a host that was killed")
	if r := b.want(0, "import", "last", "d", "--identity", identity); !strings.Contains(r.out+r.err, "import that too") {
		t.Error(r.out, r.err)
	}
	b.want(5, "import", "last", "c.part", "--identity", identity)
	got := b.sources()
	for _, f := range files {
		if want := map[bool]int{true: 2, false: 1}[f == files[2]]; got[f] != want {
			t.Errorf("%s: whole %d times, want %d", f, got[f], want)
		}
	}
	// A list that the desk makes has all of it; and an end in good order leaves one.
	b.want(5, "verify", "--container", "c.part", "--identity", identity, "--taken", "list")
	b.want(3, "verify", "--container", "c.part", "--identity", identity, "--taken", "list")
	b.want(2, "verify", "last", "--taken", "list2")
	desk := strings.Fields(readFile(t, filepath.Join(b.dir, "list")))
	for _, word := range strings.Fields(list) {
		if !slices.Contains(desk, word) {
			t.Errorf("the desk's list lacks %q", word)
		}
	}
	if code := cut("f", syscall.SIGINT); code != 5 && code != 130 {
		t.Errorf("interrupted: exit code %d", code)
	}
	if n := strings.Count(readFile(t, filepath.Join(b.dir, "f.taken")), "\n"); n != 6 {
		t.Errorf("after an end in good order the list has %d lines", n)
	}
	// Into an incident.
	if r := b.want(0, "collect", "last", "--collector", "linux.files", "--file", files[1], "--file", files[2], "--resume"); !strings.Contains(r.out, "left out   2 files") {
		t.Error(r.out)
	}
}
