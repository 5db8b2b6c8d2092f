// Package xpress unpacks LZXPRESS with Huffman coding, as Windows 10 writes its
// prefetch files. What comes out is bounded by the size that the caller names.
//
// Reference: [MS-XCA] 2.1 and 2.2. A block of 64 KiB has a table of 512 code
// lengths of four bits, then 16-bit words of codes: 256 literals, and 256 matches
// of a length (low four bits) and a number of bits of the distance (high four).
package xpress

import (
	"errors"
	"fmt"
)

// ErrDamaged is returned with what could be unpacked before the damage.
var ErrDamaged = errors.New("packed data is damaged")

const (
	tableSize = 256
	blockSize = 64 << 10
	symbols   = 512
	maxLength = 15
)

// Huffman unpacks size bytes.
func Huffman(in []byte, size int) ([]byte, error) {
	d := decoder{in: in}
	out := make([]byte, 0, min(size, 16*len(in)+blockSize))
	for len(out) < size {
		var err error
		if out, err = d.block(out, min(size, len(out)+blockSize), size); err != nil {
			return out, err
		}
	}
	return out, nil
}

type decoder struct {
	in    []byte
	at    int
	bits  uint32
	extra int // bits beyond 16 that are there
	over  int // words that were read behind the end

	table   [1 << maxLength]uint16
	lengths [symbols]uint8
}

func damaged(why string) error { return fmt.Errorf("%w: %s", ErrDamaged, why) }

// word is the next one; behind the end they are zero, as few as a decoder reads
// ahead.
func (d *decoder) word() uint32 {
	if d.at+2 > len(d.in) {
		d.over++
		d.at = len(d.in)
		return 0
	}
	w := uint32(d.in[d.at]) | uint32(d.in[d.at+1])<<8
	d.at += 2
	return w
}

func (d *decoder) take(n int) {
	d.bits <<= n
	d.extra -= n
	if d.extra < 0 {
		d.bits |= d.word() << -d.extra
		d.extra += 16
	}
}

// build makes the table of codes, in the order of length and symbol.
func (d *decoder) build(lengths []byte) error {
	for i, b := range lengths {
		d.lengths[2*i], d.lengths[2*i+1] = b&15, b>>4
	}
	at := 0
	for n := 1; n <= maxLength; n++ {
		for s, l := range d.lengths {
			if int(l) != n {
				continue
			}
			end := at + 1<<(maxLength-n)
			if end > len(d.table) {
				return damaged("a table has too many codes")
			}
			for ; at < end; at++ {
				d.table[at] = uint16(s)
			}
		}
	}
	if at != len(d.table) {
		return damaged("a table has too few codes")
	}
	return nil
}

// block unpacks one until out has so many bytes; a match may reach beyond it.
func (d *decoder) block(out []byte, until, size int) ([]byte, error) {
	if d.at+tableSize > len(d.in) {
		return out, damaged("it ends early")
	}
	if err := d.build(d.in[d.at : d.at+tableSize]); err != nil {
		return out, err
	}
	d.at += tableSize
	d.bits = d.word() << 16
	d.bits |= d.word()
	d.extra = 16
	for len(out) < until {
		if d.over > 2 {
			return out, damaged("it ends early")
		}
		s := d.table[d.bits>>(32-maxLength)]
		d.take(int(d.lengths[s]))
		if s < 256 {
			out = append(out, byte(s))
			continue
		}
		if s == 256 && d.at >= len(d.in) {
			return out, damaged("it ends early")
		}
		n, err := d.length(int(s & 15))
		if err != nil {
			return out, err
		}
		width := int(s-256) >> 4
		distance := 1 << width
		if width > 0 {
			distance += int(d.bits >> (32 - width))
			d.take(width)
		}
		if distance > len(out) {
			return out, damaged("a match reaches before the beginning")
		}
		for range min(n, size-len(out)) {
			out = append(out, out[len(out)-distance])
		}
	}
	return out, nil
}

// length is that of a match; long ones stand in bytes of their own.
func (d *decoder) length(n int) (int, error) {
	if n == 15 {
		if d.at >= len(d.in) {
			return 0, damaged("it ends early")
		}
		n = int(d.in[d.at])
		d.at++
		if n == 255 {
			n = int(d.word())
			if n == 0 {
				n = int(d.word())
				n |= int(d.word()) << 16
			}
			if n < 15 {
				return 0, damaged("a length is too short")
			}
			n -= 15
		}
		n += 15
	}
	return n + 3, nil
}
