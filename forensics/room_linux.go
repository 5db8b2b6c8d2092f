package forensics

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeBytes is the room an unprivileged writer has on f's file system.
func freeBytes(f *os.File) (int64, bool) {
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &s); err != nil || s.Blocks == 0 {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true //nolint:gosec // block counts of real disks stay below 2^53
}
