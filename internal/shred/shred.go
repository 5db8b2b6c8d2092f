// Package shred destroys files: it overwrites them with zeros, brings the zeros
// to the disk, and removes the name.
//
// That is as much as a program can do. A file system that writes elsewhere
// (btrfs, ZFS, snapshots) and flash storage may keep the old bytes where no
// program reaches them; only encryption helps there.
package shred

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"firebreak/internal/durable"
)

// File destroys the file at path. One that is not there is fine. Of what is no
// regular file, as a symbolic link, only the name goes.
func File(path string) error {
	root, err := os.OpenRoot(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("destroy: %w", err)
	}
	return errors.Join(In(root, filepath.Base(path)), root.Close())
}

// In is File for a name below root.
func In(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode().IsRegular() {
		err = zero(root, name, info)
	}
	if err == nil {
		err = root.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("destroy %s: %w", name, err)
	}
	return durable.SyncIn(root, filepath.Dir(name))
}

// zero overwrites what is there now, and not what somebody may put in its place.
func zero(root *os.Root, name string, info fs.FileInfo) error {
	const ownerWrites = 0o200
	if info.Mode().Perm()&ownerWrites == 0 {
		if err := root.Chmod(name, info.Mode().Perm()|ownerWrites); err != nil {
			return err
		}
	}
	f, err := root.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(now, info) {
		err = errors.New("it was replaced meanwhile")
	}
	if err == nil {
		_, err = io.CopyN(f, zeros{}, now.Size())
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Folder destroys every file below path, and the folders.
func Folder(path string) error {
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return File(p)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("destroy %s: %w", path, err)
	}
	return os.RemoveAll(path)
}

// zeros is an endless run of zero bytes.
type zeros struct{}

// Read fills p with zeros.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
