package cmd_test

import (
	"os"
	"syscall"
)

func peakOf(s *os.ProcessState) int64 {
	u, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return int64(u.Maxrss) << 10 //nolint:unconvert // its type differs between machines
}
