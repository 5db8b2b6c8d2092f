package forensics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"firebreak/forensics/pattern"
)

// Limits of the walk that no caller sets.
const (
	maxPending = 1_000_000 // folders known and not yet looked into
	maxDeep    = 1024      // folders inside each other: each is held open
	maxPath    = 64 << 10  // bytes of a path
)

// walk is the one pass over the disk. Every name is looked at once, in its
// folder's descriptor: no path is resolved twice, no link followed, and nothing
// opened but folders.
type walk struct {
	c      *collection
	set    *pattern.Set
	links  map[string]bool // of the system, which patterns were led through
	roots  []string        // folders that are listed
	seen   map[devino]struct{}
	mounts map[string]map[string]string // what is mounted and not to be entered: by folder and name, why
	own    map[devino]bool              // of this program
	list   *listingRows                 // nil: nothing is listed
	deep   int

	folders, names int64
	noAtime        int
	buf            []byte
	next           pattern.State
	pending        int
}

// devino names a file while the walk runs.
type devino struct{ dev, ino uint64 }

func devinoOf(s *unix.Statx_t) devino {
	return devino{uint64(s.Dev_major)<<32 | uint64(s.Dev_minor), s.Ino}
}

// walkDisk walks the disk for all chosen collectors, and seals the listing on
// the way.
func (c *collection) walkDisk(ctx context.Context, which []Description) error {
	c.walked = true
	c.aim(which)
	w := &walk{c: c, seen: map[devino]struct{}{}, buf: make([]byte, 64<<10), deep: maxDeep}
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) == nil && lim.Cur/2 < maxDeep {
		w.deep = int(lim.Cur / 2) //nolint:gosec // less than maxDeep
	}
	listing := slices.ContainsFunc(which, func(d Description) bool { return d.Name == "linux.listing" })
	if listing || c.finds.wanted {
		w.roots = c.listed()
	}
	if listing {
		c.now = which[slices.IndexFunc(which, func(d Description) bool { return d.Name == "linux.listing" })]
	} else if len(c.targets) == 0 && !c.finds.wanted {
		return nil
	}
	var err error
	if w.set, w.links, err = c.patterns(w.roots); err != nil {
		return err
	}
	w.mounts, w.own = c.tree.barred(), ownFiles(c.Own)
	if !listing {
		return w.run(ctx)
	}
	e := c.exhibit("File listing", fmt.Sprint(w.roots), FormatBodyfile, "statx of every name, no link followed, network file systems left out; folders read with O_NOATIME")
	w.list = &listingRows{}
	e, ok, err := c.stream(ctx, e, func(out *bufio.Writer) error {
		w.list.w = out
		return w.run(ctx)
	})
	if err != nil || !ok {
		return err
	}
	if w.noAtime > 0 {
		e.Deviations = append(e.Deviations, fmt.Sprintf("%d folders were read without O_NOATIME (not the owner): their access times may have changed", w.noAtime))
	}
	return c.hand(e)
}

// ownFiles are the workspace and what the collection is written to: they grow
// while the walk runs, and are no evidence. Whatever path leads to them, they are
// known by their inodes.
func ownFiles(names []string) map[devino]bool {
	out := map[devino]bool{}
	for _, name := range names {
		var s unix.Statx_t
		if statx(unix.AT_FDCWD, name, 0, &s) == nil { // what is not there is not met
			out[devinoOf(&s)] = true
		}
	}
	return out
}

// listed are the folders to be listed, without those that lie in another.
func (c *collection) listed() []string {
	var out []string
	for _, p := range c.Paths {
		if !path.IsAbs(p) {
			c.refuse(p, refuse("not an absolute path"))
			continue
		}
		p = path.Clean(p)
		if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// barred says which mount points are not entered.
func (t *tree) barred() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, kind := range []struct {
		points []string
		why    string
	}{
		{t.layers, "a container's view of its layers, which are listed where they lie: not listed"},
		{t.kernel, "a view of the kernel, not files: not listed"},
		{t.foreign, "a network or user-space file system: not listed"},
	} {
		for _, p := range kind.points {
			dir, name := path.Split(p)
			dir = path.Clean(dir)
			if out[dir] == nil {
				out[dir] = map[string]string{}
			}
			out[dir][name] = kind.why
		}
	}
	return out
}

// run walks from the root.
func (w *walk) run(ctx context.Context) error {
	for _, p := range w.roots { // what was asked for and is not there is said
		h, err := w.c.tree.at("/", p, false)
		switch m, bad := on(w.c.tree.kernel, p); {
		case bad:
			w.c.refuse(m, refuse("a view of the kernel, not files: not listed"))
		case missing(err) && w.c.told:
			w.c.refuse(p, refuse("does not exist"))
		case err != nil:
			w.c.refuse(p, err)
		}
		if err == nil {
			if h.raw.Mode&unix.S_IFMT == unix.S_IFLNK {
				w.c.refuse(p, w.c.tree.notFollowed(h))
			}
			if err := h.close(); err != nil {
				return err
			}
		}
	}
	fd, err := w.open(int(w.c.tree.root.Fd()), ".")
	if err != nil {
		w.c.refuse("/", explain(err))
		return nil
	}
	all := slices.Contains(w.roots, "/")
	var s unix.Statx_t
	if err := statx(fd, "", unix.AT_EMPTY_PATH, &s); err != nil {
		return errors.Join(err, unix.Close(fd))
	}
	if all {
		if err := w.row("/", "", &s); err != nil {
			return errors.Join(err, unix.Close(fd))
		}
	}
	w.seen[devinoOf(&s)] = struct{}{}
	return errors.Join(w.folder(ctx, fd, folder{path: "", at: w.set.Start(), listed: all}, 0), unix.Close(fd))
}

// notFollowed is the refusal of a link.
func (t *tree) notFollowed(h *handle) error {
	target, err := readlinkAt(h.fd, "")
	if err != nil {
		return explain(err)
	}
	return refuse("symbolic link to %q: not followed", target)
}

// maybeFolder says whether a link may lead to a folder. It is not followed onto
// another file system, whose answer could be long in coming.
func (t *tree) maybeFolder(dir int, name string) bool {
	if !t.openat2 {
		return true
	}
	fd, err := openat2(dir, name, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, unix.RESOLVE_NO_XDEV|unix.RESOLVE_NO_MAGICLINKS)
	if err == nil {
		_ = unix.Close(fd)
	}
	return !missing(err)
}

// folder is one that waits to be looked into.
type folder struct {
	path   string // "" is the root
	name   string
	at     pattern.State
	listed bool
	known  bool // its inode was looked at
}

// open opens a folder below another, without any link on the way.
func (w *walk) open(dir int, name string) (int, error) {
	const flags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK
	open := func(flags int) (int, error) {
		if w.c.tree.openat2 {
			return openat2(dir, name, uint64(flags), unix.RESOLVE_BENEATH|unix.RESOLVE_NO_SYMLINKS|unix.RESOLVE_NO_MAGICLINKS) //nolint:gosec // flags are positive
		}
		return unix.Openat(dir, name, flags, 0)
	}
	fd, err := open(flags | unix.O_NOATIME)
	if errors.Is(err, unix.EPERM) {
		if fd, err = open(flags); err == nil {
			w.noAtime++
		}
	}
	return fd, err
}

// folder looks at the names of an open folder, and then into the folders in it.
func (w *walk) folder(ctx context.Context, fd int, f folder, depth int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.folders++; w.folders < 64 || w.folders&255 == 0 {
		w.c.Progress(fmt.Sprintf("%s %d names, in %s", w.c.now.Name, w.names, f.path+"/"), w.c.at, w.c.of)
	}
	subs, err := w.read(ctx, fd, f)
	if err != nil {
		return err
	}
	for i := range subs {
		sub := &subs[i]
		w.pending--
		if depth+1 >= w.deep || len(sub.path) > maxPath {
			w.c.refuse(sub.path, refuse("more than %d folders deep, or a path longer than %d bytes: not looked into", w.deep, maxPath))
			continue
		}
		child, err := w.open(fd, sub.name)
		if err != nil {
			if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) {
				err = refuse("replaced by something else while the walk was here")
			}
			w.c.refuse(sub.path, explain(err))
			continue
		}
		var enter bool
		if enter, err = w.fresh(child, sub); err == nil && enter {
			err = w.folder(ctx, child, *sub, depth+1)
		}
		if err = errors.Join(err, unix.Close(child)); err != nil {
			return err
		}
		*sub = folder{}
	}
	return nil
}

// fresh says whether a folder was not looked into under another path: mounts
// can make loops.
func (w *walk) fresh(fd int, f *folder) (bool, error) {
	if f.known {
		return true, nil
	}
	var s unix.Statx_t
	if err := statx(fd, "", unix.AT_EMPTY_PATH, &s); err != nil {
		return false, err
	}
	return w.first(&s), nil
}

func (w *walk) first(s *unix.Statx_t) bool {
	id := devinoOf(s)
	if _, again := w.seen[id]; again {
		return false
	}
	w.seen[id] = struct{}{}
	return true
}

// read looks at every name of a folder and returns the folders to go into.
func (w *walk) read(ctx context.Context, fd int, f folder) ([]folder, error) {
	var subs []folder
	barred := w.mounts[f.path]
	if f.path == "" {
		barred = w.mounts["/"]
	}
	if w.list != nil {
		w.list.enter(f.path)
	}
	for {
		n, err := unix.Getdents(fd, w.buf)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil && !errors.Is(err, unix.ENOENT) { // removed while it was read
			w.c.refuse(f.path, explain(err))
		}
		if err != nil || n <= 0 {
			return subs, nil
		}
		for b := w.buf[:n]; len(b) > 0; {
			name, size := entry(b)
			b = b[size:]
			if name == "" || name == "." || name == ".." {
				continue
			}
			w.names++
			if why, bad := barred[name]; bad {
				w.bar(f, name, why)
				continue
			}
			if subs, err = w.name(fd, f, name, subs); err != nil {
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// bar says that a mount point is not entered, where something was looked for.
func (w *walk) bar(f folder, name, why string) {
	w.next = w.set.Step(f.at, name, w.next)
	if f.listed || w.set.Leads(w.next) {
		w.c.refuse(f.path+"/"+name, refuse("%s", why))
	}
}

// name looks at one name.
func (w *walk) name(fd int, f folder, name string, subs []folder) ([]folder, error) {
	w.next = w.next[:0]
	if len(f.at) > 0 {
		w.next = w.set.Step(f.at, name, w.next)
	}
	if !f.listed && len(w.next) == 0 {
		return subs, nil
	}
	var s unix.Statx_t
	full := ""
	path := func() string {
		if full == "" {
			full = f.path + "/" + name
		}
		return full
	}
	if err := statx(fd, name, unix.AT_SYMLINK_NOFOLLOW, &s); err != nil {
		w.c.refuse(path(), explain(err))
		return subs, nil
	}
	if w.own[devinoOf(&s)] {
		w.c.refuse(path(), refuse("of this program itself: not looked into"))
		return subs, nil
	}
	link, listed := "", f.listed
	if s.Mode&unix.S_IFMT == unix.S_IFLNK {
		var err error
		if link, err = readlinkAt(fd, name); err != nil {
			w.c.refuse(path(), explain(err))
		}
	}
	if len(w.next) > 0 {
		w.set.Ends(w.next, func(id int) {
			if id >= len(w.c.targets) {
				listed = true
				return
			}
			if t := w.c.targets[id]; t.fits(w.c, path(), &s) {
				w.c.meet(t, path(), &s, link)
			}
		})
		if s.Mode&unix.S_IFMT == unix.S_IFLNK && w.set.Leads(w.next) && !w.links[path()] && w.c.tree.maybeFolder(fd, name) {
			w.c.refuse(path(), refuse("a folder on the way is a symbolic link, to %q: not followed", link))
		}
	}
	if listed {
		if err := w.row(name, link, &s); err != nil {
			return subs, err
		}
		if w.c.finds.wanted {
			w.c.finds.look(f.path, name, &s, link)
		}
	}
	if s.Mode&unix.S_IFMT != unix.S_IFDIR || !listed && !w.set.Open(w.next) {
		return subs, nil
	}
	if w.pending >= maxPending || len(w.seen) >= 4*maxPending {
		w.c.refuse(path(), refuse("more than %d folders wait to be looked into: this one is not", maxPending))
		return subs, nil
	}
	if !w.first(&s) {
		return subs, nil
	}
	w.pending++
	return append(subs, folder{path: path(), name: name, at: slices.Clone(w.next), listed: listed, known: true}), nil
}

// entry reads one linux_dirent64 (getdents64(2)).
func entry(b []byte) (name string, size int) {
	const head = 19 // inode 8, offset 8, length 2, type 1
	if len(b) < head {
		return "", len(b)
	}
	size = int(b[16]) | int(b[17])<<8
	if size < head || size > len(b) {
		return "", len(b)
	}
	text := b[head:size]
	if i := slices.Index(text, 0); i >= 0 {
		text = text[:i]
	}
	return string(text), size
}

// row writes a line of the listing.
func (w *walk) row(name, link string, s *unix.Statx_t) error {
	if w.list == nil {
		return nil
	}
	if w.list.rows >= w.c.Limits.Rows {
		w.c.refuse(strings.Join(w.roots, " "), refuse("the limit of %d lines is reached: the rest is not listed", w.c.Limits.Rows))
		return nil
	}
	return w.list.add(name, link, s)
}
