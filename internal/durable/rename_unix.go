//go:build unix

package durable

import (
	"io/fs"
	"os"
)

// renameFree looks whether the name is free, and renames then.
func renameFree(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

// replace gives a file a name that may be taken.
func replace(f *os.File, to string) error { return os.Rename(f.Name(), to) }

// shut closes the file that rename has named.
func shut(f *os.File) error { return f.Close() }
