//go:build unix

package cmd

import (
	"fmt"
	"os"
	"syscall"
)

// again replaces this process by the same program with other arguments: what
// it had in memory is gone. It returns only when that fails.
func again(args []string) error {
	path, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if err := syscall.Exec(path, append([]string{os.Args[0]}, args...), os.Environ()); err != nil { //nolint:gosec // this program itself
		return fmt.Errorf("start %s again: %w", path, err)
	}
	return nil
}
