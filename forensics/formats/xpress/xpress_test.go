package xpress

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// packer writes codes of nine bits each, so that a symbol is its own code, in the
// order of words in which a decoder reads them.
type packer struct {
	out   []byte
	slots []int // where the next words of bits belong
	bits  uint64
	n     int
}

func newPacker() *packer {
	p := &packer{out: bytes.Repeat([]byte{0x99}, tableSize)}
	p.slot()
	p.slot()
	return p
}

func (p *packer) slot() {
	p.slots = append(p.slots, len(p.out))
	p.out = append(p.out, 0, 0)
}

func (p *packer) put(v uint64, n int) {
	p.bits, p.n = p.bits<<n|v, p.n+n
	if p.n > 16 { // the reader takes its next word only when it goes below zero
		p.n -= 16
		binary.LittleEndian.PutUint16(p.out[p.slots[0]:], uint16(p.bits>>p.n))
		p.slots = p.slots[1:]
		p.slot()
	}
}

func (p *packer) end() []byte {
	binary.LittleEndian.PutUint16(p.out[p.slots[0]:], uint16(p.bits<<(16-p.n)))
	return p.out
}

func TestHuffman(t *testing.T) {
	p := newPacker()
	for _, c := range []byte("abcd") {
		p.put(uint64(c), 9)
	}
	p.put(256+2<<4+5, 9) // 8 bytes from 4 before
	p.put(0, 2)
	p.put(256+15, 9) // 1 before, of 18+10
	p.out = append(p.out, 10)
	p.put('z', 9)
	got, err := Huffman(p.end(), 4+8+28+1)
	want := "abcd" + "abcdabcd" + string(bytes.Repeat([]byte("d"), 28)) + "z"
	if err != nil || string(got) != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	got, err = Huffman(p.end(), 6)
	if err != nil || string(got) != want[:6] {
		t.Errorf("%q, %v", got, err)
	}
	got, err = Huffman(p.end(), 1<<20)
	if !errors.Is(err, ErrDamaged) || !bytes.HasPrefix(got, []byte(want)) {
		t.Errorf("beyond the end: %d bytes, %v", len(got), err)
	}
}

func TestHuffmanDamage(t *testing.T) {
	early := newPacker()
	early.put(256+8<<4, 9)
	for name, in := range map[string][]byte{
		"empty": nil, "a table of zeros": make([]byte, 300), "too many codes": append(bytes.Repeat([]byte{0x11}, 256), 0, 0, 0, 0), "no beginning": early.end(),
	} {
		if out, err := Huffman(in, 100); !errors.Is(err, ErrDamaged) || len(out) != 0 {
			t.Errorf("%s: %d bytes, %v", name, len(out), err)
		}
	}
}

func FuzzHuffman(f *testing.F) {
	p := newPacker()
	p.put('a', 9)
	p.put(256+15, 9)
	f.Add(p.end(), 100)
	f.Fuzz(func(t *testing.T, in []byte, size int) {
		size = min(max(size, 0), 1<<20)
		out, err := Huffman(in, size)
		if len(out) > size || err == nil && len(out) != size {
			t.Errorf("%d of %d bytes, %v", len(out), size, err)
		}
	})
}
