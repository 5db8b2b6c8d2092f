package forensics

import "strings"

// whyOpen says why a descriptor's link is worth a line, and what kind of thing
// it names; "" for what every machine is full of.
func whyOpen(link string) (why, kind string) {
	if what, ok := strings.CutPrefix(link, "anon_inode:"); ok {
		what = strings.Trim(what, "[]")
		switch {
		case strings.HasPrefix(what, "bpf"):
			return "bpf", "bpf"
		case what == "perf_event", what == "userfaultfd", what == "seccomp notify", what == "fanotify":
			return "trace", what
		}
		return "", ""
	}
	switch {
	case strings.HasPrefix(link, "/memfd:"):
		return "memfd", "memfd"
	case link == "/dev/mem", link == "/dev/kmem", link == "/dev/port", link == "/dev/net/tun", strings.HasPrefix(link, "/dev/sd"),
		strings.HasPrefix(link, "/dev/nvme"), strings.HasPrefix(link, "/dev/vd"), strings.HasPrefix(link, "/dev/xvd"), strings.HasPrefix(link, "/dev/dm-"), link == "/proc/kcore":
		return "device", "device"
	case memoryOfProcess(link):
		return "trace", "memory"
	}
	for _, dir := range []string{"/tmp/", "/var/tmp/", "/dev/shm/", "/run/shm/"} {
		if strings.HasPrefix(link, dir) {
			return "temporary", "file"
		}
	}
	return "", ""
}

// memoryOfProcess says whether a name is /proc/PID/mem.
func memoryOfProcess(link string) bool {
	pid, ok := strings.CutPrefix(link, "/proc/")
	return ok && strings.HasSuffix(pid, "/mem")
}

// whyMapped says why a mapping of a process that runs exe is worth a line.
func whyMapped(m mapping, exe string) []string {
	var out []string
	runs := strings.Contains(m.perms, "x")
	if m.inode != 0 && strings.HasSuffix(m.path, " (deleted)") {
		out = append(out, "deleted")
	}
	if runs && strings.HasPrefix(m.path, "/memfd:") {
		out = append(out, "memfd")
	}
	if runs && strings.Contains(m.perms, "w") {
		out = append(out, "writable+executable")
	}
	switch {
	case !runs || strings.HasPrefix(m.path, "[v"): // [vdso], [vsyscall]
	case m.inode == 0:
		if len(out) == 0 {
			out = append(out, "anonymous+executable")
		}
	case m.path != exe && !usualLibrary(m.path) && !strings.HasPrefix(m.path, "/memfd:"):
		out = append(out, "library")
	}
	return out
}

// usualLibrary says whether code that a program maps lies where systems and
// packages put it.
func usualLibrary(p string) bool {
	for _, dir := range []string{"/usr/", "/lib/", "/lib64/", "/lib32/", "/libx32/", "/bin/", "/sbin/", "/opt/", "/snap/", "/nix/store/", "/gnu/store/", "/app/", "/var/lib/flatpak/"} {
		if strings.HasPrefix(p, dir) {
			return true
		}
	}
	return false
}
