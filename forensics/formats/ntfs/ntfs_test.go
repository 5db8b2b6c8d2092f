package ntfs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

var order = binary.LittleEndian

func wide(s string) []byte {
	var b []byte
	for _, c := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, c)
	}
	return b
}

const at2026 = 134091000000000000

// attr is a resident attribute.
func attr(kind uint32, name string, content []byte) []byte {
	head := make([]byte, 24)
	order.PutUint32(head, kind)
	head[9] = byte(len(name))
	order.PutUint16(head[10:], 24)
	head = append(head, wide(name)...)
	for len(head)%8 != 0 {
		head = append(head, 0)
	}
	order.PutUint32(head[16:], uint32(len(content)))
	order.PutUint16(head[20:], uint16(len(head)))
	b := append(head, content...)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	order.PutUint32(b[4:], uint32(len(b)))
	return b
}

func four(at uint64) []byte {
	var b []byte
	for i := range uint64(4) {
		b = order.AppendUint64(b, at+i*10_000_000)
	}
	return b
}

// fileName is the attribute of a name.
func fileName(parent, seq uint64, at uint64, name string, space byte) []byte {
	b := append(order.AppendUint64(nil, parent|seq<<48), four(at)...)
	b = append(b, make([]byte, 24)...)
	return attr(0x30, "", append(append(b, byte(len(name)), space), wide(name)...))
}

// record is one of 1 KiB, its sectors ended as they are on the disk.
func record(seq, flags uint16, attrs ...[]byte) []byte {
	b := make([]byte, 56, 1024)
	copy(b, "FILE")
	order.PutUint16(b[4:], 48)
	order.PutUint16(b[6:], 3)
	order.PutUint16(b[16:], seq)
	order.PutUint16(b[20:], 56)
	order.PutUint16(b[22:], flags)
	order.PutUint32(b[28:], 1024)
	for _, a := range attrs {
		b = append(b, a...)
	}
	b = order.AppendUint32(b, 0xffffffff)
	order.PutUint32(b[24:], uint32(len(b)))
	b = b[:1024]
	b[48], b[49] = 7, 7
	for i := 1; i <= 2; i++ {
		copy(b[48+2*i:], b[i*512-2:i*512])
		b[i*512-2], b[i*512-1] = 7, 7
	}
	return b
}

func TestParse(t *testing.T) {
	long := strings.Repeat("n", 150) // its end crosses a sector's
	b := record(3, 1, attr(0x10, "", append(four(at2026), make([]byte, 40)...)), fileName(5, 5, at2026, "LONG~1", 2), fileName(5, 5, at2026, long, 1),
		attr(0x80, "", []byte("content")), attr(0x80, "Zone.Identifier", []byte("[ZoneTransfer]\r\nZoneId=3\r\n")))
	if !IsMFT(b) || RecordSize(b) != 1024 {
		t.Error("not known")
	}
	r, kind := Parse(bytes.Clone(b), 40)
	if kind != Usable || r.Ref != (Ref{40, 3}) || !r.InUse || r.Dir || r.Torn || r.Cut || r.Size != 7 || len(r.Names) != 2 || r.Name().Text != long || r.Name().Parent != (Ref{5, 5}) ||
		!r.HasTimes || r.Times.Born.IsZero() || len(r.Streams) != 1 || !strings.Contains(r.Streams[0].Zone, "ZoneId=3") {
		t.Fatalf("%+v", r)
	}
	torn := bytes.Clone(b)
	torn[1023] = 9
	if r, _ := Parse(torn, 40); !r.Torn {
		t.Error("a torn record is not seen")
	}
	for want, b := range map[Kind][]byte{Empty: make([]byte, 1024), Broken: append([]byte("BAAD"), make([]byte, 1020)...), Foreign: bytes.Repeat([]byte("x"), 1024)} {
		if _, kind := Parse(b, 1); kind != want {
			t.Errorf("%d, want %d", kind, want)
		}
	}
}

func TestPaths(t *testing.T) {
	f := NewFolders()
	add := func(number, parent, parentSeq uint64, seq, flags uint16, name string) {
		r, _ := Parse(record(seq, flags, fileName(parent, parentSeq, at2026, name, 1)), number)
		f.Add(r)
	}
	add(5, 5, 5, 5, 3, ".")
	add(40, 5, 5, 1, 3, "Users")
	add(41, 40, 1, 1, 3, "eve")
	add(42, 40, 1, 3, 2, "gone") // deleted: its number went up by one
	add(50, 51, 1, 1, 3, "a")
	add(51, 50, 1, 1, 3, "b") // each in the other
	for _, tt := range []struct {
		parent Ref
		want   string
		whole  bool
	}{
		{Ref{5, 5}, `\x`, true},
		{Ref{41, 1}, `\Users\eve\x`, true},
		{Ref{41, 9}, `\…\x`, false},
		{Ref{42, 2}, `\Users\gone\x`, true},
		{Ref{42, 7}, `\…\x`, false},
		{Ref{99, 1}, `\…\x`, false},
	} {
		for range 2 { // the second is out of what is known
			got, whole := f.Path(&Name{Parent: tt.parent, Text: "x"})
			if got != tt.want || whole != tt.whole {
				t.Errorf("%v: %s %v, want %s %v", tt.parent, got, whole, tt.want, tt.whole)
			}
		}
	}
	if p, whole := f.Path(&Name{Parent: Ref{50, 1}, Text: "x"}); whole || len(p) > 2000 {
		t.Errorf("circle: %d bytes", len(p))
	}
}

// usn is a record of the journal.
func usn(version uint16, reason uint32, name string) []byte {
	b := make([]byte, 8)
	order.PutUint16(b[4:], version)
	for _, r := range []uint64{42 | 3<<48, 5 | 5<<48} {
		b = order.AppendUint64(b, r)
		if version == 3 {
			b = order.AppendUint64(b, 0)
		}
	}
	b = order.AppendUint64(order.AppendUint64(b, 4096), at2026)
	for _, v := range []uint32{reason, 0, 0, 0x20} {
		b = order.AppendUint32(b, v)
	}
	w := wide(name)
	b = order.AppendUint16(b, uint16(len(w)))
	b = order.AppendUint16(b, uint16(len(b)+2))
	b = append(b, w...)
	for len(b)%8 != 0 {
		b = append(b, 0)
	}
	order.PutUint32(b, uint32(len(b)))
	return b
}

func TestChanges(t *testing.T) {
	var b []byte
	b = append(b, make([]byte, 3<<20)...)
	for i := range 20000 {
		b = append(b, usn(uint16(2+i%2), 0x80000100, fmt.Sprintf("file%d.txt", i))...)
		if i%100 == 0 {
			b = append(b, make([]byte, 256)...)
		}
	}
	b = append(b, bytes.Repeat([]byte{0xff}, 40)...)
	b = append(b, usn(2, 0x200, "last")...)
	var names []string
	var lost []int64
	err := Changes(bytes.NewReader(b), func(c *Change) error {
		names = append(names, c.Name)
		if c.File != (Ref{42, 3}) || c.Parent != (Ref{5, 5}) || c.Time.IsZero() {
			t.Fatalf("%+v", c)
		}
		if got, _ := change(b[c.Offset:]); got.Name != c.Name {
			t.Fatalf("offset %d", c.Offset)
		}
		return nil
	}, func(at int64, _ string) error { lost = append(lost, at); return nil })
	if err != nil || len(names) != 20001 || names[20000] != "last" || len(lost) != 1 || !IsUSN(usn(3, 1, "x")) || IsUSN(make([]byte, 100)) {
		t.Errorf("%d records, lost %v, %v", len(names), lost, err)
	}
	c := Change{Reason: 0x80000300}
	if c.Reasons() != "file_create,file_delete,close" {
		t.Error(c.Reasons())
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestChangesError(t *testing.T) {
	if err := Changes(failing{}, nil, nil); err == nil {
		t.Error("an error of reading is lost")
	}
}

func FuzzNTFS(f *testing.F) {
	f.Add(slices.Concat(record(1, 1, fileName(5, 5, at2026, "x", 1)), usn(2, 1, "x")))
	f.Fuzz(func(t *testing.T, b []byte) {
		folders := NewFolders()
		if r, kind := Parse(bytes.Clone(b), 7); kind == Usable {
			folders.Add(r)
			for i := range r.Names {
				folders.Path(&r.Names[i])
			}
		}
		n := 0
		err := Changes(bytes.NewReader(b), func(*Change) error { n++; return nil }, func(int64, string) error { n++; return nil })
		if err != nil || n > len(b)/8+1 {
			t.Error(n, err)
		}
	})
}
