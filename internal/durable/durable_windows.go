package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/windows"
)

// OpenShared opens a file to be read, and keeps nobody from renaming or removing it
// meanwhile.
func OpenShared(path string) (*os.File, error) {
	dir, err := os.OpenRoot(filepath.Dir(path)) // what is opened below a root is shared so
	if err != nil {
		return os.Open(path) //nolint:gosec // the caller's own file
	}
	defer func() { _ = dir.Close() }() // it was read only
	return dir.Open(filepath.Base(path))
}

// Rename gives a file a name that may be taken. It does not wait for the disk.
func Rename(from, to string) error {
	return patiently(func() error { return os.Rename(from, to) })
}

// ReplaceIn gives a file below root a name that may be taken. No file replaces one
// that is read-only: that is made writable before.
func ReplaceIn(root *os.Root, from, to string) error {
	return patiently(func() error {
		err := root.Rename(from, to)
		if errors.Is(err, fs.ErrPermission) && root.Chmod(to, 0o600) == nil {
			err = root.Rename(from, to)
		}
		return err
	})
}

// patiently does again for two seconds what somebody stands in the way of: virus
// scanners and indexers open what was just written.
func patiently(do func() error) error {
	err := do()
	for wait := time.Millisecond; wait < time.Second && (errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)); wait *= 2 {
		time.Sleep(wait)
		err = do()
	}
	return err
}

// RemoveClaimed closes a file whose lock is held, and removes it: a file that is
// open cannot be removed. Who claims it in between may remove it, too.
func RemoveClaimed(f *os.File) error {
	err := f.Close()
	if gone := os.Remove(f.Name()); !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// SyncDir does nothing: there is no such call, and NTFS journals names.
func SyncDir(string) error { return nil }

// SyncIn does nothing, as SyncDir.
func SyncIn(*os.Root, string) error { return nil }

// Replace writes a small file. Its name leads to the whole of the old content
// or the whole of the new. Several may do so at once: the last one stays.
func Replace(path string, content []byte, mode os.FileMode) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return Rename(tmp.Name(), path)
}

// Claim takes the lock of an open file, which lasts as long as the file is
// open, and says whether it was free. Locks are mandatory there, so what is locked
// is a byte behind all that files hold.
func Claim(f *os.File) (bool, error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 30})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}

// rename gives an open file a name that must be free. An open file cannot be
// renamed there, so it is closed first, and with that its lock is gone: who
// takes the working name up in between makes the rename fail.
func rename(f *os.File, to string) error {
	if err := f.Close(); err != nil {
		return err
	}
	from, err := windows.UTF16PtrFromString(f.Name())
	if err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	return patiently(func() error { return windows.MoveFileEx(from, name, windows.MOVEFILE_WRITE_THROUGH) })
}

// replace gives an open file a name that may be taken.
func replace(f *os.File, to string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return Rename(f.Name(), to)
}

// shut does nothing: rename did.
func shut(*os.File) error { return nil }
