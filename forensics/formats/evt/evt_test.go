package evt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
)

func wideOf(s string) []byte {
	var b []byte
	for _, c := range append(utf16.Encode([]rune(s)), 0) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

// record is one as Windows lays it out.
func record(number uint32, texts ...string) []byte {
	b := make([]byte, 56)
	le := binary.LittleEndian
	b = append(append(b, wideOf("Service")...), wideOf("HOST")...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	le.PutUint32(b[40:], 12)
	le.PutUint32(b[44:], uint32(len(b)))
	b = append(b, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0)
	le.PutUint32(b[36:], uint32(len(b)))
	for _, s := range texts {
		b = append(b, wideOf(s)...)
	}
	le.PutUint32(b[48:], 3)
	le.PutUint32(b[52:], uint32(len(b)))
	b = append(b, 1, 2, 3)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	copy(b[4:], magic)
	le.PutUint32(b[8:], number)
	le.PutUint32(b[12:], 1700000000+number)
	le.PutUint32(b[16:], 1700000001+number)
	le.PutUint32(b[20:], 0x40000000|7036)
	le.PutUint16(b[24:], 4)
	le.PutUint16(b[26:], uint16(len(texts)))
	b = le.AppendUint32(b, uint32(len(b)+4))
	le.PutUint32(b, uint32(len(b)))
	return b
}

// log is a file of these records; the ring counts from start to end.
func log(flags, start, end, next, oldest uint32, body ...[]byte) []byte {
	b := make([]byte, headerSize)
	le := binary.LittleEndian
	le.PutUint32(b, headerSize)
	copy(b[4:], magic)
	for i, v := range []uint32{1, 1, start, end, next, oldest, 0, flags, 0, headerSize} {
		le.PutUint32(b[8+4*i:], v)
	}
	return append(b, bytes.Join(body, nil)...)
}

func endOf(start, end, next, oldest uint32) []byte {
	b := bytes.Clone(endMagic)
	for _, v := range []uint32{start, end, next, oldest, endSize} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func readAll(t testing.TB, b []byte) (f *File, all []Record) {
	t.Helper()
	f, err := Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Each(func(r *Record) error { all = append(all, *r); return nil }); err != nil {
		t.Fatal(err)
	}
	return f, all
}

func TestRecords(t *testing.T) {
	one, two := record(1, "Spooler", "running"), record(2)
	n := uint32(headerSize + len(one) + len(two))
	f, all := readAll(t, log(0, headerSize, n, 3, 1, one, two, endOf(headerSize, n, 3, 1)))
	if len(all) != 2 || f.Promised() != 2 || !f.HasEnd || f.Dirty {
		t.Fatalf("%+v, %+v", f, all)
	}
	r := all[0]
	if r.Source != "Service" || r.Computer != "HOST" || r.SID != "S-1-5-18" || strings.Join(r.Texts, "|") != "Spooler|running" ||
		!bytes.Equal(r.Data, []byte{1, 2, 3}) || r.Generated != 1700000001 || r.EventID&0xffff != 7036 || !r.Counted || r.Damaged {
		t.Errorf("%+v", r)
	}
}

// The ring goes on behind the header; its header is old; an older record stands
// where the ring does not reach, and half of one behind the end.
func TestRing(t *testing.T) {
	split, old := record(5, "one that goes around"), record(3, "old")
	head, tail := split[:40], split[40:]
	half := record(4, "half of it is gone")
	copy(half[len(half)-8:], "XXXXXXXX")
	end := uint32(headerSize + len(tail))
	gap := bytes.Repeat([]byte{0x27}, 8)
	start := end + endSize + uint32(len(half)+len(old)+len(gap))
	f, all := readAll(t, log(3, headerSize, headerSize, 1, 1, tail, endOf(start, end, 6, 5), half, old, gap, head))
	if !f.Dirty || !f.Wrapped || f.Promised() != 1 || len(all) != 3 {
		t.Fatalf("%+v %+v", f, all)
	}
	for i, want := range []struct {
		number           uint32
		counted, damaged bool
	}{{4, false, true}, {3, false, false}, {5, true, false}} {
		if r := all[i]; r.Number != want.number || r.Counted != want.counted || r.Damaged != want.damaged {
			t.Errorf("%d: %+v, want %+v", i, r, want)
		}
	}
	if all[2].Texts[0] != "one that goes around" {
		t.Errorf("%+v", all[2])
	}
}

func TestNone(t *testing.T) {
	for _, s := range []string{"", "MZ", strings.Repeat("x", 100)} {
		if _, err := Open(strings.NewReader(s), int64(len(s))); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestMutated(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	one := record(1, "Spooler", "running")
	sound := log(1, headerSize, 500, 3, 1, one, one, endOf(headerSize, 500, 3, 1))
	for range 3000 {
		b := bytes.Clone(sound)
		for range 1 + r.IntN(20) {
			b[headerSize+r.IntN(len(b)-headerSize)] = byte(r.Uint32())
		}
		readAll(t, b)
	}
}

func FuzzLog(f *testing.F) {
	f.Add(record(1, "a"))
	f.Fuzz(func(t *testing.T, b []byte) { readAll(t, log(0, headerSize, 500, 3, 1, b)) })
}
