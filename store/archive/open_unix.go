//go:build unix

package archive

import (
	"os"

	"golang.org/x/sys/unix"
)

// openPlain opens a file that is to be backed up: no link is followed at its
// name, and a pipe does not make it wait.
func openPlain(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0) //nolint:gosec // the caller lists the workspace's own files
}
