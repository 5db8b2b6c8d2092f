package forensics

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// tinyDisk mounts a tmpfs of a megabyte; only root can.
func tinyDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		t.Skip("mounting needs root")
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("mount tmpfs: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

func TestDiskFull(t *testing.T) {
	for name, reserve := range map[string]int64{"reserve": 256 << 10, "no reserve": 0} {
		t.Run(name, func(t *testing.T) {
			l := NewLocker(tinyDisk(t), key)
			l.Reserve = reserve
			kept := seal(t, l, noise(t, 100<<10))
			_, err := l.Seal(t.Context(), bytes.NewReader(noise(t, 9<<20)), record.Exhibit{Source: "/var/log/big"})
			if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "/var/log/big") {
				t.Errorf("error %v", err)
			}
			if files := lockerFiles(t, l); len(files) != 1 {
				t.Errorf("left %v", files)
			}
			if check, err := l.Check(t.Context(), kept); err != nil || !check.OK {
				t.Errorf("the sealed one: %+v, %v", check, err)
			}
			seal(t, l, []byte("room for a little one"))
		})
	}
}

// A full disk ends a collection with an error, keeps what was sealed, and says
// that it was cut.
func TestCollectOnFullDisk(t *testing.T) {
	small, big := write(t, "small", []byte("small")), write(t, "big", noise(t, 5<<20))
	l := NewLocker(tinyDisk(t), key)
	l.Reserve = 0
	got, sum, err := take(t, Options{Sink: l, Collectors: []string{"linux.mounts"}, Files: []string{small, big, small}})
	if !errors.Is(err, ErrFull) {
		t.Errorf("error %v", err)
	}
	if len(got) != 2 || sum.Exhibits != 2 || !strings.Contains(sum.Cut, "no room") {
		t.Errorf("%d exhibits, %+v", len(got), sum)
	}
}
