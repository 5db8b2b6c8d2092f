package forensics

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Limits on open files: what is read of one process' mappings, and the lines
// that one process can make us write.
const (
	maxMaps  = 16 << 20
	maxLines = 512
)

// holder is a process whose descriptors are being looked at.
type holder struct {
	proc
	comm string
	uid  uint32
}

// eachHolder calls f for every process that can be opened, and counts those
// whose descriptors may not be seen.
func (c *collection) eachHolder(ctx context.Context, f func(holder) error) (blind int, err error) {
	list, err := pids()
	if err != nil {
		return 0, err
	}
	for _, pid := range list {
		if err := ctx.Err(); err != nil {
			return blind, err
		}
		d, err := openProc(pid)
		if err != nil {
			continue // it has ended
		}
		var p Process
		if b, _, err := d.read("stat", maxStatus); err == nil {
			parseStat(b, &p)
		}
		if b, _, err := d.read("status", maxStatus); err == nil {
			parseStatus(b, &p)
		}
		err = f(holder{d, strings.ToValidUTF8(p.Comm, "\uFFFD"), p.EUID})
		d.close()
		switch {
		case err == nil || ended(err):
		case errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM):
			blind++
		case errors.Is(err, errStopped) || ctx.Err() != nil:
			return blind, err
		default:
			c.refuse(fmt.Sprintf("/proc/%d", pid), explain(err))
		}
	}
	return blind, nil
}

// eachFD calls f with the number and link of every descriptor of a process.
func eachFD(h holder, f func(fd int, link string) error) error {
	dir, err := unix.Openat(h.fd, "fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	d := os.NewFile(uintptr(dir), "fd")
	defer func() { _ = d.Close() }()
	for {
		names, err := d.Readdirnames(1024)
		for _, name := range names {
			n, err := strconv.Atoi(name)
			if err != nil {
				continue
			}
			link, err := readlinkAt(dir, name)
			if err != nil {
				continue // closed meanwhile
			}
			if err := f(n, link); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// openFiles writes the "fb.openfiles" snapshot.
func (c *collection) openFiles(ctx context.Context) error {
	e := c.exhibit("Open files and mappings worth a look", "/proc/*/fd, /proc/*/maps", FormatOpenFiles, methodProc)
	return c.snapshot(ctx, e, func(r *rows) error {
		special := specialSockets()
		blind, err := c.eachHolder(ctx, func(h holder) error {
			o := &openOf{c: c, h: h, r: r, special: special, at: map[string]int{}}
			return errors.Join(eachFD(h, o.descriptor), o.flush(), o.mappings(ctx))
		})
		if blind > 0 {
			c.refuse("/proc/*/fd", refuse("descriptors and mappings of %d processes: permission denied", blind))
		}
		return err
	})
}

// specialSockets maps the inodes of raw and packet sockets of our network
// namespace to what they are.
func specialSockets() map[string]string {
	out := map[string]string{}
	for _, k := range kinds() {
		what := strings.TrimSuffix(k.proto, "6")
		if what != "raw" && what != "packet" {
			continue
		}
		// What may not be read is listed by linux.sockets.
		_, _ = socketTable("/proc/self/net/"+k.proto, k.table, func(s Socket) bool {
			out["socket:["+strconv.FormatUint(s.Inode, 10)+"]"] = what
			return len(out) < maxSockets
		})
	}
	return out
}

// openOf looks at what one process holds.
type openOf struct {
	c       *collection
	h       holder
	r       *rows
	special map[string]string
	lines   int
	files   []OpenFile     // descriptors, each file once
	at      map[string]int // its place in files
}

// add writes a line, up to the limit of one process.
func (o *openOf) add(f OpenFile) error {
	o.lines++
	if o.lines > maxLines {
		o.r.noteOnce(fmt.Sprintf("process %d holds more than %d such files: the rest is not listed", o.h.pid, maxLines))
		return nil
	}
	f.PID, f.Comm, f.UID, f.User = o.h.pid, o.h.comm, o.h.uid, o.c.users[o.h.uid]
	f.Path = strings.TrimSuffix(f.Path, " (deleted)")
	f.Memfd = strings.HasPrefix(f.Path, "/memfd:")
	f.Raw = raw(nil, "path", f.Path)
	return o.r.add(f)
}

// descriptor writes a descriptor's file if it is worth it.
func (o *openOf) descriptor(fd int, link string) error {
	why, kind := whyOpen(link)
	if what, ok := o.special[link]; ok {
		why, kind = what, "socket"
	}
	gone := strings.HasSuffix(link, " (deleted)")
	if why == "" && !gone {
		return nil
	}
	var s unix.Statx_t
	if err := statx(o.h.fd, "fd/"+strconv.Itoa(fd), 0, &s); err != nil {
		return nil //nolint:nilerr // closed meanwhile
	}
	st := statOf(&s)
	f := OpenFile{
		FD: fd, Path: link, Device: fmt.Sprintf("%d:%d", s.Dev_major, s.Dev_minor), Inode: s.Ino,
		Links: uint64(s.Nlink), Mode: st.Mode, Size: st.Size, Modified: st.Modified, Changed: st.Changed,
	}
	if gone && s.Nlink == 0 { // else its name only ends like that
		f.Why = append(f.Why, "deleted")
	}
	if why != "" && (kind != "file" || st.Mode[0] == '-') {
		f.Why = append(f.Why, why)
	}
	if len(f.Why) == 0 {
		return nil
	}
	if kind == "bpf" {
		f.ID = o.object(fd)
	}
	key := f.Device + " " + strconv.FormatUint(f.Inode, 10) + " " + f.ID
	if i, seen := o.at[key]; seen && kind != "bpf" && kind != "trace" { // as standard output and error often are
		o.files[i].Count = max(o.files[i].Count, 1) + 1
		return nil
	}
	if len(o.files) < maxLines {
		o.at[key] = len(o.files)
		o.files = append(o.files, f)
		return nil
	}
	return o.add(f)
}

// flush writes the descriptors.
func (o *openOf) flush() error {
	for _, f := range o.files {
		if err := o.add(f); err != nil {
			return err
		}
	}
	return nil
}

// object is the line of a bpf object's fdinfo that names it.
func (o *openOf) object(fd int) string {
	b, _, err := o.h.read("fdinfo/"+strconv.Itoa(fd), maxStatus)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		if name == "prog_id" || name == "map_id" || name == "link_id" {
			return name + " " + strings.TrimSpace(value)
		}
	}
	return ""
}

// mappings writes the mappings of a process that are worth it: deleted files,
// libraries from unusual folders, and memory that can be written and executed,
// or executed without a file. Each file is written once, memory without a file
// once for each permission, with a count.
func (o *openOf) mappings(ctx context.Context) error {
	b, cut, err := o.h.patiently(ctx, "maps", maxMaps, patience)
	if err != nil {
		return err
	}
	if cut {
		o.r.noteOnce(fmt.Sprintf("the mappings of process %d were read up to %d bytes", o.h.pid, maxMaps))
	}
	exe, err := readlinkAt(o.h.fd, "exe")
	if err != nil {
		exe = ""
	}
	at := map[string]int{}
	var found []OpenFile
	for line := range bytes.Lines(b) {
		if !worthReading(line) {
			continue
		}
		m, ok := parseMapping(strings.TrimSuffix(string(line), "\n"))
		if !ok {
			continue
		}
		why := whyMapped(m, exe)
		if len(why) == 0 {
			continue
		}
		key := m.device + " " + strconv.FormatUint(m.inode, 10) + " " + strconv.FormatBool(strings.Contains(m.perms, "x"))
		if m.inode == 0 {
			key = m.perms
			m.path = "memory without a file"
		}
		if i, seen := at[key]; seen {
			found[i].Count++
			found[i].Size += m.size
			continue
		}
		at[key] = len(found)
		found = append(found, OpenFile{FD: -1, Mapped: m.perms, Path: m.path, Why: why, Count: 1, Device: m.device, Inode: m.inode, Size: m.size})
	}
	for _, f := range found {
		if err := o.add(f); err != nil {
			return err
		}
	}
	return nil
}

// worthReading passes over, without taking it apart, a line of maps that cannot
// be of interest.
func worthReading(line []byte) bool {
	_, perms, ok := bytes.Cut(line, []byte(" "))
	return ok && len(perms) > 4 && (perms[2] == 'x' || bytes.HasSuffix(line, []byte(" (deleted)\n")))
}
