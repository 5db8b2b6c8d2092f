package pdf

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
)

// file writes the objects of a PDF (ISO 32000-1): those without a stream packed
// into streams of objects, and a stream that says where each is.
type file struct {
	objects []object
	packer  *zlib.Writer
}

type object struct {
	body   []byte // without a stream: the object; with one: its dictionary
	stream []byte
}

// ref takes the next number for an object.
func (f *file) ref() int {
	f.objects = append(f.objects, object{})
	return len(f.objects)
}

// set gives an object its body.
func (f *file) set(n int, format string, args ...any) {
	f.objects[n-1].body = fmt.Appendf(nil, format, args...)
}

// add adds an object.
func (f *file) add(format string, args ...any) int {
	n := f.ref()
	f.set(n, format, args...)
	return n
}

// put adds a stream, packed. Entries are those of its dictionary but for length
// and filter.
func (f *file) put(n int, entries string, data []byte) error {
	packed, err := f.pack(data)
	if err != nil {
		return err
	}
	f.objects[n-1] = object{fmt.Appendf(nil, "%s/Filter/FlateDecode", entries), packed}
	return nil
}

// plain adds a stream as it is.
func (f *file) plain(n int, entries string, data []byte) {
	f.objects[n-1] = object{[]byte(entries), data}
}

func (f *file) pack(data []byte) ([]byte, error) {
	var out bytes.Buffer
	if f.packer == nil {
		f.packer = zlib.NewWriter(&out)
	} else {
		f.packer.Reset(&out)
	}
	if _, err := f.packer.Write(data); err != nil {
		return nil, err
	}
	if err := f.packer.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// together is how many objects one stream packs.
const together = 400

// bytes is the file, whose root and properties are the objects of these numbers.
func (f *file) bytes(root, info int) ([]byte, error) {
	out := []byte("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	type entry struct{ kind, a, b int }
	where := make([]entry, len(f.objects), len(f.objects)+len(f.objects)/together+2)
	write := func(n int, o object) {
		where[n-1] = entry{1, len(out), 0}
		out = fmt.Appendf(out, "%d 0 obj\n<<%s/Length %d>>\nstream\n", n, o.body, len(o.stream))
		out = append(out, o.stream...)
		out = append(out, "\nendstream\nendobj\n"...)
	}
	var loose []int
	for i, o := range f.objects {
		if o.stream != nil {
			write(i+1, o)
			continue
		}
		loose = append(loose, i+1)
	}
	for len(loose) > 0 {
		some := loose[:min(together, len(loose))]
		loose = loose[len(some):]
		var head, body []byte
		where = append(where, entry{})
		n := len(where)
		for i, m := range some {
			head = fmt.Appendf(head, "%d %d ", m, len(body))
			body = append(append(body, f.objects[m-1].body...), '\n')
			where[m-1] = entry{2, n, i}
		}
		packed, err := f.pack(append(head, body...))
		if err != nil {
			return nil, err
		}
		write(n, object{fmt.Appendf(nil, "/Type/ObjStm/N %d/First %d/Filter/FlateDecode", len(some), len(head)), packed})
	}
	start := len(out)
	where = append(where, entry{1, start, 0})
	table := []byte{0, 0, 0, 0, 0, 0xff, 0xff}
	for _, e := range where {
		table = append(table, byte(e.kind))                       //nolint:gosec // 0, 1 or 2
		table = binary.BigEndian.AppendUint32(table, uint32(e.a)) //nolint:gosec // a place in a file that is in memory
		table = binary.BigEndian.AppendUint16(table, uint16(e.b)) //nolint:gosec // less than together
	}
	packed, err := f.pack(table)
	if err != nil {
		return nil, err
	}
	n := len(where)
	out = fmt.Appendf(out, "%d 0 obj\n<</Type/XRef/Size %d/W[1 4 2]/Root %d 0 R/Info %d 0 R/Filter/FlateDecode/Length %d>>\nstream\n", n, n+1, root, info, len(packed))
	out = append(out, packed...)
	return fmt.Appendf(out, "\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n", start), nil
}

// words is a text as PDF has it, without a character that means something there.
func words(s string) string {
	out := []byte("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		out = fmt.Appendf(out, "%04X", u)
	}
	return string(append(out, '>'))
}

// number appends a length, to a hundredth of a point.
func number(b []byte, x float64) []byte {
	from := len(b)
	if math.IsNaN(x) || math.Abs(x) > 1e5 {
		x = math.Copysign(1e5, x) // off the page, and no number that readers stumble over
	}
	b = strconv.AppendFloat(b, x, 'f', 2, 64)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	if string(b[from:]) == "-0" {
		b = append(b[:from], '0')
	}
	return b
}
