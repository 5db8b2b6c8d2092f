// Package evt reads the event logs of Windows NT to 2003: a header of 48 bytes,
// then records in a ring. The newest record ends where an end record stands; a
// record that does not fit at the file's end goes on behind the header.
//
// Every record in the file is read, wherever it stands; those that the ring no
// longer counts are marked. Memory is that of one record.
//
// Reference: [MS-EVEN] 2.2.3 EVENTLOGRECORD; Microsoft, "Event Log File Format";
// Joachim Metz, "Windows Event Log (EVT) format" (libevt). Numbers are little
// endian; times are seconds since 1970, UTC.
package evt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"

	fields "firebreak/forensics/formats/le"
)

const (
	headerSize = 48
	recordMin  = 56 + 4
	endSize    = 40
	maxRecord  = 1 << 20
	maxDamaged = 4096 // of one whose end was written over
	maxTexts   = 1024
)

var (
	magic    = []byte("LfLe")
	endMagic = []byte("\x28\x00\x00\x00\x11\x11\x11\x11\x22\x22\x22\x22\x33\x33\x33\x33\x44\x44\x44\x44")
)

// ErrFormat is what Open says of bytes that are no such log.
var ErrFormat = errors.New("no event log")

// Is reports whether the bytes begin as an event log.
func Is(head []byte) bool {
	return len(head) >= headerSize && binary.LittleEndian.Uint32(head) == headerSize && bytes.Equal(head[4:8], magic)
}

// File is an event log, to be read by offset.
type File struct {
	Dirty, Wrapped bool   // it was not closed; it has gone around
	Oldest, Next   uint32 // numbers of the first record and of the one after the last; 0: an empty log
	HasEnd         bool   // the end record was found
	start, end     int64
	r              io.ReaderAt
	size           int64
}

// Open reads the header, and, where the log was not closed, the end record.
// ErrFormat and errors of the reader come back.
func Open(r io.ReaderAt, size int64) (*File, error) {
	b := make([]byte, headerSize)
	if n, err := r.ReadAt(b, 0); n < headerSize {
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read header: %w", err)
		}
		return nil, ErrFormat
	}
	if !Is(b) {
		return nil, ErrFormat
	}
	le := binary.LittleEndian
	f := &File{r: r, size: size}
	f.start, f.end = int64(le.Uint32(b[16:])), int64(le.Uint32(b[20:]))
	f.Next, f.Oldest = le.Uint32(b[24:]), le.Uint32(b[28:])
	flags := le.Uint32(b[36:])
	f.Dirty, f.Wrapped = flags&1 != 0, flags&2 != 0
	return f, f.findEnd()
}

// findEnd looks for the end record, which is newer than the header.
func (f *File) findEnd() error {
	const window = 1 << 16
	b := make([]byte, window+endSize)
	for at := int64(headerSize); at < f.size; at += window {
		n, err := f.r.ReadAt(b, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read at %d: %w", at, err)
		}
		if i := bytes.Index(b[:n], endMagic); i >= 0 && i+endSize <= n {
			le := binary.LittleEndian
			f.HasEnd = true
			f.start, f.end = int64(le.Uint32(b[i+20:])), int64(le.Uint32(b[i+24:]))
			f.Next, f.Oldest = le.Uint32(b[i+28:]), le.Uint32(b[i+32:])
			return nil
		}
	}
	return nil
}

// Promised is how many records the log says it has.
func (f *File) Promised() int64 {
	n := int64(f.Next) - int64(f.Oldest)
	if f.Oldest == 0 || n < 0 || n > f.size/recordMin {
		return 0
	}
	return n
}

// counted says whether the ring counts a record that begins there.
func (f *File) counted(at int64) bool {
	if f.start <= f.end {
		return at >= f.start && at < f.end
	}
	return at >= f.start || at < f.end
}

// Record is one event. It is of no more use when the next one is read.
type Record struct {
	Offset             int64
	Number             uint32
	Generated, Written uint32
	EventID            uint32 // the lower half is what people call the event's number
	Type, Category     uint16
	Source, Computer   string
	SID                string
	Texts              []string
	Data               []byte
	Counted            bool // the log counts it; else it is left of older ones
	Damaged            bool // its end was written over: texts and data may be wrong
}

// Each calls f for every record of the file, in the order in which they stand.
func (f *File) Each(do func(*Record) error) error {
	b := make([]byte, 1<<16)
	begin, n := int64(0), 0
	for at := int64(headerSize); at+8 <= f.size; {
		if at+8 > begin+int64(n) || at < begin {
			var err error
			begin = at
			if n, err = f.r.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("read at %d: %w", at, err)
			}
			if n < 8 {
				return nil
			}
		}
		size := int64(binary.LittleEndian.Uint32(b[at-begin:]))
		if !bytes.Equal(b[at-begin+4:at-begin+8], magic) || size < recordMin || size > maxRecord || size > f.size-headerSize {
			at += 4
			continue
		}
		tail, err := f.ring(at+size-4, 4)
		if err != nil {
			return err
		}
		damaged := int64(binary.LittleEndian.Uint32(tail)) != size
		if damaged { // little of it is looked at: its size may be made up
			size = min(size, maxDamaged)
		}
		raw, err := f.ring(at, size)
		if err != nil {
			return err
		}
		rec := read(raw)
		rec.Offset, rec.Counted, rec.Damaged = at, f.counted(at), damaged
		if err := do(rec); err != nil {
			return err
		}
		if rec.Damaged {
			size = recordMin - 4
		}
		at += size
	}
	return nil
}

// ring reads bytes that may go on behind the header.
func (f *File) ring(at, size int64) ([]byte, error) {
	if at >= f.size {
		at += headerSize - f.size
	}
	raw := make([]byte, size)
	here := min(size, f.size-at)
	_, err := f.r.ReadAt(raw[:here], at)
	if err == nil || errors.Is(err, io.EOF) {
		if here < size {
			_, err = f.r.ReadAt(raw[here:], headerSize)
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read at %d: %w", at, err)
	}
	return raw, nil
}

// read takes a record apart.
func read(b []byte) *Record {
	le := binary.LittleEndian
	r := &Record{
		Number: le.Uint32(b[8:]), Generated: le.Uint32(b[12:]), Written: le.Uint32(b[16:]), EventID: le.Uint32(b[20:]),
		Type: le.Uint16(b[24:]), Category: le.Uint16(b[28:]),
	}
	texts, n := int(le.Uint32(b[36:])), int(le.Uint16(b[26:]))
	var at int
	r.Source, at = wide(b, 56)
	r.Computer, _ = wide(b, at)
	r.SID = fields.Bytes(slice(b, le.Uint32(b[44:]), le.Uint32(b[40:]))).SID()
	r.Data = slice(b, le.Uint32(b[52:]), le.Uint32(b[48:]))
	for at = texts; n > 0 && at > 0 && at < len(b)-4 && len(r.Texts) < maxTexts; n-- {
		var s string
		s, at = wide(b, at)
		r.Texts = append(r.Texts, s)
	}
	return r
}

func slice(b []byte, from, n uint32) []byte {
	if n == 0 || int64(from)+int64(n) > int64(len(b)) {
		return nil
	}
	return b[from : from+n]
}

// wide reads UTF-16 up to a NUL; it answers where the next text begins.
func wide(b []byte, at int) (string, int) {
	var units []uint16
	for at >= 0 && at+2 <= len(b)-4 {
		c := binary.LittleEndian.Uint16(b[at:])
		at += 2
		if c == 0 {
			break
		}
		units = append(units, c)
	}
	return string(utf16.Decode(units)), at
}
