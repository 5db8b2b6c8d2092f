// Package plist reads property lists of macOS, binary and in XML.
//
// What is read may be evil: a list may name itself, share one list a thousand
// times over, or nest without end. So depth and the number of values are limited,
// and what was read of a file that is damaged is not given out.
//
// Reference: Apple, CF-1153.18, CFBinaryPList.c; PropertyList-1.0.dtd.
package plist

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// ErrFormat is returned for what is no property list.
var ErrFormat = errors.New("not a property list")

// Limits of one list.
const (
	MaxSize   = 16 << 20 // bytes
	maxDepth  = 64
	maxValues = 200_000 // values that it is made of, those that are shared counted each time
)

const cocoaEpoch = 978307200 // seconds from 1970 to 2001

// Dict is a dictionary. Values are string, int64, float64, bool, []byte,
// time.Time, Dict and []any.
type Dict map[string]any

// Text is a value that is a text, or "".
func (d Dict) Text(key string) string { s, _ := d[key].(string); return s }

// Texts is a value that is a list of texts; a text alone is a list of one.
func (d Dict) Texts(key string) []string {
	switch v := d[key].(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, x := range v {
			if s, ok := x.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// Is says whether a file begins as a property list.
func Is(head []byte) bool {
	if bytes.HasPrefix(head, []byte("bplist0")) {
		return true
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	return bytes.HasPrefix(head, []byte("<plist")) || bytes.HasPrefix(head, []byte("<?xml")) && bytes.Contains(head[:min(len(head), 1024)], []byte("<plist")) ||
		bytes.HasPrefix(head, []byte("<!DOCTYPE plist"))
}

// Read reads a list.
func Read(b []byte) (any, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: more than %d MiB", ErrFormat, MaxSize>>20)
	}
	if bytes.HasPrefix(b, []byte("bplist0")) {
		return readBinary(b)
	}
	return readXML(b)
}

// binaryList is one in bytes: values, a table of their offsets, a trailer.
type binaryList struct {
	b          []byte
	table      int
	offsetSize int
	refSize    int
	objects    int
	values     int
}

func readBinary(b []byte) (any, error) {
	const trailer = 32
	if len(b) < 8+trailer {
		return nil, fmt.Errorf("%w: %d bytes", ErrFormat, len(b))
	}
	t := b[len(b)-trailer:]
	objects, top, table := binary.BigEndian.Uint64(t[8:]), binary.BigEndian.Uint64(t[16:]), binary.BigEndian.Uint64(t[24:])
	l := &binaryList{b: b[:len(b)-trailer], offsetSize: int(t[6]), refSize: int(t[7])}
	if l.offsetSize < 1 || l.offsetSize > 8 || l.refSize < 1 || l.refSize > 8 || table > uint64(len(l.b)) ||
		objects == 0 || objects > (uint64(len(l.b))-table)/uint64(l.offsetSize) || top >= objects {
		return nil, fmt.Errorf("%w: its trailer does not fit", ErrFormat)
	}
	l.table, l.objects = int(table), int(objects) //nolint:gosec // both are below the size of the file
	return l.value(top, 0)
}

func number(b []byte) uint64 {
	v := uint64(0)
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// value reads the object of a number.
func (l *binaryList) value(n uint64, depth int) (any, error) {
	if l.values++; l.values > maxValues || depth > maxDepth {
		return nil, fmt.Errorf("%w: too many values, or too deep", ErrFormat)
	}
	if n >= uint64(l.objects) { //nolint:gosec // no count is below 0
		return nil, fmt.Errorf("%w: object %d of %d", ErrFormat, n, l.objects)
	}
	at := number(l.b[l.table+int(n)*l.offsetSize:][:l.offsetSize]) //nolint:gosec // just compared
	if at < 8 || at >= uint64(l.table) {                           //nolint:gosec // no offset is below 0
		return nil, fmt.Errorf("%w: an object at %d", ErrFormat, at)
	}
	b := l.b[at:l.table]
	kind, low := b[0]>>4, int(b[0]&15)
	b = b[1:]
	cut := fmt.Errorf("%w: an object is cut", ErrFormat)
	need := func(n int) bool { return n >= 0 && n <= len(b) }
	switch kind {
	case 0:
		return low == 9, nil
	case 1, 8:
		size := 1 << low
		if kind == 8 {
			size = low + 1
		}
		if low > 4 || !need(size) {
			return nil, cut
		}
		return int64(number(b[max(0, size-8):size])), nil //nolint:gosec // two's complement
	case 2, 3:
		var f float64
		switch {
		case low == 2 && need(4):
			f = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
		case low == 3 && need(8):
			f = math.Float64frombits(binary.BigEndian.Uint64(b))
		default:
			return nil, cut
		}
		if kind == 3 {
			return cocoa(f), nil
		}
		return f, nil
	}
	count := low
	if low == 15 {
		if !need(1) || b[0]>>4 != 1 || b[0]&15 > 3 || !need(1+1<<(b[0]&15)) {
			return nil, cut
		}
		size := 1 << (b[0] & 15)
		n := number(b[1 : 1+size])
		if n > MaxSize {
			return nil, cut
		}
		count, b = int(n), b[1+size:]
	}
	switch kind {
	case 4:
		if !need(count) {
			return nil, cut
		}
		return bytes.Clone(b[:count]), nil
	case 5:
		if !need(count) {
			return nil, cut
		}
		return string(b[:count]), nil
	case 6:
		if !need(2 * count) {
			return nil, cut
		}
		units := make([]uint16, count)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(b[2*i:])
		}
		return string(utf16.Decode(units)), nil
	case 10, 11, 12:
		if !need(count * l.refSize) {
			return nil, cut
		}
		var out []any
		for i := range count {
			v, err := l.value(number(b[i*l.refSize:][:l.refSize]), depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case 13:
		if !need(2 * count * l.refSize) {
			return nil, cut
		}
		out := Dict{}
		for i := range count {
			key, err := l.value(number(b[i*l.refSize:][:l.refSize]), depth+1)
			if err != nil {
				return nil, err
			}
			v, err := l.value(number(b[(count+i)*l.refSize:][:l.refSize]), depth+1)
			if err != nil {
				return nil, err
			}
			if s, ok := key.(string); ok {
				out[s] = v
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("%w: an object of kind %d", ErrFormat, kind)
}

// cocoa is a time of seconds since 2001.
func cocoa(f float64) time.Time {
	if !(f > -cocoaEpoch && f < 1<<33) {
		return time.Time{}
	}
	whole := math.Floor(f)
	return time.Unix(int64(whole)+cocoaEpoch, int64((f-whole)*1e9)).UTC()
}

// xmlList is one in XML.
type xmlList struct {
	d      *xml.Decoder
	values int
}

func readXML(b []byte) (any, error) {
	l := &xmlList{d: xml.NewDecoder(bytes.NewReader(b))}
	l.d.CharsetReader = func(name string, r io.Reader) (io.Reader, error) {
		if strings.EqualFold(name, "utf-8") || strings.EqualFold(name, "us-ascii") {
			return r, nil
		}
		return nil, fmt.Errorf("%w: written in %q", ErrFormat, name)
	}
	for {
		t, err := l.d.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		s, ok := t.(xml.StartElement)
		switch {
		case !ok:
		case s.Name.Local == "plist":
			v, end, err := l.next(0)
			if err == nil && end {
				err = fmt.Errorf("%w: it is empty", ErrFormat)
			}
			return v, err
		default:
			return nil, fmt.Errorf("%w: element %s", ErrFormat, s.Name.Local)
		}
	}
}

// next reads the next value within an element; end is true where the element
// ends instead.
func (l *xmlList) next(depth int) (v any, end bool, err error) {
	for {
		t, err := l.d.Token()
		if err != nil {
			return nil, false, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		switch t := t.(type) {
		case xml.EndElement:
			return nil, true, nil
		case xml.StartElement:
			v, err := l.element(t.Name.Local, depth)
			return v, false, err
		}
	}
}

// key is the name of an entry of a dictionary.
type key string

func (l *xmlList) element(name string, depth int) (any, error) {
	if l.values++; l.values > maxValues || depth > maxDepth {
		return nil, fmt.Errorf("%w: too many values, or too deep", ErrFormat)
	}
	switch name {
	case "dict":
		out, at := Dict{}, ""
		for {
			v, end, err := l.next(depth + 1)
			if err != nil || end {
				return out, err
			}
			if k, ok := v.(key); ok {
				at = string(k)
			} else {
				out[at] = v
			}
		}
	case "array":
		var out []any
		for {
			v, end, err := l.next(depth + 1)
			if err != nil || end {
				return out, err
			}
			out = append(out, v)
		}
	}
	text, err := l.text()
	if err != nil {
		return nil, err
	}
	bad := fmt.Errorf("%w: <%s>%.40q", ErrFormat, name, text)
	switch name {
	case "key":
		return key(text), nil
	case "string":
		return text, nil
	case "true", "false":
		return name == "true", nil
	case "integer":
		n, err := strconv.ParseInt(strings.TrimSpace(text), 0, 64)
		if err != nil {
			u, uerr := strconv.ParseUint(strings.TrimSpace(text), 0, 64)
			if uerr != nil {
				return nil, bad
			}
			n = int64(u) //nolint:gosec // as the binary form has it
		}
		return n, nil
	case "real":
		f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return nil, bad
		}
		return f, nil
	case "date":
		at, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
		if err != nil {
			return nil, bad
		}
		return at.UTC(), nil
	case "data":
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, bad
		}
		return b, nil
	}
	return nil, bad
}

// text is what stands in an element that has no others.
func (l *xmlList) text() (string, error) {
	var b strings.Builder
	for {
		t, err := l.d.Token()
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrFormat, err)
		}
		switch t := t.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.EndElement:
			return b.String(), nil
		case xml.StartElement:
			return "", fmt.Errorf("%w: an element within a text", ErrFormat)
		}
	}
}
