package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"firebreak/internal/squash"
)

// Encoder holds what encoding needs besides the events: compressor, table of
// words, buffers. It belongs to one goroutine and can be used for any builder.
type Encoder struct {
	z     *squash.Compressor
	table *table
	meta  Meta

	spared chan *Image // the memory of one that was written
	single bool        // one image at a time
	lent   bool        // it is on its way
	out    []byte      // the image
	start  int         // of the part that is being written
	parts  []partAt

	order, spare []uint32 // rows by time
	stamped      []stamped
	moved        []stamped
	sizes        []uint32 // of the rows' texts
	head, raw    []byte
	numbers      []uint64
	masks        []uint64
	codes        [][]uint16 // of a chunk, by column
	attributes   [][]uint16 // of all rows in order, by column of attributes
	starts       []int      // of each chunk in those
	warmed       uint64
	valueBlocks  [][]uint64 // by column of attributes and code
	counts       []uint32
	last         []uint64 // place of each file
	seen         []bool
}

type partAt struct {
	kind       Kind
	n          int
	start, end int
}

// NewEncoder returns one.
func NewEncoder() (*Encoder, error) {
	z, err := squash.New()
	if err != nil {
		return nil, fmt.Errorf("make compressor: %w", err)
	}
	return &Encoder{z: z, table: newTable(tableSize), spared: make(chan *Image, 1)}, nil
}

// Single makes it wait, before it begins a segment, until the image before is
// released. All of its images have to be.
func (e *Encoder) Single() { e.single = true }

// Release gives the image's memory back to the encoder that made it. The image must
// not be used any more.
func (i *Image) Release() {
	if i == nil {
		return
	}
	if cap(i.memory) > 2*maxText {
		i.memory = nil
	}
	select {
	case i.home <- i:
	default:
	}
}

// image is room for one. What a pool keeps the next collection takes: while evidence
// is read there is one for each few segments.
func (e *Encoder) image() *Image {
	if e.single && e.lent {
		return <-e.spared
	}
	e.lent = true
	select {
	case i := <-e.spared:
		return i
	default:
		return &Image{home: e.spared}
	}
}

// Encode makes a segment of the events. Of events with the same id the one that
// came first stays.
func (b *Builder) Encode(e *Encoder) (*Image, error) {
	if b.Len() == 0 {
		return nil, fmt.Errorf("encode segment: %w", errEmpty)
	}
	e.sort(b)
	if drop := b.repeated(e.order); drop != nil {
		other := NewBuilder()
		for row := range b.stamps {
			if !drop[row] {
				event := b.event(row)
				other.Add(&event)
			}
		}
		return other.Encode(e)
	}
	image := e.image()
	e.out, e.parts = image.memory[:0], e.parts[:0]
	if size := b.size / 16 * 6; cap(e.out) < size { // logs are about a third
		e.out = make([]byte, 0, size)
	}
	e.table.reset()
	e.meta = Meta{Rows: b.Len(), Text: b.size}
	first := b.id(int(e.order[0]))
	e.meta.mark = crc32.Checksum(binary.LittleEndian.AppendUint32(first[:], uint32(b.Len())), castagnoli) //nolint:gosec // rows are few
	e.columns(b)
	e.texts(b)
	e.chunks(b)
	e.dictionaries(b)
	e.words()
	e.files(b)
	image.memory = e.out
	image.Parts = image.Parts[:0]
	for _, p := range e.parts {
		image.Parts = append(image.Parts, Part{Kind: p.kind, N: p.n, Data: e.out[p.start:p.end:p.end]})
	}
	image.Meta = e.meta.Append(image.Meta[:0])
	e.out = nil
	return image, nil
}

var errEmpty = fmt.Errorf("there are no events")

func (e *Encoder) begin() { e.start = len(e.out) }

// finish ends a part with its checksum.
func (e *Encoder) finish(kind Kind, n int) {
	e.out = binary.LittleEndian.AppendUint32(e.out, checksum(e.meta.mark, kind, n, e.out[e.start:]))
	e.parts = append(e.parts, partAt{kind, n, e.start, len(e.out)})
}
