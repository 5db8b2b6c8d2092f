// Package asl reads the files of the Apple System Log: records of messages and
// of texts one behind the other, big endian, the messages in a list.
//
// Reference: Apple, syslog-377, libsystem_asl.tproj/include/asl_file.h and
// src/asl_file.c.
package asl

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Magic begins a file.
const Magic = "ASL DB\x00\x00\x00\x00\x00\x00"

// ErrFormat is returned for what is no file of ASL, or of another version.
var ErrFormat = errors.New("not a file of the Apple System Log")

// Limits.
const (
	headerSize = 80
	fixedSize  = 108      // of a message behind its type and length, without keys and the last offset
	maxRecord  = 16 << 20 // bytes of one record
	maxText    = 1 << 20  // of one text
	maxPairs   = 1024     // keys of one message
	maxList    = 10 << 20 // messages that the list is followed over
)

// None is the user or group of a message that has none.
const None = 0xffffffff

// Pair is one of a message's own keys.
type Pair struct{ Key, Value string }

// Message is one message. It lives until the next.
type Message struct {
	Offset                       int64
	ID                           uint64
	Seconds                      uint64
	Nanoseconds                  uint32
	Level, Flags                 uint16
	PID, UID, GID                uint32
	ReadUID, ReadGID, RefPID     uint32
	Host, Sender, Facility, Text string
	RefProc, Session             string
	Pairs                        []Pair
	Listed                       bool // it is in the list of messages
	Lost                         int  // texts that cannot be read
	Cut                          bool // it has more keys than are read
}

// File is an open file. It is for one goroutine.
type File struct {
	Version uint32
	Born    uint64 // seconds since 1970

	r           io.ReaderAt
	size        int64
	first, last int64
	texts       map[uint64]string
	kept        int
}

// Is says whether a file begins as one of ASL.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(Magic)) }

// Open reads the header.
func Open(r io.ReaderAt, size int64) (*File, error) {
	var b [headerSize]byte
	if _, err := r.ReadAt(b[:], 0); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: %d bytes", ErrFormat, size)
		}
		return nil, err
	}
	f := &File{
		r: r, size: size, Version: binary.BigEndian.Uint32(b[12:]), Born: binary.BigEndian.Uint64(b[24:]),
		first: place(binary.BigEndian.Uint64(b[16:])), last: place(binary.BigEndian.Uint64(b[36:])), texts: map[uint64]string{},
	}
	if !Is(b[:]) || f.Version != 2 {
		return nil, fmt.Errorf("%w: version %d", ErrFormat, f.Version)
	}
	return f, nil
}

// place is an offset that can be one.
func place(v uint64) int64 {
	if v > 1<<62 {
		return -1
	}
	return int64(v)
}

// Walk visits every message in the order in which they lie in the file, those of
// the list and those that it lost. What cannot be read is told to bad with its
// place. Errors are the context's, the reader's, and those that visit and bad
// return.
func (f *File) Walk(ctx context.Context, visit func(*Message) error, bad func(offset int64, err error) error) error {
	listed, err := f.list(ctx, bad)
	if err != nil {
		return err
	}
	var m Message
	at := int64(headerSize)
	for n := 0; at < f.size; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind, size, err := f.head(at)
		if err != nil {
			return err
		}
		if size == 0 {
			next := listed.after(at)
			if err := bad(at, fmt.Errorf("%w: neither a message nor a text", ErrFormat)); err != nil {
				return err
			}
			if next < 0 {
				return nil
			}
			at = next
			continue
		}
		if kind == 0 {
			ok, err := f.message(&m, at, size)
			if err != nil {
				return err
			}
			m.Listed = listed.has(at)
			if ok {
				err = visit(&m)
			} else {
				err = bad(at, fmt.Errorf("%w: a message is cut", ErrFormat))
			}
			if err != nil {
				return err
			}
		}
		at += 6 + size
	}
	return nil
}

// chain is the offsets of the list, in ascending order.
type chain []int64

func (c chain) has(at int64) bool { i := c.search(at); return i < len(c) && c[i] == at }

func (c chain) after(at int64) int64 {
	if i := c.search(at + 1); i < len(c) {
		return c[i]
	}
	return -1
}

func (c chain) search(at int64) int {
	low, high := 0, len(c)
	for low < high {
		if mid := (low + high) / 2; c[mid] < at {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// list follows the messages from the first on, and where that leads astray, from
// the last back. They lie one behind the other: a step the wrong way would be a
// loop, and ends it.
func (f *File) list(ctx context.Context, bad func(int64, error) error) (chain, error) {
	out, astray, err := f.follow(ctx, f.first, 1, -1)
	if err != nil || astray < 0 {
		return out, err
	}
	if err := bad(astray, fmt.Errorf("%w: the list of messages leads astray", ErrFormat)); err != nil {
		return nil, err
	}
	end := int64(-1)
	if len(out) > 0 {
		end = out[len(out)-1]
	}
	back, _, err := f.follow(ctx, f.last, -1, end)
	slices.Reverse(back)
	return append(out, back...), err
}

// follow goes from message to message, ahead or back, until the list ends or
// comes to end. astray is where it leads that is no message; -1 when it nowhere
// does.
func (f *File) follow(ctx context.Context, from, way, end int64) (out chain, astray int64, err error) {
	for at := from; at > 0 && len(out) < maxList && (way > 0 || at > end); {
		if len(out)%1024 == 0 && ctx.Err() != nil {
			return nil, -1, ctx.Err()
		}
		kind, size, err := f.head(at)
		if err != nil {
			return nil, -1, err
		}
		if size < fixedSize+8 || kind != 0 || len(out) > 0 && (at-out[len(out)-1])*way <= 0 {
			return out, at, nil
		}
		out = append(out, at)
		where := at + 6
		if way < 0 {
			where = at + 6 + size - 8
		}
		var b [8]byte
		if _, err := f.r.ReadAt(b[:], where); err != nil {
			return nil, -1, err
		}
		at = place(binary.BigEndian.Uint64(b[:]))
	}
	return out, -1, nil
}

// head reads what a record is and how many bytes follow; none where there is no
// whole record.
func (f *File) head(at int64) (kind uint16, size int64, err error) {
	var b [6]byte
	if at < headerSize || at+6 > f.size {
		return 0, 0, nil
	}
	if _, err := f.r.ReadAt(b[:], at); err != nil {
		return 0, 0, err
	}
	kind, size = binary.BigEndian.Uint16(b[:]), int64(binary.BigEndian.Uint32(b[2:]))
	if kind > 1 || size > maxRecord || at+6+size > f.size {
		return 0, 0, nil
	}
	return kind, size, nil
}

// message reads one; ok is false where its own numbers do not fit its size.
func (f *File) message(m *Message, at, size int64) (ok bool, err error) {
	*m = Message{Offset: at, Pairs: m.Pairs[:0]}
	if size < fixedSize {
		return false, nil
	}
	b := make([]byte, size)
	if _, err := f.r.ReadAt(b, at+6); err != nil {
		return false, err
	}
	u32, u64 := binary.BigEndian.Uint32, binary.BigEndian.Uint64
	m.ID, m.Seconds, m.Nanoseconds = u64(b[8:]), u64(b[16:]), u32(b[24:])
	m.Level, m.Flags = binary.BigEndian.Uint16(b[28:]), binary.BigEndian.Uint16(b[30:])
	m.PID, m.UID, m.GID = u32(b[32:]), u32(b[36:]), u32(b[40:])
	m.ReadUID, m.ReadGID, m.RefPID = u32(b[44:]), u32(b[48:]), u32(b[52:])
	words := int64(u32(b[56:])) // keys and values
	for i, to := range []*string{&m.Host, &m.Sender, &m.Facility, &m.Text, &m.RefProc, &m.Session} {
		if *to, err = f.text(m, u64(b[60+8*i:])); err != nil {
			return false, err
		}
	}
	if fixedSize+8*words > size {
		return false, nil
	}
	for i := int64(0); i+1 < words; i += 2 {
		if len(m.Pairs) >= maxPairs {
			m.Cut = true
			break
		}
		var p Pair
		if p.Key, err = f.text(m, u64(b[fixedSize+8*i:])); err != nil {
			return false, err
		}
		if p.Value, err = f.text(m, u64(b[fixedSize+8*i+8:])); err != nil {
			return false, err
		}
		m.Pairs = append(m.Pairs, p)
	}
	return true, nil
}

// text is the text that a reference means: one of up to seven bytes within the
// reference itself, or a record of its own.
func (f *File) text(m *Message, ref uint64) (string, error) {
	if ref == 0 {
		return "", nil
	}
	if ref>>63 != 0 {
		b := binary.BigEndian.AppendUint64(nil, ref)
		return string(b[1 : 1+min(int(b[0]&0x7f), 7)]), nil
	}
	if s, ok := f.texts[ref]; ok {
		return s, nil
	}
	at := place(ref)
	kind, size, err := f.head(at)
	if err != nil {
		return "", err
	}
	if kind != 1 || size == 0 || size > maxText {
		m.Lost++
		return "", nil
	}
	b := make([]byte, size)
	if _, err := f.r.ReadAt(b, at+6); err != nil {
		return "", err
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	s := string(b)
	if f.kept += len(s) + 64; f.kept > 8<<20 {
		f.texts, f.kept = map[uint64]string{}, len(s)+64
	}
	f.texts[ref] = s
	return s, nil
}
