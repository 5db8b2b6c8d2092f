package fsevents

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"firebreak/internal/testkit"
)

// page makes one.
func page(version byte, records ...Record) []byte {
	var body []byte
	for _, r := range records {
		body = append(append(body, r.Path...), 0)
		body = binary.LittleEndian.AppendUint64(body, r.ID)
		body = binary.LittleEndian.AppendUint32(body, r.Flags)
		if version > 1 {
			body = binary.LittleEndian.AppendUint64(body, r.Node)
		}
		if version > 2 {
			body = binary.LittleEndian.AppendUint32(body, 0)
		}
	}
	head := append([]byte{'0' + version}, "SLD\x00\x00\x00\x00"...)
	return append(binary.LittleEndian.AppendUint32(head, uint32(headerSize+len(body))), body...)
}

func read(t testing.TB, b []byte) (out []Record, wrong int) {
	t.Helper()
	x := NewReader(bytes.NewReader(b))
	for last := int64(-1); ; {
		r, err := x.Next()
		switch {
		case errors.Is(err, io.EOF):
			return out, wrong
		case errors.Is(err, ErrFormat):
			wrong++
			continue
		case err != nil:
			t.Fatal(err)
		}
		if r.Offset <= last || r.Offset >= int64(len(b)) {
			t.Fatalf("offset %d behind %d of %d", r.Offset, last, len(b))
		}
		last = r.Offset
		r.Path = bytes.Clone(r.Path)
		out = append(out, r)
	}
}

func TestNext(t *testing.T) {
	var b []byte
	for v := byte(1); v <= 3; v++ {
		b = append(b, page(v, Record{Path: []byte("Users/ann/x"), ID: 7, Flags: 1 | 1<<23, Node: 9}, Record{ID: 8, Flags: 1 << 25})...)
	}
	got, wrong := read(t, b)
	if len(got) != 6 || wrong != 0 || string(got[4].Path) != "Users/ann/x" || got[4].Node != 9 || got[0].Node != 0 || got[0].Action() != "create" || got[0].String() != "created, file" || got[1].Action() != "mount" {
		t.Errorf("%d %+v", wrong, got)
	}
	for n := range len(b) {
		if got, _ := read(t, b[:n]); len(got) > 6 {
			t.Fatal("more than there is")
		}
	}
	bad := page(1, Record{Path: []byte("a"), ID: 1})
	bad = append(bad[:len(bad)-13], bytes.Repeat([]byte{1}, 13)...) // no end of the path
	if got, wrong := read(t, append(bad, page(2, Record{Path: []byte("b"), ID: 2})...)); len(got) != 1 || wrong != 1 || string(got[0].Path) != "b" {
		t.Errorf("%d %+v", wrong, got)
	}
}

func TestCorpus(t *testing.T) {
	const name = "plaso/fsevents/fsevents-0000000002d89b58"
	f, err := os.Open(filepath.Join(testkit.Corpus(t, name), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if got, wrong := read(t, b); len(got) != 12 || wrong != 0 {
		t.Errorf("%d records, %d wrong", len(got), wrong)
	}
}

func FuzzNext(f *testing.F) {
	f.Add(page(2, Record{Path: []byte("a"), ID: 1}))
	f.Add(append(page(1), page(3, Record{Path: []byte("b")})...))
	f.Fuzz(func(t *testing.T, b []byte) { read(t, b) })
}
