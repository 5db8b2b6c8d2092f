//go:build !linux

package cmd

import (
	"fmt"
	"os"
	"time"
)

var started = time.Now() //nolint:forbidigo,gochecknoglobals // the process's own clock

// monotonic is the time since this process started; the process stands for the
// boot where the system does not name one.
func monotonic() (ns int64, boot string) {
	return int64(time.Since(started)), fmt.Sprintf("process %d", os.Getpid())
}
