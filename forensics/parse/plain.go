package parse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Apart reports whether each line of what a parser reads stands alone, so that
// a file may be cut at any end of line. Where a header, a block of lines or a
// record of bytes belongs together it may not.
func Apart(name string) bool {
	bound := []string{"journal", "utmp", "btmp", "lastlog", "apt", "packages", "history", "fb.extents", "mapped.json"}
	return !slices.Contains(bound, name) && !isBound(name) && !strings.Contains(name, "csv")
}

// isBound says whether the table says that the lines of a format belong together.
func isBound(name string) bool {
	return slices.ContainsFunc(parsers(), func(p parser) bool { return p.name == name && p.bound })
}

// Compressed reports whether a file that begins so is opened before it is
// parsed.
func Compressed(head []byte) bool {
	for _, magic := range [][]byte{magicGzip, magicXz, magicZstd, magicBzip2} {
		if bytes.HasPrefix(head, magic) {
			return true
		}
	}
	return false
}

// ErrNoPlace says that the offsets of a format are not places in its bytes.
var ErrNoPlace = errors.New("its events have no single place in the bytes")

// Excerpt is a record as it lies in the artefact, and what is around it.
type Excerpt struct {
	Start  int64  // offset of the first byte of Before, in the plain stream
	Before []byte // what lies in front of the record
	Record []byte
	After  []byte // what lies behind it; empty when the record was cut
	More   bool   // the record is longer than Record
}

const (
	excerptAround = 2 << 10
	excerptMost   = 64 << 10
)

// ReadExcerpt reads the record at an offset of the plain stream, the way File
// saw it: compression taken off, and UTF-16 read as UTF-8. r is read up to
// there, and not to its end, so that nobody has judged its hash. told, which may
// be nil, hears every few MiB how far it is. An offset behind the end gives
// io.ErrUnexpectedEOF; ErrNoPlace is the answer for a format without places.
func ReadExcerpt(ctx context.Context, r io.Reader, parser string, offset int64, told func(done int64)) (Excerpt, error) {
	if parser == "fb.extents" { // the offset is that of the sparse file it tells of
		return Excerpt{}, fmt.Errorf("read %s at %d: %w", parser, offset, ErrNoPlace)
	}
	in, err := open(r)
	if err != nil {
		return Excerpt{}, err
	}
	defer in.close()
	plain, text, err := asParsed(in, parser) //nolint:contextcheck // a job has its context
	if err != nil {
		return Excerpt{}, err
	}
	x := Excerpt{Start: max(offset-excerptAround, 0)}
	if err := skip(ctx, plain, x.Start, told); err != nil {
		return x, err
	}
	b := make([]byte, offset-x.Start+excerptMost+excerptAround)
	n, err := io.ReadFull(plain, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errDamaged) {
		return x, err
	}
	at := int(offset - x.Start)
	if n <= at {
		return x, fmt.Errorf("read at %d: %w", offset, io.ErrUnexpectedEOF)
	}
	whole := n < len(b)
	x.Before, b = b[:at], b[at:n]
	size, ended := recordSize(parser, b, text.lineEnd()) //nolint:contextcheck // a job has its context
	switch {
	case !ended && !whole, size > excerptMost:
		x.Record, x.More = b[:min(len(b), excerptMost)], true
	default:
		x.Record = b[:min(size, len(b))]
		x.After = b[len(x.Record):min(len(x.Record)+excerptAround, len(b))]
	}
	return x, nil
}

// asParsed is the stream as its parser sees it.
func asParsed(in *stream, parser string) (io.Reader, encoding, error) {
	if isBinary(parser) {
		return in, encoding{}, nil
	}
	br := bufio.NewReaderSize(in, headSize)
	head, err := br.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errDamaged) {
		return nil, encoding{}, err
	}
	text := encodingOf(head)
	return text.open(br), text, nil
}

// skip reads n bytes away.
func skip(ctx context.Context, r io.Reader, n int64, told func(done int64)) error {
	const step = 4 << 20
	for done := int64(0); n > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		got, err := io.CopyN(io.Discard, r, min(n, step))
		n, done = n-got, done+got
		if told != nil {
			told(done)
		}
		if err != nil && n > 0 {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// recordSize is how many of the bytes belong to the record that they begin
// with; ended is false when its end is not among them. lineEnd ends a line.
func recordSize(parser string, b []byte, lineEnd byte) (size int, ended bool) {
	switch parser {
	case "journal":
		const head = 16 // type, flags, and the size in 64 bits
		if len(b) < head {
			return len(b), false
		}
		n := binary.LittleEndian.Uint64(b[8:])
		if n < head || n > maxRecord {
			n = head
		}
		return int(n), uint64(len(b)) >= n
	case "utmp", "btmp":
		layout, _ := utmpLayoutOf(b)
		return layout.size, len(b) >= layout.size
	case "lastlog":
		return lastlogSize, len(b) >= lastlogSize
	case "apt":
		if i := bytes.Index(b, []byte("\n\n")); i >= 0 {
			return i + 1, true
		}
		return len(b), false
	case "history": // a line that holds the time has its command behind it
		if i := bytes.IndexByte(b, '\n'); i > 1 && b[0] == '#' && strings.Trim(strings.TrimSuffix(string(b[1:i]), "\r"), "0123456789") == "" {
			if j := bytes.IndexByte(b[i+1:], '\n'); j >= 0 {
				return i + 1 + j + 1, true
			}
			return len(b), false
		}
	}
	if len(b) > 0 && b[0] == '{' && !strings.Contains(parser, "csv") && isBound(parser) {
		// a record of JSON
		size = skipValue(b, 0)
		return size, size < len(b) || b[len(b)-1] == '}'
	}
	end := bytes.IndexByte(b, lineEnd)
	if strings.Contains(parser, "csv") { // a quoted field may hold line ends
		for quoted, i := false, 0; ; i++ {
			if end = i; i == len(b) {
				return i, false
			}
			if b[i] == '"' {
				quoted = !quoted
			}
			if b[i] == lineEnd && !quoted {
				break
			}
		}
	}
	if end >= 0 {
		return end + 1, true
	}
	return len(b), false
}
