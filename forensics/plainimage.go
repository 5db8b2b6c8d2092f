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

// folded finds a path whatever the case of its names, as Windows does.
func folded(root *os.Root, names ...string) (string, bool) {
	at := "."
	for _, want := range names {
		d, err := root.Open(filepath.FromSlash(at))
		if err != nil {
			return "", false
		}
		list, err := d.Readdirnames(maxPlainNames)
		_ = d.Close() // it was read only
		found := ""
		for _, name := range list {
			if name == want || found == "" && strings.EqualFold(name, want) {
				found = name
			}
		}
		if found == "" || err != nil && len(list) == 0 {
			return "", false
		}
		at = at + "/" + found
	}
	return strings.TrimPrefix(at, "./"), true
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
	f, err := root.Open(filepath.FromSlash(name))
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
