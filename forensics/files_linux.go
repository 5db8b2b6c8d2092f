package forensics

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"firebreak/record"
)

const methodFile = "one descriptor, O_NOATIME|O_NONBLOCK, resolved without following its last link; hashed while read"

// maxNames bounds the names read from one folder while matching patterns.
const maxNames = 200_000

// want is one file to take.
type want struct {
	base, name string
	strict     bool
	kind       string
	title      string
	format     string
	optional   bool   // not being there is no refusal
	named      bool   // by a person: a secret is taken too
	id         *inode // what the walk met there
}

func (w want) path() string { return path.Join(w.base, w.name) }

// asked takes a file that a person named.
func (c *collection) asked(ctx context.Context, name string) error {
	if !path.IsAbs(name) {
		c.refuse(name, refuse("not an absolute path"))
		return nil
	}
	return c.take(ctx, want{base: "/", name: path.Clean(name), kind: "linux.files", title: "File", named: true})
}

// take seals one file, or lists why not.
func (c *collection) take(ctx context.Context, w want) error {
	q := &queue{c: c, most: 1}
	if err := c.begin(ctx, w, q); err != nil {
		return q.stop(ctx, err)
	}
	return q.drain(ctx)
}

// begin looks at a file and gives it to the queue, or lists why not.
func (c *collection) begin(ctx context.Context, w want, q *queue) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name := w.path()
	h, err := c.tree.at(w.base, w.name, w.strict)
	if err != nil {
		if missing(err) && !w.optional {
			err = refuse("does not exist")
		}
		if missing(err) && w.id != nil {
			err = refuse("gone since the walk met it")
		}
		c.refuse(name, err)
		return nil
	}
	if err := c.tree.regular(h); err != nil {
		c.refuse(name, err)
		return h.close()
	}
	if !w.named {
		why := c.secrets.why(name, c.tree.realPath(h))
		if why == nil {
			why = c.locked[inodeOf(&h.raw)]
		}
		if why != nil {
			return c.withhold(w, h, why)
		}
	}
	if again, seen := c.inodes[inodeOf(&h.raw)]; seen {
		if c.tree.realPath(h) != again {
			c.refuse(name, refuse("the same file as %s, which was taken", again))
		}
		return h.close()
	}
	if w.id != nil && *w.id != inodeOf(&h.raw) {
		h.note = append(h.note, "another file than the walk met under this name")
	}
	return c.takeOpen(ctx, w, h, q)
}

// takeOpen reads what the handle names, within the limits.
func (c *collection) takeOpen(ctx context.Context, w want, h *handle, q *queue) error {
	name := w.path()
	data := min(int64(h.raw.Blocks)*512, h.stat.Size) //nolint:gosec // a disk's block count
	sparse := h.stat.Size > c.Limits.File && data < h.stat.Size && data <= c.Limits.File
	need := h.stat.Size
	if sparse {
		need = data
	}
	switch {
	case need > c.Limits.File:
		c.refuse(name, refuse("%d bytes: over the limit of %d for one file", need, c.Limits.File))
		return h.close()
	case c.taken+need > c.Limits.Total:
		c.refuse(name, refuse("%d bytes: the limit of %d for all files is reached", need, c.Limits.Total))
		return h.close()
	}
	f, err := c.tree.open(h, false)
	if err != nil {
		c.refuse(name, err)
		return h.close()
	}
	if !w.named && h.stat.Size <= maxKey {
		head := make([]byte, 256)
		n, _ := f.ReadAt(head, 0) // what is wrong with it, the reading itself will say
		if why := c.secrets.begins(head[:n], uint32(h.raw.Mode)); why != nil {
			return errors.Join(f.Close(), c.withhold(w, h, why))
		}
	}
	c.Progress(c.now.Name+" "+name, c.at, c.of)
	e := c.exhibit(w.title, name, w.format, methodFile)
	e.Kind, e.Before = w.kind, &h.stat
	if c.Held != nil && c.Held(e) {
		c.sum.Kept++
		c.taken += need
		c.inodes[inodeOf(&h.raw)] = c.tree.realPath(h)
		return errors.Join(f.Close(), h.close())
	}
	s := &sealing{e: e, h: h, in: &bounded{f: f, left: min(c.Limits.File, c.Limits.Total-c.taken), size: h.stat.Size}, need: need}
	c.taken += need
	c.inodes[inodeOf(&h.raw)] = c.tree.realPath(h)
	if !sparse {
		return q.put(ctx, s)
	}
	if err := q.drain(ctx); err != nil {
		return errors.Join(err, f.Close(), h.close())
	}
	s.e.Format = FormatExtents
	s.e.Method += "; only the data between holes (SEEK_DATA), as JSON lines of offset, data (base64) and size"
	s.e.Deviations = append(s.e.Deviations, fmt.Sprintf("sparse: %d bytes with holes, about %d of data; the holes are left out", h.stat.Size, data))
	return errors.Join(c.seal(ctx, s, true), f.Close(), h.close())
}

// seal seals an open file in its turn.
func (c *collection) seal(ctx context.Context, s *sealing, sparse bool) error {
	if sparse {
		var ok bool
		s.in.sparse = true
		if s.e, ok, s.err = c.stream(ctx, s.e, func(w *bufio.Writer) error { return extents(ctx, w, s.in, s.h.stat.Size) }); s.err != nil || !ok {
			c.taken -= s.need
			return s.err
		}
	} else {
		s.e, s.err = c.Sink.Seal(ctx, s.in, s.e)
	}
	s.look = statx(int(s.in.f.Fd()), "", unix.AT_EMPTY_PATH, &s.now)
	return c.sealedFile(ctx, s)
}

// sealedFile hands a sealed file over, with what became of it meanwhile.
func (c *collection) sealedFile(ctx context.Context, s *sealing) error {
	c.taken += s.in.read - s.need
	ok, err := c.judge(ctx, s.e.Source, s.err)
	if err != nil || !ok {
		delete(c.inodes, inodeOf(&s.h.raw))
		return err
	}
	e := s.e
	if s.look != nil {
		e.Deviations = append(e.Deviations, "its state after reading is unknown: "+s.look.Error())
	} else {
		after := statOf(&s.now)
		e.After = &after
		e.Deviations = append(e.Deviations, changes(s.h.stat, after, s.in.read, s.in.sparse)...)
	}
	e.Deviations = append(e.Deviations, s.h.note...)
	return c.hand(e)
}

// changes compares a file before and after it was read.
func changes(before, after record.Stat, read int64, sparse bool) []string {
	var out []string
	switch {
	case before.Size != after.Size:
		out = append(out, fmt.Sprintf("changed while it was read: %d bytes before, %d after", before.Size, after.Size))
	case !before.Modified.Equal(after.Modified) || !before.Changed.Equal(after.Changed):
		out = append(out, "changed while it was read: its modification or change time moved")
	case read != after.Size && after.Size != 0 && !sparse:
		out = append(out, fmt.Sprintf("changed while it was read: %d bytes read, its size is %d", read, after.Size))
	}
	if !before.Accessed.Equal(after.Accessed) {
		out = append(out, "its access time changed while it was read")
	}
	return out
}

// bounded reads a file up to a limit, past which it is refused: a file that
// grows as fast as it is read has no end. Errors are the evidence's own.
type bounded struct {
	f      *os.File
	left   int64
	read   int64
	size   int64 // when it was looked at
	sparse bool
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		var one [1]byte
		if n, err := b.f.Read(one[:]); n == 0 && errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
		return 0, refuse("grew past the limit while it was read")
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.f.Read(p)
	b.left -= int64(n)
	b.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = explain(err)
	}
	return n, err
}

// extents writes the data of a sparse file as lines of the "fb.extents" format.
func extents(ctx context.Context, w *bufio.Writer, in *bounded, size int64) error {
	enc := json.NewEncoder(w)
	fd := int(in.f.Fd())
	buf := make([]byte, 64<<10)
	for at := int64(0); at < size; {
		start, err := unix.Seek(fd, at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break
		}
		if err != nil {
			return explain(err)
		}
		end, err := unix.Seek(fd, start, unix.SEEK_HOLE)
		if err != nil {
			return explain(err)
		}
		if _, err := unix.Seek(fd, start, unix.SEEK_SET); err != nil {
			return explain(err)
		}
		for at = start; at < end; {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := in.Read(buf[:min(int64(len(buf)), end-at)])
			if n > 0 {
				if err := enc.Encode(Extent{Offset: at, Data: buf[:n], Size: size}); err != nil {
					return err
				}
				at += int64(n)
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// match lists the names below base that a pattern means. Only its last part and
// folders on the way may hold wildcards (path.Match).
func (c *collection) match(base, pattern string, strict bool) []string {
	found := []string{""}
	for part := range strings.SplitSeq(strings.Trim(pattern, "/"), "/") {
		var next []string
		for _, dir := range found {
			if !strings.ContainsAny(part, `*?[`) {
				next = append(next, path.Join(dir, part))
				continue
			}
			for _, name := range c.names(base, dir, strict) {
				if ok, err := path.Match(part, name); err == nil && ok {
					next = append(next, path.Join(dir, name))
				}
			}
		}
		found = next
	}
	return found
}

// names lists a folder in alphabetical order. What cannot be listed is refused.
func (c *collection) names(base, name string, strict bool) []string {
	where := path.Join(base, name)
	h, err := c.tree.at(base, name, strict)
	if err != nil {
		c.refuse(where, err)
		return nil
	}
	defer func() { _ = h.close() }()
	if h.raw.Mode&unix.S_IFMT != unix.S_IFDIR {
		if h.raw.Mode&unix.S_IFMT == unix.S_IFLNK {
			c.refuse(where, c.tree.regular(h))
		}
		return nil
	}
	d, err := c.tree.open(h, true)
	if err != nil {
		c.refuse(where, err)
		return nil
	}
	out, err := d.Readdirnames(maxNames + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		c.refuse(where, explain(err))
	}
	if err := d.Close(); err != nil {
		c.refuse(where, explain(err))
	}
	if len(out) > maxNames {
		c.refuse(where, refuse("more than %d names: the rest was not looked at", maxNames))
		out = out[:maxNames]
	}
	slices.Sort(out)
	return out
}
