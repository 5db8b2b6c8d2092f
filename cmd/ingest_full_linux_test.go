package cmd_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"firebreak/internal/testkit"
)

// TestFullDiskIngest lets the disk become full while a log is read into the
// timeline. That is said, what was there before stays as it was, and with room
// again the same command brings everything.
func TestFullDiskIngest(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a small file system")
	}
	roomy, times := newSmallBench(t)
	lines, few := 8000*times, 500*times // more than one segment of the timeline, and less
	if testkit.Soak() {
		lines = 400_000
	}
	small, large := writeLog(t, filepath.Join(roomy.dir, "small.log"), few, 1), writeLog(t, filepath.Join(roomy.dir, "large.log"), lines, 2)
	id := roomy.open("there is room")
	roomy.want(0, "ingest", id, small)
	before := eventsOf(t, roomy, id, "--limit", "0")
	had := used(t, roomy.home)
	roomy.want(0, "ingest", id, large)
	want := eventsOf(t, roomy, id, "--limit", "0")
	if len(want) != lines+few {
		t.Fatalf("%d events of %d lines", len(want), lines+few)
	}
	sealed, needed := used(t, filepath.Join(roomy.home, "incidents", id, "evidence")), used(t, roomy.home)-had

	b, _ := newSmallBench(t)
	disk := filepath.Join(b.dir, "small")
	if err := os.Mkdir(disk, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=512m"); err != nil {
		t.Skip("may not mount a file system here: " + err.Error())
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	b.home = filepath.Join(disk, "workspace")
	b.env = append(b.env, "FIREBREAK_HOME="+b.home) // the last one counts
	id = b.open("little room")
	b.want(0, "ingest", id, small)
	filler := filepath.Join(disk, "filler")
	there := len(before)
	// Room for the sealed evidence and a part of the timeline, then for less.
	rooms := []int64{sealed + (needed-sealed)/2, sealed / 2, 0}
	if raceDetector {
		rooms = rooms[:1]
	}
	for len(rooms) < testkit.Rounds(t, len(rooms), 40) {
		rooms = append(rooms, rand.Int64N(sealed+(needed-sealed)/2))
	}
	kept := 0
	for _, room := range rooms {
		fill(t, disk, filler, room)
		r := b.want(1, "ingest", id, large)
		says(t, r, "hint: free some space")
		b.verified(id)
		if r := b.run("search", id, "--limit", "10"); r.code != 0 { // SQLite wants room for its index of the log
			says(t, r, "hint: free some space")
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		b.verified(id)
		b.want(0, "check", id)
		got := eventsOf(t, b, id, "--limit", "0")
		for event, hash := range before {
			if got[event] != hash {
				t.Fatalf("with room for %d bytes, event %s of the log before is another one, or not there", room, event)
			}
		}
		for event, hash := range got {
			if want[event] != hash {
				t.Fatalf("with room for %d bytes, event %s is not what it is with more room", room, event)
			}
		}
		if len(got) < there {
			t.Fatalf("with room for %d bytes, %d events are left of %d", room, len(got), there)
		}
		kept += there
		there = len(got)
		t.Logf("with room for %d KiB: %d events of %d", room>>10, there, len(want))
	}
	b.want(0, "ingest", id, large)
	sameEvents(t, eventsOf(t, b, id, "--limit", "0"), want)
	b.verified(id)
	b.want(0, "check", id)
	testkit.Tell(t, testkit.Figure{
		Name: "disk full while a log is read", Rounds: len(rooms), Detected: testkit.N(len(rooms)), Lost: testkit.N(0), Acked: testkit.N(kept),
		Note: "acknowledged are the events that were there after one full disk and had to be there after the next; with room again the same command brought the rest",
	})
}

// used is how many bytes the files below a folder have.
func used(t *testing.T, dir string) int64 {
	t.Helper()
	n := int64(0)
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fill writes a file that leaves so much room on the disk.
func fill(t *testing.T, disk, file string, room int64) {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(disk, &s); err != nil {
		t.Fatal(err)
	}
	n := int64(s.Bavail)*s.Bsize - room
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Fallocate(int(f.Fd()), 0, 0, n); err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
