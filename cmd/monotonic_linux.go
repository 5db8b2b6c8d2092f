package cmd

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// monotonic is the time since boot, suspension included, and which boot that
// was. Together they order entries when the wall clock lies.
func monotonic() (ns int64, boot string) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0, ""
	}
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ts.Nano(), ""
	}
	return ts.Nano(), strings.TrimSpace(string(b))
}
