// Package mlocate reads mlocate.db: the folders of a machine with their times
// and the names in them, as updatedb found them. Numbers are big endian.
//
// Reference: mlocate.db(5) of mlocate 0.26.
package mlocate

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Magic begins a file.
const Magic = "\x00mlocate"

// ErrFormat is returned for what is no file of mlocate, or goes against the
// format; nothing behind it can be read.
var ErrFormat = errors.New("not a database of mlocate")

const (
	maxText   = 64 << 10 // bytes of a path or a name
	maxConfig = 1 << 20
	maxNames  = 64 // names that a folder keeps
)

// Folder is one folder. Its time is the later of its change and modification.
type Folder struct {
	Offset         int64
	Path           string
	Seconds        uint64
	Nanoseconds    uint32
	Files, Folders int
	Names          []string // the first of them
}

// Reader reads the folders of one file.
type Reader struct {
	Root string // below which everything lies

	r  *bufio.Reader
	at int64
}

// Is says whether a file begins as one of mlocate.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(Magic)) }

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	x := &Reader{r: bufio.NewReaderSize(r, maxText+1)}
	b, err := x.take(16)
	if err != nil {
		return nil, err
	}
	config := binary.BigEndian.Uint32(b[8:])
	if !Is(b) || b[12] != 0 || config > maxConfig {
		return nil, fmt.Errorf("%w: version %d", ErrFormat, b[12])
	}
	if x.Root, err = x.text(); err != nil {
		return nil, err
	}
	n, err := x.r.Discard(int(config))
	x.at += int64(n)
	return x, cut(err)
}

// Next reads a folder; io.EOF is the end.
func (x *Reader) Next() (Folder, error) {
	f := Folder{Offset: x.at}
	if _, err := x.r.Peek(1); errors.Is(err, io.EOF) {
		return f, io.EOF
	}
	b, err := x.take(16)
	if err != nil {
		return f, err
	}
	f.Seconds, f.Nanoseconds = binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])
	if f.Path, err = x.text(); err != nil {
		return f, err
	}
	for {
		kind, err := x.take(1)
		if err != nil {
			return f, err
		}
		switch kind[0] {
		case 0:
			f.Files++
		case 1:
			f.Folders++
		case 2:
			return f, nil
		default:
			return f, fmt.Errorf("%w: an entry of type %d", ErrFormat, kind[0])
		}
		name, err := x.text()
		if err != nil {
			return f, err
		}
		if len(f.Names) < maxNames {
			f.Names = append(f.Names, name)
		}
	}
}

// take reads n bytes; they are valid until the next are read.
func (x *Reader) take(n int) ([]byte, error) {
	b, err := x.r.Peek(n)
	if err != nil {
		return nil, cut(err)
	}
	_, _ = x.r.Discard(n) // they are there
	x.at += int64(n)
	return b, nil
}

// text reads up to a NUL.
func (x *Reader) text() (string, error) {
	b, err := x.r.ReadSlice(0)
	x.at += int64(len(b))
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", fmt.Errorf("%w: a name of more than %d bytes", ErrFormat, maxText)
	}
	if err != nil {
		return "", cut(err)
	}
	return string(b[:len(b)-1]), nil
}

// cut says that a file ends within a record.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the file is cut", ErrFormat)
	}
	return err
}
