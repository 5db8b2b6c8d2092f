package forensics

import (
	"bytes"
	"path"
	"strings"

	"firebreak/record"
)

// File is a line of the "fb.files" format: a file worth a look, and why.
type File struct {
	Path string `json:"path"`
	// Why is one or more of: executable, setuid, setgid, capabilities, immutable,
	// append-only, world-writable (and executable), recent (an executable of the
	// last 30 days), temporary (an executable in a folder for everybody), hidden;
	// or the kind of an artefact whose files are noted and not taken.
	Why  []string    `json:"why"`
	Stat record.Stat `json:"stat"`
	User string      `json:"user,omitempty"`
	// Content is elf, script or other, of what was opened.
	Content      string `json:"content,omitempty"`
	Interpreter  string `json:"interpreter,omitempty"` // of a script
	SHA256       string `json:"sha256,omitempty"`
	Capabilities string `json:"capabilities,omitempty"` // as getcap(8) writes them: cap_net_raw=ep
	Target       string `json:"target,omitempty"`       // of a symbolic link

	Raw     map[string][]byte `json:"raw,omitempty"`
	Refused string            `json:"refused,omitempty"` // why it was not hashed
}

// Limits of what is noted and hashed besides what is taken.
const (
	maxFinds  = 250_000
	maxHashed = 64 << 30 // bytes of all files that are hashed
)

// seenMode is what decides whether a name is worth a look.
type seenMode struct {
	mode               uint32 // as in stat
	immutable, appends bool
	recent             bool
}

// The bits of a mode, as in stat.
const (
	typeBits    = 0o170000
	typeRegular = 0o100000
	setuidBit   = 0o4000
	setgidBit   = 0o2000
)

// reasons says why a file is worth a look, if it is, and whether it is to be hashed.
func (m seenMode) reasons(dir, name string) (why []string, hash bool) {
	regular := m.mode&typeBits == typeRegular
	runs := regular && m.mode&0o111 != 0
	_, shared := on([]string{"/tmp", "/var/tmp", "/dev", "/run/shm", "/run/lock", "/var/crash"}, dir)
	for _, r := range []struct {
		is  bool
		why string
	}{
		{runs, "executable"},
		{regular && m.mode&setuidBit != 0, "setuid"},
		{regular && m.mode&setgidBit != 0 && m.mode&0o010 != 0, "setgid"},
		{runs && m.mode&0o002 != 0, "world-writable"},
		{runs && m.recent, "recent"},
		{runs && shared, "temporary"},
		{odd(dir, name, runs, shared), "hidden"},
		{m.immutable, "immutable"},
		{m.appends, "append-only"},
	} {
		if r.is {
			why = append(why, r.why)
		}
	}
	return why, runs || regular && m.mode&setuidBit != 0
}

// odd says whether a name hides: only dots and blanks, with characters that no
// screen shows, blank at an end, or with a dot in front where programs or
// everybody's files are.
func odd(dir, name string, runs, shared bool) bool {
	if strings.Trim(name, ". \t\u00a0") == "" || strings.TrimSpace(name) != name ||
		strings.ContainsFunc(name, func(r rune) bool {
			return r < 0x20 || r >= 0x7f && r <= 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r == 0xfeff
		}) {
		return true
	}
	if name[0] != '.' {
		return false
	}
	switch name {
	case ".X11-unix", ".ICE-unix", ".XIM-unix", ".font-unix", ".Test-unix":
		return false
	}
	if shared {
		return true
	}
	programs, _ := path.Split(dir + "/")
	switch strings.TrimSuffix(programs, "/") {
	case "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/":
		return true
	}
	_, home := on([]string{"/home", "/root"}, dir)
	return runs && !home
}

// contentOf says what a file is by its beginning, and what runs a script.
func contentOf(b []byte) (kind, interpreter string) {
	if bytes.HasPrefix(b, []byte("\x7fELF")) {
		return "elf", ""
	}
	if !bytes.HasPrefix(b, []byte("#!")) {
		return "other", ""
	}
	line, _, _ := bytes.Cut(b[2:min(len(b), 256)], []byte("\n"))
	return "script", strings.ToValidUTF8(string(bytes.TrimSpace(line)), "\uFFFD")
}
