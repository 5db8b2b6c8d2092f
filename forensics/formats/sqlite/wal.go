package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// wal is what a write-ahead log has committed: where the newest copy of each
// page stands. Frames behind the last commit, and those that do not check, are
// no part of the database.
type wal struct {
	r      io.ReaderAt
	frames map[uint32]int64
	pages  uint32 // of the database, by the last commit
}

const (
	walHeader   = 32
	frameHeader = 24
)

// readWAL reads the frames' headers. The log begins with 0x377f0682, or …83
// where its checksums are big endian.
func readWAL(r io.ReaderAt, size int64, page int) (*wal, error) {
	var h [walHeader]byte
	if size < walHeader {
		return &wal{r: r, frames: map[uint32]int64{}}, nil
	}
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return nil, fmt.Errorf("read it: %w", err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch binary.BigEndian.Uint32(h[:]) {
	case 0x377f0682:
	case 0x377f0683:
		order = binary.BigEndian
	default:
		return nil, errors.New("it is none")
	}
	if int(binary.BigEndian.Uint32(h[8:])) != page {
		return nil, errors.New("its pages have another size")
	}
	sum := checksum{order: order}
	if sum.add(h[:24]); !sum.is(h[24:]) {
		return nil, errors.New("the checksum of its header is wrong")
	}
	w := &wal{r: r, frames: map[uint32]int64{}}
	open := map[uint32]int64{} // since the last commit
	b := make([]byte, frameHeader+page)
	for at := int64(walHeader); at+int64(len(b)) <= size; at += int64(len(b)) {
		if _, err := r.ReadAt(b, at); err != nil {
			return nil, fmt.Errorf("read it: %w", err)
		}
		n, commit := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		if n == 0 || string(b[8:16]) != string(h[16:24]) {
			break
		}
		sum.add(b[:8])
		if sum.add(b[frameHeader:]); !sum.is(b[16:]) {
			break
		}
		open[n] = at + frameHeader
		if commit != 0 {
			for n, at := range open {
				w.frames[n] = at
			}
			clear(open)
			w.pages = commit
		}
	}
	return w, nil
}

// checksum is the running sum over the header and the frames.
type checksum struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

func (c *checksum) add(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		c.s0 += c.order.Uint32(b) + c.s1
		c.s1 += c.order.Uint32(b[4:]) + c.s0
	}
}

func (c *checksum) is(b []byte) bool {
	return binary.BigEndian.Uint32(b) == c.s0 && binary.BigEndian.Uint32(b[4:]) == c.s1
}
