package cmd_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFullDisk works on a file system that has no room left.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a small file system")
	}
	b := newBench(t)
	small := filepath.Join(b.dir, "small")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=6m"); err != nil {
		t.Skip("may not mount a file system here: " + err.Error())
	}
	t.Cleanup(func() {
		if err := unix.Unmount(small, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	b.home = filepath.Join(small, "workspace")
	b.env = plainEnv(b.dir, b.home)
	id := b.open("odd process")
	b.want(0, "note", id, "before the disk was full")
	noise := make([]byte, 8<<20) // random, so that it cannot be compressed
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	big := b.write("big.log", string(noise))
	says(t, b.want(1, "ingest", id, big), "hint: free some space")
	b.verified(id)
	says(t, b.want(1, "collect", id, "--collector", "linux.system", "--file", big), "hint: free some space")
	b.verified(id)

	// Not a byte is left.
	stuff, err := os.Create(filepath.Join(small, "stuff"))
	if err != nil {
		t.Fatal(err)
	}
	for chunk := noise[:64<<10]; len(chunk) > 0; {
		if _, err := stuff.Write(chunk); errors.Is(err, syscall.ENOSPC) {
			chunk = chunk[:len(chunk)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := stuff.Close(); err != nil {
		t.Fatal(err)
	}
	acked := 0
	for n := range 200 {
		r := b.run("note", id, fmt.Sprintf("note %d %s", n, strings.Repeat("x", 4000)))
		if r.code != 0 {
			says(t, r, "hint: free some space")
			break
		}
		acked++
	}
	if acked == 200 {
		t.Fatal("the disk never became full")
	}
	b.verified(id)
	b.want(0, "show", id)
	says(t, b.want(1, "open", "another one"), "no space left")
	says(t, b.want(1, "review", id), "hint: free some space")
	says(t, b.want(1, "ingest", id, b.write("small.log", "one line\n")), "hint: free some space")
	b.want(0, "list")

	// Room again: the work goes on, and all that was acknowledged is there.
	if err := os.Remove(stuff.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	b.want(0, "note", id, "after it")
	b.verified(id)
	notes := 0
	for _, a := range b.activity(id) {
		if a.Kind == "note" {
			notes++
		}
	}
	if notes != acked+2 {
		t.Errorf("%d notes, want %d", notes, acked+2)
	}
	b.open("another one")
}

// TestFullDiskKeepsTheDecision: with the disk full to the last block, that it
// is full and what is decided about it still go into the record, and the
// responder is told that this was the last room.
func TestFullDiskKeepsTheDecision(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a small file system")
	}
	b := newBench(t)
	small := filepath.Join(b.dir, "small")
	if err := os.Mkdir(small, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=24m"); err != nil {
		t.Skip("may not mount a file system here: " + err.Error())
	}
	t.Cleanup(func() {
		if err := unix.Unmount(small, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	b.home = filepath.Join(small, "workspace")
	b.env = plainEnv(b.dir, b.home)
	id := b.open("odd process")
	for _, c := range []struct {
		args []string
		says string
	}{{[]string{"doctor"}, "MiB free on the disk"}, {[]string{"show", id, "--json"}, `"low_room":"2`}, {[]string{"show", id}, "low disk: 2"}} {
		if r := b.want(0, c.args...); !strings.Contains(r.out, c.says) {
			t.Errorf("firebreak %s does not say %q: %s", strings.Join(c.args, " "), c.says, r.out)
		}
	}
	stuff, err := os.Create(filepath.Join(small, "stuff"))
	if err != nil {
		t.Fatal(err)
	}
	for chunk := make([]byte, 64<<10); len(chunk) > 0; {
		if _, err := stuff.Write(chunk); errors.Is(err, syscall.ENOSPC) {
			chunk = chunk[:len(chunk)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if err := stuff.Close(); err != nil {
		t.Fatal(err)
	}
	says(t, b.want(0, "note", id, "--decision", "we stop collecting and free the disk"), "warning: "+id+": the disk is full or almost full")
	says(t, b.want(0, "note", id, "and so we did"), "the reserve is given up")
	b.verified(id)
	said := map[string]int{}
	for _, a := range b.activity(id) {
		said[a.Kind]++
	}
	if said["note"] != 2 || said["disk.full"] != 1 {
		t.Errorf("recorded %v", said)
	}
	if err := os.Remove(stuff.Name()); err != nil {
		t.Fatal(err)
	}
	if r := b.want(0, "note", id, "room again"); r.err != "" {
		t.Errorf("with room again: %s", r.err)
	}
	if _, err := os.Stat(filepath.Join(b.home, "incidents", id, "ballast")); err != nil {
		t.Error(err)
	}
}
