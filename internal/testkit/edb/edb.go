// Package edb makes databases of the Extensible Storage Engine for tests: a
// header and its copy, a catalogue, tables of one leaf or of a branch over
// several, and long values. Checksums are right.
package edb

import (
	"encoding/binary"
	"math"
	"time"
	"unicode/utf16"
)

var le = binary.LittleEndian

// Column is one of a table. Kind is the engine's number of the type: below 9 and
// from 14 on it is fixed, 9 and 10 are variable, 11 and 12 tagged.
type Column struct {
	Name string
	Kind uint32
	Wide bool // UTF-16
}

// Values of a row that are kept in a form of their own.
type (
	// Seven is packed to 7 bits a character.
	Seven string
	// Packed is packed as LZXPRESS, of literals.
	Packed []byte
	// Separate is a long value in a tree of its own.
	Separate []byte
	// Several are values of one column.
	Several []string
	// Deleted is a whole row that was deleted.
	Deleted []any
)

// File is a database in the making.
type File struct {
	size     int
	revision uint32
	pages    map[int][]byte // by their numbers
	next     int
	objects  uint32
	rows     [][]any // of the catalogue
	State    uint32
}

const root, leaf = 0x1, 0x2

// New begins one with pages of that many bytes.
func New(pageSize int) *File {
	return &File{size: pageSize, revision: 20, pages: map[int][]byte{}, next: 30, objects: 2, State: 3}
}

func (f *File) large() bool { return f.size > 8192 }

var catalogue = []Column{
	{"ObjidTable", 4, false},
	{"Type", 3, false},
	{"Id", 4, false},
	{"ColtypOrPgnoFDP", 4, false},
	{"SpaceUsage", 4, false},
	{"Flags", 4, false},
	{"PagesOrLocale", 4, false},
	{"RootFlag", 1, false},
	{"RecordOffset", 3, false},
	{"Name", 10, false},
	{"Stats", 9, false},
	{"TemplateTable", 10, false},
}

func fixed(kind uint32) int {
	return map[uint32]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 4, 7: 8, 8: 8, 14: 4, 15: 8, 16: 16, 17: 2}[kind]
}

// number gives columns their ids, and fixed ones their place.
func number(columns []Column) (ids, offsets []int) {
	one, two, three, at := 1, 128, 256, 4
	for _, c := range columns {
		switch {
		case fixed(c.Kind) > 0:
			ids, offsets = append(ids, one), append(offsets, at)
			one, at = one+1, at+fixed(c.Kind)
		case c.Kind == 9 || c.Kind == 10:
			ids, offsets = append(ids, two), append(offsets, 0)
			two++
		default:
			ids, offsets = append(ids, three), append(offsets, 0)
			three++
		}
	}
	return ids, offsets
}

// Table adds a table with its rows: a value for each column, nil for none.
func (f *File) Table(name string, columns []Column, rows ...[]any) {
	f.objects++
	object := int64(f.objects)
	ids, offsets := number(columns)
	var long []record
	values := uint32(0)
	keep := func(b []byte) []byte { // puts a long value, and answers its id
		values++
		long = append(long, longParts(values, b)...)
		return le.AppendUint32(nil, values)
	}
	records := make([]record, len(rows))
	for i, row := range rows {
		var gone bool
		if len(row) == 1 {
			if was, ok := row[0].(Deleted); ok {
				row, gone = was, true
			}
		}
		records[i] = record{binary.BigEndian.AppendUint32([]byte{0x7f}, uint32(i)), f.record(columns, ids, row, keep), gone}
	}
	top := f.tree(f.page(), records, 0)
	f.rows = append(f.rows, []any{object, int64(1), object, int64(top), int64(1), int64(0), int64(1), int64(1), nil, name})
	for i, c := range columns {
		codepage := int64(1252)
		if c.Wide {
			codepage = 1200
		}
		f.rows = append(f.rows, []any{object, int64(2), int64(ids[i]), int64(c.Kind), int64(fixed(c.Kind)), int64(0), codepage, int64(0), int64(offsets[i]), c.Name})
	}
	if len(long) > 0 {
		at := int64(f.tree(f.page(), long, 0x80))
		f.rows = append(f.rows, []any{object, int64(4), at, at, int64(1), int64(0), int64(1), int64(0), nil, "LV"})
	}
}

// partSize is that of a part of a long value.
const partSize = 1000

// longParts is a long value as a root and its parts.
func longParts(id uint32, b []byte) []record {
	k := binary.BigEndian.AppendUint32(nil, id)
	out := []record{{k, le.AppendUint32(le.AppendUint32(nil, 1), uint32(len(b))), false}}
	for at := 0; at < len(b); at += partSize {
		part := b[at:min(len(b), at+partSize)]
		if at == 0 && len(part) == partSize {
			part = literals(part) // the first is packed
		}
		out = append(out, record{binary.BigEndian.AppendUint32(append([]byte{}, k...), uint32(at)), part, false})
	}
	return out
}

func (f *File) page() int {
	f.next++
	return f.next - 1
}

type record struct {
	key, data []byte
	deleted   bool
}

// record lays a row out.
func (f *File) record(columns []Column, ids []int, row []any, keep func([]byte) []byte) []byte {
	var head, ends, variable, array, tagged []byte
	var null []bool
	head = []byte{0, 127, 0, 0}
	type tag struct {
		id    int
		flags byte
		b     []byte
	}
	var tags []tag
	for i, c := range columns {
		var v any
		if i < len(row) {
			v = row[i]
		}
		switch {
		case fixed(c.Kind) > 0:
			head[0]++
			null = append(null, v == nil)
			b := make([]byte, 16)
			if v == nil {
				le.PutUint64(b, 0x2a2a2a2a2a2a2a2a)
			}
			copy(b, plain(v, c))
			head = append(head, b[:fixed(c.Kind)]...)
		case ids[i] < 256:
			head[1]++
			variable = append(variable, plain(v, c)...)
			end := uint16(len(variable))
			if v == nil {
				end |= 0x8000
			}
			ends = le.AppendUint16(ends, end)
		case v != nil:
			t := tag{id: ids[i]}
			switch v := v.(type) {
			case Seven:
				t.flags, t.b = 2, seven(string(v))
			case Packed:
				t.flags, t.b = 2, literals(v)
			case Separate:
				t.flags, t.b = 5, keep(v)
			case Several:
				t.flags, t.b = 9, several(v, c)
			default:
				t.flags, t.b = 1, plain(v, c)
			}
			tags = append(tags, t)
		}
	}
	nulls := make([]byte, (len(null)+7)/8)
	for i, n := range null {
		if n {
			nulls[i/8] |= 1 << (i % 8)
		}
	}
	head = append(head, nulls...)
	le.PutUint16(head[2:], uint16(len(head)))
	for _, t := range tags {
		at := uint16(4*len(tags) + len(tagged))
		if !f.large() {
			at |= 0x4000
		}
		array = le.AppendUint16(le.AppendUint16(array, uint16(t.id)), at)
		tagged = append(append(tagged, t.flags), t.b...)
	}
	for _, more := range [][]byte{ends, variable, array, tagged} {
		head = append(head, more...)
	}
	return head
}

// plain is a value as bytes.
func plain(v any, c Column) []byte {
	switch v := v.(type) {
	case nil:
		return nil
	case int64:
		return le.AppendUint64(nil, uint64(v))
	case int:
		return le.AppendUint64(nil, uint64(v))
	case time.Time:
		if c.Kind == 8 {
			days := v.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24
			return le.AppendUint64(nil, math.Float64bits(days))
		}
		return le.AppendUint64(nil, Filetime(v))
	case string:
		if c.Wide {
			return Wide(v)
		}
		return []byte(v)
	case []byte:
		return v
	}
	panic("a value of no known kind")
}

// Filetime is a time as Windows counts it.
func Filetime(t time.Time) uint64 { return uint64(t.UnixNano()/100) + 116444736000000000 }

// Wide is text of UTF-16.
func Wide(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = le.AppendUint16(b, u)
	}
	return b
}

func several(values []string, c Column) []byte {
	var offsets, b []byte
	for _, v := range values {
		offsets = le.AppendUint16(offsets, uint16(2*len(values)+len(b)))
		b = append(b, plain(v, c)...)
	}
	return append(offsets, b...)
}

// seven packs text to 7 bits a character.
func seven(s string) []byte {
	out := []byte{1 << 3}
	bits := 0
	for i := range len(s) {
		for b := range 7 {
			if bits%8 == 0 {
				out = append(out, 0)
			}
			out[len(out)-1] |= s[i] >> b & 1 << (bits % 8)
			bits++
		}
	}
	out[0] |= byte((bits - 1) % 8)
	return out
}

// literals is LZXPRESS without a match.
func literals(b []byte) []byte {
	out := le.AppendUint16([]byte{3 << 3}, uint16(len(b)))
	for len(b) > 0 {
		n := min(32, len(b))
		out = append(append(out, 0, 0, 0, 0), b[:n]...)
		b = b[n:]
	}
	return out
}
