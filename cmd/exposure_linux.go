package cmd

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// exposures are the ways in which what is in memory can end on a disk: swap,
// and core dumps of processes that hold no keys yet.
func exposures() (swap, core string) {
	if b, err := os.ReadFile("/proc/swaps"); err == nil {
		var on []string
		for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
			f := strings.Fields(line)
			if i > 0 && len(f) > 0 && !strings.HasPrefix(f[0], "/dev/zram") {
				on = append(on, f[0])
			}
		}
		if len(on) > 0 {
			swap = "swap is on (" + strings.Join(on, ", ") + "): what is in memory, keys too, may be written there; encrypt it, or swapoff -a"
		}
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return swap, fmt.Sprintf("whether core dumps are allowed cannot be seen: %v", err)
	}
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err == nil && (limit.Cur > 0 || strings.HasPrefix(string(pattern), "|")) {
		core = "this machine keeps core dumps (" + strings.TrimSpace(string(pattern)) + "); firebreak forbids its own once it holds keys"
	}
	return swap, core
}
