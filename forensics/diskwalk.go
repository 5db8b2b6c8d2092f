package forensics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"firebreak/forensics/formats/ext4"
	"firebreak/forensics/pattern"
	"firebreak/forensics/profiles"
	"firebreak/record"
)

// imageTarget is an artefact that is looked for in an image.
type imageTarget struct {
	profiles.Artefact
	collector string
	found     []imageFound
}

type imageFound struct {
	path  string
	inode *ext4.Inode
	named bool // by a person
}

// maxFoundInImage bounds what one artefact means before limits choose.
const maxFoundInImage = 100_000

// imageWalk is the one pass over a volume.
type imageWalk struct {
	c       *imaging
	m       mounted
	set     *pattern.Set
	targets []*imageTarget
	users   map[uint32]bool
	seen    map[uint32]bool // folders
	out     *bufio.Writer   // nil: nothing is listed
	rows    int64
	line    []byte
	finds   *imageFinds // nil: not asked for
}

// coded are the files of those collectors whose code reads a live host: they are
// taken as they lie.
func coded() []imageTarget {
	of := func(collector, kind, title string, paths ...string) imageTarget {
		return imageTarget{Artefact: profiles.Artefact{Kind: kind, Title: title, Format: FormatText, Do: profiles.Take, Paths: paths}, collector: collector}
	}
	return []imageTarget{
		of("linux.accounts", "linux.accounts", "Accounts", "/etc/passwd", "/etc/group", "/etc/sudoers", "/etc/sudoers.d/*"),
		of("linux.units", "linux.units", "systemd unit", "/etc/systemd/system/**", "/etc/systemd/user/**", "/usr/local/lib/systemd/**", "/run/systemd/system/**", "~/.config/systemd/user/**"),
		of("linux.ssh", "linux.ssh", "ssh settings", "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d/*", "/etc/ssh/ssh_config", "/etc/ssh/ssh_config.d/*", "/etc/ssh/sshrc",
			"~/.ssh/authorized_keys", "~/.ssh/authorized_keys2", "~/.ssh/known_hosts", "~/.ssh/config", "~/.ssh/rc", "~/.ssh/environment"),
	}
}

// aim compiles the patterns of the chosen collectors.
func (w *imageWalk) aim(passwd []byte) error {
	w.users = map[uint32]bool{}
	homes := map[string]bool{"/root": true}
	for line := range strings.Lines(string(passwd)) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if len(f) < 7 {
			continue
		}
		var uid uint32
		if _, err := fmt.Sscanf(f[2], "%d", &uid); err == nil {
			w.users[uid] = true
		}
		if path.IsAbs(f[5]) && path.Clean(f[5]) != "/" && len(homes) < 100_000 {
			homes[path.Clean(f[5])] = true
		}
	}
	for _, d := range w.c.which {
		if col, ok := w.c.Profiles.Collector(d.Name); ok {
			for _, a := range col.Artefacts {
				w.targets = append(w.targets, &imageTarget{Artefact: a, collector: d.Name})
			}
		}
		for _, t := range coded() {
			if t.collector == d.Name {
				w.targets = append(w.targets, &t)
			}
		}
	}
	for id, t := range w.targets {
		for _, p := range t.Paths {
			if err := w.set.Add(p, id); err != nil {
				return fmt.Errorf("pattern %s: %w", p, err)
			}
		}
	}
	for home := range homes {
		w.set.Home(home, true)
	}
	return nil
}

// run walks, and seals the listing on the way if it is wanted.
func (w *imageWalk) run(ctx context.Context, listing bool) error {
	if !listing {
		return w.walk(ctx)
	}
	e := w.c.exhibit(w.m, "File listing", "/", FormatBodyfile)
	e.Method += "; every name, and the names and inodes of removed files that are left"
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() {
		w.out = bufio.NewWriterSize(out, 64<<10)
		err := w.walk(ctx)
		if err == nil {
			err = w.out.Flush()
		}
		_ = out.CloseWithError(err) // never fails
		done <- err
	}()
	err := w.c.seal(ctx, in, e)
	_ = in.CloseWithError(errStoppedListing) // never fails; ends a writer that is still at work
	if werr := <-done; werr != nil && !errors.Is(werr, errStoppedListing) {
		return werr
	}
	return err
}

var (
	errStoppedListing = errors.New("the listing was stopped")
	errImageRows      = errors.New("row limit")
)

type folderAt struct {
	inode uint32
	path  string
	state pattern.State
}

func (w *imageWalk) walk(ctx context.Context) error {
	root := folderAt{ext4.RootInode, "/", w.set.Start()}
	if w.m.at != "" {
		root.path = w.m.at
		for part := range strings.SplitSeq(strings.Trim(w.m.at, "/"), "/") {
			root.state = w.set.Step(root.state, part, nil)
		}
	}
	pending := []folderAt{root}
	for len(pending) > 0 {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		f := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		more, err := w.folder(f)
		if errors.Is(err, errImageRows) {
			w.c.refuse(f.path, "the limit of %d lines is reached: the rest is not listed", w.c.Limits.Rows)
			w.out = nil
		} else if err != nil {
			return err
		}
		if len(pending)+len(more) > 1_000_000 {
			w.c.refuse(f.path, "too many folders wait: those in it are not looked into")
			continue
		}
		pending = append(pending, more...)
	}
	return w.orphans(ctx)
}

// folder looks at the names in one folder.
func (w *imageWalk) folder(f folderAt) (more []folderAt, err error) {
	if w.seen[f.inode] || len(f.path) > 64<<10 {
		return nil, nil
	}
	w.seen[f.inode] = true
	n, err := w.m.fs.Inode(f.inode)
	if err != nil {
		w.c.refuse(f.path, "%v", err)
		return nil, nil
	}
	w.c.Progress(fmt.Sprintf("%s %d names, in %s", w.c.now, w.rows, f.path), 0, 0)
	rerr := w.m.fs.ReadDir(n, true, func(e ext4.Entry) error {
		full := strings.TrimSuffix(f.path, "/") + "/" + e.Name
		if e.Deleted {
			return w.removed(full, e)
		}
		in, err := w.m.fs.Inode(e.Inode)
		if err != nil {
			w.c.refuse(full, "%v", err)
			return nil
		}
		next := w.set.Step(f.state, e.Name, nil)
		if in.Mode&ext4.ModeType == ext4.ModeDir {
			more = append(more, folderAt{e.Inode, full, next})
		}
		if w.finds != nil {
			if err := w.finds.look(strings.TrimSuffix(f.path, "/"), e.Name, in); err != nil {
				return err
			}
		}
		w.met(full, in, next)
		return w.row(full, in)
	})
	if errors.Is(rerr, errImageRows) {
		return more, rerr
	}
	if rerr != nil {
		if errors.Is(rerr, errStoppedListing) || errors.Is(rerr, io.ErrClosedPipe) {
			return nil, rerr
		}
		w.c.refuse(f.path, "%v", rerr)
	}
	return more, nil
}

// met notes a file that artefacts mean.
func (w *imageWalk) met(full string, n *ext4.Inode, at pattern.State) {
	w.set.Ends(at, func(id int) {
		t := w.targets[id]
		if t.Do != profiles.Take || !t.fits(w, full, n) {
			return // what is only listed or hashed stands in the listing
		}
		switch {
		case t.MaxSize > 0 && n.Size > t.MaxSize:
			w.c.refuse(full, "%d bytes: over the limit of %d for %s", n.Size, t.MaxSize, t.Kind)
		case len(t.found) >= maxFoundInImage:
			w.c.refuse(full, "more than %d files of %s", maxFoundInImage, t.Kind)
		default:
			t.found = append(t.found, imageFound{path: full, inode: n})
		}
	})
}

// fits says whether a file is what the artefact means, besides its path.
func (t *imageTarget) fits(w *imageWalk, full string, n *ext4.Inode) bool {
	types := t.Types
	if types == "" {
		types = "fl"
	}
	if t.Links && n.Mode&ext4.ModeType == ext4.ModeLink { // they stand in the listing
		return false
	}
	if strings.IndexByte(types, "?pc?d?b?f?l?s???"[n.Mode>>12]) < 0 || n.Size < t.MinSize {
		return false
	}
	if len(t.Modes) > 0 && !slices.ContainsFunc(t.Modes, func(m profiles.Mode) bool { return m.Fits(n.Mode) }) {
		return false
	}
	if t.NoOwner && w.users[n.UID] {
		return false
	}
	if t.Newer > 0 {
		since := w.c.Now().Add(-t.Newer)
		if n.Modified.Before(since) && n.Changed.Before(since) {
			return false
		}
	}
	one := func(globs []*pattern.Glob, s string, none bool) bool {
		if len(globs) == 0 {
			return none
		}
		return slices.ContainsFunc(globs, func(g *pattern.Glob) bool { return g.Match(s) })
	}
	name := path.Base(full)
	return one(t.Names, name, true) && !one(t.NotNames, name, false) && one(t.Whole, full, true) && !one(t.NotWhole, full, false)
}

// removed lists a name that was removed: with the times of its inode where that
// was not given to another file.
func (w *imageWalk) removed(full string, e ext4.Entry) error {
	n, err := w.m.fs.Inode(e.Inode)
	if err != nil || n.Links != 0 || n.Mode == 0 {
		return w.write(full+" (deleted-realloc)", "", record.Stat{Mode: "?---------", Inode: uint64(e.Inode)})
	}
	w.seen[e.Inode] = true // it is no orphan
	return w.write(full+" (deleted)", "", withDeletion(n))
}

// withDeletion takes the time of deletion for the last change: the kernel sets
// both at once.
func withDeletion(n *ext4.Inode) record.Stat {
	s := imageStat(n)
	if n.Deleted.After(s.Changed) {
		s.Changed = n.Deleted
	}
	return s
}

// orphans lists inodes of removed files that no name is left of.
func (w *imageWalk) orphans(ctx context.Context) error {
	if w.out == nil {
		return nil
	}
	for i := uint32(12); i <= w.m.fs.Inodes(); i++ {
		if i%4096 == 0 {
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
		n, err := w.m.fs.Inode(i)
		if err != nil {
			w.c.refuse("/", "inodes from %d on: %v", i, err)
			return nil
		}
		if n.Mode == 0 || n.Links != 0 || n.Deleted.IsZero() || w.seen[i] {
			continue
		}
		err = w.write(fmt.Sprintf("/$OrphanFiles/OrphanFile-%d (deleted)", i), "", withDeletion(n))
		if errors.Is(err, errImageRows) {
			w.c.refuse("/", "the limit of %d lines is reached: the rest is not listed", w.c.Limits.Rows)
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *imageWalk) row(full string, n *ext4.Inode) error {
	if w.out == nil {
		return nil
	}
	target := ""
	if n.Mode&ext4.ModeType == ext4.ModeLink {
		var err error
		if target, err = w.m.fs.Target(n); err != nil {
			w.c.refuse(full, "%v", err)
		}
	}
	return w.write(full, target, imageStat(n))
}

func (w *imageWalk) write(full, target string, s record.Stat) error {
	if w.out == nil {
		return nil
	}
	if w.rows >= w.c.Limits.Rows {
		return errImageRows
	}
	w.rows++
	w.line = AppendBodyLine(w.line[:0], full, target, s)
	_, err := w.out.Write(w.line)
	return err
}
