package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

// An archive is a tar of regular files in the old GNU form, which every tar
// reads: no links, no folders, no extended headers. There is one way to write
// a header, and a reader accepts no other, so that nothing can be hidden in it.

const block = 512

// header is the header of a file.
func header(name string, size int64, at time.Time) ([]byte, error) {
	if len(name) > maxName || !nameShape.MatchString(name) {
		return nil, fmt.Errorf("archive: name %.120q", name)
	}
	h := make([]byte, block)
	copy(h, name)
	copy(h[100:], "0000644\x00"+"0000000\x00"+"0000000\x00") // mode, owner, group
	copy(h[136:], fmt.Sprintf("%011o\x00", max(0, at.Unix())))
	h[156] = '0'
	copy(h[257:], "ustar  \x00")
	if size < 1<<33 {
		copy(h[124:], fmt.Sprintf("%011o\x00", size))
	} else { // more than eleven octal digits hold: binary, as GNU tar does
		h[124] = 0x80
		for i := 135; i > 127; i-- {
			h[i], size = byte(size), size>>8
		}
	}
	copy(h[148:], "        ")
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return h, nil
}

// parseHeader is the inverse of header.
func parseHeader(h []byte) (name string, size int64, at time.Time, err error) {
	bad := func(what string) (string, int64, time.Time, error) {
		return "", 0, time.Time{}, fmt.Errorf("%w: %s", errArchive, what)
	}
	raw, _, _ := bytes.Cut(h[:100], []byte{0})
	name = string(raw)
	if h[156] != '0' {
		return bad(fmt.Sprintf("%.120q is not a regular file", name))
	}
	if h[124] == 0x80 {
		for _, b := range h[128:136] {
			if size >= 1<<48 {
				return bad(fmt.Sprintf("the size of %.120q", name))
			}
			size = size<<8 | int64(b)
		}
	} else if size, err = strconv.ParseInt(string(h[124:135]), 8, 64); err != nil {
		return bad(fmt.Sprintf("the size of %.120q", name))
	}
	secs, err := strconv.ParseInt(string(h[136:147]), 8, 64)
	if err != nil {
		return bad(fmt.Sprintf("the time of %.120q", name))
	}
	at = time.Unix(secs, 0).UTC()
	again, err := header(name, size, at)
	if err != nil {
		return bad(fmt.Sprintf("the name %.120q", name))
	}
	if !bytes.Equal(again, h) {
		return bad(fmt.Sprintf("the header of %.120q is not as a bundle's is", name))
	}
	return name, size, at, nil
}

var errArchive = errors.New("not an archive as firebreak writes it")

// tarReader walks through the files of an archive.
type tarReader struct {
	r    io.Reader
	left int64 // of the current file
	pad  int64
}

// next goes on to the next file; io.EOF after the last.
func (t *tarReader) next() (name string, size int64, err error) {
	if _, err := io.Copy(io.Discard, t); err != nil {
		return "", 0, err
	}
	if err := t.zeros(t.pad); err != nil {
		return "", 0, err
	}
	t.pad = 0
	var h [block]byte
	if _, err := io.ReadFull(t.r, h[:]); err != nil {
		return "", 0, cut(err)
	}
	if h == [block]byte{} {
		if err := t.zeros(block); err != nil {
			return "", 0, err
		}
		var one [1]byte
		switch n, err := io.ReadFull(t.r, one[:]); {
		case n > 0:
			return "", 0, fmt.Errorf("%w: there is something behind its end", errArchive)
		case !errors.Is(err, io.EOF):
			return "", 0, cut(err)
		}
		return "", 0, io.EOF
	}
	name, size, _, err = parseHeader(h[:])
	t.left, t.pad = size, -size&(block-1)
	return name, size, err
}

// Read reads the current file.
func (t *tarReader) Read(p []byte) (int, error) {
	if t.left == 0 {
		return 0, io.EOF
	}
	n, err := t.r.Read(p[:min(int64(len(p)), t.left)])
	t.left -= int64(n)
	if err != nil && t.left > 0 {
		return n, cut(err)
	}
	return n, nil
}

// zeros wants n bytes of nothing.
func (t *tarReader) zeros(n int64) error {
	b := make([]byte, n)
	if _, err := io.ReadFull(t.r, b); err != nil {
		return cut(err)
	}
	for _, c := range b {
		if c != 0 {
			return fmt.Errorf("%w: there is something between two files", errArchive)
		}
	}
	return nil
}

// cut names an end before the end.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it is cut off", errArchive)
	}
	return err
}
