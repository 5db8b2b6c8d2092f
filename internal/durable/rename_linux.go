package durable

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// rename gives a file a name that must be free.
func rename(f *os.File, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, f.Name(), unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // the file system does not know how
		return renameFree(f.Name(), to)
	}
	return err
}
