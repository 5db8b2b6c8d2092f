package cmd

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// harden keeps the memory of this process, which is about to hold keys, out of
// core dumps and from other processes of the same user. Root reads it still.
func harden() error {
	none := unix.Rlimit{}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &none); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("close the memory to others: %w", err)
	}
	return nil
}
