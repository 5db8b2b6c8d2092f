package forensics

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// locks says whether claim can tell an abandoned file from one in use.
const locks = false

// claim takes nothing: the exclusive name is what makes a file its maker's.
func claim(*os.File) (bool, error) { return true, nil }

// syncFile does nothing: it takes a right to write, which nobody has on a blob.
func syncFile(*os.Root, string) error { return nil }

// hold takes the lock of a folder of the locker, a file in it, so that nobody
// else changes a blob and its key there meanwhile. It waits for it until ctx
// ends.
func hold(ctx context.Context, root *os.Root, folder string) (release func() error, err error) {
	f, err := root.OpenFile(folder+"/.lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{})
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
