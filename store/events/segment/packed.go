package segment

import (
	"encoding/binary"
	"math/bits"
)

// Numbers are packed in groups, each as wide as its greatest: a byte with the
// width in bits, then the numbers without gaps, the lowest bits first. They are
// read without a branch for each, and an outlier costs one group.
const packedGroup = 128

func appendPacked(dst []byte, numbers []uint64) []byte {
	for len(numbers) > 0 {
		group := numbers[:min(packedGroup, len(numbers))]
		numbers = numbers[len(group):]
		all := uint64(0)
		for _, v := range group {
			all |= v
		}
		width := bits.Len64(all)
		dst = append(dst, byte(width)) //nolint:gosec // up to 64
		waiting, have := uint64(0), 0
		for _, v := range group {
			waiting |= v << have
			if have += width; have >= 64 {
				dst = binary.LittleEndian.AppendUint64(dst, waiting)
				have -= 64
				waiting = v >> (width - have)
			}
		}
		for ; have > 0; have -= 8 {
			dst = append(dst, byte(waiting))
			waiting >>= 8
		}
	}
	return dst
}

// unpack reads len(numbers) numbers and returns what follows them.
func unpack(numbers []uint64, data []byte) ([]byte, bool) {
	var room [packedGroup*8 + 16]byte
	for len(numbers) > 0 {
		group := numbers[:min(packedGroup, len(numbers))]
		numbers = numbers[len(group):]
		if len(data) == 0 {
			return nil, false
		}
		width := int(data[0])
		size := (width*len(group) + 7) / 8
		if width > 64 || len(data)-1 < size {
			return nil, false
		}
		packed := data[1:]
		data = packed[size:]
		if len(packed) < size+16 { // words are read whole
			clear(room[copy(room[:], packed[:size]):])
			packed = room[:]
		}
		switch {
		case width == 0:
			clear(group)
		case width <= 56:
			mask := uint64(1)<<width - 1
			for i, at := 0, 0; i < len(group); i, at = i+1, at+width {
				group[i] = binary.LittleEndian.Uint64(packed[at>>3:]) >> (at & 7) & mask
			}
		default:
			mask := ^uint64(0) >> (64 - width)
			for i, at := 0, 0; i < len(group); i, at = i+1, at+width {
				p := packed[at>>3:]
				group[i] = (binary.LittleEndian.Uint64(p)>>(at&7) | uint64(p[8])<<(64-at&7)) & mask
			}
		}
	}
	return data, true
}

// unpackOne reads the number at one place of so many.
func unpackOne(data []byte, at, of int) (uint64, bool) {
	for ; at >= packedGroup; at, of = at-packedGroup, of-packedGroup {
		if len(data) == 0 {
			return 0, false
		}
		size := int(data[0])*packedGroup/8 + 1
		if len(data) < size {
			return 0, false
		}
		data = data[size:]
	}
	if len(data) == 0 {
		return 0, false
	}
	width := int(data[0])
	size := (width*min(of, packedGroup) + 7) / 8
	if width > 56 || len(data)-1 < size {
		return 0, false
	}
	var room [8]byte
	bit := width * at
	copy(room[:], data[1+bit>>3:1+size])
	return binary.LittleEndian.Uint64(room[:]) >> (bit & 7) & (1<<width - 1), true
}

// zigzag makes small numbers of small differences in either direction.
func zigzag(d int64) uint64 { return uint64(d)<<1 ^ uint64(d>>63) } //nolint:gosec // the bits as they are

func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }
