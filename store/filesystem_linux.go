package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// magics are the numbers of statfs(2) for file systems that are looked at
// twice. The others are local.
var magics = map[int64]string{ //nolint:gochecknoglobals // a table
	unix.NFS_SUPER_MAGIC: "nfs", unix.SMB_SUPER_MAGIC: "smb", unix.SMB2_SUPER_MAGIC: "smb", unix.CIFS_SUPER_MAGIC: "cifs",
	unix.V9FS_MAGIC: "9p", unix.AFS_SUPER_MAGIC: "afs", unix.AFS_FS_MAGIC: "afs", unix.CODA_SUPER_MAGIC: "coda",
	unix.NCP_SUPER_MAGIC: "ncp", unix.CEPH_SUPER_MAGIC: "ceph", unix.FUSE_SUPER_MAGIC: "fuse",
	unix.EXT4_SUPER_MAGIC: "ext4", unix.XFS_SUPER_MAGIC: "xfs", unix.BTRFS_SUPER_MAGIC: "btrfs", unix.TMPFS_MAGIC: "tmpfs",
	unix.OVERLAYFS_SUPER_MAGIC: "overlay", unix.F2FS_SUPER_MAGIC: "f2fs",
	0x0BD00BD0: "lustre", 0x47504653: "gpfs", 0x19830326: "beegfs", 0xAAD7AAEA: "panfs",
	0x786F4256: "vboxsf", 0xBACBACBC: "vmhgfs", 0x7C7C6673: "prl_fs", 0x2FC12FC1: "zfs",
}

// kindOf names the file system of dir.
func kindOf(dir string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return "", fmt.Errorf("look at the file system of %s: %w", dir, err)
	}
	magic := int64(st.Type) & 0xFFFFFFFF //nolint:unconvert // the type differs between architectures
	name, known := magics[magic]
	if !known {
		return fmt.Sprintf("type %#x", magic), nil
	}
	if name != "fuse" {
		return name, nil
	}
	return fuseKind(dir)
}

// fuseKind is the type of the FUSE mount that dir lies on, as fuse.sshfs: the
// one with the device of dir, of proc(5) mountinfo.
func fuseKind(dir string) (string, error) {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return "", fmt.Errorf("look at %s: %w", dir, err)
	}
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "fuse", nil //nolint:nilerr // what it is cannot be seen, and then it is not fit
	}
	device := fmt.Sprintf("%d:%d", unix.Major(uint64(st.Dev)), unix.Minor(uint64(st.Dev))) //nolint:unconvert // as above
	for line := range strings.Lines(string(b)) {
		before, after, found := strings.Cut(line, " - ")
		f, kind := strings.Fields(before), strings.Fields(after)
		if found && len(f) > 2 && len(kind) > 0 && f[2] == device {
			return kind[0], nil
		}
	}
	return "fuse", nil
}

// probe tries what a record needs: flock and byte-range locks that exclude,
// and a file mapped into memory that shows what is written to it.
func probe(dir string) (err error) {
	a, err := os.CreateTemp(dir, ".probe-")
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // the name of the trial says nothing to anybody
	}
	if err != nil {
		return explain(err)
	}
	defer func() { err = errors.Join(err, a.Close(), os.Remove(a.Name())) }()
	b, err := os.OpenFile(a.Name(), os.O_RDWR, 0)
	if err != nil {
		return explain(err)
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for _, try := range []struct {
		what string
		do   func(a, b *os.File) error
	}{{"flock", tryFlock}, {"byte-range locks", tryRange}, {"shared memory", tryShared}} {
		if err := try.do(a, b); err != nil {
			return fmt.Errorf("%w: %w: %s: %s: %w", ErrReadOnly, ErrFileSystem, filepath.Dir(a.Name()), try.what, err)
		}
	}
	return nil
}

var errShared = errors.New("two may hold the same lock")

func tryFlock(a, b *os.File) error {
	if err := tryLock(a); err != nil {
		return err
	}
	switch err := tryLock(b); {
	case err == nil:
		return errShared
	case !errors.Is(err, errBusy):
		return err
	}
	return unlock(a)
}

// tryRange uses locks of the open file: those of the process, which SQLite
// takes, do not exclude within one process, and the same code grants both.
func tryRange(a, b *os.File) error {
	lock := unix.Flock_t{Type: unix.F_WRLCK, Start: 120, Len: 1}
	if err := unix.FcntlFlock(a.Fd(), unix.F_OFD_SETLK, &lock); err != nil {
		return err
	}
	switch err := unix.FcntlFlock(b.Fd(), unix.F_OFD_SETLK, &lock); {
	case err == nil:
		return errShared
	case !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EACCES):
		return err
	}
	lock.Type = unix.F_UNLCK
	return unix.FcntlFlock(a.Fd(), unix.F_OFD_SETLK, &lock)
}

// tryShared writes by the file and reads by the map: a write by the map ends
// the process where the disk is full.
func tryShared(a, b *os.File) error {
	page := bytes.Repeat([]byte("firebreak "), 410)[:4096]
	if _, err := a.WriteAt(make([]byte, len(page)), 0); err != nil {
		return nil //nolint:nilerr // a full disk says nothing of locks
	}
	m, err := unix.Mmap(int(b.Fd()), 0, len(page), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	_, err = a.WriteAt(page, 0)
	same := bytes.Equal(m, page)
	if err := errors.Join(err, unix.Munmap(m)); err != nil {
		return err
	}
	if !same {
		return errors.New("what is written is not seen")
	}
	return nil
}
