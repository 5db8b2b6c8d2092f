package forensics

import (
	"os"
	"path/filepath"
	"strings"

	"firebreak/forensics/formats/registry"
)

// systemIn says whose disk is mounted below a folder: windows, darwin, or "" for
// Linux's and for what is not known. Where two systems lie in each other, as a
// mounted second disk, the outer one counts.
func systemIn(folder string) string {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return ""
	}
	defer func() { _ = root.Close() }()
	has := func(names ...string) bool {
		_, ok := folded(root, names...)
		return ok
	}
	switch {
	case has("etc", "passwd") && !has("System", "Library"), has("usr", "bin") && !has("System", "Library"):
		return ""
	case has("Windows", "System32"):
		return "windows"
	case has("System", "Library", "CoreServices"), has("private", "var", "db"):
		return "darwin"
	}
	return ""
}

// folded finds a path whose names are written as given, or all in upper or lower
// case, as different versions of Windows have them. Folders are not listed: that
// would move their access times.
func folded(root *os.Root, names ...string) (string, bool) {
	at := ""
next:
	for _, want := range names {
		for _, name := range []string{want, strings.ToUpper(want), strings.ToLower(want)} {
			if _, err := root.Lstat(filepath.Join(at, name)); err == nil {
				at = filepath.Join(at, name)
				continue next
			}
		}
		return "", false
	}
	return at, true
}

// imageHost is the name that a mounted Windows gives itself, "" where it does not
// say.
func imageHost(root *os.Root, system string) string {
	if system != "windows" {
		return ""
	}
	name, ok := folded(root, "Windows", "System32", "config", "SYSTEM")
	if !ok {
		return ""
	}
	f, err := root.Open(name)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // it is read only
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	h, err := registry.Open(f, info.Size())
	if err != nil {
		return ""
	}
	host, err := h.ComputerName()
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(host, "\ufffd")
}
