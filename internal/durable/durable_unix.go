//go:build unix

package durable

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// OpenShared opens a file to be read, and keeps nobody from renaming or removing it
// meanwhile.
func OpenShared(path string) (*os.File, error) { return os.Open(path) } //nolint:gosec // the caller's own file

// Rename gives a file a name that may be taken. It does not wait for the disk.
func Rename(from, to string) error { return os.Rename(from, to) }

// ReplaceIn gives a file below root a name that may be taken.
func ReplaceIn(root *os.Root, from, to string) error { return root.Rename(from, to) }

// RemoveClaimed removes a file whose lock is held, and closes it. The name goes
// first: nobody takes it for an abandoned one.
func RemoveClaimed(f *os.File) error { return errors.Join(os.Remove(f.Name()), f.Close()) }

// SyncDir makes the names in a folder last.
func SyncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the caller's own folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// SyncIn is SyncDir for a folder below root.
func SyncIn(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Replace writes a small file. Its name leads to the whole of the old content
// or the whole of the new, and when it returns the new one is on the disk.
// Several may do so at once: the last one stays.
func Replace(path string, content []byte, mode os.FileMode) error {
	// Beside its place, and not in $TMPDIR: what is sealed must leave no copy elsewhere.
	if err := renameio.WriteFile(path, content, mode, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// Claim takes the lock of an open file, which lasts as long as the file is
// open, and says whether it was free.
func Claim(f *os.File) (bool, error) {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return false, nil
		}
		return err == nil, err
	}
}
