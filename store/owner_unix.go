//go:build unix

package store

import (
	"errors"

	"golang.org/x/sys/unix"
)

// running asks the kernel; a process of another user answers with EPERM.
func running(pid int) bool {
	err := unix.Kill(pid, 0)
	return err == nil || errors.Is(err, unix.EPERM)
}
