package mlocate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// made is a database of two folders.
func made() []byte {
	config := "prunepaths\x00/tmp\x00\x00"
	b := binary.BigEndian.AppendUint32([]byte(Magic), uint32(len(config)))
	b = append(b, "\x00\x01\x00\x00/\x00"+config...)
	folder := func(seconds uint64, path string, entries string) {
		b = binary.BigEndian.AppendUint64(b, seconds)
		b = append(b, 0, 0, 0, 5, 0, 0, 0, 0)
		b = append(b, path+"\x00"+entries+"\x02"...)
	}
	folder(1763640000, "/etc", "\x00passwd\x00\x01cron.d\x00")
	folder(1763640001, "/etc/cron.d", "")
	return b
}

func read(t testing.TB, b []byte) (out []Folder, err error) {
	t.Helper()
	x, err := NewReader(bytes.NewReader(b))
	for err == nil {
		var f Folder
		if f, err = x.Next(); err == nil {
			out = append(out, f)
		}
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, ErrFormat) {
		t.Fatal(err)
	}
	return out, err
}

func TestNext(t *testing.T) {
	b := made()
	got, err := read(t, b)
	if !errors.Is(err, io.EOF) || len(got) != 2 || got[0].Path != "/etc" || got[0].Files != 1 || got[0].Folders != 1 || got[0].Names[0] != "passwd" || got[1].Seconds != 1763640001 || got[1].Nanoseconds != 5 {
		t.Errorf("%v %+v", err, got)
	}
	for n := range len(b) {
		if got, err := read(t, b[:n]); errors.Is(err, io.EOF) && len(got) == 2 {
			t.Fatalf("%d bytes are enough", n)
		}
	}
	if _, err := read(t, append(b, "12345678901234567/\x00\x09"...)); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

func FuzzNext(f *testing.F) {
	f.Add(made())
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = read(t, b) })
}
