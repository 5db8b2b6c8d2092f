package events

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that fills up while a file is appended: the error says so, what was
// written stays, and with room again the file is appended to its end.
func TestFullDiskWhileAppending(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a small tmpfs")
	}
	disk := t.TempDir()
	o, times := fewOptions()
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%dk", 1400*times)); err != nil {
		t.Skipf("cannot mount a tmpfs here: %v", err)
	}
	defer func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	db, err := Open(t.Context(), filepath.Join(disk, "timeline.db"), o)
	if err != nil {
		t.Fatal(err)
	}
	defer closeTest(t, db)
	mustAppend(t, db, lines("before", 0, 1000))
	n := 60_000 * times
	a := db.NewAppender(t.Context())
	for from := 0; from < n; from += 5000 {
		if err = a.Add(lines("e1", from, 5000)); err != nil {
			break
		}
	}
	added, closed := a.Close()
	if !errors.Is(closed, ErrDiskFull) || err != nil && !errors.Is(err, ErrDiskFull) {
		t.Errorf("add: %v; close: %d, %v", err, added, closed)
	}
	if added == 0 {
		t.Error("nothing was added before the disk was full")
	}
	mustTotal(t, db, 1000+added)
	if n, err := db.CountExhibit(t.Context(), "before"); n != 1000 || err != nil {
		t.Errorf("of what was there before, %d are left, %v", n, err)
	}
	if err := unix.Mount("", disk, "", unix.MS_REMOUNT, "size=300m"); err != nil {
		t.Fatal(err)
	}
	if again := appendLines(t, db, "e1", n, 2); again != int64(n)-added {
		t.Errorf("with room again %d were added, want %d", again, int64(n)-added)
	}
	mustTotal(t, db, int64(1000+n))
}
