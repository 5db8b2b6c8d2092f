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
	for i, step := range r.numbers {
		last += step * unit
		stamps[i] = int64(last) //nolint:gosec // the bits as they are
	}
	if !isFar(stamps[0]) && !isFar(stamps[len(stamps)-1]) { // they are in order
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
func (c *timesCache) farOf(row int) (farTime, error) {
	n := 0
	for _, s := range c.stamps[:row] {
		if isFar(s) {
			n++
		}
	}
	if n >= len(c.far) {
		return farTime{}, fmt.Errorf("%w: times out of range", ErrDamaged)
	}
	return c.far[n], nil
}

type placesCache struct {
	chunk   int
	places  []uint64
	offsets []int64
	last    []uint64
	seen    []bool
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
	if files == nil {
		if !c.ofOne(r.numbers, firsts, shift) {
			return bad
		}
		return r.offsets(c, chunk, flags, rest)
	}
	c.last, c.seen = resize(c.last, len(r.meta.Files)), resize(c.seen, len(r.meta.Files))
	clear(c.seen)
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
	return r.offsets(c, chunk, flags, rest)
}

// ofOne fills the places where all rows are of one file.
func (c *placesCache) ofOne(steps []uint64, first decoder, shift byte) bool {
	place, all := first.number(), uint64(0)
	for i, step := range steps {
		if i > 0 {
			place += uint64(unzigzag(step)) //nolint:gosec // wraps as it did when it was written
		}
		all |= place
		c.places[i], c.offsets[i] = place<<shift, int64(place<<shift>>8)
	}
	return !first.failed && all<<shift>>shift == all && all<<shift < 1<<48
}

// offsets adds what does not follow from the places, and ends the reading of a chunk.
func (r *Reader) offsets(c *placesCache, chunk int, flags byte, rest []byte) error {
	if flags&offsetFlag != 0 {
		if _, ok := unpack(r.numbers, rest); !ok {
			return damaged("places", chunk)
		}
		for i, v := range r.numbers {
			c.offsets[i] += unzigzag(v)
		}
	}
	c.chunk = chunk
	return nil
}
