//go:build unix

package response

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// share takes part in the use of the workspace until the returned function is
// called: nobody can change its keys meanwhile. It is the lock of a folder, so
// that a plain workspace looks as it always did.
func share(home string) (leave func(), err error) {
	return held(home, unix.LOCK_SH, "its keys are being changed by another process: wait until that has ended")
}

// alone waits for nobody: it is refused while another process uses the
// workspace.
func alone(home string) (leave func(), err error) {
	return held(home, unix.LOCK_EX, "another firebreak has it open: leave that first")
}

func held(home string, how int, why string) (func(), error) {
	d, err := os.Open(keysDir(home))
	if err != nil {
		return nil, fmt.Errorf("lock workspace: %w", err)
	}
	err = unix.Flock(int(d.Fd()), how|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		_ = d.Close() // the lock is the error to report
		return nil, refused(why, "the workspace is in use")
	}
	if err != nil && how == unix.LOCK_EX { // a file system without locks cannot be shared either
		_ = d.Close() // as above
		return nil, fmt.Errorf("lock workspace: %w", err)
	}
	return func() { _ = d.Close() }, nil // closing gives the lock back
}
