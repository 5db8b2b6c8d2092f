package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Reader reads one segment after the other. It keeps its buffers and remembers
// what it decoded last, so it belongs to one goroutine. What it returns is valid
// until the same method is called again with other arguments, or Open is; texts
// of dictionaries stay valid.
type Reader struct {
	meta  *Meta
	parts Parts
	z     *zstd.Decoder
	cache *Cache // may be nil

	room    []byte // of the last unpacked part
	numbers []uint64

	times   timesCache
	places  placesCache
	chunk   chunkCache
	columns []columnCache
	dicts   []dictionary
	names   namesCache
	text    Text // of a block
	piece   Text // of a few rows
	word    wordCache
	lexicon Lexicon
}

// none is a chunk, block or part that is not there.
const none = -1

// NewReader returns a reader without a segment.
func NewReader() *Reader { return &Reader{} }

// NewCachedReader returns a reader that shares what the cache has.
func NewCachedReader(c *Cache) *Reader { return &Reader{cache: c} }

// Open goes to a segment.
func (r *Reader) Open(m *Meta, p Parts) {
	r.meta, r.parts = m, p
	r.times.chunk, r.places.chunk, r.chunk.chunk, r.text.block, r.piece.block, r.word.part = none, none, none, none, none, none
	r.columns = resize(r.columns, m.columns)
	r.dicts = resize(r.dicts, m.columns)
	for i := range r.columns {
		r.columns[i].chunk = none
		r.columns[i].has = r.columns[i].has[:0]
		r.dicts[i].known = false
	}
	r.names.known = false
	r.lexicon.known = false
}

// Meta is the open segment's.
func (r *Reader) Meta() *Meta { return r.meta }

// needed is the content of a part. It has to be there: a part that is missing would
// be taken for one with nothing in it.
func (r *Reader) needed(kind Kind, n int) ([]byte, error) {
	data, err := r.parts.Part(kind, n)
	if err != nil {
		return nil, err
	}
	body := len(data) - sumSize
	if body < 0 || checksum(r.meta.mark, kind, n, data[:body]) != binary.LittleEndian.Uint32(data[body:]) {
		return nil, fmt.Errorf("%w: part %d of kind %d", ErrDamaged, n, kind)
	}
	return data[:body], nil
}

// unpacked is the content of a packed part. It is valid until the next one.
func (r *Reader) unpacked(kind Kind, n int) ([]byte, error) {
	data, err := r.needed(kind, n)
	if err != nil {
		return nil, err
	}
	return r.unpack(data, r.meta.limit(kind))
}

func (r *Reader) unpack(data []byte, limit int) (content []byte, err error) {
	if err := r.prepare(); err != nil {
		return nil, err
	}
	content, r.room, err = unpackInto(r.z, r.room, data, limit)
	return content, err
}

// unpackAppend appends what is in a pack.
func (r *Reader) unpackAppend(dst, data []byte, limit int) ([]byte, error) {
	if err := r.prepare(); err != nil {
		return dst, err
	}
	return unpackAppend(r.z, dst, data, limit)
}

func (r *Reader) prepare() (err error) {
	if r.z == nil {
		if r.z, err = newDecompressor(); err != nil {
			return fmt.Errorf("make decompressor: %w", err)
		}
	}
	return nil
}

func damaged(what string, n int) error { return fmt.Errorf("%w: %s of %d", ErrDamaged, what, n) }

// rowsOf is how many rows a chunk has, and how many of them are dated.
func (r *Reader) rowsOf(chunk int) (rows, dated int, err error) {
	from := chunk * ChunkRows
	if chunk < 0 || from >= r.meta.Rows {
		return 0, 0, fmt.Errorf("read chunk %d of %d rows: there is none", chunk, r.meta.Rows)
	}
	rows = min(ChunkRows, r.meta.Rows-from)
	return rows, min(rows, max(0, r.meta.Rows-r.meta.Undated-from)), nil
}
