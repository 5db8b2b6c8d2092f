package drill

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock waits for the file to be ours alone. Closing the file gives it back.
func lock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &windows.Overlapped{})
}
