package xpress

import "encoding/binary"

// Plain unpacks size bytes of LZXPRESS without Huffman coding.
//
// Reference: [MS-XCA] 2.3 and 2.4: 32 bits say of each of the next 32 things
// whether it is a literal or a match; a match is 13 bits of a distance and three
// of a length, and long ones go on in half bytes that two matches share.
func Plain(in []byte, size int) ([]byte, error) {
	out := make([]byte, 0, min(size, 64*len(in)+blockSize))
	p := plain{in: in}
	var flags uint32
	left := 0
	for len(out) < size {
		if left == 0 {
			if flags = p.number(4); p.cut {
				return out, damaged("it ends early")
			}
			left = 32
		}
		left--
		if flags>>left&1 == 0 {
			c := byte(p.number(1)) //nolint:gosec // one byte
			if p.cut {
				return out, damaged("it ends early")
			}
			out = append(out, c)
			continue
		}
		if p.at == len(in) {
			return out, damaged("it ends early")
		}
		distance, n, short := p.match()
		switch {
		case p.cut:
			return out, damaged("it ends early")
		case short:
			return out, damaged("a length is too short")
		case distance > len(out):
			return out, damaged("a match reaches before the beginning")
		}
		for range min(n, size-len(out)) {
			out = append(out, out[len(out)-distance])
		}
	}
	return out, nil
}

type plain struct {
	in   []byte
	at   int
	half int // where the half byte of the last long match stands, 0 for none
	cut  bool
}

// number is the next one of so many bytes.
func (p *plain) number(n int) uint32 {
	if p.at+n > len(p.in) {
		p.cut = true
		return 0
	}
	var b [4]byte
	copy(b[:], p.in[p.at:p.at+n])
	p.at += n
	return binary.LittleEndian.Uint32(b[:])
}

func (p *plain) match() (distance, n int, short bool) {
	word := p.number(2)
	distance, n = int(word>>3)+1, int(word&7)
	if n < 7 {
		return distance, n + 3, false
	}
	if p.half == 0 {
		p.half = p.at
		n = int(p.number(1) & 15)
	} else {
		n = int(p.in[p.half] >> 4)
		p.half = 0
	}
	if n == 15 {
		n = int(p.number(1))
		if n == 255 {
			if n = int(p.number(2)); n == 0 {
				n = int(p.number(4))
			}
			if n < 15+7 {
				return distance, 0, true
			}
			n -= 15 + 7
		}
		n += 15
	}
	return distance, n + 7 + 3, false
}
