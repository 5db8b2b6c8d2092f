package jumplist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf16"

	"firebreak/forensics/formats/cfb"
	"firebreak/forensics/formats/lnk"
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

// link is one with a name and no more.
func link(name string) []byte {
	b := make([]byte, 76)
	copy(b, lnk.Signature)
	order.PutUint32(b[20:], 8|0x80)
	order.PutUint64(b[28:], at2026)
	b = order.AppendUint16(b, uint16(len(name)))
	return append(append(b, wide(name)...), 0, 0, 0, 0)
}

// compound is a file of streams, all in the stream of small ones.
func compound(names []string, streams ...[]byte) []byte {
	const sector = 512
	var mini []byte
	var miniFAT []uint32
	dir := make([]byte, 0, 128*8)
	entry := func(name string, kind byte, start, size uint32) {
		e := make([]byte, 128)
		copy(e, wide(name))
		order.PutUint16(e[64:], uint16(2*len(name)+2))
		e[66] = kind
		order.PutUint32(e[116:], start)
		order.PutUint32(e[120:], size)
		dir = append(dir, e...)
	}
	entry("Root Entry", 5, 0, 0)
	for i, s := range streams {
		entry(names[i], 2, uint32(len(miniFAT)), uint32(len(s)))
		n := (len(s) + 63) / 64
		for k := range n {
			next := uint32(len(miniFAT) + 1)
			if k == n-1 {
				next = 0xfffffffe
			}
			miniFAT = append(miniFAT, next)
		}
		mini = append(append(mini, s...), make([]byte, n*64-len(s))...)
	}
	var body []byte
	var fat []uint32
	put := func(b []byte) uint32 {
		start := uint32(len(fat))
		for len(b)%sector != 0 || len(b) == 0 {
			b = append(b, 0)
		}
		for k := range len(b) / sector {
			next := uint32(len(fat) + 1)
			if k == len(b)/sector-1 {
				next = 0xfffffffe
			}
			fat = append(fat, next)
		}
		body = append(body, b...)
		return start
	}
	order.PutUint32(dir[116:], put(mini))
	order.PutUint32(dir[120:], uint32(len(mini)))
	h := make([]byte, sector)
	copy(h, cfb.Magic)
	order.PutUint16(h[30:], 9)
	order.PutUint16(h[32:], 6)
	order.PutUint32(h[56:], 4096)
	order.PutUint32(h[48:], put(dir))
	var table []byte
	for _, n := range miniFAT {
		table = order.AppendUint32(table, n)
	}
	order.PutUint32(h[60:], put(table))
	for i := range 109 {
		order.PutUint32(h[76+4*i:], 0xffffffff)
	}
	order.PutUint32(h[68:], 0xfffffffe)
	order.PutUint32(h[76:], uint32(len(fat)))
	fat = append(fat, 0xfffffffd)
	table = nil
	for _, n := range fat {
		table = order.AppendUint32(table, n)
	}
	put(table)
	return append(h, body...)
}

// destList is a list of that version with one entry.
func destList(version uint32, path string) []byte {
	b := make([]byte, 32)
	order.PutUint32(b, version)
	order.PutUint32(b[4:], 1)
	size := 114
	if version >= 3 {
		size = 130
	}
	e := make([]byte, size)
	copy(e[72:], "pc-1")
	order.PutUint32(e[88:], 0x1f)
	order.PutUint64(e[100:], at2026)
	order.PutUint32(e[108:], 0xffffffff)
	if version >= 3 {
		order.PutUint32(e[116:], 5)
	}
	order.PutUint16(e[size-2:], uint16(len(path)))
	b = append(append(b, e...), wide(path)...)
	if version >= 3 {
		b = append(b, 0, 0, 0, 0)
	}
	return b
}

func TestAutomatic(t *testing.T) {
	for _, version := range []uint32{1, 3, 4} {
		b := compound([]string{"DestList", "1f", "20"}, destList(version, `D:\plan.docx`), link("plan"), link("gone"))
		if !IsAutomatic(b) {
			t.Error("not known")
		}
		l, err := Automatic(b)
		if err != nil || l.Missing != 0 || len(l.Problems) != 0 || len(l.Entries) != 2 {
			t.Fatalf("%+v, %v", l, err)
		}
		e := l.Entries[0]
		if e.Path != `D:\plan.docx` || e.Machine != "pc-1" || e.Used.IsZero() || e.Pinned || e.Link == nil || e.Link.Relative != "plan" || e.Found != "" || version >= 3 && e.Count != 5 {
			t.Errorf("%d: %+v", version, e)
		}
		if e := l.Entries[1]; e.Found == "" || e.Link.Relative != "gone" {
			t.Errorf("%+v", e)
		}
	}
	l, err := Automatic(compound([]string{"DestList"}, destList(1, "x")[:100]))
	if err != nil || l.Missing != 1 {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := Automatic([]byte("no")); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

// custom is a list of two categories.
func custom() []byte {
	b := order.AppendUint32(nil, 2)
	b = append(order.AppendUint32(b, 2), 0, 0, 0, 0)
	b = order.AppendUint32(b, 0)
	b = append(order.AppendUint16(b, 4), wide("Mine")...)
	b = order.AppendUint32(b, 1)
	b = append(append(b, lnk.Class...), link("one")...)
	b = order.AppendUint32(b, footer)
	b = order.AppendUint32(b, 2)
	b = order.AppendUint32(b, 1)
	b = append(append(b, lnk.Class...), link("two")...)
	return order.AppendUint32(b, footer)
}

func TestCustom(t *testing.T) {
	b := custom()
	l, err := Custom(b)
	if err != nil || !IsCustom(b) || l.Missing != 0 || len(l.Problems) != 0 || len(l.Entries) != 2 || l.Entries[0].Category != "Mine" || l.Entries[1].Category != "tasks" || l.Entries[1].Path != "two" {
		t.Fatalf("%+v, %v", l, err)
	}
	broken := bytes.Clone(b)
	broken[bytes.Index(b, []byte(lnk.Class))] ^= 0xff
	if l, err := Custom(broken); err != nil || len(l.Entries) != 2 || l.Entries[0].Found == "" || l.Missing != 0 {
		t.Errorf("%+v, %v", l, err)
	}
	for n := 12; n < len(b); n++ {
		if _, err := Custom(b[:n]); err != nil {
			t.Fatal(n, err)
		}
	}
}

func FuzzLists(f *testing.F) {
	f.Add(custom())
	f.Add(compound([]string{"DestList", "1f"}, destList(3, "x"), link("x")))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func([]byte) (*List, error){Custom, Automatic} {
			l, err := read(b)
			if err != nil && !errors.Is(err, ErrFormat) || err == nil && l.Missing < 0 {
				t.Error(err)
			}
		}
	})
}
