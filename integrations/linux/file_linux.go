package linux

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"firebreak/incident"
	"firebreak/integrations"
)

// Bounds of what is taken into quarantine.
const (
	maxFile   = 4 << 30
	maxXAttrs = 64 << 10
)

// openBeneath opens a path in which no component is a symbolic link.
func openBeneath(path string, flags uint64) (int, error) {
	fd, err := unix.Openat2(unix.AT_FDCWD, path, &unix.OpenHow{
		Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	})
	switch {
	case errors.Is(err, unix.ELOOP):
		return -1, rejected("give the path that it leads to", "open %s: a part of it is a symbolic link", path)
	case errors.Is(err, unix.ENOENT):
		return -1, incident.ErrNotFound
	case errors.Is(err, unix.ENOTDIR):
		return -1, rejected("", "open %s: a part of it is no folder", path)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return -1, rejected("the account may not: be root, or say sudo: true", "open %s: %w", path, err)
	case err != nil:
		return -1, rejected("", "open %s: %w", path, err)
	}
	return fd, nil
}

// look opens a regular file and describes it.
func look(path string) (*os.File, integrations.File, unix.Stat_t, error) {
	var st unix.Stat_t
	none := integrations.File{}
	// What it is, before it is opened: opening a device may do something.
	at, err := openBeneath(path, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return nil, none, st, err
	}
	err = unix.Fstat(at, &st)
	_ = unix.Close(at) // a path only
	switch {
	case err != nil:
		return nil, none, st, fmt.Errorf("open %s: %w", path, err)
	case st.Mode&unix.S_IFMT == unix.S_IFLNK:
		return nil, none, st, rejected("give the path that it leads to", "open %s: it is a symbolic link", path)
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return nil, none, st, rejected("", "open %s: it is no regular file", path)
	}
	const flags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK
	fd, err := openBeneath(path, flags|unix.O_NOATIME)
	if errors.Is(err, unix.EPERM) { // another's file
		fd, err = openBeneath(path, flags)
	}
	if err != nil {
		return nil, none, st, err
	}
	f := os.NewFile(uintptr(fd), path)
	d, err := describe(f, path, st)
	if err != nil {
		return nil, none, st, errors.Join(err, f.Close())
	}
	return f, d, st, nil
}

// describe reads what there is to know of an open file that was st before.
func describe(f *os.File, path string, st unix.Stat_t) (integrations.File, error) {
	var now unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &now); err != nil {
		return integrations.File{}, fmt.Errorf("read %s: %w", path, err)
	}
	if now.Dev != st.Dev || now.Ino != st.Ino {
		return integrations.File{}, rejected("look again", "open %s: it was replaced meanwhile", path)
	}
	d := integrations.File{
		Path: path, Mode: now.Mode & 0o7777, UID: int(now.Uid), GID: int(now.Gid), MTime: now.Mtim.Nano(), Links: int(min(now.Nlink, math.MaxInt32)), Vital: vital(now),
	}
	var err error
	if d.SHA256, d.Size, err = digest(f); err != nil {
		return d, err
	}
	d.XAttrs, err = xattrs(f)
	return d, err
}

func digest(r io.Reader) (string, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, io.LimitReader(r, maxFile+1))
	if err != nil {
		return "", n, fmt.Errorf("read file: %w", err)
	}
	if n > maxFile {
		return "", n, rejected("", "read file: it is larger than %d bytes", int64(maxFile))
	}
	return hex.EncodeToString(h.Sum(nil)), n, nil
}

func xattrs(f *os.File) (map[string]string, error) {
	fd := int(f.Fd())
	list := make([]byte, maxXAttrs)
	n, err := unix.Flistxattr(fd, list)
	if errors.Is(err, unix.ENOTSUP) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read extended attributes: %w", err)
	}
	out, size := map[string]string{}, 0
	for name := range strings.SplitSeq(strings.TrimSuffix(string(list[:n]), "\x00"), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, maxXAttrs)
		n, err := unix.Fgetxattr(fd, name, value)
		if err != nil {
			return nil, fmt.Errorf("read extended attribute %q: %w", name, err)
		}
		if size += len(name) + n; size > maxXAttrs {
			return nil, rejected("", "read file: it has more than %d bytes of extended attributes", maxXAttrs)
		}
		out[name] = base64.StdEncoding.EncodeToString(value[:n])
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// vital says whether the first process runs the file or has it in its memory. Who
// is not root cannot see that, and cannot take such files away either.
func vital(st unix.Stat_t) bool {
	var exe unix.Stat_t
	if unix.Stat("/proc/1/exe", &exe) == nil && exe.Dev == st.Dev && exe.Ino == st.Ino {
		return true
	}
	b, err := os.ReadFile("/proc/1/maps")
	if err != nil {
		return false
	}
	at := fmt.Sprintf("%02x:%02x %d", unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino)
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 5 && f[3]+" "+f[4] == at {
			return true
		}
	}
	return false
}

// File implements integrations.Hands.
func (here) File(ctx context.Context, path string) (integrations.File, error) {
	if ctx.Err() != nil {
		return integrations.File{}, unsent(ctx.Err())
	}
	f, d, _, err := look(path)
	if err != nil {
		return d, err
	}
	return d, f.Close()
}

// own opens folder/id, which must be ours alone, and makes it on wish.
func own(folder, id string, create bool) (*os.Root, error) {
	if create {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, rejected("", "make quarantine: %w", err)
		}
	}
	path := filepath.Join(folder, id)
	if create {
		if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, rejected("", "make quarantine: %w", err)
		}
	}
	for _, p := range []string{folder, path} {
		fd, err := openBeneath(p, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW)
		if err != nil {
			return nil, err
		}
		var st unix.Stat_t
		err = unix.Fstat(fd, &st)
		_ = unix.Close(fd) // nothing was written through it
		if err != nil {
			return nil, fmt.Errorf("open quarantine: %w", err)
		}
		if int(st.Uid) != os.Geteuid() || st.Mode&0o077 != 0 {
			return nil, rejected("it must be ours alone: mode 700", "folder %s: it belongs to user %d and has mode %o", p, st.Uid, st.Mode&0o7777)
		}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open quarantine: %w", err)
	}
	return root, nil
}

const (
	content = "content"
	meta    = "meta.json"
)

// kept opens what folder/id keeps, and checks that it is what was put there.
func kept(folder, id string) (*os.Root, *os.File, integrations.File, error) {
	var d integrations.File
	root, err := own(folder, id, false)
	if err != nil {
		return nil, nil, d, err
	}
	fail := func(err error) (*os.Root, *os.File, integrations.File, error) {
		return nil, nil, d, errors.Join(err, root.Close())
	}
	m, err := root.Open(meta)
	if errors.Is(err, fs.ErrNotExist) {
		_ = root.Close() // an attempt that did not come to its end
		return nil, nil, d, incident.ErrNotFound
	}
	if err != nil {
		return fail(err)
	}
	b, err := io.ReadAll(io.LimitReader(m, 1<<20))
	if err = errors.Join(err, m.Close()); err == nil {
		err = json.Unmarshal(b, &d)
	}
	if err != nil {
		return fail(fmt.Errorf("read quarantine %s: %w", id, err))
	}
	f, err := root.Open(content)
	if err != nil {
		return fail(fmt.Errorf("read quarantine %s: %w", id, err))
	}
	sum, _, err := digest(f)
	if err == nil && sum != d.SHA256 {
		err = rejected("", "quarantine %s: its content is not what was put there", id)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fail(errors.Join(err, f.Close()))
	}
	return root, f, d, nil
}

// Quarantined implements integrations.Hands.
func (here) Quarantined(_ context.Context, folder, id string) (integrations.File, error) {
	root, f, d, err := kept(folder, id)
	if err != nil {
		return d, err
	}
	return d, errors.Join(f.Close(), root.Close())
}

// Quarantine implements integrations.Hands. The copy is on the disk before the
// file is taken away.
func (h here) Quarantine(ctx context.Context, planned integrations.File, folder, id string) (err error) {
	if ctx.Err() != nil {
		return unsent(ctx.Err())
	}
	f, d, st, err := look(planned.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	switch {
	case d.SHA256 != planned.SHA256:
		return rejected("plan it anew", "quarantine %s: it is not the file that was planned for", d.Path)
	case d.Vital:
		return rejected("", "quarantine %s: the host stands on it", d.Path)
	}
	if _, err := h.Quarantined(ctx, folder, id); errors.Is(err, incident.ErrNotFound) {
		if err := copyTo(f, d, folder, id); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return take(d.Path, st)
}

// copyTo puts the file into folder/id, whole or not at all.
func copyTo(f *os.File, d integrations.File, folder, id string) (err error) {
	root, err := own(folder, id, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	empty := func() error {
		var all error
		for _, n := range []string{meta, content, meta + ".new"} {
			if err := root.Remove(n); err != nil && !errors.Is(err, fs.ErrNotExist) {
				all = errors.Join(all, err)
			}
		}
		return all
	}
	if err := empty(); err != nil { // of an attempt that did not come to its end
		return rejected("", "quarantine %s: %w", d.Path, err)
	}
	defer func() {
		if err != nil {
			err = rejected("", "quarantine %s: %w", d.Path, errors.Join(err, empty()))
		}
	}()
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum, err := write(root, content, 0o400, f)
	if err != nil {
		return err
	}
	if sum != d.SHA256 {
		return errors.New("it changes while it is read: stop what writes it first")
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if _, err := write(root, meta+".new", 0o400, strings.NewReader(string(b))); err != nil {
		return err
	}
	if err := root.Rename(meta+".new", meta); err != nil {
		return err
	}
	return syncDir(root)
}

// write makes a new file and brings it onto the disk.
func write(root *os.Root, name string, mode fs.FileMode, r io.Reader) (string, error) {
	w, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(w, h), io.LimitReader(r, maxFile+1))
	if err == nil {
		err = w.Sync()
	}
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, w.Close())
}

func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// parent opens the folder of a path, which has no symbolic link in it.
func parent(path string) (*os.File, error) {
	fd, err := openBeneath(filepath.Dir(path), unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), filepath.Dir(path)), nil
}

// take removes the file, if it is still the one that was read.
func take(path string, st unix.Stat_t) (err error) {
	dir, err := parent(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	var now unix.Stat_t
	if err := unix.Fstatat(int(dir.Fd()), filepath.Base(path), &now, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return rejected("plan it anew", "quarantine %s: it is gone: %w", path, err)
	}
	if now.Dev != st.Dev || now.Ino != st.Ino || now.Size != st.Size || now.Mtim != st.Mtim {
		return rejected("plan it anew", "quarantine %s: it was replaced meanwhile", path)
	}
	if err := unix.Unlinkat(int(dir.Fd()), filepath.Base(path), 0); err != nil {
		hint := ""
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			hint = "the folder is not ours to write, or the file is immutable: lsattr, chattr -i"
		}
		return rejected(hint, "take %s away: %w", path, err)
	}
	return dir.Sync()
}

// Restore implements integrations.Hands.
func (here) Restore(ctx context.Context, planned integrations.File, folder, id string) (err error) {
	if ctx.Err() != nil {
		return unsent(ctx.Err())
	}
	root, f, d, err := kept(folder, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), root.Close()) }()
	if d.SHA256 != planned.SHA256 || d.Path != planned.Path {
		return rejected("", "restore %s: quarantine %s keeps another file", planned.Path, id)
	}
	dir, err := parent(d.Path)
	if errors.Is(err, incident.ErrNotFound) {
		return rejected("make the folder again first", "restore %s: its folder is gone", d.Path)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := put(dir, f, d, id); err != nil {
		return err
	}
	for _, n := range []string{meta, content} {
		if err := root.Remove(n); err != nil {
			return fmt.Errorf("empty quarantine %s: %w", id, err)
		}
	}
	return os.Remove(filepath.Join(folder, id))
}

// put makes the file as it was under a name of ours, and then gives it its own,
// which must be free.
func put(dir, f *os.File, d integrations.File, id string) (err error) {
	at, name, temp := int(dir.Fd()), filepath.Base(d.Path), ".firebreak-"+id
	taken := func(err error) error {
		return rejected("move away what is there", "restore %s: the place is taken: %w", d.Path, err)
	}
	var st unix.Stat_t
	if err := unix.Fstatat(at, name, &st, unix.AT_SYMLINK_NOFOLLOW); err == nil {
		return taken(fs.ErrExist)
	}
	if err := unix.Unlinkat(at, temp, 0); err != nil && !errors.Is(err, unix.ENOENT) {
		return rejected("", "restore %s: %w", d.Path, err)
	}
	fd, err := unix.Openat(at, temp, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return rejected("", "restore %s: %w", d.Path, err)
	}
	w := os.NewFile(uintptr(fd), temp)
	defer func() { err = errors.Join(err, w.Close(), unix.Unlinkat(at, temp, 0)) }()
	if _, err := io.Copy(w, f); err != nil {
		return rejected("", "restore %s: %w", d.Path, err)
	}
	if err := dress(w, d); err != nil {
		return rejected("", "restore %s: %w", d.Path, err)
	}
	err = unix.Linkat(at, temp, at, name, 0)
	if errors.Is(err, unix.EEXIST) {
		return taken(err)
	}
	if err != nil {
		return rejected("", "restore %s: %w", d.Path, err)
	}
	return dir.Sync()
}

// dress gives a file its owner, attributes, mode and time, in the order in which
// none takes another away.
func dress(w *os.File, d integrations.File) error {
	fd := int(w.Fd())
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if int(st.Uid) != d.UID || int(st.Gid) != d.GID {
		if err := unix.Fchown(fd, d.UID, d.GID); err != nil {
			return fmt.Errorf("give it to %d:%d: %w", d.UID, d.GID, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.XAttrs)) {
		value, err := base64.StdEncoding.DecodeString(d.XAttrs[name])
		if err == nil {
			err = unix.Fsetxattr(fd, name, value, 0)
		}
		if err != nil {
			return fmt.Errorf("set its attribute %q: %w", name, err)
		}
	}
	if err := unix.Fchmod(fd, d.Mode); err != nil {
		return fmt.Errorf("set its mode: %w", err)
	}
	t := unix.NsecToTimespec(d.MTime)
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, filepath.Join("/proc/self/fd", strconv.Itoa(fd)), []unix.Timespec{t, t}, 0); err != nil {
		return fmt.Errorf("set its time: %w", err)
	}
	return w.Sync()
}
