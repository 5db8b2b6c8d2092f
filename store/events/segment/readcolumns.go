package segment

import (
	"encoding/binary"
	"fmt"
)

type timesCache struct {
	chunk  int
	stamps []int64
	far    []farTime // of the stamps that are out of range
}

// Times are the stamps of a chunk: nanoseconds since 1970. A time out of range is
// as far out as can be; see Stamp.
func (r *Reader) Times(chunk int) ([]int64, error) {
	c := &r.times
	if c.chunk == chunk {
		return c.stamps, nil
	}
	rows, dated, err := r.rowsOf(chunk)
	if err != nil {
		return nil, err
	}
	c.chunk = none
	data, err := r.needed(KindTimes, chunk)
	if err != nil {
		return nil, err
	}
	c.stamps, c.far = resize(c.stamps, rows), c.far[:0]
	for i := dated; i < rows; i++ {
		c.stamps[i] = Undated
	}
	if dated > 0 {
		if err := r.dated(c, data, c.stamps[:dated]); err != nil {
			return nil, fmt.Errorf("chunk %d: %w", chunk, err)
		}
	}
	c.chunk = chunk
	return c.stamps, nil
}

func (r *Reader) dated(c *timesCache, data []byte, stamps []int64) error {
	if len(data) < 9 || int(data[0]) >= len(units) {
		return fmt.Errorf("%w: times", ErrDamaged)
	}
	unit := uint64(units[data[0]])               //nolint:gosec // positive
	last := binary.LittleEndian.Uint64(data[1:]) // stamps wrap as they did when they were written
	r.numbers = resize(r.numbers, len(stamps))   //
	rest, ok := unpack(r.numbers, data[9:])
	if !ok {
		return fmt.Errorf("%w: times", ErrDamaged)
	}
	anyFar := false
	for i, step := range r.numbers {
		last += step * unit
		stamps[i] = int64(last) //nolint:gosec // the bits as they are
		anyFar = anyFar || isFar(stamps[i])
	}
	if !anyFar {
		return nil
	}
	d := decoder{rest: rest}
	for _, s := range stamps {
		if isFar(s) {
			c.far = append(c.far, farTime{d.signed(), int64(d.count(1e9 - 1))})
		}
	}
	if d.failed {
		return fmt.Errorf("%w: times out of range", ErrDamaged)
	}
	return nil
}

// farOf is the exact time of a row of the chunk whose stamp is out of range.
func (c *timesCache) farOf(row int) farTime {
	n := 0
	for _, s := range c.stamps[:row] {
		if isFar(s) {
			n++
		}
	}
	return c.far[n]
}

type placesCache struct {
	chunk   int
	places  []uint64
	offsets []int64
	last    []uint64
	seen    []bool
	oneFile []uint16
}

// Places are the places of a chunk's rows in their files: with Codes(FileOf) and
// Meta.Files the ids.
func (r *Reader) Places(chunk int) ([]uint64, error) {
	err := r.readPlaces(chunk)
	return r.places.places, err
}

// Offsets are the offsets of a chunk's rows.
func (r *Reader) Offsets(chunk int) ([]int64, error) {
	err := r.readPlaces(chunk)
	return r.places.offsets, err
}

func (r *Reader) readPlaces(chunk int) error {
	c := &r.places
	if c.chunk == chunk {
		return nil
	}
	rows, _, err := r.rowsOf(chunk)
	if err != nil {
		return err
	}
	var files []uint16
	if len(r.meta.Files) > 1 { // else all rows are of the same
		if files, err = r.Codes(FileOf, chunk); err != nil {
			return err
		}
	}
	c.chunk = none
	data, err := r.needed(KindPlaces, chunk)
	if err != nil {
		return err
	}
	bad := damaged("places", chunk)
	if len(data) == 0 {
		return bad
	}
	flags := data[0]
	shift := flags &^ offsetFlag
	d := decoder{rest: data[1:]}
	firsts := decoder{rest: d.bytes(d.count(len(d.rest)))}
	r.numbers = resize(r.numbers, rows)
	rest, ok := unpack(r.numbers, d.rest)
	if !ok || d.failed || shift > 8 {
		return bad
	}
	c.places, c.offsets = resize(c.places, rows), resize(c.offsets, rows)
	c.last, c.seen = resize(c.last, len(r.meta.Files)), resize(c.seen, len(r.meta.Files))
	clear(c.seen)
	if files == nil {
		files = resize(c.oneFile, rows) // zeros
		c.oneFile = files
	}
	for i, f := range files {
		place := c.last[f] + uint64(unzigzag(r.numbers[i])) //nolint:gosec // wraps as it did when it was written
		if !c.seen[f] {
			c.seen[f] = true
			place = firsts.number()
		}
		c.last[f] = place
		if place <<= shift; place >= 1<<48 {
			return bad
		}
		c.places[i], c.offsets[i] = place, int64(place>>8)
	}
	if firsts.failed {
		return bad
	}
	if flags&offsetFlag != 0 {
		if _, ok := unpack(r.numbers, rest); !ok {
			return bad
		}
		for i, v := range r.numbers {
			c.offsets[i] += unzigzag(v)
		}
	}
	c.chunk = chunk
	return nil
}

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
		content, err := r.unpack(data)
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
