package ese

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"firebreak/forensics/formats/le"
	"firebreak/forensics/formats/xpress"
)

// longCost is what a page on the way to a long value costs of the bytes that may
// be read.
const longCost = 512

// longValue reads a value that does not fit its record: a root with its size, then
// parts by their places in it, in a tree of the table. The id is its key, turned.
func (f *File) longValue(ctx context.Context, t *Table, id []byte) ([]byte, error) {
	if len(id) != 4 && len(id) != 8 || t.long == 0 {
		return nil, fmt.Errorf("%w: a long value without a place", ErrDamaged)
	}
	key := slices.Clone(id)
	slices.Reverse(key)
	var out []byte
	size, found := 0, false
	var last struct {
		at   int
		data []byte
	}
	part := func(end int) error {
		if last.data == nil {
			return nil
		}
		b := last.data
		if n := end - last.at; n != len(b) {
			var err error
			if b, err = unpack(b); err != nil {
				return err
			}
		}
		if last.at != len(out) || len(out)+len(b) > size {
			return fmt.Errorf("%w: parts of a long value are missing", ErrDamaged)
		}
		out = append(out, b...)
		return nil
	}
	err := f.visit(ctx, t.long, walk{
		from: key,
		node: func(n node) error {
			rest, ours := bytes.CutPrefix(n.key, key)
			switch {
			case !ours:
				return errStop
			case len(rest) == 0 && !found && !n.deleted:
				size, found = n.data.Int(4), true
				if size < 0 || size > maxLong || int64(size) > f.long {
					return fmt.Errorf("one of %d bytes is too long", n.data.U32(4))
				}
				f.long -= int64(size)
				return nil
			case len(rest) != 4 || !found || n.deleted:
				return nil
			}
			at := int(binary.BigEndian.Uint32(rest))
			if err := part(at); err != nil {
				return err
			}
			last.at, last.data = at, append([]byte{}, n.data...)
			return nil
		},
		bad: func(_ int64, err error) error { return err },
	})
	if err == nil && f.long < 0 {
		err = fmt.Errorf("%w: its long values are more than the file", ErrDamaged)
	}
	if err == nil && !found {
		err = fmt.Errorf("%w: a long value is not there", ErrDamaged)
	}
	if err == nil {
		err = part(size)
	}
	return out, err
}

var errPacked = errors.New("packed in a form that is not read")

// unpack undoes the packing of a value: its first byte says how, in the upper five
// bits; the low three say how many bits of the last byte are of text of 7 bits.
func unpack(b le.Bytes) ([]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	switch b[0] >> 3 {
	case 1:
		return sevenBits(b, 1), nil
	case 2:
		return sevenBits(b, 2), nil
	case 3:
		out, err := xpress.Plain(b.From(3), int(b.U16(1)))
		if err != nil {
			return nil, fmt.Errorf("unpack a value: %w", err)
		}
		return out, nil
	}
	return nil, fmt.Errorf("%w (%d)", errPacked, b[0]>>3)
}

// sevenBits spreads text of 7 bits a character to characters of width bytes.
func sevenBits(b []byte, width int) []byte {
	bits := (len(b)-1)*8 - 7 + int(b[0]&7) // of the last byte, one more than it says
	out := make([]byte, 0, max(bits, 0)/7*width)
	for at := 0; at+7 <= bits; at += 7 {
		i := 1 + at/8
		word := uint16(b[i])
		if i+1 < len(b) {
			word |= uint16(b[i+1]) << 8
		}
		out = append(out, byte(word>>(at%8)&0x7f))
		for range width - 1 {
			out = append(out, 0)
		}
	}
	return out
}
