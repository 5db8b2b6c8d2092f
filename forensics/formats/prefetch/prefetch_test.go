package prefetch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf16"
)

func wide(s string) []byte {
	var b []byte
	for _, c := range append(utf16.Encode([]rune(s)), 0) {
		b = binary.LittleEndian.AppendUint16(b, c)
	}
	return b
}

const at2026 = 134091000000000000

// made is a file of that version, as Windows lays it out.
func made(version int) []byte {
	b := make([]byte, 512)
	le := binary.LittleEndian
	le.PutUint32(b, uint32(version))
	copy(b[4:], "SCCA")
	copy(b[16:], wide("EVIL.EXE"))
	le.PutUint32(b[76:], 0xcafe)
	le.PutUint32(b[84:], 296)
	l := layoutOf(b)
	le.PutUint64(b[l.times:], at2026)
	if l.runs > 1 {
		le.PutUint64(b[l.times+8:], at2026-600_000_000)
	}
	le.PutUint32(b[l.count:], 7)
	names := append(wide(`\VOLUME{1}\NTDLL.DLL`), wide(`\VOLUME{1}\TEMP\EVIL.EXE`)...)
	le.PutUint32(b[100:], uint32(len(b)))
	le.PutUint32(b[104:], uint32(len(names)))
	b = append(b, names...)
	le.PutUint32(b[108:], uint32(len(b)))
	le.PutUint32(b[112:], 1)
	v := make([]byte, l.volume)
	le.PutUint32(v, uint32(l.volume))
	le.PutUint32(v[4:], 10)
	le.PutUint64(v[8:], at2026-864_000_000_000)
	le.PutUint32(v[16:], 0x1234abcd)
	b = append(append(b, v...), wide(`\VOLUME{1}`)...)
	return b
}

func TestRead(t *testing.T) {
	for _, version := range []int{17, 23, 26, 30, 31} {
		b := made(version)
		if !Is(b) {
			t.Errorf("%d is not known", version)
		}
		f, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil || f.Version != version || f.Name != "EVIL.EXE" || f.Exe() != `\VOLUME{1}\TEMP\EVIL.EXE` || f.Count != 7 || f.Hash != "0000CAFE" || len(f.Problems) != 0 {
			t.Fatalf("%d: %+v, %v", version, f, err)
		}
		if want := map[bool]int{true: 2, false: 1}[version >= 26]; len(f.Runs) != want || !f.Runs[0].Time.After(f.Runs[len(f.Runs)-1].Time) && want > 1 {
			t.Errorf("%d: runs %v", version, f.Runs)
		}
		if v := f.Volumes; len(v) != 1 || v[0].Device != `\VOLUME{1}` || v[0].Serial != "1234ABCD" || v[0].Created.IsZero() {
			t.Errorf("%d: volumes %+v", version, v)
		}
	}
}

func TestReadOlderTen(t *testing.T) {
	b := made(30)
	le := binary.LittleEndian
	le.PutUint32(b[84:], 304) // the first of Windows 10 had the count further behind
	le.PutUint32(b[208:], 9)
	if f, err := Read(bytes.NewReader(b), int64(len(b))); err != nil || f.Count != 9 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestReadCut(t *testing.T) {
	b := made(30)
	for n := range b {
		f, err := Read(bytes.NewReader(b[:n]), int64(n))
		if err != nil && !errors.Is(err, ErrFormat) || err == nil && len(f.Problems) == 0 && n < len(b)-22 {
			t.Fatalf("cut at %d: %+v, %v", n, f, err)
		}
	}
	if _, err := Read(bytes.NewReader(nil), maxSize+1); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	for _, v := range []int{17, 23, 30} {
		f.Add(made(v))
	}
	f.Add([]byte("MAM\x04\x00\x10\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Read(bytes.NewReader(b), int64(len(b)))
		if err == nil {
			_ = p.Exe()
		}
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Error(err)
		}
	})
}
