package forensics

import (
	"errors"
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

// tree is the file system that is examined: the running host's, or an image's
// below a folder that no path, link or ".." leads out of.
type tree struct {
	root    *os.File // O_PATH
	image   bool
	openat2 bool     // the kernel has it (5.6) and the sandbox allows it
	proc    bool     // /proc/self/fd can be used to open what a descriptor names
	foreign []string // mount points of network and user-space file systems: never touched
	kernel  []string // mount points of views of the kernel: not listed
	layers  []string // mount points of containers' overlays: their layers are files elsewhere
}

// openTree opens the tree at root and learns which mounts must not be touched.
func openTree(root string) (*tree, error) {
	if root == "" {
		root = "/"
	}
	fd, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open root %s: %w", root, err)
	}
	t := &tree{root: os.NewFile(uintptr(fd), root), image: path.Clean(root) != "/"}
	probe, err := unix.Openat2(fd, ".", &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	})
	if err == nil {
		t.openat2 = true
		err = unix.Close(probe)
	} else if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) {
		err = nil
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open root %s: %w", root, err), t.root.Close())
	}
	var s unix.Stat_t
	t.proc = unix.Stat(fmt.Sprintf("/proc/self/fd/%d", fd), &s) == nil
	if err := t.learnMounts(path.Clean(root)); err != nil {
		return nil, errors.Join(err, t.root.Close())
	}
	return t, nil
}

// learnMounts finds the mount points below the root, as paths inside the tree.
// What the root itself lies on was chosen by a person, and is read.
func (t *tree) learnMounts(root string) error {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read mounts: %w", err)
	}
	list, _ := parseMounts(b)
	for _, m := range list {
		inside, below := strings.CutPrefix(m.Point, strings.TrimSuffix(root, "/")+"/")
		switch {
		case !below || inside == "":
		case m.Network:
			t.foreign = append(t.foreign, "/"+inside)
		case m.Type == "overlay":
			t.layers = append(t.layers, "/"+inside)
		case kernelType(m.Type):
			t.kernel = append(t.kernel, "/"+inside)
		}
	}
	return nil
}

// handle is a name resolved but not yet opened (O_PATH): looking at it runs no
// driver, wakes no FIFO and changes no time.
type handle struct {
	fd   int
	path string // as asked
	stat record.Stat
	raw  unix.Statx_t
	note []string
}

func (h *handle) close() error {
	if err := unix.Close(h.fd); err != nil {
		return fmt.Errorf("close %s: %w", h.path, err)
	}
	return nil
}

// at resolves name below base without following a link in name's last part.
// Links in base are followed inside the tree; links in the folders of name are
// refused when strict is set: where users own the folders they could point
// anywhere. Both are clean, absolute inside the tree.
func (t *tree) at(base, name string, strict bool) (*handle, error) {
	full := path.Join(base, name)
	if m, bad := on(t.foreign, full); bad {
		return nil, refuse("on a network or user-space file system (%s)", m)
	}
	fd, err := t.resolve(base, name, strict)
	if err != nil {
		return nil, explain(err)
	}
	h := &handle{fd: fd, path: full}
	if err := statx(fd, "", unix.AT_EMPTY_PATH|unix.AT_SYMLINK_NOFOLLOW, &h.raw); err != nil {
		return nil, errors.Join(explain(err), h.close())
	}
	h.stat = statOf(&h.raw)
	if truly := t.realPath(h); truly != full {
		h.note = append(h.note, "reached through a symbolic link: it is "+strconv.QuoteToGraphic(truly))
	}
	return h, nil
}

// resolve opens the name with O_PATH.
func (t *tree) resolve(base, name string, strict bool) (int, error) {
	const flags = unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC
	if !t.openat2 {
		return t.step(path.Join(base, name), flags)
	}
	inside := int(t.root.Fd())
	if strict && base != "/" {
		fd, err := openat2(inside, rel(base), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC,
			unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS)
		if err != nil {
			return -1, err
		}
		defer func() { _ = unix.Close(fd) }()
		inside = fd
	} else {
		name = path.Join(base, name)
	}
	how := uint64(unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS)
	if strict {
		how = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS
	}
	return openat2(inside, rel(name), flags, how)
}

// openat2 asks again when a rename elsewhere made the kernel unsure.
func openat2(dir int, name string, flags, how uint64) (int, error) {
	for range 128 {
		fd, err := unix.Openat2(dir, name, &unix.OpenHow{Flags: flags, Resolve: how})
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		}
		return fd, err
	}
	return -1, unix.EAGAIN
}

// step resolves a path part by part where openat2 is missing. No link is
// followed at all.
func (t *tree) step(name string, flags int) (int, error) {
	dir := int(t.root.Fd())
	parts := strings.Split(rel(name), "/")
	for i, part := range parts {
		f := unix.O_PATH | unix.O_NOFOLLOW | unix.O_DIRECTORY | unix.O_CLOEXEC
		if i == len(parts)-1 {
			f = flags
		}
		fd, err := unix.Openat(dir, part, f, 0)
		if dir != int(t.root.Fd()) {
			err = errors.Join(err, unix.Close(dir))
		}
		if err != nil {
			return -1, err
		}
		dir = fd
	}
	return dir, nil
}

// rel makes a path relative to the tree's root.
func rel(name string) string {
	if name = strings.TrimPrefix(path.Clean("/"+name), "/"); name == "" {
		return "."
	}
	return name
}

// realPath is where the kernel says the handle lies, inside the tree; without
// /proc it is the path that was asked for.
func (t *tree) realPath(h *handle) string {
	if !t.proc {
		return h.path
	}
	p, err := readlinkAt(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(h.fd))
	if err != nil {
		return h.path
	}
	p = strings.TrimSuffix(p, " (deleted)")
	if !t.image {
		return p
	}
	base, err := readlinkAt(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(int(t.root.Fd())))
	if err != nil || !strings.HasPrefix(p, base+"/") {
		return h.path
	}
	return strings.TrimPrefix(p, base)
}

// open opens what the handle names for reading: the very inode that was looked
// at, so that no swap between look and open can matter. Where the caller may
// not keep the access time from changing, the handle's notes say so.
func (t *tree) open(h *handle, dir bool) (*os.File, error) {
	flags := unix.O_RDONLY | unix.O_NONBLOCK | unix.O_CLOEXEC | unix.O_NOATIME
	if dir {
		flags |= unix.O_DIRECTORY
	}
	fd, err := t.reopen(h, flags)
	if errors.Is(err, unix.EPERM) {
		fd, err = t.reopen(h, flags&^unix.O_NOATIME)
		if err == nil {
			h.note = append(h.note, "read without O_NOATIME (not the owner): its access time may have changed")
		}
	}
	if err != nil {
		return nil, explain(err)
	}
	return os.NewFile(uintptr(fd), h.path), nil
}

// reopen turns an O_PATH descriptor into one for reading.
func (t *tree) reopen(h *handle, flags int) (int, error) {
	if flags&unix.O_DIRECTORY != 0 {
		return unix.Openat(h.fd, ".", flags, 0)
	}
	if t.proc {
		return unix.Open("/proc/self/fd/"+strconv.Itoa(h.fd), flags, 0)
	}
	// Without /proc the name is opened again, and what came is compared.
	var fd int
	var err error
	if t.openat2 {
		fd, err = openat2(int(t.root.Fd()), rel(h.path), uint64(flags)|unix.O_NOFOLLOW, //nolint:gosec // flags are positive
			unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS)
	} else {
		fd, err = t.step(h.path, flags|unix.O_NOFOLLOW)
	}
	if err != nil {
		return -1, err
	}
	var now unix.Statx_t
	if err := statx(fd, "", unix.AT_EMPTY_PATH, &now); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	if now.Ino != h.raw.Ino || now.Dev_major != h.raw.Dev_major || now.Dev_minor != h.raw.Dev_minor {
		return -1, errors.Join(refuse("replaced while it was being opened"), unix.Close(fd))
	}
	return fd, nil
}

// regular refuses whatever is no plain file, with what it is.
func (t *tree) regular(h *handle) error {
	switch h.raw.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return nil
	case unix.S_IFLNK:
		target, err := readlinkAt(h.fd, "")
		if err != nil {
			return explain(err)
		}
		return refuse("symbolic link to %s", strconv.QuoteToGraphic(target))
	case unix.S_IFDIR:
		return refuse("a folder, not a file")
	case unix.S_IFIFO:
		return refuse("a FIFO: never opened")
	case unix.S_IFSOCK:
		return refuse("a socket: never opened")
	case unix.S_IFBLK, unix.S_IFCHR:
		return refuse("a device: never opened")
	}
	return refuse("not a regular file")
}

// missing says that there is nothing of that name, which is no refusal.
func missing(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR)
}

// explain keeps ENOENT and its like, and turns the rest into a refusal.
func explain(err error) error {
	var r *refusal
	switch {
	case err == nil || missing(err) || errors.As(err, &r):
		return err
	case errors.Is(err, unix.ELOOP):
		return refuse("a folder on the way is a symbolic link")
	}
	var no unix.Errno
	if errors.As(err, &no) {
		return refuse("%s", no.Error())
	}
	return refuse("%s", err.Error())
}
