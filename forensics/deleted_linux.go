package forensics

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// deletedExecutables seals the executables that have no name any more: when the
// process ends they are gone.
func (c *collection) deletedExecutables(ctx context.Context) error {
	list, err := pids()
	if err != nil {
		c.refuse("/proc", err)
		return nil
	}
	for _, pid := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.deletedExecutable(ctx, pid); err != nil {
			return err
		}
	}
	return nil
}

func (c *collection) deletedExecutable(ctx context.Context, pid int) error {
	d, err := openProc(pid)
	if err != nil {
		return nil // it has ended
	}
	defer d.close()
	name, err := readlinkAt(d.fd, "exe")
	if err != nil || !strings.HasSuffix(name, " (deleted)") {
		return nil // no access is listed by linux.processes
	}
	source := fmt.Sprintf("/proc/%d/exe (%s)", pid, strings.ToValidUTF8(name, "\uFFFD"))
	var s unix.Statx_t
	if err := statx(d.fd, "exe", 0, &s); err != nil {
		c.refuse(source, explain(err))
		return nil
	}
	if s.Nlink != 0 || s.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil // its name only ends like that
	}
	if _, seen := c.inodes[inodeOf(&s)]; seen {
		return nil // another process runs the same
	}
	h := &handle{path: source, stat: statOf(&s), raw: s}
	if need := h.stat.Size; need > c.Limits.File || c.taken+need > c.Limits.Total {
		c.refuse(source, refuse("%d bytes: over the limit of %d for one file or %d for all", need, c.Limits.File, c.Limits.Total))
		return nil
	}
	fd, err := openExe(d)
	if err != nil {
		c.refuse(source, explain(err))
		return nil
	}
	f := os.NewFile(uintptr(fd), source)
	e := c.exhibit(fmt.Sprintf("Deleted executable of process %d", pid), source, "", "one descriptor, opened through /proc/PID/exe; hashed while read")
	e.Before = &h.stat
	h.fd = fd
	in := &bounded{f: f, left: min(c.Limits.File, c.Limits.Total-c.taken), size: h.stat.Size}
	c.taken += h.stat.Size
	c.inodes[inodeOf(&s)] = source
	return errors.Join(c.seal(ctx, &sealing{e: e, h: h, in: in, need: h.stat.Size}, false), f.Close())
}
