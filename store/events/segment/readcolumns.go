package segment

import (
	"encoding/binary"
	"fmt"
)

// chunkCache is the bytes of all columns of a chunk.
type chunkCache struct {
	chunk int
	data  []byte
	ends  []uint32 // of each column; its size stands in front of it
}

type columnCache struct {
	chunk int
	codes []uint16
	has   []bool // a column of attributes: which shapes have it
}

func (r *Reader) readChunk(chunk int) error {
	c := &r.chunk
	if c.chunk == chunk {
		return nil
	}
	c.chunk = none
	data, err := r.needed(KindCodes, chunk)
	if err != nil {
		return err
	}
	c.data, c.ends = append(c.data[:0], data...), c.ends[:0]
	d := decoder{rest: c.data}
	for range r.meta.columns {
		d.bytes(d.count(len(d.rest)))
		c.ends = append(c.ends, uint32(len(c.data)-len(d.rest))) //nolint:gosec // a part is small
	}
	if d.failed {
		return damaged("codes", chunk)
	}
	c.chunk = chunk
	return nil
}

// of is the bytes of a column.
func (c *chunkCache) of(column Column) []byte {
	start := uint32(0)
	if column > 0 {
		start = c.ends[column-1]
	}
	_, n := binary.Uvarint(c.data[start:])
	return c.data[int(start)+n : c.ends[column]]
}

// Codes are the codes of a chunk in a column. A column of attributes has NoValue
// too.
func (r *Reader) Codes(c Column, chunk int) ([]uint16, error) {
	if c < 0 || int(c) >= len(r.columns) {
		return nil, fmt.Errorf("read column %d: there is none", c)
	}
	cache := &r.columns[c]
	if cache.chunk == chunk {
		return cache.codes, nil
	}
	rows, _, err := r.rowsOf(chunk)
	if err != nil {
		return nil, err
	}
	cache.chunk = none
	cache.codes = resize(cache.codes, rows)
	limit, err := r.limit(c)
	if err != nil {
		return nil, err
	}
	if c >= Attributes {
		err = r.attributeCodes(c, chunk, limit)
	} else if err = r.readChunk(chunk); err == nil {
		err = r.codes(cache.codes, r.chunk.of(c), limit)
	}
	if err != nil {
		return nil, fmt.Errorf("column %d of chunk %d: %w", c, chunk, err)
	}
	cache.chunk = chunk
	return cache.codes, nil
}

// Code is the code of one row. Where its chunk is not decoded only what the row
// needs is.
func (r *Reader) Code(c Column, row int) (uint16, error) {
	chunk, at := row/ChunkRows, row%ChunkRows
	if c >= 0 && c < Attributes && r.columns[c].chunk != chunk {
		rows, _, err := r.rowsOf(chunk)
		if err != nil {
			return 0, err
		}
		limit, err := r.limit(c)
		if err != nil {
			return 0, err
		}
		if err := r.readChunk(chunk); err != nil {
			return 0, fmt.Errorf("column %d of chunk %d: %w", c, chunk, err)
		}
		if code, ok := codeAt(r.chunk.of(c), at, rows); ok {
			if code >= uint64(limit) { //nolint:gosec // a count
				return 0, fmt.Errorf("column %d of chunk %d: %w", c, chunk, ErrDamaged)
			}
			return uint16(code), nil //nolint:gosec // below the limit
		}
	}
	codes, err := r.Codes(c, chunk)
	if err != nil {
		return 0, err
	}
	return codes[at], nil
}

// codeAt is one code of a column of so many rows, where it can be read alone.
func codeAt(data []byte, at, rows int) (uint64, bool) {
	if len(data) < 2 {
		return 0, false
	}
	switch data[0] {
	case codesSame:
		v, n := binary.Uvarint(data[1:])
		return v, n > 0
	case codesPacked:
		return unpackOne(data[1:], at, rows)
	}
	return 0, false
}

// Only is the code that all rows of a chunk have, where it is one. Columns of
// attributes are not asked.
func (r *Reader) Only(c Column, chunk int) (code uint16, ok bool, err error) {
	limit, err := r.limit(c)
	if err != nil {
		return 0, false, err
	}
	if err := r.readChunk(chunk); err != nil {
		return 0, false, err
	}
	data := r.chunk.of(c)
	if len(data) < 2 || data[0] != codesSame {
		return 0, false, nil
	}
	v, n := binary.Uvarint(data[1:])
	if n <= 0 || v >= uint64(limit) { //nolint:gosec // a count
		return 0, false, ErrDamaged
	}
	return uint16(v), true, nil //nolint:gosec // below the limit
}

// limit is how many codes a column has.
func (r *Reader) limit(c Column) (int, error) {
	if c == FileOf {
		return len(r.meta.Files), nil
	}
	if c == Shape {
		err := r.readNames()
		return len(r.names.shapes), err
	}
	d, err := r.dictionary(c)
	return len(d.counts), err
}

// attributeCodes fills the column of an attribute, where the rows have it.
func (r *Reader) attributeCodes(c Column, chunk, limit int) error {
	cache := &r.columns[c]
	if err := r.readNames(); err != nil {
		return err
	}
	if len(cache.has) == 0 {
		name, ok := r.names.byColumn[c]
		if !ok {
			return damaged("attribute", int(c))
		}
		for _, s := range r.names.shapes {
			has := false
			for _, which := range s {
				has = has || which == name
			}
			cache.has = append(cache.has, has)
		}
	}
	shapes, err := r.Codes(Shape, chunk)
	if err != nil {
		return err
	}
	n := 0
	for _, s := range shapes {
		if cache.has[s] {
			n++
		}
	}
	if err := r.readChunk(chunk); err != nil {
		return err
	}
	// The codes without gaps fill the front, and are moved from the back.
	if err := r.codes(cache.codes[:n], r.chunk.of(c), limit); err != nil {
		return err
	}
	if n == len(shapes) {
		return nil
	}
	for i := len(shapes) - 1; i >= 0; i-- {
		if cache.has[shapes[i]] {
			n--
			cache.codes[i] = cache.codes[n]
		} else {
			cache.codes[i] = NoValue
		}
	}
	return nil
}

// codes decodes a column. Codes are below limit.
func (r *Reader) codes(codes []uint16, data []byte, limit int) error {
	if len(codes) == 0 {
		return nil
	}
	if len(data) == 0 {
		return ErrDamaged
	}
	switch kind, data := data[0], data[1:]; kind {
	case codesSame:
		v, n := binary.Uvarint(data)
		if n <= 0 || v > NoValue {
			return ErrDamaged
		}
		if int(v) >= limit {
			return ErrDamaged
		}
		for i := range codes {
			codes[i] = uint16(v)
		}
		return nil
	case codesPacked:
		r.numbers = resize(r.numbers, len(codes))
		if _, ok := unpack(r.numbers, data); !ok {
			return ErrDamaged
		}
		for i, v := range r.numbers {
			if v > NoValue {
				return ErrDamaged
			}
			codes[i] = uint16(v)
		}
	case codesBytes, codesWide:
		content, err := r.unpack(data, 2*ChunkRows)
		if err != nil {
			return err
		}
		if size := len(codes) * int(kind-codesBytes+1); len(content) != size {
			return ErrDamaged
		}
		for i := range codes {
			codes[i] = uint16(content[i])
		}
		for i, high := range content[len(codes):] {
			codes[i] |= uint16(high) << 8
		}
	default:
		return ErrDamaged
	}
	for _, c := range codes {
		if int(c) >= limit {
			return ErrDamaged
		}
	}
	return nil
}
