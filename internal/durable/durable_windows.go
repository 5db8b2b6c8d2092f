package durable

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

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
	return os.Rename(tmp.Name(), path)
}

// Claim takes the lock of an open file, which lasts as long as the file is
// open, and says whether it was free.
func Claim(f *os.File) (bool, error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{})
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
	return windows.MoveFileEx(from, name, windows.MOVEFILE_WRITE_THROUGH)
}

// replace gives an open file a name that may be taken.
func replace(f *os.File, to string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), to)
}

// shut does nothing: rename did.
func shut(*os.File) error { return nil }
