package foreign

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/flate"

	"firebreak/record"
)

// zipBox is a zip file.
type zipBox struct {
	f *os.File
	r *zip.Reader
	o Options
}

func openZip(f *os.File, size int64, o Options) (*zipBox, error) {
	r, err := readZip(f, size, o)
	if err != nil {
		return nil, err
	}
	in, size, sealed, err := envelope(f, r, o)
	if err == nil && sealed {
		r, err = readZip(in, size, o)
	}
	if err != nil {
		return nil, err
	}
	return &zipBox{f: f, r: r, o: o}, nil
}

// readZip reads the list of members, if it is within the limit: all of it lies
// in memory.
func readZip(f io.ReaderAt, size int64, o Options) (*zip.Reader, error) {
	n, err := zipMembers(f, size)
	if err != nil {
		return nil, err
	}
	if n > uint64(o.Limits.Members) { //nolint:gosec // positive
		return nil, fmt.Errorf("%d members: over the limit of %d", n, o.Limits.Members)
	}
	r, err := zip.NewReader(f, size)
	if err != nil && r == nil {
		return nil, fmt.Errorf("%w: %w", ErrForm, err)
	}
	return r, nil
}

// zipMembers is how many members the end of a zip file says there are: appnote
// 4.3.16, and 4.3.14 for more than 65,534.
func zipMembers(f io.ReaderAt, size int64) (uint64, error) {
	tail := make([]byte, min(size, 22+65535+20))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	i := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if i < 0 || len(tail)-i < 22 {
		return 0, fmt.Errorf("%w: the zip's list of members is missing: it is cut", ErrForm)
	}
	n := uint64(binary.LittleEndian.Uint16(tail[i+10:]))
	if n < 0xffff || i < 20 || !bytes.HasPrefix(tail[i-20:], []byte("PK\x06\x07")) {
		return n, nil
	}
	end := make([]byte, 56)
	at := binary.LittleEndian.Uint64(tail[i-20+8:])
	if at > uint64(size) { //nolint:gosec // a size
		return 0, fmt.Errorf("%w: the zip's list of members lies behind its end", ErrForm)
	}
	if _, err := f.ReadAt(end, int64(at)); err != nil { //nolint:gosec // within size
		return 0, fmt.Errorf("%w: the zip's list of members: %w", ErrForm, err)
	}
	return binary.LittleEndian.Uint64(end[32:]), nil
}

func (b *zipBox) Close() error {
	return b.f.Close()
}

func (b *zipBox) walk(ctx context.Context, fn func(e *entry, open func() (io.ReadCloser, error)) error) error {
	for i, f := range b.r.File {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		if b.o.Progress != nil {
			b.o.Progress(int64(i), int64(len(b.r.File)))
		}
		if err := fn(zipEntry(f), func() (io.ReadCloser, error) { return b.open(ctx, f) }); err != nil {
			return err
		}
	}
	return nil
}

func zipEntry(f *zip.File) *entry {
	e := &entry{packed: int64(f.CompressedSize64)} //nolint:gosec // compared only
	e.name, e.notes = nameOf(f.Name)
	mode := f.Mode()
	e.stat = record.Stat{Size: int64(f.UncompressedSize64), Mode: mode.String(), Modified: utcTime(f.Modified)} //nolint:gosec // judged below
	switch {
	case strings.HasSuffix(e.name, "/"), mode.IsDir():
		e.is = isFolder
	case mode&os.ModeSymlink != 0:
		e.is = isLink
	case !mode.IsRegular():
		e.is = isOther
	}
	if e.stat.Size < 0 {
		e.refused = "its size is impossible"
	}
	return e
}

// open returns a member's content, deciphered where it is encrypted.
func (b *zipBox) open(ctx context.Context, f *zip.File) (io.ReadCloser, error) {
	if f.Flags&1 == 0 {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{&alive{r, ctx}, r}, nil
	}
	if len(b.o.Password) == 0 {
		return nil, ErrPassword
	}
	raw, err := f.OpenRaw()
	if err != nil {
		return nil, err
	}
	plain, method, err := decipher(raw, f, b.o.Password)
	if err != nil {
		return nil, err
	}
	r := io.Reader(&alive{plain, ctx})
	switch method {
	case zip.Store:
		return &checked{r: r, plain: plain, f: f}, nil
	case zip.Deflate:
		return &checked{r: flate.NewReader(r), plain: plain, f: f}, nil
	}
	return nil, fmt.Errorf("compressed by method %d, which is not read", method)
}
