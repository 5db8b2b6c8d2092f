package sqlite

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Kind is the storage class of a value.
type Kind uint8

// The storage classes.
const (
	Null Kind = iota
	Integer
	Real
	Text
	Blob
)

// Value is one value of a row.
type Value struct {
	Kind  Kind
	Int   int64
	Real  float64
	Bytes []byte // of a text, in UTF-8, or of a blob
}

// String is the value as a person would write it; a blob is not shown.
func (v Value) String() string {
	switch v.Kind {
	case Integer:
		return strconv.FormatInt(v.Int, 10)
	case Real:
		return strconv.FormatFloat(v.Real, 'f', -1, 64)
	case Text:
		return string(v.Bytes)
	case Null, Blob:
	}
	return ""
}

// Number is the value as a whole number; texts of digits count.
func (v Value) Number() (int64, bool) {
	switch v.Kind {
	case Integer:
		return v.Int, true
	case Real:
		if v.Real >= -1<<62 && v.Real <= 1<<62 {
			return int64(v.Real), true
		}
	case Text:
		n, err := strconv.ParseInt(strings.TrimSpace(string(v.Bytes)), 10, 64)
		return n, err == nil
	case Null, Blob:
	}
	return 0, false
}

// Float is the value as a number.
func (v Value) Float() (float64, bool) {
	if v.Kind == Real {
		return v.Real, !math.IsNaN(v.Real) && !math.IsInf(v.Real, 0)
	}
	n, ok := v.Number()
	return float64(n), ok
}

// varint reads a number of up to nine bytes; n is 0 when b is too short.
func varint(b []byte) (v uint64, n int) {
	for i := range min(len(b), 9) {
		if i == 8 {
			return v<<8 | uint64(b[i]), 9
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// sizeOf is the number of bytes of a value by its serial type; false for types
// that there are not.
func sizeOf(serial uint64) (int, bool) {
	switch {
	case serial <= 4:
		return int(serial), true
	case serial == 5:
		return 6, true
	case serial == 6, serial == 7:
		return 8, true
	case serial == 8, serial == 9:
		return 0, true
	case serial < 12, serial > 2*maxPayload:
		return 0, false
	}
	return int(serial-12) / 2, true
}

// valueOf reads a value; b has just its bytes. Texts and blobs share them.
func (f *File) valueOf(serial uint64, b []byte) Value {
	switch {
	case serial == 0:
		return Value{}
	case serial <= 6:
		v := int64(int8(b[0])) //nolint:gosec // two's complement
		for _, c := range b[1:] {
			v = v<<8 | int64(c)
		}
		return Value{Kind: Integer, Int: v}
	case serial == 7:
		r := math.Float64frombits(binary.BigEndian.Uint64(b))
		return Value{Kind: Real, Real: r}
	case serial == 8, serial == 9:
		return Value{Kind: Integer, Int: int64(serial - 8)}
	case serial%2 == 0:
		return Value{Kind: Blob, Bytes: b}
	case f.encoding == 2 || f.encoding == 3:
		var order binary.ByteOrder = binary.LittleEndian
		if f.encoding == 3 {
			order = binary.BigEndian
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = order.Uint16(b[2*i:])
		}
		return Value{Kind: Text, Bytes: []byte(string(utf16.Decode(units)))}
	}
	return Value{Kind: Text, Bytes: b}
}

// record reads the values of a payload into into[:0].
func (f *File) record(payload []byte, into []Value) ([]Value, error) {
	head, n := varint(payload)
	if n == 0 || head < uint64(n) || head > uint64(len(payload)) { //nolint:gosec // n is at most nine
		return nil, fmt.Errorf("%w: a row's header has %d bytes", ErrDamaged, head)
	}
	types, body := payload[n:head], payload[head:]
	into = into[:0]
	for len(types) > 0 {
		serial, n := varint(types)
		size, ok := sizeOf(serial)
		if n == 0 || !ok || size > len(body) || len(into) >= maxColumns {
			return nil, fmt.Errorf("%w: a row's value does not fit", ErrDamaged)
		}
		into = append(into, f.valueOf(serial, body[:size]))
		types, body = types[n:], body[size:]
	}
	return into, nil
}

// payload gathers the bytes of a cell whose payload of size bytes begins at b.
func (f *File) payload(b []byte, size uint64, index bool) ([]byte, error) {
	if size > maxPayload {
		return nil, fmt.Errorf("%w: a row of %d bytes", ErrDamaged, size)
	}
	most := f.usable - 35
	if index {
		most = (f.usable-12)*64/255 - 23
	}
	local := int(size)
	if local > most {
		least := (f.usable-12)*32/255 - 23
		if local = least + (int(size)-least)%(f.usable-4); local > most {
			local = least
		}
	}
	if local == int(size) {
		if local > len(b) {
			return nil, fmt.Errorf("%w: a row goes over its page's end", ErrDamaged)
		}
		return b[:local], nil
	}
	if local+4 > len(b) {
		return nil, fmt.Errorf("%w: a row goes over its page's end", ErrDamaged)
	}
	out := append(make([]byte, 0, min(int(size), 1<<20)), b[:local]...)
	for next := binary.BigEndian.Uint32(b[local:]); len(out) < int(size); {
		p, err := f.at(next)
		if err != nil {
			return nil, err
		}
		next = binary.BigEndian.Uint32(p)
		out = append(out, p[4:min(f.usable, 4+int(size)-len(out))]...)
	}
	return out, nil
}
