package forensics

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/windows"
)

// syncFile does nothing: it takes a right to write, which nobody has on a blob.
func syncFile(*os.Root, string) error { return nil }

// lockFile is where folders are locked: a byte of it for each.
const lockFile = ".lock"

// hold takes the lock of a folder of the locker, so that nobody else changes a
// blob and its key there meanwhile. It waits for it until ctx ends.
func hold(ctx context.Context, root *os.Root, folder string) (release func() error, err error) {
	number, err := strconv.ParseUint(folder, 16, 8)
	if err != nil {
		return nil, err
	}
	f, err := root.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{Offset: uint32(number)})
		if err == nil {
			return f.Close, nil // which gives the lock back
		}
		if !errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			return nil, errors.Join(err, f.Close())
		}
		t := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, errors.Join(context.Cause(ctx), f.Close())
		case <-t.C:
		}
	}
}
