package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// Reader cuts a log into its chunks, as they come. Where bytes were taken out of
// the file, or put into it, it finds the next chunk by its magic and checksum.
type Reader struct {
	Header
	r     io.Reader
	b     []byte // what was read and not given away yet
	at    int64  // where that begins
	start int64  // where the first chunk belongs
	ended error
	heads map[[chunkKey]byte]struct{} // of the chunks so far
}

const (
	chunkKey = 32      // bytes of a chunk's header that tell it from others
	maxHeads = 1 << 17 // chunks that are remembered; a header counts 65,535 at most
)

// NewReader reads the file's header. ErrFormat and errors of the reader come back.
func NewReader(r io.Reader) (*Reader, error) {
	f := &Reader{r: r, b: make([]byte, 0, 2*ChunkSize+chunkHead), heads: map[[chunkKey]byte]struct{}{}}
	f.need(headerSize + len(chunkMagic))
	if !Is(f.b) {
		if f.ended != nil && !errors.Is(f.ended, io.EOF) {
			return nil, fmt.Errorf("read header: %w", f.ended)
		}
		return nil, ErrFormat
	}
	b := f.b
	if f.Missing = bytes.HasPrefix(b, chunkMagic) || len(b) < 128; bytes.HasPrefix(b, chunkMagic) {
		return f, nil
	}
	f.start = headerSize
	if !f.Missing {
		le := binary.LittleEndian
		flags := le.Uint32(b[120:])
		f.Header = Header{
			Chunks: int(le.Uint16(b[42:])), Next: le.Uint64(b[24:]), Minor: le.Uint16(b[36:]), Major: le.Uint16(b[38:]),
			Dirty: flags&1 != 0, Full: flags&2 != 0, Checksum: crc32.ChecksumIEEE(b[:120]) == le.Uint32(b[124:]),
		}
		f.begin(int(le.Uint16(b[40:])))
	}
	f.skip(int(min(f.start, int64(len(f.b)))))
	return f, nil
}

// begin finds the first chunk: behind the header's room, unless another place
// has it.
func (f *Reader) begin(room int) {
	if f.need(headerSize + len(chunkMagic)); room < 128 || bytes.HasPrefix(f.b[min(headerSize, len(f.b)):], chunkMagic) {
		return
	}
	if f.need(room + len(chunkMagic)); room < len(f.b) && bytes.HasPrefix(f.b[room:], chunkMagic) {
		f.start = int64(room)
	} else if i := bytes.Index(f.b[:min(headerSize, len(f.b))], chunkMagic); i > 0 { // some of the header is gone
		f.start = int64(i)
	}
}

// need reads until there are n bytes, or no more.
func (f *Reader) need(n int) {
	for len(f.b) < n && f.ended == nil {
		var got int
		got, f.ended = f.r.Read(f.b[len(f.b):min(cap(f.b), max(n, ChunkSize))])
		f.b = f.b[:len(f.b)+got]
	}
}

func (f *Reader) skip(n int) {
	f.b = f.b[:copy(f.b, f.b[n:])]
	f.at += int64(n)
}

// Next is the next chunk; its bytes go into room when that is large enough. At
// the end it is io.EOF, or the reader's error, when all that came before was
// given away.
func (f *Reader) Next(room []byte) (Chunk, error) {
	f.need(ChunkSize)
	if len(f.b) == 0 {
		return Chunk{}, f.ended
	}
	if cap(room) < ChunkSize {
		room = make([]byte, ChunkSize)
	}
	c := Chunk{Offset: f.at, Room: room[:ChunkSize], Size: min(len(f.b), ChunkSize)}
	c.Slot = int((f.at - f.start + ChunkSize/2) / ChunkSize)
	copy(c.Room, f.b[:c.Size])
	clear(c.Room[c.Size:])
	c.head()
	if n := f.whole(&c); n < c.Size {
		c.Size = n
		clear(c.Room[n:])
		c.Promised = 0
		c.head()
	}
	f.skip(c.Size)
	moved := (c.Offset-f.start)%ChunkSize != 0 // bytes were taken out or put in
	c.Beyond = f.Counts() && c.Slot >= f.Chunks && !moved
	if key := [chunkKey]byte(c.Room[24:]); c.Valid && c.Promised > 0 {
		if _, c.Again = f.heads[key]; len(f.heads) < maxHeads {
			f.heads[key] = struct{}{}
		}
	}
	return c, nil
}

// whole is how many bytes belong to the chunk: it ends where the next one
// begins, and no record is cut in two where chunks have moved.
func (f *Reader) whole(c *Chunk) int {
	rest := 1 // what may belong to another chunk
	if c.Valid {
		rest = chunkHead
	}
	if c.DataSum {
		rest = c.free
	}
	f.need(ChunkSize + chunkHead)
	for from := rest; from < c.Size; {
		i := bytes.Index(f.b[from:min(len(f.b), c.Size+len(chunkMagic)-1)], chunkMagic)
		if i < 0 {
			break
		}
		if from += i; from+chunkHead <= len(f.b) && headerSum(f.b[from:from+chunkHead]) {
			return from
		}
		from++
	}
	if len(f.b) <= ChunkSize || bytes.HasPrefix(f.b[ChunkSize:], chunkMagic) {
		return c.Size
	}
	f.need(2 * ChunkSize)
	for at := rest; at < ChunkSize; at++ {
		i := bytes.Index(f.b[at:ChunkSize+len(recordMagic)-1], recordMagic)
		if i < 0 {
			return c.Size
		}
		at += i
		if n := recordSize(f.b, at); n > 0 && n <= ChunkSize && at+n > ChunkSize {
			return at
		}
	}
	return c.Size
}

// recordSize is the size of the record that begins there, 0 where none does.
func recordSize(b []byte, at int) int {
	if at < 0 || at+recordMin > len(b) || !bytes.Equal(b[at:at+4], recordMagic) {
		return 0
	}
	le := binary.LittleEndian
	n := int64(le.Uint32(b[at+4:]))
	if n < recordMin || int64(at)+n > int64(len(b)) || int64(le.Uint32(b[at+int(n)-4:])) != n {
		return 0
	}
	return int(n)
}
