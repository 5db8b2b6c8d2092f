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

// maxMaps bounds what is read of one process' mappings.
const maxMaps = 16 << 20

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
	e := c.exhibit("Open files that have been deleted", "/proc/*/fd, /proc/*/maps", FormatOpenFiles, methodProc)
	return c.snapshot(ctx, e, func(r *rows) error {
		blind, err := c.eachHolder(ctx, func(h holder) error { return c.deletedOf(ctx, h, r) })
		if blind > 0 {
			c.refuse("/proc/*/fd", refuse("descriptors of %d processes: permission denied", blind))
		}
		return err
	})
}

// deletedOf writes the deleted files of one process.
func (c *collection) deletedOf(ctx context.Context, h holder, r *rows) error {
	err := eachFD(h, func(fd int, link string) error {
		if !strings.HasSuffix(link, " (deleted)") {
			return nil
		}
		var s unix.Statx_t
		if err := statx(h.fd, "fd/"+strconv.Itoa(fd), 0, &s); err != nil {
			return nil // closed meanwhile
		}
		if s.Nlink != 0 {
			return nil // its name only ends like that
		}
		st := statOf(&s)
		return r.add(c.openFile(h, OpenFile{
			FD: fd, Path: link, Device: fmt.Sprintf("%d:%d", s.Dev_major, s.Dev_minor), Inode: s.Ino,
			Links: uint64(s.Nlink), Mode: st.Mode, Size: st.Size, Modified: st.Modified, Changed: st.Changed,
		}))
	})
	if err != nil {
		return err
	}
	return c.deletedMappings(ctx, h, r)
}

// openFile fills in what all lines share.
func (c *collection) openFile(h holder, f OpenFile) OpenFile {
	f.PID, f.Comm, f.UID, f.User = h.pid, h.comm, h.uid, c.users[h.uid]
	f.Path = strings.TrimSuffix(f.Path, " (deleted)")
	f.Memfd = strings.HasPrefix(f.Path, "/memfd:")
	f.Raw = raw(nil, "path", f.Path)
	return f
}

// deletedMappings writes the deleted files that a process has mapped, once
// each: a library replaced by an update, or one that was made to vanish.
func (c *collection) deletedMappings(ctx context.Context, h holder, r *rows) error {
	b, cut, err := h.patiently(ctx, "maps", maxMaps, patience)
	if err != nil {
		return err
	}
	if cut {
		r.note = append(r.note, fmt.Sprintf("the mappings of process %d were read up to %d bytes", h.pid, maxMaps))
	}
	seen := map[string]bool{}
	for line := range bytes.Lines(b) {
		m, ok := parseMapping(strings.TrimSuffix(string(line), "\n"))
		if !ok || m.inode == 0 || !strings.HasSuffix(m.path, " (deleted)") {
			continue
		}
		key := m.device + " " + strconv.FormatUint(m.inode, 10)
		if !strings.Contains(m.perms, "x") {
			key += " data"
		}
		if seen[key] {
			continue
		}
		seen[key] = true
		if err := r.add(c.openFile(h, OpenFile{FD: -1, Mapped: m.perms, Path: m.path, Device: m.device, Inode: m.inode})); err != nil {
			return err
		}
	}
	return nil
}
