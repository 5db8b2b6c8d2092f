// Package bsm reads the audit trails of macOS, FreeBSD and Solaris (Basic
// Security Module): records of tokens, big endian, each between a header and a
// trailer that both say its size.
//
// Reference: OpenBSM 1.2, libbsm/bsm_io.c and audit.log(5).
package bsm

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// ErrFormat is returned where the bytes are no record.
var ErrFormat = errors.New("not a record of an audit trail")

const (
	maxRecord = 1 << 20 // bytes; the kernel's own limit is 32 KiB
	maxList   = 1024    // paths, arguments and the like of one record
	trailer   = 7       // bytes of the trailer
)

// Tokens that begin a record.
const (
	tokFile    = 0x11
	tokTrailer = 0x13
	tokHead32  = 0x14
	tokHead32x = 0x15
	tokHead64  = 0x74
	tokHead64x = 0x79
)

// Subject is who did something, or the process it was done to.
type Subject struct {
	Audit, EffectiveUser, EffectiveGroup, RealUser, RealGroup uint32 // 0xffffffff is nobody
	PID, Session                                              uint32
	Port                                                      uint64
	Address                                                   netip.Addr // of the terminal; invalid where it is none
}

// Pair is what a token says under a name.
type Pair struct{ Name, Value string }

// Socket is an address that a token names.
type Socket struct {
	Local, Remote netip.AddrPort // invalid where there is none
	Path          string
}

// Record is one record. It lives until the next.
type Record struct {
	Offset      int64
	File        string // of a file token, which is a record of its own: the trail's other part
	IsFile      bool
	Event       uint16
	Modifier    uint16
	Version     uint8
	Seconds     uint64
	Millis      uint32
	Host        netip.Addr // that the header names
	Who         *Subject
	Target      *Subject
	Paths       []string
	Texts       []string
	Arguments   []string // of the program
	Environment int      // variables, whose values are not read: they hold secrets
	Sockets     []Socket
	More        []Pair
	Returned    bool
	Errno       uint8
	Value       uint64
	Lost        int  // bytes behind a token that nobody knows
	Cut         bool // the file ends within it
}

// Reader reads the records of one trail.
type Reader struct {
	r   *bufio.Reader
	at  int64
	rec Record
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, maxRecord+64)} }

// Is says whether a file begins with a record whose trailer, as far as it is
// there, says the same, or with the token of a file.
func Is(head []byte) bool {
	if len(head) >= 12 && head[0] == tokFile {
		n := int(binary.BigEndian.Uint16(head[9:]))
		return n > 1 && n <= 1024 && len(head) >= 11+n && head[10+n] == 0 && bytes.IndexByte(head[11:11+n], 0) == n-1
	}
	size, ok := sizeOf(head)
	return ok && size <= len(head) && trails(head, size)
}

// sizeOf is the size that a header says.
func sizeOf(b []byte) (int, bool) {
	if len(b) < 18 {
		return 0, false
	}
	switch b[0] {
	case tokHead32, tokHead32x, tokHead64, tokHead64x:
	default:
		return 0, false
	}
	size := binary.BigEndian.Uint32(b[1:])
	return int(size), size >= 18+trailer && size <= maxRecord && b[5] <= 32 // the version: 1 to 11
}

// trails says whether a record of that size ends in its trailer.
func trails(b []byte, size int) bool {
	return len(b) >= size && b[size-trailer] == tokTrailer && b[size-6] == 0xb1 && b[size-5] == 0x05 &&
		binary.BigEndian.Uint32(b[size-4:]) == uint32(size) //nolint:gosec // size is from 32 bits
}

// Next reads a record; io.EOF is the end. An error that is ErrFormat tells of
// bytes that are no record, at Record.Offset: they are skipped, up to where the
// next record begins.
func (x *Reader) Next() (*Record, error) {
	x.rec = Record{
		Offset: x.at, Paths: x.rec.Paths[:0], Texts: x.rec.Texts[:0], Arguments: x.rec.Arguments[:0], Sockets: x.rec.Sockets[:0], More: x.rec.More[:0],
	}
	b, err := x.peek(18)
	if err != nil {
		return &x.rec, err
	}
	if len(b) == 0 {
		return &x.rec, io.EOF
	}
	if b[0] == tokFile {
		return &x.rec, x.file()
	}
	size, ok := sizeOf(b)
	if !ok {
		return &x.rec, x.resync("no header of a record")
	}
	if b, err = x.peek(size); err != nil {
		return &x.rec, err
	}
	switch {
	case len(b) < size:
		x.rec.Cut = true
	case !trails(b, size):
		return &x.rec, x.resync("a record without its trailer")
	default:
		b = b[:size-trailer]
	}
	ok = x.rec.read(b)
	if x.rec.Cut && !ok {
		return &x.rec, x.resync("the file is cut")
	}
	x.drop(min(size, len(b)+trailer))
	if !ok {
		return &x.rec, fmt.Errorf("%w: its header is cut", ErrFormat)
	}
	return &x.rec, nil
}

func (x *Reader) peek(n int) ([]byte, error) {
	b, err := x.r.Peek(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b, nil
}

func (x *Reader) drop(n int) {
	d, _ := x.r.Discard(n) // it was looked at, or the file ends
	x.at += int64(d)
}

// file reads the token that begins and ends a trail.
func (x *Reader) file() error {
	b, err := x.peek(11)
	if err != nil {
		return err
	}
	if len(b) < 11 {
		return x.resync("the file is cut")
	}
	n := int(binary.BigEndian.Uint16(b[9:]))
	if b, err = x.peek(11 + n); err != nil {
		return err
	}
	if len(b) < 11+n || n == 0 || b[10+n] != 0 {
		return x.resync("a file token that is none")
	}
	x.rec.IsFile, x.rec.File = true, string(bytes.TrimRight(b[11:11+n], "\x00"))
	x.rec.Seconds, x.rec.Millis = uint64(binary.BigEndian.Uint32(b[1:])), binary.BigEndian.Uint32(b[5:])
	x.drop(11 + n)
	return nil
}

// resync skips to what looks like the next record, or to the end.
func (x *Reader) resync(why string) error {
	x.drop(1)
	for {
		b, err := x.peek(maxRecord)
		if err != nil {
			return err
		}
		for i := 0; i+18 <= len(b); i++ {
			if size, ok := sizeOf(b[i:]); ok && trails(b[i:], size) {
				x.drop(i)
				return fmt.Errorf("%w: %s", ErrFormat, why)
			}
		}
		if len(b) < maxRecord {
			x.drop(len(b))
			return fmt.Errorf("%w: %s", ErrFormat, why)
		}
		x.drop(maxRecord / 2)
	}
}
