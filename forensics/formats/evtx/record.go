package evtx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Field is one text of an event: the name of its element, or of an attribute.
// The value shares memory with the buffer that Next was given.
type Field struct {
	Name, Value string
}

// Where a record was found, if not where the chunk's header says.
const (
	FoundSlack  = "behind the last record of the chunk"
	FoundLost   = "in a chunk without a header"
	FoundHidden = "hidden inside another record"
	FoundBeyond = "in a chunk beyond those that the file's header counts"
	FoundBehind = "behind damage in the chunk"
	FoundAgain  = "in a copy of a chunk that came before"
	FoundOther  = "with a number that the damaged chunk does not count"
)

// Record is one event. It is of no more use when the next one is read.
type Record struct {
	Offset  int64  // in the file
	ID      uint64 // the number in the record's header
	Written uint64 // FILETIME in the record's header
	Size    int
	Found   string // one of the Found texts, empty for a record where it belongs
	Err     error  // why the content cannot be read; the fields are those before
	Lost    error  // why the fields are bare values, valueDEPTH_NUMBER: the template is gone
	Time    uint64 // FILETIME of System; 0 where there is none, or only a text
	System  System
	Fields  []Field // of EventData, UserData and the rest, in order
	Data    int     // how many Data without names there were
	Cut     bool    // there was more than the limits allow
	Escaped bool    // a text has NULs or halves of characters, as \xNN; its backslashes are doubled
}

// Decoder reads chunks, one after the other. It is used by one goroutine.
type Decoder struct {
	data      []byte // ChunkSize, zeros behind size
	size      int
	chunk     *Chunk
	seen      [maxRecords/64 + 1]uint64 // which of the promised records were found
	odd       bool                      // a number was not promised
	placed    int64                     // records where they belong
	loose     []uint64                  // numbers of those that nothing promises
	slack     []uint64
	at        int // of the next record
	end       int // where records end
	found     string
	hide      int // end of the content of the record before
	until     int // end of the record before
	compiled  compiler
	rec       Record
	out       []byte
	shift     int               // how far records were moved here
	templates map[uint32]int    // what the chunk's header lists
	began     int               // of the record's texts in out
	budget    int               // steps that the record may still take
	limit     int               // bytes of text that it may give
	left      int               // bytes of text that the chunk may still give
	steps     int               // that the chunk may still take
	values    [maxDepth][]value // of the templates at hand, one in another
}

// NewDecoder makes a decoder.
func NewDecoder() *Decoder {
	d := &Decoder{}
	d.compiled.init()
	return d
}

// Load begins a chunk. Its room belongs to the decoder until the next one.
func (d *Decoder) Load(c *Chunk) {
	d.data, d.size, d.chunk = c.Room, c.Size, c
	d.at, d.end, d.found, d.hide, d.until = chunkHead, min(c.free, c.Size), "", 0, 0
	d.left, d.steps = maxChunkText, maxChunkSteps
	clear(d.seen[:])
	d.odd, d.placed, d.loose, d.slack = false, 0, d.loose[:0], d.slack[:0]
	d.compiled.reset()
	d.shift, d.templates = 0, nil
	switch {
	case !c.Valid:
		d.at, d.end, d.found = 0, c.Size, FoundLost
	case c.Again:
		d.found = FoundAgain
	case c.Beyond:
		d.found = FoundBeyond
	}
}

// Next reads the next record: its texts are appended to buf, which comes back
// grown. ok is false at the end of the chunk. Records that the header counts come
// first, then what lies behind them.
func (d *Decoder) Next(buf []byte) (rec *Record, out []byte, ok bool) {
	for {
		if d.hide > 0 { // what lies between a record's content and its end
			if at := d.seek(d.hide, d.until-4); at >= 0 {
				d.hide = at + d.recordSize(at)
				return d.read(buf, at, FoundHidden)
			}
			d.hide = 0
		}
		if d.at >= d.end {
			if d.end >= d.size {
				return nil, buf, false
			}
			d.end = d.size
			d.found = FoundSlack
		}
		at := d.at
		if d.recordSize(at) == 0 {
			if at = d.seek(d.at, d.size); at < 0 || at >= d.end && d.end < d.size {
				d.at = d.end
				continue
			}
			if d.found == "" {
				d.found = FoundBehind
			}
		}
		d.at = at + d.recordSize(at)
		rec, out, ok = d.read(buf, at, d.found)
		return rec, out, ok
	}
}

// recordSize is the size of the record that begins there, 0 where none does.
func (d *Decoder) recordSize(at int) int { return recordSize(d.data[:d.size], at) }

// seek is where the first record between the offsets begins, -1 for none.
func (d *Decoder) seek(from, to int) int {
	to = min(to, d.size)
	for from < to {
		i := bytes.Index(d.data[from:to], recordMagic)
		if i < 0 {
			return -1
		}
		if n := d.recordSize(from + i); n > 0 && from+i+n <= to {
			return from + i
		}
		from += i + 1
	}
	return -1
}

// read decodes the record that begins at an offset of the chunk.
func (d *Decoder) read(buf []byte, at int, found string) (*Record, []byte, bool) {
	le := binary.LittleEndian
	size := d.recordSize(at)
	id := le.Uint64(d.data[at+8:])
	d.rec = Record{
		Offset: d.chunk.Offset + int64(at), Size: size, ID: id, Written: le.Uint64(d.data[at+16:]),
		Found: d.place(id, found), Fields: d.rec.Fields[:0],
	}
	d.out, d.began, d.budget, d.limit = buf, len(buf), min(maxSteps, d.steps), min(maxText, d.left)
	end, err := d.fragment(at+recordHead, at+size-4, place{}, 0)
	d.steps -= min(maxSteps, d.steps) - d.budget
	d.left -= len(d.out) - d.began
	d.rec.Err = err
	if errors.Is(err, errLimit) {
		d.rec.Cut, d.rec.Err = true, nil
	}
	if found != FoundHidden {
		d.hide = 0
		if err != nil { // its size may be a lie that hides others
			end = at + recordHead
		}
		if rest := at + size - 4 - end; rest > recordMin {
			d.hide, d.until = end, at+size
		}
	}
	out := d.out
	d.out = nil
	return &d.rec, out, true
}

// broken is an error of BinXML at an offset of the chunk.
func broken(at int, why string) error { return fmt.Errorf("BinXML at %d of the chunk: %s", at, why) }

// errLimit ends an event that is too much.
var errLimit = errors.New("the event is over the limits")
