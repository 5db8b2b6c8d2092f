package forensics

import "firebreak/record"

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
