package forensics

import (
	"time"

	"firebreak/record"
)

// System is the only line of the "fb.system" format: which machine this is and
// what its clock said of itself. Of an image only Host, OS, MachineID and Zone
// are known.
type System struct {
	Host      string    `json:"host"`
	Kernel    string    `json:"kernel"` // release
	Build     string    `json:"build"`  // version
	Machine   string    `json:"machine"`
	OS        string    `json:"os,omitempty"` // PRETTY_NAME of os-release
	MachineID string    `json:"machine_id,omitempty"`
	Boot      string    `json:"boot"`                 // boot id
	Booted    time.Time `json:"booted,omitzero"`      // now less CLOCK_BOOTTIME
	Now       time.Time `json:"now"`                  // when this line was made
	Zone      string    `json:"zone,omitempty"`       // as in Europe/Paris: what its logs are written in
	Cmdline   string    `json:"cmdline,omitempty"`    // of the kernel
	Taint     uint64    `json:"taint"`                // /proc/sys/kernel/tainted
	TaintText []string  `json:"taint_text,omitempty"` // its bits in words
	Clock     Clock     `json:"clock"`
}

// Clock is what adjtimex(2) says.
type Clock struct {
	Known        bool          `json:"known"` // false where it could not be asked
	Synchronised bool          `json:"synchronised"`
	Offset       time.Duration `json:"offset_ns"`    // what the kernel still has to slew
	MaxError     time.Duration `json:"max_error_ns"` // as the time daemon states it
	Leap         string        `json:"leap,omitempty"`
}

// Module is a line of the "fb.modules" format.
type Module struct {
	Name    string   `json:"name"`
	Size    int64    `json:"size"`
	Refs    int      `json:"refs"`
	UsedBy  []string `json:"used_by,omitempty"`
	State   string   `json:"state"`
	Taint   string   `json:"taint,omitempty"` // letters, as in OE: out of tree, unsigned
	Version string   `json:"version,omitempty"`
	Source  string   `json:"srcversion,omitempty"`
	Hidden  bool     `json:"hidden,omitempty"`   // in /sys/module but not in /proc/modules
	NoSysfs bool     `json:"no_sysfs,omitempty"` // in /proc/modules but not in /sys/module

	Raw map[string][]byte `json:"raw,omitempty"`
}

// Mount is a line of the "fb.mounts" format: a line of /proc/self/mountinfo.
type Mount struct {
	ID      int    `json:"id"`
	Parent  int    `json:"parent"`
	Device  string `json:"device"` // major:minor
	Root    string `json:"root"`   // which part of the file system is mounted
	Point   string `json:"point"`
	Options string `json:"options"`
	Type    string `json:"type"`
	Source  string `json:"source"`
	Super   string `json:"super,omitempty"`   // options of the file system
	Network bool   `json:"network,omitempty"` // network or FUSE: not walked

	Raw map[string][]byte `json:"raw,omitempty"`
}

// Unit is a line of the "fb.units" format: a file or link in one of systemd's
// unit folders.
type Unit struct {
	Path     string      `json:"path"`
	Name     string      `json:"name"`              // ssh.service
	Kind     string      `json:"kind"`              // service, timer, socket, path, …
	DropIn   string      `json:"drop_in,omitempty"` // file name, where Path is a drop-in of Name
	Wants    string      `json:"wants,omitempty"`   // unit whose .wants or .requires folder this link is in
	Target   string      `json:"target,omitempty"`  // where a link points; /dev/null masks the unit
	Vendor   bool        `json:"vendor,omitempty"`  // in a folder that packages fill
	Stat     record.Stat `json:"stat"`
	SHA256   string      `json:"sha256,omitempty"`
	Exec     []string    `json:"exec,omitempty"`  // lines Exec…=
	Timer    []string    `json:"timer,omitempty"` // lines On…=
	User     string      `json:"user,omitempty"`
	WantedBy []string    `json:"wanted_by,omitempty"`

	Raw     map[string][]byte `json:"raw,omitempty"`
	Refused string            `json:"refused,omitempty"`
}

// Account is a line of the "fb.accounts" format: an account of /etc/passwd with
// what /etc/shadow says of it. The password's hash is never kept.
type Account struct {
	Name     string    `json:"name"`
	UID      uint32    `json:"uid"`
	GID      uint32    `json:"gid"`
	Gecos    string    `json:"gecos,omitempty"`
	Home     string    `json:"home"`
	Shell    string    `json:"shell"`
	Password string    `json:"password"`         // usable, empty, locked (usable behind a !), disabled, unknown
	Scheme   string    `json:"scheme,omitempty"` // of the hash: yescrypt, sha512, …
	Changed  time.Time `json:"changed,omitzero"` // the day the password was last changed
	Expires  time.Time `json:"expires,omitzero"` // the day the account expires
	Groups   []string  `json:"groups,omitempty"` // besides the first, from /etc/group

	Raw map[string][]byte `json:"raw,omitempty"`
}

// Extent is a line of the "fb.extents" format: a run of data in a sparse file
// whose holes would make it too large to seal byte for byte. What no extent
// covers is zeros, up to Size.
type Extent struct {
	Offset int64  `json:"offset"`
	Data   []byte `json:"data"`
	Size   int64  `json:"size"` // of the whole file, holes included
}
