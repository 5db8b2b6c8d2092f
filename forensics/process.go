package forensics

import "time"

// Formats of the snapshots that this package writes itself: JSON lines, one
// object a line, one type of this package a format. A text member that is not
// UTF-8 has its bad bytes shown as U+FFFD, and the member's raw bytes are kept
// in Raw under the member's JSON name.
const (
	FormatSystem    = "fb.system"    // System, one line
	FormatProcesses = "fb.processes" // Process
	FormatSockets   = "fb.sockets"   // Socket
	FormatOpenFiles = "fb.openfiles" // OpenFile
	FormatRoutes    = "fb.routes"    // Route
	FormatModules   = "fb.modules"   // Module
	FormatMounts    = "fb.mounts"    // Mount
	FormatUnits     = "fb.units"     // Unit
	FormatAccounts  = "fb.accounts"  // Account
	FormatExtents   = "fb.extents"   // Extent: the data of a sparse file

	FormatEnvironment = "fb.environment" // Environment, only on request
	FormatKernel      = "fb.kernel"      // Setting: of the running kernel
	FormatKmsg        = "fb.kmsg"        // KernelMessage
	FormatBPF         = "fb.bpf"         // BPF
	FormatFirewall    = "fb.firewall"    // Firewall
	FormatSessions    = "fb.sessions"    // Session
	FormatContainers  = "fb.containers"  // Container
	FormatTimers      = "fb.timers"      // Timer
	FormatPackageFile = "fb.packagefile" // PackageFile: what does not fit a package, or has none
	FormatFiles       = "fb.files"       // File: files worth a look, and why
	FormatBodyfile    = "bodyfile"       // see AppendBodyLine
)

// Formats of files that are sealed byte for byte. They name the parser.
const (
	FormatUtmp     = "utmp"     // utmp, wtmp
	FormatBtmp     = "btmp"     // failed logins, in utmp's records
	FormatLastlog  = "lastlog"  // lastlog, one record a UID
	FormatSyslog   = "syslog"   // any of the syslog family, also auth logs
	FormatAudit    = "audit"    // auditd
	FormatJournal  = "journal"  // systemd journal, binary
	FormatHistory  = "history"  // shell and program histories; Source names which
	FormatDpkg     = "dpkg"     // dpkg.log
	FormatApt      = "apt"      // apt's history.log
	FormatPackages = "packages" // logs of dnf, yum, pacman, zypper, apk
	FormatSettings = "settings" // what runs by itself, or lets somebody in: cron tables, start-up files, keys, rules
	FormatText     = "text"     // configuration: read by people
)

// Process is a line of the "fb.processes" format: one process as /proc showed
// it. Of its environment only what the loader obeys is kept (Loader).
type Process struct {
	PID       int       `json:"pid"`
	PPID      int       `json:"ppid"`
	Started   time.Time `json:"started"`     // UTC, to 10 ms: boot time plus Ticks
	Ticks     uint64    `json:"start_ticks"` // since boot, in 1/100 s
	State     string    `json:"state"`       // R, S, D, Z, T, …
	Kernel    bool      `json:"kernel,omitempty"`
	Hidden    bool      `json:"hidden,omitempty"` // answers by its number, but /proc does not list it
	UID       uint32    `json:"uid"`              // real
	EUID      uint32    `json:"euid"`
	GID       uint32    `json:"gid"`
	User      string    `json:"user,omitempty"` // of EUID, from /etc/passwd
	Self      bool      `json:"self,omitempty"` // it is the collector
	Session   int       `json:"session"`
	TTY       string    `json:"tty,omitempty"` // major:minor
	Threads   int       `json:"threads,omitempty"`
	Tracer    int       `json:"tracer,omitempty"`
	Caps      string    `json:"caps,omitempty"`         // effective capabilities, hex
	CapNames  []string  `json:"cap_names,omitempty"`    // in words; "all" where none of those the kernel has is missing
	Ambient   string    `json:"caps_ambient,omitempty"` // capabilities that survive an exec, hex
	Seccomp   string    `json:"seccomp,omitempty"`      // strict, filter; "" is none
	NoNewPriv bool      `json:"no_new_privs,omitempty"`
	Label     string    `json:"label,omitempty"`         // of AppArmor, SELinux or another security module
	LoginUID  *uint32   `json:"login_uid,omitempty"`     // of the login it descends from; absent where there was none
	LoginUser string    `json:"login_user,omitempty"`    // that account's name
	LoginID   uint32    `json:"login_session,omitempty"` // audit's number of that login
	Loader    []string  `json:"loader,omitempty"`        // LD_PRELOAD=, LD_AUDIT= and LD_LIBRARY_PATH= of its environment
	OtherNS   []string  `json:"namespaces,omitempty"`    // those that are not init's, as in net:[4026532281]
	Comm      string    `json:"comm"`
	Argv      []string  `json:"argv,omitempty"`
	ArgvCut   bool      `json:"argv_cut,omitempty"` // longer than was kept
	Exe       string    `json:"exe,omitempty"`
	Deleted   bool      `json:"exe_deleted,omitempty"` // the executable has no name any more
	Memfd     bool      `json:"exe_memfd,omitempty"`   // it never had one: it lies in memory
	ExeSHA256 string    `json:"exe_sha256,omitempty"`
	ExeSize   int64     `json:"exe_size,omitempty"`
	ExeInode  uint64    `json:"exe_inode,omitempty"`
	ExeDevice string    `json:"exe_device,omitempty"` // major:minor
	Modified  time.Time `json:"exe_modified,omitzero"`
	Cwd       string    `json:"cwd,omitempty"`
	Root      string    `json:"root,omitempty"` // where it is not /
	Cgroup    string    `json:"cgroup,omitempty"`
	Container string    `json:"container,omitempty"` // id found in Cgroup

	Raw     map[string][]byte `json:"raw,omitempty"`
	Refused []string          `json:"refused,omitempty"` // what could not be read: "exe: permission denied"
}

// Environment is a line of the "fb.environment" format: what a process was
// started with, which may hold secrets. It is only taken when asked for.
type Environment struct {
	PID       int      `json:"pid"`
	Comm      string   `json:"comm"`
	UID       uint32   `json:"uid"`
	User      string   `json:"user,omitempty"`
	Variables []string `json:"variables"` // NAME=value
	Cut       bool     `json:"variables_cut,omitempty"`

	Raw map[string][]byte `json:"raw,omitempty"`
}

// OpenFile is a line of the "fb.openfiles" format: something that a process
// holds, by a descriptor or by a mapping, and that a responder should see. Why
// says for what reason; files of no interest are not listed.
type OpenFile struct {
	PID      int       `json:"pid"`
	Comm     string    `json:"comm"`
	UID      uint32    `json:"uid"`
	User     string    `json:"user,omitempty"`
	FD       int       `json:"fd"`               // -1 for a mapping
	Mapped   string    `json:"mapped,omitempty"` // permissions of the mapping, as in "r-xp"
	Path     string    `json:"path"`             // the name it has or had; what it is, where it is no file
	Why      []string  `json:"why"`              // deleted, memfd, temporary, writable+executable, anonymous+executable, library, raw, packet, bpf, device, trace
	Count    int       `json:"count,omitempty"`  // of such mappings in this process, where there are more
	ID       string    `json:"object,omitempty"` // prog_id, map_id or link_id of a bpf object
	Memfd    bool      `json:"memfd,omitempty"`
	Device   string    `json:"device"`
	Inode    uint64    `json:"inode"`
	Links    uint64    `json:"links"`
	Mode     string    `json:"mode,omitempty"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified,omitzero"`
	Changed  time.Time `json:"changed,omitzero"` // when its last name was removed, at the latest

	Raw map[string][]byte `json:"raw,omitempty"`
}
