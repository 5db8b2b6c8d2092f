package forensics

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

// plainRoot is the root of the drive that Windows lies on.
func plainRoot() (string, bool) {
	dir, err := windows.GetSystemWindowsDirectory()
	if err != nil || filepath.VolumeName(dir) == "" {
		return "", false
	}
	return filepath.VolumeName(dir) + `\`, true
}
