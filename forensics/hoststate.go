package forensics

import (
	"strings"
	"time"
)

// Session is a line of the "fb.sessions" format: a session of systemd-logind, as
// its state file says. It is not the login record (utmp), which is taken besides.
type Session struct {
	ID         string    `json:"logind_session"`
	UID        uint32    `json:"uid"`
	User       string    `json:"user,omitempty"`
	State      string    `json:"state,omitempty"`   // active, online, closing
	Class      string    `json:"class,omitempty"`   // user, greeter, background, manager, …
	Kind       string    `json:"type,omitempty"`    // tty, x11, wayland, unspecified
	Service    string    `json:"service,omitempty"` // of PAM: sshd, login, cron, …
	TTY        string    `json:"tty,omitempty"`
	Remote     bool      `json:"remote,omitempty"`
	RemoteHost string    `json:"src_host,omitempty"`
	RemoteUser string    `json:"src_user,omitempty"`
	Leader     int       `json:"leader,omitempty"` // its first process
	Scope      string    `json:"scope,omitempty"`
	Started    time.Time `json:"started,omitzero"`

	Raw map[string][]byte `json:"raw,omitempty"`
}

// Container is a line of the "fb.containers" format: a container or pod as its
// runtime keeps it, or only as processes show that they are in one. Environment
// variables are never kept.
type Container struct {
	Runtime    string    `json:"runtime"` // docker, containerd, podman, runc, crun, kubelet, lxc, machined, unknown
	ID         string    `json:"id"`
	Name       string    `json:"name,omitempty"`
	Image      string    `json:"image,omitempty"`
	ImageID    string    `json:"image_id,omitempty"`
	Pod        string    `json:"pod,omitempty"`
	Namespace  string    `json:"namespace,omitempty"` // of the pod, or containerd's
	Created    time.Time `json:"created,omitzero"`
	Started    time.Time `json:"started,omitzero"`
	Ended      time.Time `json:"ended,omitzero"`
	State      string    `json:"state,omitempty"` // running, stopped, …; "" is unknown
	PID        int       `json:"pid,omitempty"`   // its first process, outside
	PIDs       []int     `json:"pids,omitempty"`  // processes seen in it
	Command    []string  `json:"argv,omitempty"`
	Privileged bool      `json:"privileged,omitempty"`
	Caps       []string  `json:"cap_names,omitempty"` // added, or allowed
	Mounts     []string  `json:"mounts,omitempty"`    // source:destination[:ro]; the host's own folders that it sees
	Network    string    `json:"network,omitempty"`   // host, bridge, …
	SharesPID  bool      `json:"host_pid,omitempty"`  // sees the host's processes
	Ports      []string  `json:"ports,omitempty"`
	Restart    string    `json:"restart,omitempty"`
	User       string    `json:"user,omitempty"` // inside
	Source     string    `json:"source"`         // the file that says so
	Why        []string  `json:"why,omitempty"`  // what lets it out: privileged, host mount /, the runtime's socket, …

	Raw map[string][]byte `json:"raw,omitempty"`
}

// judge says what of a container's setting lets it reach the host.
func (k *Container) judge() {
	add := func(s string) { k.Why = append(k.Why, s) }
	if k.Privileged {
		add("privileged")
	}
	if k.Network == "host" {
		add("the host's network")
	}
	if k.SharesPID {
		add("the host's processes")
	}
	for _, c := range k.Caps {
		switch strings.TrimPrefix(strings.ToUpper(c), "CAP_") {
		case "ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH", "BPF":
			add("capability " + strings.ToLower(strings.TrimPrefix(strings.ToUpper(c), "CAP_")))
		}
	}
	for _, m := range k.Mounts {
		from, _, _ := strings.Cut(m, ":")
		switch {
		case from == "/", from == "/etc", from == "/root", from == "/proc", from == "/dev", from == "/boot", from == "/var/lib/kubelet", from == "/var/lib/docker",
			strings.HasPrefix(from, "/etc/cron"), strings.HasPrefix(from, "/var/spool/cron"):
			add("mounts the host's " + from)
		case strings.HasSuffix(from, "/docker.sock"), strings.HasSuffix(from, "/containerd.sock"), strings.HasSuffix(from, "/crio.sock"), strings.HasSuffix(from, "/podman.sock"):
			add("the runtime's socket " + from)
		}
	}
}

// Timer is a line of the "fb.timers" format: a timer unit with when it last ran,
// as far as that is kept on disk.
type Timer struct {
	Name     string    `json:"name"`
	Path     string    `json:"path"`               // the unit, or the stamp where there is no unit any more
	Unit     string    `json:"unit,omitempty"`     // what it starts
	Schedule []string  `json:"schedule,omitempty"` // lines On…=
	Exec     []string  `json:"exec,omitempty"`     // what that unit runs
	Last     time.Time `json:"last,omitzero"`      // by its stamp file; kept for persistent timers only
	Stamp    string    `json:"stamp,omitempty"`    // that file
	Next     time.Time `json:"next,omitzero"`      // as worked out from the schedule, for the simplest ones
	User     string    `json:"user,omitempty"`     // whose home it lies in
	Why      string    `json:"why,omitempty"`      // a stamp without its timer

	Raw map[string][]byte `json:"raw,omitempty"`
}

// nextOf works out when a calendar schedule that is one word comes next, in the
// host's zone; ok is false for all others, which only systemd can tell.
func nextOf(schedule []string, now time.Time) (time.Time, bool) {
	var best time.Time
	y, m, d := now.Date()
	for _, line := range schedule {
		name, value, _ := strings.Cut(line, "=")
		if strings.TrimSpace(name) != "OnCalendar" {
			continue
		}
		var t time.Time
		switch strings.TrimSpace(value) {
		case "minutely":
			t = now.Truncate(time.Minute).Add(time.Minute)
		case "hourly", "*:00", "*-*-* *:00:00":
			t = time.Date(y, m, d, now.Hour()+1, 0, 0, 0, now.Location())
		case "daily", "*-*-*", "*-*-* 00:00:00":
			t = time.Date(y, m, d+1, 0, 0, 0, 0, now.Location())
		case "weekly":
			t = time.Date(y, m, d+(8-int(now.Weekday()))%7, 0, 0, 0, 0, now.Location())
			if !t.After(now) {
				t = t.AddDate(0, 0, 7)
			}
		case "monthly":
			t = time.Date(y, m+1, 1, 0, 0, 0, 0, now.Location())
		case "yearly", "annually":
			t = time.Date(y+1, 1, 1, 0, 0, 0, 0, now.Location())
		default:
			return time.Time{}, false
		}
		if best.IsZero() || t.Before(best) {
			best = t
		}
	}
	return best.UTC(), !best.IsZero()
}

// PackageFile is a line of the "fb.packagefile" format: a file that is not as its
// package brought it, or that lies where only packages put files and belongs to
// none; the last line sums up.
type PackageFile struct {
	Path     string    `json:"path"`
	Finding  string    `json:"finding"` // changed, rights, missing, unowned, unread, summary
	Package  string    `json:"package,omitempty"`
	Version  string    `json:"version,omitempty"`
	Conffile bool      `json:"conffile,omitempty"` // a configuration file: people change these
	Expected string    `json:"expected,omitempty"` // the package's digest: MD5 (dpkg), SHA-1 (apk), mostly SHA-256 (rpm)
	MD5      string    `json:"hash_md5,omitempty"`
	SHA1     string    `json:"hash_sha1,omitempty"`
	SHA256   string    `json:"sha256,omitempty"`
	Size     int64     `json:"size,omitempty"`
	Mode     string    `json:"mode,omitempty"`
	UID      uint32    `json:"uid"`
	Modified time.Time `json:"modified,omitzero"`
	Changed  time.Time `json:"changed,omitzero"`
	Born     time.Time `json:"born,omitzero"`
	PIDs     []int     `json:"pids,omitempty"` // processes that run it
	Note     string    `json:"note,omitempty"`

	Checked  int64 `json:"checked,omitempty"` // of the summary: files compared, and bytes read for it
	Bytes    int64 `json:"bytes,omitempty"`
	Unread   int64 `json:"unread,omitempty"` // files that the budget left out
	Packages int   `json:"packages,omitempty"`

	Raw map[string][]byte `json:"raw,omitempty"`
}
