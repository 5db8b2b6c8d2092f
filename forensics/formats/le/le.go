// Package le reads little-endian fields out of bytes that may be cut or hostile:
// what lies outside of them is zero, empty or false, and nothing panics.
//
// Times are those of Windows: FILETIME (100 ns since 1601, UTC), FAT's date and
// time (2 s, local), SYSTEMTIME (milliseconds, zone by its owner).
package le

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Bytes are what fields are read from.
type Bytes []byte

// Has says whether n bytes stand at that offset.
func (b Bytes) Has(at, n int) bool { return at >= 0 && n >= 0 && at <= len(b) && n <= len(b)-at }

// Cut is n bytes from an offset, nil where they are not all there.
func (b Bytes) Cut(at, n int) Bytes {
	if !b.Has(at, n) {
		return nil
	}
	return b[at : at+n : at+n]
}

// From is what stands behind an offset, nil where nothing does.
func (b Bytes) From(at int) Bytes {
	if at < 0 || at >= len(b) {
		return nil
	}
	return b[at:]
}

// U8 is one byte.
func (b Bytes) U8(at int) uint8 {
	if !b.Has(at, 1) {
		return 0
	}
	return b[at]
}

// U16 is two bytes.
func (b Bytes) U16(at int) uint16 {
	if !b.Has(at, 2) {
		return 0
	}
	return binary.LittleEndian.Uint16(b[at:])
}

// U32 is four bytes.
func (b Bytes) U32(at int) uint32 {
	if !b.Has(at, 4) {
		return 0
	}
	return binary.LittleEndian.Uint32(b[at:])
}

// U64 is eight bytes.
func (b Bytes) U64(at int) uint64 {
	if !b.Has(at, 8) {
		return 0
	}
	return binary.LittleEndian.Uint64(b[at:])
}

// Int is four bytes as an offset or a size, -1 where they are not there or do not
// fit.
func (b Bytes) Int(at int) int {
	n := b.U32(at)
	if !b.Has(at, 4) || n > 1<<31-1 {
		return -1
	}
	return int(n)
}

// GUID is 16 bytes as text, "" where they are not there.
func (b Bytes) GUID(at int) string {
	g := b.Cut(at, 16)
	if g == nil {
		return ""
	}
	return fmt.Sprintf("%08x-%04x-%04x-%x-%x", g.U32(0), g.U16(4), g.U16(6), []byte(g[8:10]), []byte(g[10:]))
}

// SID is a security identifier as text (S-1-5-18), "" where it is none.
func (b Bytes) SID() string {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return ""
	}
	authority := uint64(0)
	for _, c := range b[2:8] {
		authority = authority<<8 | uint64(c)
	}
	s := "S-" + strconv.Itoa(int(b[0])) + "-" + strconv.FormatUint(authority, 10)
	for i := range int(b[1]) {
		s += "-" + strconv.FormatUint(uint64(b.U32(8+4*i)), 10)
	}
	return s
}

// Filetime is a time of eight bytes; ok is false for none.
func (b Bytes) Filetime(at int) (time.Time, bool) { return Filetime(b.U64(at)) }

// Wide is text of UTF-16 in so many bytes, or what is there of them, up to a NUL.
func (b Bytes) Wide(at, size int) string {
	if at < 0 || at > len(b) || size < 0 {
		return ""
	}
	b = b[at:min(len(b), at+min(size, len(b)-at))]
	units := make([]uint16, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		u := binary.LittleEndian.Uint16(b[i:])
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}

// WideZ is text of UTF-16 up to a NUL, at most so many bytes, and the bytes it
// takes with its NUL.
func (b Bytes) WideZ(at, most int) (string, int) {
	s := b.From(at)
	for i := 0; i+1 < len(s) && i < most; i += 2 {
		if s[i] == 0 && s[i+1] == 0 {
			return s.Wide(0, i), i + 2
		}
	}
	n := min(len(s), most) &^ 1
	return s.Wide(0, n), n
}

// Narrow is text of one byte a character in so many bytes, up to a NUL. What is
// no UTF-8 is read as Windows-1252, as most of the world's machines wrote it.
func (b Bytes) Narrow(at, size int) string {
	if at < 0 || at > len(b) || size < 0 {
		return ""
	}
	s := string(b[at : at+min(size, len(b)-at)])
	s, _, _ = strings.Cut(s, "\x00")
	if utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	for i := range len(s) {
		out.WriteRune(western(s[i]))
	}
	return out.String()
}

// western is a character of Windows-1252; those that it does not have are those
// of ISO 8859-1.
func western(c byte) rune {
	const high = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"
	if c < 0x80 || c > 0x9f {
		return rune(c)
	}
	n := byte(0x80)
	for _, r := range high {
		if n == c {
			return r
		}
		n++
	}
	return rune(c)
}

const epoch = 116444736000000000 // 1970 in FILETIME

// Filetime is a FILETIME as time; ok is false for none and what is out of reach:
// before 1970 and after 2262.
func Filetime(n uint64) (time.Time, bool) {
	if n <= epoch || n >= epoch+9214646400*10_000_000 {
		return time.Time{}, false
	}
	n -= epoch
	return time.Unix(int64(n/10_000_000), int64(n%10_000_000*100)).UTC(), true
}

// FAT is a date and a time of FAT, local, as if it were UTC; ok is false for none.
func FAT(date, clock uint16) (time.Time, bool) {
	y, mon, d := 1980+int(date>>9), int(date>>5&15), int(date&31)
	h, m, s := int(clock>>11), int(clock>>5&63), int(clock&31)*2
	t := time.Date(y, time.Month(mon), d, h, m, s, 0, time.UTC)
	return t, date != 0 && int(t.Month()) == mon && t.Day() == d && h < 24 && m < 60
}

// Systemtime is a SYSTEMTIME of 16 bytes as if it were UTC; ok is false for none.
func (b Bytes) Systemtime(at int) (time.Time, bool) {
	v := func(i int) int { return int(b.U16(at + 2*i)) }
	t := time.Date(v(0), time.Month(v(1)), v(3), v(4), v(5), v(6), v(7)*1_000_000, time.UTC)
	ok := b.Has(at, 16) && v(0) >= 1970 && v(0) < 2262 && int(t.Month()) == v(1) && t.Day() == v(3) && v(4) < 24 && v(5) < 60 && v(6) < 60 && v(7) < 1000
	return t, ok
}
