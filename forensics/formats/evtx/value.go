package evtx

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// The types of values.
const (
	typeNull       = 0x00
	typeString     = 0x01
	typeANSI       = 0x02
	typeInt8       = 0x03
	typeUint8      = 0x04
	typeInt16      = 0x05
	typeUint16     = 0x06
	typeInt32      = 0x07
	typeUint32     = 0x08
	typeInt64      = 0x09
	typeUint64     = 0x0a
	typeFloat      = 0x0b
	typeDouble     = 0x0c
	typeBool       = 0x0d
	typeBinary     = 0x0e
	typeGUID       = 0x0f
	typeSize       = 0x10
	typeFiletime   = 0x11
	typeSystemtime = 0x12
	typeSID        = 0x13
	typeHex32      = 0x14
	typeHex64      = 0x15
	typeHandle     = 0x20
	typeBinXML     = 0x21
	typeXML        = 0x23
	typeArray      = 0x80
)

// value is one of a record's, in the chunk.
type value struct {
	at, size int
	typ      byte
}

// fixedSize is how long a value is that stands in a template.
func fixedSize(typ byte) (int, bool) {
	switch typ {
	case typeNull:
		return 0, true
	case typeInt8, typeUint8:
		return 1, true
	case typeInt16, typeUint16:
		return 2, true
	case typeInt32, typeUint32, typeFloat, typeBool, typeHex32:
		return 4, true
	case typeInt64, typeUint64, typeDouble, typeFiletime, typeHex64:
		return 8, true
	case typeGUID, typeSystemtime:
		return 16, true
	}
	return 0, false
}

// plain appends a value that is neither an array nor an event.
func (d *Decoder) plain(out []byte, v value) []byte {
	b := d.data[v.at : v.at+v.size]
	le := binary.LittleEndian
	switch v.typ {
	case typeNull:
		return out
	case typeString, typeXML:
		out, escaped := appendUTF16(out, b)
		d.rec.Escaped = d.rec.Escaped || escaped
		return out
	case typeANSI:
		out, escaped := appendANSI(out, b)
		d.rec.Escaped = d.rec.Escaped || escaped
		return out
	case typeBool:
		if zeros(b) {
			return append(out, "false"...)
		}
		return append(out, "true"...)
	case typeGUID:
		if len(b) == 16 {
			return appendGUID(out, b)
		}
	case typeSID:
		if s, n := appendSID(out, b); n > 0 {
			return s
		}
	case typeFiletime:
		if len(b) == 8 {
			return AppendTime(out, le.Uint64(b))
		}
	case typeSystemtime:
		if len(b) == 16 {
			return appendSystemtime(out, b)
		}
	case typeFloat:
		if len(b) == 4 {
			return strconv.AppendFloat(out, float64(math.Float32frombits(le.Uint32(b))), 'f', -1, 32)
		}
	case typeDouble:
		if len(b) == 8 {
			return strconv.AppendFloat(out, math.Float64frombits(le.Uint64(b)), 'f', -1, 64)
		}
	case typeInt8, typeInt16, typeInt32, typeInt64, typeUint8, typeUint16, typeUint32, typeUint64, typeSize, typeHex32, typeHex64, typeHandle:
		if n, ok := number(b); ok {
			return appendNumber(out, v.typ, n, len(b))
		}
	}
	return appendHex(out, b)
}

// number reads an unsigned one of any width.
func number(b []byte) (uint64, bool) {
	le := binary.LittleEndian
	switch len(b) {
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(le.Uint16(b)), true
	case 4:
		return uint64(le.Uint32(b)), true
	case 8:
		return le.Uint64(b), true
	}
	return 0, false
}

func appendNumber(out []byte, typ byte, n uint64, size int) []byte {
	switch typ {
	case typeInt8, typeInt16, typeInt32, typeInt64:
		shift := 64 - 8*size
		return strconv.AppendInt(out, int64(n<<shift)>>shift, 10) //nolint:gosec // the field is signed
	case typeSize, typeHex32, typeHex64, typeHandle:
		return strconv.AppendUint(append(out, "0x"...), n, 16)
	}
	return strconv.AppendUint(out, n, 10)
}

const upper = "0123456789ABCDEF"

func appendHex(out, b []byte) []byte {
	for _, c := range b {
		out = append(out, upper[c>>4], upper[c&15])
	}
	return out
}

// appendGUID writes {00112233-4455-6677-8899-AABBCCDDEEFF}.
func appendGUID(out, b []byte) []byte {
	order := [16]byte{3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}
	out = append(out, '{')
	for i, from := range order {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, upper[b[from]>>4], upper[b[from]&15])
	}
	return append(out, '}')
}

// appendSID writes S-1-5-18, and says how long it was; 0: it is none.
func appendSID(out, b []byte) ([]byte, int) {
	if len(b) < 8 || len(b) < 8+4*int(b[1]) {
		return out, 0
	}
	out = append(out, "S-"...)
	out = strconv.AppendUint(out, uint64(b[0]), 10)
	authority := uint64(0)
	for _, c := range b[2:8] {
		authority = authority<<8 | uint64(c)
	}
	out = strconv.AppendUint(append(out, '-'), authority, 10)
	for i := range int(b[1]) {
		out = strconv.AppendUint(append(out, '-'), uint64(binary.LittleEndian.Uint32(b[8+4*i:])), 10)
	}
	return out, 8 + 4*int(b[1])
}

// The bounds of FILETIME that time.Time takes here: 1601 to the year 9999.
const (
	epochSeconds = 11644473600
	maxFiletime  = 2650467744000000000
)

// When is a FILETIME as time; false for 0 and for what no clock shows.
func When(filetime uint64) (time.Time, bool) {
	if filetime == 0 || filetime >= maxFiletime {
		return time.Time{}, false
	}
	sec := int64(filetime/1e7) - epochSeconds
	return time.Unix(sec, int64(filetime%1e7)*100).UTC(), true
}

// AppendTime writes a FILETIME as 2020-05-10T22:50:57.1234567Z, or its number
// where it is none.
func AppendTime(out []byte, filetime uint64) []byte {
	t, ok := When(filetime)
	if !ok {
		return strconv.AppendUint(out, filetime, 10)
	}
	return appendClock(out, t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), int(filetime%1e7), 7)
}

func appendSystemtime(out, b []byte) []byte {
	u := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
	return appendClock(out, u(0), u(1), u(3), u(4), u(5), u(6), u(7), 3)
}

func appendClock(out []byte, year, month, day, hour, minute, second, below, digits int) []byte {
	out = appendPadded(out, year, 4)
	out = appendPadded(append(out, '-'), month, 2)
	out = appendPadded(append(out, '-'), day, 2)
	out = appendPadded(append(out, 'T'), hour, 2)
	out = appendPadded(append(out, ':'), minute, 2)
	out = appendPadded(append(out, ':'), second, 2)
	out = appendPadded(append(out, '.'), below, digits)
	return append(out, 'Z')
}

func appendPadded(out []byte, n, width int) []byte {
	var b [20]byte
	i := len(b)
	for n > 0 || width > 0 {
		i--
		b[i] = byte('0' + n%10)
		n, width = n/10, width-1
	}
	return append(out, b[i:]...)
}

// appendUTF16 appends little endian UTF-16 as UTF-8, without the NULs at its
// end. Where it holds other NULs or halves of characters these are \xNN, byte
// for byte, and backslashes are doubled.
func appendUTF16(out, b []byte) (_ []byte, escaped bool) {
	le := binary.LittleEndian
	b = b[:len(b)&^1]
	for len(b) >= 2 && b[len(b)-1] == 0 && b[len(b)-2] == 0 {
		b = b[:len(b)-2]
	}
	began, all := len(out), b
	for len(b) >= 2 {
		if len(b) >= 8 {
			x := le.Uint64(b)
			// All four are ASCII, and none is NUL.
			if x&0xff80ff80ff80ff80 == 0 && (x-0x0001000100010001)&0x8000800080008000 == 0 {
				out = append(out, byte(x), byte(x>>16), byte(x>>32), byte(x>>48)) //nolint:gosec // the lower byte of each
				b = b[8:]
				continue
			}
		}
		c := rune(le.Uint16(b))
		switch {
		case c == 0:
			return escapeUTF16(out[:began], all), true
		case c < utf8.RuneSelf:
			out = append(out, byte(c))
		case utf16.IsSurrogate(c):
			if len(b) < 4 {
				return escapeUTF16(out[:began], all), true
			}
			c = utf16.DecodeRune(c, rune(le.Uint16(b[2:])))
			if c == utf8.RuneError {
				return escapeUTF16(out[:began], all), true
			}
			out = utf8.AppendRune(out, c)
			b = b[2:]
		default:
			out = utf8.AppendRune(out, c)
		}
		b = b[2:]
	}
	return out, false
}

func escapeUTF16(out, b []byte) []byte {
	le := binary.LittleEndian
	for ; len(b) >= 2; b = b[2:] {
		c := rune(le.Uint16(b))
		switch {
		case c == 0:
			out = append(out, `\x00`...)
		case c == '\\':
			out = append(out, `\\`...)
		case utf16.IsSurrogate(c):
			if len(b) >= 4 {
				if r := utf16.DecodeRune(c, rune(le.Uint16(b[2:]))); r != utf8.RuneError {
					out = utf8.AppendRune(out, r)
					b = b[2:]
					continue
				}
			}
			out = appendEscaped(appendEscaped(out, b[0]), b[1])
		default:
			out = utf8.AppendRune(out, c)
		}
	}
	return out
}

func appendEscaped(out []byte, c byte) []byte {
	const lower = "0123456789abcdef"
	return append(out, '\\', 'x', lower[c>>4], lower[c&15])
}

// appendANSI appends bytes in the machine's own code page, which the log does
// not name: what is not ASCII is escaped.
func appendANSI(out, b []byte) (_ []byte, escaped bool) {
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	for _, c := range b {
		if c == 0 || c >= utf8.RuneSelf {
			escaped = true
		}
	}
	for _, c := range b {
		switch {
		case c == 0 || c >= utf8.RuneSelf:
			out = appendEscaped(out, c)
		case c == '\\' && escaped:
			out = append(out, `\\`...)
		default:
			out = append(out, c)
		}
	}
	return out, escaped
}

// width is the size of an array's elements, 0 where they differ.
func width(typ byte) int {
	if n, ok := fixedSize(typ); ok {
		return n
	}
	return 0
}

// view is b as a text that shares its memory.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b)) //nolint:gosec // within b
}
