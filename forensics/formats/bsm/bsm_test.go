package bsm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"firebreak/internal/testkit"
)

// record makes one with a header of 32 bits.
func record(event uint16, seconds uint32, tokens ...[]byte) []byte {
	body := bytes.Join(tokens, nil)
	size := uint32(18 + len(body) + trailer)
	b := binary.BigEndian.AppendUint32([]byte{tokHead32}, size)
	b = binary.BigEndian.AppendUint16(append(b, 11), event)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint32(b, seconds)
	b = binary.BigEndian.AppendUint32(b, 250)
	b = append(append(b, body...), tokTrailer, 0xb1, 0x05)
	return binary.BigEndian.AppendUint32(b, size)
}

func texted(kind byte, s string) []byte {
	b := binary.BigEndian.AppendUint16([]byte{kind}, uint16(len(s)+1))
	return append(b, s+"\x00"...)
}

func numbers(kind byte, n ...uint32) []byte {
	b := []byte{kind}
	for _, v := range n {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func list(kind byte, s ...string) []byte {
	b := numbers(kind, uint32(len(s)))
	for _, x := range s {
		b = append(b, x+"\x00"...)
	}
	return b
}

func made() []byte {
	file := append([]byte{tokFile}, 0, 0, 0, 9, 0, 0, 0, 1)
	file = append(binary.BigEndian.AppendUint16(file, 4), "abc\x00"...)
	return bytes.Join([][]byte{
		file,
		record(23, 1763640000, numbers(0x24, 501, 0, 20, 501, 20, 77, 100004, 5, 0xcb007109), list(0x3c, "/bin/sh", "-c", "id"), list(0x3d, "SECRET=1"), texted(0x23, "/bin/sh"), append([]byte{0x27}, 0, 0, 0, 0, 0)),
		record(32, 1763640001, append([]byte{0x80, 0, 2, 0x11, 0x5c}, 203, 0, 113, 9), append([]byte{0x27, 61}, 0xff, 0xff, 0xff, 0xff)),
		record(45023, 1763640002, texted(0x28, "Verify password"), []byte{0x99, 1, 2, 3}),
		record(9999, 1763640003),
	}, nil)
}

func read(t testing.TB, b []byte) (out []Record, wrong int) {
	t.Helper()
	x := NewReader(bytes.NewReader(b))
	for last := int64(-1); ; {
		r, err := x.Next()
		switch {
		case errors.Is(err, io.EOF):
			return out, wrong
		case err != nil && !errors.Is(err, ErrFormat):
			t.Fatal(err)
		}
		if r.Offset <= last || r.Offset >= int64(len(b)) {
			t.Fatalf("offset %d behind %d of %d", r.Offset, last, len(b))
		}
		if last = r.Offset; err != nil {
			wrong++
			continue
		}
		keep := *r
		keep.Paths, keep.Texts, keep.Arguments = append([]string(nil), r.Paths...), append([]string(nil), r.Texts...), append([]string(nil), r.Arguments...)
		keep.Sockets = append([]Socket(nil), r.Sockets...)
		out = append(out, keep)
	}
}

func TestNext(t *testing.T) {
	b := made()
	got, wrong := read(t, b)
	if len(got) != 5 || wrong != 0 || !Is(b) || !Is(b[15:]) || Is(b[1:]) {
		t.Fatalf("%d %+v", wrong, got)
	}
	exec := got[1]
	if got[0].File != "abc" || exec.Who.Audit != 501 || exec.Who.PID != 77 || exec.Who.Address.String() != "203.0.113.9" || len(exec.Arguments) != 3 || exec.Environment != 1 || exec.Paths[0] != "/bin/sh" || !exec.Returned || exec.Millis != 250 {
		t.Errorf("%+v", exec)
	}
	if got[2].Sockets[0].Remote.String() != "203.0.113.9:4444" || got[2].Errno != 61 || got[3].Lost != 4 || got[3].Texts[0] != "Verify password" {
		t.Errorf("%+v", got[2:])
	}
	for event, action := range map[uint16]string{23: "exec", 77: "open", 32800: "login", 9999: ""} {
		if KindOf(event).Action != action {
			t.Errorf("%d: %+v", event, KindOf(event))
		}
	}
}

func TestDamage(t *testing.T) {
	b := made()
	for n := range len(b) {
		read(t, b[:n])
	}
	got, wrong := read(t, b[:len(b)-5]) // the last record is cut
	if len(got) != 5 || wrong != 0 || !got[4].Cut {
		t.Errorf("%d %+v", wrong, got)
	}
	noise := bytes.Clone(b)
	noise[15+1] = 0x7f // the size of the first record
	if got, wrong := read(t, noise); len(got) != 4 || wrong != 1 {
		t.Errorf("%d %d", len(got), wrong)
	}
	if got, wrong := read(t, append(bytes.Repeat([]byte{0x14}, 3<<20), b[15:]...)); len(got) != 4 || wrong != 1 {
		t.Errorf("%d %d", len(got), wrong)
	}
}

func TestCorpus(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(testkit.Corpus(t, "plaso/apple.bsm"), "plaso", "apple.bsm"))
	if err != nil {
		t.Fatal(err)
	}
	got, wrong := read(t, b)
	if len(got) != 54 || wrong != 0 {
		t.Errorf("%d records, %d wrong", len(got), wrong)
	}
	for _, r := range got {
		if r.Lost != 0 || KindOf(r.Event).Name == "" {
			t.Errorf("%+v", r)
		}
	}
}

func FuzzNext(f *testing.F) {
	f.Add(made())
	f.Add(record(1, 2, numbers(0x7c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 4, 1), list(0x3c, "a"), texted(0x60, "z")))
	f.Fuzz(func(t *testing.T, b []byte) { read(t, b) })
}
