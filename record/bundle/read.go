package bundle

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Contents is what was read of a bundle: the small files whole, of the
// evidence the size and the hash.
type Contents struct {
	files map[string][]byte
	sums  map[string]sum
	kept  int64
	total int64
	bad   error // what is wrong with the archive itself
}

type sum struct {
	size   int64
	sha256 string
}

// Progress is called with the name of each file before it is read.
type Progress func(name string)

// Read reads an archive from its first byte to its last. What is wrong with the
// archive is part of the contents, for Verify to say; an error is one of
// reading itself, or the context's.
func Read(ctx context.Context, r io.Reader, tell Progress) (*Contents, error) {
	c := &Contents{files: map[string][]byte{}, sums: map[string]sum{}}
	src := &source{ctx: ctx, r: bufio.NewReaderSize(r, 1<<16)}
	err := c.archive(src, tell)
	var path *fs.PathError // the disk, and not what the bytes say
	if ctx.Err() != nil || errors.As(src.err, &path) {
		return nil, fmt.Errorf("read bundle: %w", src.err)
	}
	c.bad = err
	return c, nil
}

func (c *Contents) archive(src *source, tell Progress) error {
	gz, err := gzip.NewReader(src)
	if err != nil {
		return fmt.Errorf("%w: %w", errArchive, err)
	}
	gz.Multistream(false)
	t := &tarReader{r: gz}
	for {
		name, size, err := t.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return packed(err)
		}
		if tell != nil {
			tell(name)
		}
		if err := c.add(name, size, t); err != nil {
			return packed(err)
		}
	}
	if _, err := src.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: there is something behind its end", errArchive)
	}
	return nil
}

// packed marks what the compression noticed.
func packed(err error) error {
	if errors.Is(err, errArchive) {
		return err
	}
	return fmt.Errorf("%w: %w", errArchive, err)
}

// add reads one file.
func (c *Contents) add(name string, size int64, r io.Reader) error {
	c.total += size
	keep := !blobShape.MatchString(name)
	if keep {
		c.kept += size
	}
	_, twice := c.sums[name]
	switch {
	case twice:
		return fmt.Errorf("%w: %s is there twice", errArchive, name)
	case len(c.sums) >= maxFiles, c.kept > maxKept, c.total > maxTotal:
		return fmt.Errorf("%w: too large at %s", errArchive, name)
	}
	h := sha256.New()
	var b bytes.Buffer
	w := io.Writer(h)
	if keep {
		w = io.MultiWriter(h, &b)
	}
	n, err := io.Copy(w, io.LimitReader(r, size+1))
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("%w: %s has another size", errArchive, name)
	}
	if keep {
		c.files[name] = b.Bytes()
	}
	c.sums[name] = sum{size, hex.EncodeToString(h.Sum(nil))}
	return nil
}

// ReadFolder reads a bundle that was unpacked into a folder.
func ReadFolder(ctx context.Context, folder fs.FS, tell Progress) (*Contents, error) {
	c := &Contents{files: map[string][]byte{}, sums: map[string]sum{}}
	err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if d.IsDir() {
			return nil
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%w: %.120q is not a regular file", errArchive, name)
		}
		if len(name) > maxName || !nameShape.MatchString(name) {
			return fmt.Errorf("%w: the name %.120q", errArchive, name)
		}
		if tell != nil {
			tell(name)
		}
		f, err := folder.Open(name)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%w: %.120q is not a regular file", errArchive, name)
		}
		if err == nil {
			err = c.add(name, info.Size(), &source{ctx: ctx, r: bufio.NewReader(f)})
		}
		return errors.Join(err, f.Close())
	})
	switch {
	case errors.Is(err, errArchive):
		c.bad = err
	case err != nil:
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	return c, nil
}

// source is the stream under the archive. It ends with its context, and keeps
// the error of reading apart from what is wrong with the bytes. It is an
// io.ByteReader so that nothing behind the archive is read ahead.
type source struct {
	ctx context.Context //nolint:containedctx // it lives for one read only
	r   *bufio.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		s.err = context.Cause(s.ctx)
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil {
		s.err = err
	}
	return n, err
}

// ReadByte reads one byte.
func (s *source) ReadByte() (byte, error) {
	b, err := s.r.ReadByte()
	if err != nil {
		s.err = err
	}
	return b, err
}
