package mishap

import "golang.org/x/sys/unix"

// older are calls that newer machines no longer have.
func older() map[uintptr]call {
	return map[uintptr]call{unix.SYS_RENAME: {Rename, 1}, unix.SYS_UNLINK: {Remove, 0}}
}
