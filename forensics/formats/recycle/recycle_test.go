package recycle

import (
	"encoding/binary"
	"testing"
	"unicode/utf16"
)

var order = binary.LittleEndian

func wide(s string) []byte {
	var b []byte
	for _, c := range append(utf16.Encode([]rune(s)), 0) {
		b = order.AppendUint16(b, c)
	}
	return b
}

const at2026 = 134091000000000000

func made(version uint64, path string) []byte {
	b := order.AppendUint64(order.AppendUint64(order.AppendUint64(nil, version), 42), at2026)
	if version == 2 {
		b = order.AppendUint32(b, uint32(len(path)+1))
		return append(b, wide(path)...)
	}
	return append(append(b, wide(path)...), make([]byte, 520-2*len(path)-2)...)
}

func TestRead(t *testing.T) {
	for _, version := range []uint64{1, 2} {
		b := made(version, `C:\x\plan.xls`)
		e, problem := Read(b)
		if !Is(b) || problem != "" || e.Path != `C:\x\plan.xls` || e.Size != 42 || e.Deleted.IsZero() {
			t.Errorf("%d: %+v %q", version, e, problem)
		}
		if e, problem := Read(b[:40]); problem == "" || Is(b[:40]) || e.Deleted.IsZero() {
			t.Errorf("%d cut: %+v", version, e)
		}
	}
	if Is(make([]byte, 544)) {
		t.Error("zeros are no $I file")
	}
}

func info2() []byte {
	b := make([]byte, 20+2*800+100)
	for i, v := range []uint32{5, 2, 2, 800} {
		order.PutUint32(b[4*i:], v)
	}
	for i := range 2 {
		r := b[20+i*800:]
		copy(r, `C:\x\plan.xls`)
		order.PutUint32(r[260:], uint32(i+1))
		order.PutUint32(r[264:], 2)
		order.PutUint64(r[268:], at2026)
		copy(r[280:], wide(`C:\x\plän.xls`))
	}
	b[20+800] = 0
	return b
}

func TestInfo2(t *testing.T) {
	var got []Entry
	cut, err := Info2(info2(), func(e Entry) error { got = append(got, e); return nil })
	if err != nil || cut != 1 || len(got) != 2 || got[0].Path != `C:\x\plän.xls` || got[0].Drive != 'C' || got[0].Restored || !got[1].Restored || got[1].Index != 2 {
		t.Errorf("%+v, %d, %v", got, cut, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(made(1, "x"))
	f.Add(made(2, "x"))
	f.Add(info2())
	f.Fuzz(func(t *testing.T, b []byte) {
		Read(b)
		n := 0
		if _, err := Info2(b, func(Entry) error { n++; return nil }); err != nil || n > len(b)/280 {
			t.Error(n, err)
		}
	})
}
