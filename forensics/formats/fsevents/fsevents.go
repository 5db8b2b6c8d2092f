// Package fsevents reads the pages in which macOS keeps what changed on a volume
// (/.fseventsd), when their gzip was taken off. Numbers are little endian.
//
// Reference: libyal dtformats, MacOS File System Events Disk Log Stream format;
// the numbers of changes are those of xnu, bsd/sys/fsevents.h.
package fsevents

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrFormat is returned for what is no page.
var ErrFormat = errors.New("not a page of file system events")

const (
	headerSize = 12
	maxPath    = 32 << 10 // bytes of a path; the system's own limit is 1024
)

// Is says whether a file begins with a page.
func Is(head []byte) bool { return version(head) > 0 }

func version(b []byte) int {
	if len(b) < 4 || b[0] < '1' || b[0] > '3' || string(b[1:4]) != "SLD" {
		return 0
	}
	return int(b[0] - '0')
}

// Record is one path with what happened to it since the record before.
type Record struct {
	Offset  int64
	Version int
	Path    []byte // below the root of the volume, without a slash in front; valid until the next
	ID      uint64 // grows over the life of a volume
	Flags   uint32
	Node    uint64 // file id, of versions 2 and 3
}

// Reader reads the records of one file, page by page.
type Reader struct {
	r      *bufio.Reader
	at     int64
	left   int64 // bytes of the page that are not read yet
	v      int
	path   []byte
	broken bool
}

// NewReader reads from r, which the caller has taken the gzip off.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, maxPath+64)} }

// Next reads a record. io.EOF is the end. An error that is ErrFormat says what
// is wrong at Record.Offset: reading goes on with the next page where one is to
// be found.
func (x *Reader) Next() (Record, error) {
	for x.left == 0 {
		if x.broken {
			return Record{Offset: x.at}, io.EOF
		}
		if err := x.page(); err != nil {
			return Record{Offset: x.at}, err
		}
	}
	rec := Record{Offset: x.at, Version: x.v}
	tail := map[int]int{1: 12, 2: 20, 3: 24}[x.v]
	most := int(min(x.left, maxPath))
	b, err := x.r.Peek(most)
	if err != nil && !errors.Is(err, io.EOF) {
		return rec, err
	}
	n := bytes.IndexByte(b, 0)
	if n < 0 || int64(n+1+tail) > x.left {
		return rec, x.lose("a record does not fit its page")
	}
	x.path = append(x.path[:0], b[:n]...)
	x.drop(n + 1)
	if b, err = x.r.Peek(tail); err != nil {
		if errors.Is(err, io.EOF) {
			return rec, x.lose("the file is cut")
		}
		return rec, err
	}
	rec.Path, rec.ID, rec.Flags = x.path, binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint32(b[8:])
	if x.v > 1 {
		rec.Node = binary.LittleEndian.Uint64(b[12:])
	}
	x.drop(tail)
	return rec, nil
}

// page reads the head of one.
func (x *Reader) page() error {
	b, err := x.r.Peek(headerSize)
	if len(b) == 0 && errors.Is(err, io.EOF) {
		return io.EOF
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(b) < headerSize {
		x.broken = true
		return fmt.Errorf("%w: the file is cut", ErrFormat)
	}
	size := int64(binary.LittleEndian.Uint32(b[8:]))
	if x.v = version(b); x.v == 0 || size < headerSize {
		x.broken = true
		return fmt.Errorf("%w: a page has no head", ErrFormat)
	}
	x.left = size
	x.drop(headerSize)
	return nil
}

// lose gives the rest of a page up.
func (x *Reader) lose(why string) error {
	n, err := io.CopyN(io.Discard, x.r, x.left)
	x.at, x.left = x.at+n, 0
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf("%w: %s", ErrFormat, why)
}

func (x *Reader) drop(n int) {
	d, _ := x.r.Discard(n) // it was looked at before
	x.at, x.left = x.at+int64(d), x.left-int64(d)
}

// words are the flags by their bits; the first fifteen are what happened, those
// from the nineteenth on what the thing is.
var words = map[uint]string{
	0: "created", 1: "removed", 2: "inode changed", 3: "renamed", 4: "modified", 5: "exchanged", 6: "finder info changed",
	7: "folder created", 8: "permissions changed", 9: "extended attribute changed", 10: "extended attribute removed",
	11: "document created", 12: "document revised", 13: "unmount pending", 14: "cloned",
	19: "last hard link removed", 20: "hard link", 22: "symbolic link", 23: "file", 24: "folder", 25: "mounted", 26: "unmounted",
	29: "end of transaction",
}

// Words is what the flags say, in words; bits that nobody knows are left out.
func (r Record) Words() (happened, what []string) {
	for bit := range uint(32) {
		if r.Flags&(1<<bit) == 0 || words[bit] == "" {
			continue
		}
		if bit < 19 || bit == 25 || bit == 26 || bit == 29 {
			happened = append(happened, words[bit])
		} else {
			what = append(what, words[bit])
		}
	}
	return happened, what
}

// Action is the one word for what happened: that which is gone tells most.
func (r Record) Action() string {
	for _, a := range []struct {
		mask uint32
		word string
	}{
		{1 << 1, "delete"},
		{1 << 3, "rename"},
		{1<<0 | 1<<7 | 1<<14, "create"},
		{1<<4 | 1<<5, "modify"},
		{1<<2 | 1<<6 | 1<<8 | 1<<9 | 1<<10 | 1<<12, "change"},
		{1 << 25, "mount"},
		{1<<26 | 1<<13, "unmount"},
	} {
		if r.Flags&a.mask != 0 {
			return a.word
		}
	}
	return ""
}

// String is all of its words.
func (r Record) String() string {
	happened, what := r.Words()
	return strings.Join(append(happened, what...), ", ")
}
