package forensics

import (
	"bytes"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// networkType says whether a file system's answers come over a wire or from
// another process, which may be slow, dead, or the intruder's.
func networkType(fstype string) bool {
	if fstype == "fuseblk" || fstype == "fusectl" {
		return false
	}
	base, _, _ := strings.Cut(fstype, ".")
	switch base {
	case "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "glusterfs", "lustre",
		"gfs2", "ocfs2", "beegfs", "orangefs", "pvfs2", "coda", "virtiofs", "autofs", "fuse", "gpfs":
		return true
	}
	return false
}

// kernelType says whether a file system is a view of the kernel: listing it
// tells nothing of files.
func kernelType(fstype string) bool {
	switch fstype {
	case "proc", "sysfs", "cgroup", "cgroup2", "debugfs", "tracefs", "securityfs", "pstore", "bpf",
		"configfs", "efivarfs", "selinuxfs", "binfmt_misc", "mqueue", "devpts", "fusectl", "nsfs", "rpc_pipefs":
		return true
	}
	return false
}

// parseMounts reads the lines of /proc/self/mountinfo (proc(5)) and counts those
// it cannot read.
func parseMounts(b []byte) (out []Mount, bad int) {
	for line := range bytes.Lines(b) {
		m, ok := parseMount(strings.TrimSuffix(string(line), "\n"))
		if !ok {
			bad++
			continue
		}
		out = append(out, m)
	}
	return out, bad
}

// parseMount reads one line:
//
//	36 35 98:0 /root /point rw,noatime master:1 - ext3 /dev/root rw,errors=continue
func parseMount(line string) (Mount, bool) {
	before, after, ok := strings.Cut(line, " - ")
	f, g := strings.Split(before, " "), strings.Split(after, " ")
	if !ok || len(f) < 6 || len(g) < 2 {
		return Mount{}, false
	}
	id, err := strconv.Atoi(f[0])
	if err != nil {
		return Mount{}, false
	}
	parent, err := strconv.Atoi(f[1])
	if err != nil {
		return Mount{}, false
	}
	m := Mount{
		ID: id, Parent: parent, Device: f[2], Root: unoctal(f[3]), Point: path.Clean(unoctal(f[4])), Options: f[5],
		Type: unoctal(g[0]), Source: unoctal(g[1]),
	}
	if len(g) > 2 {
		m.Super = unoctal(strings.Join(g[2:], " "))
	}
	m.Network = networkType(m.Type)
	m.Raw = raw(m.Raw, "root", m.Root)
	m.Raw = raw(m.Raw, "point", m.Point)
	m.Raw = raw(m.Raw, "source", m.Source)
	return m, true
}

// unoctal undoes the kernel's \ooo in mount tables.
func unoctal(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// raw keeps the bytes of a text member that is not UTF-8.
func raw(m map[string][]byte, member, text string) map[string][]byte {
	if utf8.ValidString(text) {
		return m
	}
	if m == nil {
		m = map[string][]byte{}
	}
	m[member] = []byte(text)
	return m
}

// on says whether a path lies on one of the mount points, and on which.
func on(points []string, name string) (string, bool) {
	for _, m := range points {
		if name == m || strings.HasPrefix(name, m+"/") {
			return m, true
		}
	}
	return "", false
}
