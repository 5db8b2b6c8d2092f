//go:build unix && !linux

package cmd

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// harden keeps the memory of this process, which is about to hold keys, out of
// core dumps.
func harden() error {
	none := unix.Rlimit{}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &none); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	return nil
}
