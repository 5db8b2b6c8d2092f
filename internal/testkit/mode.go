package testkit

import (
	"io/fs"
	"runtime"
)

// Mode is how the system shows a mode that was asked for: Windows knows only
// whether a file may be written to.
func Mode(asked fs.FileMode) fs.FileMode {
	if runtime.GOOS == "windows" {
		return asked | asked.Perm()>>3 | asked.Perm()>>6
	}
	return asked
}
