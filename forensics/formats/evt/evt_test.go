package evt

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"firebreak/internal/testkit/winlog"
)

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
	one, two := winlog.EvtRecord(1, "Spooler", "running"), winlog.EvtRecord(2)
	n := uint32(headerSize + len(one) + len(two))
	f, all := readAll(t, winlog.EvtLog(0, headerSize, n, 3, 1, one, two, winlog.EvtEnd(headerSize, n, 3, 1)))
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
	split, old := winlog.EvtRecord(5, "one that goes around"), winlog.EvtRecord(3, "old")
	head, tail := split[:40], split[40:]
	half := winlog.EvtRecord(4, "half of it is gone")
	copy(half[len(half)-8:], "XXXXXXXX")
	end := uint32(headerSize + len(tail))
	gap := bytes.Repeat([]byte{0x27}, 8)
	start := end + endSize + uint32(len(half)+len(old)+len(gap))
	f, all := readAll(t, winlog.EvtLog(3, headerSize, headerSize, 1, 1, tail, winlog.EvtEnd(start, end, 6, 5), half, old, gap, head))
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
	one := winlog.EvtRecord(1, "Spooler", "running")
	sound := winlog.EvtLog(1, headerSize, 500, 3, 1, one, one, winlog.EvtEnd(headerSize, 500, 3, 1))
	for range 3000 {
		b := bytes.Clone(sound)
		for range 1 + r.IntN(20) {
			b[headerSize+r.IntN(len(b)-headerSize)] = byte(r.Uint32())
		}
		readAll(t, b)
	}
}

func FuzzLog(f *testing.F) {
	f.Add(winlog.EvtRecord(1, "a"))
	f.Fuzz(func(t *testing.T, b []byte) { readAll(t, winlog.EvtLog(0, headerSize, 500, 3, 1, b)) })
}

// Logs that were cut, or had bytes zeroed: each record whose bytes are whole is
// found once, and those that the log counts are found or missed.
func TestDamaged(t *testing.T) {
	var records [][]byte
	n := uint32(headerSize)
	for i := range uint32(300) {
		records = append(records, winlog.EvtRecord(i+1, strings.Repeat("x", int(i%40)), "running"))
		n += uint32(len(records[i]))
	}
	sound := winlog.EvtLog(0, headerSize, n, 301, 1, append(records, winlog.EvtEnd(headerSize, n, 301, 1))...)
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		b := bytes.Clone(sound)
		at := headerSize + r.IntN(len(b)-headerSize)
		if r.IntN(2) == 0 {
			b = b[:at]
		} else {
			clear(b[at:min(len(b), at+r.IntN(5000))])
		}
		_, all := readAll(t, b)
		found := map[int64]int{}
		for i := range all {
			found[all[i].Offset]++
		}
		for i, raw := range records[:300] {
			if k := bytes.Index(b, raw); k >= 0 && found[int64(k)] != 1 {
				t.Errorf("record %d at %d is found %d times", i+1, k, found[int64(k)])
			}
		}
	}
}
