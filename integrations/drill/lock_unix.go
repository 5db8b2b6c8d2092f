//go:build unix

package drill

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock waits for the file to be ours alone. Closing the file gives it back.
func lock(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
