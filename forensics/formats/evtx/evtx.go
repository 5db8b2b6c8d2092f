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
	"hash/crc32"
)

// ChunkSize is the size of each chunk.
const ChunkSize = 1 << 16

const (
	headerSize    = 4096 // room of the file header; 128 bytes are used
	chunkHead     = 512  // of its header, with the tables of names and templates
	templateTable = 384  // in the chunk's header: where lists of templates begin
	templateLists = 32
	recordHead    = 24 // magic, size, number, time
	recordMin     = recordHead + 4
	maxRecords    = ChunkSize / recordMin // of a chunk
)

var (
	fileMagic   = []byte("ElfFile\x00")
	chunkMagic  = []byte("ElfChnk\x00")
	recordMagic = []byte{'*', '*', 0, 0}
)

// ErrFormat is what NewReader says of bytes that are no event log.
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

// Counts says whether the header's number of chunks is to be believed.
func (h *Header) Counts() bool { return !h.Missing && !h.Dirty && h.Checksum }

// Chunk is one, or a stretch of the file where one should stand: what its header
// says, and its bytes.
type Chunk struct {
	Offset      int64
	Slot        int    // which of the file's places for chunks that is
	Size        int    // bytes of it that the file has
	Used        bool   // there is something else than zeros
	Valid       bool   // there is a header
	Again       bool   // a chunk with the same header came before
	Beyond      bool   // the file's header does not count it
	First, Last uint64 // numbers of its records, as the header says
	Promised    int64  // how many these are
	HeaderSum   bool   // the header's checksum is right
	DataSum     bool   // that of the records is
	Room        []byte // its bytes, and zeros up to ChunkSize
	free        int    // where the header says that the records end
}

// head reads the chunk's header; all of its bytes are there.
func (c *Chunk) head() {
	b := c.Room[:c.Size]
	c.Used = !zeros(b)
	if len(b) < chunkHead || !bytes.HasPrefix(b, chunkMagic) {
		return
	}
	le := binary.LittleEndian
	c.First, c.Last = le.Uint64(b[24:]), le.Uint64(b[32:])
	free := le.Uint32(b[48:])
	c.HeaderSum = headerSum(b)
	c.Valid = c.HeaderSum || le.Uint32(b[40:]) == 128 && free >= chunkHead && free <= ChunkSize
	if !c.Valid {
		return
	}
	if c.free = int(free); free < chunkHead || free > ChunkSize {
		c.free = chunkHead
	}
	c.DataSum = c.free <= len(b) && crc32.ChecksumIEEE(b[chunkHead:c.free]) == le.Uint32(b[52:])
	if c.Last >= c.First && c.Last-c.First < maxRecords && c.free > chunkHead {
		c.Promised = int64(c.Last-c.First) + 1 //nolint:gosec // it is small
	}
}

// headerSum says whether a chunk's header has the right checksum.
func headerSum(b []byte) bool {
	sum := crc32.Update(crc32.ChecksumIEEE(b[:120]), crc32.IEEETable, b[128:chunkHead])
	return sum == binary.LittleEndian.Uint32(b[124:])
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
