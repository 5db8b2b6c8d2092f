package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// A byte far behind the holder's name: Windows locks are mandatory, and those
// who wait must be able to read the name.
const lockedByte = 1 << 30

// tryLock takes the lock or returns errBusy at once.
func tryLock(f *os.File) error {
	o := &windows.Overlapped{Offset: lockedByte}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, o)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errBusy
	}
	return err
}

func unlock(f *os.File) error {
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &windows.Overlapped{Offset: lockedByte})
}
