// Package evtx reads the event logs of Windows Vista and later: a file header of
// 4096 bytes, then chunks of 64 KiB. Each chunk stands for itself: it has its
// own names, its own templates, and two checksums.
//
// A record is BinXML: most often a reference to a template, and values. A
// template is compiled once in its chunk into a flat program of fields; records
// run the program over their values. No tree and no XML is made, and nothing is
// allocated for a record.
//
// It promises: no record that a chunk's header counts is passed over in silence;
// what is read from behind the end of a chunk's records, or without a header, is
// marked. Memory and work have limits whatever the bytes are. It does not judge
// what events mean.
//
// References: [MS-EVEN6] 2.2.12 for BinXML; Joachim Metz, "Windows XML Event Log
// (EVTX) format" (libevtx) for the file. Numbers are little endian; times count
// 100 ns since 1601 (FILETIME), UTC.
package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ChunkSize is the size of each chunk.
const ChunkSize = 1 << 16

const (
	headerSize = 4096 // room of the file header; 128 bytes are used
	chunkHead  = 512  // of its header, with the tables of names and templates
	recordHead = 24   // magic, size, number, time
	recordMin  = recordHead + 4
)

var (
	fileMagic   = []byte("ElfFile\x00")
	chunkMagic  = []byte("ElfChnk\x00")
	recordMagic = []byte{'*', '*', 0, 0}
)

// ErrFormat is what Open says of bytes that are no event log.
var ErrFormat = errors.New("no event log")

// Is reports whether the bytes begin as an event log, or as a chunk of one.
func Is(head []byte) bool {
	return bytes.HasPrefix(head, fileMagic) || bytes.HasPrefix(head, chunkMagic)
}

// Header is the file's header.
type Header struct {
	Missing  bool   // the file begins with a chunk
	Chunks   int    // how many it says there are
	Next     uint64 // number of the next record
	Major    uint16
	Minor    uint16
	Dirty    bool // it was not closed: the header is older than the chunks
	Full     bool // the log was full
	Checksum bool // it is right
}

// File is an event log, to be read by offset. Chunks of it may be read by
// several Decoders at once.
type File struct {
	Header
	Slots int // places for chunks in the file, the last one maybe cut
	r     io.ReaderAt
	size  int64
	start int64
}

// Open reads the file header. ErrFormat and errors of the reader come back.
func Open(r io.ReaderAt, size int64) (*File, error) {
	b := make([]byte, 128)
	n, err := r.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read header: %w", err)
	}
	b = b[:n]
	f := &File{r: r, size: size, start: headerSize}
	le := binary.LittleEndian
	switch {
	case bytes.HasPrefix(b, chunkMagic):
		f.Missing, f.start = true, 0
	case !bytes.HasPrefix(b, fileMagic):
		return nil, ErrFormat
	case n < 128:
		f.Missing = true
	default:
		flags := le.Uint32(b[120:])
		f.Header = Header{
			Chunks: int(le.Uint16(b[42:])), Next: le.Uint64(b[24:]), Minor: le.Uint16(b[36:]), Major: le.Uint16(b[38:]),
			Dirty: flags&1 != 0, Full: flags&2 != 0, Checksum: crc32.ChecksumIEEE(b[:120]) == le.Uint32(b[124:]),
		}
		if room := int64(le.Uint16(b[40:])); room >= 128 && room != headerSize && f.chunkAt(room) && !f.chunkAt(headerSize) {
			f.start = room
		}
	}
	if size > f.start {
		f.Slots = int((size - f.start + ChunkSize - 1) / ChunkSize)
	}
	return f, nil
}

// chunkAt says whether a chunk begins there.
func (f *File) chunkAt(at int64) bool {
	b := make([]byte, len(chunkMagic))
	_, err := f.r.ReadAt(b, at)
	return err == nil && bytes.Equal(b, chunkMagic)
}

// Offset is where the slot's chunk begins.
func (f *File) Offset(slot int) int64 { return f.start + int64(slot)*ChunkSize }

// Chunk is what the header of one chunk says, and what was found of it.
type Chunk struct {
	Offset      int64
	Size        int    // bytes of it that the file has
	Used        bool   // there is something else than zeros
	Valid       bool   // there is a header
	First, Last uint64 // numbers of its records, as the header says
	Promised    int64  // how many these are
	HeaderSum   bool   // the header's checksum is right
	DataSum     bool   // that of the records is
	free        int    // where the header says that the records end
	lastRecord  int    // where it says that the last record begins
}

// Load reads the chunk in a slot. Errors are the reader's.
func (d *Decoder) Load(f *File, slot int) (Chunk, error) {
	c := Chunk{Offset: f.Offset(slot)}
	want := int(min(ChunkSize, f.size-c.Offset))
	n, err := f.r.ReadAt(d.data[:want], c.Offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("read chunk at %d: %w", c.Offset, err)
	}
	d.load(&c, n)
	return c, nil
}

// load takes the first n bytes of the buffer for a chunk.
func (d *Decoder) load(c *Chunk, n int) {
	clear(d.data[n:])
	d.reset(n)
	c.Size = n
	b := d.data[:n]
	c.Used = !zeros(b)
	if n < chunkHead || !bytes.HasPrefix(b, chunkMagic) {
		d.chunk = *c
		return
	}
	le := binary.LittleEndian
	c.First, c.Last = le.Uint64(b[24:]), le.Uint64(b[32:])
	c.lastRecord, c.free = int(le.Uint32(b[44:])), int(le.Uint32(b[48:]))
	sum := crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:chunkHead])
	c.HeaderSum = sum == le.Uint32(b[124:])
	c.Valid = c.HeaderSum || le.Uint32(b[40:]) == 128 && c.free >= chunkHead && c.free <= ChunkSize
	if !c.Valid {
		d.chunk = *c
		return
	}
	if c.free < chunkHead || c.free > ChunkSize {
		c.free = chunkHead
	}
	c.DataSum = c.free <= n && crc32.ChecksumIEEE(b[chunkHead:c.free]) == le.Uint32(b[52:])
	if c.Last >= c.First && c.Last-c.First < ChunkSize/recordMin && c.free > chunkHead {
		c.Promised = int64(c.Last-c.First) + 1 //nolint:gosec // it is small
	}
	d.chunk = *c
}

func zeros(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
