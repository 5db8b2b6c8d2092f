package forensics

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"golang.org/x/sys/unix"
)

// chunk is how many names are read from a folder at a time: a folder with
// millions of them is never held whole.
const chunk = 4096

// maxPending bounds the folders still to be looked into.
const maxPending = 1_000_000

// walk is one pass over folders, writing a body file.
type walk struct {
	c       *collection
	w       *bufio.Writer
	seen    map[inode]bool // folders looked into
	rows    int64
	noAtime int // folders read without O_NOATIME
	line    []byte
}

// errRows ends a listing at its limit.
var errRows = errors.New("row limit")

// listing seals a body file of the chosen folders.
func (c *collection) listing(ctx context.Context) error {
	paths := c.Paths
	if len(paths) == 0 {
		paths = DefaultPaths()
	}
	source := fmt.Sprint(paths)
	e := c.exhibit("File listing", source, FormatBodyfile, "statx of every name, no link followed, network file systems left out; folders read with O_NOATIME")
	l := &walk{c: c, seen: map[inode]bool{}}
	e, ok, err := c.stream(ctx, e, func(w *bufio.Writer) error {
		l.w = w
		for _, p := range paths {
			err := l.top(ctx, p)
			if errors.Is(err, errRows) {
				c.refuse(p, refuse("the limit of %d lines is reached: the rest is not listed", c.Limits.Rows))
				return nil
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || !ok {
		return err
	}
	if l.noAtime > 0 {
		e.Deviations = append(e.Deviations, fmt.Sprintf("%d folders were read without O_NOATIME (not the owner): their access times may have changed", l.noAtime))
	}
	return c.hand(e)
}

// top lists one of the chosen folders and everything below it.
func (l *walk) top(ctx context.Context, name string) error {
	if !path.IsAbs(name) {
		l.c.refuse(name, refuse("not an absolute path"))
		return nil
	}
	base := path.Clean(name)
	h, err := l.c.tree.at("/", base, false)
	if err != nil {
		if missing(err) && len(l.c.Paths) > 0 {
			err = refuse("does not exist")
		}
		l.c.refuse(base, err)
		return nil
	}
	target := ""
	if h.stat.Mode[0] == 'l' {
		if target, err = readlinkAt(h.fd, ""); err != nil {
			l.c.refuse(base, explain(err))
		}
		l.c.refuse(base, refuse("symbolic link to %q: not followed", target))
	}
	err = errors.Join(l.row(base, target, &h.raw), h.close())
	if err != nil || h.stat.Mode[0] != 'd' {
		return err
	}
	pending := []string{"."}
	for len(pending) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		last := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if pending, err = l.folder(ctx, base, last, pending); err != nil {
			return err
		}
	}
	return nil
}

// folder lists the names in one folder and adds its folders to those pending.
func (l *walk) folder(ctx context.Context, base, name string, pending []string) ([]string, error) {
	full := path.Join(base, name)
	if m, bad := on(l.c.tree.kernel, full); bad {
		l.c.refuse(m, refuse("a view of the kernel, not files: not listed"))
		return pending, nil
	}
	h, err := l.c.tree.at(base, name, name != ".")
	if err != nil {
		l.c.refuse(full, err)
		return pending, nil
	}
	defer func() { _ = h.close() }()
	id := inodeOf(&h.raw)
	if l.seen[id] {
		return pending, nil // listed under another path, or a loop of mounts
	}
	l.seen[id] = true
	notes := len(h.note)
	d, err := l.c.tree.open(h, true)
	if err != nil {
		l.c.refuse(full, err)
		return pending, nil
	}
	defer func() { _ = d.Close() }()
	if len(h.note) > notes {
		l.noAtime++
	}
	l.c.Progress(fmt.Sprintf("%s %s (%d)", l.c.now.Name, full, l.rows), l.c.at, l.c.of)
	for {
		names, err := d.Readdirnames(chunk)
		for _, n := range names {
			if pending, err = l.name(h.fd, base, path.Join(name, n), n, pending); err != nil {
				return pending, err
			}
		}
		if errors.Is(err, io.EOF) {
			return pending, nil
		}
		if err != nil {
			l.c.refuse(full, explain(err))
			return pending, nil
		}
		if err := ctx.Err(); err != nil {
			return pending, err
		}
	}
}

// name lists one name of the open folder dir.
func (l *walk) name(dir int, base, below, name string, pending []string) ([]string, error) {
	full := path.Join(base, below)
	if m, bad := on(l.c.tree.foreign, full); bad {
		l.c.refuse(m, refuse("a network or user-space file system: not listed"))
		return pending, nil
	}
	var s unix.Statx_t
	if err := statx(dir, name, unix.AT_SYMLINK_NOFOLLOW, &s); err != nil {
		l.c.refuse(full, explain(err))
		return pending, nil
	}
	target := ""
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFLNK:
		var err error
		if target, err = readlinkAt(dir, name); err != nil && !missing(err) {
			l.c.refuse(full, explain(err))
		}
	case unix.S_IFDIR:
		if len(pending) >= maxPending {
			l.c.refuse(full, refuse("more than %d folders wait to be listed: this one is not", maxPending))
		} else {
			pending = append(pending, below)
		}
	}
	return pending, l.row(full, target, &s)
}

// row writes one line.
func (l *walk) row(name, target string, s *unix.Statx_t) error {
	if l.rows >= l.c.Limits.Rows {
		return errRows
	}
	l.rows++
	l.line = AppendBodyLine(l.line[:0], name, target, statOf(s))
	_, err := l.w.Write(l.line)
	return err
}
