package cfb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// circle is a file whose directory is a stream that goes in a circle.
func circle() []byte {
	b := make([]byte, 512*4)
	le := binary.LittleEndian
	copy(b, Magic)
	le.PutUint16(b[30:], 9)
	le.PutUint16(b[32:], 6)
	le.PutUint32(b[56:], 64)
	le.PutUint32(b[48:], 1)
	le.PutUint32(b[60:], 0xfffffffe)
	le.PutUint32(b[68:], 0xfffffffe)
	for i := range 109 {
		le.PutUint32(b[76+4*i:], 0xffffffff)
	}
	le.PutUint32(b[76:], 0)
	fat := b[512:]
	le.PutUint32(fat, 0xfffffffd)
	le.PutUint32(fat[4:], 2)
	le.PutUint32(fat[8:], 1)
	e := b[512*2:]
	copy(e, "a\x00\x00\x00")
	e[64], e[66] = 4, 2
	le.PutUint32(e[116:], 1)
	le.PutUint32(e[120:], 600)
	return b
}

func TestOpen(t *testing.T) {
	b := circle()
	f, err := Open(b)
	if err != nil {
		t.Fatal(err)
	}
	s := f.Stream("a")
	if s == nil || f.Offset(s) != 1024 {
		t.Fatalf("%+v", f.Streams)
	}
	if got := f.Read(s, 1<<20); !bytes.Equal(got, b[1024:1624]) {
		t.Errorf("%d bytes", len(got))
	}
	if got := f.Read(s, 10); len(got) != 10 {
		t.Errorf("%d bytes", len(got))
	}
	if f.Stream("b") != nil {
		t.Error("a stream that is not there")
	}
	if _, err := Open(b[:100]); !errors.Is(err, ErrFormat) {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(circle())
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Open(b)
		if err != nil {
			return
		}
		for i := range min(len(c.Streams), 64) {
			if n := len(c.Read(&c.Streams[i], 1<<16)); n > 1<<16 {
				t.Error(n)
			}
		}
	})
}
