//go:build !linux && !windows

package forensics

import "runtime"

// plainRoot is the root of the disk, on systems whose files are known here.
func plainRoot() (string, bool) { return "/", runtime.GOOS == "darwin" }
