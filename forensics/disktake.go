package forensics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"firebreak/forensics/formats/ext4"
	"firebreak/forensics/profiles"
)

// takeAll seals the files that a target found in a volume, in its order and within
// its limits; what they leave out is refused by name.
func (c *imaging) takeAll(ctx context.Context, m mounted, t *imageTarget) error {
	slices.SortFunc(t.found, func(a, b imageFound) int {
		if t.Newest && !a.inode.Modified.Equal(b.inode.Modified) {
			return b.inode.Modified.Compare(a.inode.Modified)
		}
		return strings.Compare(a.path, b.path)
	})
	list := t.found
	if over := int64(len(list)) - c.Limits.Files; over > 0 {
		c.refuse(list[c.Limits.Files].path, "this and %d more: the limit of %d files is reached", over-1, c.Limits.Files)
		list = list[:c.Limits.Files]
	}
	budget := newBudget(t.Artefact)
	for _, f := range list {
		if why := budget.spend(f.inode.Size); why != nil {
			c.refuse(f.path, "%v", why)
			continue
		}
		if err := c.take(ctx, m, f, t.Artefact); err != nil {
			return err
		}
	}
	return nil
}

// take seals one file, within the limits.
func (c *imaging) take(ctx context.Context, m mounted, f imageFound, a profiles.Artefact) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	n := f.inode
	if n.Mode&ext4.ModeType != ext4.ModeRegular {
		if n.Mode&ext4.ModeType == ext4.ModeLink {
			target, err := m.fs.Target(n)
			c.refuse(f.path, "a symbolic link to %q (%v)", target, err)
		} else {
			c.refuse(f.path, "no regular file: %s", n.FileMode())
		}
		return nil
	}
	data, err := m.fs.Open(n)
	if err != nil {
		c.refuse(f.path, "%v", err)
		return nil
	}
	if why := c.withheld(f, data); why != nil {
		c.refuse(f.path, "%v", why)
		return nil
	}
	need, sparse := n.Size, false
	if n.Size > c.Limits.File {
		if held := held(data); held <= c.Limits.File {
			need, sparse = held, true
		}
	}
	switch {
	case need > c.Limits.File:
		c.refuse(f.path, "%d bytes: over the limit of %d for one file", need, c.Limits.File)
		return nil
	case c.taken+need > c.Limits.Total:
		c.refuse(f.path, "%d bytes: the limit of %d for all files is reached", need, c.Limits.Total)
		return nil
	}
	c.taken += need
	c.Progress(c.now+" "+f.path, c.taken, c.Limits.Total)
	e := c.exhibit(m, a.Title+" "+f.path, f.path, a.Format)
	stat := imageStat(n)
	e.Kind, e.Before = a.Kind, &stat
	if n.BadChecksum {
		e.Deviations = append(e.Deviations, "the checksum of its inode is wrong")
	}
	r := io.Reader(io.NewSectionReader(data, 0, n.Size))
	if !f.named && slices.Contains(passwordFiles, f.path) && n.Size <= maxPasswd {
		b, err := io.ReadAll(r)
		if err != nil {
			c.refuse(f.path, "%v", err)
			return nil
		}
		kept, withheld := withoutHashes(b)
		if r = bytes.NewReader(kept); withheld > 0 {
			e.Deviations = append(e.Deviations, withheldHashes(withheld))
		}
	}
	if sparse {
		e.Format = FormatExtents
		e.Method += "; only the data between holes, as JSON lines of offset, data (base64) and size"
		e.Deviations = append(e.Deviations, fmt.Sprintf("sparse: %d bytes with holes, %d of data; the holes are left out", n.Size, need))
		in, out := io.Pipe()
		go func() { _ = out.CloseWithError(imageExtents(out, data)) }() // never fails
		defer in.Close()                                                //nolint:errcheck // never fails; ends the writer
		r = in
	}
	return c.seal(ctx, imageContent{r}, e)
}

// maxPasswd bounds the files that are read for hashes in them.
const maxPasswd = 16 << 20

// withheld says why a file that holds a secret is not taken; nil takes it.
func (c *imaging) withheld(f imageFound, data io.ReaderAt) error {
	if f.named {
		return nil
	}
	if why := c.secrets.why(f.path); why != nil {
		return why
	}
	if f.inode.Size > maxKey {
		return nil
	}
	head := make([]byte, 256)
	n, _ := data.ReadAt(head, 0) // what is wrong with it, the reading itself will say
	return c.secrets.begins(head[:n], uint32(f.inode.Mode))
}

// held is how many bytes lie in no hole.
func held(f *ext4.File) (n int64) {
	for off := int64(0); off < f.Size(); {
		start, end := f.Data(off)
		n, off = n+end-start, max(end, off+1)
	}
	return n
}

func imageExtents(w io.Writer, f *ext4.File) error {
	enc := json.NewEncoder(w)
	b := make([]byte, 64<<10)
	for off := int64(0); off < f.Size(); {
		start, end := f.Data(off)
		for start < end {
			n, err := f.ReadAt(b[:min(int64(len(b)), end-start)], start)
			if n > 0 {
				if err := enc.Encode(Extent{Offset: start, Data: b[:n], Size: f.Size()}); err != nil {
					return err
				}
				start += int64(n)
			}
			if err != nil && !errors.Is(err, io.EOF) || n == 0 {
				return err
			}
		}
		off = max(end, off+1)
	}
	return nil
}
