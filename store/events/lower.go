package events

import (
	"encoding/binary"
	"unsafe"
)

// appendLower appends the text with its ASCII letters in lower case, eight
// bytes at a time.
func appendLower(dst, src []byte) []byte {
	const ones = 0x0101010101010101
	start := len(dst)
	if need := start + len(src); cap(dst) < need {
		grown := make([]byte, start, need+need/8)
		copy(grown, dst)
		dst = grown
	}
	dst = dst[:start+len(src)]
	out := dst[start:]
	for len(src) >= 8 {
		v := binary.LittleEndian.Uint64(src)
		low := v & (0x7f * ones)
		fromA := low + (0x80-'A')*ones   // the high bit of a byte says: A or more
		pastZ := low + (0x80-'Z'-1)*ones // more than Z
		upper := fromA &^ pastZ &^ v & (0x80 * ones)
		binary.LittleEndian.PutUint64(out, v|upper>>2)
		src, out = src[8:], out[8:]
	}
	for i, c := range src {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		out[i] = c
	}
	return dst
}

// peekString is the bytes as a string that shares their memory: good only until
// they change.
func peekString(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // a copy of every text that a filter looks at is half of its time
}
