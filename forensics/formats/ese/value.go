package ese

import (
	"math"
	"time"

	"firebreak/forensics/formats/le"
)

// Value is what a row has in a column.
type Value struct {
	Kind  Kind
	Bytes le.Bytes

	there, wide bool
}

// Null says whether there is none.
func (v Value) Null() bool { return !v.there }

// Number is a whole number; ok is false where it is none.
func (v Value) Number() (n int64, ok bool) {
	if !v.there || len(v.Bytes) < v.Kind.size() {
		return 0, false
	}
	switch v.Kind { //nolint:exhaustive // the others are no whole numbers
	case Bit:
		if v.Bytes[0] != 0 {
			n = 1
		}
	case UnsignedByte:
		n = int64(v.Bytes[0])
	case Short:
		n = int64(int16(v.Bytes.U16(0))) //nolint:gosec // as it is stored
	case UnsignedShort:
		n = int64(v.Bytes.U16(0))
	case Long:
		n = int64(int32(v.Bytes.U32(0))) //nolint:gosec // as it is stored
	case UnsignedLong:
		n = int64(v.Bytes.U32(0))
	case Currency, LongLong:
		n = int64(v.Bytes.U64(0)) //nolint:gosec // as it is stored
	default:
		return 0, false
	}
	return n, true
}

// Text is a text, "" where it is none. Text of a column that is wide is UTF-16,
// but for what does not look so.
func (v Value) Text() string {
	if v.Kind != Text && v.Kind != LongText {
		return ""
	}
	if v.wide && len(v.Bytes)%2 == 0 {
		return v.Bytes.Wide(0, len(v.Bytes))
	}
	return v.Bytes.Narrow(0, len(v.Bytes))
}

// dayZero is 30 December 1899, from which an OLE date counts, in seconds.
const dayZero = -2209161600

// Time is a date; the zero time where there is none. The engine keeps the days
// since 1899 as a float (OLE); some programs write a FILETIME into it.
func (v Value) Time() time.Time {
	if v.Null() || len(v.Bytes) < 8 {
		return time.Time{}
	}
	if v.Kind == DateTime {
		days := math.Float64frombits(v.Bytes.U64(0))
		if days > 25569 && days < 2958466 { // 1970 to 9999
			milli := math.Round(days * 86400e3) // a float of this size is exact to a microsecond or so
			if at := time.UnixMilli(int64(milli)).Add(dayZero * time.Second).UTC(); at.Year() < 2262 {
				return at
			}
			return time.Time{}
		}
	}
	if v.Kind == DateTime || v.Kind == Currency || v.Kind == LongLong {
		t, _ := le.Filetime(v.Bytes.U64(0))
		return t
	}
	return time.Time{}
}
