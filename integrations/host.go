package integrations

import (
	"context"
	"errors"
)

// ErrNotReadable is returned by Verify and Find where the other side cannot be
// asked: what was sent stays sent, neither verified nor failed.
var ErrNotReadable = errors.New("the other side cannot be asked")

// Host is a machine on which programs can be run: this one, one that is reached
// over ssh, or the drill's.
type Host interface {
	// Run runs a program and returns what it wrote, at most 4 MiB each. An
	// error means that it did not run to its end; a failure is in Code.
	Run(ctx context.Context, p Program) (Output, error)
	// Name is what people call the machine.
	Name() string
}

// Hands is a host whose processes and files can be reached without a program of
// its own. Where a host has none, package linux brings a program there.
type Hands interface {
	Host
	// Facts says what the host is, and over what it is reached.
	Facts(ctx context.Context) (Facts, error)
	// Process reads one process; incident.ErrNotFound when there is none.
	Process(ctx context.Context, pid int) (Process, error)
	// Signal sends a signal to the process, if it is still the one that started
	// at p.Start.
	Signal(ctx context.Context, p Process, s Signal) error
	// Image reads what the process is made of, if it is still the same one.
	Image(ctx context.Context, p Process) (Image, error)
	// File reads a regular file whose path has no symbolic link in it;
	// incident.ErrNotFound when there is nothing at that path.
	File(ctx context.Context, path string) (File, error)
	// Quarantine copies the file into folder/id, which nobody else may read, and
	// takes it from its place, if its content has that SHA-256. Called again for
	// the same id it goes on where it was.
	Quarantine(ctx context.Context, f File, folder, id string) error
	// Quarantined reads what folder/id keeps; incident.ErrNotFound when nothing.
	Quarantined(ctx context.Context, folder, id string) (File, error)
	// Restore puts the file back as it was and empties folder/id. It replaces
	// nothing.
	Restore(ctx context.Context, f File, folder, id string) error
}

// Facts are what a host says of itself.
type Facts struct {
	Machine string `json:"machine"` // machine-id(5), "" when it has none
	UID     int    `json:"uid"`     // whom programs run as there, before sudo
	// Client, ClientPort, Server and Port are the ends of the ssh session that
	// reaches it, as the host sees them; Client is "" where there is none.
	Client string `json:"client,omitempty"`
	Server string `json:"server,omitempty"`
	Port   int    `json:"port,omitempty"` // of the server
}

// Program is one program to run, without a shell.
type Program struct {
	Argv  []string
	Env   []string // beside what every program gets, each NAME=VALUE
	Stdin string
}

// Output is what a program left.
type Output struct {
	Stdout []byte
	Stderr []byte
	Code   int
}

// Signal is one of the signals that actions send.
type Signal string

// The signals.
const (
	SIGSTOP Signal = "SIGSTOP"
	SIGCONT Signal = "SIGCONT"
	SIGKILL Signal = "SIGKILL"
)

// Process is one process. PID and Start together name it: a PID alone is used
// again. Start counts clock ticks since boot.
type Process struct {
	PID     int    `json:"pid"`
	Parent  int    `json:"parent"`
	Start   int64  `json:"start"`
	UID     int    `json:"uid"`
	Name    string `json:"name"`
	Exe     string `json:"exe"`
	Cmdline string `json:"cmdline"`
	State   string `json:"state"`            // one letter, as in proc(5)
	Leader  bool   `json:"leader"`           // false for a thread of another process
	Kernel  bool   `json:"kernel,omitempty"` // a thread of the kernel
	Ours    bool   `json:"ours,omitempty"`   // the session that asks depends on it
}

// Image is what a process is made of.
type Image struct {
	SHA256 string   `json:"sha256"` // of its program, also of one that was deleted; "" where it cannot be read
	Mapped []string `json:"mapped"` // files in its memory that can be executed, at most 64
}

// File is one regular file.
type File struct {
	Path   string            `json:"path"`
	SHA256 string            `json:"sha256"`
	Size   int64             `json:"size"`
	Mode   uint32            `json:"mode"` // the permission bits with set-user-id, set-group-id and sticky
	UID    int               `json:"uid"`
	GID    int               `json:"gid"`
	MTime  int64             `json:"mtime"` // nanoseconds since 1970
	Links  int               `json:"links"`
	XAttrs map[string]string `json:"xattrs,omitempty"` // base64
	// Vital says that the host's first process runs it, or has it in its memory.
	Vital bool `json:"vital,omitempty"`
}
